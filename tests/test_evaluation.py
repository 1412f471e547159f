"""Every number against a published example, a hand count or a loop; then the classic mistake."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats

from tl_course import evaluation

# Student 1908: hours of sleep gained by the same ten patients with two drugs, R's data set `sleep`.
SLEEP_1 = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
SLEEP_2 = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]


def answers(right, wrong):
    return np.array([True] * right + [False] * wrong)


def pairs(only_a, only_b, both, neither):
    a = [True] * only_a + [False] * only_b + [True] * both + [False] * neither
    b = [False] * only_a + [True] * only_b + [True] * both + [False] * neither
    return np.array(a), np.array(b)


# ---- one accuracy

NEWCOMBE_1998 = [  # Statistics in Medicine 17:857, table I, method 3
    (81, 263, 0.2553, 0.3662),
    (15, 148, 0.0624, 0.1605),
    (0, 20, 0.0000, 0.1611),
    (1, 29, 0.0061, 0.1718),
]


@pytest.mark.parametrize(("right", "n", "low", "high"), NEWCOMBE_1998)
def test_accuracy_interval_is_the_published_wilson_interval(right, n, low, high):
    estimate = evaluation.accuracy_interval(answers(right, n - right))
    assert estimate.value == right / n
    assert estimate.n == n
    assert (round(estimate.low, 4), round(estimate.high, 4)) == (low, high)


@pytest.mark.parametrize(("right", "n", "low", "high"), NEWCOMBE_1998)
def test_control_wald_would_fail(right, n, low, high):
    p = right / n
    margin = 1.96 * math.sqrt(p * (1 - p) / n)
    assert (round(p - margin, 4), round(p + margin, 4)) != (low, high)


def test_confidence_widens_the_interval():
    wide = evaluation.accuracy_interval(answers(30, 10), confidence=0.99)
    narrow = evaluation.accuracy_interval(answers(30, 10), confidence=0.5)
    assert wide.low < narrow.low < 0.75 < narrow.high < wide.high


def test_estimate_and_difference_read_as_a_sentence():
    assert str(evaluation.Estimate(0.819, 0.77, 0.859, 287)) == "81.9 % (77.0 to 85.9 %, n = 287)"
    difference = evaluation.Difference(0.031, -0.004, 0.066, 287, 0.0901)
    assert str(difference) == "+3.1 percentage points (-0.4 to +6.6, n = 287, p = 0.09)"


@pytest.mark.parametrize("wrong", [[], [1, 0, 1], [0.8], np.ones((2, 2), bool), True])
def test_correct_must_be_one_bool_an_image(wrong):
    with pytest.raises(ValueError, match="one True or False an image"):
        evaluation.accuracy_interval(wrong)


# ---- a difference on the same images


def test_accuracy_difference_is_the_published_agresti_min_interval():
    """R package PropCIs 0.3, diffpropci.mp(b=40, c=20, n=160): -0.21601726, -0.03089632."""
    a, b = pairs(only_a=20, only_b=40, both=60, neither=40)
    difference = evaluation.accuracy_difference(a, b)
    assert difference.value == -20 / 160
    assert (difference.low, difference.high) == pytest.approx((-0.21601726, -0.03089632), abs=1e-8)
    assert difference.n == 160
    assert difference.verdict == "a loss"


def test_control_plain_wald_and_unpaired_intervals_would_fail():
    n, p_a, p_b = 160, 80 / 160, 100 / 160
    wald = 1.96 * math.sqrt(40 + 20 - 20**2 / n) / n
    unpaired = 1.96 * math.sqrt((p_a * (1 - p_a) + p_b * (1 - p_b)) / n)
    for margin in (wald, unpaired):
        assert -0.125 - margin != pytest.approx(-0.21601726, abs=1e-3)


def test_pairing_sees_what_two_separate_intervals_miss():
    a, b = pairs(only_a=9, only_b=1, both=60, neither=30)
    interval_a, interval_b = evaluation.accuracy_interval(a), evaluation.accuracy_interval(b)
    assert interval_a.low < interval_b.high  # they overlap: the unpaired reader sees nothing
    assert evaluation.accuracy_difference(a, b).verdict == "a gain"


def test_the_pairing_is_used():
    """Control: the same two accuracies, other pairs. A test on the two counts alone cannot tell."""
    agree = pairs(only_a=9, only_b=1, both=60, neither=30)
    disagree = pairs(only_a=38, only_b=30, both=31, neither=1)
    assert [x.mean() for x in agree] == [x.mean() for x in disagree]
    assert evaluation.accuracy_difference(*agree).verdict == "a gain"
    assert evaluation.accuracy_difference(*disagree).verdict == "cannot tell"


@pytest.mark.parametrize(
    ("only_a", "only_b", "both", "neither", "published"),
    [(7, 1, 1, 12, 0.039), (6, 16, 59, 80, 0.035)],
)
def test_p_value_is_the_mid_p_mcnemar_test(only_a, only_b, both, neither, published):
    """Fagerland, Lydersen & Laake 2013, tables 1, 2 and 5: Bentur et al. 2009, Cavo et al. 2012."""
    p_value = evaluation.accuracy_difference(*pairs(only_a, only_b, both, neither)).p_value
    assert round(p_value, 3) == published
    exact = stats.binomtest(only_a, only_a + only_b).pvalue  # control: 0.070 and 0.053
    large_sample = stats.chi2.sf((only_a - only_b) ** 2 / (only_a + only_b), 1)  # 0.034 and 0.033
    assert published not in (round(exact, 3), round(large_sample, 3))


def test_p_value_by_hand():
    """1 against 9 of 10: both tails, but only half of what was seen itself."""
    p_value = evaluation.accuracy_difference(*pairs(9, 1, 60, 30)).p_value
    assert p_value == pytest.approx(2 * (math.comb(10, 0) + math.comb(10, 1) / 2) / 2**10)


# ---- the verdict: one criterion


def false_claims(says, *, disagree, n=300, repeats=20_000):
    """How often two equally good models are called different, a fraction of simulated test sets.

    says: (only_a, only_b) -> bool. disagree: the share of images on which one of them is wrong.
    """
    random = np.random.default_rng(0)
    differ = random.binomial(n, disagree, size=repeats)
    only_a = random.binomial(differ, 0.5)
    cases, counts = np.unique([only_a, differ - only_a], axis=1, return_counts=True)
    called = [says(*case) for case in cases.T]
    return counts[called].sum() / repeats


def by_verdict(only_a, only_b, n=300):
    both = (n - only_a - only_b) // 2
    a, b = pairs(only_a, only_b, both, n - only_a - only_b - both)
    return evaluation.accuracy_difference(a, b).verdict != "cannot tell"


def by_the_exact_test_too(only_a, only_b):
    exact = stats.binomtest(int(only_a), int(only_a + only_b)).pvalue if only_a + only_b else 1
    return by_verdict(only_a, only_b) and exact < 0.05


def by_the_larger_number(only_a, only_b):
    return only_a != only_b


@pytest.mark.parametrize("disagree", [0.05, 0.1, 0.2, 0.3])
def test_a_verdict_is_wrong_five_times_in_a_hundred(disagree):
    assert 0.03 < false_claims(by_verdict, disagree=disagree) < 0.06


def test_control_two_other_criteria_have_another_size():
    assert false_claims(by_the_exact_test_too, disagree=0.05) < 0.03  # the rule we gave up
    assert false_claims(by_the_larger_number, disagree=0.1) > 0.5


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(0.01, 0.05, "a gain"), (-0.05, -0.01, "a loss"), (-0.01, 0.05, "cannot tell"),
     (-0.05, 0.01, "cannot tell"), (0, 0.05, "cannot tell"), (math.nan, math.nan, "cannot tell")],
)  # fmt: skip
def test_the_interval_decides(low, high, verdict):
    for p_value in (0.0001, 0.9):  # whatever p says
        difference = evaluation.Difference((low + high) / 2, low, high, 10, p_value)
        assert difference.verdict == verdict


def test_over_seeds_interval_and_p_agree():
    random = np.random.default_rng(1)
    for _ in range(200):
        a, b = random.normal(0.02, 0.02, size=(2, 5)) + [[0.01], [0]]
        difference = evaluation.seeds_difference(a, b)
        assert (difference.verdict != "cannot tell") == (difference.p_value < 0.05)


def test_difference_of_a_model_with_itself_and_its_sign():
    same = evaluation.accuracy_difference(answers(7, 3), answers(7, 3))
    assert (same.value, same.p_value, same.verdict) == (0, 1, "cannot tell")
    assert same.low < 0 < same.high
    a, b = pairs(9, 1, 60, 30)
    forward, back = evaluation.accuracy_difference(a, b), evaluation.accuracy_difference(b, a)
    assert (forward.value, forward.low) == pytest.approx((-back.value, -back.high))
    assert forward.value == pytest.approx(0.08)


def test_difference_stays_in_range_and_refuses_other_images():
    extreme = evaluation.accuracy_difference(answers(3, 0), answers(0, 3))
    assert extreme.low >= -1
    assert extreme.high == 1
    with pytest.raises(ValueError, match="Got 3 and 4 answers"):
        evaluation.accuracy_difference(answers(3, 0), answers(4, 0))


# ---- seeds


def test_seeds_difference_is_students_own_example():
    """R: t.test(extra ~ group, paired): mean -1.58, -2.4598858 to -0.7001142, p = 0.002833."""
    difference = evaluation.seeds_difference(SLEEP_1, SLEEP_2)
    assert difference[:3] == pytest.approx((-1.58, -2.4598858, -0.7001142), abs=1e-7)
    assert difference.p_value == pytest.approx(0.002833, abs=1e-6)
    assert difference.n == 10


def test_control_unpaired_t_test_and_normal_interval_would_fail():
    assert stats.ttest_ind(SLEEP_1, SLEEP_2).pvalue == pytest.approx(0.0792, abs=1e-3)
    margin = 1.96 * stats.sem(np.subtract(SLEEP_1, SLEEP_2))
    assert -1.58 - margin != pytest.approx(-2.4598858, abs=0.05)


def test_thirds_that_cancel_out_leave_no_minus_zero():
    one, other = np.array([2, 1, 3, 2]) / 3, np.array([2, 3, 2, 1]) / 3
    assert (one - other).mean() < 0, "control: as floating point adds them up"
    found = evaluation.seeds_difference(one, other)
    assert found.value == 0 and str(found).startswith("+0.0 percentage points")


def test_mean_interval_by_hand():
    """0.7, 0.8, 0.9: mean 0.8, standard error 0.1 / sqrt(3), t = 4.303 (tables, 2 degrees)."""
    estimate = evaluation.mean_interval([0.7, 0.8, 0.9])
    assert estimate.value == pytest.approx(0.8)
    assert estimate.high - estimate.value == pytest.approx(4.303 * 0.1 / math.sqrt(3), abs=1e-4)
    assert estimate.n == 3


def test_seeds_without_spread_and_too_few():
    assert evaluation.seeds_difference([0.5, 0.5], [0.5, 0.5]).p_value == 1
    assert evaluation.seeds_difference([0.75, 0.75], [0.5, 0.5])[:3] == (0.25, 0.25, 0.25)
    rounded = evaluation.seeds_difference([0.1 + 0.2, 0.7], [0.2, 0.6])  # 0.1 and 0.1, nearly
    assert rounded.p_value == 0 and abs(rounded.high - rounded.low) < 1e-9
    with pytest.raises(ValueError, match="two or more seeds"):
        evaluation.mean_interval([0.8])
    with pytest.raises(ValueError, match="same seeds"):
        evaluation.seeds_difference([0.8, 0.9], [0.8])


# ---- classes

LABELS = np.array([0, 0, 0, 0, 1, 1, 2, 2, 2, 0])
PREDICTED = np.array([0, 0, 1, 1, 1, 0, 2, 2, 0, 0])


def test_confusion_matrix_against_a_loop():
    expected = np.zeros((4, 4), int)
    for label, predicted in zip(LABELS, PREDICTED, strict=True):
        expected[label, predicted] += 1
    matrix = evaluation.confusion_matrix(LABELS, PREDICTED, 4)
    np.testing.assert_array_equal(matrix, expected)
    assert not np.array_equal(matrix, expected.T)  # control: rows and columns swapped


def test_confusion_matrix_refuses_what_it_would_drop():
    with pytest.raises(ValueError, match=r"Got classes \[0, 1, 2\]: choose from 0 to 1"):
        evaluation.confusion_matrix(LABELS, PREDICTED, 2)


def test_per_class_against_a_hand_count():
    names = ("apple", "pear", "plum", "fig")
    apple, pear, plum, fig = evaluation.per_class(LABELS, PREDICTED, names)
    assert list(apple) == ["class_name", "n", "precision", "recall", "f1"]
    assert (apple["class_name"], apple["n"]) == ("apple", 5)
    assert apple["recall"] == evaluation.accuracy_interval(answers(3, 2))
    assert apple["precision"] == pytest.approx(3 / 5)
    assert (pear["precision"], pear["recall"].value) == (1 / 3, 1 / 2)
    assert (plum["precision"], plum["recall"].value) == pytest.approx((1, 2 / 3))
    assert plum["f1"] == pytest.approx(2 * 2 / (2 * 2 + 0 + 1))
    assert fig["n"] == 0
    assert np.isnan([fig["precision"], fig["recall"].value, fig["f1"]]).all()


def test_per_class_shows_what_accuracy_hides():
    labels = np.array([0] * 95 + [1] * 5)
    always_common = np.zeros(100, int)
    assert evaluation.accuracy_interval(labels == always_common).value == 0.95
    assert evaluation.per_class(labels, always_common, ("common", "rare"))[1]["recall"].value == 0


# ---- calibration


def drawn_probabilities(*, overconfidence, n=4000, seed=0):
    """Labels drawn from honest probabilities, and the same with their logits inflated."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(n, 4))
    honest = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = np.array([rng.choice(4, p=row) for row in honest])
    inflated = np.exp(overconfidence * logits)
    return inflated / inflated.sum(axis=1, keepdims=True), labels


def slow_calibration_error(probabilities, labels, num_bins, *, weighted=True):
    gaps = []
    for k in range(num_bins):
        low, high = k / num_bins, (k + 1) / num_bins
        rows = [i for i, p in enumerate(probabilities) if low < max(p) <= high]
        if rows:
            accuracy = np.mean([np.argmax(probabilities[i]) == labels[i] for i in rows])
            gap = abs(accuracy - np.mean([max(probabilities[i]) for i in rows]))
            gaps.append((gap, len(rows) if weighted else 1))
    return sum(gap * weight for gap, weight in gaps) / sum(weight for _, weight in gaps)


def test_calibration_error_by_hand():
    """Three answers at 0.95, two right: gap 0.95 - 2/3; one at 0.55, right: gap 0.45."""
    probabilities = [[0.95, 0.05], [0.95, 0.05], [0.05, 0.95], [0.55, 0.45]]
    labels = [0, 1, 1, 0]
    by_hand = (3 * (0.95 - 2 / 3) + 1 * 0.45) / 4
    assert evaluation.calibration_error(probabilities, labels) == pytest.approx(by_hand)
    unweighted = ((0.95 - 2 / 3) + 0.45) / 2  # control
    assert evaluation.calibration_error(probabilities, labels) != pytest.approx(unweighted)


@pytest.mark.parametrize("num_bins", [5, 10, 15])
def test_calibration_error_against_a_loop(num_bins):
    probabilities, labels = drawn_probabilities(overconfidence=2, n=300)
    error = evaluation.calibration_error(probabilities, labels, num_bins=num_bins)
    assert error == pytest.approx(slow_calibration_error(probabilities, labels, num_bins))
    wrong = slow_calibration_error(probabilities, labels, num_bins, weighted=False)
    assert error != pytest.approx(wrong, abs=1e-3)  # control: bins without their weights


def test_reliability_against_a_loop_with_empty_bins():
    probabilities, labels = drawn_probabilities(overconfidence=1, n=200)
    bins = evaluation.reliability(probabilities, labels)
    assert bins["count"].sum() == 200
    assert bins["count"][0] == 0  # four classes: the largest is never below 0.25
    assert np.isnan(bins["accuracy"][0])
    for k in np.flatnonzero(bins["count"]):
        rows = [i for i in range(200) if k / 10 < probabilities[i].max() <= (k + 1) / 10]
        correct = np.array([probabilities[i].argmax() == labels[i] for i in rows])
        assert bins["count"][k] == len(rows)
        mean = np.mean([probabilities[i].max() for i in rows])
        assert bins["confidence"][k] == pytest.approx(mean)
        expected = evaluation.accuracy_interval(correct)[:3]
        assert tuple(bins[key][k] for key in ("accuracy", "low", "high")) == expected


def test_a_bin_holds_its_upper_edge_and_certainty_is_in_the_last():
    bins = evaluation.reliability([[0.5, 0.5], [1.0, 0.0]], [0, 0])
    assert np.flatnonzero(bins["count"]).tolist() == [4, 9]


def test_a_tie_goes_to_the_lower_class_as_in_keras():
    """Control for the mistake of counting a tie as right for either class."""
    undecided = np.full((10, 2), 0.5)
    bins = evaluation.reliability(undecided, np.array([0] * 3 + [1] * 7))
    assert bins["accuracy"][4] == 0.3


@pytest.mark.parametrize("overconfidence", [0.5, 1, 2, 4])
def test_fit_temperature_finds_the_inflation(overconfidence):
    probabilities, labels = drawn_probabilities(overconfidence=overconfidence)
    temperature = evaluation.fit_temperature(probabilities, labels)
    assert temperature == pytest.approx(overconfidence, rel=0.1)
    scaled = evaluation.apply_temperature(probabilities, temperature)
    assert evaluation.calibration_error(scaled, labels) < 0.03


def test_fit_temperature_against_a_grid():
    probabilities, labels = drawn_probabilities(overconfidence=3, n=300)

    def cross_entropy(temperature):
        scaled = evaluation.apply_temperature(probabilities, temperature)
        return -np.mean([math.log(row[label]) for row, label in zip(scaled, labels, strict=True)])

    grid = np.arange(1, 6, 0.02)
    best = grid[np.argmin([cross_entropy(temperature) for temperature in grid])]
    assert evaluation.fit_temperature(probabilities, labels) == pytest.approx(best, abs=0.03)


def test_apply_temperature_equals_softmax_of_scaled_logits():
    logits = np.array([[2.0, -1.0, 0.5], [0.0, 0.0, 3.0]])
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    expected = np.exp(logits / 2.5) / np.exp(logits / 2.5).sum(axis=1, keepdims=True)
    scaled = evaluation.apply_temperature(probabilities, 2.5)
    np.testing.assert_allclose(scaled, expected)
    mistaken = probabilities / 2.5 / (probabilities / 2.5).sum(axis=1, keepdims=True)
    assert not np.allclose(scaled, mistaken)  # control: dividing probabilities changes nothing
    np.testing.assert_array_equal(scaled.argmax(axis=1), logits.argmax(axis=1))


def test_temperature_survives_certainty_and_refuses_zero():
    certain = np.array([[1.0, 0.0], [0.0, 1.0]], dtype="float32")
    assert np.isfinite(evaluation.apply_temperature(certain, 0.05)).all()
    assert evaluation.apply_temperature(certain, 100)[0, 1] > 0.3  # 0 is not minus infinity
    assert 0.05 <= evaluation.fit_temperature(certain * 0.8 + 0.1, [0, 1]) < 0.1  # all right
    with pytest.raises(ValueError, match="Got temperature 0: give a number above 0"):
        evaluation.apply_temperature(certain, 0)


# ---- a model's answers


class Fixed:
    """A model that always gives the same probabilities."""

    def predict(self, images, **options):
        return np.array([[0.6, 0.4], [0.3, 0.7], [0.5, 0.5]])


def test_correct_answers_by_hand():
    dataset = SimpleNamespace(images=np.zeros((3, 1, 1, 3)), labels=np.array([0, 0, 0]))
    correct = evaluation.correct_answers(Fixed(), dataset)
    assert correct.tolist() == [True, False, True]
    assert correct.dtype == bool
