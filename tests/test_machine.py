"""Is this computer ready, and what will do the work? No test here runs on a GPU."""

import os
import re
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
import tiny
from keras import layers

from tests.lessons import DEEPER, LESSONS, ROOT, cells_of, code_cells
from tl_course import checks, explain, machine, transfer
from tl_course.engine import computer


@pytest.fixture
def mixed_precision():
    """Mixed precision for one test; returns the sentence that says so."""
    yield machine.ready(mixed_precision=True)
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
    loaded = python("-c", "import sys, tl_course.machine; print(*sys.modules)").split()
    assert "tl_course.machine" in loaded and not {"keras", "tensorflow"} & set(loaded)


def test_without_a_gpu_the_cpu_works_and_twice_is_as_good_as_once():
    first, second = machine.ready(), machine.ready()
    assert first == second
    cores = computer.usable_cores()
    assert first.endswith(f"on the CPU ({cores} core{'s' * (cores > 1)}), float32.")


def test_mixed_precision_is_set_and_taken_back(mixed_precision):
    assert mixed_precision.endswith("float16 with float32 weights.")
    assert keras.config.dtype_policy().name == "mixed_float16"
    machine.ready()
    assert keras.config.dtype_policy().name == "float32"


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_on_another_backend_tensorflow_is_not_imported(backend):
    pytest.importorskip(backend)
    code = (
        "import sys; from tl_course import machine; print(machine.ready()); "
        "assert 'tensorflow' not in sys.modules"
    )
    said = python("-c", code, KERAS_BACKEND=backend)
    assert said.endswith(f"on the one device that {backend} chooses by itself, float32.\n")


class Machine:
    """GPUs that TensorFlow is told of, and what it was then asked to do with them."""

    def __init__(self, monkeypatch, number):
        self.gpus = [f"gpu {index}" for index in range(number)]
        self.growing = []
        config = tf.config.experimental
        monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: self.gpus)
        monkeypatch.setattr(config, "set_memory_growth", lambda gpu, on: self.growing.append(gpu))
        monkeypatch.setattr(config, "get_device_details", lambda gpu: {"device_name": "Card"})


GPU = "the GPU (Card)"


@pytest.mark.parametrize(("number", "works"), [(0, "the CPU ("), (1, GPU), (2, GPU)])
def test_every_gpu_gets_memory_growth(monkeypatch, number, works):
    gpus = Machine(monkeypatch, number)
    assert f"on {works}" in machine.ready()
    assert gpus.growing == gpus.gpus


def test_too_late_is_one_sentence(monkeypatch):
    Machine(monkeypatch, 1)

    def refuse(gpu, on):
        raise RuntimeError("Physical devices cannot be modified after being initialized")

    monkeypatch.setattr(tf.config.experimental, "set_memory_growth", refuse)
    with pytest.raises(RuntimeError, match="restart the kernel and call machine.ready first"):
        machine.ready()


# ---------------------------------------------------------------- nothing on standard error


NOISE = (
    "import keras, numpy as np; m = keras.Sequential([keras.layers.Dense(2)]); "
    "m.compile('adam', 'mse'); m.fit(np.ones((8, 3)), np.ones((8, 2)), verbose=0); "
    "m.predict(np.ones((8, 3)), verbose=0)"
)


def standard_error(first):
    """What a kernel of its own writes there: a line before, then import, fit and predict."""
    from jupyter_client.manager import start_new_kernel

    kernel_environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    kernel_environment.pop("PYTEST_CURRENT_TEST", None)  # or the kernel does not watch descriptor 2
    manager, client = start_new_kernel(cwd=str(ROOT), env=kernel_environment)
    said = []

    def listen(message):
        if message["msg_type"] == "stream" and message["content"]["name"] == "stderr":
            said.append(message["content"]["text"])

    try:
        for code in (first, NOISE):
            client.execute_interactive(code, timeout=600, output_hook=listen)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    return "".join(said)


def test_in_a_real_kernel_import_fit_and_predict_write_nothing_to_standard_error(monkeypatch):
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")
    assert standard_error("from tl_course import machine; machine.ready()") == ""


def test_control_what_a_library_writes_there_would_be_seen():
    assert "greets" in standard_error("import os; os.write(2, b'greets')")


def test_control_without_it_tensorflow_greets_there(monkeypatch):
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")
    said = standard_error("import os")
    if not said:
        pytest.skip("TensorFlow has nothing to say on this processor")
    assert "oneDNN" in said or "cpu_feature_guard" in said


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
    model = tiny.with_random_head(transfer.add_head(backbone, 2, seed=0))
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


def test_the_settings_of_a_profile():
    assert machine.for_profile("smoke", {"smoke": 1, "student": 2, "full": 3}) == 1


@pytest.mark.parametrize("wrong", ["studnet", "", None, 7, ["smoke"]], ids=repr)
def test_a_wrong_profile_is_refused_in_a_sentence(wrong):
    sentence = re.escape(f"PROFILE is {wrong!r}: choose from ['full', 'smoke', 'student'].")
    with pytest.raises(ValueError, match=sentence):
        machine.for_profile(wrong, {"smoke": 1, "student": 2, "full": 3})


def first_use(lesson):
    """The first line of a lesson, after its cell of parameters, that looks at PROFILE."""
    sources = code_cells(cells_of(lesson.read_text(encoding="utf-8")))
    lines = [line for source in sources for line in source.splitlines() if "PROFILE" in line]
    return lines[1]


@pytest.mark.parametrize("lesson", [*LESSONS, *DEEPER], ids=lambda path: path.stem)
def test_every_lesson_asks_for_its_profile_where_a_wrong_one_is_a_sentence(lesson):
    assert "machine.for_profile(PROFILE, " in first_use(lesson)


def test_a_lesson_that_looks_it_up_by_itself_is_found(tmp_path):
    lesson = tmp_path / "lesson.py"
    lesson.write_text('# %%\nPROFILE = "smoke"\n# %%\nX = {"smoke": 1}[PROFILE]\n')
    assert "machine.for_profile(" not in first_use(lesson)


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
