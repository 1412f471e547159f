"""The fast gradient is TensorFlow's own, up to rounding, and what is saved is plain Keras."""

import functools

import keras
import numpy as np
import pytest
from keras import layers

from tl_course import backbones, data, transfer
from tl_course.engine import depthwise


def is_fast(layer):
    return isinstance(layer.call, functools.partial)


def model_with(kernel_size, size=(6, 9), **options):
    inputs = keras.Input((*size, 4))
    outputs = layers.DepthwiseConv2D(
        kernel_size, padding="same", use_bias=False, name="block_1_depthwise", **options
    )(inputs)
    return keras.Model(inputs, outputs)


def gradients(model, images):
    """Of the inputs and of every weight that may move."""
    import tensorflow as tf

    images = tf.constant(images)
    with tf.GradientTape() as tape:
        tape.watch(images)
        loss = tf.reduce_sum(tf.sin(model(images, training=True)))
    return tape.gradient(loss, [images, *model.trainable_weights])


@pytest.mark.parametrize("kernel_size", [5, (5, 7), 4])
@pytest.mark.parametrize("num", [1, 3])
def test_the_gradients_are_tensorflows(kernel_size, num):
    model = model_with(kernel_size)
    images = np.random.default_rng(0).normal(size=(num, 6, 9, 4)).astype("float32")
    before, outputs = gradients(model, images), model(images)
    depthwise.use_fast_gradients(model)
    assert is_fast(model.layers[1])
    for found, right in zip(gradients(model, images), before, strict=True):
        np.testing.assert_allclose(found, right, atol=1e-4)
    assert np.array_equal(model(images), outputs)


def test_control_pictures_one_pixel_off_are_seen():
    model = model_with(4)
    images = np.random.default_rng(0).normal(size=(3, 6, 9, 4)).astype("float32")
    right, upstream = gradients(model, images)[1], np.cos(model(images))
    for moved, same in ((images, True), (np.roll(images, 1, axis=1), False)):
        found = depthwise._kernel_gradient(moved, (4, 4, 4, 1), upstream)
        assert np.allclose(found, right, atol=1e-4) == same


@pytest.mark.parametrize(
    ("kernel_size", "options"), [(3, {}), (5, {"strides": 2}), (5, {"dilation_rate": 2})]
)
def test_other_layers_stay_as_they_are(kernel_size, options):
    model = model_with(kernel_size, **options)
    depthwise.use_fast_gradients(model)
    assert not is_fast(model.layers[1])


def test_what_is_saved_is_the_plain_layer(tmp_path):
    model = model_with(5)
    depthwise.use_fast_gradients(model)
    model.save(tmp_path / "model.keras")
    layer = keras.models.load_model(tmp_path / "model.keras").layers[1]
    assert type(layer) is layers.DepthwiseConv2D and not is_fast(layer)


@pytest.mark.slow
def test_a_fine_tuned_block_is_as_without_it(monkeypatch):
    """The last blocks on the trunk's activations, against the whole model in plain Keras."""
    found = []
    for fast in (True, False):
        backbone = backbones.load_backbone("efficientnet_lite0", image_size=64)
        model = transfer.add_head(backbone, 2, seed=0)
        transfer.freeze(backbone)
        transfer.unfreeze(backbone, from_block="block_13")
        pixels = np.random.default_rng(0).integers(0, 256, (12, 64, 64, 3)).astype("uint8")
        pictures = data.ImageSet(pixels, np.arange(12) % 2, ("even", "odd"))
        if fast:
            trunk, top = transfer.split_at(model, "block_13")
            assert is_fast(top.get_layer("block_13_depthwise"))
            model, pictures = top, transfer.precompute(trunk, pictures)
        history = transfer.train(
            model, pictures, learning_rate=1e-4, epochs=3, batch_size=4, seed=0
        )
        found.append(history["loss"])
    np.testing.assert_allclose(*found, atol=1e-4)
    assert found[0][0] - found[0][-1] > 0.01, "it learns, so equal losses say something"
