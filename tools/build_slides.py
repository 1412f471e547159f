"""Build the slides from the last course: `python -m tools.build_slides`.

slides/index.md holds the words. What the course measured is a placeholder there, filled from
build/course as tools/placeholders.py tells.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from sphinx.cmd.build import build_main

from tools import placeholders

ROOT = Path(__file__).resolve().parent.parent
BROWSERS = "chromium chromium-browser google-chrome google-chrome-stable msedge".split()
BROWSERS += [f"/Applications/{a}.app/Contents/MacOS/{a}" for a in ("Google Chrome", "Chromium")]
BROWSERS += [r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe"]  # any Windows
TO_PDF = "--headless --no-sandbox --disable-gpu --no-pdf-header-footer --virtual-time-budget=20000"


def build(course, folder):
    """Fill the slides with what the course measured; the deck is then in folder/deck."""
    text = placeholders.fill((ROOT / "slides" / "index.md").read_text(encoding="utf-8"), course)
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
