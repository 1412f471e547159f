"""What does a picture cost? Measures the values of docs/scaling.md: `python -m benchmarks.scaling`.

One thread, and processor time in place of the clock's: other work on the machine hardly matters.
EfficientNet-Lite0, eight classes. Writes benchmarks/scaling.json (about two quiet minutes); `make
readme` then fills the page.
"""

import datetime
import json
import os
import platform
import time
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import numpy as np
import psutil

from tl_course import data, machine
from tl_course.engine import computer

OUTPUT = Path(__file__).with_suffix(".json")
SIZES, TRAINED_SIZE, BATCH, CLASSES = (64, 128, 160, 224), 128, 32, 8
BLOCKS = ("block_14", "block_11", "block_8", "block_4")
SHOTS = (5, 10, 20, 50, 100)


def noise(num_pictures, image_size):
    """Pictures of noise: what is in them costs nothing."""
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (num_pictures, image_size, image_size, 3), dtype="uint8")
    return data.ImageSet(pixels, np.arange(num_pictures) % CLASSES, tuple("abcdefgh"))


def core_seconds(work, *, repeats=2):
    """The least processor seconds of two runs, after one that compiles."""
    work()
    taken = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return min(taken)


def resident_mb():
    """Memory that this process holds now."""
    return psutil.Process().memory_info().rss / 1e6


def of_features(image_size):
    """A row for one resolution: a picture's pixels and what its features take."""
    from tl_course import backbones, transfer

    backbone = backbones.load_backbone("efficientnet_lite0", image_size=image_size)
    pictures = noise(2 * BATCH, image_size)
    seconds = core_seconds(lambda: transfer.precompute(backbone, pictures))
    return {
        "image_size": image_size, "pixel_bytes": 3 * image_size**2,
        "feature_bytes": 4 * backbone.output_shape[-1],
        "core_ms": 1000 * seconds / len(pictures),
    }  # fmt: skip


def of_steps():
    """A row for each way: what one picture in one training step takes, and keeps in memory."""
    from tl_course import backbones, experiments, transfer

    pictures = noise(BATCH, TRAINED_SIZE)
    scratch = backbones.small_cnn(CLASSES, image_size=TRAINED_SIZE, seed=0)
    rows = [of_step("from scratch", scratch, pictures)]
    backbone = backbones.load_backbone("efficientnet_lite0", image_size=TRAINED_SIZE)
    model = transfer.add_head(backbone, CLASSES, seed=0)
    transfer.freeze(backbone)
    features = transfer.precompute(backbone, pictures)
    rows.append(of_step("head", transfer.head_of(model), features))
    for block in BLOCKS:
        trunk, top = transfer.split_at(model, block)
        transfer.unfreeze(backbone, from_block=block)
        activations = transfer.precompute(trunk, pictures)
        rows.append(of_step(experiments.TUNED + block, top, activations))
    return rows


def of_step(way, network, pictures):
    """The row of one way, from steps on one batch."""
    from tl_course import experiments

    experiments._compiled(network)
    steps = 4

    def train():
        for _ in range(steps):
            network.train_on_batch(pictures.images, pictures.labels)

    return {
        "way": way, "input_bytes": pictures.images.nbytes // len(pictures),
        "trained_weights": int(sum(np.prod(w.shape) for w in network.trainable_weights)),
        "core_ms": 1000 * core_seconds(train) / (steps * len(pictures)),
    }  # fmt: skip


def of_schedules():
    """How many steps each way trains, by pictures a class."""
    from tl_course import transfer

    steps = ("head", "fine-tune", "scratch")
    return [
        {"shots": shots} | {step: transfer.schedule(shots * CLASSES, CLASSES, step=step).steps
                            for step in steps}
        for shots in SHOTS
    ]  # fmt: skip


def main():
    """Measure, write the JSON, print it."""
    machine.ready()
    computer.use_threads(1)
    found = {
        "date": datetime.date.today().isoformat(), "machine": f"{platform.machine()}, one thread",
        "tensorflow": computer.installed("tensorflow-cpu") or computer.installed("tensorflow"),
        "classes": CLASSES, "batch": BATCH, "trained_size": TRAINED_SIZE,
        "features": [of_features(size) for size in SIZES],
        "process_mb": resident_mb(), "steps": of_steps(), "schedules": of_schedules(),
    }  # fmt: skip
    OUTPUT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(OUTPUT.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
