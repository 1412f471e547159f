"""Run the golden notebooks under other versions: `python -m nox -s newest --force-python 3.13`.

Each session is an environment of its own. The course is installed there, not imported from this
folder. After `--` stand names of notebooks such as 01_motivation, to run these alone, or `record`,
to keep the session's row in docs/versions.md.
"""

import datetime
import re
import shutil
from importlib import metadata
from pathlib import Path
from xml.etree import ElementTree

import nox

nox.options.default_venv_backend = "uv"
nox.options.envdir = "build/versions"
nox.options.error_on_missing_interpreters = True  # or a session that never ran passes

PAGE, GOLDEN = Path("docs/versions.md"), "tests/golden"
PROJECT = "-r pyproject.toml --extra cpu --extra course --prerelease disallow --resolution".split()
PYTEST = f"python -m pytest -o addopts= --noconftest --nbval-sanitize-with {GOLDEN}/sanitize.cfg"
SHOWN = ("tensorflow-cpu", "jax", "torch", "keras", "numpy")
HEAD = "| environment | Python | versions | cells passed | minutes | day |\n" + "|---" * 6 + "|\n"
OFFLINE = {  # drawings and two threads, as `make golden`; nothing that leads to this folder
    "TL_COURSE_OFFLINE": "1", "TL_COURSE_MIRROR": None, "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_NUM_INTRAOP_THREADS": "2", "TF_NUM_INTEROP_THREADS": "2", "KERAS_BACKEND": "tensorflow",
    "MPLBACKEND": None, "PYTHONPATH": None, "JUPYTER_PATH": None, "PIP_QUIET": "1",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # or each kernel prints a warning for debuggers
}  # fmt: skip


@nox.session
def colab(session):
    """Colab's packages, then whatever the set-up cell installs, the course of the last commit."""
    archive = Path(session.create_tmp(), "course.zip").resolve()
    session.install("-r", "tests/constraints/colab-like.txt", "scikit-image==0.25.2", "pip")
    session.run("git", "archive", "--prefix=course/", "-o", archive, "HEAD", external=True)
    shutil.copytree("tests/colab_stub", site_packages(session), dirs_exist_ok=True)
    golden(session, "--nbval", TL_COURSE_ARCHIVE=archive.as_uri())


@nox.session
def newest(session):
    """The newest release of everything."""
    session.install(*PROJECT, "highest")
    golden_and_own_run(session)


@nox.session
def oldest(session):
    """The lowest version that pyproject.toml allows of everything that it names."""
    session.install(*PROJECT, "lowest-direct")
    golden_and_own_run(session)


@nox.session
def jax(session):
    """Keras on JAX. Its figures differ, so each cell must run, and none is compared."""
    session.install("-r", "requirements.txt", "jax")
    session.install("--no-deps", ".")
    golden(session, "--nbval-lax", KERAS_BACKEND="jax")


@nox.session
def torch(session):
    """Keras on PyTorch, as on JAX."""
    session.install("-r", "requirements.txt", "torch==2.13.0")
    session.install("--no-deps", ".")
    golden(session, "--nbval-lax", KERAS_BACKEND="torch")


def golden_and_own_run(session):
    """Run the golden notebooks, then the first lesson by the course's own command."""
    session.install("--no-deps", ".")
    golden(session, "--nbval")
    run = "python -m tl_course run 01_motivation --profile smoke --output".split()
    session.run(*run, f"{session.create_tmp()}/course")


def golden(session, compare, **variables):
    """Run the golden notebooks; fail if a cell failed or if a package is another one afterwards."""
    session.install("pytest", "nbval==0.11.0")
    before, report = packages(session), Path(session.create_tmp(), "report.xml").resolve()
    variables = OFFLINE | variables | {"TL_COURSE_CACHE": str(report.parent / "photographs")}
    paths = [f"{GOLDEN}/{name}.ipynb" for name in session.posargs if name != "record"] or [GOLDEN]
    call = [*PYTEST.split(), compare, "--junitxml", report, *paths]
    session.run(*call, env=variables, success_codes=[0, 1])
    passed, cells = keep_row(session, before, ElementTree.parse(report).find("testsuite"))
    if moved := sorted(before.items() - packages(session).items()):
        session.error(f"The notebooks changed or removed {moved}.")
    if passed < cells:
        session.error(f"Only {passed} of {cells} cells passed.")


def keep_row(session, versions, suite):
    """Log the session's row, and keep it if asked to; return (cells that passed, cells)."""
    cells, failures, errors = (int(suite.get(key)) for key in ("tests", "failures", "errors"))
    release = session.run("python", "--version", silent=True).split()[1]
    used = ", ".join(f"{name} {versions[name]}" for name in SHOWN if name in versions)
    passed, minutes = cells - failures - errors, float(suite.get("time")) / 60
    row = f"| {session.name.split('-')[0]} | {release} | {used} | {passed} of {cells} "
    row += f"| {minutes:.1f} | {datetime.date.today()} |\n"
    session.log(row)
    if session.posargs == ["record"]:  # never the row of some notebooks alone
        PAGE.write_text(with_row(PAGE.read_text(encoding="utf-8"), row), encoding="utf-8")
    return passed, cells


def with_row(page, row):
    """Return a page with this row in its table, in the place of one with its name and Python."""
    before, head, rest = page.partition(HEAD)
    old = re.match(r"(?:\|.*\n)*", rest)[0]
    rows = {tuple(line.split(" | ")[:2]): line for line in [*old.splitlines(keepends=True), row]}
    return before + head + "".join(rows[key] for key in sorted(rows)) + rest[len(old) :]


def site_packages(session):
    """Return the folder of a session's packages."""
    return next(Path(session.virtualenv.location).glob("lib/python*/site-packages"))


def packages(session):
    """Return {name: version} of what is installed in a session, each name as an index spells it."""
    found = metadata.distributions(path=[str(site_packages(session))])
    return {re.sub(r"[-_.]+", "-", package.name).lower(): package.version for package in found}
