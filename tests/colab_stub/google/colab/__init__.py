"""Stands for google.colab in `make test-colab`: loaded before the notebook starts, as on Colab.

On Colab the set-up cell gets the course from GitHub. Here each such address leads to the file that
TL_COURSE_ARCHIVE names, an archive of this very tree; all else that the cell asks pip for is real.
"""

import os
import re
import subprocess

real_run = subprocess.run


def run(command, *arguments, **options):
    """Do what subprocess.run does, with the archive in the place of an address at GitHub."""
    archive = os.environ.get("TL_COURSE_ARCHIVE")
    if archive and isinstance(command, list):
        command = [re.sub(r"https://github\.com/[^\s#]+", archive, str(c)) for c in command]
    return real_run(command, *arguments, **options)


subprocess.run = run
