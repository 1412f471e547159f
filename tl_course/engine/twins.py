"""Is this the same picture again: untouched, mirrored, turned, or otherwise augmented?"""

import numpy as np
from PIL import Image

from tl_course.engine import reading

SAME = 0.999  # correlation of a picture with itself after scaling and rounding
GRID = 24
ANGLES = range(-20, 21, 5)  # degrees: what common augmentations turn by
LIKE = 0.95


def fingerprints(images):
    """Every few pixels of each picture, without its scale and its mean colour: float (n, d)."""
    images = np.asarray(images, dtype="float32")
    step = max(1, images.shape[1] // GRID)
    return _standardized(images[:, ::step, ::step])


def found_in(some, others):
    """For each fingerprint, whether the others hold it, too: bool (n,)."""
    if some.shape[1] != others.shape[1]:
        raise ValueError("the pictures of originals and pipelines differ in size: give both alike.")
    return (some @ others.T).max(axis=1, initial=-1) > SAME


def _standardized(grid):
    """Rows of zero mean a colour and length 1: their products are correlations."""
    grid = grid.reshape(len(grid), -1, grid.shape[-1])
    grid = grid - grid.mean(axis=1, keepdims=True)
    flat = grid.reshape(len(grid), -1)
    return flat / (np.linalg.norm(flat, axis=1, keepdims=True) + 1e-9)


def likeness(some, others):
    """The correlation of each picture with each other one, the best over turns and mirrors.

    some, others: uint8 (n, height, width, 3). Returns float (n, m). Only a disc in the middle
    counts, so that what turning brings in at the borders does not.
    """
    plain, best = _disc(some), None
    for mirrored in (others, others[:, :, ::-1]):
        for angle in ANGLES:
            now = plain @ _disc(mirrored, angle).T
            best = now if best is None else np.maximum(best, now)
    return best


def _disc(images, angle=0):
    """The middle of each picture, turned by so many degrees, standardized."""
    places = np.indices((GRID, GRID)) - (GRID - 1) / 2
    inside = np.hypot(*places) < GRID / 2
    small = [Image.fromarray(one).resize((GRID, GRID), Image.Resampling.BOX) for one in images]
    turned = [one.rotate(angle, Image.Resampling.BILINEAR) if angle else one for one in small]
    return _standardized(np.stack([np.asarray(one)[inside] for one in turned]).astype("float32"))


def turned(some, others):
    """Pairs (i, j) of a picture and the one of the others that it is, turned or mirrored.

    Alike is not enough where all pictures of a kind look alike, as cells do: the one must stand
    out from the runners-up.
    """
    alike = likeness(some, others)
    order = np.argsort(-alike, axis=1)
    rows = np.arange(len(alike))
    best = alike[rows, order[:, 0]]
    rival = alike[rows, order[:, min(4, alike.shape[1] - 1)]]
    sure = (best > LIKE) & (1 - best < 0.25 * (1 - rival))
    return [(int(i), int(order[i, 0])) for i in np.flatnonzero(sure)]


def taken_from(seen, originals, chosen, is_augmented):
    """How many of the pictures seen are one of the chosen originals, bool (n,).

    An augmented one goes to the original that it is most like, where that is beyond doubt.
    """
    if not is_augmented:
        return int(found_in(fingerprints(seen), fingerprints(originals)[chosen]).sum())
    alike = likeness(reading.shrunk(seen[:300]), reading.shrunk(originals))
    ours, others = (alike[:, places].max(axis=1, initial=-1) for places in (chosen, ~chosen))
    sure = int(np.sum((ours > 0.8) & (ours > others + 0.05)))
    return sure if sure >= max(2, 0.03 * len(alike)) else 0
