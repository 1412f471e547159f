"""tools/readme_table.py: the README's figures are those of the last run."""

import json

import pytest

from tools import readme_table

ROW = {"notebook": "01_tiny", "minutes": 1.234, "peak_gb": 1.0, "headline": "82 % (77 to 86 %)",
       "data": "groceries", "error": ""}  # fmt: skip

PAGES = {
    "README.md": "lessons", "docs/instructors.md": "timings", "docs/classic_mistakes.md": "mistakes"
}  # fmt: skip
MISTAKE = """number,name,sentence,question,found_by,planted_by
3,not frozen,It moves.,Why?,checks.head_phase,not_frozen never_frozen
"""


@pytest.fixture
def course(tmp_path):
    for folder in ("build/course", "notebooks", "docs", "data"):
        (tmp_path / folder).mkdir(parents=True)
    cell = {"cell_type": "markdown", "source": ["# 01 · Motivation: why borrow?\n", "Text."]}
    (tmp_path / "notebooks" / "01_tiny.ipynb").write_text(json.dumps({"cells": [cell]}))
    for page, name in PAGES.items():
        text = f"Before\n<!-- {name}: make readme -->\nold\n<!-- end of {name} -->\nAfter\n"
        (tmp_path / page).write_text(text)
    (tmp_path / "data" / "mistakes.csv").write_text(MISTAKE)
    return tmp_path


def write_results(course, **changed):
    results = {"profile": "student", "cores": 2, "notebooks": [{**ROW, **changed}]}
    (course / "build" / "course" / "results.json").write_text(json.dumps(results))


def fill(course):
    code = readme_table.main(["--root", str(course)])
    return code, (course / "README.md").read_text(encoding="utf-8")


def test_the_table_holds_what_was_measured(course):
    write_results(course)
    code, readme = fill(course)
    row = "| [01_tiny](notebooks/01_tiny.ipynb) | why borrow? | 1.2 | 82 % (77 to 86 %) |"
    assert code == 0 and row in readme
    assert "on 2 CPU cores. Data: groceries." in readme
    assert readme.startswith("Before\n") and readme.endswith("After\n") and "old" not in readme


def test_filling_twice_changes_nothing(course):
    write_results(course)
    assert fill(course) == fill(course)


def test_without_results_nothing_is_written(course, capsys):
    before = (course / "README.md").read_text()
    assert fill(course) == (1, before)
    assert "make course" in capsys.readouterr().err


def test_a_failed_lesson_gets_no_row(course):
    write_results(course, error="cell In [3]: ValueError", headline="")
    with pytest.raises(ValueError, match="In \\[3\\]"):
        fill(course)


def test_a_page_without_markers_is_an_error(course):
    page = course / "README.md"
    page.write_text("no markers")
    with pytest.raises(ValueError, match="README.md lacks"):
        readme_table.fill(page, "lessons", "table")
    assert page.read_text() == "no markers"


def test_instructors_get_minutes_and_memory(course):
    write_results(course)
    fill(course)
    page = (course / "docs" / "instructors.md").read_text()
    assert "| 01_tiny | 1.2 | 1.00 |\n| all | 1.2 | |\n" in page
    assert "profile `student`, exercises unsolved, on 2 CPU cores" in page and "old" not in page


def test_the_table_of_mistakes_comes_from_the_csv_file(course):
    fill(course)
    page = (course / "docs" / "classic_mistakes.md").read_text()
    row = "| 3 | not frozen | It moves. *Why?* | checks.head_phase | not_frozen, never_frozen |"
    assert row in page


def test_the_committed_table_of_mistakes_is_up_to_date():
    page = (readme_table.ROOT / "docs" / "classic_mistakes.md").read_text(encoding="utf-8")
    assert readme_table.mistakes(readme_table.ROOT / "data" / "mistakes.csv") in page
