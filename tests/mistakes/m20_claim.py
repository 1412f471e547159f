"""Mistake 20: a difference inside the noise is called a gain."""

import numpy as np

from tests.mistakes.rows import refused, right, wrong
from tl_course import evaluation

UNSURE = evaluation.Difference(0.03, -0.01, 0.07, 200, 0.15)
UNSURE_LOSS = evaluation.Difference(-0.02, -0.06, 0.02, 120, 0.33)
TOUCHING = evaluation.Difference(0.02, 0.0, 0.04, 300, 0.05)
GAIN = evaluation.Difference(0.08, 0.03, 0.13, 400, 0.002)
LOSS = evaluation.Difference(-0.09, -0.14, -0.04, 400, 0.001)
SEEDS = evaluation.seeds_difference([0.80, 0.84, 0.79], [0.78, 0.83, 0.81])
CLEAR_SEEDS = evaluation.seeds_difference([0.90, 0.91, 0.92], [0.70, 0.70, 0.72])
EQUAL = evaluation.accuracy_difference(np.ones(20, bool), np.ones(20, bool))


def says(claim, difference):
    """A set-up that claims this of that difference."""

    def setup(world):
        return world.claim(claim, difference)

    setup.__name__ = f"says {claim!r} of {str(difference)[:40]}"
    return setup


WRONG = [
    *(wrong(20, says(*pair), worlds=1) for pair in (
        ("a gain", UNSURE), ("a gain", TOUCHING), ("a gain", SEEDS), ("a gain", EQUAL),
        ("a loss", UNSURE_LOSS), ("a loss", UNSURE), ("gain", UNSURE), ("A gain", UNSURE),
        ("a gain.", UNSURE), (" a gain ", SEEDS), ("It is a gain", UNSURE),
        ("a small gain", UNSURE), ("loss", UNSURE_LOSS), ("A LOSS", UNSURE_LOSS),
    )),
    *(wrong((20, None), says(*pair), worlds=1) for pair in (
        ("a gain", LOSS), ("a loss", GAIN), ("cannot tell", GAIN), ("cannot tell", LOSS),
        ("cannot tell", CLEAR_SEEDS), ("a loss", CLEAR_SEEDS), ("better", UNSURE),
    )),
]  # fmt: skip
RIGHT = [
    *(right(says(*pair), worlds=1) for pair in (
        ("a gain", GAIN), ("a loss", LOSS), ("cannot tell", UNSURE), ("cannot tell", UNSURE_LOSS),
        ("cannot tell", TOUCHING), ("cannot tell", SEEDS), ("cannot tell", EQUAL),
        ("a gain", CLEAR_SEEDS), ("A gain", GAIN), ("a gain.", GAIN), ("gain", GAIN),
        ("Cannot tell.", UNSURE), (" cannot tell ", UNSURE), ("loss", LOSS),
        (np.str_(GAIN.verdict), GAIN),
    )),
]  # fmt: skip
REFUSED = [
    *(refused(says(*pair)) for pair in (
        ("a gain", 0.03), ("a gain", "+3.0 percentage points"), ("a gain", (0.03, -0.01, 0.07)),
        ("a gain", evaluation.Estimate(0.8, 0.7, 0.9, 40)), ("a gain", np.float64(0.02)),
        ("a gain", [True, False]), (0.03, GAIN), (True, GAIN), ("perhaps", GAIN), ("", GAIN),
        (GAIN, "a gain"),
        ("a gain", evaluation.Difference(*[float("nan")] * 3, 3, float("nan"))),
    )),
]  # fmt: skip
