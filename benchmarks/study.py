"""How much faster are two workers than one? `python -m benchmarks.study`.

Starts a Dask scheduler on 127.0.0.1 and runs the same grid on one and on two worker processes of
one thread each, in turns, each time into an empty folder. Prints the seconds of each pair and their
ratio. Fresh workers: each first imports TensorFlow, loads the pictures and computes the features,
so the ratio is below that of a longer study. --warm: workers that did the grid once before.
"""

import argparse
import json
import os
import statistics
import tempfile
import time

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

from tl_course import __main__, machine

GRID = ("--datasets", "digits", "--image-size", "64", "--shots", "5", "10", "--ways",
        "from scratch", "logistic regression", "head", "fine-tuned from block_14")  # fmt: skip


def seconds(num_workers, grid, warm):
    """Seconds that the grid takes from start to table on so many workers."""
    import distributed

    with distributed.LocalCluster(
        n_workers=num_workers, threads_per_worker=1, host="127.0.0.1", dashboard_address=None
    ) as cluster:
        for _ in range(2 if warm else 1):
            with tempfile.TemporaryDirectory() as folder:
                command = ["study", *grid, "--scheduler", cluster.scheduler_address]
                start = time.perf_counter()
                if __main__.main([*command, "--output", folder]):
                    raise SystemExit(1)
                taken = time.perf_counter() - start
    return taken


def main():
    """Measure the pairs, print them and the median ratio as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--warm", action="store_true", help="workers have run the grid once")
    options = parser.parse_args()
    machine.ready()
    grid = [*GRID, "--seeds", *map(str, range(options.seeds))]
    pairs = []
    for _ in range(options.pairs):
        one, two = (seconds(number, grid, options.warm) for number in (1, 2))
        pairs.append({"one_worker_s": round(one, 1), "two_workers_s": round(two, 1)})
        print(json.dumps(pairs[-1] | {"ratio": round(one / two, 2)}), flush=True)
    ratios = [pair["one_worker_s"] / pair["two_workers_s"] for pair in pairs]
    print(json.dumps({"pairs": pairs, "median_ratio": round(statistics.median(ratios), 2)}))


if __name__ == "__main__":
    main()
