"""A page that loads nothing from elsewhere, whatever a cell put out."""

import re
from html import escape
from html.parser import HTMLParser

# The browser refuses all that is not in the page itself: also what a script or a style asks for.
POLICY = (
    "default-src 'none'; base-uri 'none'; form-action 'none'; "
    "script-src 'unsafe-inline' 'unsafe-eval' data: blob:; style-src 'unsafe-inline' data:; "
    "img-src data: blob:; font-src data:; media-src data: blob:; connect-src data: blob:; "
    "frame-src data: blob:; worker-src data: blob:"
)
LOADING = {
    "src", "srcset", "imagesrcset", "poster", "data", "background", "href", "xlink:href", "ping",
}  # fmt: skip
FOLLOWED = {"a", "area"}  # their href is opened by a click, not by the page
ELSEWHERE = re.compile(r"(?i)\s*(?:(?!data:|blob:|about:|javascript:)[a-z][a-z0-9+.-]*:|[/\\]{2})")


def page(text):
    """The page without what would load from elsewhere, and with a policy that forbids it.

    text: a whole HTML page. Scripts in its body stay where they are written out; those in its head
    are nbconvert's and go: each fetches something. Pictures as data: URIs stay. ValueError for a
    text without a head.
    """
    reader = _Reader(text)
    reader.feed(text)
    reader.close()
    if reader.head_ends is None:
        raise ValueError("The page has no <head>, in which its policy could stand.")
    policy = f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
    edits = sorted([*reader.edits, (reader.head_ends, reader.head_ends, policy)])
    kept, place = [], 0
    for start, end, instead in edits:
        kept += [text[place:start], instead]
        place = end
    return "".join(kept) + text[place:]


class _Reader(HTMLParser):
    """Notes what to replace: (start, end, what instead), places in the text."""

    def __init__(self, text):
        super().__init__(convert_charrefs=False)
        self.edits, self.head_ends, self.in_head, self.script = [], None, False, None
        self.lines = [0, *(match.end() for match in re.finditer("\n", text))]
        self.text = text

    def _place(self):
        line, column = self.getpos()
        return self.lines[line - 1] + column

    def handle_starttag(self, tag, attributes):
        start, written = self._place(), self.get_starttag_text()
        if tag == "head" and self.head_ends is None:
            self.head_ends, self.in_head = start + len(written), True
        left = [(name, value) for name, value in attributes if not _loads(tag, name, value)]
        if tag == "script" and (self.in_head or left != attributes):
            self.script = start
        elif tag == "meta" and ("http-equiv", "refresh") in _lowered(attributes):
            self.edits.append((start, start + len(written), ""))
        elif left != attributes:
            self.edits.append((start, start + len(written), _written(tag, left)))

    def handle_endtag(self, tag):
        self.in_head = self.in_head and tag != "head"
        if tag == "script" and self.script is not None:
            self.edits.append((self.script, self.text.index(">", self._place()) + 1, ""))
            self.script = None


def _loads(tag, name, value):
    """Whether this attribute makes a browser fetch something from elsewhere."""
    if name not in LOADING or (tag in FOLLOWED and name != "ping"):
        return False
    addresses = re.split(r",\s+", value or "") if "srcset" in name else [value or ""]
    return any(ELSEWHERE.match(re.sub(r"[\t\r\n]", "", one)) for one in addresses)


def _lowered(attributes):
    return [(name, (value or "").strip().lower()) for name, value in attributes]


def _written(tag, attributes):
    names = [name if value is None else f'{name}="{escape(value)}"' for name, value in attributes]
    return f"<{' '.join([tag, *names])}>"
