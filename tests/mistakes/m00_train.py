"""What `transfer.train` says in time, before it trains: mistakes 3, 4, 6 to 11, 14, 15, 19, 22."""

from dataclasses import replace

import keras
import numpy as np
from keras import layers

from tests.mistakes import pictures, tuning, writing
from tests.mistakes.rows import refused, right, wrong
from tl_course import backbones as course

SMALL = ("tiny", "mobile", "plain")
WITH = {"backbone": SMALL, "precision": "float32", "pooled": True}


def _few(world, seed=0):
    """Twelve drawings with labels of three invented classes."""
    images = pictures.resized(pictures.drawings(6, 64, seed).images, world.size)
    return pictures.as_set(images, ("a", "b", "c"))


def _model(world, *, frozen=True):
    model = world.transfer.add_head(world.backbone, 3, seed=0)
    if frozen:
        world.transfer.freeze(world.backbone)
    return model


def _trained(world):
    return world.train_head(_model(world))


def _with_last(world, *last):
    world.backbone.trainable = False
    return keras.Model(world.backbone.input, writing.chain(world.backbone.output, last))


def everything_free(world):
    """The freeze was forgotten."""
    return world.train(_model(world, frozen=False), _few(world))


def everything_free_own_head(world):
    model = _with_last(world, layers.Dense(3, activation="softmax"))
    world.backbone.trainable = True
    return world.train(model, _few(world))


def everything_frozen(world):
    model = _model(world)
    model.trainable = False
    return world.train(model, _few(world))


def frozen_by_transfer(world):
    model = _model(world)
    world.transfer.freeze(model)
    return world.train(model, _few(world))


def hidden_layer_frozen(world):
    hidden = layers.Dense(16, activation="relu", trainable=False)
    return world.train(_with_last(world, hidden, layers.Dense(3, "softmax")), _few(world))


def softmax_missing(world):
    return world.train(_with_last(world, layers.Dense(3)), _few(world))


def softmax_twice(world):
    last = layers.Dense(3, activation="softmax"), layers.Softmax()
    return world.train(_with_last(world, *last), _few(world))


def four_outputs(world):
    return world.train(_with_last(world, layers.Dense(4, activation="softmax")), _few(world))


def two_outputs(world):
    return world.train(_with_last(world, layers.Dense(2, activation="softmax")), _few(world))


def one_output(world):
    return world.train(_with_last(world, layers.Dense(1, activation="sigmoid")), _few(world))


def rate_too_high(world):
    model = _trained(world)
    world.transfer.unfreeze(world.backbone)
    return world.train(model, _few(world), learning_rate=1e-2)


def rate_of_step_a(world):
    """Step (b) at the head's rate."""
    model = _trained(world)
    tuning.last_block(world)
    return world.train(model, _few(world), learning_rate=1e-3)


def rate_too_high_by_a_schedule(world):
    model = _trained(world)
    world.transfer.unfreeze(world.backbone)
    plan = world.transfer.Schedule(3e-2, steps=4, batch_size=8, final=0.01)
    return world.train(model, _few(world), schedule=plan, learning_rate=None, epochs=None)


def rate_too_low(world):
    model = _trained(world)
    world.transfer.unfreeze(world.backbone)
    return world.train(model, _few(world), learning_rate=1e-9)


def norms_free(world):
    model = _trained(world)
    world.backbone.trainable = True
    return world.train(model, _few(world), learning_rate=1e-5)


def last_norms_free(world):
    model = _trained(world)
    tuning.last_block_with_norms(world)
    return world.train(model, _few(world), learning_rate=1e-5)


def head_untrained(world):
    model = _model(world)
    tuning.last_block(world)
    return world.train(model, _few(world), learning_rate=1e-5)


def block_cut(world):
    model = _trained(world)
    base = world.backbone
    found = [b for b in tuning.blocks(base) if len(tuning.convolutions(base, b)) > 1]
    tuning.from_layer(world, tuning.convolutions(base, found[-1])[1])
    return world.train(model, _few(world), learning_rate=1e-5)


def validation_is_training(world):
    return world.train(_model(world), _few(world), _few(world))


def validation_within_training(world):
    few = _few(world)
    return world.train(_model(world), few, few.take(range(4)))


def other_order(world):
    few = _few(world)
    other = replace(_few(world, seed=9), class_names=few.class_names[::-1])
    return world.train(_model(world), few, other)


BLOCKS = WITH | {"backbone": ("mobile", "plain")}
WRONG = [
    wrong(3, everything_free, worlds=3, **WITH),
    wrong(3, everything_free_own_head, **WITH),
    wrong(4, everything_frozen, worlds=1, **WITH),
    wrong(4, frozen_by_transfer, worlds=1, **WITH),
    wrong(4, hidden_layer_frozen, worlds=1, **WITH),
    wrong(10, softmax_missing, **WITH),
    wrong(10, softmax_twice, worlds=1, **WITH),
    wrong(11, four_outputs, worlds=1, **WITH),
    wrong(11, two_outputs, worlds=1, **WITH),
    wrong(11, one_output, worlds=1, **WITH),
    wrong(6, rate_too_high, **WITH),
    wrong(6, rate_of_step_a, **WITH),
    wrong(6, rate_too_high_by_a_schedule, worlds=1, **WITH),
    wrong(7, rate_too_low, worlds=1, **WITH),
    wrong(8, norms_free, worlds=2, **WITH | {"backbone": ("tiny", "mobile")}),
    wrong(8, last_norms_free, worlds=1, **WITH | {"backbone": ("tiny", "mobile")}),
    wrong(9, head_untrained, **WITH),
    wrong(19, block_cut, **BLOCKS),
    wrong((15, 14, 16), validation_is_training, worlds=1, **WITH),
    wrong((15, 14, 16), validation_within_training, worlds=1, **WITH),
    wrong(22, other_order, worlds=1, **WITH),
]


# ---------------------------------------------------------------- right


def step_a(world):
    return world.train(_model(world), _few(world), _few(world, seed=9))


def step_a_by_the_schedule(world):
    plan = world.transfer.schedule(12, 3, step="head")._replace(steps=6)
    return world.train(_model(world), _few(world), schedule=plan, learning_rate=None, epochs=None)


def step_a_own_head(world):
    last = layers.Dense(16, activation="relu"), layers.Dense(3, activation="softmax")
    return world.train(_with_last(world, *last), _few(world))


def step_b(world):
    model = _trained(world)
    tuning.free(world)
    return world.train(model, _few(world), _few(world, seed=9), learning_rate=1e-4)


def step_b_by_the_schedule(world):
    model = _trained(world)
    tuning.free(world)
    plan = world.transfer.schedule(12, 3, step="fine-tune")._replace(steps=6)
    return world.train(model, _few(world), schedule=plan, learning_rate=None, epochs=None)


def step_b_by_a_keras_schedule(world):
    """A Keras schedule for a rate."""
    model = _trained(world)
    tuning.free(world)
    rates = keras.optimizers.schedules.CosineDecay(1e-4, 10)
    return world.train(model, _few(world), learning_rate=rates)


def step_a_by_a_keras_schedule(world):
    rates = keras.optimizers.schedules.ExponentialDecay(1e-3, 10, 0.9)
    return world.train(_model(world), _few(world), learning_rate=rates)


def one_hot_labels(world):
    few = _few(world)
    return world.train(_model(world), replace(few, labels=np.eye(3)[few.labels]))


def column_labels(world):
    few = _few(world)
    return world.train(_model(world), replace(few, labels=few.labels[:, None]))


def from_scratch(world):
    model = course.small_cnn(3, image_size=32, seed=0)
    return world.train(model, pictures.few(32), learning_rate=1e-3)


def own_network_with_norms_twice(world):
    """From scratch, with BatchNormalization, trained on after a first run."""
    model = keras.Sequential([
        keras.Input((32, 32, 3)), layers.Rescaling(1 / 255), layers.Conv2D(8, 3),
        layers.BatchNormalization(), layers.ReLU(), layers.GlobalAveragePooling2D(),
        layers.Dense(3, activation="softmax"),
    ])  # fmt: skip
    world.transfer.train(model, pictures.few(32), learning_rate=1e-3, epochs=2, seed=0)
    return world.train(model, pictures.few(32), learning_rate=1e-3)


def head_on_features(world):
    """The head alone on features computed once."""
    model = _model(world)
    features = world.transfer.precompute(world.backbone, _few(world))
    return world.train(world.transfer.head_of(model), features)


def with_augmentation(world):
    changes = layers.RandomFlip("horizontal", seed=1)
    return world.train(_model(world), _few(world), augmentation=changes)


def mixed_precision(world):
    return world.train(_model(world), _few(world))


RIGHT = [
    right(step_a, worlds=3, **WITH),
    right(step_a_by_the_schedule, **WITH),
    right(step_a_own_head, **WITH),
    right(step_b, worlds=4, **WITH),
    right(step_b_by_the_schedule, **WITH),
    right(step_b_by_a_keras_schedule, **WITH),
    right(step_a_by_a_keras_schedule, worlds=1, **WITH),
    right(one_hot_labels, **WITH),
    right(column_labels, worlds=1, **WITH),
    right(from_scratch, worlds=1, **WITH),
    right(own_network_with_norms_twice, worlds=1, **WITH),
    right(head_on_features, **WITH),
    right(with_augmentation, worlds=1, **WITH),
    right(mixed_precision, worlds=1, **WITH | {"precision": "mixed_float16"}),
]


# ---------------------------------------------------------------- refused


def no_model(world):
    return world.train("model", pictures.few(32))


def no_set(world):
    return world.train(_model(world), None)


def a_word_for_a_rate(world):
    return world.train(_model(world), _few(world), learning_rate="1e-3")


def neither_rate_nor_schedule(world):
    return world.train(_model(world), _few(world), learning_rate=None, epochs=None)


REFUSED = [
    refused(setup, **WITH)
    for setup in (no_model, no_set, a_word_for_a_rate, neither_rate_nor_schedule)
]
