"""Which pictures belong together, and so on one side of a split?"""

import warnings

import numpy as np

from tl_course.commands._photos_folder import ALL

FOLDS = 5  # one fifth to test, one to validate, three to train
TRIES = 20  # shuffles, until every class is in every part


def grouped(images, keys):
    """One number a picture, a list: the same for near-duplicates, for one key, and for theirs."""
    from scipy import sparse

    from tl_course import data

    group = data.duplicate_groups(images)
    if keys is not None:
        _, key = np.unique(keys, return_inverse=True)
        size = group.max() + key.max() + 2
        ends = group, group.max() + 1 + key
        graph = sparse.coo_array((np.ones(len(group)), ends), shape=(size, size))
        group = sparse.csgraph.connected_components(graph, directed=False)[1][group]
    return group.tolist()


def folds(labels, groups, number, seed):
    """Which of `number` parts each picture lies in, int (n,): groups whole, classes in proportion.

    Fewer parts where there are fewer groups, or pictures of a class.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    number = min(number, len(np.unique(groups)), np.bincount(labels).max())
    fold = np.zeros(len(labels), int)
    splitter = StratifiedGroupKFold(number, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a class of fewer pictures than parts
        for k, (_, held_out) in enumerate(splitter.split(labels, labels, groups)):
            fold[held_out] = k
    return fold


def divided(part, labels, groups, seed):
    """The part of each picture, a list: as given; of what is not, three or four fifths train.

    ValueError where the groups do not allow it. A given test set stays as it is.
    """
    part, source = np.array(part, dtype=object), {ALL, "train"}
    wanted = [name for name in ("test", "val") if name not in part]
    places = np.flatnonzero([name in source for name in part])
    labels, groups = labels[places], np.array(groups)[places]
    number = len(np.unique(groups))
    if wanted and number <= len(wanted):
        raise ValueError(f"Groups of photographs (near-duplicates, and what --group-by says): "
                         f"{number}. At least {len(wanted) + 1} are needed: train, "
                         f"{', '.join(wanted)}.")  # fmt: skip
    best, fewest = None, np.inf
    for k in range(TRIES if wanted else 1):
        fold = folds(labels, groups, FOLDS, seed + k) if wanted else np.zeros(len(labels), int)
        names = np.array([*wanted, *["train"] * FOLDS], dtype=object)[fold]
        lacking = _lacking(names, labels)
        if lacking < fewest:
            best, fewest = names, lacking
        if not fewest:
            break
    if absent := set(labels) - set(labels[best == "train"]):
        raise ValueError(f"{len(absent)} classes have all their photographs in one group: take "
                         f"them of 3 or more (persons, days, videos).")  # fmt: skip
    part[places] = best
    return part.tolist()


def _lacking(names, labels):
    """How many times a class is in no picture of a part; in training that counts most."""
    classes = set(labels)
    return sum(
        len(classes - set(labels[names == name])) * (100 if name == "train" else 1)
        for name in set(names)
    )
