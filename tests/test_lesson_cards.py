"""tools/cards.py, tools/claims.py: a card's finding is filled from results, or refused."""

import re

import pytest

from tests.lessons import ROOT
from tl_course import records
from tools import cards, claims

VALUES = {"gain": {"value": 0.256, "verdict": "a gain"}, "kept": {"rate 0.01": 0, "all": 4},
          "rows": [{"train": 8}]}  # fmt: skip
ROW = {"finding": "Borrowing adds {gain.value|points} points.", "holds": "gain.verdict = a gain"}


def words(finding):
    return len(finding.replace("\N{NO-BREAK SPACE}%", "%").split())


def test_there_is_a_card_a_lesson_of_ten_words_at_most():
    made = cards.cards()
    assert [card["name"] for card in made] == [row["name"] for row in records.table("lessons")]
    assert all(words(card["finding"]) <= 10 for card in made)
    assert all(re.search(r"\d", card["finding"]) for card in made), "a finding was measured"
    assert words("One two three, four 5 % six seven eight nine ten eleven.") > 10


def test_no_measured_number_is_typed_into_a_card():
    for row in records.table("lessons"):
        assert "{" in row["finding"] and row["holds"]
        assert not re.search(r"\d", cards.PLACE.sub("", row["finding"]))


def test_no_finding_quotes_what_its_lesson_asks_to_predict():
    """The values behind the bold questions: a reader of README may still predict them."""
    asked = {"01_motivation": ["borrowed_needs", "size_effect", "from scratch"],
             "02_imagenet_backbones": ["BGR", "neighbours", "random weights"],
             "03_head_training": ["one_epoch", "judges", "augmentation"],
             "04_fine_tuning": ["not_compiled", "drift", "headline"],
             "05_lasagna_or_endocarditis": ["tuned_minus_head", "repair", "dishes", "coffee"],
             "06_your_own_photos": ["4 to 12 a class"]}  # fmt: skip
    for row in records.table("lessons"):
        assert not [name for name in asked[row["name"]] if name in row["finding"]]


def test_a_finding_is_filled_from_what_was_recorded():
    assert cards.finding("01_a", ROW, VALUES) == "Borrowing adds 26 points."
    percent = cards.filled("01_a", "{gain.value|percent}", VALUES)
    assert percent == "26\N{NO-BREAK SPACE}%"


def test_a_finding_that_no_longer_holds_is_refused():
    lost = {**VALUES, "gain": {"value": 0.01, "verdict": "cannot tell"}}
    with pytest.raises(ValueError, match="01_a: 'gain.verdict = a gain' does not hold"):
        cards.finding("01_a", ROW, lost)


@pytest.mark.parametrize("claim", ["kept.rate 0.01 < kept.all", "kept.rate 0.01 = 0",
                                   "gain.value > 0.2", "rows.0.train = 8",
                                   "rows.count = 1"])  # fmt: skip
def test_a_claim_that_holds_passes(claim):
    claims.check("01_a", VALUES, claim)


@pytest.mark.parametrize(
    ("claim", "why"),
    [("kept.all < kept.rate 0.01", "does not hold"), ("kept.rate 0.01 = 1", "does not hold"),
     ("gain.value > 0.3", "does not hold"), ("gain.loss = 1", "at 'loss' there is ['value', "),
     ("rows.1.train = 8", "at '1' there is [{"), ("rows.7 = 8", "does not hold"),
     ("gain is large", "is no claim")],
)  # fmt: skip
def test_a_claim_that_fails_is_named(claim, why):
    with pytest.raises(ValueError, match=re.escape(why)):
        claims.check("01_a", VALUES, claim)


def test_minutes_are_those_that_the_notebook_names():
    for card in cards.cards():
        page = (ROOT / "notebooks" / f"{card['name']}.ipynb").read_text(encoding="utf-8")
        assert f"Runs in {card['minutes']} on" in page
