"""When does fine-tuning pay? `python -m benchmarks.when_it_pays pilot|test|centre`.

pilot: settings are tried on the validation pictures that cartons and groceries bring, of other
shop visits than the training pictures. test: the course's own schedule, fixed after that, is judged
once, on the test pictures and on new seeds. centre: the same schedule on four sets, near ImageNet
and far from it, with few labels and many, also from other blocks: lesson 4's figure. What the test
recorded it takes over, after a check that the heads agree. Each writes its JSON to
build/when_it_pays.
"""

import argparse
import dataclasses
import datetime
import itertools
import json
import os
from pathlib import Path

import numpy as np

from tl_course import machine

print(machine.ready())  # before TensorFlow is imported, so that it does not greet
from tl_course import experiments, photographs, records, transfer  # noqa: E402
from tl_course.commands import _cells, _datasets  # noqa: E402
from tl_course.transfer import Schedule  # noqa: E402
from tools import experiment_tables, record_results  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]
SETS, IMAGE_SIZE = ("cartons", "groceries"), 128
PILOT_SEEDS, TEST_SEEDS = (100, 101), (0, 1, 2, 3, 4)
LATE, MIDDLE, EARLY = (experiments.TUNED + block for block in ("block_16", "block_11", "block_3"))
CENTRE = {  # pixels; few and many pictures a class; ways beside the head
    "cartons": (IMAGE_SIZE, (5, experiments.ALL), (LATE, MIDDLE)),
    "groceries": (IMAGE_SIZE, (5, experiments.ALL), (LATE, MIDDLE)),
    "digits": (64, (5, 20), (LATE, MIDDLE, EARLY, experiments.SCRATCH)),
    "drawings": (96, (10, 100), (LATE, MIDDLE)),
}
SETTINGS = [  # block, highest rate, warm-up and cosine?
    ("block_14", 1e-3, True), ("block_11", 3e-4, False), ("block_11", 3e-4, True),
    ("block_11", 1e-3, True), ("block_6", 3e-4, True), ("block_6", 1e-3, True),
]  # fmt: skip


def with_rate(rate, cosine):
    """The course's schedule, but for the rate of fine-tuning; without cosine it is constant."""

    def schedule(num_images, num_classes, *, step):
        plan = transfer.schedule(num_images, num_classes, step=step)
        if step != "fine-tune":
            return plan
        rest = {"warm_up": plan.warm_up, "final": plan.final} if cosine else {}
        return Schedule(rate, plan.steps, **rest)

    return schedule


def load(name, split):
    """One part of a data set at the size of this experiment."""
    return photographs.load_dataset(name, split=split, image_size=IMAGE_SIZE)


def pilot():
    """Return a row for each setting and data set: what it gained on the validation pictures."""
    rows, shots = [], experiments.ALL
    for name in SETS:
        pool, val_set = load(name, "train"), load(name, "val")
        for block, rate, cosine in SETTINGS:
            ways = [experiments.HEAD, experiments.TUNED + block]
            found = experiments.compare(
                ways, pool, val_set, shots=[shots], seeds=PILOT_SEEDS,
                schedule=with_rate(rate, cosine),
            )  # fmt: skip
            head, tuned = (found.accuracies(way, shots) for way in ways)
            shape = "warm-up, cosine" if cosine else "constant"
            rows.append({
                "data": name, "shots": shots, "block": block, "rate": rate, "shape": shape,
                "head": head.tolist(), "gain": (tuned - head).tolist(), "n": len(val_set),
            })  # fmt: skip
            print(rows[-1], flush=True)
    return rows


def test():
    """Return the Comparison of each data set on its test pictures, as values."""
    ways = [experiments.HEAD, experiments.TUNED + "block_11"]
    compared = {}
    for name in SETS:
        sets = load(name, "train"), load(name, "test")
        found = experiments.compare(ways, *sets, shots=[experiments.ALL], seeds=TEST_SEEDS)
        compared[name] = judged(found)
        print(name, compared[name], flush=True)
    return compared


def centre():
    """Return the Comparison of each of the four sets, as values."""
    compared = {}
    for name, (size, shots, ways) in CENTRE.items():
        bench = experiments.Bench(*_datasets.load(name, split="test", image_size=size))
        check_heads(bench, name, shots)
        cells = itertools.product([experiments.HEAD, *ways], shots, TEST_SEEDS)
        found = _cells.combine([answers(bench, name, *cell) for cell in cells])
        print(name, found, sep="\n", flush=True)
        compared[name] = found.values()
    return compared


def check_heads(bench, name, shots):
    """SystemExit where the head of this bench is not the one that the test recorded."""
    if (known := recorded(name, shots[-1])) is None:
        return
    found = bench.compare([experiments.HEAD], shots=shots[-1:], seeds=TEST_SEEDS)
    if np.mean(found.right[0] == known.right[0]) < 0.99:  # another machine rounds differently
        raise SystemExit(f"{name}: the head is not the one that the test recorded; run test again.")


def answers(bench, name, way, shots, seed):
    """One place of the grid: what the test recorded there, or else what the bench finds."""
    known = recorded(name, shots)
    if known is None or way not in known.ways:
        return bench.compare([way], shots=[shots], seeds=[seed], progress=log)
    w, k = known.ways.index(way), known.seeds.index(seed)
    part = {x: getattr(known, x)[w, :, k][None, :, None] for x in ("right", "own")}
    return dataclasses.replace(known, ways=(way,), seeds=(seed,), **part)


def recorded(name, shots):
    """The Comparison of head and fine-tuned that the test recorded, or None."""
    if shots != experiments.ALL:
        return None
    kept = records.last_results(experiment_tables.FILES["test"])["results"][name]
    return experiments.from_values(kept["comparison"])


def log(line):
    """Print a line at once, with the time."""
    print(datetime.datetime.now().strftime("%H:%M:%S"), line, flush=True)


def judged(found):
    """What a Comparison of head and fine-tuned says, and all its answers, as values."""
    (head, tuned), shots = found.ways, found.shots[0]
    said = {
        "head": found.accuracy(head, shots), "tuned": found.accuracy(tuned, shots),
        "over_seeds": found.difference(tuned, head, shots),
        "over_pictures": found.over_pictures(tuned, head, shots, found.seeds[0]),
    }  # fmt: skip
    numbers = {name: value._asdict() for name, value in said.items()}
    return {**numbers, "comparison": found.values()}


def main():
    """Run the part that is named, write it, return 0."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("part", choices=tuple(experiment_tables.FILES))
    parser.add_argument("--record", action="store_true", help="keep it in data/results, for docs/")
    options = parser.parse_args()
    found = {"pilot": pilot, "test": test, "centre": centre}[options.part]()
    kept = {
        "date": datetime.date.today().isoformat(),
        "machine": record_results.machine(),
        "cores": os.cpu_count(), "profile": "benchmark", "results": found,
    }  # fmt: skip
    folder = ROOT / ("data/results" if options.record else "build/when_it_pays")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{experiment_tables.FILES[options.part]}.json"
    path.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
