"""The fast way to features gives what Keras gives, says nothing, and gives way where it cannot."""

import os
import subprocess
import sys

import keras
import numpy as np
import pytest
import tiny
from keras import layers

from tests.lessons import ROOT
from tl_course import backbones, transfer
from tl_course.engine import litert

pytest.importorskip("ai_edge_litert")


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("TL_COURSE_CACHE", str(tmp_path))
    return tmp_path / "litert"


def pixels(num, size=16, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (num, size, size, 3)).astype("uint8")


def by_litert(network, images):
    """The outputs by LiteRT alone: no way back to Keras."""
    run = litert.runner(network, images)
    assert run is not None
    parts = [run(images[i : i + litert.BATCH]) for i in range(0, len(images), litert.BATCH)]
    return np.concatenate(parts)


def by_keras(network, images):
    return network.predict(images, verbose=0)


@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64", "int64"])
@pytest.mark.parametrize("num", [1, 8, 11])
def test_it_gives_what_keras_gives(dtype, num):
    images = pixels(num).astype(dtype)
    np.testing.assert_allclose(
        by_litert(tiny.backbone(), images), by_keras(tiny.backbone(), images), atol=1e-4
    )


def test_control_other_weights_give_something_else():
    images = pixels(8)
    difference = by_litert(tiny.backbone(seed=1), images) - by_keras(tiny.backbone(), images)
    assert np.abs(difference).max() > 1e-2


@pytest.mark.slow
def test_the_real_network_its_trunk_and_its_last_blocks():
    backbone = backbones.load_backbone("efficientnet_lite0", image_size=64)
    trunk, top = transfer.split_at(backbone, "block_14")
    images = pixels(11, 64)
    activations = by_litert(trunk, images)
    assert activations.shape == (11, 2, 2, 192)
    np.testing.assert_allclose(activations, by_keras(trunk, images), atol=1e-3)
    features = by_litert(backbone, images)
    np.testing.assert_allclose(features, by_keras(backbone, images), atol=1e-4)
    np.testing.assert_allclose(by_litert(top, activations), features, atol=1e-4)
    assert np.abs(features - by_litert(backbone, images[::-1])).max() > 0.1  # control


def test_weights_that_moved_are_converted_anew(cache):
    network, images = tiny.backbone(), pixels(8)
    before = by_litert(network, images)
    kernel = network.get_layer("block_1_conv").kernel
    kernel.assign(kernel * 1.5)
    after = by_litert(network, images)
    np.testing.assert_allclose(after, by_keras(network, images), atol=1e-4)
    assert np.abs(after - before).max() > 1e-2
    assert len(list(cache.iterdir())) == 2


def test_freezing_changes_nothing_and_converts_nothing_anew(cache):
    network, images = tiny.backbone(), pixels(8)
    by_litert(network, images)
    transfer.freeze(network)
    by_litert(network, images)
    assert len(list(cache.iterdir())) == 1


def test_a_converted_network_is_read_again(monkeypatch):
    images = pixels(8)
    features = by_litert(tiny.backbone(), images)
    monkeypatch.setattr(litert, "_convert", None)  # calling it would be an error, and so be Keras
    assert np.array_equal(by_litert(tiny.backbone(), images), features)


@pytest.mark.parametrize("harm", [lambda b: b[:-100], lambda b: b[:500] + b"x" + b[501:], bytes])
def test_a_damaged_file_is_built_again(cache, harm):
    images = pixels(8)
    features = by_litert(tiny.backbone(), images)
    (path,) = cache.iterdir()
    whole = path.read_bytes()
    path.write_bytes(harm(whole) if harm is not bytes else b"")
    assert np.array_equal(by_litert(tiny.backbone(), images), features)
    assert path.read_bytes()[:32] == whole[:32] or path.stat().st_size == len(whole)
    assert litert._read(path) is not None


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("TL_COURSE_CACHE", str(tmp_path / "file"))
    images = pixels(8)
    features = by_litert(tiny.backbone(), images)
    np.testing.assert_allclose(features, by_keras(tiny.backbone(), images), atol=1e-4)


def test_the_cache_keeps_the_networks_used_last(cache, monkeypatch):
    monkeypatch.setattr(litert, "KEPT", 2)
    for seed in range(3):
        by_litert(tiny.backbone(seed=seed), pixels(1))
    assert len(list(cache.iterdir())) == 2
    assert not list(cache.glob("*.partial"))


def only_keras(network, images, num_images=None):
    """Whether Keras has to do it; the features are right in both cases."""
    features = transfer.extract_features(network, images)
    np.testing.assert_allclose(features, by_keras(network, images), atol=1e-4)
    return litert.runner(network, images, num_images) is None


def test_where_it_cannot_keras_does_it(monkeypatch):
    network, images = tiny.backbone(), pixels(8)
    assert not only_keras(network, images)
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
        assert only_keras(network, images)
    with monkeypatch.context() as patch:
        patch.setattr(keras.backend, "backend", lambda: "jax")
        assert litert.runner(network, images) is None
    with monkeypatch.context() as patch:
        patch.setattr("tensorflow.config.list_physical_devices", lambda kind: [kind])
        assert only_keras(network, images)


def test_mixed_precision_and_strange_layers_are_left_to_keras():
    keras.config.set_dtype_policy("mixed_float16")
    try:
        assert litert.runner(tiny.backbone(), pixels(8)) is None
    finally:
        keras.config.set_dtype_policy("float32")
    image = keras.Input((16, 16, 3))
    strange = layers.Lambda(lambda x: keras.ops.real(keras.ops.fft2((x, x))[0]), name="fourier")
    assert litert.runner(keras.Model(image, strange(image)), pixels(8)) is None
    two_outputs = keras.Model(image, [layers.Flatten()(image), layers.ReLU()(image)])
    assert litert.runner(two_outputs, pixels(8)) is None


def test_a_network_that_keras_has_run_is_converted_for_many_pictures_only(monkeypatch):
    network, images = tiny.backbone(), pixels(8)
    network.predict(images, verbose=0)
    assert litert.runner(network, images, num_images=8) is None
    assert litert.runner(network, images, num_images=10**6) is not None
    assert litert.runner(network, images, num_images=8) is not None, "it is in the cache now"
    assert litert.runner(tiny.backbone(seed=5), images, num_images=8) is not None, "never run"


def test_floats_never_become_bytes():
    run = litert.runner(tiny.backbone(), pixels(8))
    with pytest.raises(TypeError):
        run(pixels(8) / 255)


@pytest.mark.slow
def test_it_says_nothing():
    code = (
        "from tl_course import machine; machine.ready()\n"  # TensorFlow greets, unheard
        "import tiny; from tl_course import transfer; from tl_course.engine import litert\n"
        "images = tiny.images().images\n"
        "assert litert.runner(tiny.backbone(), images) is not None\n"
        "transfer.extract_features(tiny.backbone(seed=1), images)\n"
    )
    environment = os.environ | {"PYTHONPATH": "tests:."}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, env=environment
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
