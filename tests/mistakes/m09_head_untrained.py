"""Mistake 9: the backbone may move although the head has not learned anything yet."""

import numpy as np
from keras import initializers, layers

from tests.mistakes import tuning
from tests.mistakes.backbones import SMALL
from tests.mistakes.rows import right, wrong
from tests.mistakes.writing import pooling


def head_never_trained(world):
    """Straight to step (b), all else right."""
    return world.fine_tuning(*tuning.tuned(world, trained=False))


def head_never_trained_before_training(world):
    return world.fine_tuning(tuning.ready(world, trained=False))


def by_add_head(world):
    """The course's head begins at zero."""
    model = world.transfer.add_head(world.backbone, 3, seed=0)
    return _straight_to_b(world, model)


def _straight_to_b(world, model, *, fit=True):
    world.choice["labels"], world.num_classes = "integers", 3
    before = world.transfer.snapshot(model)
    tuning.free(world)
    world.compile(model, rate=1e-5, loss="sparse_categorical_crossentropy")
    if not fit:
        return world.fine_tuning(model)
    world.fit(model)
    return world.fine_tuning(model, before)


def _ends_with(world, last):
    return world.classifier([*pooling(world.backbone), *last])


def constant_bias(world):
    last = layers.Dense(3, activation="softmax", bias_initializer=initializers.Constant(0.1))
    return _straight_to_b(world, _ends_with(world, [last]))


def bias_of_the_frequencies(world):
    """Begun at the logarithm of how frequent each class is, as TensorFlow's tutorial has it."""
    start = initializers.Constant(np.log([0.7, 0.2, 0.1]))
    last = layers.Dense(3, activation="softmax", bias_initializer=start)
    return _straight_to_b(world, _ends_with(world, [last]), fit=False)


def without_bias(world):
    last = layers.Dense(3, activation="softmax", use_bias=False)
    return _straight_to_b(world, _ends_with(world, [last]))


def without_bias_at_zero(world):
    last = layers.Dense(3, activation="softmax", use_bias=False, kernel_initializer="zeros")
    return _straight_to_b(world, _ends_with(world, [last]), fit=False)


def deep_head(world):
    last = [layers.Dense(32, "relu"), layers.Dropout(0.2), layers.Dense(3, activation="softmax")]
    return _straight_to_b(world, _ends_with(world, last))


def all_at_once(world):
    """One fit for everything, with Adam as it comes: three mistakes, each a right name."""
    model = world.classifier(frozen=False)
    before = world.transfer.snapshot(model)
    world.compile(model, optimizer="adam")
    world.fit(model, epochs=2)
    return world.fine_tuning(model, before)


def new_head_for_new_classes(world):
    """A trained classifier got a new last layer, and all went on together."""
    trained = world.train_head(world.classifier())
    del trained
    last = layers.Dense(3, activation="softmax", name="new_classes")
    return _straight_to_b(world, _ends_with(world, [last]))


FLOAT = {"precision": "float32"}
WRONG = [
    wrong(9, head_never_trained, worlds=5, backbone=SMALL),
    wrong(9, head_never_trained_before_training, worlds=5),
    wrong(9, by_add_head, worlds=3, backbone=SMALL, pooled=True),
    wrong(9, constant_bias, backbone=SMALL, **FLOAT),
    wrong(9, bias_of_the_frequencies, backbone=SMALL, **FLOAT),
    wrong(9, without_bias, backbone=SMALL, **FLOAT),
    wrong(9, without_bias_at_zero, backbone=SMALL, **FLOAT),
    wrong(9, deep_head, worlds=2, backbone=SMALL, **FLOAT),
    wrong((9, 8, 6, 3), all_at_once, worlds=4, backbone=SMALL, **FLOAT),
    wrong(9, new_head_for_new_classes, worlds=1, backbone=SMALL, **FLOAT),
]


# ---------------------------------------------------------------- right


def trained_without_bias(world):
    """A trained head that has no bias."""
    last = layers.Dense(3, activation="softmax", use_bias=False)
    model = world.train_head(_ends_with(world, [last]))
    return _straight_to_b(world, model)


def trained_head_really(world):
    """Step (a) by fit, not by invented weights."""
    model = world.classifier()
    world.compile(model, optimizer="adam", rate=1e-2)
    world.fit(model, epochs=8)
    before = world.transfer.snapshot(model)
    tuning.free(world)
    world.compile(model, rate=1e-5)
    world.fit(model)
    return world.fine_tuning(model, before)


def head_from_logistic_regression(world):
    """The head's weights come from scikit-learn."""
    model = _ends_with(world, [layers.Dense(3, activation="softmax")])
    kernel, bias = model.weights[-2:]
    kernel.assign(np.random.default_rng(3).normal(0, 1.0, kernel.shape))
    bias.assign([0.3, -0.1, -0.2])
    return _straight_to_b(world, model)


RIGHT = [
    right(trained_without_bias, backbone=SMALL, **FLOAT),
    right(trained_head_really, worlds=4, backbone=SMALL, **FLOAT),
    right(head_from_logistic_regression, worlds=2, backbone=SMALL, **FLOAT),
]
