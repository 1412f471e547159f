"""Did I solve the exercise, and which classic mistake is this?

Each check takes what you made (a model, sets, pipelines, a claim) and returns what it finds there:
a list of Finding, empty when all is well, or None when there is nothing yet. It measures: it runs
the model on a few pictures, compares weights, asks the loss. What it does not understand it calls
"I cannot tell", with what to pass; no check raises. `report` prints them. The 22 mistakes and their
numbers: docs/classic_mistakes.md.

One file a question; this one only gathers them, so that lessons say `checks.inputs(...)`.
"""

from tl_course.checks.claims import claim, metric
from tl_course.checks.head import head_phase
from tl_course.checks.pixels import inputs
from tl_course.checks.sets import pipelines, sets
from tl_course.checks.tuning import fine_tuning
from tl_course.engine import computer

__all__ = ["claim", "fine_tuning", "head_phase", "inputs", "metric", "pipelines", "report", "sets"]


def report(findings):
    """Print what a check found: a sentence and a question for each.

    With TL_COURSE_GRADING set, as nbgrader needs it, anything but an empty list raises an
    AssertionError with the same words.
    """
    words = "\n".join(map(str, findings or ())) or "Well done: no classic mistake found."
    words = "not attempted yet" if findings is None else words
    if computer.setting("GRADING") and findings != []:
        raise AssertionError(words)
    print(words)
