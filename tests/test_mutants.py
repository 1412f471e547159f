"""The runner of `make mutants`, on a tiny course: it tells a caught mistake from a survivor.

The mutants themselves take too long for CI, and whether they still fit, `make mutants` says.
"""

import subprocess

import nbformat
import pytest

from tools import golden_cells, mutants

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


@pytest.mark.parametrize(("old", "count"), [("43", 0), ("n", 2)])
def test_mutants_that_no_longer_fit_are_named_and_nothing_runs(tiny_course, capsys, old, count):
    root = tiny_course(CAUGHT, {"name": "moved", "old": old, "new": "41"})
    assert mutants.main([], root=root) == 1
    reason = f"moved: code_of_it.py has {count} times, not once: {old!r}"
    sentence = f"No longer fit, so tests/mutants.toml must follow: {reason}.\n"
    assert capsys.readouterr().out == sentence


def test_a_file_that_is_gone_no_longer_fits(tiny_course, capsys):
    root = tiny_course(CAUGHT, likely='["tests/test_it.py", "tests/test_gone.py"]')
    (root / "code_of_it.py").unlink()
    assert mutants.main([], root=root) == 1
    printed = capsys.readouterr().out
    assert "caught: there is no tests/test_gone.py; caught: code_of_it.py has 0 times" in printed


def test_pytest_that_cannot_run_catches_nothing(tiny_course):
    root = tiny_course(CAUGHT, likely='["tests/test_it.py"]')
    (root / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\n")
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
    golden_cells.bring_cells(*paths)
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
