"""The glossary's words in the lessons: where one first stands on a page, its meaning opens."""

import functools
import html
import re
from pathlib import Path

from docutils import nodes

GLOSSARY = "docs/glossary"
ENTRY = re.compile(r"(?m)^### (.+)\n\n((?:.+\n)+)")
NOT_IN = (nodes.title, nodes.reference, nodes.literal, nodes.literal_block, nodes.raw, nodes.table)
BEGIN = '<span class="term"><a href="{}#{slug}" aria-describedby="term-{slug}">'
END = '</a><span role="tooltip" id="term-{slug}">{}</span></span>'


@functools.cache
def meanings(path):
    """Return {word: what it means, in one paragraph of plain text}."""
    entries = ENTRY.findall(Path(path).read_text(encoding="utf-8"))
    return {word: re.sub(r"[*`]", "", " ".join(text.split())) for word, text in entries}


def slug(word):
    """Return the anchor of a glossary's entry."""
    return re.sub(r"[^\w-]", "", word.lower().replace(" ", "-"))


def pattern(word):
    """Return what finds a word in a text, also its plural."""
    return re.compile(rf"(?<![\w-]){re.escape(word)}(?:e?s)?(?![\w-])", re.IGNORECASE)


def inside(node, kinds):
    """Say whether a node lies in one of these kinds."""
    while node is not None and not isinstance(node, kinds):
        node = node.parent
    return node is not None


def explain(app, doctree, docname):
    """Put each word's meaning at its first place in a lesson, as a link that shows it on focus."""
    if not docname.startswith("notebooks/"):
        return
    texts = [t for t in doctree.findall(nodes.Text) if not inside(t, NOT_IN)]
    texts = [text for text in texts if inside(text, (nodes.paragraph,))]
    address = app.builder.get_relative_uri(docname, GLOSSARY)
    for word, meaning in meanings(Path(app.srcdir) / f"{GLOSSARY}.md").items():
        for place, text in enumerate(texts):
            if found := pattern(word).search(text):
                texts[place : place + 1] = opened(text, found, word, meaning, address)
                break


def opened(text, found, word, meaning, address):
    """Replace a text by itself with the word as a link; return what of it may be searched on."""
    before, after = nodes.Text(text[: found.start()]), nodes.Text(text[found.end() :])
    begin = BEGIN.format(address, slug=slug(word))
    end = END.format(html.escape(meaning), slug=slug(word))
    link = [nodes.raw("", part, format="html") for part in (begin, end)]
    text.parent.replace(text, [before, link[0], nodes.Text(found[0]), link[1], after])
    return [before, after]
