"""Dials in a real browser: each control by keyboard alone, what is said, and nothing is fetched.

The page is what `make course` makes of a notebook.
"""

import nbformat
import numpy as np
import pytest

from tl_course import evaluation, plots
from tl_course.commands import _pages

BLOCKS, RATES = ["block_16", "block_11", "block_6"], [1e-5, 3e-4, 1e-2]
PICTURES = {f"{k} <b>pear</b>": np.full((80, 80, 3), 60 * k, dtype="uint8") for k in (1, 2, 3)}
NETWORKS = {"pretrained": None, "random weights": None}


def accuracy(block, rate):
    """Another one at each place."""
    place = 3 * BLOCKS.index(block) + RATES.index(rate)
    return evaluation.accuracy_interval(np.arange(20) < 10 + place)


def turned(block, rate):
    return f"From {block} at {rate:g}.", {"right": accuracy(block, rate)}


def nearest(picture, network):
    near = {f"{k}. {network}, 0.{k}": image for k, image in enumerate(PICTURES.values(), start=1)}
    return f"{picture}, {network}.", near, [{"rank": 1, "distance": "0.1"}]


@pytest.fixture
def bundles(monkeypatch):
    shown = []
    monkeypatch.setattr(plots, "display", lambda bundle, **_: shown.append(bundle))
    free, rate = "free from", "highest learning rate"
    plots.dial({free: BLOCKS, rate: RATES}, turned, start={rate: 3e-4}, caption="Two sliders.")
    plots.dial({"picture": PICTURES, "network": NETWORKS}, nearest, caption="Two groups.")
    return shown


@pytest.fixture
def page(browser, bundles, tmp_path, request):
    """The notebook's page, open; `page.asked` holds the addresses that it asked for."""
    outputs = [nbformat.v4.new_output("display_data", data=bundle) for bundle in bundles]
    cell = nbformat.v4.new_code_cell("plots.dial(...)", outputs=[*outputs, outputs[1]])
    path = tmp_path / "page.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)
    _pages.write_page(path, path)
    settings = {"viewport": {"width": 390, "height": 844}, **getattr(request, "param", {})}
    opened = browser.new_page(**settings)
    opened.asked, opened.errors = [], []
    opened.on("request", lambda each: opened.asked.append(each.url))
    opened.on("pageerror", lambda error: opened.errors.append(str(error)))
    opened.goto(path.with_suffix(".html").as_uri())
    yield opened
    opened.close()


def seen(dial):
    """Its text as a reader sees it, so without the data; a number and its unit by a plain space."""
    return dial.inner_text().replace("\N{NO-BREAK SPACE}", " ")


def focus_by_tab(page, selector):
    """Press Tab until the element has the focus: a mouse is never used."""
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.locator(selector).evaluate("each => each === document.activeElement"):
            return
    raise AssertionError(f"Tab does not reach {selector}")


def test_sliders_turn_by_keyboard(page):
    dial = page.locator(".tl-dial").nth(0)
    said = dial.locator("[aria-live=polite]")
    assert said.text_content() == "From block_16 at 0.0003."
    for name, value in (("free from", "block_16"), ("highest learning rate", "0.0003")):
        slider = dial.get_by_role("slider", name=name, exact=True)
        assert slider.get_attribute("aria-valuetext") == value
    focus_by_tab(page, ".tl-dial >> nth=0 >> input >> nth=0")
    for key, block in (("ArrowRight", "block_11"), ("End", "block_6"), ("ArrowLeft", "block_11")):
        page.keyboard.press(key)
        assert said.text_content() == f"From {block} at 0.0003."
    page.keyboard.press("Tab")
    page.keyboard.press("End")
    assert said.text_content() == "From block_11 at 0.01."
    assert "75.0 %" in seen(dial) and accuracy("block_11", 1e-2).value == 0.75


def test_every_place_shows_what_python_worked_out(page):
    dial = page.locator(".tl-dial").nth(0)
    free, rates = dial.get_by_role("slider").all()
    for b, block in enumerate(BLOCKS):
        for r, rate in enumerate(RATES):
            free.fill(str(b))
            rates.fill(str(r))
            assert f"From {block} at {rate:g}." in seen(dial)
            value, low, high = (f"{100 * x:.1f}" for x in accuracy(block, rate)[:3])
            assert f"{value} %" in seen(dial) and f"95 %: {low} to {high} %, n = 20" in seen(dial)


def test_radio_buttons_choose_by_keyboard(page):
    dial = page.locator(".tl-dial").nth(1)
    said, strip = dial.locator("[aria-live=polite]"), dial.locator(".strip li")
    assert dial.get_by_role("group").count() == 2
    focus_by_tab(page, ".tl-dial >> nth=1 >> input >> nth=0")
    page.keyboard.press("ArrowDown")
    assert said.text_content() == "2 <b>pear</b>, pretrained."  # a name is text, never mark-up
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    assert said.text_content() == "2 <b>pear</b>, random weights."
    assert strip.all_text_contents() == [f"{k}. random weights, 0.{k}" for k in (1, 2, 3)]
    assert dial.locator("img").evaluate_all("all => all.every(image => image.naturalWidth === 64)")
    # the same dial a second time on the page keeps its own choice
    assert page.locator(".tl-dial").nth(2).locator(".said").text_content().startswith("1 ")


def test_the_focus_is_seen_and_nothing_is_cut_off(page):
    focus_by_tab(page, ".tl-dial >> nth=0 >> input >> nth=0")
    slider = page.locator(".tl-dial >> nth=0 >> input >> nth=0")
    assert slider.evaluate("each => getComputedStyle(each).outlineWidth") == "3px"
    for dial in page.locator(".tl-dial").all():
        assert dial.evaluate("each => each.scrollWidth <= each.clientWidth")


def test_nothing_is_fetched_and_nothing_fails(page):
    assert page.errors == []
    assert [url for url in page.asked if not url.startswith(("file:", "data:"))] == []


def test_axe_has_nothing_to_say(page):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    found = axe.run(page, context=".tl-dial").response["violations"]
    assert [(each["id"], each["impact"]) for each in found] == []


@pytest.mark.parametrize("page", [{"java_script_enabled": False}], indirect=True)
def test_without_scripts_a_sentence_points_to_the_figure(page):
    dial = page.locator(".tl-dial").nth(0)
    assert dial.locator("input").count() == 0  # no dead control
    assert "The figure beside them says the same." in dial.inner_text()
    assert "Two sliders." in dial.inner_text()
