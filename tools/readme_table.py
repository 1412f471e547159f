"""Fill the tables and links of README.md and docs/: `python -m tools.readme_table`.

Minutes and results come from data/results/course.json and binder.json, what a picture costs from
benchmarks/scaling.json, questions from data/lessons.csv, the classic mistakes from
data/mistakes.csv, how well the checks name them from data/results/mistakes_bench.json, the
addresses from the setting in pyproject.toml: no figure in a table and no address of the course is
typed by hand.
"""

import argparse
import json
import sys
from pathlib import Path

from common import marked_blocks
from tl_course import records
from tl_course.commands import _notebooks
from tools import bench_table, experiment_tables, front_page, gains, gallery, links, scaling_tables

ROOT = Path(__file__).resolve().parent.parent
LESSONS = "| lesson | minutes to run | in your browser |\n|---|---|---|\n"
OUTCOMES = "| lesson | what came out | with |\n|---|---|---|\n"
TIMINGS = {  # by command: the head of its table, and a row
    "make course": (
        "| notebook | minutes | peak memory, GB |\n|---|---|---|\n",
        "| {notebook} | {minutes:.1f} | {peak_gb:.2f} |\n",
    ),
    "make binder-check": (
        "| notebook | minutes | of them computing | peak memory, GB |\n|---|---|---|---|\n",
        "| {notebook} | {minutes:.1f} | {computing_minutes:.1f} | {peak_gb:.2f} |\n",
    ),
}


def table(course, home):
    """Return the table of lessons as markdown; `home` is where the links lead."""
    rows = []
    lessons = {lesson["name"]: lesson for lesson in records.table("lessons")}
    for row in course["results"]:
        lesson, name = lessons[row["notebook"]], f"{row['notebook']}.ipynb"
        link, colab = f"[{lesson['title']}](notebooks/{name})", links.colab(*home, name)
        minutes, opened = f"{row['minutes']:.1f}", f"[Open in Colab]({colab})"
        rows.append(f"| {link} | {minutes} | {opened} |\n")
    return f"{LESSONS}{''.join(rows)}\n{measured(course)}"


def outcomes(course):
    """Return the table of what came out, for instructors: in README it would spoil predictions."""
    lessons = {lesson["name"]: lesson["title"] for lesson in records.table("lessons")}
    rows = ""
    for row in course["results"]:
        found = _notebooks.headline_in_words(row["headline"])
        used = _notebooks.data_in_words(row["headline"]["data"])
        rows += f"| {lessons[row['notebook']]} | {found} | {used} |\n"
    return f"{OUTCOMES}{rows}\n{measured(course)}"


def measured(course):
    """Return in a sentence where and when the course was measured."""
    return f"Measured by `make course` on {course['machine']}, {course['date']}."


def timings(run, command):
    """Return the table of minutes and memory that instructors plan with, as markdown."""
    head, line = TIMINGS[command]
    rows = "".join(line.format(**row) for row in run["results"])
    total = sum(row["minutes"] for row in run["results"])
    rest = " |" * (head.count("---") - 2)
    how = f"profile `{run['profile']}`, exercises unsolved, on {run['machine']}, {run['date']}"
    return f"{head}{rows}| all | {total:.1f} |{rest}\n\nMeasured by `{command}`: {how}."


def blocks(root):
    """Return {(page, name of a block): its text} of everything that is generated."""
    home = links.home(root)
    course, binder = (
        json.loads((root / "data" / "results" / f"{name}.json").read_text(encoding="utf-8"))
        for name in ("course", "binder")
    )
    return {
        ("docs/classic_mistakes.md", "bench"): bench_table.table(root / "data" / "results"),
        **front_page.blocks(root),
        ("README.md", "lessons"): table(course, home),
        ("docs/running.md", "hub"): links.hub(home[0]),
        ("docs/instructors.md", "hub"): links.hub(home[0]),
        ("docs/instructors.md", "timings"): timings(course, "make course"),
        ("docs/instructors.md", "binder"): timings(binder, "make binder-check"),
        ("docs/instructors.md", "outcomes"): outcomes(course),
        ("docs/instructors.md", "gains"): gains.table(root / "data" / "results"),
        ("docs/classic_mistakes.md", "mistakes"): gallery.mistakes(root),
        **scaling_tables.blocks(root),
        **experiment_tables.blocks(root),
    }


def main(argv=None):
    """Fill every block; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, default=ROOT, help="folder that holds README.md")
    root = parser.parse_args(argv).root
    for (page, name), text in blocks(root).items():
        marked_blocks.fill(root / page, name, text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
