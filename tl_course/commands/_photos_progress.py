"""How far is a run of `photos`, and how long will the rest take?"""

import contextlib
import time

from rich.console import Console


class Progress:
    """A line for each stage, with the time that is left.

    seconds: {stage: how long it may take}; only their ratios matter, the clock tells the rest.
    """

    def __init__(self, seconds, steps):
        self.seconds, self.steps = dict(seconds), steps
        self.done, self.spent, self.number = 0.0, 0.0, 0
        self.console = Console(highlight=False, soft_wrap=True)

    @contextlib.contextmanager
    def stage(self, name):
        """Tell of a stage when it begins and when it is over; gives a function for its share."""
        self.number += 1
        label = f"[{self.number}/{len(self.seconds)}] {name}"
        begin, found, read = time.monotonic(), self.steps.found_now, self.steps.read_now
        with self.console.status(_safe(label), spinner="line") as status:

            def tick(share):
                words = self._left(name, time.monotonic() - begin, share)
                status.update(_safe(f"{label}: {100 * share:.0f} %{words}"))

            yield tick
        took = time.monotonic() - begin
        kept = self.steps.found_now == found and self.steps.read_now > read
        if not kept and (took > 1 or self.steps.found_now > found):  # else it tells of no pace
            self.done, self.spent = self.done + self.seconds[name], self.spent + took
        self.seconds[name] = 0.0
        outcome = "there already" if kept else f"{took:.1f} s{self._left(name, 0, 1)}"
        self.console.print(f"{label}: {outcome}", markup=False)

    def _left(self, name, took, share):
        """", about N left": the stages to come, at the pace of those before."""
        done, spent = self.done + share * self.seconds[name], self.spent + took
        left = sum(self.seconds.values()) - share * self.seconds[name]
        if done <= 0 or left <= 0:
            return ""
        seconds = left * spent / done
        return f", about {in_words(seconds)} left"


def _safe(text):
    return text.replace("[", r"\[")  # rich takes brackets for markup


def in_words(seconds):
    """A time as "40 s", "3 min" or "1 h 20 min"."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
