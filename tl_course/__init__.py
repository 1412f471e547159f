"""The vocabulary of a course on transfer learning: import the module you need, `tl_course.data`."""

__version__ = "0.1.0"
