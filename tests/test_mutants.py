"""The table of mutants fits the course, and their runner tells a caught one from a survivor.

The mutants themselves take too long for CI: `make mutants`.
"""

import subprocess
import tomllib

import nbformat
import pytest

from tools import golden_cells, mutants

TABLE = tomllib.loads((mutants.ROOT / "tests" / "mutants.toml").read_text(encoding="utf-8"))
NAMES = [mutant["name"] for mutant in TABLE["mutant"]]


@pytest.mark.parametrize("mutant", TABLE["mutant"], ids=NAMES)
def test_the_table_fits(mutant):
    changed = mutants.changed_files(mutants.ROOT, mutant)
    assert all(path.read_text(encoding="utf-8") != text for path, text in changed.items())
    assert mutant["story"].strip()
    assert [name for name in mutant["likely"] if not (mutants.ROOT / name).exists()] == []


def test_there_are_enough_of_them():
    assert len(set(NAMES)) == len(NAMES) >= 25


# ---------------------------------------------------------------- the runner, on a tiny course

CODE = "def answer():\n    return 42  # why\n"
TEST = "import code_of_it\n\ndef test_answer():\n    assert code_of_it.answer() == 42\n"
BROKEN = TEST.replace("== 42", "== 43")
CAUGHT = {"name": "caught", "old": "42", "new": "41"}
SURVIVOR = {"name": "survivor", "old": "# why", "new": "# because"}


@pytest.fixture
def tiny_course(tmp_path):
    """A function that writes a course of one module, one test file and these mutants."""

    def write(*changes, test=TEST, likely="[]"):
        (tmp_path / "tests").mkdir()
        (tmp_path / "code_of_it.py").write_text(CODE)
        (tmp_path / "tests" / "test_it.py").write_text(test)
        rows = [
            f'[[mutant]]\nname = "{c["name"]}"\nlikely = {likely}\n[[mutant.changes]]\n'
            f'file = "code_of_it.py"\nold = "{c["old"]}"\nnew = "{c["new"]}"\n'
            for c in changes
        ]
        (tmp_path / "tests" / "mutants.toml").write_text("\n".join(rows))
        subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
        subprocess.run(["git", "add", "."], cwd=tmp_path, check=True)
        return tmp_path

    return write


def test_a_caught_mutant_and_a_survivor(tiny_course, capsys):
    root = tiny_course(CAUGHT, SURVIVOR)
    assert mutants.main([], root=root) == 1
    printed = capsys.readouterr().out
    assert "[1/2] caught: tests/test_it.py::test_answer\n" in printed
    assert "[2/2] survivor: SURVIVED\n" in printed
    assert "1 of 2 caught" in printed
    assert (root / "code_of_it.py").read_text() == CODE


def test_all_caught(tiny_course, capsys):
    root = tiny_course(CAUGHT, SURVIVOR, likely='["tests/test_it.py"]')
    assert mutants.main(["--only", "caught"], root=root) == 0
    assert "1 of 1 caught" in capsys.readouterr().out


def test_a_test_that_fails_anyway_catches_nothing(tiny_course, capsys):
    assert mutants.main([], root=tiny_course(CAUGHT, test=BROKEN)) == 1
    printed = capsys.readouterr().out
    assert "tests/test_it.py::test_answer fails without it, too" in printed
    assert "0 of 1 caught" in printed


@pytest.mark.parametrize("old", ["43", "n"])
def test_a_stale_table_stops_the_run(tiny_course, old):
    root = tiny_course({"name": "stale", "old": old, "new": "41"})
    with pytest.raises(ValueError, match="stale: code_of_it.py has . times, not once"):
        mutants.main([], root=root)


def test_pytest_that_cannot_run_catches_nothing(tiny_course):
    root = tiny_course(CAUGHT, likely='["tests/test_none.py"]')
    with pytest.raises(RuntimeError, match="could not run"):
        mutants.main([], root=root)


def test_two_changes_of_one_file(tiny_course):
    root = tiny_course()
    pairs = ("42", "6"), ("why", "x")
    changes = [{"file": "code_of_it.py", "old": old, "new": new} for old, new in pairs]
    changed = mutants.changed_files(root, {"name": "both", "changes": changes})
    assert changed == {root / "code_of_it.py": "def answer():\n    return 6  # x\n"}


def test_golden_notebooks_get_new_cells_and_keep_their_outputs(tmp_path):
    def cell(source, identity, tags, text=None):
        outputs = [nbformat.v4.new_output("stream", text=text)] if text else []
        metadata = {"tags": tags, "nbgrader": {"points": 1}}
        return nbformat.v4.new_code_cell(source, id=identity, metadata=metadata, outputs=outputs)

    injected = cell("PROFILE = 1", "injected-parameters", [])
    paths = tmp_path / "golden.ipynb", tmp_path / "solution.ipynb"
    notebooks = [injected, cell("print(1)", "old", [], "1\n")], [cell("print(2)", "new", ["open"])]
    for path, cells in zip(paths, notebooks, strict=True):
        nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    mutants.bring_cells(*paths)
    first, second = nbformat.read(paths[0], as_version=4).cells
    assert first == injected
    assert (second.id, second.source, second.metadata) == ("new", "print(2)", {"tags": ["open"]})
    assert second.outputs[0].text == "1\n"


def test_with_a_tag_only_its_cells_are_brought_so_a_stale_golden_notebook_stays_stale(tmp_path):
    def written(name, *sources):
        cells = [nbformat.v4.new_code_cell(source) for source in sources]
        cells[0].metadata["tags"] = ["setup"]
        nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / name)
        return tmp_path / name

    golden = written("golden.ipynb", "a = 1", "b = 1")
    solution = written("solution.ipynb", "a = 2", "b = 2")
    golden_cells.bring_cells(golden, solution, tag="setup")
    assert [c.source for c in nbformat.read(golden, as_version=4).cells] == ["a = 2", "b = 1"]
