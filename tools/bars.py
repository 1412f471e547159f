"""Bars and gaps for a slide: accuracies and differences, large enough for the last row.

Each has its interval; a gap is green where it is a gain, vermilion where it is a loss, grey where
one cannot tell.
"""

import html

from tools import cards

WIDTH, SPACE = 800, 132  # pixels: of a picture, and from one row to the next
WORDS = """<text x="0" y="{label}" font-size="34" fill="#111">{name}</text>
<text x="800" y="{label}" font-size="40" font-weight="bold" text-anchor="end"
 fill="{ink}">{number}</text>
"""
BAR = """<rect x="0" y="{top}" width="800" height="44" fill="#DDE4E9"/>
<rect x="0" y="{top}" width="{value:.1f}" height="44" fill="{fill}"/>
<path d="M{low:.1f} {middle}H{high:.1f}" stroke="#111" stroke-width="6"/>
"""
GAP = """<rect x="0" y="{top}" width="800" height="44" fill="#F2F6F9"/>
<path d="M{zero:.1f} {top}v44" stroke="#111" stroke-width="4"/>
<path d="M{low:.1f} {middle}H{high:.1f}" stroke="{fill}" stroke-width="8"/>
<circle cx="{value:.1f}" cy="{middle}" r="14" fill="{fill}"/>
"""
BLUE, RED = ("#0072B2", "#005A8C"), ("#D55E00", "#B34700")  # of a mark, and of its number
GREEN, GREY = ("#009E73", "#00694C"), ("#5A6B78", "#333")
VERDICTS = {"a gain": GREEN, "a loss": RED}
PARTS = ("value", "low", "high")


def row(index, form, colours, name, number, places):
    """Return a row as SVG. places: pixels from the left of `value`, `low` and `high`."""
    top = 58 + SPACE * index
    words = {"name": html.escape(name, quote=False), "number": number}
    lines = {"top": top, "label": top - 12, "middle": top + 22}
    return (WORDS + form).format(fill=colours[0], ink=colours[1], **words, **lines, **places)


def picture(title, rows):
    """Return rows as an SVG picture that says its title to those who do not see it."""
    height = SPACE * len(rows)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        f'viewBox="0 0 {WIDTH} {height}" font-family="Helvetica, Arial, sans-serif">\n'
        f"<title>{html.escape(title, quote=False)}</title>\n{''.join(rows)}</svg>\n"
    )


def accuracies(named):
    """Return bars of {name: estimate}, an estimate as `records` keeps it: shares of one."""
    rows, said = [], []
    for index, (name, found) in enumerate(named.items()):
        number = cards.FORMS["percent"](found["value"], None)
        # an accuracy ends at one, its interval over few seeds may not
        places = {part: WIDTH * min(max(found[part], 0), 1) for part in PARTS}
        rows.append(row(index, BAR, (BLUE, RED)[index % 2], name, number, places))
        said.append(f"{name} {number}")
    return picture(f"Bars: {', '.join(said)}.", rows)


def gaps(named):
    """Return {name: difference}, as `records` keeps it, around a line at zero."""
    low = min(0, *(found["low"] for found in named.values()))
    scale = (WIDTH - 40) / (max(0, *(found["high"] for found in named.values())) - low)
    rows, said = [], []
    for index, (name, found) in enumerate(named.items()):
        number = cards.FORMS["gain"](found["value"], None).replace("-", "\N{MINUS SIGN}")
        places = {part: 20 + scale * (found[part] - low) for part in PARTS}
        places["zero"] = 20 - scale * low
        colours = VERDICTS.get(found["verdict"], GREY)
        rows.append(row(index, GAP, colours, name, number, places))
        said.append(f"{name} {number} points, {found['verdict']}")
    return picture(f"Differences: {'; '.join(said)}.", rows)
