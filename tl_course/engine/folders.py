"""What lies in a folder of pictures? Whatever people, programs and systems have left there."""

import collections
import errno
import os
import stat
from pathlib import Path
from typing import NamedTuple

from tl_course.engine import words

FILE, FOLDER = "a file", "a folder"
KINDS = {
    stat.S_IFREG: FILE, stat.S_IFDIR: FOLDER, stat.S_IFIFO: "it is a pipe, no file",
    stat.S_IFSOCK: "it is a socket, no file", stat.S_IFCHR: "it is a device, no file",
    stat.S_IFBLK: "it is a device, no file",
}  # fmt: skip
LINKS = {
    errno.ENOENT: "it is a link to a file that is not there",
    errno.ELOOP: "it is a link that leads back to itself",
}
SYSTEM = {  # what Windows, macOS, Synology and Python leave in folders; in small letters
    "thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "__macosx", "@eadir", "$recycle.bin",
    "system volume information", "lost+found", "__pycache__",
}  # fmt: skip
PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif", ".heic")
HIDDEN = "its name begins with a dot: hidden files are not read"
CLOUD = "its content is in iCloud only: download it first"
BESIDE = "it lies in no class folder"
DEEPER = "it lies in a folder inside a class"
OUTSIDE = "it is a link to outside the folder"


class Listing(NamedTuple):
    """What lies in a folder; files by their path inside it, in the order of their names.

    classes: {class: paths of its files}. refused: {file or folder: why it is not even opened}.
    unsorted: files beside the class folders or deeper than these. notes: {file or folder: what is
    odd about it, though it is used}.
    """

    classes: dict[str, list[Path]]
    refused: dict[str, str]
    unsorted: list[str]
    notes: dict[str, str]


def look(folder):
    """The Listing of a folder with a sub-folder a class. ValueError where it cannot be opened.

    System files, and what their names hide (a dot at the beginning), are passed over; a picture
    among these is refused aloud. Links are followed, but for those from a class to a folder and
    those to a folder that holds them.
    """
    folder, listing = Path(folder), Listing({}, {}, [], {})
    expected = "expected one with a sub-folder a class"
    if (found := what_is(folder)) != FOLDER:
        missing = found in (FILE, LINKS[errno.ENOENT])
        raise ValueError(f"{str(folder)!r} is no folder: {expected if missing else found}.")
    entries = _entries(folder, folder, listing)
    if "." in listing.refused:
        reason = listing.refused["."]
        raise ValueError(f"{str(folder)!r} is a folder that {reason}: {expected}.")
    for path, found in entries:
        if found == FILE:
            listing.unsorted.append(_name(path, folder))
        elif _is_inside(folder, path):
            listing.refused[_name(path, folder)] = "it is a link to a folder that holds it"
        else:
            _add_class(listing, folder, path)
    return Listing(dict(sorted(listing.classes.items())), *listing[1:])


def what_is(path):
    """FILE, FOLDER, or in words why it is neither; links are followed."""
    try:
        return KINDS[stat.S_IFMT(os.stat(path).st_mode)]
    except OSError as error:
        return LINKS.get(error.errno) or _refusal(error)


def _refusal(error):
    return f"cannot be opened: {error.strerror or error}"


def _name(path, folder):
    return path.relative_to(folder).as_posix()


def _entries(path, folder, listing):
    """[(path, FILE or FOLDER)] of what lies in `path`; the rest goes to listing.refused."""
    try:
        names = sorted(os.listdir(path))
    except OSError as error:
        listing.refused[_name(path, folder)] = _refusal(error)
        return []
    entries = []
    for name in names:
        found = _hidden(name) if _is_hidden(name) else what_is(path / name)
        if found in (FILE, FOLDER):
            entries.append((path / name, found))
        elif found:
            listing.refused[_name(path / name, folder)] = found
    return entries


def _is_hidden(name):
    return name.startswith(".") or name.lower() in SYSTEM


def _hidden(name):
    """What to say of a hidden name: nothing, unless it is a picture's."""
    if name.startswith("._"):  # macOS keeps an icon or a date there, beside the picture
        return ""
    return CLOUD if name.endswith(".icloud") else HIDDEN if name.lower().endswith(PICTURES) else ""


def _is_inside(path, folder):
    """Does a path, its links followed, lead to a folder or into it?"""
    target, root = os.path.realpath(path), os.path.realpath(folder)
    return target == root or target.startswith(os.path.join(root, ""))


def _add_class(listing, folder, path):
    """Put the files of a class folder where they belong; two ways to write one name are one."""
    files = listing.classes.setdefault(words.class_name(path.name), [])
    if path.is_symlink() and not _is_inside(path, folder):
        listing.notes[_name(path, folder)] = OUTSIDE
    for entry, found in _entries(path, folder, listing):
        if found == FILE:
            files.append(entry)
            if entry.is_symlink() and not _is_inside(entry, folder):
                listing.notes[_name(entry, folder)] = OUTSIDE
        else:
            _add_deeper(listing, folder, entry)


def _add_deeper(listing, folder, path):
    """The files in a folder inside a class, at any depth, are in no class."""
    waiting = [path]
    while waiting:
        path = waiting.pop()
        if path.is_symlink():
            listing.refused[_name(path, folder)] = "it is a link to a folder inside a class"
            continue
        entries = _entries(path, folder, listing)
        listing.unsorted.extend(_name(entry, folder) for entry, found in entries if found == FILE)
        waiting += [entry for entry, found in reversed(entries) if found == FOLDER]


def completed(listing, refused, notes):
    """The Listing with what reading has found as well, by name; notes on what is used only."""
    refused = dict(sorted((listing.refused | refused).items()))
    notes = dict(sorted((listing.notes | notes).items()))
    notes = {name: note for name, note in notes.items() if name not in refused}
    return listing._replace(refused=refused, notes=notes)


def report(refused, unsorted, notes):
    """Lines on what is left out of a Listing, and on what is odd and used."""
    beside = {name: BESIDE if "/" not in name else DEEPER for name in unsorted}
    return [*words.reports("Left out", refused | beside), *words.reports("Note on", notes)]


def in_two_classes(pairs, names, files):
    """Lines on pictures that lie in two classes, those of most pictures first.

    pairs: (i, j) into names, of classes, and files.
    """
    shared = {}
    for i, j in pairs:
        shared.setdefault(tuple(sorted((names[i], names[j]))), []).append((i, j))
    sizes = collections.Counter(names)
    ordered = sorted(shared.items(), key=lambda item: -len(item[1]))
    for (one, other), between in ordered[: words.FEW]:
        (i, j), number = between[0], len({i for i, _ in between})
        example = f"such as {words.path(files[i])} and {words.path(files[j])}"
        copied = 2 * number > min(sizes[one], sizes[other])
        question = "; is one class a copy of the other?" if copied else ""
        yield f"In {one} and in {other}: {number} of the same pictures, {example}{question}"
    if len(ordered) > words.FEW:
        yield f"The same pictures in {len(ordered) - words.FEW:,} more pairs of classes"
