"""Would letting the backbone move help? Tried where it could be told, kept where it is."""

import functools

import numpy as np

from tl_course.commands import _photos_learning

AT_ONCE = 256  # pictures in memory


def depth_for(num_train):
    """The block to fine-tune from: the more pictures, the more of the network may move."""
    return next(block for most, block in _photos_learning.DEPTHS.items() if num_train < most)


def race(album, learned, first_head, steps, seed, tick):
    """(the Learned that is kept, {what: why}): head against fine-tuned, on validation pictures."""
    from tl_course import evaluation

    val, block = album.places("val"), depth_for(len(album.places("train")))
    right = _right(album, learned.features[val], learned.head)
    found = {"from_block": block, "head": evaluation.accuracy_interval(right)}
    best = evaluation.accuracy_difference(np.full(len(val), True), right)
    if best.verdict != "a gain":  # even if it got every picture right
        why = f"the head errs on {(~right).sum()} of {len(val)} validation pictures: even if " \
              "fine-tuning mended all of them, that could not be told from luck"  # fmt: skip
        return learned, found | {"kept": False, "why": f"not tried: {why}"}
    tuned = steps.arrays("tuned", lambda: fine_tune(album, first_head, block, steps, seed, tick))
    head = [tuned.pop("kernel"), tuned.pop("bias")]
    tuned_right = _right(album, tuned.pop("val"), head)
    difference = evaluation.accuracy_difference(tuned_right, right)
    found |= {"tuned": evaluation.accuracy_interval(tuned_right), "difference": difference}
    kept = difference.verdict == "a gain"
    found |= {"kept": kept, "why": f"fine-tuned minus head on the {len(val)} validation pictures: "
              f"{difference}: {difference.verdict}"}  # fmt: skip
    if not kept:
        return learned, found
    options = {"steps": steps, "name": "tuned_features", "tick": tick}
    backbone = functools.partial(_backbone, album, tuned, block)
    features = _photos_learning.features_of(backbone, album.images, **options)
    return _photos_learning.Learned(features, head, tuned, block), found


def _right(album, features, head):
    """Is the answer to each validation picture right? bool (n,)."""
    said = _photos_learning.probabilities(features, head)
    return said.argmax(axis=1) == album.labels[album.places("val")]


def fine_tune(album, first_head, block, steps, seed, tick):
    """{"w0": weight ...} from the block on, the head, and the features of validation pictures.

    It goes on where a killed run was.
    """
    from tl_course import data, transfer
    from tl_course.engine import resumable

    places = album.places("train")
    backbone = _photos_learning.pretrained(album.images.shape[1])
    model = transfer.add_head(backbone, len(album.class_names), seed=seed)
    model.get_layer("head").set_weights(first_head)
    transfer.freeze(backbone)
    transfer.unfreeze(backbone, from_block=block)
    trunk, top = transfer.split_at(model, block)
    activations = transfer.extract_features(trunk, _blocks(album, places))
    transfer.compile_for_classes(top, learning_rate=1e-3)
    plan = transfer.schedule(len(places), len(album.class_names), step="fine-tune")

    def keep(step, state):
        steps.keep("tuning", state)
        tick(step / plan.steps)

    options = {"seed": seed, "state": steps.kept("tuning"), "keep": keep}
    weights = data.class_weights(album.counts("train"))
    resumable.train(top, activations, album.labels[places], plan, weights=weights, **options)
    kernel, bias = model.get_layer("head").get_weights()
    val = transfer.extract_features(backbone, _blocks(album, album.places("val")))
    named = {f"w{k}": weight for k, weight in enumerate(top.get_weights())}
    return named | {"kernel": kernel, "bias": bias, "val": val}


def _blocks(album, places):
    for start in range(0, len(places), AT_ONCE):
        yield np.asarray(album.images[places[start : start + AT_ONCE]])


def _with_tuned(album, tuned, block):
    """(backbone, classifier) with the weights of a fine-tuning, or as pretrained."""
    from tl_course import transfer

    backbone = _photos_learning.pretrained(album.images.shape[1])
    model = transfer.add_head(backbone, len(album.class_names), seed=0)
    if tuned is not None:
        _, top = transfer.split_at(model, block)
        top.set_weights([tuned[f"w{k}"] for k in range(len(tuned))])
    return backbone, model


def _backbone(album, tuned, block):
    return _with_tuned(album, tuned, block)[0]


def assemble(album, learned, temperature):
    """The classifier as one Keras model, pixels to calibrated probabilities.

    Its head is linear, so that dividing its weights by the temperature is temperature scaling: the
    file needs no second step, wherever it goes.
    """
    _, model = _with_tuned(album, learned.tuned, learned.from_block)
    model.get_layer("head").set_weights([part / temperature for part in learned.head])
    return model
