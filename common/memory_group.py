"""A control group that holds its processes to so much memory (root, on Linux)."""

from pathlib import Path

GROUPS = Path("/sys/fs/cgroup")


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
