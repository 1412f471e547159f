"""Mistake 4: the head is frozen, too, or a part of it."""

import keras
from keras import layers

from tests.mistakes.rows import right, wrong
from tests.mistakes.writing import pooling


def whole_model(world):
    """model.trainable = False."""
    model = world.classifier()
    model.trainable = False
    return world.head_phase(world.compile(model))


def every_layer(world):
    model = world.classifier()
    for layer in model.layers:
        layer.trainable = False
    return world.head_phase(world.compile(model))


def frozen_by_transfer(world):
    """transfer.freeze was given the whole classifier."""
    model = world.classifier()
    world.transfer.freeze(model)
    return world.head_phase(world.compile(model))


def last_layer(world):
    """The layer with the outputs."""
    last = layers.Dense(3, activation="softmax", trainable=False)
    model = world.classifier([*pooling(world.backbone), last])
    return world.head_phase(world.compile(model, loss="sparse_categorical_crossentropy"), 3)


def hidden_layer(world):
    """A hidden layer keeps its random weights."""
    hidden = layers.Dense(32, activation="relu", trainable=False)
    steps = [*pooling(world.backbone), hidden, layers.Dense(3, activation="softmax")]
    model = world.compile(world.classifier(steps), loss="sparse_categorical_crossentropy")
    return world.head_phase(model, 3)


def all_but_the_last(world):
    """Every layer but the last: a head of two layers, the first of them frozen."""
    hidden = layers.Dense(24, activation="relu", name="hidden")
    model = world.classifier(
        [*pooling(world.backbone), hidden, layers.Dropout(0.2), layers.Dense(3, "softmax")]
    )
    for layer in model.layers[:-1]:
        layer.trainable = False
    return world.head_phase(world.compile(model, loss="sparse_categorical_crossentropy"), 3)


def own_convolution(world):
    """A new convolution between backbone and pooling keeps its random weights."""
    world.maps()
    steps = [layers.Conv2D(16, 3, padding="same", trainable=False)]
    steps += [layers.GlobalAveragePooling2D(), layers.Dense(3, activation="softmax")]
    model = world.compile(world.classifier(steps), loss="sparse_categorical_crossentropy")
    return world.head_phase(model, 3)


def added_to_the_backbone(world):
    """The head was made a part of what is then frozen."""
    steps = [*pooling(world.backbone), layers.Dense(3, activation="softmax")]
    base = keras.Sequential([world.backbone, *steps], name="backbone_and_head")
    base.trainable = False
    model = keras.Sequential([keras.Input(world.backbone.input_shape[1:]), base])
    model.compile("adam", "sparse_categorical_crossentropy")
    return world.head_phase(model, 3)


def frozen_and_trained(world):
    """Trained for an epoch: nothing moved, and nothing was said."""
    model = world.classifier()
    model.trainable = False
    world.compile(model)
    world.fit(model)
    return world.head_phase(model)


def head_model_frozen(world):
    """The head is a model of its own, and frozen."""
    features = keras.Input(world.backbone.output_shape[1:])
    x = layers.Dense(16, activation="relu")(features)
    head = keras.Model(features, layers.Dense(3, activation="softmax")(x), name="head")
    head.trainable = world.backbone.trainable = False
    pixels = keras.Input(world.backbone.input_shape[1:])
    model = keras.Model(pixels, head(world.backbone(pixels)))
    model.compile("adam", "sparse_categorical_crossentropy")
    return world.head_phase(model, 3)


def slice_from_the_wrong_end(world):
    """The backbone learns, the head does not: both are the wrong way round."""
    model = world.classifier(frozen=False)
    model.layers[-1].trainable = False
    return world.head_phase(world.compile(model))


WRONG = [
    wrong(4, whole_model, worlds=8),
    wrong(4, every_layer, worlds=4),
    wrong(4, frozen_by_transfer, worlds=3, way=("flat", "nested", "sequential")),
    wrong(4, last_layer, worlds=3),
    wrong(4, hidden_layer, worlds=4),
    wrong(4, all_but_the_last, worlds=2, way=("flat", "nested", "sequential", "own layer")),
    wrong(4, own_convolution, worlds=2, backbone=("tiny", "mobile", "plain", "mobilenet_v2")),
    wrong(4, added_to_the_backbone, worlds=2),
    wrong(4, frozen_and_trained, worlds=2, backbone=("tiny", "mobile", "plain")),
    wrong(4, head_model_frozen, worlds=2, pooled=True),
    wrong((3, 4), slice_from_the_wrong_end, worlds=2, last="in the Dense",
          way=("flat", "nested", "sequential")),
]  # fmt: skip


# ---------------------------------------------------------------- right


def frozen_norm_in_the_head(world):
    """A layer without weights that is set to False changes nothing."""
    steps = [*pooling(world.backbone), layers.Dropout(0.2, trainable=False)]
    model = world.classifier([*steps, layers.Dense(3, activation="softmax")])
    return world.head_phase(world.compile(model, loss="sparse_categorical_crossentropy"), 3)


def frozen_scaling(world):
    """A Normalization layer before the backbone is not to be trained."""
    pixels = keras.Input(world.backbone.input_shape[1:])
    x = layers.Normalization(mean=[0.0, 0.0, 0.0], variance=[1.0, 1.0, 1.0])(pixels)
    world.backbone.trainable = False
    outputs = layers.Dense(3, activation="softmax")(world.backbone(x))
    model = keras.Model(pixels, outputs)
    model.compile("adam", "sparse_categorical_crossentropy")
    return world.head_phase(model, 3)


def deep_head(world):
    """Three hidden layers, all free."""
    steps = [*pooling(world.backbone), layers.Dense(64, "relu"), layers.BatchNormalization()]
    steps += [layers.Dense(32, "gelu"), layers.Dropout(0.3), layers.Dense(3, "softmax")]
    model = world.compile(world.classifier(steps), loss="sparse_categorical_crossentropy")
    return world.head_phase(model, 3)


def head_model_free(world):
    """The head is a model of its own."""
    features = keras.Input(world.backbone.output_shape[1:])
    head = keras.Model(features, layers.Dense(3, activation="softmax")(features), name="head")
    world.backbone.trainable = False
    pixels = keras.Input(world.backbone.input_shape[1:])
    model = keras.Model(pixels, head(world.backbone(pixels)))
    model.compile("adam", "sparse_categorical_crossentropy")
    return world.head_phase(model, 3)


def cosine_head(world):
    """Prototypes on the unit sphere with a learned scale, in a layer of one's own."""

    class Prototypes(layers.Layer):
        def build(self, shape):
            self.kernel = self.add_weight(shape=(shape[-1], 3), initializer="glorot_uniform")
            self.scale = self.add_weight(shape=(), initializer="ones")

        def call(self, x):
            unit = keras.ops.normalize(x, axis=-1)
            return self.scale * keras.ops.matmul(unit, keras.ops.normalize(self.kernel, axis=0))

    steps = [*pooling(world.backbone), Prototypes(dtype="float32"), layers.Softmax(dtype="float32")]
    model = world.compile(world.classifier(steps), loss="sparse_categorical_crossentropy")
    return world.head_phase(model, 3)


RIGHT = [
    right(frozen_norm_in_the_head),
    right(frozen_scaling, pooled=True),
    right(deep_head, worlds=4),
    right(head_model_free, pooled=True),
    right(cosine_head, worlds=2),
]
