"""`python -m tl_course study`: the same answers from anywhere, and nothing computed twice or lost.

A real Dask scheduler with two worker processes on 127.0.0.1 computes a small grid while one of the
workers is killed. `experiments.compare`, alone in a process of its own, says what must come out.
"""

import itertools
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tl_course import __main__, backbones, experiments
from tl_course.commands import _cells, _datasets, _workers
from tl_course.engine import computer

ROOT = Path(__file__).resolve().parents[1]
WAYS, SHOTS, SEEDS = ["from scratch", "logistic regression"], [2, 4], [0, 1]
GRID = ["--datasets", "drawings", "--image-size", "32", "--ways", *WAYS, "--shots", "2", "4",
        "--seeds", "0", "1"]  # fmt: skip
SERIAL = f"""
import json, threadpoolctl
from tl_course import experiments
from tl_course.commands import _cells, _datasets
from tl_course.engine import computer, litert
litert.ENABLED = False
computer.use_threads(1)
threadpoolctl.threadpool_limits(1)
sets = _datasets.load("drawings", split="val", image_size=32)
found = experiments.compare({WAYS}, *sets, shots={SHOTS}, seeds={SEEDS})
print(json.dumps(found.values()))
"""
CELL = _cells.Cell("efficientnet_lite0", "drawings", "head", 2, 0, 32, "val", 1)


def study(*arguments, output):
    return __main__.main(["study", *GRID, *arguments, "--output", str(output)])


def cells_of(output):
    return sorted((output / "cells").glob("*.json"))


def kill_a_busy_worker(client, output, killed):
    """Once a cell is kept: the end of a worker that works on the next one."""
    while not cells_of(output):
        time.sleep(0.02)
    pids = client.run(os.getpid)
    busy = [address for address, tasks in client.processing().items() if tasks]
    os.kill(pids[busy[0]], signal.SIGKILL)
    killed.append((pids[busy[0]], len(cells_of(output))))


@pytest.fixture(scope="module")
def cluster():
    import distributed

    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None
    ) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def done(cluster, tmp_path_factory):
    """(folder of the study, whom it lost and after how many cells, what serial says)."""
    import distributed

    output, killed = tmp_path_factory.mktemp("study"), []
    serial = subprocess.Popen(
        [sys.executable, "-c", SERIAL], cwd=ROOT, stdout=subprocess.PIPE, text=True,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    with distributed.Client(cluster.scheduler_address) as client:
        killer = threading.Thread(
            target=kill_a_busy_worker, args=(client, output, killed), daemon=True
        )
        killer.start()
        assert study("--scheduler", cluster.scheduler_address, output=output) == 0
        killer.join(timeout=60)
    expected = json.loads(serial.communicate()[0].splitlines()[-1])
    return output, killed, expected


@pytest.mark.slow
def test_a_cluster_that_loses_a_worker_answers_as_one_process_does(done):
    output, killed, expected = done
    (kept,) = json.loads((output / "study.json").read_text())
    assert len(killed) == 1 and killed[0][1] < 8
    assert kept["comparison"] == expected
    assert len(cells_of(output)) == 8


@pytest.mark.slow
def test_the_rows_are_those_of_the_comparison(done):
    kept = json.loads((done[0] / "study.json").read_text())[0]
    comparison = experiments.from_values(done[2])
    row = kept["rows"][3]
    assert (row["shots"], row["way"]) == (4, WAYS[1])
    assert row["accuracy"] == list(comparison.accuracy(WAYS[1], 4))
    assert row["difference"] == list(comparison.difference(*WAYS[::-1], 4))
    assert row["verdict"] in ("a gain", "a loss", "cannot tell")


@pytest.mark.slow
def test_a_second_start_computes_nothing(done, capsys):
    before = {path: path.stat().st_mtime_ns for path in cells_of(done[0])}
    assert study("--scheduler", "tcp://127.0.0.1:1", output=done[0]) == 0  # nobody is there
    assert "8 of 8 cells are there already" in capsys.readouterr().out
    assert {path: path.stat().st_mtime_ns for path in cells_of(done[0])} == before


@pytest.mark.slow
def test_only_damaged_cells_are_computed_again(done, cluster):
    paths = cells_of(done[0])
    before = {path: (path.read_text(), path.stat().st_mtime_ns) for path in paths}
    cut, changed = paths[0], paths[-1]
    cut.write_text(before[cut][0][:100])
    kept = json.loads(before[changed][0])
    kept["comparison"]["own"] = [[[0.123]]]
    changed.write_text(json.dumps(kept))
    assert study("--scheduler", cluster.scheduler_address, output=done[0]) == 0
    assert [path.read_text() for path in paths] == [text for text, _ in before.values()]
    fresh = [path for path in paths if path.stat().st_mtime_ns != before[path][1]]
    assert fresh == [cut, changed]


# ---------------------------------------------------------------- one cell


def test_all_that_decides_an_answer_is_in_the_name(monkeypatch):
    others = {"seed": 1, "shots": 4, "way": "from scratch", "image_size": 64, "split": "test",
              "threads": 2, "backbone": "mobilenet_v2", "dataset": "digits"}  # fmt: skip
    keys = {CELL._replace(**{name: value}).key() for name, value in others.items()}
    assert len(keys | {CELL.key()}) == 9
    before = CELL.key()
    _cells._origin.cache_clear()
    assert CELL.key() == before
    monkeypatch.setattr(computer, "installed", lambda name: "0.0.0")
    _cells._origin.cache_clear()
    assert CELL.key() != before
    _cells._origin.cache_clear()


def test_a_process_with_other_code_refuses():
    with pytest.raises(RuntimeError, match="another version of the course"):
        _cells.solve(CELL, CELL.key()[:-1] + "x")


def test_a_process_that_works_with_other_threads_refuses():
    import keras

    keras.ops.zeros(1)
    with pytest.raises(RuntimeError, match="not with 7 threads: start the process anew"):
        computer.use_threads(7)


def weights_while_others_draw(build):
    """The weights of two networks, the second one made while a thread draws random numbers."""
    before, stop = build().get_weights(), threading.Event()

    def draw():
        while not stop.is_set():
            random.random()

    threading.Thread(target=draw).start()
    try:
        return before, build().get_weights()
    finally:
        stop.set()


def same(a, b):
    return all(map(np.array_equal, a, b))


def test_what_other_threads_draw_changes_no_weight():  # as those of a Dask worker do
    pair = weights_while_others_draw(lambda: backbones.small_cnn(2, image_size=32, seed=3))
    assert same(*pair)


def test_a_weight_from_the_state_of_the_process_is_found():
    import keras

    def build():
        keras.utils.set_random_seed(3)
        return keras.Sequential([keras.Input((4,)), *(keras.layers.Dense(4) for _ in range(20))])

    assert same(build().get_weights(), build().get_weights())
    assert not same(*weights_while_others_draw(build))


@pytest.mark.parametrize(("name", "classes", "pool"), [("digits", 10, 1000), ("drawings", 2, 200)])
def test_small_data_sets(name, classes, pool):
    known, judges = _datasets.load(name, split="val", image_size=32)
    assert known.images.shape == (pool, 32, 32, 3) and known.images.dtype == np.uint8
    assert known.images.max() > 200 and known.labels.dtype == np.int64
    assert len(known.class_names) == classes == len(set(judges.labels.tolist()))


# ---------------------------------------------------------------- processes of joblib


def answers(monkeypatch, folder, *, deaths):
    """What comes of seeds 0 to 3 where seed 2 kills so many processes, one after the other."""

    def stand_in(cell, key):  # in here it is pickled whole: processes need not import this module
        killed = len(list(folder.iterdir()))
        if cell.seed == 2 and killed < deaths:
            (folder / str(killed)).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return cell, cell.seed

    monkeypatch.setattr(_cells, "solve", stand_in)
    cells = [CELL._replace(seed=seed) for seed in range(4)]
    return sorted(values for _, values in _workers.in_processes(cells, 2))


def test_a_killed_process_loses_nothing(monkeypatch, tmp_path):
    assert answers(monkeypatch, tmp_path, deaths=1) == [0, 1, 2, 3]
    assert len(list(tmp_path.iterdir())) == 1


def test_a_cell_that_kills_every_process_is_given_up(monkeypatch, tmp_path):
    with pytest.raises(RuntimeError, match="Processes were killed 3 times"):
        answers(monkeypatch, tmp_path, deaths=99)


# ---------------------------------------------------------------- the whole grid


def comparison():
    chance = np.random.default_rng(0)
    right = chance.random((2, 3, 2, 5)) < 0.5
    names = ("head", "from scratch"), (5, 10, "all"), (7, 3)
    return experiments.Comparison(*names, right, chance.random((2, 3, 2)), 4, "drawings")


def parts(whole):
    """A Comparison for each way, number of shots and seed."""
    places = itertools.product(*(range(n) for n in whole.own.shape))
    return [
        replace(
            whole, ways=(whole.ways[w],), shots=(whole.shots[s],), seeds=(whole.seeds[k],),
            right=whole.right[w, s, k][None, None, None], own=whole.own[w, s, k][None, None, None],
        )
        for w, s, k in places
    ]  # fmt: skip


def test_the_parts_of_a_comparison_make_it_whole():
    assert _cells.combine(parts(comparison())).values() == comparison().values()


def test_a_hole_in_the_grid_is_found():
    with pytest.raises(ValueError, match=r"holes: nothing of \[\('from scratch', 5, 3\)\]"):
        _cells.combine([part for i, part in enumerate(parts(comparison())) if i != 7])


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--ways", "magic"], "Unknown way 'magic': choose from"),
        (["--backbones", "resnet"], "Unknown backbone 'resnet': choose from"),
        (["--workers", "0"], "--workers is 0: give at least 1."),
        (["--scheduler", "nowhere"], "nowhere"),
    ],
)
def test_a_wrong_argument_is_one_sentence(tmp_path, capsys, arguments, sentence):
    assert study(*arguments, output=tmp_path) == 1
    errors = capsys.readouterr().err
    assert sentence in errors and len(errors.splitlines()) == 1
    assert cells_of(tmp_path) == []


@pytest.mark.parametrize("arguments", [["--shots", "0"], ["--datasets", "cats"]])
def test_a_wrong_word_is_named(tmp_path, capsys, arguments):
    with pytest.raises(SystemExit):
        study(*arguments, output=tmp_path)
    assert arguments[1] in capsys.readouterr().err
