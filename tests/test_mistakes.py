"""The checks on a fixed part of the bench: each mistake named, nobody accused, nothing broken.

All of it takes minutes: `python -m tests.mistakes.bench --list-failures`.
"""

import collections
import time
import zlib
from types import SimpleNamespace

import pytest

from tests.mistakes import backbones, bench, worlds
from tl_course import checks, records, transfer

NAMES = ("inputs", "head_phase", "fine_tuning", "sets", "pipelines", "claim", "metric")
CHEAP = {20, 21}  # claims and metrics: no network is built
LIMITS = {"named": 0.95, "false_alarms": 0, "exceptions": 0}


def part(every=7):
    """About one case in seven, chosen by its name: a new set-up changes nothing for the others."""
    return [
        case for case in bench.cases()
        if case.choice["backbone"] in backbones.SMALL and "train" not in case.file
        if zlib.crc32(case.name.encode()) % every == 0
    ]  # fmt: skip


def shortfalls(results):
    """What the results lack, in words; an empty list when all is well."""
    wrong = [result for result in results if result.case.kind == "WRONG"]
    count = collections.Counter(result.outcome for result in results)
    named = sum(result.outcome == "named" for result in wrong) / max(1, len(wrong))
    found = [f"only {named:.0%} named"] if named < LIMITS["named"] else []
    for outcome in ("false_alarm", "exception", "broken"):
        found += [f"{count[outcome]} {outcome}"] if count[outcome] else []
    return found


def test_a_part_of_the_bench_is_named_rightly_and_nobody_is_accused():
    results = bench.run_all(part(), checks, transfer)
    failures = "\n".join(bench.listed(result) for result in results if result.is_failure)
    assert shortfalls(results) == [], failures


def fake(answer):
    """Checks that all give the same answer, whatever they are asked."""
    return SimpleNamespace(**dict.fromkeys(NAMES, lambda *arguments, **options: answer()))


def cheap(kind=None):
    return [case for case in bench.cases(CHEAP) if kind in (None, case.kind)]


def accuse():
    return [records.finding(number) for number in range(1, 23)]


@pytest.mark.parametrize(
    ("answer", "lacks"),
    [
        (lambda: [], "only 0% named"),
        (lambda: None, "only 0% named"),
        (accuse, "only 0% named"),
        (accuse, f"{len(cheap('RIGHT'))} false_alarm"),
        (lambda: 1 / 0, f"{len(cheap())} exception"),
    ],
)
def test_checks_that_are_silent_or_accuse_or_break_are_found_out(answer, lacks):
    assert lacks in shortfalls(bench.run_all(cheap(), fake(answer), transfer))


def test_a_check_that_does_not_return_is_stopped_and_counted(monkeypatch):
    monkeypatch.setattr(worlds, "LIMIT", 0.2)

    def forever():
        while True:
            try:
                time.sleep(0.01)
            except Exception:  # as a check might, which catches too much
                pass

    result = bench.run(cheap()[0], fake(forever), transfer)
    assert result.outcome == "exception" and "NeverReturned" in result.detail


def test_a_slow_check_is_counted_by_its_own_time(monkeypatch):
    monkeypatch.setattr(bench, "SLOW", 0.05)
    slow = bench.run(cheap()[0], fake(lambda: time.sleep(0.1)), transfer)
    assert bench.table([slow])[-1]["slow"] == 1
    assert bench.table([bench.run(cheap()[0], fake(list), transfer)])[-1]["slow"] == 0


def test_a_set_up_that_breaks_is_no_fault_of_the_checks_and_still_seen():
    case = cheap()[0]._replace(setup=lambda world: world.no_such_check())
    assert bench.run(case, fake(list), transfer).outcome == "broken"


def test_the_table_counts_each_outcome_once():
    results = bench.run_all(cheap(), fake(accuse), transfer)
    rows = {row["mistake"]: row for row in bench.table(results)}
    right = len(cheap("RIGHT"))
    assert rows["right"]["false_alarms"] == right and rows[21]["false_alarms"] == right
    assert rows["all"]["cases"] == len(results) == sum(
        rows[key]["cases"] for key in (20, 21, "right", "refused")
    )  # fmt: skip
    assert "| 21 |" in bench.markdown(bench.table(results))


def test_every_mistake_has_set_ups_and_there_are_enough():
    every = list(bench.cases())
    count = collections.Counter(case.kind for case in every)
    assert count["WRONG"] >= 150 and count["RIGHT"] >= 220 and count["REFUSED"] >= 20
    named = {bench.main_number(case) for case in every if case.kind == "WRONG"}
    assert named == set(records.classic_mistakes())
    twice = [n for n, k in collections.Counter((c.kind, c.name) for c in every).items() if k > 1]
    assert twice == []


def test_worlds_are_the_same_at_each_call_and_vary():
    few = worlds.draw("a set-up", 6, {})
    assert few == worlds.draw("a set-up", 6, {}) != worlds.draw("another", 6, {})
    assert all(len({str(one[axis]) for one in few}) > 1 for axis in worlds.AXES)
    assert {one["way"] for one in worlds.draw("x", 5, {"way": "flat"})} == {"flat"}


def test_drawn_worlds_cover_more_pairs_than_chance():
    seen = [worlds._pairs(one) for one in worlds.draw("a set-up", 5, {})]
    new = [len(pairs - set().union(*seen[:k])) for k, pairs in enumerate(seen)]
    assert min(new) > 0.6 * max(new)
