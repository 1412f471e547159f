"""deploy/lab: the settings with which `make lab` and Binder start JupyterLab."""

import asyncio
import json
import platform

import nbformat
import pytest
from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager
from traitlets.config.loader import PyFileConfigLoader

from tests.lessons import ROOT
from tools import lab_metadata

SETTINGS = ROOT / "deploy" / "lab"


def manager_class():
    config = PyFileConfigLoader("jupyter_server_config.py", path=str(SETTINGS)).load_config()
    return config.ServerApp.contents_manager_class


def version(kind, folder, name, **options):
    model = asyncio.run(kind(root_dir=str(folder)).get(name, **options))
    return model["content"]["metadata"].get("language_info", {}).get("version")


@pytest.fixture
def folder(tmp_path):
    language = lab_metadata.LANGUAGE | {"version": "3.0.0"}
    for name, metadata in (("a", {"language_info": language}), ("b", {})):
        nbformat.write(nbformat.v4.new_notebook(metadata=metadata), tmp_path / f"{name}.ipynb")
    return tmp_path


def test_a_notebook_names_the_python_that_runs_here(folder):
    before = (folder / "a.ipynb").read_bytes()
    assert version(manager_class(), folder, "a.ipynb") == platform.python_version()
    assert version(AsyncLargeFileManager, folder, "a.ipynb") == "3.0.0", "control"
    assert version(manager_class(), folder, "b.ipynb") is None, "nothing is added"
    assert (folder / "a.ipynb").read_bytes() == before


def test_folders_and_what_is_not_read_are_left_alone(folder):
    manager = manager_class()(root_dir=str(folder))
    listed = asyncio.run(manager.get(""))["content"]
    assert {model["name"] for model in listed} == {"a.ipynb", "b.ipynb"}
    assert asyncio.run(manager.get("a.ipynb", content=False))["content"] is None


def test_jupyterlab_asks_for_no_news():
    text = (SETTINGS / "labconfig" / "default_setting_overrides.json").read_text(encoding="utf-8")
    notification = json.loads(text)["@jupyterlab/apputils-extension:notification"]
    assert notification == {"fetchNews": "false", "checkForUpdates": False}
