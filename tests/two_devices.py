"""Run by test_devices.py in a process of its own: train on one or on two virtual CPU devices.

`python two_devices.py 2 measured.npz`: the devices must be set before TensorFlow starts.
"""

import sys

import keras
import numpy as np
import tensorflow as tf
import tiny

# A lesson imports all of these before it calls devices.prepare: none of them may start TensorFlow.
# ruff: noqa: F401
from tl_course import backbones, checks, devices, evaluation, explain, look_alikes, plots, transfer


def start(number):
    """Cut the CPU in so many devices; all share each batch where there are two."""
    tf.config.threading.set_inter_op_parallelism_threads(8)  # devices wait for each other in one
    cpu = tf.config.list_physical_devices("CPU")[0]
    each = [tf.config.LogicalDeviceConfiguration()] * number
    tf.config.set_logical_device_configuration(cpu, each)
    devices.share_work([f"CPU:{index}" for index in range(number)])
    devices.share_work([f"CPU:{index}" for index in range(number)])  # as a cell run twice


def fine_tuned(*, learning_rate=1e-3, num=32, batch_size=16):
    """All weights after training a tiny model whose BatchNormalization layers are frozen."""
    backbone = tiny.backbone()
    model = transfer.add_head(backbone, 2, seed=0, dropout=0.0)
    transfer.unfreeze(backbone)
    train_set = tiny.images(seed=1, num_per_class=20).take(range(num))
    options = {"learning_rate": learning_rate, "epochs": 3, "batch_size": batch_size}
    transfer.train(model, train_set, tiny.images(seed=2).take(range(9)), seed=0, **options)
    return np.concatenate([weights.ravel() for weights in model.get_weights()])


def steps_of_the_course():
    """What the lessons do to a model, one after the other: {claim: did it hold?}."""
    held, dataset = {}, tiny.images(seed=1)
    backbone = tiny.backbone()
    backbone.get_layer("block_3_bn").beta.assign(np.ones(8))  # as if it had been trained
    model = transfer.add_head(backbone, 2, seed=0)
    options = {"learning_rate": 1e-3, "epochs": 1, "seed": 0}

    transfer.freeze(backbone)
    before = transfer.snapshot(model)
    transfer.train(model, dataset, **options)
    held["frozen: only the head moved"] = _moved(model, before) == ["head"]

    features = transfer.precompute(backbone, dataset)
    head = transfer.head_of(model)
    alone = head.predict(features.images, verbose=0)
    whole = model.predict(dataset.images, verbose=0)
    held["features computed once"] = np.allclose(alone, whole, atol=1e-5)

    transfer.unfreeze(backbone, from_block="block_3")
    trunk, top = transfer.split_at(model, "block_3")
    activations = transfer.precompute(trunk, dataset)
    before = transfer.snapshot(model)
    transfer.train(top, activations, **options)
    held["split: the last block and the head moved"] = _moved(model, before) == ["block_3", "head"]

    said = [found.mistake for found in checks.fine_tuning(top, before)]
    held["the checks read the weights and the rate"] = 6 in said

    kept = model.get_weights()
    transfer.reset_optimizer(top, learning_rate=1e-3)
    top.fit(activations.images, activations.labels, verbose=0)
    held["fit after a reset moves"] = _moved(model, before) == ["block_3", "head"]
    model.set_weights(kept)
    again = zip(kept, model.get_weights(), strict=True)
    held["weights are put back"] = all(np.array_equal(old, new) for old, new in again)
    return held


def _moved(model, before):
    return sorted({path.split("/")[0].split("_conv")[0] for path in transfer.moved(model, before)})


def mixed():
    """The loss after each epoch, in mixed precision."""
    keras.config.set_dtype_policy("mixed_float16")
    model = transfer.add_head(tiny.backbone(), 2, seed=0)
    options = {"learning_rate": 1e-2, "epochs": 6, "seed": 0}
    return transfer.train(model, tiny.images(seed=1), **options)["loss"]


def odd_batch_without_help():
    """The error of a bare `fit` on 9 pictures, or ""."""
    model = transfer.add_head(tiny.backbone(), 2, seed=0)
    model.compile("adam", "sparse_categorical_crossentropy")
    nine = tiny.images().take(range(9))
    try:
        model.fit(nine.images, nine.labels, verbose=0)
    except tf.errors.InvalidArgumentError as error:
        return str(error)
    return ""


if __name__ == "__main__":
    start(int(sys.argv[1]))
    np.savez(
        sys.argv[2],
        replicas=tf.distribute.get_strategy().num_replicas_in_sync,
        plain=fine_tuned(),
        other_rate=fine_tuned(learning_rate=1.1e-3),
        other_batches=fine_tuned(batch_size=8),
        uneven=fine_tuned(num=33),
        **steps_of_the_course(),
        odd_batch_without_help=odd_batch_without_help(),
        mixed=mixed(),
    )
