"""Download the photographs of the course, or check that they are here."""

import sys

from tl_course import photographs, records


def add_arguments(parser):
    """Declare what the command accepts."""
    accepted = ", ".join(records.DATASETS)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{accepted}; all by default")


def main(options):
    """Fetch each data set, say where it is; return 0 if all are here and 1 if one is not."""
    failures = 0
    for name in options.names or records.DATASETS:
        try:
            print(f"{name}: complete and verified in {photographs.fetch(name)}")
        except (photographs.PhotographsUnavailable, ValueError, OSError) as error:
            print(f"{name}: {error}", file=sys.stderr)
            failures += 1
    return int(failures > 0)
