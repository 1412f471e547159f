"""Write the notebooks from the lessons: `python -m tools.build_notebooks`.

Each lessons/NN_name.py (jupytext percent) gives two notebooks without outputs, always the same
bytes: notebooks/solutions/NN_name.ipynb, complete, and notebooks/NN_name.ipynb, with stubs; each
lessons/deeper/NN_name.py one, in notebooks/deeper. Code that is not the concept is folded away.
Cells tagged exercise, check and open get the metadata with which nbgrader hands out and collects.
"""

import argparse
import hashlib
import json
import re
import sys
from collections import Counter
from pathlib import Path

import jupytext
import nbformat

from tl_course import records
from tools import cards, lab_metadata, links, nbgrader_cells, openings, pins

ROOT = Path(__file__).resolve().parent.parent
MARKER = re.compile(r"(?m)^[ \t]*### (?:BEGIN|END) SOLUTION[ \t]*(?:\n|$)")
SOLUTION = re.compile(r"(?ms)^([ \t]*)### BEGIN SOLUTION.*?### END SOLUTION[ \t]*$")
STUBS = {"code": r"\1pass  # your answer here", "markdown": "*Your answer here.*"}


def student_text(text, cell_type="code"):
    """Return a cell's text with each solution replaced by a stub that runs and does nothing."""
    stubbed = SOLUTION.sub(STUBS[cell_type], text)
    if MARKER.search(stubbed):
        raise ValueError(f"BEGIN and END SOLUTION don't come in pairs in the cell: {text!r}")
    return stubbed


def solution_text(text, cell_type="code"):
    """Return a cell's text with solutions, without markers; links start one folder further down."""
    complete = MARKER.sub("", text).rstrip("\n")
    if cell_type == "code":
        return complete
    return complete.replace("](../", "](../../").replace("](deeper/", "](../deeper/")


def cell_ids(cells):
    """Return one id per cell: a hash of its text, with a counter where a text comes again."""
    seen, ids = Counter(), []
    for cell in cells:
        digest = hashlib.sha256(cell.source.encode("utf-8")).hexdigest()[:12]
        seen[digest] += 1
        ids.append(digest if seen[digest] == 1 else f"{digest}-{seen[digest]}")
    return ids


def course_of(lesson):
    """Return the folder of the course that a lesson belongs to."""
    return lesson.parents[2 if lesson.parent.name == "deeper" else 1]


def run_of(lesson):
    """Return which run a lesson is part of: "course", or "deeper" for the optional ones."""
    return "deeper" if lesson.parent.name == "deeper" else "course"


def filled(lesson):
    """Return a lesson's text with {{title}} and {{question}} as in data/lessons.csv, {{minutes}},

    as last recorded, {{archive}}, our address, and the versions that `pins` fills in.
    """
    root, text = course_of(lesson), lesson.read_text(encoding="utf-8")
    for row in records.table("lessons"):
        if row["name"] == lesson.stem:
            text = text.replace("{{title}}", row["title"]).replace("{{question}}", row["question"])
    course = root / "data" / "results" / f"{run_of(lesson)}.json"
    rows = json.loads(course.read_text(encoding="utf-8"))["results"] if course.exists() else []
    minutes = {row["notebook"]: cards.in_minutes(row) for row in rows}
    text = text.replace("{{minutes}}", minutes.get(lesson.stem, "a few minutes"))
    if "{{archive}}" in text:
        text = text.replace("{{archive}}", links.archive(*links.home(root)))
    return pins.filled(text, root)


def notebook_json(lesson, rewrite):
    """Return a lesson's notebook as JSON text; `rewrite` maps the text of each cell."""
    notebook = jupytext.reads(filled(lesson), fmt="py:percent")
    notebook.metadata = nbformat.from_dict(lab_metadata.NOTEBOOK)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    openings.attach(notebook.cells[0], lesson.stem, course_of(lesson) / "data" / "figures")
    for cell in notebook.cells:
        cell.source = rewrite(cell.source, cell.cell_type)
        cell.metadata.pop("lines_to_next_cell", None)
        lab_metadata.fold(cell)
        lab_metadata.forgive(cell)
    nbgrader_cells.add_grading(notebook.cells)
    for cell, identity in zip(notebook.cells, cell_ids(notebook.cells), strict=True):
        cell["id"] = identity
    nbformat.validate(notebook)
    return nbformat.writes(notebook) + "\n"


def expected_notebooks(root):
    """Return {path: JSON text} of every notebook that the lessons under `root` should give."""
    notebooks = {}
    for lesson in sorted((root / "lessons").glob("[0-9]*.py")):
        name = f"{lesson.stem}.ipynb"
        notebooks[root / "notebooks" / name] = notebook_json(lesson, student_text)
        notebooks[root / "notebooks" / "solutions" / name] = notebook_json(lesson, solution_text)
    for lesson in sorted((root / "lessons" / "deeper").glob("[0-9]*.py")):
        path = root / "notebooks" / "deeper" / f"{lesson.stem}.ipynb"
        notebooks[path] = notebook_json(lesson, student_text)
    return notebooks


def main(argv=None):
    """Write every notebook, remove those that have lost their lesson, return 0."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, default=ROOT, help="folder that holds lessons/")
    root = parser.parse_args(argv).root
    notebooks = expected_notebooks(root)
    for path in {*root.glob("notebooks/**/*.ipynb")} - notebooks.keys():
        path.unlink()
    for path, text in notebooks.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("utf-8"))
    print(f"wrote {len(notebooks)} notebooks")
    return 0


if __name__ == "__main__":
    sys.exit(main())
