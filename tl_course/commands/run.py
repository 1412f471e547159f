"""Execute notebooks and show what each one found, how long it took and the memory it needed."""

import logging
import os
import re
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tl_course.commands import _notebooks, _run_checks, _run_results
from tl_course.engine import words

ROOT = _notebooks.ROOT
OUTPUT = (ROOT if (ROOT / "notebooks").is_dir() else Path.cwd()) / "build" / "course"

PAGE = "page.html.j2"
FOLDED = """{%- extends "lab/index.html.j2" -%}
{%- block input -%}{%- if "hide-input" in cell.metadata.get("tags", []) -%}
<details><summary>Code</summary>{{ super() }}</details>{%- else -%}{{ super() }}{%- endif -%}
{%- endblock input -%}"""


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
    found = [lessons.get(name) or Path(name).resolve() for name in names or lessons]
    return list(dict.fromkeys(found))


def write_page(path):
    """Write the page NAME.html beside NAME.ipynb; it needs no network: its head loads nothing.

    Code that is folded in the notebook is folded there, too: a click opens it.
    """
    from jinja2 import DictLoader
    from nbconvert import HTMLExporter

    exporter = HTMLExporter(
        embed_images=True, template_file=PAGE, extra_loaders=[DictLoader({PAGE: FOLDED})]
    )
    page, _ = exporter.from_filename(str(path))
    head, end, body = page.partition("</head>")
    offline = re.sub(r"(?s)<script.*?</script>", "", head) + end + body
    path.with_suffix(".html").write_text(offline, encoding="utf-8")


def run_all(paths, rows, *, profile, output, console):
    """Execute the notebooks one after the other, print a line and add a row for each."""
    about = {"profile": profile, "cores": os.cpu_count()}
    with _run_results.room(output) as folder:
        _notebooks.prepare_environment(folder / "kernels")
        for number, path in enumerate(paths, start=1):
            label = f"[{number}/{len(paths)}] {words.one_line(path.stem)}"
            with console.status(Text(f"{label} is running"), spinner="line"):
                row = _notebooks.execute(path, profile=profile, folder=folder)
                write_page(folder / path.name)
            finished = {"finished": number == len(paths)}
            _run_results.deliver(
                path.stem, folder=folder, output=output, rows=rows, row=row, about=about | finished
            )
            rows.append(row)
            outcome = f"FAILED in {words.one_line(row['error'])}" if row["error"] else "done"
            measured = f"{row['minutes']:.1f} min, {row['peak_gb']:.2f} GB"
            console.print(f"{label}: {measured}, {outcome}", soft_wrap=True)


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
        cells = row["notebook"], *measured, "FAILED" if row["error"] else found, used
        table.add_row(*(Text(words.one_line(cell)) for cell in cells))  # as it is: no markup
    return table


def main(options):
    """Run the command; 0 if every notebook ran, 1 with a sentence if not, 130 if stopped."""
    terminal = sys.stdout.isatty()
    console = Console(width=None if terminal else 120, highlight=False, markup=False, emoji=False)
    logging.getLogger("papermill").setLevel(logging.CRITICAL)
    output, rows, paths = Path(os.path.realpath(options.output.expanduser())), [], []
    folder = ROOT / "notebooks" / ("solutions" if options.solutions else "")
    code, end = 1, ""
    try:
        paths = find_notebooks(options.notebooks, folder=folder)
        _run_checks.check(paths, output)
        run_all(paths, rows, profile=options.profile, output=output, console=console)
        code = int(any(row["error"] for row in rows))
    except KeyboardInterrupt:
        code, end = 130, "Stopped."
    except OSError as error:
        end = f"{error.strerror or error} ({error.filename or output})."
    except (ValueError, ModuleNotFoundError) as error:
        end = str(error)
    if rows:
        console.print(results_table(rows))
        kept = "notebooks" if len(rows) == len(paths) else f"{len(rows)} of {len(paths)} notebooks"
        console.print(f"The executed {kept} and their pages are in {output}", soft_wrap=True)
    if end:
        console.print(end, soft_wrap=True)
    return code
