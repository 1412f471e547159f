"""A cell of a study: what decides its answers, how a process finds them, where they are kept."""

import functools
import hashlib
import itertools
import json
import os
import threading
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import threadpoolctl

from tl_course import data, records
from tl_course.commands import _datasets
from tl_course.engine import computer

# modules that decide no answer
NO_PART = {"__main__", "checks", "explain", "plots", "doctor", "fetch", "run", "study"}
BACKENDS = sum(computer.BACKENDS.values(), ())
PACKAGES = ("keras", *BACKENDS, "numpy", "scikit-learn", "pillow")
ALONE = threading.Lock()  # Keras has one state for a process: one cell at a time


class Cell(NamedTuple):
    """One place in the grid: what decides its answers, but for code, packages and pictures."""

    backbone: str
    dataset: str
    way: str
    shots: int | str
    seed: int
    image_size: int
    split: str
    threads: int

    def key(self):
        """Its name: words to read, and a hash of all that decides its answers."""
        everything = json.dumps([self, _origin(self.dataset)]).encode()
        words = (*self[:4], f"seed_{self.seed}", hashlib.sha256(everything).hexdigest()[:16])
        return "-".join(str(word).replace(" ", "_") for word in words)


@functools.cache
def _origin(dataset):
    """What this process would compute with: hash of code and table of pictures, versions."""
    files = sorted(Path(data.__file__).parent.glob("**/*.py"))
    files = [path for path in files if path.stem not in NO_PART] + [Path(__file__)]
    files += [path for path in [records.data_folder() / f"{dataset}.csv"] if path.exists()]
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()
    backend = os.environ.get("KERAS_BACKEND", "tensorflow")
    return [digest, backend, *map(computer.installed, PACKAGES)]


@functools.lru_cache(maxsize=1)  # the cells of one bench come one after the other
def _bench(backbone, dataset, split, image_size):
    from tl_course import backbones, experiments

    pool, judges = _datasets.load(dataset, split=split, image_size=image_size)
    network = backbones.load_backbone(backbone, image_size=image_size)
    return experiments.Bench(pool, judges, network)


def solve(cell, key):
    """(cell, its Comparison as values): runs in whichever process gets it.

    RuntimeError where that process would compute with something else than the one that asks.
    """
    if cell.key() != key:
        raise RuntimeError("A worker has another version of the course, its tables or packages: "
                           "install the same there, then start the workers again.")  # fmt: skip
    from tl_course.engine import litert

    with ALONE:
        litert.ENABLED = False  # what is in its cache would decide the last digits of a feature
        computer.use_threads(cell.threads)
        bench = _bench(cell.backbone, cell.dataset, cell.split, cell.image_size)
        with threadpoolctl.threadpool_limits(cell.threads):  # scikit-learn's
            found = bench.compare([cell.way], shots=[cell.shots], seeds=[cell.seed])
    return cell, found.values()


def combine(parts):
    """One Comparison of many, each of one way, one number of shots and one seed.

    All of the same backbone, pool and test pictures. ValueError where one of the grid is missing.
    """
    cells = {(part.ways[0], part.shots[0], part.seeds[0]): part for part in parts}
    ways, shots, seeds = (tuple(dict.fromkeys(column)) for column in zip(*cells, strict=True))
    if missing := set(itertools.product(ways, shots, seeds)) - cells.keys():
        raise ValueError(f"The grid has holes: nothing of {sorted(missing, key=str)}.")
    grid = [[[cells[w, s, k] for k in seeds] for s in shots] for w in ways]
    right, own = (
        np.array([[[getattr(part, name)[0, 0, 0] for part in row] for row in way] for way in grid])
        for name in ("right", "own")
    )
    return replace(parts[0], ways=ways, shots=shots, seeds=seeds, right=right, own=own)


def _digest(values):
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()


def read(path):
    """The Comparison in a cell's file; None where there is none, or a damaged one."""
    from tl_course import experiments

    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        whole = _digest(kept["comparison"]) == kept["sha256"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return experiments.from_values(kept["comparison"]) if whole else None


def keep(path, cell, values):
    """Write the file of a cell. values: of its Comparison."""
    write(path, {"cell": cell._asdict(), "sha256": _digest(values), "comparison": values})


def write(path, values):
    """Write JSON whole or not at all, however this process ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")
    os.replace(partial, path)
