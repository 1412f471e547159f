"""Does each check name the mistake, and accuse nobody else? `python -m tests.mistakes.bench`.

Every set-up of tests/mistakes/m*.py is tried in a few worlds (worlds.py). Prints a table by
mistake; --json keeps it in the form of data/results/, where `make readme` takes it from.
"""

import argparse
import collections
import contextlib
import datetime
import gc
import importlib
import io
import json
import os
import platform
import re
import sys
import time
import traceback
from pathlib import Path
from typing import NamedTuple

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras  # noqa: E402

from tests.mistakes import worlds  # noqa: E402

FOLDER = Path(__file__).parent
SLOW = 2.0  # seconds that a check may take
COUNTS = ("cases", "named", "less", "wrong_name", "false_alarms", "exceptions", "slow")


class Case(NamedTuple):
    """One set-up in one world."""

    file: str
    kind: str  # WRONG, RIGHT or REFUSED
    expected: tuple  # of numbers, see rows.py
    setup: object
    choice: dict
    place: int  # which of its set-up's worlds

    @property
    def name(self):
        return f"{self.file}.{self.setup.__name__} {self.place}"


class Result(NamedTuple):
    """What came of a case."""

    case: Case
    outcome: str  # named, less, wrong_name, fine, unsure, false_alarm, exception, broken
    numbers: list  # of the mistakes that were named; None for a finding without a number
    seconds: float
    detail: str  # sentences or an error

    @property
    def is_failure(self):
        return self.outcome not in ("named", "fine")


def files():
    return sorted(path.stem for path in FOLDER.glob("m[0-9]*.py"))


def cases(only=None):
    """Every case, in order. only: mistake numbers: what expects one, and the files named so."""
    for file in files():
        of_file = set(map(int, re.findall(r"\d+", file)))
        module = importlib.import_module(f"tests.mistakes.{file}")
        for kind in ("WRONG", "RIGHT", "REFUSED"):
            for row in getattr(module, kind, []):
                name = f"{file}.{row.setup.__name__}.{sorted(row.fixed.items())}"
                if only and not only & ({*row.expected} | of_file):
                    continue
                for place, choice in enumerate(worlds.draw(name, row.worlds, row.fixed)):
                    yield Case(file, kind, row.expected, row.setup, choice, place)


def run(case, checks, transfer):
    """The Result of one case. An error of the set-up itself, not of a check, is `broken`."""
    world = worlds.World(case.choice, checks, transfer)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            found = case.setup(world)
    except Exception:
        return Result(case, "broken", [], 0.0, traceback.format_exc(limit=-3))
    finally:
        keras.config.set_dtype_policy("float32")
    refused = case.kind == "RIGHT" and world.raised  # a right training must run
    if world.error or refused:
        return Result(case, "exception", [], world.seconds, world.error or found[0].sentence)
    numbers = sorted({one.mistake for one in found or []}, key=lambda n: n or 0)
    detail = " | ".join(one.sentence for one in found or []) or repr(found)
    return Result(case, judged(case, found, set(numbers)), numbers, world.seconds, detail)


def judged(case, found, numbers):
    """The outcome of what a check said. found: None where it says that nothing was attempted."""
    accused = numbers - {None}
    if case.kind == "RIGHT":
        return "false_alarm" if accused else ("fine" if found == [] else "unsure")
    if accused - {*case.expected}:
        return "wrong_name"
    return "named" if numbers & {*case.expected} else "less"


def run_all(chosen, checks, transfer, *, progress=None):
    """The Results of these cases, one after the other."""
    results = []
    for number, case in enumerate(chosen):
        results.append(run(case, checks, transfer))
        if progress:
            progress(number, results[-1])
        if number % 20 == 19:  # or hundreds of graphs stay in memory
            keras.backend.clear_session()
            gc.collect()
    return results


# ---------------------------------------------------------------- the table


def table(results):
    """A list of dicts: a row for each mistake, then what is right, what is refused, and all.

    A wrong set-up counts for its first expected number. A false alarm counts for the number that
    was accused, so a row says how often this mistake was seen where it was not.
    """
    rows = collections.defaultdict(lambda: dict.fromkeys((*COUNTS, "unsure"), 0))
    for result in results:
        wrong = result.case.kind == "WRONG"
        key = main_number(result.case) if wrong else result.case.kind.lower()
        _count(rows[key], result)
        _count(rows["all"], result)
        if result.outcome == "false_alarm":
            for number in set(result.numbers) - {None}:
                rows[number]["false_alarms"] += 1
    order = [k for k in [*range(1, 23), "right", "refused", "all"] if k in rows]
    return [{"mistake": key, **rows[key]} for key in order]


def main_number(case):
    return case.expected[0]


def _count(row, result):
    row["cases"] += 1
    row["slow"] += result.seconds > SLOW and "train" not in result.case.file
    column = {"false_alarm": "false_alarms", "exception": "exceptions", "broken": "exceptions"}
    column = column.get(result.outcome, result.outcome)
    if column in row:
        row[column] += 1


def markdown(rows):
    head = ["mistake", *COUNTS, "unsure"]
    lines = [head, ["---"] * len(head), *([str(row[key]) for key in head] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def record(results, rows):
    """The table as data/results keeps it, with every failure by name."""
    failures = [
        {"case": r.case.name, "expected": list(r.case.expected), "outcome": r.outcome,
         "numbers": r.numbers, "seconds": round(r.seconds, 2), "detail": r.detail[:300]}
        for r in results if r.is_failure
    ]  # fmt: skip
    machine = f"{os.cpu_count()} CPU cores, {platform.machine()}, {platform.system()}"
    return {
        "date": str(datetime.date.today()), "machine": machine, "profile": "bench",
        "results": {"rows": rows, "failures": failures},
    }  # fmt: skip


def listed(result):
    """One failure, for a person."""
    case, choice = result.case, " ".join(f"{k}={v}" for k, v in result.case.choice.items())
    said = f"said {result.numbers}, expected {list(case.expected)}"
    return f"{result.outcome:12} {case.name}: {said}\n    {result.detail}\n    ({choice})"


def main(argv=None, checks=None, transfer=None):
    """Run, print the table; return the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", type=int, nargs="+", help="numbers of mistakes")
    parser.add_argument("--json", type=Path, help="where to keep the table and the failures")
    parser.add_argument("--list-failures", action="store_true")
    options = parser.parse_args(argv)
    if checks is None:
        from tl_course import checks, transfer
    began = time.perf_counter()
    chosen = list(cases(set(options.only) if options.only else None))
    results = run_all(chosen, checks, transfer, progress=_progress)
    rows = table(results)
    if options.list_failures:
        slow = [r for r in results if r.seconds > SLOW]
        print(*(f"slow         {r.case.name}: {r.seconds:.1f} s" for r in slow), sep="\n")
    print(markdown(rows))
    print(f"{len(results)} cases in {(time.perf_counter() - began) / 60:.1f} minutes")
    if options.json:
        text = json.dumps(record(results, rows), indent=1, ensure_ascii=False)
        options.json.write_text(text + "\n", encoding="utf-8")
    return results


def _progress(number, result):
    if result.is_failure:  # at once: a whole run takes many minutes
        print(listed(result), file=sys.stderr, flush=True)
    if number % 50 == 49:
        print(f"{number + 1} cases, the last: {result.case.name}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
