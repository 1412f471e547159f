"""Which derived files are stale? `python -m tools.stale`.

Everything that takes seconds is written again in a copy of the tree, uncommitted changes included,
and git says what changed. A golden notebook takes minutes: its cells are compared with those of
its solution. Prints each stale file with the command that writes it, and changes nothing here.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tools import golden_cells, tree

ROOT = Path(__file__).resolve().parent.parent
WRITERS = {  # in this order: README quotes the notebooks
    "tools.build_notebooks": "make notebooks",
    "tools.draw_pictures": "make readme",
    "tools.start_page": "make readme",  # it shows the pictures
    "tools.readme_table": "make readme",  # it quotes the pictures' words
    "tools.paper": "make readme",
    "deploy.tables": "make readme",
    "tools.links": "make links",
}


def rewritten(copy, module):
    """Run a writer in a copy; return the files that it changed, made or removed."""
    environment = os.environ | {"PYTHONPATH": str(copy)}  # not the course that is installed
    writer = [sys.executable, "-m", module]
    subprocess.run(writer, cwd=copy, env=environment, check=True, stdout=subprocess.DEVNULL)
    call = ["git", "status", "--porcelain", "--untracked-files=all", "-z"]
    lines = subprocess.run(call, cwd=copy, check=True, capture_output=True, text=True).stdout
    subprocess.run(["git", "add", "--all"], cwd=copy, check=True)  # the next one starts from here
    return [line[3:] for line in lines.split("\0") if line and line[1] != " "]


def golden(root):
    """Return the golden notebooks that are missing, without a solution, or have other cells."""
    kept = root / "tests" / "golden"
    solved = golden_cells.solved(root).values()
    paths = {path.name: path for path in [*kept.glob("*.ipynb"), *solved]}
    return [
        f"tests/golden/{name}"
        for name, path in sorted(paths.items())
        if path.parent == kept or golden_cells.sources(kept / name) != golden_cells.sources(path)
    ]


def stale(root):
    """Return {file: the command that writes it} of what is stale under `root`."""
    with tempfile.TemporaryDirectory() as scratch:
        copy = tree.copy(root, Path(scratch) / "course")
        found = {name: command for m, command in WRITERS.items() for name in rewritten(copy, m)}
        return found | {name: "make golden" for name in golden(copy)}


def main(root=ROOT):
    """Name what is stale; return 1 if something is, else 0."""
    found = stale(root)
    for name, command in found.items():
        print(f"stale: {name} (run `{command}`)")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
