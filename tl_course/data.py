"""Which images, which labels, which split?

Images are RGB uint8 arrays (n, height, width, 3) with values 0 to 255 until they enter a model.
"""

import csv
import unicodedata
from dataclasses import dataclass, replace
from pathlib import Path

import imagehash
import numpy as np
from PIL import Image
from scipy import sparse

UNEVEN = 1.5  # the largest class over the smallest: from here on, classes are weighed
BLOCK = 256  # pictures compared with all others at a time: 41 MB for 20,000


def nfc(name):
    """A class name in Unicode's composed form (NFC), so that equal names are equal strings."""
    return unicodedata.normalize("NFC", name)


@dataclass(frozen=True)
class ImageSet:
    """Images with their labels.

    images: uint8 (n, height, width, 3) RGB in 0..255, or features, float (n, dimensions).
    labels: int64 (n,), an index into class_names. class_names: in the order of the classifier's
    outputs; the same order for training and test set, or every prediction gets the wrong name.
    source: where the pictures come from, such as "groceries", "drawings" or a folder's name.
    """

    images: np.ndarray
    labels: np.ndarray
    class_names: tuple[str, ...]
    source: str = "unknown"

    def __post_init__(self):
        object.__setattr__(self, "class_names", tuple(map(nfc, self.class_names)))

    def __len__(self):
        return len(self.labels)

    @property
    def names(self):
        """The class of each image in words, a list of n strings."""
        return [self.class_names[label] for label in self.labels]

    def take(self, indices):
        """The ImageSet of these images, in this order. indices: integers or a boolean mask."""
        return replace(self, images=self.images[indices], labels=self.labels[indices])


def check_labels(dataset, name="the data set"):
    """ValueError for a set without a picture, or with a label that names no class."""
    labels, classes = dataset.labels, len(dataset.class_names)
    if len(labels) == 0:
        raise ValueError(f"{name} holds no picture: expected at least one.")
    if np.min(labels) < 0 or np.max(labels) >= classes:
        got = f"{np.min(labels)} to {np.max(labels)}"
        raise ValueError(f"{name} has labels {got}: expected 0 to {classes - 1}, one a class.")


def load_features(path):
    """(train_set, test_set) of features, from the table that the playground lets you download.

    path: a CSV file with the columns file_name, label, part ("train" or "held-out"), feature_0 and
    so on. ImageSets with classes in alphabetical order. ValueError for another table.
    """
    with open(path, encoding="utf-8", newline="") as file:
        header, *rows = list(csv.reader(file)) or [[]]
    if header[:4] != ["file_name", "label", "part", "feature_0"] or not rows:
        raise ValueError(f"{str(path)!r} begins with {header[:4]}: expected the playground's "
                         f"table of features.")  # fmt: skip
    class_names = tuple(sorted({nfc(row[1]) for row in rows}))
    labels = np.array([class_names.index(nfc(row[1])) for row in rows], dtype=np.int64)
    features = np.array([row[3:] for row in rows], dtype=np.float32)
    every = ImageSet(features, labels, class_names, source=Path(path).name)
    held_out = np.array([row[2] == "held-out" for row in rows])
    return every.take(~held_out), every.take(held_out)


# ---------------------------------------------------------------- splitting


def class_weights(counts):
    """How much a picture of each class shall count, float (classes,), so that all classes do alike.

    counts: pictures of each class to train, int (classes,). On average a picture counts once. None
    where the largest class has less than UNEVEN times the pictures of the smallest.
    """
    counts = np.maximum(counts, 1)
    if max(counts) < UNEVEN * min(counts):
        return None
    return sum(counts) / (len(counts) * counts)


def near_duplicates(images_a, images_b=None, *, max_distance=6):
    """Pairs of nearly the same picture, nearest first: list of (i, j, distance in bits of 64).

    Images: uint8 (n, height, width, 3). One set: pairs i < j; two sets: i in a, j in b. Compares
    perceptual hashes (imagehash.phash): the signs of 64 low cosine frequencies of the grey picture.
    6 is measured: of 693 grocery photographs over 99 % are found after resizing, JPEG at quality 30
    or 30 % more or less light, and none of the 239,778 pairs of different ones (nearest: 10).
    It misses mirrored copies and crops of 5 %, and takes any two flat pictures for the same.
    """
    hashes_a = _hashes(images_a)
    hashes_b = hashes_a if images_b is None else _hashes(images_b)
    found = []
    for one, other, distances in _close(hashes_a, hashes_b, max_distance):
        chosen = np.full(len(one), True) if images_b is not None else one < other
        parts = (part[chosen].tolist() for part in (one, other, distances))
        found += zip(*parts, strict=True)
    return sorted(found, key=lambda pair: pair[2])


def _close(hashes_a, hashes_b, max_distance=6):
    """Close pairs in blocks, all at once would fill the memory: arrays i (rising), j, distances."""
    for start in range(0, len(hashes_a), BLOCK):
        distances = np.bitwise_count(hashes_a[start : start + BLOCK, None] ^ hashes_b)
        i, j = np.nonzero(distances <= max_distance)
        yield start + i, j, distances[i, j]


def twins(dataset):
    """Near-duplicates inside classes and across two: two lists of (i, j), i < j.

    As `near_duplicates`, but each picture is paired with its first twin of either kind only: of
    10,000 frames of one film all pairs would be 50 million.
    """
    hashes, labels, found = _hashes(dataset.images), dataset.labels, (set(), set())
    for one, other, _ in _close(hashes, hashes):
        for pairs, wanted in zip(found, (True, False), strict=True):
            chosen = (one != other) & ((labels[one] == labels[other]) == wanted)
            _, first = np.unique(one[chosen], return_index=True)
            ends = np.sort(np.stack([one[chosen][first], other[chosen][first]], 1), axis=1)
            pairs.update(map(tuple, ends.tolist()))
    return sorted(found[0]), sorted(found[1])


def _hashes(images):
    """The perceptual hash of each image, 64 bits in a number: uint64 (n,)."""
    hashes = [imagehash.phash(Image.fromarray(image)).hash.ravel() for image in images]
    return np.packbits(np.array(hashes, dtype=bool).reshape(-1, 64), axis=1).view("uint64")[:, 0]


def duplicate_groups(images):
    """One number an image, int (n,): the same for near-duplicates, and for theirs."""
    hashes, group, size = _hashes(images), np.arange(len(images)), (len(images), len(images))
    for one, other, _ in _close(hashes, hashes):
        ends = (group[one], group[other])
        graph = sparse.coo_array((np.ones(len(one), "bool"), ends), shape=size)
        group = sparse.csgraph.connected_components(graph, directed=False)[1][group]
    return group


def split(dataset, fractions=(0.6, 0.2, 0.2), *, seed):
    """Disjoint parts of a data set, each with every class in nearly the same proportion.

    fractions: the share of each part; they sum to 1. Near-duplicates (see `near_duplicates`) stay
    on one side: a second shot of the same dish in the test set is not a new dish.
    Returns one ImageSet a fraction. ValueError for other fractions.
    """
    if abs(sum(fractions) - 1) > 1e-6 or min(fractions) <= 0:
        raise ValueError(f"fractions are {fractions}: expected positive numbers that sum to 1.")
    check_labels(dataset)
    random = np.random.default_rng(seed)
    group_of = duplicate_groups(dataset.images)
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
    check_labels(dataset)
    counts = np.bincount(dataset.labels, minlength=len(dataset.class_names))
    if counts.min() == 0:
        empty = dataset.class_names[counts.argmin()]
        raise ValueError(f"Class {empty!r} has no picture: leave it out.")
    if not 1 <= shots <= counts.min():
        raise ValueError(f"shots is {shots}: choose from 1 to {counts.min()}, the rarest class.")
    random = np.random.default_rng(seed)
    chosen = [
        random.permutation(np.flatnonzero(dataset.labels == label))[:shots]
        for label in range(len(dataset.class_names))
    ]
    return dataset.take(np.stack(chosen, axis=1).ravel())
