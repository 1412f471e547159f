"""What nbgrader should do with the cells of an exercise: to hand out, to check, to mark by hand.

Its metadata, schema 3: https://nbgrader.readthedocs.io/en/stable/contributor_guide/metadata.html
"""

from collections import Counter

import nbformat

GRADING = {  # tag: what nbgrader should do with the cell
    "exercise": {"grade": False, "solution": True, "locked": False},
    "check": {"grade": True, "solution": False, "locked": True, "points": 1},
    "open": {"grade": True, "solution": True, "locked": False, "points": 4},
}


def add_grading(cells):
    """Add nbgrader's metadata to a lesson's cells: exercise_1, check_1, exercise_2 ..."""
    count = Counter()
    for cell in cells:
        for tag in GRADING.keys() & set(cell.metadata.get("tags", [])):
            count[tag] += 1
            frame = {"schema_version": 3, "task": False, "cell_type": cell.cell_type}
            identity = {"grade_id": f"{tag}_{count[tag]}"}
            cell.metadata["nbgrader"] = nbformat.from_dict(GRADING[tag] | frame | identity)
