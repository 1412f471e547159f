"""The addresses under which the course can be opened, all made from one line of pyproject.toml.

[tool] tl_course = { repository = "OWNER/NAME" on GitHub, tag = "a tag of it" }. `make links`
writes them into README.md, docs/instructors.md and the notebooks. This file alone, as `python -m
tools.links`, takes the set-up cells of the solutions over into tests/golden, without a new run.
"""

import re
import sys
import tomllib
from pathlib import Path
from urllib.parse import urlencode

from tools import golden_cells

ROOT = Path(__file__).resolve().parent.parent
KEYS = {"repository": r"[\w.-]+/[\w.-]+", "tag": r"[\w.+-]+"}  # a slash in a tag would split a path
FOLDER = "lab/tree/{}notebooks"  # JupyterLab's address of a folder


def home(root):
    """Return (repository, tag) as the pyproject.toml under `root` names them."""
    text = (root / "pyproject.toml").read_text(encoding="utf-8")
    setting = tomllib.loads(text).get("tool", {}).get("tl_course", {})
    for key, form in KEYS.items():
        if not re.fullmatch(form, str(setting.get(key, ""))):
            raise ValueError(
                f"tl_course in pyproject.toml has {key} = {setting.get(key)!r}: it should look "
                'like { repository = "owner/name", tag = "v1.0.0" }.'
            )
    return setting["repository"], setting["tag"]


def archive(repository, tag):
    """Return the address of the source at the tag, as a zip that pip can install."""
    return f"https://github.com/{repository}/archive/refs/tags/{tag}.zip"


def colab(repository, tag, notebook):
    """Return the address that opens one notebook in Colab."""
    return f"https://colab.research.google.com/github/{repository}/blob/{tag}/notebooks/{notebook}"


def binder(repository, tag):
    """Return the address that opens JupyterLab on Binder, with the start page."""
    query = urlencode({"urlpath": FOLDER.format("") + "/start.md"})
    return f"https://mybinder.org/v2/gh/{repository}/{tag}?{query}"


def site(repository):
    """Return the address of the course's site, which GitHub publishes beside the repository."""
    owner, name = repository.split("/")
    return f"https://{owner}.github.io/{name}/"


def nbgitpuller(repository, hub="https://hub.example.org"):
    """Return the address that copies the course into a home directory of a JupyterHub.

    It names no branch, so it follows the default one: a tag never moves, and nbgitpuller fails on
    the second click when it is given one.
    """
    folder = FOLDER.format(repository.split("/")[1] + "/")
    query = urlencode({"repo": f"https://github.com/{repository}", "urlpath": folder})
    return f"{hub}/hub/user-redirect/git-pull?{query}"


def hub(repository):
    """Return the address for a JupyterHub of one's own, as a block of markdown to copy from."""
    return f"```\n{nbgitpuller(repository)}\n```"


def main(root=ROOT):
    """Give each golden notebook its solution's set-up cell, which prints the same; return 0."""
    for path in sorted((root / "tests" / "golden").glob("*.ipynb")):
        solution = golden_cells.solved(root)[path.stem]
        golden_cells.bring_cells(path, solution, tag="setup")
    return 0


if __name__ == "__main__":
    sys.exit(main())
