"""Fill the tables of README.md and docs/ from what was measured: `python tools/readme_table.py`.

Minutes and results come from build/course/results.json, the questions from the titles of the
notebooks, the classic mistakes from data/mistakes.csv: no figure in a table is typed by hand.
"""

import argparse
import csv
import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LESSONS = "| lesson | the question it answers | minutes | what came out |\n|---|---|---|---|\n"
TIMINGS = "| notebook | minutes | peak memory, GB |\n|---|---|---|\n"
MISTAKES = (
    "| | mistake | what you see | named by | planted in `tests/test_checks.py` by |\n"
    "|---|---|---|---|---|\n"
)


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
    return LESSONS + "".join(rows) + "\n" + measured + (f"Data: {'; '.join(data)}." if data else "")


def timings(results):
    """Return the table of minutes and memory that instructors plan with, as markdown."""
    rows = [
        f"| {row['notebook']} | {row['minutes']:.1f} | {row['peak_gb']:.2f} |\n"
        for row in results["notebooks"]
    ]
    total = sum(row["minutes"] for row in results["notebooks"])
    how = f"profile `{results['profile']}`, exercises unsolved, on {results['cores']} CPU cores"
    return f"{TIMINGS}{''.join(rows)}| all | {total:.1f} | |\n\nMeasured by `make course`: {how}."


def mistakes(path):
    """Return the table of the classic mistakes, from their CSV file, as markdown."""
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return MISTAKES + "".join(
        f"| {row['number']} | {row['name']} | {row['sentence']} *{row['question']}* | "
        f"{row['found_by']} | {row['planted_by'].replace(' ', ', ')} |\n"
        for row in rows
    ).rstrip("\n")


def fill(page, name, text):
    """Replace what stands between `<!-- NAME: make readme -->` and `<!-- end of NAME -->`."""
    begin, end = f"<!-- {name}: make readme -->", f"<!-- end of {name} -->"
    before, found, rest = page.read_text(encoding="utf-8").partition(begin)
    _, closed, after = rest.partition(end)
    if not (found and closed):
        raise ValueError(f"{page.name} lacks the line {begin!r} or {end!r}.")
    filled = f"{before}{begin}\n{text}\n{end}{after}"
    page.write_text(filled, encoding="utf-8", newline="\n")


def main(argv=None):
    """Fill the tables; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, default=ROOT, help="folder that holds README.md")
    root = parser.parse_args(argv).root
    fill(root / "docs" / "classic_mistakes.md", "mistakes", mistakes(root / "data/mistakes.csv"))
    path = root / "build" / "course" / "results.json"
    if not path.exists():
        print("No results yet: run `make course` first.", file=sys.stderr)
        return 1
    results = json.loads(path.read_text(encoding="utf-8"))
    fill(root / "README.md", "lessons", table(results, folder=root / "notebooks"))
    fill(root / "docs" / "instructors.md", "timings", timings(results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
