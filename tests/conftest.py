"""What every test stands on: settings before any import of Keras, and no network."""

import os
import sys
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["MPLBACKEND"] = "Agg"

sys.path.insert(0, str(Path(__file__).parent / "guard"))
sys.modules.pop("sitecustomize", None)  # the system's own, where Python started with one
import sitecustomize  # noqa: E402, F401


def pytest_configure(config):
    """Tell nbval what it must not compare, wherever pytest was started."""
    config.option.nbval_sanitize_with = str(Path(__file__).parent / "golden" / "sanitize.cfg")
