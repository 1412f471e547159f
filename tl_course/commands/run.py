"""Execute notebooks and show what each one found, how long it took and the memory it needed."""

import json
import logging
import os
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tl_course.commands import _notebooks, _pages

ROOT = _notebooks.ROOT
OUTPUT = (ROOT if (ROOT / "notebooks").is_dir() else Path.cwd()) / "build" / "course"


def add_arguments(parser):
    """Declare what the command accepts."""
    parser.add_argument("notebooks", nargs="*", metavar="NOTEBOOK", help="a lesson or a file")
    parser.add_argument("--profile", default="student", choices=("student", "smoke", "full"))
    parser.add_argument("--solutions", action="store_true", help="run the solutions")
    parser.add_argument("--output", type=Path, default=OUTPUT, metavar="FOLDER")


def find_notebooks(names, *, folder):
    """Return the paths of the lessons or files named; of every lesson in `folder` for no name."""
    lessons = {path.stem: path for path in sorted(folder.glob("[0-9]*.ipynb"))}
    wrong = [name for name in names if name not in lessons and not Path(name).is_file()]
    if wrong or not (names or lessons):
        raise FileNotFoundError(f"No notebook {wrong or ''} found: name a file, or work in a clone "
                                f"of the course; it has {list(lessons)} in {folder}.")  # fmt: skip
    return [lessons.get(name) or Path(name).resolve() for name in names or lessons]


def run_all(paths, *, profile, output, console):
    """Execute the notebooks one after the other, print a line for each, return their rows."""
    rows = []
    for number, path in enumerate(paths, start=1):
        label = f"[{number}/{len(paths)}] {path.stem}"
        with console.status(f"{label} is running", spinner="line"):
            row = _notebooks.execute(path, profile=profile, output=output)
            _pages.write_page(output / path.name, path, {other.stem for other in paths})
        rows.append(row)
        outcome = f"FAILED in {row['error']}" if row["error"] else "done"
        measured = f"{row['minutes']:.1f} min, {row['peak_gb']:.2f} GB"
        console.print(f"{label}: {measured}, {outcome}", markup=False, soft_wrap=True)
    return rows


def results_table(rows):
    """Return the closing table: what each notebook found and what that took."""
    table = Table(title="The course", show_lines=True)
    for column in ("notebook", "minutes", "peak memory", "headline result", "data used"):
        table.add_column(column)
    for row in rows:
        kept = row["headline"]
        found = _notebooks.headline_in_words(kept) if kept else "none recorded"
        used = _notebooks.data_in_words(kept["data"]) if kept else "none recorded"
        measured = (f"{row['minutes']:.1f}", f"{row['peak_gb']:.2f} GB")
        table.add_row(row["notebook"], *measured, "FAILED" if row["error"] else found, used)
    return table


def main(options):
    """Run the command; return 0 if every notebook ran, 1 if one failed or none was found."""
    console = Console(width=None if sys.stdout.isatty() else 120, highlight=False)
    folder = ROOT / "notebooks" / ("solutions" if options.solutions else "")
    try:
        paths = find_notebooks(options.notebooks, folder=folder)
    except FileNotFoundError as error:
        console.print(str(error), markup=False, soft_wrap=True)
        return 1
    logging.getLogger("papermill").setLevel(logging.CRITICAL)
    output = options.output.resolve()
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as kernel_folder:
        _notebooks.prepare_environment(kernel_folder)
        rows = run_all(paths, profile=options.profile, output=output, console=console)
    results = {"profile": options.profile, "cores": os.cpu_count(), "notebooks": rows}
    (output / "results.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    console.print(results_table(rows))
    console.print(f"The executed notebooks and their pages are in {output}", soft_wrap=True)
    return int(any(row["error"] for row in rows))
