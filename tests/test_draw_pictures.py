"""tools/draw_pictures.py, drawings.py: README's pictures hold recorded values, drawn to scale."""

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from PIL import Image

from tests.lessons import ROOT
from tools import cards, draw_pictures, drawings

PICTURES = sorted((ROOT / "docs" / "pictures").glob("*.svg"))
TEMPLATES = ROOT / "tools" / "pictures"
SVG = "{http://www.w3.org/2000/svg}"
CARD = {"name": "01_a", "title": "1. A < B", "question": "Is A & B enough?", "minutes": "3 minutes",
        "finding": "A gains 5 points."}  # fmt: skip


def words_without_source(template):
    """Texts of a template that hold a digit, although no place was left for it."""
    texts = re.findall(r">([^<]+)</(?:text|title|tspan)>", template)
    allowed = re.compile(r"at 95 %")  # the level of an interval is no result
    return [text for text in texts if re.search(r"\d", allowed.sub("", cards.PLACE.sub("", text)))]


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.stem)
def test_a_picture_is_whole_and_small_and_says_what_it_shows(path):
    text = path.read_text(encoding="utf-8")
    root = ET.fromstring(text)
    assert len(root.find(f"{SVG}title").text) > 10
    assert path.stat().st_size < 1_000_000 and "{" not in text
    hrefs = [node.get("href") for node in root.iter(f"{SVG}image")]
    assert all(href.startswith("data:image/jpeg;base64,") for href in hrefs)


def test_no_result_is_typed_into_a_template():
    for path in TEMPLATES.glob("*.svg"):
        assert words_without_source(path.read_text(encoding="utf-8")) == []
    assert words_without_source("<text>99.2 %</text>") == ["99.2 %"]


def test_the_ruler_shows_the_recorded_numbers_to_scale():
    svg = (ROOT / "docs" / "pictures" / "ruler.svg").read_text(encoding="utf-8")
    values = cards.recorded()["05_lasagna_or_endocarditis"]["headline"]["values"]
    bars = [float(width) for width in re.findall(r'<rect x="0" y="386" width="([\d.]+)"', svg)]
    for name, bar in (("ruler on valves", bars[1]), ("ruler on lasagna", bars[3])):
        assert bar == pytest.approx(364 * values[name]["value"], abs=0.1)
        assert f">{100 * values[name]['value']:.1f}\N{NO-BREAK SPACE}%</text>" in svg


def test_the_difference_inside_the_noise_is_drawn_around_zero():
    svg = (ROOT / "docs" / "pictures" / "mistake_20.svg").read_text(encoding="utf-8")
    value = cards.recorded()["03_head_training"]["head_minus_probe"]
    assert value["verdict"] == "cannot tell" and ">cannot tell</text>" in svg
    ends = [float(x) for x in re.search(r"M([\d.]+) 91H([\d.]+)", svg).groups()]
    assert ends == pytest.approx([135 + 3000 * value[end] for end in ("low", "high")], abs=0.1)
    assert 16 < ends[0] < 135 < ends[1] < 254


def test_a_length_stays_within_its_axis():
    lengths = [cards.filled("01_a", "{v|of 200}", {"v": v}) for v in (-0.1, 0.25, 1.008)]
    assert lengths == ["0.0", "50.0", "200.0"]
    assert cards.filled("01_a", "{v|times 32}", {"v": 4}) == "128"


def test_a_card_holds_its_words():
    svg = draw_pictures.card_svg(CARD, '<svg width="270"></svg>')
    texts = [text for node in ET.fromstring(svg).iter() for text in [node.text] if text]
    for words in ("1. A < B", "Is A & B enough?", "runs in 3 minutes", "A gains 5 points."):
        assert words in texts


def test_every_line_of_a_card_fits():
    """By eye these fit 238 pixels: at most 36 characters of 14 pixels, 30 of 16, bold."""
    for card in cards.cards():
        assert len(card["title"]) <= 32
        for words, width, most in ((card["question"], 36, 2), (card["finding"], 30, 2)):
            assert draw_pictures.lines(words, width).count("<tspan") <= most


def test_a_drawing_is_kept_unless_it_shows_something_else(tmp_path, monkeypatch):
    path, pixels = tmp_path / "dot.jpg", np.full((16, 16, 3), 90, np.uint8)
    monkeypatch.setattr(drawings, "drawn", lambda name: pixels)
    drawings.keep(path)
    before = path.read_bytes()
    pixels = pixels + np.uint8(1)  # another machine rounds otherwise
    drawings.keep(path)
    assert path.read_bytes() == before
    pixels = pixels + np.uint8(80)  # control: another drawing
    drawings.keep(path)
    assert path.read_bytes() != before and np.asarray(Image.open(path)).mean() > 150


@pytest.mark.parametrize("name", drawings.DRAWN)
def test_the_drawings_are_those_of_the_course(name):
    kept = np.asarray(Image.open(TEMPLATES / f"{name}.jpg"), np.float32)
    assert np.abs(kept - drawings.drawn(name)).mean() < 6
    assert np.abs(kept[::-1] - drawings.drawn(name)).mean() > 6, "upside down it is another"
