"""Is this computer ready, and what will do the work?

The course needs no GPU. `ready` is called once, in a notebook's first cell, before anything else of
the course: it looks for what would stop a lesson, loads Keras, and says what will work.
"""

from tl_course.engine import computer


def ready(*, mixed_precision=False):
    """Get this computer ready; one line: what will work, or the first thing to mend.

    mixed_precision: compute in float16, keep the weights in float32; made for newer GPUs.
    RuntimeError when TensorFlow has begun to work already: restart, and call this first.
    """
    if fault := computer.first_fault():
        return f"Not ready: {fault}."
    with computer.quiet():
        import keras  # only here, so that importing this module takes no time
    keras.config.set_dtype_policy("mixed_float16" if mixed_precision else "float32")
    precision = "float16 with float32 weights" if mixed_precision else "float32"
    device = _device(keras.backend.backend())
    versions = computer.check_python()[1], computer.check_backend()[1], f"keras {keras.__version__}"
    return f"Ready: {', '.join(versions)}, on {device}, {precision}."


def for_profile(profile, settings):
    """What a notebook uses in this profile: settings["smoke"], ["student"] or ["full"].

    ValueError for another one: the cell of parameters names it, or the command line.
    """
    if profile not in list(settings):
        raise ValueError(f"PROFILE is {profile!r}: choose from {sorted(settings)}.")
    return settings[profile]


def _device(backend):
    """What will work, in words; on each GPU, memory is from now on taken bit by bit."""
    if backend != "tensorflow":
        return f"the one device that {backend} chooses by itself"
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    try:
        for gpu in gpus:  # or TensorFlow takes all of a GPU's memory at once, needed or not
            tf.config.experimental.set_memory_growth(gpu, True)
    except RuntimeError as error:
        message = "TensorFlow works already: restart the kernel and call machine.ready first."
        raise RuntimeError(message) from error
    details = map(tf.config.experimental.get_device_details, gpus[:1])  # the first one works
    names = [f"the GPU ({detail.get('device_name', 'unnamed')})" for detail in details]
    cores = computer.usable_cores()
    return names[0] if names else f"the CPU ({cores} core{'s' * (cores > 1)})"
