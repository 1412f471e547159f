"""How good is it, and how sure are we?

Accuracies, probabilities and differences are fractions (0.03 is three percentage points). Nothing
here trains or draws a random number; scipy and scikit-learn do the statistics.
"""

from typing import NamedTuple

import numpy as np
from scipy import optimize, special, stats
from sklearn import metrics

from tl_course.engine import cards

SMALLEST_PROBABILITY = 1e-12  # a float32 softmax can round to 0, whose logarithm is minus infinity


class Estimate(NamedTuple):
    """A fraction and its confidence interval, from n images (or n seeds: mean_interval)."""

    value: float
    low: float
    high: float
    n: int

    def _words(self):
        value, low, high = (100 * number for number in self[:3])
        return f"{value:.1f} %", f"{low:.1f} to {high:.1f} %, n = {self.n}"

    def __str__(self):
        return "{} ({})".format(*self._words())

    def _repr_pretty_(self, printer, _cycle):
        printer.text(str(self))

    def _repr_html_(self):
        number, rest = self._words()
        return cards.card(number, f"95 %: {rest}", interval=self[:3], between=(0, 1))


class Difference(NamedTuple):
    """A difference a - b on the same n images (or seeds), its confidence interval and p-value."""

    value: float
    low: float
    high: float
    n: int
    p_value: float

    @property
    def verdict(self):
        """What you may say: "a gain", "a loss" or, where the interval holds zero, "cannot tell".

        The interval alone decides, because it shows size and doubt at once. Were there no
        difference, a 95 % interval would leave out zero about 5 times in 100: that is the rate of
        false claims you accept. Asking for p < 0.05 as well would only make the rule stricter than
        it says. p is there to be read, and agrees up to the border (accuracy_difference).
        """
        if self.low > 0:
            return "a gain"
        return "a loss" if self.high < 0 else "cannot tell"

    def _words(self):
        value, low, high = (100 * number for number in self[:3])
        interval = f"{low:+.1f} to {high:+.1f}, n = {self.n}, p = {self.p_value:.2g}"
        return f"{value:+.1f} percentage points", interval

    def __str__(self):
        return "{} ({})".format(*self._words())

    def _repr_pretty_(self, printer, _cycle):
        printer.text(f"{self}: {self.verdict}")

    def _repr_html_(self):
        (number, rest), end = self._words(), max(0.1, 1.1 * max(np.abs(self[:3])))
        options = {"interval": self[:3], "between": (-end, end), "words": self.verdict}
        return cards.card(number, f"95 %: {rest}", **options)


def from_record(kept):
    """The Estimate or Difference that `records.record` keeps as a dict; what is no dict, as it is.

    What it prints is what the original printed; further decimals were not kept.
    """
    if not isinstance(kept, dict):
        return kept
    fields = {name: value for name, value in kept.items() if name != "verdict"}
    return Difference(**fields) if "p_value" in fields else Estimate(**fields)


def correct_answers(model, dataset):
    """True for each image whose most probable class is its label, bool (n,).

    model: a classifier with `predict`. dataset: `images`, or their features, and int `labels`.
    """
    probabilities = model.predict(dataset.images, batch_size=16, verbose=0)  # little memory
    return probabilities.argmax(axis=1) == dataset.labels


def accuracy_interval(correct, *, confidence=0.95):
    """Accuracy with its Wilson interval (Wilson 1927), an Estimate. correct: bool (n,), n >= 1.

    It covers the luck of which images are in the test set, not the luck of the training seed.
    Raises ValueError for anything but bool (n,).
    """
    correct = _checked(correct)
    test = stats.binomtest(int(correct.sum()), len(correct))
    interval = test.proportion_ci(confidence_level=confidence, method="wilson")
    return Estimate(float(correct.mean()), float(interval.low), float(interval.high), len(correct))


def accuracy_difference(correct_a, correct_b, *, confidence=0.95):
    """Accuracy of a minus that of b on the same images, a Difference. Both bool (n,), same order.

    Only images that one model gets right and the other wrong count. Interval: Wald after adding
    half an image to each of the four cells (Agresti & Min 2005, Statistics in Medicine 24:729).
    p-value: mid-p McNemar test (Fagerland, Lydersen & Laake 2013, BMC Medical Research Methodology
    13:91); the exact test makes 2 false claims in 100 where 5 are allowed, and so contradicts the
    interval. Two separate intervals would throw the pairing away and miss real differences. Raises
    ValueError for anything but bool of equal length.
    """
    correct_a, correct_b = _checked(correct_a), _checked(correct_b)
    n = len(correct_a)
    if len(correct_b) != n:
        raise ValueError(f"Got {n} and {len(correct_b)} answers: give both models the same images.")
    only_a, only_b = int((correct_a & ~correct_b).sum()), int((correct_b & ~correct_a).sum())
    centre = (only_a - only_b) / (n + 2)
    error = np.sqrt(only_a + only_b + 1 - (only_a - only_b) ** 2 / (n + 2)) / (n + 2)
    margin = stats.norm.ppf((1 + confidence) / 2) * error
    fewer = (min(only_a, only_b), only_a + only_b, 0.5)
    p_value = 2 * stats.binom.cdf(*fewer) - stats.binom.pmf(*fewer)
    low, high = max(-1, centre - margin), min(1, centre + margin)
    return Difference((only_a - only_b) / n, float(low), float(high), n, float(p_value))


def _checked(correct):
    correct = np.asarray(correct)
    if correct.dtype != bool or correct.ndim != 1 or len(correct) == 0:
        got = f"{correct.dtype} of shape {correct.shape}"
        raise ValueError(f"Got {got}: give one True or False an image, bool (n,) with n >= 1.")
    return correct


def mean_interval(values, *, confidence=0.95):
    """Mean over seeds with its t interval (Student 1908), an Estimate. values: float (seeds,).

    With few seeds it is wide and may pass 1. Raises ValueError for fewer than two seeds.
    """
    values = np.asarray(values, dtype=float)
    if values.ndim != 1 or len(values) < 2:
        raise ValueError(f"Got values of shape {values.shape}: give one a seed, two or more seeds.")
    mean = values.mean()
    mean = 0.0 if abs(mean) < 1e-12 else mean  # thirds that cancel out would leave a minus zero
    margin = stats.t.ppf((1 + confidence) / 2, len(values) - 1) * stats.sem(values)
    return Estimate(float(mean), float(mean - margin), float(mean + margin), len(values))


def seeds_difference(values_a, values_b, *, confidence=0.95):
    """Mean of a - b over seeds, paired t interval and p-value (Student 1908), a Difference.

    values_a, values_b: float (seeds,), the same seeds in the same order. It says whether other
    seeds would agree, not whether other images would. Raises ValueError as mean_interval does.
    """
    if len(values_a) != len(values_b):
        sizes = f"{len(values_a)} and {len(values_b)}"
        raise ValueError(f"Got {sizes} values: give both the same seeds.")
    differences = np.subtract(values_a, values_b)
    mean = mean_interval(differences, confidence=confidence)
    if np.ptp(differences) < 1e-9:  # without any spread the t statistic is 0/0 or infinite
        return Difference(*mean, p_value=float(abs(mean.value) < 1e-9))
    return Difference(*mean, p_value=float(stats.ttest_1samp(differences, 0).pvalue))


def confusion_matrix(labels, predicted, num_classes):
    """Counts, int (num_classes, num_classes): rows true, columns predicted. Both inputs int (n,).

    Raises ValueError for a class outside the range, which scikit-learn would drop in silence.
    """
    classes = set(np.unique(labels).tolist()) | set(np.unique(predicted).tolist())
    if not classes <= set(range(num_classes)):
        raise ValueError(f"Got classes {sorted(classes)}: choose from 0 to {num_classes - 1}.")
    return metrics.confusion_matrix(labels, predicted, labels=range(num_classes))


def per_class(labels, predicted, class_names):
    """One dict a class: class_name, n, precision, recall (Estimate, Wilson 1927), f1.

    labels, predicted: int (n,). recall: of the images that are so, the fraction found. precision:
    of the images called so, the fraction that are. A fraction of no images is nan.
    """
    matrix = confusion_matrix(labels, predicted, len(class_names))
    precision, _, f1, counts = metrics.precision_recall_fscore_support(
        labels, predicted, labels=range(len(class_names)), zero_division=np.nan
    )
    recall = [_recall(found, n) for found, n in zip(np.diag(matrix), counts, strict=True)]
    columns = (class_names, counts.tolist(), precision.tolist(), recall, f1.tolist())
    keys = ("class_name", "n", "precision", "recall", "f1")
    return [dict(zip(keys, row, strict=True)) for row in zip(*columns, strict=True)]


def _recall(found, n):
    return accuracy_interval(np.arange(n) < found) if n else Estimate(np.nan, 0.0, 1.0, 0)


def reliability(probabilities, labels, *, num_bins=10):
    """Right 80 % of the time when 80 % sure? Arrays (num_bins,) in a dict, nan for an empty bin:

    count, confidence (mean of the largest probability), accuracy, low, high (Wilson interval). Bin
    k holds confidences in (k / num_bins, (k + 1) / num_bins] (Guo et al. 2017). probabilities:
    float (n, classes); labels: int (n,). A tie goes to the lower class, as in Keras.
    """
    confidence = np.max(probabilities, axis=1)
    correct = np.argmax(probabilities, axis=1) == labels
    bin_of = np.digitize(confidence, np.arange(1, num_bins) / num_bins, right=True)
    bins = {name: np.full(num_bins, np.nan) for name in ("confidence", "accuracy", "low", "high")}
    bins["count"] = np.bincount(bin_of, minlength=num_bins)
    for k in np.unique(bin_of):
        estimate = accuracy_interval(correct[bin_of == k])
        bins["confidence"][k] = confidence[bin_of == k].mean()
        bins["accuracy"][k], bins["low"][k], bins["high"][k] = estimate[:3]
    return bins


def calibration_error(probabilities, labels, *, num_bins=10):
    """Expected calibration error, 0 (honest) to 1: |accuracy - confidence|, mean over images.

    Each image counts its bin's gap (Guo et al. 2017, equation 3), so a full bin weighs more than a
    thin one. Arguments as in reliability. With few images it is too large even for an honest model.
    """
    bins = reliability(probabilities, labels, num_bins=num_bins)
    gaps = np.nan_to_num(np.abs(bins["accuracy"] - bins["confidence"]))
    return float(np.average(gaps, weights=bins["count"]))


def apply_temperature(probabilities, temperature):
    """Probabilities made less sure (temperature > 1) or surer (< 1), float (n, classes).

    softmax(log(p) / temperature); log(p) is the logits up to a constant, which softmax cancels
    (Guo et al. 2017). The predicted class never changes. Raises ValueError for a temperature <= 0.
    """
    if not temperature > 0:
        raise ValueError(f"Got temperature {temperature}: give a number above 0.")
    logits = np.log(np.clip(np.asarray(probabilities, dtype=float), SMALLEST_PROBABILITY, 1))
    return special.softmax(logits / temperature, axis=1)


def fit_temperature(probabilities, labels):
    """The temperature, 0.05 to 20, of least cross-entropy on these images (Guo et al. 2017).

    Give it the validation set, never the test set that it will be judged by. Where every answer is
    right it runs towards 0.05: nothing then speaks against certainty.
    """

    def cross_entropy(log_temperature):
        rescaled = apply_temperature(probabilities, np.exp(log_temperature))
        return metrics.log_loss(labels, rescaled, labels=range(rescaled.shape[1]))

    best = optimize.minimize_scalar(cross_entropy, bounds=np.log([0.05, 20]), method="bounded")
    return float(np.exp(best.x))
