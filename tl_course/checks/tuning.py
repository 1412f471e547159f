"""Did fine-tuning move what it should, as far as it should?"""

import numpy as np

from tl_course import anatomy, records, transfer
from tl_course.checks import common
from tl_course.engine import measure, reading

ADAPTIVE = ("Adam", "AdamW", "Nadam", "Adamax", "RMSprop", "Lion")  # a step is at most its rate


@common.never_raises
def fine_tuning(model, before=None, *, backbone=None, expect=None):
    """Mistakes 5 to 9 and 19: a model whose last blocks may move, or have moved.

    before: `transfer.snapshot(model)` from before the training. With it the check looks at what
    really moved, and how far; without it, only at what may move, and at the learning rate.
    backbone: the network that you loaded. expect: of {"blocks": those that should have moved,
    "steps": batches since the last compile}, what the exercise asks for.
    """
    if model is None:
        return None
    body, head = common.parts(model, backbone)
    pace = transfer.pace(getattr(model, "optimizer", None))
    before = None if before is None else _as_snapshot(model, before)
    foreseen = transfer.foresee(
        model, pace.rate, warm_up=pace.climbs, optimizer=pace.name, backbone=backbone,
        before=before or {},  # of a step (b): what is free is meant to be
    )  # fmt: skip
    if before is None or pace.skips:
        found = common.in_order(_if_they_drift(foreseen, model, backbone, body))
        return found or ([] if before is None else None)
    if odd := _moved_otherwise(model, body, head, before, pace):
        return odd
    seen = {7, 8} | ({9} if _was_trained_between(head, before, pace) else set())
    guessed = [one for one in foreseen if one.mistake not in seen]  # the weights tell these
    found = [*guessed, *_how_far(model, body, before, pace)]
    if anatomy.is_pretrained(model, body, backbone):
        found += _drift(anatomy.borrowed_norms(model, body, backbone), before)
    found = common.in_order(found)
    done = {"blocks": _moved_blocks(body, before), "steps": pace.steps}
    return found or common.asked(expect, done)


def _as_snapshot(model, before):
    """A snapshot, or what `get_weights` gives, as {path: array}."""
    if isinstance(before, list | tuple) and len(before) == len(model.weights):
        before = {w.path: np.asarray(b) for w, b in zip(model.weights, before, strict=True)}
    if not isinstance(before, dict):
        got = type(before).__name__
        raise reading.Unclear(f"got a {got} as before: pass transfer.snapshot(model)")
    missing = [weight.path for weight in model.weights if weight.path not in before]
    if missing:
        name = missing[0]
        raise reading.Unclear(f"`before` has no {name!r}: take transfer.snapshot of this model")
    return before


def _if_they_drift(foreseen, model, backbone, body):
    """Without Mistake 8 where the statistics stay although the layers are free."""
    if 8 in [one.mistake for one in foreseen]:
        may_move = anatomy.may_move(model)
        norms = anatomy.borrowed_norms(model, body, backbone)
        free = [norm for norm in norms if may_move(norm)]
        if not measure.drifted(model, free, common.noise(model, backbone)):
            return [one for one in foreseen if one.mistake != 8]
    return foreseen


def _moved_otherwise(model, body, head, before, pace):
    """Mistake 5: what may move should have moved, and nothing else; with the cause that is seen."""
    may_move, far = anatomy.may_move(model), {True: [], False: []}
    for layer in body:
        far[may_move(layer)] += [_moved_by(kernel, before) for kernel in anatomy.kernels([layer])]
    stayed, strayed = far[True].count(0), np.count_nonzero(far[False])
    if far[True] and stayed == len(far[True]) and not strayed:
        if pace.rate < transfer.LOWEST_RATE:
            return [records.finding(7, f"(It is {pace.rate:g}.)")]
        if not any(_moved_by(weight, before) for weight in model.weights):
            return [records.unsure("nothing moved since the snapshot.", "Did you train after it?")]
        if pace.steps <= 1 and _began_at_zero(head, before):
            return [records.finding(9)]  # its first step hands no gradient down
    if not far[True] and not strayed and (drift := _drift(anatomy.norms(body), before)):
        return drift  # nothing else is free
    if not far[True] and not strayed:
        cause = "Nothing was unfrozen: no weight of the backbone may move, and none did."
        question = "Which line sets the last blocks free, and does it come before compile?"
        return [records.finding(5, cause=cause, question=question)]
    if strayed or (stayed and (pace.steps > 1 or stayed == len(far[True]))):
        return [records.finding(5, f"({stayed} free kernels stayed, {strayed} frozen ones moved.)")]
    return []


def _began_at_zero(head, before):
    """Was the head's last kernel all zeros, as `transfer.add_head` makes it?"""
    last = [layer.kernel for layer in head if getattr(layer, "kernel", None) is not None][-1:]
    return bool(last) and not np.any(before[last[0].path])


def _was_trained_between(head, before, pace):
    """Did the head move farther than the steps since the last compile could take it?"""
    farthest = max((np.abs(np.asarray(kernel) - before[kernel.path]).max()
                    for kernel in anatomy.kernels(head)), default=0)  # fmt: skip
    return pace.name in ADAPTIVE and farthest > 3.2 * pace.rate * max(1, pace.steps)


def _how_far(model, body, before, pace):
    """Mistakes 6 and 7 as the weights tell them."""
    may_move = anatomy.may_move(model)
    free = [kernel for layer in body if may_move(layer) for kernel in anatomy.kernels([layer])]
    typical = float(np.median([_moved_by(kernel, before) for kernel in free]))
    found = []
    is_adaptive = pace.name in ADAPTIVE
    is_brisk = is_adaptive and pace.rate >= 1e-6  # then it is the gradients
    if typical < (2e-5 if is_adaptive else 1e-7) and not is_brisk:
        found.append(records.finding(7, f"(The kernels moved by {typical:.1e} of their size.)"))
    elif typical > 0.5:
        found.append(records.finding(6, f"(The kernels moved by {typical:.1f} of their size.)"))
    elif is_adaptive and (step := _mean_step(free, before, pace)) > 1e-3:
        found.append(records.finding(6, f"(A weight moved by {step:.1g} a step.)"))
    return found


def _drift(norms, before):
    """Mistake 8: did statistics of these BatchNormalization layers move?"""
    statistics = [weight for n in norms for weight in (n.moving_mean, n.moving_variance)]
    drifted = [weight for weight in statistics if _moved_by(weight, before)]
    case = f"({len(drifted)} of {len(statistics)} statistics moved.)"
    return [records.finding(8, case)] if drifted else []


def _mean_step(kernels, before, pace):
    """How far the weights moved for each step: an adaptive optimizer's rate is at least that."""
    far = [np.abs(np.asarray(kernel) - before[kernel.path]).mean() for kernel in kernels]
    return float(np.median(far)) / max(1, pace.steps)


def _moved_blocks(body, before):
    """The names of the blocks of which a kernel moved, in order."""
    moved = [one for one in body if any(_moved_by(k, before) for k in anatomy.kernels([one]))]
    names = (anatomy.BLOCK_NAME.match(layer.name) for layer in moved)
    return tuple(dict.fromkeys(match.group() for match in names if match))


def _moved_by(weight, before):
    """How far a weight moved, relative to its size before."""
    old = before[weight.path]
    return float(np.linalg.norm(np.asarray(weight) - old) / (np.linalg.norm(old) + 1e-12))
