"""The course's site, and the pages of `run`: every link leads somewhere, nothing is fetched."""

import html
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import nbformat
import pytest

from tests import sites
from tests.lessons import ROOT
from tl_course.commands import _pages
from tools import links, site_pages

pytest.importorskip("sphinx_book_theme", reason="the site needs the extra `site`")
sys.path.insert(0, str(ROOT / "site"))
import docstrings  # noqa: E402
import terms  # noqa: E402

HOME = "https://github.com/{}/blob/{}/".format(*links.home(ROOT))
REMOTE = re.compile(
    r"""<(?:script|img|iframe|link|source|audio|video)\b[^>]*?\s(?:src|href)\s*=\s*["']?(?:https?:)?//"""
    r"""|url\(\s*["']?(?:https?:)?//|@import\s+["'](?:https?:)?//"""
)


# ---------------------------------------------------------------- the sources of the pages


@pytest.mark.parametrize(("link", "leads_to"), [
    ("(../docs/glossary.md#head)", "(../docs/glossary.md#head)"),
    ("(02_b.ipynb)", "(02_b.ipynb)"),
    ("(../tl_course/transfer.py)", "(../api/transfer.md)"),
    ("(../tl_course/checks/)", "(../api/checks.md)"),
    ("(../README.md#in-your-browser)", f"({HOME}README.md#in-your-browser)"),
    ("(../data/groceries.csv)", f"({HOME}data/groceries.csv)"),
    ("(../no/such.md)", "(../no/such.md)"),
    ("(https://a.b/c.md)", "(https://a.b/c.md)"),
    ("(#here)", "(#here)"),
])  # fmt: skip
def test_a_relative_link_leads_to_a_page_or_to_the_repository(link, leads_to):
    pages = {"docs/glossary.md", "notebooks/02_b.ipynb"}
    text = f"see [this]{link}."
    found = site_pages.relinked(text, "notebooks/01_a.ipynb", pages, ROOT)
    assert found == f"see [this]{leads_to}."


def test_a_notebook_becomes_a_page(tmp_path):
    new = nbformat.v4
    drawn = "![d](data:image/svg+xml;base64,PHN2Zy8+)"
    title = new.new_markdown_cell(f"# One\n\n{drawn} ![p](attachment:opening.jpg)")
    title["attachments"] = {"opening.jpg": {"image/jpeg": "R0lG"}}
    injected = new.new_code_cell("x = 1", metadata={"tags": ["injected-parameters"]})
    kept = {"text/plain": "81 %", site_pages.records.RESULTS_TYPE: {"name": "a"}}
    code = new.new_code_cell("y", outputs=[new.new_output("display_data", kept)])
    notebook = new.new_notebook(cells=[title, injected, code])
    site_pages.page_of(notebook, "deeper/01_a.ipynb", set(), ROOT, tmp_path, note="*Note.*")
    first, last = notebook.cells
    assert first.source.startswith('# One\n\n<p class="course-open">')
    assert "notebooks/deeper/01_a.ipynb" in first.source and "*Note.*" in first.source
    assert first.source.endswith("![d](01_a_2.svg) ![p](01_a_1.jpg)")
    assert (tmp_path / "01_a_2.svg").read_bytes() == b"<svg/>"
    assert (tmp_path / "01_a_1.jpg").read_bytes() == b"GIF" and "attachments" not in first
    assert last.outputs[0].data == {"text/plain": "81 %"}


@pytest.mark.parametrize(("kinds", "said"), [("mc", "Takes 3 minutes."), ("mcc", "Takes 5.")])
def test_an_executed_lesson_speaks_in_the_words_of_today_unless_it_is_another(kinds, said):
    new = nbformat.v4
    outputs = [new.new_output("stream", text="81 %")]
    injected = new.new_code_cell("x = 1", metadata={"tags": ["injected-parameters"]})
    ran = [new.new_markdown_cell("Takes 5."), injected, new.new_code_cell("y", outputs=outputs)]
    make = {
        "m": lambda: new.new_markdown_cell("Takes 3 minutes."),
        "c": lambda: new.new_code_cell("y"),
    }
    notebook, today = (
        new.new_notebook(cells=ran),
        new.new_notebook(cells=[make[k]() for k in kinds]),
    )
    site_pages.in_todays_words(notebook, today)
    assert [c.source for c in notebook.cells] == [said, "x = 1", "y"]
    assert notebook.cells[2].outputs == outputs


def function(images, *, from_block=None):
    pass


@pytest.mark.parametrize(("line", "shown"), [
    ("images: uint8. from_block: a name.", "**images**: uint8. **from\\_block**: a name."),
    ("images, from_block: both.", "**images, from\\_block**: both."),
    ("numbers: of no argument; on_images: too", "numbers: of no argument; on\\_images: too"),
    ("2 * n | m_ and `a*b_`", "2 \\* n \\| m\\_ and ``a*b_``"),
])  # fmt: skip
def test_a_docstring_shows_what_it_says(line, shown):
    lines = [line]
    docstrings.as_rst(None, "function", "f", function, None, lines)
    assert lines == [shown]


def test_the_words_of_the_glossary_have_their_meaning():
    meanings = terms.meanings(ROOT / "docs" / "glossary.md")
    text = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    assert len(meanings) == text.count("\n### ") > 20
    assert meanings["Backbone"].startswith("The part of a network that turns pixels")
    assert not re.search(r"[*`]|Explained in", " ".join(meanings.values()))
    assert terms.slug("Learning rate") == "learning-rate"
    assert terms.pattern("Head").search("Heads")
    assert not terms.pattern("Head").search("ahead of head-first")


# ---------------------------------------------------------------- the site


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The whole site, built with warnings as errors, in a process of its own as by `make site`."""
    folder = tmp_path_factory.mktemp("site")
    call = [sys.executable, "-m", "tests.sites", str(folder)]
    finished = subprocess.run(call, capture_output=True, text=True, cwd=ROOT)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return folder / "site"


def pages(site):
    return sorted(path for path in site.rglob("*.html") if "_static" not in path.parts)


def anchors(path):
    return set(re.findall(r"""\s(?:id|name)=["']?([^"'\s>]+)""", path.read_text(encoding="utf-8")))


def broken(site):
    """Relative links and sources, of all pages, that lead to no file, or to no place in one."""
    lost, known = [], {}
    for page in pages(site):
        text = re.sub(r"(?s)<script.*?</script>", "", page.read_text(encoding="utf-8"))
        for address in re.findall(r"""<[^>]*?\s(?:href|src)=["']([^"']+)["']""", text):
            address = unquote(html.unescape(address))
            path, _, anchor = address.partition("#")
            if re.match(r"[a-z]+:|//", address):
                continue
            target = (page.parent / path.partition("?")[0]).resolve() if path else page
            if not target.is_file():
                lost.append(f"{page.relative_to(site)}: {address}")
            elif anchor and target.suffix == ".html":
                known.setdefault(target, anchors(target))
                lost += [] if anchor in known[target] else [f"{page.relative_to(site)}: {address}"]
    return sorted(set(lost))


def fetched(site):
    """Pages, styles and programs of the site that would fetch something from elsewhere."""
    files = [path for path in site.rglob("*") if path.suffix in {".html", ".css"}]
    return [p.name for p in files if REMOTE.search(p.read_text(encoding="utf-8"))]


def test_every_link_of_the_site_leads_somewhere(site):
    assert len(pages(site)) > 40
    assert broken(site) == []
    planted = site / "planted.html"
    planted.write_text('<a href="docs/glossary.html#nowhere"></a><img src="no.png"><a href="#x">')
    try:
        assert len(broken(site)) == 3
    finally:
        planted.unlink()


def test_the_site_fetches_nothing_from_elsewhere(site):
    assert fetched(site) == []
    planted = site / "planted.html"
    for bad in ('<script defer src="https://a.b/c.js">', "<img alt='' src=//a.b/c.png>",
                '<style>@import "//a.b"</style>', "<p style='x:url(//a.b/c)'>"):  # fmt: skip
        planted.write_text(bad)
        assert fetched(site) == ["planted.html"], bad
    planted.unlink()


def test_the_landing_page_takes_its_numbers_from_the_course(site):
    text = (site / "index.html").read_text(encoding="utf-8")
    assert "{{" not in text and len(re.findall("sd-card-title", text)) == 6
    kept = nbformat.read(ROOT / "tests/golden/05_lasagna_or_endocarditis.ipynb", as_version=4)
    values = site_pages.records.recorded(kept)["headline"]["values"]
    for name in ("ruler on valves", "ruler on lasagna"):
        assert f"{values[name]['value']:.1%}".replace("%", "\N{NO-BREAK SPACE}%") in text
    typed = re.sub(r"\{\{.*?\}\}", "", (ROOT / "site" / "index.md").read_text(encoding="utf-8"))
    assert re.findall(r"\d+(?:\.\d+)? ?%", typed) == []


def test_a_lesson_explains_words_folds_code_and_can_be_opened(site):
    text = (site / "notebooks" / "01_motivation.html").read_text(encoding="utf-8")
    explained = re.findall(r'aria-describedby="term-([\w-]+)"', text)
    assert len(explained) > 5 and len(explained) == len(set(explained))
    assert text.count("Show the code") >= 3 and "injected" not in text
    assert links.colab(*links.home(ROOT), "01_motivation.ipynb") in text
    assert '<a href="01_motivation.ipynb" download' in text
    assert (site / "notebooks" / "01_motivation.ipynb").read_bytes() == (
        ROOT / "notebooks" / "01_motivation.ipynb"
    ).read_bytes()


def test_an_optional_lesson_that_was_not_run_says_so(site):
    says, name = "was not run for the site", "notebooks/{}.html"
    assert says in (site / name.format("deeper/04_museum_of_mistakes")).read_text(encoding="utf-8")
    assert says not in (site / name.format("01_motivation")).read_text(encoding="utf-8")


def test_every_module_is_described(site):
    for name, known in {
        "transfer": "add_head",
        "checks": "head_phase",
        "records": "Finding",
    }.items():
        text = (site / "api" / f"{name}.html").read_text(encoding="utf-8")
        assert f'id="tl_course.{name}.{known}"' in text
    assert "system-message" not in "".join(p.read_text(encoding="utf-8") for p in pages(site))


def test_the_site_is_small_and_the_search_knows_its_words(site):
    assert sum(path.stat().st_size for path in site.rglob("*") if path.is_file()) < 25e6
    index = (site / "searchindex.js").read_text(encoding="utf-8")
    assert '"endocard' in index and '"backbon' in index


def test_without_a_course_one_sentence_says_what_to_do(tmp_path, capsys):
    assert sites.build_site.main(tmp_path, tmp_path, {}, tmp_path / "site") == 1
    assert "run `make course` first" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_the_workflow_names_what_the_makefile_has():
    workflow = (ROOT / ".github" / "workflows" / "site.yml").read_text(encoding="utf-8")
    targets = re.findall(r"make ([a-z ]+)", workflow)
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "site" in " ".join(targets).split()
    assert all(f"\n{name}:" in makefile for part in targets for name in part.split())


# ---------------------------------------------------------------- the pages of `run`


@pytest.fixture
def executed(tmp_path):
    def write(cells):
        path = tmp_path / "01_a.ipynb"
        nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
        return path

    return write


def test_the_links_of_a_page_of_run_lead_somewhere(executed):
    text = "# A <b>\n\n[g](../docs/glossary.md#head) [n](02_b.ipynb) [d](deeper/05_c.ipynb) [w](https://a.b)"
    path = executed([nbformat.v4.new_markdown_cell(text)])
    _pages.write_page(path, ROOT / "notebooks" / "01_a.ipynb", {"01_a", "02_b"})
    page = path.with_suffix(".html").read_text(encoding="utf-8")
    assert re.findall('href="(http[^"]+|[^"#]+html)"', page) == [
        f"{HOME}docs/glossary.md#head", "02_b.html", f"{HOME}notebooks/deeper/05_c.ipynb", "https://a.b"
    ]  # fmt: skip
    assert "<title>A &lt;b&gt;</title>" in page and '<html lang="en">' in page
    _pages.write_page(path, Path("/elsewhere/01_a.ipynb"))
    assert 'href="../docs/glossary.md#head"' in path.with_suffix(".html").read_text(
        encoding="utf-8"
    )


def test_a_page_of_run_shows_code_and_what_it_said(executed):
    new = nbformat.v4
    outputs = [
        new.new_output("stream", text="81.9 %\n"),
        new.new_output("stream", name="stderr", text="oh"),
    ]
    outputs += [new.new_output("display_data", {"text/html": "<b>card</b>"})]
    outputs += [new.new_output("error", ename="E", evalue="v", traceback=["\x1b[31mE\x1b[0m: <v>"])]
    code = new.new_code_cell("x = 1", execution_count=7, outputs=outputs)
    folded = new.new_code_cell("y = 2", metadata={"tags": ["hide-input"]})
    path = executed([new.new_markdown_cell("# A"), code, folded])
    _pages.write_page(path, path)
    page = path.with_suffix(".html").read_text(encoding="utf-8")
    for shown in ("81.9 %", "oh", "<b>card</b>", "&lt;v&gt;", "In [7]", "<summary>Code"):
        assert shown in page, shown
    assert page.count("<details") == 1 and not REMOTE.search(page) and "<script" not in page
    assert _pages.STYLE.read_text(encoding="utf-8") in page
