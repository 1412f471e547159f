"""The data sets of a study, by name: a pool to learn from, and pictures that judge."""

import functools

import numpy as np
from PIL import Image

from tl_course import data, look_alikes, photographs

DATASETS = ("groceries", "cartons", "blood_cells", "digits", "drawings")
DRAWN = {"pool": (100, 0), "val": (100, 500_000), "test": (100, 600_000)}  # (a class, seed)
DIGITS = {"pool": slice(1000), "val": slice(1000, 1400), "test": slice(1400, None)}


def load(name, *, split, image_size):
    """(the pool to learn from, the pictures that judge), ImageSets. split: "val" or "test".

    val: groceries' and cartons' own, of blood cells a part of the pool. Digits, scikit-learn's,
    are cut in the order of their file: shuffled, a writer's next digit would judge.
    """
    if name == "drawings":
        parts = (DRAWN["pool"], DRAWN[split])
        return tuple(look_alikes.draw(n, image_size=image_size, seed=seed) for n, seed in parts)
    if name == "digits":
        from sklearn.datasets import load_digits

        found, size = load_digits(), (image_size, image_size)
        grey = [Image.fromarray(np.uint8(one * 255 / 16)).resize(size) for one in found.images]
        rgb = np.repeat(np.stack(grey)[..., None], 3, axis=3)
        names = tuple(map(str, found.target_names))
        every = data.ImageSet(rgb, found.target.astype("int64"), names, source=name)
        return every.take(DIGITS["pool"]), every.take(DIGITS[split])
    read = functools.partial(photographs.load_dataset, name, image_size=image_size)
    if (name, split) == ("blood_cells", "val"):
        return data.split(read(split="train"), (0.8, 0.2), seed=0)
    return read(split="train"), read(split=split)
