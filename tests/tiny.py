"""Small stand-ins for the tests: a Conv-BN backbone and drawn 16-pixel images."""

import keras
import numpy as np
from keras import layers

from tl_course import data


def backbone(*, seed=0, num_blocks=3, image_size=16):
    """Raw pixels to 8 features; blocks block_1 to block_3, with BatchNormalization."""
    keras.utils.set_random_seed(seed)
    x = pixels = keras.Input((image_size, image_size, 3), name="pixels")
    x = layers.Rescaling(1 / 127.5, -1.0, name="preprocessing")(x)
    for number in range(1, num_blocks + 1):
        x = layers.Conv2D(8, 3, padding="same", use_bias=False, name=f"block_{number}_conv")(x)
        x = layers.BatchNormalization(name=f"block_{number}_bn")(x)
        x = layers.ReLU(max_value=6, name=f"block_{number}_relu")(x)
    x = layers.GlobalAveragePooling2D(name="pooling")(x)
    return keras.Model(pixels, x, name="tiny")


def with_random_head(model, *, seed=0):
    """The model with a random kernel in its head, in place.

    A head at zero hands no gradient down in its first step, and answers every picture alike.
    """
    kernel = model.get_layer("head").kernel
    kernel.assign(np.random.default_rng(seed).normal(0, 0.5, kernel.shape))
    return model


def images(*, num_per_class=16, seed=0):
    """Noise with a bright left half (class 0, "left") or right half (class 1, "right")."""
    random = np.random.default_rng(seed)
    labels = np.tile([0, 1], num_per_class)
    pixels = random.integers(0, 120, (len(labels), 16, 16, 3))
    for picture, label in zip(pixels, labels, strict=True):
        picture[:, label * 8 : label * 8 + 8] += 120
    return data.ImageSet(pixels.astype("uint8"), labels.astype("int64"), ("left", "right"))
