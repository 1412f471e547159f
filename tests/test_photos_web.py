"""`photos --export web`: what the page carries, and where its runtime comes from."""

import argparse
import base64
import gzip
import json
import os
import re
import sys

import numpy as np
import pytest

from tests import tiny
from tests.lessons import ROOT
from tl_course import transfer
from tl_course.commands import (
    _photos_checks,
    _photos_export,
    _photos_guard,
    _photos_steps,
    _photos_web,
)
from tl_course.engine import takeaway

NPM = """#!{python}
import pathlib, sys
print("npm error code E500", file=sys.stderr)
dist = pathlib.Path("node_modules/onnxruntime-web/dist")
dist.mkdir(parents=True)
assert pathlib.Path("package-lock.json").exists() and sys.argv[1] == "ci"
for name in {names}:
    (dist / name).write_text("from npm: " + name)
sys.exit({code})
"""


@pytest.fixture
def npm(tmp_path, monkeypatch):
    """A function that puts a program called npm on the path, which ends with this code."""
    (bin_folder := tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(bin_folder))
    monkeypatch.setenv("TL_COURSE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("TL_COURSE_OFFLINE", raising=False)

    def place(code):
        text = NPM.format(python=sys.executable, names=_photos_web.RUNTIME, code=code)
        (bin_folder / "npm").write_text(text)
        os.chmod(bin_folder / "npm", 0o755)
        return bin_folder / "npm"

    return place


def test_the_runtime_comes_once_and_stays(npm, monkeypatch):
    program = npm(0)
    found = _photos_web.runtime()
    assert found == {name: f"from npm: {name}".encode() for name in _photos_web.RUNTIME}
    program.unlink()
    monkeypatch.setenv("TL_COURSE_OFFLINE", "1")
    assert _photos_web.runtime() == found


def test_what_is_in_the_way_is_a_sentence(npm, monkeypatch, tmp_path):
    with pytest.raises(ValueError, match=r"install Node\.js"):
        _photos_web.runtime()
    npm(1)
    with pytest.raises(ValueError, match="npm error code E500"):
        _photos_web.runtime()
    assert not list((tmp_path / "cache").iterdir())  # nothing half-done is left
    monkeypatch.setenv("TL_COURSE_OFFLINE", "1")
    with pytest.raises(ValueError, match="TL_COURSE_OFFLINE is set"):
        _photos_web.runtime()


def test_the_lock_file_names_a_hash_for_each_package_and_no_registry():
    text = (ROOT / "tl_course" / "web" / "package-lock.json").read_text(encoding="utf-8")
    packages = json.loads(text)["packages"]
    own = packages.pop("")
    assert all(one["integrity"].startswith("sha512-") for one in packages.values())
    version = packages["node_modules/onnxruntime-web"]["version"]
    assert own["dependencies"] == {"onnxruntime-web": version}
    assert "http" not in text


def test_the_page_carries_everything_and_no_name_breaks_it(npm):
    npm(0)
    guard = _photos_guard.Guard(0.7, 0.2, np.eye(3, 4, dtype="float16"))
    job = argparse.Namespace(name="a <b> [[files]]", image_size=96)
    names = ["</script><script>alert(1)", "[[settings]] \\d"]
    page = _photos_web.classifier(job, names, guard, b"the network")
    assert page.count("<script") == 6 and page.count("</script>") == 6  # five blocks, one program
    assert "<title>a &lt;b&gt; [[files]]</title>" in page
    settings = json.loads(re.search(r"const settings = (.*);\n", page)[1])
    assert settings == {"class_names": names, "image_size": 96, "probability_below": 0.7,
                        "distance_above": 0.2}  # fmt: skip
    blocks = dict(re.findall(r'<script type="text/plain" id="(\w+)">([^<]*)</script>', page))
    content = {key: gzip.decompress(base64.b64decode(text)) for key, text in blocks.items()}
    assert content["model"] == b"the network" and b"export async function" in content["pictures"]
    assert np.array_equal(np.frombuffer(content["known"], "<f4").reshape(3, 4), np.eye(3, 4))
    assert content["wasm"] == b"from npm: ort-wasm-simd-threaded.wasm"


@pytest.mark.parametrize("honest", [True, False])
def test_the_export_keeps_a_page_that_answers_as_keras(npm, tmp_path, honest, monkeypatch):
    for package in _photos_checks.NEEDS["web"]:
        pytest.importorskip(package)
    npm(0)
    known = tiny.images(num_per_class=4)
    model = tiny.with_random_head(transfer.add_head(tiny.backbone(), 2, seed=0))
    (out := tmp_path / "out").mkdir()
    model.save(out / "model.keras")
    if not honest:  # control: an exported network that answers something else
        monkeypatch.setattr(takeaway, "run_onnx", lambda _, images: np.full((len(images), 2), 0.5))
    job = argparse.Namespace(out=out, export=("web",), image_size=16, name="halves")
    guard = _photos_guard.Guard(0.6, 0.2, np.ones((2, 8), "float16"))
    album = argparse.Namespace(
        images=known.images, class_names=known.class_names, places=lambda _: np.arange(8)
    )
    steps = _photos_steps.begin(out, {}, fresh=False, outputs=())
    found = _photos_export.export(job, album, guard, steps)["classifier.html"]
    assert found["pictures"] == 8 and found["agrees"] is honest
    assert (out / "classifier.html").exists() is honest
    assert [path.suffix for path in out.glob("*") if "onnx" in path.name] == []
