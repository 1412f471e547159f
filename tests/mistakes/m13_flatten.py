"""Mistake 13: Flatten stands where pooling belongs."""

from keras import layers, ops

from tests.mistakes.rows import right, wrong

SMALL = ("tiny", "tiny", "mobile", "mobile", "plain")  # their maps have more than one place


def _on_maps(world, steps, *, num_classes=3):
    world.maps()
    model = world.classifier([*steps, layers.Dense(num_classes, activation="softmax")])
    model = world.compile(model, loss="sparse_categorical_crossentropy")
    return world.head_phase(model, num_classes)


def flatten(world):
    return _on_maps(world, [layers.Flatten()])


def flatten_then_hidden(world):
    """As in the VGG16 tutorials."""
    return _on_maps(world, [layers.Flatten(), layers.Dense(32, "relu"), layers.Dropout(0.5)])


def flatten_then_norm(world):
    return _on_maps(world, [layers.Flatten(), layers.BatchNormalization()])


def dropout_then_flatten(world):
    return _on_maps(world, [layers.Dropout(0.2), layers.Flatten(), layers.Dense(16, "relu")])


def reshape(world):
    return _on_maps(world, [layers.Reshape((-1,))])


def reshape_by_lambda(world):
    world.maps()
    _, height, width, channels = world.backbone.output_shape
    size = height * width * channels
    return _on_maps(world, [layers.Lambda(lambda x: ops.reshape(x, (-1, size)))])


def convolution_then_flatten(world):
    return _on_maps(world, [layers.Conv2D(16, 3, padding="same"), layers.ReLU(), layers.Flatten()])


def small_pooling_then_flatten(world):
    """Pooling of 2 by 2 leaves many places."""
    return _on_maps(world, [layers.MaxPooling2D(2), layers.Flatten()])


def own_flatten(world):
    """In a layer of one's own."""

    class ToVector(layers.Layer):
        def call(self, maps):
            return ops.reshape(maps, (-1, maps.shape[1] * maps.shape[2] * maps.shape[3]))

    return _on_maps(world, [ToVector()])


WRONG = [
    wrong(13, flatten, worlds=6, backbone=SMALL),
    wrong(13, flatten_then_hidden, worlds=4, backbone=SMALL),
    wrong(13, flatten_then_norm, worlds=2, backbone=SMALL),
    wrong(13, dropout_then_flatten, worlds=2, backbone=SMALL),
    wrong(13, reshape, worlds=3, backbone=SMALL),
    wrong(13, reshape_by_lambda, worlds=2, backbone=SMALL),
    wrong(13, convolution_then_flatten, worlds=2, backbone=SMALL),
    wrong(13, small_pooling_then_flatten, worlds=2, backbone=("tiny", "mobile")),
    wrong(13, own_flatten, worlds=2, backbone=SMALL),
]


# ---------------------------------------------------------------- right


def average(world):
    return _on_maps(world, [layers.GlobalAveragePooling2D()])


def largest(world):
    return _on_maps(world, [layers.GlobalMaxPooling2D()])


def both(world):
    """Mean and maximum side by side."""

    class Both(layers.Layer):
        def call(self, maps):
            return ops.concatenate([ops.mean(maps, axis=(1, 2)), ops.max(maps, axis=(1, 2))], -1)

    return _on_maps(world, [Both()])


def mean_by_lambda(world):
    return _on_maps(world, [layers.Lambda(lambda maps: ops.mean(maps, axis=(1, 2)))])


def pooled_then_flattened(world):
    """Flatten after pooling changes nothing."""
    return _on_maps(world, [layers.GlobalAveragePooling2D(keepdims=True), layers.Flatten()])


def vector_then_flattened(world):
    steps = [layers.GlobalAveragePooling2D(), layers.Flatten(), layers.Dense(8, "relu")]
    return _on_maps(world, steps)


def average_of_all_then_flattened(world):
    """AveragePooling2D over the whole map is global pooling by another name."""
    world.maps()
    side = world.backbone.output_shape[1]
    return _on_maps(world, [layers.AveragePooling2D(side), layers.Flatten()])


def one_place_flattened(world):
    """Small pictures: the maps have a single place, so there is nothing to pool."""
    return _on_maps(world, [layers.Flatten()])


def convolution_to_one_place(world):
    """A convolution over the whole map, to one place."""
    world.maps()
    side = world.backbone.output_shape[1]
    return _on_maps(world, [layers.Conv2D(8, side), layers.Flatten()])


def attention_pooling(world):
    """A learned weight for each place, then the weighted mean."""

    class Attention(layers.Layer):
        def __init__(self):
            super().__init__()
            self.score = layers.Dense(1)

        def call(self, maps):
            places = ops.reshape(maps, (-1, maps.shape[1] * maps.shape[2], maps.shape[3]))
            return ops.sum(ops.softmax(self.score(places), axis=1) * places, axis=1)

    return _on_maps(world, [Attention()])


def flatten_of_features(world):
    """Flatten on a vector, in the habit of flattening."""
    model = world.classifier([layers.Flatten(), layers.Dense(3, activation="softmax")])
    return world.head_phase(world.compile(model, loss="sparse_categorical_crossentropy"), 3)


RIGHT = [
    right(average, worlds=3),
    right(largest, worlds=2),
    right(both, worlds=2, backbone=SMALL),
    right(mean_by_lambda, worlds=2, backbone=SMALL),
    right(pooled_then_flattened, worlds=2),
    right(vector_then_flattened, worlds=2),
    right(average_of_all_then_flattened, worlds=2, backbone=SMALL),
    right(one_place_flattened, worlds=3, backbone=("mobilenet_v2", "vgg16", "resnet50v2")),
    right(convolution_to_one_place, worlds=1, backbone=("mobile", "plain")),
    right(attention_pooling, worlds=2, backbone=SMALL),
    right(flatten_of_features, worlds=2, pooled=True),
]
