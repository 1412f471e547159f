"""The report of a run, report.html: one page without scripts that needs nothing else."""

import html

from tl_course.commands import _photos_decisions, _photos_export, _photos_figures, _photos_judging
from tl_course.engine import cards, words

STYLE = """body{font:15px/1.5 sans-serif;max-width:46rem;margin:0 auto;padding:0 12px;
color:#111;background:#fff;overflow-wrap:anywhere}h1{font-size:1.6em;line-height:1.2}
h2{font-size:1.25em;margin-top:1.8em}figure{margin:1em 0}figcaption{color:#444}
table{overflow-wrap:normal}dt{font-weight:600}@media(max-width:420px)
{body>div{font-size:13px}}dd{margin:0 0 .6em}summary{cursor:pointer}"""
COLUMNS = {"class_name": "class", "n": "pictures", "precision": "right of those called so",
           "recall": "found of those that are so"}  # fmt: skip
PAIRS, LONG = 4, 30  # of classes that are mixed up; lines before they are folded


def page(found, elements):
    """The whole page. elements: {"confusion", "curve"}, HTML."""
    name = html.escape(found.job.name)
    parts = [
        _head(found), _decided(found), _mistakes(found, elements), _more(found, elements),
        _honest(found), _labels(found), _odd(found), _beside(found), _away(found),
    ]  # fmt: skip
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{name}: a classifier and its report</title><style>{STYLE}</style></head>"
        f"<body>{''.join(parts)}</body></html>\n"
    )


def _head(found):
    test, album = found.judged.test, found.album
    largest, mean = (100 * test[name] for name in ("always_largest", "balanced_accuracy"))
    return (
        f"<h1>{html.escape(found.job.name)}</h1><p>{len(album.class_names)} classes, "
        f"{len(album.files)} pictures. The first guess is right for so many of the test pictures, "
        f"each asked once:</p>{test['accuracy']._repr_html_()}<p>Always the largest class: "
        f"{largest:.1f} %. Mean over the classes: {mean:.1f} %. "
        f"{html.escape(_photos_decisions.reach(found))}</p>"
        + cards.table(_photos_decisions.sizes(album), "Pictures")
    )


def _decided(found):
    rows = _photos_decisions.decisions(found)
    rows = [(html.escape(what), html.escape(why[0].upper() + why[1:])) for what, why in rows]
    items = "".join(f"<dt>{what}</dt><dd>{why}.</dd>" for what, why in rows)
    shown = found.race["difference"]._repr_html_() if "difference" in found.race else ""
    return f"<h2>What was decided, and why</h2><dl>{items}</dl>{shown}"


def _mistakes(found, elements):
    album, judged = found.album, found.judged
    per_class, figures = judged.test["per_class"], []
    rows = [{word: _short(row[name]) for name, word in COLUMNS.items()} for row in per_class]
    for true, said, places in _photos_judging.confusions(album, judged)[:PAIRS]:
        say = f"{true}, called {said}: {len(places)}."
        figures.append(_photos_figures.pictures(album, places, alt=say, caption=say))
    shown = elements["confusion"] if len(album.class_names) <= _photos_figures.READABLE else ""
    return f"<h2>Which are mixed up?</h2>{shown}{cards.table(rows)}{''.join(figures)}"


def _short(value):
    if not isinstance(value, float):
        return value
    return "none" if value != value else f"{100 * value:.0f} %"  # nan: a fraction of nothing


def _more(found, elements):
    step, answer = found.more
    shown = step._repr_html_() if step else ""
    return (f"<h2>Would more photographs help?</h2><p>{html.escape(answer.capitalize())}.</p>"
            f"{shown}{elements['curve']}")  # fmt: skip


def _honest(found):
    test, answered = found.judged.test, found.judged.test.get("accuracy_answered")
    left = f"; of those answers {answered} are right" if answered else ""
    return (
        "<h2>Is it as sure as it is right?</h2>"
        "<p>How sure it is differs from how often it is right by "
        f"{100 * test['calibration_error']:.1f} points on the test pictures, and without the "
        f"temperature by {100 * test['calibration_error_before']:.1f}. It answers "
        f"{test['answered']} of them{left}.</p>"
        + _photos_figures.reliability(found.album, found.judged)
    )


def _labels(found):
    rows, how = found.suspects
    said = f"<h2>Labels that are probably wrong</h2><p>Found by {html.escape(how)}, from models " \
           "that had not seen the picture. It may only be hard: look first.</p>"  # fmt: skip
    if not rows:
        return f"{said}<p>None.</p>"
    titles = [f"{row['label'][:13]}\n{row['suggested'][:12]}?" for row in rows]
    say = {"alt": "Pictures whose label is probably wrong.", "caption": "Label, and suggestion."}
    chosen = [found.album.files.index(row["file_name"]) for row in rows]
    shown = _photos_figures.pictures(found.album, chosen, titles=titles, **say)
    rows = [row | {"file_name": words.path(row["file_name"])} for row in rows]
    table = [{name.replace("_", " "): _short(value) for name, value in row.items()} for row in rows]
    return said + shown + cards.table(table)


def _odd(found):
    title = "<h2>Blurred, dark or odd pictures</h2>"
    if found.odd is None:
        return f"{title}<p>Not looked for: <code>pip install 'tl-course[photos]'</code> does.</p>"
    return title + _lines([f"{words.path(file)}: {why}" for file, why in found.odd.items()])


def _beside(found):
    return f"<h2>What else was found in the folder</h2>{_lines(found.album.findings)}"


def _lines(lines):
    from tl_course.engine import figures

    items = "".join(f"<li>{html.escape(str(line))}</li>" for line in lines)
    shown = f"<ul>{items}</ul>" if lines else "<p>Nothing.</p>"
    return figures.folded(shown, f"{len(lines)} lines") if len(lines) > LONG else shown


def _away(found):
    rows = _photos_export.rows(found.exports)
    shown = cards.table(rows, "Other formats, asked what the Keras model was asked") if rows else ""
    folder = html.escape(found.job.out.name)
    return (f"<h2>Take it away</h2><p><code>python -m tl_course predict {folder} NEW.jpg</code> "
            f"answers for a new picture. README.md says how, without this package.</p>{shown}")
