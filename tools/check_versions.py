"""Run the golden notebooks under other versions: `python -m tools.check_versions newest`.

Each name is an environment of its own in build/versions: Colab's packages, the newest, the lowest
that pyproject.toml allows, or another backend of Keras. The course is installed there, not imported
from this folder. A table says what passed; `--record` puts it into docs/versions.md.
"""

import argparse
import datetime
import os
import re
import shutil
import subprocess
import sys
from unittest import mock
from xml.etree import ElementTree

from tools import write_golden
from tools.write_golden import ROOT

RESOLVE = "pip compile pyproject.toml --extra cpu --extra course --prerelease disallow --no-header"
ENVIRONMENTS = {  # what to install, or how uv is to choose it
    "colab": "-r tests/constraints/colab-like.txt scikit-image==0.25.2",  # not in the list: assumed
    "newest": f"{RESOLVE} --resolution highest",
    "oldest": f"{RESOLVE} --resolution lowest-direct",
    "jax": "-r requirements.txt jax",
    "torch": "-r requirements.txt torch==2.13.0",
}
BACKENDS = ("jax", "torch")  # their figures differ: each cell must run, none is compared
GOLDEN = "tests/golden"
RUN = f"-m pytest -o addopts= --noconftest {GOLDEN} --nbval-sanitize-with {GOLDEN}/sanitize.cfg"
SHOWN = ("tensorflow-cpu", "jax", "torch", "keras", "numpy")
HEAD = "| environment | Python | versions | cells passed | minutes | day |\n" + "|---" * 6 + "|\n"


def uv(*arguments):
    """Run uv in the course's folder; return what it printed."""
    call = [sys.executable, "-m", "uv", *map(str, arguments), "--quiet"]
    return subprocess.run(call, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout


def freeze(python):
    """Return {package: version} of an environment."""
    lines = uv("pip", "freeze", "--python", python).splitlines()
    return dict(re.split(r"==| @ ", line, maxsplit=1) for line in lines)


def make_environment(name, interpreter, folder):
    """Return the Python of a fresh virtual environment with its packages, pytest and nbval."""
    python, listed = folder / "venv" / "bin" / "python", folder / "packages.txt"
    uv("venv", "--seed", "--python", interpreter, folder / "venv")
    wanted = ENVIRONMENTS[name].split()
    if wanted[0] == "pip":
        uv(*wanted, "--upgrade", "--python", python, "-o", listed)
        wanted = ["-r", listed]
    install = ["pip", "install", "--python", python]
    uv(*install, *wanted)
    listed.write_text(uv("pip", "freeze", "--python", python), encoding="utf-8")
    uv(*install, "--constraint", listed, "pytest", "nbval==0.11.0")
    if name == "colab":  # there the set-up cell installs the course
        imitate_colab(next(folder.glob("venv/lib/python*/site-packages")), folder / "course.zip")
    else:
        uv(*install, "--no-deps", ".")
    return python


def imitate_colab(packages, archive):
    """Make each Python with these packages load google.colab; archive the course's last commit."""
    shutil.copytree(ROOT / "tests" / "colab_stub", packages, dirs_exist_ok=True)
    call = ["git", "archive", "--prefix=course/", "-o", archive, "HEAD"]
    subprocess.run(call, cwd=ROOT, check=True)


def variables(name, folder):
    """Return the environment of a golden run, less what leads to the course in this folder."""
    with mock.patch.dict(os.environ):
        write_golden.set_environment(folder)
        ours = {n: v for n, v in os.environ.items() if n not in ("PYTHONPATH", "JUPYTER_PATH")}
    ours |= {"KERAS_BACKEND": name} if name in BACKENDS else {}
    return ours | {"TL_COURSE_ARCHIVE": (folder / "course.zip").as_uri(), "PIP_QUIET": "1"}


def run_notebooks(python, name, folder):
    """Run the golden notebooks; return (cells that passed, cells, minutes)."""
    report, compare = folder / "report.xml", "--nbval-lax" if name in BACKENDS else "--nbval"
    call = [python, *RUN.split(), compare, "--junitxml", report]
    subprocess.run(call, cwd=ROOT, env=variables(name, folder))
    suite = ElementTree.parse(report).getroot().find("testsuite")
    cells, failures, errors = (int(suite.get(k)) for k in ("tests", "failures", "errors"))
    return cells - failures - errors, cells, float(suite.get("time")) / 60


def changed(before, after):
    """Return one line for each package that was there before and is now another one."""
    return [f"{n} {v} -> {after.get(n, 'gone')}" for n, v in before.items() if after.get(n) != v]


def check(name, interpreter):
    """Make an environment and run the notebooks in it; return (did all pass?, its row)."""
    folder = ROOT / "build" / "versions" / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    python = make_environment(name, interpreter, folder)
    before = freeze(python)
    versions = ", ".join(f"{n} {before[n]}" for n in SHOWN if n in before)
    release = subprocess.check_output([python, "--version"], text=True).split()[1]
    print(f"{name}: Python {release}, {versions}", flush=True)
    passed, cells, minutes = run_notebooks(python, name, folder)
    after = freeze(python)
    news, changes = sorted(after.keys() - before.keys()), changed(before, after)
    print(f"{name}: the notebooks installed {news or 'nothing'}, changed {changes or 'nothing'}")
    day = datetime.date.today()
    row = f"| {name} | {release} | {versions} | {passed} of {cells} | {minutes:.1f} | {day} |\n"
    return passed == cells and not changes, row


def with_rows(page, rows):
    """Return a page with these rows in its table, in the place of older ones of the same name."""
    before, head, rest = page.partition(HEAD)
    old = re.match(r"(?:\|.*\n)*", rest)[0]
    table = {tuple(row.split(" | ")[:2]): row for row in [*old.splitlines(keepends=True), *rows]}
    return before + head + "".join(table[key] for key in sorted(table)) + rest[len(old) :]


def main(argv=None):
    """Check the environments one after the other; return 0 if everything passed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="+", choices=ENVIRONMENTS)
    parser.add_argument("--python", default=sys.executable, help="such as python3.13")
    parser.add_argument("--record", action="store_true", help="keep the rows in docs/versions.md")
    options = parser.parse_args(argv)
    passed, rows = zip(*(check(name, options.python) for name in options.names), strict=True)
    print(HEAD + "".join(rows))
    page = ROOT / "docs" / "versions.md"
    if options.record:
        page.write_text(with_rows(page.read_text(encoding="utf-8"), rows), encoding="utf-8")
    return int(not all(passed))


if __name__ == "__main__":
    sys.exit(main())
