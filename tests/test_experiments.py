"""One experiment: the same pictures for every way, each run as if it were the first."""

import json
from dataclasses import fields, replace
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from tests import tiny
from tl_course import evaluation, experiments, transfer
from tl_course.experiments import ALL, HEAD, PROBE, SCRATCH, TUNED

TUNED_3 = TUNED + "block_3"
NEURAL = (SCRATCH, HEAD, TUNED_3)
PLAN = transfer.Schedule(0.02, steps=6, batch_size=8)


def plan(num_images, num_classes, *, step):
    return PLAN


def pictures(*, seed, image_size=16, num_per_class=16):
    """Noise, and labels by chance: nothing to learn but by heart, so every difference shows."""
    random = np.random.default_rng(seed)
    pixels = random.integers(0, 256, (2 * num_per_class, image_size, image_size, 3))
    drawn = tiny.images(num_per_class=num_per_class, seed=seed)
    return replace(drawn, images=pixels.astype("uint8"), source="noise")


def compare(*ways, seeds=(0,), shots=(4,), image_size=16, schedule=plan, backbone=None):
    pool, test_set = (pictures(seed=k, image_size=image_size) for k in (1, 2))
    backbone = backbone or tiny.backbone(image_size=image_size)
    options = {"shots": shots, "seeds": seeds, "backbone": backbone, "schedule": schedule}
    return experiments.compare(ways, pool, test_set, **options)


def watch(patch):
    """A list that fills with the weights of each network at the end of its run: {path: array}."""
    found, judge = [], experiments._judged

    def look(network, own, asked):
        found.append(transfer.snapshot(network))
        return judge(network, own, asked)

    patch.setattr(experiments, "_judged", look)
    return found


def same(a, b, tolerance=0.0):
    """Are all weights of a those of b, which may have more?"""
    return all(np.allclose(a[path], b[path], rtol=0, atol=tolerance) for path in a)


# ---------------------------------------------------------------- the same for every way


@pytest.fixture(scope="module")
def all_ways():
    """Seeds 0, 1 and 0 again, all ways: what they saw, how they ended, what came out."""
    trained, fitted, steps, fit = [], [], [], LogisticRegression.fit

    class Watched(transfer.Schedule):
        def batches(self, places, *, seed):
            trained.append(tuple(places))
            return super().batches(places, seed=seed)

    def watched(num_images, num_classes, *, step):
        steps.append(step)
        return Watched(*PLAN)

    def look(self, features, labels):
        fitted.append(features)
        return fit(self, features, labels)

    backbone = tiny.backbone(image_size=32)
    with pytest.MonkeyPatch.context() as patch:
        learned = watch(patch)
        patch.setattr(LogisticRegression, "fit", look)
        options = {"image_size": 32, "backbone": backbone, "schedule": watched}
        found = compare(*NEURAL, PROBE, seeds=(0, 1, 0), **options)
    return SimpleNamespace(
        backbone=backbone, trained=trained, fitted=fitted, steps=steps, learned=learned, found=found
    )


def test_every_way_gets_the_same_pictures(all_ways):
    pool = pictures(seed=1, image_size=32)
    drawn = [tuple(experiments.draw(pool, 4, seed=seed)) for seed in (0, 1, 0)]
    assert all_ways.trained == [drawn[0]] * 4 + [drawn[1]] * 4 + [drawn[0]] * 3
    assert drawn[0] != drawn[1]  # control: else the same for every way would say nothing
    for features, places in zip(all_ways.fitted, drawn, strict=True):
        expected = transfer.extract_features(all_ways.backbone, pool.images[list(places)])
        np.testing.assert_allclose(features, expected, atol=1e-5)


def test_a_run_is_the_same_first_or_after_others(all_ways):
    first, other, again = (all_ways.learned[k : k + 3] for k in (0, 3, 6))
    assert all(map(same, first, again))
    assert not any(map(same, first, other))  # control: another seed ends elsewhere
    right = all_ways.found.right
    np.testing.assert_array_equal(right[:, :, 0], right[:, :, 2])


def test_head_and_fine_tuned_share_one_step_a(all_ways):
    further = ["fine-tune", "fine-tune"]  # step (a) is done once a draw: the third is the first
    assert all_ways.steps == 2 * ["scratch", "head", *further] + ["scratch", *further]


# ---------------------------------------------------------------- against plain Keras


def fit(network, images, labels, few, seed):
    """The same batches by Keras `fit`, compiled anew, with the same dropout."""
    order = PLAN.batches(few, seed=seed).ravel()
    network.get_layer("head_dropout").seed_generator.state.assign([seed, 0])
    adam = keras.optimizers.Adam(PLAN.learning_rate)
    network.compile(adam, "sparse_categorical_crossentropy", jit_compile=False)
    options = {"batch_size": PLAN.batch_size, "shuffle": False, "verbose": 0}
    network.fit(images[order], labels[order], **options)


def by_keras(from_block=None, seed=5):
    """Step (a) and on, without a trick: (weights, answers to the test set, accuracy on its own)."""
    backbone, pool, test_set = tiny.backbone(), pictures(seed=1), pictures(seed=2)
    few = experiments.draw(pool, 4, seed=seed)
    model = transfer.add_head(backbone, 2, seed=0)
    head, features = transfer.head_of(model), transfer.extract_features(backbone, pool.images)
    fit(head, features, pool.labels, few, seed)
    if from_block:
        transfer.unfreeze(backbone, from_block=from_block)
        fit(model, pool.images, pool.labels, few, seed)
    else:
        fit(head, features, pool.labels, few, seed)
    right, own = (evaluation.correct_answers(model, s) for s in (test_set, pool.take(few)))
    return transfer.snapshot(model), right, own.mean()


@pytest.fixture(scope="module")
def plain_head():
    return by_keras()


@pytest.fixture(scope="module")
def tuned_and_head():
    """Seeds 1 and 5: the backbone before and after, how each run ended, what came out."""
    backbone = tiny.backbone()
    before = transfer.snapshot(backbone)
    with pytest.MonkeyPatch.context() as patch:
        learned = watch(patch)
        found = compare(TUNED_3, HEAD, seeds=(1, 5), backbone=backbone)
    return SimpleNamespace(backbone=backbone, before=before, learned=learned, found=found)


def test_the_backbone_is_afterwards_bit_identical(tuned_and_head):
    before, tuned = tuned_and_head.before, tuned_and_head.learned[0]
    assert transfer.moved(tuned_and_head.backbone, before) == []
    moved = [p for p in before.keys() & tuned if not np.array_equal(before[p], tuned[p])]
    assert moved == ["block_3_conv/kernel"]  # control: it had moved; the statistics had not


def test_the_head_is_trained_as_plain_keras_trains_it(tuned_and_head, plain_head):
    expected, right, own = plain_head
    _, other, _, head = tuned_and_head.learned
    assert same(head, expected, 1e-5) and not same(other, expected, 1e-5)  # control: another seed
    np.testing.assert_array_equal(tuned_and_head.found.right[1, 0, 1], right)
    assert tuned_and_head.found.own[1, 0, 1] == own


def test_fine_tuned_on_activations_is_the_whole_model_fine_tuned(tuned_and_head, plain_head):
    expected, right, own = by_keras("block_3")
    other, _, tuned, _ = tuned_and_head.learned
    assert same(tuned, expected, 1e-4) and not same(other, expected, 1e-4)
    assert not same(tuned, plain_head[0], 1e-4)  # control: the head alone ends elsewhere
    np.testing.assert_array_equal(tuned_and_head.found.right[0, 0, 1], right)
    assert tuned_and_head.found.own[0, 0, 1] == own


def forgetful(*, optimizer, dropout):
    """The training loop as it is often written: something goes on from the run before."""

    def learn(network, dataset, few, plan, seed):
        if dropout:
            network.get_layer("head_dropout").seed_generator.state.assign([seed, 0])
        if optimizer:
            transfer.reset_optimizer(network, learning_rate=plan.learning_rate)
        network.optimizer.learning_rate = plan.learning_rate
        for batch in plan.batches(few, seed=seed):
            network.train_on_batch(dataset.images[batch], dataset.labels[batch])

    return learn


@pytest.fixture(scope="module")
def bench():
    return experiments.Bench(pictures(seed=1), pictures(seed=2), tiny.backbone(), plan)


@pytest.mark.parametrize(("name", "mistake", "harmless"), [
    ("_learn", forgetful(optimizer=True, dropout=True), True),
    ("_learn", forgetful(optimizer=False, dropout=True), False),
    ("_learn", forgetful(optimizer=True, dropout=False), False),
    ("_renew_head", lambda head: None, False),
], ids=["nothing", "optimizer", "dropout", "weights"])  # fmt: skip
def test_control_a_run_differs_where_something_goes_on(
    bench, plain_head, monkeypatch, name, mistake, harmless
):
    monkeypatch.setattr(experiments, name, mistake)
    bench._trained.clear()
    learn = bench.learner(HEAD)
    for seed in (1, 5):
        learn(experiments.draw(bench.pool, 4, seed=seed), seed)
    assert same(transfer.snapshot(bench.head), plain_head[0], 1e-5) == harmless


def test_the_probe_is_scikit_learns():
    got = compare(PROBE, shots=(3, ALL))
    backbone, pool, test_set = tiny.backbone(), pictures(seed=1), pictures(seed=2)
    known, asked = (transfer.extract_features(backbone, part.images) for part in (pool, test_set))
    for s, shots in enumerate((3, ALL)):
        few = experiments.draw(pool, shots, seed=0)
        probe = LogisticRegression(max_iter=1000).fit(known[few], pool.labels[few])
        np.testing.assert_array_equal(got.right[0, s, 0], probe.predict(asked) == test_set.labels)
        assert got.own[0, s, 0] == probe.score(known[few], pool.labels[few])


def test_from_scratch_learns_its_own_pictures():
    long = transfer.Schedule(3e-3, steps=80, batch_size=8)
    got = compare(SCRATCH, shots=(4,), image_size=32, schedule=lambda *counts, step: long)
    assert got.own.item() == 1 and got.accuracy(SCRATCH, 4).low < 0.6  # noise: by heart, no more


# ---------------------------------------------------------------- what is said of it


def by_hand():
    """Two ways, two shots, three seeds, four pictures."""
    right = np.zeros((2, 2, 3, 4), dtype=bool)
    right[0, 0] = [[1, 1, 1, 0], [1, 1, 0, 0], [1, 1, 1, 1]]  # 0.75, 0.5, 1
    right[1, 0] = [[1, 0, 0, 0], [1, 1, 0, 0], [1, 0, 1, 0]]  # 0.25, 0.5, 0.5
    own = np.linspace(0, 1, 12).reshape(2, 2, 3)
    return experiments.Comparison((HEAD, SCRATCH), (1, ALL), (7, 8, 9), right, own, 2, "made up")


def test_accuracies_and_differences_agree_with_a_hand_computation():
    found = by_hand()
    assert found.accuracies(HEAD, 1).tolist() == [0.75, 0.5, 1]
    assert found.accuracy(HEAD, 1).value == 0.75 and found.accuracy(HEAD, ALL).value == 0
    gain = found.difference(HEAD, SCRATCH, 1)  # 0.5, 0, 0.5: mean 1/3, deviation 0.2887
    margin = 4.303 * 0.288675 / np.sqrt(3)  # t from tables, 2 degrees of freedom
    assert gain[:3] == pytest.approx((1 / 3, 1 / 3 - margin, 1 / 3 + margin), abs=1e-3)
    assert found.difference(SCRATCH, HEAD, 1).value == pytest.approx(-1 / 3)
    over = found.over_pictures(HEAD, SCRATCH, 1, 7)  # two pictures only the head got right
    exact, half_of_each_end = 2 * 0.5**2, 2 * 0.5**2 / 2  # of two throws of a coin
    assert over.value == 0.5 and over.n == 4
    assert over.p_value == pytest.approx(exact - half_of_each_end)  # McNemar's mid-p


def test_the_accuracy_of_one_seed_has_the_interval_over_pictures():
    whole = by_hand()
    one = replace(whole, seeds=(7,), right=whole.right[:, :, :1], own=whole.own[:, :, :1])
    assert one.accuracy(HEAD, 1) == evaluation.accuracy_interval(whole.right[0, 0, 0])


def test_values_are_json_and_read_back():
    right = np.random.default_rng(0).random((2, 2, 3, 11)) < 0.5  # 11: no multiple of 8
    found = replace(by_hand(), right=right)
    again = experiments.from_values(json.loads(json.dumps(found.values())))
    for field in fields(found):
        np.testing.assert_array_equal(getattr(again, field.name), getattr(found, field.name))
    assert again.right.dtype == bool and (again.ways, again.shots) == (found.ways, found.shots)
    longer = experiments.from_values(found.values() | {"num_test": 10})
    assert longer.right.shape != right.shape  # control: the last byte is cut to what was asked


def test_a_comparison_says_where_it_comes_from_and_how_far_it_is():
    pool, told = pictures(seed=1), []
    options = {"shots": (1, 2), "seeds": (0,), "backbone": tiny.backbone()}
    found = experiments.compare([PROBE], pool, pool, progress=told.append, **options)
    assert (found.source, found.num_classes) == ("noise", 2)
    assert told == ["1 a class, seed 0: done", "2 a class, seed 0: done"]


@pytest.mark.parametrize(("run", "sentence"), [
    (lambda: compare("by magic"), r"Unknown way 'by magic': choose from \['from scratch', .*\]\."),
    (lambda: compare(PROBE, shots=(17,)), "shots is 17: choose from 1 to 16, the rarest class."),
    (lambda: compare(PROBE, shots=(0,)), "shots is 0: choose from 1 to 16, the rarest class."),
    (lambda: by_hand().accuracy(PROBE, 1), r"Unknown way '.*': choose from \['head', .*\]\."),
    (lambda: by_hand().difference(HEAD, SCRATCH, 5), r"Unknown shots 5: choose from \[1, .*\]\."),
    (lambda: transfer.schedule(80, 8, step="c"), r"Unknown step 'c': choose from \['head', .*\]\."),
], ids=["way", "too many", "none", "way asked", "shots asked", "step"])  # fmt: skip
def test_what_is_not_there_gives_one_sentence(run, sentence):
    with pytest.raises(ValueError, match=f"^{sentence}$"):
        run()


# ---------------------------------------------------------------- how long, how fast


def test_rates_climb_then_follow_half_a_cosine_down():
    rates = transfer.Schedule(0.1, steps=14, warm_up=5, final=0.2).rates()
    np.testing.assert_allclose(rates[:5], [0.02, 0.04, 0.06, 0.08, 0.1])
    np.testing.assert_allclose(rates[[5, 13]], [0.1, 0.02])  # the top, and a fifth of it
    middle = transfer.Schedule(0.1, steps=9, final=0.2).rates()[4]
    assert middle == pytest.approx(0.06) and np.all(np.diff(rates[5:]) < 0)
    assert np.all(transfer.Schedule(0.1, steps=7).rates() == 0.1)  # constant unless told


def test_each_picture_comes_equally_often():
    places = np.array([3, 5, 8, 13, 21])
    batches = transfer.Schedule(0.1, steps=7, batch_size=4).batches(places, seed=0)
    counts = [int((batches == place).sum()) for place in places]
    assert batches.shape == (7, 4) and sum(counts) == 28 and max(counts) - min(counts) <= 1
    by_chance = np.random.default_rng(0).choice(places, 28)  # control: drawn one by one
    assert np.ptp([(by_chance == place).sum() for place in places]) > 1
    again, other = (
        transfer.Schedule(0.1, steps=7, batch_size=4).batches(places, seed=s) for s in (0, 1)
    )
    assert np.array_equal(batches, again) and not np.array_equal(batches, other)


@pytest.mark.parametrize("step", ["head", "fine-tune", "scratch"])
def test_more_pictures_never_train_shorter(step):
    plans = [transfer.schedule(n, 8, step=step) for n in (8, 80, 800, 8000)]
    assert all(a.steps <= b.steps for a, b in zip(plans, plans[1:], strict=False))
    assert all(p.warm_up < p.steps and 0 < p.final <= 1 and p.learning_rate > 0 for p in plans)
    assert PLAN.epochs(16) == 3  # 6 batches of 8 are 48 pictures
