"""Can this folder be learned from, and which pictures are in it? Asked before any work."""

import csv
import hashlib
import json
import re

from tl_course.engine import folders, pictures, words

PARTS = {"train": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"}
ALL = "all"  # the part of a folder that is still to be split
ENOUGH = 5  # pictures that a class needs
COPIED = 0.05  # of the pictures in several class folders: more than a mistake


def parts_of(folder, test):
    """{part: its folder}: what is given as train, val and test, else all of it to be split."""
    if not folder.is_dir():
        raise ValueError(f"{str(folder)!r} is no folder: give one with a sub-folder a class.")
    names = {path.name for path in folder.iterdir() if path.is_dir() and path.name[0] != "."}
    divided = "train" in names and names <= set(PARTS)
    given = {PARTS[name]: folder / name for name in PARTS if divided and name in names}
    parts = given or {ALL: folder}
    if test is not None and "test" in parts:
        raise ValueError(f"{str(folder)!r} holds a folder test: leave out --test {str(test)!r}.")
    return parts | ({} if test is None else {"test": test})


def listings(parts):
    """{part: its folders.Listing}. ValueError, in one sentence, where it cannot be learned from."""
    found = {part: folders.look(folder) for part, folder in parts.items()}
    for part, listing in found.items():
        folder = str(parts[part])
        check_labels_table(parts[part])
        if not listing.classes:
            number = len(listing.unsorted)
            raise ValueError(f"{folder!r} holds {number} files and no sub-folder: sort the "
                             f"photographs into one sub-folder a class.")  # fmt: skip
    first = ALL if ALL in found else "train"
    sizes = {name: len(paths) for name, paths in found[first].classes.items()}
    check_sizes(sizes, parts[first])
    for part, listing in found.items():
        if strange := sorted(set(listing.classes) - set(sizes)):
            raise ValueError(f"{str(parts[part])!r} has a class {strange[0]!r}, but "
                             f"{str(parts[first])!r} has {list(sizes)}.")  # fmt: skip
    return found


def check_sizes(sizes, folder):
    """ValueError where fewer than two classes have enough. sizes: {class: number of pictures}."""
    if sum(number >= ENOUGH for number in sizes.values()) < 2:
        got = ", ".join(f"{name}: {number}" for name, number in list(sizes.items())[:10])
        number = f"{len(sizes)} class{'es' * (len(sizes) != 1)}"
        raise ValueError(f"{str(folder)!r} has {number} ({got}): at least 2 classes of {ENOUGH} "
                         f"photographs are needed, 20 are a good start.")  # fmt: skip


def check_labels_table(folder):
    """ValueError for a table such as labels.csv that gives a picture several labels."""
    for path in sorted(folder.glob("*.csv")):
        if re.search("label|class", path.name.lower()):
            with open(path, newline="", encoding="utf-8", errors="replace") as file:
                rows = [row for row in csv.reader(file) if row][1:]
            if name := _of_several_labels(rows):
                raise ValueError(f"{path.name} gives {name!r} several labels: a picture has one "
                                 f"class here (multi-label is not supported).")  # fmt: skip


def _of_several_labels(rows):
    """The first picture of a table that has several. rows: file, then its label or 0 and 1s."""
    labels = {}
    for name, *cells in rows:
        cells = [cell.strip() for cell in cells]
        if set(cells) <= {"0", "1", ""}:
            found = {k for k, cell in enumerate(cells) if cell == "1"}
        else:
            found = set(re.split("[|;,]", cells[0]))
        labels.setdefault(name, set()).update(found)
    return next((name for name, found in labels.items() if len(found) > 1), None)


def fingerprint(found, parts):
    """{"part/class/file": SHA-256} of every picture. ValueError where many have several classes."""
    paths = {
        f"{part}/{path.relative_to(parts[part]).as_posix()}": path
        for part, listing in found.items() for of_class in listing.classes.values()
        for path in of_class
    }  # fmt: skip
    digests = dict(zip(paths, pictures.in_threads(_digest, paths.values()), strict=True))
    classes = {}
    for name, digest in digests.items():
        classes.setdefault((name.split("/")[0], digest), {}).setdefault(name.split("/")[1], name)
    several = [list(names.values()) for names in classes.values() if len(names) > 1]
    if sum(map(len, several)) > COPIED * len(digests):
        one, other, *_ = (words.path(name.split("/", 1)[1]) for name in several[0])
        raise ValueError(
            f"{one} and {other} are the same picture, and so are {len(several) - 1} more: a "
            f"picture has one class here (multi-label is not supported); delete all but one."
        )
    return digests


def _digest(path):
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:  # the audit says so, with the file's name
        return f"cannot be read: {error.strerror}"


def group_keys(names, pattern):
    """The person, day or video of each file, as a pattern's first group; None without a pattern."""
    if pattern is None:
        return None
    found = [re.search(pattern, name) for name in names]
    for name, match in zip(names, found, strict=True):
        if match is None or match[1] is None:
            raise ValueError(f"--group-by {pattern!r} finds nothing in {words.path(name)!r}: its "
                             f"first group must say whose or which day's it is.")  # fmt: skip
    return [match[1] for match in found]


def digest(digests):
    """One SHA-256 of a fingerprint."""
    text = json.dumps(sorted(digests.items()))
    return hashlib.sha256(text.encode()).hexdigest()
