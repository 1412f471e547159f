"""What came out last time?

Results of earlier runs, the questions of the quizzes, the classic mistakes, ImageNet's classes: the
tables in `data/`. Needs the standard library only, so that it works where a package is missing.
"""

import csv
import json
from pathlib import Path
from typing import NamedTuple

DATASETS = ("groceries", "cartons", "blood_cells", "baked_dishes")  # each a table in `data/`
RESULTS_TYPE = "application/vnd.tl-course.results+json"


def data_folder():
    """`data/` beside the package in a checkout, `manifests/` inside it when installed."""
    package = Path(__file__).parent
    beside = package.parent / "data"
    return beside if (beside / "groceries.csv").exists() else package / "manifests"


def table(name):
    """The rows of the table `data/NAME.csv`, a list of dicts by column."""
    with open(data_folder() / f"{name}.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def record(name, results):
    """Keep results in the executed notebook, for `tools/record_results.py` to collect.

    results: numbers, strings, lists and dicts of them.
    """
    from IPython.display import display

    bundle = {RESULTS_TYPE: {"name": name, "results": results}, "text/plain": f"Recorded: {name}"}
    display(bundle, raw=True)


def last_results(name):
    """The recorded results of the last full run: a dict of date, machine, profile and results.

    They stand in where a section needs photographs that this machine does not have.
    FileNotFoundError when nothing was recorded under this name.
    """
    return _read_json(data_folder() / "results", name)


def _read_json(folder, name):
    path = folder / f"{name}.json"
    if not path.exists():
        known = sorted(other.stem for other in folder.glob("*.json"))
        raise FileNotFoundError(f"No {folder.name} {name!r}: choose from {known}.")
    return json.loads(path.read_text(encoding="utf-8"))


def quiz(name):
    """The five questions of a lesson's quiz, as jupyterquiz's `display_quiz` takes them."""
    return _read_json(data_folder() / "quizzes", name)


def classic_mistakes():
    """The 22 classic mistakes, {number: dict of the columns of mistakes.csv}."""
    return {int(row["number"]): row for row in table("mistakes")}


class Finding(NamedTuple):
    """A classic mistake that was found: its number, what happened, a question to the cure."""

    mistake: int
    sentence: str
    question: str

    def __str__(self):
        return f"Mistake {self.mistake}: {self.sentence}\n  {self.question}"


def finding(mistake, detail=""):
    """The Finding of one of the 22 mistakes. detail: a sentence about this very case."""
    row = classic_mistakes()[mistake]
    return Finding(mistake, f"{row['sentence']} {detail}".strip(), row["question"])


def imagenet_classes():
    """The names of the 1,000 ImageNet classes, in the order of a pretrained network's outputs."""
    return [row["name"].split(",")[0] for row in table("imagenet_classes")]


