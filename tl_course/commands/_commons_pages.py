"""Pages about photographs of Wikimedia Commons: whose they are, and are they what we want?"""

from html import escape
from urllib.parse import quote

LOOK = (
    "Look at every picture before you use it, one by one. Delete a file that does not belong: the "
    "command does not fetch it again, and it leaves the credits when the command runs next. A "
    "picture of a patient, or of a part of one, was made of somebody: their dignity and their "
    "consent come first. Delete it if a person can be recognised, if nothing says that they "
    "agreed, or if you would not want it shown were it of you. A free licence is no consent."
)
PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body {{ font: 16px/1.5 sans-serif; max-width: 75rem; margin: auto; padding: 1rem; color: #222;
background: #fff }} .sheet {{ display: grid; gap: 1rem;
grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)) }}
figure {{ margin: 0; overflow-wrap: anywhere; font-size: 13px }} img {{ width: 100% }}
</style>
<h1>{title}</h1>
{body}
</html>
"""


def contact_sheet(label, rows):
    """A page to weed by: every photograph of one label, with its file, maker and licence."""
    figures = "\n".join(
        f'<figure><a href="{quote(row["file"])}"><img loading="lazy" src="{quote(row["file"])}" '
        f'alt="{escape(row["title"])}"></a><figcaption><b>{escape(row["file"])}</b><br>'
        f"{_credit(row)}{_warning(row)}</figcaption></figure>"
        for row in rows
    )
    body = f'<p>{LOOK}</p>\n<p>{len(rows)} pictures</p>\n<div class="sheet">\n{figures}\n</div>'
    return PAGE.format(title=f"Is this {escape(label)}?", body=body)


def credits_page(rows):
    """A page that says whose each photograph is, as the licences demand."""
    items = "\n".join(f"<li><b>{escape(row['file'])}</b>: {_credit(row)}</li>" for row in rows)
    note = "From Wikimedia Commons. Unless marked as the original, each is scaled by Wikimedia."
    return PAGE.format(title="Credits", body=f"<p>{note}</p>\n<ul>\n{items}\n</ul>")


def _credit(row):
    author = escape(row["attribution"]) or "unknown author"
    licence = _link(row["licence_url"], row["licence"])
    original = ", the original" if row["is_original"] == "True" else ""
    return f"{_link(row['source'], row['title'])} by {author}, {licence}{original}"


def _link(address, text):
    """A link where the address is one of the web; strangers wrote it."""
    if not address.startswith(("https://", "http://")):
        return escape(text)
    return f'<a href="{escape(address)}">{escape(text)}</a>'


def _warning(row):
    return f"<br><b>Mind: {escape(row['restrictions'])}</b>" if row["restrictions"] else ""
