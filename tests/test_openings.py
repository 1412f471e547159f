"""A lesson opens with a picture of its own run, recorded, with its words and its date."""

import base64
import json

import nbformat
import pytest

from tests.lessons import LESSONS, ROOT
from tl_course import records
from tools import openings

PIXELS = b"<svg/>"
NAMED = {"01_motivation": "vote"}


def executed(alt="A &quot;drawing&quot;", name="vote", kind="svg+xml"):
    source = f"data:image/{kind};base64,{base64.b64encode(PIXELS).decode()}"
    page = (
        f'<figure><img alt="{alt}" style="x" src="{source}">'
        "<figcaption>Which &amp; why?</figcaption></figure>"
    )
    output = nbformat.v4.new_output("display_data", {"text/html": page})
    output.metadata["figure"] = name
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(outputs=[output])])


@pytest.fixture
def kept(tmp_path, monkeypatch):
    monkeypatch.setattr(openings, "named", lambda: NAMED)
    openings.keep(executed(), "01_motivation", tmp_path, date="2026-01-02")
    return tmp_path


def test_the_picture_and_its_words_are_kept(kept):
    words = json.loads((kept / "01_motivation.json").read_text(encoding="utf-8"))
    expected = {"file": "01_motivation.svg", "date": "2026-01-02"}
    assert words == expected | {"alt": 'A "drawing"', "caption": "Which & why?"}
    assert (kept / "01_motivation.svg").read_bytes() == PIXELS


def test_it_stands_in_the_first_cell_and_says_that_it_is_recorded(kept):
    cell = nbformat.v4.new_markdown_cell("# Title\n\n{{opening}}\n\nYou will")
    openings.attach(cell, "01_motivation", kept)
    encoded = base64.b64encode(PIXELS).decode()
    assert f'![A "drawing"](data:image/svg+xml;base64,{encoded})' in cell.source
    assert "*Which & why? Recorded on 2026-01-02.*" in cell.source
    assert "attachments" not in cell, "JupyterLab shows no SVG that is attached"


def test_a_drawing_is_attached(tmp_path, monkeypatch):
    monkeypatch.setattr(openings, "named", lambda: NAMED)
    openings.keep(executed(kind="jpeg"), "01_motivation", tmp_path, date="2026-01-02")
    cell = nbformat.v4.new_markdown_cell("# Title\n\n{{opening}}\n\nYou will")
    openings.attach(cell, "01_motivation", tmp_path)
    assert "](attachment:opening.jpg)" in cell.source
    (data,) = cell["attachments"]["opening.jpg"].values()
    assert base64.b64decode(data) == PIXELS


def test_without_a_picture_nothing_is_left_of_its_place(tmp_path):
    cell = nbformat.v4.new_markdown_cell("# Title\n\n{{opening}}\n\nYou will")
    openings.attach(cell, "01_motivation", tmp_path)
    assert cell.source == "# Title\n\nYou will" and "attachments" not in cell


def test_a_figure_that_the_lesson_does_not_draw_is_named(kept):
    with pytest.raises(ValueError, match="No figure 'vote'"):
        openings.keep(executed(name="other"), "01_motivation", kept, date="")


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_each_lesson_draws_its_opening_and_holds_no_photograph(lesson):
    wanted = {row["name"]: row["opening"] for row in records.table("lessons")}[lesson.stem]
    text = lesson.read_text(encoding="utf-8")
    assert f'figure_name="{wanted}"' in text and openings.PLACE.strip() in text
    kept = ROOT / "data" / "figures" / f"{lesson.stem}.json"
    assert kept.exists(), "run `make course`, then `make results`"
    file = kept.with_name(json.loads(kept.read_text(encoding="utf-8"))["file"])
    is_drawn = "look_alikes" in text and file.suffix == ".jpg"  # the course's own drawings
    assert is_drawn or (file.suffix == ".svg" and "<image" not in file.read_text("utf-8"))
