"""Mistake 10: softmax missing for the loss, or applied twice."""

import functools

import keras
import tensorflow as tf
from keras import layers, ops

from tests.mistakes import writing
from tests.mistakes.rows import right, wrong

SPARSE = ("string", "object", "own function", "by hand")


def _model(world, last, *, loss, rate=1e-3):
    """A classifier that ends in these layers, compiled with this loss."""
    hidden = writing.HIDDEN[world.choice["hidden"]]()
    model = world.classifier(writing.pooling(world.backbone) + hidden + last)
    return world.compile(model, loss=loss, rate=rate)


# ---------------------------------------------------------------- missing


def linear_with_string(world):
    """Dense(3) without activation, the loss as a string."""
    model = _model(world, [layers.Dense(3)], loss="sparse_categorical_crossentropy")
    return world.head_phase(model, 3)


def linear_with_one_hot_string(world):
    model = _model(world, [layers.Dense(3)], loss="categorical_crossentropy")
    return world.head_phase(model, 3)


def linear_with_object(world):
    loss = keras.losses.SparseCategoricalCrossentropy()
    return world.head_phase(_model(world, [layers.Dense(4, name="output")], loss=loss), 4)


def linear_with_function(world):
    """The loss as Keras's own function, not its name."""
    loss = keras.losses.sparse_categorical_crossentropy
    return world.head_phase(_model(world, [layers.Dense(3)], loss=loss), 3)


def linear_with_any_loss(world):
    """Every kind of loss for probabilities, on logits."""
    model = world.classifier(world.head(3, logits=True))
    return world.head_phase(world.compile(model, logits=False), world.num_classes)


def relu_at_the_end(world):
    loss = "sparse_categorical_crossentropy"
    return world.head_phase(_model(world, [layers.Dense(3, activation="relu")], loss=loss), 3)


def sigmoid_for_three(world):
    """Three sigmoids with a loss for one class of three."""
    last = [layers.Dense(3, activation="sigmoid")]
    return world.head_phase(_model(world, last, loss="sparse_categorical_crossentropy"), 3)


def one_output_linear(world):
    model = _model(world, [layers.Dense(1)], loss="binary_crossentropy")
    return world.head_phase(model, 2)


def one_output_linear_object(world):
    model = _model(world, [layers.Dense(1)], loss=keras.losses.BinaryCrossentropy())
    return world.head_phase(model, 2)


def one_output_softmax(world):
    """Softmax over a single output is always 1."""
    last = [layers.Dense(1, activation="softmax")]
    return world.head_phase(_model(world, last, loss="binary_crossentropy"), 2)


def one_output_tanh(world):
    last = [layers.Dense(1, activation="tanh")]
    return world.head_phase(_model(world, last, loss="binary_crossentropy"), 2)


def linear_with_label_smoothing(world):
    loss = keras.losses.CategoricalCrossentropy(label_smoothing=0.1)
    return world.head_phase(_model(world, [layers.Dense(3)], loss=loss), 3)


def linear_with_focal_loss(world):
    loss = keras.losses.CategoricalFocalCrossentropy()
    return world.head_phase(_model(world, [layers.Dense(3)], loss=loss), 3)


def linear_in_a_loss_by_hand(world):
    """The logarithm of what is no probability."""
    return world.head_phase(_model(world, [layers.Dense(3)], loss=writing.by_hand(False)), 3)


def softmax_on_the_hidden_layer(world):
    """Softmax one layer too early."""
    last = [layers.Dense(16, activation="softmax"), layers.Dense(3)]
    return world.head_phase(_model(world, last, loss="sparse_categorical_crossentropy"), 3)


def log_softmax_as_probabilities(world):
    last = [layers.Dense(3, activation="log_softmax")]
    return world.head_phase(_model(world, last, loss="sparse_categorical_crossentropy"), 3)


# ---------------------------------------------------------------- doubled


def softmax_and_from_logits(world):
    """Every way of softmax, with a loss that applies it again."""
    model = world.classifier(world.head(3, logits=False))
    return world.head_phase(world.compile(model, logits=True), world.num_classes)


def softmax_and_own_loss(world):
    """A loss of one's own with from_logits=True inside."""
    last = [layers.Dense(3, activation="softmax")]
    return world.head_phase(_model(world, last, loss=writing.own_sparse(True)), 3)


def softmax_and_partial(world):
    loss = functools.partial(keras.losses.sparse_categorical_crossentropy, from_logits=True)
    loss.__name__ = "loss_from_logits"
    return world.head_phase(_model(world, [layers.Dense(3, activation="softmax")], loss=loss), 3)


def softmax_and_tensorflow_loss(world):
    """TensorFlow's own cross-entropy always applies softmax."""

    def cross_entropy(labels, predicted):
        labels = tf.cast(tf.reshape(labels, [-1]), tf.int32)
        return tf.nn.sparse_softmax_cross_entropy_with_logits(labels, tf.cast(predicted, "float32"))

    last = [layers.Dense(3, activation="softmax", dtype="float32")]
    return world.head_phase(_model(world, last, loss=cross_entropy), 3)


def softmax_and_own_loss_class(world):
    """A loss as a subclass that applies softmax."""

    class Loss(keras.losses.Loss):
        def call(self, labels, predicted):
            return keras.losses.categorical_crossentropy(labels, ops.softmax(predicted))

    last = [layers.Dense(3, activation="softmax")]
    return world.head_phase(_model(world, last, loss=Loss()), 3)


def softmax_twice(world):
    last = [layers.Dense(3, activation="softmax"), layers.Activation("softmax")]
    return world.head_phase(_model(world, last, loss="sparse_categorical_crossentropy"), 3)


def softmax_then_layer(world):
    last = [layers.Dense(3, activation=tf.nn.softmax), layers.Softmax()]
    return world.head_phase(_model(world, last, loss="categorical_crossentropy"), 3)


def softmax_then_lambda(world):
    last = [layers.Dense(3, activation="softmax"), layers.Lambda(lambda x: tf.nn.softmax(x))]
    return world.head_phase(_model(world, last, loss="sparse_categorical_crossentropy"), 3)


def softmax_then_own_layer(world):
    last = [layers.Dense(5, activation="softmax"), writing.OwnSoftmax()]
    return world.head_phase(_model(world, last, loss="sparse_categorical_crossentropy"), 5)


def softmax_then_ops(world):
    last = [layers.Dense(3, activation="softmax"), ops.softmax]
    return world.head_phase(_model(world, last, loss="sparse_categorical_crossentropy"), 3)


def softmax_then_dense_softmax(world):
    """A second Dense with softmax on the probabilities of the first, for the same classes."""
    last = [layers.Dense(3, activation="softmax"), layers.Softmax(name="probabilities")]
    model = _model(world, last, loss=keras.losses.SparseCategoricalCrossentropy())
    return world.head_phase(model, 3)


def sigmoid_and_from_logits(world):
    last = [layers.Dense(1, activation="sigmoid")]
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    return world.head_phase(_model(world, last, loss=loss), 2)


def sigmoid_twice(world):
    last = [layers.Dense(1, activation="sigmoid"), layers.Activation("sigmoid")]
    return world.head_phase(_model(world, last, loss="binary_crossentropy"), 2)


def softmax_and_focal_from_logits(world):
    last = [layers.Dense(3, activation="softmax")]
    loss = keras.losses.CategoricalFocalCrossentropy(from_logits=True)
    return world.head_phase(_model(world, last, loss=loss), 3)


def softmax_and_smoothing_from_logits(world):
    last = [layers.Dense(3, activation="softmax")]
    loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.2)
    return world.head_phase(_model(world, last, loss=loss), 3)


WRONG = [
    wrong(10, linear_with_string, worlds=4),
    wrong(10, linear_with_one_hot_string),
    wrong(10, linear_with_object),
    wrong(10, linear_with_function),
    wrong(10, linear_with_any_loss, worlds=5, logits=False),
    wrong(10, relu_at_the_end),
    wrong(10, sigmoid_for_three),
    wrong(10, one_output_linear),
    wrong(10, one_output_linear_object),
    wrong(10, one_output_softmax),
    wrong(10, one_output_tanh, worlds=1),
    wrong(10, linear_with_label_smoothing),
    wrong(10, linear_with_focal_loss, worlds=1),
    wrong(10, linear_in_a_loss_by_hand),
    wrong(10, softmax_on_the_hidden_layer),
    wrong(10, log_softmax_as_probabilities, worlds=1),
    wrong(10, softmax_and_from_logits, worlds=8, logits=False),
    wrong(10, softmax_and_own_loss),
    wrong(10, softmax_and_partial),
    wrong(10, softmax_and_tensorflow_loss),
    wrong(10, softmax_and_own_loss_class),
    wrong(10, softmax_twice, worlds=3),
    wrong(10, softmax_then_layer),
    wrong(10, softmax_then_lambda),
    wrong(10, softmax_then_own_layer),
    wrong(10, softmax_then_ops, way=("flat", "nested", "own layer", "subclass")),
    wrong(10, softmax_then_dense_softmax, worlds=1),
    wrong(10, sigmoid_and_from_logits),
    wrong(10, sigmoid_twice),
    wrong(10, softmax_and_focal_from_logits),
    wrong(10, softmax_and_smoothing_from_logits),
]


# ---------------------------------------------------------------- right


def any_fitting_pair(world):
    """Softmax once, in the model or in the loss, each way that the generator knows."""
    model = world.compile(world.classifier())
    return world.head_phase(model)


def any_pair_for_ten(world):
    """Ten classes."""
    world.num_classes = 10
    return world.head_phase(world.compile(world.classifier()), 10)


def log_softmax_and_from_logits(world):
    """The logarithm of softmax is a set of logits: softmax of it is softmax."""
    last = [layers.Dense(3, activation="log_softmax")]
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return world.head_phase(_model(world, last, loss=loss), 3)


def tensorflow_loss_on_logits(world):
    def cross_entropy(labels, predicted):
        labels = tf.cast(tf.reshape(labels, [-1]), tf.int32)
        return tf.nn.sparse_softmax_cross_entropy_with_logits(labels, tf.cast(predicted, "float32"))

    return world.head_phase(_model(world, [layers.Dense(3)], loss=cross_entropy), 3)


def weighted_loss(world):
    """A loss that weighs the classes."""

    def weighted(labels, predicted):
        weights = ops.sum(ops.convert_to_tensor([1.0, 2.0, 5.0]) * labels, axis=-1)
        return weights * keras.losses.categorical_crossentropy(labels, predicted)

    last = [layers.Dense(3, activation="softmax", dtype="float32")]
    return world.head_phase(_model(world, last, loss=weighted), 3)


def softmax_at_a_temperature(world):
    last = [layers.Dense(3), layers.Lambda(lambda x: x / 2.0), layers.Softmax()]
    return world.head_phase(_model(world, last, loss="sparse_categorical_crossentropy"), 3)


def tf_softmax(world):
    last = [layers.Dense(3, activation=tf.nn.softmax)]
    return world.head_phase(_model(world, last, loss="sparse_categorical_crossentropy"), 3)


def sigmoid_alone(world):
    last = [layers.Dense(1, activation="sigmoid")]
    return world.head_phase(_model(world, last, loss="binary_crossentropy"), 2)


def sigmoid_by_lambda(world):
    last = [layers.Dense(1), layers.Lambda(lambda x: tf.sigmoid(x))]
    return world.head_phase(_model(world, last, loss="binary_crossentropy"), 2)


def one_logit(world):
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    return world.head_phase(_model(world, [layers.Dense(1)], loss=loss), 2)


def binary_focal(world):
    last = [layers.Dense(1, activation="sigmoid")]
    return world.head_phase(_model(world, last, loss=keras.losses.BinaryFocalCrossentropy()), 2)


def two_softmax_outputs(world):
    last = [layers.Dense(2, activation="softmax")]
    return world.head_phase(_model(world, last, loss="sparse_categorical_crossentropy"), 2)


def three_sigmoids_with_binary_loss(world):
    """One against the rest, three times: activation and loss fit each other."""
    last = [layers.Dense(3, activation="sigmoid")]
    return world.head_phase(_model(world, last, loss="binary_crossentropy"), 3)


def not_compiled(world):
    last = [layers.Dense(3, activation="softmax")]
    return world.head_phase(world.classifier(writing.pooling(world.backbone) + last), 3)


def poly_loss(world):
    """Cross-entropy and a little of 1 - p (Leng et al. 2022): softmax once."""

    def poly(labels, predicted):
        p = ops.sum(labels * predicted, axis=-1)
        return keras.losses.categorical_crossentropy(labels, predicted) + 0.5 * (1 - p)

    last = [layers.Dense(3, activation="softmax", dtype="float32")]
    return world.head_phase(_model(world, last, loss=poly), 3)


def confident_already(world):
    """A trained head, sure of itself: its probabilities are nearly 0 and 1."""
    last = [layers.Dense(3, activation="softmax", kernel_initializer="zeros")]
    model = _model(world, last, loss="sparse_categorical_crossentropy")
    kernel, bias = model.weights[-2:]
    kernel.assign(kernel.numpy() + 5)
    bias.assign([0.0, 9.0, -9.0])
    return world.head_phase(model, 3)


def with_regularization(world):
    """Weight decay in the layer adds to what `evaluate` calls the loss."""
    last = [layers.Dense(3, activation="softmax", kernel_regularizer="l2")]
    return world.head_phase(_model(world, last, loss="sparse_categorical_crossentropy"), 3)


RIGHT = [
    right(any_fitting_pair, worlds=24),
    right(any_pair_for_ten, worlds=4, loss=("string", "object", "label smoothing")),
    right(log_softmax_and_from_logits, worlds=1),
    right(tensorflow_loss_on_logits, worlds=1),
    right(weighted_loss),
    right(softmax_at_a_temperature),
    right(tf_softmax),
    right(sigmoid_alone, worlds=3),
    right(sigmoid_by_lambda),
    right(one_logit),
    right(binary_focal, worlds=1),
    right(two_softmax_outputs),
    right(three_sigmoids_with_binary_loss, worlds=1),
    right(not_compiled),
    right(poly_loss, worlds=1),
    right(confident_already),
    right(with_regularization),
]
