"""The 22 classic mistakes: each is planted and named, and correct variants raise no alarm.

`test_planted` has one row a mistake at least; docs/classic_mistakes.md links to it by number. The
variants are written as students write: Sequential or functional, nested or flat, other heads,
labels as integers or one-hot.
"""

import types
import unicodedata

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from tests import tiny
from tl_course import (
    anatomy,
    backbones,
    checks,
    data,
    evaluation,
    look_alikes,
    photographs,
    records,
    transfer,
)

ADAM = keras.optimizers.Adam
SPARSE = "sparse_categorical_crossentropy"


def pretrained(*, seed=0, pooling=True):
    """The tiny backbone with something learned in its BatchNormalization layers."""
    network = tiny.backbone(seed=seed)
    random = np.random.default_rng(seed)
    for layer in network.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.beta.assign(random.normal(0, 0.2, layer.beta.shape))
            layer.moving_mean.assign(random.normal(0, 0.2, layer.beta.shape))
    if not pooling:
        network = keras.Model(network.input, network.get_layer("pooling").input)
    return network


def mobilenet():
    """Another architecture: keras.applications' MobileNetV2, made to look as if it had learned."""
    network = backbones.load_backbone("mobilenet_v2", image_size=32, weights=None)
    network.get_layer("Conv_1_bn").beta.assign(np.full(1280, 0.1))
    return network


# ---------------------------------------------------------------- classifiers, as students write


def flat(network, num_classes=2):
    return transfer.add_head(network, num_classes, seed=0)


def sequential(network, num_classes=2, *, activation="softmax"):
    return keras.Sequential(
        [network, layers.Dropout(0.3), layers.Dense(num_classes, activation=activation)]
    )


def nested(network, num_classes=2):
    """The backbone called inside a functional model, with an augmentation and its own pooling."""
    pixels = keras.Input(network.input_shape[1:])
    x = network(layers.RandomFlip()(pixels), training=False)
    x = layers.GlobalAveragePooling2D()(x) if len(x.shape) == 4 else x
    return keras.Model(pixels, layers.Dense(num_classes, activation="softmax")(x))


def two_layers(network, num_classes=2):
    """A deeper head with a BatchNormalization of its own."""
    own = [layers.BatchNormalization(), layers.Dense(16, activation="relu"), layers.Dropout(0.2)]
    return keras.Sequential([network, *own, layers.Dense(num_classes, activation="softmax")])


def logits(network, num_classes=2):
    return sequential(network, num_classes, activation=None)


def one_sigmoid(network, num_classes=2):
    return sequential(network, 1, activation="sigmoid")


def softmax_apart(network, num_classes=2):
    x = layers.Dense(num_classes)(network.output)
    return keras.Model(network.input, layers.Softmax()(x))


def softmax_as_operation(network, num_classes=2):
    x = layers.Dense(num_classes)(network.output)
    return keras.Model(network.input, keras.ops.softmax(x))


def one_hot_loss(**options):
    return keras.losses.CategoricalCrossentropy(**options)


def sparse_loss(**options):
    return keras.losses.SparseCategoricalCrossentropy(**options)


VARIANTS = [  # (how the classifier is written, its loss)
    (flat, SPARSE),
    (sequential, "categorical_crossentropy"),
    (nested, one_hot_loss()),
    (two_layers, sparse_loss()),
    (logits, sparse_loss(from_logits=True)),
    (logits, one_hot_loss(from_logits=True)),
    (one_sigmoid, "binary_crossentropy"),
    (softmax_apart, SPARSE),
    (softmax_as_operation, SPARSE),
]
WAYS = [flat, sequential, nested, two_layers]


def head_ready(way=flat, *, loss=SPARSE, network=None, **options):
    """A correct classifier for step (a), compiled."""
    network = network or pretrained()
    transfer.freeze(network)
    model = way(network, **options)
    model.compile(ADAM(1e-3), loss)
    return model


def numbers(findings):
    return [finding.mistake for finding in findings]


@pytest.mark.parametrize(("way", "loss"), VARIANTS)
def test_correct_heads_raise_no_alarm(way, loss):
    assert checks.head_phase(head_ready(way, loss=loss), 2) == []


@pytest.mark.parametrize("way", WAYS)
def test_correct_heads_on_another_backbone_raise_no_alarm(way):
    assert checks.head_phase(head_ready(way, network=mobilenet(), num_classes=5), 5) == []


def test_a_backbone_without_pooling_gets_its_own():
    model = head_ready(nested, network=pretrained(pooling=False))
    assert checks.head_phase(model, 2) == []


def test_a_classifier_for_1000_classes_raises_no_alarm():
    assert checks.head_phase(head_ready(num_classes=1000), 1000) == []


# ---------------------------------------------------------------- planting, step (a)


def not_frozen(way):
    model = way(pretrained())
    model.compile(ADAM(), SPARSE)
    return checks.head_phase(model, 2)


def head_frozen_too(way):
    model = way(pretrained())
    model.trainable = False
    model.compile(ADAM(), SPARSE)
    return checks.head_phase(model, 2)


def softmax_twice(way):
    model = head_ready(way)
    twice = keras.Sequential([model, layers.Softmax()])
    return checks.head_phase(twice, 2)


def softmax_missing(way):
    network = pretrained()
    transfer.freeze(network)
    x = way(network)
    last = list(anatomy.all_layers(x))[-1]
    last.activation = keras.activations.linear
    x.compile(ADAM(), "categorical_crossentropy")
    return checks.head_phase(x, 2)


def softmax_also_in_the_loss(way):
    return checks.head_phase(head_ready(way, loss=sparse_loss(from_logits=True)), 2)


def wrong_number_of_outputs(way):
    return checks.head_phase(head_ready(way, num_classes=3), 2)


def top_left_in(way):
    network = backbones.load_backbone(
        "efficientnet_lite0", image_size=32, weights=None, include_top=True
    )
    return checks.head_phase(head_ready(way, network=network, num_classes=3), 3)


def only_the_imagenet_top(_way):
    network = backbones.load_backbone("mobilenet_v2", image_size=32, weights=None, include_top=True)
    network.trainable = False
    network.layers[-1].trainable = True
    network.trainable = True
    for layer in network.layers[:-1]:
        layer.trainable = False
    return checks.head_phase(network, 3)


def flattened(way):
    network = pretrained(pooling=False)
    flat_features = keras.Model(network.input, layers.Flatten()(network.output))
    return checks.head_phase(head_ready(way, network=flat_features), 2)


# ---------------------------------------------------------------- planting, step (b)

SET = tiny.images()


def head_trained(way=flat, *, network=None):
    """A classifier after step (a), and its backbone."""
    network = network or pretrained()
    model = head_ready(way, network=network)
    rate = ADAM(1e-2)
    model.compile(rate, SPARSE)
    model.fit(SET.images, SET.labels, epochs=2, verbose=0)
    return model, network


def tuned(way=flat, *, learning_rate=1e-4, optimizer=ADAM, epochs=2, prepare=None, compiled=True):
    """Step (b): what `checks.fine_tuning` says, once the model was trained on."""
    model, network = head_trained(way)
    if not compiled:
        model.fit(SET.images, SET.labels, epochs=1, verbose=0)
    (prepare or gently)(network)
    if compiled:
        model.compile(optimizer(learning_rate), SPARSE)
    before = transfer.snapshot(model)
    model.fit(SET.images, SET.labels, epochs=epochs, verbose=0)
    return checks.fine_tuning(model, before)


def gently(network):
    transfer.unfreeze(network, from_block="block_2")


def everything_free(network):
    network.trainable = True


def half_a_block(network):
    """Two convolutions in one block, of which one may move: as `layers[-3:]` cuts."""
    gently(network)
    network.get_layer("block_3_conv").trainable = False


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("optimizer", [ADAM, keras.optimizers.RMSprop, keras.optimizers.AdamW])
def test_correct_fine_tuning_raises_no_alarm(way, optimizer):
    assert tuned(way, optimizer=optimizer) == []


def test_fine_tuning_with_momentum_at_its_own_rate_raises_no_alarm():
    def sgd(_rate):
        return keras.optimizers.SGD(1e-2, momentum=0.9)

    assert tuned(optimizer=sgd) == []


KERAS_NETWORKS = ["mobilenet_v2", "resnet50v2", "efficientnetv2b0", "convnext_tiny"]


@pytest.mark.parametrize("name", KERAS_NETWORKS)
def test_correct_work_on_the_networks_of_keras_raises_no_alarm(name):
    """Other architectures: block names, squeeze-and-excite, no BatchNormalization, biases."""
    network = backbones.load_backbone(name, image_size=32, weights=None)
    for layer in network.layers:
        if getattr(layer, "beta", None) is not None:
            layer.beta.assign(np.full(layer.beta.shape, 0.1))
    model = head_ready(network=network, num_classes=3)
    assert checks.head_phase(model, 3) == []
    head = model.get_layer("head")  # as if it had been trained
    head.kernel.assign(np.random.default_rng(1).normal(0, 0.1, head.kernel.shape))
    head.bias.assign([0.1, 0.0, -0.1])
    transfer.unfreeze(network, from_block=anatomy.block_names(network)[-1])
    model.compile(ADAM(1e-5), SPARSE)
    before = transfer.snapshot(model)
    model.fit(np.random.default_rng(0).uniform(0, 255, (6, 32, 32, 3)), np.arange(6) % 3, verbose=0)
    assert checks.fine_tuning(model, before) == []


def test_unfreezing_everything_but_the_norms_raises_no_alarm():
    assert tuned(prepare=transfer.unfreeze) == []


def not_compiled(way):
    return tuned(way, compiled=False)


def rate_too_high(way):
    return tuned(way, learning_rate=1e-1, epochs=10)


def rate_too_low(way):
    return tuned(way, learning_rate=1e-8)


def norms_free(way):
    return tuned(way, prepare=everything_free)


def head_untrained(way, *, steps=1):
    """One step: with the flat model's head at zero no gradient reaches the backbone yet."""
    network = pretrained()
    gently(network)
    model = way(network)
    model.compile(ADAM(1e-4), SPARSE)
    before = transfer.snapshot(model)
    model.fit(SET.images, SET.labels, epochs=steps, verbose=0)
    return checks.fine_tuning(model, before)


def test_a_head_at_zero_is_named_after_more_steps_and_hides_no_missing_compile():
    assert numbers(head_untrained(flat, steps=2)) == [9]
    network = pretrained()
    model = head_ready(network=network)
    before = transfer.snapshot(model)  # of the head at zero, from before step (a)
    for prepare in (transfer.freeze, gently):  # the second takes no effect: no new compile
        prepare(network)
        model.fit(SET.images, SET.labels, verbose=0)
    assert numbers(checks.fine_tuning(model, before)) == [5]


def head_untrained_seen_before_training(way):
    network = pretrained()
    gently(network)
    return checks.fine_tuning(way(network))


def block_cut(way):
    network = mobilenet()
    model, _ = head_ready(way, network=network), None
    list(anatomy.all_layers(model))[-1].bias.assign([0.1, -0.1])
    network.trainable = True
    cut = [layer.name for layer in network.layers].index("block_15_depthwise")
    for layer in network.layers:
        is_norm = isinstance(layer, layers.BatchNormalization)
        layer.trainable = network.layers.index(layer) >= cut and not is_norm
    model.compile(ADAM(1e-5), SPARSE)
    return checks.fine_tuning(model)


def test_a_cut_between_blocks_raises_no_alarm():
    network = mobilenet()
    model = head_ready(sequential, network=network)
    model.layers[-1].bias.assign([0.1, -0.1])
    transfer.unfreeze(network, from_block="block_15")
    model.compile(ADAM(1e-5), SPARSE)
    assert checks.fine_tuning(model) == []


def test_a_backbone_that_was_never_unfrozen_is_named():
    (found,) = tuned(prepare=transfer.freeze)
    assert found.mistake == 5 and found.sentence.startswith("Nothing was unfrozen")
    assert "compile" in found.question


def refused(findings):
    """The sentence of a check that cannot tell."""
    (found,) = findings
    assert found.mistake is None and found.question.endswith("?")
    return found.sentence


def test_a_snapshot_of_another_model_is_refused():
    model, _ = head_trained()
    said = refused(checks.fine_tuning(model, {}))
    assert said.startswith("I cannot tell: `before` has no 'block_1_conv/kernel': take")


# ---------------------------------------------------------------- planting, pixels

PHOTOGRAPHS = np.stack(list(photographs.bundled_photographs(image_size=64).values()))


def lite(way=flat):
    network = backbones.load_backbone("efficientnet_lite0", image_size=64, weights=None)
    return way(network)


def without_scaling(way=flat):
    """A network that expects -1..1 and scales nothing itself."""
    return way(keras.applications.MobileNetV2(
        input_shape=(64, 64, 3), include_top=False, weights=None, pooling="avg"
    ))  # fmt: skip


def with_scaling(_way=None):
    bare = without_scaling(sequential)
    return keras.Sequential([keras.Input((64, 64, 3)), layers.Rescaling(1 / 127.5, -1), bare])


def scaled_twice(way):
    return checks.inputs(lite(way), PHOTOGRAPHS / 255.0)


def scaled_like_another_network(way):
    return checks.inputs(without_scaling(way), PHOTOGRAPHS / 255.0)


def not_scaled(way):
    return checks.inputs(without_scaling(way), PHOTOGRAPHS)


def blue_green_red(way):
    return checks.inputs(lite(way), PHOTOGRAPHS[..., ::-1], originals=PHOTOGRAPHS)


def blue_green_red_and_scaled(way):
    mine = PHOTOGRAPHS[:1, 4:60, 4:60, ::-1] / 127.5 - 1
    network = keras.applications.MobileNetV2(
        input_shape=(56, 56, 3), include_top=False, weights=None, pooling="avg"
    )
    return checks.inputs(way(network), mine, originals=PHOTOGRAPHS[:1])


def one_to_minus_one(images):
    return images / 127.5 - 1


CORRECT_INPUTS = [
    (lite, PHOTOGRAPHS, (-1, 1)),
    (lambda: lite(sequential), PHOTOGRAPHS.astype("float32"), (-1, 1)),
    (without_scaling, one_to_minus_one(PHOTOGRAPHS), (-1, 1)),
    (lambda: without_scaling(nested), one_to_minus_one(PHOTOGRAPHS), (-1, 1)),
    (with_scaling, PHOTOGRAPHS, (-1, 1)),
    (without_scaling, PHOTOGRAPHS / 255.0, (0, 1)),
]


@pytest.mark.parametrize(("build", "images", "expects"), CORRECT_INPUTS)
def test_correct_inputs_raise_no_alarm(build, images, expects):
    assert checks.inputs(build(), images, originals=PHOTOGRAPHS, expects=expects) == []


def test_the_order_of_the_originals_does_not_matter_but_other_pictures_are_refused():
    assert checks.inputs(lite(), PHOTOGRAPHS, originals=PHOTOGRAPHS[::-1]) == []
    others = np.random.default_rng(0).integers(0, 255, PHOTOGRAPHS.shape).astype("uint8")
    assert "images and originals differ" in refused(
        checks.inputs(lite(), PHOTOGRAPHS, originals=others)
    )


def test_looking_at_the_pixels_leaves_the_model_as_it_was():
    model = lite()
    before = model.predict(PHOTOGRAPHS, verbose=0)
    checks.inputs(model, PHOTOGRAPHS)
    np.testing.assert_array_equal(model.predict(PHOTOGRAPHS, verbose=0), before)


# ---------------------------------------------------------------- planting, sets

DRAWN = look_alikes.draw(24, image_size=48, seed=5)
PARTS = data.split(DRAWN, seed=0)


def validation_is_test(_way):
    return checks.sets(PARTS[0], PARTS[2], PARTS[2])


def validation_is_test_shuffled_pairs(_way):
    train, _, test = ((part.images, np.eye(2)[part.labels]) for part in PARTS)
    return checks.sets(train, (test[0][::-1] / 255.0, test[1][::-1]), test)


def twin(image):
    """A second shot of the same thing: a little brighter, with noise."""
    noise = np.random.default_rng(0).normal(8, 3, image.shape)
    return (image + noise).clip(0, 255).astype("uint8")


def near_duplicates(_way):
    train, val, test = PARTS
    images = np.concatenate([test.images, [twin(train.images[0])]])
    more = data.ImageSet(images, np.append(test.labels, train.labels[0]), test.class_names)
    return checks.sets(train, val, more)


def other_class_order(_way):
    test = PARTS[2]
    turned = data.ImageSet(test.images, 1 - test.labels, list(test.class_names[::-1]))
    return checks.sets(PARTS[0], PARTS[1], turned)


def with_names(part, names):
    """The same set as another library would hand it over: its names in a list or an array."""
    return types.SimpleNamespace(images=part.images, labels=part.labels, class_names=names)


NAMES = PARTS[0].class_names
ACCENTED = [unicodedata.normalize(form, "crème") for form in ("NFC", "NFD")]

CORRECT_SETS = [
    (PARTS[0], with_names(PARTS[1], list(NAMES)), with_names(PARTS[2], np.array(NAMES))),
    tuple(
        with_names(part, ["bread", name])
        for part, name in zip(PARTS, [*ACCENTED, ACCENTED[0]], strict=True)
    ),
    PARTS,
    tuple((part.images, part.labels) for part in PARTS),
    tuple((part.images / 255.0, np.eye(2)[part.labels]) for part in PARTS),
    data.split(DRAWN, (0.5, 0.25, 0.25), seed=3),
    (PARTS[2], PARTS[1], PARTS[0]),
    tuple(data.few_shot(part, 2, seed=1) for part in PARTS),
]


@pytest.mark.parametrize("parts", CORRECT_SETS)
def test_correct_sets_raise_no_alarm(parts):
    assert checks.sets(*parts) == []


# ---------------------------------------------------------------- planting, pipelines


def batches(images, *, shuffle=False, seed=1, again=True):
    """A tf.data pipeline of (image, label), shuffled anew at each pass or always alike."""
    pixels = images.astype("float32")
    dataset = tf.data.Dataset.from_tensor_slices((pixels, np.arange(len(images))))
    if shuffle:
        dataset = dataset.shuffle(len(images), seed=seed, reshuffle_each_iteration=again)
    return dataset


def augment(dataset):
    turn = keras.Sequential([layers.RandomFlip(seed=1), layers.RandomRotation(0.1, seed=1)])
    return dataset.map(lambda image, label: (turn(image[None], training=True)[0], label))


def noisy(dataset):
    """Other noise at each pass: a bare tf.random.normal would repeat once a global seed is set."""
    draw = tf.random.Generator.from_seed(1)
    return dataset.map(lambda image, label: (image + draw.normal(image.shape) * 40, label))


def pipelines(train, val, *, scale=None):
    if scale:
        train, val = (part.map(lambda image, label: (scale(image), label)) for part in (train, val))
    return checks.pipelines(train.batch(8), val.batch(8), originals=DRAWN.images)


def take_and_skip(_way):
    everything = batches(DRAWN.images, shuffle=True)
    return pipelines(everything.skip(12), everything.take(12))


def take_and_skip_augmented(_way):
    everything = batches(DRAWN.images, shuffle=True)
    return pipelines(augment(everything.skip(12)), everything.take(12))


def training_on_everything(_way):
    return pipelines(augment(batches(DRAWN.images)), batches(DRAWN.images[:12]))


def evaluation_augmented(_way):
    train, val = batches(DRAWN.images[12:]), batches(DRAWN.images[:12])
    return pipelines(augment(train), augment(val))


def evaluation_with_noise(_way):
    train, val = batches(DRAWN.images[12:]), batches(DRAWN.images[:12])
    return pipelines(noisy(train), noisy(val), scale=lambda image: image / 255)


def augmentation_cached(_way):
    train, val = batches(DRAWN.images[12:]), batches(DRAWN.images[:12])
    return pipelines(augment(train).cache(), val)


def augmentation_cached_then_shuffled(_way):
    train, val = batches(DRAWN.images[12:], shuffle=True), batches(DRAWN.images[:12])
    return pipelines(noisy(train).cache().shuffle(8), val, scale=lambda image: image / 127.5 - 1)


CORRECT_PIPELINES = [
    lambda train, val: pipelines(train, val),
    lambda train, val: pipelines(train.cache().shuffle(99), val),
    lambda train, val: pipelines(augment(train.cache().shuffle(99)), val.cache()),
    lambda train, val: pipelines(noisy(train), val, scale=lambda image: image / 255),
    lambda train, val: pipelines(augment(train), val, scale=lambda image: image / 127.5 - 1),
    lambda train, val: pipelines(augment(train.map(lambda i, n: (i, tf.one_hot(n, 40)))), val),
]


@pytest.mark.parametrize("pipe", CORRECT_PIPELINES)
def test_correct_pipelines_raise_no_alarm(pipe):
    assert pipe(batches(DRAWN.images[12:]), batches(DRAWN.images[:12])) == []


def test_a_split_by_take_and_skip_of_one_fixed_shuffle_raises_no_alarm():
    once = batches(DRAWN.images, shuffle=True, again=False)
    assert pipelines(augment(once.skip(12)), once.take(12)) == []


def test_originals_of_another_size_are_refused():
    part = batches(DRAWN.images).batch(8)
    assert "differ in size" in refused(
        checks.pipelines(part, part, originals=DRAWN.images[:, :20, :20])
    )


# ---------------------------------------------------------------- planting, claims

NOISE = evaluation.Difference(0.0175, -0.03, 0.065, 629, 0.47)
GAIN = evaluation.Difference(0.12, 0.05, 0.19, 300, 0.001)
LOSS = evaluation.Difference(-0.12, -0.19, -0.05, 300, 0.001)
RARE = np.array([0] * 95 + [1] * 5)


def noise_called_a_gain(_way):
    return checks.claim("gain", NOISE)


def noise_called_a_loss(_way):
    return checks.claim("loss", NOISE)


def accuracy_alone(_way):
    return checks.metric(["accuracy"], RARE)


def accuracy_alone_one_hot(_way):
    return checks.metric({"accuracy": 0.95, "loss": 0.1}, np.eye(2)[RARE])


@pytest.mark.parametrize(
    ("claim", "difference"),
    [(GAIN.verdict, GAIN), (LOSS.verdict, LOSS), (NOISE.verdict, NOISE),
     ("gain", GAIN), ("loss", LOSS), ("not distinguishable", NOISE)],
)  # fmt: skip
def test_correct_claims_raise_no_alarm(claim, difference):
    assert checks.claim(claim, difference) == []


@pytest.mark.parametrize(
    ("claim", "difference"), [("a loss", GAIN), ("a gain", LOSS), ("cannot tell", GAIN)]
)
def test_a_claim_on_the_wrong_side_gets_a_question(claim, difference):
    (found,) = checks.claim(claim, difference)
    assert "leaves out zero" in found.sentence and found.question.endswith("?")


def test_a_difference_without_interval_is_refused():
    assert "got a float as difference: give" in refused(checks.claim("gain", 0.12))


def test_an_unknown_claim_is_refused():
    assert "got the claim 'maybe': choose from" in refused(checks.claim("maybe", GAIN))


@pytest.mark.parametrize(
    ("reported", "labels"),
    [
        (["accuracy", "recall of endocarditis"], RARE),
        ({"balanced accuracy": 0.7}, RARE),
        (["confusion matrix"], np.eye(2)[RARE]),
        (["accuracy"], np.array([0, 1] * 20)),
        (["accuracy"], np.array([0] * 30 + [1] * 12 + [2] * 20)),
        ({"accuracy": 0.9, "F1": 0.8}, RARE),
    ],
)
def test_a_fair_report_raises_no_alarm(reported, labels):
    assert checks.metric(reported, labels) == []


# ---------------------------------------------------------------- all 22 of them

PLANTED = [
    (1, scaled_twice), (1, scaled_like_another_network), (1, not_scaled), (2, blue_green_red),
    (2, blue_green_red_and_scaled), (3, not_frozen), (4, head_frozen_too), (5, not_compiled),
    (6, rate_too_high), (7, rate_too_low), (8, norms_free), (9, head_untrained),
    (9, head_untrained_seen_before_training), (10, softmax_twice), (10, softmax_missing),
    (10, softmax_also_in_the_loss), (11, wrong_number_of_outputs), (12, top_left_in),
    (12, only_the_imagenet_top), (13, flattened), (14, validation_is_test),
    (14, validation_is_test_shuffled_pairs), (15, near_duplicates), (16, take_and_skip),
    (16, take_and_skip_augmented), (16, training_on_everything), (17, evaluation_augmented),
    (17, evaluation_with_noise),
    (18, augmentation_cached), (18, augmentation_cached_then_shuffled), (19, block_cut),
    (20, noise_called_a_gain), (20, noise_called_a_loss), (21, accuracy_alone),
    (21, accuracy_alone_one_hot), (22, other_class_order),
]  # fmt: skip
NEEDS_NO_MODEL = {14, 15, 16, 17, 18, 20, 21, 22}
CASES = [
    pytest.param(mistake, plant, way, id=f"{mistake}-{plant.__name__}-{way.__name__}")
    for mistake, plant in PLANTED
    for way in ([flat] if mistake in NEEDS_NO_MODEL else [flat, sequential, nested])
]


@pytest.mark.parametrize(("mistake", "plant", "way"), CASES)
def test_planted(mistake, plant, way):
    """Each mistake is named, alone, with a question."""
    found = plant(way)
    assert numbers(found) == [mistake], found
    assert found[0].sentence.endswith((".", ".)")) and found[0].question.endswith("?")


def test_every_mistake_is_planted_and_the_table_says_by_which_test():
    planted = {mistake for mistake, _ in PLANTED}
    assert planted == set(range(1, 23)) == set(records.classic_mistakes())
    for number, row in records.classic_mistakes().items():
        names = [plant.__name__ for mistake, plant in PLANTED if mistake == number]
        assert row["planted_by"].split() == names


# ---------------------------------------------------------------- what train sees coming


@pytest.mark.parametrize(
    ("prepare", "rate", "untrained", "mistake"),
    [
        (gently, 1e-2, False, 6), (gently, 1e-8, False, 7), (everything_free, 1e-4, False, 8),
        (gently, 1e-4, True, 9), (gently, 1e-4, False, None),
    ],
)  # fmt: skip
def test_train_says_what_it_sees_coming(prepare, rate, untrained, mistake, capsys):
    network = pretrained()
    model = flat(network) if untrained else head_trained(network=network)[0]
    prepare(network)
    transfer.train(model, SET, learning_rate=rate, epochs=1, seed=0)
    expected = f"{records.finding(mistake)}".split("\n")[0] if mistake else ""
    printed = capsys.readouterr().out
    assert printed.startswith(expected) and bool(printed) == bool(mistake)
    assert printed.count("Mistake") == bool(mistake)


def test_train_is_silent_about_a_head_and_about_a_network_from_scratch(capsys):
    transfer.train(head_ready(), SET, learning_rate=1e-2, epochs=1, seed=0)
    scratch = backbones.small_cnn(2, image_size=48, seed=0)
    transfer.train(scratch, DRAWN, learning_rate=1e-2, epochs=1, seed=0)
    with_norms = flat(tiny.backbone())
    transfer.train(with_norms, SET, learning_rate=1e-2, epochs=1, seed=0)
    assert capsys.readouterr().out == ""


# ---------------------------------------------------------------- the report


def test_nothing_yet_is_not_attempted(capsys):
    for findings in (
        checks.inputs(None, None), checks.head_phase(None, 2), checks.fine_tuning(None),
        checks.sets(None, None, None), checks.pipelines(None, None, originals=None),
        checks.claim(None, GAIN), checks.metric(None, RARE),
    ):  # fmt: skip
        checks.report(findings)
    assert capsys.readouterr().out == "not attempted yet\n" * 7


def test_the_report_names_the_mistake_and_asks(capsys):
    checks.report([])
    checks.report([records.finding(11, "(3 outputs, 2 classes.)")])
    assert capsys.readouterr().out == (
        "Well done: no classic mistake found.\n"
        "Mistake 11: The number of outputs is not the number of classes. (3 outputs, 2 classes.)\n"
        "  How many probabilities should the network give for one picture?\n"
    )


@pytest.mark.parametrize("findings", [None, [records.finding(3)]])
def test_grading_raises_the_same_words(findings, monkeypatch):
    monkeypatch.setenv("TL_COURSE_GRADING", "1")
    with pytest.raises(AssertionError, match="not attempted yet|Mistake 3: The backbone"):
        checks.report(findings)
    checks.report([])


# ---------------------------------------------------------------- mixed precision


@pytest.fixture
def mixed_precision():
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16")
    yield
    keras.config.set_dtype_policy(before)


def scaled_by(scale):
    """Adam as mixed precision wraps it: while the loss times the scale overflows, no step."""
    return lambda rate: keras.optimizers.LossScaleOptimizer(ADAM(rate), initial_scale=scale)


def test_steps_that_mixed_precision_skipped_are_no_mistake(mixed_precision):
    assert tuned(optimizer=scaled_by(2.0**60), epochs=1) is None  # nothing has happened yet
    assert tuned(optimizer=scaled_by(2.0**10)) == []


def test_mistakes_are_still_found_in_mixed_precision(mixed_precision):
    too_fast = tuned(optimizer=scaled_by(2.0**60), learning_rate=1e-2, epochs=1)
    assert [found.mistake for found in too_fast] == [6]
    never_compiled = tuned(compiled=False)  # Keras wraps Adam by itself here
    assert [found.mistake for found in never_compiled] == [5]
