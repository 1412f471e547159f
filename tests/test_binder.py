"""binder/: what repo2docker reads, and `make binder-check`, which imitates it."""

import json
import os
import re
import sys
from pathlib import Path

import pytest

from tl_course import records
from tools import binder_check, record_results

BINDER = binder_check.ROOT / "binder"


NAME, VERSION, HASH = r"[\w.\-]+(\[[\w,]+\])?", r"[\w.!+]+", r"( --hash=sha256:[0-9a-f]{64})+"


def not_flat(text):
    """Lines that would switch off repo2docker's layer cache, or leave a version or a file open."""
    lines = re.sub(r" \\\n\s+", " ", text).splitlines()  # a pin and its hashes are one line
    lines = [re.sub(r"(^|\s+)#.*", "", line) for line in lines]
    pin = f"{NAME}=={VERSION}( ;.*?)?{HASH}"
    return [line for line in lines if line.strip() and not re.fullmatch(pin, line)]


def test_requirements_are_flat_pins():
    text = (BINDER / "requirements.txt").read_text(encoding="utf-8")
    assert not_flat(text) == []
    for name in ("tensorflow-cpu==", "keras==", "nbgitpuller==", "jupyterlab=="):
        assert f"\n{name}" in text


@pytest.mark.parametrize(
    "line", ["-e .", "-r other.txt", "-c limits.txt", "numpy>=2", "numpy", "numpy==2.4.6"]
)
def test_a_line_that_is_no_pin_with_a_hash_is_found(line):
    one = f"--hash=sha256:{'0' * 64}"
    good = f"keras==3.15.1 \\\n    {one} \\\n    {one}\n    # via course\n"
    assert not_flat(f"# by hand\n{good}{line}\n") == [line]
    assert not_flat(good) == []


def test_binder_gets_the_versions_that_the_tests_ran_with():
    pin = re.compile(r"(?m)^([\w.\-]+)==([\w.]+)")  # a name can have a pin for each Python
    ours = set(pin.findall((binder_check.ROOT / "requirements.txt").read_text(encoding="utf-8")))
    theirs = set(pin.findall((BINDER / "requirements.txt").read_text(encoding="utf-8")))
    names = {name for name, _ in ours}
    assert {name for name, version in theirs - ours if name in names} == set()
    assert len(theirs & ours) > 50


def test_the_python_is_one_that_the_course_supports():
    runtime = (BINDER / "runtime.txt").read_text().strip()
    assert re.fullmatch(r"python-3\.1[1-3]", runtime)


def test_scripts_can_be_run():
    for name in ("postBuild", "start"):
        assert os.access(BINDER / name, os.X_OK)
        assert (BINDER / name).read_text().startswith("#!/usr/bin/env bash\n")


def test_the_start_script_sets_the_environment_and_goes_on():
    names = ("KERAS_BACKEND", "JUPYTER_CONFIG_PATH")
    program = f"import os; print(*[os.environ[name] for name in {names}], sep='\\n')"
    call = [BINDER / "start", sys.executable, "-c", program]
    finished = binder_check.subprocess.run(call, capture_output=True, text=True)
    backend, settings = finished.stdout.splitlines()
    assert backend == "tensorflow"
    assert (Path(settings) / "labconfig" / "default_setting_overrides.json").exists()


@pytest.fixture
def imitation(tmp_path, monkeypatch):
    """binder_check without its slow parts; returns what it would have been told by a run."""
    told = {"peak_gb": 1.4, "code": 0}

    def run_course(python, notebooks, output, group):
        if told["code"] == -9:  # killed, for its memory say
            return told["code"]
        output.mkdir(parents=True)
        rows = [{"notebook": "01_tiny", "peak_gb": told["peak_gb"], "error": None}]
        rows[0]["headline"] = None
        results = {"profile": "student", "cores": 99, "notebooks": rows}
        (output / "results.json").write_text(json.dumps(results))
        return told["code"]

    monkeypatch.setattr(binder_check, "make_environment", lambda folder: sys.executable)
    monkeypatch.setattr(binder_check, "limited_group", lambda limit: None)
    monkeypatch.setattr(binder_check, "run_course", run_course)
    return told


@pytest.mark.parametrize(("peak_gb", "code", "expected"), [(1.4, 0, 0), (2.1, 0, 1), (1.4, 1, 1)])
def test_too_much_memory_or_a_failed_lesson_fails(imitation, tmp_path, peak_gb, code, expected):
    imitation.update(peak_gb=peak_gb, code=code)
    assert binder_check.main(["--folder", str(tmp_path)]) == expected


def test_a_run_that_breaks_off_leaves_no_results(imitation, tmp_path, capsys):
    assert binder_check.main(["--folder", str(tmp_path)]) == 0
    imitation.update(code=-9)
    assert binder_check.main(["--folder", str(tmp_path)]) == 1
    assert not (tmp_path / "course").exists()
    assert "broke off, exit code -9" in capsys.readouterr().err


def test_the_run_says_what_it_had_and_can_be_recorded(imitation, tmp_path):
    assert binder_check.main(["--folder", str(tmp_path)]) == 0
    folders = {"course": tmp_path / "none", "binder": tmp_path / "course", "results": tmp_path}
    record_results.main([f"--{option}={folder}" for option, folder in folders.items()])
    kept = json.loads((tmp_path / "binder.json").read_text())
    cores = f"one of {os.cpu_count()} CPU cores"
    assert kept["machine"] == f"{cores} with 2 GB of memory (not enforced)"
    assert kept["cores"] == 1
    assert [row["notebook"] for row in kept["results"]] == ["01_tiny"]


def test_a_run_of_some_lessons_is_not_taken_for_the_course(imitation, tmp_path):
    binder_check.main(["01_tiny", "--folder", str(tmp_path)])
    assert (tmp_path / "some" / "results.json").exists()
    assert not (tmp_path / "course").exists()


def test_the_recorded_run_is_of_every_lesson_and_within_the_limit():
    recorded = records.last_results("binder")
    lessons = sorted(path.stem for path in binder_check.ROOT.glob("notebooks/[0-9]*.ipynb"))
    assert [row["notebook"] for row in recorded["results"]] == lessons
    assert recorded["profile"] == "student"
    assert binder_check.too_large({"notebooks": recorded["results"]}) == []
    assert "not enforced" not in recorded["machine"]


def test_a_lesson_over_the_limit_is_found():
    rows = [{"notebook": "a", "peak_gb": 1.99}, {"notebook": "b", "peak_gb": 2.01}]
    assert binder_check.too_large({"notebooks": rows}) == ["b"]


def test_without_control_groups_there_is_no_group(tmp_path, monkeypatch):
    monkeypatch.setattr(binder_check, "GROUPS", tmp_path / "none")
    assert binder_check.limited_group(2e9) is None


@pytest.mark.parametrize("file", ["memory/tl_course_binder/memory.limit_in_bytes",
                                  "tl_course_binder/memory.max"])  # fmt: skip
def test_the_group_gets_its_limit(tmp_path, monkeypatch, file):
    (tmp_path / file).parents[1].mkdir(exist_ok=True)  # version 1 has a folder "memory"
    monkeypatch.setattr(binder_check, "GROUPS", tmp_path)
    assert binder_check.limited_group(2e9) == (tmp_path / file).parent
    assert (tmp_path / file).read_text() == "2000000000"
