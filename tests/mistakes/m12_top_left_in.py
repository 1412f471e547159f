"""Mistake 12: the ImageNet classifier is still on top of the backbone."""

import keras
from keras import layers

from tests.mistakes import backbones
from tests.mistakes.rows import right, wrong
from tests.mistakes.writing import pooling
from tl_course import backbones as course

SIZE = backbones.SIZE


def _mobilenet(top):
    model = keras.applications.MobileNetV2(
        input_shape=(SIZE, SIZE, 3), alpha=0.35, weights=None, include_top=top,
        pooling=None if top else "avg",
    )  # fmt: skip
    backbones.look_pretrained(model)
    model.trainable = False
    return model


def _judged(world, model, num_classes, **options):
    model.compile("adam", "sparse_categorical_crossentropy")
    world.told = False  # each set-up says which network it loaded
    return world.head_phase(model, num_classes, **options)


def mobilenet_with_top(world):
    """include_top=True is the default: a Dense on 1,000 probabilities."""
    base = _mobilenet(True)
    outputs = layers.Dense(3, activation="softmax")(base.output)
    return _judged(world, keras.Model(base.input, outputs), 3)


def mobilenet_with_top_nested(world):
    base = _mobilenet(True)
    model = keras.Sequential([keras.Input((SIZE, SIZE, 3)), base, layers.Dense(3, "softmax")])
    return _judged(world, model, 3)


def mobilenet_with_top_told(world):
    base = _mobilenet(True)
    model = keras.Sequential([base, layers.Dropout(0.2), layers.Dense(3, "softmax")])
    return _judged(world, model, 3, backbone=base)


def mobilenet_with_top_and_hidden(world):
    base = _mobilenet(True)
    pixels = keras.Input((SIZE, SIZE, 3))
    x = layers.Dense(64, activation="relu")(base(pixels))
    return _judged(world, keras.Model(pixels, layers.Dense(3, activation="softmax")(x)), 3)


def nothing_but_the_top(world):
    """The ImageNet classifier as it is, for three classes."""
    base = _mobilenet(True)
    base.trainable = True
    for layer in base.layers[:-1]:
        layer.trainable = False
    return _judged(world, base, 3)


def v3_with_top(world):
    """MobileNetV3's classifier is a convolution."""
    base = keras.applications.MobileNetV3Small(input_shape=(SIZE, SIZE, 3), weights=None)
    backbones.look_pretrained(base)
    base.trainable = False
    outputs = layers.Dense(4, activation="softmax")(base.output)
    return _judged(world, keras.Model(base.input, outputs), 4)


def lite_with_top(world):
    base = course.load_backbone("efficientnet_lite0", image_size=64, include_top=True)
    base.trainable = False
    outputs = layers.Dense(3, activation="softmax")(base.output)
    return _judged(world, keras.Model(base.input, outputs), 3)


def lite_with_top_by_add_head(world):
    base = course.load_backbone("efficientnet_lite0", image_size=64, include_top=True)
    model = world.transfer.add_head(base, 3, seed=0)
    world.transfer.freeze(base)
    return _judged(world, model, 3, backbone=base)


def logits_left_in(world):
    """The top without its softmax (classifier_activation=None)."""
    base = keras.applications.MobileNetV2(
        input_shape=(SIZE, SIZE, 3), alpha=0.35, weights=None, classifier_activation=None
    )
    backbones.look_pretrained(base)
    base.trainable = False
    return _judged(world, keras.Sequential([base, layers.Dense(3, activation="softmax")]), 3)


def own_top(world):
    """Any backbone with 1,000 frozen classes behind it."""
    x = [*pooling(world.backbone), layers.Dense(1000, activation="softmax", name="predictions")]
    model = world.classifier([*x, layers.Dense(3, activation="softmax", name="head")])
    x[-1].kernel.assign(x[-1].kernel + 0.01)
    x[-1].trainable = False
    return world.head_phase(world.compile(model, loss="sparse_categorical_crossentropy"), 3)


WRONG = [
    wrong(12, mobilenet_with_top, worlds=1),
    wrong(12, mobilenet_with_top_nested, worlds=1),
    wrong(12, mobilenet_with_top_told, worlds=1),
    wrong(12, mobilenet_with_top_and_hidden, worlds=1),
    wrong((12, 11), nothing_but_the_top, worlds=1),
    wrong(12, v3_with_top, worlds=1),
    wrong(12, lite_with_top, worlds=1),
    wrong(12, lite_with_top_by_add_head, worlds=1),
    wrong(12, logits_left_in, worlds=1),
    wrong((12, 4), own_top, worlds=2),
]


# ---------------------------------------------------------------- right


def without_top(world):
    base = _mobilenet(False)
    outputs = layers.Dense(3, activation="softmax")(base.output)
    return _judged(world, keras.Model(base.input, outputs), 3)


def wide_hidden_layer(world):
    """A hidden layer of 1,000, which has nothing to do with ImageNet."""
    steps = [*pooling(world.backbone), layers.Dense(1000, activation="relu")]
    model = world.classifier([*steps, layers.Dense(3, activation="softmax")])
    return world.head_phase(world.compile(model, loss="sparse_categorical_crossentropy"), 3)


def wide_hidden_layer_then_norm(world):
    steps = [*pooling(world.backbone), layers.Dense(1000), layers.BatchNormalization()]
    steps += [layers.ReLU(), layers.Dense(3, activation="softmax")]
    model = world.classifier(steps)
    return world.head_phase(world.compile(model, loss="sparse_categorical_crossentropy"), 3)


def a_thousand_kinds(world):
    """A thousand classes of one's own."""
    steps = [*pooling(world.backbone), layers.Dense(1000, activation="softmax")]
    model = world.classifier(steps)
    return world.head_phase(world.compile(model, loss="sparse_categorical_crossentropy"), 1000)


def head_named_predictions(world):
    """The name that ImageNet's classifier has, for three classes."""
    steps = [*pooling(world.backbone), layers.Dense(3, activation="softmax", name="predictions")]
    model = world.classifier(steps)
    return world.head_phase(world.compile(model, loss="sparse_categorical_crossentropy"), 3)


def cut_below_the_top(world):
    """include_top=True, and the student took the layer before the classifier."""
    base = _mobilenet(True)
    features = keras.Model(base.input, base.layers[-2].output)
    features.trainable = False
    pixels = keras.Input((SIZE, SIZE, 3))
    outputs = layers.Dense(3, activation="softmax")(features(pixels))
    return _judged(world, keras.Model(pixels, outputs), 3, backbone=features)


RIGHT = [
    right(without_top, worlds=1),
    right(wide_hidden_layer, worlds=4),
    right(wide_hidden_layer_then_norm, worlds=2),
    right(a_thousand_kinds, worlds=2),
    right(head_named_predictions, worlds=2),
    right(cut_below_the_top, worlds=1),
]
