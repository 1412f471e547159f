"""Mistake 3: the backbone is not frozen while the new head is trained."""

import keras
from keras import layers

from tests.mistakes.backbones import SMALL
from tests.mistakes.rows import right, wrong


def never_frozen(world):
    """Nobody set trainable to False."""
    return world.head_phase(world.compile(world.classifier(frozen=False)))


def never_frozen_and_trained(world):
    model = world.compile(world.classifier(frozen=False))
    return world.head_phase(world.fit(model))


def training_false_only(world):
    """training=False is not trainable=False."""
    return world.head_phase(world.compile(world.classifier(frozen=False)))


def thawed_by_the_model(world):
    """Frozen and thawed as a whole: the value is handed down to the backbone."""
    model = world.classifier()
    model.trainable = False
    model.trainable = True
    return world.head_phase(world.compile(model))


def only_the_first_layer(world):
    """model.layers[0] is the layer of the pixels."""
    model = world.classifier(frozen=False)
    model.layers[0].trainable = False
    return world.head_phase(world.compile(model))


def last_layers_free(world):
    """The last layers of the backbone were left out of the loop."""
    model = world.classifier()
    free = 4 if world.choice["backbone"] in SMALL else 12
    world.backbone.trainable = True
    for layer in world.backbone.layers[:-free]:
        layer.trainable = False
    return world.head_phase(world.compile(model))


def first_layers_free(world):
    """The slice took the wrong side."""
    model = world.classifier()
    world.backbone.trainable = True
    for layer in world.backbone.layers[-4:]:
        layer.trainable = False
    return world.head_phase(world.compile(model))


def only_norms_frozen(world):
    model = world.classifier(frozen=False)
    for layer in world.backbone.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.trainable = False
    return world.head_phase(world.compile(model))


def only_convolutions_frozen(world):
    """The norms may still move."""
    model = world.classifier(frozen=False)
    for layer in world.backbone.layers:
        if isinstance(layer, layers.Conv2D):
            layer.trainable = False
    return world.head_phase(world.compile(model))


def a_typing_error(world):
    """Python takes any attribute."""
    model = world.classifier(frozen=False)
    world.backbone.trainabel = False
    return world.head_phase(world.compile(model))


def a_word_for_false(world):
    """The string "False" is true."""
    model = world.classifier(frozen=False)
    world.backbone.trainable = "False"
    return world.head_phase(world.compile(model))


def another_copy_frozen(world):
    """A copy was frozen, the original is in the model."""
    model = world.classifier(frozen=False)
    copy = keras.models.clone_model(world.backbone)
    copy.trainable = False
    return world.head_phase(world.compile(model))


def unfrozen_one_cell_early(world):
    """The cell of step (b) was run before the head was trained."""
    model = world.classifier()
    world.transfer.freeze(world.backbone)
    world.transfer.unfreeze(world.backbone)
    return world.head_phase(world.compile(model))


def loop_over_outer_layers(world):
    """The loop set every layer but the last two; the backbone is one of the last two."""
    pixels = keras.Input(world.backbone.input_shape[1:])
    x = layers.RandomFlip("horizontal")(pixels)
    x = world.backbone(x)
    outputs = layers.Dense(world.num_classes, activation="softmax")(x)
    model = keras.Model(pixels, outputs)
    for layer in model.layers[:-2]:
        layer.trainable = False
    model.compile("adam", "sparse_categorical_crossentropy")
    return world.head_phase(model, world.num_classes)


def by_add_head(world):
    """The course's own head, the freeze forgotten."""
    model = world.transfer.add_head(world.backbone, 3, seed=0)
    model.compile("adam", "sparse_categorical_crossentropy")
    return world.head_phase(model, 3)


NORMS = ("tiny", "mobile", "tiny", "mobile", "mobilenet_v2", "resnet50v2", "lite0")
WRONG = [
    wrong(3, never_frozen, worlds=12),
    wrong(3, never_frozen_and_trained, worlds=3, backbone=SMALL),
    wrong(3, training_false_only, way="nested, training=False", worlds=3),
    wrong(3, thawed_by_the_model, worlds=3),
    wrong(3, only_the_first_layer, worlds=2, way=("flat", "nested", "head as a model")),
    wrong(3, last_layers_free, worlds=3),
    wrong(3, first_layers_free, worlds=2),
    wrong(3, only_norms_frozen, worlds=2, backbone=NORMS),
    wrong((3, 8), only_convolutions_frozen, worlds=2, backbone=NORMS),
    wrong(3, a_typing_error, worlds=2),
    wrong(3, a_word_for_false, worlds=1),
    wrong(3, another_copy_frozen, worlds=2, backbone=SMALL),
    wrong(3, unfrozen_one_cell_early, worlds=2),
    wrong(3, loop_over_outer_layers, worlds=2, pooled=True),
    wrong(3, by_add_head, worlds=3, pooled=True),
]


# ---------------------------------------------------------------- right


def frozen(world):
    """As the generator writes it."""
    return world.head_phase(world.compile(world.classifier()))


def told_to_be_trainable(world):
    """model.trainable = True where it is True already: Keras hands nothing down."""
    model = world.classifier()
    model.trainable = True
    return world.head_phase(world.compile(model))


def frozen_before_it_is_built(world):
    """A subclass or Sequential that has not seen a picture yet."""
    return world.head_phase(world.compile(world.classifier(built=False)))


def frozen_layer_by_layer(world):
    """The model's own flag says True, every layer of it False."""
    model = world.classifier(frozen=False)
    for layer in world.backbone.layers:
        layer.trainable = False
    return world.head_phase(world.compile(model))


def frozen_by_transfer(world):
    model = world.classifier(frozen=False)
    world.transfer.freeze(world.backbone)
    return world.head_phase(world.compile(model))


def frozen_and_trained(world):
    model = world.compile(world.classifier())
    return world.head_phase(world.fit(model))


def thawed_and_frozen_again(world):
    model = world.classifier(frozen=False)
    world.transfer.unfreeze(world.backbone)
    world.transfer.freeze(world.backbone)
    return world.head_phase(world.compile(model))


def by_add_head_frozen(world):
    world.transfer.freeze(world.backbone)
    model = world.transfer.add_head(world.backbone, 3, seed=0)
    world.transfer.compile_for_classes(model, learning_rate=1e-3)
    return world.head_phase(model, 3)


def lesson_3_by_hand(world):
    """Exercise 1 of lesson 3, as its solution has it."""
    world.backbone.trainable = False
    x = layers.Dropout(0.2)(world.backbone.output)
    model = keras.Model(world.backbone.input, layers.Dense(3, activation="softmax", name="head")(x))
    model.compile("adam", "sparse_categorical_crossentropy")
    return world.head_phase(model, num_classes=3)


def head_on_features(world):
    """The head alone: a small model from features to probabilities, without any backbone."""
    features = keras.Input((8,))
    model = keras.Model(features, layers.Dense(3, activation="softmax")(features))
    model.compile("adam", "sparse_categorical_crossentropy")
    return world.head_phase(model, 3)


def head_of_the_classifier(world):
    """What lesson 3 trains on features: transfer.head_of."""
    world.transfer.freeze(world.backbone)
    model = world.transfer.add_head(world.backbone, 3, seed=0)
    head = world.transfer.head_of(model)
    world.transfer.compile_for_classes(head, learning_rate=1e-3)
    return world.head_phase(head, 3)


def norm_between(world):
    """BatchNormalization of the head's own, before pooling."""
    steps = [layers.BatchNormalization(), layers.GlobalAveragePooling2D()]
    world.maps()
    model = world.classifier([*steps, layers.Dense(3, activation="softmax")])
    return world.head_phase(world.compile(model, loss="sparse_categorical_crossentropy"), 3)


def convolution_between(world):
    """A convolution of the head's own between backbone and pooling."""
    world.maps()
    steps = [layers.Conv2D(64, 3, padding="same", activation="relu")]
    steps += [layers.GlobalAveragePooling2D(), layers.Dense(3, activation="softmax")]
    model = world.classifier(steps)
    return world.head_phase(world.compile(model, loss="sparse_categorical_crossentropy"), 3)


def convolution_and_norm_between(world):
    world.maps()
    steps = [layers.Conv2D(16, 1, use_bias=False), layers.BatchNormalization(), layers.ReLU()]
    steps += [layers.GlobalMaxPooling2D(), layers.Dense(3, activation="softmax")]
    model = world.classifier(steps)
    return world.head_phase(world.compile(model, loss="sparse_categorical_crossentropy"), 3)


def classifier_by_convolution(world):
    """One convolution to as many channels as classes, then pooling, then softmax."""
    world.maps()
    steps = [layers.Conv2D(3, 1), layers.GlobalAveragePooling2D(), layers.Softmax()]
    model = world.classifier(steps)
    return world.head_phase(world.compile(model, loss="sparse_categorical_crossentropy"), 3)


def separable_convolution_between(world):
    world.maps()
    steps = [layers.SeparableConv2D(16, 3, padding="same"), layers.GlobalAveragePooling2D()]
    model = world.classifier([*steps, layers.Dense(3, activation="softmax")])
    return world.head_phase(world.compile(model, loss="sparse_categorical_crossentropy"), 3)


def two_backbones(world):
    """Features of two frozen networks side by side."""
    other = world.new_backbone(pooled=True, seed=5)
    world.backbone.trainable = other.trainable = False
    other.name = "other"
    pixels = keras.Input(world.backbone.input_shape[1:])
    x = layers.Concatenate()([world.backbone(pixels), other(pixels)])
    model = keras.Model(pixels, layers.Dense(3, activation="softmax")(x))
    model.compile("adam", "sparse_categorical_crossentropy")
    return world.head_phase(model, 3, **({"backbone": world.backbone} if world.told else {}))


def normalization_before(world):
    """A layer of scaling before the backbone holds numbers, and they do not move."""
    pixels = keras.Input(world.backbone.input_shape[1:])
    x = layers.Rescaling(1.0, name="as_it_is")(pixels)
    world.backbone.trainable = False
    outputs = layers.Dense(3, activation="softmax")(world.backbone(x))
    model = keras.Model(pixels, outputs)
    model.compile("adam", "sparse_categorical_crossentropy")
    return world.head_phase(model, 3)


SOME = SMALL * 3 + ("mobilenet_v2", "mobilenet_v3", "vgg16", "lite0")
RIGHT = [
    right(frozen, worlds=16),
    right(told_to_be_trainable, worlds=2),
    right(frozen_before_it_is_built, worlds=4,
          way=("subclass", "sequential without Input", "sequential by add")),
    right(frozen_layer_by_layer, worlds=3),
    right(frozen_by_transfer, worlds=3),
    right(frozen_and_trained, worlds=4, backbone=SMALL),
    right(thawed_and_frozen_again, worlds=2),
    right(by_add_head_frozen, worlds=3, pooled=True),
    right(lesson_3_by_hand, pooled=True),
    right(head_on_features, worlds=1, told=False),
    right(head_of_the_classifier, pooled=True),
    right(norm_between, worlds=3, backbone=SOME),
    right(convolution_between, worlds=3, backbone=SOME),
    right(convolution_and_norm_between, worlds=2, backbone=SOME),
    right(classifier_by_convolution, worlds=2, backbone=SOME),
    right(separable_convolution_between, worlds=1, backbone=SOME),
    right(two_backbones, worlds=1, pooled=True, backbone=("tiny", "mobile")),
    right(normalization_before, worlds=2, pooled=True),
]  # fmt: skip
