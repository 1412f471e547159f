"""A quiz for a notebook: native radio buttons, a reason for each answer, no network.

With scripts, an answer brings its reason, which a screen reader says aloud. Where scripts do not
run (GitHub, a notebook that is not trusted), the reasons wait behind "Answers". Needs the standard
library only.
"""

import html
import re
from pathlib import Path
from typing import NamedTuple

BEHAVIOUR = Path(__file__).with_name("quiz.html")  # its look, and what happens on a click or a key
# JupyterLab takes arrow keys for itself, unless the focused element says this, not one around it.
BUTTON = 'type="radio" data-lm-suppress-shortcuts="true"'
VERDICTS = {True: "", False: "<b>Not this one.</b> "}  # a right answer's feedback begins with Yes
HOW = "Tab moves to a question, arrow keys choose, Enter or Space answers. A click does, too."


class Quiz(NamedTuple):
    """A lesson's questions, each a dict of `question` and `answers`; shows itself in a notebook.

    An answer is a dict of `answer`, `correct` and `feedback`. Backticks mark code.
    """

    name: str
    questions: list

    def __str__(self):
        return "\n\n".join(as_text(k, each) for k, each in enumerate(self.questions, start=1))

    def _repr_pretty_(self, printer, _cycle):
        printer.text(str(self))

    def _repr_html_(self):
        parts = (as_html(self.name, k, each) for k, each in enumerate(self.questions, start=1))
        how = f'<p class="how" hidden>{HOW}</p>'
        page = BEHAVIOUR.read_text(encoding="utf-8")
        return f'<div class="tl-quiz">\n{how}\n{"".join(parts)}</div>\n{page}'


def as_text(number, question):
    """A question as text: its answers by letter, and which is right."""
    letters = dict(zip("abcdefgh", question["answers"], strict=False))
    lines = [f"   {letter}) {answer['answer']}" for letter, answer in letters.items()]
    right = [letter for letter, answer in letters.items() if answer["correct"]]
    return "\n".join([f"{number}. {question['question']}", *lines, f"   Right: {', '.join(right)}"])


def as_html(name, number, question):
    """A question as HTML: a group of radio buttons, a place for the reason, all the reasons."""
    group, buttons, reasons = f"{name}-{number}-", "", ""
    for k, answer in enumerate(question["answers"]):
        words, verdict = marked(answer["answer"]), VERDICTS[answer["correct"]]
        buttons += f'<label><input {BUTTON} name="{group}" value="{k}"> {words}</label>\n'
        kind, why = "right" if answer["correct"] else "wrong", marked(answer["feedback"])
        reasons += f'<li>{words} <span class="{kind}">{verdict}{why}</span></li>\n'
    return (
        f"<fieldset><legend>{number}. {marked(question['question'])}</legend>\n{buttons}"
        '<div class="said" aria-live="polite"></div>\n'
        f"<details><summary>Answers</summary><ul>\n{reasons}</ul></details></fieldset>\n"
    )


def marked(text):
    """The text as HTML, with what stands between backticks as code."""
    return re.sub("`([^`]+)`", r"<code>\1</code>", html.escape(text))
