"""Build the slides from the last course: `python -m tools.build_slides`.

slides/index.md holds the words. What the course measured is a placeholder there, filled from
build/course: {{figure LESSON | start of a caption or alt text}}, {{line LESSON | part of a printed
line}}, {{after LESSON | ...}} for the rest of that line, {{headline LESSON}}, {{course KEY}}.
"""

import functools
import html
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from sphinx.cmd.build import build_main

ROOT = Path(__file__).resolve().parent.parent
FIGURE = re.compile(r'<figure><img alt="([^"]*)" src="data:.*?<figcaption>(.*?)</figcaption>.*')
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
    """Return the text that an executed lesson printed, and the HTML that it displayed."""
    cells = read(course / f"{lesson}.ipynb")["cells"]
    given = [output for cell in cells for output in cell.get("outputs", [])]
    pages = ["".join(output.get("data", {}).get("text/html", "")) for output in given]
    return "".join("".join(output.get("text", "")) for output in given), "\n".join(pages)


def figure(course, lesson, starts):
    """Return the HTML of the first figure whose caption or alt text has one of these starts."""
    found = list(FIGURE.finditer(outputs(course, lesson)[1]))
    for match in found:
        if any(html.unescape(t).startswith(tuple(starts.split(" | "))) for t in match.groups()):
            return match[0]
    raise ValueError(f"{lesson} has no figure {starts!r}, only {[match[2] for match in found]}.")


def line(course, lesson, part):
    """Return the first line with this part in it that a lesson printed."""
    lines = outputs(course, lesson)[0].splitlines()
    if found := [printed.strip() for printed in lines if part in printed]:
        return found[0]
    raise ValueError(f"{lesson} has no line with {part!r} among the {len(lines)} that it printed.")


def after(course, lesson, part):
    """Return what follows this part in its line, typeset so that no number is broken in two."""
    rest = line(course, lesson, part).partition(part)[2]
    rest = re.sub(r" (?=[=%])|(?<==) ", "\N{NO-BREAK SPACE}", rest)
    return re.sub(r"(?<!\d)-(?=\d)", "\N{MINUS SIGN}", rest)


def result(course, key, _part):
    """Return the headline of a lesson, or a value such as the profile, from results.json."""
    results = read(course / "results.json")
    values = results | {row["notebook"]: row["headline"] for row in results.pop("notebooks")}
    if not values.get(key):
        raise ValueError(f"results.json has no value for {key!r}; it has {sorted(values)}.")
    return str(values[key])


KINDS = {"figure": figure, "line": line, "after": after, "headline": result, "course": result}
PLACEHOLDER = re.compile(rf"\{{\{{({'|'.join(KINDS)}) (\w+)(?: \| (.+?))?\}}\}}")


def fill(text, course):
    """Return the slides' text, each placeholder filled from the course in this folder."""
    filled = PLACEHOLDER.sub(lambda found: KINDS[found[1]](course, found[2], found[3]), text)
    if left := re.search(r"\{\{.*", filled):
        raise ValueError(f"Unknown placeholder {left[0]!r}: choose one of {', '.join(KINDS)}.")
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
