"""Step (b) as students do it: what they unfreeze, and the whole way to the check."""

import re

from keras import layers

BLOCK = re.compile(r"expanded_conv_\d+|conv\d_block\d+|block_?\d+[a-z]?")


def everything(world):
    """base.trainable = True, and no more: the norms, too."""
    world.backbone.trainable = True


def all_but_norms(world):
    """By a loop, as the guides have it."""
    world.backbone.trainable = True
    for layer in world.backbone.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.trainable = False


def by_transfer(world):
    world.transfer.unfreeze(world.backbone)


def from_layer(world, first, *, norms=False):
    """Everything from this place in the list of layers on; norms: the norms there as well."""
    world.backbone.trainable = True
    for place, layer in enumerate(world.backbone.layers):
        is_norm = isinstance(layer, layers.BatchNormalization)
        layer.trainable = place >= first and (norms or not is_norm)


def last_block(world):
    """From the last block's first layer on, without norms."""
    from_layer(world, blocks(world.backbone)[-1][0])


def two_blocks(world):
    from_layer(world, blocks(world.backbone)[-2][0])


def last_block_with_norms(world):
    from_layer(world, blocks(world.backbone)[-1][0], norms=True)


RIGHTLY = (all_but_norms, by_transfer, last_block, two_blocks)


def blocks(base):
    """The places of each block's layers in base.layers, a list of lists."""
    found = {}
    for place, layer in enumerate(base.layers):
        if match := BLOCK.match(layer.name):
            found.setdefault(match.group(), []).append(place)
    return list(found.values())


def convolutions(base, places):
    """Those of these places where a convolution stands."""
    return [k for k in places if any(len(w.shape) == 4 for w in base.layers[k].weights)]


def free(world, chosen=None):
    """What this world's student unfreezes, rightly: by the world's own dice."""
    chosen = chosen or RIGHTLY[sum(map(ord, str(sorted(world.choice.items())))) % len(RIGHTLY)]
    chosen(world)


def tuned(world, chosen=None, *, rate=1e-5, optimizer=None, epochs=2, trained=True):
    """Step (a), the snapshot, step (b): the model and the snapshot `before`."""
    model = world.classifier()
    if trained:
        world.train_head(model)
    before = world.transfer.snapshot(model)
    free(world, chosen)
    world.compile(model, rate=rate, optimizer=optimizer)
    world.fit(model, epochs=epochs)
    return model, before


def ready(world, chosen=None, *, rate=1e-5, optimizer=None, trained=True):
    """The model as it is just before step (b), compiled: for networks too large to train here."""
    model = world.classifier()
    if trained:
        world.train_head(model)
    free(world, chosen)
    return world.compile(model, rate=rate, optimizer=optimizer)
