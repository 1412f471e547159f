"""Which weights may move, how fast, did they? Each invariant with the mistake that breaks it."""

import re

import keras
import numpy as np
import pytest
import tiny
from keras import layers

from tl_course import anatomy, backbones, transfer
from tl_course.engine import activations


@pytest.fixture
def backbone():
    return tiny.backbone()


@pytest.fixture
def model(backbone):
    """With a random head: all that may move does so in the first step."""
    return tiny.with_random_head(transfer.add_head(backbone, 2, seed=0))


def train(model, *, learning_rate=1e-2, epochs=1, **options):
    train_set, val_set = tiny.images(seed=1), tiny.images(seed=2, num_per_class=8)
    return transfer.train(
        model, train_set, val_set, learning_rate=learning_rate, epochs=epochs, seed=0, **options
    )


def fit_without_compiling(model):
    train_set = tiny.images(seed=1)
    model.fit(train_set.images, train_set.labels, verbose=0)


# ---------------------------------------------------------------- freeze


def test_only_the_head_moves_while_the_backbone_is_frozen(backbone, model):
    transfer.freeze(backbone)
    before = transfer.snapshot(model)
    train(model)
    assert transfer.moved(model, before) == ["head/kernel", "head/bias"]


def test_control_without_freezing_the_backbone_moves(model):
    before = transfer.snapshot(model)
    train(model)
    assert "block_1_conv/kernel" in transfer.moved(model, before)
    assert "block_1_bn/moving_mean" in transfer.moved(model, before)


# ---------------------------------------------------------------- unfreeze


def test_a_partial_unfreeze_moves_only_those_blocks_and_the_head(backbone, model):
    transfer.freeze(backbone)
    transfer.unfreeze(backbone, from_block="block_3")
    before = transfer.snapshot(model)
    train(model)
    assert transfer.moved(model, before) == ["block_3_conv/kernel", "head/kernel", "head/bias"]


def test_a_full_unfreeze_moves_every_block(backbone, model):
    transfer.freeze(backbone)
    transfer.unfreeze(backbone)
    before = transfer.snapshot(model)
    train(model)
    kernels = [f"block_{number}_conv/kernel" for number in (1, 2, 3)]
    assert transfer.moved(model, before) == [*kernels, "head/kernel", "head/bias"]


def test_batch_normalization_keeps_its_statistics_and_weights(backbone, model):
    transfer.unfreeze(backbone)
    before = transfer.snapshot(model)
    train(model, epochs=3)
    assert not [path for path in transfer.moved(model, before) if "_bn/" in path]


def test_control_the_keras_guides_training_false_does_not_hold_batch_normalization(backbone):
    pixels = keras.Input((16, 16, 3))
    outputs = layers.Dense(2, activation="softmax")(backbone(pixels, training=False))
    model = keras.Model(pixels, outputs)
    backbone.trainable = True
    before = transfer.snapshot(model)
    train(model)
    drifted = [path for path in transfer.moved(model, before) if "moving_mean" in path]
    assert drifted, "if this fails, Keras has changed: read keras-team/keras issue 20285 again"


def test_train_compiles_so_unfreezing_takes_effect(backbone, model):
    transfer.freeze(backbone)
    train(model)
    transfer.unfreeze(backbone)
    before = transfer.snapshot(model)
    train(model)
    assert "block_1_conv/kernel" in transfer.moved(model, before)


def test_control_without_compiling_nothing_of_the_backbone_moves(backbone, model):
    transfer.freeze(backbone)
    train(model)
    transfer.unfreeze(backbone)
    before = transfer.snapshot(model)
    fit_without_compiling(model)
    assert transfer.moved(model, before) == ["head/kernel", "head/bias"]


def test_an_unknown_block_is_named_with_the_known_ones(backbone):
    with pytest.raises(ValueError, match="'block_9'.*block_1.*block_3"):
        transfer.unfreeze(backbone, from_block="block_9")
    with pytest.raises(ValueError, match="'block_3_bn'"):
        transfer.unfreeze(backbone, from_block="block_3_bn")  # a layer: a block cut in half


@pytest.mark.parametrize(
    ("name", "count", "last"),
    [
        ("efficientnet_lite0", 16, "block_16"),
        ("mobilenet_v2", 17, "block_16"),
        ("resnet50v2", 16, "conv5_block3"),
        ("efficientnetv2b0", 21, "block6h"),
        ("convnext_tiny", 18, "convnext_tiny_stage_3_block_2"),
    ],
)
def test_block_names_of_every_family(name, count, last):
    names = anatomy.block_names(backbones.load_backbone(name, image_size=32, weights=None))
    assert (len(names), names[-1]) == (count, last)


# ---------------------------------------------------------------- the head


def test_the_head_is_dropout_and_one_dense_layer_of_probabilities(model):
    assert [layer.name for layer in model.layers[-2:]] == ["head_dropout", "head"]
    probabilities = model.predict(tiny.images().images, verbose=0)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)


def test_dropout_of_the_head_is_active_in_training_only(backbone):
    model = tiny.with_random_head(transfer.add_head(backbone, 2, seed=0, dropout=0.5))
    pixels = tiny.images().images
    transfer.freeze(backbone)
    assert not np.allclose(model(pixels, training=True), model(pixels, training=True))
    assert np.array_equal(model(pixels, training=False), model(pixels, training=False))


def test_control_without_dropout_training_repeats(backbone):
    model = tiny.with_random_head(transfer.add_head(backbone, 2, seed=0, dropout=0.0))
    pixels = tiny.images().images
    transfer.freeze(backbone)
    assert np.array_equal(model(pixels, training=True), model(pixels, training=True))


def test_the_dropout_hides_a_fifth_of_the_features_unless_told_otherwise(backbone):
    for options, share in (({}, 0.2), ({"dropout": 0.5}, 0.5)):
        dropout = transfer.add_head(backbone, 2, seed=0, **options).get_layer("head_dropout")
        kept = np.asarray(dropout(np.ones((1000, 8), dtype="float32"), training=True))
        assert np.mean(kept == 0) == pytest.approx(share, abs=0.03)


def test_the_head_begins_at_zero_and_hands_no_gradient_down_in_its_first_step(backbone, model):
    new = transfer.add_head(backbone, 2, seed=0)
    even = {"rtol": 0, "atol": 1e-6}  # softmax of two zeros, as some processors round it
    assert np.allclose(new.predict(tiny.images().images, verbose=0), 0.5, **even)
    assert not np.allclose(model.predict(tiny.images().images, verbose=0), 0.5, **even)  # control
    transfer.unfreeze(backbone)
    for steps, kernels in ((1, []), (2, [f"block_{k}_conv/kernel" for k in (1, 2, 3)])):
        fresh = transfer.add_head(backbone, 2, seed=0)
        before = transfer.snapshot(fresh)
        train(fresh, epochs=steps)
        assert [path for path in transfer.moved(fresh, before) if "conv" in path] == kernels


def test_one_class_is_refused(backbone):
    with pytest.raises(ValueError, match="num_classes is 1"):
        transfer.add_head(backbone, 1, seed=0)


# ---------------------------------------------------------------- training


def test_training_learns_and_repeats(backbone):
    histories = []
    for _ in range(2):
        model = transfer.add_head(tiny.backbone(), 2, seed=0)
        histories.append(train(model, epochs=10))
    assert histories[0] == histories[1]
    assert set(histories[0]) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    assert histories[0]["accuracy"][-1] > 0.8


def test_control_shuffled_labels_are_not_learned_on_new_images():
    model = transfer.add_head(tiny.backbone(), 2, seed=0)
    train_set = tiny.images(seed=1)
    shuffled = type(train_set)(
        train_set.images, np.random.default_rng(0).permutation(train_set.labels), ("left", "right")
    )
    history = transfer.train(
        model, shuffled, tiny.images(seed=2), learning_rate=1e-2, epochs=10, seed=0
    )
    assert history["val_accuracy"][-1] < 0.8


def test_augmentation_changes_training_pixels_but_no_prediction(backbone, model):
    transfer.freeze(backbone)
    pixels = tiny.images().images
    flip = keras.Sequential([layers.RandomFlip("horizontal", seed=0)])
    not_flipped = tiny.with_random_head(transfer.add_head(backbone, 2, seed=0))
    plain = train(not_flipped, learning_rate=1e-2)
    flipped = train(model, learning_rate=1e-2, augmentation=flip)
    assert plain["loss"] != flipped["loss"]
    assert np.array_equal(model.predict(pixels, verbose=0), model.predict(pixels, verbose=0))
    assert [layer.name for layer in model.layers if "flip" in layer.name] == []


def loss_on(model, images, labels):
    """Mean cross-entropy, by hand."""
    probabilities = model.predict(images, verbose=0)
    return -np.log(probabilities[np.arange(len(labels)), labels]).mean()


def test_validation_pictures_are_not_augmented(model):
    darker = keras.Sequential([layers.RandomBrightness((-0.5, -0.4), seed=0)])
    history = train(model, augmentation=darker)
    val_set = tiny.images(seed=2, num_per_class=8)  # the one that `train` above validates on
    plain = loss_on(model, val_set.images, val_set.labels)
    dark = loss_on(model, np.asarray(darker(val_set.images, training=True)), val_set.labels)
    assert history["val_loss"][-1] == pytest.approx(plain, rel=1e-4)
    assert abs(dark - plain) > 0.01 * plain  # so augmented pictures would have been seen


def test_without_a_validation_set_nothing_is_validated(model):
    history = transfer.train(model, tiny.images(), learning_rate=1e-3, epochs=1, seed=0)
    assert set(history) == {"loss", "accuracy"}


def test_what_does_not_fit_together_is_refused(backbone, model):
    train_set = tiny.images()
    swapped = type(train_set)(train_set.images, train_set.labels, ("right", "left"))
    options = {"learning_rate": 1e-3, "epochs": 1, "seed": 0}
    with pytest.raises(ValueError, match="Mistake 22: The class order differs"):
        transfer.train(model, train_set, swapped, **options)
    with pytest.raises(ValueError, match="Mistake 11: .*3 outputs for 2 classes"):
        transfer.train(transfer.add_head(backbone, 3, seed=0), train_set, train_set, **options)
    with pytest.raises(ValueError, match="learning_rate is 0"):
        transfer.train(model, train_set, train_set, **{**options, "learning_rate": 0})
    model.trainable = False
    with pytest.raises(ValueError, match="Mistake 4: The head is frozen"):
        transfer.train(model, train_set, train_set, **options)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"model": "model"}, "model is 'model': expected a keras.Model."),
        ({"model": None}, "model is None: expected a keras.Model."),
        ({"train_set": None}, "train_set is None: expected an ImageSet."),
        ({"train_set": ([1], [0])}, "train_set is ([1], [0]): expected an ImageSet."),
        ({"val_set": "val"}, "val_set is 'val': expected an ImageSet or None."),
        ({"schedule": "head"}, "schedule is 'head': expected a transfer.Schedule or None."),
        ({"learning_rate": "1e-3"}, "learning_rate is '1e-3': expected a number, or a schedule"),
        ({"learning_rate": [1e-3]}, "learning_rate is [0.001]: expected a number, or a schedule"),
        ({"epochs": "3"}, "epochs is '3': expected a whole number from 1 on."),
        ({"epochs": 0}, "epochs is 0: expected a whole number from 1 on."),
        ({"epochs": 2.5}, "epochs is 2.5: expected a whole number from 1 on."),
    ],
    ids=str,
)
def test_another_kind_of_thing_is_refused_in_a_sentence(model, wrong, sentence):
    given = {"model": model, "train_set": tiny.images(), "learning_rate": 1e-3, "epochs": 1}
    with pytest.raises(ValueError, match=re.escape(sentence)):
        transfer.train(**(given | wrong), seed=0)


@pytest.mark.parametrize("rate", [np.float32(1e-3), 1, keras.Variable(1e-3)], ids=repr)
def test_every_kind_of_number_is_a_rate(model, rate):
    history = transfer.train(model, tiny.images(), learning_rate=rate, epochs=np.int64(1), seed=0)
    assert len(history["loss"]) == 1


@pytest.mark.parametrize("part", ["train_set", "val_set"])
def test_an_empty_or_mislabelled_set_is_refused_in_a_sentence(model, part):
    good = tiny.images()
    from_1 = type(good)(good.images, good.labels + 1, good.class_names)
    for wrong, sentence in ((good.take([]), "holds no picture"), (from_1, "labels 1 to 2")):
        sets = {"train_set": good, "val_set": good, part: wrong}
        with pytest.raises(ValueError, match=f"{part} .*{sentence}"):
            transfer.train(model, *sets.values(), learning_rate=1e-3, epochs=1, seed=0)


def test_class_names_in_a_list_are_those_in_a_tuple(model):
    part = tiny.images()
    listed = type(part)(part.images, part.labels, list(part.class_names))
    transfer.train(model, part, listed, learning_rate=1e-3, epochs=1, seed=0)


def test_the_seed_alone_decides_how_training_goes():
    """Whatever was drawn before: the order of the pictures comes from `seed`."""
    losses = []
    for drawn_before, seed in ((0, 5), (1, 5), (0, 6)):
        model = transfer.add_head(tiny.backbone(), 2, seed=0, dropout=0.0)
        keras.utils.set_random_seed(drawn_before)
        options = {"learning_rate": 1e-2, "epochs": 2, "batch_size": 4}
        losses.append(transfer.train(model, tiny.images(seed=1), seed=seed, **options)["loss"])
    assert losses[0] == losses[1]
    assert losses[0] != losses[2]


@pytest.mark.parametrize("on_disk", [False, True])
def test_a_picture_that_counts_three_times_teaches_as_three_of_it(backbone, on_disk):
    transfer.freeze(backbone)
    pictures = tiny.images(seed=1)
    thrice = pictures.take(np.repeat(np.arange(32), np.where(pictures.labels == 0, 3, 1)))

    def head(dataset, **options):
        model = transfer.add_head(backbone, 2, seed=0, dropout=0)
        features = transfer.precompute(backbone, dataset, memory_limit=1 if on_disk else 10**9)
        assert isinstance(features.images, np.memmap) == on_disk
        alone, same = transfer.head_of(model), {"learning_rate": 1e-2, "epochs": 5, "seed": 0}
        transfer.train(alone, features, batch_size=100, **same, **options)
        return alone.get_weights()

    weighed, repeated, plain = head(pictures, class_weights=[3, 1]), head(thrice), head(pictures)
    for one, other, control in zip(weighed, repeated, plain, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)
        assert np.abs(control - other).max() > 5e-3


def test_freezing_holds_layers_that_were_freed_one_by_one(backbone):
    backbone.trainable = False
    backbone.layers[-3].trainable = backbone.get_layer("block_3_conv").trainable = True
    backbone.trainable = False  # Keras sees no change here, and hands nothing down
    assert backbone.get_layer("block_3_conv").trainable
    transfer.freeze(backbone)
    assert not any(layer.trainable for layer in backbone.layers)


def test_a_reset_optimizer_trains_as_a_new_one(backbone, model):
    transfer.freeze(backbone)
    start = model.get_weights()

    def trained():
        keras.utils.set_random_seed(0)
        model.set_weights(start)
        model.get_layer("head_dropout").seed_generator.state.assign([0, 0])
        model.fit(tiny.images().images, tiny.images().labels, epochs=2, verbose=0)
        return model.get_layer("head").get_weights()[0]

    model.compile(keras.optimizers.Adam(1e-3), "sparse_categorical_crossentropy")
    as_new = trained()
    assert not np.array_equal(trained(), as_new)  # the control: Adam remembers its steps
    transfer.reset_optimizer(model, learning_rate=1e-3)
    np.testing.assert_array_equal(trained(), as_new)
    transfer.reset_optimizer(model, learning_rate=1e-2)
    assert not np.array_equal(trained(), as_new)


# ---------------------------------------------------------------- computed once


def test_features_computed_once_give_the_predictions_of_the_whole_model(backbone, model):
    transfer.freeze(backbone)
    dataset = tiny.images()
    train(model)
    features = transfer.precompute(backbone, dataset)
    assert features.images.shape == (32, 8)
    alone = transfer.head_of(model).predict(features.images, verbose=0)
    np.testing.assert_allclose(alone, model.predict(dataset.images, verbose=0), atol=1e-6)


def test_training_the_head_alone_equals_training_the_frozen_model():
    results = []
    for alone in (False, True):
        backbone = tiny.backbone()
        model = transfer.add_head(backbone, 2, seed=0, dropout=0.0)
        transfer.freeze(backbone)
        sets = [tiny.images(seed=1), tiny.images(seed=2)]
        if alone:
            sets = [transfer.precompute(backbone, dataset) for dataset in sets]
        trained = transfer.head_of(model) if alone else model
        transfer.train(trained, *sets, learning_rate=1e-2, epochs=3, seed=0)
        results.append(model.predict(tiny.images(seed=3).images, verbose=0))
    np.testing.assert_allclose(results[0], results[1], atol=1e-5)


def test_control_features_go_stale_when_the_backbone_is_fine_tuned(backbone, model):
    dataset = tiny.images()
    features = transfer.extract_features(backbone, dataset.images)
    transfer.unfreeze(backbone)
    train(model, epochs=3)
    assert np.abs(features - transfer.extract_features(backbone, dataset.images)).max() > 1e-3


def test_splitting_at_a_block_leaves_the_predictions_and_shares_the_weights(backbone, model):
    transfer.unfreeze(backbone, from_block="block_3")
    trunk, top = transfer.split_at(model, "block_3")
    dataset = tiny.images()
    activations = transfer.precompute(trunk, dataset)
    before = transfer.snapshot(model)
    transfer.train(top, activations, activations, learning_rate=1e-2, epochs=1, seed=0)
    assert transfer.moved(model, before) == ["block_3_conv/kernel", "head/kernel", "head/bias"]
    np.testing.assert_allclose(
        top.predict(activations.images, verbose=0),
        model.predict(dataset.images, verbose=0),
        atol=1e-5,
    )


def test_split_at_equals_end_to_end_on_the_real_architecture():
    backbone = backbones.load_backbone("efficientnet_lite0", image_size=32, weights=None)
    model = tiny.with_random_head(transfer.add_head(backbone, 3, seed=0))
    trunk, top = transfer.split_at(model, "block_14")
    pixels = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3)).astype("uint8")
    np.testing.assert_allclose(
        top.predict(trunk.predict(pixels, verbose=0), verbose=0),
        model.predict(pixels, verbose=0),
        atol=1e-5,
    )


def test_activations_beyond_the_limit_go_to_a_file_and_it_says_so(backbone, model, capsys):
    transfer.freeze(backbone)
    transfer.unfreeze(backbone, from_block="block_3")
    pictures = tiny.images()
    top, (in_memory,) = transfer.on_activations(model, "block_3", pictures)
    assert capsys.readouterr().out == "" and not isinstance(in_memory.images, np.memmap)
    top, (on_disk,) = transfer.on_activations(model, "block_3", pictures, memory_limit=100_000)
    assert capsys.readouterr().out == "More than 0.1 MB: kept in a file, memory-mapped.\n"
    assert isinstance(on_disk.images, np.memmap)
    assert np.array_equal(on_disk.images, in_memory.images)
    before = transfer.snapshot(model)
    history = transfer.train(top, on_disk, learning_rate=1e-2, epochs=40, batch_size=8, seed=0)
    assert history["accuracy"][-1] > 0.8
    assert transfer.moved(model, before) == ["block_3_conv/kernel", "head/kernel", "head/bias"]


def test_a_file_is_read_batch_by_batch_each_picture_once_an_epoch_in_another_order():
    pictures = tiny.images(num_per_class=10)
    batches = activations.OnDisk(pictures, batch_size=8, seed=0)
    epochs = []
    for _ in range(2):
        images, labels = zip(*(batches[number] for number in range(len(batches))), strict=True)
        assert [len(part) for part in labels] == [8, 8, 4]
        epochs.append(np.concatenate(images))
        batches.on_epoch_end()
    in_order = [np.sort(epoch.reshape(20, -1).sum(axis=1)) for epoch in (*epochs, pictures.images)]
    assert np.array_equal(in_order[0], in_order[2]) and np.array_equal(in_order[1], in_order[2])
    assert not np.array_equal(*epochs)


def test_with_augmentation_the_whole_model_trains_and_it_says_so(model, capsys):
    pictures = tiny.images()
    found = transfer.on_activations(model, "block_3", pictures, augmentation=layers.RandomFlip())
    assert found == (model, (pictures,))
    assert "With augmentation the activations change" in capsys.readouterr().out


def test_a_trunk_that_may_move_is_refused(model):
    transfer.unfreeze(model)
    with pytest.raises(ValueError, match="before 'block_3' may move, such as .*block_1_conv"):
        transfer.on_activations(model, "block_3", tiny.images())


@pytest.mark.parametrize("by_keras", [False, True])
def test_features_of_a_stream_of_batches_are_those_of_one_array(backbone, monkeypatch, by_keras):
    if by_keras:
        monkeypatch.setattr("tl_course.engine.litert.runner", lambda *_: None)
    pixels = tiny.images().images
    batches = (pixels[start : start + 10] for start in range(0, len(pixels), 10))
    streamed = transfer.extract_features(backbone, batches)
    assert streamed.shape == (32, 8)
    np.testing.assert_allclose(streamed, transfer.extract_features(backbone, pixels), atol=1e-5)
    assert not np.allclose(streamed, transfer.extract_features(backbone, pixels[::-1]))  # control


# ---------------------------------------------------------------- save and reload


def test_a_saved_model_predicts_the_same_after_reloading(backbone, model, tmp_path):
    transfer.freeze(backbone)
    train(model)
    model.save(tmp_path / "model.keras")
    reloaded = keras.models.load_model(tmp_path / "model.keras")
    pixels = tiny.images().images
    assert np.array_equal(reloaded.predict(pixels, verbose=0), model.predict(pixels, verbose=0))


def test_control_a_model_built_anew_does_not_predict_the_same(model):
    pixels = tiny.images().images
    other = tiny.with_random_head(transfer.add_head(tiny.backbone(seed=1), 2, seed=1), seed=1)
    assert not np.allclose(other.predict(pixels, verbose=0), model.predict(pixels, verbose=0))


def test_snapshot_is_a_copy(model):
    before = transfer.snapshot(model)
    head = model.get_layer("head")
    head.set_weights([weight + 1 for weight in head.get_weights()])
    assert transfer.moved(model, before) == ["head/kernel", "head/bias"]
    assert transfer.moved(model, transfer.snapshot(model)) == []
