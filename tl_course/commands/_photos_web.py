"""What runs a network in a browser, and the classifier as one page that needs nothing else."""

import base64
import gzip
import html
import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from tl_course.engine import computer

FOLDER = Path(__file__).resolve().parent.parent / "web"
RUNTIME = ("ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm")
LOCK = "package-lock.json"  # which version, and the hash that npm checks it with


def runtime():
    """The two files of onnxruntime-web, {name: bytes}: from the cache, else from npm, once.

    ValueError, in one sentence, where they cannot be had.
    """
    locked = json.loads((FOLDER / LOCK).read_text(encoding="utf-8"))["packages"]
    version = locked["node_modules/onnxruntime-web"]["version"]
    here = Path(computer.cache_folder()) / f"onnxruntime-web-{version}"
    if not here.is_dir():
        _install(here)
    return {name: (here / name).read_bytes() for name in RUNTIME}


def _install(here):
    """Let npm fetch what the lock file names, in a folder of its own, and keep the two files."""
    if computer.setting("OFFLINE"):
        raise ValueError(
            "onnxruntime-web is not here, and TL_COURSE_OFFLINE is set: unset it once."
        )
    if not (npm := shutil.which("npm")):
        raise ValueError("onnxruntime-web comes from npm, which is not installed: install Node.js.")
    here.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=here.parent) as folder:
        for name in ("package.json", LOCK):
            shutil.copy(FOLDER / name, folder)
        call = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        done = subprocess.run(call, cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode:
            reason = (done.stderr.splitlines() or [f"code {done.returncode}"])[0]
            raise ValueError(f"npm could not fetch onnxruntime-web ({reason[:200]}): try again "
                             f"with a network.")  # fmt: skip
        (kept := Path(folder) / "kept").mkdir()
        for name in RUNTIME:
            shutil.copy(Path(folder, "node_modules", "onnxruntime-web", "dist", name), kept)
        if not here.is_dir():  # another process may have been quicker
            kept.rename(here)


def packed(content):
    """Bytes with gzip, the same ones on every day."""
    return gzip.compress(content, compresslevel=9, mtime=0)


def classifier(job, class_names, guard, model):
    """The page's text: a classifier that opens by a double click. model: the bytes of its ONNX.

    Its network has the outputs `features` and `probabilities`; guard decides about "don't know".
    """
    script, wasm = runtime().values()
    known = guard.known.astype("<f4").tobytes()
    pictures = (FOLDER / "pictures.js").read_bytes()
    carried = {"script": script, "wasm": wasm, "model": model, "known": known, "pictures": pictures}
    settings = {
        "class_names": list(class_names), "image_size": job.image_size,
        "probability_below": guard.probability, "distance_above": guard.distance,
    }  # fmt: skip
    parts = {
        "name": html.escape(job.name), "files": "\n".join(map(_block, carried.items())),
        "settings": json.dumps(settings).replace("<", "\\u003c"),
    }  # fmt: skip
    text = (FOLDER / "classifier.html").read_text(encoding="utf-8")
    return re.sub(r"\[\[(name|files|settings)\]\]", lambda found: parts[found[1]], text)


def _block(item):
    letters = base64.b64encode(packed(item[1])).decode("ascii")
    return f'<script type="text/plain" id="{item[0]}">{letters}</script>'
