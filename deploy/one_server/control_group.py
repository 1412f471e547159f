"""The limits for a machine without systemd (a container): a control group a student.

With systemd, JupyterHub's own SystemdSpawner does this and the file is not used.
"""

import contextlib
import os
import resource

from jupyterhub.spawner import LocalProcessSpawner

from common import memory_group  # jupyterhub_config.py adds the course's folder


class ControlGroupSpawner(LocalProcessSpawner):
    """Starts a student's server, which starts the kernels, inside a group with `mem_limit`."""

    def make_preexec_fn(self, name):
        """Return what the new process does first: enter the group, then become the student."""
        become_student = super().make_preexec_fn(name)
        self.group = memory_group.limited_group(f"tl_course_{name}", self.mem_limit)

        def enter():
            (self.group / "cgroup.procs").write_text(str(os.getpid()))
            hardest = resource.getrlimit(resource.RLIMIT_NPROC)[1] % 2**63  # -1: none
            most = min(memory_group.MOST_TASKS, hardest)  # of the account; root has no such limit
            resource.setrlimit(resource.RLIMIT_NPROC, (most, most))
            become_student()

        return enter

    async def stop(self, now=False):
        """Stop the server, end what it left behind, then remove its group."""
        await super().stop(now)
        with contextlib.suppress(AttributeError, OSError):  # not ours, or a kernel is still ending
            memory_group.end_processes(self.group)
            self.group.rmdir()
