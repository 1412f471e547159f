"""tools/links.py: one line of pyproject.toml says where the course is, and everything follows."""

import html
import re
import subprocess
import sys
import types

import nbformat
import pytest

from tests.lessons import ROOT
from tools import links, pins, tree

HOME = links.home(ROOT)
LINE = 'tl_course = {{ repository = "{}", tag = "{}" }}'
HISTORY = {"CHANGELOG.md"}  # what was true of an older version stays written there


def traces(root, words):
    """Lines of the files under `root` that hold one of these words, other than in history."""
    whole = re.compile("|".join(rf"(?<![\w.-]){re.escape(word)}(?!\w)" for word in words))
    found = []
    for path in sorted(root.rglob("*")):
        if path.is_file() and path.name not in HISTORY:
            lines = path.read_bytes().decode("utf-8", errors="ignore").splitlines()
            found += [f"{path.relative_to(root)}: {x.strip()}" for x in lines if whole.search(x)]
    return found


@pytest.fixture(scope="module")
def fork(tmp_path_factory):
    """A copy of the course in which one line was changed and `make links` was run."""
    root = tree.copy(ROOT, tmp_path_factory.mktemp("fork"))
    settings = root / "pyproject.toml"
    text = settings.read_text(encoding="utf-8")
    assert text.count(LINE.format(*HOME)) == 1
    changed = text.replace(LINE.format(*HOME), LINE.format("ada/borrowed", "v9.9.9"))
    settings.write_text(changed, encoding="utf-8")
    for tool in ("readme_table", "build_notebooks", "links"):  # as `make links` does
        subprocess.run([sys.executable, "-m", f"tools.{tool}"], check=True, cwd=root)
    return root


# ---------------------------------------------------------------- the forms of the addresses


def test_addresses():
    home = ("ada/course", "v1.2.0")
    assert links.archive(*home) == "https://github.com/ada/course/archive/refs/tags/v1.2.0.zip"
    assert links.colab(*home, "01_a.ipynb") == (
        "https://colab.research.google.com/github/ada/course/blob/v1.2.0/notebooks/01_a.ipynb"
    )
    assert links.binder(*home) == (
        "https://mybinder.org/v2/gh/ada/course/v1.2.0?urlpath=lab%2Ftree%2Fnotebooks%2Fstart.md"
    )
    assert links.nbgitpuller(home[0], hub="https://hub.a.edu") == (
        "https://hub.a.edu/hub/user-redirect/git-pull?repo=https%3A%2F%2Fgithub.com%2Fada%2Fcourse"
        "&urlpath=lab%2Ftree%2Fcourse%2Fnotebooks"
    )


@pytest.mark.parametrize(
    "line",
    [
        "",
        'tl_course = { repository = "course", tag = "v1" }',
        'tl_course = { repository = "https://github.com/a/b", tag = "v1" }',
        'tl_course = { repository = "a/b" }',
        'tl_course = { repository = "a/b", tag = "release/1" }',
        'tl_course = { repository = "a/b", tag = "v 1" }',
    ],
)
def test_a_setting_that_gives_no_address_is_an_error(tmp_path, line):
    (tmp_path / "pyproject.toml").write_text(f"[tool]\n{line}\n")
    with pytest.raises(ValueError, match='should look like { repository = "owner/name", tag = '):
        links.home(tmp_path)


# ---------------------------------------------------------------- the course


def test_every_lesson_has_a_link_to_colab():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for notebook in ROOT.glob("notebooks/[0-9]*.ipynb"):
        assert readme.count(f"[Open in Colab]({links.colab(*HOME, notebook.name)})") == 1


def test_a_fork_changes_one_line(fork):
    assert traces(fork, [HOME[0], HOME[1]]) == []
    readme = (fork / "README.md").read_text(encoding="utf-8")
    assert links.binder("ada/borrowed", "v9.9.9") in readme
    assert html.escape(links.site("ada/borrowed")) in readme
    running = (fork / "docs" / "running.md").read_text(encoding="utf-8")
    assert links.nbgitpuller("ada/borrowed") in running
    notebook = (fork / "notebooks" / "01_motivation.ipynb").read_text(encoding="utf-8")
    assert links.archive("ada/borrowed", "v9.9.9") in notebook


def test_golden_notebooks_change_in_the_address_alone(fork):
    for path in (ROOT / "tests" / "golden").glob("*.ipynb"):
        both = (path, fork / path.relative_to(ROOT))
        ours, theirs = (nbformat.read(notebook, as_version=4) for notebook in both)
        pairs = list(zip(ours.cells, theirs.cells, strict=True))
        (changed,) = [pair for pair in pairs if pair[0] != pair[1]]
        addresses = [links.archive(*HOME), links.archive("ada/borrowed", "v9.9.9")]
        assert changed[0].source.replace(*addresses) == changed[1].source
        assert changed[0].outputs == changed[1].outputs


@pytest.mark.parametrize("page", ["docs/glossary.md", "lessons/01_motivation.py"])
def test_an_address_typed_by_hand_is_found(fork, page):
    path = fork / page
    before = path.read_text(encoding="utf-8")
    path.write_text(f"{before}# See {links.colab(*HOME, 'a.ipynb')}\n", encoding="utf-8")
    found = traces(fork, [HOME[0]])
    path.write_text(before, encoding="utf-8")
    assert len(found) == 1 and found[0].startswith(f"{page}: # See https://colab")


# ---------------------------------------------------------------- the set-up cell on Colab


def run_setup(source, monkeypatch):
    """Run a set-up cell as on Colab; return the commands that it would have started."""
    commands = []
    monkeypatch.setitem(sys.modules, "google.colab", types.ModuleType("google.colab"))
    monkeypatch.setattr(subprocess, "run", lambda command, check: commands.append(command))
    exec(source.partition("from tl_course import")[0], {})
    return commands


def setup_cell():
    notebook = nbformat.read(ROOT / "notebooks" / "01_motivation.ipynb", as_version=4)
    return next(cell.source for cell in notebook.cells if "setup" in cell.metadata.get("tags", []))


def unwelcome(command):
    """Arguments that could change what Colab has, or that name a package we did not publish."""
    packages = [part for part in command[command.index("install") + 1 :] if part[0] != "-"]
    touched = {"tensorflow", "tensorflow-cpu", "keras", "numpy", "tl-course", "tl_course"}
    found = [package for package in packages if re.split(r"[=<>@ ]", package)[0] in touched]
    return found + ([] if "--no-deps" in command else ["dependencies"])


def test_on_colab_the_course_comes_from_its_archive(monkeypatch):
    (command,) = run_setup(setup_cell(), monkeypatch)
    assert links.archive(*HOME) in command
    assert unwelcome(command) == []


def test_on_colab_each_package_is_the_one_that_the_tests_ran_with(monkeypatch):
    (command,) = run_setup(setup_cell(), monkeypatch)
    wanted = [part for part in command[command.index("install") + 1 :] if part[0] != "-"]
    pinned = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    pinned = [line.removesuffix(" \\") for line in pinned]
    assert [part for part in wanted if part not in pinned] == [links.archive(*HOME)]


def test_a_pin_that_is_not_there_is_an_error(tmp_path):
    (tmp_path / "requirements.txt").write_text("imagehash==1.0 \\\n    --hash=x\nkeras==3\n")
    assert pins.version(tmp_path, "imagehash") == "1.0"
    with pytest.raises(ValueError, match="has \\[\\] for 'numpy'"):
        pins.version(tmp_path, "numpy")


def test_elsewhere_nothing_is_installed(monkeypatch):
    monkeypatch.delitem(sys.modules, "google.colab", raising=False)
    monkeypatch.setattr(subprocess, "run", None)
    exec(setup_cell().partition("from tl_course import")[0], {})


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        (', "--no-deps"', "", ["dependencies"]),
        (f'"imagehash=={pins.version(ROOT, "imagehash")}"', '"keras>=3"', ["keras>=3"]),
        ("course,", '"tl-course",', ["tl-course"]),
    ],
)
def test_a_setup_cell_that_changes_colab_is_found(monkeypatch, old, new, found):
    assert old in setup_cell()
    (command,) = run_setup(setup_cell().replace(old, new), monkeypatch)
    assert unwelcome(command) == found
