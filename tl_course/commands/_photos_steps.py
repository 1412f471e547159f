"""What a run of `photos` has found so far: one file a step, whole or not there."""

import contextlib
import json
import os
import re
import shutil
import zipfile
from pathlib import Path

import numpy as np
import psutil

FOLDER, IDENTITY = ".steps", "run.json"
PARTIAL = ".partial"  # the end of a name that a file has until it is whole


@contextlib.contextmanager
def whole(path):
    """Give a temporary path beside `path` to write to; after the block it is `path`, or nothing.

    The name is this process's own: two of them do not write into one file.
    """
    path = Path(path)
    partial = path.with_name(f".{path.stem}.{os.getpid()}{PARTIAL}{path.suffix}")
    try:
        yield partial
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


@contextlib.contextmanager
def room(out):
    """Give a folder for what is temporary; it goes away after the block, or at the next start."""
    path = Path(out) / FOLDER / f".room.{os.getpid()}{PARTIAL}"
    path.mkdir()
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def write_text(path, text):
    """Write a text file whole or not at all; what is no Unicode in a file's name is escaped."""
    with whole(path) as partial:
        partial.write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n")


class Steps:
    """The files of the steps: each is read where it is there, else found and kept.

    `found_now` counts the steps that were not there, `read_now` those that were.
    """

    def __init__(self, out):
        self.folder, self.found_now, self.read_now = Path(out) / FOLDER, 0, 0

    def path(self, name):
        """Where a step is kept."""
        return self.folder / name

    def values(self, name, find):
        """A step's numbers, strings, lists and dicts; find: a function that finds them."""
        path = self.path(f"{name}.json")
        with contextlib.suppress(OSError, ValueError):
            values = json.loads(path.read_text(encoding="utf-8"))
            self.read_now += 1
            return values
        values = find()
        write_text(path, json.dumps(values))
        self.found_now += 1
        return json.loads(json.dumps(values))  # as whoever goes on will read it

    def arrays(self, name, find):
        """A step's {name: array}; find: a function that finds them."""
        if (kept := self.kept(name)) is not None:
            self.read_now += 1
            return kept
        arrays = find()
        self.keep(name, arrays)
        self.found_now += 1
        return arrays

    def kept(self, name):
        """The arrays of a step, or None where there are none, or damaged ones."""
        try:
            with np.load(self.path(f"{name}.npz"), allow_pickle=False) as file:
                return dict(file)
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return None

    def keep(self, name, arrays):
        """Write the arrays of a step, whole or not at all."""
        with whole(self.path(f"{name}.npz")) as partial:
            np.savez(partial, **arrays)

    def drop(self, *names):
        """Delete what is not needed any more."""
        for name in names:
            self.path(name).unlink(missing_ok=True)


def begin(out, identity, *, fresh, outputs):
    """The Steps of a run in the folder `out`: new ones, or those to go on with.

    identity: all that decides the results, for JSON. outputs: names of what a run writes there;
    with `fresh` they go away with the steps. ValueError where another run was begun there.
    """
    folder = Path(out) / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for left in [*Path(out).iterdir(), *folder.iterdir()]:
        process = re.fullmatch(rf"\..*\.(\d+){PARTIAL}.*", left.name)
        if process and not psutil.pid_exists(int(process[1])):  # it was killed
            shutil.rmtree(left) if left.is_dir() else left.unlink(missing_ok=True)
    was = None
    with contextlib.suppress(OSError, ValueError):
        was = json.loads((folder / IDENTITY).read_text(encoding="utf-8"))
    if was is not None and was != identity and not fresh:
        changed = [name for name in identity if was.get(name) != identity[name]]
        raise ValueError(
            f"A run was begun in {str(out)!r}, and since then there are other {', '.join(changed)}:"
            f" add --fresh to begin anew, or name another --out."
        )
    if was is None or fresh:
        steps = [path for path in folder.iterdir() if path.is_file() and path.name != IDENTITY]
        for path in [*steps, *(Path(out) / name for name in outputs)]:
            path.unlink(missing_ok=True)
        write_text(folder / IDENTITY, json.dumps(identity))  # last: what is there belongs to it
    return Steps(out)
