"""The six cards of the course, for README, the site and JupyterLab's start page.

A card says what a lesson asks, how long it runs, and one finding of at most ten words. The finding
is a template in data/lessons.csv, filled from data/results; its claims (column `holds`) are checked
against the same values, so that a sentence disappears with an error before it is wrong. No finding
answers a bold "Predict" of its lesson: it gives what the lesson opens with, or the size of a gain.
"""

import json
import math
import re
from pathlib import Path

from tl_course import records
from tools import claims

ROOT = Path(__file__).resolve().parent.parent
PLACE = re.compile(r"\{([^{}|]+)(?:\|([^{}]+))?\}")


def whole(number):
    """Return a number rounded to the nearest one, and halves up, as people do."""
    return math.floor(number + 0.5 + 1e-9)


def _around(share, middle, scale):
    return f"{middle + scale * share:.1f}"


FORMS = {  # of a share: in words, or as a length in a picture, where 1 is full
    "percent": lambda share, _: f"{whole(100 * share)}\N{NO-BREAK SPACE}%",
    "percent1": lambda share, _: f"{100 * share:.1f}\N{NO-BREAK SPACE}%",
    "points": lambda share, _: str(whole(100 * share)),
    "gain": lambda share, _: f"{100 * share:+.1f}",
    "of": lambda share, length: f"{min(max(share, 0), 1) * int(length):.1f}",
    "around": lambda share, places: _around(share, *map(int, places.split())),
    "times": lambda number, length: f"{number * int(length)}",
}


def in_minutes(row):
    """Return the time of a run as text names it, in whole minutes: 1 minute, 3 minutes."""
    minutes = max(1, whole(row["minutes"]))
    return f"{minutes} minute{'s' * (minutes > 1)}"


def recorded(root=ROOT):
    """Return {lesson: what it recorded, its headline included} from data/results."""
    folder = root / "data" / "results"
    rows = json.loads((folder / "course.json").read_text(encoding="utf-8"))["results"]
    found = {row["notebook"]: {"headline": row["headline"]} for row in rows}
    for name, values in found.items():
        if (path := folder / f"{name}.json").exists():
            values |= json.loads(path.read_text(encoding="utf-8"))["results"]
    return found


def filled(lesson, template, values):
    """Return a sentence with each {path} or {path|percent} replaced by its value."""

    def in_words(place):
        found = claims.look_up(lesson, values, place[1])
        form, _, length = (place[2] or "").partition(" ")
        return FORMS[form](found, length) if form else str(found)

    return PLACE.sub(in_words, template)


def finding(lesson, row, values):
    """Return the one finding of a lesson; ValueError if a claim in it does not hold."""
    for claim in filter(None, row["holds"].split(";")):
        claims.check(lesson, values, claim)
    return filled(lesson, row["finding"], values)


def cards(root=ROOT):
    """Return a dict a lesson: name, title, question, minutes, picture (a path), alt, finding."""
    values = recorded(root)
    course = json.loads((root / "data" / "results" / "course.json").read_text(encoding="utf-8"))
    minutes = {row["notebook"]: in_minutes(row) for row in course["results"]}
    return [
        {
            "name": row["name"],
            "title": row["title"],
            "question": row["question"],
            "minutes": minutes[row["name"]],
            "picture": f"docs/pictures/{row['name']}.svg",
            "alt": row["picture"],
            "finding": finding(row["name"], row, values[row["name"]]),
        }
        for row in records.table("lessons")
        if row["name"] in values
    ]
