"""What the checks share: they never raise, they sort what they found, they take a model apart."""

import functools

import keras

from tl_course import anatomy, records
from tl_course.engine import measure, reading

WORDS = {  # what an exercise may ask for
    "labels": "a loss for labels as", "trained": "a head that was trained:",
    "blocks": "exactly these blocks to move:", "steps": "so many batches of training:",
}  # fmt: skip


def never_raises(check):
    """The check, for which whatever goes wrong is a Finding in one sentence."""

    @functools.wraps(check)
    def checked(*arguments, **options):
        try:
            return check(*arguments, **options)
        except Exception as error:  # a student's model or pipeline raises what it likes
            reason = str(error).split("\n")[0].strip().rstrip(".") or type(error).__name__
            return [records.unsure(f"{reason}.")]

    return checked


def in_order(findings):
    """One Finding a mistake, by its number; those without one last."""
    once = {(one.mistake, one.mistake or one.sentence): one for one in reversed(findings)}
    return sorted(once.values(), key=lambda one: (one.mistake is None, one.mistake))


def asked(expect, done):
    """What the exercise asked for and was done otherwise, as Findings.

    expect: {what: value}, of what the check knows; ValueError for anything else. done: what is so.
    """
    if strange := set(expect or {}) - set(done):
        raise ValueError(f"expect has {sorted(strange)}: choose from {sorted(done)}")
    return [
        records.Finding(
            None, f"No classic mistake, but the task asked for {WORDS[name]} {wanted}: "
            f"here {'nothing tells' if done[name] is None else f'it is {done[name]}'}.",
            "Which line of yours decides that?",
        )
        for name, wanted in (expect or {}).items() if done[name] != wanted
    ]  # fmt: skip


def parts(model, backbone):
    """(its backbone's layers, the others), of a model that can be run from here on."""
    if not isinstance(model, keras.Model):
        got = f"{type(model).__name__} {model!r}"[:60]
        raise reading.Unclear(f"got the {got} as model: pass a keras.Model")
    if backbone is not None and not isinstance(backbone, keras.Layer):
        kind = type(backbone).__name__
        raise reading.Unclear(f"got a {kind} as backbone: pass the network that you loaded")
    measure.build(model, [backbone, *anatomy.containers(model)])
    return anatomy.backbone_and_head(model, backbone)


def noise(model, backbone):
    """One picture of noise that the model takes."""
    inner = backbone if backbone is not None else anatomy.find_backbone(model)
    return measure.pictures_for(model, measure.input_shape(model, inner))
