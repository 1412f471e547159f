"""Does the claim follow from what was measured?"""

import re

import numpy as np

from tl_course import records
from tl_course.checks import common
from tl_course.engine import reading

FAIR = ("recall", "precision", "f1", "f score", "fscore", "f beta", "balanced", "per class",
        "each class", "by class", "classwise", "class wise", "confusion", "sensitivity",
        "specificity", "auc", "auroc", "roc", "kappa", "matthews", "mcc", "true positive rate",
        "true negative rate", "false positive rate", "false negative rate", "tpr", "tnr", "fpr",
        "fnr", "macro", "g mean", "jaccard", "average precision")  # fmt: skip
UNFAIR = ("weighted", "micro")  # of many pictures of one class as accuracy is
OVERALL = ("acc", "accuracy", "accuracies", "error", "error rate", "correct", "right", "hit rate",
           "score", "val acc", "weighted", "micro")  # fmt: skip
MEANT = (  # what a claim says in other words; the first that fits, so "no gain" is no gain
    (("cannot", "can't", "not", "no", "same", "equal", "noise", "unclear"), "cannot tell"),
    (("loss", "losses", "worse", "lower"), "a loss"),
    (("gain", "better", "improved", "improvement", "higher"), "a gain"),
)


@common.never_raises
def claim(claim, difference):
    """Mistake 20: what you say of a Difference, against its verdict.

    claim: "a gain", "a loss" or "cannot tell". difference: an evaluation.Difference.
    """
    if claim is None or difference is None:
        return None
    if not hasattr(difference, "verdict"):
        got = type(difference).__name__
        raise reading.Unclear(f"got a {got} as difference: give an evaluation.Difference")
    if not np.all(np.isfinite(difference[:3])):
        raise reading.Unclear(f"the difference is {difference}: it was measured on nothing")
    meant = next((verdict for words, verdict in MEANT if _says(words, str(claim).lower())), None)
    if meant is None:
        choice = [verdict for _, verdict in reversed(MEANT)]
        raise reading.Unclear(f"got the claim {claim!r}: choose from {choice}")
    if meant == difference.verdict:
        return []
    if difference.verdict == "cannot tell":
        return [records.finding(20, f"(It is {difference}.)")]
    sentence = f"The difference is {difference}: its interval leaves out zero."
    return [records.Finding(20, sentence, "On which side of zero does the whole interval lie?")]


@common.never_raises
def metric(reported, labels):
    """Mistake 21: is accuracy all that is reported, where one class is three times another?

    reported: the name or names of what you report, or a dict that begins with them; a weighted or
    micro average hides rare classes as accuracy does. labels: of the test set, in any form.
    """
    if reported is None:
        return None
    counts = np.unique(reading.numbers_of(getattr(labels, "labels", labels)), return_counts=True)[1]
    names = _names(reported)
    if not any(re.search("[a-z]", name) for name in names):
        raise reading.Unclear(f"got {reported!r} as reported: give the names of what you report")
    is_fair = any(_says(FAIR, name) and not _says(UNFAIR, name) for name in names)
    if counts.max() < 3 * counts.min() or is_fair or not any(_says(OVERALL, n) for n in names):
        return []
    share = counts.max() / counts.sum()
    return [records.finding(21, f"(Always the same answer would be right on {100 * share:.0f} %.)")]


def _names(reported):
    """The names in a string, a list or a dict of dicts, in small letters and single words."""
    if isinstance(reported, dict):
        inner = [name for value in reported.values() if isinstance(value, dict) for name in value]
        reported = [*reported, *inner]
    reported = [reported] if isinstance(reported, str) else reported
    parts = [part for name in reported for part in re.split(r"[,;\n]", str(name))]
    words = (re.sub(r"(?<=[a-z\d])(?=[A-Z])|[_/\-\s]+", " ", part) for part in parts)
    return [word.lower() for word in words]


def _says(words, name):
    return re.search(rf"\b(?:{'|'.join(words)})s?\b", name) is not None
