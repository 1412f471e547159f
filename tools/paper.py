"""What docs/paper.md quotes of the recorded results: `python -m tools.paper` fills it in."""

import json
import sys
from pathlib import Path

from common import marked_blocks
from tl_course import evaluation
from tools import bench_table, cards

ROOT = Path(__file__).resolve().parent.parent
EVIDENCE = """* The ruler of lesson 5: {ruler on valves} where it lies as in training, {no ruler}
  without one, {ruler on lasagna} where it lies beside the other class.
* Ten photographs a class, borrowed features against a network from scratch: {difference}.
* The checks: {bench}
* All six lessons run in {minutes:.0f} minutes on {machine} ({date}).

In brackets: the interval at 95 %, and over how many seeds; over few of them it may reach past
100 %."""


def evidence(root):
    """Return the paper's list of results as markdown."""
    folder, recorded = root / "data" / "results", cards.recorded(root)
    course = json.loads((folder / "course.json").read_text(encoding="utf-8"))
    first, fifth = (recorded[name] for name in ("01_motivation", "05_lasagna_or_endocarditis"))
    values = first["headline"]["values"] | fifth["headline"]["values"]
    return EVIDENCE.format(
        **{name: evaluation.from_record(kept) for name, kept in values.items()},
        bench=bench_table.sentence(*bench_table.counted(folder)),
        minutes=sum(row["minutes"] for row in course["results"]),
        **{key: course[key] for key in ("machine", "date")},
    )


def main(root=ROOT):
    """Fill the paper; return the exit code."""
    marked_blocks.fill(root / "docs" / "paper.md", "evidence", evidence(root))
    return 0


if __name__ == "__main__":
    sys.exit(main())
