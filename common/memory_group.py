"""A control group that holds its processes to so much memory (root, on Linux)."""

import contextlib
import os
import signal
import time
from pathlib import Path

GROUPS = Path("/sys/fs/cgroup")
# Processes and threads of one account: a kernel has about 60, and several more for each core.
MOST_TASKS = 512 + 16 * (os.cpu_count() or 1)


def limited_group(name, limit_bytes, *, groups=GROUPS):
    """Return a control group of that name, version 1 or 2, that holds at most so many bytes."""
    for parent, file in ((groups / "memory", "memory.limit_in_bytes"), (groups, "memory.max")):
        group = parent / name
        try:
            group.mkdir(exist_ok=True)
            (group / file).write_text(str(int(limit_bytes)))
            return group
        except OSError:
            continue
    raise RuntimeError(f"No control group with a memory limit can be made in {groups}: "
                       "run this as root, on Linux, with the memory controller on.")  # fmt: skip


def end_processes(group):
    """End every process that is still in the group, those that left their parents, too."""
    for _ in range(50):  # some start others while we look
        if not (left := (group / "cgroup.procs").read_text().split()):
            return
        for line in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(line), signal.SIGKILL)
        time.sleep(0.02)
