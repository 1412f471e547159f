"""Do sets share pictures that they should not, and do pipelines augment the right ones?"""

import numpy as np

from tl_course import data, records
from tl_course.checks import common
from tl_course.engine import reading, twins


@common.never_raises
def sets(train_set, val_set, test_set):
    """Mistakes 14, 15 and 22: three sets that should share no picture and name classes alike.

    Each an ImageSet, (images, labels), arrays, a tf.data.Dataset or None; images 0..255 or 0..1.
    Of each the first 1,000 pictures are looked at. Of features, (n, d), only equal ones are found.
    """
    parts = {"training": train_set, "validation": val_set, "test": test_set}
    parts = {name: part for name, part in parts.items() if part is not None}
    if len(parts) < 2:
        return None
    orders = {tuple(map(data.nfc, names)) for names in map(_class_names, parts.values())} - {()}
    case = f"({' and '.join(map(str, sorted(orders)))}.)"
    found = [records.finding(22, case)] if len(orders) > 1 else []
    read = {name: reading.pictures(part, name, small=True)[0] for name, part in parts.items()}
    return common.in_order(found + _twins(read))


def _class_names(part):
    names = getattr(part, "class_names", None)
    if names is None:  # of Keras's directory iterator
        names = getattr(part, "class_indices", ())
    return [str(name) for name in names]


def _twins(read):
    """Mistakes 14 and 15 of the parts that share pictures, as they are, nearly, or turned."""
    found = []
    for a, b in (("validation", "test"), ("training", "validation"), ("training", "test")):
        if not {a, b} <= read.keys():
            continue
        pairs, how = _pairs(read[a], read[b])
        same = sum(np.array_equal(read[a][i], read[b][j]) for i, j in pairs)
        share = len({i for i, _ in pairs}) / len(read[a])
        if a == "validation" and (same or share > 0.5):
            case = f"({share:.0%} of them are, {same} pairs of the very same picture.)"
            found.append(records.finding(14, case))
        elif pairs:
            case = f"{len(pairs)} pairs{how} between {a} and {b} set"
            case = f"({case}, {same} of the very same picture.)"
            found.append(records.finding(15, case))
    numbers = [one.mistake for one in found]
    return found[:1] if 14 not in numbers else found[:2]


def _pairs(some, others):
    """(pairs (i, j) of the same picture, how they were found)."""
    if some.ndim != 4 or others.ndim != 4:
        places = {row.tobytes(): j for j, row in enumerate(others)}
        rows = enumerate(row.tobytes() for row in some)
        return [(i, places[row]) for i, row in rows if row in places], ""
    if near := [(i, j) for i, j, _ in data.near_duplicates(some, others)]:
        return near, ""
    turned = twins.turned(others[:200], some[:500])
    return [(j, i) for i, j in turned if len(turned) > 1], ", mirrored or turned,"


@common.never_raises
def pipelines(train, val, *, originals):
    """Mistakes 16 to 18: what two passes over a training and a validation pipeline give.

    train, val: batches of images, or of (images, labels), that can be gone through again, such as
    a tf.data.Dataset; of what has no end, twice as many pictures as `originals` are read.
    originals: all pictures of both before augmentation, (n, height, width, 3), of the size that
    the pipelines give. An augmentation of brightness or contrast alone is not noticed.
    """
    if train is None or val is None:
        return None
    originals, _ = reading.pictures(originals, "originals")
    both, most = ((train, "train"), (val, "val")), 2 * len(originals)
    of_train, of_val = [reading.two_passes(part, name, most=most) for part, name in both]
    known = twins.fingerprints(originals)
    is_augmented, is_alike = _what_came(of_train, known)
    val_is_changed, val_is_alike = _what_came(of_val, known)
    found = []
    if not val_is_alike:
        found.append(records.finding(17 if val_is_changed else 16))
    elif twins.differ(*of_val) or (
        val_is_changed and twins.share_turned(of_val[0], originals) > 0.3
    ):
        found.append(records.finding(17))
    elif not val_is_changed:
        in_val = twins.found_in(known, twins.fingerprints(of_val[0]))
        again = twins.taken_from(of_train[0], originals, in_val, is_augmented)
        found += _shared(again, int(in_val.sum()))
    if is_augmented and is_alike and not val_is_changed:  # both alike: prepared, not augmented
        found.append(_always_alike(train))
    return common.in_order(found)


def _what_came(passes, known):
    """(are the pictures of two passes others than those known, are they the same in both)."""
    first, second = map(twins.fingerprints, passes)
    is_alike = len(first) == len(second) and np.mean(twins.found_in(first, second)) > 0.9
    return np.mean(twins.found_in(first, known)) < 0.9, is_alike or np.array_equal(*passes)


def _shared(again, of_them):
    """Mistake 16 where the split is the same at every pass, but not the same for both sets."""
    if not again:
        return []
    cause = "Validation pictures are training pictures, too, the same ones at every pass."
    case = f"({again} training pictures come from the {of_them} of the validation set.)"
    question = "Where are the pictures split, and is it one split, with one seed, for both sets?"
    return [records.finding(16, case, cause=cause, question=question)]


def _always_alike(train):
    """Mistake 18: augmented, and the same at each pass; by a cache, or by a seed."""
    if reading.has_cache(train) is not False:
        return records.finding(18)
    cause = "Each pass gives the very same augmented pictures: the same random numbers come again."
    question = "Which seed is set, and does each pass begin with it anew?"
    return records.finding(18, cause=cause, question=question)
