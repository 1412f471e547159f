"""JupyterHub for one class on one server. The steps are in README.md beside this file."""

import os
import pwd
import sys
from pathlib import Path

c = get_config()  # noqa: F821  JupyterHub puts it here

FOLDER = Path(os.environ.get("TL_COURSE_HUB", "/srv/tl_course"))  # where install.sh put things
BIN = Path(sys.prefix) / "bin"  # hub and students share one environment; only root may change it
STATE = FOLDER / "state"  # the hub's database and secrets: for root alone
STATE.mkdir(mode=0o700, parents=True, exist_ok=True)

# Behind a web server that does TLS, as in the README: never open this port to the network.
c.JupyterHub.bind_url = "http://127.0.0.1:8000"
c.JupyterHub.db_url = f"sqlite:///{STATE / 'jupyterhub.sqlite'}"
c.JupyterHub.cookie_secret_file = str(STATE / "cookie_secret")
proxy = FOLDER / "node" / "node_modules" / ".bin" / "configurable-http-proxy"
c.ConfigurableHTTPProxy.command = [str(proxy)]
c.ConfigurableHTTPProxy.pid_file = str(STATE / "proxy.pid")

# Accounts of the system (accounts.py makes them): file permissions then keep students apart.
c.JupyterHub.authenticator_class = "pam"
c.PAMAuthenticator.allowed_groups = {"students", "teachers"}
c.PAMAuthenticator.admin_groups = {"teachers"}

# One student's server and all its kernels together never hold more than this.
c.Spawner.mem_limit = "2G"
c.Spawner.cmd = [str(BIN / "jupyterhub-singleuser")]
c.Spawner.default_url = "/lab"
c.Spawner.start_timeout = 120  # when the whole class logs in within a minute
c.Spawner.http_timeout = 120
# Kernels talk over files in the student's home, not over ports that every account may read.
c.Spawner.args = ["--KernelManager.transport=ipc"]


def runtime_folder(spawner):
    """A short path in the student's closed home: a socket's name has at most 107 characters."""
    return str(Path(pwd.getpwnam(spawner.user.name).pw_dir) / ".jupyter_runtime")


c.Spawner.environment = {
    "JUPYTER_RUNTIME_DIR": runtime_folder,
    "KERAS_BACKEND": "tensorflow",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TL_COURSE_MIRROR": str(FOLDER / "photographs"),  # one copy for all, which nobody can change
}
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # the course's folder
from common import memory_group  # noqa: E402

if Path("/run/systemd/system").is_dir():  # what systemd's own sd_booted() asks
    c.JupyterHub.spawner_class = "systemd"
    c.SystemdSpawner.isolate_tmp = True
    c.SystemdSpawner.unit_extra_properties = {"TasksMax": str(memory_group.MOST_TASKS)}
else:
    c.JupyterHub.spawner_class = "deploy.one_server.control_group.ControlGroupSpawner"

# A server that nobody has used for an hour is stopped: its memory is free, its files stay.
CULLER = "idle-culler"
culler = [sys.executable, "-m", "jupyterhub_idle_culler", "--timeout=3600"]
scopes = ["list:users", "read:users:activity", "read:servers", "delete:servers"]
c.JupyterHub.services = [{"name": CULLER, "command": culler}]
c.JupyterHub.load_roles = [{"name": CULLER, "scopes": scopes, "services": [CULLER]}]
