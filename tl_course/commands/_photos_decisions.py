"""What was decided on the way, and why: sentences for people, made of values."""

from typing import NamedTuple

from tl_course.commands import _photos_guard

ALONE = "near-duplicates"


class Found(NamedTuple):
    """All that a run has found, for whoever writes it down."""

    album: object
    job: object
    race: dict
    judged: object
    comparison: object  # of the learning curve, or None
    more: tuple  # (Difference or None, words): would more photographs help?
    suspects: tuple  # (rows, how they were found)
    odd: dict | None  # {file: what is odd}; None: not looked for
    exports: dict


def decisions(found):
    """[(what was decided, why)], in the order of the work."""
    album, judged = found.album, found.judged
    return [
        _split(album, found.job), _weights(album), _depth(found.race), _temperature(album, judged),
        _limit(album, judged), *_seen(judged),
    ]  # fmt: skip


def _split(album, job):
    numbers = ", ".join(f"{len(album.places(part))} {word}" for part, word in
                        (("train", "to train"), ("val", "to validate"), ("test", "to test")))
    kept = ALONE if job.group_by is None else f"{ALONE} and {job.group_by!r}"
    groups = len(set(album.groups.tolist()))
    why = f"{len(album.files)} pictures are {groups} groups ({kept}); each group is on one side, " \
          "or the test would ask what was learned by heart; a part that was given is kept"
    return f"Split: {numbers}", why


def _weights(album):
    from tl_course import data

    counts = album.counts("train")
    sizes = f"the largest class has {counts.max()} pictures to train, the smallest {counts.min()}"
    if data.class_weights(counts) is None:
        return "No class weights", f"{sizes}: near enough"
    return "Class weights", f"{sizes}: a picture of a small class counts more, in proportion"


def _depth(race):
    if race["kept"]:
        return f"Fine-tuned from {race['from_block']} on", race["why"]
    return "The head alone, on the frozen backbone", race["why"]


def _temperature(album, judged):
    number, n = judged.temperature, len(album.places("val"))
    too = "sure" if number > 1 else "modest"
    why = f"on {n} validation pictures the model was too {too}; one number mends it, no answer " \
          "changes, and the saved model has it built in"  # fmt: skip
    return f"Temperature {number:.2f}", why


def _limit(album, judged):
    guard, n = judged.guard, len(album.places("val"))
    said = f'"{_photos_guard.DONT_KNOW}" below {100 * guard.probability:.0f} % or beyond a ' \
           f"distance of {guard.distance:.2f}"  # fmt: skip
    why = f"chosen on {n} validation pictures: of the answers left there, {_per_cent('TARGET')} " \
          f"are right, or as many as any limit brings, and {_per_cent('ORDINARY')} of the " \
          "pictures lie nearer to one that it has learned from"  # fmt: skip
    return said, why


def _per_cent(name):
    return f"{100 * getattr(_photos_guard, name):.0f} %"


def _seen(judged):
    if not (number := judged.test["seen_before"]):
        return []
    unseen = judged.test.get("accuracy_unseen")
    rest = f"; without them: {unseen}" if unseen else ""
    return [(f"{number} test pictures stay although they look familiar",
             f"a near-duplicate, or the same person or day, is among those it learned from{rest}")]


def reach(found):
    """What the accuracy holds for, a sentence or two: it may differ from that of validation."""
    album, test, val = found.album, found.judged.test["accuracy"], found.judged.validation
    if "test" not in album.given:
        return "This holds for pictures like these: of the same days, places and cameras."
    said = f"This holds for pictures like those given as the test. Of the validation pictures {val}"
    if val.low > test.high:
        return f"{said}: the test pictures are harder, as those of other days or places often are."
    return f"{said}."


def sizes(album):
    """A row a class: how many pictures to train, validate and test."""
    columns = [album.counts(part) for part in ("train", "val", "test")]
    return [
        dict(zip(("class", "train", "val", "test"), (name, *map(int, numbers)), strict=True))
        for name, *numbers in zip(album.class_names, *columns, strict=True)
    ]
