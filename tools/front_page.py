"""What stands at the top of README.md: the picture, the buttons, the cards, as HTML for GitHub.

A card is one picture with its words in it, so that three stand side by side on a wide page and one
below the other on a phone, where a table of GitHub's would be cut off; its alternative text says
all of it.
"""

import html

from tools import cards, draw_pictures, links

PICTURES = "docs/pictures"


def image(name, alt, width=""):
    """Return one picture of docs/pictures as HTML."""
    size = f' width="{width}"' if width else ""
    return f'<img src="{PICTURES}/{name}.svg" alt="{html.escape(alt)}"{size}>'


def linked(address, inner):
    """Return HTML that leads somewhere."""
    return f'<a href="{html.escape(address)}">{inner}</a>'


def centred(parts):
    """Return parts of HTML in one line that wraps where the page is narrow."""
    return '<p align="center">\n' + "\n".join(parts) + "\n</p>"


def hero(root):
    """Return the picture of the ruler, which leads to its lesson, and what it shows."""
    svg = (root / PICTURES / "ruler.svg").read_text(encoding="utf-8")
    picture = image("ruler", draw_pictures.said(svg), 720)
    lesson = f"notebooks/{draw_pictures.RULER['ruler']}.ipynb"
    return centred([linked(lesson, picture), f"<br><em>{draw_pictures.said(svg, 'desc')}</em>"])


def buttons(repository, tag):
    """Return the buttons that open the course where nothing has to be installed."""
    leads = {
        "colab": links.colab(repository, tag, "01_motivation.ipynb"),
        "binder": links.binder(repository, tag),
        "playground": f"{links.site(repository)}playground/index.html",
        "site": links.site(repository),
    }
    words = draw_pictures.BUTTONS
    return centred([linked(leads[name], image(f"button_{name}", words[name])) for name in words])


def cards_of(root):
    """Return the cards, each of which leads to its lesson."""
    return centred(
        [
            linked(
                f"notebooks/{card['name']}.ipynb",
                image(f"card_{card['name']}", draw_pictures.in_words(card), 266),
            )
            for card in cards.cards(root)
        ]
    )


def blocks(root):
    """Return {(page, name of a block): its text}, as tools/readme_table.py fills them."""
    return {
        ("README.md", "hero"): hero(root),
        ("README.md", "buttons"): buttons(*links.home(root)),
        ("README.md", "cards"): cards_of(root),
    }
