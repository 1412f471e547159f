"""Fill the tables in the READMEs of deploy/: `python -m deploy.tables`, or `make readme`."""

import sys

import yaml

from common import marked_blocks
from deploy import capacity
from tl_course.commands import _notebooks

DEPLOY = capacity.DEPLOY


def class_table(held):
    """Return what `make hub-check` measured, as markdown."""
    columns = ["seed", "server_s", "pulled_s", "result_s", "kernel_gb", "server_gb", "home_mb"]
    rows = f"| {' | '.join(columns)} | headline |\n|{'---|' * 8}\n"
    for row in held["students"]:
        found = _notebooks.headline_in_words(row["headline"])
        rows += f"| {' | '.join(str(row[name]) for name in columns)} | {found} |\n"
    machine = held["machine"]
    used = f"{machine['before_gb']} GB in use before, {machine['peak_gb']} GB at most"
    kept = "; ".join(f"{name}: {kept}" for name, kept in held["promises"].items())
    where = f"{machine['cores']} cores, {machine['memory_gb']} GB ({used})"
    took = max(row["result_s"] for row in held["students"]) / 60
    rule = len(held["students"]) * capacity.core_minutes("01_motivation") / machine["cores"]
    return (
        f"{rows}\nProfile `{held['profile']}`, {where}. Promises: {kept}. For lesson 1 the rule of "
        f"the last column above gives {rule:.1f} minutes; the slowest here took {took:.1f}."
    )


def neighbours_table(found):
    """Return what two students could do to each other, without and with protection."""
    shown = {
        "addresses of the neighbour that were listened to": "addresses",
        "the neighbour's output was heard": "heard",
        f"processes started, of {found['limit'] + 100} tried": "started",
        "the neighbour could work on": "neighbour_works",
        "processes left when the server was stopped": "left_behind",
    }
    rows = "| probe | without protection | as configured |\n|---|---|---|\n"
    for name, key in shown.items():
        rows += f"| {name} | {found['before'][key]} | {found['after'][key]} |\n"
    stays = found["foreign_account_stays"]
    return f"{rows}\nAn account of somebody else stays when `--remove` names it: {stays}."


def student_table(student):
    """Return what one student takes, as markdown."""
    return (
        "| one student takes | | measured by |\n|---|---|---|\n"
        f"| kernel of the largest lesson | {student['kernel']:.2f} GB | `make course` |\n"
        f"| Jupyter server | {student['server']:.2f} GB | `make hub-check` |\n"
        f"| together | {student['gb']:.2f} GB | |\n"
        f"| the longest lesson | {student['work']:.1f} minutes × cores | `make course` |"
    )


def server_table(student):
    """Return how many students fit on which machine, as markdown."""
    rows = "| machine | students by memory | minutes, if all run the longest lesson at once |\n"
    rows += "|---|---|---|"
    for cores, gigabytes in capacity.MACHINES:
        fit, minutes = capacity.on_server(cores, gigabytes, student)
        memory = f"({gigabytes} - {capacity.SYSTEM_GB}) / {student['gb']:.2f} → {fit}"
        time = f"{fit} × {student['work']} / {cores} → {minutes:.0f}"
        rows += f"\n| {cores} cores, {gigabytes} GB | {memory} | {time} |"
    return rows


def cluster_table(student, values):
    """Return the arithmetic of the cluster, as markdown."""
    memory, cpu = values["memory"]["guarantee"], values["cpu"]["guarantee"]
    left = 1 - capacity.RESERVED
    rows = "| node | by memory | by cores | nodes | disk | minutes, if all run at once |\n"
    rows += "|---|---|---|---|---|---|"
    for cores, gigabytes in capacity.MACHINES:
        by_memory, by_cores, nodes, minutes = capacity.on_nodes(cores, gigabytes, student, values)
        fit = min(by_memory, by_cores)
        rows += (
            f"\n| {cores} cores, {gigabytes} GB"
            f" | {gigabytes} × {left} / {capacity.gigabytes_of(memory)} → {by_memory}"
            f" | {cores} × {left} / {cpu} → {by_cores} | {capacity.STUDENTS} / {fit} → {nodes}"
            f" | {capacity.STUDENTS} × {values['storage']['capacity']}"
            f" | {fit} × {student['work']} / {cores} → {minutes:.0f} |"
        )
    return rows


def tables():
    """Return {page: {name of the place: the table that belongs there}}."""
    student, one, many = capacity.one_student(), DEPLOY / "one_server", DEPLOY / "kubernetes"
    values = yaml.safe_load((many / "values.yaml").read_text(encoding="utf-8"))["singleuser"]
    takes = student_table(student)
    held = capacity.read(capacity.HELD)
    return {
        one / "README.md": {
            "student": takes, "machines": server_table(student), "class": class_table(held),
            "neighbours": neighbours_table(capacity.read(capacity.NEIGHBOURS)),
        },
        many / "README.md": {"student": takes, "nodes": cluster_table(student, values)},
    }  # fmt: skip


def main():
    """Fill the tables; return 0."""
    for page, texts in tables().items():
        for name, text in texts.items():
            marked_blocks.fill(page, name, text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
