"""Mistake 19: a block is cut in half, some of its layers may move, others not."""

from keras import layers

from tests.mistakes import tuning
from tests.mistakes.rows import refused, right, wrong

WITH_BLOCKS = ("mobile", "plain")  # two or more convolutions a block
LARGE = ("mobilenet_v2", "mobilenet_v3", "efficientnetv2b0", "vgg16", "resnet50v2", "lite0")


def _cut(world, block=-1):
    """Free from the second convolution of a block on."""
    base = world.backbone
    found = [b for b in tuning.blocks(base) if len(tuning.convolutions(base, b)) > 1]
    tuning.from_layer(world, tuning.convolutions(base, found[block])[1])


def last_block_cut(world):
    return world.fine_tuning(*tuning.tuned(world, _cut))


def last_block_cut_before_training(world):
    return world.fine_tuning(tuning.ready(world, _cut))


def earlier_block_cut(world):
    return world.fine_tuning(*tuning.tuned(world, lambda w: _cut(w, -2)))


def earlier_block_cut_before_training(world):
    return world.fine_tuning(tuning.ready(world, lambda w: _cut(w, -2)))


def last_convolution_alone(world):
    """One convolution of the last block, no more."""

    def last_one(world):
        base = world.backbone
        blocks = [b for b in tuning.blocks(base) if len(tuning.convolutions(base, b)) > 1]
        chosen = tuning.convolutions(base, blocks[-1])[-1]
        world.backbone.trainable = True
        for place, layer in enumerate(base.layers):
            layer.trainable = place == chosen

    return world.fine_tuning(*tuning.tuned(world, last_one))


def hole_in_a_free_block(world):
    """All free but one convolution in the middle of the last block."""

    def hole(world):
        tuning.all_but_norms(world)
        base = world.backbone
        blocks = [b for b in tuning.blocks(base) if len(tuning.convolutions(base, b)) > 1]
        base.layers[tuning.convolutions(base, blocks[-1])[0]].trainable = False

    return world.fine_tuning(*tuning.tuned(world, hole))


def vgg_last_three(world):
    """base.layers[-3:] of VGG16: two of the three convolutions of block 5, and the pooling."""

    def last_three(world):
        base = world.backbone
        first = [layer.name for layer in base.layers].index("block5_conv2")
        tuning.from_layer(world, first)

    return world.fine_tuning(tuning.ready(world, last_three))


def expanded_conv_10(world):
    """MobileNetV3 from the depthwise convolution of its tenth block on."""

    def from_depthwise(world):
        names = [layer.name for layer in world.backbone.layers]
        tuning.from_layer(world, names.index("expanded_conv_10_depthwise"))

    return world.fine_tuning(tuning.ready(world, from_depthwise))


FLOAT = {"precision": "float32"}
WRONG = [
    wrong(19, last_block_cut, worlds=5, backbone=WITH_BLOCKS, **FLOAT),
    wrong(19, last_block_cut_before_training, worlds=6, backbone=LARGE),
    wrong(19, earlier_block_cut, worlds=2, backbone=WITH_BLOCKS, **FLOAT),
    wrong(19, earlier_block_cut_before_training, worlds=3, backbone=LARGE),
    wrong(19, last_convolution_alone, worlds=2, backbone=WITH_BLOCKS, **FLOAT),
    wrong(19, hole_in_a_free_block, worlds=2, backbone=WITH_BLOCKS, **FLOAT),
    wrong(19, vgg_last_three, worlds=1, backbone="vgg16"),
    wrong(19, expanded_conv_10, worlds=1, backbone="mobilenet_v3"),
]


# ---------------------------------------------------------------- right


def whole_blocks(world):
    """From a block's first layer on."""
    return world.fine_tuning(tuning.ready(world, tuning.last_block))


def whole_blocks_two(world):
    return world.fine_tuning(tuning.ready(world, tuning.two_blocks))


def norms_of_the_block_frozen(world):
    """That the norms of a free block stay frozen cuts nothing."""
    return world.fine_tuning(*tuning.tuned(world, tuning.last_block))


def only_what_follows_the_last_block(world):
    """The last convolution after all blocks."""

    def after(world):
        tuning.from_layer(world, tuning.blocks(world.backbone)[-1][-1] + 1)

    return world.fine_tuning(tuning.ready(world, after))


def only_the_first_block(world):
    """Surgical: the first block alone, for blurred pictures (Lee et al. 2023)."""

    def first(world):
        places = tuning.blocks(world.backbone)[0]
        world.backbone.trainable = True
        for place, layer in enumerate(world.backbone.layers):
            is_norm = isinstance(layer, layers.BatchNormalization)
            layer.trainable = place in places and not is_norm

    return world.fine_tuning(*tuning.tuned(world, first))


RIGHT = [
    right(whole_blocks, worlds=6, backbone=LARGE),
    right(whole_blocks_two, worlds=3, backbone=LARGE),
    right(norms_of_the_block_frozen, worlds=3, backbone=WITH_BLOCKS, **FLOAT),
    right(only_what_follows_the_last_block, worlds=2,
          backbone=("mobilenet_v2", "efficientnetv2b0", "lite0")),
    right(only_the_first_block, worlds=1, backbone=("mobile", "plain"), **FLOAT),
]  # fmt: skip


# ---------------------------------------------------------------- no model, no snapshot


def a_string(world):
    return world.fine_tuning("my_model", None)


def a_history_for_a_model(world):
    return world.fine_tuning({"loss": [1.0, 0.5]}, None)


def a_list_for_a_snapshot(world):
    """model.get_weights() is no snapshot with names."""
    model, _ = tuning.tuned(world)
    return world.fine_tuning(model, model.get_weights())


def another_model_s_snapshot(world):
    model, _ = tuning.tuned(world)
    return world.fine_tuning(model, world.transfer.snapshot(world.new_backbone(seed=3)))


def a_model_for_a_snapshot(world):
    """The model itself instead of transfer.snapshot(model)."""
    model, _ = tuning.tuned(world)
    return world.fine_tuning(model, model)


REFUSED = [
    refused(a_string),
    refused(a_history_for_a_model),
    refused(a_list_for_a_snapshot, backbone="tiny", **FLOAT),
    refused(another_model_s_snapshot, backbone="mobile", **FLOAT),
    refused(a_model_for_a_snapshot, backbone="tiny", **FLOAT),
]
