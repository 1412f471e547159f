"""What is this network made of?

Its blocks, its head, its BatchNormalization layers, at any depth: a model may hold a backbone as
one of its layers, and what is true of the outside may be false inside.
"""

import re

import keras
import numpy as np
from keras import layers

HEAD_BEGINS_WITH = (
    layers.GlobalAveragePooling2D, layers.GlobalMaxPooling2D, layers.Flatten, layers.Dense
)  # fmt: skip
BLOCK_NAME = re.compile(r"(.*_)?block_?\d+[a-z]?(?=_)")  # how a layer's name begins, in any network


def all_layers(model):
    """Every layer, those of models inside the model too, from the pixels on."""
    for layer in model.layers:
        yield from all_layers(layer) if isinstance(layer, keras.Model) else [layer]


def containers(model):
    """The model itself and every model inside it: each has a `trainable` of its own."""
    yield model
    for layer in model.layers:
        yield from containers(layer) if isinstance(layer, keras.Model) else []


def is_convolution(layer):
    """Has this layer a kernel that moves over pictures? Depthwise ones count."""
    return any(len(weight.shape) == 4 for weight in layer.weights)


def backbone_and_head(model):
    """Its layers in two lists: to the last convolution's end; from pooling or the first Dense on.

    An ImageNet classifier made of a convolution still counts as backbone.
    """
    found = list(all_layers(model))
    last = max((i for i, layer in enumerate(found) if is_convolution(layer)), default=-1)
    first = next(
        (i for i in range(last + 1, len(found)) if isinstance(found[i], HEAD_BEGINS_WITH)), last + 1
    )
    return found[:first], found[first:]


def may_move(model):
    """A function that says whether training may change any weight of a layer, as things stand."""
    movable = {id(weight) for weight in model.trainable_weights}
    return lambda layer: any(id(weight) in movable for weight in layer.weights)


def convolutions(body):
    """The convolutions among these layers."""
    return [layer for layer in body if is_convolution(layer)]


def norms(body):
    """The BatchNormalization layers among these layers."""
    return [layer for layer in body if isinstance(layer, layers.BatchNormalization)]


def is_pretrained(body):
    """Has a normalization layer in it learned anything? A new one's offset `beta` is all zeros."""
    offsets = [layer.beta for layer in body if getattr(layer, "beta", None) is not None]
    return any(np.any(np.asarray(offset)) for offset in offsets)


def is_untrained(head, before=None):
    """A new Dense layer's bias is all zeros, and training changes that.

    The first step may not: from a kernel of zeros, with as many pictures of each class in a batch.
    """
    biases = [layer.bias for layer in head if getattr(layer, "bias", None) is not None]
    now = [(before or {}).get(bias.path, bias) for bias in biases[-1:]]
    return bool(now) and not np.any(np.asarray(now[0]))


def block_names(network):
    """The names of the network's blocks, from the pixels to the features."""
    names = (BLOCK_NAME.match(layer.name) for layer in all_layers(network))
    return list(dict.fromkeys(match.group() for match in names if match))


def layers_from(network, from_block):
    """The layers from the first one of a block to the end. ValueError for an unknown block."""
    names = block_names(network)
    if from_block not in names:
        raise ValueError(f"Unknown block {from_block!r}: choose from {names}.")
    found = list(all_layers(network))
    first = [layer.name.startswith(f"{from_block}_") for layer in found].index(True)
    return found[first:]
