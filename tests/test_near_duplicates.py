"""Near-duplicates: a copy is found whatever was done to it, with few false alarms."""

import io
import os
import tracemalloc
from pathlib import Path

import imagehash
import numpy as np
import pytest
import skimage.data
from PIL import Image, ImageEnhance

from tl_course import data

MIRROR = os.environ.get("TL_COURSE_MIRROR", "")
needs_groceries = pytest.mark.skipif(
    not (MIRROR and Path(MIRROR, "groceries").is_dir()), reason="TL_COURSE_MIRROR has no groceries"
)


def square(picture, size=160):
    side = min(picture.size)
    left, top = (picture.width - side) // 2, (picture.height - side) // 2
    return picture.crop((left, top, left + side, top + side)).resize((size, size))


def encoded(picture, quality):
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality)
    return Image.open(buffer)


COPIES = {
    "resized": lambda picture: picture.resize((80, 80)).resize((160, 160)),
    "re-encoded": lambda picture: encoded(picture, 30),
    "brighter": lambda picture: ImageEnhance.Brightness(picture).enhance(1.3),
    "darker": lambda picture: ImageEnhance.Brightness(picture).enhance(0.7),
}


@pytest.fixture(scope="module")
def bundled():
    names = ("chelsea", "coffee", "rocket", "astronaut")
    return [square(Image.fromarray(getattr(skimage.data, name)())) for name in names]


def pixels(pictures):
    return np.stack([np.asarray(picture) for picture in pictures])


@pytest.mark.parametrize("copy", COPIES)
def test_near_duplicates_finds_every_copy_across_two_sets(bundled, copy):
    copies = pixels([COPIES[copy](picture) for picture in bundled])
    assert not np.array_equal(copies, pixels(bundled))  # comparing bytes would find nothing
    found = data.near_duplicates(pixels(bundled), copies)
    assert sorted((i, j) for i, j, _ in found) == [(0, 0), (1, 1), (2, 2), (3, 3)]


def test_near_duplicates_in_one_set_lists_each_pair_once_nearest_first(bundled):
    images = pixels([*bundled, COPIES["brighter"](bundled[1]), bundled[0]])
    found = data.near_duplicates(images)
    assert [(i, j) for i, j, _ in found] == [(0, 5), (1, 4)]
    assert found[0][2] == 0
    assert all(isinstance(number, int) for pair in found for number in pair)


def test_near_duplicates_says_nothing_of_different_pictures_and_empty_sets(bundled):
    assert data.near_duplicates(pixels(bundled)) == []
    assert data.near_duplicates(pixels(bundled)[:0], pixels(bundled)) == []


def test_distance_against_a_loop_and_the_documented_blind_spots(bundled):
    mirrored = pixels(bundled)[:, :, ::-1]
    found = data.near_duplicates(pixels(bundled), mirrored, max_distance=64)
    assert len(found) == 16
    for i, j, distance in found:
        original, copy = Image.fromarray(pixels(bundled)[i]), Image.fromarray(mirrored[j])
        assert distance == imagehash.phash(original) - imagehash.phash(copy)
    assert data.near_duplicates(pixels(bundled), mirrored) == []  # a mirrored copy is missed
    flat = np.stack([np.full((32, 32, 3), 90, "uint8"), np.full((32, 32, 3), 200, "uint8")])
    assert len(data.near_duplicates(flat)) == 1  # two flat colours count as the same


@needs_groceries
def test_the_documented_measurement_on_grocery_photographs():
    files = sorted(Path(MIRROR, "groceries").rglob("*.jpg"))
    pictures = [square(Image.open(file).convert("RGB")) for file in files]
    distances = [d for _, _, d in data.near_duplicates(pixels(pictures), max_distance=12)]
    pairs = len(files) * (len(files) - 1) // 2
    measured = f"{len(files)} grocery", f"{pairs:,} pairs", f"(nearest: {min(distances)})"
    assert all(figure in data.near_duplicates.__doc__ for figure in measured)
    assert data.near_duplicates(pixels(pictures)) == []
    for copy in COPIES.values():
        copies = pixels([copy(picture) for picture in pictures])
        found = {(i, j) for i, j, _ in data.near_duplicates(pixels(pictures), copies)}
        assert sum((i, i) in found for i in range(len(copies))) > 0.99 * len(copies)
        assert all(i == j for i, j in found)
    wide = data.near_duplicates(pixels(pictures), max_distance=20)
    assert len(wide) > 100  # control: a threshold that is too loose flags different photographs


def test_blocks_give_the_pairs_of_a_comparison_of_all_with_all(monkeypatch):
    """Against all pairs at once, as sums of differing bits."""
    random = np.random.default_rng(0)
    coarse = random.integers(0, 256, (60, 8, 8, 3)).astype("uint8")
    images = coarse.repeat(4, axis=1).repeat(4, axis=2)
    images = np.concatenate([images, (images[:25] * 0.8).astype("uint8")])
    bits = np.array([imagehash.phash(Image.fromarray(image)).hash.ravel() for image in images])
    distances = (bits[:, None].astype(float) != bits[None]).sum(axis=-1)
    for block in (7, 256):  # the last block is not full
        monkeypatch.setattr(data, "BLOCK", block)
        for limit in (6, 24):
            pairs = {(i, j, distances[i, j]) for i, j in np.argwhere(distances <= limit) if i < j}
            assert set(data.near_duplicates(images, max_distance=limit)) == pairs
            across = data.near_duplicates(images[:30], images[30:], max_distance=limit)
            assert set(across) == {(i, j - 30, d) for i, j, d in pairs if i < 30 <= j}
    assert len(pairs) > 25


@pytest.fixture
def peak(monkeypatch):
    """The most memory, in bytes, that near_duplicates takes for n pictures of known hashes."""
    random = np.random.default_rng(0)

    def measure(number):
        hashes = random.integers(0, 2**63, number, dtype="uint64")
        monkeypatch.setattr(data, "_hashes", lambda images: hashes)
        tracemalloc.start()
        assert data.near_duplicates(None) == []
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return used

    return measure


def test_20_000_pictures_need_less_than_300_mb(peak, monkeypatch):
    one_block = peak(data.BLOCK) / data.BLOCK**2 * 20_000 * data.BLOCK
    assert one_block < 300e6
    assert peak(4_000) < 1.3 * 4_000 / 20_000 * one_block + 1e6  # it grows with n, not with n * n
    monkeypatch.setattr(data, "BLOCK", 20_000)
    assert peak(4_000) > 4_000 / 20_000 * 2 * one_block  # control: all pairs at once
