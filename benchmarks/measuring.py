"""What the cases share: alternating repetitions, and rows for the table.

A row: {"what", "values", "unit", "asked", "holds"}; `holds` judges the median of the values.
"""

import statistics
import time


def at_least(what, values, bound, unit="times"):
    """A row that holds when the median is not below the bound; None asks nothing."""
    return _row(what, values, unit, "at least", bound, lambda middle: middle >= bound)


def at_most(what, values, bound, unit):
    """A row that holds when the median is not above the bound; None asks nothing."""
    return _row(what, values, unit, "at most", bound, lambda middle: middle <= bound)


def _row(what, values, unit, word, bound, holds):
    values = [float(value) for value in values]
    row = {"what": what, "values": values, "unit": unit, "asked": "", "holds": None}
    if bound is None:
        return row
    holds = bool(holds(statistics.median(values)))
    return row | {"asked": f"{word} {bound:g} {unit}".strip(), "holds": holds}


def alternate(sides, repeats):
    """Seconds of each side, {name: [seconds a repetition]}: forth, back, forth ... in one process.

    sides: {name: function without arguments}.
    """
    seconds = {name: [] for name in sides}
    for repetition in range(repeats):
        order = list(sides) if repetition % 2 == 0 else list(sides)[::-1]
        for name in order:
            start = time.perf_counter()
            sides[name]()
            seconds[name].append(time.perf_counter() - start)
    return seconds


def seconds_of(seconds, what):
    """Rows of the sides' seconds, which ask nothing. what: in words, before each side's name."""
    return [at_most(f"{what}, {name}", values, None, "s") for name, values in seconds.items()]


def ratios(seconds, peer, ours="ours"):
    """The peer's seconds over ours, repetition by repetition."""
    return [theirs / own for theirs, own in zip(seconds[peer], seconds[ours], strict=True)]
