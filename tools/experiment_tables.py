"""The tables of docs/experiments.md, from what `python -m benchmarks.when_it_pays` recorded."""

import itertools
import json

from tl_course import evaluation, experiments

PILOT = (
    "| data | a class | from | highest rate | shape | head | gain, seed by seed |\n"
    "|---|---|---|---|---|---|---|\n"
)
TEST = "| data | head | fine-tuned | difference over seeds | of the first seed, over pictures |\n"
TEST += "|---|---|---|---|---|\n"
CENTRE = "| data | a class | way | accuracy | minus the head | verdict |\n"
CENTRE += "|---|---|---|---|---|---|\n"
FILES = {"pilot": "fine_tuning_pilot", "test": "fine_tuning_test", "centre": "when_it_pays"}


def in_points(values):
    """Return fractions as percentage points with a sign."""
    return ", ".join(f"{100 * value:+.1f}" for value in values)


def pilot(recorded):
    """Return the table of the pilot as markdown: what each setting gained."""
    rows = "".join(
        f"| {row['data']} | {row['shots']} | {row['block']} | {row['rate']:g} | {row['shape']} | "
        f"{100 * sum(row['head']) / len(row['head']):.1f} % | {in_points(row['gain'])} |\n"
        for row in recorded["results"]
    )
    return f"{PILOT}{rows}\nMeasured on {recorded['machine']}, {recorded['date']}."


def test(recorded):
    """Return the table of the test as markdown: head against fine-tuned, opened once."""
    rows = ""
    for name, found in recorded["results"].items():
        head, tuned = (evaluation.Estimate(**found[way]) for way in ("head", "tuned"))
        over = (evaluation.Difference(**found[f"over_{what}"]) for what in ("seeds", "pictures"))
        cells = (name, head, tuned, *(f"{gain}: {gain.verdict}" for gain in over))
        rows += f"| {' | '.join(map(str, cells))} |\n"
    return f"{TEST}{rows}\nMeasured on {recorded['machine']}, {recorded['date']}."


def centre(recorded):
    """Return the table of the four sets as markdown: every way, and what it is minus the head."""
    rows = ""
    for name, values in recorded["results"].items():
        found = experiments.from_values(values)
        for shots, way in itertools.product(found.shots, found.ways):
            cells = [name, shots, way, found.accuracy(way, shots), "", ""]
            if way != experiments.HEAD:
                gap = found.difference(way, experiments.HEAD, shots)
                cells[-2:] = gap, gap.verdict
            rows += f"| {' | '.join(map(str, cells))} |\n"
    return f"{CENTRE}{rows}\nMeasured on {recorded['machine']}, {recorded['date']}."


def blocks(root):
    """Return {(page, name of a block): its text} of everything that is generated."""
    page, folder = "docs/experiments.md", root / "data" / "results"
    return {
        (page, name): table(json.loads((folder / f"{FILES[name]}.json").read_text("utf-8")))
        for name, table in {"pilot": pilot, "test": test, "centre": centre}.items()
    }
