"""The dial of lesson 4: unfrozen blocks x learning rate on cartons. `python -m benchmarks.dial`.

Each place: the same training pictures, the same trained head to start from, as many steps, warm-up
and cosine; only the highest rate and what may move differ. Validation pictures of other shop visits
judge, because a search among settings may not see the test. A run that was cut off goes on where
it stopped: build/dial keeps each place. A seed took a core 33 minutes; several may run side by
side (--seed). --record writes data/results/dial.json, when all is there.
"""

import argparse
import datetime
import itertools
import os
import time

from benchmarks import when_it_pays  # first of all: it readies TensorFlow
from tl_course import experiments
from tl_course.commands import _cells
from tools import record_results

BLOCKS = ("block_16", "block_14", "block_11", "block_6")
WAYS = (experiments.HEAD, *(experiments.TUNED + block for block in BLOCKS))
RATES = (1e-5, 3e-4, 1e-3, 1e-2)  # the course's own is 3e-4
SEEDS = (100, 101, 102)  # as in the pilot: none that a test has seen
KEPT = when_it_pays.ROOT / "build" / "dial"


def place(bench, way, rate, seed):
    """The Comparison of one place and one seed: read, or learned and kept."""
    path = KEPT / f"{way}-{rate:g}-{seed}.json".replace(" ", "_")
    if (found := _cells.read(path)) is None:
        bench.schedule = when_it_pays.with_rate(rate, cosine=True)
        found = bench.compare([way], shots=[experiments.ALL], seeds=[seed])
        cell = _cells.Cell("efficientnet_lite0", "cartons", way, "all", seed, 128, "val", 0)
        _cells.keep(path, cell, found.values())
        said = f"{way}, rate {rate:g}, seed {seed}: {100 * found.right.mean():.1f} %"
        when_it_pays.log(f"{said}, {time.process_time():.0f} s of processor so far")
    return found


def dial(seeds):
    """A row for each rate: the Comparison of the ways over the seeds, as values."""
    pool, judges = (when_it_pays.load("cartons", split) for split in ("train", "val"))
    bench = experiments.Bench(pool, judges)
    cells = itertools.product(seeds, WAYS, RATES)  # what is frozen below a block is computed once
    found = {(seed, way, rate): place(bench, way, rate, seed) for seed, way, rate in cells}
    rows = {rate: [part for cell, part in found.items() if cell[2] == rate] for rate in RATES}
    return [
        {"rate": rate, "comparison": _cells.combine(parts).values()} for rate, parts in rows.items()
    ]


def main():
    """Run the seeds that are named, or all; write what was found, return 0."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, action="append", choices=SEEDS, help="only this one")
    parser.add_argument("--record", action="store_true", help="keep what was found in data/results")
    options = parser.parse_args()
    rows = dial(options.seed or SEEDS)
    if options.record:
        kept = {
            "date": datetime.date.today().isoformat(), "machine": record_results.machine(),
            "cores": os.cpu_count(), "profile": "benchmark", "results": rows,
        }  # fmt: skip
        _cells.write(when_it_pays.ROOT / "data" / "results" / "dial.json", kept)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
