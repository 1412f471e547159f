"""Where did the network look?

Grad-CAM reads gradients: fast and coarse. It proves no cause: it shows where to ask next.
"""

import keras
import numpy as np


def grad_cam(model, image, class_index):
    """Where the evidence for one class lies, float32 (height, width), 0 to 1, at the image's size.

    model: flat functional model whose last layer is Dense; image: uint8 (height, width, 3). After
    Selvaraju et al. 2017: channels of the last layer with a 4-D output, weighted by their mean
    gradient, positive part. The gradient is that of the class's score before the softmax: after it,
    evidence against the other classes is mixed in. The map has no more detail than that layer (7 x
    7 cells at 224 pixels), and is all 0 without evidence. Raises ValueError for a model, image or
    class that does not fit, RuntimeError on a backend without gradients.
    """
    _check(model, image, class_index)
    activations, gradients = _activations_and_gradients(model, image, class_index)
    channel_weights = gradients.mean(axis=(0, 1))
    heat = np.maximum(activations @ channel_weights, 0)[..., None]
    heat = keras.ops.image.resize(heat, image.shape[:2], interpolation="bilinear")
    heat = keras.ops.convert_to_numpy(heat)[..., 0]
    return heat / heat.max() if heat.max() > 0 else heat


def _activations_and_gradients(model, image, class_index):
    """Activations of the last spatial layer, and the score's gradient there: (h, w, channels)."""
    spatial, head = _last_spatial_layer(model).output, model.layers[-1]
    trunk, rest = keras.Model(model.inputs, spatial), keras.Model(spatial, head.input)
    pixels = keras.ops.convert_to_tensor(image[None], dtype="float32")
    activations = trunk(pixels, training=False)

    def score(here):
        features = rest(here, training=False)
        return keras.ops.matmul(features, head.kernel)[0, class_index]  # before bias and softmax

    both = activations, _gradient(score, activations)
    return [keras.ops.convert_to_numpy(array)[0].astype("float32") for array in both]


def _gradient(function, at):
    """The gradient of a function of one tensor, as each backend of Keras computes it."""
    backend = keras.backend.backend()
    if backend == "tensorflow":  # a tape records what is done to a tensor that it watches
        import tensorflow

        with tensorflow.GradientTape() as tape:
            tape.watch(at)
            value = function(at)
        return tape.gradient(value, at)
    if backend == "jax":  # a function is turned into another one, which gives its gradient
        import jax

        return jax.grad(function)(at)
    if backend == "torch":  # a tensor remembers where it came from
        import torch

        at = at.detach().requires_grad_()
        return torch.autograd.grad(function(at), at)[0]
    raise RuntimeError(f"Keras runs on {backend!r}: choose from 'tensorflow', 'jax', 'torch'.")


def _last_spatial_layer(model):
    """The last layer with a 4-D output: the deepest that still knows where things are."""
    for layer in reversed(model.layers):
        if isinstance(layer, keras.Model):
            raise ValueError(f"Layer {layer.name!r} is itself a model: grad_cam needs a flat one.")
        if len(layer.output.shape) == 4 and not isinstance(layer, keras.layers.InputLayer):
            return layer
    raise ValueError(f"Model {model.name!r} has no layer with a 4-D output after its input.")


def _check(model, image, class_index):
    head = model.layers[-1]
    if not isinstance(head, keras.layers.Dense):
        raise ValueError(f"The last layer is {head.name!r}: it must be Dense, one unit a class.")
    if np.ndim(image) != 3:
        raise ValueError(f"Got an image of shape {np.shape(image)}: give one (height, width, 3).")
    if not 0 <= class_index < head.units:
        raise ValueError(f"Got class_index {class_index}: choose from 0 to {head.units - 1}.")
