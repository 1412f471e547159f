"""Keep the results of an executed course: `python tools/record_results.py [--course FOLDER]`.

Every `data.record(name, results)` in the notebooks of build/course becomes data/results/NAME.json,
with the date, the machine and the profile; lessons and README quote these files.
"""

import argparse
import datetime
import json
import os
import platform
import sys
from pathlib import Path

import nbformat

from tl_course import data

ROOT = Path(__file__).resolve().parent.parent


def recorded(notebook):
    """Return {name: results} of everything that an executed notebook put on record."""
    outputs = (output for cell in notebook.cells for output in cell.get("outputs", []))
    bundles = (output.get("data", {}).get(data.RESULTS_TYPE) for output in outputs)
    return {bundle["name"]: bundle["results"] for bundle in bundles if bundle}


def machine():
    """Return the machine in words: its processor's family and its number of cores."""
    return f"{os.cpu_count()} CPU cores, {platform.machine()}, {platform.system()}"


def unfit(course):
    """Return why this course's results are not to be quoted, or None."""
    failed = [row["notebook"] for row in course["notebooks"] if row["error"]]
    drawn = [row["notebook"] for row in course["notebooks"] if "instead of" in row["data"]]
    if course["profile"] == "smoke" or failed or drawn:
        return (
            f"Not recorded: profile {course['profile']!r}, failed {failed}, without photographs "
            f"{drawn}; run the course with photographs in the profile student or full."
        )
    return None


def main(argv=None):
    """Write one file a recorded result, name them, return 0; or say why not, return 1."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--course", type=Path, default=ROOT / "build" / "course")
    parser.add_argument("--results", type=Path, default=ROOT / "data" / "results")
    options = parser.parse_args(argv)
    course = json.loads((options.course / "results.json").read_text(encoding="utf-8"))
    if reason := unfit(course):
        print(reason, file=sys.stderr)
        return 1
    frame = {"date": datetime.date.today().isoformat(), "machine": machine()}
    frame["profile"] = course["profile"]
    found = {"course": course["notebooks"]}
    for path in sorted(options.course.glob("*.ipynb")):
        found |= recorded(nbformat.read(path, as_version=4))
    options.results.mkdir(parents=True, exist_ok=True)
    for name, results in found.items():
        path = options.results / f"{name}.json"
        text = json.dumps({**frame, "results": results}, indent=1) + "\n"
        path.write_text(text, encoding="utf-8")
        print(f"wrote: {path.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
