"""A dial holds what Python worked out for each position, and stands beside a figure."""

import base64
import io
import itertools
import json
import re

import numpy as np
import pytest
from PIL import Image

from tests.lessons import DEEPER, LESSONS, cells_of, code_cells
from tl_course import evaluation, experiments, plots, records, transfer
from tl_course.engine import dials

RIGHT = np.arange(40) < 30
GREY = {name: np.full((96, 96, 3), value, "uint8") for name, value in {"a": 40, "b": 200}.items()}


def kept(page):
    """What a dial holds: its controls, answers and pictures."""
    return json.loads(re.search(r'<script type="application/json">(.*?)</script>', page)[1])


def element(controls, answer, start=None, caption="Turn it."):
    return dials.element(controls, answer, start=start or {}, caption=caption)


def counted(number, word):
    return f"{number} {word}", {"right": evaluation.accuracy_interval(RIGHT[:number])}


CONTROLS = {"how many": [10, 20, 40], "which": {"x": None, "y": None}}


def test_controls_have_labels_and_options():
    first, second = kept(element(CONTROLS, counted))["controls"]
    assert first == {"label": "how many", "options": ["10", "20", "40"], "start": 0, "images": None}
    assert second["label"] == "which" and second["images"] == [None, None]


def test_every_position_holds_what_python_says():
    answers = kept(element(CONTROLS, counted))["answers"]
    places = list(itertools.product(*CONTROLS.values()))
    assert [said for said, _ in answers] == [f"{number} {word}" for number, word in places]
    for (number, _), (_, more) in zip(places, answers, strict=True):
        card = evaluation.accuracy_interval(RIGHT[:number])._repr_html_()
        assert more == f'<ul class="strip"><li>right<br>{card}</li></ul>'


def test_it_begins_where_it_is_told():
    first, second = kept(element(CONTROLS, counted, {"how many": 20}))["controls"]
    assert (first["start"], second["start"]) == (1, 0)
    with pytest.raises(ValueError, match="15 is not in list"):
        element(CONTROLS, counted, {"how many": 15})


def test_tables_and_pictures_are_shown_and_a_picture_is_kept_once():
    def answer(name):
        return name, [{"name": name, "n": 3}], {"first": GREY["a"], "second": GREY[name]}

    held = kept(element({"picture": GREY}, answer))
    assert held["controls"][0]["images"] == [0, 1] and len(held["pictures"]) == 2
    assert re.findall(r'data-picture="(\d)"', held["answers"][1][1]) == ["0", "1"]
    assert '<th scope="col"' in held["answers"][0][1]
    for data, value in zip(held["pictures"], (40, 200), strict=True):
        image = Image.open(io.BytesIO(base64.b64decode(data.partition(",")[2])))
        assert image.size == dials.THUMBNAIL and abs(int(np.mean(image)) - value) < 3


def test_no_text_can_end_the_script_or_become_markup():
    evil = "</script><img onerror=alert(1)>"
    page = element({evil: [evil]}, lambda name: (name, {name: GREY["a"]}), caption=evil)
    assert "<img onerror" not in page
    held = kept(page)
    assert held["controls"][0]["options"] == [evil] == [held["answers"][0][0]]
    assert "<img onerror" not in held["answers"][0][1]


def test_nothing_is_fetched_and_jupyterlab_keeps_its_hands_off():
    page = element({"picture": GREY}, lambda name: (name, {name: GREY[name]}))
    assert not re.search(r"https?:|src=|fetch\(|import\(", page)
    assert "lmSuppressShortcuts" in page
    assert "<input" not in page and "The figure beside them says the same." in page


def test_plots_shows_it_with_a_line_of_text(monkeypatch):
    shown = []
    monkeypatch.setattr(plots, "display", lambda bundle, **_: shown.append(bundle))
    plots.dial(CONTROLS, counted, caption="Turn it.")
    assert shown[0]["text/plain"] == "Dial: Turn it."
    assert shown[0]["text/html"] == element(CONTROLS, counted)


# ---- in the lessons


def dials_alone(cells):
    """Cells that show a dial and no figure before it that says the same without scripts."""
    found = []
    for source in code_cells(cells):
        before, called, _ = source.partition("plots.dial(")
        if called and not re.search(r"(?m)^(plots\.(?!table)|show_)\w+\(", before):
            found.append(source)
    return found


@pytest.mark.parametrize("path", [*LESSONS, *DEEPER], ids=lambda path: path.stem)
def test_a_figure_stands_beside_each_dial(path):
    assert dials_alone(cells_of(path.read_text(encoding="utf-8"))) == []


def test_a_dial_alone_is_found():
    text = "# %%\nplots.lines(x, y)\nplots.dial(a, b)\n\n# %%\nplots.dial(a, b)\n"
    assert dials_alone(cells_of(text)) == ["plots.dial(a, b)"]


def test_three_lessons_have_one():
    having = [p.stem for p in [*LESSONS, *DEEPER] if "plots.dial(" in p.read_text("utf-8")]
    assert having == ["02_imagenet_backbones", "04_fine_tuning", "05_calibration"]


def test_the_dial_of_lesson_4_says_what_was_recorded(monkeypatch):
    """Each place by hand: which share of the pictures is right there, and minus the head."""
    shown = []
    monkeypatch.setattr(plots, "display", lambda bundle, **_: shown.append(bundle["text/html"]))
    (source,) = [s for s in code_cells(cells_of(LESSONS[3].read_text("utf-8"))) if "dial(" in s]
    plan = transfer.schedule(429, 16, step="fine-tune")
    exec(source, {
        "records": records, "experiments": experiments, "evaluation": evaluation, "plots": plots,
        "HEAD": experiments.HEAD, "plan": plan,
    })  # fmt: skip
    rows = {r["rate"]: r["comparison"] for r in records.last_results("dial")["results"]}
    right = {
        (way.removeprefix(experiments.TUNED), rate): [
            bin(int(seed, 16)).count("1") / values["num_test"] for seed in values["right"][k][0]
        ]
        for rate, values in rows.items() for k, way in enumerate(values["ways"])
    }  # fmt: skip
    head = np.mean(right[experiments.HEAD, plan.learning_rate])
    answers = [said for said, _ in kept(shown[1])["answers"]]
    assert len(answers) == len(right) >= 16
    for (block, rate), shares in right.items():
        moves = "the head alone" if block == experiments.HEAD else f"all from {block} on"
        more = np.mean(shares) - head
        more = 0.0 if abs(more) < 1e-12 else more  # thirds may leave a minus zero
        points = f"{100 * np.mean(shares):.1f} % right, {100 * more:+.1f} points"
        assert sum(f"Free: {moves}; rate {rate:g}: {points}, " in said for said in answers) == 1
