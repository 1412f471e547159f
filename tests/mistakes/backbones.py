"""Backbones for the bench, small enough for two cores, made to look pretrained.

A real checkpoint is too slow for hundreds of cases. What a check can see of one is that no weight
has its initial value any more: `look_pretrained` gives every weight such a value.
"""

import keras
import numpy as np
from keras import layers

from tests import tiny
from tl_course import backbones

SIZE = 32  # pixels
NAMES = ("tiny", "mobile", "plain", "mobilenet_v2", "mobilenet_v3", "efficientnetv2b0", "vgg16",
         "resnet50v2", "lite0")  # fmt: skip
SMALL = ("tiny", "mobile", "plain")  # these can be trained in a second
WITH_NORMS = ("tiny", "mobile")
GAIN = {"resnet50v2": 0.7, "vgg16": 1.0, "efficientnetv2b0": 1.0}  # or features grow without end


def look_pretrained(model, *, seed=0, gain=1.4):
    """Every weight of the model away from its initial value, in place, still of healthy size.

    gain: of each kernel; 1.4 keeps the size of what a ReLU halves (He et al. 2015).
    """
    random = np.random.default_rng(seed)
    for weight in model.weights:
        if weight.dtype == "float32":
            weight.assign(_learned(weight, random, gain))


def _learned(weight, random, gain):
    """What training may have made of one weight: kernels by filter, norms by channel."""
    shape, name = weight.shape, weight.path.rsplit("/", 1)[-1]
    if name == "gamma":
        return random.uniform(0.7, 1.3, shape)
    if name == "moving_variance":
        return random.uniform(0.5, 1.5, shape)
    if name in ("beta", "moving_mean", "bias"):
        return random.normal(0, 0.2, shape)
    if "kernel" not in name:
        return weight.numpy()
    depthwise = "depthwise" in weight.path or "dwconv" in weight.path
    filters = (shape[-2], 1) if depthwise else shape[-1:]
    fan_in = np.prod(shape[:2] if depthwise else shape[:-1])
    noise = random.standard_normal(shape, dtype="float32")
    return noise * gain / np.sqrt(fan_in) * random.uniform(0.6, 1.4, filters)


def build(name, *, pooled=True, seed=0):
    """A fresh backbone of this name that looks pretrained: pixels to features or feature maps."""
    keras.utils.set_random_seed(seed)
    if name == "lite0":
        return _lite0(pooled)
    model = {"tiny": _tiny, "mobile": mobile, "plain": plain}.get(name, _application(name))(pooled)
    look_pretrained(model, seed=seed, gain=GAIN.get(name, 1.4))
    return model


def _lite0(pooled):
    model = backbones.load_backbone("efficientnet_lite0", image_size=64)
    return model if pooled else until_pooling(model)


def until_pooling(model):
    """The same layers without the pooling at the end: feature maps."""
    pooling = next(
        layer for layer in model.layers[::-1] if isinstance(layer, layers.GlobalAveragePooling2D)
    )
    return keras.Model(model.input, pooling.input, name=f"{model.name}_maps")


def _tiny(pooled):
    model = tiny.backbone(image_size=SIZE)
    return model if pooled else until_pooling(model)


def mobile(pooled):
    """Blocks of expand, depthwise and project, each with BatchNormalization, as MobileNetV2's."""
    x = pixels = keras.Input((SIZE, SIZE, 3), name="pixels")
    x = layers.Rescaling(1 / 127.5, -1.0, name="scaling")(x)
    x = layers.Conv2D(8, 3, strides=2, padding="same", use_bias=False, name="stem_conv")(x)
    x = layers.BatchNormalization(name="stem_bn")(x)
    x = layers.ReLU(6, name="stem_relu")(x)
    for number in range(1, 4):
        name, strides = f"block_{number}", 2 if number == 2 else 1
        y = layers.Conv2D(16, 1, use_bias=False, name=f"{name}_expand")(x)
        y = layers.BatchNormalization(name=f"{name}_expand_bn")(y)
        y = layers.ReLU(6, name=f"{name}_expand_relu")(y)
        y = layers.DepthwiseConv2D(
            3, strides=strides, padding="same", use_bias=False, name=f"{name}_depthwise"
        )(y)
        y = layers.BatchNormalization(name=f"{name}_depthwise_bn")(y)
        y = layers.ReLU(6, name=f"{name}_depthwise_relu")(y)
        y = layers.Conv2D(8, 1, use_bias=False, name=f"{name}_project")(y)
        y = layers.BatchNormalization(name=f"{name}_project_bn")(y)
        x = layers.Add(name=f"{name}_add")([x, y]) if strides == 1 else y
    if pooled:
        x = layers.GlobalAveragePooling2D(name="avg_pool")(x)
    return keras.Model(pixels, x, name="mini_mobilenet")


def plain(pooled):
    """Two convolutions a block, with biases and without BatchNormalization, as VGG16's."""
    x = pixels = keras.Input((SIZE, SIZE, 3), name="pixels")
    x = layers.Rescaling(1 / 127.5, -1.0, name="scaling")(x)
    for number in range(1, 4):
        for part in (1, 2):
            x = layers.Conv2D(
                8, 3, padding="same", activation="relu", name=f"block{number}_conv{part}"
            )(x)
        x = layers.MaxPooling2D(name=f"block{number}_pool")(x)
    if pooled:
        x = layers.GlobalAveragePooling2D(name="avg_pool")(x)
    return keras.Model(pixels, x, name="mini_vgg")


def _application(name):
    """A network of keras.applications without its ImageNet top, as a student loads it."""
    shape = (SIZE, SIZE, 3)
    make = {
        "mobilenet_v2": lambda **o: keras.applications.MobileNetV2(alpha=0.35, **o),
        "mobilenet_v3": keras.applications.MobileNetV3Small,
        "efficientnetv2b0": keras.applications.EfficientNetV2B0,
        "vgg16": keras.applications.VGG16,
        "resnet50v2": keras.applications.ResNet50V2,
    }.get(name)
    return lambda pooled: make(
        input_shape=shape, weights=None, include_top=False, pooling="avg" if pooled else None
    )
