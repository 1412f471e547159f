"""A browser and a JupyterLab for the tests of this folder: `make e2e` runs them, no other."""

import shutil

import pytest

from tests.e2e import jupyterlab
from tests.lessons import ROOT
from tools.build_slides import BROWSERS

SCREENSHOTS = ROOT / "build" / "e2e"
STUDENT, SMOKE = 'PROFILE = \\"student\\"', 'PROFILE = \\"smoke\\"'


@pytest.fixture(scope="session")
def browser():
    """A browser without a window; its camera shows a moving test picture."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if not found:
        pytest.skip(f"no browser: install one of {BROWSERS}")
    playwright = pytest.importorskip("playwright.sync_api")
    camera = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=found, args=["--no-sandbox", *camera])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def course(tmp_path_factory):
    """A copy of the notebooks and of what they show, in the smoke profile."""
    folder = tmp_path_factory.mktemp("course")
    for name in ("notebooks", "data", "docs"):
        shutil.copytree(ROOT / name, folder / name)
    for path in folder.glob("notebooks/*.ipynb"):
        text = path.read_text(encoding="utf-8")
        assert text.count(STUDENT) == 1
        path.write_text(text.replace(STUDENT, SMOKE), encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def lab(course, tmp_path_factory):
    with jupyterlab.served(course, tmp_path_factory.mktemp("jupyter") / "lab.log") as address:
        yield address


@pytest.fixture
def requests():
    """What the page of this test asked another machine for: the page fills it."""
    return []


@pytest.fixture
def page(browser, requests, request):
    """A page as wide as a laptop (or `viewport`, `theme`); a screenshot of its end is kept."""
    options = getattr(request, "param", {})
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}} | options)
    page = context.new_page()
    page.set_default_timeout(120_000)  # a busy machine is slow to begin

    # A picture inside a notebook is `attachment:` for a moment, which no network knows.
    own = ("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:", "attachment:")

    def note(asked):
        if not asked.url.startswith(own):
            requests.append(asked.url)

    page.on("request", note)
    yield page
    page.evaluate("window.jupyterapp?.serviceManager.sessions.shutdownAll()")  # frees its memory
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{request.node.name}.png")
    context.close()
