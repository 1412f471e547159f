"""The lessons as the tests read them: cells with cell_type, source and metadata."""

from pathlib import Path

import jupytext

ROOT = Path(__file__).resolve().parents[1]
LESSONS = sorted((ROOT / "lessons").glob("[0-9]*.py"))
DEEPER = sorted((ROOT / "lessons" / "deeper").glob("[0-9]*.py"))  # optional: no exercises, no quiz


def cells_of(text):
    """The cells of a lesson."""
    return jupytext.reads(text, fmt="py:percent").cells


def tags(cell):
    return set(cell.metadata.get("tags", []))


def code_cells(cells):
    return [cell.source for cell in cells if cell.cell_type == "code"]


def text_cells(cells):
    return [cell.source for cell in cells if cell.cell_type == "markdown"]


def printed(cells, *, tag=None):
    """What executed cells printed, or only those with a tag, as one text."""
    cells = [cell for cell in cells if tag is None or tag in tags(cell)]
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    return "".join(output.text for output in outputs if output.get("name") == "stdout")
