"""The page that opens lesson 3 is a program: what stands there runs, and does what it says.

A student copies it into an empty notebook. Here it runs on a folder of drawn pictures, smaller and
shorter than on the page, with a backbone that needs no download.
"""

import ast
import contextlib

import keras
import numpy as np
import pytest
from PIL import Image

from tests import tiny
from tests.lessons import ROOT, cells_of, text_cells
from tl_course import evaluation, look_alikes, transfer

LESSON = ROOT / "lessons" / "03_head_training.py"
FREE = "not isinstance(layer, layers.BatchNormalization)"
SECOND_COMPILE = "model.compile(keras.optimizers.Adam(rate), **how)\n"


def python_blocks(texts):
    """The fenced Python of some Markdown texts, one program each."""
    parts = [part for text in texts for part in text.split("```python\n")[1:]]
    return [part.split("```")[0] for part in parts]


RECIPE, OFFLINE, INTERVAL = python_blocks(text_cells(cells_of(LESSON.read_text(encoding="utf-8"))))


def changed(text, changes):
    """The text after some replacements, each of something that stands in it."""
    for old, new in changes.items():
        assert old in text, f"the page has no {old!r}"
        text = text.replace(old, new)
    return text


def with_backbone(text, statements):
    """The recipe with other statements in the place of the one that begins with `backbone =`."""
    body = [
        statements if ast.unparse(node).startswith("backbone = ") else ast.unparse(node)
        for node in ast.parse(text).body
    ]
    assert body.count(statements) == 1
    return "\n".join(body)


def run(text, names):
    """Run the recipe; the paths of the weights that moved in each `fit`, a list a step."""
    moved = []
    for node in ast.parse(text).body:
        fits = ast.unparse(node).startswith("model.fit(")
        before = transfer.snapshot(names["model"]) if fits else None
        exec(compile(ast.Module([node], []), "the recipe", "exec"), names)
        moved += [transfer.moved(names["model"], before)] if fits else []
    return moved


@pytest.fixture(scope="module")
def my_photos(tmp_path_factory):
    """A folder of 20 drawn pictures of two classes, in the folder where Python runs."""
    home = tmp_path_factory.mktemp("home")
    drawings = look_alikes.draw(10, image_size=96, seed=5)
    for number, (image, name) in enumerate(zip(drawings.images, drawings.names, strict=True)):
        folder = home / "my_photos" / name
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / f"{number}.jpg")
    with contextlib.chdir(home):
        yield


@pytest.fixture(scope="module")
def small(my_photos):
    """What the recipe did with the small stand-in: (moved in step a, moved in step b, names)."""
    return run_tiny(RECIPE)


QUICK = {"epochs=20": "epochs=2", "epochs=15": "epochs=2", "224": "64"}
TINY = {"backbone = tiny.backbone(image_size=size)\nblock = 'block_3_'": {"tiny": tiny}}
((TINY_BACKBONE, TINY_NAMES),) = TINY.items()


def run_tiny(text):
    """The recipe on the small stand-in: (moved in step a, moved in step b, names)."""
    names = dict(TINY_NAMES)
    first, second = run(with_backbone(changed(text, QUICK), TINY_BACKBONE), names)
    return first, second, names


def test_the_page_holds_about_25_lines():
    code = [line for line in RECIPE.splitlines() if line.strip() and not line.startswith("#")]
    assert 20 <= len(code) <= 30
    assert "tl_course" not in RECIPE + INTERVAL


@pytest.mark.slow
def test_the_recipe_does_what_it_says(my_photos):
    """With the backbone that the page names for a room without network."""
    names = {}
    first, second = run(with_backbone(changed(RECIPE, QUICK), OFFLINE), names)
    assert first == ["head/kernel", "head/bias"]
    assert {"head/kernel", "head/bias"} < set(second)
    blocks = {"_".join(path.split("_")[:2]) for path in second if path.startswith("block_")}
    assert blocks == {f"block_{k}" for k in range(11, 17)}
    assert not [path for path in second if "_bn/" in path]
    assert [layer.name for layer in names["model"].layers if layer.name.endswith("_bn")]
    saved = keras.models.load_model("my_model.keras")
    assert saved.output_shape == (None, 2)


def test_the_small_recipe_too(small):
    first, second, names = small
    assert first == ["head/kernel", "head/bias"]
    assert second == ["block_3_conv/kernel", "head/kernel", "head/bias"]
    assert names["train"].class_names == names["val"].class_names
    assert not set(names["train"].file_paths) & set(names["val"].file_paths)
    assert len(names["train"].file_paths) + len(names["val"].file_paths) == 20


def test_without_the_second_compile_the_backbone_stays(my_photos):
    second = run_tiny(changed(RECIPE, {SECOND_COMPILE: ""}))[1]
    assert "block_3_conv/kernel" not in second


def test_a_free_batch_normalization_moves(my_photos):
    second = run_tiny(changed(RECIPE, {FREE: "True"}))[1]
    assert "block_3_bn/moving_mean" in second and "block_3_bn/gamma" in second


def test_without_freezing_the_backbone_moves_in_step_a(my_photos):
    first = run_tiny(changed(RECIPE, {"backbone.trainable = False": "pass"}))[0]
    assert "block_1_conv/kernel" in first and "block_1_bn/moving_mean" in first


def test_the_rate_climbs_for_an_epoch_and_falls_to_a_tenth(small):
    names = small[2]
    batches = len(names["train"])
    rate = [float(names["rate"](step)) for step in (0, batches, 15 * batches)]
    np.testing.assert_allclose(rate, [0, 3e-4, 3e-5], rtol=1e-4)


def test_the_interval_is_wilsons(small, capsys):
    names = small[2]
    exec(INTERVAL, names)
    right = round(names["p"] * names["n"])
    expected = evaluation.accuracy_interval(np.arange(names["n"]) < right)
    ends = names["centre"] - names["half"], names["centre"] + names["half"]
    np.testing.assert_allclose(ends, expected[1:3], atol=1e-4)
    assert f"of {expected.n}: between {expected.low:.1%}" in capsys.readouterr().out


def test_the_backbone_of_the_page_scales_its_pixels_and_has_the_block():
    """The statement that downloads, without its download: the names on the page are Keras's own."""
    (node,) = [n for n in ast.parse(RECIPE).body if ast.unparse(n).startswith("backbone = ")]
    names = {"keras": keras, "size": 64}
    exec(changed(ast.unparse(node), {"weights='imagenet'": "weights=None"}), names)
    layers = names["backbone"].layers
    assert [type(layer).__name__ for layer in layers[1:3]] == ["Rescaling", "Normalization"]
    block = next(n.value.elts[2].value for n in ast.parse(RECIPE).body
                 if ast.unparse(n).startswith("folder, size, block = "))  # fmt: skip
    assert 0 < [layer.name.startswith(block) for layer in layers].index(True) < len(layers)
