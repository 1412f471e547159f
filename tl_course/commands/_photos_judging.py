"""What may be said of the classifier? Chosen on validation pictures, then the test, once."""

from typing import NamedTuple

import numpy as np

from tl_course.commands import _photos_guard, _photos_learning


class Judged(NamedTuple):
    """What the finished classifier says of every picture, and how good that is."""

    raw: np.ndarray  # probabilities before calibration, float (n, classes)
    temperature: float
    guard: _photos_guard.Guard
    probabilities: np.ndarray  # calibrated, float (n, classes)
    knows: np.ndarray  # bool (n,): gets an answer
    test: dict
    validation: object  # the accuracy on pictures that helped to choose, an Estimate


def judge(album, learned, seed):
    """Calibrate and set the limits on validation pictures; then open the test. A Judged."""
    from tl_course import evaluation

    raw = _photos_learning.probabilities(learned.features, learned.head)
    train, val = album.places("train"), album.places("val")
    temperature = _photos_guard.temperature(raw[val], album.labels[val])
    calibrated = _photos_learning.probabilities(learned.features, learned.head, temperature)
    known = _photos_guard.some_known(learned.features[train], album.labels[train], seed)
    far = _photos_guard.distances(learned.features, known)
    own = learned.features[train]
    far[train] = _photos_guard.distances(own, known, but_itself=True)
    guard = _photos_guard.choose(calibrated[val], album.labels[val], far[val], known)
    knows = guard.knows(calibrated, far)
    test = open_test(album, raw, calibrated, knows)
    right = evaluation.accuracy_interval(calibrated[val].argmax(axis=1) == album.labels[val])
    return Judged(raw, temperature, guard, calibrated, knows, test, right)


def open_test(album, raw, calibrated, knows):
    """{what: Estimate, number or matrix} of the test pictures, which nothing before has judged."""
    from tl_course import evaluation

    places = album.places("test")
    labels, said = album.labels[places], calibrated[places].argmax(axis=1)
    right, names = said == labels, album.class_names
    rows = evaluation.per_class(labels, said, names)
    seen = np.isin(album.groups[places], album.groups[album.places("train", "val")])
    answered = knows[places]
    largest = album.counts("train").argmax()
    found = {
        "accuracy": evaluation.accuracy_interval(right),
        "balanced_accuracy": float(np.nanmean([row["recall"].value for row in rows])),
        "always_largest": float(np.mean(labels == largest)),
        "calibration_error_before": evaluation.calibration_error(raw[places], labels),
        "calibration_error": evaluation.calibration_error(calibrated[places], labels),
        "answered": evaluation.accuracy_interval(answered),
        "seen_before": int(seen.sum()), "per_class": rows,
        "confusion": evaluation.confusion_matrix(labels, said, len(names)),
    }  # fmt: skip
    for name, chosen in (("accuracy_answered", answered), ("accuracy_unseen", ~seen)):
        if chosen.any() and not chosen.all():
            found[name] = evaluation.accuracy_interval(right[chosen])
    return found


def confusions(album, judged):
    """[(true, said, places)] of wrong answers to test pictures, the most frequent first."""
    places = album.places("test")
    said, found = judged.probabilities.argmax(axis=1), {}
    for place in places[said[places] != album.labels[places]]:
        found.setdefault((album.labels[place], said[place]), []).append(place)
    names = album.class_names
    pairs = sorted(found.items(), key=lambda item: -len(item[1]))
    return [(names[true], names[other], rows) for (true, other), rows in pairs]
