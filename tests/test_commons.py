"""A set of photographs from Wikimedia Commons, built against a wiki on this machine.

It answers in the form of the real API (format 2): in parts, with tracking queries, with extended
metadata in HTML. Nothing here has been tried against Commons itself: tests touch no network.
"""

import csv
import hashlib
import html
import io
import json
import re
import threading
import time
from urllib.parse import parse_qs, unquote, urlsplit

import numpy as np
import pytest
from PIL import Image

from tests import faulty
from tests.lessons import ROOT
from tl_course import __main__, __version__, photographs
from tl_course.commands import _commons_api, _commons_rows
from tl_course.engine import downloads

ANN = '<a href="//commons.wikimedia.org/wiki/User:Ann">Ann &amp; Co</a>'
TRACKING = "?utm_source=commons.wikimedia.org&utm_campaign=imageinfo&utm_content={}"


def jpeg(seed, size=(640, 480)):
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1] // 40, size[0] // 40, 3))
    buffer = io.BytesIO()
    Image.fromarray(pixels.astype("uint8")).resize(size).save(buffer, "JPEG")
    return buffer.getvalue()


class Wiki:
    """Files by title; `batch` of them to an answer, the last of which comes without its details."""

    def __init__(self, *, batch=3):
        self.files, self.batch, self.server = {}, batch, faulty.Server(self.answer)
        self.now, self.most, self.lock, self.pause = 0, 0, threading.Lock(), 0
        self.api = f"{self.server.address}/w/api.php"

    def add(
        self, name, *, size=(640, 480), width=4000, content=None, licence="CC BY-SA 4.0",
        artist=ANN, mime="image/jpeg", mediatype="BITMAP", thumb="960px-{}", **facts,
    ):  # fmt: skip
        content = jpeg(len(self.files), size) if content is None else content
        page = 100 + len(self.files)
        thumb = f"/thumb/{page}/{thumb.format(name)}" if width > 960 else f"/file/{page}/{name}"
        original = content if width <= 960 else b"the original of " + content
        found = {"LicenseShortName": licence, "Artist": artist, "Categories": "Lasagne|Italy"}
        found |= {"LicenseUrl": "https://creativecommons.org/licenses/by-sa/4.0"} | facts
        info = {
            "size": len(original), "width": width, "height": width * 3 // 4,
            "thumburl": f"{self.server.address}{thumb}" + TRACKING.format("thumbnail"),
            "thumbwidth": 960, "thumbheight": 720,
            "url": f"{self.server.address}/file/{page}/{name}" + TRACKING.format("original"),
            "descriptionurl": f"https://commons.wikimedia.org/wiki/File:{name}",
            "sha1": hashlib.sha1(original).hexdigest(), "mime": mime, "mediatype": mediatype,
            "extmetadata": {k: {"value": v, "source": "commons-desc-page"}
                            for k, v in found.items() if v is not None},
        }  # fmt: skip
        shown = {"pageid": page, "ns": 6, "title": f"File:{name}", "imagerepository": "local"}
        self.files[name] = {"page": shown, "info": info, "path": thumb, "content": content}
        return self

    def answer(self, request):
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        try:
            time.sleep(self.pause)
            path = unquote(urlsplit(request.path).path)
            if path == "/w/api.php":
                answer = json.dumps(self.query(parse_qs(urlsplit(request.path).query)))
                return faulty.whole(answer.encode(), kind="application/json", code="")(request)
            found = [file for file in self.files.values() if file["path"] == path]
            found or faulty.status(404)(request)
            for file in found:
                file.get("answer", faulty.whole(file["content"], kind="image/jpeg"))(request)
        finally:
            with self.lock:
                self.now -= 1

    def query(self, asked):
        asked = {name: values[0] for name, values in asked.items()}
        assert asked["formatversion"] == "2" and asked["generator"] == "categorymembers"
        assert asked["gcmtype"] == "file" and int(asked["gcmlimit"]) <= 50
        assert int(asked["iiurlwidth"]) in _commons_api.WIDTHS
        if asked["gcmtitle"] != "Category:Lasagna":
            return {"batchcomplete": True}
        first = int(asked.get("gcmcontinue", "file|0").split("|")[1])
        part = list(self.files.values())[first : first + self.batch]
        late, pages = asked.get("iicontinue"), []
        for place, file in enumerate(part):  # details of the last come with the next answer
            details = {"imageinfo": [file["info"]]} if (place < 2) != bool(late) else {}
            pages.append(file["page"] | details)
        answer = {"query": {"pages": pages}}
        if len(part) > 2 and not late:
            more = {"iicontinue": "x|2026", "continue": "||"}
            more |= {"gcmcontinue": f"file|{first}"} if first else {}
            return answer | {"continue": more}
        answer["batchcomplete"] = True
        if first + self.batch < len(self.files):
            more = {"gcmcontinue": f"file|{first + self.batch}", "continue": "gcmcontinue||"}
            answer["continue"] = more
        return answer


@pytest.fixture
def wiki(monkeypatch):
    monkeypatch.setattr(downloads, "LIMITS", faulty.FAST)
    wiki = Wiki()
    yield wiki
    wiki.server.close()


def build(wiki, out, *options, label="lasagna", category="Category:Lasagna"):
    call = ["commons", category, "--label", label, "--out", str(out), "--api", wiki.api, *options]
    return __main__.main(call)


def manifest(out, label="lasagna"):
    with open(out / f"manifest_{label}.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def names(out, label="lasagna"):
    return sorted(path.name for path in (out / label).iterdir())


def asked(wiki, part):
    """The paths of requests whose path holds a word."""
    return [path for path, _ in wiki.server.requests if part in path]


# ---------------------------------------------------------------- a set


def test_a_category_becomes_a_folder_of_one_class(wiki, tmp_path, capsys):
    for number in range(8):  # three answers of the API, the first two in two parts each
        wiki.add(f"Dish {number}.jpg")
    assert build(wiki, tmp_path) == 0
    assert names(tmp_path) == sorted(f"{100 + n}_Dish_{n}.jpg" for n in range(8))
    assert len(asked(wiki, "api.php")) == 5
    dataset = photographs.load_folder(tmp_path, image_size=64)
    assert len(dataset) == 8 and dataset.class_names == ("lasagna",)
    said = capsys.readouterr().out
    assert f"lasagna: 8 photographs in {tmp_path / 'lasagna'}." in said
    assert "look at each of them" in said
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"lasagna", "manifest_lasagna.csv", "contact_sheet_lasagna.html", "credits.html"}


def test_the_manifest_says_whose_each_is(wiki, tmp_path):
    wiki.add("Dish.jpg", Restrictions="personality").add("Small.jpg", width=640)
    build(wiki, tmp_path)
    large, small = manifest(tmp_path)
    assert large | {"url": ""} == {
        "file": "lasagna/100_Dish.jpg", "label": "lasagna", "page": "100", "title": "File:Dish.jpg",
        "source": "https://commons.wikimedia.org/wiki/File:Dish.jpg", "url": "",
        "sha256": hashlib.sha256(wiki.files["Dish.jpg"]["content"]).hexdigest(),
        "bytes": str(len(wiki.files["Dish.jpg"]["content"])),
        "sha1_of_original": wiki.files["Dish.jpg"]["info"]["sha1"], "is_original": "no",
        "licence": "CC BY-SA 4.0", "attribution": "Ann & Co", "restrictions": "personality",
        "licence_url": "https://creativecommons.org/licenses/by-sa/4.0",
    }  # fmt: skip
    assert large["url"] == f"{wiki.server.address}/thumb/100/960px-Dish.jpg"
    assert small["url"] == f"{wiki.server.address}/file/101/Small.jpg"
    assert small["is_original"] == "yes"


def test_no_request_carries_a_tracking_query(wiki, tmp_path):
    build(wiki.add("a.jpg"), tmp_path)
    assert asked(wiki, "utm_") == []
    assert "utm_" in wiki.files["a.jpg"]["info"]["thumburl"]  # control


def test_every_request_names_us_and_a_contact(wiki, tmp_path):
    build(wiki.add("a.jpg"), tmp_path, "--contact", "me@example.org")
    agents = {headers["User-Agent"] for _, headers in wiki.server.requests}
    repository = re.search(r'repository = "([^"]+)"', (ROOT / "pyproject.toml").read_text())[1]
    assert agents == {
        f"tl_course/{__version__} (https://github.com/{repository}; me@example.org) requests"
    }


def test_without_a_contact_nothing_is_asked(wiki, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(_commons_api.tl_course, "__file__", str(tmp_path / "a" / "b.py"))
    assert build(wiki, tmp_path / "out") == 1
    assert "Got the contact None: name a mail or web address" in capsys.readouterr().err
    assert build(wiki, tmp_path / "out", "--contact", "me\nX: y") == 1
    assert wiki.server.requests == []


def test_there_are_never_more_than_two_requests_at_once(wiki, tmp_path):
    wiki.pause = 0.05
    for number in range(8):
        wiki.add(f"{number}.jpg")
    build(wiki, tmp_path)
    assert wiki.most == 2


def test_a_wait_that_wikimedia_asks_for_is_granted(wiki, tmp_path):
    file = wiki.add("a.jpg").files["a.jpg"]

    def busy(request):
        del file["answer"]
        faulty.status(429, Retry_After="1")(request)

    file["answer"] = busy
    start = time.monotonic()
    assert build(wiki, tmp_path) == 0
    assert time.monotonic() - start > 0.9


# ---------------------------------------------------------------- what stays out

LICENCES = {
    "CC0": True, "CC0 1.0": True, "Public domain": True, "CC BY 2.0": True, "CC BY-SA 3.0 de": True,
    "CC BY-SA 4.0": True, "CC BY 3.0 igo": True,
    "CC BY-NC 4.0": False, "CC BY-NC-SA 2.0": False, "CC BY-ND 4.0": False, "GFDL": False,
    "CC BY-NC-ND 4.0": False, "Copyrighted free use": False, "Fair use": False, "GPL": False,
    "CC SA 1.0": False, "CC BY": False, "cc by 4.0, not for sale": False, None: False, "": False,
    "<b>CC BY-NC 4.0</b>": False, "No restrictions": False,
}  # fmt: skip


def test_only_licences_on_the_list_come_in(wiki, tmp_path, capsys):
    for number, licence in enumerate(LICENCES):
        wiki.add(f"{number}.jpg", licence=licence)
    build(wiki, tmp_path)
    assert {row["licence"] for row in manifest(tmp_path)} == {n for n, on in LICENCES.items() if on}
    said = capsys.readouterr().out
    assert "Left out 2: its licence, CC BY-NC 4.0, is not on our list\n" in said
    assert "Left out 1: its licence, GFDL, is not on our list\n" in said


def test_what_is_not_free_stays_out_whatever_its_licence_says(wiki, tmp_path, capsys):
    assert build(wiki.add("a.jpg", NonFree="true"), tmp_path) == 1
    assert "Left out 1: Commons marks it as not free\n" in capsys.readouterr().out


def test_who_wants_to_be_named_must_be_known(wiki, tmp_path):
    wiki.add("a.jpg", artist=None).add("b.jpg", artist=" <p> </p>")
    wiki.add("c.jpg", artist=None, licence="CC0").add("d.jpg", artist="X", Attribution="Y, Z Ltd")
    build(wiki, tmp_path)
    found = {row["title"]: row["attribution"] for row in manifest(tmp_path)}
    assert found == {"File:c.jpg": "", "File:d.jpg": "Y, Z Ltd"}


def test_what_is_no_photograph_stays_out(wiki, tmp_path, capsys):
    wiki.add("a.svg", mime="image/svg+xml", mediatype="DRAWING")
    wiki.add("b.png", mime="image/png").add("c.ogv", mime="video/ogg", mediatype="VIDEO")
    wiki.add("d.pdf", mime="application/pdf", mediatype="OFFICE").add("e.gif", mime="image/gif")
    wiki.add("Drawing of a lasagna.jpg").add("f.jpg", Categories="AI-generated food|Lasagne")
    wiki.add("g.jpg", width=190).add("h.jpg").add("i.tif", mime="image/tiff", thumb="960px-{}.jpg")
    build(wiki, tmp_path)
    assert names(tmp_path) == ["108_h.jpg", "109_i.jpg"]
    said = capsys.readouterr().out
    for kind in ("image/svg+xml", "image/png", "video/ogg", "application/pdf", "image/gif"):
        assert f"Left out 1: no photograph: {kind}\n" in said
    for word in ("drawing", "ai-generated"):
        assert f"Left out 1: no photograph, its name or a category says: {word}\n" in said
    assert "Left out 1: smaller than 200 pixels\n" in said


def test_a_file_that_is_gone_or_damaged_stays_out_and_the_others_come(wiki, tmp_path, capsys):
    wiki.add("a.jpg").add("b.jpg").add("c.jpg", content=b"no picture").add("d.jpg")
    wiki.files["a.jpg"]["answer"] = faulty.status(404)
    del wiki.files["b.jpg"]["info"]["url"], wiki.files["b.jpg"]["info"]["thumburl"]
    assert build(wiki, tmp_path) == 0
    assert names(tmp_path) == ["103_d.jpg"]
    said = capsys.readouterr().out
    assert "answers 404" in said and "there is no file" in said and "cannot be read" in said


def test_an_original_is_checked_by_its_sha_1(wiki, tmp_path, capsys):
    wiki.add("a.jpg", width=640).add("b.jpg", width=640)
    wiki.files["a.jpg"]["content"] = jpeg(77)  # a whole picture, another one
    assert build(wiki, tmp_path) == 0
    assert names(tmp_path) == ["101_b.jpg"]
    assert "Left out 1: its SHA-1 is not the one that Commons names" in capsys.readouterr().out


def test_only_widths_that_are_served_are_asked_for(wiki, tmp_path, capsys):
    wiki.add("a.jpg", thumb="800px-{}").add("b.jpg").add("c.jpg", thumb="lossy-page1-960px-{}")
    build(wiki, tmp_path)
    assert names(tmp_path) == ["101_b.jpg", "102_c.jpg"]
    assert asked(wiki, "800px") == []
    assert "800 pixels are no width that Wikimedia serves" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        build(wiki, tmp_path, "--width", "800")


def test_the_same_picture_comes_once_also_under_two_labels(wiki, tmp_path, capsys):
    wiki.add("a.jpg").add("b.jpg", content=wiki.files["a.jpg"]["content"])
    build(wiki, tmp_path)
    assert names(tmp_path) == ["100_a.jpg"]
    capsys.readouterr()
    assert build(wiki, tmp_path, label="endocarditis") == 1
    assert "Left out 2: the same as lasagna/100_a.jpg" in capsys.readouterr().out
    assert not (tmp_path / "endocarditis").exists()


@pytest.mark.parametrize(
    "title",
    ["../../evil.jpg", "a/../../b.jpg", "/etc/x.jpg", "CON.jpg", "x" * 300 + ".jpg",
     "名" * 90 + ".jpg", "a\nb.jpg", "a\0b.jpg", "=1+1.jpg", "<script>.jpg",
     "a b?c#d%2F.jpg", "..", "\u202egpj.jpg"],
)  # fmt: skip
def test_a_title_becomes_a_harmless_name(wiki, tmp_path, title):
    wiki.add("a.jpg")
    wiki.files["a.jpg"]["page"]["title"] = f"File:{title}"
    assert build(wiki, tmp_path / "out") == 0
    (name,) = names(tmp_path / "out")
    assert re.fullmatch(r"100_[\w-]*\.jpg", name) and len(name.encode()) < 120
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


# ---------------------------------------------------------------- again and again


def test_the_same_command_goes_on_where_it_was(wiki, tmp_path, capsys):
    for number in range(6):
        wiki.add(f"{number}.jpg")
    wiki.files["4.jpg"]["answer"] = faulty.status(500)
    assert build(wiki, tmp_path) == 1
    said = capsys.readouterr().err.splitlines()[-1]
    assert re.fullmatch(r"lasagna: 127.* answers 500, which may pass. What has come is kept.", said)
    before = set(names(tmp_path))
    assert {row["file"] for row in manifest(tmp_path)} <= {f"lasagna/{name}" for name in before}
    del wiki.files["4.jpg"]["answer"]
    wiki.server.requests.clear()
    kept = {row["file"].partition("/")[2] for row in manifest(tmp_path)}
    assert build(wiki, tmp_path) == 0
    assert len(asked(wiki, "/thumb/")) == 6 - len(kept)
    assert len(names(tmp_path)) == 6
    build(wiki, tmp_path)
    assert len(asked(wiki, "/thumb/")) == 6 - len(kept), "what is here is not fetched again"


def test_what_a_person_weeded_stays_away(wiki, tmp_path, capsys):
    for number in range(3):
        wiki.add(f"{number}.jpg")
    build(wiki, tmp_path)
    (tmp_path / "lasagna" / "101_1.jpg").unlink()
    (tmp_path / "lasagna" / "102_2.jpg").write_bytes(b"damaged")
    wiki.server.requests.clear()
    assert build(wiki, tmp_path) == 0
    assert names(tmp_path) == ["100_0.jpg", "102_2.jpg"]
    assert [path.partition("px-")[2] for path in asked(wiki, "/thumb/")] == ["2.jpg"]
    assert "Left out 1: deleted by you" in capsys.readouterr().out
    credit = (tmp_path / "credits.html").read_text(encoding="utf-8")
    assert "100_0.jpg" in credit and "101_1.jpg" not in credit


def test_two_labels_share_a_folder_and_its_credits(wiki, tmp_path):
    build(wiki.add("a.jpg"), tmp_path)
    wiki.files.clear()
    wiki.add("x.jpg").files["x.jpg"]["page"]["pageid"] = 7
    wiki.files["x.jpg"]["info"]["sha1"] = "0"
    build(wiki, tmp_path, label="endocarditis")
    dataset = photographs.load_folder(tmp_path, image_size=64)
    assert dataset.class_names == ("endocarditis", "lasagna")
    credit = (tmp_path / "credits.html").read_text(encoding="utf-8")
    assert "endocarditis/7_x.jpg" in credit and "lasagna/100_a.jpg" in credit


def test_the_limit_counts_what_is_here(wiki, tmp_path, capsys):
    for number in range(6):
        wiki.add(f"{number}.jpg")
    build(wiki, tmp_path, "--limit", "2")
    assert len(names(tmp_path)) == 2
    build(wiki, tmp_path, "--limit", "4")
    assert len(names(tmp_path)) == 4
    assert "by --limit 4" in capsys.readouterr().out


def test_a_manifest_of_somebody_else_is_left_alone(wiki, tmp_path, capsys):
    (tmp_path / "manifest_lasagna.csv").write_text("a,b\n1,2\n")
    assert build(wiki.add("a.jpg"), tmp_path) == 1
    assert "is no manifest of this command" in capsys.readouterr().err
    assert (tmp_path / "manifest_lasagna.csv").read_text() == "a,b\n1,2\n"
    assert wiki.server.requests == []


# ---------------------------------------------------------------- one clear sentence


@pytest.mark.parametrize("category", ["Lasagna", "File:a.jpg", "Category:", "Category: "])
def test_what_is_no_category_is_refused(wiki, tmp_path, capsys, category):
    assert build(wiki, tmp_path, category=category) == 1
    assert f"Got {category!r}: a category looks like" in capsys.readouterr().err
    assert wiki.server.requests == []


@pytest.mark.parametrize("label", ["../x", "a/b", "__pycache__", ".hidden", "", "a\nb", "x ", "*"])
def test_a_label_that_is_no_folder_is_refused(wiki, tmp_path, capsys, label):
    assert build(wiki, tmp_path, label=label) == 1
    assert "Got the label" in capsys.readouterr().err
    assert wiki.server.requests == [] and list(tmp_path.iterdir()) == []


def test_an_empty_category_is_said_to_be_one(wiki, tmp_path, capsys):
    assert build(wiki, tmp_path, category="Category:Lasanga") == 1
    assert "Is there a page 'Category:Lasanga' on Commons" in capsys.readouterr().out


ANSWERS = {
    "an error": (b'{"error": {"code": "x", "info": "The category name is not valid."}}',
                 "Commons answers: The category name is not valid"),
    "no JSON": (b"hello", "no answer of a wiki"),
    "a list": (b"[]", "no answer of a wiki"),
    "a circle": (b'{"continue": {"gcmcontinue": "1"}}', "round in circles"),
}  # fmt: skip


@pytest.mark.parametrize("kind", ANSWERS)
def test_a_strange_answer_is_one_sentence(wiki, tmp_path, capsys, kind):
    content, sentence = ANSWERS[kind]
    wiki.server.answers = [faulty.whole(content, kind="application/json")]
    assert build(wiki, tmp_path) == 1
    (said,) = capsys.readouterr().err.strip().splitlines()
    assert sentence in said


def test_a_folder_that_cannot_be_written_is_one_sentence(wiki, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert build(wiki.add("a.jpg"), tmp_path / "file" / "out") == 1
    assert "cannot write in" in capsys.readouterr().err


# ---------------------------------------------------------------- pages

EVIL = '<img src=x onerror=alert(1)>"'


def test_pages_hold_no_word_of_strangers_as_html(wiki, tmp_path):
    wiki.add("a.jpg", artist=html.escape(EVIL), LicenseUrl="javascript:alert(1)", Restrictions=EVIL)
    wiki.files["a.jpg"]["page"]["title"] = f"File:{EVIL}.jpg"
    wiki.files["a.jpg"]["info"]["descriptionurl"] = 'https://x.org/" onclick="alert(1)'
    build(wiki, tmp_path)
    for page in ("credits.html", "contact_sheet_lasagna.html"):
        text = (tmp_path / page).read_text(encoding="utf-8")
        assert "javascript:" not in text and '" onclick' not in text and "<img src=x" not in text
        assert html.escape(EVIL) in text  # control: it is shown, as words


def test_a_contact_sheet_shows_each_picture_and_asks_to_look(wiki, tmp_path):
    wiki.add("Lasagne à l'œuf.jpg", Restrictions="personality").add("b.jpg")
    build(wiki, tmp_path)
    page = (tmp_path / "contact_sheet_lasagna.html").read_text(encoding="utf-8")
    shown = [unquote(path) for path in re.findall(r'<img loading="lazy" src="([^"]+)"', page)]
    assert sorted(shown) == sorted(row["file"] for row in manifest(tmp_path))
    assert all((tmp_path / path).is_file() for path in shown)
    assert len(re.findall(r'alt="File:[^"]+"', page)) == 2
    assert "dignity" in page and "consent" in page and "Mind: personality" in page
    assert not re.search(r"<(?:script|link|iframe)", page)


def test_hidden_words_are_no_author():
    hidden = '<div class="fn"> Ann</div><div style="display: none;">creator QS:P170,Q42</div>'
    assert _commons_rows._text(hidden) == "Ann"
