"""What this machine has, and is it enough? Read at once, without TensorFlow or the network."""

import importlib.metadata
import shutil
import subprocess
import tempfile
from pathlib import Path

import psutil
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

MEMORY_NEEDED, DISK_NEEDED = 1.5e9, 0.5e9  # bytes: a lesson's kernel; photographs and notebooks
PATIENCE = 20  # seconds for the driver to answer
OWN_GROUPS, ALL_GROUPS = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")
LIMITS = {"": "memory.max", "memory": "memory.limit_in_bytes"}  # control groups, version 2 and 1


def judged(passed, found, next_step):
    """Return what a check found, as ok or as FAILED."""
    return "ok" if passed else "FAILED", found, next_step


def installed(name):
    """Return the version installed of a package, or None."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def declared():
    """Return (range of Pythons, requirements, those of the extras too), as pyproject.toml says."""
    if installed("tl-course") is None:
        return SpecifierSet(), []
    about = importlib.metadata.metadata("tl-course")
    pythons = SpecifierSet(about["Requires-Python"] or "")
    return pythons, list(map(Requirement, about.get_all("Requires-Dist") or []))


def out_of_range(requirements):
    """Return a line for each package that is missing or not in its range."""
    needed = {needed: installed(needed.name) for needed in requirements}
    wrong = {n: v for n, v in needed.items() if not n.specifier.contains(v or "0")}
    return [f"{n.name}{n.specifier} (found: {version})" for n, version in wrong.items()]


def weights_are_whole(package):
    """Is the weight file of an installed package there, in the size that its record says?

    Its SHA-256 is checked when the weights are loaded.
    """
    try:
        files = importlib.metadata.files(package) or []
    except importlib.metadata.PackageNotFoundError:
        return False
    weights = {Path(f.locate()): f.size for f in files if f.suffix == ".pth"}
    there = {path: path.stat().st_size for path in weights if path.exists()}
    return bool(weights) and there == weights


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


def memory_limit():
    """Return the bytes that this process may use, by its control groups, or None: no limit.

    A container or a server for a class sets them; psutil does not see them.
    """
    lines = OWN_GROUPS.read_text().splitlines() if OWN_GROUPS.exists() else []
    paths = []
    for _, kind, group in (line.split(":", 2) for line in lines):
        if kind in LIMITS:  # such as 0::/user.slice (version 2), 4:memory:/box (version 1)
            inside = ALL_GROUPS / kind / group.lstrip("/")
            paths += [place / LIMITS[kind] for place in (inside, *inside.parents)]
    limits = [path.read_text().strip() for path in paths if path.exists()]
    numbers = [int(limit) for limit in limits if limit.isdigit()]  # else "max": none
    return min((n for n in numbers if n < psutil.virtual_memory().total), default=None)


def check_devices():
    """What will do the work? A GPU needs TensorFlow's GPU build; without one the CPU is enough."""
    cards = ", ".join(graphics_cards())
    found = f"{psutil.cpu_count()} CPU cores, {cards or 'no GPU (none is needed)'}"
    if cards and installed("tensorflow-cpu"):
        step = "to use it, uninstall tensorflow-cpu, then `pip install -e '.[gpu]'` (README)"
        return "hint", f"{found}, which TensorFlow's CPU build leaves alone", step
    return judged(True, found, "")


def check_memory():
    """Is there enough memory for a lesson, in the machine and in the container around it?"""
    free, limit = psutil.virtual_memory().available, memory_limit()
    found = f"memory free: {free / 1e9:.1f} GB"
    if limit:
        found += f", but a limit (control group) holds this process to {limit / 1e9:.1f} GB"
    enough = min(free, limit or free) >= MEMORY_NEEDED
    step = f"close programs or raise the limit: a lesson needs {MEMORY_NEEDED / 1e9:.1f} GB"
    return judged(enough, found, step)


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
