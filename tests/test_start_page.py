"""The page that JupyterLab opens with: a card a lesson, and everything that it names is there."""

import re

import pytest

from tests.lessons import LESSONS, ROOT
from tools import cards, start_page

FOLDER = (ROOT / start_page.PAGE).parent


def missing(page):
    """What a page links to or shows, and what is not there."""
    named = re.findall(r'(?:href|src)="([^"]+)"|\]\(([^)]+)\)', page)
    return [name for pair in named for name in pair if name and not (FOLDER / name).exists()]


def test_six_cards_and_nothing_that_is_not_there():
    page = start_page.page(ROOT)
    links = re.findall(r'<a href="([^"]+)"', page)
    assert links == [f"{lesson.stem}.ipynb" for lesson in LESSONS]
    assert page.count("<img ") == len(LESSONS)
    assert missing(page) == []
    assert missing('<a href="07.ipynb"> [b](../gone.md)') == ["07.ipynb", "../gone.md"]


def test_a_card_holds_no_empty_line():
    """Markdown would take what follows one for text of its own."""
    row = start_page.page(ROOT).split("<div", 1)[1].rsplit("</div>", 1)[0]
    assert "\n\n" not in row


def test_a_card_says_what_its_lesson_found_and_escapes_it():
    lesson = cards.cards(ROOT)[0]
    assert lesson["finding"] in start_page.card(lesson)
    strange = lesson | {"title": "A <b>", "question": 'Why "&"?', "minutes": "7 minutes"}
    card = start_page.card(strange)
    assert "A &lt;b&gt;" in card and "Why &quot;&amp;&quot;?" in card
    assert f"../{lesson['picture']}" in card and "Runs in 7 minutes." in card


@pytest.mark.parametrize("name", ["lab", "binder"])
def test_both_open_it_with_the_same_settings(name):
    file, address = {
        "lab": ("Makefile", "/lab/tree/notebooks/start.md"),
        "binder": ("README.md", "lab%2Ftree%2Fnotebooks%2Fstart.md"),
    }[name]
    assert address in (ROOT / file).read_text(encoding="utf-8")
    program = {"lab": "Makefile", "binder": "binder/start"}[name]
    assert "deploy/lab" in (ROOT / program).read_text(encoding="utf-8")
