"""deploy/: what can be checked of JupyterHub where none is installed. The rest: make hub-check."""

import importlib
import json
import math
import os
import py_compile
import re
import resource
import subprocess
import sys
import types
from pathlib import Path

import pytest
import yaml
from traitlets.config import Config

from common import memory_group
from deploy import capacity
from deploy.one_server import accounts
from deploy.one_server.trial import memory, neighbours, promises, simulate_class, student
from tests.lessons import ROOT
from tests.test_binder import not_flat

SERVER, CLUSTER = ROOT / "deploy" / "one_server", ROOT / "deploy" / "kubernetes"
VALUES = yaml.safe_load((CLUSTER / "values.yaml").read_text(encoding="utf-8"))
GROUP_MODULE = "deploy.one_server.control_group"
PIN = re.compile(r"(?m)^([\w.\-]+)==([\w.]+)")


def configuration(folder, monkeypatch):
    """What jupyterhub_config.py configures, read as JupyterHub reads it."""
    monkeypatch.setenv("TL_COURSE_HUB", str(folder))
    config, path = Config(), SERVER / "jupyterhub_config.py"
    exec(compile(path.read_text(), path, "exec"), {"get_config": lambda: config, "__file__": path})
    return config


# ---------------------------------------------------------------- pins


@pytest.mark.parametrize("folder", [SERVER, CLUSTER])
def test_requirements_are_flat_pins_of_the_versions_that_the_tests_ran_with(folder):
    text = (folder / "requirements.txt").read_text(encoding="utf-8")
    assert not_flat(text) == []
    ours, theirs = PIN.findall((ROOT / "requirements.txt").read_text()), PIN.findall(text)
    names = {name for name, _ in ours}
    assert {pin for pin in theirs if pin[0] in names} <= set(ours)
    assert {"jupyterhub", "nbgitpuller", "jupyterlab", "tensorflow-cpu"} <= dict(theirs).keys()


def test_the_image_has_the_hub_version_of_the_chart():
    wanted = re.search(r"jupyterhub==([\d.]+)\.\*", (CLUSTER / "requirements.in").read_text())[1]
    assert dict(PIN.findall((CLUSTER / "requirements.txt").read_text()))["jupyterhub"].startswith(
        wanted + "."
    )


def test_the_proxy_comes_from_a_lock_file_with_hashes():
    """Each file of it, and from whichever registry a server uses: no address is in the lock."""
    wanted = json.loads((SERVER / "package.json").read_text())["dependencies"]
    locked = json.loads((SERVER / "package-lock.json").read_text())["packages"]
    assert locked.pop("")["dependencies"] == wanted
    assert {name: locked[f"node_modules/{name}"]["version"] for name in wanted} == wanted
    for package in locked.values():
        assert package["integrity"].startswith("sha512-") and "resolved" not in package
    assert "npm ci " in (SERVER / "install.sh").read_text()


# ---------------------------------------------------------------- one server


def test_python_files_compile(tmp_path):
    for path in SERVER.rglob("*.py"):
        py_compile.compile(str(path), cfile=str(tmp_path / "compiled"), doraise=True)


def test_the_hub_is_closed_by_default(tmp_path, monkeypatch):
    config = configuration(tmp_path, monkeypatch)
    assert config.JupyterHub.bind_url.startswith("http://127.0.0.1:")
    assert config.JupyterHub.authenticator_class == "pam"
    assert config.PAMAuthenticator.allowed_groups == set(accounts.GROUPS)
    assert config.PAMAuthenticator.admin_groups < config.PAMAuthenticator.allowed_groups
    assert "allow_all" not in config.Authenticator
    assert (tmp_path / "state").stat().st_mode & 0o077 == 0


def test_kernels_talk_over_files_that_only_their_owner_can_open(tmp_path, monkeypatch):
    """A port on 127.0.0.1 is open to every account, and what a kernel publishes needs no key."""
    config = configuration(tmp_path, monkeypatch)
    assert "--KernelManager.transport=ipc" in config.Spawner.args
    folder = config.Spawner.environment["JUPYTER_RUNTIME_DIR"]
    longest = types.SimpleNamespace(pw_dir="/home/" + "a" * 31)  # accounts.NAME allows no more
    monkeypatch.setattr("pwd.getpwnam", lambda name: longest)
    spawner = types.SimpleNamespace(user=types.SimpleNamespace(name="ada"))
    socket = f"{folder(spawner)}/kernel-{'0' * 36}-ipc-5"
    assert len(socket) <= 107


class Group:
    """A control group, whose list of processes is read again and again."""

    def __init__(self, processes):
        self.processes = processes

    def __truediv__(self, name):
        return self.processes


def test_what_a_server_leaves_behind_is_ended():
    """Those, too, that are started while it looks: it looks until none is there."""
    left = [subprocess.Popen(["sleep", "60"], start_new_session=True) for _ in range(2)]
    seen = [[left[0]], [left[0], left[1]], []]
    there = types.SimpleNamespace(read_text=lambda: " ".join(str(p.pid) for p in seen.pop(0)))
    memory_group.end_processes(Group(there))
    assert [process.wait(timeout=5) for process in left] == [-9, -9] and seen == []


def test_only_accounts_made_here_are_removed(tmp_path, monkeypatch, capsys):
    ran = []
    monkeypatch.setattr("subprocess.run", lambda call, **_: ran.append(call))
    known = {"ada": f"{accounts.MADE_HERE},,,", "daemon": "daemon"}
    entry = lambda name: types.SimpleNamespace(pw_gecos=known[name])  # noqa: E731
    monkeypatch.setattr("pwd.getpwnam", entry)
    names = tmp_path / "students.txt"
    names.write_text("daemon\nnobody-here\nada\n")
    accounts.main([str(names), "--remove"])
    assert ran == [["userdel", "--remove", "ada"]]
    assert "'daemon' was not made by accounts.py" in capsys.readouterr().err


def test_the_hub_limits_memory_with_and_without_systemd(tmp_path, monkeypatch):
    for systemd, spawner in ((True, "systemd"), (False, f"{GROUP_MODULE}.ControlGroupSpawner")):
        monkeypatch.setattr("pathlib.Path.is_dir", lambda path, answer=systemd: answer)
        config = configuration(tmp_path / spawner, monkeypatch)
        assert config.JupyterHub.spawner_class == spawner
        limit = capacity.gigabytes_of(config.Spawner.mem_limit)
        assert capacity.one_student()["gb"] <= limit < promises.TOO_MUCH / 2**30


def test_the_hub_finds_what_holds_a_student_to_the_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", [p for p in sys.path if not (Path(p) / "deploy").is_dir()])
    monkeypatch.setattr("pathlib.Path.is_dir", lambda path: False)  # a machine without systemd
    configuration(tmp_path, monkeypatch)
    for name in (GROUP_MODULE, "common.memory_group"):
        file = f"{name.replace('.', '/')}.py"
        assert [p for p in sys.path if (Path(p) / file).is_file()] == [str(ROOT)]


def test_the_service_starts_what_install_puts_there():
    unit = (SERVER / "tl-course-hub.service").read_text()
    folder = re.search(r"folder=\$\{1:-(.+)\}", (SERVER / "install.sh").read_text())[1]
    program, _, config = re.search(r"ExecStart=(\S+) (--config) (\S+)", unit).groups()
    assert program == f"{folder}/venv/bin/jupyterhub"
    assert (ROOT / config.removeprefix(f"{folder}/course/")).is_file()
    assert os.access(SERVER / "install.sh", os.X_OK)


def test_names_of_accounts_are_checked(tmp_path):
    names = tmp_path / "students.txt"
    names.write_text("ada\n\n grace-h \n")
    assert accounts.read_names(names) == ["ada", "grace-h"]
    for wrong in ("Ada", "ada lovelace", "-x", "a;rm"):
        names.write_text(f"ada\n{wrong}\n")
        with pytest.raises(ValueError, match=re.escape(repr(wrong))):
            accounts.read_names(names)


# ---------------------------------------------------------------- the imitated class


class Channel:
    """A kernel's websocket that says what it is told to."""

    def __init__(self, *messages):
        self.messages = list(messages)

    def send(self, text):
        self.request = json.loads(text)["header"]["msg_id"]

    def recv(self):
        kind, content = self.messages.pop(0)
        parent = {"msg_id": self.request}
        return json.dumps({"header": {"msg_type": kind}, "parent_header": parent,
                           "metadata": {}, "content": content})  # fmt: skip


IDLE = ("status", {"execution_state": "idle"})


def test_a_cell_gives_its_outputs():
    said = ("stream", {"name": "stdout", "text": "42\n"})
    assert student.printed(student.run_cell(Channel(said, IDLE), "print(42)")) == "42"


def test_a_cell_that_fails_or_kills_its_kernel_is_an_error():
    failed = ("error", {"ename": "ValueError", "evalue": "no", "traceback": []})
    with pytest.raises(RuntimeError, match="ValueError: no"):
        student.printed(student.run_cell(Channel(failed, IDLE), "x"))
    with pytest.raises(student.KernelDied):
        student.run_cell(Channel(("status", {"execution_state": "restarting"})), "x")


@pytest.fixture
def kernels(monkeypatch):
    """Three students' kernels without a hub; `deaths`: whose kernels end with the greedy cell."""
    deaths, dead = set(), set()

    def run_cell(name, code):
        if "block" in code and name in deaths:
            dead.update(deaths)
            raise student.KernelDied(code)
        if name in dead:
            return [{"output_type": "error", "ename": "NameError"}]
        return [{"output_type": "stream", "name": "stdout", "text": "42\n"}]

    monkeypatch.setattr(promises.student, "open_notebook", lambda session, *_: session)
    monkeypatch.setattr(promises.student, "run_cell", run_cell)
    monkeypatch.setattr(promises.student, "printed", lambda outputs: outputs[0].get("text", "")[:2])
    monkeypatch.setattr(promises.time, "sleep", lambda seconds: None)
    return deaths


FOUND = json.loads((SERVER / "neighbours.json").read_text(encoding="utf-8"))


def test_neighbours_were_kept_apart_when_it_was_last_tried():
    assert neighbours.is_kept(FOUND)


@pytest.mark.parametrize(
    ("part", "change"),
    [
        ("after", {"heard": True}), ("after", {"started": FOUND["limit"] + 100}),
        ("after", {"neighbour_works": False}), ("after", {"left_behind": 1}),
        ("before", {"heard": False}), ("before", {"started": 9}), ("before", {"left_behind": 0}),
    ],
)  # fmt: skip
def test_a_probe_that_finds_something_or_is_blind_is_noticed(part, change):
    assert not neighbours.is_kept(FOUND | {part: FOUND[part] | change})
    assert not neighbours.is_kept(FOUND | {"foreign_account_stays": False})


def test_the_trial_of_a_hub_without_protection_takes_all_of_it_away(tmp_path, monkeypatch):
    config = configuration(tmp_path, monkeypatch)
    for name in ("MOST_TASKS", "end_processes"):  # put back after the test
        monkeypatch.setattr(memory_group, name, getattr(memory_group, name))
    exec(neighbours.UNPROTECTED, {"c": config})
    assert config.Spawner.args == [] and memory_group.MOST_TASKS > FOUND["limit"] * 10


def limits_of(most, monkeypatch):
    """What a server's process is limited to, as its first lines set it: seen from inside."""
    monkeypatch.setattr(memory_group, "MOST_TASKS", most)
    spawner = types.ModuleType("jupyterhub.spawner")
    spawner.LocalProcessSpawner = type(
        "Local", (), {"mem_limit": 1, "make_preexec_fn": lambda self, name: lambda: None}
    )
    monkeypatch.setitem(sys.modules, "jupyterhub", types.ModuleType("jupyterhub"))
    monkeypatch.setitem(sys.modules, "jupyterhub.spawner", spawner)
    monkeypatch.delitem(sys.modules, GROUP_MODULE, raising=False)
    return importlib.import_module(GROUP_MODULE).ControlGroupSpawner()


@pytest.mark.parametrize("most", [200, 10**9])
def test_a_server_enters_its_group_and_gets_its_limit(tmp_path, monkeypatch, most):
    spawner = limits_of(most, monkeypatch)
    monkeypatch.setattr(memory_group, "limited_group", lambda name, limit: tmp_path)
    code = "import resource; print(resource.getrlimit(resource.RLIMIT_NPROC))"
    seen = subprocess.run([sys.executable, "-c", code], preexec_fn=spawner.make_preexec_fn("ada"),
                          capture_output=True, text=True, check=True).stdout  # fmt: skip
    hardest = resource.getrlimit(resource.RLIMIT_NPROC)[1]
    allowed = most if hardest < 0 else min(most, hardest)
    assert seen.strip() == f"({allowed}, {allowed})"
    assert int((tmp_path / "cgroup.procs").read_text()) > 0


@pytest.mark.parametrize(
    ("deaths", "kept"),
    [({"ada"}, True), (set(), False), ({"ada", "grace"}, False)],
    ids=["limited", "no limit", "one limit for all"],
)
def test_a_missing_limit_is_noticed(kernels, deaths, kept):
    kernels.update(deaths)
    sessions = {name: name for name in ("ada", "grace", "linus")}
    assert promises.only_the_greedy_kernel_dies("http://hub", sessions) is kept


def test_memory_is_watched():
    with memory.watched() as machine:
        block = bytearray(os.urandom(1)) * 300_000_000
    assert len(block) == 300_000_000
    assert machine["before_gb"] <= machine["peak_gb"] <= machine["memory_gb"]


def test_the_class_runs_lesson_1():
    assert (ROOT / simulate_class.LESSON.removeprefix("tl_course/")).is_file()
    assert simulate_class.ROOT == ROOT


# ---------------------------------------------------------------- arithmetic


def test_minutes_are_multiplied_by_the_value_cores(tmp_path, monkeypatch):
    rows = [{"notebook": "01_a", "minutes": 2.0}, {"notebook": "02_b", "minutes": 3.0}]
    course = {"machine": "a cluster of 99 nodes", "cores": 4, "results": rows}
    (tmp_path / "course.json").write_text(json.dumps(course))
    monkeypatch.setattr(capacity, "COURSE", tmp_path / "course.json")
    assert capacity.core_minutes() == 12 and capacity.core_minutes("01_a") == 8


def test_a_class_on_one_server_by_hand():
    student = {"gb": 2.0, "work": 4.0}
    assert capacity.on_server(8, 32, student) == (15, 7.5)  # (32 - 2) / 2; 15 × 4 / 8


def test_a_class_on_nodes_by_hand():
    values = {"memory": {"guarantee": "2G"}, "cpu": {"guarantee": 0.5}}
    by_memory, by_cores, nodes, minutes = capacity.on_nodes(16, 64, {"work": 4.0}, values)
    assert (by_memory, by_cores, nodes) == (28, 28, 11)  # 57.6 / 2; 14.4 / 0.5; 300 / 28
    assert minutes == 28 * 4 / 16


def test_memory_in_another_unit_is_refused():
    with pytest.raises(ValueError, match="1600M"):
        capacity.gigabytes_of("1600M")


def test_the_values_follow_from_what_a_student_takes(tmp_path, monkeypatch):
    user, taken = VALUES["singleuser"], capacity.one_student()["gb"]
    assert capacity.gigabytes_of(user["memory"]["guarantee"]) == math.ceil(taken * 10) / 10
    assert user["memory"]["limit"] == configuration(tmp_path, monkeypatch).Spawner.mem_limit
    by_memory, by_cores, _, _ = capacity.on_nodes(*capacity.NODE, {"work": 1}, user)
    assert by_cores >= by_memory, "memory, not cores, should decide how many fit"
    assert VALUES["scheduling"]["userPlaceholder"]["replicas"] == min(by_memory, by_cores)


def test_the_image_is_made_of_files_that_exist():
    text = (CLUSTER / "Dockerfile").read_text()
    for source in re.findall(r"(?m)^COPY (\S+) ", text):
        assert (ROOT / source).exists()
    mirror = VALUES["singleuser"]["extraEnv"]["TL_COURSE_MIRROR"]
    assert f"TL_COURSE_CACHE={mirror} " in text
    assert not mirror.startswith("/home"), "a student's disk is mounted over it"


def test_nothing_secret_is_filled_in():
    sign_in = VALUES["hub"]["config"]["GenericOAuthenticator"]
    assert sign_in["client_secret"] == "CHANGE" == sign_in["client_id"]
