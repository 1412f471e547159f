"""The PyTorch page of the docs is a program, too: it runs where torch and torchvision are there.

And the short pieces of the page on transformers run, and do what is said of them.
"""

import keras
import numpy as np
import pytest
from keras import layers
from PIL import Image

from tests import test_recipe, tiny
from tests.lessons import ROOT
from tl_course import look_alikes, transfer

PAGE = (ROOT / "docs" / "recipe_pytorch.md").read_text(encoding="utf-8")
TRANSFORMERS = (ROOT / "docs" / "vit_dino_clip.md").read_text(encoding="utf-8")
(RECIPE,) = test_recipe.python_blocks([PAGE])
LAYER_WISE, NEAREST, LORA = test_recipe.python_blocks([TRANSFORMERS])
HOLD = "                module.eval()"
QUICK = {"weights=weights)": "weights=None)", "epochs=20": "epochs=2", "epochs=15": "epochs=2"}


@pytest.fixture
def my_photos(tmp_path, monkeypatch):
    """A folder of 12 drawn pictures of two classes, in the folder where Python runs."""
    drawings = look_alikes.draw(6, image_size=96, seed=5)
    for number, (image, name) in enumerate(zip(drawings.images, drawings.names, strict=True)):
        folder = tmp_path / "my_photos" / name
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / f"{number}.jpg")
    monkeypatch.chdir(tmp_path)


def run(text):
    """Run the page's recipe; the names of the weights that moved in each `fit`."""
    moved, names = [], {}
    for part in test_recipe.changed(text, QUICK).split("\nfit("):
        call, _, rest = part.partition("\n")
        if names:
            before = {k: v.clone() for k, v in names["model"].state_dict().items()}
            exec("fit(" + call, names)
            after = names["model"].state_dict()
            moved.append([k for k, v in after.items() if not v.equal(before[k])])
        exec(rest if names else part, names)
    return moved


def averages(moved):
    return [name for name in moved if name.endswith(("running_mean", "running_var"))]


@pytest.mark.slow
def test_the_recipe_in_pytorch_does_what_it_says(my_photos):
    pytest.importorskip("torchvision")
    first, second = run(RECIPE)
    assert first == ["classifier.1.weight", "classifier.1.bias"]
    assert {name.split(".")[1] for name in second if "features" in name} == {"6", "7", "8"}
    assert set(first) < set(second) and not averages(second)


@pytest.mark.slow
def test_without_eval_its_running_averages_move(my_photos):
    pytest.importorskip("torchvision")
    moved = run(test_recipe.changed(RECIPE, {HOLD: HOLD.replace("module.eval()", "pass")}))
    assert averages(moved[0]) and averages(moved[1])


def test_layer_wise_rates_shrink_towards_the_pixels():
    class Part:
        def __init__(self, name):
            self.name = name

        def parameters(self):
            return [self.name]

    names = {}
    exec(LAYER_WISE, names)
    groups = names["layer_wise"]([Part("early"), Part("late")], Part("head"), 1e-3)
    rates = {group["params"][0]: group["lr"] for group in groups}
    assert rates == {"head": 1e-3, "late": 1e-3, "early": 0.75e-3}


def test_nearest_neighbours_need_no_training():
    random = np.random.default_rng(0)
    labels = np.tile([0, 1], 20)
    features = 0.3 * random.normal(size=(40, 8)) + np.eye(8)[labels]
    names = {"train_features": features[:20], "train_labels": labels[:20]}
    names |= {"val_features": features[20:], "val_labels": labels[20:]}
    exec(NEAREST, names)
    assert names["accuracy"] > 0.8
    shuffled = names | {"train_labels": random.permutation(labels[:20])}
    exec(NEAREST, shuffled)
    assert shuffled["accuracy"] < names["accuracy"]


def test_lora_freezes_and_adds_a_little():
    backbone = tiny.backbone()
    added = layers.Dense(8, name="block_4_dense")
    backbone = keras.Model(backbone.input, added(backbone.output))
    model = tiny.with_random_head(transfer.add_head(backbone, 2, seed=0))
    pictures = tiny.images()
    as_it_was = model.predict(pictures.images, verbose=0)
    exec(LORA, {"backbone": backbone, "dense_layers": [added]})
    np.testing.assert_allclose(model.predict(pictures.images, verbose=0), as_it_was, atol=1e-6)
    before = transfer.snapshot(model)
    transfer.compile_for_classes(model, learning_rate=1e-2)
    model.fit(pictures.images, pictures.labels, epochs=2, verbose=0)
    moved = transfer.moved(model, before)
    assert "block_4_dense/kernel" not in moved
    thin = [path for path in moved if "lora" in path]
    assert len(thin) == 2 and {"head/kernel", "head/bias"} < set(moved)
    assert not [path for path in moved if "conv" in path]
