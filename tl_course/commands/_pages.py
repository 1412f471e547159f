"""The page of an executed notebook, one file that needs no network."""

import re

PAGE = "page.html.j2"
FOLDED = """{%- extends "lab/index.html.j2" -%}
{%- block input -%}{%- if "hide-input" in cell.metadata.get("tags", []) -%}
<details><summary>Code</summary>{{ super() }}</details>{%- else -%}{{ super() }}{%- endif -%}
{%- endblock input -%}"""


def write_page(path):
    """Write the page NAME.html beside NAME.ipynb; it needs no network: its head loads nothing.

    Code that is folded in the notebook is folded there, too: a click opens it.
    """
    from jinja2 import DictLoader
    from nbconvert import HTMLExporter

    exporter = HTMLExporter(
        embed_images=True, template_file=PAGE, extra_loaders=[DictLoader({PAGE: FOLDED})]
    )
    page, _ = exporter.from_filename(str(path))
    head, end, body = page.partition("</head>")
    offline = re.sub(r"(?s)<script.*?</script>", "", head) + end + body
    path.with_suffix(".html").write_text(offline, encoding="utf-8")
