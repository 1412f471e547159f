"""How alike are the look-alikes? Every figure asked of them, measured in one command.

    python benchmarks/look_alikes.py --seed 90000

Draws 400 test pictures and five training draws from `--seed` onwards (take a range that nobody has
looked at or tuned on) and prints each figure in %, as the mean over the five draws with the lowest
and the highest, beside what is asked. Colour is judged on the 160 px pictures by a logistic
regression on standardised means or shares; the probe is scikit-learn's LogisticRegression on
EfficientNet-Lite0's pooled features; scratch is `backbones.small_cnn` after about 300 Adam steps.
"""

import argparse
import itertools
import os
import time
from collections import defaultdict

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tl_course import backbones, evaluation, look_alikes, transfer

SIZE, TEST_PER_CLASS, DRAWS, COLOUR_SHOTS = 160, 200, 5, 100


def first(dataset, shots):
    """The first `shots` pictures of each class."""
    return dataset.take(
        np.concatenate([np.flatnonzero(dataset.labels == c)[:shots] for c in (0, 1)])
    )


def mean_colour(images):
    """(n, 3): mean red, green, blue."""
    return images.mean((1, 2))


def colour_histogram(images):
    """(n, 64): the share of pixels in each of 4 x 4 x 4 boxes of red, green, blue."""
    boxes = (images // 64).astype(int) @ [16, 4, 1]
    return np.stack([np.bincount(one.ravel(), minlength=64) for one in boxes]) / boxes[0].size


def probe(features, labels):
    """A logistic regression, as scikit-learn has it."""
    return LogisticRegression(max_iter=5000).fit(features, labels)


def colour_accuracy(describe, train, test):
    """Accuracy in % of a logistic regression on a standardised description of colour."""
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=5000))
    return 100 * model.fit(describe(train.images), train.labels).score(
        describe(test.images), test.labels
    )


def scratch_accuracy(train, test, *, steps, seed):
    """Accuracy in % of the small CNN trained from random weights on `train` alone."""
    model = backbones.small_cnn(2, image_size=SIZE, seed=seed)
    epochs = round(steps / np.ceil(len(train) / 10))
    transfer.train(
        model, train, first(train, 1), learning_rate=1e-3, epochs=epochs, seed=seed, batch_size=10
    )
    return 100 * np.mean(model.predict(test.images, verbose=0).argmax(1) == test.labels)


def ruler_accuracies(model, label, tests):
    """Of a probe that saw a ruler in class `label` alone, three shares in %.

    Right when that class has its ruler, right when no picture has one, and pictures of the other
    class called wrong because they have one. tests: {class with a ruler, or None: feature set}.
    """
    name, other = look_alikes.CLASS_NAMES[label], look_alikes.CLASS_NAMES[1 - label]
    there, gone = (100 * model.score(tests[r].images, tests[r].labels) for r in (name, None))
    fooled = model.predict(tests[other].images)[tests[other].labels != label] == label
    return there, gone, 100 * fooled.mean()


def measure(seed, *, scratch):
    """{(what, pictures a class or class name): a list, one value a training draw}."""
    backbone = backbones.load_backbone("efficientnet_lite0", image_size=SIZE)

    def draw(num_per_class, seed, ruler=None):
        return look_alikes.draw(num_per_class, image_size=SIZE, seed=seed, ruler=ruler)

    def featured(dataset):
        features = transfer.extract_features(backbone, dataset.images)
        return type(dataset)(features, dataset.labels, dataset.class_names)

    pictures = {
        ruler: draw(TEST_PER_CLASS, seed, ruler) for ruler in (None, *look_alikes.CLASS_NAMES)
    }
    tests = {ruler: featured(dataset) for ruler, dataset in pictures.items()}
    results = defaultdict(list)
    for number in range(1, DRAWS + 1):
        train = draw(COLOUR_SHOTS, seed + number)
        for shots, describe in itertools.product(
            (20, COLOUR_SHOTS), (mean_colour, colour_histogram)
        ):
            accuracy = colour_accuracy(describe, first(train, shots), pictures[None])
            results[describe.__name__, shots].append(accuracy)
        features = featured(first(train, 50))
        for shots in (5, 10, 20, 50):
            few = first(features, shots)
            model = probe(few.images, few.labels)
            results["probe", shots].append(
                100 * model.score(tests[None].images, tests[None].labels)
            )
        for label, name in enumerate(look_alikes.CLASS_NAMES):
            ruled = featured(draw(20, seed + number, name))
            model = probe(ruled.images, ruled.labels)
            results["ruler", name].append(ruler_accuracies(model, label, tests))
        for shots in (10, 20) if scratch else ():
            accuracy = scratch_accuracy(first(train, shots), pictures[None], steps=300, seed=number)
            results["scratch", shots].append(accuracy)
        print(f"training draw {number} of {DRAWS} done", flush=True)
    return results


def show(name, values, asked=""):
    """One line: mean, lowest and highest, the mean's 95 % interval, and what is asked."""
    mean = evaluation.mean_interval(np.array(values))
    print(f"{name:52s} {mean.value:5.1f}  ({min(values):.1f} to {max(values):.1f}; "
          f"95 % interval {mean.low:.1f} to {mean.high:.1f})  {asked}")  # fmt: skip


def report(results):
    """Print every figure beside what is asked of it."""
    for shots in (20, COLOUR_SHOTS):
        show(f"mean RGB, {shots} a class", results["mean_colour", shots], "asked: at most 60")
        show(
            f"colour histogram, {shots} a class",
            results["colour_histogram", shots],
            "asked: at most 68",
        )
    for shots, asked in ((5, ""), (10, "asked: 76 to 95"), (20, "asked: at least 86"), (50, "")):
        show(f"linear probe, {shots} a class", results["probe", shots], asked)
    for shots in (10, 20):
        if scratch := results["scratch", shots]:
            show(f"small CNN from scratch, {shots} a class", scratch)
            gap = np.subtract(results["probe", shots], scratch)
            show(f"probe minus scratch, {shots} a class", gap, "asked: at least 8")
    for name in look_alikes.CLASS_NAMES:
        there, gone, fooled = np.transpose(results["ruler", name])
        show(f"ruler on {name} only: right with it", there)
        show(f"ruler on {name} only: right when it is gone", gone)
        show(f"ruler on {name} only: points lost", there - gone, "asked: at least 7")
        show(f"ruler on {name} only: others with one, wrong", fooled, "asked: at least 40")


def main():
    """Read the command line, time the drawing, measure, report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, required=True, help="first of a fresh range of seeds")
    parser.add_argument("--quick", action="store_true", help="leave out the training from scratch")
    args = parser.parse_args()
    look_alikes.draw(1, image_size=SIZE, seed=args.seed)  # the noise is made on the first call
    wall, processor = time.perf_counter(), time.process_time()
    look_alikes.draw(100, image_size=SIZE, seed=args.seed)
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    print(
        f"{wall * 5:.1f} ms a picture ({processor * 5:.1f} ms of processor time)  asked: at most 20"
    )
    report(measure(args.seed, scratch=not args.quick))


if __name__ == "__main__":
    main()
