"""Mistake 8: BatchNormalization layers of the backbone are free, so their statistics drift."""

import keras
from keras import layers

from tests.mistakes import tuning
from tests.mistakes.backbones import WITH_NORMS
from tests.mistakes.rows import right, wrong

LARGE = ("mobilenet_v2", "mobilenet_v3", "efficientnetv2b0", "resnet50v2", "lite0")


def everything_free(world):
    """base.trainable = True, compile, fit: the most usual way."""
    return world.fine_tuning(*tuning.tuned(world, tuning.everything))


def everything_free_before_training(world):
    return world.fine_tuning(tuning.ready(world, tuning.everything))


def last_block_with_its_norms(world):
    return world.fine_tuning(*tuning.tuned(world, tuning.last_block_with_norms))


def last_block_with_its_norms_before_training(world):
    return world.fine_tuning(tuning.ready(world, tuning.last_block_with_norms))


def training_false_is_not_enough(world):
    """The Keras guide's own recipe: backbone(x, training=False), then base.trainable = True."""
    return world.fine_tuning(*tuning.tuned(world, tuning.everything))


def only_the_norms(world):
    """The norms alone are free."""

    def norms(world):
        world.backbone.trainable = True
        for layer in world.backbone.layers:
            layer.trainable = isinstance(layer, layers.BatchNormalization)

    return world.fine_tuning(*tuning.tuned(world, norms))


def norms_frozen_by_a_wrong_name(world):
    """A loop over names that no layer has."""

    def by_name(world):
        world.backbone.trainable = True
        for layer in world.backbone.layers:
            if "batch_norm" in layer.name.lower() and "stem" not in layer.name:
                layer.trainable = False

    return world.fine_tuning(*tuning.tuned(world, by_name))


def norms_frozen_then_thawed(world):
    """The norms were frozen first; base.trainable = True came after."""

    def the_other_order(world):
        for layer in world.backbone.layers:
            if isinstance(layer, layers.BatchNormalization):
                layer.trainable = False
        world.backbone.trainable = True

    return world.fine_tuning(*tuning.tuned(world, the_other_order))


def one_norm_forgotten(world):
    def all_but_one(world):
        tuning.all_but_norms(world)
        norms = [n for n in world.backbone.layers if isinstance(n, layers.BatchNormalization)]
        norms[-1].trainable = True

    return world.fine_tuning(*tuning.tuned(world, all_but_one))


def whole_model_free(world):
    """model.trainable = True, at every depth."""
    model = world.train_head(world.classifier())
    before = world.transfer.snapshot(model)
    model.trainable = True
    world.backbone.trainable = True
    world.compile(model, rate=1e-5)
    world.fit(model)
    return world.fine_tuning(model, before)


FLOAT = {"precision": "float32"}
WRONG = [
    wrong(8, everything_free, worlds=5, backbone=WITH_NORMS),
    wrong(8, everything_free_before_training, worlds=5, backbone=LARGE),
    wrong(8, last_block_with_its_norms, worlds=3, backbone=WITH_NORMS),
    wrong(8, last_block_with_its_norms_before_training, worlds=2, backbone=LARGE[:3]),
    wrong(8, training_false_is_not_enough, worlds=2, backbone=WITH_NORMS,
          way="nested, training=False"),
    wrong(8, only_the_norms, worlds=2, backbone=WITH_NORMS, **FLOAT),
    wrong(8, norms_frozen_by_a_wrong_name, worlds=1, backbone=WITH_NORMS, **FLOAT),
    wrong(8, norms_frozen_then_thawed, worlds=2, backbone=WITH_NORMS, **FLOAT),
    wrong(8, one_norm_forgotten, worlds=2, backbone=WITH_NORMS, **FLOAT),
    wrong(8, whole_model_free, worlds=2, backbone=WITH_NORMS, **FLOAT),
]  # fmt: skip


# ---------------------------------------------------------------- right


def norm_in_the_head(world):
    """The head's own BatchNormalization is to be trained."""
    return world.fine_tuning(*tuning.tuned(world))


def norm_between_backbone_and_pooling(world):
    world.maps()
    steps = [layers.BatchNormalization(), layers.GlobalAveragePooling2D()]
    model = world.classifier([*steps, layers.Dense(3, activation="softmax")])
    world.train_head(model)
    world.choice["labels"], world.num_classes = "integers", 3
    before = world.transfer.snapshot(model)
    tuning.free(world)
    world.compile(model, rate=1e-5, loss="sparse_categorical_crossentropy")
    world.fit(model)
    return world.fine_tuning(model, before)


def own_convolution_between(world):
    world.maps()
    steps = [layers.Conv2D(12, 3, padding="same"), layers.BatchNormalization(), layers.ReLU()]
    steps += [layers.GlobalAveragePooling2D(), layers.Dense(3, activation="softmax")]
    model = world.train_head(world.classifier(steps))
    world.choice["labels"], world.num_classes = "integers", 3
    before = world.transfer.snapshot(model)
    tuning.free(world)
    world.compile(model, rate=1e-5, loss="sparse_categorical_crossentropy")
    world.fit(model)
    return world.fine_tuning(model, before)


def layer_normalization(world):
    """A backbone with LayerNormalization, which holds no statistics, all of it free."""
    pixels = keras.Input((32, 32, 3))
    x = layers.Rescaling(1 / 255)(pixels)
    for number in (1, 2):
        x = layers.Conv2D(8, 3, padding="same", name=f"block_{number}_conv")(x)
        x = layers.LayerNormalization(name=f"block_{number}_norm")(x)
    base = keras.Model(pixels, layers.GlobalAveragePooling2D()(x))
    world._backbone = base
    for weight in base.weights:
        weight.assign(weight.numpy() + 0.1)
    return world.fine_tuning(*tuning.tuned(world, tuning.everything))


RIGHT = [
    right(norm_in_the_head, worlds=3, backbone=WITH_NORMS, hidden="norm"),
    right(norm_between_backbone_and_pooling, worlds=2, backbone=WITH_NORMS),
    right(own_convolution_between, worlds=2, backbone=WITH_NORMS),
    right(layer_normalization, worlds=1, **FLOAT),
]
