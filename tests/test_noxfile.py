"""noxfile.py, for `make test-newest` and its kin: what a session notices and records."""

import re
import subprocess
import sys
import tomllib
import types

import pytest
from nox import registry
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

import noxfile
from tests.lessons import ROOT

LISTED = ROOT / "tests" / "constraints" / "colab-like.txt"
SHARED = ROOT.parent / "shared" / "constraints" / "colab-like.txt"
PAGE = ROOT / "docs" / "versions.md"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
STUB = ROOT / "tests" / "colab_stub"
COLAB = {"TL_COURSE_ARCHIVE": "file:///tmp/course.zip", "PYTHONPATH": str(STUB)}


def outside(declared, listed):
    """The listed versions that lie outside the declared ranges."""
    pins = dict(line.split("==") for line in listed.split())
    ranges = [Requirement(line) for line in declared]
    return [r.name for r in ranges if r.name in pins and not r.specifier.contains(pins[r.name])]


def test_the_course_allows_what_colab_has():
    everything = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["cpu"]]
    everything += PROJECT["optional-dependencies"]["course"]
    assert outside(everything, LISTED.read_text(encoding="utf-8")) == []
    assert outside(["numpy>=2.2", "keras>=3.13"], "numpy==2.1.3 keras==3.13.2") == ["numpy"]


@pytest.mark.skipif(not SHARED.exists(), reason="the list lies beside the author's repository only")
def test_the_list_of_colabs_packages_is_the_shared_one():
    assert LISTED.read_text(encoding="utf-8") == SHARED.read_text(encoding="utf-8")


# ---------------------------------------------------------------- what a session notices and keeps

REPORT = '<testsuites><testsuite tests="9" failures="{}" errors="0" time="360"/></testsuites>'


class Session:
    """As nox's, but nothing is installed; the notebooks leave this report and these packages."""

    name, install = "newest-3.13", print

    def __init__(self, folder, *posargs, failures=0, after=None):
        self.posargs, self.folder, self.failures, self.after = [*posargs], folder, failures, after
        self.virtualenv = types.SimpleNamespace(location=str(folder / "venv"))
        self.has(keras="3.15.1", Rich="13.9.4", tensorflow_cpu="2.21.0")

    def has(self, **versions):
        for name, version in versions.items():
            about = self.folder / f"venv/lib/python3.13/site-packages/{name}.dist-info/METADATA"
            about.parent.mkdir(parents=True, exist_ok=True)
            about.write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")

    def create_tmp(self):
        return str(self.folder)

    def run(self, *call, **options):
        if "--version" in call:
            return "Python 3.13.0\n"
        (self.folder / "report.xml").write_text(REPORT.format(self.failures))
        self.has(**self.after or {})
        self.call = " ".join(map(str, call))

    def log(self, text):
        self.row = text

    def error(self, text):
        raise RuntimeError(text)


@pytest.fixture
def page(tmp_path, monkeypatch):
    path = tmp_path / "versions.md"
    path.write_text(f"# Versions\n\n{noxfile.HEAD}\nMore.\n", encoding="utf-8")
    monkeypatch.setattr(noxfile, "PAGE", path)
    return path


def test_a_good_run_gives_its_row_and_a_new_package_is_no_fault(tmp_path, page):
    session = Session(tmp_path, after={"imagehash": "4.3.2"})
    noxfile.golden(session, "--nbval")
    start = "| newest | 3.13.0 | tensorflow-cpu 2.21.0, keras 3.15.1 | 9 of 9 | 6.0 | 20"
    assert session.row.startswith(start)
    assert session.call.endswith(" tests/golden") and session.row not in page.read_text()


@pytest.mark.parametrize(("failures", "after", "said"), [
    (1, {}, "Only 8 of 9 cells passed"),
    (0, {"keras": "3.16.0"}, "changed or removed .*'keras', '3.15.1'"),
])  # fmt: skip
def test_a_failed_cell_and_a_changed_package_fail_and_are_kept(
    tmp_path, page, failures, after, said
):
    session = Session(tmp_path, "record", failures=failures, after=after)
    with pytest.raises(RuntimeError, match=said):
        noxfile.golden(session, "--nbval")
    assert f"{noxfile.HEAD}{session.row}\nMore.\n" in page.read_text()


def test_a_run_of_some_notebooks_is_never_kept(tmp_path, page):
    session = Session(tmp_path, "record", "01_motivation")
    noxfile.golden(session, "--nbval-lax")
    assert session.call.endswith(" tests/golden/01_motivation.ipynb")
    assert session.row not in page.read_text()


def row(name, python, passed):
    return f"| {name} | {python} | keras 3.15.1 | {passed} | 6.0 | 2026-11-25 |\n"


def test_a_new_row_takes_the_place_of_the_old_one_and_leaves_the_others():
    old = [row("colab", "3.13.0", "7 of 9"), row("newest", "3.12.1", "9 of 9")]
    page = f"# Versions\n\n{noxfile.HEAD}{''.join(old)}\nText | with | bars.\n"
    for name, python, order in (("newest", "3.13.0", [0, 1, 2]), ("colab", "3.13.0", [2, 1])):
        new = row(name, python, "8 of 9")
        table = "".join([*old, new][k] for k in order)
        assert noxfile.with_row(page, new) == page.replace("".join(old), table)


def test_each_session_has_its_target_in_the_makefile():
    targets = re.findall(r"(?m)^test-(\w+):.*\n\t\$\(NOX\)$", (ROOT / "Makefile").read_text())
    functions = [f for f in vars(noxfile).values() if isinstance(f, registry.Func)]
    assert sorted(targets) == sorted(f.__name__ for f in functions) != []


# ---------------------------------------------------------------- Colab, and what is supported


def on_colab(code):
    """What Python prints that starts as on Colab, with the stub loaded first."""
    call = [sys.executable, "-c", f"import google.colab\n{code}"]
    return subprocess.run(call, capture_output=True, text=True, env=COLAB, check=True).stdout


def test_the_stub_gives_the_archive_for_an_address_at_github_and_nothing_else():
    echo = "[sys.executable, '-c', 'import sys; print(*sys.argv[1:])', *words]"
    code = f"import subprocess, sys\nwords = {{}}\nsubprocess.run({echo})"
    address = "tl-course @ https://github.com/owner/name/archive/refs/tags/v1.zip"
    words = [address, "imagehash", "https://example.org/github.com.zip"]
    said = on_colab(code.format(words)).split()
    assert said == ["tl-course", "@", COLAB["TL_COURSE_ARCHIVE"], *words[1:]]


def supported_minors(text):
    return [f"3.{k}" for k in range(8, 20) if SpecifierSet(text).contains(f"3.{k}.0")]


def passed_on(page):
    """The Pythons on which all cells passed, with the newest and with the oldest packages."""
    rows = re.findall(r"(?m)^\| (newest|oldest) \| (3\.\d+)\.\S+ \| .* \| (\d+) of \3 \|", page)
    return {name: {minor for n, minor, _ in rows if n == name} for name in ("newest", "oldest")}


def test_the_supported_pythons_are_those_that_passed():
    minors, passed = supported_minors(PROJECT["requires-python"]), passed_on(PAGE.read_text())
    assert minors == sorted(passed["newest"])
    assert minors[0] in passed["oldest"]
    assert supported_minors(">=3.11") != minors  # control: no upper bound


def test_a_row_with_a_failed_cell_is_no_pass():
    page = row("newest", "3.13.0", "8 of 9") + row("oldest", "3.11.7", "9 of 9")
    assert passed_on(page) == {"newest": set(), "oldest": {"3.11"}}
