"""A hub to try things on: the real configuration, free ports on 127.0.0.1, made-up students."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import requests

from deploy.one_server import accounts

CONFIG_FILE = Path(__file__).resolve().parents[1] / "jupyterhub_config.py"
CONFIG = """
load_subconfig({config!r})
c = get_config()
c.JupyterHub.bind_url = "http://127.0.0.1:{ports[0]}"
c.JupyterHub.hub_port = {ports[1]}
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{ports[2]}"
c.Spawner.environment.update({environment!r})
"""


def free_ports(number):
    """Return ports of this machine that nothing listens on."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(number)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def passed_on():
    """Return the settings of this shell that the students' servers should see, too."""
    names = ("TL_COURSE_MIRROR", "TL_COURSE_OFFLINE")
    return {name: os.environ[name] for name in names if name in os.environ}


def group_exists(name):
    """Whether the system has a group of that name."""
    return subprocess.run(["getent", "group", name], capture_output=True).returncode == 0


@contextlib.contextmanager
def class_list(names):
    """Give {name: password} of new accounts, deleted afterwards with the groups that are new."""
    new_groups = [group for group in accounts.GROUPS if not group_exists(group)]
    passwords = {name: accounts.add(name, group="students") for name in names}
    try:
        if taken := [name for name, password in passwords.items() if password is None]:
            raise ValueError(f"Accounts {taken} exist already: remove them first.")
        if subprocess.run(["runuser", "-u", names[0], "--", sys.executable, "-V"]).returncode:
            raise PermissionError(f"Students may not start {sys.executable}: install the hub and "
                                  "its Python in a folder that everybody can read.")  # fmt: skip
        yield passwords
    finally:
        for name in (name for name, password in passwords.items() if password):
            accounts.remove(name)
        for group in new_groups:
            subprocess.run(["groupdel", group], check=True)


@contextlib.contextmanager
def running(folder, environment, more=""):
    """Give the address of a hub that works in `folder`; stop it afterwards, servers and all.

    more: lines to add to the configuration.
    """
    shutil.rmtree(folder / "state", ignore_errors=True)
    config, ports = folder / "trial_config.py", free_ports(3)
    config.write_text(CONFIG.format(config=str(CONFIG_FILE), ports=ports,
                                    environment=environment) + more)  # fmt: skip
    command = [sys.executable, "-m", "jupyterhub", "--config", config]
    with open(folder / "hub.log", "w") as log:
        hub = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log,
                               env=os.environ | {"TL_COURSE_HUB": str(folder)})  # fmt: skip
    address = f"http://127.0.0.1:{ports[0]}"
    try:
        for _ in range(60):
            with contextlib.suppress(requests.ConnectionError):
                if requests.get(f"{address}/hub/health").ok:
                    break
            time.sleep(1)
        yield address
    finally:
        hub.terminate()
        hub.wait(timeout=90)
