"""A real JupyterLab, or Notebook 7, and what a student does there: open, run, type, press keys."""

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.request

from tests.lessons import ROOT

TOKEN = "local"
MINUTES = 6  # a notebook in the smoke profile takes a third of one on a quiet machine
FRONT_ENDS = {"lab": "lab/tree", "one document": "doc/tree", "notebook 7": "notebooks"}
NOTEBOOK = "jupyterapp.shell.currentWidget"
IDLE = f"window.jupyterapp && {NOTEBOOK}?.sessionContext?.session?.kernel?.status === 'idle'"
# Run All calls itself done as soon as one cell fails, while the kernel goes on with the others.
QUIET = f"(window.quietSince = {IDLE} ? window.quietSince ?? Date.now() : null, "
QUIET += "window.quietSince && Date.now() - window.quietSince > 1500)"


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def environment(folder):
    """Settings as in `make lab`; everything that Jupyter writes goes into the folder."""
    guard = ROOT / "tests" / "guard"  # no kernel reaches another machine
    own = {
        name: str(folder / name)
        for name in ("JUPYTER_DATA_DIR", "JUPYTER_CONFIG_DIR", "IPYTHONDIR")
    }
    return os.environ | own | {
        "JUPYTER_CONFIG_PATH": str(ROOT / "deploy" / "lab"),
        "PYTHONPATH": os.pathsep.join([str(guard), str(ROOT)]),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        "TL_COURSE_OFFLINE": "1",
    }  # fmt: skip


@contextlib.contextmanager
def served(course, log):
    """The address of a JupyterLab that serves this folder until the block ends."""
    port = free_port()
    options = [
        "--no-browser", "--allow-root", f"--ServerApp.root_dir={course}",
        "--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}", f"--IdentityProvider.token={TOKEN}",
        "--LabApp.expose_app_in_browser=True", "--JupyterNotebookApp.expose_app_in_browser=True",
    ]  # fmt: skip
    command = [sys.executable, "-m", "jupyterlab", *options]
    address = f"http://127.0.0.1:{port}"
    with open(log, "w") as file:
        server = subprocess.Popen(
            command, cwd=course, env=environment(log.parent), stdout=file, stderr=file
        )
    try:
        wait_for(f"{address}/api/status?token={TOKEN}", server)
        yield address
    finally:
        server.terminate()  # it ends its kernels
        server.wait(timeout=60)


def wait_for(address, server, *, seconds=300):
    end = time.monotonic() + seconds
    while time.monotonic() < end and server.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(address, timeout=5):
            return
        time.sleep(0.5)
    raise RuntimeError(f"JupyterLab did not answer within {seconds} seconds.")


class Lesson:
    """A notebook that is open in a page of one of the front ends."""

    def __init__(self, page, address, name, *, front_end="lab"):
        self.page, self.name = page, name
        path = f"{FRONT_ENDS[front_end]}/notebooks/{name}.ipynb"
        page.goto(f"{address}/{path}?token={TOKEN}&reset")
        page.wait_for_function(IDLE, timeout=180_000)

    def asked(self, expression):
        """What JavaScript says about the notebook, called `it`."""
        return self.page.evaluate(f"(() => {{ const it = {NOTEBOOK}; return {expression}; }})()")

    @property
    def unsaved(self):
        return self.asked("it.context.model.dirty")

    def run(self, command="run-all-cells"):
        """Run All, or another command of the notebook, and wait until it has finished."""
        self.page.set_default_timeout(MINUTES * 60_000)
        self.page.evaluate(f"jupyterapp.commands.execute('notebook:{command}').then(() => true)")
        self.page.evaluate("window.quietSince = null")
        self.page.wait_for_function(QUIET)
        self.page.set_default_timeout(120_000)

    def cells(self):
        """The cells as they are saved, with their outputs."""
        return self.asked("it.context.model.toJSON().cells")

    def tagged(self, tag):
        """The numbers of the cells with a tag."""
        cells = enumerate(self.cells())
        return [k for k, cell in cells if tag in cell["metadata"].get("tags", [])]

    def select(self, number):
        self.asked(f"(it.content.activeCellIndex = {number}, it.content.mode = 'command', 0)")

    def type_into(self, number, text):
        """Replace a cell's text by typing, and run the cell with Shift+Enter."""
        self.select(number)
        self.page.locator(".jp-Notebook .jp-Cell.jp-mod-active .cm-content").click()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(text)
        assert self.cells()[number]["source"] == text
        self.run("run-cell")

    def said(self, number):
        """The text of a cell's outputs."""
        outputs = self.cells()[number]["outputs"]
        return "".join("".join(o.get("text", o.get("evalue", ""))) for o in outputs)

    def faults(self, kinds=("stderr", "error")):
        """(number of the cell, its text) of outputs to stderr and of errors."""
        return [
            (number, output.get("text") or output.get("evalue"))
            for number, cell in enumerate(self.cells())
            for output in cell.get("outputs", [])
            if {output["output_type"], output.get("name")} & set(kinds)
        ]
