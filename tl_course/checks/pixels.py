"""Does the network see the pixels that it learned to see?"""

import numpy as np

from tl_course import anatomy, records
from tl_course.checks import common
from tl_course.engine import measure, reading

FAMILIES = {  # what a network of keras.applications that scales nothing itself saw on ImageNet
    "vgg": (-124, 151), "resnet50": (-124, 151), "resnet101": (-124, 151),
    "resnet152": (-124, 151), "densenet": (-2.1, 2.6),
}  # fmt: skip
BLUE_FIRST = ("vgg", "resnet50", "resnet101", "resnet152")  # Caffe's order


@common.never_raises
def inputs(model, images, *, originals=None, expects=None, backbone=None):
    """Mistakes 1 and 2: what the backbone's first convolution sees of `images`.

    images: what you pass to the model, (n, height, width, 3); a few of them are looked at.
    originals: the same as RGB, 0..255, in the same order: then dark pictures are told from wrongly
    scaled ones, and colours are compared. expects: the range that the first convolution saw on
    ImageNet; by default what the backbone's own layers make of 0..255, else (-1, 1).
    """
    if model is None or images is None:
        return None
    body, _ = common.parts(model, backbone)
    convolutions = anatomy.convolutions(body)
    if not convolutions:
        raise reading.Unclear("this model holds no convolution: pass the whole model, not its head")
    images, originals = (_few(part, name) for part, name in
                         ((images, "images"), (originals, "originals")))  # fmt: skip
    seen = measure.seen_by(model, convolutions, images.astype("float32"))
    (low, high), blue_first = _expected(model, backbone, convolutions, expects)
    found, originals = [], None if originals is None else _matched(seen, originals)
    if _is_off(seen, originals, low, high):
        case = f"(It sees {seen.min():.3g} to {seen.max():.3g} and expects {low:g} to {high:g}.)"
        found.append(records.finding(1, case))
    if originals is not None and (swapped := _is_swapped(seen, originals)) is not None:
        found += [records.finding(2)] if swapped != blue_first else []
    return found


def _few(part, name):
    """At most 8 pictures, from all over an array, the first ones of anything else."""
    if part is None:
        return None
    if getattr(part, "ndim", 0) == 4 and len(part) > 8:
        part = np.asarray(part)[np.linspace(0, len(part) - 1, 8).astype(int)]
    found, _ = reading.pictures(part, name, most=8)
    if found.ndim != 4:
        raise reading.Unclear(f"{name} are features, (n, d): pass the pictures themselves")
    return found


def _expected(model, backbone, convolutions, expects):
    """((low, high) of what the first convolution saw on ImageNet, whether blue came first)."""
    inner = backbone if backbone is not None else anatomy.find_backbone(model) or model
    name = inner.name.lower()
    family = next((f for f in FAMILIES if name.startswith(f) and "v2" not in name), None)
    if expects is None:
        black, white = measure.ends(inner, convolutions, measure.input_shape(inner, model))
        scales = np.abs(black).max() > 1 or np.abs(white - 255).max() > 1
        own = (round(float(black.min()), 2), round(float(white.max()), 2))
        expects = own if scales else FAMILIES.get(family, (-1, 1))
    return expects, family in BLUE_FIRST


def _is_off(seen, originals, low, high):
    """Is what the convolution sees on another scale than low..high?

    With originals by where their black and white would come to lie. Without, dark pictures must
    pass: only values outside, hardly any spread, or nothing below zero where half of all are.
    """
    span, places = high - low, np.arange(2, 99, 8)
    if originals is not None:
        ours, theirs = (np.percentile(values, places) for values in (seen, originals))
        if np.ptp(theirs) > 5:
            slope, black = np.polyfit(theirs, ours, 1)
            return max(abs(black - low), abs(black + 255 * slope - high)) > 0.2 * span
    least, most = seen.min(), seen.max()
    is_outside = least < low - 0.15 * span or most > high + 0.15 * span
    is_half = low < -0.5 and -1e-3 < least < 0.1 and most < 1 + 1e-3
    return is_outside or most - least < 0.02 * span or is_half


def _matched(seen, originals):
    """The original of each picture that is seen, whatever their order and their sizes."""
    ours, theirs, turned = (_grid(p) for p in (seen, originals, originals[..., ::-1]))
    alike = np.maximum(ours @ theirs.T, ours @ turned.T)
    if np.median(alike.max(axis=1)) < 0.5:
        raise reading.Unclear("images and originals differ: give the same pictures in both")
    return originals[alike.argmax(axis=1)]


def _grid(images):
    """The mean colours of 4 x 4 parts of each picture, without scale and each colour's mean.

    Their products are correlations; a border more or less changes little.
    """
    height, width = (n // 4 for n in images.shape[1:3])
    parts = np.asarray(images, dtype="float64")[:, : 4 * height, : 4 * width]
    parts = parts.reshape(len(images), 4, height, 4, width, -1).mean(axis=(2, 4))
    flat = (parts - parts.mean(axis=(0, 1, 2))).reshape(len(images), -1)
    return flat / (np.linalg.norm(flat, axis=1, keepdims=True) + 1e-9)


def _is_swapped(seen, originals):
    """Do the colours fit better when red and blue change places? None: no colours to tell by."""
    ours = _grid(seen)
    as_they_are, swapped = (
        float(np.sum(ours * _grid(pixels))) for pixels in (originals, originals[..., ::-1])
    )
    return None if abs(swapped - as_they_are) < 1e-4 else swapped > as_they_are
