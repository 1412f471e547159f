"""Report how long and how wordy the lessons are: `python -m tools.lint_lessons`.

A row a measure, a column a lesson; `!` marks what is beyond the limit that stands beside it. Lines
are those of cells that are not folded away. A report, it always returns 0: a sentence too many must
not break CI. Intervals and p-values are counted in the last `make course`, or else in the golden
notebook, which keeps fewer outputs.
"""

import ast
import builtins
import re
import statistics
import sys
from collections import Counter
from pathlib import Path

import jupytext
import nbformat
from rich.console import Console
from rich.table import Table

from tools.lab_metadata import HIDDEN

ROOT = Path(__file__).resolve().parent.parent
RUNS = (ROOT / "build" / "course", ROOT / "tests" / "golden")
KINDS = ("concept", "plumbing", "printing", "plotting")
SHOW = {"print", "checks.report"}
PLUMBING = HIDDEN - {"figure"} | {"hide"}
MOST = {  # design.md, Notebooks
    "sections": 6, "cells": 60, "code cells": 30, "lines, median": 5, "over 15 lines": 0,
    "words, median": 40, "over 90 words": 0, "intervals": 25, "p-values": 10, "typed %": 0,
}  # fmt: skip
LEAST = {"concept, % of code": 50}
INTERVAL = re.compile(r"\([+-]?[\d.]+ to [+-]?[\d.]+(?: %)?, n = \d")
P_VALUE = re.compile(r"\bp [=<] ?\d")
CITED = re.compile(r"https?://|\]\(")


def is_setting(statement):
    """Does a statement only import, or only give names in capitals their values?"""
    if isinstance(statement, ast.Assign):
        names = [n.id for t in statement.targets for n in ast.walk(t) if isinstance(n, ast.Name)]
        return all(map(str.isupper, names))
    return isinstance(statement, ast.Import | ast.ImportFrom)


def called(statement):
    """Return the names of what a statement calls, such as "transfer.train"."""
    return {ast.unparse(n.func) for n in ast.walk(statement) if isinstance(n, ast.Call)}


def is_shown(statement):
    """Does a statement only print, report a check, or name a value to be shown?"""
    if not isinstance(statement, ast.Expr):
        return False
    value = statement.value
    return not isinstance(value, ast.Call) or ast.unparse(value.func) in SHOW


def is_simple(statement):
    """Does a statement only show, or count and put words together with what Python has built in?"""
    return is_shown(statement) or called(statement) <= {*dir(builtins), *SHOW}


def kind(cell):
    """Return what a code cell is there for, one of KINDS."""
    body = ast.parse(cell.source).body
    if PLUMBING & set(cell.metadata.get("tags", [])) or all(map(is_setting, body)):
        return "plumbing"
    if re.search(r"\bplots\.\w+\(", cell.source):
        return "plotting"
    shows = any(SHOW & called(s) or is_shown(s) for s in body)
    return "printing" if shows and all(map(is_simple, body)) else "concept"


def code_lines(source):
    """Return the number of lines that are neither blank nor a solution's marker."""
    return sum(bool(line.strip()) and "SOLUTION" not in line for line in source.splitlines())


def words(source):
    """Return the number of words: a link counts by its text, mark-up and tables do not count."""
    prose = "\n".join(line for line in source.splitlines() if not line.lstrip().startswith("|"))
    return len(re.findall(r"\w[\w'’.,-]*", re.sub(r"\]\([^)]*\)|<[^>]+>", " ", prose)))


def typed_percentages(texts):
    """Return the percentages in prose, without an interval's 95 % and those with a link."""
    found = [m for t in texts if not CITED.search(t) for m in re.findall(r"\d[\d.,]* ?%", t)]
    return [match for match in found if not match.startswith("95")]


def printed(name):
    """Return what a lesson printed when it last ran, without its figures."""
    paths = [folder / f"{name}.ipynb" for folder in RUNS]
    path = next(filter(Path.exists, paths), None)
    cells = nbformat.read(path, as_version=4).cells if path else []
    given = [output for cell in cells for output in cell.get("outputs", [])]
    data = [o.get("data", {"text/plain": o.get("text", "")}) for o in given]
    figures = [d for d in data if "<figure" in d.get("text/html", "")]
    return "\n".join(d.get("text/plain", "") for d in data if d not in figures)


def measure(cells, said):
    """Return {measure: number} of a lesson's cells and of what they printed."""
    code = [cell for cell in cells if cell.cell_type == "code"]
    text = [cell.source for cell in cells if cell.cell_type == "markdown"]
    visible = [c for c in code if not HIDDEN & set(c.metadata.get("tags", []))]
    kinds, lines = Counter(map(kind, code)), [code_lines(c.source) for c in visible]
    lengths = [words(source) for source in text]
    return {
        "sections": sum(len(re.findall("(?m)^## ", source)) for source in text),
        "cells": len(cells), "code cells": len(code), **{k: kinds[k] for k in KINDS},
        "concept, % of code": round(100 * kinds["concept"] / max(1, len(code))),
        "lines, median": statistics.median(lines or [0]),
        "over 15 lines": sum(n > 15 for n in lines),
        "text cells": len(text), "words": sum(lengths),
        "words, median": statistics.median(lengths or [0]),
        "over 90 words": sum(n > 90 for n in lengths),
        "typed %": len(typed_percentages(text)),
        "predictions": sum("**Predict" in source for source in text),
        "intervals": len(INTERVAL.findall(said)), "p-values": len(P_VALUE.findall(said)),
    }  # fmt: skip


def shown(name, number):
    """Return a number as text, with a mark if it is beyond its limit."""
    beyond = number > MOST.get(name, number) or number < LEAST.get(name, number)
    return f"{number:g}{' !' if beyond else ''}"


def limit(name):
    """Return the limit of a measure in words, or nothing."""
    return f"≤ {MOST[name]}" if name in MOST else f"≥ {LEAST[name]}" if name in LEAST else ""


def main(root=ROOT):
    """Print the report; return 0 whatever it says."""
    paths = sorted((root / "lessons").rglob("[0-9]*.py"))
    columns = [measure(jupytext.read(p, fmt="py:percent").cells, printed(p.stem)) for p in paths]
    table = Table("", "limit", *(path.stem.replace("_", " ") for path in paths))
    for name in columns[0] if columns else ():
        table.add_row(name, limit(name), *(shown(name, column[name]) for column in columns))
    Console(width=120).print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
