"""Features of 1,000 pictures of 224 px by EfficientNet-Lite0: ours, Keras, ONNX Runtime."""

import contextlib
import os
import sys
import tempfile

import numpy as np

from benchmarks import measuring
from tl_course import machine

machine.ready()
import onnxruntime  # noqa: E402

from tl_course import backbones, transfer  # noqa: E402


def onnx_session(network, cores):
    """The same network with the same weights in ONNX Runtime, on as many threads."""
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(sys.stderr):
        network.export(f"{folder}/network.onnx", format="onnx", verbose=False)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = cores
        return onnxruntime.InferenceSession(f"{folder}/network.onnx", options)


def by_onnx(session, images, batch_size):
    """The features, batch by batch."""
    name = session.get_inputs()[0].name
    batches = (images[i : i + batch_size] for i in range(0, len(images), batch_size))
    return np.concatenate([session.run(None, {name: b.astype("float32")})[0] for b in batches])


def measure(quick):
    """Rows: two ratios, two differences, the time of the first call, pictures a second."""
    size, num, repeats = (64, 40, 1) if quick else (224, 1000, 5)
    images = np.random.default_rng(0).integers(0, 256, (num, size, size, 3)).astype("uint8")
    network = backbones.load_backbone("efficientnet_lite0", image_size=size)
    network.predict(images[:1], verbose=0)  # Keras exports no model that was never called
    session = onnx_session(network, len(os.sched_getaffinity(0)))
    sides = {
        "ours": lambda: transfer.extract_features(network, images),
        "Keras predict": lambda: network.predict(images, batch_size=16, verbose=0),
        "ONNX Runtime": lambda: by_onnx(session, images, 8),
    }
    with tempfile.TemporaryDirectory() as folder:
        os.environ["TL_COURSE_CACHE"] = folder
        first = measuring.alternate({"ours": lambda: sides["ours"]()}, 1)["ours"]
        outputs = {name: side() for name, side in sides.items()}  # all warm from here on
        seconds = measuring.alternate(sides, repeats)
    apart = {name: np.abs(outputs["ours"] - outputs[name]).max() for name in list(sides)[1:]}
    return [
        measuring.at_least("Keras predict / ours", measuring.ratios(seconds, "Keras predict"), 1.6),
        measuring.at_least("ONNX Runtime / ours", measuring.ratios(seconds, "ONNX Runtime"), 0.95),
        *(measuring.at_most(f"difference, {n}", [v], 1e-4, "") for n, v in apart.items()),
        *(measuring.at_least(n, [num / s for s in seconds[n]], None, "pictures/s") for n in sides),
        measuring.at_most("ours, first call with converting", first, None, "s"),
    ]
