"""The model card of a run, README.md, as the Hugging Face Hub reads it."""

from tl_course.commands import _photos_decisions, _photos_guard
from tl_course.engine import words

BASE = "timm/tf_efficientnet_lite0.in1k"  # the Hub's name of the network that was borrowed from
USE = """```python
import keras, numpy as np
from PIL import Image, ImageOps

model = keras.models.load_model("model.keras")
names = open("labels.txt", encoding="utf-8").read().splitlines()
photo = ImageOps.exif_transpose(Image.open("NEW.jpg")).convert("RGB")
square = ImageOps.fit(photo, ({size}, {size}), Image.Resampling.BILINEAR)  # the middle of it
probabilities = model.predict(np.asarray(square)[None])[0]  # pixels 0 to 255; calibrated
print(names[probabilities.argmax()], probabilities.max())
```"""

BODY = """# {name}

An image classifier for {classes} classes, made by `python -m tl_course photos` from {pictures}
pictures. It borrows from EfficientNet-Lite0, pretrained on ImageNet.

**Accuracy on {n} test pictures, asked once: {accuracy}.** Always the largest class: {largest}.
[The report](report.html) shows the mistakes.

| class | to train | to validate | to test |
|---|---|---|---|
{rows}

## How to use it

With this package: `python -m tl_course predict FOLDER NEW.jpg`, which says "{dont_know}" where the
answer is less than {limit} sure, or the picture is unlike those that the model learned from. In
plain Keras, which has no such guard:

{use}

## What was decided, and why

{why}

## Limits

{reach} It says nothing of a class that is not in the list, and a shortcut that all pictures share
cannot be seen in it. It is no diagnostic device.

Would more photographs help? {more}.
"""


def text(found):
    """The whole file: YAML for the Hub between lines of dashes, then Markdown for people."""
    import yaml

    front = yaml.safe_dump(metadata(found), sort_keys=False, allow_unicode=True, width=1000)
    return f"---\n{front}---\n\n{_body(found)}"


def metadata(found):
    """What the Hub reads, a dict."""
    test, name = found.judged.test, found.job.name
    interval = f"Accuracy, {test['accuracy']}, 95 % interval"
    return {
        "library_name": "keras", "pipeline_tag": "image-classification", "base_model": BASE,
        "tags": ["image-classification", "transfer-learning", "efficientnet-lite"],
        "metrics": ["accuracy"],
        "model-index": [{
            "name": name,
            "results": [{
                "task": {"type": "image-classification", "name": "Image classification"},
                "dataset": {"type": "imagefolder", "name": name, "split": "test"},
                "metrics": [
                    {"type": "accuracy", "value": round(test["accuracy"].value, 4),
                     "name": interval},
                ],
            }],
        }],
    }  # fmt: skip


def _body(found):
    album, test, guard = found.album, found.judged.test, found.judged.guard
    rows = _photos_decisions.decisions(found)
    sizes = _photos_decisions.sizes(album)
    return BODY.format(
        name=_plain(found.job.name), classes=len(album.class_names), pictures=len(album.files),
        n=test["accuracy"].n, accuracy=test["accuracy"], dont_know=_photos_guard.DONT_KNOW,
        largest=f"{100 * test['always_largest']:.1f} %", limit=f"{100 * guard.probability:.0f} %",
        rows="\n".join("| " + " | ".join(_plain(x) for x in row.values()) + " |" for row in sizes),
        use=USE.format(size=found.job.image_size), more=found.more[1].capitalize(),
        reach=_photos_decisions.reach(found),
        why="\n".join(f"* **{_plain(what)}**: {_plain(reason)}." for what, reason in rows),
    )  # fmt: skip


def _plain(text):
    """Text on one line that Markdown takes as it is."""
    line = words.one_line(text)
    return "".join(f"\\{letter}" if letter in "|*_`<>[]#" else letter for letter in line)
