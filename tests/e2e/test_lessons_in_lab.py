"""Each student notebook in a real JupyterLab, one in Notebook 7: keys and mouse, light and dark."""

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
DIAL = ".jp-Notebook .tl-dial"
FOCUS = "(document.activeElement.closest('fieldset')?.querySelector('legend')?.innerText ?? '')"
BESIDE = "image => image.closest('.tl-dial label, .tl-dial li')?.textContent.trim() ?? ''"
SIDES = ("scroll", "client")
PHONE = {"viewport": {"width": 390, "height": 844}}


def violations(page):
    """Rules of axe-core that our outputs break, critical or serious, with the place."""
    page.add_style_tag(content=".jp-Cell { content-visibility: visible !important }")
    found = Axe().run(page, context={"include": [[OUTPUTS]]}).response["violations"]
    grave = [rule for rule in found if rule["impact"] in ("critical", "serious")]
    return [f"{rule['id']}: {node['html'][:200]}" for rule in grave for node in rule["nodes"]]


def without_alt(page):
    """Pictures of the notebook that no screen reader can describe; a dial's have words beside."""
    pictures = page.locator(".jp-Notebook .jp-RenderedHTMLCommon img").all()  # not the editor's own
    assert pictures
    silent = [p for p in pictures if not (p.get_attribute("alt") or p.evaluate(BESIDE))]
    return [p.get_attribute("src")[:40] for p in silent]


def look(page, name):
    page.screenshot(path=ROOT / "build" / "e2e" / f"{name}.png")


def change_theme(page, shade):
    """Change to a theme of JupyterLab's own, Light or Dark."""
    theme = f"{{theme: 'JupyterLab {shade}'}}"
    page.evaluate(f"jupyterapp.commands.execute('apputils:change-theme', {theme})")
    light = str(shade == "Light").lower()
    page.wait_for_selector(f"body[data-jp-theme-light={light}]", state="attached")
    page.wait_for_timeout(1000)  # its style sheet arrives later


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


def turn_dials(lesson):
    """Turn the first control of each dial by an arrow key: does it answer, and stay in its cell?"""
    page = lesson.page
    for dial in page.locator(DIAL).all():
        said = dial.locator("[aria-live=polite]")
        before = said.inner_text()
        dial.locator("input").first.focus()
        active = lesson.asked("it.content.activeCellIndex")
        page.keyboard.press("ArrowRight")
        assert said.inner_text() != before, "the dial does not answer"
        page.keyboard.press("ArrowLeft")
        assert said.inner_text() == before
        assert lesson.asked("it.content.activeCellIndex") == active, "the keys left the cell"
    return page.locator(DIAL).count()


IN_LAB = [pytest.param(name, "lab", id=name) for name in NAMES]
IN_NOTEBOOK_7 = pytest.param(NAMES[1], "notebook 7", id=f"{NAMES[1]}-notebook-7")


@pytest.mark.parametrize(("name", "front_end"), [*IN_LAB, IN_NOTEBOOK_7])
def test_a_lesson(page, lab, requests, request, name, front_end):
    lesson = Lesson(page, lab, name, front_end=front_end)
    assert not lesson.unsaved
    change_theme(page, "Light")
    lesson.run()
    assert lesson.faults() == []
    code = [cell for cell in lesson.cells() if cell["cell_type"] == "code"]
    assert [cell for cell in code if not cell["execution_count"]] == []
    assert without_alt(page) == []
    assert violations(page) == []
    source = "".join(cell["source"] for cell in code)
    assert turn_dials(lesson) == source.count("plots.dial(")
    page.locator(QUIZ).scroll_into_view_if_needed()
    said, reason = use_keys(lesson, name)
    assert said.endswith(reason)
    look(page, f"{request.node.callspec.id}-light")
    change_theme(page, "Dark")
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
    """On a phone: one document without side bars."""
    front_end = "lab" if page.viewport_size["width"] > 1000 else "one document"
    lesson = Lesson(page, lab, quiz_alone, front_end=front_end)
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
    again = Lesson(page, lab, quiz_alone, front_end=front_end)
    assert page.locator(f"{QUIZ} input[type=radio]").count() > 15
    assert not again.unsaved
