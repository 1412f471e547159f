"""How JupyterLab serves the course: a notebook that was only opened is not marked unsaved.

JupyterLab calls a notebook changed when it names another Python than the kernel, to the last digit.
Ours name one version; each computer has its own. So each is handed out with this computer's.
"""

import platform

from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager


class WithThisPython(AsyncLargeFileManager):
    """Files as ever, but a notebook names the Python that runs here."""

    async def get(self, *arguments, **keywords):
        """Return the model of a file or folder."""
        model = await super().get(*arguments, **keywords)
        if model["type"] == "notebook" and model["content"]:
            language = model["content"]["metadata"].setdefault("language_info", {})
            if language.get("version"):
                language["version"] = platform.python_version()
        return model


c = get_config()  # noqa: F821, Jupyter puts it here
c.ServerApp.contents_manager_class = WithThisPython
