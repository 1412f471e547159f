"""How do a manifest's files come out of an archive on the web, each as it should be or not at all?

Needs the standard library only until it downloads, so that doctor can ask what is missing.
"""

import hashlib
import re
import zipfile
from pathlib import Path

from tl_course.engine import downloads
from tl_course.engine.downloads import Failed


def missing(rows, folder):
    """The rows of a manifest, one a file, whose file is not in `folder` or is not the right one.

    All of them where the folder cannot be read.
    """
    files = {row["file"]: row for row in rows}
    return [row for row in files.values() if not _is_here(row, folder)]


def _is_here(row, folder):
    path, size = Path(folder, row["file"]), row.get("bytes")
    try:
        if not path.is_file() or (size and path.stat().st_size != int(size)):
            return False
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == row["sha256"]
    except (OSError, ValueError):  # ValueError: a name that no file can have
        return False


def take(address, wanted, folder, *, limits=None):
    """Download one archive, keep the wanted files, throw the rest away.

    address: of a zip. wanted: {path inside it: row of a manifest}. Whatever is as the manifest says
    is kept, also where others are not. Raises Failed.
    """
    for row in wanted.values():
        inside(folder, row["file"])
    path = downloads.download(address, folder, limits=limits)
    try:
        with downloads.writing_in(folder):
            faults = _unpack(path, wanted, folder)
    finally:
        path.unlink(missing_ok=True)
    if faults:
        raise Failed(faults[0] + (f", and {len(faults) - 1} more" if faults[1:] else ""))


def inside(folder, file):
    """The path of a manifest's file in `folder`; Failed where it would lie outside."""
    parts = re.split(r"[/\\]", file)
    if ".." in parts or not parts[0] or re.search(r"[:\0]", file):
        raise Failed(f"its manifest names {file!r}, outside the folder", "get the course anew")
    return Path(folder, file)


def _unpack(path, wanted, folder):
    """Place each wanted file that is right; what is wrong with the others, in words."""
    faults = []
    try:
        archive = zipfile.ZipFile(path)
        top = archive.namelist()[0].split("/")[0]  # named after the repository
    except Exception as error:  # a damaged archive raises many kinds
        with open(path, "rb") as file:
            page = file.read(1000).lstrip().startswith(b"<")
        reason = (downloads.PORTAL, downloads.LOG_IN) if page else ("what came is no whole zip",)
        raise Failed(*reason) from error
    with archive:
        for member, row in wanted.items():
            try:
                content = _content(archive, f"{top}/{member}", row)
                downloads.place(content, inside(folder, row["file"]))
            except Failed as fault:
                faults.append(str(fault))
    return faults


def _content(archive, member, row):
    """The bytes of a file in the archive, if they are what the manifest means; else Failed."""
    file, most = row["file"], int(row.get("bytes") or downloads.LARGEST)
    try:
        with archive.open(member) as packed:
            content = packed.read(most + 1)  # not all of it, which may be any number
    except KeyError:
        raise Failed(f"the archive holds no {member!r}: report it") from None
    except Exception as error:  # encrypted, an unknown method, cut off, damaged: many kinds
        raise Failed(f"{file} cannot be unpacked: {error}") from error
    if len(content) > most:
        raise Failed(f"{file} is larger in the archive than its manifest says, {most} bytes")
    if hashlib.sha256(content).hexdigest() != row["sha256"]:
        raise Failed(f"{file} is damaged, its SHA-256 differs: fetch again")
    return content
