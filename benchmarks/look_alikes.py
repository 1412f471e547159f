"""How alike are the look-alikes? Every figure asked of them, measured in one command.

    python benchmarks/look_alikes.py --seed 90000

Draws 400 test pictures and a pool of 1,000 from `--seed` onwards (take a range that nobody has
looked at or tuned on), takes five training draws from the pool and prints each figure in %, as the
mean over the five with the lowest and the highest, beside what is asked. Colour is judged on the
160 px pictures by a logistic regression on standardised means or shares; the probe and the small
CNN from scratch are those of `experiments.compare`, on EfficientNet-Lite0's features and on pixels.
"""

import argparse
import itertools
import os
import time

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tl_course import backbones, evaluation, experiments, look_alikes, transfer

SIZE, TEST_PER_CLASS, POOL_PER_CLASS, SEEDS = 160, 200, 500, range(1, 6)
SHOTS, COLOUR_SHOTS = (5, 10, 20, 50), (20, 100)


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


def ruler_accuracies(model, label, tests):
    """Of a probe that saw a ruler in class `label` alone, three shares in %.

    Right when that class has its ruler, right when no picture has one, and pictures of the other
    class called wrong because they have one. tests: {class with a ruler, or None: feature set}.
    """
    name, other = look_alikes.CLASS_NAMES[label], look_alikes.CLASS_NAMES[1 - label]
    there, gone = (100 * model.score(tests[r].images, tests[r].labels) for r in (name, None))
    fooled = model.predict(tests[other].images)[tests[other].labels != label] == label
    return there, gone, 100 * fooled.mean()


def colours(pool, test):
    """{(description, pictures a class): accuracies in %, one a training draw}."""
    return {
        (describe.__name__, shots): [
            colour_accuracy(describe, pool.take(experiments.draw(pool, shots, seed=seed)), test)
            for seed in SEEDS
        ]
        for describe, shots in itertools.product((mean_colour, colour_histogram), COLOUR_SHOTS)
    }


def rulers(backbone, seed):
    """{name of the class with a ruler: its ruler_accuracies, one row a training draw}."""

    def featured(num_per_class, seed, ruler):
        drawn = look_alikes.draw(num_per_class, image_size=SIZE, seed=seed, ruler=ruler)
        return transfer.precompute(backbone, drawn)

    names = look_alikes.CLASS_NAMES
    tests = {ruler: featured(TEST_PER_CLASS, seed, ruler) for ruler in (None, *names)}
    found = {name: [] for name in names}
    for number, (label, name) in itertools.product(SEEDS, enumerate(names)):
        ruled = featured(20, seed + number, name)
        found[name].append(ruler_accuracies(probe(ruled.images, ruled.labels), label, tests))
    return found


def show(name, values, asked=""):
    """One line: mean, lowest and highest, the mean's 95 % interval, and what is asked."""
    mean = evaluation.mean_interval(np.array(values))
    print(f"{name:52s} {mean.value:5.1f}  ({min(values):.1f} to {max(values):.1f}; "
          f"95 % interval {mean.low:.1f} to {mean.high:.1f})  {asked}")  # fmt: skip


def report(colour, comparison, ruler):
    """Print every figure beside what is asked of it."""
    for shots in COLOUR_SHOTS:
        show(f"mean RGB, {shots} a class", colour["mean_colour", shots], "asked: at most 60")
        values = colour["colour_histogram", shots]
        show(f"colour histogram, {shots} a class", values, "asked: at most 68")
    asked = {10: "asked: 76 to 95", 20: "asked: at least 86"}
    for shots in SHOTS:
        accuracy = {way: 100 * comparison.accuracies(way, shots) for way in comparison.ways}
        show(f"linear probe, {shots} a class", accuracy[experiments.PROBE], asked.get(shots, ""))
        if experiments.SCRATCH in accuracy:
            show(f"small CNN from scratch, {shots} a class", accuracy[experiments.SCRATCH])
            gap = accuracy[experiments.PROBE] - accuracy[experiments.SCRATCH]
            wanted = "asked: at least 8" if shots in (10, 20) else ""
            show(f"probe minus scratch, {shots} a class", gap, wanted)
    for name, rows in ruler.items():
        there, gone, fooled = np.transpose(rows)
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
    test, pool = (
        look_alikes.draw(number, image_size=SIZE, seed=args.seed + k)
        for k, number in enumerate((TEST_PER_CLASS, POOL_PER_CLASS))
    )
    backbone = backbones.load_backbone("efficientnet_lite0", image_size=SIZE)
    ways = [experiments.PROBE] if args.quick else [experiments.PROBE, experiments.SCRATCH]
    comparison = experiments.compare(
        ways, pool, test, shots=SHOTS, seeds=SEEDS, backbone=backbone, progress=print
    )
    report(colours(pool, test), comparison, rulers(backbone, args.seed))


if __name__ == "__main__":
    main()
