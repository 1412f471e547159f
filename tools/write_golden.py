"""Execute the solutions in the smoke profile into tests/golden: `python -m tools.write_golden`.

`pytest --nbval` runs these notebooks again and compares what each cell says with what it said here.
They run on drawings, without a network, so that every machine can repeat them. What is not
compared is not stored: outputs of cells tagged nbval-ignore-output, and the pixels of figures.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

import nbformat
import papermill

from tl_course.commands import _notebooks
from tools import golden_cells, lab_metadata
from tools.build_notebooks import ROOT

GOLDEN = ROOT / "tests" / "golden"
NEVER_REAL = ("TL_COURSE_MIRROR", "MPLBACKEND")  # no photographs; and figures as in JupyterLab


def set_environment(folder):
    """Make a run the same everywhere: drawings, two threads, no network, this Python's kernel.

    folder: an empty one, for the kernel's description and in the place of the photographs.
    """
    for name in NEVER_REAL:
        os.environ.pop(name, None)
    os.environ |= {"TL_COURSE_OFFLINE": "1", "TL_COURSE_CACHE": str(folder / "photographs")}
    os.environ |= {"TF_NUM_INTRAOP_THREADS": "2", "TF_NUM_INTEROP_THREADS": "2"}
    os.environ["PYTHONPATH"] = str(ROOT / "tests" / "guard")
    _notebooks.prepare_environment(folder)


def is_compared(cell):
    """Does nbval look at what this cell puts out?"""
    return cell.cell_type == "code" and "nbval-ignore-output" not in cell.metadata.get("tags", [])


def execute(path, folder):
    """Return the executed notebook, as it is to be kept."""
    notebook = papermill.execute_notebook(
        path, folder / path.name, {"PROFILE": "smoke"}, kernel_name="python3",
        progress_bar=False, cwd=folder, execution_timeout=600,
    )  # fmt: skip
    return cleaned(notebook)


def cleaned(notebook):
    """Return the notebook without what differs from run to run: times, pixels, random ids."""
    notebook.metadata = nbformat.from_dict(lab_metadata.NOTEBOOK)
    for cell in notebook.cells:
        tags = cell.metadata.get("tags", [])
        cell.metadata = nbformat.from_dict({"tags": tags} if tags else {})
        cell.pop("attachments", None)
        cell.source = golden_cells.without_pixels(cell.source)
        if golden_cells.INJECTED in tags:
            cell["id"] = golden_cells.INJECTED
        if cell.cell_type == "code":
            cell.outputs = [without_pixels(o) for o in cell.outputs] if is_compared(cell) else []
    return notebook


def without_pixels(output):
    """Return a cell's output with the name of the format in the place of each picture."""
    if "text/html" in output.get("data", {}):
        output.data["text/html"] = golden_cells.without_pixels(output.data["text/html"])
    output.pop("execution_count", None) if output.output_type == "display_data" else None
    return output


def main(argv=None):
    """Execute the lessons named, or all; return 0, or raise what a cell raised."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("lessons", nargs="*", help="such as 04_fine_tuning; all for no name")
    options = parser.parse_args(argv)
    complete = golden_cells.solved(ROOT)
    paths = [complete[name] for name in options.lessons]
    for path in GOLDEN.glob("*.ipynb"):
        if path.stem not in complete:  # its lesson is gone
            path.unlink()
    with tempfile.TemporaryDirectory() as folder:
        set_environment(Path(folder))
        for path in paths or complete.values():
            notebook = execute(path, Path(folder))
            GOLDEN.mkdir(exist_ok=True)
            text = nbformat.writes(notebook) + "\n"
            (GOLDEN / path.name).write_text(text, encoding="utf-8")
            print(f"wrote tests/golden/{path.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
