"""Peak memory, each figure from a process of its own (VmHWM, Linux).

Features of a stream of batches of pictures (224 px): the outputs go to a memory-mapped file beyond
20 MB, so they do not count. A first run converts the network, which the others find in the cache.
Near-duplicates of 20,000 pictures of 32 px: above the pictures.
"""

import subprocess
import sys

from benchmarks import measuring

PEAK = """
def peak():
    "Megabytes."
    lines = open("/proc/self/status").read().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1e3
"""
FEATURES = """
import numpy as np
from tl_course import machine
machine.ready()
from tl_course import backbones, transfer
network = backbones.load_backbone("efficientnet_lite0", image_size={size})
random = np.random.default_rng(0)
def batches():
    for start in range(0, {num}, 32):
        count = min(32, {num} - start)
        yield random.integers(0, 256, (count, {size}, {size}, 3), dtype="uint8")
features = transfer.extract_features(network, batches(), memory_limit=20e6)
assert features.shape == ({num}, 1280)
print(peak())
"""
DUPLICATES = """
import numpy as np
from tl_course import data
pictures = np.random.default_rng(0).integers(0, 256, ({num}, 32, 32, 3), dtype="uint8")
pictures[-1] = pictures[0]
before = peak()
assert data.near_duplicates(pictures)[0] == (0, {num} - 1, 0)
print(peak() - before)
"""


def peak(code, **values):
    """The number that a script prints last, run in a fresh process."""
    call = [sys.executable, "-c", PEAK + code.format(**values)]
    return float(
        subprocess.run(call, check=True, capture_output=True, text=True).stdout.split()[-1]
    )


def measure(quick):
    """Rows: peaks of features, the largest over the smallest, and of near-duplicates."""
    size, nums = (64, (40, 80, 160)) if quick else (224, (1000, 5000, 20000))
    converting = peak(FEATURES, size=size, num=nums[0])  # unless the cache holds it already
    peaks = {num: peak(FEATURES, size=size, num=num) for num in nums}
    growth = max(peaks.values()) / min(peaks.values())
    many = 500 if quick else 20000
    return [
        *(
            measuring.at_most(f"features of {num:,} pictures", [megabytes], None, "MB")
            for num, megabytes in peaks.items()
        ),
        measuring.at_most("features, largest / smallest", [growth], 1.1, "times"),
        measuring.at_most("features, the first time on a computer", [converting], None, "MB"),
        measuring.at_most(f"near_duplicates of {many:,}", [peak(DUPLICATES, num=many)], 300, "MB"),
    ]
