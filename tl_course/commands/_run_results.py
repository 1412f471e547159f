"""What a run leaves in its folder: notebooks, pages and results that belong together."""

import contextlib
import json
import os
import shutil

import psutil

from tl_course.commands import _run_checks

UNFINISHED = ".unfinished-"  # and the number of the process: the folder of what is not whole yet


@contextlib.contextmanager
def room(output):
    """Give a folder inside `output`, of this process alone, for what is not whole yet.

    ValueError where nothing can be written, or another process writes there now.
    """
    folder = output / f"{UNFINISHED}{os.getpid()}"
    try:
        output.mkdir(parents=True, exist_ok=True)
        for left in output.glob(f"{UNFINISHED}*"):
            process = int(left.name.removeprefix(UNFINISHED))
            if process != os.getpid() and psutil.pid_exists(process):
                raise ValueError(f"Another run, process {process}, writes to {str(output)!r} now: "
                                 "wait, or name another --output.")  # fmt: skip
            shutil.rmtree(left)  # its process was killed
        folder.mkdir()
    except OSError as error:
        reason = error.strerror
        raise ValueError(f"--output {str(output)!r} cannot be written to: {reason}.") from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def deliver(name, *, folder, output, rows, row, about):
    """Move a notebook and its page from the room to `output`, then its row into the results.

    Whenever a run is stopped, no row tells of another run's notebook. All is written before
    anything is moved, so that a full disk changes nothing. about: what the results begin with.
    """
    without, complete = folder / "without.json", folder / "complete.json"
    _write(without, about | {"finished": False, "notebooks": rows})
    _write(complete, about | {"notebooks": [*rows, row]})
    os.replace(without, output / _run_checks.RESULTS)
    for kind in (".ipynb", ".html"):
        os.replace(folder / f"{name}{kind}", output / f"{name}{kind}")
    os.replace(complete, output / _run_checks.RESULTS)


def _write(path, values):
    path.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")
