"""A figure that answers: native controls, and what Python worked out before for each position.

Nothing is computed in the browser, and nothing is fetched: the controls only choose what is shown.
They stand as data in the page, so where scripts do not run (GitHub, a notebook that is not trusted)
no dead slider is left, but a sentence that points to the figure beside it.
"""

import base64
import html
import io
import itertools
import json
import string
from pathlib import Path

from PIL import Image

from tl_course.engine import cards

PAGE = Path(__file__).with_name("dial.html")  # its frame, its look, what happens on a key or click
THUMBNAIL = 64, 64  # pixels


def element(controls, answer, *, start, caption):
    """The HTML of `plots.dial`."""
    pictures = {}  # the data of a thumbnail -> its number: each stands in the page once
    groups = [_group(*control, start, pictures) for control in controls.items()]
    turned = itertools.starmap(answer, itertools.product(*controls.values()))
    answers = [[said, "".join(_shown(x, pictures) for x in rest)] for said, *rest in turned]
    values = {"controls": groups, "answers": answers, "pictures": list(pictures)}
    kept = json.dumps(values).replace("<", r"\u003c")  # or a name could end the script
    words = {"values": kept, "caption": html.escape(caption)}
    return string.Template(PAGE.read_text(encoding="utf-8")).substitute(words)


def _group(label, options, start, pictures):
    """One control as values: a list of options is a slider, a dict of them radio buttons."""
    images = None
    if isinstance(options, dict):
        images = [None if x is None else _number(x, pictures) for x in options.values()]
    first = list(options).index(start.get(label, next(iter(options))))
    return {"label": label, "options": [*map(str, options)], "start": first, "images": images}


def _number(image, pictures):
    """The number of a picture, uint8 (height, width, 3), among those of the page."""
    buffer = io.BytesIO()
    Image.fromarray(image).resize(THUMBNAIL).save(buffer, "jpeg", quality=75)
    data = f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"
    return pictures.setdefault(data, len(pictures))


def _shown(item, pictures):
    """A part of an answer as HTML: rows of a table, or each text with its picture or value."""
    if not isinstance(item, dict):
        return cards.table(item)
    each = (f"<li>{html.escape(text)}<br>{_seen(x, pictures)}</li>" for text, x in item.items())
    return f'<ul class="strip">{"".join(each)}</ul>'


def _seen(thing, pictures):
    if hasattr(thing, "_repr_html_"):
        return thing._repr_html_()
    return f'<img data-picture="{_number(thing, pictures)}" alt="">'
