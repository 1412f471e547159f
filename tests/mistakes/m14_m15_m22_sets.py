"""Mistakes 14, 15 and 22: what the three sets share, and how they name their classes."""

from dataclasses import replace

import numpy as np
import tensorflow as tf

from tests.mistakes import feeds, pictures
from tests.mistakes.rows import refused, right, wrong
from tl_course import data

NAMES = pictures.NAMES


def _parts():
    """Three sets of drawings that share nothing: 30, 12 and 12."""
    album = pictures.drawings(27)
    return album.take(range(30)), album.take(range(30, 42)), album.take(range(42, 54))


def _with(part, images):
    return replace(part, images=images)


def _joined(a, b):
    images = np.concatenate([a.images, b.images])
    return data.ImageSet(images, np.concatenate([a.labels, b.labels]), a.class_names, a.source)


FORMS = {  # how a set may be handed over
    "ImageSet": lambda part: part,
    "tuple": lambda part: (part.images, part.labels),
    "list": lambda part: [part.images, part.labels],
    "tf.data": lambda part: feeds.stream(part.images, part.labels).batch(8),
    "tf.data, single": lambda part: feeds.stream(part.images, part.labels),
    "one-hot": lambda part: (part.images, np.eye(2)[part.labels]),
    "column": lambda part: (part.images, part.labels[:, None]),
    "words": lambda part: (part.images, np.array(part.names)),
    "floats": lambda part: (part.images / np.float32(255), part.labels.astype("float32")),
    "dictionary": lambda part: {"image": part.images, "label": part.labels},
    "dictionaries": lambda part: tf.data.Dataset.from_tensor_slices(
        {"image": part.images, "label": part.labels}
    ).batch(8),
    "PyDataset": lambda part: feeds.Batches(part.images, part.labels),
    "images alone": lambda part: part.images,
}


def _in(form, setup):
    """A set-up that hands its three sets over in one of these forms."""

    def handed_over(world):
        return world.sets(*(FORMS[form](part) for part in setup()))

    handed_over.__name__ = f"{setup.__name__}, {form}"
    return handed_over


def _as_sets(setup):
    return _in("ImageSet", setup)


# ---------------------------------------------------------------- 14


def validation_is_test():
    train, val, _ = _parts()
    return train, val, val


def validation_is_test_shuffled():
    train, val, _ = _parts()
    return train, val, val.take(np.random.default_rng(1).permutation(len(val)))


def validation_within_test():
    train, val, test = _parts()
    return train, val.take(range(6)), _joined(test, val)


def a_few_shared():
    """Three of twelve."""
    train, val, test = _parts()
    return train, val, _joined(test, val.take(range(3)))


def split_of_the_test_set():
    """Validation pictures drawn from the test set and left in it."""
    train, _, test = _parts()
    return train, test.take(range(0, 12, 2)), test


def validation_data_test_arrays(world):
    """The same arrays, once as integers and once as floats from 0 to 1."""
    train, val, _ = _parts()
    return world.sets(train, val, (val.images / 255.0, val.labels))


def validation_is_test_resized(world):
    train, val, _ = _parts()
    return world.sets(train, val, _with(val, pictures.resized(val.images, 96)))


# ---------------------------------------------------------------- 15


def training_pictures_in_test():
    train, val, test = _parts()
    return train, val, _joined(test, train.take(range(6)))


def training_pictures_in_validation():
    train, val, test = _parts()
    return train, _joined(val, train.take(range(6))), test


def test_is_train():
    train, val, _ = _parts()
    return train, val, train


def darker_twins():
    train, val, test = _parts()
    twins = _with(train.take(range(8)), pictures.lighter(train.images[:8], 0.85))
    return train, val, _joined(test, twins)


def noisy_twins():
    """A burst of shots."""
    train, val, test = _parts()
    twins = _with(train.take(range(8)), pictures.noisy(train.images[:8]))
    return train, _joined(val, twins), test


def turned_twins():
    """Turned by 10 degrees: augmented before the split."""
    train, val, test = _parts()
    return train, val, _joined(test, _with(train, pictures.turned(train.images, 10)))


def slightly_turned_twins():
    train, val, test = _parts()
    twins = _with(train.take(range(10)), pictures.turned(train.images[:10], 3))
    return train, val, _joined(test, twins)


def mirrored_twins():
    """Mirrored: augmented before the split."""
    train, val, test = _parts()
    return train, val, _joined(test, _with(train, train.images[:, :, ::-1].copy()))


def cropped_twins():
    train, val, test = _parts()
    twins = _with(train.take(range(12)), pictures.cropped(train.images[:12], 0.05))
    return train, val, _joined(test, twins)


def smaller_twins(world):
    """The same pictures from another site, in another size."""
    train, val, _ = _parts()
    return world.sets(train, val, _with(train, pictures.resized(train.images, 48)))


def shifted_twins():
    """Shots from one tripod, moved by three pixels."""
    train, val, test = _parts()
    twins = _with(train.take(range(10)), np.roll(train.images[:10], 3, axis=2))
    return train, _joined(val, twins), test


def oversampled_before_the_split():
    """The rare class was copied three times, then all was shuffled and cut."""
    album = pictures.drawings(20)
    rare = np.flatnonzero(album.labels == 1)[:8]
    places = np.concatenate([np.flatnonzero(album.labels == 0), rare, rare, rare])
    places = np.random.default_rng(0).permutation(places)
    cuts = np.split(places, [26, 34])
    return tuple(album.take(part) for part in cuts)


def lesson_3_split_by_picture(world):
    """Exercise 2 of lesson 3: four shots of each thing, split at random."""
    things = pictures.drawings(5, 96, 3_000)
    shots = [pictures.lighter(things.images, light) for light in (0.7, 0.8, 0.9, 1.0)]
    album = replace(things.take(np.tile(np.arange(10), 4)), images=np.concatenate(shots))
    order = np.random.default_rng(0).permutation(40)
    return world.sets(*(album.take(part) for part in np.split(order, [24, 32])))


# ---------------------------------------------------------------- 22


def test_names_reversed(world):
    train, val, test = _parts()
    return world.sets(train, val, replace(test, labels=1 - test.labels, class_names=NAMES[::-1]))


def validation_names_reversed(world):
    train, val, test = _parts()
    return world.sets(train, replace(val, class_names=NAMES[::-1]), test)


def names_rotated(world):
    """Three classes in another order."""
    parts = [pictures.as_set(part.images, ("a", "b", "c")) for part in _parts()]
    return world.sets(*parts[:2], replace(parts[2], class_names=("b", "c", "a")))


def a_class_missing(world):
    """The test folder lacks a class, so the labels after it mean others."""
    parts = [pictures.as_set(part.images, ("a", "b", "c")) for part in _parts()]
    return world.sets(*parts[:2], pictures.as_set(parts[2].images, ("a", "c")))


def folders_in_another_order(world):
    """class_names= was given to the one call only, and in another order."""
    train, val, test = _parts()
    names = list(NAMES)
    made = [_from_folder(part, class_names=n) for part, n in (
        (train, names), (val, names), (test, names[::-1])
    )]  # fmt: skip
    return world.sets(*made)


def _from_folder(part, **options):
    import keras

    place = feeds.folder(part.images, labels=part.labels)
    return keras.utils.image_dataset_from_directory(
        place, image_size=(64, 64), batch_size=8, shuffle=False, verbose=False, **options
    )


IN_FORMS = ("tuple", "tf.data", "one-hot", "words", "floats", "dictionary", "dictionaries")
WRONG = [
    *(wrong(14, _as_sets(setup), worlds=1) for setup in (
        validation_is_test, validation_is_test_shuffled, validation_within_test,
        split_of_the_test_set,
    )),
    *(wrong(14, _in(form, validation_is_test), worlds=1)
      for form in ("tuple", "tf.data", "tf.data, single", "column", "PyDataset", "list")),
    *(wrong((14, 15), _in(form, a_few_shared), worlds=1) for form in ("ImageSet", *IN_FORMS)),
    wrong(14, validation_data_test_arrays, worlds=1),
    wrong((14, 15), validation_is_test_resized, worlds=1),
    *(wrong(15, _as_sets(setup), worlds=1) for setup in (
        training_pictures_in_test, training_pictures_in_validation, test_is_train, darker_twins,
        noisy_twins, turned_twins, slightly_turned_twins, mirrored_twins, cropped_twins,
        shifted_twins,
    )),
    wrong((14, 15), _as_sets(oversampled_before_the_split), worlds=1),
    *(wrong(15, _in(form, darker_twins), worlds=1) for form in IN_FORMS),
    wrong(15, smaller_twins, worlds=1),
    wrong((14, 15), lesson_3_split_by_picture, worlds=1),
    *(wrong(22, setup, worlds=1) for setup in (
        test_names_reversed, validation_names_reversed, names_rotated, a_class_missing,
        folders_in_another_order,
    )),
]  # fmt: skip


# ---------------------------------------------------------------- right


def apart():
    return _parts()


def cells_apart():
    """Blood cells look alike, and are not the same."""
    album = pictures.as_set(pictures.cells(54))
    return album.take(range(30)), album.take(range(30, 42)), album.take(range(42, 54))


def products_apart():
    """A catalogue: one white ground, different things."""
    album = pictures.as_set(pictures.products(54))
    return album.take(range(30)), album.take(range(30, 42)), album.take(range(42, 54))


def split_by_the_course(world):
    """Twins in the album, kept on one side."""
    album = pictures.drawings(20)
    twins = _joined(album, _with(album.take(range(10)), pictures.lighter(album.images[:10], 0.85)))
    return world.sets(*data.split(twins, seed=0))


def dark_apart():
    return tuple(_with(part, pictures.dark(part.images)) for part in _parts())


def no_test_set_yet(world):
    train, val, _ = _parts()
    return world.sets(train, val, None)


def no_validation_set(world):
    train, _, test = _parts()
    return world.sets(train, None, test)


def names_as_list_and_array(world):
    """The same names as a tuple, a list and an array."""
    train, val, test = _parts()
    val, test = replace(val, class_names=list(NAMES)), replace(test, class_names=np.array(NAMES))
    return world.sets(train, val, test)


def names_forced_to_a_list(world):
    """An attribute of a tf.data set is a list, an ImageSet's a tuple."""
    train, val, test = _parts()
    streams = [FORMS["tf.data"](part) for part in (val, test)]
    for one in streams:
        one.class_names = list(NAMES)
    return world.sets(train, *streams)


def names_in_another_unicode_form(world):
    train, val, test = _parts()
    train = replace(train, class_names=("Kaffee", "Ko\u0308rper"))
    others = [replace(part, class_names=("Kaffee", "K\u00f6rper")) for part in (val, test)]
    return world.sets(train, *others)


def folders_in_order(world):
    return world.sets(*(_from_folder(part) for part in _parts()))


def endless(world):
    train, val, test = _parts()
    stream = feeds.stream(train.images, train.labels).repeat().batch(8)
    return world.sets(stream, val, test)


def a_flow(world):
    """ImageDataGenerator.flow never ends."""
    train, val, test = (feeds.flow(part.images, part.labels) for part in _parts())
    return world.sets(train, val, test)


def a_generator(world):
    train, val, test = _parts()
    batches = ((train.images[k : k + 5], train.labels[k : k + 5]) for k in range(0, 30, 5))
    return world.sets(batches, val, test)


def features(world):
    """Features computed once, in the place of pictures."""
    dice = np.random.default_rng(0)
    parts = [replace(p, images=dice.normal(size=(len(p), 16)).astype("float32")) for p in _parts()]
    return world.sets(*parts)


def grey(world):
    """One channel."""
    return world.sets(*(_with(p, p.images.mean(-1, keepdims=True).astype("uint8"))
                        for p in _parts()))  # fmt: skip


def other_sizes(world):
    train, val, test = _parts()
    return world.sets(train, val, _with(test, pictures.resized(test.images, 80)))


def one_picture_each(world):
    train, val, test = _parts()
    return world.sets(train, val.take([0]), test.take([0]))


def twins_within_training(world):
    """Oversampled after the split, in the training set alone."""
    train, val, test = _parts()
    return world.sets(_joined(train, train.take(range(10))), val, test)


def with_three_columns(world):
    """tf.data with weights beside the labels."""
    streams = [
        tf.data.Dataset.from_tensor_slices((p.images, p.labels, np.ones(len(p)))).batch(4)
        for p in _parts()
    ]
    return world.sets(*streams)


def lesson_3_split_by_visit(world):
    things = pictures.drawings(5, 96, 3_000)
    day = np.array([things.names[:k].count(name) for k, name in enumerate(things.names)])
    shots = [pictures.lighter(things.images, light) for light in (0.7, 0.8, 0.9, 1.0)]
    album = replace(things.take(np.tile(np.arange(10), 4)), images=np.concatenate(shots))
    visit = np.tile(day, 4)
    return world.sets(album.take(visit <= 2), album.take(visit == 3), album.take(visit == 4))


RIGHT = [
    *(right(_in(form, apart), worlds=1) for form in FORMS),
    *(right(_as_sets(setup), worlds=1) for setup in (cells_apart, products_apart, dark_apart)),
    *(right(setup, worlds=1) for setup in (
        split_by_the_course, no_test_set_yet, no_validation_set, names_as_list_and_array,
        names_forced_to_a_list, names_in_another_unicode_form, folders_in_order, endless, a_flow,
        a_generator, features, grey, other_sizes, one_picture_each, twins_within_training,
        with_three_columns, lesson_3_split_by_visit,
    )),
]  # fmt: skip


# ---------------------------------------------------------------- refused


def strings(world):
    return world.sets("train", "val", "test")


def numbers(world):
    return world.sets(0.6, 0.2, 0.2)


def labels_alone(world):
    return world.sets(*(part.labels for part in _parts()))


REFUSED = [refused(strings), refused(numbers), refused(labels_alone)]
