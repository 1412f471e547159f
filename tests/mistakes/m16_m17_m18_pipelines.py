"""Mistakes 16, 17 and 18: pipelines that leak, that change what judges, that change nothing."""

import functools

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from tests.mistakes import feeds, pictures
from tests.mistakes.rows import refused, right, wrong

TRAIN, ALL = 24, 32  # pictures


def _album():
    return pictures.drawings(16)


def _stream():
    return feeds.stream(_album().images, _album().labels)


def _parts():
    return _stream().take(TRAIN), _stream().skip(TRAIN)


def _asked(world, train, val):
    return world.pipelines(train, val, originals=_album().images)


def _layers():
    return [layers.RandomFlip("horizontal", seed=1), layers.RandomRotation(0.1, seed=2)]


def augment(changes=None):
    """A function for map: Keras layers that flip and turn."""
    changes = changes or _layers()

    def change(images, labels):
        for layer in changes:
            images = layer(images, training=True)
        return images, labels

    return change


def tf_flip(images, labels):
    """TensorFlow's own flips and light."""
    images = tf.image.random_flip_left_right(images)
    return tf.image.random_brightness(images, 60.0), labels


def noise(images, labels):
    images = tf.cast(images, tf.float32)
    return images + tf.random.normal(tf.shape(images), stddev=10.0), labels


def light(images, labels):
    """Brightness alone."""
    return tf.image.random_brightness(tf.cast(images, tf.float32), 80.0), labels


def contrast(images, labels):
    return tf.image.random_contrast(tf.cast(images, tf.float32), 0.4, 1.6), labels


def crop(images, labels):
    """A crop at random, at the old size."""
    shape = tf.concat([tf.shape(images)[:1], [52, 52, 3]], 0)
    return tf.image.resize(tf.image.random_crop(images, shape), (64, 64)), labels


# ---------------------------------------------------------------- 16


def take_and_skip(world):
    mixed = _stream().shuffle(ALL)
    return _asked(world, mixed.take(TRAIN).batch(8), mixed.skip(TRAIN).batch(8))


def take_and_skip_seeded(world):
    """A seed makes the runs alike, not the passes."""
    mixed = _stream().shuffle(ALL, seed=3)
    return _asked(world, mixed.take(TRAIN).batch(8), mixed.skip(TRAIN).batch(8))


def take_and_skip_of_batches(world):
    mixed = _stream().shuffle(ALL).batch(8)
    return _asked(world, mixed.take(3), mixed.skip(3))


def take_and_skip_augmented(world):
    mixed = _stream().shuffle(ALL, seed=1)
    return _asked(world, mixed.take(TRAIN).batch(8).map(augment()), mixed.skip(TRAIN).batch(8))


def take_and_skip_with_cache_after(world):
    """A cache after the cut: the two sets were drawn twice, and now stay mixed."""
    mixed = _stream().shuffle(ALL, seed=2)
    train, val = mixed.take(TRAIN).cache(), mixed.skip(TRAIN).cache()
    return _asked(world, train.batch(8), val.batch(8))


def forgot_to_skip(world):
    return _asked(world, _stream().batch(8), _stream().take(8).batch(8))


def trained_on_everything(world):
    return _asked(world, _stream().shuffle(ALL).batch(8).map(augment()), _parts()[1].batch(8))


def validation_is_training(world):
    train, _ = _parts()
    return _asked(world, train.batch(8), train.batch(8))


def skip_too_few(world):
    """take(24), skip(16): eight of each are the same."""
    return _asked(world, _stream().take(TRAIN).batch(8), _stream().skip(16).batch(8))


def two_draws(world):
    """Two random draws from the same pictures."""
    images, labels = _album().images, _album().labels
    one = np.random.default_rng(1).permutation(ALL)[:TRAIN]
    two = np.random.default_rng(2).permutation(ALL)[:8]
    return _asked(world, feeds.stream(images[one], labels[one]).batch(8),
                  feeds.stream(images[two], labels[two]).batch(8))  # fmt: skip


def _directory(seed, subset):
    return keras.utils.image_dataset_from_directory(
        _kept_folder(), validation_split=0.25, subset=subset, seed=seed, image_size=(64, 64),
        batch_size=8, verbose=False,
    )  # fmt: skip


@functools.cache
def _kept_folder():
    return feeds.folder(_album().images, labels=_album().labels)


def two_seeds_for_a_folder(world):
    """image_dataset_from_directory, once with seed 1 and once with seed 2."""
    return _asked(world, _directory(1, "training"), _directory(2, "validation"))


def two_seeds_for_a_folder_augmented(world):
    train = _directory(1, "training").map(augment())
    return _asked(world, train, _directory(2, "validation"))


def oversampled_then_split(world):
    """The rare class three times, then the cut."""
    images, labels = _album().images, _album().labels
    places = np.concatenate([np.arange(ALL), *[np.flatnonzero(labels == 1)] * 2])
    places = np.random.default_rng(0).permutation(places)
    many = feeds.stream(images[places], labels[places])
    return _asked(world, many.take(48).batch(8), many.skip(48).batch(8))


def one_flow_for_both(world):
    """The same ImageDataGenerator flow for training and for validation."""
    album = _album()
    train = feeds.flow(album.images, album.labels, horizontal_flip=True)
    return _asked(world, train, (album.images[:8], album.labels[:8]))


# ---------------------------------------------------------------- 17


def _both_changed(change):
    def setup(world):
        train, val = (part.batch(8).map(change) for part in _parts())
        return _asked(world, train, val)

    return setup


def _only_val_changed(change):
    def setup(world):
        train, val = _parts()
        return _asked(world, train.batch(8), val.batch(8).map(change))

    return setup


def augmented_before_the_split(world):
    """map comes before take and skip."""
    changed = _stream().map(tf_flip)
    return _asked(world, changed.take(TRAIN).batch(8), changed.skip(TRAIN).batch(8))


def augmented_then_cached(world):
    """Validation pictures changed at random, then remembered: changed all the same."""
    train, val = _parts()
    train = train.batch(8).map(augment())
    return _asked(world, train, val.batch(8).map(augment()).cache())


def flow_with_a_split(world):
    """ImageDataGenerator with validation_split changes the validation subset, too."""
    album = _album()
    options = {"rotation_range": 20, "horizontal_flip": True, "validation_split": 0.25}
    made = feeds.generator(**options)
    train = made.flow(album.images, album.labels, batch_size=8, subset="training", seed=1)
    val = made.flow(album.images, album.labels, batch_size=8, subset="validation", seed=1)
    return _asked(world, train, val)


def py_datasets(world):
    album, change = _album(), lambda images: _turned_at_random(images)
    train = feeds.Batches(album.images[:TRAIN], album.labels[:TRAIN], change)
    return _asked(world, train, feeds.Batches(album.images[TRAIN:], album.labels[TRAIN:], change))


def _turned_at_random(images):
    turns = np.random.default_rng().integers(-20, 20, len(images)).tolist()
    return np.concatenate([pictures.turned(images[k : k + 1], t) for k, t in enumerate(turns)])


def folder_mapped_for_both(world):
    train, val = _directory(1, "training"), _directory(1, "validation")
    change = augment()
    return _asked(world, train.map(change), val.map(change))


def augmented_once_and_for_all(world):
    """Validation pictures turned once, by NumPy."""
    train, _ = _parts()
    turned = pictures.turned(_album().images[TRAIN:], 15)
    return _asked(world, train.batch(8), feeds.stream(turned).batch(8))


# ---------------------------------------------------------------- 18


def cached_after_augmentation(world):
    train, val = _parts()
    return _asked(world, train.batch(8).map(augment()).cache(), val.batch(8))


def cached_after_augmentation_of_singles(world):
    train, val = _parts()
    return _asked(world, train.map(tf_flip).cache().batch(8), val.batch(8))


def cached_then_shuffled(world):
    train, val = _parts()
    train = train.batch(1).map(augment()).cache().unbatch().shuffle(TRAIN).batch(8)
    return _asked(world, train.prefetch(2), val.batch(8))


def augmented_by_numpy_once(world):
    """Each training picture turned once, before tf.data."""
    images = _album().images[:TRAIN]
    turned = np.stack([pictures.turned(i[None], 7 * (k % 5) - 14)[0] for k, i in enumerate(images)])
    return _asked(world, feeds.stream(turned).shuffle(TRAIN).batch(8), _parts()[1].batch(8))


def augmented_into_a_list(world):
    """The pipeline was run once, and its batches kept."""
    train, val = _parts()
    return _asked(world, list(train.batch(8).map(augment())), val.batch(8))


def the_same_seed_each_pass(world):
    """Stateless changes with one seed a picture: the same at each pass."""

    def change(place, pair):
        seed = tf.stack([1, tf.cast(place, tf.int32)])
        return tf.image.stateless_random_flip_left_right(pair[0], seed=seed), pair[1]

    train, val = _parts()
    changed = train.enumerate().map(change)
    return _asked(world, changed.batch(8), val.batch(8))


def a_generator_that_begins_again(world):
    """A generator that makes its random numbers anew, with a seed, at each pass."""
    images, labels = _album().images[:TRAIN], _album().labels[:TRAIN]

    def pictures_of_one_pass():
        dice = np.random.default_rng(0)
        for image, label in zip(images, labels, strict=True):
            yield pictures.turned(image[None], int(dice.integers(-20, 20)))[0], label

    signature = (tf.TensorSpec((64, 64, 3), tf.uint8), tf.TensorSpec((), tf.int64))
    train = tf.data.Dataset.from_generator(pictures_of_one_pass, output_signature=signature)
    return _asked(world, train.batch(8), _parts()[1].batch(8))


def folder_augmented_and_cached(world):
    train = _directory(1, "training").map(augment()).cache().prefetch(1)
    return _asked(world, train, _directory(1, "validation"))


def _named(name, setup):
    setup.__name__ = name
    return setup


CHANGES = {"keras_layers": lambda *pair: augment()(*pair), "tf_flip": tf_flip, "noise": noise,
           "light": light, "contrast": contrast, "crop": crop}  # fmt: skip
WRONG = [
    *(wrong(16, setup, worlds=1) for setup in (
        take_and_skip, take_and_skip_seeded, take_and_skip_of_batches, take_and_skip_augmented,
        take_and_skip_with_cache_after, forgot_to_skip, trained_on_everything,
        validation_is_training, skip_too_few, two_draws, two_seeds_for_a_folder,
        two_seeds_for_a_folder_augmented, oversampled_then_split, one_flow_for_both,
    )),
    wrong(17, _named("both_by_keras_layers", _both_changed(augment())), worlds=1),
    wrong(17, _named("only_val_by_keras_layers", _only_val_changed(augment())), worlds=1),
    *(wrong(17, _named(f"both_by_{name}", _both_changed(CHANGES[name])), worlds=1)
      for name in ("tf_flip", "noise", "light", "contrast", "crop")),
    *(wrong(17, _named(f"only_val_by_{name}", _only_val_changed(CHANGES[name])), worlds=1)
      for name in ("tf_flip", "noise", "light")),
    *(wrong(17, setup, worlds=1) for setup in (
        augmented_before_the_split, augmented_then_cached, flow_with_a_split, py_datasets,
        folder_mapped_for_both, augmented_once_and_for_all,
    )),
    *(wrong(18, setup, worlds=1) for setup in (
        cached_after_augmentation, cached_after_augmentation_of_singles, cached_then_shuffled,
        augmented_by_numpy_once, augmented_into_a_list, the_same_seed_each_pass,
        a_generator_that_begins_again, folder_augmented_and_cached,
    )),
]  # fmt: skip


# ---------------------------------------------------------------- right


def lesson(world):
    """The order that holds, as the lesson on pipelines has it."""
    train, val = _parts()
    train = train.cache().shuffle(TRAIN, seed=0).batch(8).map(augment())
    return _asked(world, train, val.batch(8))


def no_augmentation(world):
    train, val = _parts()
    return _asked(world, train.shuffle(TRAIN).batch(8), val.batch(8))


def cached_without_augmentation(world):
    """What does not change may be remembered."""
    train, val = _parts()
    return _asked(world, train.batch(8).cache(), val.batch(8).cache())


def shuffled_once_then_split(world):
    mixed = _stream().shuffle(ALL, seed=1, reshuffle_each_iteration=False)
    return _asked(world, mixed.take(TRAIN).batch(8), mixed.skip(TRAIN).batch(8))


def validation_shuffled(world):
    train, val = _parts()
    return _asked(world, train.batch(8), val.shuffle(8).batch(8))


def rare_class_repeated(world):
    """The rare class twice, in the training set alone."""
    train, val = _parts()
    rare = train.filter(lambda image, label: label == 1)
    return _asked(world, train.concatenate(rare.repeat(2)).shuffle(60).batch(8), val.batch(8))


def rare_class_repeated_and_augmented(world):
    train, val = _parts()
    rare = train.filter(lambda image, label: label == 1)
    train = train.concatenate(rare.repeat(2)).shuffle(60).batch(8).map(augment())
    return _asked(world, train, val.batch(8))


def endless(world):
    """repeat() for steps_per_epoch."""
    train, val = _parts()
    return _asked(world, train.repeat().shuffle(30).batch(8), val.batch(8))


def both_endless(world):
    train, val = _parts()
    return _asked(world, train.repeat().batch(8).map(augment()), val.repeat().batch(8))


def scaled(world):
    """Both divided by 255: that is no augmentation."""
    train, val = (p.batch(8).map(lambda x, y: (tf.cast(x, tf.float32) / 255, y)) for p in _parts())
    return _asked(world, train, val)


def made_smaller(world):
    train, val = (p.batch(8).map(lambda x, y: (tf.image.resize(x, (40, 40)), y)) for p in _parts())
    return _asked(world, train, val)


def middle_cut_out(world):
    """The middle of each validation picture, the usual way to judge."""
    train, val = _parts()

    def middle(images, labels):
        return tf.image.resize(tf.image.central_crop(images, 0.875), (64, 64)), labels

    return _asked(world, train.batch(8).map(crop), val.batch(8).map(middle))


def standardized(world):
    train, val = (
        p.batch(8).map(lambda x, y: (tf.image.per_image_standardization(x), y)) for p in _parts()
    )
    return _asked(world, train, val)


def one_hot(world):
    train, val = (p.map(lambda x, y: (x, tf.one_hot(y, 2))).batch(8) for p in _parts())
    return _asked(world, train.map(augment()), val)


def as_dictionaries(world):
    train, val = (p.map(lambda x, y: {"image": x, "label": y}).batch(8) for p in _parts())
    return _asked(world, train, val)


def not_in_batches(world):
    return _asked(world, *_parts())


def with_weights(world):
    train, val = _parts()
    return _asked(world, train.map(lambda x, y: (x, y, 2.0)).batch(8), val.batch(8))


def dropped_remainder(world):
    train, val = _parts()
    train = train.shuffle(TRAIN).batch(5, drop_remainder=True).map(augment())
    return _asked(world, train, val.batch(3).prefetch(tf.data.AUTOTUNE))


def a_folder(world):
    """One seed for both subsets."""
    return _asked(world, _directory(1, "training"), _directory(1, "validation"))


def a_folder_augmented(world):
    return _asked(world, _directory(1, "training").map(augment()), _directory(1, "validation"))


def both_subsets(world):
    pair = keras.utils.image_dataset_from_directory(
        _kept_folder(), validation_split=0.25, subset="both", seed=1, image_size=(64, 64),
        batch_size=8, verbose=False,
    )  # fmt: skip
    return _asked(world, *pair)


def flows(world):
    """ImageDataGenerator, augmented for training alone. It never ends."""
    album = _album()
    train = feeds.flow(album.images[:TRAIN], album.labels[:TRAIN], rotation_range=20)
    return _asked(world, train, feeds.flow(album.images[TRAIN:], album.labels[TRAIN:]))


def split_flow_unchanged(world):
    album = _album()
    made = feeds.generator(validation_split=0.25)
    train = made.flow(album.images, album.labels, batch_size=8, subset="training", seed=1)
    val = made.flow(album.images, album.labels, batch_size=8, subset="validation", seed=1)
    return _asked(world, train, val)


def py_datasets_right(world):
    album = _album()
    train = feeds.Batches(album.images[:TRAIN], album.labels[:TRAIN], _turned_at_random)
    return _asked(world, train, feeds.Batches(album.images[TRAIN:], album.labels[TRAIN:]))


def arrays(world):
    album = _album()
    train = album.images[:TRAIN], album.labels[:TRAIN]
    return _asked(world, train, (album.images[TRAIN:], album.labels[TRAIN:]))


def image_sets(world):
    return _asked(world, _album().take(range(TRAIN)), _album().take(range(TRAIN, ALL)))


def originals_as_a_set(world):
    train, val = _parts()
    return world.pipelines(train.batch(8), val.batch(8), originals=_album())


def originals_as_a_stream(world):
    train, val = _parts()
    return world.pipelines(train.batch(8), val.batch(8), originals=_stream().batch(8))


def originals_as_floats(world):
    train, val = _parts()
    return world.pipelines(train.batch(8), val.batch(8), originals=_album().images / 1.0)


def split_dataset(world):
    album = _album()
    train, val = keras.utils.split_dataset((album.images, album.labels), 0.75, seed=1, shuffle=True)
    return _asked(world, train.batch(8).map(augment()), val.batch(8))


def blended(world):
    """MixUp: two training pictures laid over each other."""

    def mix(images, labels):
        images = tf.cast(images, tf.float32)
        share = tf.random.uniform((tf.shape(images)[0], 1, 1, 1), 0.6, 1.0)
        return share * images + (1 - share) * tf.reverse(images, [0]), labels

    train, val = _parts()
    return _asked(world, train.shuffle(TRAIN).batch(8).map(mix), val.batch(8))


def little_is_changed(world):
    """Only a third of the training pictures is ever changed."""

    draw = tf.random.Generator.from_seed(1)  # a bare tf.random would repeat after a global seed

    def sometimes(image, label):
        flipped = tf.image.flip_left_right(image)
        return tf.where(draw.uniform(()) < 0.3, flipped, image), label

    train, val = _parts()
    return _asked(world, train.map(sometimes).batch(8), val.batch(8))


def cells(world):
    """Blood cells: alike in colour and layout, none twice."""
    images = pictures.cells(ALL)
    stream = feeds.stream(images)
    train = stream.take(TRAIN).shuffle(TRAIN).batch(8).map(augment())
    return world.pipelines(train, stream.skip(TRAIN).batch(8), originals=images)


def sampled_evenly(world):
    """sample_from_datasets: both classes equally often, without end."""
    train, val = _parts()
    kinds = [train.filter(lambda x, y, k=k: y == k).repeat() for k in (0, 1)]
    mixed = tf.data.Dataset.sample_from_datasets(kinds, [0.5, 0.5], seed=1)
    return _asked(world, mixed.batch(8), val.batch(8))


RIGHT = [right(setup, worlds=1) for setup in (
    lesson, no_augmentation, cached_without_augmentation, shuffled_once_then_split,
    validation_shuffled, rare_class_repeated, rare_class_repeated_and_augmented, endless,
    both_endless, scaled, made_smaller, middle_cut_out, standardized, one_hot, as_dictionaries,
    not_in_batches, with_weights, dropped_remainder, a_folder, a_folder_augmented, both_subsets,
    flows, split_flow_unchanged, py_datasets_right, arrays, image_sets, originals_as_a_set,
    originals_as_a_stream, originals_as_floats, split_dataset, blended, little_is_changed, cells,
    sampled_evenly,
)]  # fmt: skip


# ---------------------------------------------------------------- refused


def strings(world):
    return _asked(world, "train", "val")


def a_model(world):
    return _asked(world, world.backbone, _parts()[1].batch(8))


def a_number_for_originals(world):
    train, val = _parts()
    return world.pipelines(train.batch(8), val.batch(8), originals=36)


REFUSED = [refused(strings), refused(a_model, backbone="tiny"), refused(a_number_for_originals)]
