"""The figures of the report: as elements of a page, and two of them as PNG files."""

import numpy as np

from tl_course.commands import _photos_steps

DPI = 120
READABLE = 25  # classes: a larger matrix can be read in its own file only
PICTURES = 8  # of a kind


def drawn(draw, *arguments, ylabel=None, **words):
    """(HTML element, figure) of one figure of `plots`. ylabel: what its first axis shows."""
    from tl_course import plots
    from tl_course.engine import figures

    with plots.collected() as taken:
        draw(*arguments, **words)
    ((figure, alt, caption, image_format),) = taken
    if ylabel:
        figure.axes[0].set_ylabel(ylabel)
    options = {"alt": alt, "caption": caption, "image_format": image_format}
    return figures.element(figure, **options), figure


def write_png(figure, path):
    """Write a figure as PNG, whole or not at all."""
    with _photos_steps.whole(path) as partial:
        tight = {"bbox_inches": "tight", "pad_inches": 0.1}  # else its labels may be cut
        figure.savefig(partial, format="png", dpi=DPI, facecolor="white", **tight)


def confusion(album, judged):
    """The matrix of the test pictures."""
    from tl_course import plots

    matrix = judged.test["confusion"]
    alt = f"Of {matrix.sum()} test pictures {np.trace(matrix)} lie on the diagonal."
    caption = "Rows: what it is. Columns: what the model says. Test pictures."
    return drawn(plots.confusion, matrix, album.class_names, alt=alt, caption=caption)


def curve(comparison, chance, words):
    """Accuracy against the number of pictures to learn from; without one, the words."""
    from tl_course import plots

    if comparison is None:  # the file is there all the same
        say = {"alt": f"No learning curve: {words}.", "caption": "Photograph more of each class."}
        return drawn(plots.flow, {f"no learning curve:\n{words}": ""}, **say)
    (way,) = comparison.ways
    numbers = {shots: comparison.accuracy(way, shots).value for shots in comparison.shots}
    alt = "Validation accuracy by pictures a class: "
    return drawn(
        plots.accuracy_against_labels, comparison, chance=chance, ylabel="validation accuracy (%)",
        alt=alt + ", ".join(f"{value:.0%} with {shots}" for shots, value in numbers.items()) + ".",
        caption="A head on the frozen backbone, judged by pictures that it did not learn from, "
        f"never by those of the test: mean over {len(comparison.seeds)} draws, with 95 % "
        "intervals. Dotted: always the largest class.",
    )  # fmt: skip


def reliability(album, judged):
    """Is the model right as often as it is sure? On test pictures, before and after scaling."""
    from tl_course import evaluation, plots

    places = album.places("test")
    labels = album.labels[places]
    bins = [evaluation.reliability(p[places], labels, num_bins=5) for p in
            (judged.raw, judged.probabilities)]  # fmt: skip
    error = judged.test["calibration_error"]
    alt = f"Accuracy against confidence; mean distance from the diagonal {100 * error:.1f} points."
    caption = "On the diagonal confidence is honest; below it the model is surer than right."
    return drawn(plots.reliability, *bins, alt=alt, caption=caption)[0]


def pictures(album, rows, *, titles=None, alt, caption):
    """A few pictures, under titles where there are some."""
    from tl_course import plots

    few, titles = np.asarray(album.images[rows[:PICTURES]]), titles and titles[:PICTURES]
    return drawn(plots.photographs, few, titles, columns=4, alt=alt, caption=caption)[0]
