"""Draw the pictures of README, slides and cards: `python -m tools.draw_pictures`.

Each is a template in tools/pictures, an SVG with places such as {headline.values.no ruler.value|
percent}, filled from what its lesson recorded, and {drawing NAME}, a drawing of look_alikes as
JPEG. docs/pictures gets the pictures, and a card of each lesson for README.
"""

import base64
import html
import re
import sys
import textwrap
from pathlib import Path

from tools import cards, drawings

ROOT = Path(__file__).resolve().parent.parent
RULER = {"ruler": "05_lasagna_or_endocarditis"}  # other pictures are named like their lesson
MISTAKES = {f"mistake_{n:02d}": "03_head_training" for n in (2, 15, 17, 19, 20, 22)}
BUTTONS = {
    "colab": "Lesson 1 in Colab",
    "binder": "All lessons on Binder",
    "playground": "Try your own pictures",
    "site": "Read it as a site",
}


def fill(template, lesson, values, folder):
    """Return a template's SVG with drawings and values in their places."""

    def drawing(place):
        data = base64.b64encode((folder / f"{place[1]}.jpg").read_bytes()).decode()
        return f"data:image/jpeg;base64,{data}"

    svg = re.sub(r"\{drawing (\w+)\}", drawing, template)
    return cards.filled(lesson, svg, values)


def said(svg, part="title"):
    """Return what a picture says in words: its `title` for those who do not see it, its `desc`."""
    return html.unescape(re.search(f"<{part}>(.+?)</{part}>", svg, re.DOTALL)[1])


def lines(text, width, **attributes):
    """Return a text of the card as SVG, a line under the other."""
    style = " ".join(f'{name.replace("_", "-")}="{value}"' for name, value in attributes.items())
    spans = "".join(
        f'<tspan x="16" dy="1.3em">{html.escape(line, quote=False)}</tspan>'
        for line in textwrap.wrap(text, width)
    )
    return f"<text {style}>{spans}</text>"


def card_svg(card, picture):
    """Return the card of a lesson: its picture, and below it title, question, minutes, finding."""
    words = {"title": card["title"], "minutes": f"runs in {card['minutes']}"}
    places = {name: html.escape(text, quote=False) for name, text in words.items()}
    places["question"] = lines(card["question"], 36, y=192, font_size=14, fill="#333")
    places["finding"] = lines(card["finding"], 30, y=252, font_size=16, font_weight="bold")
    places["alt"] = html.escape(in_words(card), quote=False)
    places["picture"] = picture.replace("<svg ", '<svg x="0" y="0" ', 1)
    template = (ROOT / "tools" / "pictures" / "card.svg").read_text(encoding="utf-8")
    return re.sub(r"\{(\w+)\}", lambda place: places[place[1]], template)


def button_svg(words, *, first):
    """Return a button with these words; the first of a row is filled."""
    width, (fill, ink) = 9 * len(words) + 24, ("#005A8C", "#FFF") if first else ("#FFF", "#005A8C")
    template = (ROOT / "tools" / "pictures" / "button.svg").read_text(encoding="utf-8")
    return template.format(
        width=width, inner=width - 1, middle=width / 2, words=words, fill=fill, ink=ink
    )


def in_words(card):
    """Return all that a card says, for those who do not see it."""
    title = card["title"] if card["title"].endswith("?") else f"{card['title']}."
    return f"{title} {card['question']} Runs in {card['minutes']}. {card['finding']}"


def main(root=ROOT):
    """Write the drawings, the pictures and the cards; return the exit code."""
    source, output = root / "tools" / "pictures", root / "docs" / "pictures"
    for name in drawings.DRAWN:
        drawings.keep(source / f"{name}.jpg")
    values, pictures = cards.recorded(root), {}
    for name, lesson in (RULER | MISTAKES | {lesson: lesson for lesson in values}).items():
        template = (source / f"{name}.svg").read_text(encoding="utf-8")
        pictures[name] = fill(template, lesson, values[lesson], source)
    for card in cards.cards(root):
        pictures[f"card_{card['name']}"] = card_svg(card, pictures[card["name"]])
    for name, words in BUTTONS.items():
        pictures[f"button_{name}"] = button_svg(words, first=name == "colab")
    for name, svg in pictures.items():
        (output / f"{name}.svg").write_text(svg, encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
