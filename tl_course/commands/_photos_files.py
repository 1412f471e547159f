"""The results of a run as files: tables, lists and numbers for programs."""

import csv
import io
import json
import math

from tl_course import __version__
from tl_course.commands import _photos_decisions, _photos_guard, _photos_learning, _photos_steps
from tl_course.engine import computer

OUTPUTS = (
    "README.md", "report.html", "model.keras", "labels.txt", "args.yaml", "results.json",
    "split.csv", "predictions.csv", "known.npz", "confusion_matrix.png", "learning_curve.png",
    "notebook.ipynb", "model.onnx", "model_float16.onnx", "model.tflite",
    "classifier.html",
)  # fmt: skip
PACKAGES = ("keras", "tensorflow", "tensorflow-cpu", "numpy", "pillow", "scikit-learn")


def write_tables(found, out):
    """split.csv, predictions.csv, labels.txt, args.yaml, results.json and known.npz."""
    import numpy as np
    import yaml

    album = found.album
    names = [album.class_names[label] for label in album.labels]
    pairs = list(zip(album.files, album.parts.tolist(), names, strict=True))
    rows = [(*row, group) for row, group in zip(pairs, album.groups.tolist(), strict=True)]
    write_csv(out / "split.csv", ("file_name", "split", "label", "group"), rows)
    judged = found.judged
    said = predictions(album.class_names, judged.probabilities, judged.knows)
    rows = [(*row, *more) for row, more in zip(pairs, said, strict=True)]
    header = ("file_name", "split", "label", *columns(album.class_names))
    write_csv(out / "predictions.csv", header, rows)
    _photos_steps.write_text(out / "labels.txt", "\n".join(album.class_names) + "\n")
    arguments = yaml.safe_dump(found.job.arguments(), sort_keys=False, allow_unicode=True)
    _photos_steps.write_text(out / "args.yaml", arguments)
    numbers = json.dumps(plain(results(found)), indent=1)
    _photos_steps.write_text(out / "results.json", numbers + "\n")
    with _photos_steps.whole(out / "known.npz") as partial:
        np.savez(partial, known=judged.guard.known)


def columns(class_names):
    """The columns of an answer."""
    return "predicted", "probability", "answer", *(f"probability_{name}" for name in class_names)


def predictions(class_names, probabilities, knows):
    """The values of these columns, a tuple a picture."""
    said = _photos_guard.answers(class_names, probabilities, knows)
    best = [class_names[label] for label in probabilities.argmax(axis=1)]
    numbers = [[f"{number:.4f}" for number in row] for row in probabilities]
    sure = [f"{number:.4f}" for number in probabilities.max(axis=1)]
    return [(*row[:3], *row[3]) for row in zip(best, sure, said, numbers, strict=True)]


def write_csv(path, header, rows):
    """Write a table as UTF-8, whole or not at all."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    _photos_steps.write_text(path, text.getvalue())


def results(found):
    """All that was found, for `results.json`."""
    album, judged, job = found.album, found.judged, found.job
    decided = _photos_decisions.decisions(found)
    step, words = found.more
    guard = judged.guard
    return {
        "name": job.name, "class_names": album.class_names, "image_size": job.image_size,
        "backbone": _photos_learning.BACKBONE, "pictures": _photos_decisions.sizes(album),
        "test": judged.test, "validation_accuracy": judged.validation,
        "race": found.race, "temperature": judged.temperature,
        "dont_know": {"probability_below": guard.probability, "distance_above": guard.distance},
        "more_photographs": {"difference": step, "words": words, "curve": found.comparison and
                             found.comparison.values()},
        "probably_wrong_labels": {"found_by": found.suspects[1], "pictures": found.suspects[0]},
        "odd_pictures": found.odd, "exports": found.exports, "findings": album.findings,
        "decisions": [{"what": what, "why": why} for what, why in decided],
        "versions": {"tl_course": __version__}
        | {name: version for name in PACKAGES if (version := computer.installed(name))},
    }  # fmt: skip


def plain(value):
    """The same as numbers, strings, lists and dicts; None for what is no number."""
    if hasattr(value, "_asdict"):
        verdict = {"verdict": value.verdict} if hasattr(value, "verdict") else {}
        return plain(value._asdict() | verdict)
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
