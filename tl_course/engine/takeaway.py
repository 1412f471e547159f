"""How does a classifier leave Keras, and does it still answer the same?"""

import json
import os

import keras
import numpy as np

TOLERANCE = 1e-3  # of a probability; float16 may be off by a hundredth
TOLERANCE_16 = 1e-2


def load(path):
    """The classifier of a `.keras` file. Safe mode: no code in the file is run."""
    return keras.models.load_model(path, safe_mode=True)


def with_features(model):
    """The same classifier with two outputs: what its head gets, and the probabilities."""
    return keras.Model(model.input, [model.get_layer("head_dropout").input, model.output])


def passing(dimensions):
    """A network that hands on its input: the backbone of whoever has features already."""
    given = keras.Input((dimensions,), name="features")
    return keras.Model(given, keras.layers.Identity(name="passed_on")(given), name="passing")


def export_onnx(model, path, class_names, image_size, *, outputs=("probabilities",)):
    """Write the classifier as ONNX: input `pixels`, output `probabilities`, any batch size.

    `class_names` (JSON) and `image_size` stand in its metadata. outputs: the names of a network's,
    in order.
    """
    import onnx

    model(np.zeros((1, *model.input_shape[1:]), "float32"))  # one never called cannot be exported
    model.export(path, format="onnx", verbose=False)
    exported = onnx.load(path)
    sides = [*exported.graph.input, *exported.graph.output]
    for value, name in zip(sides, ("pixels", *outputs), strict=True):
        _rename(exported.graph, value, name)
    values = {"class_names": json.dumps(list(class_names)), "image_size": str(image_size)}
    onnx.helper.set_model_props(exported, values)
    onnx.checker.check_model(exported)
    onnx.save(exported, path)


def _rename(graph, value, name):
    """Give an input or output of a graph another name, wherever it stands."""
    for node in graph.node:
        for names in (node.input, node.output):
            names[:] = [name if other == value.name else other for other in names]
    value.name = name


def halve_onnx(path, target):
    """Write an ONNX file's weights in 16 bits, inputs and outputs as before: half the size."""
    import onnx
    from onnxruntime.transformers.float16 import convert_float_to_float16

    halved = convert_float_to_float16(onnx.load(path), keep_io_types=True)
    onnx.save(halved, target)


def run_onnx(path, images):
    """What an ONNX file's last output says of pictures, uint8 (n, height, width, 3): (n, ...)."""
    import onnxruntime

    session = onnxruntime.InferenceSession(os.fspath(path), providers=["CPUExecutionProvider"])
    return _by_ones(lambda one: session.run(None, {"pixels": one})[-1], images)


def export_litert(model, path):
    """Write the classifier as LiteRT, for phones; path ends in `.tflite`."""
    model(np.zeros((1, *model.input_shape[1:]), "float32"))
    model.export(path, format="litert", verbose=False)


def run_litert(path, images):
    """What a LiteRT file says of pictures, uint8 (n, height, width, 3): float (n, classes)."""
    from ai_edge_litert.interpreter import Interpreter

    signature = Interpreter(model_path=os.fspath(path)).get_signature_runner()
    (given,) = signature.get_input_details()
    (found,) = signature.get_output_details()
    return _by_ones(lambda one: signature(**{given: one})[found], images)


def _by_ones(answer, images):
    return np.concatenate([answer(image[None].astype("float32")) for image in images])


def parity(expected, found, tolerance=TOLERANCE):
    """How an exported model differs: a dict with `agrees`, over the same pictures.

    It agrees where no answer changed and no probability moved by more than the tolerance. expected,
    found: float (n, classes).
    """
    largest = float(np.max(np.abs(expected - found)))
    same = int(np.sum(expected.argmax(axis=1) == found.argmax(axis=1)))
    agrees = same == len(expected) and largest <= tolerance
    return {"pictures": len(expected), "same_answers": same, "largest_difference": largest,
            "agrees": bool(agrees)}  # fmt: skip
