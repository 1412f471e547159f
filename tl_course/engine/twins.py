"""Is this the same picture again: untouched, mirrored, turned, or otherwise augmented?"""

import itertools

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
    """(as they are, the best over turns and mirrors): correlations, two arrays float (n, m).

    some, others: uint8 (n, height, width, 3). Only a disc in the middle counts, so that what
    turning brings in at the borders does not.
    """
    plain, small = _disc(_small(some), 0), _small(others)
    mirrored = [one.transpose(Image.Transpose.FLIP_LEFT_RIGHT) for one in small]
    as_they_are = plain @ _disc(small, 0).T
    best = np.full_like(as_they_are, -1.0)
    for ones, angle in itertools.product((small, mirrored), ANGLES):
        if angle or ones is mirrored:
            np.maximum(best, plain @ _disc(ones, angle).T, out=best)
    return as_they_are, best


def share_turned(some, others):
    """The share of pictures, 0 to 1, that are one of the others, turned or mirrored."""
    plain, best = (alike.max(axis=1) for alike in likeness(_seen(some), _seen(others)))
    return np.mean((best > 0.9) & (best > plain + 0.03))


def differ(some, others):
    """Are the same pictures in both, but with other values, by light or by noise?"""
    places = (fingerprints(some) @ fingerprints(others).T).argmax(axis=1)
    off = np.abs(np.asarray(some, dtype="float32") - np.asarray(others, dtype="float32")[places])
    return off.mean(axis=(1, 2, 3)).max() > 0.002 * max(1e-6, np.ptp(some))


def _seen(images):
    """A part of them, as uint8: to turn each takes its time."""
    return reading.shrunk(images[:300])


def _small(images):
    size = (GRID, GRID)
    return [Image.fromarray(one).resize(size, Image.Resampling.BOX) for one in images]


def _disc(small, angle):
    """The middle of each small picture, turned by so many degrees, standardized."""
    inside = np.hypot(*(np.indices((GRID, GRID)) - (GRID - 1) / 2)) < GRID / 2
    turned = [one.rotate(angle, Image.Resampling.BILINEAR) if angle else one for one in small]
    return _standardized(np.stack([np.asarray(one) for one in turned])[:, inside].astype("float32"))


def turned(some, others):
    """Pairs (i, j) of a picture and the one of the others that it is, turned or mirrored.

    Alike is not enough where all pictures of a kind look alike, as cells do: the one must stand
    out from the runners-up.
    """
    alike = np.maximum(*likeness(some, others))
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
    alike = np.maximum(*likeness(_seen(seen), reading.shrunk(originals)))
    ours, others = (alike[:, places].max(axis=1, initial=-1) for places in (chosen, ~chosen))
    sure = int(np.sum((ours > 0.8) & (ours > others + 0.05)))
    return sure if sure >= max(2, 0.03 * len(alike)) else 0
