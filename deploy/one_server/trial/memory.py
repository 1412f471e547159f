"""How much memory a class takes: each student's processes, and the machine."""

import contextlib
import re
import threading
from pathlib import Path

import psutil


def memory_of(name):
    """Return the most memory, in GB, that a student's kernel and server have held so far."""
    peaks = {"kernel_gb": 0.0, "server_gb": 0.0}
    for process in psutil.process_iter(["username", "cmdline"]):
        if process.info["username"] == name:
            part = "kernel_gb" if "ipykernel_launcher" in process.info["cmdline"] else "server_gb"
            status = Path(f"/proc/{process.pid}/status").read_text()
            held = int(re.search(r"VmHWM:\s+(\d+)", status)[1]) * 1024 / 1e9
            peaks[part] = max(peaks[part], round(held, 2))
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
