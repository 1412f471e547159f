"""tools/build_notebooks.py: a lesson becomes a student and a solution notebook, always the same."""

import json

import nbformat
import pytest

from tl_course import records
from tools import build_notebooks, links, write_assignment

LESSON = """# %% [markdown]
# # Why borrow?

# %% tags=["parameters"]
PROFILE = "student"

# %%
again = 1

# %%
again = 1

# %%
def square(number):
    ### BEGIN SOLUTION
    product = number * number
    return product
    ### END SOLUTION

# %%
answer = None
### BEGIN SOLUTION
answer = square(3)
### END SOLUTION
print(answer)
"""


def course_of(folder, lesson):
    """A course of one lesson, in this folder."""
    (folder / "lessons").mkdir()
    (folder / "lessons" / "01_tiny.py").write_text(lesson, encoding="utf-8")
    return folder


@pytest.fixture
def course(tmp_path):
    return course_of(tmp_path, LESSON)


def build(root):
    assert build_notebooks.main(["--root", str(root)]) == 0


def read(root, name="01_tiny"):
    student = nbformat.read(root / "notebooks" / f"{name}.ipynb", as_version=4)
    solution = nbformat.read(root / "notebooks" / "solutions" / f"{name}.ipynb", as_version=4)
    return student, solution


def test_stubs_stand_in_for_solutions(course):
    build(course)
    student, solution = read(course)
    assert student.cells[4].source == "def square(number):\n    pass  # your answer here"
    assert student.cells[5].source == "answer = None\npass  # your answer here\nprint(answer)"
    assert "return product" in solution.cells[4].source
    for notebook in (student, solution):
        assert "SOLUTION" not in nbformat.writes(notebook)


def test_an_unsolved_notebook_still_runs(course):
    build(course)
    student, _ = read(course)
    scope = {}
    for cell in student.cells:
        if cell.cell_type == "code":
            exec(cell.source, scope)
    assert scope["answer"] is None


def test_every_run_gives_the_same_bytes(course):
    build(course)
    first = {path: path.read_bytes() for path in course.rglob("*.ipynb")}
    for path in first:
        path.unlink()
    build(course)
    assert {path: path.read_bytes() for path in course.rglob("*.ipynb")} == first


def test_ids_follow_the_text_and_are_unique(course):
    build(course)
    before = [cell.id for cell in read(course)[0].cells]
    assert len(set(before)) == len(before)
    assert before[3] == f"{before[2]}-2"
    lesson = course / "lessons" / "01_tiny.py"
    lesson.write_text("# %%\nnew = 0\n\n" + LESSON, encoding="utf-8")
    build(course)
    assert [cell.id for cell in read(course)[0].cells][1:] == before


def test_metadata_is_what_papermill_needs(course):
    build(course)
    for notebook in read(course):
        assert notebook.metadata.kernelspec.name == "python3"
        assert notebook.metadata.kernelspec.language == "python"
        assert notebook.cells[1].metadata.tags == ["parameters", "hide-input"]
        assert not any(cell.get("outputs") for cell in notebook.cells)


def test_a_notebook_without_a_lesson_goes(course):
    build(course)
    (course / "lessons" / "01_tiny.py").rename(course / "lessons" / "02_other.py")
    build(course)
    assert [path.name for path in course.glob("notebooks/**/*.ipynb")] == ["02_other.ipynb"] * 2


def test_a_solution_that_never_ends_is_an_error(course):
    lesson = LESSON.replace("    ### END SOLUTION\n", "", 1)
    (course / "lessons" / "01_tiny.py").write_text(lesson, encoding="utf-8")
    with pytest.raises(ValueError, match="pairs"):
        build(course)


def test_output_is_json_with_a_closing_newline(course):
    build(course)
    text = (course / "notebooks" / "01_tiny.ipynb").read_text(encoding="utf-8")
    assert text.endswith("}\n") and json.loads(text)["nbformat_minor"] == 5


@pytest.mark.parametrize(
    ("minutes", "said"),
    [(2.2, "2 minutes"), (3.02, "3 minutes"), (0.7, "1 minute"), (0.2, "1 minute")],
)
def test_minutes_come_from_the_last_recorded_course(course, minutes, said):
    lesson = next((course / "lessons").glob("*.py"))
    lesson.write_text("# %% [markdown]\n# # Why?\n# Takes {{minutes}}.\n", encoding="utf-8")
    rewrite = build_notebooks.student_text
    assert "Takes a few minutes." in build_notebooks.notebook_json(lesson, rewrite)
    results = course / "data" / "results"
    results.mkdir(parents=True)
    rows = {"results": [{"notebook": lesson.stem, "minutes": minutes}]}
    (results / "course.json").write_text(json.dumps(rows), encoding="utf-8")
    assert f"Takes {said}." in build_notebooks.notebook_json(lesson, rewrite)


def test_title_and_question_come_from_the_table(course):
    row = records.table("lessons")[2]
    lesson = course / "lessons" / f"{row['name']}.py"
    lesson.write_text("# %% [markdown]\n# # {{title}}\n# {{question}}\n", encoding="utf-8")
    text = build_notebooks.filled(lesson)
    assert f"# # {row['title']}\n# {row['question']}\n" in text
    stranger = lesson.rename(lesson.with_name("77_unknown.py"))  # control: never another's title
    assert "{{title}}" in build_notebooks.filled(stranger)


def test_every_lesson_has_a_row_and_no_placeholder_is_left():
    names = [path.stem for path in sorted((build_notebooks.ROOT / "lessons").glob("[0-9]*.py"))]
    assert [row["name"] for row in records.table("lessons")] == names
    notebooks = build_notebooks.ROOT.glob("notebooks/[0-9]*.ipynb")
    assert not [path.name for path in notebooks if "{{" in path.read_text(encoding="utf-8")]


def test_the_archive_is_the_one_of_the_setting(course):
    lesson = next((course / "lessons").glob("*.py"))
    lesson.write_text('# %%\narchive = "{{archive}}"\n', encoding="utf-8")
    with pytest.raises(FileNotFoundError, match="pyproject.toml"):
        build_notebooks.notebook_json(lesson, build_notebooks.student_text)
    line = 'tl_course = { repository = "ada/course", tag = "v1.0.0" }'
    (course / "pyproject.toml").write_text(f"[tool]\n{line}\n", encoding="utf-8")
    notebook = build_notebooks.notebook_json(lesson, build_notebooks.student_text)
    address = links.archive("ada/course", "v1.0.0")
    assert json.loads(notebook)["cells"][0]["source"] == [f'archive = "{address}"']


def test_links_work_from_both_folders(course):
    lesson = next((course / "lessons").glob("*.py"))
    written = "[words](../docs/a.md), [next](02.ipynb), [more](deeper/02.ipynb)"
    lesson.write_text(f"# %% [markdown]\n# {written}")
    build(course)
    student, solution = read(course)
    assert student.cells[0].source == written
    further = "[words](../../docs/a.md), [next](02.ipynb), [more](../deeper/02.ipynb)"
    assert solution.cells[0].source == further


def test_an_error_in_an_exercise_stops_nothing_and_any_other_does(course):
    lesson = next((course / "lessons").glob("*.py"))
    kinds = ("exercise", "check", "given", "figure")
    cells = "".join(f'# %% tags=["{tag}"]\n1 / 0\n\n' for tag in kinds)
    lesson.write_text(f'{cells}# %% [markdown] tags=["exercise"]\n# Text.\n', encoding="utf-8")
    build(course)
    for notebook in read(course):
        forgiven = ["raises-exception" in cell.metadata.tags for cell in notebook.cells]
        assert forgiven == [True, True, False, False, False]


# ---------------------------------------------------------------- exercises and nbgrader

EXERCISES = """# %% tags=["exercise"]
answer = None
### BEGIN SOLUTION
answer = 9
### END SOLUTION

# %% tags=["check"]
print(answer)

# %% [markdown] tags=["open"]
# ### BEGIN SOLUTION
# A model answer.
# ### END SOLUTION
"""


@pytest.fixture
def exercises(tmp_path):
    return course_of(tmp_path, EXERCISES)


def test_an_open_answer_is_left_to_the_student(exercises):
    build(exercises)
    student, solution = read(exercises)
    assert student.cells[2].source == "*Your answer here.*"
    assert solution.cells[2].source == "A model answer."


def test_nbgrader_knows_what_to_do_with_each_cell(exercises):
    build(exercises)
    for notebook in read(exercises):
        marks = [cell.metadata.nbgrader for cell in notebook.cells]
        assert [m.grade_id for m in marks] == ["exercise_1", "check_1", "open_1"]
        assert [m.grade for m in marks] == [False, True, True]
        assert [m.solution for m in marks] == [True, False, True]
        assert [m.get("points") for m in marks] == [None, 1, 4]
        assert {m.schema_version for m in marks} == {3}


def test_an_assignment_keeps_the_markers_for_nbgrader(exercises, tmp_path):
    folder = tmp_path / "source"
    assert write_assignment.main([str(folder), "--root", str(exercises)]) == 0
    cells = nbformat.read(folder / "01_tiny.ipynb", as_version=4).cells
    assert "### BEGIN SOLUTION\nanswer = 9\n### END SOLUTION" in cells[0].source
    assert cells[2].source == "A model answer."
