"""How a figure gets onto a page: as SVG or JPEG with alternative text, names as they were written.

matplotlib reads $ as mathematics, hides labels that begin with an underscore, and draws a box for
a letter that its font lacks; none of that may happen to the name of a class.
"""

import base64
import functools
import html
import io
import unicodedata

from matplotlib import font_manager, rc_context
from matplotlib.text import Text

from tl_course.engine import words

HAIR_SPACE = "\u200a"  # a legend drops labels that begin with an underscore
UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}  # control characters, marks of direction, line ends
SVG = {"svg.hashsalt": "tl_course", "svg.fonttype": "path"}  # the same bytes, in every browser
FORMATS = {
    "svg": ("svg+xml", {"metadata": {"Date": None, "Creator": None}}),
    "jpeg": ("jpeg", {"pil_kwargs": {"quality": 82}}),
}
STYLE = "max-width:100%;height:auto;background:white"  # narrower on a phone; opaque on a dark page


def element(figure, *, alt, caption, image_format):
    """The HTML of a matplotlib figure: <figure> with <img alt> and <figcaption>."""
    for text in figure.findobj(Text):  # names in scripts that the default font lacks
        if not text.get_text().isascii():
            fonts = dict.fromkeys(map(font_of, text.get_text()))
            text.set_fontfamily([font for font in fonts if font])
    kind, options = FORMATS[image_format]
    buffer = io.BytesIO()
    with rc_context(SVG):
        figure.savefig(buffer, format=image_format, facecolor="white", **options)
    source = f"data:image/{kind};base64,{base64.b64encode(buffer.getvalue()).decode()}"
    picture = f'<img alt="{html.escape(alt)}" style="{STYLE}" src="{source}">'
    return f"<figure>{picture}<figcaption>{html.escape(caption)}</figcaption></figure>"


def folded(page, words):
    """The page, closed until a reader clicks on the words."""
    return f"<details><summary>{html.escape(words)}</summary>{page}</details>"


def as_written(name):
    r"""A name for matplotlib to show as written: no mathematics between dollars, kept in legends.

    A character that no font on this computer holds, or that has no look of its own, is shown by its
    code, as \u65e5.
    """
    coded = "".join(
        letter if letter == "\n" or font_of(letter) else words.coded(letter) for letter in str(name)
    ).replace("$", r"\$")
    return f"{HAIR_SPACE}{coded}" if coded.startswith("_") else coded


@functools.cache
def font_of(letter):
    """The name of a font that can draw it, the default one if it can; None if none can."""
    default = font_manager.findfont(font_manager.FontProperties())
    installed = [font.fname for font in font_manager.fontManager.ttflist]
    if unicodedata.category(letter) in UNSEEN and letter not in words.JOINERS:
        return None
    families = (_family_with(letter, path) for path in [default, *installed])
    return next(filter(None, families), None)


def _family_with(letter, path):
    """The name of the font in a file if it can draw a letter, else None."""
    try:
        font = font_manager.get_font(path)
        if not font.get_char_index(ord(letter)) or "Last Resort" in font.family_name:
            return None
        font.set_size(10, 72)  # fonts of coloured pictures, as emoji have, cannot do this
        font.load_char(ord(letter))
    except (OSError, RuntimeError):  # a font that is gone, damaged, or of another kind
        return None
    return font.family_name


def spread(places, gap):
    """The places, each moved as little as needed so that any two are a gap apart, in order.

    So that labels at the ends of lines do not cover one another. places: list of float.
    """
    order = sorted(range(len(places)), key=places.__getitem__)
    groups = []  # [sum of places, number]: neighbours that touch move as one
    for k in order:
        groups.append([places[k], 1])
        while len(groups) > 1 and _gap_between(*groups[-2:], gap) < 0:
            total, number = groups.pop()
            groups[-1] = [groups[-1][0] + total, groups[-1][1] + number]
    moved = [
        total / number + gap * (j - (number - 1) / 2)
        for total, number in groups
        for j in range(number)
    ]
    return [place for _, place in sorted(zip(order, moved, strict=True))]


def _gap_between(below, above, gap):
    centres = above[0] / above[1] - below[0] / below[1]
    return centres - gap * (below[1] + above[1]) / 2


def flow(panel, boxes, colours):
    """Draw the boxes of `plots.flow` into a panel, each group in the next colour."""
    panel.axis("off")
    panel.set(xlim=(-0.5, len(boxes) - 0.5), ylim=(-0.5, 0.5))
    groups = {name: [] for name in boxes.values()}
    shades = {"": "white"} | dict(zip(filter(None, groups), colours, strict=False))
    for k, (text, group) in enumerate(boxes.items()):
        groups[group].append(k)
        frame = {"boxstyle": "round,pad=0.5", "facecolor": shades[group]}
        panel.text(k, -0.1, as_written(text), ha="center", va="center", bbox=frame)
        if k:
            panel.annotate("", (k - 0.36, -0.1), (k - 0.64, -0.1), arrowprops={"arrowstyle": "->"})
    for name, places in groups.items():
        panel.text(sum(places) / len(places), 0.5, as_written(name), ha="center", va="top")
