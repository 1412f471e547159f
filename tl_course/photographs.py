"""Where do real pictures come from, and are they usable?

The photographs are not in this repository: a manifest in `data/` names each one, its address,
its SHA-256 and its licence, and `fetch` gets them.
"""

import collections
import functools
import html
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from tl_course import data, look_alikes, records
from tl_course.engine import archives, cards, computer, downloads, folders, pictures, words

BUNDLED = ("chelsea", "coffee", "rocket", "astronaut")
GITHUB = "https://github.com"
DIGITS = {"train": slice(1000), "val": slice(1000, 1400), "test": slice(1400, None)}
SEEDS_AHEAD = {"train": 0, "val": 400_000, "test": 500_000}  # of drawings: none comes twice


class PhotographsUnavailable(RuntimeError):
    """The photographs are neither here nor in a mirror, and cannot be downloaded."""


# ---------------------------------------------------------------- reading a folder


def load_folder(folder, *, image_size):
    """The photographs of `folder/<class>/<file>`, one class a sub-folder, as an ImageSet.

    Classes are in alphabetical order; what of a name cannot be seen stands as its code. Each
    photograph is read as by `pictures.read`. What is left out, and a class without a readable
    photograph, gets a printed line that says which and why; so does what is odd and used all the
    same. Of more than ten files with one reason, the others are counted: `audit` lists them all.
    ValueError when nothing is left, or when the pictures would not fit into the memory.
    """
    found, _, listing = _read_folder(Path(folder), image_size)
    for line in folders.report(*listing[1:]):
        print(line)
    if not len(found):
        raise ValueError(
            f"No photograph found in {str(folder)!r}: expected files like <class>/<photo>.jpg."
        )
    for name in sorted(set(listing.classes) - set(found.class_names)):
        print(f"Left out the class '{name}': it has no readable photograph.")
    return found


def _read_folder(folder, image_size):
    """(ImageSet, the file of each picture, Listing with what could not be read) of a folder."""
    listing = folders.look(folder)
    paths = [(name, path) for name, of_class in listing.classes.items() for path in of_class]
    options = {"image_size": image_size}
    images, reasons, notes = pictures.read_all([path for _, path in paths], **options)
    files = [path.relative_to(folder).as_posix() for _, path in paths]
    named = ({files[k]: text for k, text in found.items()} for found in (reasons, notes))
    listing = folders.completed(listing, *named)
    read = [k for k in range(len(paths)) if k not in reasons]
    class_names = sorted({paths[k][0] for k in read})
    labels = np.array([class_names.index(paths[k][0]) for k in read], dtype=np.int64)
    source = words.one_line(folder.name)
    found = data.ImageSet(images, labels, tuple(class_names), source=source)
    return found, [files[k] for k in read], listing


# ---------------------------------------------------------------- is a folder usable?


@dataclass(frozen=True, eq=False, repr=False)
class Audit:
    """What a folder of photographs holds, what is wrong with it, and what can be used of it.

    counts: {class: (number of files, of readable pictures, of pictures kept)}. refused: {file or
    folder: why it cannot be read}. unsorted: files that lie in no class. notes: {file: what is odd
    about it, though it is used}. found: every readable picture, an ImageSet; files: the file of
    each. inside, across: near-duplicates in one class and in two, pairs (i, j) into found, each
    picture with its first. Printed it is a report, in a notebook a table as well.
    """

    counts: dict[str, tuple[int, int, int]]
    refused: dict[str, str]
    unsorted: list[str]
    notes: dict[str, str]
    found: data.ImageSet
    files: list[str]
    inside: list[tuple[int, int]]
    across: list[tuple[int, int]]

    @functools.cached_property
    def kept(self):
        """What can be used, an ImageSet.

        Without both pictures of each pair across, one label of which must be wrong, and without
        classes of too few pictures.
        """
        twins, names = {k for pair in self.across for k in pair}, self.found.names
        large = tuple(name for name, (*_, kept) in self.counts.items() if kept)
        chosen = [k for k, name in enumerate(names) if name in large and k not in twins]
        labels = np.array([large.index(names[k]) for k in chosen], dtype=np.int64)
        every = len(chosen) == len(self.found)  # then no second copy: there may be 10,000
        images = self.found.images if every else self.found.images[chosen]
        return data.ImageSet(images, labels, large, source=self.found.source)

    @property
    def too_few(self):
        """The classes that stay out, a tuple."""
        return tuple(name for name, (*_, kept) in self.counts.items() if not kept)

    @property
    def always_largest(self):
        """The share, 0 to 1, that is right when the answer is always the largest class."""
        sizes = [kept for *_, kept in self.counts.values()]
        return max(sizes, default=0) / max(1, sum(sizes))

    @property
    def findings(self):
        """What was found beside the counts, a list of lines."""
        sizes = {name: kept for name, (*_, kept) in self.counts.items() if kept}
        pairs = f"{len(self.inside)} pairs in one class, {len(self.across)} in two"
        lines = folders.report(self.refused, self.unsorted, self.notes)
        lines += [f"Too few pictures, stays out: {name}" for name in self.too_few]
        lines += [f"Near-duplicates: {pairs}; those in two stay out"]
        lines += folders.in_two_classes(self.across, self.found.names, self.files)
        for word, pick in (("Largest", max), ("Smallest", min)) if sizes else ():
            name = pick(sizes, key=sizes.get)
            lines.append(f"{word} class: {name}, {100 * sizes[name] / sum(sizes.values()):.0f} %")
        return lines + [f"Classes left: {len(sizes)}, two are needed"] * (len(sizes) < 2)

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
    found, files, listing = _read_folder(Path(folder), image_size)
    inside, across = data.twins(found)
    twins, names = {k for pair in across for k in pair}, found.names
    readable = collections.Counter(names)
    kept = collections.Counter(name for k, name in enumerate(names) if k not in twins)
    counts = {
        name: (len(paths), readable[name], kept[name] * (kept[name] >= enough))
        for name, paths in listing.classes.items()
    }
    return Audit(counts, *listing[1:], found, files, inside, across)


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
        images = pictures.in_threads(lambda row: _read_row(row, folder, image_size), rows)
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
