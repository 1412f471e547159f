"""The commands of the course: `python -m tl_course` lists them."""

import argparse
import importlib
import pkgutil
import sys

from tl_course import __version__, commands


def command_modules(first=None):
    """Return {name: module} of the commands found in tl_course/commands/, in alphabetical order.

    Only the one called `first`, where there is one: `doctor` works where others lack a package.
    """
    found = sorted(module.name for module in pkgutil.iter_modules(commands.__path__))
    names = [name for name in found if not name.startswith("_")]
    names = [name for name in names if name == first] or names
    return {name: importlib.import_module(f"tl_course.commands.{name}") for name in names}


def build_parser(modules):
    """Return the parser with one sub-command for each module."""
    parser = argparse.ArgumentParser(prog="python -m tl_course", description=__doc__)
    parser.add_argument("--version", action="version", version=f"tl_course {__version__}")
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND")
    for name, module in modules.items():
        summary = module.__doc__.splitlines()[0]
        subparser = subparsers.add_parser(name, help=summary, description=summary)
        if hasattr(module, "add_arguments"):
            module.add_arguments(subparser)
        subparser.set_defaults(main=module.main)
    return parser


def main(argv=None):
    """Run the command that `argv` names, or print the list of commands; return the exit code."""
    argv = sys.argv[1:] if argv is None else argv
    try:
        parser = build_parser(command_modules(*argv[:1]))
    except ModuleNotFoundError as error:
        print(f"FAILED  the package {error.name} is missing; run `make setup` (README).")
        return 1
    options = parser.parse_args(argv)
    if "main" not in options:
        parser.print_help()
        return 0
    return options.main(options)


if __name__ == "__main__":
    sys.exit(main())
