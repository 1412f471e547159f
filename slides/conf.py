"""How Sphinx turns index.md into a reveal.js deck that needs no network."""

from sphinx_revealjs._ext.notes import revealjs_notes

project = "Transfer learning, by doing it"
author = "The tl_course authors"
language = "en"
extensions = ["myst_parser", "sphinx_revealjs"]
myst_enable_extensions = ["colon_fence"]
html_title = project
html_copy_source = False

revealjs_html_theme = "revealjs-simple"
revealjs_style_theme = "white"
revealjs_static_path = ["_static"]
revealjs_css_files = ["lecture.css"]
revealjs_js_files = ["print.js"]
revealjs_script_plugins = [
    {"src": "revealjs/plugin/notes/notes.js", "name": "RevealNotes"},  # the key S
    {"src": "revealjs/plugin/highlight/highlight.js", "name": "RevealHighlight"},
]
revealjs_script_conf = {
    "width": 1280,
    "height": 720,
    "margin": 0.08,
    "center": False,
    "hash": True,
    "slideNumber": "c/t",
    "transition": "none",
    "backgroundTransition": "none",
    "pdfMaxPagesPerSlide": 1,
    "pdfSeparateFragments": False,
}


def setup(app):
    """Keep the paragraphs of speaker notes apart; sphinx-revealjs runs them together."""
    begin_and_end = (
        lambda writer, node: writer.body.append('<aside class="notes">'),
        lambda writer, node: writer.body.append("</aside>\n"),
    )
    app.add_node(revealjs_notes, override=True, revealjs=begin_and_end)
