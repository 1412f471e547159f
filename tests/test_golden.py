"""The golden notebooks: little is left out, verdicts follow, and nbval sees a changed number.

`pytest --nbval` runs them again; here is what can be seen without running them.
"""

import os
import re
import subprocess
import sys

import nbformat
import pytest

from tests import training
from tests.lessons import DEEPER
from tl_course import records
from tools import golden_cells, lab_metadata, write_golden

GOLDEN = sorted(write_golden.GOLDEN.glob("*.ipynb"))
OPTIONAL = {path.stem for path in DEEPER}  # without exercises
LESSONS = [path for path in GOLDEN if path.stem not in OPTIONAL]
MOST_IGNORED = 0.30


def read(path):
    return nbformat.read(path, as_version=4)


def code_cells(notebook):
    """Code cells without the one that papermill adds."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return [cell for cell in cells if cell.id != golden_cells.INJECTED]


def printed(cell):
    said = [o.get("text", o.get("data", {}).get("text/plain", "")) for o in cell.outputs]
    return "\n".join(said)  # a card says in text what it shows


def is_verdict(cell):
    """Is it compared, and does it print a judgement in words rather than a number alone?"""
    words = r"\b(True|False|yes|no|nothing|Well done|a gain|a loss|cannot tell|stranger)\b"
    words += r"|\(-?[\d.]+ to [\d.]+ %, n = \d"  # an accuracy with its interval judges, too
    return write_golden.is_compared(cell) and re.search(words, printed(cell)) is not None


def without_verdict(cells):
    """The numbers of the training cells that no verdict follows, or only after the next training.

    Training cells that stand side by side, such as two models to compare, share a verdict.
    """
    trains = training.training_cells([cell.source for cell in cells])
    if not trains:
        return []
    last_ones = [n for n in trains if n + 1 not in trains]
    ends = [*last_ones[1:], len(cells)]
    return [
        n for n, end in zip(last_ones, ends, strict=True) if not any(map(is_verdict, cells[n:end]))
    ]


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_it_ran_in_the_smoke_profile(path):
    (injected,) = [cell for cell in read(path).cells if cell.id == golden_cells.INJECTED]
    assert 'PROFILE = "smoke"' in injected.source


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_little_is_left_out_of_the_comparison(path):
    cells = code_cells(read(path))
    ignored = [cell for cell in cells if not write_golden.is_compared(cell)]
    assert len(ignored) <= MOST_IGNORED * len(cells), f"{len(ignored)} of {len(cells)} code cells"
    assert not any(cell.outputs for cell in ignored)


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_a_compared_verdict_follows_each_training_cell(path):
    cells = code_cells(read(path))
    trains = training.training_cells([cell.source for cell in cells])
    assert trains or path.stem in OPTIONAL
    first_lines = [cells[n].source.splitlines()[0] for n in without_verdict(cells)]
    assert first_lines == []


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_the_solutions_pass_their_checks(path):
    cells = code_cells(read(path))
    said = [printed(cell) for cell in cells if "check" in cell.metadata.get("tags", [])]
    assert len(said) == 2 and all("Well done" in text for text in said), said
    assert not any("Mistake" in text for text in said)


def test_a_training_cell_without_a_verdict_is_found():
    def cell(source, text="", *tags):
        outputs = [nbformat.v4.new_output("stream", text=text)] if text else []
        return nbformat.v4.new_code_cell(source, outputs=outputs, metadata={"tags": list(tags)})

    define, train = cell("def learn():\n    model.fit(x)"), cell("def run():\n    learn()\nrun()")
    number, verdict = cell("print(a)", "loss 0.3"), cell("print(b)", "Only the head moved: True")
    ignored = cell("print(b)", "Only the head moved: True", "nbval-ignore-output")
    assert without_verdict([define, train, number, verdict]) == []
    assert without_verdict([define, train, number]) == [1]
    assert without_verdict([define, train, number, ignored]) == [1]
    assert without_verdict([define, train, number, train, verdict]) == [1]
    assert without_verdict([define, train, train, verdict]) == []


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_it_is_small_and_names_no_machine(path):
    text = path.read_text(encoding="utf-8")
    assert len(text) < 500_000
    for trace in ("data:image", "/tmp/", '"papermill"'):
        assert trace not in text


# ---------------------------------------------------------------- what nbval sees


def sanitized(text):
    from nbval.plugin import get_sanitize_patterns

    rules = (write_golden.GOLDEN / "sanitize.cfg").read_text(encoding="utf-8")
    for pattern, replacement in get_sanitize_patterns(rules):
        text = re.sub(pattern, replacement, text)
    return text


@pytest.mark.parametrize("text", [
    "borrowed 88.3 % (88.3 to 88.3 %, n = 2), p = 0.041",
    "+39.2 percentage points (+7.4 to +70.9, n = 2, p = 0.041)",
    "loss 0.693, accuracy 0.50, val_loss 1.2e-05",
    "5 seeds, 3 sets, 12 sheets", "Kernels moved by 1.1e-07 of their size",
    "2 of 247 arrays moved", "20 pictures to train on", "(96, 1280)",
])  # fmt: skip
def test_no_metric_is_hidden(text):
    assert sanitized(text) == text


@pytest.mark.parametrize(("one", "other"), [
    ("2026-11-25 01:02:03", "2027-01-02 23:59:59"),
    ("recorded on 2026-11-25, 2 CPU cores", "recorded on 2026-12-01, 2 CPU cores"),
    ("<Model at 0x7f00aa11bb22>", "<Model at 0x55d0c0ffee00>"),
    ("1/1 - 7s - 7s/step - loss: 0.5", "1/1 - 12s - 12s/step - loss: 0.5"),
    ("after 4.6 seconds", "after 11 seconds"),
    ("Ready: Python 3.11.7, tensorflow-cpu 2.21.0, keras 3.15.1, on the CPU (1 core), float32.",
     "Ready: Python 3.13.0, tensorflow 2.20.0, keras 3.13.2, on the CPU (16 cores), float32."),
    ('<img src="data:image/svg+xml;base64,iVBORw0KGgo=">', '<img src="DATA-IMAGE">'),
])  # fmt: skip
def test_times_addresses_and_pixels_are_hidden(one, other):
    assert sanitized(one) == sanitized(other)


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_every_reported_number_is_compared(path):
    """No estimate in a golden notebook loses a digit to the sanitizer."""
    estimate = re.compile(r"[+-]?\d+\.\d+ (?:%|percentage points) \([^)]*\)")
    for cell in filter(write_golden.is_compared, read(path).cells):
        assert estimate.findall(sanitized(printed(cell))) == estimate.findall(printed(cell))


def run_again(tmp_path, *, source, output):
    """nbval's exit code for a notebook of one cell that once had this output."""
    cell = nbformat.v4.new_code_cell(source, outputs=[output], execution_count=1)
    notebook = nbformat.v4.new_notebook(cells=[cell], metadata=lab_metadata.NOTEBOOK)
    nbformat.write(notebook, tmp_path / "one.ipynb")
    call = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", tmp_path]
    call += ["--nbval", "--nbval-sanitize-with", write_golden.GOLDEN / "sanitize.cfg", "one.ipynb"]
    here = {**os.environ, "PYTHONPATH": str(write_golden.ROOT)}  # this course, not one installed
    return subprocess.run(call, cwd=tmp_path, capture_output=True, env=here).returncode


@pytest.mark.slow
@pytest.mark.parametrize(("text", "code"), [
    ("accuracy 77.5 %, 3.1 s\n", 0), ("accuracy 77.5 %, 9.9 s\n", 0),
    ("accuracy 77.4 %, 3.1 s\n", 1),
])  # fmt: skip
def test_nbval_sees_a_changed_digit_and_no_changed_time(tmp_path, text, code):
    source = "print('accuracy 77.5 %, 3.1 s')"
    output = nbformat.v4.new_output("stream", text=text)
    assert run_again(tmp_path, source=source, output=output) == code


@pytest.mark.slow
@pytest.mark.parametrize(("value", "code"), [(0.819, 0), (0.818, 1)])
def test_nbval_sees_a_changed_value_of_a_headline(tmp_path, value, code):
    """The line that people read is the same: only the value on record has changed."""
    kept = {"about": "x", "names": ["head"], "values": {"head": value}, "data": []}
    bundle = {records.RESULTS_TYPE: {"name": "headline", "results": kept}}
    bundle["text/plain"] = "x: head 0.819"
    source = "from tl_course import records\nrecords.headline('x', {'head': 0.819}, data=[])"
    output = nbformat.v4.new_output("display_data", data=bundle)
    assert run_again(tmp_path, source=source, output=output) == code
