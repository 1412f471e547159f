"""The picture that a lesson opens with: kept from a run, attached to the notebook.

lessons.csv names a figure of each lesson. `make results` keeps it as data/figures/NAME.svg (or
.jpg) with its words in NAME.json; `make notebooks` puts it in the place of {{opening}}.
"""

import base64
import html
import json
import re

from tl_course import records

PLACE = "{{opening}}\n\n"
FILES = {"svg+xml": "svg", "jpeg": "jpg"}
FIGURE = re.compile(
    r'<figure><img alt="(?P<alt>[^"]*)"[^>]*src="data:image/(?P<kind>[^;]+);base64,(?P<data>[^"]+)"'
    r"[^>]*><figcaption>(?P<caption>[^<]*)</figcaption></figure>"
)


def named():
    """Return {lesson: name of the figure that it opens with}, as lessons.csv says."""
    return {row["name"]: row["opening"] for row in records.table("lessons") if row["opening"]}


def find(notebook, name):
    """Return the match of FIGURE in the first figure of an executed notebook with this name."""
    outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", [])]
    for output in outputs:
        if output.get("metadata", {}).get("figure") == name:
            return FIGURE.fullmatch("".join(output["data"]["text/html"]))
    raise ValueError(f"No figure {name!r} in this notebook: lessons.csv names another one.")


def keep(notebook, lesson, folder, *, date):
    """Write the picture of an executed lesson and its words into a folder."""
    found = find(notebook, named()[lesson])
    folder.mkdir(parents=True, exist_ok=True)
    file = f"{lesson}.{FILES[found['kind']]}"
    (folder / file).write_bytes(base64.b64decode(found["data"]))
    words = {name: html.unescape(found[name]) for name in ("alt", "caption")}
    text = json.dumps({"file": file, "date": date, **words}, indent=1, ensure_ascii=False)
    (folder / f"{lesson}.json").write_text(text + "\n", encoding="utf-8")


def attach(cell, lesson, folder):
    """Put the picture in the place of {{opening}} in a lesson's first cell, if it was kept."""
    words = folder / f"{lesson}.json"
    if not words.exists():
        cell.source = cell.source.replace(PLACE, "")
        return
    kept = json.loads(words.read_text(encoding="utf-8"))
    path = folder / kept["file"]
    kind = {suffix: kind for kind, suffix in FILES.items()}[path.suffix[1:]]
    name, data = f"opening.{path.suffix[1:]}", base64.b64encode(path.read_bytes()).decode()
    alt, place = re.sub(r"[\[\]]", "", kept["alt"]), f"attachment:{name}"
    if kind == "svg+xml":  # JupyterLab attaches no SVG
        place = f"data:image/{kind};base64,{data}"
    else:
        cell["attachments"] = {name: {f"image/{kind}": data}}
    picture = f"![{alt}]({place})\n\n*{kept['caption']} Recorded on {kept['date']}.*\n\n"
    cell.source = cell.source.replace(PLACE, picture)
