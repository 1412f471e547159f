"""An epoch of fine-tuning groceries at 160 px: on activations, against Keras's `fit` on the whole.

The same layers are frozen, BatchNormalization among them, and the same seeds draw order and
dropout: the losses must agree. The first epoch, in which TensorFlow traces, is left out.
"""

import statistics
import time

import numpy as np

from benchmarks import measuring
from tl_course import machine

machine.ready()
import keras  # noqa: E402

from tl_course import backbones, photographs, transfer  # noqa: E402


class Clock(keras.callbacks.Callback):
    """Seconds and loss of each epoch."""

    def __init__(self):
        super().__init__()
        self.seconds, self.losses = [], []

    def on_epoch_begin(self, epoch, logs=None):
        """Start."""
        self.start = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        """Stop."""
        self.seconds.append(time.perf_counter() - self.start)
        self.losses.append(logs["loss"])


def prepare(train_set, block, activations):
    """A compiled model and what it trains on, from the pretrained weights."""
    backbone = backbones.load_backbone("efficientnet_lite0", image_size=train_set.images.shape[1])
    model = transfer.add_head(backbone, len(train_set.class_names), seed=0)
    transfer.freeze(backbone)
    transfer.unfreeze(backbone, from_block=block)
    if activations:
        model, (train_set,) = transfer.on_activations(model, block, train_set)
    model.compile(
        optimizer=keras.optimizers.Adam(1e-4), loss="sparse_categorical_crossentropy",
        metrics=["accuracy"], jit_compile=False,
    )  # fmt: skip
    return model, train_set


def fit(model, train_set, start, seed, epochs):
    """One call of `fit`, from the weights `start` and with a fresh optimizer; returns its Clock."""
    clock = Clock()
    model.set_weights(start)
    transfer.reset_optimizer(model, learning_rate=1e-4)
    keras.utils.set_random_seed(seed)
    model.fit(
        train_set.images, train_set.labels, batch_size=32, epochs=epochs, verbose=0,
        callbacks=[clock],
    )  # fmt: skip
    return clock


def rows_of(train_set, block, bound, repeats, epochs):
    """Rows for one block: the ratio of epochs, each side's seconds, the losses' difference."""
    sides = {name: prepare(train_set, block, name == "ours") for name in ("ours", "Keras fit")}
    starts = {name: model.get_weights() for name, (model, _) in sides.items()}
    clocks = {name: [] for name in sides}
    for repetition in range(repeats):
        for name in list(sides)[:: 1 if repetition % 2 == 0 else -1]:
            clocks[name].append(fit(*sides[name], starts[name], repetition, epochs))
    seconds = {
        name: [statistics.median(clock.seconds[1:] or clock.seconds) for clock in found]
        for name, found in clocks.items()
    }
    losses = [np.array([clock.losses for clock in found]) for found in clocks.values()]
    apart, ratios = np.abs(losses[0] - losses[1]).max(), measuring.ratios(seconds, "Keras fit")
    return [
        measuring.at_least(f"from {block}, Keras fit / ours", ratios, bound),
        measuring.at_most(f"from {block}, losses apart", [apart], 1e-4, ""),
        *measuring.seconds_of(seconds, f"from {block}, an epoch"),
    ]


def measure(quick):
    """Rows for the last block and for all from block_11 on."""
    size, repeats, epochs = (64, 1, 2) if quick else (160, 3, 3)
    train_set = photographs.load_dataset("groceries", split="train", image_size=size)
    return [
        row
        for block, bound in (("block_16", 4), ("block_11", 2))
        for row in rows_of(train_set, block, bound, repeats, epochs)
    ]
