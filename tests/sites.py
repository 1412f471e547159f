"""A site to test with, of the golden notebooks: `python -m tests.sites FOLDER` builds it."""

import json
import sys
from pathlib import Path

import nbformat

from tests.lessons import ROOT
from tl_course import records
from tools import build_site, site_pages

DOT = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
FOLDERS = "notebooks", "tests/golden"


def golden_course(folder):
    """A course as `make course` leaves it: students' notebooks with what the golden ones said."""
    folder.mkdir(parents=True)
    rows = []
    for lesson in sorted((ROOT / "lessons").glob("[0-9]*.py")):
        name = f"{lesson.stem}.ipynb"
        notebook, golden = (nbformat.read(ROOT / p / name, as_version=4) for p in FOLDERS)
        for cell, run in zip(notebook.cells, site_pages.without_injected(golden), strict=True):
            if cell.cell_type == "code":
                cell.outputs = run.outputs
        text = nbformat.writes(notebook).replace("DATA-IMAGE", DOT)  # golden ones keep no pixels
        (folder / name).write_text(text, encoding="utf-8")
        kept = records.recorded(golden).get("headline")
        rows.append({"notebook": lesson.stem, "minutes": 1.2, "headline": kept})
    results = {"profile": "smoke", "cores": 2, "notebooks": rows}
    (folder / "results.json").write_text(json.dumps(results), encoding="utf-8")
    return folder


def stand_ins(folder):
    """Folders that stand for the slides and the playground: a page each."""
    for name in build_site.PARTS:
        (folder / name).mkdir(parents=True)
        page = f'<!doctype html><html lang="en"><title>{name}</title><main><h1>{name}</h1></main>'
        (folder / name / "index.html").write_text(page, encoding="utf-8")
    (folder / "slides" / "lecture.pdf").write_bytes(b"%PDF-1.4")
    return {name: folder / name for name in build_site.PARTS}


def build(folder):
    """Build the whole site of golden notebooks in a folder; return (exit code, the site)."""
    course, output = golden_course(folder / "course"), folder / "site"
    return build_site.main(course, folder / "none", stand_ins(folder / "parts"), output), output


if __name__ == "__main__":
    sys.exit(build(Path(sys.argv[1]))[0])
