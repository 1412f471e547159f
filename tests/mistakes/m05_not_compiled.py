"""Mistake 5: `trainable` was changed after the last compile, so what moved is something else."""

from tests.mistakes import tuning
from tests.mistakes.backbones import SMALL
from tests.mistakes.rows import right, wrong


def unfrozen_after_compile(world):
    """Freeze, compile, fit, unfreeze, and straight on with fit."""
    model = world.compile(world.classifier())
    world.fit(model)
    before = world.transfer.snapshot(model)
    tuning.free(world)
    world.fit(model)
    return world.fine_tuning(model, before)


def last_block_after_compile(world):
    model = world.compile(world.classifier())
    world.fit(model, epochs=2)
    before = world.transfer.snapshot(model)
    tuning.last_block(world)
    world.fit(model, epochs=2)
    return world.fine_tuning(model, before)


def snapshot_before_the_head(world):
    """The same, with a snapshot from the very beginning."""
    model = world.classifier()
    before = world.transfer.snapshot(model)
    world.compile(model)
    world.fit(model)
    tuning.free(world)
    world.fit(model)
    return world.fine_tuning(model, before)


def frozen_after_compile(world):
    """All was free at the compile; the freeze came too late."""
    model = world.classifier(frozen=False)
    tuning.all_but_norms(world)
    world.train_head(model)
    world.compile(model, rate=1e-5)
    world.fit(model)
    before = world.transfer.snapshot(model)
    world.backbone.trainable = False
    world.fit(model)
    return world.fine_tuning(model, before)


def another_block_after_compile(world):
    """The last block was free at the compile, a second one was freed after it."""
    model = world.train_head(world.classifier())
    tuning.last_block(world)
    world.compile(model, rate=1e-5)
    world.fit(model)
    before = world.transfer.snapshot(model)
    tuning.two_blocks(world)
    world.fit(model)
    return world.fine_tuning(model, before)


def fewer_blocks_after_compile(world):
    """Everything was free at the compile; that it should be one block came after it."""
    model = world.train_head(world.classifier())
    tuning.all_but_norms(world)
    world.compile(model, rate=1e-5)
    world.fit(model)
    before = world.transfer.snapshot(model)
    tuning.last_block(world)
    world.fit(model)
    return world.fine_tuning(model, before)


def only_the_rate_changed(world):
    """Instead of a compile, a new learning rate by hand."""
    model = world.compile(world.classifier(), optimizer="adam")
    world.fit(model)
    before = world.transfer.snapshot(model)
    tuning.free(world)
    model.optimizer.learning_rate = 1e-5
    world.fit(model)
    return world.fine_tuning(model, before)


def nothing_was_unfrozen(world):
    """Compiled and trained on, with the backbone as frozen as before."""
    model = world.train_head(world.classifier())
    before = world.transfer.snapshot(model)
    world.compile(model, rate=1e-5)
    world.fit(model)
    return world.fine_tuning(model, before)


WRONG = [
    wrong(5, unfrozen_after_compile, worlds=5, backbone=SMALL, precision="float32"),
    wrong(5, last_block_after_compile, worlds=3, backbone=SMALL, precision="float32"),
    wrong(5, snapshot_before_the_head, worlds=2, backbone=SMALL, precision="float32"),
    wrong(5, frozen_after_compile, worlds=3, backbone=SMALL, precision="float32"),
    wrong(5, another_block_after_compile, worlds=3, backbone=SMALL, precision="float32"),
    wrong(5, fewer_blocks_after_compile, worlds=2, backbone=SMALL, precision="float32"),
    wrong(5, only_the_rate_changed, worlds=2, backbone=SMALL, precision="float32"),
    wrong((5, None), nothing_was_unfrozen, worlds=2, backbone=SMALL, precision="float32"),
]


# ---------------------------------------------------------------- right


def step_b(world):
    """The whole way, right, in this student's writing."""
    return world.fine_tuning(*tuning.tuned(world))


def step_b_seen_before_training(world):
    return world.fine_tuning(tuning.ready(world))


def compiled_again_for_evaluation(world):
    """After training, a compile with other metrics: the optimizer is a new one."""
    model, before = tuning.tuned(world)
    world.compile(model, rate=1e-5)
    return world.fine_tuning(model, before)


def a_skipped_first_step(world):
    """Mixed precision skips steps until its scale fits: nothing has moved yet."""
    import keras

    big = keras.optimizers.LossScaleOptimizer(
        keras.optimizers.Adam(1e-5), initial_scale=2.0**126
    )
    model, before = tuning.tuned(world, optimizer=big, epochs=1)
    return world.fine_tuning(model, before)


def snapshot_before_head_training(world):
    """The snapshot is from the very beginning; the head was trained first, as it should be."""
    model = world.classifier()
    before = world.transfer.snapshot(model)
    world.compile(model, rate=1e-2, optimizer="adam")
    world.fit(model, epochs=6)
    tuning.free(world)
    world.compile(model, rate=1e-5)
    world.fit(model)
    return world.fine_tuning(model, before)


def trained_on_in_two_runs(world):
    """fit was called twice."""
    model, before = tuning.tuned(world)
    world.fit(model)
    return world.fine_tuning(model, before)


def by_transfer_train(world):
    """As the solution of lesson 4 has it."""
    train_set = _few(world)
    model = world.transfer.add_head(world.backbone, 3, seed=0)
    world.transfer.freeze(world.backbone)
    world.transfer.train(model, train_set, learning_rate=1e-2, epochs=4, seed=0)
    before = world.transfer.snapshot(model)
    tuning.free(world)
    world.transfer.train(model, train_set, learning_rate=1e-4, epochs=1, seed=0)
    return world.fine_tuning(model, before)


def on_activations(world):
    """Lesson 4 trains the top alone, on what enters its first block."""
    train_set = _few(world)
    model = world.transfer.add_head(world.backbone, 3, seed=0)
    world.transfer.freeze(world.backbone)
    world.transfer.train(model, train_set, learning_rate=1e-2, epochs=4, seed=0)
    trunk, top = world.transfer.split_at(model, "block_2")
    before = world.transfer.snapshot(top)
    world.transfer.unfreeze(world.backbone, from_block="block_3")
    inside = world.transfer.precompute(trunk, train_set)
    world.transfer.train(top, inside, learning_rate=1e-4, epochs=1, seed=0)
    return world.fine_tuning(top, before)


def _few(world):
    from tests.mistakes import pictures

    return pictures.few(world.size)


RIGHT = [
    right(step_b, worlds=12, backbone=SMALL),
    right(step_b_seen_before_training, worlds=10),
    right(compiled_again_for_evaluation, worlds=2, backbone=SMALL),
    right(a_skipped_first_step, worlds=3, backbone=SMALL, precision="mixed_float16"),
    right(snapshot_before_head_training, worlds=4, backbone=SMALL, precision="float32"),
    right(trained_on_in_two_runs, worlds=2, backbone=SMALL),
    right(by_transfer_train, worlds=3, backbone=SMALL, pooled=True, precision="float32"),
    right(on_activations, worlds=2, backbone=("tiny", "mobile"), pooled=True, precision="float32",
          told=False),
]  # fmt: skip
