"""What came out last time?

Results of earlier runs, the questions of the quizzes, the classic mistakes, ImageNet's classes: the
tables in `data/`. Needs the standard library only, so that it works where a package is missing.
"""

import csv
import json
from pathlib import Path
from typing import NamedTuple

from tl_course.engine import quizzes

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
    """Keep results in the executed notebook, where programs find them (`recorded`).

    results: numbers, arrays, strings, estimates and differences of `evaluation`, lists and dicts of
    them.
    """
    _keep(name, results, text=f"Recorded: {name}")


def headline(about, values, *, data):
    """Show what came out of a lesson, in one line, and keep it as values.

    about: what was measured, such as "10 a class, over seeds". values: dict of name -> Estimate,
    Difference or number. data: pairs (train_set, test_set) of ImageSets, None for a missing one;
    kept are their sources and how many pictures each has.
    """
    used = [_numbers_of(*pair) for pair in data]
    order = list(values)  # nbformat writes a dict in alphabetical order
    results = {"about": about, "names": order, "values": values, "data": used}
    _keep("headline", results, text=line(about, values))


def line(about, values):
    """A headline in words: "ABOUT: NAME VALUE; NAME VALUE"."""
    return f"{about}: " + "; ".join(f"{name} {value}" for name, value in values.items())


def recorded(notebook):
    """{name: results} of all that an executed notebook, as a dict, has on record."""
    outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", [])]
    bundles = [output.get("data", {}).get(RESULTS_TYPE) for output in outputs]
    return {bundle["name"]: bundle["results"] for bundle in bundles if bundle}


def _keep(name, results, *, text):
    from IPython.display import display

    bundle = {RESULTS_TYPE: {"name": name, "results": _plain(results)}, "text/plain": text}
    display(bundle, raw=True)


def _numbers_of(train_set, test_set):
    parts = {"train": train_set, "test": test_set}
    (source, *others) = {part.source for part in parts.values() if part is not None}
    if others:
        raise ValueError(f"Got a pair from {source!r} and {others[0]!r}: give each its own pair.")
    return {"source": source} | {k: len(part) for k, part in parts.items() if part is not None}


def _plain(value):
    """Estimates and differences as dicts, with their verdicts; numbers and arrays as Python's.

    Of a fraction four digits: in the fifth one machine differs from another.
    """
    if hasattr(value, "_asdict"):
        fields = {name: _as_shown(name, number) for name, number in value._asdict().items()}
        return fields | ({"verdict": value.verdict} if hasattr(value, "verdict") else {})
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if hasattr(value, "tolist"):  # NumPy's, without asking for NumPy
        return _plain(value.tolist())
    if isinstance(value, float):
        return float(f"{value:.4g}")
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def _as_shown(name, number):
    """With the digits that people are shown: no machine differs from another in these."""
    if name == "p_value":
        return float(f"{number:.2g}")
    return number if isinstance(number, int) else round(float(f"{100 * number:.1f}") / 100, 3)


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
    """The quiz of a lesson: in the last line of a cell it shows itself (`questions` as a list)."""
    return quizzes.Quiz(name, _read_json(data_folder() / "quizzes", name))


def classic_mistakes():
    """The 22 classic mistakes, {number: dict of the columns of mistakes.csv}."""
    return {int(row["number"]): row for row in table("mistakes")}


class Finding(NamedTuple):
    """A classic mistake that was found: its number, what happened, a question to the cure.

    mistake: 1 to 22, or None for what is none of them, such as "I cannot tell".
    """

    mistake: int | None
    sentence: str
    question: str

    def __str__(self):
        number = "" if self.mistake is None else f"Mistake {self.mistake}: "
        return f"{number}{self.sentence}\n  {self.question}"


def finding(mistake, detail="", *, cause=None, question=None):
    """The Finding of one of the 22 mistakes. detail: a sentence about this very case.

    cause, question: where one mistake has several causes, the words for the one that was found.
    """
    row = classic_mistakes()[mistake]
    sentence = f"{cause or row['sentence']} {detail}".strip()
    return Finding(mistake, sentence, question or row["question"])


def unsure(reason, question="What can you pass instead, so that it can be measured?"):
    """The Finding "I cannot tell", and why: what is not understood is not passed in silence."""
    return Finding(None, f"I cannot tell: {reason}", question)


def imagenet_classes():
    """The names of the 1,000 ImageNet classes, in the order of a pretrained network's outputs."""
    return [row["name"].split(",")[0] for row in table("imagenet_classes")]


