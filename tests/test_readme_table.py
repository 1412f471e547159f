"""tools/readme_table.py: the figures in README and guide are those of the recorded runs."""

import html
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from common import marked_blocks
from tl_course import experiments, records
from tools import draw_pictures, experiment_tables, links, readme_table, scaling_tables

HEAD = {"value": 0.82, "low": 0.77, "high": 0.86, "n": 9}
GAIN = {"value": 0.259, "verdict": "a gain"}  # what the card of lesson 1 quotes
HEADLINE = {"about": "10 photographs a class", "names": ["head"], 
            "values": {"head": HEAD, "difference": GAIN},
            "data": [{"source": "groceries", "train": 8, "test": 9}]}  # fmt: skip
ROW = {"notebook": "01_motivation", "minutes": 1.234, "computing_minutes": 1.1, "peak_gb": 1.0,
       "headline": HEADLINE, "error": None}  # fmt: skip
RUN = {"date": "2026-11-25", "machine": "2 CPU cores", "profile": "student", "results": [ROW]}
LESSON = records.table("lessons")[0]
ROOT = Path(__file__).resolve().parents[1]
HOME = ("ada/course", "v1.0.0")
EARLY = experiments.TUNED + "block_3"
SHARES = [[[0.5, 0.5], [0.6, 0.6]], [[0.4, 0.4], [0.8, 0.8]]]  # right: of each way, shots, seed
RACE = experiments.Comparison(
    (experiments.HEAD, EARLY), (5, experiments.ALL), (0, 1),
    np.arange(10) < 10 * np.array(SHARES)[..., None], np.ones((2, 2, 2)), 4, "digits",
)  # fmt: skip
COUNTED = {"cases": 8, "named": 6, "less": 1, "wrong_name": 1, "false_alarms": 0, "exceptions": 0,
           "slow": 0, "unsure": 0}  # fmt: skip
BENCH = {**RUN, "results": {"failures": [], "rows": [
    {"mistake": 5, **COUNTED}, {"mistake": 10, **COUNTED, "named": 7, "less": 0},
    {"mistake": "right", **COUNTED, "cases": 40, "unsure": 3},
    {"mistake": "refused", **COUNTED}, {"mistake": "all", **COUNTED, "exceptions": 2, "slow": 4},
]}}  # fmt: skip
RACED = {**RUN, "results": {"digits": RACE.values()}}


@pytest.fixture
def course(tmp_path):
    """A course of one lesson, with empty pages to fill."""
    for folder in ("data/results", "docs/pictures"):  # no notebook: nothing is read from one
        (tmp_path / folder).mkdir(parents=True)
    line = 'tl_course = { repository = "ada/course", tag = "v1.0.0" }'
    (tmp_path / "pyproject.toml").write_text(f"[tool]\n{line}\n")
    for name in ("course", "binder"):
        (tmp_path / "data" / "results" / f"{name}.json").write_text(json.dumps(RUN))
    for name in ("pilot", "test"):
        kept = Path("data", "results", f"fine_tuning_{name}.json")
        shutil.copy(ROOT / kept, tmp_path / kept)
    (tmp_path / "data" / "results" / "mistakes_bench.json").write_text(json.dumps(BENCH))
    (tmp_path / "data" / "results" / "when_it_pays.json").write_text(json.dumps(RACED))
    shutil.copy(ROOT / "docs" / "pictures" / "ruler.svg", tmp_path / "docs" / "pictures")
    (tmp_path / "benchmarks").mkdir()
    shutil.copy(ROOT / "benchmarks" / "scaling.json", tmp_path / "benchmarks")
    for page, name in readme_table.blocks(tmp_path):
        block = f"<!-- {name}: make readme -->\nold\n<!-- end of {name} -->\n"
        with open(tmp_path / page, "a") as file:
            file.write(f"Before\n{block}After\n")
    return tmp_path


def fill(course):
    assert readme_table.main(["--root", str(course)]) == 0
    pages = {page for page, _ in readme_table.blocks(course)}
    return {page: (course / page).read_text(encoding="utf-8") for page in pages}


def test_the_table_holds_what_was_measured(course):
    readme = fill(course)["README.md"]
    link = f"| [{LESSON['title']}](notebooks/01_motivation.ipynb) | 1.2 | "
    assert f"{link}[Open in Colab]({links.colab(*HOME, '01_motivation.ipynb')}) |\n" in readme
    assert "Measured by `make course` on 2 CPU cores, 2026-11-25." in readme
    assert readme.startswith("Before\n") and readme.endswith("After\n") and "old" not in readme


def test_what_came_out_stands_in_the_guide_and_gives_no_prediction_away(course):
    pages = fill(course)
    found = "10 photographs a class: head 82.0 % (77.0 to 86.0 %, n = 9)"
    row = f"| {LESSON['title']} | {found} | groceries (8 to train, 9 to test) |\n"
    assert row in pages["docs/instructors.md"] and found not in pages["README.md"]


def test_filling_twice_changes_nothing(course):
    assert fill(course) == fill(course)


def test_the_buttons_lead_where_nothing_has_to_be_installed(course):
    readme = fill(course)["README.md"]
    leads = re.findall(r'<a href="([^"]+)"><img src="docs/pictures/button_(\w+).svg"', readme)
    assert {name: html.unescape(address) for address, name in leads} == {
        "colab": links.colab(*HOME, "01_motivation.ipynb"), "binder": links.binder(*HOME),
        "playground": "https://ada.github.io/course/playground/index.html",
        "site": "https://ada.github.io/course/",
    }  # fmt: skip


def test_a_card_says_all_that_its_picture_says(course):
    readme = fill(course)["README.md"]
    said = re.search(r'card_01_motivation.svg" alt="([^"]+)"', readme)[1]
    finding = "On ten pictures a class, borrowing adds 26 points."
    minutes = "Runs in 1 minute."
    assert said == f"{LESSON['title']} {LESSON['question']} {minutes} {finding}"


def test_the_hero_s_words_are_those_of_its_picture(course):
    svg = (course / "docs" / "pictures" / "ruler.svg").read_text(encoding="utf-8")
    assert f'alt="{draw_pictures.said(svg)}"' in fill(course)["README.md"]


def test_a_hub_s_address_is_there_to_be_copied(course):
    for page in ("docs/running.md", "docs/instructors.md"):
        assert f"```\n{links.nbgitpuller(HOME[0])}\n```\n" in fill(course)[page]


def test_a_page_without_markers_is_an_error(course):
    page = course / "README.md"
    page.write_text("no markers")
    with pytest.raises(ValueError, match="README.md lacks"):
        marked_blocks.fill(page, "lessons", "table")
    assert page.read_text() == "no markers"


def test_instructors_get_minutes_and_memory(course):
    page = fill(course)["docs/instructors.md"]
    assert "| 01_motivation | 1.2 | 1.00 |\n| all | 1.2 | |\n" in page
    assert "| 01_motivation | 1.2 | 1.1 | 1.00 |\n| all | 1.2 | | |\n" in page
    for command in ("course", "binder-check"):
        how = "profile `student`, exercises unsolved, on 2 CPU cores, 2026-11-25."
        assert f"Measured by `make {command}`: {how}" in page


def test_the_gallery_has_what_you_see_and_what_it_is_of_each_mistake(course):
    page = fill(course)["docs/classic_mistakes.md"]
    for number, row in records.classic_mistakes().items():
        entry = page.split(f"\n### {number}. {row['name']}\n")[1].split("\n### ")[0]
        for words in ("seen", "sentence", "question"):
            assert row[words] in entry
        assert len(row["seen"].split()) <= 15


def test_a_mistake_shows_its_picture_where_there_is_one(course):
    page = fill(course)["docs/classic_mistakes.md"]
    assert "![" not in page
    shutil.copy(ROOT / "docs" / "pictures" / "mistake_02.svg", course / "docs" / "pictures")
    page = fill(course)["docs/classic_mistakes.md"]
    assert page.count("![") == 1 and re.search(r"!\[The same.+\]\(pictures/mistake_02.svg\)", page)


def test_the_bench_says_how_well_each_mistake_is_named(course):
    page = fill(course)["docs/classic_mistakes.md"]
    assert "| 5 | not recompiled | 8 | 6 | 1 | 1 | 0 |\n" in page
    assert "|  | all | 16 | 13 | 1 | 2 | 0 |\n" in page
    assert "| 6 | learning" not in page.split("<!-- end of bench -->")[0]  # was not in the bench
    for words in (
        "81.2 % of the wrong set-ups are named rightly.", "Of 40 right ones 0 are accused",
        "and of 3 the check says that it cannot tell.", "Of 8 with bad input 6 get a sentence",
        "Exceptions: 2; checks that took more than two seconds: 4.", "on 2 CPU cores, 2026-11-25.",
    ):  # fmt: skip
        assert words in page


MEASURED = {
    "classes": 8, "batch": 32, "trained_size": 128, "process_mb": 900, "tensorflow": "2.21.0",
    "machine": "x86_64", "date": "2026-11-27",
    "features": [{"image_size": 160, "pixel_bytes": 76800, "feature_bytes": 5120, "core_ms": 3.6}],
    "steps": [
        {"way": "from scratch", "input_bytes": 49152, "trained_weights": 1000, "core_ms": 2.0},
        {"way": "head", "input_bytes": 5120, "trained_weights": 10248, "core_ms": 0.25},
        {"way": "fine-tuned from block_14", "input_bytes": 12288, "trained_weights": 9,
         "core_ms": 7.2},
    ],
    "schedules": [{"shots": 5, "head": 100, "fine-tune": 60, "scratch": 300}],
}  # fmt: skip


@pytest.mark.parametrize(
    ("table", "text"),
    [
        (scaling_tables.by_resolution, "| 160 | 76800 | 3.6 | 278 | 141 | 5120 |"),
        (scaling_tables.by_way, "| fine-tuned from block_14 | 9 | 7.20 | 12288 |"),
        # 300 x 32 x 2 ms; 160 x 32 x 0.25 ms; 100 x 32 x 0.25 ms + 60 x 32 x 7.2 ms
        (scaling_tables.by_shots, "| 5 | 100 + 60 | 19.2 | 1.3 | 14.6 |"),
        (scaling_tables.million, "| features at 160 px | 1.0 | 77 | 5.1 |"),
        (scaling_tables.million, "| one epoch, fine-tuned from block_14 | 2.0 |  | 12.3 |"),
        (scaling_tables.students, "at 160 px: 0.3 core-hours, on 16 cores 1 minutes."),
    ],
)
def test_what_it_costs_is_arithmetic(table, text):
    assert text in table(MEASURED)


SETTING = {"data": "cartons", "shots": 10, "block": "block_11", "rate": 3e-4, "shape": "constant",
           "head": [0.5, 0.6], "gain": [0.1, -0.02]}  # fmt: skip
LOST = {"value": -0.125, "low": -0.2, "high": -0.05, "p_value": 0.01, "n": 5}
UNCLEAR = {"value": 0.02, "low": -0.01, "high": 0.05, "p_value": 0.2, "n": 9}
OPENED = {"cartons": {"head": HEAD, "tuned": HEAD, "over_seeds": LOST, "over_pictures": UNCLEAR}}


def test_the_race_of_the_four_sets_gives_every_way_minus_the_head():
    *_, first, second, third, fourth, _, measured = experiment_tables.centre(RACED).splitlines()
    assert first.startswith("| digits | 5 | head | 50.0 % (") and first.endswith(" |  |  |")
    assert third.startswith("| digits | all | head | 60.0 % (") and third.endswith(" |  |  |")
    for row, shots, accuracy, gap, verdict in (
        (second, 5, "40.0 % (", "| -10.0 percentage points (", "| a loss |"),
        (fourth, "all", "80.0 % (", "| +20.0 percentage points (", "| a gain |"),
    ):
        assert row.startswith(f"| digits | {shots} | {EARLY} | {accuracy}")
        assert gap in row and row.endswith(verdict)
    assert measured == "Measured on 2 CPU cores, 2026-11-25."


@pytest.mark.parametrize(
    ("table", "results", "row"),
    [
        (experiment_tables.pilot, [SETTING],
         "| cartons | 10 | block_11 | 0.0003 | constant | 55.0 % | +10.0, -2.0 |\n"),
        (experiment_tables.test, OPENED,
         "| cartons | 82.0 % (77.0 to 86.0 %, n = 9) | 82.0 % (77.0 to 86.0 %, n = 9) | "
         "-12.5 percentage points (-20.0 to -5.0, n = 5, p = 0.01): a loss | "
         "+2.0 percentage points (-1.0 to +5.0, n = 9, p = 0.2): cannot tell |\n"),
    ],
)  # fmt: skip
def test_an_experiment_s_table_says_what_was_recorded(table, results, row):
    text = table({"results": results, "machine": "2 CPU cores", "date": "2026-11-27"})
    assert row in text
    assert text.endswith("\n\nMeasured on 2 CPU cores, 2026-11-27.")
