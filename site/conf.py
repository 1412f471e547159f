"""How Sphinx makes the course's site, which needs no network; tools/build_site.py calls it."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import docstrings  # noqa: E402
import terms  # noqa: E402

project = "Transfer learning, by doing it"
author = "The tl_course authors"
language = "en"
smartquotes = False  # a docstring's quotes are often code
extensions = ["myst_nb", "sphinx_design", "sphinx.ext.autodoc"]
exclude_patterns = ["_as_is"]
html_extra_path = ["_as_is"]  # the slides, the playground, the notebooks to download

nb_execution_mode = "off"
nb_ipywidgets_js = {}  # would be fetched from elsewhere
nb_code_prompt_show = "Show the code"
nb_code_prompt_hide = "Hide the code"
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 4
add_module_names = False
autodoc_typehints = "none"
autodoc_member_order = "bysource"
suppress_warnings = ["myst.header"]  # the glossary's words are ### for the eye; a page has no gap

html_theme = "sphinx_book_theme"
html_title = project
html_copy_source = False
html_show_sphinx = False
html_static_path = ["_static"]
html_css_files = ["_pages.css", "site.css"]
html_js_files = ["site.js"]
html_context = {"default_mode": "auto"}
html_theme_options = {
    "use_download_button": False,
    "use_fullscreen_button": False,
    "navbar_persistent": [],
    "home_page_in_toc": True,
    "show_navbar_depth": 1,
    "search_bar_text": "Search the course",
    "toc_title": "On this page",
    "extra_footer": "Code: MIT. Text and figures: CC BY 4.0. Nothing here is a diagnostic device.",
    "back_to_top_button": False,
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}


def setup(app):
    """Explain the glossary's words where they first stand, and make plain docstrings look well."""
    app.connect("doctree-resolved", terms.explain)
    app.connect("autodoc-process-docstring", docstrings.as_rst)
    app.connect("autodoc-skip-member", docstrings.without_words)
