"""Lesson 6, executed on the very folder: the last file of a run."""

import logging
import os

from tl_course.commands import _notebooks, _photos_steps

SOURCE = _notebooks.ROOT / "notebooks" / "06_your_own_photos.ipynb"
LESSON_NEEDS = 10  # pictures that a class needs there


def why_not(job, album):
    """Why the lesson cannot be run, in words; "" where it can."""
    if not SOURCE.exists():
        return "the lessons are not here: work in a clone of the course"
    counts = sum(album.counts(part) for part in ("train", "val", "test"))
    if sum(counts >= LESSON_NEEDS) < 2:
        return f"the lesson needs two classes of {LESSON_NEEDS} pictures"
    try:
        import ipykernel  # noqa: F401
        import papermill  # noqa: F401
    except ModuleNotFoundError as error:
        return f"the package {error.name} is missing"
    return ""


def execute(job, parts):
    """Write notebook.ipynb; the sentence about a cell that failed, or ""."""
    import nbformat
    import papermill

    logging.getLogger("papermill").setLevel(logging.CRITICAL)
    first, *others = parts.values()
    failure = ""
    path = job.out / "notebook.ipynb"
    with _photos_steps.room(job.out) as room, _photos_steps.whole(path) as partial:
        link = room / (first.name or "photos")  # the lesson writes beside its folder
        os.symlink(first, link, target_is_directory=True)
        _notebooks.prepare_environment(room / "kernels")
        os.environ["TMPDIR"] = str(room)  # of the kernel: nothing is left when it is killed
        given = {"FOLDER": str(link), "SEED": job.seed}
        if others:
            given["NEW_PHOTOS"] = str(others[-1])
        options = {"kernel_name": "python3", "progress_bar": False, "cwd": str(room)}
        try:
            papermill.execute_notebook(SOURCE, partial, given, **options)
        except Exception as error:  # whatever went wrong, what was executed is kept
            notebook = nbformat.read(partial, as_version=4)
            failure = _notebooks.describe_failure(notebook, error)
    return failure
