"""Download the photographs of the course, or check that they are here."""

import sys

from tl_course import photographs, records


def add_arguments(parser):
    """Declare what the command accepts."""
    accepted = ", ".join(records.DATASETS)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{accepted}; all by default")


def main(options):
    """Fetch each data set, say where it is; return 0 if all are here, else 1, 130 after Ctrl-C."""
    failures = 0
    for name in options.names or records.DATASETS:
        try:
            print(f"{name}: complete and verified in {photographs.fetch(name)}")
        except (photographs.PhotographsUnavailable, ValueError, OSError) as error:
            print(f"{name}: {error}", file=sys.stderr)
            failures += 1
        except KeyboardInterrupt:
            print("Stopped: what has come is kept, the same command goes on.", file=sys.stderr)
            return 130
    return int(failures > 0)
