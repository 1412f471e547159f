"""What a golden notebook takes over from its solution when nothing has to run again."""

import re

import nbformat

PIXELS = re.compile(r"data:image/(svg\+xml|jpeg);base64,[A-Za-z0-9+/=]+")
INJECTED = "injected-parameters"  # papermill's cell, which no solution has


def without_pixels(text):
    """Return a cell's text or output with a word in the place of each picture."""
    return PIXELS.sub("DATA-IMAGE", text)


def solved(root):
    """Return {name: path} of the notebooks without a stub: the solutions, the optional ones."""
    notebooks = root / "notebooks"
    paths = [*notebooks.glob("solutions/[0-9]*.ipynb"), *notebooks.glob("deeper/[0-9]*.ipynb")]
    return {path.stem: path for path in sorted(paths)}


def bring_cells(golden_path, solution_path, *, tag=None):
    """Give a golden notebook the cells of today's solution, with the outputs that it had.

    tag: only the cells that have this tag; None: all of them.
    """
    golden, solution = (nbformat.read(p, as_version=4) for p in (golden_path, solution_path))
    for old, new in zip(chosen(golden, tag), chosen(solution, tag), strict=True):
        tags = {key: value for key, value in new.metadata.items() if key == "tags"}
        text, metadata = without_pixels(new.source), nbformat.from_dict(tags)
        old.update(id=new.id, source=text, metadata=metadata)
    golden_path.write_bytes(f"{nbformat.writes(golden)}\n".encode())


def sources(path):
    """Return (id, text, tags) of each cell of a notebook but papermill's; None without a file."""
    if path.exists():
        cells = chosen(nbformat.read(path, as_version=4), tag=None)
        return tuple(
            (cell.id, without_pixels(cell.source), *cell.metadata.get("tags", [])) for cell in cells
        )


def chosen(notebook, tag):
    """Return the cells of a notebook that have this tag; for None all but papermill's own."""
    cells = [cell for cell in notebook.cells if cell.id != INJECTED]
    return [cell for cell in cells if tag is None or tag in cell.metadata.get("tags", [])]
