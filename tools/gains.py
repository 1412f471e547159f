"""All that fine-tuning gained over the head in the course, side by side, for instructors.

Every Comparison that lies in data/results, recorded by a lesson or a benchmark, with a head and a
fine-tuned network: so no lesson can say one thing and another lesson something else unseen.
"""

import itertools
import json

from tl_course import experiments

HEAD = (
    "| recorded as | pictures | a class | fine-tuned from | head | minus the head, over seeds | |\n"
)
HEAD += "|---|---|---|---|---|---|---|\n"
FIELDS = {"ways", "shots", "seeds", "right"}


def comparisons(values):
    """Yield every Comparison among recorded values, at any depth."""
    if not isinstance(values, dict):
        return
    if values.keys() >= FIELDS:
        yield experiments.from_values(values)
        return
    for one in values.values():
        yield from comparisons(one)


def rows(name, values):
    """Yield the cells of a row for each fine-tuned way and number of pictures."""
    for found in comparisons(values):
        if experiments.HEAD not in found.ways or len(found.seeds) < 2:
            continue
        tuned = [way for way in found.ways if way.startswith(experiments.TUNED)]
        for shots, way in itertools.product(found.shots, tuned):
            head = found.accuracy(experiments.HEAD, shots)
            gain = found.difference(way, experiments.HEAD, shots)
            block = way.removeprefix(experiments.TUNED)
            yield name, found.source, shots, block, head, gain, gain.verdict


def table(folder):
    """Return the table as markdown, from the JSON files of a folder."""
    lines = [
        f"| {' | '.join(map(str, cells))} |\n"
        for path in sorted(folder.glob("*.json"))
        for cells in rows(path.stem, json.loads(path.read_text(encoding="utf-8"))["results"])
    ]
    return (HEAD + "".join(lines)).rstrip("\n")
