"""Compare ways of learning on a grid, in processes or on a Dask cluster; a stopped study goes on.

The grid is backbone x data set x way x shots x seed. One cell, one file: a second start computes
what is missing. Which process computes a cell, and after which others, does not change its answers,
as long as code, packages and number of threads are the same; all of these are in the file's name.
"""

import argparse
import functools
import itertools
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tl_course import machine
from tl_course.commands import _cells, _datasets, _workers


def _number_or_all(text):
    if text == "all" or (text.isdigit() and int(text)):
        return text if text == "all" else int(text)
    raise argparse.ArgumentTypeError(f"got {text!r}: give pictures a class, such as 10, or all")


def add_arguments(parser):
    """Declare what the command accepts."""
    many, one = functools.partial(parser.add_argument, nargs="+"), parser.add_argument
    many("--backbones", default=["efficientnet_lite0"], metavar="NAME")
    many("--datasets", default=["groceries"], choices=_datasets.DATASETS)
    many("--ways", default=["from scratch", "head"], metavar="WAY", help="also 'logistic "
         "regression', 'fine-tuned from block_14'; compared with the first")  # fmt: skip
    many("--shots", default=[10], type=_number_or_all, metavar="N", help="a class, or all")
    many("--seeds", default=[0, 1, 2, 3, 4], type=int, metavar="SEED")
    one("--image-size", default=128, type=int, metavar="PIXELS")
    one("--split", default="val", choices=("val", "test"), help="which pictures judge")
    one("--workers", default=1, type=int, metavar="N", help="processes on this machine")
    one("--threads", default=1, type=int, metavar="N", help="of each process")
    one("--scheduler", metavar="ADDRESS", help="of a Dask cluster, such as tcp://10.0.0.1:8786")
    one("--output", default=Path("build", "study"), type=Path, metavar="FOLDER")


def grid(options):
    """The cells; those that share a preparation follow each other. ValueError for a wrong name."""
    from tl_course import backbones, experiments

    known = (experiments.SCRATCH, experiments.PROBE, experiments.HEAD)
    for way in options.ways:
        if way not in known and not way.startswith(experiments.TUNED):
            raise ValueError(f"Unknown way {way!r}: choose from {[*known, 'fine-tuned from ...']}.")
    for name in options.backbones:
        if name not in backbones.RECIPES:
            raise ValueError(f"Unknown backbone {name!r}: choose from {sorted(backbones.RECIPES)}.")
    for name in ("workers", "threads"):
        if getattr(options, name) < 1:
            raise ValueError(f"--{name} is {getattr(options, name)}: give at least 1.")
    axes = options.backbones, options.datasets, options.ways, options.shots, options.seeds
    rest = options.image_size, options.split, options.threads
    return [_cells.Cell(*place, *rest) for place in dict.fromkeys(itertools.product(*axes))]


def computed(cells, options):
    """{cell: its Comparison}: read where it was kept, else computed and kept."""
    from tl_course import experiments

    paths = {cell: options.output / "cells" / f"{cell.key()}.json" for cell in cells}
    found = {cell: kept for cell, path in paths.items() if (kept := _cells.read(path))}
    print(f"{len(found)} of {len(cells)} cells are there already, in {options.output}")
    todo = [cell for cell in cells if cell not in found]
    where = options.scheduler or options.workers
    run = _workers.on_cluster if options.scheduler else _workers.in_processes
    for cell, values in run(todo, where) if todo else ():
        _cells.keep(paths[cell], cell, values)
        found[cell] = experiments.from_values(values)
        print(f"[{len(found)}/{len(cells)}] {paths[cell].stem}")
    return {cell: found[cell] for cell in cells}


def judged(comparison):
    """One dict a way and number of shots: accuracy, and the difference to the first way."""
    (first, *_), seeds, rows = comparison.ways, comparison.seeds, []
    for shots, way in itertools.product(comparison.shots, comparison.ways):
        row = {"shots": shots, "way": way, "accuracy": comparison.accuracy(way, shots)}
        if way != first and len(seeds) > 1:
            row["difference"] = comparison.difference(way, first, shots)
        elif way != first:
            row["difference"] = comparison.over_pictures(way, first, shots, seeds[0])
        if difference := row.get("difference"):
            row["verdict"] = difference.verdict
        rows.append(row)
    return rows


def table(cell, rows):
    """The rows of one backbone and one data set, to print."""
    title = f"{cell.backbone} on {cell.dataset}, {cell.image_size} px, judged by {cell.split}"
    shown = Table("pictures a class", "way", "accuracy", "minus the first way", title=title)
    for row in rows:
        difference = row.get("difference")
        words = f"{difference}: {row['verdict']}" if difference else ""
        shown.add_row(str(row["shots"]), row["way"], str(row["accuracy"]), words)
    return shown


def main(options):
    """Compute what is missing, print the tables; return 0, or 1 where something is in the way."""
    machine.ready()  # imports Keras in silence

    try:
        found = computed(grid(options), options)
    except (ValueError, RuntimeError, OSError, ModuleNotFoundError) as error:
        print(error, file=sys.stderr)
        return 1
    console, kept = Console(width=None if sys.stdout.isatty() else 120, highlight=False), []
    for _, cells in itertools.groupby(found, key=lambda cell: cell[:2]):
        cells = list(cells)
        comparison = _cells.combine([found[cell] for cell in cells])
        rows = judged(comparison)
        console.print(table(cells[0], rows))
        kept.append({"cell": cells[0]._asdict(), "rows": rows, "comparison": comparison.values()})
    _cells.write(options.output / "study.json", kept)
    console.print(f"The same as JSON: {options.output / 'study.json'}", soft_wrap=True)
    return 0
