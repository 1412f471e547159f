"""What does Wikimedia Commons say of the files of a category, asked as it wants to be asked?"""

import json
import re
import tomllib
from pathlib import Path
from urllib.parse import urlencode

import tl_course
from tl_course.engine import downloads

API = "https://commons.wikimedia.org/w/api.php"
WIDTHS = (250, 330, 500, 960, 1280, 1920, 3840)  # of thumbnails, no others: w.wiki/GHai
AT_ONCE = 2  # requests: what Wikimedia allows a program
QUERY = {
    "action": "query", "format": "json", "formatversion": 2, "generator": "categorymembers",
    "gcmtype": "file", "gcmlimit": 50, "prop": "imageinfo",
    "iiprop": "url|size|mime|mediatype|sha1|extmetadata", "iiextmetadatalanguage": "en",
    "iiextmetadatafilter":
        "LicenseShortName|LicenseUrl|Artist|Attribution|NonFree|Restrictions|Categories",
}  # fmt: skip


def user_agent(contact):
    """The words by which we introduce ourselves: Wikimedia turns away who names no contact."""
    pyproject = Path(tl_course.__file__).parents[1] / "pyproject.toml"
    known = [contact] if contact else []
    if pyproject.is_file():
        tool = tomllib.loads(pyproject.read_text(encoding="utf-8"))["tool"]
        known.insert(0, f"https://github.com/{tool['tl_course']['repository']}")
    if not known or not re.fullmatch(r"[ -~]*(?:@|://)[ -~]*", known[-1]):
        raise ValueError(f"Got the contact {contact!r}: name a mail or web address of yours.")
    return f"tl_course/{tl_course.__version__} ({'; '.join(known)}) requests"


def files(category, folder, *, api, width, headers):
    """Every file of a category as the API describes it, a dict; in parts, which are put together.

    folder: where answers lie until they are whole. Raises downloads.Failed.
    """
    query, more, found, seen = {**QUERY, "gcmtitle": category, "iiurlwidth": width}, {}, {}, set()
    while True:
        answer = _ask(f"{api}?{urlencode(query | more)}", folder, headers)
        for page in answer.get("query", {}).get("pages", []):
            found.setdefault(page["title"], {}).update(page)
        last, more = more, answer.get("continue")
        if answer.get("batchcomplete") or not more:
            yield from (page for title, page in found.items() if title not in seen)
            seen, found = seen | set(found), {}
        if not more:
            return
        if more == last:
            raise downloads.Failed("Commons goes round in circles: report it")


def _ask(address, folder, headers):
    path = downloads.download(address, folder, headers=headers, quiet=True)
    try:
        answer = json.loads(path.read_bytes())
    except ValueError:
        answer = None
    finally:
        path.unlink()
    if not isinstance(answer, dict):
        raise downloads.Failed("what came is no answer of a wiki: is the address of its API right?")
    if "error" in answer:
        raise downloads.Failed(f"Commons answers: {answer['error'].get('info', answer['error'])}")
    return answer
