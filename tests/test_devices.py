"""What will do the work? On the CPU, with GPUs that are only said to be there, and on two devices.

No test here runs on a GPU. Two virtual CPU devices stand in for two GPUs, in a process of its own.
"""

import os
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
import tiny
from keras import layers

from tests.lessons import ROOT
from tl_course import checks, devices, explain, transfer


@pytest.fixture
def mixed_precision():
    """Mixed precision for one test; returns the sentence that says so."""
    yield devices.prepare(mixed_precision=True)
    keras.config.set_dtype_policy("float32")


def python(*arguments, **environment):
    """What a Python of its own prints, from the course's folder."""
    paths = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    finished = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, cwd=ROOT, timeout=500,
        env={**os.environ, "PYTHONPATH": paths, **environment},
    )  # fmt: skip
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


# ---------------------------------------------------------------- the sentence


def test_importing_the_module_loads_neither_tensorflow_nor_keras():
    loaded = python("-c", "import sys, tl_course.devices; print(*sys.modules)").split()
    assert "tl_course.devices" in loaded and not {"keras", "tensorflow"} & set(loaded)


def test_without_a_gpu_the_cpu_works_and_twice_is_as_good_as_once():
    assert [devices.prepare() for _ in range(2)] == ["Works on the CPU, float32."] * 2
    assert devices.prepare(every_gpu=True) == "Works on the CPU, float32."
    assert not tf.distribute.has_strategy()


def test_mixed_precision_is_set_and_taken_back(mixed_precision):
    assert mixed_precision == "Works on the CPU, float16 with float32 weights."
    assert keras.config.dtype_policy().name == "mixed_float16"
    devices.prepare()
    assert keras.config.dtype_policy().name == "float32"


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_on_another_backend_tensorflow_is_not_imported(backend):
    pytest.importorskip(backend)
    code = (
        "import sys; from tl_course import devices; print(devices.prepare(every_gpu=True)); "
        "assert 'tensorflow' not in sys.modules"
    )
    said = python("-c", code, KERAS_BACKEND=backend)
    assert said == f"Works on the one device that {backend} chooses by itself, float32.\n"


class Machine:
    """GPUs that TensorFlow is told of, and what it was then asked to do with them."""

    def __init__(self, monkeypatch, number):
        self.gpus = [f"gpu {index}" for index in range(number)]
        self.growing, self.shared = [], []
        config = tf.config.experimental
        monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: self.gpus)
        monkeypatch.setattr(config, "set_memory_growth", lambda gpu, on: self.growing.append(gpu))
        monkeypatch.setattr(config, "get_device_details", lambda gpu: {"device_name": "Card"})
        monkeypatch.setattr(devices, "share_work", self.shared.append)


@pytest.mark.parametrize(
    ("number", "every_gpu", "shared", "sentence"),
    [
        (0, False, [], "Works on the CPU, float32."),
        (1, False, [], "Works on the GPU (Card), memory growth on, float32."),
        (1, True, ["GPU:0"], "Works on the GPU (Card), memory growth on, float32."),
        (2, False, [], "Works on the first of 2 GPUs (Card, Card), memory growth on, float32."),
        (2, True, ["GPU:0", "GPU:1"], "Works on 2 GPUs (Card, Card), memory growth on, float32."),
    ],
)
def test_gpus_get_memory_growth_and_share_only_when_asked(
    monkeypatch, number, every_gpu, shared, sentence
):
    machine = Machine(monkeypatch, number)
    assert devices.prepare(every_gpu=every_gpu) == sentence
    assert machine.growing == machine.gpus
    assert machine.shared == [shared]


def test_too_late_is_one_sentence(monkeypatch):
    Machine(monkeypatch, 1)

    def refuse(gpu, on):
        raise RuntimeError("Physical devices cannot be modified after being initialized")

    monkeypatch.setattr(tf.config.experimental, "set_memory_growth", refuse)
    with pytest.raises(RuntimeError, match="restart the kernel and call devices.prepare first"):
        devices.prepare()


# ---------------------------------------------------------------- mixed precision


def test_in_mixed_precision_a_model_learns_and_its_probabilities_sum_to_one(mixed_precision):
    model = transfer.add_head(tiny.backbone(), 2, seed=0)
    train_set, before = tiny.images(seed=1), transfer.snapshot(model)
    history = transfer.train(model, train_set, learning_rate=1e-2, epochs=10, seed=0)
    assert history["loss"][-1] < history["loss"][0] - 0.05
    assert "block_1_conv/kernel" in transfer.moved(model, before)
    probabilities = model.predict(tiny.images(seed=2).images, verbose=0)
    assert probabilities.dtype == "float32"
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-3)


def test_it_computes_in_float16_and_keeps_float32_weights(mixed_precision):
    backbone = tiny.backbone()
    model = transfer.add_head(backbone, 2, seed=0)
    assert backbone.output.dtype == "float16" and model.output.dtype == "float32"
    assert {weight.dtype for weight in model.weights} == {"float32"}
    assert transfer.extract_features(backbone, tiny.images().images).dtype == "float32"
    assert explain.grad_cam(model, tiny.images().images[0], 0).dtype == "float32"


def test_control_a_head_without_a_dtype_puts_out_float16(mixed_precision):
    backbone = tiny.backbone()
    plain = keras.Model(backbone.input, layers.Dense(2, activation="softmax")(backbone.output))
    pixels = tiny.images().images
    assert plain.predict(pixels, verbose=0).dtype == "float16"
    assert backbone.predict(pixels, verbose=0).dtype == "float16"


def test_control_without_mixed_precision_all_is_float32():
    assert tiny.backbone().output.dtype == "float32"


def test_a_frozen_backbone_stays_frozen(mixed_precision):
    backbone = tiny.backbone()
    model = transfer.add_head(backbone, 2, seed=0)
    transfer.freeze(backbone)
    before = transfer.snapshot(model)
    transfer.train(model, tiny.images(), learning_rate=1e-2, epochs=1, seed=0)
    assert transfer.moved(model, before) == ["head/kernel", "head/bias"]


def head_after_reset(reset):
    """(before, after): a new head's kernel around an epoch with an optimizer that was reset."""
    backbone = tiny.backbone()
    model = transfer.add_head(backbone, 2, seed=0)
    transfer.freeze(backbone)
    model.compile(keras.optimizers.Adam(1e-3), "sparse_categorical_crossentropy")
    model.fit(tiny.images().images, tiny.images().labels, verbose=0)
    before = model.get_layer("head").get_weights()[0]
    reset(model)
    model.fit(tiny.images().images, tiny.images().labels, verbose=0)
    return before, model.get_layer("head").get_weights()[0]


def test_a_reset_optimizer_still_trains(mixed_precision):
    before, after = head_after_reset(lambda m: transfer.reset_optimizer(m, learning_rate=1e-3))
    assert np.isfinite(after).all() and not np.array_equal(before, after)


def test_control_with_the_scale_of_the_loss_at_zero_the_weights_are_lost(mixed_precision):
    def reset_all(model):
        for state in model.optimizer.variables:
            state.assign(keras.ops.zeros_like(state))
        model.optimizer.learning_rate = 1e-3

    assert np.isnan(head_after_reset(reset_all)[1]).all()


def test_the_checks_see_the_optimizer_inside(mixed_precision):
    backbone = tiny.backbone()
    model = transfer.add_head(backbone, 2, seed=0)
    transfer.unfreeze(backbone, from_block="block_3")
    backbone.get_layer("block_1_bn").beta.assign(np.ones(8))  # as if it had been trained

    def mistakes(optimizer):
        model.compile(optimizer, "sparse_categorical_crossentropy")
        return [found.mistake for found in checks.fine_tuning(model)]

    assert 6 not in mistakes(keras.optimizers.SGD(1e-2))  # plain SGD may take larger steps
    assert 6 in mistakes(keras.optimizers.Adam(1e-2))


# ---------------------------------------------------------------- two devices


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """What tests/two_devices.py measured on one device and on two: {1: arrays, 2: arrays}."""
    folder = tmp_path_factory.mktemp("devices")
    for number in (1, 2):
        python(str(ROOT / "tests" / "two_devices.py"), str(number), str(folder / f"{number}.npz"))
    return {number: np.load(folder / f"{number}.npz") for number in (1, 2)}


def apart(first, second):
    return float(np.abs(first - second).max())


@pytest.mark.slow
def test_two_devices_share_the_work(measured):
    assert [int(measured[number]["replicas"]) for number in (1, 2)] == [1, 2]


@pytest.mark.slow
def test_two_devices_give_the_same_weights_as_one(measured):
    assert apart(measured[1]["plain"], measured[2]["plain"]) < 1e-6


@pytest.mark.slow
@pytest.mark.parametrize("change", ["other_rate", "other_batches"])
def test_control_another_training_gives_other_weights(measured, change):
    assert apart(measured[1]["plain"], measured[2][change]) > 1e-4
    assert apart(measured[1][change], measured[2][change]) < 1e-6


@pytest.mark.slow
def test_control_a_last_batch_shared_out_unevenly_gives_other_weights(measured):
    assert 1e-6 < apart(measured[1]["uneven"], measured[2]["uneven"]) < 1e-2


@pytest.mark.slow
@pytest.mark.parametrize("number", [1, 2])
def test_what_the_lessons_do_works_on_two_devices_too(measured, number):
    claims = {name: value for name, value in measured[number].items() if value.dtype == bool}
    assert len(claims) == 6 and [name for name, held in claims.items() if not held] == []


@pytest.mark.slow
def test_two_devices_learn_in_mixed_precision(measured):
    assert measured[2]["mixed"][-1] < measured[2]["mixed"][0] - 0.05


@pytest.mark.slow
def test_control_a_bare_fit_stops_at_an_uneven_first_batch(measured):
    assert str(measured[1]["odd_batch_without_help"]) == ""
    seen = str(measured[2]["odd_batch_without_help"])
    assert "AddN" in seen, "if this fails, Keras has changed: nobody needs transfer._batch_sizes"
