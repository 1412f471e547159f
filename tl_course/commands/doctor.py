"""Check that this machine is ready for the course, and say what to do where it is not."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from tl_course import records
from tl_course.engine import computer
from tl_course.engine.computer import INSTALL, judged

DISK_NEEDED = 0.5e9  # bytes: photographs and executed notebooks
PATIENCE = 20  # seconds for the driver to answer
TABLES = [*records.DATASETS, "imagenet_classes", "mistakes"]


def graphics_cards():
    """Return the names of the NVIDIA GPUs, as their driver's own tool lists them."""
    if not shutil.which("nvidia-smi"):
        return []
    call = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
    try:
        listed = subprocess.run(call, capture_output=True, text=True, timeout=PATIENCE)
    except (OSError, subprocess.TimeoutExpired):  # a driver that hangs is as good as none
        return []
    return listed.stdout.strip().splitlines() if listed.returncode == 0 else []


def check_devices():
    """What will do the work? A GPU needs TensorFlow's GPU build; without one the CPU is enough."""
    cards = ", ".join(graphics_cards())
    found = f"{computer.usable_cores()} CPU cores, {cards or 'no GPU (none is needed)'}"
    if cards and computer.installed("tensorflow-cpu"):
        step = "to use it, uninstall tensorflow-cpu, then `pip install -e '.[gpu]'` (README)"
        return "hint", f"{found}, which TensorFlow's CPU build leaves alone", step
    return judged(True, found, "")


def check_disk():
    """Is there room for photographs and executed notebooks?"""
    free = shutil.disk_usage(Path.cwd()).free
    step = f"free disk: the course needs {DISK_NEEDED / 1e9:.1f} GB"
    return judged(free >= DISK_NEEDED, f"disk free: {free / 1e9:.1f} GB", step)


def check_writing():
    """May we write where we work?"""
    try:
        with tempfile.TemporaryFile(dir=Path.cwd()):
            return judged(True, "this folder can be written", "")
    except OSError as error:
        step = "work in a folder of your own"
        return judged(False, f"cannot write in this folder: {error.strerror}", step)


def check_tables():
    """Are the tables here that come with the course: manifests of photographs, class names?"""
    lost = [name for name in TABLES if not (records.data_folder() / f"{name}.csv").is_file()]
    found = f"tables missing: {', '.join(lost)}" if lost else f"tables: all {len(TABLES)} here"
    return judged(not lost, found, f"get the course again, then {INSTALL}")


def check_photographs():
    """Which photographs are here? None is needed: the lessons then use drawings and say so."""
    mirror = os.environ.get("TL_COURSE_MIRROR")
    if mirror and not Path(mirror).is_dir():
        step = "unset it or name a folder"
        return judged(False, f"TL_COURSE_MIRROR is {mirror!r}, no folder", step)
    folders = [computer.cache_folder(), Path(mirror)] if mirror else [computer.cache_folder()]
    here = [n for n in records.DATASETS if any((folder / n).is_dir() for folder in folders)]
    return judged(True, f"photographs here: {', '.join(here) or 'none yet, drawings stand in'}", "")


CHECKS = (
    *computer.CHECKS, check_devices, check_disk, check_writing, check_tables, check_photographs,
)  # fmt: skip


def main(options):
    """Print one line for each check; return 1 if one FAILED, else 0."""
    kinds = []
    for check in CHECKS:
        kind, found, next_step = computer.tried(check)
        print(f"{kind:6}  {found}" + (f"; {next_step}." if kind != "ok" else ""))
        kinds.append(kind)
    return int("FAILED" in kinds)
