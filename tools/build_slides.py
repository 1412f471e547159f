"""Build the slides from the last course: `python -m tools.build_slides`.

slides/index.md holds the words. What the course measured is a placeholder there, filled from
build/course: {{figure LESSON name}}, its figure_name; {{value LESSON path.to.value | format}},
which the lesson recorded (its own name may be left out); {{headline LESSON}}; {{course KEY}}.
"""

import functools
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from sphinx.cmd.build import build_main

from tl_course import evaluation, records
from tl_course.commands import _notebooks

ROOT = Path(__file__).resolve().parent.parent
BROWSERS = "chromium chromium-browser google-chrome google-chrome-stable msedge".split()
BROWSERS += [f"/Applications/{a}.app/Contents/MacOS/{a}" for a in ("Google Chrome", "Chromium")]
BROWSERS += [r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe"]  # any Windows
TO_PDF = "--headless --no-sandbox --disable-gpu --no-pdf-header-footer --virtual-time-budget=20000"


def read(path):
    """Return what is in a JSON file of the course."""
    if not path.exists():
        raise ValueError(f"{path} is missing: run `make course` first.")
    return json.loads(path.read_text(encoding="utf-8"))


@functools.cache  # a notebook with its figures is large, and asked for once a placeholder
def outputs(course, lesson):
    """Return an executed lesson's named figures, as HTML, and the values that it recorded."""
    notebook, figures = read(course / f"{lesson}.ipynb"), {}
    for output in (output for cell in notebook["cells"] for output in cell.get("outputs", [])):
        if name := output.get("metadata", {}).get("figure"):
            figures.setdefault(name, "".join(output["data"]["text/html"]))
    values = records.recorded(notebook)
    return figures, values | values.get(lesson, {})


def figure(course, lesson, name, _form):
    """Return the HTML of the first figure with this name."""
    figures, _ = outputs(course, lesson)
    if name not in figures:
        raise ValueError(f"{lesson} has no figure {name!r}: choose from {sorted(figures)}.")
    return figures[name]


def value(course, lesson, path, form):
    """Return a recorded value in words, typeset so that no number is broken in two."""
    found = outputs(course, lesson)[1]
    for key in path.split("."):
        if not isinstance(found, dict) or key not in found:
            known = sorted(found) if isinstance(found, dict) else found
            raise ValueError(f"{lesson} recorded no {path!r}: at {key!r} there is {known}.")
        found = found[key]
    text = ", ".join(in_words(v, form) for v in (found if isinstance(found, list) else [found]))
    text = re.sub(r"(?<=\d) ?(?=%)| (?==)|(?<==) ", "\N{NO-BREAK SPACE}", text or "none")
    return re.sub(r"(?<!\w)-(?=\d)", "\N{MINUS SIGN}", text)


def in_words(found, form):
    """Return one value, an estimate or a difference with its interval; form: as in format()."""
    if isinstance(found, dict) and "low" not in found:
        raise ValueError(f"{sorted(found)} are several values: name one of them.")
    return format(found, form) if form else str(evaluation.from_record(found))


def result(course, key, _path, _form):
    """Return the headline of a lesson, or a value such as the profile, from results.json."""
    results = read(course / "results.json")
    lines = {row["notebook"]: row["headline"] for row in results.pop("notebooks")}
    lines = {name: kept and _notebooks.headline_in_words(kept) for name, kept in lines.items()}
    values = results | lines
    if not values.get(key):
        raise ValueError(f"results.json has no value for {key!r}; it has {sorted(values)}.")
    return str(values[key])


KINDS = {"figure": figure, "value": value, "headline": result, "course": result}
PLACEHOLDER = re.compile(r"\{\{(\w+) (\w+)(?: (\w[\w., ]*))??(?: \| (.+?))?\}\}")


def fill(text, course, more=()):
    """Return a text, each placeholder filled from the course in this folder.

    more: kinds of placeholders besides those of the slides, a dict like KINDS.
    """
    kinds = KINDS | dict(more)

    def one(found):
        kind, *wanted = found.groups()
        return kinds[kind](course, *wanted) if kind in kinds else found[0]

    filled = PLACEHOLDER.sub(one, text)
    if left := re.search(r"\{\{.*", filled):
        raise ValueError(f"Unknown placeholder {left[0]!r}: choose one of {', '.join(kinds)}.")
    return filled


def build(course, folder):
    """Fill the slides with what the course measured; the deck is then in folder/deck."""
    text = fill((ROOT / "slides" / "index.md").read_text(encoding="utf-8"), course)
    source = shutil.copytree(ROOT / "slides", folder / "source")
    (source / "index.md").write_text(text, encoding="utf-8")
    if build_main(["-qW", "-b", "revealjs", f"-d{folder}/trees", f"{source}", f"{folder}/deck"]):
        raise ValueError("Sphinx could not build the slides, for the reason above.")


def print_pdf(deck, profile):
    """Print a deck to its lecture.pdf, a page a slide; return what is to be said about it."""
    if not (browser := next(filter(None, map(shutil.which, BROWSERS)), None)):
        return "The deck is complete; lecture.pdf needs Chrome, Chromium or Edge, none was found."
    page, pdf = deck / "index.html", deck / "lecture.pdf"
    paths = [f"--user-data-dir={profile}", f"--print-to-pdf={pdf}", f"{page.as_uri()}?print-pdf"]
    subprocess.run([browser, *TO_PDF.split(), *paths], capture_output=True, check=False)
    slides = len(re.findall("<h[12]", page.read_text(encoding="utf-8")))
    pages = len(re.findall(rb"/Type */Page\b", pdf.read_bytes())) if pdf.exists() else 0
    if pages != slides:
        raise ValueError(f"The deck is complete; its PDF has {pages} pages for {slides} slides.")
    return f"Its lecture.pdf has {pages} pages."


def main(course=ROOT / "build" / "course", output=ROOT / "build" / "slides"):
    """Build the slides; return the exit code."""
    output.parent.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(dir=output.parent, ignore_cleanup_errors=True) as folder:
            build(course, Path(folder))
            shutil.rmtree(output, ignore_errors=True)
            (Path(folder) / "deck").rename(output)
            said = print_pdf(output.resolve(), Path(folder) / "profile")
    except ValueError as problem:
        print(problem, file=sys.stderr)
        return 1
    print(f"The deck is {output / 'index.html'}: S shows the notes. {said}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
