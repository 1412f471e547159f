"""What is this network made of?

Its blocks, its head, its BatchNormalization layers, at any depth: a model may hold a backbone as
one of its layers, and what is true of the outside may be false inside. The backbone is what you
loaded: where you name it, it is known by its very layers, else looked for.
"""

import re

import numpy as np
from keras import layers

HEAD_BEGINS_WITH = (
    layers.GlobalAveragePooling2D, layers.GlobalMaxPooling2D, layers.Flatten, layers.Dense
)  # fmt: skip
BLOCK_NAME = re.compile(  # how a layer's name begins, in any network of keras.applications
    r"(.*_)?(block_?\d+[a-z]?|expanded_conv(_\d+)?)(?=_)"
)


def _inner_layers(layer):
    """The layers inside a layer, of any kind: only Models have a public name for them."""
    return layer._flatten_layers(include_self=False, recursive=False)


def all_layers(model):
    """Every layer, those inside other layers too, from the pixels on."""
    for layer in _inner_layers(model):
        yield from all_layers(layer) if _inner_layers(layer) else [layer]


def containers(model):
    """The model itself and every model inside it: each has a `trainable` of its own."""
    yield model
    for layer in _inner_layers(model):
        yield from containers(layer) if _inner_layers(layer) else []


def is_convolution(layer):
    """Has this layer a kernel that moves over pictures? Depthwise ones count."""
    is_scaling = isinstance(layer, layers.Normalization)  # a mean of as many axes
    return not is_scaling and any(len(weight.shape) == 4 for weight in layer.weights)


def find_backbone(model):
    """The layer that holds the backbone, or None: a flat model does not tell where it ends.

    Of all layers with layers inside, the smallest that holds two thirds of the convolutions.
    """
    number = {inner: len(convolutions(all_layers(inner))) for inner in containers(model)}
    enough = [inner for inner in number if 3 * number[inner] >= 2 * max(number.values()) > 0]
    smallest = min(enough, key=lambda inner: len(list(all_layers(inner))), default=model)
    return None if smallest is model else smallest


def backbone_and_head(model, backbone=None):
    """Its layers in two lists: those of the backbone, and those that are not.

    backbone: what you loaded, a layer or a model whose layers the model shares. ValueError when
    the model does not hold it. Without it: of the layer that holds most convolutions, in a flat
    model of all, the layers up to the last convolution's end; pooling or the first Dense is head.
    """
    found = list(all_layers(model))
    if backbone is not None:
        body = list(all_layers(backbone))
    else:
        inner = list(all_layers(find_backbone(model) or model))
        body = inner[: _end_of_body(inner)]
    own = {id(layer) for layer in body}
    body = [layer for layer in found if id(layer) in own]
    if backbone is not None and not any(layer.weights for layer in body):
        raise ValueError(f"{model.name!r} does not hold the backbone {backbone.name!r}.")
    return body, [layer for layer in found if id(layer) not in own]


def _end_of_body(found):
    """Where the head begins: at pooling or the first Dense after all blocks and convolutions."""
    is_body = [is_convolution(layer) or bool(BLOCK_NAME.match(layer.name)) for layer in found]
    last = max(np.flatnonzero(is_body), default=-1)
    behind = range(last + 1, len(found))
    return next((i for i in behind if isinstance(found[i], HEAD_BEGINS_WITH)), last + 1)


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


def borrowed_norms(model, body, backbone=None):
    """The BatchNormalization layers that surely came with the backbone.

    In a flat model that names its blocks: no later than the last block, as what follows may be new.
    """
    named = [i for i, layer in enumerate(body) if BLOCK_NAME.match(layer.name)]
    is_flat = backbone is None and find_backbone(model) is None
    return norms(body[: named[-1] + 1] if is_flat and named else body)


def kernels(found):
    """The weights of two and more axes among these layers: what learns, biases and norms apart."""
    return [
        weight for layer in found if not isinstance(layer, layers.Normalization)
        for weight in layer.weights if len(weight.shape) >= 2
    ]  # fmt: skip


def is_pretrained(model, body, backbone=None):
    """Was this body trained before it came here? What you name as the backbone was.

    Else a layer of its own, or blocks with names, that has learned: its normalization layers'
    offsets are not all zeros, or its first kernel is not as it was drawn.
    """
    if backbone is not None:
        return True
    offsets = [layer.beta for layer in norms(body)]
    first = [layer for layer in convolutions(body) if getattr(layer, "kernel", None) is not None]
    has_learned = any(np.any(np.asarray(offset)) for offset in offsets if offset is not None) or (
        bool(first) and not _is_as_drawn(first[0].kernel, first[0].kernel_initializer, {})
    )
    return has_learned and (find_backbone(model) is not None or bool(block_names(model)))


def is_untrained(head, before=None):
    """Are kernel and bias of its last layer as they were drawn, or were so in a snapshot `before`?

    An initializer keeps its seed, so it draws the same again.
    """
    last = [layer for layer in head if getattr(layer, "kernel", None) is not None][-1:]
    return bool(last) and all(
        _is_as_drawn(getattr(last[0], name), getattr(last[0], f"{name}_initializer"), before or {})
        for name in ("kernel", "bias") if getattr(last[0], name, None) is not None
    )  # fmt: skip


def _is_as_drawn(weight, initializer, before):
    now = np.asarray(before.get(weight.path, weight))
    return np.array_equal(now, np.asarray(initializer(weight.shape, dtype=weight.dtype)))


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
