"""Build the playground, a page that trains a head: `python -m tools.build_playground`.

site/playground holds the page. To it come, in build/playground or the folder given, the course's
backbone as ONNX, what runs it in a browser, and drawings to try it with. Needs npm, once.
"""

import json
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from tl_course import look_alikes, machine
from tl_course.commands import _photos_web
from tools import links

ROOT = Path(__file__).resolve().parent.parent
SIZE = 160  # pixels
CHECKED = 20  # drawings, of which ONNX and Keras must say the same
LIMIT = 1e-4  # largest difference of a feature with 32-bit weights
LIMIT_16 = 0.9999  # least cosine between features with 32-bit and with 16-bit weights
DRAWINGS = {"drawings": (20, 61), "more_drawings": (6, 62)}  # of each class, and their seed


def export(folder):
    """Write the backbone with 16-bit weights as folder/backbone.onnx; return how far it is off.

    ValueError where ONNX does not say what Keras says.
    """
    from tl_course import backbones
    from tl_course.engine import takeaway

    backbone = backbones.load_backbone("efficientnet_lite0", image_size=SIZE)
    images = look_alikes.draw(CHECKED // 2, image_size=SIZE, seed=60).images
    expected = backbone.predict(images, verbose=0)
    whole, half = str(folder / "backbone_32.onnx"), str(folder / "backbone.onnx")
    takeaway.export_onnx(backbone, whole, (), SIZE, outputs=("features",))
    takeaway.halve_onnx(whole, half)
    difference = float(np.abs(takeaway.run_onnx(whole, images) - expected).max())
    halved = takeaway.run_onnx(half, images)
    cosine = float(np.min(_cosines(halved, expected)))
    if difference > LIMIT or cosine < LIMIT_16:
        raise ValueError(
            f"ONNX differs from Keras: by {difference} with 32-bit weights (at most {LIMIT}), "
            f"cosine {cosine} with 16-bit ones (at least {LIMIT_16})."
        )
    return {"pictures": CHECKED, "largest_difference": difference, "cosine_16_bit": cosine,
            "largest_difference_16_bit": float(np.abs(halved - expected).max())}  # fmt: skip


def _cosines(a, b):
    return (a * b).sum(axis=1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)


def draw(folder):
    """Write the drawings; return {"drawings": {class: files}, "more_drawings": files}."""
    written = {}
    for name, (number, seed) in DRAWINGS.items():
        drawn = look_alikes.draw(number, image_size=SIZE, seed=seed)
        (folder / name).mkdir(exist_ok=True)
        for k, (image, label) in enumerate(zip(drawn.images, drawn.names, strict=True)):
            file = f"{name}/{label}_{k:02}.jpg"
            Image.fromarray(image).save(folder / file, quality=92)
            written.setdefault(name, {}).setdefault(label, []).append(file)
    mixed = zip(*written["more_drawings"].values(), strict=True)
    return written | {"more_drawings": [file for pair in mixed for file in pair]}


def write_page(folder):
    """Write what is typed by hand into a folder: the page, its style and its programs."""
    shutil.copytree(ROOT / "site" / "playground", folder, dirs_exist_ok=True)
    shutil.copy(_photos_web.FOLDER / "pictures.js", folder)


def build(folder):
    """Write the whole playground into a folder; return how far its network is off Keras's.

    ValueError where the network is off too far, or what runs it in a browser cannot be had.
    """
    write_page(folder)
    script, wasm = _photos_web.runtime().items()
    (folder / script[0]).write_bytes(script[1])
    with tempfile.TemporaryDirectory() as place:
        check = export(Path(place))
        model = (Path(place) / "backbone.onnx").read_bytes()
    packed = {"runtime.bin": _photos_web.packed(wasm[1]), "backbone.bin": _photos_web.packed(model)}
    for name, content in packed.items():
        (folder / name).write_bytes(content)
    repository, tag = links.home(ROOT)
    course = {
        "image_size": SIZE, "megabytes": round(sum(map(len, packed.values())) / 1e6),
        "lesson": f"https://github.com/{repository}/blob/{tag}/notebooks/06_your_own_photos.ipynb",
        **draw(folder), "check": check,
    }  # fmt: skip
    (folder / "course.json").write_text(json.dumps(course, indent=1), encoding="utf-8")
    return check


def main(folder=ROOT / "build" / "playground"):
    """Build it anew; return the exit code."""
    machine.ready()  # imports Keras in silence
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        check = build(folder)
    except ValueError as problem:
        print(problem, file=sys.stderr)
        return 1
    print(
        f"On {check['pictures']} drawings ONNX differs from Keras by "
        f"{check['largest_difference']:.1g}; with 16-bit weights the cosine is "
        f"{check['cosine_16_bit']:.6f}. To look at it: python -m http.server -d {folder}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:])))
