"""What the tests in a real browser share."""

import shutil

import pytest


@pytest.fixture(scope="session")
def browser():
    """Debian's Chromium, without a window; its camera shows a moving test picture."""
    playwright = pytest.importorskip("playwright.sync_api")
    if not (chromium := shutil.which("chromium")):
        pytest.skip("needs chromium")
    camera = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    with playwright.sync_playwright() as started:
        launched = started.chromium.launch(executable_path=chromium, args=["--no-sandbox", *camera])
        yield launched
        launched.close()


@pytest.fixture
def page(browser):
    """A page of its own, without anything that another test left behind."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(120_000)  # of a busy machine
    yield context.new_page()
    context.close()
