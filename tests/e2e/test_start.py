"""What `make lab` opens: six cards, no question about news, and a click opens a lesson."""

import pytest

from tests.e2e.jupyterlab import IDLE, TOKEN
from tests.lessons import LESSONS

PHONE = {"viewport": {"width": 390, "height": 844}}
VIEW = ".jp-MarkdownViewer"


@pytest.mark.parametrize(
    ("page", "mode"), [({}, "lab"), (PHONE, "doc")], indirect=["page"], ids=["laptop", "phone"]
)
def test_the_start_page(page, lab, requests, mode):
    page.goto(f"{lab}/{mode}/tree/notebooks/start.md?token={TOKEN}&reset")
    page.locator(f"{VIEW} img").first.wait_for()
    page.wait_for_timeout(3000)  # the news used to ask after a moment
    pictures = page.locator(f"{VIEW} img")
    assert pictures.count() == len(LESSONS)
    assert all(pictures.evaluate_all("all => all.map(one => one.naturalWidth > 0)"))
    assert page.locator(".jp-toast-message, .Toastify__toast, .jp-Dialog").count() == 0
    wide = page.evaluate(f"document.querySelector('{VIEW}').scrollWidth")
    assert wide <= page.evaluate(f"document.querySelector('{VIEW}').clientWidth")
    assert requests == []


def test_a_card_opens_its_lesson(page, lab):
    page.goto(f"{lab}/lab/tree/notebooks/start.md?token={TOKEN}&reset")
    page.locator(f"{VIEW} a", has_text="3. ").click()
    page.wait_for_function(IDLE, timeout=180_000)
    assert page.evaluate("jupyterapp.shell.currentWidget.context.path") == (
        f"notebooks/{LESSONS[2].name.replace('.py', '.ipynb')}"
    )
