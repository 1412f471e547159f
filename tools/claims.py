"""Look a recorded value up, and hold a sentence against it: no claim without its value.

A path names a value inside what a lesson recorded, such as `headline.values.no ruler.low`. A claim
is `PATH = VALUE`, `PATH < PATH` or `PATH > VALUE`: it must hold, or the sentence may not be said.
"""

import operator
import re

ORDER = {"=": operator.eq, "<": operator.lt, ">": operator.gt}


def look_up(lesson, values, path):
    """Return what the path leads to in a lesson's values; ValueError names where it ends.

    A key may hold a dot, such as `rate 0.01`: the longest one that fits is taken. Of a list a
    number gives that item, None if there are fewer, and `count` how many there are.
    """
    found, rest = values, path
    while rest:
        if isinstance(found, list) and (rest == "count" or rest.isdigit()):
            return len(found) if rest == "count" else (found[int(rest) :] or [None])[0]
        keys = range(len(found)) if isinstance(found, list) else found
        keys = keys if isinstance(keys, dict | range) else ()
        fits = [key for key in keys if f"{rest}.".startswith(f"{key}.")]
        if not fits:
            known = sorted(found) if isinstance(found, dict) else found
            raise ValueError(
                f"{lesson} recorded no {path!r}: at {rest.split('.')[0]!r} there is {known}."
            )
        key = max(fits, key=lambda key: len(str(key)))
        found, rest = found[key], rest[len(str(key)) + 1 :]
    return found


def holds(lesson, values, claim):
    """Return whether a claim holds by the lesson's values; ValueError if it names none of them."""
    form = re.fullmatch(r"(.+?) ([=<>]) (.+)", claim.strip())
    if not form:
        raise ValueError(f"{claim!r} is no claim: write PATH = VALUE, PATH < PATH or PATH > VALUE.")
    found = look_up(lesson, values, form[1])
    other = form[3]
    if "." in other and not re.fullmatch(r"-?[\d.]+", other):  # a path, no number and no word
        other = look_up(lesson, values, other)
    return found is not None and bool(ORDER[form[2]](found, type(found)(other)))


def check(lesson, values, claim):
    """Raise ValueError unless the claim holds by the lesson's values."""
    if not holds(lesson, values, claim):
        raise ValueError(f"{lesson}: {claim!r} does not hold by what was recorded.")
