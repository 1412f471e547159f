"""Write the page that JupyterLab opens with: `python -m tools.start_page`.

notebooks/start.md has a card for each lesson: its picture, its question, how long it runs. Titles
and questions come from data/lessons.csv, pictures from data/figures, minutes from data/results.
"""

import argparse
import html
import json
import sys
from pathlib import Path

from tl_course import records
from tools import build_notebooks

ROOT = Path(__file__).resolve().parent.parent
PAGE = Path("notebooks") / "start.md"
TOP = """# Transfer learning, by doing it

Six lessons, one story: borrow, freeze, unfreeze, and know when each pays. Begin with the first.
Each is 45 to 60 minutes of your work; the minutes below are what a computer with 2 CPU cores needs.

"""
END = """
## In a lesson

Shift+Enter runs a cell and goes to the next. Words are explained in the
[glossary](../docs/glossary.md). The exercises are solved in [solutions](solutions), and
[deeper](deeper) goes further.
"""
# JupyterLab keeps styles that stand in the element, and no others.
ROW = "display: flex; flex-wrap: wrap; gap: 16px"
CARD = (
    "flex: 1 1 30%; min-width: 240px; max-width: 400px; box-sizing: border-box; padding: 12px; "
    "border: 1px solid #888888; border-radius: 8px"
)
FRAME = (
    "display: flex; align-items: center; justify-content: center; height: 150px; padding: 6px; "
    "box-sizing: border-box; background-color: #ffffff; border-radius: 4px; overflow: hidden"
)
PICTURE = "max-width: 100%; max-height: 138px"
TITLE = "display: block; margin: 8px 0 0 0; font-size: 1.15em"
PARAGRAPH = "margin: 8px 0 0 0"


def card(lesson, figures, minutes):
    """Return the card of one lesson, a row of lessons.csv, as HTML without an empty line."""
    words = json.loads((figures / f"{lesson['name']}.json").read_text(encoding="utf-8"))
    # One link, named by the title: the picture is described in the lesson.
    picture = f'<img src="../data/figures/{words["file"]}" alt="" style="{PICTURE}">'
    title = f'<b style="{TITLE}">{html.escape(lesson["title"])}</b>'
    return (
        f'<div style="{CARD}">\n'
        f'<a href="{lesson["name"]}.ipynb"><span style="{FRAME}">{picture}</span>{title}</a>\n'
        f'<p style="{PARAGRAPH}">{html.escape(lesson["question"])}</p>\n'
        f'<p style="{PARAGRAPH}">Runs in {minutes} minutes.</p>\n</div>\n'
    )


def page(root):
    """Return the start page of the course under `root`, as Markdown."""
    minutes = build_notebooks.minutes(root, "course")
    cards = "".join(
        card(lesson, root / "data" / "figures", minutes.get(lesson["name"], "a few"))
        for lesson in records.table("lessons")
    )
    return f'{TOP}<div style="{ROW}">\n{cards}</div>\n{END}'


def main(argv=None):
    """Write the page, return 0."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, default=ROOT, help="folder that holds notebooks/")
    root = parser.parse_args(argv).root
    (root / PAGE).write_text(page(root), encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
