"""Write the lessons as nbgrader's source folder: `python -m tools.write_assignment FOLDER`.

FOLDER/NN_name.ipynb holds the solutions between their markers, which nbgrader cuts out
when it makes the students' version. See docs/instructors.md.
"""

import argparse
import sys
from pathlib import Path

from tools import build_notebooks


def with_markers(text, cell_type):
    """Return a code cell's text as it is; nbgrader replaces an open text cell as a whole."""
    return text if cell_type == "code" else build_notebooks.solution_text(text)


def main(argv=None):
    """Write one notebook a lesson, name them, return 0."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="nbgrader's source folder")
    parser.add_argument("--root", type=Path, default=build_notebooks.ROOT)
    options = parser.parse_args(argv)
    for lesson in sorted((options.root / "lessons").glob("[0-9]*.py")):
        path = options.folder / f"{lesson.stem}.ipynb"
        options.folder.mkdir(parents=True, exist_ok=True)
        text = build_notebooks.notebook_json(lesson, with_markers)
        path.write_text(text, encoding="utf-8", newline="\n")
        print(f"wrote: {path.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
