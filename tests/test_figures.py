"""Labels at the ends of lines: apart, in order, moved as little as possible."""

import numpy as np
import pytest

from tl_course.engine import figures


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        ([0.2, 0.8], [0.2, 0.8]),
        ([0.5, 0.5], [0.45, 0.55]),
        ([0.9, 0.5, 0.52], [0.9, 0.46, 0.56]),
        ([0.5, 0.55, 0.6], [0.45, 0.55, 0.65]),
        ([0.3], [0.3]),
        ([], []),
    ],
)
def test_labels_are_spread(places, expected):
    assert figures.spread(places, 0.1) == pytest.approx(expected)


def test_no_two_labels_touch_and_none_overtakes():
    places = np.random.default_rng(0).random(8).tolist()
    moved = figures.spread(places, 0.1)
    assert np.argsort(moved).tolist() == np.argsort(places).tolist()
    assert np.diff(sorted(moved)).min() > 0.1 - 1e-9
    assert np.diff(sorted(places)).min() < 0.1, "control: they did touch"
