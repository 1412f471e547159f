"""Every lesson, as handed out, runs from top to bottom in the smoke profile.

The photographs come from TL_COURSE_MIRROR where it is set; without it the lessons use drawings.
With their solutions, on drawings, the lessons are in tests/golden: nbval runs these.
"""

import os
from pathlib import Path

import nbformat
import papermill
import pytest

from tests.lessons import printed
from tl_course import records
from tl_course.commands import _notebooks
from tools import build_notebooks

ROOT = Path(__file__).resolve().parents[1]
STUDENT = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))
SOLUTIONS = sorted((ROOT / "notebooks" / "solutions").glob("[0-9]*.ipynb"))
DEEPER = sorted((ROOT / "notebooks" / "deeper").glob("[0-9]*.ipynb"))


@pytest.fixture
def kernel_environment(tmp_path, monkeypatch):
    """This Python as the kernel, this course as the one imported, and no network for either."""
    monkeypatch.setattr(os, "environ", os.environ.copy())
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent / "guard"))
    monkeypatch.setenv("TL_COURSE_OFFLINE", "1")
    monkeypatch.delenv("MPLBACKEND", raising=False)  # as in JupyterLab
    _notebooks.prepare_environment(tmp_path / "kernels")


def execute(path, tmp_path, **parameters):
    return papermill.execute_notebook(
        path, tmp_path / path.name, {"PROFILE": "smoke", **parameters}, kernel_name="python3",
        progress_bar=False, cwd=tmp_path, execution_timeout=600,
    )  # fmt: skip


def test_the_lessons_come_in_order():
    numbers = [int(path.name[:2]) for path in STUDENT]
    assert numbers and numbers == list(range(1, len(numbers) + 1))
    assert [path.name for path in STUDENT] == [path.name for path in SOLUTIONS]


@pytest.mark.lesson
@pytest.mark.parametrize("path", STUDENT, ids=lambda path: path.stem)
def test_lesson_runs(path, tmp_path, kernel_environment):
    executed = execute(path, tmp_path)
    headline = records.recorded(executed)["headline"]
    assert "\n" not in _notebooks.headline_in_words(headline)
    known = {"drawings", *records.DATASETS}
    assert {part["source"] for part in headline["data"]} <= known and headline["data"]
    said = printed(executed.cells, tag="check")
    assert said.count("not attempted yet") == 2 and "Mistake" not in said, said


@pytest.mark.lesson
@pytest.mark.parametrize("path", DEEPER, ids=lambda path: path.stem)
def test_an_optional_notebook_runs(path, tmp_path, kernel_environment):
    assert execute(path, tmp_path).cells


@pytest.mark.lesson
@pytest.mark.parametrize("wrong", ["nowhere", "flat"])
def test_new_photographs_that_cannot_be_read_stop_lesson_6_before_it_trains(
    wrong, tmp_path, kernel_environment
):
    (tmp_path / "flat").mkdir()
    (tmp_path / "flat" / "1.jpg").write_text("in no class")
    (lesson,) = (path for path in STUDENT if path.stem.startswith("06_"))
    with pytest.raises(papermill.PapermillExecutionError, match=f"ValueError: .*{wrong}"):
        execute(lesson, tmp_path, NEW_PHOTOS=str(tmp_path / wrong))
    cells = nbformat.read(tmp_path / lesson.name, as_version=4).cells
    training = [cell for cell in cells if "transfer.train(" in cell.source]
    assert training and not any(cell.execution_count for cell in training)


@pytest.mark.lesson
def test_a_failing_cell_fails_the_test(tmp_path, kernel_environment):
    source = "# %% tags=['parameters']\nPROFILE = 0\n# %%\nraise ValueError(PROFILE)"
    path = tmp_path / "lesson.py"
    path.write_text(source, encoding="utf-8")
    text = build_notebooks.notebook_json(path, build_notebooks.solution_text)
    (tmp_path / "input.ipynb").write_text(text, encoding="utf-8")
    with pytest.raises(papermill.PapermillExecutionError, match="smoke"):
        execute(tmp_path / "input.ipynb", tmp_path)


@pytest.mark.lesson
def test_a_lesson_cannot_reach_the_network(tmp_path, kernel_environment):
    path = tmp_path / "lesson.py"
    path.write_text("# %%\nimport socket\nsocket.create_connection(('192.0.2.1', 80))")
    text = build_notebooks.notebook_json(path, build_notebooks.solution_text)
    (tmp_path / "input.ipynb").write_text(text, encoding="utf-8")
    with pytest.raises(papermill.PapermillExecutionError, match="NetworkTouched"):
        execute(tmp_path / "input.ipynb", tmp_path)
