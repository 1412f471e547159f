"""`make test-newest` and its kin: what they would install, notice and record."""

import re
import subprocess
import sys
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from tests.lessons import ROOT
from tools import check_versions

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


def test_a_changed_or_missing_package_is_named_and_a_new_one_is_not():
    before = {"keras": "3.13.2", "numpy": "2.1.3", "rich": "13.9.4"}
    assert check_versions.changed(before, before | {"imagehash": "4.3.2"}) == []
    after = {"keras": "3.15.1", "numpy": "2.1.3"}
    expected = ["keras 3.13.2 -> 3.15.1", "rich 13.9.4 -> gone"]
    assert check_versions.changed(before, after) == expected


def row(name, python, passed):
    return f"| {name} | {python} | keras 3.15.1 | {passed} | 6.0 | 2026-11-25 |\n"


def test_a_new_row_takes_the_place_of_the_old_one_and_leaves_the_others():
    old = [row("colab", "3.13.0", "7 of 9"), row("newest", "3.12.1", "9 of 9")]
    page = f"# Versions\n\n{check_versions.HEAD}{''.join(old)}\nText | with | bars.\n"
    new = [row("newest", "3.13.0", "8 of 9"), row("colab", "3.13.0", "9 of 9")]
    table = new[1] + old[1] + new[0]
    assert check_versions.with_rows(page, new) == page.replace("".join(old), table)


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
