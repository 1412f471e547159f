"""tools/record_results.py: what a lesson puts on record becomes a file that lessons can quote."""

import json
import os

import nbformat
import pytest

from tl_course import records
from tools import record_results


@pytest.fixture
def course(tmp_path):
    """An executed course of one notebook with one recorded result."""
    kept = [("demo", {"accuracy": [0.5]}), ("headline", headline()["headline"])]
    bundles = [{records.RESULTS_TYPE: {"name": n, "results": results}} for n, results in kept]
    outputs = [nbformat.v4.new_output("display_data", data=bundle) for bundle in bundles]
    silent = nbformat.v4.new_output("stream", text="accuracy: 0.7")
    cells = [nbformat.v4.new_code_cell("x", outputs=[silent, *outputs])]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "01_demo.ipynb")
    write_course(tmp_path)
    return tmp_path


def headline(*sources):
    used = [{"source": source} for source in sources or ("groceries", "blood_cells")]
    about = "drawings instead of nothing"  # prose decides nothing
    return {"headline": {"about": about, "names": [], "values": {}, "data": used}}


def write_course(folder, *, profile="full", **changes):
    row = {"notebook": "03_head_training", "minutes": 1.5, "error": None} | headline() | changes
    results = {"profile": profile, "cores": 2, "notebooks": [row]}
    (folder / "results.json").write_text(json.dumps(results), encoding="utf-8")


def record(course, binder, results):
    none = results.parent / "none"
    folders = {"--course": course, "--deeper": none, "--binder": binder, "--results": results}
    return record_results.main([f"{option}={folder}" for option, folder in folders.items()])


def test_every_record_becomes_a_file_that_the_lessons_read(course, tmp_path, monkeypatch):
    assert record(course, tmp_path / "none", tmp_path / "data" / "results") == 0
    monkeypatch.setattr(records, "data_folder", lambda: tmp_path / "data")
    last = records.last_results("demo")
    assert last["results"] == {"accuracy": [0.5]}
    assert last["profile"] == "full"
    assert len(last["date"]) == 10
    assert "cores" in last["machine"] and last["cores"] == 2
    assert records.last_results("course")["results"][0]["minutes"] == 1.5
    names = sorted(path.name for path in (tmp_path / "data" / "results").iterdir())
    assert names == ["course.json", "demo.json"]  # the headline stands in its notebook's row


def test_lessons_on_what_they_were_asked_for_are_kept(course):
    """Control for the next test: drawings are no fault where no photographs were asked for."""
    row = {"notebook": "05_lasagna_or_endocarditis", **headline("drawings")}
    assert record_results.missing(row) == []
    row["notebook"] = "04_fine_tuning"
    assert record_results.missing(row) == ["cartons"]


def test_a_result_that_was_never_recorded_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(records, "data_folder", lambda: tmp_path)
    with pytest.raises(FileNotFoundError, match="No results 'demo': choose from"):
        records.last_results("demo")


@pytest.mark.parametrize(
    "change",
    [{"profile": "smoke"}, {"error": "cell 3"}, headline("drawings"), {"headline": None},
     headline("cartons", "drawings"), headline("cartons")],
)  # fmt: skip
def test_results_that_nobody_should_quote_are_not_recorded(course, tmp_path, change, capsys):
    write_course(course, **change)
    folder = tmp_path / "kept"
    assert record(course, tmp_path / "none", folder) == 1
    assert "Not recorded" in capsys.readouterr().err
    assert not folder.exists()


def test_a_run_that_was_stopped_is_not_recorded(course, tmp_path, capsys):
    results = json.loads((course / "results.json").read_text())
    for finished, code in ((False, 1), (True, 0)):
        (course / "results.json").write_text(json.dumps(results | {"finished": finished}))
        assert record(course, tmp_path / "none", tmp_path / "kept") == code
        assert (tmp_path / "kept").exists() is finished
    assert "the run was stopped" in capsys.readouterr().err


def test_a_run_as_on_binder_keeps_its_table_and_nothing_else(course, tmp_path, capsys):
    results = json.loads((course / "results.json").read_text())
    (course / "results.json").write_text(json.dumps({**results, "machine": "one of 8 CPU cores"}))
    os.utime(course / "results.json", (0, 86_400 * 365))
    assert record(tmp_path / "none", course, tmp_path / "kept") == 0
    (kept,) = (tmp_path / "kept").iterdir()
    assert kept.name == "binder.json"
    told = json.loads(kept.read_text())
    assert told["machine"] == "one of 8 CPU cores"
    assert told["date"] == "1971-01-01"  # of the run, not of today
    assert told["results"] == results["notebooks"]


def test_without_a_run_nothing_is_kept(tmp_path, capsys):
    assert record(tmp_path / "none", tmp_path / "none", tmp_path / "kept") == 1
    assert "make course" in capsys.readouterr().err
