"""The page of an executed notebook: one file that needs no network, with the look of the site."""

import posixpath
import re
import tomllib
from pathlib import Path

from tl_course.commands import _notebooks, _offline

STYLE = Path(__file__).with_suffix(".css")  # the course's site has it, too
PAGE = "page.html.j2"
# Code that is folded in the notebook is folded here, too: a click opens it.
TEMPLATE = """{%- extends "basic/index.html.j2" -%}
{%- block header -%}<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ resources.title | e }}</title><style>{{ resources.style }}</style></head>
<body class="course-page"><main>{%- endblock header -%}
{%- block input scoped -%}{%- set folded = "hide-input" in cell.metadata.get("tags", []) -%}
{{ '<details class="code"><summary>Code' if folded else '<div class="code">' }}
<span class="number">In [{{ cell.execution_count or " " }}]</span>{{ '</summary>' if folded }}
{{ cell.source | highlight_code(metadata=cell.metadata) }}
{{ '</details>' if folded else '</div>' }}{%- endblock input -%}
{%- block output scoped -%}
{%- set wide = "text/html" in output.get("data", {}) -%}
<div class="output"{{ ' tabindex="0"' if wide }}>{{ super() }}</div>{%- endblock output -%}
{%- block footer -%}</main></body></html>{%- endblock footer -%}"""
LINK = re.compile(r'(<a [^>]*?href=")([^":#]+)((?:#[^"]*)?")')


def published(root):
    """Return the address under which people read the course's files, as pyproject.toml says."""
    settings = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    return "https://github.com/{repository}/blob/{tag}/".format(**settings["tool"]["tl_course"])


def relinked(page, source, beside, root):
    """Return a page with its relative links made true, wherever the page lies.

    source: the notebook it is of. beside: names of the notebooks whose pages lie in its folder; all
    other links lead to where the course is published. A notebook of another place keeps its own.
    """
    if not source.is_relative_to(root):
        return page
    folder, home = source.parent.relative_to(root).as_posix(), published(root)

    def lead(found):
        target = posixpath.normpath(posixpath.join(folder, found[2]))
        name, ending = posixpath.splitext(posixpath.basename(target))
        near = ending == ".ipynb" and name in beside
        return found[1] + (f"{name}.html" if near else home + target) + found[3]

    return LINK.sub(lead, page)


def write_page(path, source, beside=()):
    """Write the page NAME.html beside NAME.ipynb, an executed notebook; see `relinked`."""
    import nbformat
    from jinja2 import DictLoader
    from nbconvert import HTMLExporter

    exporter = HTMLExporter(
        embed_images=True, template_file=PAGE, extra_loaders=[DictLoader({PAGE: TEMPLATE})],
        exclude_input_prompt=True, exclude_output_prompt=True, anchor_link_text="",
    )  # fmt: skip
    notebook = nbformat.read(path, as_version=4)
    first = notebook.cells[0].source.strip() if notebook.cells else ""
    title = first.partition("\n")[0].lstrip("# ") or path.stem
    resources = {"title": title, "style": STYLE.read_text(encoding="utf-8")}
    page, _ = exporter.from_notebook_node(notebook, resources)
    page = relinked(page, source, beside, _notebooks.ROOT)
    path.with_suffix(".html").write_text(_offline.page(page), encoding="utf-8")
