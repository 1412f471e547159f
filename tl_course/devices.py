"""What will do the work?

The course needs no GPU. Where there is one, `prepare` makes it ready and says in one sentence what
will work. It is called once, after the imports and before the first model.
"""


def prepare(*, mixed_precision=False, every_gpu=False):
    """Get the CPU or the GPUs ready. Returns one sentence: what will work, in which precision.

    mixed_precision: compute in float16, keep the weights in float32; made for newer GPUs.
    every_gpu: each model made from now on lives on every GPU, and each GPU takes its share of a
    batch (TensorFlow only). Off by default, because Keras wants a first batch that can be shared
    out evenly (`transfer.train` sees to it, a bare `fit` does not), and because BatchNormalization
    layers that are not frozen see their share only.
    RuntimeError when TensorFlow has begun to work already: restart, and call this first.
    """
    import keras  # only here, so that importing this module takes no time

    keras.config.set_dtype_policy("mixed_float16" if mixed_precision else "float32")
    precision = "float16 with float32 weights" if mixed_precision else "float32"
    backend = keras.backend.backend()
    if backend == "tensorflow":
        return f"Works on {_prepare_tensorflow(every_gpu)}, {precision}."
    return f"Works on the one device that {backend} chooses by itself, {precision}."


def _prepare_tensorflow(every_gpu):
    """Memory growth on each GPU, if there is one; returns what will work, in words."""
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    try:
        for gpu in gpus:  # or TensorFlow takes all of a GPU's memory at once, needed or not
            tf.config.experimental.set_memory_growth(gpu, True)
    except RuntimeError as error:
        message = "TensorFlow works already: restart the kernel and call devices.prepare first."
        raise RuntimeError(message) from error
    share_work([f"GPU:{number}" for number in range(len(gpus))] if every_gpu else [])
    if not gpus:
        return "the CPU"
    details = map(tf.config.experimental.get_device_details, gpus)
    names = ", ".join(detail.get("device_name", "unnamed") for detail in details)
    which = f"{len(gpus)} GPUs ({names})" if len(gpus) > 1 else f"the GPU ({names})"
    alone = len(gpus) > 1 and not every_gpu
    return f"{'the first of ' if alone else ''}{which}, memory growth on"


def share_work(names):
    """Models made from now on live on each of these devices; fewer than two: on one, as usual.

    names: such as ["GPU:0", "GPU:1"]. Each device computes its share of a batch, and all then take
    the same step: the same training as on one, up to rounding, where each share is equally large.
    """
    import tensorflow as tf

    if (len(names) > 1) != tf.distribute.has_strategy():  # called twice, it changes nothing
        strategy = tf.distribute.MirroredStrategy(names) if len(names) > 1 else None
        tf.distribute.experimental_set_strategy(strategy)
