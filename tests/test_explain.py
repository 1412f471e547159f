"""Grad-CAM against hand-set models whose answer is known."""

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import pytest
import tiny
from keras import layers

from tl_course import backbones, explain, transfer

SIZE, CELL = 32, 4
DARK, BRIGHT = 0, 1


def picture(top, left):
    """A dark picture with one bright 8 x 8 patch."""
    image = np.full((SIZE, SIZE, 3), 20, dtype="uint8")
    image[top : top + 8, left : left + 8] = 250
    return image


def bright_patch_model(*, sequential=False, sharpness=1.0):
    """Hand-set: channel 0 fires on bright 4 x 4 cells, channel 1 on dark ones; a class for each."""
    stack = [
        keras.Input((SIZE, SIZE, 3)),
        layers.Rescaling(1 / 255),
        layers.Conv2D(2, CELL, strides=CELL, activation="relu"),
        layers.GlobalAveragePooling2D(name="pooling"),
        layers.Dropout(0.2),
        layers.Dense(2, activation="softmax", name="head"),
    ]
    model = keras.Sequential(stack) if sequential else functional(stack)
    mean = np.full((CELL, CELL, 3, 1), 1 / (CELL * CELL * 3))
    convolution = next(layer for layer in model.layers if isinstance(layer, layers.Conv2D))
    convolution.set_weights([np.concatenate([mean, -mean], axis=-1), np.array([-0.5, 0.5])])
    kernel = np.array([[-1.0, 1.0], [1.0, -1.0]]) * sharpness
    model.get_layer("head").set_weights([kernel, np.array([0.3, -0.3])])
    return model


def functional(stack):
    outputs = stack[0]
    for layer in stack[1:]:
        outputs = layer(outputs)
    return keras.Model(stack[0], outputs)


def batch_norm_backbone():
    """Convolution, BatchNormalization, pooling: the shape of the course's backbones, in small."""
    keras.utils.set_random_seed(1)
    inputs = keras.Input((SIZE, SIZE, 3))
    outputs = layers.Rescaling(1 / 128, offset=-1, name="preprocessing")(inputs)
    for k, filters in enumerate((4, 6), start=1):
        outputs = layers.Conv2D(filters, 3, padding="same", name=f"block_{k}_conv")(outputs)
        outputs = layers.BatchNormalization(name=f"block_{k}_norm")(outputs)
        outputs = layers.ReLU(name=f"block_{k}_relu")(outputs)
    return keras.Model(inputs, layers.GlobalAveragePooling2D(name="pooling")(outputs))


def class_activation_map(model, layer_name, image, class_index):
    """The older formula (Zhou et al. 2016), which Grad-CAM equals for pooling + dense: a loop."""
    spatial = keras.Model(model.inputs, model.get_layer(layer_name).output)
    activations = spatial.predict(image[None].astype("float32"), verbose=0)[0]
    kernel = keras.ops.convert_to_numpy(model.get_layer("head").kernel)
    heat = np.zeros(activations.shape[:2])
    for channel in range(activations.shape[-1]):
        heat += kernel[channel, class_index] * activations[..., channel]
    return np.maximum(heat, 0) / max(heat.max(), 1e-12)


def peak_is_in_patch(heat, top, left):
    row, column = np.unravel_index(heat.argmax(), heat.shape)
    return top <= row < top + 8 and left <= column < left + 8


PLACES = [(0, 0), (8, 20), (24, 12), (24, 24)]


@pytest.mark.parametrize("sequential", [False, True])
@pytest.mark.parametrize(("top", "left"), PLACES)
def test_grad_cam_peaks_on_the_patch(top, left, sequential):
    heat = explain.grad_cam(bright_patch_model(sequential=sequential), picture(top, left), BRIGHT)
    assert (heat.shape, heat.dtype) == ((SIZE, SIZE), np.float32)
    assert (heat.min(), heat.max()) == (0, 1)
    assert peak_is_in_patch(heat, top, left)
    assert heat[top : top + 8, left : left + 8].sum() > 0.5 * heat.sum()


def test_controls_shuffled_map_and_wrong_class_miss_the_patch():
    model = bright_patch_model()
    heat = explain.grad_cam(model, picture(8, 20), BRIGHT)
    shuffled = np.random.default_rng(0).permutation(heat.ravel()).reshape(heat.shape)
    assert shuffled[8:16, 20:28].sum() < 0.5 * shuffled.sum()
    wrong_class = explain.grad_cam(model, picture(8, 20), DARK)
    assert not peak_is_in_patch(wrong_class, 8, 20)


def test_grad_cam_reads_the_score_before_the_softmax():
    """Control: a sure model's softmax is flat, so its gradient and the mistaken map are 0."""
    sure = bright_patch_model(sharpness=1e5)
    image = picture(8, 20)
    assert peak_is_in_patch(explain.grad_cam(sure, image, BRIGHT), 8, 20)
    spatial = sure.layers[2].output
    trunk, rest = keras.Model(sure.inputs, spatial), keras.Model(spatial, sure.output)
    activations = trunk(keras.ops.convert_to_tensor(image[None], dtype="float32"))
    mistaken = explain._gradient(lambda here: rest(here, training=False)[0, BRIGHT], activations)
    assert not np.any(keras.ops.convert_to_numpy(mistaken))


def test_the_gradient_against_small_steps():
    """On whichever backend the tests run: each slope is the change over a small step."""
    at = np.random.default_rng(0).normal(size=(2, 3)).astype("float32")
    weights = keras.ops.reshape(keras.ops.arange(6, dtype="float32"), (2, 3))

    def function(tensor):
        return keras.ops.sum(keras.ops.sin(tensor) * weights)

    found = explain._gradient(function, keras.ops.convert_to_tensor(at))
    expected = np.cos(at) * np.arange(6).reshape(2, 3)
    np.testing.assert_allclose(keras.ops.convert_to_numpy(found), expected, atol=1e-5)
    step = np.zeros_like(at)
    step[1, 2] = 1e-2
    rise = function(at + step) - function(at - step)
    assert float(rise) / 2e-2 == pytest.approx(expected[1, 2], abs=1e-2)


@pytest.mark.parametrize("class_index", [0, 1, 2])
def test_grad_cam_equals_the_class_activation_map_on_a_flat_classifier(class_index):
    model = tiny.with_random_head(transfer.add_head(batch_norm_backbone(), 3, seed=0))
    image = np.random.default_rng(0).integers(0, 256, (SIZE, SIZE, 3)).astype("uint8")
    heat = explain.grad_cam(model, image, class_index)
    expected = class_activation_map(model, "block_2_relu", image, class_index)
    np.testing.assert_allclose(heat, expected, atol=1e-4)  # PyTorch differs by 1.2e-5
    other = class_activation_map(model, "block_2_relu", image, (class_index + 1) % 3)
    assert not np.allclose(heat, other, atol=1e-2)  # control: the map of another class


def test_grad_cam_takes_the_last_spatial_layer_of_efficientnet_and_a_frozen_model():
    backbone = backbones.load_backbone("efficientnet_lite0", image_size=64, weights=None)
    model = tiny.with_random_head(transfer.add_head(backbone, 3, seed=0))
    image = np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype("uint8")
    before = explain.grad_cam(model, image, 1)
    transfer.freeze(backbone)
    np.testing.assert_array_equal(explain.grad_cam(model, image, 1), before)
    assert before.shape == (64, 64) and before.any()  # a map of zeros would be equal, too
    assert len(explain._last_spatial_layer(model).output.shape) == 4
    following = model.layers[model.layers.index(explain._last_spatial_layer(model)) + 1 :]
    assert following[0].name == "pooling"


def test_grad_cam_weighs_channels_by_their_mean_gradient():
    """Without pooling the gradient is the kernel itself, another at each place: average it."""
    keras.utils.set_random_seed(3)
    parts = [keras.Input((8, 8, 3)), layers.Conv2D(5, 3, padding="same", name="spatial")]
    model = functional([*parts, layers.Flatten(), layers.Dense(2, "softmax", name="head")])
    image = np.random.default_rng(0).integers(0, 256, (8, 8, 3)).astype("uint8")
    spatial = keras.Model(model.inputs, model.get_layer("spatial").output)
    kernel = model.get_layer("head").get_weights()[0][:, 1].reshape(8, 8, 5)
    activations = spatial.predict(image[None], verbose=0)[0]
    expected = np.maximum(activations @ kernel.mean(axis=(0, 1)), 0)
    heat = explain.grad_cam(model, image, 1)
    np.testing.assert_allclose(heat, expected / expected.max(), atol=1e-4)
    at_each_place = np.maximum((activations * kernel).sum(axis=-1), 0)  # control: not averaged
    assert not np.allclose(heat, at_each_place / at_each_place.max(), atol=1e-2)


def test_grad_cam_works_where_every_weight_was_made_frozen():
    """As after loading a frozen model."""
    model = bright_patch_model()
    model.trainable = False
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    assert peak_is_in_patch(explain.grad_cam(copy, picture(8, 20), BRIGHT), 8, 20)


def test_a_map_without_evidence_stays_zero():
    model = bright_patch_model()
    nothing_bright = np.full((SIZE, SIZE, 3), 20, dtype="uint8")
    heat = explain.grad_cam(model, nothing_bright, BRIGHT)
    assert not heat.any()
    assert heat.dtype == np.float32


def test_grad_cam_leaves_the_model_as_it_was():
    model = transfer.add_head(batch_norm_backbone(), 3, seed=0)
    before = transfer.snapshot(model)
    explain.grad_cam(model, picture(0, 0), 1)
    assert transfer.moved(model, before) == []


# ---- what it refuses


def test_grad_cam_names_what_it_cannot_explain():
    model, image = bright_patch_model(), picture(0, 0)
    with pytest.raises(ValueError, match="Got class_index 2: choose from 0 to 1"):
        explain.grad_cam(model, image, 2)
    with pytest.raises(ValueError, match=r"Got an image of shape \(1, 32, 32, 3\)"):
        explain.grad_cam(model, image[None], BRIGHT)
    with pytest.raises(ValueError, match="The last layer is 'pooling': it must be Dense"):
        explain.grad_cam(batch_norm_backbone(), image, BRIGHT)
    nested = functional([keras.Input((SIZE, SIZE, 3)), batch_norm_backbone(), layers.Dense(2)])
    with pytest.raises(ValueError, match="itself a model"):
        explain.grad_cam(nested, image, BRIGHT)
    flat = functional([keras.Input((SIZE, SIZE, 3)), layers.Flatten(), layers.Dense(2)])
    with pytest.raises(ValueError, match="no layer with a 4-D output"):
        explain.grad_cam(flat, image, BRIGHT)


def test_a_backend_without_gradients_gets_one_clear_sentence(monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "openvino")
    with pytest.raises(RuntimeError, match="Keras runs on 'openvino': choose from 'tensorflow'"):
        explain.grad_cam(bright_patch_model(), picture(0, 0), BRIGHT)
