"""SECURITY.md: what no other test tries, and that what it names is there."""

import re

import keras
import pytest

from tests.lessons import ROOT
from tl_course.engine import takeaway

PAGE = (ROOT / "SECURITY.md").read_text(encoding="utf-8")


@pytest.fixture
def with_code(tmp_path):
    """A saved model that holds code: a Lambda, which Keras pickles."""
    pixels = keras.Input((2,))
    doubled = keras.layers.Lambda(lambda x: x * 2, output_shape=(2,))(pixels)
    keras.Model(pixels, doubled).save(tmp_path / "model.keras")
    return tmp_path / "model.keras"


@pytest.mark.parametrize("load", [takeaway.load, keras.models.load_model])
def test_code_in_a_saved_model_is_refused(with_code, load):
    with pytest.raises(ValueError, match="Lambda"):
        load(with_code)


def test_without_safe_mode_it_would_be_run(with_code):
    model = keras.models.load_model(with_code, safe_mode=False)
    assert float(model(keras.ops.ones((1, 2)))[0, 0]) == 2


def test_what_the_page_names_is_there():
    assert missing(PAGE) == []


def test_a_name_of_nothing_is_found():
    assert missing("| x | y | `tests/test_nosuch.py`, `make nosuch` |") == [
        "tests/test_nosuch.py", "make nosuch",
    ]  # fmt: skip


def missing(page):
    """The tests and targets that a page names and that do not exist."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    tests = [name for name in re.findall(r"`(tests/\w+\.py)`", page) if not (ROOT / name).exists()]
    targets = re.findall(r"`make ([\w-]+)`", page)
    return tests + [f"make {name}" for name in targets if f"\n{name}:" not in makefile]
