"""Mistake 11: the number of outputs is not the number of classes."""

import keras
from keras import layers

from tests.mistakes.rows import refused, right, wrong
from tests.mistakes.writing import pooling


def _ends_with(world, last, num_classes, loss="sparse_categorical_crossentropy"):
    model = world.classifier([*pooling(world.backbone), *last])
    return world.head_phase(world.compile(model, loss=loss), num_classes)


def ten_from_a_tutorial(world):
    return _ends_with(world, [layers.Dense(10, activation="softmax")], 3)


def one_too_many(world):
    return _ends_with(world, [layers.Dense(4, activation="softmax")], 3)


def one_too_few(world):
    return _ends_with(world, [layers.Dense(2, activation="softmax")], 3)


def two_for_five(world):
    return _ends_with(world, [layers.Dense(16, "relu"), layers.Dense(2, activation="softmax")], 5)


def one_sigmoid_for_three(world):
    last = [layers.Dense(1, activation="sigmoid")]
    return _ends_with(world, last, 3, "binary_crossentropy")


def one_linear_for_three(world):
    return _ends_with(world, [layers.Dense(1)], 3, "mse")


def a_thousand_for_three(world):
    return _ends_with(world, [layers.Dense(1000, activation="softmax", name="classes")], 3)


def as_many_as_pictures(world):
    """The number of pictures was taken for the number of classes."""
    return _ends_with(world, [layers.Dense(36, activation="softmax")], 3)


def by_add_head(world):
    world.transfer.freeze(world.backbone)
    model = world.transfer.add_head(world.backbone, 2, seed=0)
    world.transfer.compile_for_classes(model, learning_rate=1e-3)
    return world.head_phase(model, 3)


def not_compiled(world):
    model = world.classifier([*pooling(world.backbone), layers.Dense(7, activation="softmax")])
    return world.head_phase(model, 3)


def not_built(world):
    steps = [*pooling(world.backbone), layers.Dense(5, activation="softmax")]
    model = world.classifier(steps, built=False)
    return world.head_phase(world.compile(model, loss="sparse_categorical_crossentropy"), 3)


def no_pooling_at_all(world):
    """Dense on the maps: probabilities at every place of the picture."""
    world.maps()
    model = world.classifier([layers.Dense(3, activation="softmax")])
    return world.head_phase(world.compile(model, loss="sparse_categorical_crossentropy"), 3)


WRONG = [
    wrong(11, ten_from_a_tutorial, worlds=4),
    wrong(11, one_too_many, worlds=2),
    wrong(11, one_too_few, worlds=2),
    wrong(11, two_for_five, worlds=2),
    wrong(11, one_sigmoid_for_three, worlds=3),
    wrong((11, 10), one_linear_for_three, worlds=1),
    wrong((11, 12), a_thousand_for_three, worlds=2),
    wrong(11, as_many_as_pictures, worlds=1),
    wrong(11, by_add_head, worlds=2, pooled=True),
    wrong(11, not_compiled, worlds=2),
    wrong(11, not_built, worlds=2, way=("subclass", "sequential without Input")),
    wrong((11, 13), no_pooling_at_all, worlds=2, backbone=("tiny", "mobile", "plain")),
]


# ---------------------------------------------------------------- right


def one_sigmoid_for_two(world):
    last = [layers.Dense(1, activation="sigmoid")]
    return _ends_with(world, last, 2, "binary_crossentropy")


def two_for_two(world):
    return _ends_with(world, [layers.Dense(2, activation="softmax")], 2)


def sixteen_for_sixteen(world):
    return _ends_with(world, [layers.Dense(16, activation="softmax")], 16)


def numpy_number_of_classes(world):
    """num_classes as NumPy counts it."""
    import numpy as np

    model = world.classifier([*pooling(world.backbone), layers.Dense(3, activation="softmax")])
    world.compile(model, loss="sparse_categorical_crossentropy")
    return world.head_phase(model, np.int64(3))


def outputs_reshaped(world):
    """A reshape after the last layer that changes nothing."""
    last = [layers.Dense(3, activation="softmax"), layers.Reshape((3,))]
    return _ends_with(world, last, 3)


RIGHT = [
    right(one_sigmoid_for_two, worlds=3),
    right(two_for_two),
    right(sixteen_for_sixteen),
    right(numpy_number_of_classes),
    right(outputs_reshaped, worlds=1),
]


# ---------------------------------------------------------------- no model at all


def a_string(world):
    return world.head_phase("my_model", 3)


def a_history(world):
    """What fit returns, not the model."""
    model = world.compile(world.classifier())
    images, labels = world.images(6), world.labels(6)
    return world.head_phase(model.fit(images, labels, verbose=0), 3)


def a_list_of_layers(world):
    return world.head_phase([world.backbone, layers.Dense(3)], 3)


def a_tensor(world):
    """The outputs, without keras.Model around them."""
    pixels = keras.Input((32, 32, 3))
    return world.head_phase(layers.Dense(3, activation="softmax")(pixels), 3)


def the_class_itself(world):
    return world.head_phase(keras.Model, 3)


def an_array(world):
    return world.head_phase(world.images(3), 3)


REFUSED = [
    refused(a_string),
    refused(a_history, backbone="tiny"),
    refused(a_list_of_layers),
    refused(a_tensor),
    refused(the_class_itself),
    refused(an_array),
]
