"""The stages of a run of `photos`, in the order in which a careful person takes them."""

import contextlib
import functools

from tl_course.commands import (
    _photos_advice,
    _photos_album,
    _photos_card,
    _photos_curve,
    _photos_export,
    _photos_figures,
    _photos_files,
    _photos_judging,
    _photos_learning,
    _photos_notebook,
    _photos_report,
    _photos_steps,
    _photos_tuning,
)
from tl_course.commands._photos_decisions import Found


def seconds(job, number):
    """{stage: how long it may take}, of so many pictures on two cores."""
    megapixels = number * job.image_size**2 / 1e6
    stages = {
        "reading the photographs": 0.02 * number + 1, "features": 0.15 * megapixels + 5,
        "a head": 0.0015 * number + 3, "fine-tuning": 6 * megapixels + 15,
        "more photographs?": 0.01 * number + 16, "labels and pictures": 0.02 * number + 6,
        "the test and the model": 0.002 * number + 5,
    }  # fmt: skip
    if job.export:
        stages["other formats"] = 12 * len(job.export)
    stages["the report"] = 4
    return stages | ({"the notebook": 150} if job.notebook else {})


def work(job, parts, steps, progress):
    """All of it; what is there already is not done again. The exit code."""
    from tl_course import machine

    with progress.stage("reading the photographs"):  # before Keras takes its half of a gigabyte
        album = _photos_album.album(parts, job, steps)
    print(*album.findings, f"{job.name}: {machine.ready()}", sep="\n")  # imports Keras in silence
    learned, first_head = _learn(job, album, steps, progress)
    with progress.stage("fine-tuning") as tick:
        options = {"steps": steps, "seed": job.seed, "tick": tick}
        kept, race = _photos_tuning.race(album, learned, first_head, **options)
    found = _judge(job, album, learned, kept, race, steps, progress)
    with progress.stage("the report"):
        write(found)
    code = _notebook(job, parts, album, steps, progress)
    steps.drop("pictures.raw", "tuning.npz")  # large, and quickly there again
    print(f"Accuracy on the test pictures: {found.judged.test['accuracy']}\n"
          f"{race['why'].capitalize()}.\nWould more photographs help? {found.more[1]}.\n"
          f"The report: {job.out / 'report.html'}")  # fmt: skip
    return code or int(bool(_photos_export.lacking(job)))


def _learn(job, album, steps, progress):
    """(Learned with a head, the head after step (a))."""
    network = functools.partial(_photos_learning.pretrained, job.image_size)
    with progress.stage("features") as tick:
        features = _photos_learning.features_of(network, album.images, steps, "features", tick)
    with progress.stage("a head"):
        train, classes = album.places("train"), len(album.class_names)
        known = features[train], album.labels[train], classes, job.seed
        head = steps.arrays("head", lambda: _photos_learning.train_head(*known))
    first, last = ([head[f"{at}{part}"] for part in ("kernel", "bias")] for at in ("first_", ""))
    return _photos_learning.Learned(features, last), first


def _judge(job, album, learned, kept, race, steps, progress):
    """The Found of it all, and the model on the disk, and what it was exported to."""
    options = {"steps": steps, "seed": job.seed}
    with progress.stage("more photographs?") as tick:
        comparison = _photos_curve.curve(album, learned.features, tick=tick, **options)
    with progress.stage("labels and pictures") as tick:
        asked = _photos_learning.out_of_fold(album, learned.features, tick=tick, **options)
        suspects = _photos_advice.suspects(album, *asked)
        odd = steps.values("odd", lambda: _photos_advice.odd(album, job.folder))
    with progress.stage("the test and the model"):
        judged = _photos_judging.judge(album, kept, job.seed)
        model = _photos_tuning.assemble(album, kept, judged.temperature)
        with _photos_steps.whole(job.out / "model.keras") as partial:
            model.save(partial)
    with progress.stage("other formats") if job.export else contextlib.nullcontext():
        exports = _photos_export.export(job, album, judged.guard, steps)
    more = _photos_advice.would_more_help(comparison)
    return Found(album, job, race, judged, comparison, more, suspects, odd, exports)


def write(found):
    """Every file that is made of what was found."""
    out, chance = found.job.out, found.judged.test["always_largest"]
    matrix, figure = _photos_figures.confusion(found.album, found.judged)
    _photos_figures.write_png(figure, out / "confusion_matrix.png")
    curve, figure = _photos_figures.curve(found.comparison, chance, found.more[1])
    _photos_figures.write_png(figure, out / "learning_curve.png")
    page = _photos_report.page(found, {"confusion": matrix, "curve": curve})
    _photos_steps.write_text(out / "report.html", page)
    _photos_steps.write_text(out / "README.md", _photos_card.text(found))
    _photos_files.write_tables(found, out)


def _notebook(job, parts, album, steps, progress):
    """Execute the lesson where it can be; the exit code."""
    if not job.notebook:
        return 0
    if reason := _photos_notebook.why_not(job, album):
        print(f"No notebook: {reason}.")
        return 0
    if not (job.out / "notebook.ipynb").exists():
        steps.drop("notebook.json")
    with progress.stage("the notebook"):
        failure = steps.values("notebook", lambda: _photos_notebook.execute(job, parts))
    if failure:
        steps.drop("notebook.json")  # so that the same command tries again
        print(f"The notebook stopped in {failure}")
    return int(bool(failure))
