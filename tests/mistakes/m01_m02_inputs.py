"""Mistakes 1 and 2: pixels on the wrong scale, and blue, green, red for red, green, blue."""

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from tests.mistakes import backbones, feeds, pictures
from tests.mistakes.rows import refused, right, wrong
from tl_course import backbones as course

OWN = backbones.SMALL * 4 + ("lite0", "mobilenet_v3", "efficientnetv2b0")  # scale inside
MINUS_ONE = ("mobilenet_v2", "resnet50v2")  # without any scaling: -1 to 1


def _photos(world):
    return pictures.photos(world.size)


def _expects(world):
    """What the student says of the network: nothing, or the range that it wants."""
    return {"expects": (-1, 1)} if world.choice["backbone"] in MINUS_ONE else {}


def _asked(world, images, model=None, originals=None, **options):
    originals = _photos(world) if originals is None else originals
    options = _expects(world) | options
    if world.told and model is not None:
        options = {"backbone": world.backbone} | options
    return world.inputs(model or world.backbone, images, originals=originals, **options)


def _before(world, *steps):
    """These layers, then the backbone, as a model."""
    pixels = x = keras.Input(world.backbone.input_shape[1:])
    for step in steps:
        x = step(x)
    return keras.Model(pixels, world.backbone(x))


# ---------------------------------------------------------------- 1: scaled twice, or not at all


def divided_by_255(world):
    return _asked(world, _photos(world) / 255)


def divided_by_255_as_float32(world):
    return _asked(world, _photos(world).astype("float32") / np.float32(255))


def divided_and_cut_to_integers(world):
    """0 and 1, nothing between."""
    return _asked(world, (_photos(world) / 255).astype("uint8"))


def minus_one_to_one(world):
    return _asked(world, _photos(world) / 127.5 - 1)


def preprocess_input_of_mobilenet(world):
    images = _photos(world).astype("float32")
    return _asked(world, keras.applications.mobilenet_v2.preprocess_input(images))


def preprocess_input_of_torch(world):
    images = _photos(world).astype("float32")
    return _asked(world, keras.applications.densenet.preprocess_input(images))


def preprocess_input_of_caffe(world):
    """Means taken off, and blue first: two mistakes."""
    images = _photos(world).astype("float32")
    return _asked(world, keras.applications.vgg16.preprocess_input(images))


def standardized(world):
    images = _photos(world).astype("float32")
    return _asked(world, (images - images.mean()) / images.std())


def per_image_standardization(world):
    return _asked(world, tf.image.per_image_standardization(_photos(world)))


def convert_image_dtype(world):
    """TensorFlow divides by 255 while it converts."""
    return _asked(world, tf.image.convert_image_dtype(_photos(world), tf.float32))


def keras_normalize(world):
    return _asked(world, keras.utils.normalize(_photos(world).astype("float32"), axis=-1))


def multiplied_by_255(world):
    """From 0..255 to 0..65,025."""
    return _asked(world, 255.0 * _photos(world))


def rescaling_in_front(world):
    return _asked(world, _photos(world), _before(world, layers.Rescaling(1 / 255)))


def rescaling_to_minus_one_in_front(world):
    return _asked(world, _photos(world), _before(world, layers.Rescaling(1 / 127.5, offset=-1)))


def lambda_in_front(world):
    return _asked(world, _photos(world), _before(world, layers.Lambda(lambda x: x / 255.0)))


def operation_in_front(world):
    """No layer at all: x / 255 in the functional model."""
    return _asked(world, _photos(world), _before(world, lambda x: x / 255.0))


def normalization_in_front(world):
    layer = layers.Normalization()
    layer.adapt(_photos(world).astype("float32"))
    return _asked(world, _photos(world), _before(world, layer))


def classifier_with_scaling(world):
    """A whole classifier with one scaling too many."""
    steps = [keras.Input(world.backbone.input_shape[1:]), layers.Rescaling(1 / 255)]
    model = keras.Sequential([*steps, world.backbone, *world.head(3)])
    return _asked(world, _photos(world), model)


def classifier_fed_0_to_1(world):
    return _asked(world, _photos(world) / 255, world.classifier())


def scaled_in_the_pipeline(world):
    """A tf.data pipeline with a map that divides."""
    stream = feeds.stream(_photos(world)).map(lambda x, y: (tf.cast(x, tf.float32) / 255, y))
    return _asked(world, stream.batch(2), world.classifier())


def generator_with_rescale(world):
    """ImageDataGenerator(rescale=1/255)."""
    flow = feeds.flow(_photos(world), rescale=1 / 255)
    return _asked(world, flow, world.classifier())


def raw_pixels(world):
    """0 to 255 into a network that expects -1 to 1."""
    return _asked(world, _photos(world))


def raw_pixels_classifier(world):
    return _asked(world, _photos(world), world.classifier())


def zero_to_one_for_minus_one(world):
    """0 to 1 where -1 to 1 is expected."""
    return _asked(world, _photos(world) / 255)


def rescaling_of_the_wrong_kind(world):
    """Exercise 2 of lesson 2: scaled to 0..1, not to -1..1."""
    return _asked(world, _photos(world), _before(world, layers.Rescaling(1 / 255)))


def rescaling_without_offset(world):
    """1/127.5 without the offset: 0 to 2."""
    return _asked(world, _photos(world), _before(world, layers.Rescaling(1 / 127.5)))


def rescaling_with_offset_128(world):
    """The offset meant for before the scale."""
    return _asked(world, _photos(world), _before(world, layers.Rescaling(1 / 127.5, -127.5)))


# ---------------------------------------------------------------- 2: blue, green, red


def blue_first(world):
    return _asked(world, _photos(world)[..., ::-1])


def blue_first_float(world):
    return _asked(world, _photos(world)[..., ::-1].astype("float32"))


def blue_first_by_list(world):
    return _asked(world, _photos(world)[:, :, :, [2, 1, 0]], world.classifier())


def flipped_on_the_way(world):
    """A colleague's array was right already."""
    return _asked(world, np.flip(_photos(world), axis=-1).copy())


def theirs_times_255(world):
    """Exercise 1 of lesson 2: the scale mended, the order not."""
    theirs = _photos(world)[..., ::-1] / np.float32(255)
    return _asked(world, theirs * 255)


def theirs_turned(world):
    """The order mended, the scale not."""
    theirs = _photos(world)[..., ::-1] / np.float32(255)
    return _asked(world, theirs[..., ::-1])


def theirs_as_they_are(world):
    """Neither."""
    return _asked(world, _photos(world)[..., ::-1] / np.float32(255))


def blue_first_inside(world):
    """A layer in front turns the colours round."""
    return _asked(world, _photos(world), _before(world, layers.Lambda(lambda x: x[..., ::-1])))


def blue_first_in_the_pipeline(world):
    stream = feeds.stream(_photos(world)).map(lambda x, y: (tf.reverse(x, [-1]), y))
    return _asked(world, stream.batch(4), world.classifier())


def blue_first_as_a_set(world):
    images = pictures.as_set(_photos(world)[..., ::-1])
    return _asked(world, images, world.classifier(), originals=pictures.as_set(_photos(world)))


def blue_first_minus_one(world):
    """Scaled as it should be, colours the wrong way round."""
    return _asked(world, _photos(world)[..., ::-1] / 127.5 - 1)


FLOAT = {"precision": "float32"}
WRONG = [
    *(wrong(1, setup, backbone=OWN, worlds=n, **FLOAT) for setup, n in (
        (divided_by_255, 5), (divided_by_255_as_float32, 1), (divided_and_cut_to_integers, 1),
        (minus_one_to_one, 2), (preprocess_input_of_mobilenet, 2), (preprocess_input_of_torch, 1),
        (standardized, 1), (per_image_standardization, 1), (convert_image_dtype, 1),
        (keras_normalize, 1), (multiplied_by_255, 1), (rescaling_in_front, 3),
        (rescaling_to_minus_one_in_front, 2), (lambda_in_front, 2), (operation_in_front, 1),
        (normalization_in_front, 1), (classifier_with_scaling, 2), (classifier_fed_0_to_1, 4),
        (scaled_in_the_pipeline, 2), (generator_with_rescale, 2),
    )),
    wrong((1, 2), preprocess_input_of_caffe, backbone=OWN, worlds=2, **FLOAT),
    *(wrong(1, setup, backbone=MINUS_ONE, worlds=n, **FLOAT) for setup, n in (
        (raw_pixels, 2), (raw_pixels_classifier, 2), (zero_to_one_for_minus_one, 2),
        (rescaling_of_the_wrong_kind, 2), (rescaling_without_offset, 1),
        (rescaling_with_offset_128, 1),
    )),
    *(wrong(2, setup, backbone=OWN, worlds=n, **FLOAT) for setup, n in (
        (blue_first, 4), (blue_first_float, 2), (blue_first_by_list, 2), (flipped_on_the_way, 1),
        (theirs_times_255, 2), (blue_first_inside, 2), (blue_first_in_the_pipeline, 2),
        (blue_first_as_a_set, 1),
    )),
    wrong(1, theirs_turned, backbone=OWN, **FLOAT),
    wrong((1, 2), theirs_as_they_are, backbone=OWN, **FLOAT),
    wrong(2, blue_first_minus_one, backbone=MINUS_ONE, **FLOAT),
]  # fmt: skip


# ---------------------------------------------------------------- right


def raw(world):
    return _asked(world, _photos(world))


def raw_float(world):
    return _asked(world, _photos(world).astype("float32"), world.classifier())


def raw_without_originals(world):
    model = world.classifier()
    return world.inputs(model, _photos(world))


def lesson_2_solved(world):
    theirs = _photos(world)[..., ::-1] / np.float32(255)
    return _asked(world, 255 * theirs[..., ::-1])


def scaled_as_expected(world):
    return _asked(world, _photos(world) / 127.5 - 1)


def lesson_2_second_solved(world):
    model = _before(world, layers.Rescaling(1 / 127.5, offset=-1))
    return _asked(world, _photos(world), model)


def scaled_by_lambda(world):
    step = layers.Lambda(keras.applications.mobilenet_v2.preprocess_input)
    return _asked(world, _photos(world), _before(world, step))


def scaled_by_operations(world):
    return _asked(world, _photos(world), _before(world, lambda x: x / 127.5 - 1.0))


def scaled_by_normalization(world):
    step = layers.Normalization(mean=[127.5] * 3, variance=[127.5**2] * 3)
    return _asked(world, _photos(world), _before(world, step))


def dark_photographs(world):
    images = pictures.dark(pictures.resized(pictures.drawings().images[:6], world.size))
    return _asked(world, images, originals=images)


def blood_cells(world):
    images = pictures.resized(pictures.cells(6), world.size)
    return _asked(world, images, originals=images)


def on_white_ground(world):
    images = pictures.resized(pictures.products(6), world.size)
    return _asked(world, images, originals=images)


def grey_photographs(world):
    """Grey in three channels: no order of colours to get wrong."""
    grey = _photos(world).mean(axis=-1, keepdims=True).repeat(3, axis=-1).astype("uint8")
    return _asked(world, grey, originals=grey)


def black_and_white(world):
    """Drawn letters: 0 and 255, nothing between."""
    images = np.where(_photos(world) > 128, 255, 0).astype("uint8")
    images = images[..., :1].repeat(3, axis=-1)
    return _asked(world, images, originals=images)


def one_photograph(world):
    """Without the axis of pictures."""
    return _asked(world, _photos(world)[0], originals=_photos(world)[0])


def a_list(world):
    return _asked(world, list(_photos(world)))


def a_tensor(world):
    return _asked(world, tf.constant(_photos(world)))


def an_image_set(world):
    return _asked(world, pictures.as_set(_photos(world)), world.classifier())


def in_another_order(world):
    """The pictures shuffled, the originals not."""
    return _asked(world, _photos(world)[[2, 0, 3, 1]])


def some_of_them(world):
    return _asked(world, _photos(world)[1:3])


def other_size_of_originals(world):
    return _asked(world, _photos(world), originals=pictures.photos(96))


def in_batches(world):
    return _asked(world, feeds.stream(_photos(world)).batch(2), world.classifier())


def not_in_batches(world):
    return _asked(world, feeds.stream(_photos(world)), world.classifier())


def endless(world):
    return _asked(world, feeds.stream(_photos(world)).repeat().batch(2), world.classifier())


def as_dictionaries(world):
    stream = tf.data.Dataset.from_tensor_slices({"image": _photos(world), "label": [0, 1, 0, 1]})
    return _asked(world, stream.batch(2), world.classifier())


def without_labels(world):
    return _asked(world, tf.data.Dataset.from_tensor_slices(_photos(world)).batch(2))


def a_flow(world):
    """ImageDataGenerator.flow never ends."""
    return _asked(world, feeds.flow(_photos(world)), world.classifier())


def a_py_dataset(world):
    return _asked(world, feeds.Batches(_photos(world)), world.classifier())


def a_generator(world):
    return _asked(world, (batch for batch in np.split(_photos(world), 2)), world.classifier())


def an_endless_generator(world):
    def forever():
        while True:
            yield _photos(world)[:2], np.array([0, 1])

    return _asked(world, forever(), world.classifier())


def augmentation_inside(world):
    """Flips inside the model are at rest when it predicts."""
    return _asked(world, _photos(world), _before(world, layers.RandomFlip("horizontal")))


def colours_changed_inside_at_training(world):
    step = layers.RandomBrightness(0.3, value_range=(0, 255))
    return _asked(world, _photos(world), _before(world, step))


def resized_inside(world):
    """Larger pictures, made small by a layer of the model."""
    pixels = keras.Input((96, 96, 3))
    x = layers.Resizing(world.size, world.size)(pixels)
    model = keras.Model(pixels, world.backbone(x))
    return _asked(world, pictures.photos(96), model, originals=pictures.photos(96))


def features_into_a_head(world):
    """Features, not pictures: there is no first convolution."""
    features = np.random.default_rng(0).normal(size=(6, 8)).astype("float32")
    model = keras.Sequential([keras.Input((8,)), layers.Dense(3, activation="softmax")])
    return world.inputs(model, features)


def own_network_0_to_1(world):
    """A network of one's own may have any scale: it learns on it."""
    model = keras.Sequential([
        keras.Input((world.size, world.size, 3)), layers.Rescaling(1 / 255),
        layers.Conv2D(8, 3), layers.GlobalAveragePooling2D(), layers.Dense(3, activation="softmax"),
    ])  # fmt: skip
    return world.inputs(model, _photos(world), originals=_photos(world))


def vgg_as_vgg_wants_it(world):
    """Blue first and means taken off is what VGG16 was trained with."""
    images = keras.applications.vgg16.preprocess_input(_photos(world).astype("float32"))
    return _asked(world, images)


def two_hundred_large(world):
    """200 pictures of 224 pixels: only a few are needed."""
    model = course.load_backbone("efficientnet_lite0", image_size=224)
    images = np.tile(pictures.photos(224), (50, 1, 1, 1))
    return world.inputs(model, images, originals=images)


def blue_sky(world):
    """Photographs that are mostly blue, the right way round."""
    images = _photos(world).copy()
    images[:, : world.size // 2] = (90, 150, 235)
    return _asked(world, images, originals=images)


RIGHT = [
    *(right(setup, backbone=OWN, worlds=n) for setup, n in (
        (raw, 6), (raw_float, 4), (raw_without_originals, 3), (lesson_2_solved, 2),
        (dark_photographs, 3), (blood_cells, 3), (on_white_ground, 1), (grey_photographs, 2),
        (black_and_white, 1), (one_photograph, 1), (a_list, 1), (a_tensor, 1), (an_image_set, 1),
        (in_another_order, 1), (some_of_them, 1), (other_size_of_originals, 1), (in_batches, 2),
        (not_in_batches, 2), (endless, 2), (as_dictionaries, 2), (without_labels, 1), (a_flow, 2),
        (a_py_dataset, 1), (a_generator, 1), (an_endless_generator, 1), (augmentation_inside, 2),
        (colours_changed_inside_at_training, 1), (resized_inside, 1), (two_hundred_large, 1),
        (blue_sky, 1),
    )),
    *(right(setup, backbone=MINUS_ONE, worlds=2) for setup in (
        scaled_as_expected, lesson_2_second_solved, scaled_by_lambda, scaled_by_operations,
        scaled_by_normalization,
    )),
    right(features_into_a_head, worlds=1),
    right(own_network_0_to_1, worlds=1),
    right(vgg_as_vgg_wants_it, worlds=1, backbone="vgg16", told=False),
]  # fmt: skip


# ---------------------------------------------------------------- refused


def a_string_for_a_model(world):
    return world.inputs("network", _photos(world), originals=_photos(world))


def a_path_for_pictures(world):
    return world.inputs(world.backbone, "photographs/cat.jpg", originals=_photos(world))


def pictures_of_another_size(world):
    """The model does not take them."""
    return world.inputs(world.classifier(), pictures.photos(80), originals=pictures.photos(80))


def no_picture_at_all(world):
    return world.inputs(world.backbone, _photos(world)[:0], originals=_photos(world))


def a_string_for_what_it_expects(world):
    return world.inputs(world.backbone, _photos(world), originals=_photos(world), expects="0-255")


REFUSED = [
    refused(setup, backbone=backbones.SMALL)
    for setup in (
        a_string_for_a_model, a_path_for_pictures, pictures_of_another_size, no_picture_at_all,
        a_string_for_what_it_expects,
    )
]  # fmt: skip
