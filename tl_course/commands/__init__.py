"""What the course can do from a shell: one module per command, listed by `python -m tl_course`.

A command module has a docstring whose first line is its help text, and `main(options) -> int`, the
exit code; `add_arguments(parser)` declares its options, where it has any. A module with an
underscore before its name is no command: it holds what commands share, or a part of a long one.
"""
