"""What pictures and labels are in this, however a student holds them?

Sets of any kind: arrays, pairs of them, ImageSets, tf.data batched or not, with dictionaries or
without end, Keras's and PyTorch's loaders, generators. What cannot be read raises Unclear.
"""

import numbers

import numpy as np
from PIL import Image

PICTURES = ("image", "images", "pixels", "pixel_values", "x", "input", "inputs")
LABELS = ("label", "labels", "target", "targets", "class", "y")
MOST = 1_000  # pictures that a check reads of one set: what has no end must have one here
SMALL = 64  # pixels: enough to know a picture again


class Unclear(ValueError):
    """One sentence: what was received, and what to pass."""


def batches(part, name):
    """(pictures (m, height, width, c), labels or None) one batch after the other."""
    if hasattr(part, "images") and hasattr(part, "labels") and not hasattr(part, "__getitem__"):
        yield np.asarray(part.images), np.asarray(part.labels)
    elif isinstance(part, dict | np.ndarray) or _is_pair(part) or hasattr(part, "shape"):
        yield _one(part, name)
    elif isinstance(part, str | bytes | numbers.Number) or not _can_be_read(part):
        kind = f"{type(part).__name__} {part!r}"[:60]
        raise Unclear(f"got the {kind} as {name}: pass an ImageSet, arrays or a tf.data.Dataset.")
    elif hasattr(part, "__getitem__") and hasattr(part, "__len__"):  # iterating one may never end
        for index in range(len(part)):
            yield _one(part[index], name)
    else:
        for batch in part:
            yield _one(batch, name)


def _can_be_read(part):
    return hasattr(part, "__iter__") or (hasattr(part, "__getitem__") and hasattr(part, "__len__"))


def _is_pair(part):
    """(pictures, labels), and not a list of pictures or of batches?"""
    if not isinstance(part, tuple | list) or len(part) != 2:
        return False
    pictures, labels = map(_array, part)
    is_long = pictures.ndim in (2, 4) and len(pictures) == len(np.atleast_1d(labels))
    return is_long and labels.ndim in (1, 2) and labels.ndim < 3


def _array(values):
    if hasattr(values, "detach"):  # PyTorch's
        values = values.detach().cpu()
    try:
        return np.asarray(values)
    except ValueError:  # a list of arrays of several shapes
        return np.empty((0, 0, 0))


def _one(batch, name):
    """One batch, or one picture with its label, as arrays."""
    if isinstance(batch, dict):
        batch = [_by_key(batch, PICTURES), _by_key(batch, LABELS)]
    pictures, labels = (*batch, None)[:2] if isinstance(batch, tuple | list) else (batch, None)
    if isinstance(pictures, dict):
        pictures = _by_key(pictures, PICTURES)
    pictures = _array(pictures)
    labels = None if labels is None else _array(labels)
    if pictures.ndim == 3 and (labels is None or labels.ndim == 0 or pictures.shape[-1] <= 4):
        pictures, labels = pictures[None], None if labels is None else labels[None]
    if pictures.dtype.kind not in "uifb" or pictures.ndim not in (2, 4):
        shape = f"an array of shape {pictures.shape} and type {pictures.dtype}"
        raise Unclear(f"{name} holds {shape}: expected pictures (n, height, width, 3).")
    return pictures, labels


def _by_key(batch, keys):
    return next((batch[key] for key in keys if key in batch), None)


def pictures(part, name, *, most=MOST, small=False):
    """(pictures (n, height, width, c), labels (n,) or None) of at most `most` pictures.

    small: shrunk to uint8 of at most SMALL pixels a side, so that many fit into memory.
    """
    images, labels, count = [], [], 0
    for some, of_them in batches(part, name):
        some = some[: most - count]
        images.append(shrunk(some) if small and some.ndim == 4 else some)
        labels.append(None if of_them is None else of_them[: most - count])
        count += len(some)
        if count >= most:
            break
    if not count:
        raise Unclear(f"{name} holds no picture: expected at least one.")
    if len({one.shape[1:] for one in images}) > 1:
        raise Unclear(f"the pictures of {name} differ in size: give them all alike.")
    known = all(one is not None for one in labels)
    return np.concatenate(images), np.concatenate(labels) if known else None


def shrunk(images):
    """uint8 (n, height, width, 3) of at most SMALL pixels a side, whatever the scale was."""
    low, high = float(np.min(images)), float(np.max(images))
    if images.dtype != np.uint8:
        images = np.asarray(images, dtype="float32")
        scale, shift = (127.5, 1) if low < 0 and high <= 1 else (255 if high <= 1 else 1, 0)
        images = (images + shift) * scale
        images = images.clip(0, 255).round().astype(np.uint8)
    images = np.repeat(images, 3, axis=-1) if images.shape[-1] == 1 else images[..., :3]
    if max(images.shape[1:3]) <= SMALL:
        return images
    sizes = (SMALL, SMALL)
    return np.stack([np.asarray(Image.fromarray(one).resize(sizes)) for one in images])


def two_passes(part, name, *, most):
    """The pictures of two passes; of what can be gone through only once, the next ones."""
    first = pictures(part, name, most=most)[0]
    try:
        return first, pictures(part, name, most=most)[0]
    except Unclear:
        raise Unclear(
            f"{name} gives its pictures only once: pass what can be gone through again, such as a "
            "tf.data.Dataset."
        ) from None


def numbers_of(labels, class_names=None):
    """Labels in any form as integers (n,): numbers, a column, one-hot, floats, words."""
    labels = _array(labels)
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim == 2:
        if labels.dtype.kind in "uifb" and np.all(np.sort(labels)[:, -2:] == [0, 1]):
            return labels.argmax(axis=1)
        raise Unclear("some rows of the labels are not one 1 among 0: give each picture one label.")
    if labels.ndim != 1 or not len(labels):
        raise Unclear(f"got labels of shape {labels.shape}: expected one a picture.")
    if labels.dtype.kind in "USO":
        known = list(class_names if class_names is not None else np.unique(labels.astype(str)))
        return np.array([known.index(str(word)) for word in labels])
    if labels.dtype.kind == "f" and not np.allclose(labels, np.rint(labels)):
        raise Unclear("some labels are no whole numbers: give the index of a class, or its name.")
    return np.rint(labels).astype("int64")


def has_cache(part):
    """Does a tf.data pipeline keep what it made? None: it is no such pipeline."""
    if not hasattr(part, "_variant_tensor"):
        return None
    import tensorflow as tf

    graph = tf.raw_ops.DatasetToGraphV2(input_dataset=part._variant_tensor)
    return b"CacheDataset" in graph.numpy()
