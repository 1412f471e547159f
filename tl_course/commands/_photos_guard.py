"""How sure is an answer, and when is "don't know" the better one?"""

from typing import NamedTuple

import numpy as np

DONT_KNOW = "don't know"
FAR, UNSURE = "it is unlike the pictures learned from", "it is not sure enough"
TARGET = 0.95  # of the answers to validation pictures shall be right
ORDINARY = 0.95  # of the validation pictures lie nearer to a training picture than the limit
MOST_KNOWN = 50  # training pictures of a class whose features are kept, to compare with


class Guard(NamedTuple):
    """What decides between an answer and "don't know", chosen on validation pictures."""

    probability: float  # of the answer, calibrated: below it "don't know"
    distance: float  # cosine, to the nearest training picture: beyond it "don't know"
    known: np.ndarray  # float16 (m, dimensions): features of training pictures

    def knows(self, probabilities, distances):
        """Which pictures get an answer, bool (n,)."""
        sure = np.max(probabilities, axis=1) >= self.probability
        return sure & (distances <= self.distance)

    def doubt(self, known, distance):
        """Why one picture gets no answer, in words; "" where it gets one."""
        if known:
            return ""
        return FAR if distance > self.distance else UNSURE


def distances(features, known, *, but_itself=False):
    """Cosine distance to the nearest training picture, float (n,); 0: the same direction.

    but_itself: the second nearest, for pictures that are training pictures.
    """
    from sklearn.neighbors import NearestNeighbors

    nearest = NearestNeighbors(n_neighbors=2, metric="cosine").fit(known.astype("float32"))
    return nearest.kneighbors(features)[0][:, int(but_itself)]


def temperature(probabilities, labels):
    """The temperature of least cross-entropy on validation pictures, never tempted by certainty.

    Half a picture more is counted, of the median confidence, and its answer as wrong: else a
    handful of right answers would make the model as good as certain. Among many it does not matter.
    """
    from tl_course import evaluation

    order = np.argsort(np.max(probabilities, axis=1))
    extra = probabilities[order[len(order) // 2]]
    second = np.argsort(extra)[-2]
    twice = np.vstack([probabilities, probabilities, extra])
    return evaluation.fit_temperature(twice, np.concatenate([labels, labels, [second]]))


def choose(probabilities, labels, far, known):
    """The Guard: sure enough that TARGET of the answers are right, near as ORDINARY ones are.

    Where no limit reaches the target, the one that comes closest. All of validation pictures;
    probabilities calibrated, far: their distances.
    """
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    limits = np.unique(np.append(confidence, 0))
    shares = np.array([right[confidence >= limit].mean() for limit in limits])
    reached = np.flatnonzero(shares >= TARGET)
    place = reached[0] if len(reached) else shares.argmax()
    return Guard(float(limits[place]), float(np.quantile(far, ORDINARY)), known)


def some_known(features, labels, seed):
    """Features of at most MOST_KNOWN pictures of each class, float16 (m, dimensions)."""
    order = np.random.default_rng(seed).permutation(len(labels))
    chosen = [order[labels[order] == label][:MOST_KNOWN] for label in np.unique(labels)]
    return features[np.concatenate(chosen)].astype("float16")


def answers(class_names, probabilities, knows):
    """The answer to each picture in words, a list."""
    said = probabilities.argmax(axis=1)
    pairs = zip(said, knows, strict=True)
    return [class_names[label] if known else DONT_KNOW for label, known in pairs]
