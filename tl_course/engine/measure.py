"""What does this model do? Found by running it on a few pictures, whatever its layers are called.

Every function leaves the model as it was.
"""

import contextlib
from typing import NamedTuple

import keras
import numpy as np

SIDE = 96  # pixels, of pictures for a network that takes any size
FAR = 30.0  # a sum of inputs at which softmax and sigmoid have settled


class Step(NamedTuple):
    """One layer's turn while the model ran: the shapes that it got and gave."""

    layer: keras.Layer
    got: tuple
    gave: tuple


def pictures_for(model, shape=None, *, count=1):
    """Noise that fits the model's input, float32 in 0..255; shape: of one picture, if known.

    ValueError for a model that was never built, or that takes several inputs.
    """
    shape = shape or getattr(model, "input_shape", None)
    if not isinstance(shape, tuple) or not all(n is None or isinstance(n, int) for n in shape):
        raise ValueError("the model tells no single input shape: call it on a batch once.")
    shape = (count, *(n or SIDE for n in shape[1:]))
    return np.random.default_rng(0).uniform(0, 255, shape).astype("float32")


def input_shape(model, inner=None):
    """The shape of what the model takes, (None, height, width, 3); else of what `inner` takes."""
    shapes = (getattr(one, "input_shape", None) for one in (model, inner))
    return next((shape for shape in shapes if isinstance(shape, tuple) and len(shape) > 1), None)


def build(model, inner):
    """Call a model once that was never called, on noise as one of the `inner` layers takes it."""
    shapes = [getattr(layer, "input_shape", None) for layer in inner]
    shape = next((s for s in shapes if isinstance(s, tuple) and len(s) == 4), None)
    if not model.built and shape is not None:
        model(pictures_for(model, shape), training=False)


def run(model, images, layers, *, look=lambda layer, pixels: None):
    """(the outputs, a Step for each turn of these layers, in the order of their turns).

    look: called with each layer and what it is about to see.
    """
    steps = []

    def noting(layer, call):
        def noted(pixels, *arguments, **options):
            look(layer, pixels)
            gave = call(pixels, *arguments, **options)
            steps.append(Step(layer, _shape(pixels), _shape(gave)))
            return gave

        return noted

    with contextlib.ExitStack() as undo:
        for layer in layers:
            undo.callback(layer.__dict__.pop, "call", None)
            layer.__dict__["call"] = noting(layer, layer.call)
        return np.asarray(model(images, training=False), dtype="float32"), steps


def _shape(tensor):
    return tuple(getattr(tensor, "shape", ()))


# ---------------------------------------------------------------- the last activation and the loss


def last_of(steps, outputs):
    """The layer with weights that gives so many numbers and has its turn last, or None."""
    found = [s.layer for s in steps if any(w.shape[-1:] == (outputs,) for w in s.layer.weights)]
    return found[-1] if found else None


def answers(model, last, images):
    """What kind of outputs the model gives, found by driving its `last` layer with weights far.

    "softmax", "softmax twice", "sigmoid", "sigmoid twice", "always 1" (softmax of one output), or
    "logits".
    """
    before = [weight.numpy() for weight in last.weights]
    tail, images = _from(model, last, images)
    try:
        up, down = (_driven(tail, last, images, at) for at in (FAR, -FAR))
    finally:
        for weight, value in zip(last.weights, before, strict=True):
            weight.assign(value)
    kind = _kind(up, down)
    own_sum = isinstance(last, keras.layers.Dense | keras.layers.Conv2D)  # surely went that far
    return kind if own_sum else kind.removesuffix(" twice")


def _from(model, last, images):
    """The model from this layer on, with something for it to eat: the rest need not run again."""
    with contextlib.suppress(Exception):  # it lies deeper, or in several models: then all of it
        tail = keras.Model(last.input, model.output)
        return tail, pictures_for(tail, tuple(last.input.shape))
    return model, images


def _driven(model, last, images, at):
    """The outputs when the first sum is at `at`, the others at 0; at -FAR all of them."""
    bias = getattr(last, "bias", None)
    bias = getattr(last, "beta", None) if bias is None else bias
    for weight in last.weights:
        if not weight.shape:  # a scale
            continue
        kernel = np.zeros(weight.shape)
        if bias is None:  # nothing but the features to drive it with
            kernel[..., : None if at < 0 else 1] = 1e2 * np.sign(at)
        weight.assign(kernel)
    if bias is not None:
        bias.assign([at] + [min(at, 0.0)] * (bias.shape[0] - 1))
    return np.asarray(model(images, training=False), dtype="float32")


def _kind(up, down):
    inside = all(np.min(out) > -1e-3 and np.max(out) < 1 + 1e-3 for out in (up, down))
    if up.shape[-1] == 1:
        if np.allclose(up, down, atol=1e-3):
            return "always 1"
        settled = "sigmoid" if np.ptp([up, down]) > 0.95 else "sigmoid twice"
        return settled if inside else "logits"
    sums_to_one = all(np.allclose(out.sum(axis=-1), 1, atol=1e-2) for out in (up, down))
    if inside and sums_to_one:
        return "softmax" if up.max() > 0.95 else "softmax twice"
    return "sigmoid" if inside else "logits"


def loss_takes(model, outputs):
    """What the loss takes the outputs for: "probabilities", "one each", "logits", "nothing", None.

    By its values for one picture of the first class: adding the same to all logits changes
    nothing, and a probability near 0 for the true class costs much. None: it is no such loss.
    """
    for label in _labels(outputs):
        with contextlib.suppress(Exception):  # a loss refuses labels of another form as it likes
            return _taken_for(lambda values, y=label: _loss(model, y, values), outputs)
    return None


def _labels(outputs):
    """The first class, one-hot and as a number; of one output: yes."""
    return [np.eye(1, outputs, dtype="float32"), np.array([0])]


def _loss(model, label, values):
    values = keras.ops.convert_to_tensor(np.array([values], dtype="float32"))
    return float(model.compute_loss(x=None, y=keras.ops.convert_to_tensor(label), y_pred=values))


def _taken_for(loss, outputs):
    others = outputs - 1
    if outputs == 1:
        if loss([0.2]) == loss([0.9]):
            return "nothing"
        settled = loss([1.0]) - loss([8.0])  # of a probability 1 is the end
        return "logits" if settled > 0.05 else _costly(loss([1e-4]) - loss([0.999]))
    spread = np.linspace(0.6, 0.1, outputs)
    shifted = abs(loss(spread) - loss(spread + 0.37)) < 1e-4
    if shifted and abs(loss(spread) - loss(spread[::-1])) > 1e-4:
        return "logits"
    confident = loss([8.0] + [-8.0] * others)
    if -1e-3 < confident < loss([1.0] + [0.0] * others) - 0.05:
        return "logits"  # one each, as of sigmoid
    wrong = loss([1e-4] + [(1 - 1e-4) / others] * others)
    right = loss([0.999] + [1e-3 / others] * others)
    every = loss([0.999] + [1 - 1e-6] * others)  # costs much only where each class counts alone
    return "one each" if every - right > np.log(outputs) + 2 else _costly(wrong - right)


def _costly(difference):
    return "probabilities" if difference > 1.5 else None


def takes_labels(model, outputs):
    """Which labels the compiled loss takes: "one-hot", "numbers" or None."""
    values = np.linspace(0.6, 0.1, outputs)
    for form, label in zip(("one-hot", "numbers"), _labels(outputs), strict=False):
        with contextlib.suppress(Exception):
            _loss(model, label, values)
            return form
    return None


# ---------------------------------------------------------------- what moves


def reached(model, weights, images):
    """How many of these weights the outputs depend on, as gradients tell; all, where unknown."""
    if keras.backend.backend() != "tensorflow":
        return len(weights)
    import tensorflow as tf

    with tf.GradientTape() as tape:
        outputs = model(images, training=False)
    found = tape.gradient(outputs, [weight.value for weight in weights])
    return sum(gradient is not None for gradient in found)


def drifted(model, norms, images):
    """How many of these BatchNormalization layers change their statistics while training runs."""
    states = [(state, state.numpy()) for state in model.non_trainable_variables]
    means = [norm.moving_mean.numpy() for norm in norms]
    try:
        model(images, training=True)
        now = [norm.moving_mean.numpy() for norm in norms]
    finally:
        for state, value in states:
            state.assign(value)
    return sum(not np.array_equal(a, b) for a, b in zip(means, now, strict=True))


# ---------------------------------------------------------------- pixels


def seen_by(model, convolutions, images):
    """What the first of these convolutions to have its turn sees of the images."""
    seen = []

    def look(_layer, pixels):
        seen.append(np.asarray(pixels, dtype="float32"))
        raise _Enough

    with contextlib.suppress(_Enough):
        run(model, images, convolutions, look=look)
    return seen[0]


class _Enough(BaseException):
    """The rest need not run. Keras wraps every Exception in another one; this passes."""


def ends(model, convolutions, shape):
    """What becomes of black (0) and white (255) on the way to the first convolution, for each."""
    size = [n or SIDE for n in shape[1:]]
    both = np.stack([np.zeros(size), np.full(size, 255.0)]).astype("float32")
    seen = seen_by(model, convolutions, both)
    return seen[:, seen.shape[1] // 2, seen.shape[2] // 2]
