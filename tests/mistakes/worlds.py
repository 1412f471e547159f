"""Worlds: one student's way of writing each, drawn so that few cases try many combinations.

A world knows how its student writes a classifier, a loss, an optimizer, labels; a set-up asks it
for these and then for a check. It times that check alone, catches what the check raises, and
stops it when it does not return.
"""

import contextlib
import io
import itertools
import random
import signal
import threading
import time
import zlib

import keras
import numpy as np

from tests.mistakes import backbones, pictures, writing

AXES = {  # what varies, and the values it takes; a value that stands twice is drawn twice as often
    "way": tuple(writing.WAYS),
    "pooled": (True, False),
    "last": tuple(writing.SOFTMAX),
    "logits": (False, False, True),
    "hidden": ("none", "none", "dense", "dropout", "norm"),
    "labels": ("integers", "integers", "column", "floats", "one-hot"),
    "loss": tuple(writing.LOSSES),
    "optimizer": tuple(writing.OPTIMIZERS),
    "nesting": (0, 0, 1, 2),
    "precision": ("float32", "float32", "float32", "mixed_float16"),
    "backbone": ("tiny",) * 20 + ("mobile",) * 20 + ("plain",) * 10 + backbones.NAMES[3:],
    "told": (True, False),  # is `backbone=` given to the check?
}
LIMIT = 12  # seconds until a check that does not return is stopped


class NeverReturned(BaseException):
    """A check ran into the limit. No `except Exception` of a check may swallow it."""


def draw(name, number, fixed):
    """`number` worlds for one set-up, a list of dicts by axis; the same at each call.

    Each is, of five drawn at random, the one with the most pairs of values not seen yet: the
    greedy way to pairwise coverage. The name is the seed, so a new set-up changes no other.
    """
    dice, seen, chosen = random.Random(zlib.crc32(name.encode())), set(), []
    axes = {axis: fixed.get(axis, values) for axis, values in AXES.items()}
    axes = {axis: v if isinstance(v, tuple) else (v,) for axis, v in axes.items()}
    for _ in range(number):
        candidates = [{axis: dice.choice(v) for axis, v in axes.items()} for _ in range(5)]
        best = max(candidates, key=lambda one: len(_pairs(one) - seen))
        seen |= _pairs(best)
        chosen.append(best)
    return chosen


def _pairs(choice):
    return set(itertools.combinations(sorted((k, str(v)) for k, v in choice.items()), 2))


class World:
    """One student: the choices, what they build from them, and the checks they ask."""

    def __init__(self, choice, checks, transfer, seed=0):
        self.choice, self.checks, self.transfer, self.seed = choice, checks, transfer, seed
        self.told, self.seconds = choice["told"], 0.0
        self.error, self.raised = None, False  # what a check raised; that train refused, by design
        self._backbone = None
        keras.config.set_dtype_policy(choice["precision"])
        self.loss_kind = writing.fitting_loss(choice)
        self.num_classes = 2 if self.loss_kind == "binary" else 3

    # ------------------------------------------------------------ what the student builds

    @property
    def backbone(self):
        """The backbone that the student loads, the same at each call, frozen by nobody."""
        if self._backbone is None:
            self._backbone = self.new_backbone()
        return self._backbone

    def new_backbone(self, *, pooled=None, seed=None):
        pooled = self.choice["pooled"] if pooled is None else pooled
        seed = self.seed if seed is None else seed
        return backbones.build(self.choice["backbone"], pooled=pooled, seed=seed)

    def maps(self):
        """The backbone without pooling, whatever the choice was; from now on the backbone."""
        self._backbone = self.new_backbone(pooled=False)
        return self._backbone

    @property
    def size(self):
        return self.backbone.input_shape[1]

    def head(self, num_classes=None, *, logits=None):
        """The layers of a right head, a list: pooling where it lacks, hidden ones, outputs."""
        return writing.head(self, num_classes or self.num_classes, logits=logits)

    def classifier(self, layers=None, *, base=None, frozen=True, built=True):
        """A classifier in this student's way of writing: the backbone, then these layers.

        frozen: the backbone is, the usual way. built: False leaves a subclass or a Sequential
        without shapes as it is, where the way of writing is one.
        """
        base = base or self.backbone
        base.trainable = not frozen
        model = writing.WAYS[self.choice["way"]](self, base, layers or self.head())
        if built and not model.built:
            model(np.zeros((1, self.size, self.size, 3), "float32"))
        return model

    def compile(self, model, *, rate=1e-3, optimizer=None, loss=None, logits=None):
        """Compile as this student does; the loss fits the student's last layer unless given."""
        model.compile(
            optimizer=optimizer or self.optimizer(rate), loss=loss or self.loss(logits=logits),
            metrics=["accuracy"], jit_compile=False,
        )  # fmt: skip
        return model

    def loss(self, *, logits=None):
        logits = self.choice["logits"] if logits is None else logits
        return writing.LOSSES[self.loss_kind](logits)

    def optimizer(self, rate):
        return writing.OPTIMIZERS[self.choice["optimizer"]](rate)

    def labels(self, number):
        """Labels in the student's form for the loss, every class in turn."""
        labels = np.arange(number) % self.num_classes
        return writing.as_labels(labels, self.choice["labels"], self.num_classes)

    def images(self, number=12):
        """Noise with a bright third by class, float32 0..255 at the backbone's size."""
        return pictures.bright_part(number, self.num_classes, size=self.size, seed=self.seed)

    def fit(self, model, *, epochs=1, number=12):
        """Train for a few steps on a few pictures."""
        images, labels = self.images(number), self.labels(number)
        if not model.optimizer.built:  # as the first step would; here it saves a second trace
            model.optimizer.build(model.trainable_variables)
        model.fit(images, labels, batch_size=6, epochs=epochs, verbose=0, shuffle=False)
        return model

    def train_head(self, model, base=None):
        """The head after its training, without the time: its weights get other values."""
        of_base = {id(weight) for weight in (base or self.backbone).weights}
        dice = np.random.default_rng(self.seed + 7)
        for weight in model.weights:
            if id(weight) not in of_base and weight.dtype == "float32":
                step = 0.3 * dice.normal(size=weight.shape) if "moving" not in weight.path else 0
                weight.assign(weight.numpy() + step)
        return model

    # ------------------------------------------------------------ what the student asks

    def _ask(self, question, *arguments, **options):
        """What a check answers; its time and its error, if it has one, stay in the world."""
        began = time.perf_counter()
        try:
            with stopped_after(LIMIT):
                return question(*arguments, **options)
        except NeverReturned:
            self.error = f"NeverReturned: still at work after {LIMIT} seconds"
        except Exception as error:  # this is what the bench is for
            self.error = f"{type(error).__name__}: {(str(error).splitlines() or [''])[0][:160]}"
        finally:
            self.seconds += time.perf_counter() - began

    def _hint(self, options):
        return ({"backbone": self.backbone} if self.told else {}) | options

    def inputs(self, model, images, **options):
        return self._ask(self.checks.inputs, model, images, **options)

    def head_phase(self, model, num_classes=None, **options):
        num_classes = self.num_classes if num_classes is None else num_classes
        return self._ask(self.checks.head_phase, model, num_classes, **self._hint(options))

    def fine_tuning(self, model, before=None, **options):
        return self._ask(self.checks.fine_tuning, model, before, **self._hint(options))

    def sets(self, train, val, test):
        return self._ask(self.checks.sets, train, val, test)

    def pipelines(self, train, val, *, originals):
        return self._ask(self.checks.pipelines, train, val, originals=originals)

    def claim(self, claim, difference):
        return self._ask(self.checks.claim, claim, difference)

    def metric(self, reported, labels):
        return self._ask(self.checks.metric, reported, labels)

    def train(self, model, train_set, val_set=None, **options):
        """The findings that `transfer.train` prints or raises, read from its lines.

        A ValueError that names no mistake is a sentence, too: a finding without a number.
        """
        options = {"learning_rate": 1e-3, "epochs": 1, "seed": 0, "batch_size": 8} | options
        printed = io.StringIO()
        try:
            with contextlib.redirect_stdout(printed), stopped_after(4 * LIMIT):
                self.transfer.train(model, train_set, val_set, **options)
            said = printed.getvalue()
        except ValueError as error:
            said = printed.getvalue() + str(error)
            self.raised = True
            if "Mistake " not in said:
                return [writing.Said(None, said)]
        except Exception as error:
            self.error = f"{type(error).__name__}: {(str(error).splitlines() or [''])[0][:160]}"
            return None
        return [
            writing.Said(int(line.split()[1].rstrip(":")), line)
            for line in said.splitlines() if line.startswith("Mistake ")
        ]  # fmt: skip


@contextlib.contextmanager
def stopped_after(seconds):
    """Raise NeverReturned inside the block when it takes longer; no limit where signals lack."""
    in_main = threading.current_thread() is threading.main_thread()
    if not hasattr(signal, "setitimer") or not in_main:
        yield
        return

    def stop(number, frame):
        raise NeverReturned

    old = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)
