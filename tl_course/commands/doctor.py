"""Check that this machine is ready for the course, and say what to do where it is not."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from tl_course import records
from tl_course.engine import archives, computer
from tl_course.engine.computer import INSTALL, judged

DISK_NEEDED = 0.5e9  # bytes: photographs and executed notebooks
PATIENCE = 20  # seconds for the driver to answer
ELSEWHERE = "name another folder in TL_COURSE_CACHE"
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


def cache_is_going_to_be_in():
    """The cache, or the folder in which it is going to be made."""
    cache = computer.cache_folder()
    return next(folder for folder in (cache, *cache.parents) if os.path.isdir(folder))


def check_disk():
    """Is there room for executed notebooks, and for photographs where the cache is?"""
    free = shutil.disk_usage(Path.cwd()).free
    step = f"free disk: the course needs {DISK_NEEDED / 1e9:.1f} GB"
    if free < DISK_NEEDED:
        return judged(False, f"disk free: {free / 1e9:.1f} GB", step)
    there = shutil.disk_usage(cache_is_going_to_be_in()).free
    if there < DISK_NEEDED:
        found = f"disk free in the cache, {computer.cache_folder()}: {there / 1e9:.1f} GB"
        return "hint", found, f"{ELSEWHERE}, or drawings stand in for photographs"
    return judged(True, f"disk free: {min(free, there) / 1e9:.1f} GB", "")


def check_writing():
    """May we write where we work, and where photographs are kept?"""
    folders = (Path.cwd(), "this folder"), (cache_is_going_to_be_in(), "the cache")
    for folder, name in folders:
        try:
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError as error:
            found = f"cannot write in {name}, {folder}: {error.strerror}"
            if name == "this folder":
                return judged(False, found, "work in a folder of your own")
            return "hint", found, f"{ELSEWHERE}, or drawings stand in for photographs"
    return judged(True, "this folder and the cache can be written", "")


def lost_tables():
    """The names of tables that should have come with the course."""
    return [name for name in TABLES if not (records.data_folder() / f"{name}.csv").is_file()]


def check_tables():
    """Are the tables here that come with the course: manifests of photographs, class names?"""
    lost = lost_tables()
    found = f"tables missing: {', '.join(lost)}" if lost else f"tables: all {len(TABLES)} here"
    return judged(not lost, found, f"get the course again, then {INSTALL}")


def check_photographs():
    """Which photographs will a lesson find? None is needed: drawings stand in, and it says so."""
    mirror, cache = computer.folder_setting("MIRROR"), computer.cache_folder()
    if mirror and not os.path.isdir(mirror):
        found = f"TL_COURSE_MIRROR is {computer.setting('MIRROR')!r}, no folder ({mirror})"
        return judged(False, found, "unset it or name a folder")
    here, faults, lost = [], [], lost_tables()
    for name in (name for name in records.DATASETS if name not in lost):
        rows = records.table(name)
        files = len({row["file"] for row in rows})
        lack = min(len(archives.missing(rows, place)) for place in (mirror, cache) if place)
        here += [name] if not lack else []
        faults += [f"{name} lacks {lack} of {files} files"] if 0 < lack < files else []
    if mirror and not here:
        faults += [f"no data set is whole in {mirror} (TL_COURSE_MIRROR)"]
    found = f"photographs here: {', '.join(here) or 'none yet, drawings stand in'}"
    step = "run `python -m tl_course fetch` with a network, or copy them again"
    return ("hint", ", ".join([found, *faults]), step) if faults else judged(True, found, "")


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
