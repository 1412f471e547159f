"""Scratch, head, fine-tuned on three data sets, five seeds: `python benchmarks/three_ways.py`.

Each seed draws its own training pictures (20 a class, and all of them), starting weights and order;
all seeds are judged by the same test set. Learning rates and epochs are those of the lessons, fixed
before the test sets were opened. Takes about half an hour on 2 cores.
"""

import argparse
import json
import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

import numpy as np  # noqa: E402

from tl_course import backbones, data, evaluation, look_alikes, transfer  # noqa: E402

SIZES = {"groceries": 160, "blood_cells": 96, "drawings": 160}
FROM_BLOCK = "block_14"


def load(name):
    """(training, test set) of one data set."""
    size = SIZES[name]
    if name == "drawings":
        return tuple(
            look_alikes.draw(count, image_size=size, seed=seed)
            for count, seed in ((150, 710_000), (200, 720_000))
        )
    return tuple(data.load_dataset(name, split=part, image_size=size) for part in ("train", "test"))


def accuracies(backbone, start, train_set, val_set, test_set, seed):
    """Test accuracies of (scratch, head, fine-tuned) for one draw."""
    few_options = {"batch_size": 16, "seed": seed}
    model = backbones.small_cnn(
        len(train_set.class_names), image_size=train_set.images.shape[1], seed=seed
    )
    epochs = max(10, 9600 // len(train_set))
    transfer.train(model, train_set, val_set, learning_rate=1e-3, epochs=epochs, **few_options)
    from_scratch = evaluation.correct_answers(model, test_set).mean()

    backbone.set_weights(start)
    model = transfer.add_head(backbone, len(train_set.class_names), seed=seed)
    transfer.freeze(backbone)
    sets = [transfer.precompute(backbone, part) for part in (train_set, val_set, test_set)]
    head = transfer.head_of(model)
    transfer.train(head, *sets[:2], learning_rate=1e-3, epochs=30, **few_options)
    with_head = evaluation.correct_answers(head, sets[2]).mean()

    transfer.unfreeze(backbone, from_block=FROM_BLOCK)
    trunk, top = transfer.split_at(model, FROM_BLOCK)
    sets = [transfer.precompute(trunk, part) for part in (train_set, val_set, test_set)]
    transfer.train(top, *sets[:2], learning_rate=1e-4, epochs=10, **few_options)
    fine_tuned = evaluation.correct_answers(top, sets[2]).mean()
    return from_scratch, with_head, fine_tuned


def main():
    """Measure and print; one line of JSON a data set and size at the end of each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=list(SIZES))
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    for name in options.names:
        all_train, test_set = load(name)
        backbone = backbones.load_backbone("efficientnet_lite0", image_size=SIZES[name])
        start = backbone.get_weights()
        for shots in (20, None):
            rows = []
            for seed in range(options.seeds):
                train_set, val_set = data.split(all_train, (0.8, 0.2), seed=seed)
                few = data.few_shot(train_set, shots, seed=seed) if shots else train_set
                rows.append(accuracies(backbone, start, few, val_set, test_set, seed))
            report(name, shots or "all", len(test_set), np.array(rows))


def report(name, shots, num_test, rows):
    """Print means with intervals over seeds, and the paired differences."""
    print(f"{name}, {shots} a class, {num_test} test pictures")
    for way, values in zip(("scratch", "head", "fine-tuned"), rows.T, strict=True):
        print(f"  {way:10} {evaluation.mean_interval(values)}")
    print(f"  head - scratch     {evaluation.seeds_difference(rows[:, 1], rows[:, 0])}")
    print(f"  fine-tuned - head  {evaluation.seeds_difference(rows[:, 2], rows[:, 1])}")
    print(json.dumps({"name": name, "shots": shots, "accuracies": rows.tolist()}), flush=True)


if __name__ == "__main__":
    main()
