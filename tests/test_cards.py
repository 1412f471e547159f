"""Cards and tables: they say what the text says, and no line ends inside a number."""

import html
import re
from collections import namedtuple

import pytest
from IPython.core.formatters import DisplayFormatter

from tests.test_plots import CURVES
from tl_course import evaluation
from tl_course.engine import cards

SPACE = "\N{NO-BREAK SPACE}"
GAIN = evaluation.Difference(0.125, 0.105, 0.145, 5, 6.7e-05)
LOSS = evaluation.Difference(-0.02, -0.03, -0.01, 5, 0.01)
OPEN = evaluation.Difference(0.01, -0.03, 0.05, 300, 0.5)
ACCURACY = evaluation.Estimate(0.622, 0.613, 0.632, 5)


def words_of(page):
    """What a reader sees: the text of a page, tags cut out, spaces alike."""
    text = html.unescape(re.sub("<[^>]+>", " ", page)).replace(SPACE, " ")
    return re.sub(r"\s+", " ", text).strip()


def shown(value):
    """{type: content} of a value that stands in the last line of a notebook's cell."""
    formatter = DisplayFormatter()
    formatter.active_types = ["text/plain", "text/html"]
    return formatter.format(value)[0]


@pytest.mark.parametrize("value", [GAIN, LOSS, OPEN, ACCURACY], ids=str)
def test_a_card_says_what_the_text_says(value):
    bundle = shown(value)
    assert bundle["text/plain"].startswith(str(value))
    seen = words_of(bundle["text/html"])
    for number in re.findall(r"[+-]?\d+(?:\.\d+)?(?:e-\d+)?", str(value)):
        assert number in seen
    if isinstance(value, evaluation.Difference):
        assert seen.endswith(value.verdict) and bundle["text/plain"].endswith(value.verdict)


@pytest.mark.parametrize("value", [GAIN, LOSS, OPEN])
def test_the_bar_has_zero_where_the_verdict_says(value):
    page = value._repr_html_()
    zero = int(re.search(r'M(\d+) 0v16" stroke="#111"', page)[1])
    low, high = map(int, re.search(r"M(\d+) 8H(\d+)", page).groups())
    assert (low > zero, high < zero) == (value.verdict == "a gain", value.verdict == "a loss")
    assert low <= int(re.search(r'cx="(\d+)"', page)[1]) <= high


def test_an_accuracy_lies_on_a_bar_from_0_to_100_per_cent():
    page = ACCURACY._repr_html_()
    assert f'cx="{round(0.622 * cards.WIDTH)}"' in page and "0v16" not in page


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("62.2 % (61.3 to 63.2 %, n = 5)", ["62.2 %", "(61.3 to 63.2 %,", "n = 5)"]),
        ("+10.5 to +14.5, n = 5, p = 6.7e-05", ["+10.5 to +14.5,", "n = 5,", "p = 6.7e-05"]),
        ("-3.0 to -1.0", ["-3.0 to -1.0"]),
        ("from 5 to ten", ["from", "5", "to", "ten"]),
    ],
)
def test_no_line_ends_inside_a_number(text, pieces):
    assert cards.unbroken(text).split(" ") == [piece.replace(" ", SPACE) for piece in pieces]


def test_what_was_written_by_others_is_escaped():
    rows = [{"<b>": "<script>1</script> & so on"}]
    page = cards.table(rows, "a < b")
    assert "<script>" not in page and "<b>" not in page and "a &lt; b" in page
    assert "<script>" in cards.text(rows)


def test_a_table_has_the_same_in_both_forms():
    rows = [{"way": "head", "accuracy": ACCURACY}, {"way": "fine-tuned", "accuracy": 0.5}]
    page, text = words_of(cards.table(rows)), cards.text(rows)
    for word in ("way", "accuracy", "head", "62.2 %", "61.3 to 63.2 %", "fine-tuned", "0.5"):
        assert word in page and word in text
    words = zip(text.splitlines(), ("acc", "62", "0.5"), strict=True)
    assert len({line.index(word) for line, word in words}) == 1, "aligned"


def test_a_comparison_shows_each_way_at_each_number_of_pictures():
    bundle = shown(CURVES)
    for form in (words_of(bundle["text/html"]), bundle["text/plain"]):
        for way in CURVES.ways:
            assert way in form
            for n in CURVES.shots:
                assert f"{n} a class" in form
                assert f"{100 * CURVES.accuracy(way, n).value:.1f} %" in form
    assert "array(" not in bundle["text/plain"], "a dataclass would show all its answers"


def test_control_a_named_tuple_alone_has_no_card():
    alone = namedtuple("Difference", GAIN._fields)(*GAIN)
    assert shown(alone).keys() == {"text/plain"}
    assert str(GAIN) not in shown(alone)["text/plain"]
