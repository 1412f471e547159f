"""Keep the results of an executed course: `python -m tools.record_results [--course FOLDER]`.

Every `records.record(name, results)` in the notebooks of build/course becomes
data/results/NAME.json, with the date, the machine and the profile; lessons and README quote these
files. Minutes, memory and headlines become course.json; those of `make deeper` deeper.json, those
of `make binder-check` binder.json. The picture that a lesson opens with goes to data/figures.
"""

import argparse
import datetime
import json
import os
import platform
import sys
from pathlib import Path

import nbformat

from tl_course import records
from tools import openings

ROOT = Path(__file__).resolve().parent.parent


def machine():
    """Return the machine in words: its processor's family and its number of cores."""
    return f"{os.cpu_count()} CPU cores, {platform.machine()}, {platform.system()}"


def missing(row):
    """Return the photographs that a lesson is to be quoted with (lessons.csv) and did not have."""
    wanted = {lesson["name"]: lesson["photographs"].split() for lesson in records.table("lessons")}
    used = row["headline"]["data"] if row["headline"] else []
    return sorted(set(wanted.get(row["notebook"], [])) - {part["source"] for part in used})


def unfit(course):
    """Return why this course's results are not to be quoted, or None."""
    if not course.get("finished", True):
        return "Not recorded: the run was stopped before its last notebook; run it again."
    failed = [row["notebook"] for row in course["notebooks"] if row["error"]]
    drawn = {row["notebook"]: missing(row) for row in course["notebooks"] if missing(row)}
    if course["profile"] == "smoke" or failed or drawn:
        return (
            f"Not recorded: profile {course['profile']!r}, failed {failed}, without photographs "
            f"{drawn}; run the course with photographs in the profile student or full."
        )
    return None


def frame_of(path, course):
    """Return when, where and in which profile the course ran that this file tells about."""
    day = datetime.date.fromtimestamp(path.stat().st_mtime).isoformat()
    where = {"machine": course.get("machine", machine()), "cores": course["cores"]}
    return {"date": day, **where, "profile": course["profile"]}


def keep(name, folder, results):
    """Write what there is to keep of the run in a folder, name it; return 1 if unfit, else 0."""
    path = folder / "results.json"
    course = json.loads(path.read_text(encoding="utf-8"))
    if reason := unfit(course):
        print(f"{name}: {reason}", file=sys.stderr)
        return 1
    found = {name: course["notebooks"]}
    frame, opening = frame_of(path, course), openings.named()
    for notebook in sorted(folder.glob("*.ipynb")) if name != "binder" else ():
        executed = nbformat.read(notebook, as_version=4)
        found |= records.recorded(executed)
        if notebook.stem in opening:
            figures = results.parent / "figures"
            openings.keep(executed, notebook.stem, figures, date=frame["date"])
    found.pop("headline", None)  # it stands in the row of its notebook
    results.mkdir(parents=True, exist_ok=True)
    for kept, values in found.items():
        text = json.dumps({**frame, "results": values}, indent=1) + "\n"
        (results / f"{kept}.json").write_text(text, encoding="utf-8")
        print(f"wrote: {kept}.json")
    return 0


def main(argv=None):
    """Keep the runs that are there, return 0; return 1 if there is none or one is unfit."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--course", type=Path, default=ROOT / "build" / "course")
    parser.add_argument("--deeper", type=Path, default=ROOT / "build" / "deeper")
    parser.add_argument("--binder", type=Path, default=ROOT / "build" / "binder" / "course")
    parser.add_argument("--results", type=Path, default=ROOT / "data" / "results")
    options = parser.parse_args(argv)
    runs = {name: getattr(options, name) for name in ("course", "deeper", "binder")}
    there = {name: folder for name, folder in runs.items() if (folder / "results.json").exists()}
    if not there:
        print("No results yet: run `make course` first.", file=sys.stderr)
        return 1
    return max([keep(name, folder, options.results) for name, folder in there.items()])


if __name__ == "__main__":
    sys.exit(main())
