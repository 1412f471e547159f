"""The package's docstrings are plain text; here they become reStructuredText."""

import inspect
import re

CODE = re.compile(r"`([^`\n]+)`")


def escaped(text):
    """Return a text in which nothing is markup but what stands between backticks."""
    parts = CODE.split(text)
    plain = [re.sub(r"([\\*`|_])", r"\\\1", part) for part in parts[::2]]
    code = [f"``{part}``" for part in parts[1::2]] + [""]
    return "".join(part for pair in zip(plain, code, strict=True) for part in pair)


def arguments(described):
    """Return what finds "name: " in a docstring, for the arguments of what it describes."""
    try:
        names = "|".join(map(re.escape, inspect.signature(described).parameters))
    except (TypeError, ValueError):  # a module, a number
        names = ""
    return re.compile(rf"(?<![\w.])((?:{names})(?:, (?:{names}))*): ") if names else None


def as_rst(app, what, name, described, options, lines):
    """Make the lines of a docstring reStructuredText, in place; names of arguments are bold."""
    found = arguments(described)
    for place, line in enumerate(lines):
        parts = found.split(line) if found else [line]
        parts[::2] = map(escaped, parts[::2])
        parts[1::2] = (f"**{escaped(part)}**: " for part in parts[1::2])
        lines[place] = "".join(parts)


def without_words(app, what, name, described, skip, options):
    """Leave out the fields of a named tuple: its own docstring tells what they are."""
    return True if type(described).__name__ == "_tuplegetter" else None
