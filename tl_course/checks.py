"""Did I solve the exercise, and which classic mistake is this?

Each check takes what you made (a model, sets, pipelines, a claim) and returns the classic mistakes
that it finds there: a list of Finding, empty when all is well, or None when there is nothing yet.
`report` prints them. The 22 mistakes and their numbers: docs/classic_mistakes.md.
"""

import os

import keras
import numpy as np
from keras import layers

from tl_course import anatomy, data, records, transfer

PER_CLASS = ("recall", "precision", "f1", "balanced", "per class", "per_class", "confusion",
             "sensitivity", "specificity", "auc")  # fmt: skip


def report(findings):
    """Print what a check found: a sentence and a question for each.

    With TL_COURSE_GRADING set, as nbgrader needs it, anything but an empty list raises an
    AssertionError with the same words.
    """
    words = "\n".join(map(str, findings or ())) or "Well done: no classic mistake found."
    words = "not attempted yet" if findings is None else words
    if os.environ.get("TL_COURSE_GRADING") and findings != []:
        raise AssertionError(words)
    print(words)


# ---------------------------------------------------------------- pixels


def inputs(model, images, *, originals=None, expects=(-1, 1)):
    """Mistakes 1 and 2: what the model's first convolution sees of `images`.

    images: what you pass to the model, (n, height, width, 3), several photographs. originals: the
    same as RGB uint8, in the same order. expects: the range that this network's first convolution
    saw on ImageNet; (-1, 1) for EfficientNet-Lite, MobileNetV2 and ResNet50V2.
    """
    if model is None or images is None:
        return None
    seen = _seen_by_first_convolution(model, np.asarray(images, dtype="float32"))
    low, high = expects
    span, found = high - low, []
    at_the_ends = seen.min() < low + 0.35 * span and seen.max() > high - 0.35 * span
    if not at_the_ends or seen.min() < low - 0.15 * span or seen.max() > high + 0.15 * span:
        found.append(records.finding(
            1, f"(It sees {seen.min():.3g} to {seen.max():.3g} and expects {low:g} to {high:g}.)"
        ))  # fmt: skip
    if originals is not None and _is_swapped(seen, np.asarray(originals, dtype="float32")):
        found.append(records.finding(2))
    return found


def _seen_by_first_convolution(model, images):
    """What enters the first convolution, recorded while the model runs."""
    first = next(layer for layer in anatomy.all_layers(model) if anatomy.is_convolution(layer))
    call, seen = first.call, []

    def record(pixels, *arguments, **options):
        seen.append(np.asarray(pixels))
        return call(pixels, *arguments, **options)

    first.call = record
    try:
        model(images, training=False)
    finally:
        first.call = call
    return seen[0]


def _is_swapped(seen, originals):
    """Do the colours fit better when red and blue change places?"""
    if seen.shape != originals.shape:  # resized or padded: compare the mean colours
        seen, originals = seen.mean(axis=(1, 2)), originals.mean(axis=(1, 2))
    as_they_are, swapped = (
        np.corrcoef(seen.ravel(), pixels.ravel())[0, 1]
        for pixels in (originals, originals[..., ::-1])
    )
    if max(as_they_are, swapped) < 0.5:
        raise ValueError("images and originals differ: give the same pictures in the same order.")
    return swapped > as_they_are + 1e-4


# ---------------------------------------------------------------- step (a): a new head


def head_phase(model, num_classes):
    """Mistakes 3, 4, 10, 11, 12, 13: a classifier that is ready to train its new head.

    model: any built keras.Model, Sequential, functional or nested. Mistake 10 looks at the loss,
    so compile the model first, or call this after training.
    """
    if model is None:
        return None
    body, head = anatomy.backbone_and_head(model)
    may_move = anatomy.may_move(model)
    free = [layer.name for layer in body if may_move(layer)]
    found = []
    if free:
        detail = f"({len(free)} of its layers may move, as {free[0]!r}.)"
        found.append(records.finding(3, detail))
    if not any(may_move(layer) for layer in head):
        found.append(records.finding(4))
    found += _last_activation(model, head)
    return found + _outputs(body, head, num_classes)


def _last_activation(model, head):
    """Mistake 10: softmax must be applied once, in the last layer or else in the loss."""
    last = max((i for i, layer in enumerate(head) if layer.weights), default=0)
    softmax = sum(_is_softmax(layer) for layer in head[last:]) + sum(
        type(operation).__name__ == "Softmax" and not isinstance(operation, layers.Layer)
        for operation in getattr(model, "operations", [])
    )
    loss = getattr(model, "loss", None) if getattr(model, "compiled", False) else None
    name = str(getattr(loss, "name", None) or getattr(loss, "__name__", None) or loss)
    is_categorical = "categorical_crossentropy" in name
    in_loss = bool(getattr(loss, "from_logits", False))
    if softmax > 1 or (is_categorical and softmax + in_loss != 1):
        where = f"({softmax} in the model, {int(in_loss)} in the loss: expected one in all.)"
        return [records.finding(10, where)]
    return []


def _is_softmax(layer):
    activation = getattr(getattr(layer, "activation", None), "__name__", "")
    return isinstance(layer, layers.Softmax) or activation == "softmax"


def _outputs(body, head, num_classes):
    """Mistakes 11 to 13, read from the shapes of the weights."""
    found = []
    with_weights = [layer for layer in [*body, *head] if layer.weights]
    sizes = [(layer, layer.weights[-1].shape[-1]) for layer in with_weights]
    tops = [size for layer, size in sizes if size == 1000 and not _is_hidden(layer)]
    outputs = sizes[-1][1]
    if tops and num_classes != 1000:
        found.append(records.finding(12))
    elif outputs != num_classes and (outputs, num_classes) != (1, 2):
        found.append(records.finding(11, f"({outputs} outputs, {num_classes} classes.)"))
    channels = [layer.weights[0].shape for layer in body if anatomy.is_convolution(layer)][-1:]
    dense = [layer.kernel.shape[0] for layer in head if isinstance(layer, layers.Dense)][:1]
    flat = any(isinstance(layer, layers.Flatten | layers.Reshape) for layer in head)
    if flat and channels and dense and dense[0] > max(channels[0][-2:]):
        found.append(records.finding(13, f"({dense[0]:,} numbers a picture enter the head.)"))
    return found


def _is_hidden(layer):
    """Convolutions of the backbone and hidden layers: anything whose output is cut off at zero."""
    activation = getattr(getattr(layer, "activation", None), "__name__", "")
    return activation not in ("softmax", "linear") or (
        anatomy.is_convolution(layer) and not layer.use_bias
    )


# ---------------------------------------------------------------- step (b): fine-tuning


def fine_tuning(model, before=None):
    """Mistakes 5 to 9 and 19: a model whose last blocks may move, or have moved.

    before: `transfer.snapshot(model)` from before the training. With it the check looks at what
    really moved, and how far; without it, only at what may move, and at the learning rate.
    """
    if model is None:
        return None
    optimizer = getattr(model, "optimizer", None)
    rate, name, steps, skips = 1e-4, "Adam", 1, False
    if optimizer is not None:
        inner = getattr(optimizer, "inner_optimizer", optimizer)  # mixed precision wraps it
        rate = float(keras.ops.convert_to_numpy(inner.learning_rate))  # on several GPUs, too
        name = type(inner).__name__
        steps = int(keras.ops.convert_to_numpy(inner.iterations))
        skips = inner is not optimizer and steps == 0  # until its scale fits: no evidence
    evidence = [] if before is None or skips else _evidence(model, before)
    foreseen = transfer.foresee(model, rate, optimizer=name, before=before)
    if 5 in [found.mistake for found in evidence]:
        untrained = [found for found in foreseen if found.mistake == 9]
        if untrained and steps <= 1 and _began_at_zero(model, before):
            return untrained  # its first step hands no gradient down: nothing else could move
        return evidence[:1]  # what was never compiled tells nothing about the rest
    seen = foreseen + _cut_blocks(model) + evidence
    found = sorted({found.mistake: found for found in seen}.values())
    return found or (None if before is not None and skips else [])


def _began_at_zero(model, before):
    """Was the kernel of the last dense layer all zeros, as `transfer.add_head` makes it?"""
    head = anatomy.backbone_and_head(model)[1]
    kernels = [layer.kernel for layer in head if isinstance(layer, layers.Dense)][-1:]
    return bool(kernels) and not np.any(before[kernels[0].path])


def _cut_blocks(model):
    """Mistake 19: the convolutions of one block either all may move, or none."""
    may_move, flags = anatomy.may_move(model), {}
    for layer in anatomy.convolutions(anatomy.backbone_and_head(model)[0]):
        if match := anatomy.BLOCK_NAME.match(layer.name):
            flags.setdefault(match.group(), set()).add(may_move(layer))
    cut = [block for block, both in flags.items() if len(both) == 2]
    return [records.finding(19, f"(It is {cut[0]!r}.)")] if cut else []


def _evidence(model, before):
    """Mistakes 5 to 8 as the weights tell them: which moved since `before`, and how far."""
    body, _ = anatomy.backbone_and_head(model)
    may_move, moved = anatomy.may_move(model), {True: [], False: []}
    for layer in anatomy.convolutions(body):
        kernels = [weight for weight in layer.weights if len(weight.shape) == 4]
        moved[may_move(layer)] += [_moved_by(kernel, before) for kernel in kernels]
    found, typical = [], np.median(moved[True] or [0.0])
    if typical == 0 or any(moved[False]):
        stayed, strayed = moved[True].count(0), np.count_nonzero(moved[False])
        case = f"({stayed} free kernels stayed, {strayed} frozen ones moved.)"
        nothing_free = "(No convolution of the backbone may move, and none did.)"
        found.append(records.finding(5, case if moved[True] or strayed else nothing_free))
    elif typical < 2e-5:
        found.append(records.finding(7, f"(The kernels moved by {typical:.1e} of their size.)"))
    elif typical > 0.5:
        found.append(records.finding(6, f"(The kernels moved by {typical:.1f} of their size.)"))
    norms = anatomy.norms(body)
    statistics = [weight for n in norms for weight in (n.moving_mean, n.moving_variance)]
    if drifted := [w for w in statistics if _moved_by(w, before)]:
        found.append(records.finding(8, f"({len(drifted)} of {len(statistics)} statistics moved.)"))
    return found


def _moved_by(weight, before):
    """How far a weight moved, relative to its size before."""
    if weight.path not in before:
        raise ValueError(f"`before` has no {weight.path!r}: take transfer.snapshot of this model.")
    old = before[weight.path]
    return float(np.linalg.norm(np.asarray(weight) - old) / (np.linalg.norm(old) + 1e-12))


# ---------------------------------------------------------------- sets and pipelines


def sets(train_set, val_set, test_set):
    """Mistakes 14, 15 and 22: three sets that should share no picture and name classes alike.

    Each an ImageSet, or a pair (images, labels); images (n, height, width, 3), 0..255 or 0..1.
    """
    if train_set is None or val_set is None or test_set is None:
        return None
    found, parts = [], {"training": train_set, "validation": val_set, "test": test_set}
    named = (getattr(part, "class_names", None) for part in parts.values())
    orders = {tuple(map(data.nfc, names)) for names in named if names is not None} - {()}
    if len(orders) > 1:
        found.append(records.finding(22, f"({' and '.join(map(str, sorted(orders)))}.)"))
    images = {name: _as_uint8(part) for name, part in parts.items()}
    same = {image.tobytes() for image in images["test"]}
    if np.mean([image.tobytes() in same for image in images["validation"]]) > 0.5:
        found.append(records.finding(14))
        del images["validation"]
    for a, b in (("training", "validation"), ("training", "test"), ("validation", "test")):
        twins = data.near_duplicates(images[a], images[b]) if {a, b} <= images.keys() else []
        if twins:
            same = sum(np.array_equal(images[a][i], images[b][j]) for i, j, _ in twins)
            pairs = f"{len(twins)} pairs between {a} and {b} set, {same} of the very same picture"
            found.append(records.finding(15, f"({pairs}.)"))
            break
    return found


def _as_uint8(part):
    """The images of a set or a pair, as the uint8 pixels that near_duplicates takes."""
    pixels = np.asarray(part.images if hasattr(part, "images") else part[0])
    if pixels.dtype == np.uint8:
        return pixels
    return (pixels * (255 if pixels.max() <= 1 else 1)).round().astype(np.uint8)


def pipelines(train, val, *, originals):
    """Mistakes 16 to 18: what two passes over a training and a validation pipeline give.

    train, val: batches of images, or of (images, labels), that can be gone through again, such as
    a tf.data.Dataset. originals: all pictures of both before augmentation, (n, height, width, 3),
    of the size that the pipelines give. An augmentation that changes nothing but brightness or
    contrast is not noticed.
    """
    if train is None or val is None:
        return None
    originals = _fingerprints(originals)
    (train_1, train_2), (val_1, val_2) = [(_pass(part), _pass(part)) for part in (train, val)]
    found = []
    val_is_changed = np.mean(_found_in(val_1, originals)) < 0.9
    val_is_stable = np.all(_found_in(val_1, val_2)) and len(val_1) == len(val_2)
    if val_is_changed and not val_is_stable:
        found.append(records.finding(17))
    elif not val_is_changed:
        is_shared = np.any(_found_in(val_1, train_1)) or len(train_1) + len(val_1) > len(originals)
        found += [records.finding(16)] if is_shared or not val_is_stable else []
    is_augmented = np.mean(_found_in(train_1, originals)) < 0.9
    if is_augmented and np.mean(_found_in(train_1, train_2)) > 0.9:
        found.append(records.finding(18))
    return sorted(found)


def _pass(batches):
    """One pass over a pipeline, as fingerprints."""
    images = [batch[0] if isinstance(batch, tuple | list) else batch for batch in batches]
    return _fingerprints(np.concatenate([np.asarray(batch) for batch in images]))


def _fingerprints(images):
    """Every few pixels of each picture, without its scale and its mean colour: float (n, d)."""
    images = np.asarray(images, dtype="float32")
    step = max(1, images.shape[1] // 24)
    grid = images[:, ::step, ::step].reshape(len(images), -1, images.shape[-1])
    grid = grid - grid.mean(axis=1, keepdims=True)
    flat = grid.reshape(len(grid), -1)
    return flat / (np.linalg.norm(flat, axis=1, keepdims=True) + 1e-9)


def _found_in(some, others):
    """For each picture, whether the others hold it, too: bool (n,)."""
    if some.shape[1] != others.shape[1]:
        raise ValueError("The pictures of originals and pipelines differ in size: give both alike.")
    return (some @ others.T).max(axis=1) > 0.999


# ---------------------------------------------------------------- claims


def claim(claim, difference):
    """Mistake 20: what you say of a Difference, against its verdict.

    claim: "a gain", "a loss" or "cannot tell". difference: an evaluation.Difference.
    """
    if claim is None or difference is None:
        return None
    if not hasattr(difference, "verdict"):
        got = type(difference).__name__
        raise ValueError(f"Got a {got} as difference: give an evaluation.Difference.")
    meant = {"gain": "a gain", "loss": "a loss", "not distinguishable": "cannot tell"}
    claim = meant.get(claim, claim)  # the same in other words
    if claim not in meant.values():
        raise ValueError(f"Got the claim {claim!r}: choose from {list(meant.values())}.")
    if claim == difference.verdict:
        return []
    if difference.verdict == "cannot tell":
        return [records.finding(20, f"(It is {difference}.)")]
    sentence = f"The difference is {difference}: its interval leaves out zero."
    return [records.Finding(20, sentence, "On which side of zero does the whole interval lie?")]


def metric(reported, labels):
    """Mistake 21: is accuracy all that is reported, where one class is three times another?

    reported: the names of what you report, or a dict that begins with them. labels: of the test
    set, int (n,) or one-hot (n, classes).
    """
    if reported is None:
        return None
    labels = np.asarray(labels)
    labels = labels.argmax(axis=1) if labels.ndim == 2 else labels
    counts = np.bincount(labels)
    counts = counts[counts > 0]
    named = " ".join(map(str, reported)).lower()
    if counts.max() < 3 * counts.min() or any(word in named for word in PER_CLASS):
        return []
    share = counts.max() / counts.sum()
    return [records.finding(21, f"(Always the same answer would be right on {100 * share:.0f} %.)")]
