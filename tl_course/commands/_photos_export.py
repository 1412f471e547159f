"""The classifier in other formats, each asked about the same pictures before it is kept."""

import functools
import tempfile
from pathlib import Path

import numpy as np

from tl_course.commands import _photos_steps, _photos_web
from tl_course.engine import computer

ASKED = 32  # validation pictures
FILES = {"onnx": "model.onnx", "litert": "model.tflite", "web": "classifier.html"}


def export(job, album, guard, steps):
    """{file: dict with `agrees` and the figures of the check}; a file that disagrees is not kept.

    Made of `model.keras` as it lies there; guard: what it does not know, for the web page. A format
    that fails is a printed line.
    """
    found = {}
    for kind in job.export:
        if lacking(job, kind):
            steps.drop(f"export_{kind}.json")
        try:
            found |= steps.values(
                f"export_{kind}", functools.partial(_export, kind, job, album, guard)
            )
        except Exception as error:  # a converter raises what it likes
            line = (str(error).splitlines() or [""])[0][:200]
            print(f"--export {kind} failed: {type(error).__name__}: {line}")
    return found


def lacking(job, *kinds):
    """The formats, of these or of all that were asked for, whose file is not there."""
    return [kind for kind in kinds or job.export if not (job.out / FILES[kind]).exists()]


def _export(kind, job, album, guard):
    from tl_course.engine import takeaway

    model = takeaway.load(job.out / "model.keras")
    images = np.asarray(album.images[album.places("val")[:ASKED]])
    expected = model.predict(images, batch_size=16, verbose=0)
    make = {"onnx": _onnx, "litert": _litert, "web": functools.partial(_web, guard)}[kind]
    with computer.quiet():  # the converters tell of every step
        return make(model, job, album, images, expected)


def _onnx(model, job, album, images, expected):
    from tl_course.engine import takeaway

    path, half = job.out / "model.onnx", job.out / "model_float16.onnx"
    with _photos_steps.whole(path) as partial:
        takeaway.export_onnx(model, str(partial), album.class_names, job.image_size)
        check = takeaway.parity(expected, takeaway.run_onnx(partial, images))
        found = {path.name: _checked(check, partial)}
    with _photos_steps.whole(half) as partial:
        takeaway.halve_onnx(str(path), str(partial))
        tolerance = takeaway.TOLERANCE_16
        check = takeaway.parity(expected, takeaway.run_onnx(partial, images), tolerance)
        found[half.name] = _checked(check, partial)
    return _kept(job, found)


def _litert(model, job, album, images, expected):
    from tl_course.engine import takeaway

    path = job.out / "model.tflite"
    with _photos_steps.whole(path) as partial:
        takeaway.export_litert(model, str(partial))
        check = takeaway.parity(expected, takeaway.run_litert(partial, images))
        found = {path.name: _checked(check, partial)}
    return _kept(job, found)


def _web(guard, model, job, album, images, expected):
    from tl_course.engine import takeaway

    path, outputs = job.out / FILES["web"], ("features", "probabilities")
    with tempfile.TemporaryDirectory(dir=job.out) as folder:
        network, half = (str(Path(folder) / name) for name in ("network.onnx", "half.onnx"))
        two = takeaway.with_features(model)
        takeaway.export_onnx(two, network, album.class_names, job.image_size, outputs=outputs)
        takeaway.halve_onnx(network, half)
        tolerance = takeaway.TOLERANCE_16
        check = takeaway.parity(expected, takeaway.run_onnx(half, images), tolerance)
        page = _photos_web.classifier(job, album.class_names, guard, Path(half).read_bytes())
    _photos_steps.write_text(path, page)
    return _kept(job, {path.name: _checked(check, path)})


def _checked(check, path):
    return check | {"megabytes": round(path.stat().st_size / 1e6, 1)}


def rows(exports):
    """A row a file, for people."""
    return [
        {"file": file, "MB": one["megabytes"],
         "same answers": f"{one['same_answers']} of {one['pictures']}",
         "largest difference": f"{one['largest_difference']:.1g}",
         "kept": "yes" if one["agrees"] else "no"}
        for file, one in exports.items()
    ]  # fmt: skip


def _kept(job, found):
    for name, check in found.items():
        if not check["agrees"]:
            (job.out / name).unlink()
    return found
