"""How much memory a class takes: each student's processes, and the machine."""

import contextlib
import threading
from pathlib import Path

import psutil

from tl_course.commands import _notebooks


def memory_of(name):
    """Return the most memory, in GB, that a student's kernel and server have held so far."""
    peaks = {"kernel_gb": 0.0, "server_gb": 0.0}
    for process in psutil.process_iter(["username", "cmdline"]):
        if process.info["username"] == name:
            command = process.info["cmdline"] or []  # None: it has just ended
            part = "kernel_gb" if "ipykernel_launcher" in command else "server_gb"
            peaks[part] = max(peaks[part], round(_notebooks.peak_memory(process) / 1e9, 2))
    return peaks


def disk_of(name):
    """Return how much disk, in MB, a student's home takes."""
    files = [path for path in Path("/home", name).rglob("*") if path.is_file()]
    return {"home_mb": round(sum(path.stat().st_size for path in files) / 1e6, 1)}


@contextlib.contextmanager
def watched():
    """Give a dict that holds, after the block, the most memory in use on the machine, in GB."""
    held, stop = psutil.virtual_memory(), threading.Event()
    used = [held.used / 1e9]

    def watch():
        while not stop.wait(0.5):
            used.append(psutil.virtual_memory().used / 1e9)

    watcher = threading.Thread(target=watch)
    watcher.start()
    measured = {"cores": psutil.cpu_count(), "memory_gb": round(held.total / 1e9, 1),
                "before_gb": round(used[0], 2)}  # fmt: skip
    try:
        yield measured
    finally:
        stop.set()
        watcher.join()
        measured["peak_gb"] = round(max(used), 2)
