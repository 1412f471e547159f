"""The memory limit for a machine without systemd (a container): a control group a student.

With systemd, JupyterHub's own SystemdSpawner does this and the file is not used.
"""

import contextlib
import os
from pathlib import Path

from jupyterhub.spawner import LocalProcessSpawner

GROUPS = Path("/sys/fs/cgroup")


def limited_group(name, limit_bytes):
    """Return a control group of that name, version 1 or 2, that holds at most so many bytes."""
    for parent, file in ((GROUPS / "memory", "memory.limit_in_bytes"), (GROUPS, "memory.max")):
        group = parent / name
        try:
            group.mkdir(exist_ok=True)
            (group / file).write_text(str(limit_bytes))
            return group
        except OSError:
            continue
    raise RuntimeError(f"No control group with a memory limit can be made in {GROUPS}: "
                       "run the hub as root, on Linux, with the memory controller on.")  # fmt: skip


class ControlGroupSpawner(LocalProcessSpawner):
    """Starts a student's server, which starts the kernels, inside a group with `mem_limit`."""

    def make_preexec_fn(self, name):
        """Return what the new process does first: enter the group, then become the student."""
        become_student = super().make_preexec_fn(name)
        self.group = limited_group(f"tl_course_{name}", self.mem_limit)

        def enter():
            (self.group / "cgroup.procs").write_text(str(os.getpid()))
            become_student()

        return enter

    async def stop(self, now=False):
        """Stop the server, then remove its group."""
        await super().stop(now)
        with contextlib.suppress(AttributeError, OSError):  # not ours, or a kernel is still ending
            self.group.rmdir()
