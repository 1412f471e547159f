"""What JupyterLab should do with a notebook and its cells: open clean, fold, go on."""

KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
LANGUAGE = {
    "codemirror_mode": {"name": "ipython", "version": 3}, "file_extension": ".py", "name": "python",
    "mimetype": "text/x-python", "nbconvert_exporter": "python", "pygments_lexer": "ipython3",
    "version": "3.11.7",
}  # fmt: skip
# Just what the kernel will say, or JupyterLab marks each notebook unsaved at once.
NOTEBOOK = {"kernelspec": KERNEL, "language_info": LANGUAGE}
HIDDEN = {"setup", "parameters", "plumbing", "figure", "quiz"}  # folded: a click opens them
MAY_FAIL = {"exercise", "check"}  # a student's error there does not stop Run All


def fold(cell):
    """Fold away a cell's code, in JupyterLab and on pages, where it is not the concept."""
    if HIDDEN & set(cell.metadata.get("tags", [])):
        cell.metadata["tags"].append("hide-input")
        cell.metadata["jupyter"] = {"source_hidden": True}


def forgive(cell):
    """Let JupyterLab go on to the next cell after an error in an exercise or its check."""
    tags = cell.metadata.get("tags", [])
    if cell.cell_type == "code" and MAY_FAIL & set(tags):
        tags.append("raises-exception")
