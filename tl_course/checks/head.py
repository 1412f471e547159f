"""Is this classifier ready to train its new head, and nothing else?"""

import numpy as np
from keras import layers

from tl_course import anatomy, records
from tl_course.checks import common
from tl_course.engine import measure

NO_ACTIVATION = (layers.Dropout, layers.Dense, layers.Flatten, layers.Softmax)


UNFIT = {  # (what the model gives, what the loss takes it for): what is wrong with it
    ("softmax", "logits"): "softmax in the model, and again in the loss by from_logits=True",
    ("sigmoid", "logits"): "sigmoid in the model, and again in the loss by from_logits=True",
    ("sigmoid", "probabilities"): "sigmoid gives no probabilities that sum to 1, as the loss asks",
    ("logits", "probabilities"): "no softmax in the model, and none in the loss",
    ("logits", "one each"): "no sigmoid in the model, and none in the loss",
}


@common.never_raises
def head_phase(model, num_classes, *, backbone=None, expect=None):
    """Mistakes 3, 4, 10, 11, 12, 13: a classifier that is ready to train its new head.

    model: any keras.Model, or the head alone. num_classes: how many, or their names. backbone: the
    network that you loaded; without it the check says less. expect: what the exercise asks for, of
    {"labels": "numbers" or "one-hot", "trained": True}. Mistake 10 asks the compiled loss.
    """
    if model is None:
        return None
    num_classes = len(num_classes) if hasattr(num_classes, "__len__") else int(num_classes)
    body, head = common.parts(model, backbone)
    noise = common.noise(model, backbone)
    outputs, steps = measure.run(model, noise, [*body, *head])
    among = body if backbone is not None else [*body, *head]
    top = _imagenet_top(steps, among) if num_classes != 1000 else None
    found = [records.finding(12)] if top else _number_of_outputs(outputs.shape[-1], num_classes)
    found += _who_may_move(model, backbone, body, [one for one in head if one is not top], noise)
    found += _softmax(model, steps, noise, outputs.shape[-1])
    found += _flattened(steps, head) if outputs.ndim == 2 else [_not_pooled(outputs)]
    done = {"labels": measure.takes_labels(model, outputs.shape[-1]),
            "trained": not anatomy.is_untrained(head)}  # fmt: skip
    return common.in_order(found) or common.asked(expect, done)


def _who_may_move(model, backbone, body, head, noise):
    """Mistakes 3 and 4: all of the head may move, and nothing else."""
    may_move = anatomy.may_move(model)
    is_flat = backbone is None and anatomy.find_backbone(model) is None
    free = [layer for layer in body if may_move(layer)]
    free = free if not is_flat else _surely_borrowed(free, body)
    weights = [weight for layer in free for weight in layer.trainable_weights]
    new = [layer for layer in head if anatomy.kernels([layer])]
    frozen = [layer for layer in new if not may_move(layer)]
    found = []
    if weights and measure.reached(model, weights, noise):
        case = f"({len(free)} of its layers may move, as {free[0].name!r}.)"
        found.append(records.finding(3, case))
    if frozen:
        case = f"({frozen[0].name!r} is.)" if len(frozen) < len(new) or free else ""
        found.append(records.finding(4, case))
    return found


def _surely_borrowed(free, body):
    """In a flat model a new convolution behind a frozen backbone cannot be told from its last one.

    So of the layers behind all frozen ones, only those count whose name is that of a block.
    """
    fixed = [i for i, layer in enumerate(body) if layer.weights and layer not in free]
    behind = body[max(fixed) + 1 :] if fixed else []
    return [one for one in free if one not in behind or anatomy.BLOCK_NAME.match(one.name)]


def _softmax(model, steps, noise, outputs):
    """Mistake 10: softmax must be applied once, in the model or else in the loss."""
    last = measure.last_of(steps, outputs)
    gives = measure.answers(model, last, noise) if last is not None else None
    takes = measure.loss_takes(model, outputs) if model.compiled else None
    case = UNFIT.get((gives, takes))
    if outputs == 1 and (gives, takes) == ("sigmoid", "probabilities"):
        case = None
    if gives and gives.endswith("twice"):
        case = f"{gives} in the model"
    if gives == "always 1":
        case = "softmax of a single output is always 1"
    if outputs == 1 and takes == "nothing":
        case = "the loss is the same whatever the one output says"
    return [records.finding(10, f"({case[0].upper()}{case[1:]}.)")] if case else []


def _number_of_outputs(outputs, num_classes):
    if outputs == num_classes or (outputs, num_classes) == (1, 2):
        return []
    return [records.finding(11, f"({outputs} outputs, {num_classes} classes.)")]


def _imagenet_top(steps, among):
    """The layer among these that gives ImageNet's 1,000 classes, or None."""
    for step, after in zip(steps, [*steps[1:], None], strict=True):
        is_wide = step.gave[-1:] == (1000,) and np.prod(step.gave[1:]) == 1000
        is_wide = is_wide and anatomy.kernels([step.layer])
        name = getattr(getattr(step.layer, "activation", None), "__name__", "linear")
        is_hidden = name not in ("softmax", "linear") or (
            name == "linear" and after and not isinstance(after.layer, NO_ACTIVATION)
        )
        if is_wide and step.layer in among and not is_hidden:
            return step.layer
    return None


def _not_pooled(outputs):
    """Mistake 13 where nothing pools at all: an answer for each place of the picture."""
    cause = f"Nothing pools: the model gives {outputs.shape[1:]} numbers for one picture."
    return records.finding(13, cause=cause)


def _flattened(steps, head):
    """Mistake 13: does each place of the feature map enter the head's first dense layer?"""
    shape = (0, 0, 0, 0)
    for step in steps:
        if step.layer in head and len(step.got) == 2 and anatomy.kernels([step.layer]):
            entering, places = step.got[-1], int(np.prod(shape[1:3]))
            if places > 1 and entering == places * shape[3]:
                return [records.finding(13, f"({entering:,} numbers a picture enter the head.)")]
            return []
        shape = step.gave if len(step.gave) == 4 else shape
    return []
