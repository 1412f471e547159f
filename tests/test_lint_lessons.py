"""tools/lint_lessons.py counts what is there, marks what is too much, and never fails."""

import jupytext
import nbformat
import pytest

from tools import lint_lessons

LESSON = """# %% [markdown]
# # A title
#
# ## First
#
# **Predict: how many?** With a 95 % interval. [Cited](https://example.org/a/b): 15 %.
#
# | a | table |

# %% tags=["setup"]
print(machine.ready())

# %%
SIZE = 64

# %%
history = transfer.train(model)

# %%
print("82 %")

# %%
plots.bars({"a": 1}, label="b", alt="c", caption="d")
"""


def cells_of(text):
    return jupytext.reads(text, fmt="py:percent").cells


def measured(text=LESSON, said=""):
    return lint_lessons.measure(cells_of(text), said)


def test_a_lesson_is_counted_as_by_hand():
    found = measured()
    expected = {
        "sections": 1, "cells": 6, "code cells": 5, "concept": 1, "plumbing": 2, "printing": 1,
        "plotting": 1, "concept, % of code": 20, "lines, median": 1, "over 15 lines": 0,
        "text cells": 1, "words": 12, "words, median": 12, "over 90 words": 0, "typed %": 0,
        "predictions": 1, "intervals": 0, "p-values": 0,
    }  # fmt: skip
    assert found == expected


@pytest.mark.parametrize(("old", "new", "name", "number"), [
    ("# ## First", "# ## First\n#\n# ## Second", "sections", 2),
    ("SIZE = 64", "x = 1\n\n" * 16, "over 15 lines", 1),
    ("SIZE = 64", "x = 1\n" * 15 + "### BEGIN SOLUTION", "over 15 lines", 0),
    ("# # A title", "# # " + "word " * 91, "over 90 words", 1),
    ("# # A title", "# # 81.9 % right", "typed %", 0),  # cited: the cell has a link
    ("# %% tags", "# %% [markdown]\n# 81.9 % right.\n\n# %% tags", "typed %", 1),
])  # fmt: skip
def test_one_more_is_counted(old, new, name, number):
    assert LESSON.count(old) == 1
    assert measured(LESSON.replace(old, new))[name] == number


@pytest.mark.parametrize(("source", "kind"), [
    ("import os\nfrom keras import layers", "plumbing"),
    ('SIZE, SHOTS = SETTINGS["size"], 3', "plumbing"),
    ("size = 64", "concept"),
    ("print(evaluation.accuracy_interval(right))", "printing"),
    ("checks.report(checks.claim(mine, shown))", "printing"),
    ("model.output_shape", "printing"),
    ('names = ", "\nfor name in names:\n    print(len(name))', "printing"),
    ("loss = model.evaluate(x)\nprint(loss)", "concept"),
    ("model.summary()", "concept"),
    ("loss = model.evaluate(x)\nplots.bars(loss)", "plotting"),
])  # fmt: skip
def test_the_kind_of_a_cell(source, kind):
    (cell,) = cells_of(f"# %%\n{source}")
    assert lint_lessons.kind(cell) == kind


@pytest.mark.parametrize("tag", ["setup", "parameters", "quiz", "hide", "plumbing"])
def test_a_tag_makes_plumbing(tag):
    (cell,) = cells_of(f'# %% tags=["{tag}"]\nmodel.fit(x)')
    assert lint_lessons.kind(cell) == "plumbing"


def test_intervals_and_p_values_are_counted():
    said = (
        "borrowed 88.3 % (46.8 to 91.1 %, n = 12)\n"
        "difference +39.2 points (+7.4 to +70.9, n = 2, p = 0.041), another (p < 0.001)\n"
        "(from 3 to 4, n = 2), 3 steps = 4\n"
    )
    found = measured(said=said)
    assert (found["intervals"], found["p-values"]) == (2, 2)


def test_what_is_beyond_its_limit_is_marked():
    assert [lint_lessons.shown("sections", n) for n in (6, 7)] == ["6", "7 !"]
    assert [lint_lessons.shown("concept, % of code", n) for n in (50, 49)] == ["50", "49 !"]
    assert lint_lessons.shown("words", 9999) == "9999"


def test_every_limit_belongs_to_a_measure():
    assert measured().keys() > {*lint_lessons.MOST, *lint_lessons.LEAST}


def test_the_last_run_counts_without_its_figures(tmp_path, monkeypatch):
    figure = {"text/html": '<figure><img alt="(1 to 2, n = 3)"></figure>', "text/plain": "(1 to 2"}
    card = {"text/html": "<b>8</b>", "text/plain": "8 (7 to 9, n = 3)"}
    outputs = [nbformat.v4.new_output("display_data", data=data) for data in (figure, card)]
    outputs.append(nbformat.v4.new_output("stream", text="printed"))
    cells = [nbformat.v4.new_code_cell("x", outputs=outputs)]
    folders = tmp_path / "none", tmp_path
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "01_a.ipynb")
    monkeypatch.setattr(lint_lessons, "RUNS", folders)
    assert lint_lessons.printed("01_a") == "8 (7 to 9, n = 3)\nprinted"
    assert lint_lessons.printed("02_never_run") == ""


def test_the_report_has_every_lesson_and_never_fails(tmp_path, capsys):
    (tmp_path / "lessons" / "deeper").mkdir(parents=True)
    (tmp_path / "lessons" / "01_a.py").write_text(LESSON + "\n# %%\ntrain()\n" * 60)
    (tmp_path / "lessons" / "deeper" / "07_b.py").write_text(LESSON)
    assert lint_lessons.main(tmp_path) == 0
    printed = capsys.readouterr().out
    assert "01 a" in printed and "07 b" in printed and "66 !" in printed
