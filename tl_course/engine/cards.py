"""A result as a card for a notebook: one large number, its interval as a bar, what it means.

Plain HTML without classes or scripts: it looks the same in JupyterLab, Colab and on a page, light
or dark, and breaks no line in the middle of a number.
"""

import html
import re

BOX = (
    "display:inline-block;box-sizing:border-box;max-width:100%;padding:8px 14px;margin:4px 8px 4px "
    "0;border:1px solid #bbb;border-radius:6px;background:#fff;color:#111;font-family:sans-serif"
)
LARGE = "font-size:1.7em;font-weight:600;white-space:nowrap"
CELL = "padding:3px 10px;border-bottom:1px solid #ddd;text-align:left;color:#111"
WIDTH, COLOUR = 240, "#0072B2"


def unbroken(text):
    """The text as HTML in which no line ends inside a number, its unit or an interval."""
    breaks = r" (?=[=%])|(?<==) |(?<=\d) (?=to [+-]?\d)|(?<=to) (?=[+-]?\d)"
    return re.sub(breaks, "\N{NO-BREAK SPACE}", html.escape(str(text)))


def card(number, rest, *, interval, between, words=""):
    """The HTML of a card. number: in large type; rest: below it; words: the verdict.

    interval: value, low, high. between: the ends of the bar that they are drawn on; where zero lies
    inside, a line marks it.
    """
    (value, low, high), (start, end) = interval, between

    def place(x):
        return round(WIDTH * (min(max(x, start), end) - start) / (end - start))

    zero = f'<path d="M{place(0)} 0v16" stroke="#111"/>' if start < 0 < end else ""
    bar = (
        f'<svg width="{WIDTH}" height="16" viewBox="0 0 {WIDTH} 16" style="max-width:100%">'
        f'<path d="M0 8h{WIDTH}" stroke="#ccc" stroke-width="2"/>{zero}'
        f'<path d="M{place(low)} 8H{place(high)}" stroke="{COLOUR}" stroke-width="6"/>'
        f'<circle cx="{place(value)}" cy="8" r="6" fill="{COLOUR}"/></svg>'
    )
    verdict = f"<div><b>{html.escape(words)}</b></div>" if words else ""
    top = f'<span style="{LARGE}">{unbroken(number)}</span><br>{bar}'
    return f'<div style="{BOX}">{top}<div>{unbroken(rest)}</div>{verdict}</div>'


def table(rows, caption=""):
    """The HTML of a table: rows are dicts of the same keys, which become its columns."""
    columns = list(rows[0])
    head = "".join(f'<th scope="col" style="{CELL}">{unbroken(name)}</th>' for name in columns)
    body = "".join(
        "<tr>" + "".join(f'<td style="{CELL}">{unbroken(row[c])}</td>' for c in columns) + "</tr>"
        for row in rows
    )
    title = f'<caption style="text-align:left;color:#111">{html.escape(caption)}</caption>'
    style = "overflow-x:auto;max-width:100%;background:#fff"
    return (
        f'<div style="{style}"><table style="border-collapse:collapse">{title if caption else ""}'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def text(rows):
    """The same table as text, its columns aligned."""
    columns = list(rows[0])
    lines = [columns, *([str(row[c]) for c in columns] for row in rows)]
    widths = [max(len(line[k]) for line in lines) for k in range(len(columns))]
    return "\n".join(
        "  ".join(word.ljust(width) for word, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )
