"""How are a frozen network's outputs computed a few at a time, and kept: in memory or in a file?"""

import io
import tempfile

import keras
import numpy as np

from tl_course.engine import litert


def outputs(network, groups, batch_size):
    """The outputs of each group of images, a few at a time."""
    run, step = None, 32 * batch_size
    for number, group in enumerate(groups):
        if number == 0:
            run = litert.runner(network, group, len(group) if isinstance(groups, list) else None)
            step = litert.BATCH if run else step
        for start in range(0, max(1, len(group)), step):
            few = group[start : start + step]
            found = run(few) if run else network.predict(few, batch_size=batch_size, verbose=0)
            yield np.asarray(found, dtype="float32")  # mixed precision computes them in float16


def one_array(parts, memory_limit):
    """The parts as one array, in memory or, beyond memory_limit bytes, in a file."""
    buffer, rows = io.BytesIO(), 0
    for part in parts:
        if isinstance(buffer, io.BytesIO) and buffer.tell() + part.nbytes > memory_limit:
            print(f"More than {memory_limit / 1e6:g} MB: kept in a file, memory-mapped.")
            buffer = _moved_to_file(buffer)
        buffer.write(np.ascontiguousarray(part))
        rows += len(part)
    shape = (rows, *part.shape[1:])
    if isinstance(buffer, io.BytesIO):
        return np.frombuffer(buffer.getbuffer(), dtype="float32").reshape(shape)
    buffer.flush()
    return np.memmap(buffer, dtype="float32", mode="r+", shape=shape)


def _moved_to_file(buffer):
    file = tempfile.TemporaryFile()  # no name: it goes away with the array
    file.write(buffer.getbuffer())
    return file


def for_fit(dataset, batch_size, seed):
    """What Keras's `fit` trains on: arrays, or batches from a file."""
    if isinstance(dataset.images, np.memmap):
        return {"x": OnDisk(dataset, batch_size=batch_size, seed=seed)}
    return {"x": dataset.images, "y": dataset.labels, "batch_size": batch_size}


class OnDisk(keras.utils.PyDataset):
    """Batches for Keras's `fit` from memory-mapped activations: `fit` would copy them to memory."""

    def __init__(self, dataset, *, batch_size, seed):
        super().__init__()
        self.dataset, self.batch_size = dataset, batch_size
        self.random = np.random.default_rng(seed)
        self.on_epoch_end()

    def __len__(self):
        return -(-len(self.dataset) // self.batch_size)

    def __getitem__(self, number):
        start = number * self.batch_size
        chosen = np.sort(self.order[start : start + self.batch_size])  # a file is read forwards
        return self.dataset.images[chosen], self.dataset.labels[chosen]

    def on_epoch_end(self):
        """Another order for the next epoch."""
        self.order = self.random.permutation(len(self.dataset))
