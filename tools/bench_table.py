"""How well the checks name the classic mistakes, from data/results/mistakes_bench.json.

`python -m tests.mistakes.bench --json data/results/mistakes_bench.json` writes that file.
"""

import json

from tl_course import records

HEAD = (
    "| | mistake | set-ups | named rightly | said less | another name | accused where it was not "
    "|\n|---|---|---|---|---|---|---|\n"
)
COUNTS = ("cases", "named", "less", "wrong_name", "false_alarms")


def counted(folder):
    """Return the recorded bench: rows by mistake, their total, and the file as it was kept."""
    kept = json.loads((folder / "mistakes_bench.json").read_text(encoding="utf-8"))
    rows = {row["mistake"]: row for row in kept["results"]["rows"]}
    found = [rows[number] for number in records.classic_mistakes() if number in rows]
    total = {key: sum(row[key] for row in found) for key in COUNTS}
    return rows, total, kept


def table(folder):
    """Return the table as markdown, with a sentence on what is right and on bad input."""
    if not (folder / "mistakes_bench.json").exists():  # a run takes half an hour of two cores
        return "Not measured yet: `python -m tests.mistakes.bench` prints it.\n"
    rows, total, kept = counted(folder)
    names = {number: row["name"] for number, row in records.classic_mistakes().items()}
    lines = [line(number, name, rows[number]) for number, name in names.items() if number in rows]
    return f"{HEAD}{''.join(lines)}{line('', 'all', total)}\n{sentence(rows, total, kept)}"


def line(number, name, row):
    """Return one row of the table."""
    return f"| {number} | {name} | {' | '.join(str(row[key]) for key in COUNTS)} |\n"


def sentence(rows, total, kept):
    """Return what the table leaves out, in words."""
    right, refused, everything = rows["right"], rows["refused"], rows["all"]
    share = 100 * total["named"] / total["cases"]
    return (
        f"{share:.1f} % of the wrong set-ups are named rightly. Of {right['cases']} right ones "
        f"{right['false_alarms']} are accused, and of {right['unsure']} the check says that it "
        f"cannot tell. Of {refused['cases']} with bad input {refused['named']} get a sentence that "
        f"says what to pass. Exceptions: {everything['exceptions']}; checks that took more than "
        f"two seconds: {everything['slow']}. Measured by `python -m tests.mistakes.bench` on "
        f"{kept['machine']}, {kept['date']}."
    )
