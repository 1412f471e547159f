"""Scratch, head, fine-tuned on three data sets, five seeds: `python benchmarks/three_ways.py`.

Each seed draws its own training pictures, starting weights and order; all seeds are judged by the
same test set. Learning rates and epochs were fixed before the test sets were opened. The network
from scratch gets 300 steps, and its accuracy on its own training pictures is printed beside.
"""

import argparse
import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

import numpy as np  # noqa: E402

from tl_course import backbones, data, evaluation, look_alikes, transfer  # noqa: E402

SIZES = {"groceries": 128, "blood_cells": 96, "drawings": 128}
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


def accuracies(backbone, start, train_set, test_sets, seed):
    """Accuracies for one draw: scratch on its own pictures, scratch, head, longer, fine-tuned."""
    test_set, test_features, test_activations = test_sets
    classes, options = len(train_set.class_names), {"batch_size": 16, "seed": seed}
    scratch = backbones.small_cnn(classes, image_size=train_set.images.shape[1], seed=seed)
    epochs = -(-300 * 16 // len(train_set))
    transfer.train(scratch, train_set, learning_rate=1e-3, epochs=epochs, **options)
    found = [evaluation.correct_answers(scratch, part).mean() for part in (train_set, test_set)]

    backbone.set_weights(start)
    transfer.freeze(backbone)
    model = transfer.add_head(backbone, classes, seed=seed)
    head, features = transfer.head_of(model), transfer.precompute(backbone, train_set)
    transfer.train(head, features, learning_rate=1e-3, epochs=30, **options)
    found.append(evaluation.correct_answers(head, test_features).mean())

    after_head = head.get_weights()  # control: the same extra epochs for the head alone
    transfer.train(head, features, learning_rate=1e-3, epochs=10, **options)
    found.append(evaluation.correct_answers(head, test_features).mean())
    head.set_weights(after_head)

    transfer.unfreeze(backbone, from_block=FROM_BLOCK)
    trunk, top = transfer.split_at(model, FROM_BLOCK)
    activations = transfer.precompute(trunk, train_set)
    transfer.train(top, activations, learning_rate=1e-4, epochs=10, **options)
    found.append(evaluation.correct_answers(top, test_activations).mean())
    return found


def main():
    """Measure and print, data set by data set."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=list(SIZES))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--shots", type=int, default=20, help="training pictures a class")
    options = parser.parse_args()
    for name in options.names:
        train_set, test_set = load(name)
        backbone = backbones.load_backbone("efficientnet_lite0", image_size=SIZES[name])
        start = backbone.get_weights()
        trunk, _ = transfer.split_at(backbone, FROM_BLOCK)
        test_sets = (test_set, *(transfer.precompute(part, test_set) for part in (backbone, trunk)))
        draws = [data.few_shot(train_set, options.shots, seed=s) for s in range(options.seeds)]
        rows = [accuracies(backbone, start, few, test_sets, s) for s, few in enumerate(draws)]
        report(f"{name}, {options.shots} a class, {len(test_set)} test pictures", np.array(rows))


def report(title, rows):
    """Print means with intervals over seeds, and the paired differences."""
    print(title)
    ways = ("scratch, own", "scratch", "head", "head, longer", "fine-tuned")
    for way, values in zip(ways, rows.T, strict=True):
        print(f"  {way:12} {evaluation.mean_interval(values)}")
    print(f"  head - scratch     {evaluation.seeds_difference(rows[:, 2], rows[:, 1])}")
    print(f"  fine-tuned - head  {evaluation.seeds_difference(rows[:, 4], rows[:, 2])}")
    longer = evaluation.seeds_difference(rows[:, 4], rows[:, 3])
    print(f"  fine-tuned - head, longer  {longer}", flush=True)


if __name__ == "__main__":
    main()
