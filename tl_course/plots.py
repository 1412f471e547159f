"""What does that look like?

Each function draws one figure and shows it. alt says what a reader who cannot see it should know,
caption what to notice, figure_name by what name slides and pages ask for it. Accuracies come in as
fractions and are drawn in per cent, with intervals. A way of learning has one colour and one
marker, wherever it is drawn.
"""

import contextlib
import itertools
import re

import numpy as np
from IPython.display import display
from matplotlib import pyplot
from matplotlib.figure import Figure

from tl_course.engine import cards, dials, figures

# Okabe & Ito 2008, "Color universal design": told apart with every colour vision
COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#F0E442"]
MARKERS = "osD^vPX*"  # a second code beside colour, for print and for every eye
LINE_STYLES = ["-", "--", "-.", ":"]
LOOKS = {  # of each way of learning (`experiments`), in the whole course and on the slides
    "from scratch": (COLOURS[1], "s", "--"),
    "logistic regression": (COLOURS[5], "D", "-."),
    "head": (COLOURS[0], "o", "-"),
    "late": (COLOURS[2], "^", "-"),  # fine-tuned from one of the last blocks, 14 to 16
    "middle": (COLOURS[3], "v", "-"),  # from a block of the middle, 8 to 13
    "early": (COLOURS[4], "P", "-"),  # from an earlier one, or all of them
}
RIGHT, WRONG = COLOURS[2], COLOURS[1]
DPI = 96  # an inch here is an inch on a web page, so 10-point text stays 10-point text
WIDTH = 5.2  # inches: on a telephone of 390 pixels the text is still three quarters of its size

_name = figures.as_written
_collected = None  # a list, within `collected`


def show(figure, *, alt, caption, figure_name=None, image_format="svg", folded=None):
    """Display a figure with alt text and caption, and close it; "jpeg" keeps photographs small.

    HTML, because JupyterLab and Sphinx drop the alt text of a plain picture. folded: words to click
    on; until then the figure stays closed. Raises ValueError for an empty alt or caption.
    """
    for name, text in (("alt", alt), ("caption", caption)):
        if not text.strip():
            raise ValueError(f"Got {name}={text!r}: say in a sentence what the figure shows.")
    if _collected is not None:
        return _collected.append((figure, alt, caption, image_format))
    page = figures.element(figure, alt=alt, caption=caption, image_format=image_format)
    page = figures.folded(page, folded) if folded else page
    pyplot.close(figure)
    _display(page, f"Figure: {caption}", {"figure": figure_name} if figure_name else None)


@contextlib.contextmanager
def collected():
    """A list that takes (figure, alt, caption, image_format) within the block; none is displayed.

    For programs that write a page of their own.
    """
    global _collected
    _collected, before = [], _collected
    try:
        yield _collected
    finally:
        _collected = before


def table(rows, *, caption=""):
    """Show a table. rows: dicts with the same keys, the columns; values as `str` writes them."""
    _display(cards.table(rows, caption), "\n".join(filter(None, [caption, cards.text(rows)])))


def dial(controls, answer, *, start=None, caption):
    """Controls to turn, beside a figure that says the same where scripts do not run.

    controls: dict of label -> options: a list is a slider, a dict of option -> picture or None
    radio buttons. answer(*options) gives a sentence, which is read aloud, then what stands below
    it: dicts of text -> picture or value with a card, rows as for `table`. It is called here, for
    every position. start: dict of label -> the option to begin with; else the first.
    """
    page = dials.element(controls, answer, start=start or {}, caption=caption)
    _display(page, f"Dial: {caption}")


def _display(page, text, metadata=None):
    display({"text/html": page, "text/plain": text}, raw=True, metadata=metadata)


def _panels(width, height, rows=1, columns=1, **options):
    """A white figure of width x height inches and its axes, (rows, columns); it opens no window."""
    figure = Figure(figsize=(width, height), dpi=DPI, facecolor="white", layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False, **options)
    for panel in axes.flat:
        panel.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _style(k, name=""):
    """How the k-th thing is drawn; a way of learning always in the same colour and marker."""
    block = re.match(r"(?:fine-tuned )?from block_(\d+)|fine-tuned", str(name))
    depth = None if block is None else int(block[1] or 1)
    part = block and ("late" if depth >= 14 else "middle" if depth >= 8 else "early")
    look = LOOKS.get(part or name, (COLOURS[k % 8], MARKERS[k % 8], LINE_STYLES[k % 4]))
    return dict(zip(("color", "marker", "linestyle"), look, strict=True)) | {"markersize": 5}


def _number(value, _position=None):
    return (f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}").replace("-", "−")


def _in_per_cent(axis):
    axis.set_major_formatter(lambda value, _position: _number(100 * value))


def _mark(panel, place, text):
    panel.axvline(place, color="black", linewidth=1, zorder=0)
    above = panel.get_xaxis_transform()
    panel.text(place, 1.01, _name(text), transform=above, ha="center", va="bottom", fontsize=9)


def _label_ends(panel, ends):
    """Write each line's name at its right end. ends: list of (x, y, name, colour)."""
    height = panel.figure.get_size_inches()[1] * 72  # points; a line of text takes about 12
    (low, high), places = panel.get_ylim(), [y for _, y, _, _ in ends]
    if panel.get_yscale() == "linear":
        places = figures.spread(places, 13 * (high - low) / (0.75 * height))
    for (x, _, name, colour), place in zip(ends, places, strict=True):
        panel.annotate(
            _name(name), (x, place), (8, 0), textcoords="offset points", va="center",
            color=colour, fontsize=9, fontweight="bold", annotation_clip=False,
        )  # fmt: skip


def _intervals(items):
    """Values (n,) and interval arms (2, n) of numbers (arms nan) or of .value, .low, .high."""
    values = np.array([getattr(item, "value", item) for item in items], dtype=float)
    low = np.array([getattr(item, "low", np.nan) for item in items])
    high = np.array([getattr(item, "high", np.nan) for item in items])
    return values, np.stack([values - low, high - values])


def photographs(
    images, titles=None, *, columns=4, right=None, folded=None, alt, caption, figure_name=None
):
    """A grid of pictures, each uint8 (height, width, 3), each under its title of 1 or 2 lines.

    right: True, False or None for each: a check mark and a green frame, or a cross and a red one.
    folded: as in `show`, for a key to a question.
    """
    rows, size = -(-len(images) // columns), max(1.6, min(2.2, 7.2 / columns))
    titles = [""] * len(images) if titles is None else titles
    right = [None] * len(images) if right is None else right
    title_height = 0.2 * max(title.count("\n") + bool(title) for title in titles)
    figure, axes = _panels(size * columns, (size + title_height) * rows, rows, columns)
    for panel in axes.flat:
        panel.set(xticks=[], yticks=[])
        panel.spines[:].set_visible(False)
    for panel, image, title, is_right in zip(axes.flat, images, titles, right, strict=False):
        panel.imshow(image)
        mark = "" if is_right is None else "✓ " if is_right else "✗ "
        panel.set_title(mark + _name(title), fontsize=9)
        if is_right is not None:
            panel.spines[:].set(visible=True, color=RIGHT if is_right else WRONG, linewidth=3)
    words = {"alt": alt, "caption": caption, "figure_name": figure_name, "folded": folded}
    show(figure, image_format="jpeg", **words)


def answers(words, rows, columns, *, right=None, alt, caption, figure_name=None):
    """A grid of words: what each row's network says of each column's picture.

    words: rows of strings. right: True, False or None for each, in the same form: ✓ or ✗ before it.
    """
    marks = {True: ("✓ ", "#DDF1EA"), False: ("✗ ", "#FBE6D9"), None: ("", "white")}
    right = right or [[None] * len(columns) for _ in rows]
    figure, [[panel]] = _panels(1.3 + 1.15 * len(columns), 0.6 + 0.5 * len(rows))
    for (i, row), (j, _) in itertools.product(enumerate(words), enumerate(columns)):
        mark, colour = marks[right[i][j]]
        text = mark + _name(row[j]).replace(" ", "\n", 1)
        panel.add_patch(pyplot.Rectangle((j - 0.5, i - 0.5), 1, 1, color=colour))
        panel.text(j, i, text, ha="center", va="center", fontsize=9)
    panel.set(xlim=(-0.5, len(columns) - 0.5), ylim=(len(rows) - 0.5, -0.5))
    panel.set_xticks(range(len(columns)), labels=map(_name, columns))
    panel.set_yticks(range(len(rows)), labels=map(_name, rows))
    panel.tick_params(length=0, labeltop=True, labelbottom=False)
    panel.spines[:].set_visible(False)
    show(figure, alt=alt, caption=caption, figure_name=figure_name)


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


def accuracy_against_labels(comparisons, *, chance=None, alt, caption, figure_name=None):
    """Test accuracy against labelled images per class: a line a way, with its 95 % intervals.

    comparisons: of `experiments.compare`, or a dict of title -> one, or a list of some with other
    shots: panels side by side with one scale. Shots are numbers, or "all", at the right end, twice
    as far as the largest number. chance: the accuracy of guessing, a dotted line.
    """
    parts = comparisons if isinstance(comparisons, dict) else {"": comparisons}
    figure, axes = _panels(max(WIDTH, 3.3 * len(parts)), 3.6, 1, len(parts), sharey=True)
    for panel, (title, part) in zip(axes[0], parts.items(), strict=True):
        ends = _curves(panel, part if isinstance(part, list) else [part])
        if chance is not None:
            panel.axhline(chance, color="black", linestyle=":")
            ends.append((ends[0][0], chance, "guessing", "black"))
        panel.set(xlabel="labelled images per class", title=_name(title), ylim=(0, 1.02))
        if panel is axes[0, -1]:
            _label_ends(panel, ends)
    axes[0, 0].set_ylabel("test accuracy (%)")
    _in_per_cent(axes[0, 0].yaxis)
    show(figure, alt=alt, caption=caption, figure_name=figure_name)


def _curves(panel, comparisons):
    """Draw the ways of some Comparisons on one panel; the (x, y, name, colour) of their ends."""
    every = {n for part in comparisons for n in part.shots}
    far = 2 * max([n for n in every if n != "all"], default=1)
    places = {n: far if n == "all" else n for n in every}
    curves = [(part, way) for part in comparisons for way in part.ways]
    panel.set(xscale="log")
    ends = []
    for k, (part, way) in enumerate(curves):
        shots, look = sorted(part.shots, key=places.get), _style(k, way)
        values, arms = _intervals([part.accuracy(way, n) for n in shots])
        at = np.array([places[n] for n in shots]) * 1.03**k  # a little apart: none hides another
        panel.errorbar(at, values, arms, capsize=4, label=_name(way), **look)
        ends.append((max(places.values()) * 1.03 ** len(curves), values[-1], way, look["color"]))
    panel.set_xticks(sorted(places.values()), labels=sorted(places, key=places.get))
    panel.minorticks_off()
    return ends


def estimates(rows, *, reference=None, label="accuracy (%)", alt, caption, figure_name=None):
    """A point and its interval for each name: dict of name -> tuple with .value, .low, .high.

    reference: where a dashed line stands, 0 for differences. label: of the axis, in per cent (for
    differences: percentage points).
    """
    figure, [[panel]] = _panels(WIDTH, 0.8 + 0.45 * len(rows))
    _points(panel, rows, lambda item: f"{100 * item.value:.1f}".replace("-", "−"))
    if reference is not None:
        panel.axvline(reference, color="black", linestyle="--", linewidth=1)
    panel.set_xlabel(label)
    show(figure, alt=alt, caption=caption, figure_name=figure_name)


def differences(rows, *, alt, caption, figure_name=None):
    """A point, its interval and its verdict for each name: dict of name -> Difference.

    Or a dict of group -> such a dict: a panel a group, all on one scale, around zero.
    """
    groups = rows if isinstance(next(iter(rows.values())), dict) else {"": rows}
    ratios = [len(group) + 0.6 for group in groups.values()]
    size = (WIDTH + 0.6, 0.7 + 0.42 * sum(ratios))
    options = {"sharex": True, "height_ratios": ratios}
    figure, axes = _panels(*size, len(groups), 1, **options)
    for panel, (title, group) in zip(axes[:, 0], groups.items(), strict=True):
        panel.axvline(0, color="black", linewidth=1, zorder=0)
        _points(panel, group, lambda d: f"{100 * d.value:+.1f}: {d.verdict}".replace("-", "−"))
        panel.set_title(_name(title), loc="left", fontsize=10, fontweight="bold")
    axes[-1, 0].set_xlabel("percentage points")
    show(figure, alt=alt, caption=caption, figure_name=figure_name)


def grid(rows, *, xlabel, ylabel, alt, caption, figure_name=None):
    """A cell for each Difference, in points with its interval: blue a gain, orange a loss.

    rows: dict of name -> dict of name, the same in each -> Difference. Where the interval holds
    zero, the cell stays white.
    """
    columns = list(next(iter(rows.values())))
    figure, [[panel]] = _panels(0.9 + 0.85 * len(columns), 0.9 + 0.5 * len(rows))
    most = max(abs(gap.value) for row in rows.values() for gap in row.values()) or 1
    for (i, row), (j, name) in itertools.product(enumerate(rows.values()), enumerate(columns)):
        value, low, high = (100 * number for number in row[name][:3])
        shade = {"a gain": COLOURS[5], "a loss": COLOURS[4]}.get(row[name].verdict, "white")
        strength = 0.2 + 0.8 * abs(row[name].value) / most
        panel.add_patch(pyplot.Rectangle((j - 0.5, i - 0.5), 1, 1, color=shade, alpha=strength))
        text = f"{value:+.0f}\n{low:+.0f} to {high:+.0f}".replace("-", "−")
        panel.text(j, i, text, ha="center", va="center", fontsize=9)
    panel.set(xlim=(-0.5, len(columns) - 0.5), ylim=(len(rows) - 0.5, -0.5))
    panel.set(xlabel=xlabel, ylabel=ylabel)
    panel.set_xticks(range(len(columns)), labels=map(_name, columns))
    panel.set_yticks(range(len(rows)), labels=map(_name, rows))
    panel.tick_params(length=0)
    panel.spines[:].set_visible(False)
    show(figure, alt=alt, caption=caption, figure_name=figure_name)


def _points(panel, rows, words):
    """A point and its interval for each name, top down, words(item) above it."""
    values, arms = _intervals(rows.values())
    for k, (name, item) in enumerate(rows.items()):
        panel.errorbar(values[k], k, xerr=arms[:, [k]], capsize=4, **_style(k, name))
        panel.annotate(words(item), (values[k], k - 0.15), ha="center", va="bottom", fontsize=9)
    panel.set_yticks(range(len(rows)), labels=map(_name, rows))
    panel.set(ylim=(len(rows) - 0.5, -0.7))
    panel.margins(x=0.12)
    _in_per_cent(panel.xaxis)


def bars(values, *, label, per_cent=False, alt, caption, figure_name=None):
    """A bar for each name: dict of name -> number, or tuple with .value, .low and .high.

    label: what is measured, with its unit. per_cent=True where the values are fractions.
    """
    figure, [[panel]] = _panels(WIDTH, 0.8 + 0.4 * len(values))
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
    figure, [[panel]] = _panels(WIDTH, 4.2)
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
    figure, [[panel]] = _panels(WIDTH, 3.8)
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
    figure, [[panel]] = _panels(WIDTH, 3.6)
    ends = []
    for k, (name, items) in enumerate(curves.items()):
        (values, arms), look = _intervals(items), _style(k, name)
        panel.errorbar(x, values, arms, capsize=4, label=_name(name), **look)
        ends.append((x[-1], values[-1], name, look["color"]))
    for text, place in (mark or {}).items():
        _mark(panel, place, text)
    panel.set(xlabel=xlabel, ylabel=ylabel, xscale="log" if log_x else "linear")
    if per_cent:
        panel.set_ylim(0, 1.02)
        _in_per_cent(panel.yaxis)
    _label_ends(panel, ends)
    show(figure, alt=alt, caption=caption, figure_name=figure_name)


def flow(boxes, *, alt, caption, figure_name=None):
    """Boxes from left to right, an arrow between two: dict of a box's text -> its group, or "".

    Boxes of a group share a colour; its name stands above them.
    """
    lines_high = max(text.count("\n") for text in boxes)
    figure, [[panel]] = _panels(1.2 * WIDTH, 1 + 0.2 * lines_high)
    figures.flow(panel, boxes, [(colour, 0.4) for colour in COLOURS[4:]])
    show(figure, alt=alt, caption=caption, figure_name=figure_name)
