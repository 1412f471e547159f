"""`_offline.page`: what a cell puts out loads nothing from elsewhere. Seen by a real browser."""

import http.server
import shutil
import threading

import nbformat
import pytest
from nbconvert import HTMLExporter

from tl_course.commands import _offline

PAGE = "<!DOCTYPE html>\n<html><head>\n<title>t</title></head><body>\n{}\n</body></html>"
PIXEL = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=="
LOADING = (
    '<script src="{0}"></script>',
    "<SCRIPT\nasync SRC='{0}'>fallback()</SCRIPT>",
    "<script type=module>import '{0}'</script>",
    "<script>new Image().src = '{0}'</script>",
    "<script>fetch('{0}').catch(String)</script>",
    "<script>document.head.append(Object.assign(document.createElement('script'), {{src: '{0}'}}))"
    "</script>",
    '<img src="{0}" alt="a picture">',
    '<img srcset="{0} 1x, {0} 2x">',
    '<picture><source srcset="{0}"><img></picture>',
    '<iframe src="{0}"></iframe>',
    '<iframe srcdoc="<img src={0}>"></iframe>',
    '<link rel="stylesheet" href="{0}">',
    '<link rel="preload" as="image" href="{0}">',
    '<object data="{0}"></object>',
    '<embed src="{0}">',
    '<video src="{0}" poster="{0}" autoplay muted></video>',
    '<svg width="9" height="9"><image href="{0}" width="9" height="9"/></svg>',
    '<svg width="9" height="9"><image xlink:href="{0}" width="9" height="9"/></svg>',
    '<p style="background: url({0})">text</p>',
    "<style>@import url({0});</style>",
    '<input type="image" src="{0}">',
    '<meta http-equiv="Refresh" content="0; url={0}">',
    '<base href="{0}/"><img src="relative.png">',
)
LATER = ("<script>", "<script type", "srcdoc", "<p style", "<style")  # only the policy stops these


@pytest.mark.parametrize("address", ["https://x.example/y", "HTTP:\n//x.example", "//x.example/y"])
@pytest.mark.parametrize("output", [one for one in LOADING if "src" in one or "href" in one])
def test_the_page_names_nothing_elsewhere_that_an_element_loads(output, address):
    text = _offline.page(PAGE.format(output.format(address)))
    assert ("x.example" in text) is any(word in output for word in LATER)


KEPT = (
    "<script>let a = '<p>' + 1 < 2 && 3;</script>",
    '<script src="data:text/javascript,1"></script>',
    f'<img src="{PIXEL}" alt="x &amp; y">',
    '<p><a href="https://example.org/a?b=1&amp;c=2">this</a> &lt;script src=&quot;x&quot;&gt;</p>',
    '<svg viewBox="0 0 1 1"><linearGradient id="g"/><use href="#g"/></svg>',
    "<!-- <script src='https://x.example'></script> -->",
    '<img src="figure.png"> <p title=\'<img src="https://x.example">\'>é \U0001f600</p>',
)


@pytest.mark.parametrize("output", KEPT)
def test_all_else_stays_letter_by_letter(output):
    text = _offline.page(PAGE.format(output))
    policy = f'<meta http-equiv="Content-Security-Policy" content="{_offline.POLICY}">'
    assert text == PAGE.format(output).replace("<head>", f"<head>{policy}")


def test_scripts_of_the_head_go():
    text = PAGE.replace("<title>", "<script>import('https://x.example')</script><title>")
    assert "x.example" not in _offline.page(text)


def test_a_text_without_a_head_is_refused():
    with pytest.raises(ValueError, match="no <head>"):
        _offline.page("<p>text</p>")


# ---------------------------------------------------------------- seen by a browser


@pytest.fixture
def asked():
    """(address, list of what was asked for) of a server on this machine."""
    paths = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            paths.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", paths
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def browser():
    sync = pytest.importorskip("playwright.sync_api")
    chromium = shutil.which("chromium") or pytest.skip("no chromium here")
    with sync.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield opened
        opened.close()


def outputs(address):
    return "\n".join(one.format(f"{address}/{k}") for k, one in enumerate(LOADING))


def seen(browser, path):
    view = browser.new_page()
    view.goto(path.as_uri())
    view.wait_for_timeout(1500)
    found = view.evaluate("[document.body.innerText, window.inline, document.images.length]")
    view.close()
    return found


def test_a_browser_asks_for_nothing(browser, asked, tmp_path):
    address, paths = asked
    marks = f'<script>window.inline = 41 + 1</script><img id="own" src="{PIXEL}">'
    html = {"text/html": marks + outputs(address)}
    output = nbformat.v4.new_output("display_data", html)
    cells = [nbformat.v4.new_code_cell("1", outputs=[output])]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "n.ipynb")
    page, _ = HTMLExporter().from_filename(str(tmp_path / "n.ipynb"))
    (tmp_path / "n.html").write_text(_offline.page(page), encoding="utf-8")
    text, inline, pictures = seen(browser, tmp_path / "n.html")
    assert paths == [] and inline == 42 and pictures >= 1 and "text" in text


def test_without_it_the_browser_would(browser, asked, tmp_path):
    address, paths = asked
    without = [one for one in LOADING if "efresh" not in one and "base" not in one]
    for k, one in enumerate(without):
        (tmp_path / "n.html").write_text(PAGE.format(one.format(f"{address}/{k}")))
        seen(browser, tmp_path / "n.html")
    assert {path.split("/")[1] for path in paths} == set(map(str, range(len(without))))


def test_the_policy_alone_holds_the_browser(browser, asked, tmp_path, monkeypatch):
    """Where the two read a text differently, the browser's own rule is the last word."""
    address, paths = asked
    monkeypatch.setattr(_offline, "_loads", lambda *_: False)
    without = outputs(address).replace("http-equiv", "x")
    (tmp_path / "n.html").write_text(_offline.page(PAGE.format(without)))
    seen(browser, tmp_path / "n.html")
    assert paths == []
