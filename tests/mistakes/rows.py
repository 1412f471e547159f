"""How a set-up is registered: one row in its file's list WRONG, RIGHT or REFUSED."""

from typing import NamedTuple


class Row(NamedTuple):
    """A set-up: what a check should say of it, in how many worlds it is tried, what is fixed."""

    expected: tuple  # numbers of mistakes; None: a finding without a number; empty: nothing
    setup: object  # from a World to the findings
    worlds: int
    fixed: dict  # {axis of worlds.AXES: the value, or a tuple of values, that this set-up needs}


def wrong(mistake, setup, *, worlds=2, **fixed):
    """A row of WRONG. mistake: the number that must be named; a tuple where each is a right name.

    A check names it rightly when it names one or more of these numbers and no other. In tables the
    set-up counts for the first. None among them: a finding without a number ("the task asked for
    ...") is right as well.
    """
    expected = mistake if isinstance(mistake, tuple) else (mistake,)
    return Row(expected, setup, worlds, fixed)


def right(setup, *, worlds=2, **fixed):
    """A row of RIGHT: no mistake may be named."""
    return Row((), setup, worlds, fixed)


def refused(setup, *, worlds=1, **fixed):
    """A row of REFUSED: a finding without a number, no exception."""
    return Row((None,), setup, worlds, fixed)
