"""Can these notebooks be run, and may their results be written there? Asked before any work."""

import json
import os
import unicodedata

import nbformat

from tl_course.engine import words

RESULTS = "results.json"


def check(paths, output):
    """ValueError, in one sentence, for what cannot be run, or would overwrite what it must not."""
    _check_names(paths)
    for path in paths:
        _check_notebook(path)
    if output.exists() and not output.is_dir():
        raise ValueError(f"--output {_name(output)} is a file: name a folder.")
    for path in paths:
        if output.exists() and os.path.samefile(output, path.parent):
            raise ValueError(f"--output {_name(output)} is the folder of {_name(path)} itself, "
                             "which would be overwritten: name another one.")  # fmt: skip
        _check_target(output / path.name)
    _check_results(output / RESULTS)


def _name(path):
    return repr(words.path(str(path)))


def _check_names(paths):
    """Each notebook has a name of its own: pages, rows and tables go by it."""
    known = {}
    for path in paths:
        alike = unicodedata.normalize("NFC", path.name).casefold()  # as some disks take them
        if (other := known.setdefault(alike, path)) is not path:
            raise ValueError(f"{_name(other)} and {_name(path)} have one name, and one would "
                             "overwrite the other: run them one by one.")  # fmt: skip


def _check_notebook(path):
    """It can be read, and is one for a Python kernel."""
    try:
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
        language = notebook.metadata["kernelspec"].get("language", "python")
    except KeyError as error:
        step = "open it in JupyterLab, choose a kernel and save it"
        raise ValueError(f"{_name(path)} names no kernel: {step}.") from error
    except Exception as error:  # whatever a damaged file makes a reader raise
        why = words.one_line(getattr(error, "strerror", None) or str(error) or type(error).__name__)
        raise ValueError(f"{_name(path)} is no notebook that can be read: {why[:200]}") from error
    if language.lower() != "python":
        got = f"{_name(path)} is written for {words.one_line(language)!r}"
        raise ValueError(f"{got}: only notebooks for Python are run here.")


def _check_target(target):
    """What stands in the place of an executed notebook is one, and so is its page."""
    page = target.with_suffix(".html")
    if os.path.lexists(target) and "papermill" not in _json(target).get("metadata", {}):
        _refuse(target)
    if os.path.lexists(page) and not os.path.lexists(target):
        _refuse(page)


def _check_results(path):
    if os.path.lexists(path) and not {"profile", "notebooks"} <= _json(path).keys():
        _refuse(path)


def _json(path):
    """What a JSON file holds; {} for another one."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}


def _refuse(path):
    raise ValueError(f"{_name(path)} is there already, and `run` did not write it: name another "
                     "--output.")  # fmt: skip
