"""Accounts for a class, one name a line: `accounts.py students.txt`, later `--remove`.

Prints a password for each new account. Each home directory is closed to the other students.
"""

import argparse
import pwd
import re
import secrets
import subprocess
import sys
from pathlib import Path

GROUPS = ("students", "teachers")  # as jupyterhub_config.py has them: both must exist
MADE_HERE = "tl_course student account"  # each account's comment: only such are ever removed
NAME = re.compile(r"[a-z][a-z0-9_-]{0,30}")


def read_names(path):
    """Return the names in a file; a name that useradd would refuse is an error."""
    names = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    names = [name for name in names if name]
    if wrong := [name for name in names if not NAME.fullmatch(name)]:
        raise ValueError(f"Names {wrong}: use a small letter first, then a-z, 0-9, - and _.")
    return names


def add(name, *, group):
    """Create an account with a home of its own; return its password, or None if it exists."""
    if subprocess.run(["id", name], capture_output=True).returncode == 0:
        return None
    for each in GROUPS:
        subprocess.run(["groupadd", "--force", each], check=True)
    closed = ["--create-home", "--key", "HOME_MODE=0700", "--shell", "/bin/bash",
              "--comment", MADE_HERE]  # fmt: skip
    subprocess.run(["useradd", *closed, "--groups", group, name], check=True)
    password = secrets.token_urlsafe(9)
    subprocess.run(["chpasswd"], input=f"{name}:{password}\n", text=True, check=True)
    return password


def remove(name):
    """Delete the account and all its files. ValueError for one that was not made here."""
    if pwd.getpwnam(name).pw_gecos.split(",")[0] != MADE_HERE:
        raise ValueError(f"{name!r} was not made by accounts.py: remove it by hand, if you must.")
    subprocess.run(["userdel", "--remove", name], check=True, stderr=subprocess.DEVNULL)


def main(argv=None):
    """Add or remove the accounts that a file names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", type=Path, help="a file with one name a line")
    parser.add_argument("--group", default="students", choices=GROUPS)
    parser.add_argument("--remove", action="store_true", help="delete accounts AND their files")
    options = parser.parse_args(argv)
    for name in read_names(options.names):
        if options.remove:
            try:
                remove(name)
            except (KeyError, ValueError) as error:  # unknown, or not ours: the others go on
                print(f"not removed: {error.args[0]}", file=sys.stderr)
        else:
            print(name, add(name, group=options.group) or "exists already", sep="\t")


if __name__ == "__main__":
    sys.exit(main())
