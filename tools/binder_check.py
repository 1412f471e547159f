"""Imitate Binder: `python -m tools.binder_check [NOTEBOOK ...]`.

A fresh environment from the files in binder/ alone, then every lesson in the student profile, on
one core and within Binder's 2 GB: not a byte more is given where control groups can be written
(root on Linux); elsewhere the peaks are measured and compared. Prints the table of the run.
"""

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from common import memory_group

ROOT = Path(__file__).resolve().parent.parent
GROUPS = memory_group.GROUPS
LIMIT_GB, CORES = 2.0, {0}


def make_environment(folder):
    """Return the Python of a fresh virtual environment, made as repo2docker would make it."""
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    python = folder / "bin" / "python"
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*install, "-r", ROOT / "binder" / "requirements.txt"], check=True)
    environment = os.environ | {"PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    subprocess.run([ROOT / "binder" / "postBuild"], check=True, cwd=ROOT, env=environment)
    return python


def limited_group(limit_bytes):
    """Return a control group with this memory limit, or None where none can be made."""
    with contextlib.suppress(RuntimeError):
        return memory_group.limited_group("tl_course_binder", limit_bytes, groups=GROUPS)
    return None


def enter(group):
    """Put the child that is about to start onto one core and into the group."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, CORES)
    if group:
        (group / "cgroup.procs").write_text(str(os.getpid()))


def run_course(python, notebooks, output, group):
    """Run the lessons as a Binder session would; return the exit code."""
    command = [ROOT / "binder" / "start", python, "-m", "tl_course", "run", *notebooks]
    return subprocess.run(
        [*command, "--output", output], cwd=ROOT, preexec_fn=lambda: enter(group)
    ).returncode


def too_large(results):
    """Return the notebooks whose kernel alone took more than Binder gives."""
    return [row["notebook"] for row in results["notebooks"] if row["peak_gb"] > LIMIT_GB]


def describe(path, group):
    """Add the machine, in words, to the results of a run and return them."""
    results = json.loads(path.read_text(encoding="utf-8"))
    memory = f"{LIMIT_GB:g} GB of memory" + ("" if group else " (not enforced)")
    results |= {"machine": f"one of {os.cpu_count()} CPU cores with {memory}", "cores": len(CORES)}
    path.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    return results


def main(argv=None):
    """Build, run, report; return 0 if every lesson ran within the limit."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebooks", nargs="*", help="lessons; all of them for no name")
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "binder")
    options = parser.parse_args(argv)
    python = make_environment(options.folder / "venv")
    group = limited_group(LIMIT_GB * 1e9)
    output = options.folder / ("some" if options.notebooks else "course")  # only a whole one counts
    print(f"One core, {LIMIT_GB:g} GB: {'enforced by ' + str(group) if group else 'measured only'}")
    shutil.rmtree(output, ignore_errors=True)  # results of an older run would pass for this one's
    code = run_course(python, options.notebooks, output, group)
    if group:
        with contextlib.suppress(OSError):  # a kernel may outlive a run that broke off
            group.rmdir()
    if code < 0 or not (output / "results.json").exists():
        print(f"The run broke off, exit code {code}.", file=sys.stderr)
        return 1
    results = describe(output / "results.json", group)
    if over := too_large(results):
        print(f"Over {LIMIT_GB:g} GB: {', '.join(over)}")
    return code or int(bool(over))


if __name__ == "__main__":
    sys.exit(main())
