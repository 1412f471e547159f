"""Nothing derived is stale: `make stale` writes it all again in a copy, and git compares."""

import nbformat
import pytest

from tests.lessons import ROOT
from tl_course import records
from tools import golden_cells, stale, tree

TITLES, PAGE = "data/lessons.csv", "deploy/one_server/README.md"
SOLUTION, GOLDEN = (f"{f}/01_motivation.ipynb" for f in ("notebooks/solutions", "tests/golden"))


def replace(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_nothing_derived_is_stale():
    """If this fails: run what stands behind each file, and commit what it wrote."""
    assert stale.stale(ROOT) == {}


def test_what_is_stale_is_named_with_the_command_that_writes_it(tmp_path, capsys):
    course = tree.copy(ROOT, tmp_path / "course")
    title = records.table("lessons")[0]["title"]
    replace(course / TITLES, f",{title},", f",{title} And then?,")
    replace(course / PAGE, "| together |", "| all in all |")
    (course / "notebooks" / "99_gone.ipynb").write_text("{}")
    assert stale.main(course) == 1
    said = capsys.readouterr().out.splitlines()
    assert set(said) == {
        "stale: README.md (run `make readme`)",  # it quotes the title
        "stale: docs/pictures/card_01_motivation.svg (run `make readme`)",  # so does a card
        "stale: docs/instructors.md (run `make readme`)",  # so does the guide
        f"stale: {PAGE} (run `make readme`)",
        "stale: notebooks/start.md (run `make readme`)",
        *(f"stale: notebooks/{name}.ipynb (run `make notebooks`)"
          for name in ("01_motivation", "solutions/01_motivation", "99_gone")),
        f"stale: {GOLDEN} (run `make golden`)",
    }  # fmt: skip
    assert "And then?" in (course / TITLES).read_text(encoding="utf-8"), "it mends nothing"
    assert "all in all" in (course / PAGE).read_text(encoding="utf-8")


@pytest.fixture
def course(tmp_path):
    """A function that writes a solution and its golden notebook, each of these cells."""

    def write(solution, golden):
        for name, sources in ((SOLUTION, solution), (GOLDEN, golden)):
            cells = [nbformat.v4.new_code_cell(s, id=f"cell-{k}") for k, s in enumerate(sources)]
            if name == GOLDEN:
                parameters = nbformat.v4.new_code_cell("PROFILE = 1", id=golden_cells.INJECTED)
                cells.insert(1, parameters)
            (tmp_path / name).parent.mkdir(parents=True)
            nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / name)
        return tmp_path

    return write


@pytest.mark.parametrize("golden", [["a", "c"], ["a"], ["a", "b", "b"], ["b", "a"]])
def test_a_golden_notebook_of_other_cells_is_stale(course, golden):
    assert stale.golden(course(["a", "b"], golden)) == [GOLDEN]


def test_a_golden_notebook_of_the_same_cells_is_not(course):
    assert stale.golden(course(["a", "b"], ["a", "b"])) == []


@pytest.mark.parametrize("gone", [SOLUTION, GOLDEN])
def test_a_lesson_has_both_or_neither(course, gone):
    root = course(["a", "b"], ["a", "b"])
    (root / gone).unlink()
    assert stale.golden(root) == [GOLDEN]
