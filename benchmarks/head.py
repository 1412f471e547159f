"""A head on groceries at 160 px, 20 epochs: features once, against the Keras guide's recipe.

The recipe (keras.io/guides/transfer_learning): the frozen backbone called inside the model, a
tf.data pipeline in batches of 32, Adam at 1e-3. Ours starts with an empty cache each time.
"""

import os
import tempfile

from benchmarks import measuring
from tl_course import machine

machine.ready()
import keras  # noqa: E402
import tensorflow as tf  # noqa: E402

from tl_course import backbones, evaluation, photographs, transfer  # noqa: E402


def guide(network, train_set, epochs):
    """The Keras guide's recipe; returns the trained classifier."""
    keras.utils.set_random_seed(0)
    network.trainable = False
    pixels = keras.Input(train_set.images.shape[1:])
    x = keras.layers.Dropout(0.2)(network(pixels, training=False))
    outputs = keras.layers.Dense(len(train_set.class_names), activation="softmax")(x)
    model = keras.Model(pixels, outputs)
    model.compile(
        optimizer=keras.optimizers.Adam(1e-3),
        loss=keras.losses.SparseCategoricalCrossentropy(), metrics=["accuracy"],
    )  # fmt: skip
    pictures = tf.data.Dataset.from_tensor_slices((train_set.images, train_set.labels))
    pictures = pictures.shuffle(len(train_set)).batch(32).prefetch(tf.data.AUTOTUNE)
    model.fit(pictures, epochs=epochs, verbose=0)
    return model


def ours(network, train_set, epochs):
    """Features once, then the head alone; returns the trained classifier."""
    transfer.freeze(network)
    model = transfer.add_head(network, len(train_set.class_names), seed=0)
    features = transfer.precompute(network, train_set)
    head = transfer.head_of(model)
    transfer.train(head, features, learning_rate=1e-3, epochs=epochs, seed=0)
    return model


def measure(quick):
    """Rows: the ratio with an empty cache and with a warm one, and the paired accuracies."""
    size, epochs, repeats = (64, 2, 1) if quick else (160, 20, 3)
    train_set, test_set = (
        photographs.load_dataset("groceries", split=part, image_size=size)
        for part in ("train", "test")
    )
    load = lambda: backbones.load_backbone("efficientnet_lite0", image_size=size)  # noqa: E731
    seconds, trained = {"ours": [], "ours, converted before": [], "guide": []}, {}
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as folder:
            os.environ["TL_COURSE_CACHE"] = folder
            for name, way in zip(seconds, (ours, ours, guide), strict=True):
                network = load()  # a fresh one: each way pays for its own tracing
                side = {name: lambda n=name, w=way, b=network: trained.update(
                    {n: w(b, train_set, epochs)})}  # fmt: skip
                seconds[name] += measuring.alternate(side, 1)[name]
    right = {name: evaluation.correct_answers(model, test_set) for name, model in trained.items()}
    gain = evaluation.accuracy_difference(right["ours"], right["guide"])
    warm = measuring.ratios(seconds, "guide", "ours, converted before")
    return [
        measuring.at_least("guide / ours, empty cache", measuring.ratios(seconds, "guide"), 15),
        measuring.at_least("guide / ours, converted before", warm, 15),
        measuring.at_least("accuracy, highest plausible gain", [100 * gain.high], 0, "points"),
        *(
            measuring.at_least(f"accuracy, {name}", [100 * answers.mean()], None, "%")
            for name, answers in right.items()
        ),
        *measuring.seconds_of(seconds, "20 epochs"),
    ]
