"""Imitate a class, as root, with the Python of install.sh: `make hub-check`.

Students with accounts of their own log in over HTTP, pull the course from a local repository, run
notebook 01 on their own servers, each with another SEED, and save it. Then each tries to read a
neighbour's file, one pulls an update, and one takes more memory than the limit.
"""

import argparse
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlencode

import nbformat

from deploy.one_server.trial import course, hub, memory, promises, student
from tl_course import records

ROOT = Path(__file__).resolve().parents[3]
LESSON = "tl_course/notebooks/01_motivation.ipynb"


def run_lesson(session, server, *, profile, seed):
    """Run notebook 01 as a student would, save it in the student's folder, return its headline."""
    url = f"{server}api/contents/{LESSON}"
    channel = student.open_notebook(session, server, LESSON)
    notebook = nbformat.from_dict(student.call(session, "GET", url)["content"])
    for cell in (cell for cell in notebook.cells if cell.cell_type == "code"):
        if "parameters" in cell.metadata.get("tags", []):
            cell.source = f'PROFILE = "{profile}"\nSEED = {seed}'
        cell.outputs = student.run_cell(channel, cell.source)
        student.printed(cell.outputs)  # raises what the cell raised
    student.call(session, "PUT", url, type="notebook", content=notebook)
    return records.recorded(notebook)["headline"]


def attend(address, name, password, query, *, profile, seed):
    """From one student's login to the result; return (the session, what it gave and took)."""
    server, begin = f"{address}/user/{name}/", time.monotonic()
    row = {"student": name, "seed": seed}
    session = student.log_in(address, name, password)
    link = f"{address}/hub/user-redirect/git-pull?{urlencode(query)}"
    student.open_link(session, link, server=server)
    row["server_s"] = round(time.monotonic() - begin, 1)
    student.pull(session, server, query)
    row["pulled_s"] = round(time.monotonic() - begin, 1)
    row["headline"] = run_lesson(session, server, profile=profile, seed=seed)
    row["result_s"] = round(time.monotonic() - begin, 1)
    row |= memory.memory_of(name) | memory.disk_of(name)
    student.close_notebooks(session, server)
    return session, row


def all_attend(address, passwords, query, profile):
    """All students at once; return ({name: session}, their rows)."""
    with ThreadPoolExecutor(len(passwords)) as threads:
        visits = [
            threads.submit(attend, address, *account, query, profile=profile, seed=seed)
            for seed, account in enumerate(passwords.items())
        ]
    sessions, rows = zip(*(visit.result() for visit in visits), strict=True)
    return dict(zip(passwords, sessions, strict=True)), rows


def hold_class(folder, number, profile):
    """Hold the class; return what was measured and which promises were kept."""
    names, bare = [f"tlstudent{seed}" for seed in range(number)], folder / "course.git"
    query = {"repo": f"file://{bare}", "targetpath": "tl_course", "urlpath": f"lab/tree/{LESSON}"}
    environment = course.publish(ROOT, bare) | hub.passed_on()
    with hub.class_list(names) as passwords, hub.running(folder, environment) as address:
        with memory.watched() as machine:
            sessions, rows = all_attend(address, passwords, query, profile)
        mine, last = f"{address}/user/{names[0]}/", names[-1:] + names[:-1]
        apart = [
            promises.kept_apart(address, sessions[name], name, other, LESSON)
            for name, other in zip(names, last, strict=True)
        ]
        kept = {
            "each has results of their own": len({str(row["headline"]) for row in rows}) == number,
            "none reads another's file": all(apart),
            "an update keeps the work": promises.update_keeps_work(
                sessions[names[0]], mine, query, bare, LESSON
            ),
            "only the greedy kernel dies": promises.only_the_greedy_kernel_dies(address, sessions),
        }
    return {"profile": profile, "machine": machine, "students": rows, "promises": kept}


def main(argv=None):
    """Hold the class, print and write what came of it; return 0 if every promise was kept."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True, help="what install.sh filled")
    parser.add_argument("--students", type=int, default=5)
    parser.add_argument("--profile", default="student", choices=("smoke", "student"))
    options = parser.parse_args(argv)
    measured = hold_class(options.folder.resolve(), options.students, options.profile)
    text = json.dumps(measured, indent=1)
    (options.folder / "class.json").write_text(text + "\n", encoding="utf-8")
    print(text)
    return int(not all(measured["promises"].values()))


if __name__ == "__main__":
    sys.exit(main())
