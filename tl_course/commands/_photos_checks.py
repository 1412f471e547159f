"""Can the arguments of `photos` be meant, and can its results be written? Asked before any work."""

import importlib.util
import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import NamedTuple

from tl_course.commands import _photos_steps, _photos_web
from tl_course.engine import words

ONNX = ("tf2onnx", "onnx", "onnxruntime")
NEEDS = {"onnx": ONNX, "litert": ("ai_edge_litert",), "web": ONNX}


class Job(NamedTuple):
    """What was asked for, all paths absolute."""

    folder: Path
    out: Path
    image_size: int
    seed: int
    test: Path | None
    group_by: str | None
    export: tuple
    notebook: bool

    @property
    def name(self):
        """The folder's name, for people."""
        return words.one_line(self.folder.name)

    def arguments(self):
        """As strings and numbers, for YAML."""
        paths = {name: str(getattr(self, name)) for name in ("folder", "out")}
        test = None if self.test is None else str(self.test)
        return self._asdict() | paths | {"test": test, "export": list(self.export)}


def job(options):
    """The Job that the arguments ask for. ValueError for one that cannot be meant."""
    check_options(options)
    given = {name: getattr(options, name) for name in ("folder", "out", "test")}
    paths = {name: path and Path(os.path.abspath(path.expanduser())) for name, path in
             given.items()}  # fmt: skip
    rest = {name: getattr(options, name) for name in ("image_size", "seed", "group_by")}
    export = tuple(dict.fromkeys(options.export))
    return Job(**paths, **rest, export=export, notebook=not options.no_notebook)


def check_options(options):
    """ValueError for an argument that cannot be meant."""
    if options.image_size < 32 or options.seed < 0:
        got = f"--image-size {options.image_size} --seed {options.seed}"
        raise ValueError(f"Got {got}: give at least 32 pixels, and a seed from 0 on.")
    if options.group_by is not None:
        try:
            groups = re.compile(options.group_by).groups
        except re.error as error:
            raise ValueError(f"--group-by {options.group_by!r} is no pattern: {error}.") from error
        if not groups:
            raise ValueError(f"--group-by {options.group_by!r} has no group in parentheses: put "
                             f"the person, day or video in some, such as '([^/_]+)_'.")  # fmt: skip
    for kind in options.export:
        if lacking := [name for name in NEEDS[kind] if importlib.util.find_spec(name) is None]:
            raise ValueError(f"--export {kind} needs {', '.join(lacking)}: `pip install "
                             f"'tl-course[export]'`, or leave it out.")  # fmt: skip
    if "web" in options.export:
        _photos_web.runtime()  # now, not after the training


def check_out(out, sources):
    """ValueError, in one sentence, unless results can be written to `out` without harm."""
    for source in map(os.path.realpath, sources):
        if Path(os.path.realpath(out)).is_relative_to(source):
            raise ValueError(f"--out {str(out)!r} lies in the folder of photographs {source!r}: "
                             f"name another one, or results are taken for pictures.")  # fmt: skip
    if out.exists() and not out.is_dir():
        raise ValueError(f"--out {str(out)!r} is a file: name a folder.")
    try:
        out.mkdir(parents=True, exist_ok=True)
        if os.listdir(out) and not (out / _photos_steps.FOLDER).is_dir():
            raise ValueError(f"--out {str(out)!r} holds {min(os.listdir(out))!r}, which `photos` "
                             f"did not write: name a new or an empty folder.")  # fmt: skip
        with tempfile.TemporaryFile(dir=out) as file:
            file.write(b"0")
    except OSError as error:
        reason = error.strerror
        raise ValueError(f"--out {str(out)!r} cannot be written to: {reason}.") from error


def check_room(out, number, image_size):
    """ValueError where the disk has no room for what a run keeps of so many pictures."""
    needed, free = number * (3 * image_size**2 + 15_000) + 2e8, shutil.disk_usage(out).free
    if free < needed:
        raise ValueError(f"--out {str(out)!r} has {free / 1e6:,.0f} MB free, and {number} "
                         f"photographs need {needed / 1e6:,.0f} MB: free some.")  # fmt: skip
