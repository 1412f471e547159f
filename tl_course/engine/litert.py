"""How does a frozen network run fastest on a processor?

LiteRT, the runtime that networks have on phones, computes features about twice as fast as Keras's
`predict`: its kernels (XNNPACK) fuse layers, and keep the batch in the processor's cache. It takes
a converted copy of the network, kept in the cache folder. `transfer.extract_features` asks here
first, and takes `predict` where LiteRT cannot be used or would not pay; the outputs are the same
to about 1e-5. Anything here may fail on a new version of TensorFlow: then Keras does the work.
"""

import contextlib
import hashlib
import os

import keras
import numpy as np

from tl_course.engine import computer

BATCH = 8  # pictures at a time: 4 to 16 were equally fast at 224 px, 1 and 32 slower
ENABLED = True  # a study switches it off: every cell on every machine takes the same path
KEPT = 20  # converted networks in the cache folder, the last used ones: 13 MB each

# Processor seconds measured on EfficientNet-Lite0, 2 cores, oneDNN on; only their ratios matter.
CONVERTING = 1.3
FIRST_PREDICT = 1.4  # what Keras's first call on a network takes longer than its second: tracing
SAVED_A_MEGAPIXEL = 0.054


def runner(network, example, num_images=None):
    """A function from up to 8 images to outputs, float32; None where Keras should do the work.

    example: an array (n, ...) with the images' shape and type. num_images: None for many.
    """
    if not _can(network, example):
        return None
    dtype = "uint8" if example.dtype == "uint8" else "float32"
    path = computer.cache_folder() / "litert" / f"{_key(network, dtype)}.tflite"
    try:
        converted = _read(path)
        if converted is None:
            if not _pays(network, example, num_images):
                return None
            converted = _convert(network, dtype)
            _keep(converted, path)
        return _interpreter(converted, dtype)
    except Exception:  # a layer that LiteRT lacks, another version: the converter raises many kinds
        return None


def _can(network, example):
    """Whether LiteRT would compute the same, and no GPU is there to do it faster."""
    if not ENABLED or keras.backend.backend() != "tensorflow":
        return False
    try:
        import ai_edge_litert.interpreter  # noqa: F401, missing on Colab
        import tensorflow as tf
    except ImportError:
        return False
    inputs, outputs = getattr(network, "inputs", ()), getattr(network, "outputs", ())
    return (
        len(inputs) == len(outputs) == 1
        and inputs[0].shape[1:] == example.shape[1:]
        and not tf.config.list_physical_devices("GPU")
        and all(layer.compute_dtype == "float32" for layer in network.layers)
    )


def _pays(network, example, num_images):
    """Whether converting costs less time than it saves.

    It takes as long as Keras's first call on a network takes for tracing. So it pays at once on a
    network that Keras has not run yet, and else from 24 megapixels on (480 pictures of 224 px).
    """
    if num_images is None:
        return True
    tracing = 0 if getattr(network, "predict_function", None) else FIRST_PREDICT
    megapixels = num_images * np.prod(example.shape[1:3]) / 1e6
    return tracing + SAVED_A_MEGAPIXEL * megapixels > CONVERTING


def _key(network, dtype):
    """A name for this architecture with these weights: SHA-256, in hexadecimal digits."""
    import tensorflow as tf

    architecture = network.to_json().replace('"trainable": true', '"trainable": false')
    digest = hashlib.sha256(f"{tf.__version__} {BATCH} {dtype} {architecture}".encode())
    for weight in network.weights:
        digest.update(np.ascontiguousarray(weight))
    return digest.hexdigest()


def _convert(network, dtype):
    """The network in LiteRT's format, bytes, for batches of BATCH inputs.

    The weights enter the graph as constants, which saves TensorFlow from freezing variables: 1.3 s
    in place of the 7 to 12 s of `network.export(format="litert")`.
    """
    import tensorflow as tf

    values = [(variable, keras.ops.convert_to_numpy(variable)) for variable in network.variables]
    with tf.Graph().as_default() as graph:
        pixels = tf.compat.v1.placeholder(dtype, (BATCH, *network.inputs[0].shape[1:]))
        constants = [(variable, tf.constant(value)) for variable, value in values]
        with keras.StatelessScope(state_mapping=constants):
            outputs = network(tf.cast(pixels, "float32"), training=False)
        converter = tf.compat.v1.lite.TFLiteConverter(graph.as_graph_def(), [pixels], [outputs])
    with computer.quiet():
        return converter.convert()


def _interpreter(converted, dtype):
    """The function that runs a converted network on up to BATCH inputs."""
    from ai_edge_litert.interpreter import Interpreter

    with computer.quiet():  # it says each time which kernels it takes
        interpreter = Interpreter(model_content=converted, num_threads=computer.usable_cores())
        interpreter.allocate_tensors()
    source = interpreter.get_input_details()[0]
    target = interpreter.get_output_details()[0]["index"]
    padded = np.zeros(source["shape"], dtype)

    def run(batch):
        # The last batch may be smaller: what else is in `padded` is computed and cut off.
        np.copyto(padded[: len(batch)], batch, casting="same_kind")  # never floats into uint8
        interpreter.set_tensor(source["index"], padded)
        interpreter.invoke()
        return interpreter.get_tensor(target)[: len(batch)]

    return run


# ---------------------------------------------------------------- the cache


def _read(path):
    """The converted network, bytes; None when it is not there or damaged.

    A damaged one could end the process: so its SHA-256 stands before it in the file.
    """
    try:
        content = path.read_bytes()
        os.utime(path)  # used just now: it is kept longest
    except OSError:
        return None
    digest, converted = content[:32], content[32:]
    return converted if hashlib.sha256(converted).digest() == digest else None


def _keep(converted, path):
    """Write a converted network, whole or not at all, and drop those not used for longest."""
    partial = path.with_suffix(f".{os.getpid()}.partial")
    with contextlib.suppress(OSError):  # a folder that cannot be written to costs time, no more
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            partial.write_bytes(hashlib.sha256(converted).digest() + converted)
            os.replace(partial, path)
        finally:
            partial.unlink(missing_ok=True)
        newest_first = sorted(path.parent.glob("*.tflite"), key=os.path.getmtime, reverse=True)
        for old in newest_first[KEPT:]:
            old.unlink(missing_ok=True)
