"""What the site's pages are made of: the course's own files, with links that lead somewhere.

The sources of the site lie as in the repository, so that a relative link between two of its pages
holds on the site, too. Every other one is sent to the repository's address.
"""

import base64
import html
import posixpath
import re
from pathlib import Path

import tl_course
from tl_course import records
from tools import golden_cells, links

LINK = re.compile(r"(\]\()([^)\s:#]+)((?:#[^)\s]*)?\))")
DRAWING = re.compile(r"data:image/svg\+xml;base64,([\w+/=]+)")
MODULE = re.compile(r"tl_course/(\w+)(?:\.py|/)?")
OPEN = (
    '<p class="course-open"><a href="{}">Open in Colab</a> <a href="{}">Open in Binder</a> {}</p>'
)
DOWNLOAD = '<a href="{}" download>Download the notebook</a>'
NOT_RUN = (
    "*This optional notebook was not run for the site, so it has no outputs here. `make deeper`, "
    "then `make site`, puts them in.*"
)
PICTURES = (".jpg", ".png", ".svg")


def described():
    """Return the names of the modules that have a page: the vocabulary, and the checks."""
    folder = Path(tl_course.__file__).parent
    return ["checks", *sorted(p.stem for p in folder.glob("*.py") if not p.stem.startswith("__"))]


def relinked(text, page, pages, root):
    """Return Markdown with its relative links made true on the site.

    page: the file that the text is from, pages: those that the site has; all as the repository
    names them.
    """
    folder, home = posixpath.dirname(page), links.home(root)

    def lead(found):
        target = posixpath.normpath(posixpath.join(folder, found[2]))
        module = MODULE.fullmatch(target)
        if target in pages or target.endswith(PICTURES):
            return found[0]
        if module and module[1] in described():
            path = posixpath.relpath(f"api/{module[1]}.md", folder)
            return found[1] + path + ")"
        if (root / target).exists():
            return found[1] + links.file(*home, target) + found[3]
        return found[0]  # Sphinx will say that it leads nowhere

    return LINK.sub(lead, text)


def opened(name, root):
    """Return the line of links under a lesson's title. name: its path below notebooks/."""
    home = links.home(root)
    addresses = (links.colab(*home, name), links.binder(*home, page=name))
    return OPEN.format(*map(html.escape, addresses), DOWNLOAD.format(posixpath.basename(name)))


def without_injected(notebook):
    """Return the cells of a notebook but the one with parameters that papermill adds."""
    injected = golden_cells.INJECTED
    return [c for c in notebook.cells if injected not in c.metadata.get("tags", [])]


def in_todays_words(notebook, today):
    """Give an executed notebook, in place, the text of today's: it tells of this very run."""
    cells = without_injected(notebook)
    if [cell.cell_type for cell in cells] != [cell.cell_type for cell in today.cells]:
        return  # another lesson's outputs than today's: its own words belong to them
    for cell, new in zip(cells, today.cells, strict=True):
        if cell.cell_type == "markdown":
            cell.update(source=new.source, attachments=new.get("attachments", {}))


def page_of(notebook, name, pages, root, folder, note=""):
    """Make a page of an executed notebook, in place: true links, pictures as files, one line more.

    name: its path below notebooks/. folder: where the page will lie. note: said at its top.
    """
    cells = without_injected(notebook)
    for output in (output for cell in cells for output in cell.get("outputs", [])):
        # For programs: a line beside it says it.
        output.get("data", {}).pop(records.RESULTS_TYPE, None)
    for cell in (cell for cell in cells if cell.cell_type == "markdown"):
        cell.source = relinked(cell.source, f"notebooks/{name}", pages, root)
        in_files(cell, folder, posixpath.basename(name).removesuffix(".ipynb"))
    title, _, rest = cells[0].source.partition("\n")
    cells[0].source = "\n\n".join(filter(None, [title, opened(name, root), note, rest]))
    notebook.cells = cells


def in_files(cell, folder, stem):
    """Write a cell's own pictures beside its page: MyST knows neither attachments nor SVG data."""
    pictures = {f"attachment:{k}": [*v.values()][0] for k, v in cell.pop("attachments", {}).items()}
    pictures |= {found[0]: found[1] for found in DRAWING.finditer(cell.source)}
    for number, (address, data) in enumerate(pictures.items(), start=1):
        ending = "svg" if address.startswith("data:") else address.rpartition(".")[2]
        file = f"{stem}_{number}.{ending}"
        (folder / file).write_bytes(base64.b64decode(data))
        cell.source = cell.source.replace(address, file)


def api(name):
    """Return the page that describes a module: its docstrings, in the order of the file."""
    options = "   :members:\n   :imported-members:\n" if name == "checks" else "   :members:\n"
    return f"# {name}\n\n```{{eval-rst}}\n.. automodule:: tl_course.{name}\n{options}```\n"
