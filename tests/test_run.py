"""`python -m tl_course run` never destroys: what it refuses, what it keeps when it is stopped."""

import contextlib
import errno
import json
import os
import signal
import subprocess
import sys
import time

import nbformat
import pytest
from rich.console import Console

from tests import signals
from tests.test_commands import GOOD, PARAMETERS, ROOT, write_notebook
from tl_course import __main__
from tl_course.commands import _notebooks, _run_checks, _run_results, run

QUICK = [PARAMETERS, ("", "print(PROFILE)")]


@pytest.fixture(autouse=True)
def own_environment(monkeypatch):
    monkeypatch.setattr(os, "environ", os.environ.copy())


@pytest.fixture
def no_kernel(monkeypatch):
    """Notebooks that are executed in no time: a copy, and a row that tells of it."""

    def execute(path, *, profile, folder):
        notebook = nbformat.read(path, as_version=4)
        notebook.metadata["papermill"] = {}
        nbformat.write(notebook, folder / path.name)
        name = path.stem
        return {"notebook": name, "minutes": 0, "peak_gb": 0, "headline": None, "error": None}

    monkeypatch.setattr(_notebooks, "execute", execute)
    monkeypatch.setattr(_notebooks, "prepare_environment", lambda folder: None)
    monkeypatch.setattr(run._pages, "write_page", full_at(None))


def started(capsys, *arguments):
    """The exit code and what was said, on one line."""
    code = __main__.main(["run", *map(str, arguments)])
    return code, " ".join(capsys.readouterr().out.split())


def everything(folder):
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def rows_of(output):
    return json.loads((output / "results.json").read_text(encoding="utf-8"))["notebooks"]


# ---------------------------------------------------------------- what is refused


def own_folder(folder):
    return folder


def by_a_link(folder):
    (folder.parent / "link").symlink_to(folder)
    return folder.parent / "link"


def by_dots(folder):
    return folder / ".." / folder.name


def by_a_linked_file(folder):
    other = folder.parent / "other"
    other.mkdir()
    (other / "01_a.ipynb").hardlink_to(folder / "01_a.ipynb")
    return other


def with_a_source_of_that_name(folder):
    write_notebook(folder.parent / "01_a.ipynb", GOOD)
    return folder.parent


def with_a_page_of_that_name(folder):
    (folder.parent / "01_a.html").write_text("mine")
    return folder.parent


def with_other_results(folder):
    (folder.parent / "results.json").write_text('{"name": "my photographs"}')
    return folder.parent


HARMFUL = (own_folder, by_a_link, by_dots, by_a_linked_file, with_a_source_of_that_name,
           with_a_page_of_that_name, with_other_results)  # fmt: skip


@pytest.mark.parametrize("output_of", HARMFUL)
def test_nothing_of_anybody_is_overwritten(tmp_path, capsys, no_kernel, output_of):
    folder = tmp_path / "lessons"
    folder.mkdir()
    path = write_notebook(folder / "01_a.ipynb", GOOD)
    output = output_of(folder)
    before = everything(tmp_path)
    code, said = started(capsys, path, "--output", output)
    assert code == 1 and "name another" in said
    assert everything(tmp_path) == before


@pytest.mark.parametrize("output_of", HARMFUL)
def test_without_the_check_something_would_be(tmp_path, capsys, monkeypatch, no_kernel, output_of):
    monkeypatch.setattr(_run_checks, "check", lambda paths, output: None)
    folder = tmp_path / "lessons"
    folder.mkdir()
    path = write_notebook(folder / "01_a.ipynb", GOOD)
    output = output_of(folder)
    before = everything(tmp_path)
    started(capsys, path, "--output", output)
    after = everything(tmp_path)
    assert [p for p in before if after[p] != before[p]] != [] or output_of is by_a_linked_file


def test_a_folder_of_an_earlier_run_is_written_to_again(tmp_path, capsys, no_kernel):
    path = write_notebook(tmp_path / "01_a.ipynb", GOOD)
    for _ in range(2):
        assert started(capsys, path, path, "--output", tmp_path / "build" / "new")[0] == 0
    assert [row["notebook"] for row in rows_of(tmp_path / "build" / "new")] == ["01_a"]


@pytest.mark.parametrize("other", ["01_a.ipynb", "01_A.ipynb"])
def test_two_notebooks_of_one_name_are_refused(tmp_path, capsys, no_kernel, other):
    (tmp_path / "x").mkdir()
    paths = [write_notebook(tmp_path / name, GOOD) for name in ("01_a.ipynb", f"x/{other}")]
    code, said = started(capsys, *paths, "--output", tmp_path / "build")
    assert code == 1 and "have one name" in said and not (tmp_path / "build").exists()


def a_notebook(**changes):
    notebook = {"cells": [], "metadata": {"kernelspec": {"name": "python3", "display_name": ""}},
                "nbformat": 4, "nbformat_minor": 5}  # fmt: skip
    return json.dumps(notebook | changes).encode()


def of_kernel(**kernel):
    spec = {"name": "x", "display_name": "", **kernel}
    return a_notebook(metadata={"kernelspec": spec})


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is no notebook that can be read"),
        (b'{"cells": [', "is no notebook that can be read"),
        (b"\xff\xfe\x00", "is no notebook that can be read"),
        (b"[]", "is no notebook that can be read"),
        (b'"a word"', "is no notebook that can be read"),
        (a_notebook(nbformat=99), "is no notebook that can be read"),
        (a_notebook(cells=7), "is no notebook that can be read"),
        (a_notebook(cells=[{"cell_type": "code"}]), "is no notebook that can be read"),
        (a_notebook(metadata={}), "names no kernel: open it in JupyterLab"),
        (of_kernel(language="R"), "is written for 'R'"),
    ],
    ids=range(10),
)
def test_what_is_no_notebook_for_python_is_a_sentence(tmp_path, capsys, content, sentence):
    """Before the first notebook runs: the good one beside it is not run, either."""
    good, damaged = write_notebook(tmp_path / "1.ipynb", GOOD), tmp_path / "2.ipynb"
    damaged.write_bytes(content)
    code, said = started(capsys, good, damaged, "--output", tmp_path / "build")
    assert code == 1 and sentence in said and "2.ipynb" in said
    assert not (tmp_path / "build").exists()


def test_a_folder_for_a_notebook_is_a_sentence(tmp_path, capsys):
    code, said = started(capsys, tmp_path, "--output", tmp_path / "build")
    assert code == 1 and "No notebook" in said


@pytest.mark.parametrize("place", ["file", "file/below", "loop", "/proc/nowhere"])
def test_an_output_that_cannot_be_is_a_sentence(tmp_path, capsys, no_kernel, place):
    path = write_notebook(tmp_path / "01_a.ipynb", GOOD)
    (tmp_path / "file").write_text("mine")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    code, said = started(capsys, path, "--output", tmp_path / place)
    assert code == 1 and said.startswith("--output ") and said.endswith((".", "name a folder."))
    assert (tmp_path / "file").read_text() == "mine"


def test_a_wrong_profile_is_a_sentence(tmp_path, capsys):
    with pytest.raises(SystemExit):
        __main__.main(["run", "--profile", "studnet"])
    said = capsys.readouterr().err
    assert "--profile: invalid choice: 'studnet'" in said
    assert all(profile in said for profile in ("student", "smoke", "full"))


def test_a_missing_package_is_a_sentence(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "papermill", None)
    path = write_notebook(tmp_path / "01_a.ipynb", GOOD)
    code, said = started(capsys, path, "--output", tmp_path / "build")
    assert code == 1 and "papermill" in said and "Traceback" not in said


# ---------------------------------------------------------------- what is shown


MARKUP = ("[red]", "[/]", "[bold", "[/red] a", ":smile:", "\x1b[31m", "[link=x]y[/link]")


@pytest.mark.parametrize("text", MARKUP)
def test_markup_is_shown_as_it_is(text, capsys, tmp_path, no_kernel, monkeypatch):
    kept = {"about": text, "names": ["n"], "values": {"n": 1}, "data": [{"source": text}]}
    row = {"notebook": "01_a", "minutes": 1, "peak_gb": 1, "headline": kept, "error": None}
    monkeypatch.setattr(_notebooks, "execute", executed_with(row, _notebooks.execute))
    path = write_notebook(tmp_path / "01_a.ipynb", GOOD)
    code, said = started(capsys, path, "--output", tmp_path / f"build {text!r}")
    assert code == 0
    shown = text.replace("\x1b", "\\x1b")
    assert said.count(shown) >= 3 and "\x1b" not in said  # headline, data and folder


def executed_with(row, execute):
    return lambda path, **options: execute(path, **options) and row


def test_a_failure_with_markup_is_shown_as_it_is(tmp_path, capsys, no_kernel, monkeypatch):
    row = {"notebook": "[/]", "minutes": 1, "peak_gb": 1, "headline": None, "error": "[red] \x1b"}
    monkeypatch.setattr(_notebooks, "execute", executed_with(row, _notebooks.execute))
    code, said = started(capsys, write_notebook(tmp_path / "[b].ipynb", GOOD), "--output",
                         tmp_path / "build")  # fmt: skip
    assert code == 1 and "FAILED in [red] \\x1b" in said and "[1/1] [b]:" in said


def test_rich_would_lose_it():
    console = Console(width=99)
    with console.capture() as captured:
        console.print("[red]")
    assert "[red]" not in captured.get()


# ---------------------------------------------------------------- a full disk


def full_at(number):
    """`write_page`, which finds the disk full at this call; at none for None."""
    calls = []

    def write_page(path, source, beside):
        calls.append(path)
        if len(calls) == number:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        path.with_suffix(".html").write_text("p")

    return write_page


def test_a_full_disk_keeps_what_is_finished(tmp_path, capsys, no_kernel, monkeypatch):
    paths = [write_notebook(tmp_path / f"0{n}.ipynb", GOOD) for n in range(3)]
    monkeypatch.setattr(run._pages, "write_page", full_at(3))
    code, said = started(capsys, *paths, "--output", tmp_path / "build")
    assert code == 1 and "2 of 3 notebooks" in said and "Traceback" not in said
    assert "No space left on device" in said.partition("2 of 3")[2]
    assert [row["notebook"] for row in rows_of(tmp_path / "build")] == ["00", "01"]
    assert json.loads((tmp_path / "build" / "results.json").read_text())["finished"] is False
    assert sorted(p.name for p in (tmp_path / "build").iterdir()) == [
        "00.html", "00.ipynb", "01.html", "01.ipynb", "results.json",
    ]  # fmt: skip


@contextlib.contextmanager
def small_disk(folder, options):
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder]
    if sys.platform != "linux" or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("only root can make a small disk, on Linux")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


@pytest.mark.parametrize("free", [0, 4, 40, 400], ids="{} kB".format)
def test_a_real_full_disk_is_a_sentence(tmp_path, capsys, free):
    """Whatever finds no room: the folder, the notebook, its page. The results before it stay."""
    text = f"print('x' * {free} * 1000)" if free else "print(1)"
    paths = [write_notebook(tmp_path / f"{n}.ipynb", cells) for n, cells in
             (("01_small", QUICK), ("02_large", [PARAMETERS, ("", text)]))]  # fmt: skip
    with small_disk(tmp_path / "disk", "size=900k") as disk:
        assert started(capsys, paths[0], "--output", disk / "build")[0] == 0
        before = everything(disk / "build")
        fill(disk / "filling", leave=free * 1000)
        code, said = started(capsys, paths[1], "--output", disk / "build")
        after = everything(disk / "build")
        assert code == 1 and "No space left on device" in said and "Traceback" not in said
        assert after == before


def fill(path, *, leave):
    """Write until the disk is full, then give some back."""
    with contextlib.suppress(OSError), open(path, "wb", buffering=0) as file:
        while True:
            file.write(b"0" * 4096)
    os.truncate(path, max(0, path.stat().st_size - leave))


def test_a_read_only_disk_is_a_sentence(tmp_path, capsys, no_kernel):
    path = write_notebook(tmp_path / "01_a.ipynb", GOOD)
    with small_disk(tmp_path / "disk", "ro,size=1m") as disk:
        code, said = started(capsys, path, "--output", disk / "build")
    assert code == 1 and "cannot be written to: Read-only file system." in said


# ---------------------------------------------------------------- stopped in the middle


IN_WORK = f"{_run_results.UNFINISHED}*/02_b.ipynb"
SLOW = [PARAMETERS, ("", "import time\nprint('begun')\ntime.sleep(60)")]


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGKILL])
def test_a_run_that_is_stopped_leaves_what_belongs_together(tmp_path, sent):
    """The second of two notebooks is stopped: the first one's row is there, and no other."""
    output = tmp_path / "build"
    old = [write_notebook(tmp_path / f"{name}.ipynb", QUICK) for name in ("01_a", "02_b")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "tl_course", "run", *old, "--output", output]
    subprocess.run(command, env=environment, check=True, capture_output=True, timeout=600)
    was = (output / "02_b.ipynb").read_bytes()
    write_notebook(tmp_path / "02_b.ipynb", SLOW)
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, text=True, preexec_fn=signals.hears_ctrl_c
    )
    wait_until(
        lambda: any("begun" in p.read_text() for p in output.glob(".unfinished-*/02*.ipynb"))
    )
    children = kernels_of(process.pid)
    process.send_signal(sent)
    said, code = process.communicate(timeout=120)[0], process.returncode
    assert [row["notebook"] for row in rows_of(output)] == ["01_a"]
    assert json.loads((output / "results.json").read_text())["finished"] is False
    assert (output / "02_b.ipynb").read_bytes() == was  # of the run before, and no row tells of it
    if sent == signal.SIGINT:
        assert code == 130 and "Stopped." in said and "1 of 2 notebooks" in said
        assert not list(output.glob(".unfinished-*"))
    wait_until(lambda: not any(map(alive, children)))
    write_notebook(tmp_path / "02_b.ipynb", QUICK)
    subprocess.run(command, env=environment, check=True, capture_output=True, timeout=600)
    assert not list(output.glob(".unfinished-*"))  # what the killed run left is gone
    assert len(rows_of(output)) == 2


def kernels_of(number):
    import psutil

    return psutil.Process(number).children(recursive=True)


def alive(process):
    return process.is_running() and process.status() != "zombie"


def wait_until(holds, seconds=60):
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.1)


class Killed(BaseException):
    """In the place of kill -9, at one system call."""


@pytest.mark.parametrize("moment", range(5))
def test_no_row_tells_of_another_runs_notebook_at_any_moment(
    tmp_path, capsys, no_kernel, monkeypatch, moment
):
    """The old run said 1, the new one says 2; it dies before the moment-th time a file is moved."""
    output, path = tmp_path / "build", tmp_path / "01_a.ipynb"
    replace, moves = os.replace, []

    def deadly(source, target):
        if len(moves) == moment:
            raise Killed
        moves.append(target)
        replace(source, target)

    run_saying(1, path, output, monkeypatch)
    monkeypatch.setattr(os, "replace", deadly)
    with contextlib.suppress(Killed):
        run_saying(2, path, output, monkeypatch)
    assert len(moves) == min(moment, 4)
    rows = rows_of(output)
    assert [row["minutes"] for row in rows] == [said_by(output / "01_a.ipynb")][: len(rows)]


def test_with_the_results_written_last_a_row_would(tmp_path, capsys, no_kernel, monkeypatch):
    """Control: moved as one would at first, and killed after the notebook."""

    def results_last(name, *, folder, output, **_):
        os.replace(folder / f"{name}.ipynb", output / f"{name}.ipynb")
        raise Killed

    output, path = tmp_path / "build", tmp_path / "01_a.ipynb"
    run_saying(1, path, output, monkeypatch)
    monkeypatch.setattr(_run_results, "deliver", results_last)
    with contextlib.suppress(Killed):
        run_saying(2, path, output, monkeypatch)
    assert [row["minutes"] for row in rows_of(output)] == [1] != [said_by(output / "01_a.ipynb")]


def run_saying(number, path, output, monkeypatch):
    """Run a notebook that holds this number, as the row about it does."""
    write_notebook(path, [PARAMETERS, ("", str(number))])
    row = {"notebook": "01_a", "minutes": number, "peak_gb": 0, "headline": None, "error": None}
    execute = _notebooks.execute
    with monkeypatch.context() as patched:
        patched.setattr(_notebooks, "execute", executed_with(row, execute))
        __main__.main(["run", str(path), "--output", str(output)])


def said_by(path):
    return int(nbformat.read(path, as_version=4).cells[-1].source)


def test_two_runs_at_once_do_not_mix(tmp_path, capsys, no_kernel):
    output = tmp_path / "build"
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    (output / f"{_run_results.UNFINISHED}{other.pid}").mkdir(parents=True)
    path = write_notebook(tmp_path / "01_a.ipynb", GOOD)
    code, said = started(capsys, path, "--output", output)
    assert code == 1 and f"process {other.pid}, writes to" in said
    other.communicate(b"\n")
    assert started(capsys, path, "--output", output)[0] == 0
