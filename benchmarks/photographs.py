"""500 photographs of 12 megapixels, read at 224 px: ours, and Keras's loader of folders."""

import io
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks import measuring
from tl_course import machine

machine.ready()
import keras  # noqa: E402

from tl_course import photographs  # noqa: E402

DISTINCT = 20  # enlarged and noisy ones; the rest are copies


def write_photographs(folder, num, size):
    """`num` JPEGs of size (width, height): groceries, enlarged, with a camera's noise."""
    small = photographs.load_dataset("groceries", split="test", image_size=256).images
    random, contents = np.random.default_rng(0), []
    for number in range(min(DISTINCT, num)):
        large = np.asarray(Image.fromarray(small[number]).resize(size, Image.Resampling.BICUBIC))
        noise = random.normal(0, 6, large.shape[:2])[..., np.newaxis]
        with io.BytesIO() as file:
            noisy = np.clip(large + noise, 0, 255).astype("uint8")
            Image.fromarray(noisy).save(file, "JPEG", quality=90)
            contents.append(file.getvalue())
    for number in range(num):
        path = folder / f"class_{number % 2}" / f"{number:03}.jpg"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(contents[number % len(contents)])


def by_keras(folder, image_size):
    """What the guides do: a tf.data.Dataset, read to its end."""
    pictures = keras.utils.image_dataset_from_directory(
        folder, image_size=(image_size, image_size), crop_to_aspect_ratio=True, shuffle=False,
        verbose=False,
    )  # fmt: skip
    return np.concatenate([images for images, _ in pictures.as_numpy_iterator()])


def fully_decoded(path, image_size):
    """The central square of a photograph, every pixel decoded, then made smaller with averaging."""
    with Image.open(path) as photograph:
        width, height = photograph.size
        side = min(width, height)
        left, top = (width - side) // 2, (height - side) // 2
        box = (left, top, left + side, top + side)
        size = (image_size, image_size)
        return np.asarray(photograph.convert("RGB").resize(size, Image.Resampling.BILINEAR, box))


def measure(quick):
    """Rows: the ratio, and how far our pixels are from those of a full decode."""
    num, size, repeats = (6, (400, 300), 1) if quick else (500, (4000, 3000), 3)
    with tempfile.TemporaryDirectory() as folder:
        write_photographs(Path(folder), num, size)
        sides = {
            "ours": lambda: photographs.load_folder(folder, image_size=224),
            "Keras": lambda: by_keras(folder, 224),
        }
        seconds = measuring.alternate(sides, repeats)
        paths = sorted(Path(folder).glob("*/*.jpg"))[:DISTINCT]
        ours = photographs.load_folder(folder, image_size=224).images[:DISTINCT]
        full = np.stack([fully_decoded(path, 224) for path in paths]).astype(float)
    apart, ratios = np.abs(ours - full).mean(), measuring.ratios(seconds, "Keras")
    return [
        measuring.at_least("image_dataset_from_directory / ours", ratios, 3),
        measuring.at_most("mean difference to a full decode", [apart], 2, "of 255"),
        *measuring.seconds_of(seconds, f"{num} photographs"),
    ]
