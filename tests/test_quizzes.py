"""A quiz as HTML and as text: reachable by keyboard, whole without scripts, and no request.

What its script does, a real browser is asked in tests/e2e.
"""

import re
from html.parser import HTMLParser

import pytest

from tests.test_cards import shown, words_of
from tl_course import records
from tl_course.engine import quizzes

NAMES = [row["name"] for row in records.table("lessons")]
TRICKY = [
    {
        "question": 'Is `a < b` & "c" <script>alert(1)</script>?',
        "answers": [
            {"answer": "</details><b>Bold</b>", "correct": False, "feedback": "`x & y` is not"},
            {"answer": "It's so", "correct": True, "feedback": "Yes: </script><img src=x>"},
        ],
    }
]


class Groups(HTMLParser):
    """The groups of a page: the tags of each <fieldset> with their attributes, in order."""

    def __init__(self, page):
        super().__init__()
        self.groups, self.inside = [], False
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.inside |= tag == "fieldset"
        if tag == "fieldset":
            self.groups.append([])
        if self.inside:
            self.groups[-1].append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        self.inside &= tag != "fieldset"


def keyboard_faults(page, answers):
    """Departures from: a legend, one group of radio buttons with labels, a live region, reasons.

    answers: how many each question has.
    """
    groups, found, seen = Groups(page).groups, [], set()
    for tags in groups:
        radios = [a for tag, a in tags if tag == "input" and a.get("type") == "radio"]
        count, names = len(radios), {radio.get("name") for radio in radios}
        expected = answers[len(seen)] if len(seen) < len(answers) else 0
        labels = sum(tag == "label" for tag, _ in tags)
        if len(names) != 1 or names & seen or count != expected or labels != count:
            found.append("not one group of labelled radio buttons of its own")
        if [radio.get("value") for radio in radios] != [str(k) for k in range(count)]:
            found.append("buttons that do not count their answers")
        if not all("data-lm-suppress-shortcuts" in radio for radio in radios):
            found.append("a button whose arrow keys JupyterLab takes")
        if any("tabindex" in a or "onclick" in a for _, a in tags):
            found.append("an order of Tab that is not the page's")
        kinds = [tag for tag, _ in tags]
        if kinds[:2] != ["fieldset", "legend"] or kinds.count("summary") != 1:
            found.append("no legend first, or no reasons to open")
        if [a["aria-live"] for _, a in tags if "aria-live" in a] != ["polite"]:
            found.append("not one live region")
        if kinds.count("li") != count:
            found.append("not a reason for each answer")
        seen |= names or {None}
    return found + ([] if len(groups) == len(answers) else ["not all questions"])


@pytest.mark.parametrize("name", NAMES)
def test_every_quiz_is_reachable_by_keyboard(name):
    quiz = records.quiz(name)
    page = shown(quiz)["text/html"]
    assert keyboard_faults(page, [len(q["answers"]) for q in quiz.questions]) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('type="radio"', 'type="checkbox"'),
        ("-1-", "-2-"),
        ("<label>", "<div>"),
        ('data-lm-suppress-shortcuts="true"', ""),
        ("<legend>", "<p>"),
        ('aria-live="polite"', ""),
        ("<li>", "<p>"),
        ('value="1"', 'value="0"'),
        ("<fieldset>", "<div>"),
        ("<input ", '<input tabindex="-1" '),
        ("<summary>", "<p>"),
    ],
)
def test_a_planted_barrier_is_found(old, new):
    quiz = records.quiz(NAMES[0])
    page = shown(quiz)["text/html"]
    assert old in page
    answers = [len(q["answers"]) for q in quiz.questions]
    assert keyboard_faults(page.replace(old, new), answers)


def test_two_quizzes_on_a_page_share_no_group():
    names = [
        {attrs["name"] for tags in Groups(shown(records.quiz(name))["text/html"]).groups
         for tag, attrs in tags if tag == "input"}
        for name in NAMES
    ]  # fmt: skip
    assert len(set().union(*names)) == sum(map(len, names))


def test_what_is_written_stays_text():
    page = quizzes.as_html("tricky", 1, TRICKY[0])
    (tags,) = Groups(page).groups
    assert {tag for tag, _ in tags} == {
        "fieldset", "legend", "label", "input", "div", "details", "summary", "ul", "li", "span",
        "b", "code",
    }  # fmt: skip
    assert "<code>a &lt; b</code> &amp; &quot;c&quot; &lt;script&gt;" in page
    for text in ("</details><b>Bold</b>", "It's so", "Yes: </script><img src=x>"):
        assert text in words_of(page)


def requests_of(page):
    """What in a page would make a browser ask for something else."""
    return re.findall(r"(?i)https?:|//\w+\.\w+|\bsrc=|url\(|fetch\(|@import|\bimport\b|href=", page)


def test_a_quiz_asks_for_nothing():
    for name in NAMES:
        assert requests_of(shown(records.quiz(name))["text/html"]) == []
    for planted in ('<img src="a.png">', "fetch('/x')", "<a href='#'>", "@import 'a.css'"):
        assert requests_of(planted) != []


@pytest.mark.parametrize("name", NAMES)
def test_text_and_html_say_the_same(name):
    quiz = records.quiz(name)
    bundle = shown(quiz)
    page, text = words_of(bundle["text/html"]), bundle["text/plain"]
    for number, question in enumerate(quiz.questions, start=1):
        for words in (question["question"], *(a["answer"] for a in question["answers"])):
            assert words in text and words.replace("`", "") in re.sub(r" (?=[.,:;?])", "", page)
        right = [answer["correct"] for answer in question["answers"]].index(True)
        block = text.split(f"{number}. ", 1)[1]
        assert f"Right: {'abcd'[right]}" in block.split("\n\n")[0]
    assert len(text.split("\n\n")) == len(quiz.questions)


def test_shown_twice_it_is_the_same():
    assert shown(records.quiz(NAMES[0])) == shown(records.quiz(NAMES[0]))
