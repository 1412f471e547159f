"""Mistake 21: accuracy is quoted on classes of very different size."""

import numpy as np
import tensorflow as tf

from tests.mistakes import pictures
from tests.mistakes.rows import refused, right, wrong

RARE = np.array([0] * 95 + [1] * 5)
THREE = np.array([0] * 81 + [1] * 12 + [2] * 8)
EVEN = np.arange(90) % 3
NEARLY = np.array([0] * 55 + [1] * 45)
FORMS = {
    "integers": lambda y: y,
    "column": lambda y: y[:, None],
    "one-hot": lambda y: np.eye(y.max() + 1)[y],
    "floats": lambda y: y.astype("float32"),
    "words": lambda y: np.array(["healthy", "ill", "unsure"])[y],
    "list": lambda y: y.tolist(),
    "list of words": lambda y: [["healthy", "ill", "unsure"][k] for k in y],
    "tensor": lambda y: tf.constant(y),
    "booleans": lambda y: y.astype(bool),
    "tuple": lambda y: tuple(y.tolist()),
    "image set": lambda y: pictures.as_set(np.zeros((len(y), 32, 32, 3), "uint8")).take(y),
}


def reports(words, labels=RARE, form="integers", alone=False):
    """A set-up that reports this of those labels. A word goes in a list, unless it is alone."""
    reported = [words] if isinstance(words, str) and not alone else words

    def setup(world):
        return world.metric(reported, FORMS[form](labels))

    setup.__name__ = f"reports {reported!r} of {len(labels)} {form}"
    return setup


WRONG = [
    *(wrong(21, reports(words), worlds=1) for words in (
        "accuracy", "Accuracy", "acc", "ACC", "accuracy: 95 %", "95 % accuracy", "test accuracy",
        "val_accuracy", "overall accuracy", "top-1 accuracy", "sparse_categorical_accuracy",
        "binary_accuracy", "weighted recall", "micro F1", "micro-averaged F1", "micro precision",
        "error rate", "accuracy of tomato sauce", "share of right answers", "fraction correct",
        "accuracy on the test set", "mean accuracy over seeds",
    )),
    *(wrong(21, reports("accuracy", THREE, form), worlds=1)
      for form in FORMS if form not in ("booleans", "image set")),
    wrong(21, reports("accuracy", RARE, "booleans"), worlds=1),
    wrong(21, reports("accuracy", RARE, "image set"), worlds=1),
    *(wrong(21, reports(words, alone=True), worlds=1) for words in (
        "accuracy", "Accuracy", "weighted recall", ("accuracy",), {"accuracy"}, {"accuracy": 0.95},
        ["accuracy", "loss"], ["accuracy", "error rate"], {"accuracy": 0.95, "micro F1": 0.95},
    )),
]  # fmt: skip
RIGHT = [
    *(right(reports(words), worlds=1) for words in (
        "recall of endocarditis", "Cohen's kappa", "true positive rate", "balanced accuracy",
        "macro F1", "F1 of the rare class", "recall and precision of each class",
        "confusion matrix", "AUC", "ROC AUC", "area under the ROC curve", "average precision",
        "PR AUC", "sensitivity and specificity", "sensitivity", "specificity", "recall",
        "precision and recall", "Matthews correlation coefficient", "MCC", "per-class recall",
        "accuracy and recall of each class", "accuracy of each class", "per-class accuracy",
        "accuracy per class", "macro-averaged recall", "macro accuracy", "kappa",
        "positive predictive value", "false negative rate", "geometric mean of the recalls",
        "balanced error rate", "the recall of lasagna (0.8) and of endocarditis (0.7)",
        "mean recall over classes", "Balanced Accuracy: 71 %", "miss rate", "Youden's J",
    )),
    *(right(reports("accuracy", EVEN, form), worlds=1)
      for form in FORMS if form not in ("booleans", "image set")),
    right(reports("accuracy", NEARLY), worlds=1),
    right(reports("weighted recall", EVEN), worlds=1),
    right(reports("micro F1", EVEN), worlds=1),
    *(right(reports(words, alone=True), worlds=1) for words in (
        ["accuracy", "recall of endocarditis"], ("recall", "precision"), "balanced accuracy",
        "recall of endocarditis", {"accuracy": 0.95, "recall": 0.4}, {"macro F1": 0.6},
        ["accuracy", "confusion matrix"], ["accuracy", "AUC", "loss"],
    )),
]  # fmt: skip
REFUSED = [
    *(refused(reports(words)) for words in (0.95, "", [], [0.95])),
    refused(reports("accuracy", np.array([], int), "list")),
]


def labels_are_a_string(world):
    return world.metric("accuracy", "labels")


def labels_are_a_number(world):
    return world.metric("accuracy", 100)


def probabilities_for_labels(world):
    """What the model said, not what is true: real numbers between 0 and 1."""
    return world.metric("accuracy", np.random.default_rng(0).dirichlet([1, 1, 1], 40))


REFUSED += [refused(labels_are_a_string), refused(labels_are_a_number),
            refused(probabilities_for_labels)]  # fmt: skip
