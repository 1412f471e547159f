"""Do the tests see realistic mistakes? `python -m tools.mutants [--only NAME ...]`.

Each mistake of tests/mutants.toml is planted alone in a copy of the course. Tests likely to see it
run first, then all. A failure counts only if the test passes without the mistake. Where the course
has moved on, one sentence says which mutants no longer fit, and nothing is planted.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tools import golden_cells, tree

ROOT = Path(__file__).resolve().parent.parent
PYTEST = [sys.executable, *"-m pytest -x -q --tb=no -rfE --color=no -p no:cacheprovider".split()]
NO_TESTS = 5  # what pytest returns when it found none


def changed_files(root, mutant):
    """Return {path: text with the mistake}. ValueError where the table no longer fits."""
    changed = {}
    for change in mutant["changes"]:
        path, old = root / change["file"], change["old"]
        text = changed.get(path) or (path.read_bytes().decode("utf-8") if path.exists() else "")
        if (count := text.count(old)) != 1:
            raise ValueError(f"{mutant['name']}: {path.name} has {count} times, not once: {old!r}")
        changed[path] = text.replace(old, change["new"])
    return changed


def misfits(root, mutants):
    """Return one reason for each mutant that no longer fits the course under `root`."""
    reasons = []
    for mutant in mutants:
        gone = [name for name in mutant["likely"] if not (root / name).exists()]
        reasons += [f"{mutant['name']}: there is no {name}" for name in gone]
        try:
            changed_files(root, mutant)
        except ValueError as reason:
            reasons.append(str(reason))
    return reasons


def plant(folder, mutant):
    """Make the mistake in a copy of the course, with `make notebooks` where it belongs to it."""
    for path, text in changed_files(folder, mutant).items():
        path.write_bytes(text.encode("utf-8"))
    if mutant.get("rebuild"):
        build = [sys.executable, "-m", "tools.build_notebooks"]
        subprocess.run(build, cwd=folder, check=True, capture_output=True)
        for path in (folder / "tests" / "golden").glob("*.ipynb"):
            golden_cells.bring_cells(path, golden_cells.solved(folder)[path.stem])


def first_failure(folder, *arguments):
    """Run pytest in a folder; return the name of the first test that fails, or None."""
    environment = os.environ | {"PYTHONPATH": str(folder)}  # not the course that is installed
    options = {"cwd": folder, "env": environment, "capture_output": True, "text": True}
    run = subprocess.run([*PYTEST, *arguments], **options)
    failed = re.search(r"(?m)^(?:FAILED|ERROR) (.+?)(?: - .*)?$", run.stdout)
    if (run.returncode in (0, NO_TESTS)) == bool(failed):
        raise RuntimeError(f"pytest could not run {arguments}: {run.stdout[-3000:]}{run.stderr}")
    return failed and failed[1]


def caught_by(folder, clean, likely):
    """Return (was it caught?, the test that caught it or why none did)."""
    quick, slow = ["tests", "-m", "not lesson"], ["tests", "-m", "lesson"]
    for arguments in (*([path] for path in likely), quick, slow):
        if test := first_failure(folder, *arguments):
            alone = test.split("::")[0] if ".ipynb" in test else test.split("[")[0]
            fails_anyway = first_failure(clean, alone)
            return not fails_anyway, f"{test} fails without it, too" if fails_anyway else test
    return False, "SURVIVED"


def run_all(root, mutants):
    """Plant and test one mutant after the other, print a table, return how many were caught."""
    table, num_caught = Table("mutant", "caught by", "seconds"), 0
    with tempfile.TemporaryDirectory() as scratch:
        clean = tree.copy(root, Path(scratch) / "clean")
        for number, mutant in enumerate(mutants, start=1):
            begin, name = time.perf_counter(), mutant["name"]
            folder = tree.copy(root, Path(scratch) / name)
            plant(folder, mutant)
            caught, by = caught_by(folder, clean, mutant["likely"])
            num_caught += caught
            print(f"[{number}/{len(mutants)}] {name}: {by}", flush=True)
            table.add_row(name, by, f"{time.perf_counter() - begin:.0f}")
    Console(width=120, markup=False).print(table, f"{num_caught} of {len(mutants)} caught")
    return num_caught


def main(argv=None, *, root=ROOT):
    """Return 0 if a test caught each mutant, 1 if one got through or no longer fits."""
    mutants = tomllib.loads((root / "tests/mutants.toml").read_text(encoding="utf-8"))["mutant"]
    names = [mutant["name"] for mutant in mutants]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=names, default=names)
    chosen = parser.parse_args(argv).only
    mutants = [mutant for mutant in mutants if mutant["name"] in chosen]
    if reasons := misfits(root, mutants):
        print(f"No longer fit, so tests/mutants.toml must follow: {'; '.join(reasons)}.")
        return 1
    return int(run_all(root, mutants) < len(mutants))


if __name__ == "__main__":
    sys.exit(main())
