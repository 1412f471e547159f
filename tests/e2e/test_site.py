"""The site in a real browser: nobody is shut out, nothing is fetched, nothing is cut off.

It is build/site where there is one, as `make site` left it, else one of the golden notebooks.
"""

import functools
import http.server
import threading

import pytest

from tests import sites
from tests.lessons import ROOT
from tl_course.commands import _pages

axe = pytest.importorskip("axe_playwright_python.sync_playwright")
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
OWN_PAGES = ("slides/", "playground/")  # neither has the site's navigation
EVERY_RULE = {"resultTypes": ["violations"]}
COLOURS = {"runOnly": ["color-contrast"], "resultTypes": ["violations"]}
FOCUSED = "document.activeElement?.closest('nav, [role=search], .bd-sidebar-primary') !== null"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder of the site."""
    folder = ROOT / "build" / "site"
    if not folder.exists():
        code, folder = sites.build(tmp_path_factory.mktemp("site"))
        assert code == 0
    return folder


@pytest.fixture(scope="module")
def address(site):
    """Where the site is served."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    handler = functools.partial(Quiet, directory=site)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def watched(page, address):
    """Keep every request of this page that would leave the machine; none is let through."""
    outside = []

    def decide(route):
        if route.request.url.startswith((address, "file:", "data:", "blob:")):
            return route.continue_()
        outside.append(route.request.url)
        return route.abort()

    page.context.route("**/*", decide)
    return outside


def barriers(page, options=None):
    """What shuts people out of a page, by axe-core: grave rules that it breaks, the first place."""
    found = axe.Axe().run(page, options=options or EVERY_RULE).response["violations"]
    grave = [rule for rule in found if rule["impact"] in ("serious", "critical")]
    return [
        f"{rule['id']} x {len(rule['nodes'])}: {rule['nodes'][0]['html'][:200]}" for rule in grave
    ]


def too_wide(page):
    """By how many pixels a page is wider than its window."""
    return page.evaluate("document.documentElement.scrollWidth - innerWidth")


def reaches_navigation(page, presses=6):
    """Do the first presses of Tab lead into the navigation, and is the focus then seen?"""
    for _ in range(presses):
        page.keyboard.press("Tab")
        if page.evaluate(FOCUSED):
            return page.evaluate("document.activeElement.matches(':focus-visible')")
    return False


@pytest.fixture(scope="module")
def visits(browser, site, address):
    """{page: what was found there}, of every page of the site."""
    # Without motion, or colours are caught half-way from light to dark.
    context = browser.new_context(viewport=DESK, reduced_motion="reduce")
    context.set_default_timeout(120_000)  # of a busy machine
    page, found = context.new_page(), {}
    outside = watched(page, address)
    for path in sorted(p for p in site.rglob("*.html") if "_static" not in p.parts):
        name = path.relative_to(site).as_posix()
        outside.clear()
        page.set_viewport_size(DESK)
        page.emulate_media(color_scheme="light")
        page.goto(address + name)
        seen = {"barriers": barriers(page), "keyboard": reaches_navigation(page)}
        page.emulate_media(color_scheme="dark")
        seen["barriers"] += [f"dark: {words}" for words in barriers(page, COLOURS)]
        page.set_viewport_size(PHONE)
        found[name] = {**seen, "too_wide": too_wide(page), "outside": list(outside)}
    context.close()
    return found


def named(visits, key):
    """Pages where something was found."""
    return {name: found[key] for name, found in visits.items() if found[key]}


def test_no_page_shuts_anybody_out(visits):
    assert len(visits) > 40
    assert named(visits, "barriers") == {}


def test_no_page_asks_for_anything_beyond_this_machine(visits):
    assert named(visits, "outside") == {}


def test_no_page_is_cut_off_on_a_telephone(visits):
    assert named(visits, "too_wide") == {}


def test_the_keyboard_reaches_the_navigation(visits):
    lost = [name for name, found in visits.items() if not found["keyboard"]]
    assert [name for name in lost if not name.startswith(OWN_PAGES)] == []


def test_a_page_of_run_shuts_nobody_out(page, tmp_path):
    """Each lesson's, with the outputs of its golden notebook."""
    course, outside = sites.golden_course(tmp_path / "course"), watched(page, "file:")
    for path in sorted(course.glob("*.ipynb")):
        _pages.write_page(path, ROOT / "notebooks" / path.name)
        page.set_viewport_size(DESK)
        page.emulate_media(color_scheme="light")
        page.goto(path.with_suffix(".html").as_uri())
        found = barriers(page)
        page.emulate_media(color_scheme="dark")
        found += barriers(page, COLOURS)
        page.set_viewport_size(PHONE)
        assert (path.stem, found, too_wide(page), outside) == (path.stem, [], 0, [])


PLANTED = """<!doctype html><html lang="en"><title>x</title><main><h1>x</h1>
<img src="https://example.org/x.png"><p style="color:#bbb;background:#fff">pale</p>
<div style="width:900px">wide</div></main>"""


def test_a_page_with_all_these_faults_is_seen(page, site, address):
    """Negative control."""
    outside = watched(page, address)
    planted = site / "planted.html"
    planted.write_text(PLANTED, encoding="utf-8")
    try:
        page.set_viewport_size(PHONE)
        page.goto(address + planted.name)
        rules = [words.partition(" ")[0] for words in barriers(page)]
        assert sorted(rules) == ["color-contrast", "image-alt"]
        assert outside == ["https://example.org/x.png"]
        assert too_wide(page) > 400 and not reaches_navigation(page)
    finally:
        planted.unlink()


@pytest.mark.parametrize("by", ["http", "file"])
def test_the_search_finds_pages(page, site, address, by):
    start = address if by == "http" else f"{site.as_uri()}/"
    page.goto(f"{start}search.html?q=backbone")
    page.wait_for_selector("#search-results li a")
    found = page.eval_on_selector_all("#search-results li a", "links => links.map(a => a.href)")
    assert any("glossary" in link for link in found) and len(found) > 5


def test_a_word_opens_its_meaning_by_keyboard(page, address):
    page.goto(address + "notebooks/01_motivation.html")
    word = page.locator(".term > a").first
    meaning = page.locator(".term > [role=tooltip]").first
    assert not meaning.is_visible()
    word.focus()
    assert meaning.is_visible() and word.get_attribute("aria-describedby") == meaning.get_attribute(
        "id"
    )
    page.keyboard.press("Escape")
    assert not meaning.is_visible()
    word.press("Enter")
    page.wait_for_url("**/docs/glossary.html#*")


def test_folded_code_opens(page, address):
    page.goto(address + "notebooks/01_motivation.html")
    folded = page.locator("details.hide > summary").first
    code = page.locator("details.hide pre").first
    assert not code.is_visible()
    folded.press("Enter")
    assert code.is_visible()


def test_figures_stay_on_white_in_the_dark(page, address):
    page.emulate_media(color_scheme="dark")
    page.goto(address + "notebooks/01_motivation.html")
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert max(map(int, dark.removeprefix("rgb(").rstrip(")").split(","))) < 60
    grounds = page.eval_on_selector_all(
        "figure img", "all => all.map(i => getComputedStyle(i).backgroundColor)"
    )
    assert grounds and set(grounds) == {"rgb(255, 255, 255)"}
