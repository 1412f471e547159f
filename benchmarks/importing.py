"""How long does `import tl_course` take, beyond starting Python?"""

import subprocess
import sys

from benchmarks import measuring


def measure(quick):
    """Rows: seconds of the import alone, and of Python's own start."""
    sides = {
        "import": lambda: subprocess.run([sys.executable, "-c", "import tl_course"], check=True),
        "start": lambda: subprocess.run([sys.executable, "-c", ""], check=True),
    }
    seconds = measuring.alternate(sides, 2 if quick else 11)
    alone = [i - s for i, s in zip(seconds["import"], seconds["start"], strict=True)]
    return [
        measuring.at_most("import tl_course, beyond Python's start", alone, 0.1, "s"),
        measuring.at_most("Python's start", seconds["start"], None, "s"),
    ]
