"""Where do real pictures come from, and are they usable?

The photographs are not in this repository: a manifest in `data/` names each one, its address,
its SHA-256 and its licence, and `fetch` gets them.
"""

import hashlib
import os
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pooch
from PIL import Image, ImageOps

from tl_course import data, look_alikes, machine, records

BUNDLED = ("chelsea", "coffee", "rocket", "astronaut")
GITHUB = "https://github.com"


class PhotographsUnavailable(RuntimeError):
    """The photographs are neither here nor in a mirror, and cannot be downloaded."""


# ---------------------------------------------------------------- reading photographs


def load_folder(folder, *, image_size):
    """The photographs of `folder/<class>/<file>`, one class a sub-folder, as an ImageSet.

    Classes are in alphabetical order. Each photograph is turned as its camera says, cropped to
    its central square and resized to image_size pixels. A file that is not a readable photograph
    is left out, and one printed line says which and why. ValueError when nothing is left.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(f"{str(folder)!r} is no folder: expected one with a sub-folder a class.")
    class_names = tuple(sorted(path.name for path in folder.iterdir() if _is_visible_dir(path)))
    images, labels = [], []
    for label, class_name in enumerate(class_names):
        for path in sorted((folder / class_name).iterdir()):
            if path.name.startswith(".") or path.is_dir():
                continue
            try:
                images.append(read_photograph(path, image_size=image_size))
                labels.append(label)
            except (OSError, ValueError, Image.DecompressionBombError) as error:
                print(f"Left out {class_name}/{path.name}: {error}")
    if not images:
        raise ValueError(
            f"No photograph found in {str(folder)!r}: expected files like <class>/<photo>.jpg."
        )
    labels = np.array(labels, dtype=np.int64)
    return data.ImageSet(np.stack(images), labels, class_names, source=folder.name)


def _is_visible_dir(path):
    return path.is_dir() and not path.name.startswith((".", "__"))


def read_photograph(path, *, image_size, box=None):
    """One photograph as uint8 (image_size, image_size, 3).

    box: (left, top, right, bottom) in pixels, the object to cut out; the smallest square around it
    is taken, so that its shape is kept. Without a box, the central square of the photograph.
    """
    with Image.open(path) as photograph:
        photograph = ImageOps.exif_transpose(photograph).convert("RGB")
    return _square(photograph, image_size, box)


def _square(photograph, image_size, box=None):
    width, height = photograph.size
    left, top, right, bottom = box or (0, 0, width, height)
    around = min if box is None else max
    side = min(around(right - left, bottom - top), width, height)
    left = int(np.clip((left + right - side) // 2, 0, width - side))
    top = int(np.clip((top + bottom - side) // 2, 0, height - side))
    square = photograph.crop((left, top, left + side, top + side))
    return np.asarray(square.resize((image_size, image_size), Image.Resampling.BILINEAR))


def bundled_photographs(*, image_size):
    """Four photographs that come with scikit-image: {name: uint8 (image_size, image_size, 3)}.

    A cat (chelsea), a cup of coffee, a rocket and an astronaut: no download, on every machine.
    """
    from skimage import data as skimage_data

    photographs = {name: Image.fromarray(getattr(skimage_data, name)()) for name in BUNDLED}
    return {name: _square(photo, image_size) for name, photo in photographs.items()}


# ---------------------------------------------------------------- data sets of the course


def load_dataset(name, *, split, image_size):
    """Photographs of the course as an ImageSet, fetched when they are not here yet.

    name: "groceries" (8 classes of fruit and vegetables), "cartons" (16 kinds of juice and milk
    cartons), "blood_cells" (3 classes, cut out by box) or "baked_dishes" (for testing only).
    split: "train", "test" or, of groceries and cartons, "val": the data set's own. val and test
    photographs of these two come from other shop visits, the test of blood cells from others.
    Raises PhotographsUnavailable, in one sentence that says what to do.
    """
    manifest = _read_manifest(name)
    splits = sorted({row["split"] for row in manifest})
    if split not in splits:
        raise ValueError(f"{name!r} has no split {split!r}: choose from {splits}.")
    folder = fetch(name)
    rows = [row for row in manifest if row["split"] == split]
    class_names = tuple(sorted({row["label"] for row in manifest}))
    images = [
        read_photograph(folder / row["file"], image_size=image_size, box=_box(row)) for row in rows
    ]
    labels = np.array([class_names.index(row["label"]) for row in rows], dtype=np.int64)
    return data.ImageSet(np.stack(images), labels, class_names, source=name)


def load_or_draw(name, *, image_size, seed, num_per_class):
    """(train_set, test_set): the photographs `name`, else `num_per_class` drawings a class.

    `source` tells which: the name, or "drawings". A printed line says it, too.
    """
    try:
        sets = [load_dataset(name, split=part, image_size=image_size) for part in ("train", "test")]
        print(f"Data: photographs {name!r}, {len(sets[0])} to train, {len(sets[1])} to test")
    except PhotographsUnavailable as reason:
        seeds = (seed, seed + 500_000)
        sets = [look_alikes.draw(num_per_class, image_size=image_size, seed=s) for s in seeds]
        print(f"{reason}\nData: drawings of lasagna and heart valves instead of {name!r}")
    return tuple(sets)


def fetch(name, *, folder=None):
    """The folder that holds the photographs of data set `name`, complete and verified.

    Looks in the mirror (a folder named by TL_COURSE_MIRROR), then in `folder` (default: the
    user's cache), then downloads: one archive for each repository, at the pinned commit, out of
    which the other data sets' photographs are taken as well. Each file's SHA-256 is checked before
    it gets its name, so nothing is ever half-written.
    """
    manifest = _read_manifest(name)
    mirror = os.environ.get("TL_COURSE_MIRROR")
    if mirror and not _missing(manifest, Path(mirror)):
        return Path(mirror)
    folder = Path(folder or machine.cache_folder())
    missing = _missing(manifest, folder)
    if missing and os.environ.get("TL_COURSE_OFFLINE"):
        raise PhotographsUnavailable(_how_to_get(name, "TL_COURSE_OFFLINE is set"))
    for archive in sorted({_archive(row)[0] for row in missing}):
        every = [row for other in records.DATASETS for row in _read_manifest(other)]
        here = _missing([row for row in every if _archive(row)[0] == archive], folder)
        _take_from_archive(name, archive, {_archive(row)[1]: row for row in here}, folder)
    return folder


def _take_from_archive(name, archive, wanted, folder):
    """Download one archive, keep the wanted files, throw the rest away."""
    pooch.get_logger().setLevel("WARNING")
    with tempfile.TemporaryDirectory() as scratch:
        print(f"Downloading {name} from {archive}")
        try:
            path = pooch.retrieve(archive, known_hash=None, path=scratch, progressbar=True)
            members = zipfile.ZipFile(path)
        except Exception as error:  # requests, urllib3 and the proxy in between raise many kinds
            raise PhotographsUnavailable(_how_to_get(name, type(error).__name__)) from error
        with members:
            for member, row in wanted.items():
                _place(_read_member(members, member), row, folder / row["file"])


def _read_member(members, member):
    """The bytes of a file in the archive, whose top folder is named after the repository."""
    top = members.namelist()[0].split("/")[0]
    try:
        return members.read(f"{top}/{member}")
    except KeyError:
        raise PhotographsUnavailable(f"The archive holds no {member!r}: report it.") from None


def _place(content, row, path):
    if hashlib.sha256(content).hexdigest() != row["sha256"]:
        raise PhotographsUnavailable(f"{row['file']} is damaged: its SHA-256 differs; fetch again.")
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(content)
    partial.replace(path)


def _missing(manifest, folder):
    """The manifest's rows, one a file, whose file is not in `folder` or is not the right one."""
    rows = {row["file"]: row for row in manifest}
    return [row for file, row in rows.items() if not _is_intact(folder / file, row["sha256"])]


def _is_intact(path, sha256):
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == sha256


def _how_to_get(name, reason):
    return (
        f"The photographs {name!r} are not on this machine and cannot be downloaded ({reason}): "
        f"run `python -m tl_course fetch {name}` with a network, or name a folder that holds them "
        f"in TL_COURSE_MIRROR."
    )


def _archive(row):
    """(address of the repository's archive at the pinned commit, path inside it) of one file."""
    owner, repository, commit, member = row["url"].split("/", 6)[3:]
    return f"{GITHUB}/{owner}/{repository}/archive/{commit}.zip", member


def _box(row):
    if "left" not in row:
        return None
    return tuple(int(row[side]) for side in ("left", "top", "right", "bottom"))


def _read_manifest(name):
    if name not in records.DATASETS:
        raise ValueError(f"Unknown data set {name!r}: choose from {list(records.DATASETS)}.")
    return records.table(name)


