"""The vocabulary of a course on transfer learning: import the module you need, `tl_course.data`."""

import sys

__version__ = "0.1.0"

if hasattr(sys.stdout, "reconfigure"):  # a name or a sign that a terminal cannot show is escaped,
    sys.stdout.reconfigure(errors="backslashreplace")  # as on standard error: no print may fail
