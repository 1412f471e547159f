"""What the hub promises a class, each tried out: a function a promise, True where it is kept."""

import time
from pathlib import Path

from deploy.one_server.trial import course, student

TOO_MUCH = 3_000_000_000  # bytes; the configuration allows a student 2 GB


def kept_apart(hub, session, name, other, path):
    """A student can neither read another's file nor reach the other's server."""
    server, theirs = f"{hub}/user/{name}/", Path("/home") / other / path
    channel = student.open_notebook(session, server, "spy.ipynb")
    error = student.run_cell(channel, f"open({str(theirs)!r})")[-1]
    student.close_notebooks(session, server)
    answer = session.get(f"{hub}/user/{other}/api/contents/{path}")
    return error.get("ename") == "PermissionError" and answer.status_code in (403, 404)


def update_keeps_work(session, server, query, bare, path):
    """A student who pulls an update gets it, and keeps the notebook that was run."""
    contents = f"{server}api/contents"
    before = student.call(session, "GET", f"{contents}/{path}")["content"]
    course.publish_update(bare, "notebooks/NEWS.txt", "Lesson 1 has a new picture.\n")
    student.pull(session, server, query)
    news = student.call(session, "GET", f"{contents}/{query['targetpath']}/notebooks/NEWS.txt")
    after = student.call(session, "GET", f"{contents}/{path}")["content"]
    return news["content"].startswith("Lesson 1") and after == before


def only_the_greedy_kernel_dies(hub, sessions):
    """A cell that takes too much ends its own kernel, and nothing else."""
    channels = [
        student.open_notebook(session, f"{hub}/user/{name}/", "big.ipynb")
        for name, session in sessions.items()
    ]
    for channel in channels:
        student.run_cell(channel, "kept = 41")
    try:
        student.run_cell(channels[0], f"block = b'x' * {TOO_MUCH}")
        return False
    except student.KernelDied:
        time.sleep(5)  # Jupyter starts it again, empty
    greedy = student.run_cell(channels[0], "kept")[-1].get("ename")
    others = [student.printed(student.run_cell(each, "print(kept + 1)")) for each in channels[1:]]
    return greedy == "NameError" and set(others) == {"42"}
