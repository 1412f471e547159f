"""How are features computed, and how does a head learn from them?"""

import functools
from typing import NamedTuple

import numpy as np

from tl_course.commands import _photos_split

BACKBONE = "efficientnet_lite0"
BLOCK = 512  # pictures whose features are computed and kept at a time
DEPTHS = {100: "block_16", 300: "block_14", np.inf: "block_11"}  # below so many to train: from here
FOLDS = 5  # of the pictures to train and validate, each judged by heads that do not know it


class Learned(NamedTuple):
    """A classifier: a backbone's features of every picture, and a head on them."""

    features: np.ndarray  # float (n, dimensions)
    head: list  # kernel (dimensions, classes), bias (classes,)
    tuned: dict | None = None  # {"w0": ...}, weights from a block on; None: as pretrained
    from_block: str | None = None


def probabilities(features, head, temperature=1.0):
    """What a head says of features, float (n, classes)."""
    from scipy import special

    return special.softmax((features @ head[0] + head[1]) / temperature, axis=1)


def features_of(network, images, steps, name, tick):
    """Features of every picture, float (n, dimensions). network: a function that gives it."""
    from tl_course import transfer

    network, blocks = functools.cache(network), []
    for start in range(0, len(images), BLOCK):
        few = np.asarray(images[start : start + BLOCK])
        find = functools.partial(_named, transfer.extract_features, network, few)
        blocks.append(steps.arrays(f"{name}_{start}", find)["x"])
        tick(min(1, (start + BLOCK) / len(images)))
    return np.concatenate(blocks)


def _named(extract, network, few):
    return {"x": extract(network(), few)}


def pretrained(image_size):
    """The pretrained network."""
    from tl_course import backbones

    return backbones.load_backbone(BACKBONE, image_size=image_size)


@functools.cache
def _head_network(dimensions, num_classes):
    from tl_course import transfer
    from tl_course.engine import takeaway

    network = transfer.add_head(takeaway.passing(dimensions), num_classes, seed=0)
    transfer.compile_for_classes(network, learning_rate=1e-3)
    return network


def train_head(features, labels, num_classes, seed):
    """{"first_kernel", "first_bias", "kernel", "bias"}: a head after step (a), and as long again.

    As long as fine-tuning takes, at its rates, so that the race between the two is fair.
    """
    from tl_course import data, transfer
    from tl_course.engine import resumable

    network, found = _head_network(features.shape[1], num_classes), {}
    head = network.get_layer("head")
    head.set_weights([np.zeros_like(weight) for weight in head.get_weights()])
    weights = data.class_weights(np.bincount(labels, minlength=num_classes))
    for step, name in (("head", "first_"), ("fine-tune", "")):
        plan = transfer.schedule(len(labels), num_classes, step=step)
        transfer.reset_optimizer(network, learning_rate=plan.learning_rate)
        resumable.train(network, features, labels, plan, seed=seed, weights=weights)
        found |= dict(zip((f"{name}kernel", f"{name}bias"), head.get_weights(), strict=True))
    return found


def out_of_fold(album, features, steps, seed, tick):
    """(places, probabilities) of the pictures to train and validate, each from a head without it.

    Nobody is asked about a picture that it has learned from, nor about its twins.
    """
    places = album.places("train", "val")
    labels, classes = album.labels[places], len(album.class_names)
    fold = _photos_split.folds(labels, album.groups[places], FOLDS, seed)
    found = np.empty((len(places), classes))

    def ask(held_out):
        known = places[fold != held_out]
        head = train_head(features[known], album.labels[known], classes, seed)
        asked = features[places[fold == held_out]]
        return {"p": probabilities(asked, [head["kernel"], head["bias"]])}

    for k in range(fold.max() + 1):
        found[fold == k] = steps.arrays(f"fold_{k}", functools.partial(ask, k))["p"]
        tick((k + 1) / (fold.max() + 1))
    return places, found
