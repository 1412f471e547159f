"""Each student notebook in a real JupyterLab, by mouse and by keyboard, in light and dark."""

import json

import nbformat
import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.e2e.jupyterlab import Lesson
from tests.lessons import LESSONS, ROOT
from tl_course import records
from tools import lab_metadata

NAMES = [path.stem for path in LESSONS]
OUTPUTS, QUIZ = ".jp-Notebook .jp-OutputArea-output", ".jp-Notebook .tl-quiz"
FOCUS = "(document.activeElement.closest('fieldset')?.querySelector('legend')?.innerText ?? '')"
SIDES = ("scroll", "client")
PHONE = {"viewport": {"width": 390, "height": 844}}


def violations(page):
    """Rules of axe-core that our outputs break, critical or serious, with the place."""
    page.add_style_tag(content=".jp-Cell { content-visibility: visible !important }")
    found = Axe().run(page, context={"include": [[OUTPUTS]]}).response["violations"]
    grave = [rule for rule in found if rule["impact"] in ("critical", "serious")]
    return [f"{rule['id']}: {node['html'][:200]}" for rule in grave for node in rule["nodes"]]


def without_alt(page):
    """Pictures of the notebook that no screen reader can describe."""
    pictures = page.locator(".jp-Notebook .jp-RenderedHTMLCommon img").all()  # not the editor's own
    assert pictures
    return [p.get_attribute("src")[:40] for p in pictures if not p.get_attribute("alt")]


def look(page, name):
    page.screenshot(path=ROOT / "build" / "e2e" / f"{name}.png")


def use_keys(lesson, quiz):
    """Go through the quiz with keys alone; return what the first question's live region says."""
    page, keys = lesson.page, lesson.page.keyboard
    questions = records.quiz(quiz).questions
    page.locator(f"{QUIZ} .how").click()  # Tab goes on from where one clicked
    active, reached = lesson.asked("it.content.activeCellIndex"), []
    for _ in range(len(questions) + 1):  # one for the toolbar of the cell
        keys.press("Tab")
        reached += filter(None, [page.evaluate(FOCUS)])
    reached = reached[: len(questions)]
    assert [text[:2] for text in reached] == [f"{k}." for k in range(1, len(questions) + 1)]
    while not page.evaluate(FOCUS).startswith("1."):
        keys.press("Shift+Tab")
    keys.press("ArrowDown")
    keys.press("ArrowDown")
    said = page.locator(f"{QUIZ} [aria-live=polite]").first
    assert said.inner_text() == "", "arrow keys only choose"
    keys.press("Enter")
    assert lesson.asked("it.content.activeCellIndex") == active, "the keys left the cell"
    ring = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert ring == "solid", "no focus ring"
    return said.inner_text(), questions[0]["answers"][2]["feedback"].replace("`", "")


@pytest.mark.parametrize("name", NAMES)
def test_a_lesson(page, lab, requests, name):
    lesson = Lesson(page, lab, name)
    assert not lesson.unsaved
    lesson.run()
    assert lesson.faults() == []
    code = [cell for cell in lesson.cells() if cell["cell_type"] == "code"]
    assert [cell for cell in code if not cell["execution_count"]] == []
    assert without_alt(page) == []
    assert violations(page) == []
    page.locator(QUIZ).scroll_into_view_if_needed()
    said, reason = use_keys(lesson, name)
    assert said.endswith(reason)
    look(page, f"{name}-light")
    page.evaluate(
        "jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Dark'})"
    )
    page.wait_for_selector("body[data-jp-theme-light=false]")
    page.wait_for_timeout(1000)  # its style sheet arrives later
    assert violations(page) == []
    assert requests == []


def test_the_checks_see_what_is_wrong(page):
    """Control: a page with a grey on grey output, without alternative text, is found."""
    page.set_content(
        '<main class="jp-Notebook"><div class="jp-OutputArea-output" style="background:#fff">'
        '<p style="color:#ccc">pale</p><p class="jp-RenderedHTMLCommon"><img src="data:,"></p>'
        "</div></main>"
    )
    assert {found.split(":")[0] for found in violations(page)} == {"color-contrast", "image-alt"}
    assert without_alt(page) == ["data:,"]


def solution(number):
    """The text of an exercise of lesson 3, as in its solution."""
    text = (ROOT / "notebooks" / "solutions" / f"{NAMES[2]}.ipynb").read_text(encoding="utf-8")
    cells = json.loads(text)["cells"]
    solved = [c for c in cells if "exercise" in c["metadata"].get("tags", [])]
    return "".join(solved[number]["source"])


def test_an_exercise(page, lab):
    """An exception stops nothing; a wrong answer gets its hint; the right one is well done."""
    lesson = Lesson(page, lab, NAMES[2])
    exercise, other = lesson.tagged("exercise")
    check = lesson.tagged("check")[0]
    lesson.type_into(exercise, 'raise RuntimeError("mine")')
    lesson.run()
    failed = [number for number, _ in lesson.faults(["error"])]
    assert failed == [exercise, check], "only these two cells fail"
    assert lesson.cells()[lesson.tagged("quiz")[0]]["outputs"], "the last cell ran all the same"
    right, frozen = solution(0), "mug_backbone.trainable = False\n"
    assert frozen in right
    for text, expected in ((right.replace(frozen, ""), "Mistake 3: "), (right, "Well done: ")):
        lesson.type_into(exercise, text)
        lesson.select(check)
        lesson.run("run-cell")
        assert lesson.said(check).startswith(expected)
    assert lesson.unsaved, "control: what was changed is marked"


@pytest.fixture
def quiz_alone(course):
    """A notebook of one cell, a quiz: its kernel is ready in a second."""
    source = f'from tl_course import records\n\nrecords.quiz("{NAMES[2]}")'
    cells = [nbformat.v4.new_code_cell(source, metadata={"tags": ["quiz"]})]
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=lab_metadata.NOTEBOOK)
    nbformat.write(notebook, course / "notebooks" / "quiz.ipynb")
    return "quiz"


@pytest.mark.parametrize("page", [{}, PHONE], indirect=True, ids=["laptop", "phone"])
def test_a_quiz_is_there_when_its_notebook_is_opened_again(page, lab, quiz_alone):
    """On a phone: one document without side bars, as in Notebook 7."""
    mode = "lab" if page.viewport_size["width"] > 1000 else "doc"
    lesson = Lesson(page, lab, quiz_alone, mode=mode)
    assert not lesson.unsaved
    for _ in range(2):  # a cell run twice shows one quiz
        lesson.run()
    assert page.locator(QUIZ).count() == 1
    said, reason = use_keys(lesson, NAMES[2])
    assert said.endswith(reason)
    assert violations(page) == []
    wide, room = (page.evaluate(f"document.querySelector('{QUIZ}').{w}Width") for w in SIDES)
    assert wide <= room
    page.evaluate("jupyterapp.commands.execute('docmanager:save')")
    page.wait_for_function("!jupyterapp.shell.currentWidget.context.model.dirty")
    again = Lesson(page, lab, quiz_alone, mode=mode)
    assert page.locator(f"{QUIZ} input[type=radio]").count() > 15
    assert not again.unsaved
