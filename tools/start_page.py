"""Write the page that JupyterLab opens with: `python -m tools.start_page`.

notebooks/start.md has the six cards of tools/cards.py: a picture, a question, a finding, minutes.
"""

import argparse
import html
import sys
from pathlib import Path

from tools import cards

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


def card(lesson):
    """Return one of tools/cards.py's cards as HTML without an empty line."""
    # One link, named by the title: the picture says nothing that the finding does not.
    picture = f'<img src="../{lesson["picture"]}" alt="" style="{PICTURE}">'
    title = f'<b style="{TITLE}">{html.escape(lesson["title"])}</b>'
    return (
        f'<div style="{CARD}">\n'
        f'<a href="{lesson["name"]}.ipynb"><span style="{FRAME}">{picture}</span>{title}</a>\n'
        f'<p style="{PARAGRAPH}">{html.escape(lesson["question"])}</p>\n'
        f'<p style="{PARAGRAPH}"><b>{html.escape(lesson["finding"])}</b></p>\n'
        f'<p style="{PARAGRAPH}">Runs in {lesson["minutes"]}.</p>\n</div>\n'
    )


def page(root):
    """Return the start page of the course under `root`, as Markdown."""
    return f'{TOP}<div style="{ROW}">\n{"".join(map(card, cards.cards(root)))}</div>\n{END}'


def main(argv=None):
    """Write the page, return 0."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, default=ROOT, help="folder that holds notebooks/")
    root = parser.parse_args(argv).root
    (root / PAGE).write_text(page(root), encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
