"""How do a manifest's files come out of an archive on the web, whole or not at all?"""

import hashlib
import tempfile
import zipfile

import pooch


class Failed(RuntimeError):
    """Why nothing came, in words."""


def take(archive, wanted, folder):
    """Download one archive, keep the wanted files, throw the rest away.

    archive: address of a zip. wanted: {path inside it: row of a manifest}. Raises Failed.
    """
    pooch.get_logger().setLevel("WARNING")
    with tempfile.TemporaryDirectory() as scratch:
        try:
            path = pooch.retrieve(archive, known_hash=None, path=scratch, progressbar=True)
            members = zipfile.ZipFile(path)
        except Exception as error:  # requests, urllib3 and the proxy in between raise many kinds
            raise Failed(type(error).__name__) from error
        with members:
            for member, row in wanted.items():
                _place(_read_member(members, member), row, folder / row["file"])


def _read_member(members, member):
    """The bytes of a file in the archive, whose top folder is named after the repository."""
    top = members.namelist()[0].split("/")[0]
    try:
        return members.read(f"{top}/{member}")
    except KeyError:
        raise Failed(f"the archive holds no {member!r}: report it") from None


def _place(content, row, path):
    if hashlib.sha256(content).hexdigest() != row["sha256"]:
        raise Failed(f"{row['file']} is damaged, its SHA-256 differs: fetch again")
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(content)
    partial.replace(path)


def is_intact(path, sha256):
    """Is this the very file that the manifest means?"""
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == sha256
