"""The data sets of a study, by name: a pool to learn from, and pictures that judge."""

import functools

from tl_course import data, look_alikes, photographs

DATASETS = ("groceries", "cartons", "blood_cells", "digits", "drawings")
DRAWN = {"pool": (100, 0), "val": (100, 500_000), "test": (100, 600_000)}  # (a class, seed)


def load(name, *, split, image_size):
    """(the pool to learn from, the pictures that judge), ImageSets. split: "val" or "test".

    val: each set's own, of blood cells a part of the pool.
    """
    if name == "drawings":
        parts = (DRAWN["pool"], DRAWN[split])
        return tuple(look_alikes.draw(n, image_size=image_size, seed=seed) for n, seed in parts)
    read = functools.partial(photographs.load_dataset, name, image_size=image_size)
    if (name, split) == ("blood_cells", "val"):
        return data.split(read(split="train"), (0.8, 0.2), seed=0)
    return read(split="train"), read(split=split)
