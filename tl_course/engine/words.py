"""How does text from outside become part of a line? Whole, on one line, with nothing hidden in it.

A file's name may hold a new line, a terminal's escape sequence, a mark that turns the direction of
reading, or bytes that are no text. Printed as they are, they forge a report.
"""

import re
import unicodedata

JOINERS = "\u200c\u200d"  # not to be seen, and yet parts of words in Persian or Hindi, and of emoji
FEW = 10  # lines for one reason; further files are counted


def one_line(text):
    r"""The text, whatever cannot be seen written as its code: \n, \x1b, \u202e, or \udcff.

    \udcff stands for a byte that is not UTF-8, here 255; \x20 for a space at an end. A backslash is
    doubled: two texts never become one.
    """
    letters = str(text).replace("\\", "\\\\")
    neighbours = zip("a" + letters, letters, letters[1:] + "a", strict=False)
    shown = "".join(_shown(*three) for three in neighbours)
    return re.sub("^ | $", r"\\x20", shown)


def _shown(before, letter, after):
    joins = letter in JOINERS and not (before.isascii() or after.isascii())
    return letter if letter.isprintable() or joins else coded(letter)


def coded(letter):
    r"""A letter as its code, such as \u65e5."""
    return letter.encode("unicode_escape").decode()


def class_name(folder_name):
    """The name of a folder as the name of a class: composed Unicode (NFC), on one line."""
    return one_line(unicodedata.normalize("NFC", folder_name))


def path(file):
    """A path with each of its names on one line."""
    return "/".join(map(one_line, file.split("/")))


def reports(begin, reasons):
    """Lines "BEGIN FILE: REASON" for {file: reason}, at most FEW where only numbers differ."""
    alike = {}
    for file, reason in reasons.items():
        alike.setdefault(re.sub(r"\d+", "0", reason), []).append((file, reason))
    for group in alike.values():
        for file, reason in group[:FEW]:
            yield f"{begin} {path(file)}: {one_line(reason)}"
        if len(group) > FEW:
            yield f"{begin} {len(group) - FEW:,} more files: {one_line(group[FEW][1])}"
