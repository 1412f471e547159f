"""Fill a text of slides or of the site with what a run of the course measured.

{{figure LESSON name}}, its figure_name; {{picture NAME}}, a template of tools/pictures;
{{drawn LESSON bars | path: label; path: label}}, or gaps; {{raced LESSON few_labels}}, or
most_labels; {{value LESSON path.to.value | format}}, which the lesson recorded (its own name may be
left out); {{claim LESSON | claim | what to say if it holds | what to ask if not}};
{{headline LESSON}}; {{course KEY}}.
"""

import base64
import functools
import html
import json
import re
from pathlib import Path

from tl_course import evaluation, records
from tl_course.commands import _notebooks
from tools import bars, cards, claims, draw_pictures, races

ROOT = Path(__file__).resolve().parent.parent


def read(path):
    """Return what is in a JSON file of the course."""
    if not path.exists():
        raise ValueError(f"{path} is missing: run `make course` first.")
    return json.loads(path.read_text(encoding="utf-8"))


@functools.cache  # a notebook with its figures is large, and asked for once a placeholder
def outputs(course, lesson):
    """Return an executed lesson's named figures, as HTML, and the values that it recorded."""
    notebook, figures = read(course / f"{lesson}.ipynb"), {}
    for output in (output for cell in notebook["cells"] for output in cell.get("outputs", [])):
        if name := output.get("metadata", {}).get("figure"):
            figures.setdefault(name, "".join(output["data"]["text/html"]))
    values = records.recorded(notebook)
    return figures, values | values.get(lesson, {})


def figure(course, lesson, name, _form):
    """Return the HTML of the first figure with this name."""
    figures, _ = outputs(course, lesson)
    if name not in figures:
        raise ValueError(f"{lesson} has no figure {name!r}: choose from {sorted(figures)}.")
    return re.search("<figure>.*?</figure>", figures[name], re.DOTALL)[0]  # without its lid


def value(course, lesson, path, form):
    """Return a recorded value in words, typeset so that no number is broken in two."""
    found = claims.look_up(lesson, outputs(course, lesson)[1], path)
    text = ", ".join(in_words(v, form) for v in (found if isinstance(found, list) else [found]))
    text = re.sub(
        r"(?<=\d)[ \N{NO-BREAK SPACE}]?(?=%)| (?==)|(?<==) ", "\N{NO-BREAK SPACE}", text or "none"
    )
    return re.sub(r"(?<!\w)-(?=\d)", "\N{MINUS SIGN}", text)


def in_words(found, form):
    """Return one value, an estimate or a difference with its interval; form: as in format()."""
    if isinstance(found, dict) and "low" not in found:
        raise ValueError(f"{sorted(found)} are several values: name one of them.")
    if form in cards.FORMS:
        return cards.FORMS[form](found, None)
    return format(found, form) if form else str(evaluation.from_record(found))


def shown(svg):
    """Return a picture as the HTML of a figure, its words as the alternative text."""
    data = base64.b64encode(svg.encode()).decode()
    alt = html.escape(draw_pictures.said(svg))
    return f'<figure><img alt="{alt}" src="data:image/svg+xml;base64,{data}"></figure>'


def picture(course, name, _path, _form):
    """Return a template of tools/pictures, filled from the course, as a figure."""
    folder, lesson = ROOT / "tools" / "pictures", draw_pictures.RULER.get(name, name)
    template = (folder / f"{name}.svg").read_text(encoding="utf-8")
    return shown(draw_pictures.fill(template, lesson, outputs(course, lesson)[1], folder))


def drawn(course, lesson, name, form):
    """Return bars or gaps of some values as a figure. form: "path: label; path: label"."""
    pairs = [part.strip().rpartition(": ") for part in form.split(";")]
    values = outputs(course, lesson)[1]
    named = {label: claims.look_up(lesson, values, path) for path, _, label in pairs}
    return shown({"bars": bars.accuracies, "gaps": bars.gaps}[name](named))


def raced(course, lesson, name, _form):
    """Return the few labels of lesson 1, or the most labels of the recorded race, as a figure."""
    if name == "most_labels":
        return shown(bars.gaps(races.most_labels()))
    return shown(bars.accuracies(races.few_labels(outputs(course, lesson)[1])))


def claim(course, lesson, _path, form):
    """Return what a title says if its claim holds by this course, else the question it asks."""
    wanted, said, asked = form.split(" | ")
    return said if claims.holds(lesson, outputs(course, lesson)[1], wanted) else asked


def result(course, key, _path, _form):
    """Return the headline of a lesson, or a value such as the profile, from results.json."""
    results = read(course / "results.json")
    lines = {row["notebook"]: row["headline"] for row in results.pop("notebooks")}
    lines = {name: kept and _notebooks.headline_in_words(kept) for name, kept in lines.items()}
    values = results | lines
    if not values.get(key):
        raise ValueError(f"results.json has no value for {key!r}; it has {sorted(values)}.")
    return str(values[key])


KINDS = {
    **{"figure": figure, "picture": picture, "drawn": drawn, "raced": raced},
    **{"value": value, "claim": claim, "headline": result, "course": result},
}
PLACEHOLDER = re.compile(r"\{\{(\w+) (\w+)(?: (\w[\w., ]*))??(?: \| (.+?))?\}\}")


def fill(text, course, more=()):
    """Return a text, each placeholder filled from the course in this folder.

    more: kinds of placeholders besides those of the slides, a dict like KINDS.
    """
    kinds = KINDS | dict(more)

    def one(found):
        kind, *wanted = found.groups()
        return kinds[kind](course, *wanted) if kind in kinds else found[0]

    filled = PLACEHOLDER.sub(one, text)
    if left := re.search(r"\{\{.*", filled):
        raise ValueError(f"Unknown placeholder {left[0]!r}: choose one of {', '.join(kinds)}.")
    return filled
