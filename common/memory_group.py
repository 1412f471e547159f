"""A control group that holds its processes to so much memory and number (root, on Linux)."""

import contextlib
import os
import signal
from pathlib import Path

GROUPS = Path("/sys/fs/cgroup")
MOST_TASKS = 512  # processes and threads of one student: a kernel has about 60


def limited_group(name, limit_bytes, *, groups=GROUPS):
    """Return a control group of that name, version 1 or 2, that holds at most so many bytes."""
    for parent, file in ((groups / "memory", "memory.limit_in_bytes"), (groups, "memory.max")):
        group = parent / name
        try:
            group.mkdir(exist_ok=True)
            (group / file).write_text(str(int(limit_bytes)))
            with contextlib.suppress(OSError):  # version 1 counts tasks elsewhere
                (group / "pids.max").write_text(str(MOST_TASKS))
            return group
        except OSError:
            continue
    raise RuntimeError(f"No control group with a memory limit can be made in {groups}: "
                       "run this as root, on Linux, with the memory controller on.")  # fmt: skip


def end_processes(group):
    """End every process that is still in the group, those that left their parents, too."""
    for line in (group / "cgroup.procs").read_text().split():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(line), signal.SIGKILL)
