"""tl_course/records.py: what came out is a value, and the line for people is made of it."""

import csv
import json

import IPython.display
import nbformat
import numpy as np
import pytest

from tests import tiny
from tl_course import evaluation, records
from tl_course.commands import _notebooks

HEAD = evaluation.Estimate(0.55678, 0.5149, 0.5988, 5)
GAIN = evaluation.Difference(0.15512, 0.11094, 0.19949, 5, 0.00063123)


@pytest.fixture
def notebook(monkeypatch):
    """An executed notebook, as nbformat writes it: what `display` gets is an output of its cell."""
    outputs = []

    def display(bundle, raw):
        assert raw
        outputs.append({"data": json.loads(json.dumps(bundle, sort_keys=True))})

    monkeypatch.setattr(IPython.display, "display", display)
    return {"cells": [{"cell_type": "markdown"}, {"cell_type": "code", "outputs": outputs}]}


def pair(source="groceries", other=None):
    dataset = tiny.images()
    train_set = type(dataset)(dataset.images, dataset.labels, dataset.class_names, source)
    other_set = type(dataset)(dataset.images, dataset.labels, dataset.class_names, other or source)
    return train_set, other_set.take([0, 1])


def shown(notebook):
    return [output["data"]["text/plain"] for output in notebook["cells"][1]["outputs"]]


def test_what_is_recorded_is_found_under_its_name(notebook):
    records.record("demo", {"accuracy": [0.5, 0.6], "head": HEAD})
    kept = records.recorded(notebook)["demo"]
    assert kept["accuracy"] == [0.5, 0.6]
    assert kept["head"] == {"value": 0.557, "low": 0.515, "high": 0.599, "n": 5}
    assert shown(notebook) == ["Recorded: demo"]


def test_numpy_and_nested_values_are_kept_as_json(notebook):
    records.record("demo", {"a": [{"gain": GAIN}], "b": np.arange(2), "c": np.float32(0.5)})
    kept = records.recorded(notebook)["demo"]
    assert kept["a"][0]["gain"]["verdict"] == "a gain"
    assert (kept["b"], kept["c"]) == ([0, 1], 0.5)


def test_a_fraction_is_kept_to_the_digits_in_which_machines_agree(notebook):
    here, there = (
        {"moved": x, "rates": [x, np.float32(x)], "n": 123456} for x in (6.14580e-06, 6.14587e-06)
    )
    records.record("a", here)
    records.record("b", there)
    found = records.recorded(notebook)
    assert found["a"] == found["b"] == {"moved": 6.146e-06, "rates": [6.146e-06] * 2, "n": 123456}


def test_a_headline_is_one_line_made_of_its_values(notebook):
    records.headline("10 a class", {"head": HEAD, "gain": GAIN, "seeds": 5}, data=[pair()])
    assert shown(notebook) == [f"10 a class: head {HEAD}; gain {GAIN}; seeds 5"]
    kept = records.recorded(notebook)["headline"]
    assert kept["values"]["gain"] == {
        "value": 0.155, "low": 0.111, "high": 0.199, "n": 5, "p_value": 0.00063,
        "verdict": "a gain",
    }  # fmt: skip
    assert kept["data"] == [{"source": "groceries", "train": len(pair()[0]), "test": 2}]


def test_the_line_comes_again_from_what_was_kept(notebook):
    """With a value that ends in 5: 55.75 %, where rounding twice would print another digit."""
    tie = evaluation.Estimate(223 / 400, 0.50849, 0.60551, 400)
    records.headline("10 a class", {"tie": tie, "gain": GAIN}, data=[pair()])
    kept = records.recorded(notebook)["headline"]
    assert [_notebooks.headline_in_words(kept)] == shown(notebook)
    assert list(kept["values"]) == ["gain", "tie"]  # control: the dict has lost the order
    assert f"{100 * round(tie.value, 3):.1f}" not in str(tie)  # control: rounded twice


def test_the_data_of_a_headline_in_words():
    used = [{"source": "groceries", "test": 287, "train": 336}, {"source": "dishes", "test": 16}]
    words = "groceries (336 to train, 287 to test); dishes (16 to test)"
    assert _notebooks.data_in_words(used) == words


def test_a_set_that_is_missing_is_left_out(notebook):
    records.headline("x", {"n": 1}, data=[(None, pair()[1])])
    assert records.recorded(notebook)["headline"]["data"] == [{"source": "groceries", "test": 2}]


def test_a_pair_of_two_sources_is_refused(notebook):
    with pytest.raises(ValueError, match="give each its own pair"):
        records.headline("x", {"n": 1}, data=[pair("groceries", "drawings")])


def test_prose_is_never_taken_for_a_value():
    """Control: a notebook that prints all that a headline says has nothing on record."""
    said = nbformat.v4.new_output("stream", text="10 a class: head 55.7 %\nData: groceries\n")
    cell = nbformat.v4.new_code_cell("x", outputs=[said], metadata={"tags": ["headline"]})
    assert records.recorded(nbformat.v4.new_notebook(cells=[cell])) == {}


def test_the_table_of_lessons_names_data_sets_of_the_course():
    for lesson in records.table("lessons"):
        assert set(lesson["photographs"].split()) <= set(records.DATASETS)
        assert lesson["title"] and lesson["question"].endswith("?")


def test_imagenet_has_a_thousand_classes_and_lasagna_is_none_of_them():
    names = records.imagenet_classes()
    assert len(names) == 1000
    assert names[285] == "Egyptian cat"
    assert "bell pepper" in names
    assert not [name for name in names if "lasagn" in name.lower()]


def test_manifests_are_valid_csv():
    for name in records.DATASETS:
        with open(records.data_folder() / f"{name}.csv", newline="", encoding="utf-8") as file:
            widths = {len(row) for row in csv.reader(file)}
        assert len(widths) == 1
