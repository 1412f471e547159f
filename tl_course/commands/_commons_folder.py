"""What does a folder hold of Wikimedia Commons, and how does a photograph come into it?

OUT/<label>/<file>, OUT/manifest_<label>.csv, OUT/contact_sheet_<label>.html, OUT/credits.html. A
row of a manifest whose file is gone stands for a picture that a person has weeded: it stays out.
"""

import csv
import hashlib
import io

from tl_course.commands import _commons_pages, _commons_rows
from tl_course.engine import downloads, pictures

COLUMNS = (
    "file", "label", "page", "title", "url", "source", "sha256", "bytes", "sha1_of_original",
    "is_original", "licence", "licence_url", "attribution", "restrictions",
)  # fmt: skip


class Unfit(downloads.Failed):
    """What came is not what Commons means, or no picture."""


def rows(out, label):
    """The rows of a label's manifest, of every one where the label is "*"."""
    found = []
    for path in sorted(out.glob(f"manifest_{label}.csv")):
        with open(path, newline="", encoding="utf-8") as file:
            table = csv.DictReader(file)
            if table.fieldnames != list(COLUMNS):
                raise ValueError(f"{path} is no manifest of this command: move it away")
            found += table
    return found


def here(out, label):
    """The rows whose photographs are there."""
    return [row for row in rows(out, label) if (out / row["file"]).exists()]


def keep(out, label, known):
    """Write a label's manifest. known: its rows."""
    text = io.StringIO(newline="")
    table = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    table.writeheader()
    table.writerows(sorted(known, key=lambda row: row["file"]))
    with downloads.writing_in(out):
        downloads.place(text.getvalue().encode(), out / f"manifest_{label}.csv")


def write_pages(out, label):
    """Write the credits of every photograph that is there, and a label's contact sheet."""
    sheet = _commons_pages.contact_sheet(label, here(out, label))
    credit = _commons_pages.credits_page(here(out, "*"))
    with downloads.writing_in(out):
        downloads.place(sheet.encode(), sheet_of(out, label))
        downloads.place(credit.encode(), out / "credits.html")


def sheet_of(out, label):
    """The path of a label's contact sheet."""
    return out / f"contact_sheet_{label}.html"


def fetch(row, out, headers):
    """Fetch one photograph; its row with the SHA-256 and the bytes of what came.

    Raises Unfit, or what `downloads.download` raises. A thumbnail has no SHA-1 at Commons, an
    original has one.
    """
    path = downloads.download(row["url"], out, headers=headers, quiet=True)
    try:
        content, original = path.read_bytes(), row["is_original"] == "yes"
        if original and hashlib.sha1(content).hexdigest() != row["sha1_of_original"]:
            raise Unfit("its SHA-1 is not the one that Commons names")
        try:
            pictures.read_photograph(path, image_size=_commons_rows.SMALLEST)
        except Exception as error:  # decoders raise many kinds
            raise Unfit("it cannot be read") from error
        with downloads.writing_in(out):
            downloads.place(content, out / row["file"])
    finally:
        path.unlink()
    return row | {"sha256": hashlib.sha256(content).hexdigest(), "bytes": str(len(content))}
