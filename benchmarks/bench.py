"""How fast is the course's engine, beside what one would use otherwise? `make bench`.

    python -m benchmarks.bench [--only NAME ...] [--quick] [--output FOLDER]

Each case runs in a process of its own and alternates ours with its peers; a ratio is the peer's
seconds over ours in the same repetition, so a busy machine slows both. Writes bench.json and
bench.md, and prints the table. `--quick`: tiny sizes, to see that every case runs.
"""

import argparse
import datetime
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("tensorflow-cpu", "keras", "numpy", "ai-edge-litert", "onnxruntime", "pillow")
CASES = {  # name: the module that measures it, by a function `measure(quick)`
    "features": "benchmarks.features",
    "head": "benchmarks.head",
    "fine_tuning": "benchmarks.fine_tuning",
    "photographs": "benchmarks.photographs",
    "memory": "benchmarks.memory",
    "importing": "benchmarks.importing",
}
HEAD = "| case | what | measured | lowest to highest | asked | |\n|---|---|---|---|---|---|\n"


def run_case(name, quick):
    """The rows of one case, from a process of its own; one row that says so when it fails."""
    code = f"import json, {CASES[name]} as case; print(json.dumps(case.measure({quick})))"
    environment = os.environ | {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"}
    call = [sys.executable, "-c", code]
    done = subprocess.run(call, cwd=ROOT, env=environment, capture_output=True, text=True)
    if done.returncode:
        reason = done.stderr.strip().splitlines()[-1:] or [f"exit status {done.returncode}"]
        return [{"case": name, "what": reason[0][:200], "holds": False}]
    return [{"case": name, **row} for row in json.loads(done.stdout.splitlines()[-1])]


def table(rows):
    """The rows as a Markdown table."""
    lines = []
    for row in rows:
        values = row.get("values", [])
        middle = f"{sorted(values)[len(values) // 2]:.3g} {row['unit']}" if values else ""
        spread = f"{min(values):.3g} to {max(values):.3g}" if len(values) > 1 else ""
        verdict = {True: "yes", False: "**no**", None: ""}[row.get("holds")]
        cells = row["case"], row["what"], middle, spread, row.get("asked", ""), verdict
        lines.append(f"| {' | '.join(cells)} |\n")
    return HEAD + "".join(lines)


def machine():
    """What a figure depends on, a dict: when, cores, load, versions."""
    return {
        "date": datetime.date.today().isoformat(),
        "python": platform.python_version(),
        "cores": len(os.sched_getaffinity(0)),
        "load": os.getloadavg(),
        "versions": {name: importlib.metadata.version(name) for name in PACKAGES},
    }


def main():
    """Read the command line, measure, write, print; exit status 1 when something falls short."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=CASES, default=list(CASES), metavar="NAME")
    parser.add_argument("--quick", action="store_true", help="tiny sizes: does every case run?")
    parser.add_argument("--output", type=Path, default=ROOT / "build" / "bench")
    options = parser.parse_args()
    before, rows = machine(), []
    for name in options.only:
        rows += run_case(name, options.quick)
        print(f"{name} done", file=sys.stderr, flush=True)
    report = {"before": before, "after": machine(), "quick": options.quick, "rows": rows}
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / "bench.json").write_text(json.dumps(report, indent=1), encoding="utf-8")
    (options.output / "bench.md").write_text(table(rows), encoding="utf-8")
    print(table(rows))
    return int(not options.quick and any(row.get("holds") is False for row in rows))


if __name__ == "__main__":
    sys.exit(main())
