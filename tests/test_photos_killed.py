"""Does `photos` end the same however often it is killed on the way?

The real command, on a small folder of JPEG files: run once in peace; then killed (`kill -9`) at
random moments, each time started again by the same command, until it ends. Twice here, so that the
tests stay quick; ten times with TL_COURSE_EXAMPLES.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from tests import signals
from tl_course import look_alikes

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows has no kill -9"),
]
ROOT = Path(__file__).parents[1]
KILLS, SIZE = 10 if os.environ.get("TL_COURSE_EXAMPLES") else 2, 64
PATHS = "args.yaml"  # names the folder of the results


class Runs:
    """The same command again and again; its temporary files lie in a folder of their own."""

    def __init__(self, root, folder):
        self.out, self.temporary = root / "out", root / "temporary"
        self.temporary.mkdir(parents=True)
        self.command = [
            sys.executable, "-m", "tl_course", "photos", folder, "--out", self.out,
            "--image-size", str(SIZE), "--no-notebook",
        ]  # fmt: skip

    def run(self, seconds=None, stop=signal.SIGKILL):
        """(exit code, what it said, what went wrong); stopped by a signal after so many seconds."""
        paths = {"PYTHONPATH": str(ROOT), "TMPDIR": str(self.temporary)}
        process = subprocess.Popen(
            self.command, env=os.environ | paths, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=signals.hears_ctrl_c,
        )  # fmt: skip
        try:
            return process.wait(seconds), *process.communicate()
        except subprocess.TimeoutExpired:
            process.send_signal(stop)
            said = process.communicate()
            return process.returncode, *said

    def files(self):
        """{name: content} of all that lies there; of the model its weights, which have no date."""
        files = {path.name: path.read_bytes() for path in self.out.iterdir() if path.is_file()}
        with zipfile.ZipFile(self.out / "model.keras") as model:
            files["model.keras"] = model.read("model.weights.h5")
        return files | dict.fromkeys(self.steps())

    def steps(self):
        """The names of what is kept of steps done; none before the folder is there."""
        folder = self.out / ".steps"
        return {path.name for path in folder.iterdir()} if folder.exists() else set()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Drawings dealt out to three classes like cards: the head errs, so fine-tuning is tried."""
    folder = tmp_path_factory.mktemp("pictures") / "three kinds"
    drawn = look_alikes.draw(33, image_size=96, seed=4)
    order = random.Random(5).sample(range(66), 66)
    for place, k in enumerate(order):
        of_class = folder / ("clubs", "hearts", "spades")[place % 3]
        of_class.mkdir(parents=True, exist_ok=True)
        Image.fromarray(drawn.images[k]).save(of_class / f"{k:02}.jpg")
    return folder


@pytest.fixture(scope="module")
def peace(folder, tmp_path_factory):
    """(Runs, seconds) of a run that nobody stops."""
    runs = Runs(tmp_path_factory.mktemp("peace"), folder)
    begin = time.monotonic()
    code, _, errors = runs.run()
    assert (code, errors) == (0, "") and "tuned.npz" in runs.files()
    return runs, time.monotonic() - begin


def differing(runs, others):
    """The names of what lies in one of the two folders only, or with other content."""
    mine, theirs = runs.files(), others.files()
    names = mine.keys() | theirs.keys()
    return {name for name in names if mine.get(name, 0) != theirs.get(name, 0)} - {PATHS}


def test_killed_at_random_moments_it_ends_the_same(folder, peace, tmp_path):
    whole, seconds = peace
    moments, killed, runs = random.Random(13), [], Runs(tmp_path, folder)
    while len(killed) < KILLS:
        after = moments.uniform(0, seconds / 3)
        code, _, errors = runs.run(after)
        assert code in (0, -signal.SIGKILL) and errors == ""
        if code:
            killed.append(f"{after:.0f} s with {len(runs.steps())} steps done")
        else:  # it was through before: once more from the beginning
            assert differing(runs, whole) == set()
            shutil.rmtree(runs.out)
    code, said, errors = runs.run()
    assert (code, errors) == (0, "") and "there already" in said
    print(
        f"\nIn peace {seconds:.0f} s, {len(whole.steps())} steps; killed after", *killed, sep="; "
    )
    assert differing(runs, whole) == set()
    assert list(runs.temporary.iterdir()) == []
    (runs.out / ".left.partial").touch()  # control: it would be seen, as another table would
    table = runs.out / "predictions.csv"
    table.write_bytes(table.read_bytes() + b"\n")
    assert differing(runs, whole) == {".left.partial", "predictions.csv"}


def test_stopped_by_ctrl_c_it_says_how_to_go_on(folder, peace, tmp_path):
    whole, seconds = peace
    for share in (0.6, 0.3, 0.15):  # a machine that is free again is faster than in peace
        runs = Runs(tmp_path / str(share), folder)
        code, _, errors = runs.run(share * seconds, signal.SIGINT)
        if code:
            break
    assert (code, errors) == (130, "\nStopped. The same command goes on where it was.\n")
    assert runs.run()[0] == 0
    assert differing(runs, whole) == set()
    assert list(runs.temporary.iterdir()) == []
