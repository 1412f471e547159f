"""The 22 classic mistakes as a gallery: what you see, what it is, a question, and a picture."""

from tl_course import records
from tools import draw_pictures

PICTURES = {1: "02_imagenet_backbones", 6: "04_fine_tuning"}  # others are named by their number
ENTRY = """### {number}. {name}
{picture}
**What you see:** {seen}

**What it is:** {sentence} *{question}*

Named by `{named}`; planted in `tests/test_checks.py` by `{planted}`.
"""


def picture(root, number):
    """Return the picture of a mistake as markdown; nothing where there is none."""
    name = PICTURES.get(number, f"mistake_{number:02d}")
    path = root / "docs" / "pictures" / f"{name}.svg"
    if not path.exists():
        return ""
    alt = draw_pictures.said(path.read_text(encoding="utf-8"))
    return f"\n![{alt}](pictures/{name}.svg)\n"


def mistakes(root):
    """Return the gallery as markdown."""
    entries = [
        ENTRY.format(
            **row,
            picture=picture(root, number),
            named=row["found_by"].replace(", ", "`, `"),
            planted="`, `".join(row["planted_by"].split()),
        )
        for number, row in records.classic_mistakes().items()
    ]
    return "\n".join(entries).rstrip("\n")
