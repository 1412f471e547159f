"""Every bad input that the tests try, and what the user sees: `python -m tests.bad_inputs`.

It runs the tests and listens at four doors: a folder that is read or audited, one picture that is
read, and a command. Nothing in the table is typed. It goes to build/bad_inputs.md, without the
controls.
"""

import contextlib
import functools
import io
import re
import sys
from pathlib import Path

import pytest

from tl_course import __main__, photographs
from tl_course.engine import pictures

ROOT = Path(__file__).parents[1]
TABLE = ROOT / "build" / "bad_inputs.md"
TESTS = {  # a file of tests, and which of them
    "tests/test_hostile.py": "not control and not memory and not bands",
    "tests/test_photos.py": "cannot_work or nowhere or lacks or refused or full_disk or missing"
    " or in_the_way or stopped",
}
FOLDER = re.compile(r"/tmp/[^\s'\"]*?/(?=[^/\s'\"]*['\"\s:,)]|[^/]*$)")
QUIET = "nothing: it is read and used"


class Listener:
    """A plugin of pytest that keeps what each test's user sees."""

    def __init__(self):
        self.rows, self.test, self.inside = {}, None, False

    def pytest_runtest_call(self, item):
        self.test = item

    def door(self, function):
        """The function, which also tells this listener what it said or raised."""

        @functools.wraps(function)
        def listened(*arguments, **options):
            if self.inside:
                return function(*arguments, **options)
            said, errors, self.inside = io.StringIO(), io.StringIO(), True
            lines = []
            try:
                with contextlib.redirect_stdout(said), contextlib.redirect_stderr(errors):
                    found = function(*arguments, **options)
                lines = [*found[1]] if function is read else []
                lines += found.findings if function is audit else []
                return found
            except Exception as error:
                lines = [str(error) or type(error).__name__]
                raise
            finally:
                self.inside = False
                sys.stdout.write(said.getvalue())
                sys.stderr.write(errors.getvalue())
                is_command = function is command
                text = errors if is_command and errors.getvalue() else said
                self.keep([*text.getvalue().splitlines(), *lines])

        return listened

    def keep(self, lines):
        """A row for the test that runs now."""
        name = self.test.name.removeprefix("test_").partition("[")
        which = re.sub(r"^\S*-more\d+-", "", name[2].removesuffix("]"))
        what = name[0].replace("_", " "), which
        short = [FOLDER.sub("…/", line.replace(str(ROOT), "…")) for line in lines if line]
        shown = short or [QUIET]
        self.rows.setdefault(what, []).extend(line for line in shown if line not in
                                              self.rows.get(what, []))  # fmt: skip


read, audit, command = pictures.read, photographs.audit, __main__.main


def code(line):
    """A line as it is, for Markdown."""
    return f"`` {line} ``" if "`" in line else f"`{line}`"


def table(rows):
    """Markdown: a row a bad input."""
    lines = ["| what is tried | which | what the user sees |", "|---|---|---|"]
    for (what, which), seen in rows.items():
        cells = what, which, "<br>".join(line if line == QUIET else code(line) for line in seen)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def main():
    """Run the tests, write the table; the exit code of the tests."""
    listener, code = Listener(), 0
    photographs.load_folder = listener.door(photographs.load_folder)
    photographs.audit = listener.door(audit)
    pictures.read, __main__.main = listener.door(read), listener.door(command)
    for path, which in TESTS.items():
        options = ["-q", "-p", "no:nbval", "-p", "no:cacheprovider", "-o", "addopts=", "-k", which]
        code |= pytest.main([str(ROOT / path), *options], plugins=[listener])
    TABLE.parent.mkdir(exist_ok=True)
    TABLE.write_text(table(listener.rows), encoding="utf-8")
    print(f"{TABLE.relative_to(ROOT)}: {len(listener.rows)} bad inputs")
    return code


if __name__ == "__main__":
    sys.exit(main())
