"""Which pictures of a folder are used, and which of them teach, help to choose, and judge?"""

import collections
import functools
from typing import NamedTuple

import numpy as np

from tl_course.commands import _photos_folder, _photos_split, _photos_steps
from tl_course.engine import words


class Album(NamedTuple):
    """The pictures that are used, one row a picture."""

    images: np.ndarray  # uint8 (n, size, size, 3), in a file
    files: list  # the path of each, as given: in its folder, or in that of --test
    labels: np.ndarray  # int (n,)
    class_names: tuple
    groups: np.ndarray  # int (n,): near-duplicates, and pictures of one person, day or video
    parts: np.ndarray  # str (n,): "train", "val" or "test"
    findings: list  # what was found beside the pictures, in lines
    given: tuple  # the parts that were given as they are, such as ("train", "test")

    def places(self, *parts):
        """The rows of the pictures in these parts, int."""
        return np.flatnonzero(np.isin(self.parts, parts))

    def counts(self, part):
        """The number of pictures of each class in a part, int (classes,)."""
        return np.bincount(self.labels[self.parts == part], minlength=len(self.class_names))


def read(parts, image_size, steps):
    """{what: list} of the pictures that are used; their pixels go to a file of raw bytes."""
    from tl_course import photographs

    found = {name: [] for name in ("files", "inside", "names", "part", "findings", "class_names")}
    root = parts.get(_photos_folder.ALL) or parts["train"].parent
    with _photos_steps.whole(steps.path("pictures.raw")) as partial, open(partial, "wb") as file:
        for part, folder in parts.items():
            enough = 1 if found["class_names"] else _photos_folder.ENOUGH  # the first: it teaches
            audit = photographs.audit(folder, image_size=image_size, enough=enough)
            if not found["class_names"]:
                _photos_folder.check_sizes(_usable(audit), folder)
                found["class_names"] = [name for name, (*_, kept) in audit.counts.items() if kept]
                found["findings"] += [f"{name} has {number} usable photographs and stays out: "
                                      f"{enough} are needed" for name, number in
                                      _usable(audit).items() if number < enough]  # fmt: skip
            before = folder.relative_to(root) if folder.is_relative_to(root) else folder
            places = _add(found, file, audit, before)
            if not places:
                raise ValueError(f"{str(folder)!r} has no usable picture of any class.")
            found["part"] += [part] * len(places)
            where = words.one_line(folder.name) if part == _photos_folder.ALL else part
            lines = [f"{where}: {line}" for line in audit.findings]
            found["findings"] += lines if len(parts) > 1 else audit.findings
    return found


def _sure(audit):
    """The places of the readable pictures but for those that lie in two classes."""
    twins = {k for pair in audit.across for k in pair}
    return [k for k in range(len(audit.found)) if k not in twins]


def _usable(audit):
    names = audit.found.names
    found = collections.Counter(names[k] for k in _sure(audit))
    return {name: found[name] for name in audit.counts}


def _add(found, file, audit, before):
    """The pictures of one part: into the file, and into the lists; their places."""
    names = audit.found.names
    places = [k for k in _sure(audit) if names[k] in found["class_names"]]
    for k in places:
        file.write(audit.found.images[k].tobytes())
    found["files"] += [(before / audit.files[k]).as_posix() for k in places]
    found["inside"] += [audit.files[k] for k in places]
    found["names"] += [names[k] for k in places]
    return places


def album(parts, options, steps):
    """The Album of these folders, as read before or now, split by groups."""
    size = options.image_size
    found = steps.values("pictures", lambda: read(parts, size, steps))
    if not steps.path("pictures.raw").exists() and read(parts, size, steps) != found:
        raise ValueError("Other photographs can be read than when this run was begun (was a "
                         "package installed?): add --fresh to begin anew.")  # fmt: skip
    names = tuple(found["class_names"])
    shape = (len(found["files"]), size, size, 3)
    images = np.memmap(steps.path("pictures.raw"), dtype="uint8", mode="r", shape=shape)
    labels = np.array([names.index(name) for name in found["names"]])
    keys = _photos_folder.group_keys(found["inside"], options.group_by)
    groups = steps.values("groups", lambda: _photos_split.grouped(images, keys))
    groups = np.array(groups)
    choose = functools.partial(_photos_split.divided, found["part"], labels, groups, options.seed)
    division = np.array(steps.values("split", choose))
    given = tuple(dict.fromkeys(found["part"]))
    rest = labels, names, groups, division, found["findings"], given
    return Album(images, found["files"], *rest)
