"""Which images, which labels, which split?"""

import unicodedata

import numpy as np
import pytest
import tiny

from tl_course import data


def test_an_image_set_takes_indices_and_masks():
    dataset = tiny.images()
    assert len(dataset.take([0, 1, 2])) == 3
    assert set(dataset.take(dataset.labels == 1).labels) == {1}


def test_names_are_the_labels_in_words():
    dataset = data.ImageSet(np.zeros((3, 2, 2, 3), "uint8"), np.array([1, 0, 1]), ("no", "yes"))
    assert dataset.names == ["yes", "no", "yes"]
    assert dataset.take([1, 2]).names == ["no", "yes"]


def test_classes_are_weighed_where_they_are_uneven():
    assert data.class_weights([10, 14]) is None
    weights = data.class_weights([10, 30])
    assert weights.tolist() == [2, pytest.approx(2 / 3)]
    assert (weights * [10, 30]).tolist() == [20, pytest.approx(20)]  # all classes count alike
    assert data.class_weights([0, 30])[1] < 1  # a class without pictures divides by nothing


# ---------------------------------------------------------------- splitting


def noise(num_per_class, num_classes=2, size=32, seed=0):
    random = np.random.default_rng(seed)
    labels = np.repeat(np.arange(num_classes), num_per_class)
    coarse = random.integers(0, 256, (len(labels), size // 4, size // 4, 3)).astype("uint8")
    images = coarse.repeat(4, axis=1).repeat(4, axis=2)
    return data.ImageSet(images, labels, tuple("abc"[:num_classes]))


def _rows(dataset):
    return {image.tobytes() for image in dataset.images}


def test_parts_are_disjoint_complete_and_stratified():
    dataset = noise(50)
    parts = data.split(dataset, (0.6, 0.2, 0.2), seed=0)
    assert [len(part) for part in parts] == [60, 20, 20]
    assert all(np.bincount(part.labels).tolist() == [len(part) // 2] * 2 for part in parts)
    assert len(set.union(*map(_rows, parts))) == 100


def test_a_split_repeats_with_its_seed():
    dataset = noise(20)
    first, again, other = (data.split(dataset, seed=seed)[0] for seed in (0, 0, 1))
    assert np.array_equal(first.images, again.images)
    assert not np.array_equal(first.images, other.images)


def test_near_duplicates_stay_on_one_side():
    dataset = noise(30)
    darker = (dataset.images * 0.9).astype("uint8")
    images = np.concatenate([dataset.images, darker])
    doubled = data.ImageSet(images, np.tile(dataset.labels, 2), dataset.class_names)
    train_set, val_set, test_set = data.split(doubled, seed=0)
    assert data.near_duplicates(train_set.images, test_set.images) == []
    assert data.near_duplicates(train_set.images, val_set.images) == []
    assert data.near_duplicates(train_set.images), "the pairs are still there"


def test_control_a_random_split_tears_near_duplicates_apart():
    dataset = noise(30)
    images = np.concatenate([dataset.images, (dataset.images * 0.9).astype("uint8")])
    order = np.random.default_rng(0).permutation(len(images))
    assert data.near_duplicates(images[order[:72]], images[order[72:]])


def test_fractions_that_do_not_sum_to_one_are_refused():
    with pytest.raises(ValueError, match="fractions are .*sum to 1"):
        data.split(noise(5), (0.5, 0.2), seed=0)


def test_few_shot_sets_are_balanced_and_nested():
    dataset = noise(20, num_classes=3)
    five, ten = (data.few_shot(dataset, shots, seed=0) for shots in (5, 10))
    assert np.bincount(five.labels).tolist() == [5, 5, 5]
    assert np.bincount(ten.labels).tolist() == [10, 10, 10]
    assert _rows(five) < _rows(ten)
    assert _rows(data.few_shot(dataset, 5, seed=1)) != _rows(five)


def test_control_independent_draws_are_not_nested():
    dataset = noise(20, num_classes=3)
    assert not _rows(data.few_shot(dataset, 5, seed=1)) < _rows(data.few_shot(dataset, 10, seed=0))


def test_more_shots_than_images_are_refused():
    with pytest.raises(ValueError, match="shots is 21: choose from 1 to 20"):
        data.few_shot(noise(20), 21, seed=0)


# ---------------------------------------------------------------- sets that cannot be right

SETS_MADE_WRONG = {
    "no picture": (lambda good: good.take([]), "the data set holds no picture"),
    "labels from 1": (
        lambda good: data.ImageSet(good.images, good.labels + 1, good.class_names),
        "has labels 1 to 2: expected 0 to 1",
    ),
}


@pytest.mark.parametrize("fault", SETS_MADE_WRONG)
def test_an_empty_or_mislabelled_set_is_refused_in_a_sentence(fault):
    spoil, sentence = SETS_MADE_WRONG[fault]
    for use in (lambda d: data.split(d, seed=0), lambda d: data.few_shot(d, 1, seed=0)):
        with pytest.raises(ValueError, match=sentence):
            use(spoil(noise(10)))
        use(noise(10))


def test_a_class_without_a_picture_is_named():
    dataset = data.ImageSet(noise(10).images, noise(10).labels, ("a", "b", "empty"))
    with pytest.raises(ValueError, match="Class 'empty' has no picture"):
        data.few_shot(dataset, 1, seed=0)
    assert sum(map(len, data.split(dataset, seed=0))) == 20


def test_one_class_is_split_and_drawn_from():
    dataset = noise(10, num_classes=1)
    assert [len(part) for part in data.split(dataset, (0.6, 0.4), seed=0)] == [6, 4]
    assert len(data.few_shot(dataset, 3, seed=0)) == 3


# ---------------------------------------------------------------- names


def test_class_names_are_composed_unicode_in_a_tuple():
    composed, decomposed = (unicodedata.normalize(form, "crème") for form in ("NFC", "NFD"))
    assert composed != decomposed  # control: code point by code point they differ
    sets = [
        data.ImageSet(np.zeros((1, 2, 2, 3), "uint8"), np.array([0]), [name, "bread"])
        for name in (composed, decomposed)
    ]
    assert sets[0].class_names == sets[1].class_names == (composed, "bread")
    assert sets[1].take([0]).names == [composed]
