"""Say what new photographs show, by a model that `photos` made, or "don't know"."""

import json
import sys
from pathlib import Path

import numpy as np

from tl_course.commands import _photos_files, _photos_guard
from tl_course.engine import words

AT_ONCE = 256  # pictures in memory
UNREADABLE = "cannot be read"


def add_arguments(parser):
    """Declare what the command accepts."""
    parser.add_argument("folder", type=Path, metavar="DIR", help="what `photos --out DIR` wrote")
    parser.add_argument("images", nargs="+", type=Path, metavar="IMAGE")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write the answers there as well")


def load(folder):
    """(two-output model, Guard, class names, image size). ValueError for another folder."""
    from tl_course.engine import takeaway

    for name in ("model.keras", "results.json", "known.npz"):
        if not (folder / name).is_file():
            raise ValueError(f"{str(folder)!r} has no {name}: give a folder that `python -m "
                             f"tl_course photos FOLDER --out DIR` has finished.")  # fmt: skip
    kept = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    with np.load(folder / "known.npz", allow_pickle=False) as file:
        known = file["known"]
    limits = kept["dont_know"]["probability_below"], kept["dont_know"]["distance_above"]
    model = takeaway.with_features(takeaway.load(folder / "model.keras"))
    return model, _photos_guard.Guard(*limits, known), kept["class_names"], kept["image_size"]


def check_csv(path, images):
    """ValueError for a file that answers cannot be written to, or that is one of the pictures."""
    if path.suffix.lower() != ".csv" or path in images:
        raise ValueError(f"--csv {str(path)!r} does not end in .csv: name a table to write.")
    if not path.absolute().parent.is_dir():
        raise ValueError(f"--csv {str(path)!r} lies in no folder: make {str(path.parent)!r} first.")


def classify(folder, paths):
    """Yield (path, columns of its answer or None, why there is none) for each path.

    Of a picture that can be read, why the answer is "don't know", in words; "" where it is not.
    """
    from tl_course.engine import pictures

    model, guard, names, size = load(folder)
    for start in range(0, len(paths), AT_ONCE):
        few = paths[start : start + AT_ONCE]
        images, reasons, notes = pictures.read_all(few, image_size=size)
        for k, note in notes.items():
            print(f"Note on {words.path(str(few[k]))}: {note}", file=sys.stderr)
        rows = iter(())
        if len(images):
            features, probabilities = model.predict(images, batch_size=16, verbose=0)
            far = _photos_guard.distances(features, guard.known)
            knows = guard.knows(probabilities, far)
            doubts = [guard.doubt(*pair) for pair in zip(knows, far, strict=True)]
            answers = _photos_files.predictions(names, probabilities, knows)
            rows = zip(answers, doubts, strict=True)
        for k, path in enumerate(few):
            yield path, *((None, reasons[k]) if k in reasons else next(rows))


def main(options):
    """Print a line a photograph; return 1 if one could not be read, or something is in the way."""
    from tl_course import machine

    try:
        if options.csv:
            check_csv(options.csv, options.images)
        machine.ready()  # imports Keras in silence
        rows = list(classify(options.folder, options.images))
        for path, row, reason in rows:
            name = words.path(str(path))
            if row is None:
                print(f"{name}: {UNREADABLE}: {words.one_line(reason)}", file=sys.stderr)
            else:
                predicted, probability, answer = row[:3]
                sure = f"{100 * float(probability):.0f} %"
                print(f"{name}: {answer}: {reason} (most like {predicted}, {sure})" if reason else
                      f"{name}: {answer} ({sure})")  # fmt: skip
        if options.csv:
            _write(options.csv, options.folder, rows)
    except (ValueError, RuntimeError, OSError, ModuleNotFoundError) as error:
        print(error, file=sys.stderr)
        return 1
    return int(any(row is None for _, row, _ in rows))


def _write(path, folder, rows):
    kept = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    columns = _photos_files.columns(kept["class_names"])
    nothing = ["", "", UNREADABLE] + [""] * len(kept["class_names"])
    table = [(str(file), *(row or nothing)) for file, row, _ in rows]
    _photos_files.write_csv(path, ("file_name", *columns), table)
