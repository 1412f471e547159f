"""Fill the lesson table of README.md from the last `make course`: `python tools/readme_table.py`.

The minutes and results come from build/course/results.json, the questions from the titles of the
notebooks, so that no figure in the table is typed by hand.
"""

import argparse
import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BEGIN, END = "<!-- lessons: make readme -->", "<!-- end of lessons -->"
HEADER = "| lesson | the question it answers | minutes | what came out |\n|---|---|---|---|\n"


def question(notebook):
    """Return the question in the title of a notebook (its JSON as a dict), or the whole title."""
    text = "".join("".join(c["source"]) for c in notebook["cells"] if c["cell_type"] == "markdown")
    title = re.search(r"^# +(.+)$", text, re.MULTILINE)[1].strip()
    asked = re.search(r"(?:^\d+\. |^|[:—–·] *)([^:—–·]+\?)", title)
    return asked[1].strip() if asked else re.sub(r"^\d+\. ", "", title)


def table(results, *, folder):
    """Return the table as markdown; `folder` holds the notebooks that `results` tells about."""
    rows = []
    for row in results["notebooks"]:
        if row["error"] or not row["headline"]:
            raise ValueError(f"{row['notebook']} has no result: {row['error'] or 'no headline'}.")
        path = folder / f"{row['notebook']}.ipynb"
        asked = question(json.loads(path.read_text(encoding="utf-8")))
        link = f"[{row['notebook']}](notebooks/{row['notebook']}.ipynb)"
        rows.append(f"| {link} | {asked} | {row['minutes']:.1f} | {row['headline']} |\n")
    measured = f"Measured by `make course` on {results['cores']} CPU cores. "
    data = sorted({part for row in results["notebooks"] for part in row["data"].split("; ")} - {""})
    return HEADER + "".join(rows) + "\n" + measured + (f"Data: {'; '.join(data)}." if data else "")


def fill(readme, text):
    """Return the README's text with what stands between the markers replaced."""
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"README.md lacks the line {BEGIN!r} or {END!r}.")
    return f"{before}{BEGIN}\n{text}\n{END}{after}"


def main(argv=None):
    """Fill the table; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, default=ROOT, help="folder that holds README.md")
    root = parser.parse_args(argv).root
    results, readme = root / "build" / "course" / "results.json", root / "README.md"
    if not results.exists():
        print("No results yet: run `make course` first.", file=sys.stderr)
        return 1
    text = table(json.loads(results.read_text(encoding="utf-8")), folder=root / "notebooks")
    filled = fill(readme.read_text(encoding="utf-8"), text)
    readme.write_text(filled, encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
