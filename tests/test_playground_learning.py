"""The head that the playground trains in JavaScript, beside scikit-learn's and the course's own."""

import json
import shutil
import subprocess

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from tests.lessons import ROOT
from tl_course import data, evaluation

LEARNING = (ROOT / "site" / "playground" / "learning.js").as_uri()
NODE = shutil.which("node")
pytestmark = pytest.mark.skipif(not NODE, reason="needs node")


def javascript(expression, **values):
    """What an expression on `learning` is for these values, through JSON both ways."""
    code = f"""import * as learning from {json.dumps(LEARNING)};
    import fs from "node:fs";
    const find = async ({{{", ".join(values)}}}) => {expression};
    const given = JSON.parse(fs.readFileSync(0, "utf-8"));
    process.stdout.write(JSON.stringify(await find(given)));"""
    call = [NODE, "--input-type=module", "-e", code]
    done = subprocess.run(call, input=json.dumps(values), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def some_features(*, num_per_class=12, num_classes=3, seed=0):
    """Rows that are mostly noise, some of them off: like a backbone's, none below 0."""
    random = np.random.default_rng(seed)
    labels = np.repeat(np.arange(num_classes), num_per_class)
    rows = random.normal(0, 1, (len(labels), 60)) + random.normal(0, 0.6, (num_classes, 60))[labels]
    return np.maximum(rows, 0).round(4), labels


def by_javascript(features, labels, **options):
    said = javascript(
        "{ const head = learning.trainHead(x, y, k, options);"
        "return x.map((row) => learning.probabilities(head, row)); }",
        x=features.tolist(), y=labels.tolist(), k=int(labels.max()) + 1, options=options,
    )  # fmt: skip
    return np.array(said)


@pytest.mark.parametrize("num_classes", [2, 3, 6])
def test_the_head_is_scikit_learns(num_classes):
    features, labels = some_features(num_classes=num_classes)
    found = by_javascript(features, labels)

    def by_scikit_learn(strength):
        probe = LogisticRegression(C=strength, max_iter=5000, tol=1e-8)
        return probe.fit(features, labels).predict_proba(features)

    assert np.abs(found - by_scikit_learn(1.0)).max() < 1e-3
    assert np.abs(found - by_scikit_learn(10.0)).max() > 1e-2  # control: another penalty


def test_too_few_steps_are_seen():
    features, labels = some_features()
    expected = LogisticRegression(max_iter=5000, tol=1e-8).fit(features, labels)
    few = by_javascript(features, labels, steps=3)
    assert np.abs(few - expected.predict_proba(features)).max() > 1e-2


def test_wilson_is_the_courses_own():
    for right, n in ((0, 5), (7, 9), (40, 40)):
        found = javascript("learning.wilson(right, n)", right=right, n=n)
        expected = evaluation.accuracy_interval(np.arange(n) < right)
        assert [found[key] for key in ("value", "low", "high", "n")] == pytest.approx(
            list(expected)
        )


def test_the_split_holds_out_two_fifths_of_each_class_and_nothing_twice():
    labels = [0] * 20 + [1] * 5 + [2] * 2
    parts = javascript("learning.split(y, 3, {seed: 4})", y=labels)
    assert sorted(parts["train"] + parts["heldOut"]) == list(range(len(labels)))
    assert np.bincount(np.take(labels, parts["heldOut"])).tolist() == [8, 2, 1]
    assert javascript("learning.split(y, 3, {seed: 4})", y=labels) == parts
    assert javascript("learning.split(y, 3, {seed: 5})", y=labels) != parts


def test_the_curve_rises_on_what_can_be_learned_and_not_on_noise():
    features, labels = some_features(num_per_class=40)
    call = "learning.learningCurve(x, y, 3, learning.split(y, 3))"
    curve = javascript(call, x=features.tolist(), y=labels.tolist())
    assert [point["shots"] for point in curve] == [1, 2, 5, 10, 24]
    means = [np.mean(point["accuracies"]) for point in curve]
    assert means[-1] > means[0] + 0.2
    shuffled = np.random.default_rng(1).permutation(labels).tolist()
    noise = javascript(call, x=features.tolist(), y=shuffled)
    assert np.mean(noise[-1]["accuracies"]) < 0.55  # a third is chance


def test_the_table_comes_back_in_python(tmp_path):
    names = ['apple, "red"', "Müsli"]
    rows = [
        {"file": f"{k}.jpg", "label": names[k % 2], "part": part, "features": [k / 3, 0, 1e-7]}
        for k, part in enumerate(["train", "held-out", "train"])
    ]
    path = tmp_path / "my_features.csv"
    path.write_text(javascript("learning.table(rows)", rows=rows), encoding="utf-8")
    train_set, test_set = data.load_features(path)
    assert train_set.class_names == test_set.class_names == tuple(sorted(names))
    assert train_set.names == [names[0], names[0]] and test_set.names == [names[1]]
    assert train_set.images == pytest.approx(np.array([[0, 0, 1e-7], [2 / 3, 0, 1e-7]]))


def test_another_table_is_refused(tmp_path):
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match=r"begins with \['a', 'b'\]"):
        data.load_features(tmp_path / "other.csv")
