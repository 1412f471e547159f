"""How many students fit: the arithmetic behind the tables in the READMEs of deploy/.

Every figure comes from a measurement (data/results/course.json by `make course`,
deploy/one_server/class.json by `make hub-check`), from kubernetes/values.yaml, or from below.
"""

import json
import math
from pathlib import Path

DEPLOY = Path(__file__).resolve().parent
COURSE = DEPLOY.parent / "data" / "results" / "course.json"
HELD = DEPLOY / "one_server" / "class.json"
NEIGHBOURS = DEPLOY / "one_server" / "neighbours.json"
MACHINES = [(8, 32), (16, 64), (32, 128), (64, 256)]  # (cores, GB)
SYSTEM_GB = 2  # one server: what Linux, hub and proxy may take
STUDENTS, NODE = 300, (16, 64)  # cluster: the class, and the node that values.yaml is made for
RESERVED = 0.1  # share of a node that Kubernetes keeps; `kubectl describe node` says how much


def read(path):
    """Return what a JSON file holds."""
    return json.loads(path.read_text(encoding="utf-8"))


def core_minutes(*lessons):
    """Return minutes × cores of the longest of these lessons, or of all for no name."""
    course = read(COURSE)
    rows = [row for row in course["results"] if not lessons or row["notebook"] in lessons]
    return max(row["minutes"] for row in rows) * course["cores"]


def one_student():
    """Return what a student takes: GB of the largest lesson and of the server, core-minutes."""
    kernel = max(row["peak_gb"] for row in read(COURSE)["results"])
    server = max(row["server_gb"] for row in read(HELD)["students"])
    work = round(core_minutes(), 1)  # at most: not all cores were busy all the time
    return {"kernel": kernel, "server": server, "gb": round(kernel + server, 2), "work": work}


def whole(number):
    """Return how many whole ones there are; 57.6 / 1.6 is 36, whatever floats make of it."""
    return math.floor(round(number, 6))


def on_server(cores, gigabytes, student):
    """Return (students that fit, minutes of the longest lesson when all run it at once)."""
    fit = whole((gigabytes - SYSTEM_GB) / student["gb"])
    return fit, fit * student["work"] / cores


def on_nodes(cores, gigabytes, student, values):
    """Return (students a node by memory, by cores, nodes for the class, minutes as above)."""
    memory = whole(gigabytes * (1 - RESERVED) / gigabytes_of(values["memory"]["guarantee"]))
    processor = whole(cores * (1 - RESERVED) / values["cpu"]["guarantee"])
    fit = min(memory, processor)
    return memory, processor, math.ceil(STUDENTS / fit), fit * student["work"] / cores


def gigabytes_of(text):
    """Return "1.6G" as a number; JupyterHub and machines count GB in 2^30 bytes."""
    if not text.endswith("G"):
        raise ValueError(f"Memory {text!r} in values.yaml: write it in GB, like 1.6G.")
    return float(text.removesuffix("G"))
