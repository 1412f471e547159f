"""The table of gains holds every comparison of head and fine-tuned that was recorded, no other."""

import json

import numpy as np

from tests.lessons import ROOT
from tl_course import experiments
from tools import gains

TUNED = experiments.TUNED + "block_11"


def values(ways, gain=0.1, seeds=3):
    """A Comparison on 100 pictures, as values: the last way is better by `gain`, every seed."""
    share = np.where(np.arange(len(ways)) == len(ways) - 1, 0.6 + gain, 0.6)
    right = np.arange(100) < 100 * share[:, None, None, None] + np.zeros((1, 1, seeds, 1))
    return experiments.Comparison(
        tuple(ways), (5,), tuple(range(seeds)), right, np.ones(right.shape[:3]), 8, "cartons"
    ).values()


def table_of(tmp_path, results):
    (tmp_path / "a_lesson.json").write_text(json.dumps({"results": results}))
    return gains.table(tmp_path).splitlines()[2:]


def test_a_comparison_at_any_depth_is_found(tmp_path):
    found = table_of(tmp_path, {"sets": {"one": values([experiments.HEAD, TUNED])}})
    (row,) = found
    for word in ("a_lesson", "cartons", "block_11", "60.0 %", "+10.0", "a gain"):
        assert word in row


def test_without_a_head_there_is_nothing_to_compare_with(tmp_path):
    assert table_of(tmp_path, values([experiments.PROBE, TUNED])) == []
    assert table_of(tmp_path, values([experiments.HEAD, experiments.PROBE])) == []
    assert table_of(tmp_path, {"value": 0.5}) == []


def test_a_loss_is_called_a_loss(tmp_path):
    (row,) = table_of(tmp_path, values([experiments.HEAD, TUNED], gain=-0.1))
    assert "-10.0" in row and "a loss" in row


def test_the_course_has_some():
    assert "| cartons |" in gains.table(ROOT / "data" / "results")
