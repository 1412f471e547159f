"""How nbval runs the golden notebooks: as `make golden` did."""

import os
import tempfile
from pathlib import Path
from unittest import mock

import pytest

from tools import write_golden

FOLDER = tempfile.TemporaryDirectory()  # gone when pytest ends
with mock.patch.dict(os.environ):
    write_golden.set_environment(Path(FOLDER.name))
    ENVIRONMENT = dict(os.environ)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol():
    """Around each cell; the first starts the notebook's kernel, which takes the environment."""
    with mock.patch.dict(os.environ, ENVIRONMENT, clear=True):
        return (yield)


def pytest_itemcollected(item):
    item.add_marker("lesson")  # minutes rather than seconds
