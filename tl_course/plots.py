"""What does that look like?

Each function draws one figure and shows it. alt says what a reader who cannot see it should know,
caption what to notice. Accuracies come in as fractions and are drawn in per cent, with intervals.
"""

import base64
import html
import io

import numpy as np
from IPython.display import display
from matplotlib import pyplot
from matplotlib.figure import Figure
from scipy import stats

# Okabe & Ito 2008, "Color universal design": told apart with every colour vision
COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#F0E442"]
MARKERS = "osD^vPX*"  # a second code beside colour, for print and for every eye
LINE_STYLES = ["-", "--", "-.", ":"]
DPI = 96  # an inch here is an inch on a web page, so 10-point text stays 10-point text
FORMATS = {"png": {"metadata": {"Software": None}}, "jpeg": {"pil_kwargs": {"quality": 82}}}


def show(figure, *, alt, caption, image_format="png"):
    """Display a figure with alt text and caption, and close it; "jpeg" keeps photographs small.

    HTML, because JupyterLab and Sphinx drop the alt text of a plain picture. Raises ValueError for
    an empty alt or caption.
    """
    for name, text in (("alt", alt), ("caption", caption)):
        if not text.strip():
            raise ValueError(f"Got {name}={text!r}: say in a sentence what the figure shows.")
    buffer = io.BytesIO()
    figure.savefig(buffer, format=image_format, facecolor="white", **FORMATS[image_format])
    pyplot.close(figure)
    source = f"data:image/{image_format};base64,{base64.b64encode(buffer.getvalue()).decode()}"
    picture = f'<img alt="{html.escape(alt)}" src="{source}">'
    page = f"<figure>{picture}<figcaption>{html.escape(caption)}</figcaption></figure>"
    display({"text/html": page, "text/plain": f"Figure: {caption}"}, raw=True)


def _panels(width, height, rows=1, columns=1):
    """A white figure of width x height inches and its axes, (rows, columns); it opens no window."""
    figure = Figure(figsize=(width, height), dpi=DPI, facecolor="white", layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False)
    for panel in axes.flat:
        panel.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _style(k):
    colour, marker, line = COLOURS[k % 8], MARKERS[k % 8], LINE_STYLES[k % 4]
    return {"color": colour, "marker": marker, "linestyle": line, "markersize": 5}


def _number(value, _position=None):
    return (f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}").replace("-", "−")


def _in_per_cent(axis):
    axis.set_major_formatter(lambda value, _position: _number(100 * value))


def _mark(panel, place, text):
    panel.axvline(place, color="black", linewidth=1, zorder=0)
    above = panel.get_xaxis_transform()
    panel.text(place, 1.01, text, transform=above, ha="center", va="bottom", fontsize=9)


def _intervals(items):
    """Values (n,) and interval arms (2, n) of numbers (arms nan) or of .value, .low, .high."""
    values = np.array([getattr(item, "value", item) for item in items], dtype=float)
    low = np.array([getattr(item, "low", np.nan) for item in items])
    high = np.array([getattr(item, "high", np.nan) for item in items])
    return values, np.stack([values - low, high - values])


def photographs(images, titles=None, *, columns=5, alt, caption):
    """A grid of pictures, each uint8 (height, width, 3), each under its title of 1 or 2 lines."""
    rows, size = -(-len(images) // columns), min(1.8, 7.2 / columns)
    titles = [""] * len(images) if titles is None else titles
    title_height = 0.2 * max(title.count("\n") + bool(title) for title in titles)
    figure, axes = _panels(size * columns, (size + title_height) * rows, rows, columns)
    for panel in axes.flat:
        panel.axis("off")
    for panel, image, title in zip(axes.flat, images, titles, strict=False):
        panel.imshow(image)
        panel.set_title(title, fontsize=9)
    show(figure, alt=alt, caption=caption, image_format="jpeg")


def heat_maps(images, maps, titles=None, *, alt, caption):
    """Pictures, uint8 (n, height, width, 3); below them, in grey, under maps (n, height, width)."""
    size = min(2.2, 6.5 / len(images))
    figure, axes = _panels(size * len(images) + 0.8, 2 * size + 0.3, 2, len(images))
    for k, (image, heat) in enumerate(zip(images, maps, strict=True)):
        axes[0, k].imshow(image)
        axes[0, k].set_title("" if titles is None else titles[k], fontsize=9)
        axes[1, k].imshow(np.mean(image, axis=-1), cmap="gray", vmin=0, vmax=255)
        drawn = axes[1, k].imshow(heat, cmap="viridis", alpha=0.6, vmin=0, vmax=1)
    for panel in axes.flat:
        panel.axis("off")
    figure.colorbar(drawn, ax=axes, label="evidence (0 to 1)")
    show(figure, alt=alt, caption=caption, image_format="jpeg")


def feature_maps(maps, *, columns=6, alt, caption):
    """First channels, a row a layer. maps: dict of layer -> float (height, width, channels)."""
    figure, axes = _panels(7.2, 1.2 * len(maps), len(maps), columns)
    for row, (name, channels) in zip(axes, maps.items(), strict=True):
        row[0].set_ylabel(f"{name}\n{channels.shape[0]} × {channels.shape[1]} cells", fontsize=9)
        for k, panel in enumerate(row):
            panel.imshow(channels[..., k], cmap="viridis")
            panel.set(xticks=[], yticks=[])
    show(figure, alt=alt, caption=caption, image_format="jpeg")


def history(histories, *, num_validation=None, alt, caption):
    """Accuracy and loss by epoch, phase after phase; a line marks where each later phase starts.

    histories: dict of phase -> history with accuracy, val_accuracy, loss, val_loss. num_validation,
    the number of validation images, adds their 95 % interval (Wilson 1927).
    """
    figure, axes = _panels(7.2, 3.2, 1, 2)
    for panel, quantity in zip(axes[0], ("accuracy", "loss"), strict=True):
        for k, key in enumerate((quantity, f"val_{quantity}")):
            values = np.concatenate([phase[key] for phase in histories.values()])
            epochs = np.arange(len(values)) + 1
            panel.plot(epochs, values, label=("training", "validation")[k], **_style(k))
        starts = np.cumsum([len(phase["loss"]) for phase in histories.values()]) + 0.5
        for name, start in zip(list(histories)[1:], starts, strict=False):
            _mark(panel, start, name)
        panel.xaxis.get_major_locator().set_params(integer=True)
        panel.set(xlabel="epoch", ylabel=quantity, ylim=(0, None))
    if num_validation:
        accuracies = np.concatenate([phase["val_accuracy"] for phase in histories.values()])
        band = {"color": COLOURS[1], "alpha": 0.2, "label": "95 % interval"}
        axes[0, 0].fill_between(epochs, *_wilson(accuracies, num_validation), **band)
    axes[0, 0].set(ylabel="accuracy (%)", ylim=(0, 1.02))
    _in_per_cent(axes[0, 0].yaxis)
    axes[0, 0].legend(loc="lower right")
    show(figure, alt=alt, caption=caption)


def _wilson(accuracies, n):
    tests = [stats.binomtest(round(accuracy * n), n) for accuracy in accuracies]
    return np.transpose([test.proportion_ci(method="wilson") for test in tests])


def accuracy_against_labels(comparison, *, chance=None, alt, caption):
    """Test accuracy against labelled images per class: a line a way, with its 95 % intervals.

    comparison: of `experiments.compare`; its shots are numbers, or "all", which stands at the right
    end, twice as far as the largest number. chance: the accuracy of guessing, a dotted line.
    """
    figure, [[panel]] = _panels(7, 4)
    numbers = [n for n in comparison.shots if n != "all"]
    places = {n: 2 * max(numbers, default=1) if n == "all" else n for n in comparison.shots}
    shots = sorted(comparison.shots, key=places.get)
    at = np.array([places[n] for n in shots])
    for k, way in enumerate(comparison.ways):
        values, arms = _intervals([comparison.accuracy(way, n) for n in shots])
        beside = at * 1.03**k  # a little apart, so that intervals do not hide one another
        panel.errorbar(beside, values, arms, capsize=4, label=way, **_style(k))
    if chance is not None:
        panel.axhline(chance, color="black", linestyle=":", label="guessing")
    panel.set(xscale="log", xlabel="labelled images per class", ylim=(0, 1.02))
    panel.set_xticks(at, labels=shots)
    panel.minorticks_off()
    panel.set_ylabel("test accuracy (%)")
    _in_per_cent(panel.yaxis)
    panel.legend(loc="lower right")
    show(figure, alt=alt, caption=caption)


def estimates(rows, *, reference=None, label="accuracy (%)", alt, caption):
    """A point and its interval for each name: dict of name -> tuple with .value, .low, .high.

    reference: where a dashed line stands, 0 for differences. label: of the axis, in per cent (for
    differences: percentage points).
    """
    figure, [[panel]] = _panels(7, 0.8 + 0.45 * len(rows))
    values, arms = _intervals(rows.values())
    for k, value in enumerate(values):
        panel.errorbar(value, k, xerr=arms[:, [k]], capsize=4, **_style(k))
        number = f"{100 * value:.1f}".replace("-", "−")
        panel.annotate(number, (value, k - 0.15), ha="center", va="bottom", fontsize=9)
    if reference is not None:
        panel.axvline(reference, color="black", linestyle="--", linewidth=1)
    panel.set_yticks(range(len(rows)), labels=rows)
    panel.set(ylim=(len(rows) - 0.5, -0.7), xlabel=label)
    _in_per_cent(panel.xaxis)
    show(figure, alt=alt, caption=caption)


def bars(values, *, label, per_cent=False, alt, caption):
    """A bar for each name: dict of name -> number, or tuple with .value, .low and .high.

    label: what is measured, with its unit. per_cent=True where the values are fractions.
    """
    figure, [[panel]] = _panels(7, 0.8 + 0.4 * len(values))
    numbers, arms = _intervals(values.values())
    panel.barh(range(len(values)), numbers, color=COLOURS[5])
    panel.errorbar(numbers, range(len(values)), xerr=arms, fmt="none", ecolor="black", capsize=4)
    for k, end in enumerate(numbers + np.nan_to_num(arms[1])):
        text = f"  {100 * numbers[k]:.1f} %" if per_cent else f"  {_number(numbers[k])}"
        panel.annotate(text, (end, k), va="center")
    panel.set_yticks(range(len(values)), labels=values)
    panel.set(xlabel=label, ylim=(len(values) - 0.5, -0.5))
    panel.margins(x=0.15)
    panel.xaxis.set_major_formatter(_number)
    if per_cent:
        _in_per_cent(panel.xaxis)
    show(figure, alt=alt, caption=caption)


def confusion(matrix, class_names, *, alt, caption):
    """Counts, int (classes, classes): rows true, columns predicted; shade: the share of the row."""
    matrix, names = np.asarray(matrix), list(class_names)
    share = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    figure, [[panel]] = _panels(3 + 0.5 * len(names), 2 + 0.5 * len(names))
    drawn = panel.imshow(share, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(matrix):
        colour = "white" if share[row, column] > 0.5 else "black"
        panel.text(column, row, count, ha="center", va="center", color=colour)
    panel.set_xticks(range(len(names)), labels=names, rotation=45, ha="right")
    panel.set_yticks(range(len(names)), labels=names)
    panel.set(xlabel="predicted class", ylabel="true class")
    _in_per_cent(figure.colorbar(drawn, ax=panel, label="share of row (%)").ax.yaxis)
    show(figure, alt=alt, caption=caption)


def reliability(before, after=None, *, alt, caption):
    """Accuracy against confidence with 95 % intervals; honest confidence lies on the diagonal.

    before, after (temperature scaling): dicts of arrays confidence, accuracy, low, high, one a bin.
    """
    figure, [[panel]] = _panels(5.5, 4.2)
    panel.plot([0, 1], [0, 1], color="black", linewidth=1, label="perfectly calibrated")
    for k, (name, bins) in enumerate((("before", before), ("after scaling", after))):
        if bins is not None:
            accuracy = bins["accuracy"]
            arms = np.abs([accuracy - bins["low"], bins["high"] - accuracy])
            panel.errorbar(bins["confidence"], accuracy, arms, capsize=3, label=name, **_style(k))
    panel.set(xlim=(0, 1.02), ylim=(0, 1.02), xlabel="confidence (%)", ylabel="accuracy (%)")
    _in_per_cent(panel.xaxis)
    _in_per_cent(panel.yaxis)
    panel.legend(loc="upper left")
    show(figure, alt=alt, caption=caption)


def scatter(points, labels, class_names, *, xlabel, ylabel, alt, caption):
    """Points float (n, 2) in the plane, a colour and a marker for each class. labels: int (n,)."""
    figure, [[panel]] = _panels(7, 4.2)
    for k, name in enumerate(class_names):
        x, y = np.asarray(points)[np.asarray(labels) == k].T
        look = {"color": COLOURS[k % 8], "marker": MARKERS[k % 8], "edgecolors": "black"}
        panel.scatter(x, y, s=28, linewidths=0.4, label=name, **look)
    panel.set(xlabel=xlabel, ylabel=ylabel)
    panel.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    show(figure, alt=alt, caption=caption)


def lines(x, curves, *, xlabel, ylabel, log_x=False, mark=None, per_cent=False, alt, caption):
    """Curves over x: dict of name -> list of numbers, or of tuples with .value, .low and .high.

    mark: dict of text -> x, a labelled line each. per_cent=True: accuracies, drawn from 0 to 100 %.
    """
    figure, [[panel]] = _panels(7, 4)
    for k, (name, items) in enumerate(curves.items()):
        values, arms = _intervals(items)
        panel.errorbar(x, values, arms, capsize=4, label=name, **_style(k))
    for text, place in (mark or {}).items():
        _mark(panel, place, text)
    panel.set(xlabel=xlabel, ylabel=ylabel, xscale="log" if log_x else "linear")
    if per_cent:
        panel.set_ylim(0, 1.02)
        _in_per_cent(panel.yaxis)
    panel.legend()
    show(figure, alt=alt, caption=caption)
