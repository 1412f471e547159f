"""Which pixels, which labels, which split?

Images are RGB uint8 arrays (n, height, width, 3) with values 0 to 255 until they enter a model.
The photographs are not in this repository: a manifest in `data/` names each one, its address,
its SHA-256 and its licence, and `fetch` gets them.
"""

import csv
import hashlib
import json
import os
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import imagehash
import numpy as np
import pooch
from PIL import Image, ImageOps
from scipy import sparse, spatial

DATASETS = ("groceries", "blood_cells", "baked_dishes")
BUNDLED = ("chelsea", "coffee", "rocket", "astronaut")
GITHUB = "https://github.com"
RESULTS_TYPE = "application/vnd.tl-course.results+json"


class PhotographsUnavailable(RuntimeError):
    """The photographs are neither here nor in a mirror, and cannot be downloaded."""


@dataclass(frozen=True)
class ImageSet:
    """Images with their labels.

    images: uint8 (n, height, width, 3) RGB in 0..255, or features, float (n, dimensions).
    labels: int64 (n,), an index into class_names. class_names: in the order of the classifier's
    outputs; the same order for training and test set, or every prediction gets the wrong name.
    """

    images: np.ndarray
    labels: np.ndarray
    class_names: tuple[str, ...]

    def __len__(self):
        return len(self.labels)

    @property
    def names(self):
        """The class of each image in words, a list of n strings."""
        return [self.class_names[label] for label in self.labels]

    def take(self, indices):
        """The ImageSet of these images, in this order. indices: integers or a boolean mask."""
        return ImageSet(self.images[indices], self.labels[indices], self.class_names)


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
    return ImageSet(np.stack(images), np.array(labels, dtype=np.int64), class_names)


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


def imagenet_classes():
    """The names of the 1,000 ImageNet classes, in the order of a pretrained network's outputs."""
    rows = _read_csv(data_folder() / "imagenet_classes.csv")
    return [row["name"].split(",")[0] for row in rows]


# ---------------------------------------------------------------- data sets of the course


def load_dataset(name, *, split, image_size):
    """Photographs of the course as an ImageSet, fetched when they are not here yet.

    name: "groceries" (8 classes of fruit and vegetables), "blood_cells" (3 classes, cut out by
    box) or "baked_dishes" (for testing only). split: "train" or "test", the data set's own:
    groceries' test photographs come from other shop visits, blood cells' from other pictures.
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
    return ImageSet(np.stack(images), labels, class_names)


def fetch(name, *, folder=None):
    """The folder that holds the photographs of data set `name`, complete and verified.

    Looks in the mirror (a folder named by TL_COURSE_MIRROR), then in `folder` (default: the
    user's cache), then downloads: one archive for each repository, at the pinned commit. Each
    file's SHA-256 is checked before it gets its name, so nothing is ever half-written.
    """
    manifest = _read_manifest(name)
    mirror = os.environ.get("TL_COURSE_MIRROR")
    if mirror and not _missing(manifest, Path(mirror)):
        return Path(mirror)
    folder = Path(folder or cache_folder())
    missing = _missing(manifest, folder)
    if missing and os.environ.get("TL_COURSE_OFFLINE"):
        raise PhotographsUnavailable(_how_to_get(name, "TL_COURSE_OFFLINE is set"))
    for archive in sorted({_archive(row)[0] for row in missing}):
        wanted = {_archive(row)[1]: row for row in missing if _archive(row)[0] == archive}
        _take_from_archive(name, archive, wanted, folder)
    return folder


def cache_folder():
    """Where downloaded photographs are kept: TL_COURSE_CACHE, or the user's cache."""
    return Path(os.environ.get("TL_COURSE_CACHE") or pooch.os_cache("tl_course"))


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
    if name not in DATASETS:
        raise ValueError(f"Unknown data set {name!r}: choose from {list(DATASETS)}.")
    return _read_csv(data_folder() / f"{name}.csv")


def _read_csv(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def data_folder():
    """`data/` beside the package in a checkout, `manifests/` inside it when installed."""
    package = Path(__file__).parent
    beside = package.parent / "data"
    return beside if (beside / "groceries.csv").exists() else package / "manifests"


# ---------------------------------------------------------------- results of earlier runs


def record(name, results):
    """Keep results in the executed notebook, for `tools/record_results.py` to collect.

    results: numbers, strings, lists and dicts of them.
    """
    from IPython.display import display

    bundle = {RESULTS_TYPE: {"name": name, "results": results}, "text/plain": f"Recorded: {name}"}
    display(bundle, raw=True)


def last_results(name):
    """The recorded results of the last full run: a dict of date, machine, profile and results.

    They stand in where a section needs photographs that this machine does not have.
    FileNotFoundError when nothing was recorded under this name.
    """
    return _read_json(data_folder() / "results", name)


def _read_json(folder, name):
    path = folder / f"{name}.json"
    if not path.exists():
        known = sorted(other.stem for other in folder.glob("*.json"))
        raise FileNotFoundError(f"No {folder.name} {name!r}: choose from {known}.")
    return json.loads(path.read_text(encoding="utf-8"))


def quiz(name):
    """The five questions of a lesson's quiz, as jupyterquiz's `display_quiz` takes them."""
    return _read_json(data_folder() / "quizzes", name)


def classic_mistakes():
    """The 22 classic mistakes, {number: dict of the columns of mistakes.csv}."""
    return {int(row["number"]): row for row in _read_csv(data_folder() / "mistakes.csv")}


# ---------------------------------------------------------------- splitting


def near_duplicates(images_a, images_b=None, *, max_distance=6):
    """Pairs of nearly the same picture, nearest first: list of (i, j, distance in bits of 64).

    Images: uint8 (n, height, width, 3). One set: pairs i < j; two sets: i in a, j in b. Compares
    perceptual hashes (imagehash.phash): the signs of 64 low cosine frequencies of the grey picture.
    6 is measured: of 623 grocery photographs over 99 % are found after resizing, JPEG at quality 30
    or 30 % more or less light, and none of the 193,753 pairs of different ones (nearest: 10).
    It misses mirrored copies and crops of 5 %, and takes any two flat pictures for the same.
    """
    hashes_a = _hashes(images_a)
    hashes_b = hashes_a if images_b is None else _hashes(images_b)
    differing = spatial.distance.cdist(hashes_a, hashes_b, "hamming")  # fraction of the 64 bits
    distances = np.rint(64 * differing).astype(int)
    pairs = np.argwhere(distances <= max_distance).tolist()
    found = [(i, j, int(distances[i, j])) for i, j in pairs if images_b is not None or i < j]
    return sorted(found, key=lambda pair: pair[2])


def _hashes(images):
    hashes = [imagehash.phash(Image.fromarray(image)).hash.ravel() for image in images]
    return np.array(hashes, dtype=bool).reshape(-1, 64)


def _duplicate_groups(images):
    """One number an image, int (n,): the same for near-duplicates, and for theirs."""
    pairs = np.array(near_duplicates(images), dtype=int).reshape(-1, 3)
    size = (len(images), len(images))
    graph = sparse.coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=size)
    return sparse.csgraph.connected_components(graph, directed=False)[1]


def split(dataset, fractions=(0.6, 0.2, 0.2), *, seed):
    """Disjoint parts of a data set, each with every class in nearly the same proportion.

    fractions: the share of each part; they sum to 1. Near-duplicates (see `near_duplicates`) stay
    on one side: a second shot of the same dish in the test set is not a new dish.
    Returns one ImageSet a fraction. ValueError for other fractions.
    """
    if abs(sum(fractions) - 1) > 1e-6 or min(fractions) <= 0:
        raise ValueError(f"fractions are {fractions}: expected positive numbers that sum to 1.")
    random = np.random.default_rng(seed)
    group_of = _duplicate_groups(dataset.images)
    _, first, sizes = np.unique(group_of, return_index=True, return_counts=True)
    part_of_group = np.empty(len(sizes), dtype=int)
    for label in range(len(dataset.class_names)):
        groups = random.permutation(np.flatnonzero(dataset.labels[first] == label))
        position = (np.cumsum(sizes[groups]) - sizes[groups] / 2) / max(1, sizes[groups].sum())
        part_of_group[groups] = np.searchsorted(np.cumsum(fractions)[:-1], position)
    part_of = part_of_group[group_of]
    parts = [np.flatnonzero(part_of == part) for part in range(len(fractions))]
    return tuple(dataset.take(random.permutation(part)) for part in parts)


def few_shot(dataset, shots, *, seed):
    """`shots` images of each class, drawn at random: a small training set.

    Nested: for one seed, the 5-shot images are among the 10-shot ones.
    ValueError when a class has fewer images.
    """
    counts = np.bincount(dataset.labels, minlength=len(dataset.class_names))
    if not 1 <= shots <= counts.min():
        raise ValueError(f"shots is {shots}: choose from 1 to {counts.min()}, the rarest class.")
    random = np.random.default_rng(seed)
    chosen = [
        random.permutation(np.flatnonzero(dataset.labels == label))[:shots]
        for label in range(len(dataset.class_names))
    ]
    return dataset.take(np.stack(chosen, axis=1).ravel())
