"""Which pretrained network, and what does it expect to see?"""

import keras
import numpy as np
import pytest

from tl_course import backbones

PIXELS = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3)).astype("uint8")
KERAS_PREPROCESSING = {
    "mobilenet_v2": keras.applications.mobilenet_v2.preprocess_input,
    "resnet50v2": keras.applications.resnet_v2.preprocess_input,
}


@pytest.fixture(scope="module", params=sorted(backbones.RECIPES))
def named_backbone(request):
    backbone = backbones.load_backbone(request.param, image_size=32, weights=None)
    return request.param, backbone


def test_raw_pixels_in_one_feature_vector_out(named_backbone):
    _, backbone = named_backbone
    features = backbone.predict(PIXELS, verbose=0)
    assert features.shape[0] == 2
    assert features.ndim == 2


def test_preprocessing_is_a_visible_layer(named_backbone):
    _, backbone = named_backbone
    assert backbone.layers[1].name == "preprocessing"
    networks = [layer for layer in backbone.layers if isinstance(layer, keras.Model)]
    assert all(isinstance(layer, keras.Sequential) for layer in networks), "flat, not nested"


def test_only_the_recipes_without_batch_normalization_have_none(named_backbone):
    name, backbone = named_backbone
    found = any(isinstance(x, keras.layers.BatchNormalization) for x in backbone.layers)
    assert found == backbones.RECIPES[name].has_batch_normalization


@pytest.mark.parametrize("name", sorted(KERAS_PREPROCESSING))
def test_preprocessing_equals_that_of_keras(name):
    ours = _preprocessed(name)
    theirs = KERAS_PREPROCESSING[name](PIXELS.astype("float32"))
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


@pytest.mark.parametrize("name", ["efficientnetv2b0", "convnext_tiny"])
def test_preprocessing_equals_the_layers_that_keras_would_have_built_in(name):
    constructor = backbones._APPLICATIONS[name]
    whole = constructor(
        weights=None, include_top=False, input_shape=(32, 32, 3), include_preprocessing=True
    )
    scalers = [
        layer
        for layer in whole.layers[:4]
        if isinstance(layer, (keras.layers.Rescaling, keras.layers.Normalization))
        or "prestem" in layer.name
    ]
    theirs = PIXELS.astype("float32")
    for layer in scalers:
        theirs = layer(theirs)
    assert scalers
    np.testing.assert_allclose(_preprocessed(name), theirs, atol=1e-5)


def test_preprocessing_of_efficientnet_lite_is_the_published_formula():
    expected = (PIXELS.astype("float32") - 127) / 128
    np.testing.assert_allclose(_preprocessed("efficientnet_lite0"), expected, atol=1e-6)


def test_control_dividing_by_255_is_not_the_published_formula():
    assert np.abs(_preprocessed("efficientnet_lite0") - PIXELS / 255).max() > 0.5


def _preprocessed(name):
    backbone = backbones.load_backbone(name, image_size=32, weights=None)
    return np.asarray(backbone.get_layer("preprocessing")(PIXELS))


def test_without_network_the_sentence_names_what_works_offline(monkeypatch):
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # nothing listens there
    with pytest.raises(RuntimeError, match="'mobilenet_v2' could not.*efficientnet_lite0"):
        backbones.load_backbone("mobilenet_v2", image_size=96)


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match="Unknown backbone 'resnet': choose from .*resnet50v2"):
        backbones.load_backbone("resnet", image_size=96)
    with pytest.raises(ValueError, match="image_size is 8 pixels"):
        backbones.load_backbone("resnet50v2", image_size=8)
    with pytest.raises(ValueError, match="Unknown weights 'noisy'"):
        backbones.load_backbone("resnet50v2", image_size=96, weights="noisy")


def test_the_small_cnn_is_small_and_repeats_with_its_seed():
    weights = [
        backbones.small_cnn(3, image_size=32, seed=seed).get_weights() for seed in (0, 0, 1)
    ]
    same = [np.array_equal(a, b) for a, b in zip(weights[0], weights[1], strict=True)]
    other = [np.array_equal(a, b) for a, b in zip(weights[0], weights[2], strict=True)]
    assert all(same)
    assert not all(other)
    assert sum(array.size for array in weights[0]) < 110_000


def test_predictions_are_decoded_best_first():
    probabilities = np.array([[0.1, 0.7, 0.2], [0.5, 0.2, 0.3]])
    decoded = backbones.decode_predictions(probabilities, ["a", "b", "c"], top=2)
    assert decoded == [[("b", 0.7), ("c", 0.2)], [("a", 0.5), ("c", 0.3)]]
