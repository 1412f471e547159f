"""How students write: ways to build a classifier, to say softmax, a loss, an optimizer, labels."""

from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops


class Said(NamedTuple):
    """A finding as `transfer.train` says it."""

    mistake: int | None
    sentence: str
    question: str = ""


# ---------------------------------------------------------------- the classifier


def chain(x, steps):
    """Apply layers one after the other."""
    for step in steps:
        x = step(x)
    return x


def flat(world, base, steps):
    """On top of base.output, as transfer.add_head does."""
    return keras.Model(base.input, chain(base.output, steps))


def deeper(world, base):
    """The backbone inside of so many further models, as `nesting` says."""
    for _ in range(world.choice["nesting"]):
        pixels = keras.Input(base.input_shape[1:])
        base = keras.Model(pixels, base(pixels))
    return base


def nested(world, base, steps):
    """The backbone as one layer of a functional model."""
    pixels = keras.Input(base.input_shape[1:])
    return keras.Model(pixels, chain(deeper(world, base)(pixels), steps))


def nested_inference(world, base, steps):
    """As the Keras guide has it, with training=False."""
    pixels = keras.Input(base.input_shape[1:])
    return keras.Model(pixels, chain(deeper(world, base)(pixels, training=False), steps))


def sequential(world, base, steps):
    """A list of layers that begins with the shape of the pixels."""
    return keras.Sequential([keras.Input(base.input_shape[1:]), deeper(world, base), *steps])


def sequential_without_input(world, base, steps):
    """A list of layers that begins with the backbone."""
    return keras.Sequential([deeper(world, base), *steps])


def sequential_added(world, base, steps):
    """Built by model.add, line by line."""
    model = keras.Sequential()
    for step in [deeper(world, base), *steps]:
        model.add(step)
    return model


def augmented_first(world, base, steps):
    """Augmentation as the first layers of the model."""
    pixels = keras.Input(base.input_shape[1:])
    x = layers.RandomFlip("horizontal", seed=1)(pixels)
    x = layers.RandomRotation(0.05, seed=2)(x)
    return keras.Model(pixels, chain(deeper(world, base)(x), steps))


def augmented_sequential(world, base, steps):
    """Augmentation as a model of its own, in a list of layers."""
    changes = keras.Sequential([layers.RandomFlip("horizontal", seed=1), layers.RandomZoom(0.1)])
    steps = [keras.Input(base.input_shape[1:]), changes, deeper(world, base), *steps]
    return keras.Sequential(steps)


def head_as_model(world, base, steps):
    """Backbone and head are two models, joined by a third."""
    features = keras.Input(base.output_shape[1:])
    head = keras.Model(features, chain(features, steps), name="my_head")
    pixels = keras.Input(base.input_shape[1:])
    return keras.Model(pixels, head(deeper(world, base)(pixels)))


class Classifier(keras.Model):
    """A model of one's own class."""

    def __init__(self, base, steps):
        super().__init__()
        self.base, self.steps = base, list(steps)

    def call(self, pixels, training=False):
        return chain(self.base(pixels, training=training), self.steps)


def subclass(world, base, steps):
    """A subclass of keras.Model, called once."""
    return Classifier(deeper(world, base), steps)


class Encoder(layers.Layer):
    """A layer of one's own around the backbone."""

    def __init__(self, base, **options):
        super().__init__(**options)
        self.base = base

    def call(self, pixels):
        return self.base(pixels)


def own_layer(world, base, steps):
    """The backbone in a layer of one's own, in a functional model."""
    pixels = keras.Input(base.input_shape[1:])
    return keras.Model(pixels, chain(Encoder(deeper(world, base))(pixels), steps))


WAYS = {
    "flat": flat, "nested": nested, "nested, training=False": nested_inference,
    "sequential": sequential, "sequential without Input": sequential_without_input,
    "sequential by add": sequential_added, "augmented first": augmented_first,
    "augmented, sequential": augmented_sequential, "head as a model": head_as_model,
    "subclass": subclass, "own layer": own_layer,
}  # fmt: skip


# ---------------------------------------------------------------- its last layer


class OwnSoftmax(layers.Layer):
    """Softmax in a layer of one's own."""

    def call(self, logits):
        return ops.softmax(logits)


SOFTMAX = {  # from the number of classes: the last layers
    "in the Dense": lambda n: [layers.Dense(n, activation="softmax", dtype="float32")],
    "a function": lambda n: [layers.Dense(n, activation=keras.activations.softmax)],
    "tf.nn.softmax": lambda n: [layers.Dense(n, activation=tf.nn.softmax)],
    "Activation": lambda n: [layers.Dense(n), layers.Activation("softmax", dtype="float32")],
    "Softmax": lambda n: [layers.Dense(n, name="logits"), layers.Softmax(dtype="float32")],
    "Lambda": lambda n: [layers.Dense(n), layers.Lambda(lambda x: keras.ops.softmax(x))],
    "ops": lambda n: [layers.Dense(n), ops.softmax],
    "own layer": lambda n: [layers.Dense(n), OwnSoftmax(dtype="float32")],
    "named predictions": lambda n: [layers.Dense(n, activation="softmax", name="predictions")],
}
SIGMOID = {
    "in the Dense": lambda: [layers.Dense(1, activation="sigmoid", dtype="float32")],
    "a function": lambda: [layers.Dense(1, activation=keras.activations.sigmoid)],
    "Activation": lambda: [layers.Dense(1), layers.Activation("sigmoid", dtype="float32")],
    "ops": lambda: [layers.Dense(1), ops.sigmoid],
}
HIDDEN = {
    "none": lambda: [],
    "dense": lambda: [layers.Dense(16, activation="relu")],
    "dropout": lambda: [layers.Dropout(0.2, seed=3)],
    "norm": lambda: [layers.BatchNormalization(), layers.Dense(12, activation="relu")],
}


def outputs(world, num_classes, *, logits):
    """The last layers of a right head: probabilities once, or logits for a loss that wants them."""
    is_binary = world.loss_kind == "binary"
    if logits:
        return [layers.Dense(1 if is_binary else num_classes, dtype="float32")]
    if is_binary:
        return SIGMOID.get(world.choice["last"], SIGMOID["in the Dense"])()
    last = world.choice["last"]
    is_list = "sequential" in world.choice["way"]  # a Sequential takes layers, no functions
    return SOFTMAX["Activation" if is_list and last == "ops" else last](num_classes)


def pooling(base):
    """What pools the backbone's maps, if it does not pool itself."""
    return [layers.GlobalAveragePooling2D()] if len(base.output_shape) == 4 else []


def head(world, num_classes, *, logits=None):
    logits = world.choice["logits"] if logits is None else logits
    hidden = HIDDEN[world.choice["hidden"]]()
    return pooling(world.backbone) + hidden + outputs(world, num_classes, logits=logits)


# ---------------------------------------------------------------- losses, labels


def own_sparse(logits):
    """A function of one's own around the one of Keras."""

    def my_loss(labels, predicted):
        return keras.losses.sparse_categorical_crossentropy(labels, predicted, from_logits=logits)

    return my_loss


def by_hand(logits):
    """Minus the logarithm of the right class's probability, written out."""

    def minus_log_p(labels, predicted):
        predicted = ops.softmax(predicted) if logits else predicted
        classes = predicted.shape[-1]
        picked = ops.one_hot(ops.cast(ops.reshape(labels, (-1,)), "int32"), classes)
        chosen = ops.sum(ops.cast(picked, predicted.dtype) * predicted, axis=-1)
        return -ops.log(chosen + 1e-7)

    return minus_log_p


def by_name(name, kind):
    """The loss as a string; an object where it has to be told of logits."""

    def loss(logits):
        return kind(from_logits=True) if logits else name

    return loss


LOSSES = {  # from whether the outputs are logits: a loss; see `fitting_loss` for the labels
    "string": by_name(
        "sparse_categorical_crossentropy", keras.losses.SparseCategoricalCrossentropy
    ),
    "object": lambda logits: keras.losses.SparseCategoricalCrossentropy(from_logits=logits),
    "own function": own_sparse,
    "by hand": by_hand,
    "one-hot string": by_name("categorical_crossentropy", keras.losses.CategoricalCrossentropy),
    "one-hot object": lambda logits: keras.losses.CategoricalCrossentropy(from_logits=logits),
    "label smoothing": lambda logits: keras.losses.CategoricalCrossentropy(
        label_smoothing=0.1, from_logits=logits
    ),
    "focal": lambda logits: keras.losses.CategoricalFocalCrossentropy(from_logits=logits),
    "binary": lambda logits: keras.losses.BinaryCrossentropy(from_logits=logits),
}
OF_ONE_HOT = ("one-hot string", "one-hot object", "label smoothing", "focal")


def fitting_loss(choice):
    """The kind of loss that takes this student's labels."""
    kind, is_one_hot = choice["loss"], choice["labels"] == "one-hot"
    if is_one_hot and kind not in OF_ONE_HOT:
        return "one-hot string"
    if kind in OF_ONE_HOT and not is_one_hot:
        choice["labels"] = "one-hot"
    return kind


def as_labels(labels, form, num_classes):
    """Integer labels in another form."""
    labels = np.asarray(labels)
    return {
        "integers": lambda: labels.astype("int64"),
        "column": lambda: labels.astype("int32")[:, None],
        "floats": lambda: labels.astype("float32"),
        "one-hot": lambda: np.eye(num_classes, dtype="float32")[labels],
    }[form]()


# ---------------------------------------------------------------- optimizers


class WarmUp(keras.optimizers.schedules.LearningRateSchedule):
    """A schedule of one's own: up in a line, then constant."""

    def __init__(self, rate, steps=20):
        self.rate, self.steps = rate, steps

    def __call__(self, step):
        return self.rate * ops.minimum(1.0, (ops.cast(step, "float32") + 1) / self.steps)

    def get_config(self):
        return {"rate": self.rate, "steps": self.steps}


schedules = keras.optimizers.schedules
OPTIMIZERS = {  # from a rate that would be Adam's
    "Adam": keras.optimizers.Adam,
    "AdamW": lambda rate: keras.optimizers.AdamW(rate, weight_decay=1e-4),
    "RMSprop": keras.optimizers.RMSprop,
    "SGD": lambda rate: keras.optimizers.SGD(min(30 * rate, 0.9), momentum=0.9),
    "Nadam": keras.optimizers.Nadam,
    "clipped Adam": lambda rate: keras.optimizers.Adam(rate, clipnorm=1.0),
    "cosine": lambda rate: keras.optimizers.Adam(schedules.CosineDecay(rate, 100)),
    "cosine, over": lambda rate: keras.optimizers.Adam(schedules.CosineDecay(rate, 2)),
    "exponential": lambda rate: keras.optimizers.Adam(schedules.ExponentialDecay(rate, 50, 0.9)),
    "steps": lambda rate: keras.optimizers.Adam(
        schedules.PiecewiseConstantDecay([10, 20], [rate, rate / 3, rate / 10])
    ),
}
