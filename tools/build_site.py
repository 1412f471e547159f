"""Build the course's site from the last course: `python -m tools.build_site`.

site/ holds what is the site's own; its pages may have the placeholders of the slides (see
tools.placeholders) and {{lesson NAME key}}. Lessons come executed from build/course and
build/deeper, the slides from build/slides, all else is the repository's. The result needs no
network, and no server to be read.
"""

import shutil
import sys
import tempfile
from pathlib import Path

import nbformat
from sphinx.cmd.build import build_main

from tl_course.commands import _pages
from tl_course.engine import computer
from tools import cards, links, placeholders, site_pages

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
PARTS = {name: BUILD / name for name in ("slides", "playground")}
LEFT_OUT = shutil.ignore_patterns("solutions", "_sources", "*.map", "*.esm.js", "*.ttf", "*.eot")
DOCUMENTS = ["CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "data/README.md"]


def lesson(_course, name, key, _form):
    """Return what a lesson's card says, or the file of its picture."""
    (card,) = (card for card in cards.cards(ROOT) if card["name"] == name)
    return str(card[key])


def course_link(_course, key, _path, _form):
    """Return an address that the setting in pyproject.toml gives."""
    home = links.home(ROOT)
    return {
        "binder": links.binder(*home),
        "colab": links.colab(*home, "01_motivation.ipynb"),
        "repository": f"https://github.com/{home[0]}",
        "readme": links.file(*home, "README.md"),
    }[key]


MORE = {"lesson": lesson, "course_link": course_link}


def documents():
    """Return the names of the Markdown files that become pages, relative to the course."""
    folders = [path for name in ("docs", "deploy") for path in (ROOT / name).rglob("*.md")]
    return DOCUMENTS + sorted(path.relative_to(ROOT).as_posix() for path in folders)


def executed(name, course, deeper):
    """Return (notebook, what to say about its outputs); name: its path below notebooks/."""
    path = (deeper if name.startswith("deeper/") else course) / Path(name).name
    note = "" if path.exists() else site_pages.NOT_RUN
    if note and not name.startswith("deeper/"):
        raise ValueError(f"{path} is missing: run `make course` first.")
    today = nbformat.read(ROOT / "notebooks" / name, as_version=4)
    if note:
        return today, note
    notebook = nbformat.read(path, as_version=4)
    site_pages.in_todays_words(notebook, today)
    return notebook, note


def write(path, text):
    """Write a text into a file, making its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def gather(course, deeper, parts, source):
    """Put the sources of the whole site into a folder, as they lie in the repository.

    parts: name on the site -> folder, of what is already made of pages.
    """
    shutil.copytree(ROOT / "site", source, ignore=shutil.ignore_patterns("playground"))
    for pictures in ("data/figures", "docs"):
        shutil.copytree(ROOT / pictures, source / pictures)  # its pages are written below
    shutil.copy(_pages.STYLE, source / "_static")
    folder = ROOT / "notebooks"
    names = [p.relative_to(folder).as_posix() for p in sorted(folder.glob("[0-9]*.ipynb"))]
    names += [f"deeper/{path.name}" for path in sorted((folder / "deeper").glob("*.ipynb"))]
    pages = {*documents(), *(f"notebooks/{name}" for name in names)}
    for path in source.glob("*.md"):
        write(path, placeholders.fill(path.read_text(encoding="utf-8"), course, MORE))
    for name in documents():
        text = (ROOT / name).read_text(encoding="utf-8")
        write(source / name, site_pages.relinked(text, name, pages, ROOT))
    for name in site_pages.described():
        write(source / "api" / f"{name}.md", site_pages.api(name))
    for name in names:
        page, note = executed(name, course, deeper)
        place = source / "notebooks" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        site_pages.page_of(page, name, pages, ROOT, place.parent, note)
        nbformat.write(page, place)
    for name, path in {"notebooks": folder, **parts}.items():
        if not path.exists():
            raise ValueError(f"{path} is missing: run `make {name}` first.")
        shutil.copytree(path, source / "_as_is" / name, ignore=LEFT_OUT)


def build(course, deeper, parts, folder):
    """Build the site; it is then in folder/site."""
    source, site = folder / "source", folder / "site"
    gather(course, deeper, parts, source)
    with computer.quiet():  # the package's pages import what it is built on
        import keras  # noqa: F401
    options = ["-qW", "--keep-going", "-b", "html", f"-d{folder}/trees"]
    if build_main([*options, f"{source}", f"{site}"]):
        raise ValueError("Sphinx could not build the site, for the reasons above.")
    for path in site.rglob("*.map"):  # for those who debug the theme
        path.unlink()


def main(course=BUILD / "course", deeper=BUILD / "deeper", parts=PARTS, output=BUILD / "site"):
    """Build the site; return the exit code."""
    output.parent.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(dir=output.parent, ignore_cleanup_errors=True) as folder:
            build(course, deeper, parts, Path(folder))
            shutil.rmtree(output, ignore_errors=True)
            (Path(folder) / "site").rename(output)
    except ValueError as problem:
        print(problem, file=sys.stderr)
        return 1
    size = sum(path.stat().st_size for path in output.rglob("*") if path.is_file()) / 1e6
    print(f"The site is {output / 'index.html'}, {size:.1f} MB.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
