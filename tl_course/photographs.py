"""Where do real pictures come from, and are they usable?

The photographs are not in this repository: a manifest in `data/` names each one, its address,
its SHA-256 and its licence, and `fetch` gets them.
"""

import collections
import html
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from tl_course import data, look_alikes, records
from tl_course.engine import archives, cards, computer, downloads, pictures

BUNDLED = ("chelsea", "coffee", "rocket", "astronaut")
GITHUB = "https://github.com"
DIGITS = {"train": slice(1000), "val": slice(1000, 1400), "test": slice(1400, None)}
SEEDS_AHEAD = {"train": 0, "val": 400_000, "test": 500_000}  # of drawings: none comes twice


class PhotographsUnavailable(RuntimeError):
    """The photographs are neither here nor in a mirror, and cannot be downloaded."""


# ---------------------------------------------------------------- reading a folder


def load_folder(folder, *, image_size):
    """The photographs of `folder/<class>/<file>`, one class a sub-folder, as an ImageSet.

    Classes are in alphabetical order. Each photograph is read as by `read_photograph`. A file that
    is not a readable photograph, and a class without one, is left out, and one printed line says
    which and why. ValueError when nothing is left.
    """
    found, files, refused = _read_folder(Path(folder), image_size)
    for file, reason in refused.items():
        print(f"Left out {file}: {reason}")
    if not len(found):
        raise ValueError(
            f"No photograph found in {str(folder)!r}: expected files like <class>/<photo>.jpg."
        )
    for name in sorted(set(files) - set(found.class_names)):
        print(f"Left out the class {name!r}: it has no readable photograph.")
    return found


def _read_folder(folder, image_size):
    """(ImageSet, {class: number of files}, {refused file: reason}) of a folder of classes."""
    if not folder.is_dir():
        raise ValueError(f"{str(folder)!r} is no folder: expected one with a sub-folder a class.")
    folders = sorted(path for path in folder.iterdir() if path.is_dir() and _is_visible(path))
    files = {data.nfc(path.name): [] for path in folders}
    for path in folders:  # two ways to write one name in Unicode are one class
        files[data.nfc(path.name)] += sorted(
            file for file in path.iterdir() if _is_visible(file) and not file.is_dir()
        )
    paths = [path for name in sorted(files) for path in files[name]]
    results = _in_threads(lambda path: _read_or_reason(path, image_size), paths)
    both = list(zip(paths, results, strict=True))
    refused = {str(path.relative_to(folder)): r for path, r in both if isinstance(r, str)}
    read = [(data.nfc(path.parent.name), r) for path, r in both if not isinstance(r, str)]
    class_names = sorted({name for name, _ in read})
    labels = np.array([class_names.index(name) for name, _ in read], dtype=np.int64)
    images = np.array([image for _, image in read], np.uint8).reshape(-1, image_size, image_size, 3)
    found = data.ImageSet(images, labels, tuple(class_names), source=folder.name)
    return found, {name: len(of_class) for name, of_class in files.items()}, refused


def _is_visible(path):
    return not path.name.startswith((".", "__"))


def _read_or_reason(path, image_size):
    """The photograph, or in words why it cannot be read."""
    try:
        if not path.is_file():  # a pipe would never end
            return "it is no file"
        return pictures.read_photograph(path, image_size=image_size)
    except UnidentifiedImageError:
        return f"it is none of {', '.join(pictures.FORMATS)}"
    except Exception as error:  # a decoder raises what it likes: see pictures.read_photograph
        return " ".join(str(error).split()) or type(error).__name__


def _in_threads(function, *items):
    """[function(item), ...] in order, a thread a core: decoding lets other threads run."""
    with ThreadPoolExecutor(computer.usable_cores()) as pool:
        return list(pool.map(function, *items))


# ---------------------------------------------------------------- is a folder usable?


@dataclass(frozen=True, eq=False, repr=False)
class Audit:
    """What a folder of photographs holds, what is wrong with it, and what can be used of it.

    counts: {class: (number of files, of readable pictures, of pictures kept)}. refused: {file: why
    it cannot be read}. unsorted: files that lie in no class. found: every readable picture, an
    ImageSet. inside, across: near-duplicates in one class and in two, pairs (i, j) into found.
    kept: found without both pictures of each pair across, one label of which must be wrong, and
    without classes of too few pictures. Printed it is a report, in a notebook a table as well.
    """

    counts: dict[str, tuple[int, int, int]]
    refused: dict[str, str]
    unsorted: tuple[str, ...]
    found: data.ImageSet
    inside: list[tuple[int, int]]
    across: list[tuple[int, int]]
    kept: data.ImageSet

    @property
    def too_few(self):
        """The classes that stay out, a tuple."""
        return tuple(name for name in self.counts if name not in self.kept.class_names)

    @property
    def always_largest(self):
        """The share, 0 to 1, that is right when the answer is always the largest class."""
        return max((kept for *_, kept in self.counts.values()), default=0) / max(1, len(self.kept))

    @property
    def findings(self):
        """What was found beside the counts, a list of lines."""
        sizes = {name: self.counts[name][2] for name in self.kept.class_names}
        pairs = f"{len(self.inside)} pairs in one class, {len(self.across)} in two"
        lines = [f"Cannot be read: {file} ({reason})" for file, reason in self.refused.items()]
        lines += [f"In no class, not read: {len(self.unsorted)} files"] if self.unsorted else []
        lines += [f"Too few pictures, stays out: {name}" for name in self.too_few]
        lines += [f"Near-duplicates: {pairs}; those in two stay out"]
        for word, pick in (("Largest", max), ("Smallest", min)) if sizes else ():
            name = pick(sizes, key=sizes.get)
            lines.append(f"{word} class: {name}, {100 * sizes[name] / len(self.kept):.0f} %")
        return lines

    def _rows(self):
        columns = ("class", "files", "readable", "kept")
        return [dict(zip(columns, (k, *n), strict=True)) for k, n in self.counts.items()]

    def __repr__(self):
        return "\n".join([cards.text(self._rows()), *self.findings])

    def _repr_html_(self):
        return cards.table(self._rows()) + "<br>".join(map(html.escape, self.findings))


def audit(folder, *, image_size=160, enough=10):
    """The checks before training as an Audit: unreadable, twice, too few, out of balance.

    enough: pictures that a class needs. Nothing in the folder is changed. ValueError where there
    is no folder.
    """
    folder = Path(folder)
    found, files, refused = _read_folder(folder, image_size)
    pairs = [(i, j) for i, j, _ in data.near_duplicates(found.images)]
    across = [(i, j) for i, j in pairs if found.labels[i] != found.labels[j]]
    sure = [k for k in range(len(found)) if all(k not in pair for pair in across)]
    kept, readable = collections.Counter(found.take(sure).names), collections.Counter(found.names)
    big = tuple(name for name in found.class_names if kept[name] >= enough)
    names = found.names
    chosen = [k for k in sure if names[k] in big]
    labels = np.array([big.index(names[k]) for k in chosen], dtype=np.int64)
    return Audit(
        {name: (files[name], readable[name], kept[name] * (name in big)) for name in files},
        refused, _unsorted(folder), found, [pair for pair in pairs if pair not in across], across,
        data.ImageSet(found.images[chosen], labels, big, source=found.source),
    )  # fmt: skip


def _unsorted(folder):
    """The visible files that lie beside the class folders, or deeper."""
    files = (path.relative_to(folder) for path in sorted(folder.rglob("*")) if path.is_file())
    shown = [file for file in files if all(not part.startswith((".", "__")) for part in file.parts)]
    return tuple(str(file) for file in shown if len(file.parts) != 2)


# ---------------------------------------------------------------- photographs without a download


def bundled_photographs(*, image_size):
    """Four photographs that come with scikit-image: {name: uint8 (image_size, image_size, 3)}.

    A cat (chelsea), a cup of coffee, a rocket and an astronaut: no download, on every machine.
    """
    from skimage import data as skimage_data

    bundled = {name: Image.fromarray(getattr(skimage_data, name)()) for name in BUNDLED}
    squares = {name: pictures.square_in(photo.size) for name, photo in bundled.items()}
    return {name: pictures.cut(bundled[name], squares[name], image_size) for name in BUNDLED}


# ---------------------------------------------------------------- data sets of the course


def load_dataset(name, *, split, image_size):
    """Photographs of the course as an ImageSet, fetched when they are not here yet.

    name: "groceries" (8 classes of fruit and vegetables), "cartons" (16 kinds of juice and milk
    cartons), "blood_cells" (3 classes, cut out by box), "baked_dishes" (for testing only) or
    "digits" (scikit-learn's, enlarged; cut in the order of their file: shuffled, a writer's next
    digit would judge).
    split: "train", "test" or, of groceries and cartons, "val": the data set's own. val and test
    photographs of these two come from other shop visits, the test of blood cells from others.
    Raises PhotographsUnavailable, in one sentence that says what to do, whatever the reason.
    """
    if name == "digits":
        images, labels = pictures.digits(image_size)
        every = data.ImageSet(images, labels, tuple("0123456789"), source=name)
        return every.take(DIGITS[split])
    manifest = _read_manifest(name)
    splits = sorted({row["split"] for row in manifest})
    if split not in splits:
        raise ValueError(f"{name!r} has no split {split!r}: choose from {splits}.")
    folder = fetch(name)
    rows = [row for row in manifest if row["split"] == split]
    class_names = tuple(sorted({data.nfc(row["label"]) for row in manifest}))
    try:
        images = _in_threads(lambda row: _read_row(row, folder, image_size), rows)
    except OSError as error:  # gone meanwhile, a bad disk, a format that this Pillow lacks
        reason = f"one of them cannot be read: {error}"
        raise PhotographsUnavailable(_how_to_get(name, reason)) from error
    labels = np.array([class_names.index(data.nfc(row["label"])) for row in rows], dtype=np.int64)
    return data.ImageSet(np.stack(images), labels, class_names, source=name)


def load_or_draw(name, *, image_size, seed, num_per_class, splits=("train", "test")):
    """One ImageSet a split of the data set `name`, else `num_per_class` drawings a class.

    name: as in `load_dataset`, or "drawings". splits: of "train", "val" and "test". `source` tells
    which pictures they are; a printed line says it, too.
    """
    try:
        if name != "drawings":
            sets = [load_dataset(name, split=part, image_size=image_size) for part in splits]
    except PhotographsUnavailable as reason:
        print(f"{reason}\nData: drawings of lasagna and heart valves instead of {name!r}")
        name = "drawings"
    if name == "drawings":
        seeds = (seed + SEEDS_AHEAD[part] for part in splits)
        sets = [look_alikes.draw(num_per_class, image_size=image_size, seed=s) for s in seeds]
    counts = ", ".join(f"{len(one)} to {part}" for one, part in zip(sets, splits, strict=True))
    print(f"Data: {name if name in ('drawings', 'digits') else f'photographs {name!r}'}, {counts}")
    return tuple(sets)


def fetch(name, *, folder=None):
    """The folder that holds the photographs of data set `name`, complete and verified.

    Looks in the mirror (a folder named by TL_COURSE_MIRROR), then in `folder` (default: the
    user's cache), then downloads: one archive for each repository, at the pinned commit, out of
    which the other data sets' photographs are taken as well. Each file's SHA-256 is checked before
    it gets its name, so nothing is ever half-written, and what is right stays if another is not.
    """
    manifest, mirror = _read_manifest(name), computer.folder_setting("MIRROR")
    if mirror and not archives.missing(manifest, mirror):
        return mirror
    folder = Path(folder or computer.cache_folder())
    missing = archives.missing(manifest, folder)
    if missing and computer.setting("OFFLINE"):
        raise PhotographsUnavailable(_how_to_get(name, "TL_COURSE_OFFLINE is set"))
    for archive in sorted({_archive(row)[0] for row in missing}):
        every = [row for other in records.DATASETS for row in _read_manifest(other)]
        here = archives.missing([row for row in every if _archive(row)[0] == archive], folder)
        print(f"Downloading {name} from {archive}")
        try:
            archives.take(archive, {_archive(row)[1]: row for row in here}, folder)
        except downloads.Failed as failure:
            if archives.missing(manifest, folder):  # not only what another set wants
                raise PhotographsUnavailable(_how_to_get(name, failure)) from failure
    return folder


def _how_to_get(name, reason):
    """In a sentence, why there are no photographs and what to do. reason: words, or a failure."""
    step = getattr(reason, "step", None) or f"run `python -m tl_course fetch {name}` with a network"
    mirror = computer.folder_setting("MIRROR")
    there = f"; TL_COURSE_MIRROR, {mirror}, does not hold all of them" if mirror else ""
    return (
        f"The photographs {name!r} are not on this machine and cannot be downloaded ({reason}"
        f"{there}): {step}, or name a folder that holds them in TL_COURSE_MIRROR."
    )


def _archive(row):
    """(address of the repository's archive at the pinned commit, path inside it) of one file."""
    owner, repository, commit, member = row["url"].split("/", 6)[3:]
    return f"{GITHUB}/{owner}/{repository}/archive/{commit}.zip", member


def _read_row(row, folder, image_size):
    """The photograph that a row of a manifest means, or the object in it, where it has a box."""
    sides = [int(row[side]) for side in ("left", "top", "right", "bottom") if side in row]
    return pictures.read_photograph(folder / row["file"], image_size=image_size, box=sides or None)


def _read_manifest(name):
    if name not in records.DATASETS:
        raise ValueError(f"Unknown data set {name!r}: choose from {list(records.DATASETS)}.")
    return records.table(name)
