"""Mistakes 6 and 7: a learning rate too high for fine-tuning, and one that moves nothing."""

import keras

from tests.mistakes import backbones, tuning, writing
from tests.mistakes.backbones import SMALL
from tests.mistakes.rows import right, wrong

schedules, optimizers = keras.optimizers.schedules, keras.optimizers


def _with(optimizer, *, chosen=None, epochs=3):
    """A set-up that fine-tunes with what this function makes, all else right."""

    def setup(world):
        return world.fine_tuning(*tuning.tuned(world, chosen, optimizer=optimizer(), epochs=epochs))

    return setup


def _named(name, setup):
    setup.__name__ = name
    return setup


def _before_training(optimizer):
    """Seen before training, also for large networks."""

    def setup(world):
        return world.fine_tuning(tuning.ready(world, optimizer=optimizer()))

    return setup


def lowered_by_hand(world):
    """A high rate for three epochs, then a low one set by hand."""
    model = world.train_head(world.classifier())
    before = world.transfer.snapshot(model)
    tuning.free(world, tuning.all_but_norms)
    world.compile(model, optimizer=optimizers.Adam(3e-2))
    world.fit(model, epochs=3)
    model.optimizer.learning_rate = 1e-5
    world.fit(model)
    return world.fine_tuning(model, before)


def lowered_by_a_callback(world):
    """A callback sets 3e-2 first and 1e-5 at the end."""
    model = world.train_head(world.classifier())
    before = world.transfer.snapshot(model)
    tuning.free(world, tuning.all_but_norms)
    world.compile(model, optimizer=optimizers.Adam(3e-2))
    falling = keras.callbacks.LearningRateScheduler(lambda epoch, rate: [3e-2, 1e-2, 1e-5][epoch])
    images, labels = world.images(), world.labels(12)
    model.fit(images, labels, batch_size=6, epochs=3, verbose=0, callbacks=[falling])
    return world.fine_tuning(model, before)


TOO_HIGH = {
    "adam_as_a_word": lambda: "adam",
    "rmsprop_as_a_word": lambda: "rmsprop",
    "adam_1e_2": lambda: optimizers.Adam(1e-2),
    "adam_3e_3": lambda: optimizers.Adam(3e-3),
    "adamw_1e_2": lambda: optimizers.AdamW(1e-2),
    "nadam_5e_3": lambda: optimizers.Nadam(5e-3),
    "sgd_1": lambda: optimizers.SGD(1.0),
    "sgd_momentum_half": lambda: optimizers.SGD(0.5, momentum=0.9),
    "cosine_from_1e_2_over": lambda: optimizers.Adam(schedules.CosineDecay(1e-2, 6)),
    "exponential_from_1e_2": lambda: optimizers.Adam(schedules.ExponentialDecay(1e-2, 100, 0.9)),
    "steps_from_1e_2_over": lambda: optimizers.Adam(
        schedules.PiecewiseConstantDecay([3, 5], [1e-2, 1e-3, 1e-5])
    ),
    "own_warm_up_to_1e_1": lambda: optimizers.Adam(writing.WarmUp(1e-1, steps=4)),
}
TOO_LOW = {
    "adam_1e_9": lambda: optimizers.Adam(1e-9),
    "adam_1e_8": lambda: optimizers.Adam(1e-8),
    "adam_1e_12": lambda: optimizers.Adam(1e-12),
    "adam_nought": lambda: optimizers.Adam(0.0),
    "sgd_1e_9": lambda: optimizers.SGD(1e-9),
    "rmsprop_1e_10": lambda: optimizers.RMSprop(1e-10),
    "cosine_from_1e_9": lambda: optimizers.Adam(schedules.CosineDecay(1e-9, 100)),
    "warm_up_to_1e_9": lambda: optimizers.Adam(writing.WarmUp(1e-9)),
}
FLOAT = {"precision": "float32"}
WRONG = [
    *(wrong(6, _named(f"trained_{name}", _with(optimizer)), worlds=1, backbone=SMALL, **FLOAT)
      for name, optimizer in TOO_HIGH.items()),
    *(wrong(6, _named(f"seen_before_{name}", _before_training(TOO_HIGH[name])), worlds=3)
      for name in ("adam_as_a_word", "adam_1e_2", "cosine_from_1e_2_over")),
    wrong(6, _named("vgg_at_adam_s_own", _before_training(lambda: "adam")), backbone="vgg16"),
    wrong(6, _named("plain_at_adam_s_own", _with(lambda: optimizers.Adam(1e-3))), worlds=2,
          backbone="plain", **FLOAT),
    wrong(6, lowered_by_hand, worlds=1, backbone=SMALL, **FLOAT),
    wrong(6, lowered_by_a_callback, worlds=1, backbone=SMALL, **FLOAT),
    *(wrong(7, _named(f"trained_{name}", _with(optimizer)), worlds=1, backbone=SMALL, **FLOAT)
      for name, optimizer in TOO_LOW.items()),
    *(wrong(7, _named(f"seen_before_{name}", _before_training(TOO_LOW[name])), worlds=2)
      for name in ("adam_1e_9", "adam_nought", "cosine_from_1e_9")),
]  # fmt: skip


# ---------------------------------------------------------------- right


def cosine_over(world):
    """A cosine from 1e-4 that has come to its end: the rate is now 0."""
    optimizer = optimizers.Adam(schedules.CosineDecay(1e-4, 4))
    return world.fine_tuning(*tuning.tuned(world, optimizer=optimizer, epochs=3))


def warm_up_beginning(world):
    """The first step of a warm-up from 0 to 1e-4, before training."""
    rates = schedules.CosineDecay(0.0, 100, warmup_target=1e-4, warmup_steps=20)
    return world.fine_tuning(tuning.ready(world, optimizer=optimizers.Adam(rates)))


def warm_up_trained(world):
    rates = schedules.CosineDecay(0.0, 100, warmup_target=1e-4, warmup_steps=20)
    return world.fine_tuning(*tuning.tuned(world, optimizer=optimizers.Adam(rates)))


def own_warm_up(world):
    rates = writing.WarmUp(1e-4, steps=30)
    return world.fine_tuning(*tuning.tuned(world, optimizer=optimizers.Adam(rates)))


def polynomial_over(world):
    rates = schedules.PolynomialDecay(1e-4, 4, end_learning_rate=0.0)
    return world.fine_tuning(*tuning.tuned(world, optimizer=optimizers.AdamW(rates)))


def lowered_on_a_plateau(world):
    """A callback lowered the rate to next to nothing at the end."""
    model, before = tuning.tuned(world, optimizer=optimizers.Adam(1e-4))
    model.optimizer.learning_rate = 1e-9
    return world.fine_tuning(model, before)


def sgd_as_keras_has_it(world):
    """SGD(0.01) is small for SGD."""
    optimizer = optimizers.SGD(1e-2)
    return world.fine_tuning(*tuning.tuned(world, optimizer=optimizer))


def usual_rates(world):
    rate = {0: 1e-5, 1: 3e-5, 2: 1e-4}[world.choice["nesting"]]
    return world.fine_tuning(*tuning.tuned(world, rate=rate))


def by_the_course_s_schedule(world):
    """transfer.schedule: 3e-4 at its highest, after a warm-up."""
    from tests.mistakes import pictures

    train_set = pictures.few(world.size, num_per_class=8)
    model = world.transfer.add_head(world.backbone, 3, seed=0)
    world.transfer.freeze(world.backbone)
    world.transfer.train(model, train_set, learning_rate=1e-2, epochs=4, seed=0)
    before = world.transfer.snapshot(model)
    tuning.free(world)
    plan = world.transfer.schedule(len(train_set), 3, step="fine-tune")._replace(steps=12)
    world.transfer.train(model, train_set, schedule=plan, seed=0)
    return world.fine_tuning(model, before)


def own_network_trained_twice(world):
    """A network of one's own, with BatchNormalization, from scratch at 1e-3, twice."""
    model = _own_network(norm=True)
    model.compile("adam", "sparse_categorical_crossentropy", jit_compile=False)
    world.choice["labels"], world.num_classes = "integers", 3
    world.fit(model, epochs=2)
    before = world.transfer.snapshot(model)
    model.compile("adam", "sparse_categorical_crossentropy", jit_compile=False)
    world.fit(model, epochs=2)
    return world.fine_tuning(model, before)


def own_network_without_norms(world):
    model = _own_network(norm=False)
    world.choice["labels"], world.num_classes = "integers", 3
    before = world.transfer.snapshot(model)
    model.compile("adam", "sparse_categorical_crossentropy", jit_compile=False)
    world.fit(model, epochs=2)
    return world.fine_tuning(model, before)


def _own_network(*, norm):
    layers = keras.layers
    model = keras.Sequential([keras.Input((32, 32, 3)), layers.Rescaling(1 / 255)])
    for filters in (8, 16):
        model.add(layers.Conv2D(filters, 3, padding="same"))
        if norm:
            model.add(layers.BatchNormalization())
        model.add(layers.ReLU())
        model.add(layers.MaxPooling2D())
    model.add(layers.GlobalAveragePooling2D())
    model.add(layers.Dense(3, activation="softmax"))
    return model


def small_cnn(world):
    """The course's network from scratch, by the course's schedule for it."""
    from tests.mistakes import pictures
    from tl_course import backbones as course

    model = course.small_cnn(3, image_size=32, seed=0)
    before = world.transfer.snapshot(model)
    plan = world.transfer.schedule(12, 3, step="scratch")._replace(steps=6)
    world.transfer.train(model, pictures.few(32), schedule=plan, seed=0)
    return world.fine_tuning(model, before)


RIGHT = [
    right(cosine_over, worlds=3, backbone=SMALL, **FLOAT),
    right(warm_up_beginning, worlds=4),
    right(warm_up_trained, worlds=2, backbone=SMALL),
    right(own_warm_up, worlds=2, backbone=SMALL),
    right(polynomial_over, worlds=1, backbone=SMALL),
    right(lowered_on_a_plateau, worlds=2, backbone=SMALL, **FLOAT),
    right(sgd_as_keras_has_it, worlds=2, backbone=SMALL),
    right(usual_rates, worlds=4, backbone=SMALL),
    right(by_the_course_s_schedule, worlds=2, backbone=SMALL, pooled=True, **FLOAT),
    right(own_network_trained_twice, worlds=1, told=False, backbone="tiny", **FLOAT),
    right(own_network_without_norms, worlds=1, told=False, backbone="tiny", **FLOAT),
    right(small_cnn, worlds=1, told=False, backbone="tiny", **FLOAT),
]
assert set(SMALL) < set(backbones.NAMES)
