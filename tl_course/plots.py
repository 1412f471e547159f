"""What does that look like?

Each function draws one figure and shows it. alt says what a reader who cannot see it should know,
caption what to notice, figure_name by what name the slides ask for it. Accuracies come in as
fractions and are drawn in per cent, with intervals.
"""

import base64
import functools
import html
import io

import numpy as np
from IPython.display import display
from matplotlib import font_manager, pyplot
from matplotlib.figure import Figure
from matplotlib.text import Text
from scipy import stats

# Okabe & Ito 2008, "Color universal design": told apart with every colour vision
COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#F0E442"]
MARKERS = "osD^vPX*"  # a second code beside colour, for print and for every eye
LINE_STYLES = ["-", "--", "-.", ":"]
HAIR_SPACE = "\u200a"  # a legend drops labels that begin with an underscore
DPI = 96  # an inch here is an inch on a web page, so 10-point text stays 10-point text
FORMATS = {"png": {"metadata": {"Software": None}}, "jpeg": {"pil_kwargs": {"quality": 82}}}


def show(figure, *, alt, caption, figure_name=None, image_format="png"):
    """Display a figure with alt text and caption, and close it; "jpeg" keeps photographs small.

    HTML, because JupyterLab and Sphinx drop the alt text of a plain picture. Raises ValueError for
    an empty alt or caption.
    """
    for name, text in (("alt", alt), ("caption", caption)):
        if not text.strip():
            raise ValueError(f"Got {name}={text!r}: say in a sentence what the figure shows.")
    for text in figure.findobj(Text):  # names in scripts that the default font lacks
        if not text.get_text().isascii():
            fonts = dict.fromkeys(map(_font_of, text.get_text()))
            text.set_fontfamily([font for font in fonts if font])
    buffer = io.BytesIO()
    figure.savefig(buffer, format=image_format, facecolor="white", **FORMATS[image_format])
    pyplot.close(figure)
    source = f"data:image/{image_format};base64,{base64.b64encode(buffer.getvalue()).decode()}"
    picture = f'<img alt="{html.escape(alt)}" src="{source}">'
    page = f"<figure>{picture}<figcaption>{html.escape(caption)}</figcaption></figure>"
    bundle = {"text/html": page, "text/plain": f"Figure: {caption}"}
    display(bundle, raw=True, metadata={"figure": figure_name} if figure_name else None)


def _name(name):
    r"""A name for matplotlib to show as written: no mathematics between dollars, kept in legends.

    A character that no font on this computer holds is shown by its code, as \u65e5.
    """
    coded = "".join(
        letter if letter == "\n" or _font_of(letter) else letter.encode("unicode_escape").decode()
        for letter in str(name)
    ).replace("$", r"\$")
    return f"{HAIR_SPACE}{coded}" if coded.startswith("_") else coded


@functools.cache
def _font_of(letter):
    """The name of a font that holds it, the default one if it does; None if none does."""
    default = font_manager.findfont(font_manager.FontProperties())
    installed = [font.fname for font in font_manager.fontManager.ttflist]
    for path in [default, *installed]:
        font = font_manager.get_font(path)
        if font.get_char_index(ord(letter)) and "Last Resort" not in font.family_name:
            return font.family_name
    return None


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
    panel.text(place, 1.01, _name(text), transform=above, ha="center", va="bottom", fontsize=9)


def _intervals(items):
    """Values (n,) and interval arms (2, n) of numbers (arms nan) or of .value, .low, .high."""
    values = np.array([getattr(item, "value", item) for item in items], dtype=float)
    low = np.array([getattr(item, "low", np.nan) for item in items])
    high = np.array([getattr(item, "high", np.nan) for item in items])
    return values, np.stack([values - low, high - values])


def photographs(images, titles=None, *, columns=5, alt, caption, figure_name=None):
    """A grid of pictures, each uint8 (height, width, 3), each under its title of 1 or 2 lines."""
    rows, size = -(-len(images) // columns), min(1.8, 7.2 / columns)
    titles = [""] * len(images) if titles is None else titles
    title_height = 0.2 * max(title.count("\n") + bool(title) for title in titles)
    figure, axes = _panels(size * columns, (size + title_height) * rows, rows, columns)
    for panel in axes.flat:
        panel.axis("off")
    for panel, image, title in zip(axes.flat, images, titles, strict=False):
        panel.imshow(image)
        panel.set_title(_name(title), fontsize=9)
    show(figure, alt=alt, caption=caption, figure_name=figure_name, image_format="jpeg")


def heat_maps(images, maps, titles=None, *, alt, caption, figure_name=None):
    """Pictures, uint8 (n, height, width, 3); below them, in grey, under maps (n, height, width)."""
    size = min(2.2, 6.5 / len(images))
    figure, axes = _panels(size * len(images) + 0.8, 2 * size + 0.3, 2, len(images))
    for k, (image, heat) in enumerate(zip(images, maps, strict=True)):
        axes[0, k].imshow(image)
        axes[0, k].set_title("" if titles is None else _name(titles[k]), fontsize=9)
        axes[1, k].imshow(np.mean(image, axis=-1), cmap="gray", vmin=0, vmax=255)
        drawn = axes[1, k].imshow(heat, cmap="viridis", alpha=0.6, vmin=0, vmax=1)
    for panel in axes.flat:
        panel.axis("off")
    figure.colorbar(drawn, ax=axes, label="evidence (0 to 1)")
    show(figure, alt=alt, caption=caption, figure_name=figure_name, image_format="jpeg")


def feature_maps(maps, *, columns=6, alt, caption, figure_name=None):
    """First channels, a row a layer. maps: dict of layer -> float (height, width, channels)."""
    figure, axes = _panels(7.2, 1.2 * len(maps), len(maps), columns)
    for row, (name, channels) in zip(axes, maps.items(), strict=True):
        row[0].set_ylabel(
            f"{_name(name)}\n{channels.shape[0]} × {channels.shape[1]} cells", fontsize=9
        )
        for k, panel in enumerate(row):
            panel.imshow(channels[..., k], cmap="viridis")
            panel.set(xticks=[], yticks=[])
    show(figure, alt=alt, caption=caption, figure_name=figure_name, image_format="jpeg")


def history(histories, *, num_validation=None, alt, caption, figure_name=None):
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
    show(figure, alt=alt, caption=caption, figure_name=figure_name)


def _wilson(accuracies, n):
    tests = [stats.binomtest(round(accuracy * n), n) for accuracy in accuracies]
    return np.transpose([test.proportion_ci(method="wilson") for test in tests])


def accuracy_against_labels(comparison, *, chance=None, alt, caption, figure_name=None):
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
        panel.errorbar(beside, values, arms, capsize=4, label=_name(way), **_style(k))
    if chance is not None:
        panel.axhline(chance, color="black", linestyle=":", label="guessing")
    panel.set(xscale="log", xlabel="labelled images per class", ylim=(0, 1.02))
    panel.set_xticks(at, labels=shots)
    panel.minorticks_off()
    panel.set_ylabel("test accuracy (%)")
    _in_per_cent(panel.yaxis)
    panel.legend(loc="lower right")
    show(figure, alt=alt, caption=caption, figure_name=figure_name)


def estimates(rows, *, reference=None, label="accuracy (%)", alt, caption, figure_name=None):
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
    panel.set_yticks(range(len(rows)), labels=map(_name, rows))
    panel.set(ylim=(len(rows) - 0.5, -0.7), xlabel=label)
    _in_per_cent(panel.xaxis)
    show(figure, alt=alt, caption=caption, figure_name=figure_name)


def bars(values, *, label, per_cent=False, alt, caption, figure_name=None):
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
    panel.set_yticks(range(len(values)), labels=map(_name, values))
    panel.set(xlabel=label, ylim=(len(values) - 0.5, -0.5))
    panel.margins(x=0.15)
    panel.xaxis.set_major_formatter(_number)
    if per_cent:
        _in_per_cent(panel.xaxis)
    show(figure, alt=alt, caption=caption, figure_name=figure_name)


def confusion(matrix, class_names, *, alt, caption, figure_name=None):
    """Counts, int (classes, classes): rows true, columns predicted; shade: the share of the row."""
    matrix, names = np.asarray(matrix), list(map(_name, class_names))
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
    show(figure, alt=alt, caption=caption, figure_name=figure_name)


def reliability(before, after=None, *, alt, caption, figure_name=None):
    """Accuracy against confidence with 95 % intervals; honest confidence lies on the diagonal.

    before, after (temperature scaling): dicts of arrays confidence, accuracy, low, high, one a bin.
    """
    figure, [[panel]] = _panels(5.5, 4.2)
    panel.plot([0, 1], [0, 1], color="black", linewidth=1, label="perfectly calibrated")
    for k, (name, bins) in enumerate((("before", before), ("after scaling", after))):
        if bins is not None:
            accuracy = bins["accuracy"]
            arms = np.abs([accuracy - bins["low"], bins["high"] - accuracy])
            panel.errorbar(
                bins["confidence"], accuracy, arms, capsize=3, label=_name(name), **_style(k)
            )
    panel.set(xlim=(0, 1.02), ylim=(0, 1.02), xlabel="confidence (%)", ylabel="accuracy (%)")
    _in_per_cent(panel.xaxis)
    _in_per_cent(panel.yaxis)
    panel.legend(loc="upper left")
    show(figure, alt=alt, caption=caption, figure_name=figure_name)


def scatter(points, labels, class_names, *, xlabel, ylabel, alt, caption, figure_name=None):
    """Points float (n, 2) in the plane, a colour and a marker for each class. labels: int (n,)."""
    figure, [[panel]] = _panels(7, 4.2)
    for k, name in enumerate(class_names):
        x, y = np.asarray(points)[np.asarray(labels) == k].T
        look = {"color": COLOURS[k % 8], "marker": MARKERS[k % 8], "edgecolors": "black"}
        panel.scatter(x, y, s=28, linewidths=0.4, label=_name(name), **look)
    panel.set(xlabel=xlabel, ylabel=ylabel)
    panel.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    show(figure, alt=alt, caption=caption, figure_name=figure_name)


def lines(
    x, curves, *, xlabel, ylabel, log_x=False, mark=None, per_cent=False, alt, caption,
    figure_name=None,
):  # fmt: skip
    """Curves over x: dict of name -> list of numbers, or of tuples with .value, .low and .high.

    mark: dict of text -> x, a labelled line each. per_cent=True: accuracies, drawn from 0 to 100 %.
    """
    figure, [[panel]] = _panels(7, 4)
    for k, (name, items) in enumerate(curves.items()):
        values, arms = _intervals(items)
        panel.errorbar(x, values, arms, capsize=4, label=_name(name), **_style(k))
    for text, place in (mark or {}).items():
        _mark(panel, place, text)
    panel.set(xlabel=xlabel, ylabel=ylabel, xscale="log" if log_x else "linear")
    if per_cent:
        panel.set_ylim(0, 1.02)
        _in_per_cent(panel.yaxis)
    panel.legend()
    show(figure, alt=alt, caption=caption, figure_name=figure_name)


def flow(boxes, *, alt, caption, figure_name=None):
    """Boxes from left to right, an arrow between two: dict of a box's text -> its group, or "".

    Boxes of a group share a colour; its name stands above them.
    """
    height = 1.1 + 0.2 * max(text.count("\n") for text in boxes)
    figure, [[panel]] = _panels(7.2, height)
    panel.axis("off")
    panel.set(xlim=(-0.5, len(boxes) - 0.5), ylim=(-0.5, 0.5))
    groups = {name: [] for name in boxes.values()}
    for k, (text, group) in enumerate(boxes.items()):
        groups[group].append(k)
        colour = (COLOURS[4 + list(groups).index(group)], 0.4) if group else "white"
        frame = {"boxstyle": "round,pad=0.5", "facecolor": colour, "edgecolor": "black"}
        panel.text(k, -0.1, _name(text), ha="center", va="center", fontsize=11, bbox=frame)
    for name, places in groups.items():
        panel.text(np.mean(places), 0.5, _name(name), ha="center", va="top", fontsize=11)
    for k in range(1, len(boxes)):
        panel.annotate("", (k - 0.36, -0.1), (k - 0.64, -0.1), arrowprops={"arrowstyle": "->"})
    show(figure, alt=alt, caption=caption, figure_name=figure_name)
