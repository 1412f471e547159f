"""Make a classifier of a folder of photographs, one sub-folder a class, with a report on it."""

import sys
from pathlib import Path

from tl_course import __version__
from tl_course.commands import (
    _photos_checks,
    _photos_files,
    _photos_folder,
    _photos_progress,
    _photos_steps,
    _photos_work,
)

SIZE = 160  # pixels


def add_arguments(parser):
    """Declare what the command accepts."""
    one = parser.add_argument
    one("folder", type=Path, metavar="FOLDER", help="photographs in FOLDER/CLASS/, or in train/, "
        "val/ and test/ of such folders")  # fmt: skip
    one("--out", type=Path, required=True, metavar="DIR", help="where the results go")
    one("--image-size", default=SIZE, type=int, metavar="N", help=f"pixels, {SIZE} by default")
    one("--seed", default=0, type=int, metavar="N", help="of every random number")
    one("--test", type=Path, metavar="FOLDER", help="a test set of its own, with the same classes")
    one("--group-by", metavar="PATTERN", help="a regular expression on CLASS/FILE; its first group "
        "is the person, day or video, which stays on one side of the split")  # fmt: skip
    one("--export", default=[], nargs="+", choices=sorted(_photos_checks.NEEDS),
        help="the model in other formats, too, each asked the same pictures")  # fmt: skip
    one("--no-notebook", action="store_true", help="do not run lesson 6 on the folder, minutes")
    one("--fresh", action="store_true", help="begin anew where an earlier run was begun")


def prepare(options):
    """(Job, parts, Steps, seconds that each stage may take): everything is checked before work."""
    job = _photos_checks.job(options)
    parts = _photos_folder.parts_of(job.folder, job.test)
    found = _photos_folder.listings(parts)
    for part, listing in found.items():
        inside = [path.relative_to(parts[part]).as_posix() for paths in listing.classes.values()
                  for path in paths]  # fmt: skip
        _photos_folder.group_keys(inside, job.group_by)
    _photos_checks.check_out(job.out, [job.folder, *filter(None, [job.test])])
    digests = _photos_folder.fingerprint(found, parts)
    _photos_checks.check_room(job.out, len(digests), job.image_size)
    identity = {
        "photographs": _photos_folder.digest(digests), "image size": job.image_size,
        "seed": job.seed, "group-by": job.group_by, "version of the course": __version__,
    }  # fmt: skip
    outputs = _photos_files.OUTPUTS
    steps = _photos_steps.begin(job.out, identity, fresh=options.fresh, outputs=outputs)
    return job, parts, steps, _photos_work.seconds(job, len(digests))


def main(options):
    """Run the command; return 0, or 1 with a sentence on what is in the way, or 130 if stopped."""
    try:
        job, parts, steps, seconds = prepare(options)
        progress = _photos_progress.Progress(seconds, steps)
        return _photos_work.work(job, parts, steps, progress)
    except KeyboardInterrupt:
        print("\nStopped. The same command goes on where it was.", file=sys.stderr)
        return 130
    except OSError as error:
        place = f" ({error.filename})" if error.filename else ""
        print(f"{error.strerror or error}{place}: what is whole was kept; mend that, and the same "
              "command goes on where it was.", file=sys.stderr)  # fmt: skip
    except (ValueError, RuntimeError, ModuleNotFoundError, MemoryError) as error:
        print(error or type(error).__name__, file=sys.stderr)
    return 1
