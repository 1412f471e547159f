"""Pictures for the bench: drawings like photographs, and kinds that look suspicious but are not."""

import functools

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from tl_course import data, look_alikes, photographs

NAMES = ("endocarditis", "lasagna")


def bright_part(number, num_classes, *, size, seed=0):
    """Noise with a bright vertical part by class, float32 (number, size, size, 3) in 0..255."""
    dice = np.random.default_rng(seed)
    images = dice.integers(0, 120, (number, size, size, 3)).astype("float32")
    width = size // num_classes
    for k in range(number):
        begin = (k % num_classes) * width
        images[k, :, begin : begin + width] += 120
    return images


def few(size=32, num_per_class=4, num_classes=3, seed=0):
    """An ImageSet of `bright_part`, uint8."""
    number = num_per_class * num_classes
    images = bright_part(number, num_classes, size=size, seed=seed).astype("uint8")
    names = tuple("abcdefgh"[:num_classes])
    return data.ImageSet(images, np.arange(number) % num_classes, names, "invented")


@functools.cache
def drawings(num_per_class=15, size=64, seed=0):
    """An ImageSet of drawn lasagna and heart valves, classes mixed."""
    return look_alikes.draw(num_per_class, image_size=size, seed=seed)


@functools.cache
def photos(size=32):
    """The four photographs that come with the course, uint8 (4, size, size, 3)."""
    return np.stack(list(photographs.bundled_photographs(image_size=size).values()))


def dark(images):
    """The same pictures on a dark evening."""
    return (images * 0.2).astype("uint8")


@functools.cache
def cells(number=30, size=64, seed=0):
    """Purple cells on pink ground, as under a microscope: all alike in colour, none a twin."""
    dice = np.random.default_rng(seed)
    return np.stack([_cell(dice, size) for _ in range(number)])


def _cell(dice, size):
    scale = 4
    picture = Image.new("RGB", (scale * size, scale * size), (232, 196, 205))
    brush = ImageDraw.Draw(picture)
    for _ in range(dice.integers(6, 12)):  # pale red cells anywhere, one dark nucleus
        _spot(brush, dice, scale * size, 0.12, (214, 150, 165))
    for _ in range(dice.integers(1, 4)):
        _spot(brush, dice, scale * size, 0.16, (120, 70, 150))
    picture = picture.filter(ImageFilter.GaussianBlur(scale)).resize((size, size))
    noise = dice.normal(0, 3, (size, size, 3))
    return np.clip(np.asarray(picture) + noise, 0, 255).astype("uint8")


def _spot(brush, dice, size, radius, colour):
    x, y = dice.uniform(0.1, 0.9, 2) * size
    a, b = dice.uniform(0.6, 1.3, 2) * radius * size
    brush.ellipse((x - a, y - b, x + a, y + b), fill=colour)


@functools.cache
def products(number=30, size=64, seed=0):
    """One thing of some form and colour on white ground, as in a shop's catalogue."""
    dice = np.random.default_rng(seed)
    return np.stack([_product(dice, size) for _ in range(number)])


def _product(dice, size):
    picture = Image.new("RGB", (size, size), (255, 255, 255))
    brush = ImageDraw.Draw(picture)
    for _ in range(dice.integers(2, 6)):
        x, y = dice.uniform(0.1, 0.6, 2) * size
        w, h = dice.uniform(0.15, 0.5, 2) * size
        colour = tuple(dice.integers(0, 220, 3).tolist())
        shape = brush.ellipse if dice.random() < 0.5 else brush.rectangle
        shape((x, y, x + w, y + h), fill=colour)
    return np.asarray(picture)


def as_set(images, names=NAMES, source="invented"):
    """An ImageSet of these images, classes in turn."""
    return data.ImageSet(images, np.arange(len(images)) % len(names), names, source)


def turned(images, degrees):
    """Each picture turned, its edge filled with its own border colours."""
    return np.stack([
        np.asarray(Image.fromarray(image).rotate(degrees, Image.Resampling.BILINEAR))
        for image in images
    ])  # fmt: skip


def cropped(images, share):
    """Each picture without this share at its edges, at the old size."""
    size = images.shape[1]
    cut = round(share * size)
    box = (cut, cut, size - cut, size - cut)
    return np.stack([np.asarray(Image.fromarray(i).resize((size, size), box=box)) for i in images])


def resized(images, size):
    return np.stack([np.asarray(Image.fromarray(image).resize((size, size))) for image in images])


def noisy(images, spread=4, seed=0):
    noise = np.random.default_rng(seed).normal(0, spread, images.shape)
    return np.clip(images + noise, 0, 255).astype("uint8")


def lighter(images, factor):
    return np.clip(images * factor, 0, 255).astype("uint8")
