"""Which weights may move, how fast, and did they?

Transfer learning in two steps: (a) freeze the backbone and train a new head, (b) unfreeze the
backbone and train on, with a small learning rate. Both steps call the same `train`: they differ
only in what is trainable and in the learning rate.
"""

import logging
import reprlib
from dataclasses import replace
from typing import NamedTuple

import keras
import numpy as np
from keras import layers

from tl_course import anatomy, data, records
from tl_course.engine import activations, depthwise, measure, reading

HIGHEST_RATE = {"SGD": 5e-2}  # for fine-tuning; lesson 4 measures what Adam's 1e-2 destroys
HIGHEST_RATE_OF_OTHERS = 5e-4  # constant; after a warm-up three times as much does no harm
LOWEST_RATE = 1e-7
MEMORY_LIMIT = 500_000_000  # bytes of activations in memory: a quarter of what Binder gives

# A lesson trains many small models on purpose; TensorFlow warns of each as if by mistake.
logging.getLogger("tensorflow").setLevel(logging.ERROR)

# ---------------------------------------------------------------- the classifier


def add_head(backbone, num_classes, *, seed, dropout=0.2):
    """A classifier: the backbone, then dropout and one dense layer with softmax, the new head.

    Returns a flat keras.Model, raw pixels (n, height, width, 3) to probabilities (n, num_classes);
    it shares the backbone's layers, so what trains the one changes the other. The head begins at
    zero, all classes alike, as in BiT (Kolesnikov et al. 2020, https://arxiv.org/abs/1912.11370):
    of random weights, those that a few pictures never correct stay as noise. seed: of dropout.
    """
    if num_classes < 2:
        raise ValueError(f"num_classes is {num_classes}: a classifier needs at least 2.")
    x = layers.Dropout(dropout, seed=seed, name="head_dropout")(backbone.output)
    outputs = layers.Dense(
        num_classes, activation="softmax", kernel_initializer="zeros", name="head",
        dtype="float32",  # in mixed precision, too: float16 is too coarse for probabilities
    )(x)  # fmt: skip
    return keras.Model(backbone.input, outputs, name=f"{backbone.name}_classifier")


def head_of(model):
    """The head alone, from features (n, d) to probabilities: it shares its weights with `model`."""
    return keras.Model(model.get_layer("head_dropout").input, model.output, name="head_alone")


def split_at(model, from_block):
    """(trunk, top): pixels to activations before `from_block`, and activations to probabilities.

    Both share their layers with `model`: training the top trains the model. As long as the trunk
    is frozen its activations never change, so they can be computed once (`precompute`).
    """
    first = anatomy.layers_from(model, from_block)[0]
    if first not in model.layers:
        raise ValueError(f"{model.name!r} holds {from_block!r} inside one of its layers: cut that.")
    trunk = keras.Model(model.input, first.input, name="trunk")
    top = keras.Model(first.input, model.output, name="top")
    depthwise.use_fast_gradients(top)
    return trunk, top


# ---------------------------------------------------------------- what may move


def freeze(backbone):
    """No weight of the backbone moves any more. Takes effect at the next compile, so in `train`."""
    for layer in anatomy.all_layers(backbone):  # Keras skips a value that a container has already
        layer.trainable = False
    backbone.trainable = False


def unfreeze(backbone, *, from_block=None):
    """The backbone's weights may move again, from one block to the end; None: all of them.

    BatchNormalization layers stay frozen, at every depth: a small data set would overwrite the
    statistics that they learned on 1.3 million photographs. (`training=False` does not hold them:
    keras-team/keras issue 20285.) Takes effect at the next compile, so in `train`.
    """
    found = list(anatomy.all_layers(backbone))
    chosen = found if from_block is None else anatomy.layers_from(backbone, from_block)
    for container in anatomy.containers(backbone):  # first: it hands its value down to its layers
        container.trainable = True
    for layer in found:
        is_batch_normalization = isinstance(layer, layers.BatchNormalization)
        layer.trainable = layer in chosen and not is_batch_normalization


def foresee(
    model, learning_rate, *, warm_up=False, optimizer="Adam", before=None, backbone=None
):
    """The Findings 4, 6 to 9 and 19 that training at this learning rate would run into.

    Of 6 to 19 none where no pretrained kernel may move: a new head, or a network from scratch.
    Where all of a backbone may move under a head that has learned nothing, it is Mistake 3 alone.
    """
    body, head = anatomy.backbone_and_head(model, backbone)
    may_move = anatomy.may_move(model)
    too_low = learning_rate < LOWEST_RATE
    found = [records.finding(7, f"(It is {learning_rate:g}.)")] if too_low else []
    fixed = [layer for layer in head if anatomy.kernels([layer]) and not may_move(layer)]
    found += [records.finding(4, f"({fixed[0].name!r} is.)")] if fixed and body else []
    with_kernels = [layer for layer in body if anatomy.kernels([layer])]
    if not any(map(may_move, with_kernels)) or not anatomy.is_pretrained(model, body, backbone):
        return found
    is_new = anatomy.is_untrained(head, before)
    if is_new and before is None and all(map(may_move, with_kernels)):
        return [records.finding(3, "(All of it may move: freeze it first.)")]
    highest = HIGHEST_RATE.get(optimizer, HIGHEST_RATE_OF_OTHERS) * (3 if warm_up else 1)
    if learning_rate > highest * 1.001:  # float32
        detail = f"(It is {learning_rate:g}; above {highest:g} look twice.)"
        found.append(records.finding(6, detail))
    norms = anatomy.borrowed_norms(model, body, backbone)
    if free := [layer for layer in norms if may_move(layer)]:
        found.append(records.finding(8, f"({len(free)} of them may move.)"))
    return found + ([records.finding(9)] if is_new else []) + _cut_block(body, may_move)


def _cut_block(body, may_move):
    """Mistake 19: the kernels of one block either all may move, or none."""
    flags = {}
    for layer in body:
        if anatomy.kernels([layer]) and (match := anatomy.BLOCK_NAME.match(layer.name)):
            flags.setdefault(match.group(), set()).add(may_move(layer))
    cut = [block for block, both in flags.items() if len(both) == 2]
    return [records.finding(19, f"(It is {cut[0]!r}.)")] if cut else []


class Pace(NamedTuple):
    """How fast an optimizer goes, and how far it has gone since it was compiled."""

    rate: float  # at its highest
    climbs: bool  # to that rate, by a warm-up
    name: str
    steps: int
    skips: bool  # mixed precision has not let it take a step yet


def pace(optimizer):
    """The Pace of a compiled model's optimizer, which may hold a schedule of Keras."""
    if optimizer is None:
        return Pace(1e-4, False, "Adam", 1, False)
    inner = getattr(optimizer, "inner_optimizer", optimizer)  # mixed precision wraps it
    rates = [float(keras.ops.convert_to_numpy(rate)) for rate in _rates(inner)]
    steps = int(keras.ops.convert_to_numpy(inner.iterations))
    climbs, skips = rates[0] < max(rates) / 2, inner is not optimizer and steps == 0
    return Pace(max(rates), climbs, type(inner).__name__, steps, skips)


def _rates(optimizer):
    """Its rates from the first step on: of a schedule at 40 places, else the one it has."""
    plan = optimizer._learning_rate  # `learning_rate` is only a schedule's value now
    if not isinstance(plan, keras.optimizers.schedules.LearningRateSchedule):
        return [plan]
    return [plan(int(step)) for step in np.unique(np.geomspace(1, 1e5, 40).astype(int)) - 1]


# ---------------------------------------------------------------- how long, how fast


class Schedule(NamedTuple):
    """How long to train and how fast: one value for each choice."""

    learning_rate: float  # Adam's, at its highest
    steps: int  # batches
    warm_up: int = 0  # of these steps: the rate climbs, so that no early step is violent
    final: float = 1.0  # the last step's rate, as a fraction of the highest; a cosine leads there
    batch_size: int = 32

    def rates(self):
        """The learning rate of each step, float (steps,): warm-up, then half a cosine wave down.

        After Loshchilov & Hutter 2017 (https://arxiv.org/abs/1608.03983), without restarts.
        """
        step = np.arange(self.steps)
        climbing = (step + 1) / max(1, self.warm_up)
        done = (step - self.warm_up) / max(1, self.steps - self.warm_up - 1)
        falling = self.final + (1 - self.final) * (1 + np.cos(np.pi * done)) / 2
        return self.learning_rate * np.where(step < self.warm_up, climbing, falling)

    def batches(self, places, *, seed):
        """Which pictures each step sees, int (steps, batch_size), of those at these places.

        Cut from one row of permutations: every picture comes equally often, all batches are alike.
        """
        random = np.random.default_rng(seed)
        rounds = -(-self.steps * self.batch_size // len(places))
        row = np.concatenate([random.permutation(places) for _ in range(rounds)])
        return row[: self.steps * self.batch_size].reshape(self.steps, self.batch_size)

    def epochs(self, num_images):
        """About as many passes over so many pictures as hold these steps."""
        return max(1, round(self.steps / -(-num_images // self.batch_size)))


def schedule(num_images, num_classes, *, step):
    """How to train so many pictures of so many classes: the one place where the course says it.

    step: "head" (the lecture's step a), "fine-tune" (step b), or "scratch". The rates were chosen
    on validation pictures of other visits (docs/experiments.md), the steps so that each way knows
    its own pictures in the end: from scratch at least 95 % of them. As one pure function after
    BiT's hyper-rule (Kolesnikov et al. 2020). Raises ValueError for another step.
    """
    if num_images < 1 or num_classes < 2:
        raise ValueError(f"Got {num_images=}, {num_classes=}: expected at least 1 and 2.")
    if step == "head":
        return Schedule(1e-3, steps=200, final=0.1)
    if step == "fine-tune":
        steps = max(60, round(15 * num_images / 32))  # 15 epochs, or a minute's worth of steps
        return Schedule(3e-4, steps=steps, warm_up=steps // 15, final=0.1)
    if step == "scratch":
        steps = max(150, round(40 * num_images / 16))
        return Schedule(2e-3, steps=steps, warm_up=10, final=0.1, batch_size=16)
    raise ValueError(f"Unknown step {step!r}: choose from ['head', 'fine-tune', 'scratch'].")


# ---------------------------------------------------------------- training


def train(
    model, train_set, val_set=None, *, schedule=None, learning_rate=None, epochs=None, seed,
    batch_size=32, augmentation=None, class_weights=None,
):  # fmt: skip
    """Compile and fit the model, in place. One function for both steps.

    train_set, val_set: images (or features) and labels; without val_set nothing is validated.
    schedule: a Schedule; or Adam's learning_rate, a number or a schedule of Keras, and epochs.
    augmentation: a Keras layer or model that changes the training pixels only. class_weights: how
    much a picture of each class counts, as `data.class_weights` says. Compiling here, always, makes
    `freeze` and `unfreeze` take effect. Prints the mistakes that it sees coming, or ValueError.
    Returns the history, one number an epoch: loss, accuracy and val_loss, val_accuracy (0..1).
    """
    train_set, val_set = _checked(model, train_set, val_set, schedule)
    plan = schedule or _constant(learning_rate, epochs, batch_size, len(train_set))
    rates = plan.rates() if schedule else _rates_of(learning_rate, plan.steps)
    plan = plan._replace(learning_rate=float(max(rates)))
    _check_training(model, train_set, val_set, plan, climbs=rates[0] < max(rates) / 2)
    keras.utils.set_random_seed(seed)
    if augmentation is not None:
        pixels = keras.Input(model.input_shape[1:])
        model = keras.Model(pixels, model(augmentation(pixels)))  # the very same weights
    compile_for_classes(model, learning_rate=plan.learning_rate)
    history = model.fit(
        **activations.for_fit(train_set, plan.batch_size, seed),
        epochs=plan.epochs(len(train_set)), callbacks=[_Rates(rates)], verbose=0,
        validation_data=None if val_set is None else (val_set.images, val_set.labels),
        class_weight=None if class_weights is None else dict(enumerate(class_weights)),
    )  # fmt: skip
    return {name: [float(value) for value in values] for name, values in history.history.items()}


def compile_for_classes(model, *, learning_rate):
    """Compile a classifier for training, in place: now it is settled which weights may move."""
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate),
        loss="sparse_categorical_crossentropy", metrics=["accuracy"],
        jit_compile=False,  # XLA made convolutions 15 times slower on a CPU
    )  # fmt: skip


def _checked(model, train_set, val_set, schedule):
    """The two sets with integer labels. ValueError where another kind of thing was given."""
    some_set, plan = data.ImageSet | None, Schedule | None
    for name, given, kind, words in (
        ("model", model, keras.Model, "a keras.Model"),
        ("train_set", train_set, data.ImageSet, "an ImageSet"),
        ("val_set", val_set, some_set, "an ImageSet or None"),
        ("schedule", schedule, plan, "a transfer.Schedule or None"),
    ):
        if not isinstance(given, kind):
            raise ValueError(f"{name} is {reprlib.repr(given)}: expected {words}.")
    return _with_numbers(train_set, "train_set"), _with_numbers(val_set, "val_set")


def _constant(learning_rate, epochs, batch_size, num_images):
    """The Schedule of a constant rate. ValueError where rate or epochs are missing, or words."""
    if learning_rate is None or epochs is None:
        got = f"learning_rate {learning_rate} and epochs {epochs}"
        raise ValueError(f"Got {got}: give both, or a schedule.")
    if not (hasattr(learning_rate, "__float__") or callable(learning_rate)):
        got = f"learning_rate is {learning_rate!r}"
        raise ValueError(f"{got}: expected a number, or a schedule of Keras.")
    if not hasattr(epochs, "__index__") or epochs < 1:
        raise ValueError(f"epochs is {epochs!r}: expected a whole number from 1 on.")
    return Schedule(learning_rate, epochs * -(-num_images // batch_size), batch_size=batch_size)


class _Rates(keras.callbacks.Callback):
    """Set the rate of each step; after the last one it stays."""

    def __init__(self, rates):
        super().__init__()
        self.rates, self.step = rates, 0

    def on_train_batch_begin(self, batch, logs=None):
        self.model.optimizer.learning_rate = self.rates[min(self.step, len(self.rates) - 1)]
        self.step += 1


def _rates_of(learning_rate, steps):
    """The rate of each step, of a number or of a schedule of Keras."""
    if not callable(learning_rate):
        return np.full(steps, learning_rate)
    return np.array([float(learning_rate(step)) for step in range(steps)])


def _check_training(model, train_set, val_set, plan, *, climbs):
    """Raise for what cannot work; print the classic mistakes that can be seen coming."""
    if val_set is not None and train_set.class_names != val_set.class_names:
        orders = f"({train_set.class_names} and {val_set.class_names}.)"
        raise ValueError(str(records.finding(22, orders)))
    outputs, num_classes = model.output_shape[-1], len(train_set.class_names)
    if outputs != num_classes:
        detail = f"({outputs} outputs for {num_classes} classes.)"
        raise ValueError(str(records.finding(11, detail)))
    if not model.trainable_weights:
        raise ValueError(str(records.finding(4, "(No weight of this model is trainable.)")))
    if not 0 < plan.learning_rate < 10:
        got = f"learning_rate is {plan.learning_rate}"
        raise ValueError(f"{got}: expected a number between 0 and 10.")
    if (gives := _answers(model)) != "softmax":
        raise ValueError(str(records.finding(10, f"(The model gives: {gives}.)")))
    foreseen = foresee(model, plan.learning_rate, warm_up=climbs)
    for mistake in [*foreseen, *_shared(train_set, val_set)]:
        print(mistake)


def _with_numbers(part, name):
    """The set with integer labels, of one-hot ones or of a column; None stays None."""
    if part is None:
        return None
    if np.ndim(part.labels) > 1:
        part = replace(part, labels=reading.numbers_of(part.labels))
    data.check_labels(part, name)
    return part


def _answers(model):
    """"softmax", or what else the model's outputs are: see `measure.answers`."""
    last = model.layers[-1]
    if getattr(last, "activation", None) is keras.activations.softmax:
        return "softmax"  # most models: nothing to run
    noise = measure.pictures_for(model, measure.input_shape(model))
    outputs, steps = measure.run(model, noise, list(anatomy.all_layers(model)))
    last = measure.last_of(steps, outputs.shape[-1])
    return measure.answers(model, last, noise) if last is not None else "softmax"


def _shared(train_set, val_set):
    """Mistake 15 where validation pictures are training pictures, bit by bit."""
    if val_set is None or val_set.images.ndim != 4 or val_set.images.dtype != np.uint8:
        return []
    own = {hash(image.tobytes()) for image in train_set.images}
    again = sum(hash(image.tobytes()) in own for image in val_set.images)
    cause = f"{again} of {len(val_set)} validation pictures are training pictures."
    return [records.finding(15, cause=cause)] if again else []


def reset_optimizer(model, *, learning_rate):
    """A compiled model's optimizer as if new, at this rate: many short runs, compiled once.

    Which weights may move stays as it was at the last compile.
    """
    optimizer = getattr(model.optimizer, "inner_optimizer", model.optimizer)
    for state in optimizer.variables:  # not the scale that mixed precision wraps around it
        state.assign(keras.ops.zeros(state.shape, state.dtype))
    model.optimizer.learning_rate = learning_rate


# ---------------------------------------------------------------- the frozen part, computed once


def extract_features(network, images, *, batch_size=16, memory_limit=MEMORY_LIMIT):
    """The network's outputs for these images, float32: (n, dimensions), or a trunk's activations.

    While the network is frozen they never change, so computing them once replaces most of the work
    of every epoch. Not valid with augmentation, nor after the network was fine-tuned.
    images: one array, or an iterable of arrays (m, height, width, 3), such as a generator that
    reads them: then only a few are in memory at a time. batch_size: images at a time through
    Keras; `litert` does the same faster where it can. memory_limit: bytes; larger outputs go to a
    temporary file, memory-mapped, and one printed line says so.
    """
    groups = [images] if hasattr(images, "shape") else images
    return activations.one_array(activations.outputs(network, groups, batch_size), memory_limit)


def on_activations(model, from_block, *datasets, augmentation=None, memory_limit=MEMORY_LIMIT):
    """What to fine-tune from a block on: (a model, the data sets for it).

    The top on the trunk's activations, computed once: the same training in a fraction of the time.
    With augmentation each epoch's pixels are new ones, so it is the model and the sets as they
    are, and one printed line says so. ValueError when a weight before the block may move.
    """
    if augmentation is not None:
        print("With augmentation the activations change: every epoch runs the whole network.")
        return model, datasets
    trunk, top = split_at(model, from_block)
    if trunk.trainable_weights:
        names = [weight.path for weight in trunk.trainable_weights][:3]
        raise ValueError(f"Weights before {from_block!r} may move, such as {names}: freeze them.")
    return top, tuple(precompute(trunk, part, memory_limit=memory_limit) for part in datasets)


def precompute(network, dataset, *, memory_limit=MEMORY_LIMIT):
    """The data set with the network's features, or a trunk's activations, in place of images."""
    outputs = extract_features(network, dataset.images, memory_limit=memory_limit)
    return replace(dataset, images=outputs)


# ---------------------------------------------------------------- the evidence


def snapshot(model):
    """A copy of every weight now: {path such as "head/kernel": array}."""
    return {weight.path: weight.numpy() for weight in model.weights}


def moved(model, before):
    """The paths of the weights that are not bit-identical to the snapshot `before`, in order."""
    return [
        weight.path for weight in model.weights if not np.array_equal(weight, before[weight.path])
    ]
