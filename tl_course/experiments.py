"""Which way of learning is better, and how sure are we?

`compare` lets several ways learn from the same few pictures, seed after seed, and keeps every
answer to every test picture, so that differences can be taken in pairs.
"""

import functools
import itertools
from dataclasses import dataclass, replace

import keras
import numpy as np
from sklearn.linear_model import LogisticRegression

from tl_course import backbones, data, evaluation, transfer
from tl_course.engine import cards

SCRATCH, PROBE, HEAD = "from scratch", "logistic regression", "head"
TUNED = "fine-tuned from "  # and the name of a block, such as block_11
ALL = "all"  # in the place of a number of pictures a class: every picture of the pool


@dataclass(frozen=True, repr=False)
class Comparison:
    """Every answer of every way: right or wrong, and what may be said of it.

    right: bool (ways, shots, seeds, n), n test pictures. own: float (ways, shots, seeds), the
    share of its own training pictures that a way ended up right on. source: of the pictures.
    """

    ways: tuple[str, ...]
    shots: tuple
    seeds: tuple[int, ...]
    right: np.ndarray
    own: np.ndarray
    num_classes: int
    source: str

    def accuracies(self, way, shots):
        """Test accuracy of each seed, float (seeds,)."""
        return self._answers(way, shots).mean(axis=1)

    def accuracy(self, way, shots):
        """Mean test accuracy over the seeds, an Estimate (of one seed: over the pictures)."""
        if len(self.seeds) == 1:
            return evaluation.accuracy_interval(self._answers(way, shots)[0])
        return evaluation.mean_interval(self.accuracies(way, shots))

    def difference(self, a, b, shots):
        """Accuracy of way a minus that of b, paired over the seeds, a Difference.

        It says whether other draws of pictures and other weights would agree.
        """
        return evaluation.seeds_difference(self.accuracies(a, shots), self.accuracies(b, shots))

    def over_pictures(self, a, b, shots, seed):
        """The same for one seed, paired over the test pictures: would other pictures agree?"""
        answers = (self._answers(way, shots)[self.seeds.index(seed)] for way in (a, b))
        return evaluation.accuracy_difference(*answers)

    def table(self):
        """Test accuracies, a row a way, a column for each number of shots: dicts of Estimates."""
        names = {n: n if n == ALL else f"{n} a class" for n in self.shots}
        return [
            {"way": way} | {names[n]: self.accuracy(way, n) for n in self.shots}
            for way in self.ways
        ]

    def __repr__(self):
        return cards.text(self.table())

    def _repr_html_(self):
        return cards.table(self.table(), "Test accuracy, with its 95 % interval")

    def _answers(self, way, shots):
        for name, value, known in (("way", way, self.ways), ("shots", shots, self.shots)):
            if value not in known:
                raise ValueError(f"Unknown {name} {value!r}: choose from {list(known)}.")
        return self.right[self.ways.index(way), self.shots.index(shots)]

    def values(self):
        """All of it as numbers, strings and lists, for JSON; `from_values` reads it back."""
        bits = np.packbits(self.right, axis=-1)
        packed = [[[row.tobytes().hex() for row in rows] for rows in way] for way in bits]
        return {
            "ways": list(self.ways), "shots": list(self.shots), "seeds": list(self.seeds),
            "right": packed, "num_test": self.right.shape[-1], "own": self.own.tolist(),
            "num_classes": self.num_classes, "source": self.source,
        }  # fmt: skip


def from_values(values):
    """The Comparison that `Comparison.values` wrote down."""
    packed = [[[list(bytes.fromhex(row)) for row in rows] for rows in w] for w in values["right"]]
    bits = np.unpackbits(np.array(packed, dtype="uint8"), axis=-1, count=values["num_test"])
    named = {name: tuple(values[name]) for name in ("ways", "shots", "seeds")}
    own, rest = np.array(values["own"]), {k: values[k] for k in ("num_classes", "source")}
    return Comparison(**named, right=bits.astype(bool), own=own, **rest)


def compare(
    ways, pool, test_set, *, shots, seeds, backbone=None, schedule=transfer.schedule, progress=None
):
    """Let each way learn from the same pictures, for each number of shots and each seed.

    ways: SCRATCH, PROBE, HEAD, TUNED + a block. pool, test_set: ImageSets of pixels, classes alike.
    shots: pictures a class, drawn from the pool, or ALL. backbone: EfficientNet-Lite0 unless given;
    its weights are afterwards as before. schedule: how long and at which rate (transfer.schedule).
    progress: called with a line of text now and then. Returns a Comparison; ValueError for an
    unknown way, or shots that the pool does not have.
    """
    bench = Bench(pool, test_set, backbone, schedule)
    return bench.compare(ways, shots=shots, seeds=seeds, progress=progress)


def draw(pool, shots, *, seed):
    """The places of a few pictures in the pool, int (shots * classes,): the same for every way."""
    if shots == ALL:
        return np.arange(len(pool))
    places = replace(pool, images=np.arange(len(pool)))
    return data.few_shot(places, shots, seed=seed).images


class Bench:
    """What the ways share. All that is frozen is computed once, each network compiled once.

    Arguments as in `compare`. A study keeps it for the next part of its grid.
    """

    def __init__(self, pool, test_set, backbone=None, schedule=transfer.schedule):
        self.pool, self.test_set, self.schedule = pool, test_set, schedule
        self.num_classes, self.image_size = len(pool.class_names), pool.images.shape[1]
        self._given, self._trained = backbone, {}
        self.learner = functools.lru_cache(maxsize=1)(self._learner)  # one way's activations

    def compare(self, ways, *, shots, seeds, progress=None):
        """As the function `compare`."""
        learners = {way: self.learner(way) for way in ways}
        shape = (len(ways), len(shots), len(seeds))
        right, own = np.empty((*shape, len(self.test_set)), dtype=bool), np.empty(shape)
        for (s, number), (k, seed) in itertools.product(enumerate(shots), enumerate(seeds)):
            few = draw(self.pool, number, seed=seed)
            for w, way in enumerate(ways):
                right[w, s, k], own[w, s, k] = learners[way](few, seed)
            if progress:
                progress(f"{number} a class, seed {seed}: done")
        names = tuple(ways), tuple(shots), tuple(seeds)
        return Comparison(*names, right, own, self.num_classes, self.pool.source)

    def _learner(self, way):
        """The function of (few, seed) that learns in this way, few the places of its pictures.

        It starts anew, learns, returns its answers to the test set (bool) and accuracy on its own.
        """
        named = {SCRATCH: self._from_scratch, PROBE: self._logistic_regression, HEAD: self._head}
        if way in named:
            return named[way]()
        if not way.startswith(TUNED):
            raise ValueError(f"Unknown way {way!r}: choose from {[*named, TUNED + 'block_11']}.")
        return self._fine_tuned(way.removeprefix(TUNED))

    @functools.cached_property
    def backbone(self):
        """The network to borrow from, pretrained."""
        load = functools.partial(backbones.load_backbone, "efficientnet_lite0")
        return self._given or load(image_size=self.image_size)

    @functools.cached_property
    def features(self):
        """What the frozen backbone says of pool and test set."""
        return [transfer.precompute(self.backbone, part) for part in (self.pool, self.test_set)]

    @functools.cached_property
    def model(self):
        """The classifier whose blocks and head the ways train."""
        return transfer.add_head(self.backbone, self.num_classes, seed=0)

    @functools.cached_property
    def head(self):
        """Its head alone, compiled."""
        return _compiled(transfer.head_of(self.model))

    def train_head(self, few, seed):
        """A new head after step (a), in place: trained once for each draw, whoever asks for it."""
        key = (seed, few.tobytes())
        if key not in self._trained:
            _renew_head(self.head)
            plan = self.schedule(len(few), self.num_classes, step="head")
            _learn(self.head, self.features[0], few, plan, seed)
            self._trained[key] = self.head.get_weights()
        self.head.set_weights(self._trained[key])

    def _from_scratch(self):
        make = functools.partial(backbones.small_cnn, self.num_classes, image_size=self.image_size)
        network = _compiled(make(seed=0))

        def learn(few, seed):
            network.set_weights(make(seed=seed).get_weights())
            plan = self.schedule(len(few), self.num_classes, step="scratch")
            _learn(network, self.pool, few, plan, seed)
            return _judged(network, self.pool.take(few), self.test_set)

        return learn

    def _logistic_regression(self):
        known, asked = self.features

        def learn(few, seed):
            own = known.take(few)
            probe = LogisticRegression(max_iter=1000).fit(own.images, own.labels)
            right = [probe.predict(part.images) == part.labels for part in (asked, own)]
            return right[0], right[1].mean()

        return learn

    def _head(self):
        known, asked = self.features

        def learn(few, seed):
            self.train_head(few, seed)
            plan = self.schedule(len(few), self.num_classes, step="fine-tune")
            _learn(self.head, known, few, plan, seed)  # as long as fine-tuning, at the same rates
            return _judged(self.head, known.take(few), asked)

        return learn

    def _fine_tuned(self, block):
        self.features  # noqa: B018  (before a weight moves)
        trunk, top = transfer.split_at(self.model, block)
        known, asked = (transfer.precompute(trunk, part) for part in (self.pool, self.test_set))
        transfer.unfreeze(self.backbone, from_block=block)
        pretrained = _compiled(top).get_weights()

        def learn(few, seed):
            transfer.unfreeze(self.backbone, from_block=block)  # another way froze what it needs
            top.set_weights(pretrained)
            self.train_head(few, seed)
            plan = self.schedule(len(few), self.num_classes, step="fine-tune")
            _learn(top, known, few, plan, seed)
            result = _judged(top, known.take(few), asked)
            top.set_weights(pretrained)
            return result

        return learn


def _compiled(network):
    """The network, compiled: each run then only resets what the one before it left."""
    transfer.compile_for_classes(network, learning_rate=1e-3)
    return network


def _renew_head(head):
    """The head at zero, as `transfer.add_head` makes it, in place."""
    for weight in head.get_layer("head").weights:
        weight.assign(keras.ops.zeros(weight.shape))


def _learn(network, dataset, few, plan, seed):
    """Train on the pictures at these places, as planned, with a fresh optimizer and fresh dropout.

    Batches are cut from one endless row of permutations, so each has the same size.
    """
    for layer in network.layers:
        if isinstance(layer, keras.layers.Dropout):
            layer.seed_generator.state.assign([seed, 0])
    transfer.reset_optimizer(network, learning_rate=plan.learning_rate)
    for rate, batch in zip(plan.rates(), plan.batches(few, seed=seed), strict=True):
        network.optimizer.learning_rate = rate
        network.train_on_batch(dataset.images[batch], dataset.labels[batch])


def _judged(network, own, asked):
    """(right answers to the test set, accuracy on its own training pictures)."""
    answers = [evaluation.correct_answers(network, part) for part in (asked, own)]
    return answers[0], answers[1].mean()
