"""How commands execute a notebook and measure it (papermill belongs to the extra `course`)."""

import contextlib
import os
import re
import threading
import time
from pathlib import Path

import psutil

from tl_course import records

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = {
    "KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # or each kernel prints a warning for debuggers
}  # fmt: skip


def prepare_environment(kernel_folder):
    """Make the kernel "python3" mean this very Python, and this course the one it imports."""
    from ipykernel.kernelspec import write_kernel_spec

    quiet = ["--IPKernelApp.log_level=50"]  # a cell's error is reported below, in one line
    write_kernel_spec(str(Path(kernel_folder) / "kernels" / "python3"), extra_arguments=quiet)
    for name, first in {"JUPYTER_PATH": str(kernel_folder), "PYTHONPATH": str(ROOT)}.items():
        os.environ[name] = os.pathsep.join(filter(None, (first, os.environ.get(name))))
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)


def peak_memory(process):
    """Return the most memory, in bytes, that a process held so far (or holds now, on macOS)."""
    try:
        status = Path(f"/proc/{process.pid}/status")
        recorded = re.search(r"VmHWM:\s+(\d+)", status.read_text()) if status.exists() else None
        memory = process.memory_info()
    except (psutil.Error, OSError):  # the process has just ended
        return 0
    return int(recorded[1]) * 1024 if recorded else getattr(memory, "peak_wset", memory.rss)


def children_seconds():
    """Return the processor time, in seconds, of the child processes that have ended."""
    times = os.times()
    return times.children_user + times.children_system


@contextlib.contextmanager
def measured():
    """Give a dict that holds, after the block, its minutes and its child processes' peak_gb.

    computing_minutes: the time that processors spent on children that ended within the block.
    """
    stop, peaks, begin = threading.Event(), [0], time.perf_counter()
    computed = children_seconds()

    def watch():
        while not stop.wait(0.05):  # a short notebook is over soon
            peaks.extend(map(peak_memory, psutil.Process().children(recursive=True)))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    measures = {}
    try:
        yield measures
    finally:
        stop.set()
        watcher.join()
        measures["minutes"] = round((time.perf_counter() - begin) / 60, 2)
        measures["computing_minutes"] = round((children_seconds() - computed) / 60, 2)
        measures["peak_gb"] = round(max(peaks) / 1e9, 2)


def describe_failure(notebook, error):
    """Return one line: the cell that ran last, by its number in the executed notebook, and why."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    started = [cell for cell in code if cell.metadata.get("papermill", {}).get("start_time")]
    why = f"{getattr(error, 'ename', type(error).__name__)}: {getattr(error, 'evalue', error)}"
    first_line = started[-1].source.strip().partition("\n")[0] if started else ""
    cell = f"cell In [{len(started)}] ({first_line[:60]}): " if started else ""
    return cell + why.strip()[:500]


def headline_in_words(headline):
    """Return the line that `records.headline` showed, made again from the values that it kept."""
    from tl_course import evaluation

    kept = headline["values"]
    values = {name: evaluation.from_record(kept[name]) for name in headline["names"]}
    return records.line(headline["about"], values)


def data_in_words(used):
    """Return sources and numbers: "groceries (336 to train, 287 to test); drawings (9 to test)"."""
    order = ("train", "test")
    numbers = [", ".join(f"{row[part]} to {part}" for part in order if part in row) for row in used]
    return "; ".join(f"{row['source']} ({n})" for row, n in zip(used, numbers, strict=True))


def execute(path, *, profile, folder):
    """Execute one notebook in a kernel of its own, write it to a folder, return what it found.

    OSError where it cannot be written, such as on a full disk.
    """
    import nbformat
    import papermill

    executed, failure = folder / path.name, None
    nbformat.write(nbformat.v4.new_notebook(metadata={"papermill": {}}), executed)
    arguments = {"kernel_name": "python3", "progress_bar": False, "cwd": path.parent}
    with measured() as measures:
        try:
            papermill.execute_notebook(path, executed, {"PROFILE": profile}, **arguments)
        except Exception as error:  # whatever went wrong, the other notebooks still run
            if getattr(error, "errno", None):
                raise
            failure = error
    notebook = nbformat.read(executed, as_version=4)
    headline = records.recorded(notebook).get("headline")
    error = failure and describe_failure(notebook, failure)
    return {"notebook": path.stem, **measures, "headline": headline, "error": error}
