"""What two slides draw from races that were recorded answer by answer."""

from tl_course import experiments, records
from tools import claims

TUNED = f"{experiments.TUNED}block_11"
BORROWED = "logistic regression"  # on borrowed features


def as_kept(difference):
    """Return a Difference as `records.record` keeps it."""
    return difference._asdict() | {"verdict": difference.verdict}


def most_labels():
    """Return {set: fine-tuned minus head} at the most labels of the race that lesson 4 quotes."""
    raced = records.last_results("when_it_pays")["results"]
    found = {name: experiments.from_values(kept) for name, kept in raced.items()}
    return {
        name: as_kept(one.difference(TUNED, experiments.HEAD, one.shots[-1]))
        for name, one in found.items()
    }


def few_labels(values):
    """Return {way and pictures a class: accuracy} of lesson 1, on the larger pictures."""
    kept = claims.look_up("01_motivation", values, "accuracy_against_labels.160")
    found = {way: one for one in map(experiments.from_values, kept) for way in one.ways}
    ten, needed = 10, claims.look_up("01_motivation", values, "borrowed_needs")
    wanted = [("from scratch", ten), *((BORROWED, n) for n in needed[:1]), (BORROWED, ten)]
    words = {BORROWED: "borrowed"}
    return {
        f"{words.get(way, way)}, {n} a class": found[way].accuracy(way, n)._asdict()
        for way, n in wanted
    }
