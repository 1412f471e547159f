"""Would more photographs help?"""

import functools
import itertools

import numpy as np

from tl_course.commands import _photos_learning, _photos_split


def curve(album, features, steps, seed, tick):
    """The Comparison of heads that learned from fewer pictures and from more, or None.

    The test is not for asking. None where a class has too few pictures to leave some out.
    """
    from tl_course import data, experiments

    pools, judges = _judges(album, seed)
    counts = [np.bincount(album.labels[pool], minlength=len(album.class_names)) for pool in pools]
    shots = _shots(np.min(counts), np.mean([len(pool) for pool in pools]), len(album.class_names))
    if np.min(counts) < 1 or len(shots) < 2:
        return None
    right = np.empty((1, len(shots), len(pools), len(judges[0])), bool)
    for done, (s, k) in enumerate(itertools.product(range(len(shots)), range(len(pools)))):
        pool = data.ImageSet(pools[k], album.labels[pools[k]], album.class_names)
        few = pools[k][experiments.draw(pool, shots[s], seed=seed + k)]
        ask = functools.partial(_answers, album, features, few, judges[k], seed + k)
        right[0, s, k] = steps.values(f"curve_{shots[s]}_{k}", ask)
        tick((done + 1) / right[0, ..., 0].size)
    seeds, own = tuple(range(len(pools))), np.full(right.shape[:3], np.nan)
    names = (experiments.HEAD,), tuple(shots), seeds
    return experiments.Comparison(*names, right, own, len(album.class_names), "validation")


def _judges(album, seed):
    """(places to learn from, places that judge), _photos_learning.FOLDS times.

    Validation pictures that were given may be of another day, so they judge; else each fold of
    those to train and validate judges what learned from the others.
    """
    if "val" in album.given:
        number = _photos_learning.FOLDS
        return [album.places("train")] * number, [album.places("val")] * number
    random, places = np.random.default_rng(seed), album.places("train", "val")
    labels, groups = album.labels[places], album.groups[places]
    fold = _photos_split.folds(labels, groups, _photos_learning.FOLDS, seed)
    number, most = fold.max() + 1, np.bincount(fold).min()  # as many judges each time
    judges = [random.permutation(places[fold == k])[:most] for k in range(number)]
    return [places[fold != k] for k in range(number)], judges


def _shots(least, pool, classes):
    """Pictures a class to learn from: fewer and more; all of them where classes are uneven."""
    from tl_course import experiments

    shots = sorted({max(1, int(least) // 4), max(1, int(least) // 2), max(1, int(least))})
    return [*shots, experiments.ALL] if pool > 1.2 * least * classes else shots


def _answers(album, features, known, asked, seed):
    """Is the answer to each picture that is asked right, of a head that learned from the known?"""
    classes = len(album.class_names)
    head = _photos_learning.train_head(features[known], album.labels[known], classes, seed)
    said = _photos_learning.probabilities(features[asked], [head["kernel"], head["bias"]])
    return (said.argmax(axis=1) == album.labels[asked]).tolist()
