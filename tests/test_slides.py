"""slides/ and tools/build_slides.py: the lecture's points in order, its numbers from the course."""

import ast
import json
import re
from pathlib import Path

import pytest

from tl_course import records

pytest.importorskip("sphinx_revealjs", reason="the slides need the extra `slides`")
from tools import bars, build_slides, cards, claims, placeholders, races  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
DOT = "R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=="  # a GIF of one pixel
# sphinx-revealjs 3.2 uses a name that Sphinx will drop in version 11
pytestmark = pytest.mark.filterwarnings("ignore:.*RevealjsHTMLBuilder.app")
HALF = {"value": 0.5, "low": 0.4, "high": 0.6}
GAIN = {"value": -0.015, "low": -0.025, "high": -0.005, "n": 7, "p_value": 0.01}
PICTURES = r"\{\{(?:figure|picture|drawn|raced) "
CLAIM = r"\{\{claim (\w+) \| (.+?) \| (.+?) \| (.+?)\}\}"


def source():
    return (ROOT / "slides" / "index.md").read_text(encoding="utf-8")


def slides(text):
    return re.split(r"(?m)^(?=##? )", text)[1:]


def shown(slide):
    """What the room reads of a slide, a value as an x: no notes, no code, no pictures."""
    slide = re.sub(CLAIM, r"\3", slide)
    for hidden in (r":::\{revealjs-notes\}.*?\n:::", r"```.*?```", PICTURES + r".*?\}\}"):
        slide = re.sub(hidden, "", slide, flags=re.DOTALL)
    slide = re.sub(r"\{\{.*?\}\}", "x", slide)
    return re.sub(r"<.*?>|:::[^\n]*|\]\(.*?\)|(?m:^##? )", " ", slide, flags=re.DOTALL)


def real(lesson):
    """What the lesson recorded in the last full run: {name of a record: its values}."""
    folder = ROOT / "data" / "results"
    kept = {lesson: {k: v for k, v in cards.recorded()[lesson].items() if k != "headline"}}
    kept["headline"] = cards.recorded()[lesson]["headline"]
    if lesson == "01_motivation":
        text = (folder / "accuracy_against_labels.json").read_text(encoding="utf-8")
        kept["accuracy_against_labels"] = json.loads(text)["results"]
    return kept


def figure(alt, caption):
    picture = f'<img alt="{alt}" src="data:image/gif;base64,{DOT}">'
    return f"<figure>{picture}<figcaption>{caption}</figcaption></figure>"


def plant(path, value, kept):
    """Put a value where a path leads: values come in dicts inside dicts."""
    *outer, last = path.split(".")
    for key in outer:
        kept = kept.setdefault(key, {})
    kept[last] = value


def tiny_course(folder, text, *, without=None):
    """A course that displayed and recorded exactly what `text` has placeholders for."""
    folder.mkdir(parents=True, exist_ok=True)
    outputs, values, headlines = {}, {}, {}
    for kind, lesson, name, form in placeholders.PLACEHOLDER.findall(text):
        if kind in ("course", "picture") or without in (name, f"{kind} {lesson}"):
            continue
        outputs.setdefault(lesson, [{"output_type": "stream", "text": "Gain: 99 %"}])
        headlines.setdefault(lesson, None)
        if kind == "figure":
            page = {"text/html": [figure("A &quot;dot&quot;", name)]}
            outputs[lesson].append({"data": page, "metadata": {"figure": name}})
        elif kind == "value":
            if lesson not in cards.recorded():
                plant(name, 0.25 if form else GAIN, values.setdefault(lesson, {}))
        elif kind == "headline":
            kept = {"names": ["gain"], "values": {"gain": GAIN}}
            headlines[lesson] = {"about": f"Headline of {lesson}", **kept}
    bundles = [(lesson, lesson, kept) for lesson, kept in values.items()]
    for lesson in outputs.keys() & cards.recorded().keys():
        bundles += [(lesson, name, kept) for name, kept in real(lesson).items()]
    for lesson, name, kept in bundles:
        kept = {key: value for key, value in kept.items() if key != without}
        bundle = {records.RESULTS_TYPE: {"name": name, "results": kept}}
        outputs[lesson].append({"data": bundle, "metadata": {}})
    for lesson, its_outputs in outputs.items():
        cells = [{"cell_type": "markdown"}, {"outputs": its_outputs}]
        (folder / f"{lesson}.ipynb").write_text(json.dumps({"cells": cells}))
    rows = [{"notebook": lesson, "headline": kept} for lesson, kept in headlines.items()]
    results = {"profile": "student", "cores": 2, "notebooks": rows}
    (folder / "results.json").write_text(json.dumps(results))
    return folder


# ---------------------------------------------------------------- filling the placeholders


def test_every_kind_of_placeholder_is_filled(tmp_path):
    text = ("{{figure 01_a two_dots}} {{value 01_a head.gain}} {{headline 01_a}} "
            "{{course profile}}")  # fmt: skip
    filled = placeholders.fill(text, tiny_course(tmp_path, text))
    assert figure("A &quot;dot&quot;", "two_dots") in filled
    gain = "\N{MINUS SIGN}1.5 percentage points (\N{MINUS SIGN}2.5 to \N{MINUS SIGN}0.5, n_=_7, "
    assert gain.replace("_", "\N{NO-BREAK SPACE}") in filled
    assert "Headline of 01_a: gain -1.5 percentage points" in filled
    assert filled.endswith(" student")


@pytest.mark.parametrize(
    ("kept", "form", "shown"),
    [(0.123456, " | .2g", "0.12"), (0.123456, "", "0.123456"), ("head", "", "head"),
     ([1e-08, 1e-4], " | g", "1e-08, 0.0001"), ([], "", "none"), (True, "", "True"),
     ({"value": 0.5, "low": 0.4, "high": 0.6, "n": 9}, "", "50.0_% (40.0 to 60.0_%, n_=_9)")],
)  # fmt: skip
def test_a_value_is_put_into_words(tmp_path, kept, form, shown):
    bundle = {records.RESULTS_TYPE: {"name": "demo", "results": {"kept": kept}}}
    page = {"cells": [{"outputs": [{"data": bundle}]}]}
    (tmp_path / "01_a.ipynb").write_text(json.dumps(page))
    filled = placeholders.fill(f"{{{{value 01_a demo.kept{form}}}}}", tmp_path)
    assert filled == shown.replace("_", "\N{NO-BREAK SPACE}")


def test_captions_alt_texts_and_printed_lines_are_not_read(tmp_path):
    """Control: they hold a number each, and the slides cannot be made to show it."""
    course = tiny_course(tmp_path, "{{figure 01_a two_dots}}")
    for wanted in ("{{figure 01_a | A dot}}", "{{value 01_a Gain}}", "{{line 01_a | Gain:}}"):
        with pytest.raises(ValueError):
            placeholders.fill(wanted, course)


@pytest.mark.parametrize(("placeholder", "named"), [
    ("{{figure 01_a three_dots}}", "01_a has no figure 'three_dots': choose from ['two_dots']"),
    ("{{value 01_a head.loss}}", "01_a recorded no 'head.loss': at 'loss' there is ['gain']"),
    ("{{value 01_a head}}", "['gain'] are several values: name one of them"),
    ("{{value 09_z head.gain}}", "09_z.ipynb is missing: run `make course` first"),
    ("{{headline 01_a}}", "no value for '01_a'"),
    ("{{course mood}}", "no value for 'mood'; it has ['01_a', 'cores', 'profile']"),
    ("{{minutes}}", "Unknown placeholder '{{minutes}}'"),
])  # fmt: skip
def test_what_has_no_value_is_named(tmp_path, placeholder, named):
    course = tiny_course(tmp_path, "{{figure 01_a two_dots}} {{value 01_a head.gain}}")
    with pytest.raises(ValueError, match=re.escape(named)):
        placeholders.fill(placeholder, course)


MISSING = ["imagenet_challenge", "gently_moved_by", "headline 01_motivation"]


@pytest.mark.parametrize("without", MISSING)
def test_a_missing_value_leaves_the_last_deck_alone(tmp_path, capsys, without):
    course, deck = tiny_course(tmp_path / "course", source(), without=without), tmp_path / "deck"
    deck.mkdir()
    (deck / "index.html").write_text("the last one")
    assert build_slides.main(course, deck) == 1
    assert without.removeprefix("headline ") in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["course", "deck"]
    assert (deck / "index.html").read_text() == "the last one"


def test_without_a_course_one_sentence_says_what_to_do(tmp_path, capsys):
    assert build_slides.main(tmp_path / "course", tmp_path / "deck") == 1
    (complaint,) = capsys.readouterr().err.splitlines()
    assert complaint.endswith("is missing: run `make course` first.")
    assert list(tmp_path.iterdir()) == []


# ---------------------------------------------------------------- the words


def without_notes(text):
    """Titles of the slides whose notes lack what to say, what to ask, or the minutes."""
    wanted = (r"\{revealjs-notes\}", r"\*\*Say", r"\*\*Ask", r"\*\*Minutes:\*\* \d")
    lacking = (s for s in slides(text) if not all(re.search(part, s) for part in wanted))
    return [slide.splitlines()[0] for slide in lacking]


def points_of_the_lecture(text):
    """The points of the lecture that the notes name, in the slides' order."""
    named = re.findall(r"(?m)^\*\*Lecture:\*\* points? (.+)$", text)
    return [int(number) for line in named for number in re.findall(r"\d+", line)]


def typed_numbers(text):
    """Lines that the room reads with a number in them, but no source for it."""
    text = re.sub(
        r':::\{container\} credit.*?\n:::|<a href="http[^>]*>.*?</a>', "", text, flags=re.S
    )
    lines = [line for slide in slides(text) for line in shown(slide).splitlines()]
    allowed = r"^\d\. |^ ?task [12]"  # an item of a list, a name in a drawing
    return [line for line in lines if re.search(r"\d", line) and not re.search(allowed, line)]


def typed_percentages(text):
    return re.findall(r"\d\s*(?:%|per cent|percentage)", re.sub(r"\{\{.*?\}\}", "", text))


def too_wordy(text, most=40):
    counts = {slide.splitlines()[0]: len(shown(slide).split()) for slide in slides(text)}
    return {title: number for title, number in counts.items() if number > most}


def without_one_number(text):
    """Titles of slides with several big numbers, or with none and no drawing in its place."""
    found = []
    for slide in slides(text):
        numbers = slide.count('<p class="number')
        drawn = '<div class="flow">' in slide or "{{picture ruler}}" in slide
        found += [] if numbers == 1 or (not numbers and drawn) else [slide.splitlines()[0]]
    return found


def test_twenty_slides_at_most_each_with_notes():
    assert 10 < len(slides(source())) <= 20
    assert without_notes(source()) == []
    first = slides(source())[0].splitlines()[0]
    assert without_notes(source().replace("**Ask", "**Tell", 1)) == [first]


def test_the_points_of_the_lecture_come_in_its_order():
    points = points_of_the_lecture(source())
    assert points == sorted(points) and set(points) == set(range(1, 9))
    first, *rest = slides(source())
    points = points_of_the_lecture("".join([first, *reversed(rest)]))
    assert points != sorted(points)


def test_the_lecture_is_credited_on_the_slides():
    names = ("Roberto Souza", "Calgary", "W2026", "tl_course authors")
    first, *_, last = slides(source())
    assert all(name in slide for name in names for slide in (first, last))


def test_no_measured_number_is_typed():
    assert typed_percentages(source()) == []
    assert typed_numbers(source()) == []
    wrong = source() + "\n## More\n\nThe head reaches 88 %, from 120 pictures.\n"
    assert typed_percentages(wrong) == ["8 %"]
    assert typed_numbers(wrong) == ["The head reaches 88 %, from 120 pictures."]


def test_one_idea_a_slide():
    assert too_wordy(source()) == {}
    assert list(too_wordy(source() + "\n## More\n\n" + "words " * 40)) == ["## More"]
    figures = [len(re.findall(PICTURES, slide)) for slide in slides(source())]
    assert max(figures) == 1 and sum(figures) >= 10
    assert without_one_number(source()) == []
    number = '<p class="number">x</p>'
    assert len(without_one_number(source().replace(number[:18], f"{number} {number[:18]}", 1))) == 1


def test_the_strongest_picture_is_among_the_first_three_slides():
    assert any("{{picture ruler}}" in slide for slide in slides(source())[:3])


def test_no_slide_shows_printed_lines():
    assert "```text" not in source() and "print(" not in source()


# ---------------------------------------------------------------- titles that claim


def titles_that_only_ask(text, values):
    """Titles whose claim the values do not bear out: these say their question instead."""
    found = [(lesson, wanted, said) for lesson, wanted, said, _ in re.findall(CLAIM, text)]
    return [said for lesson, wanted, said in found
            if not claims.holds(lesson, values[lesson], wanted)]  # fmt: skip


def test_the_titles_claim_what_was_recorded():
    values = cards.recorded()
    assert len(re.findall(CLAIM, source())) >= 12
    assert titles_that_only_ask(source(), values) == []
    judges = values["03_head_training"]["judges"]
    judges["other visits, test"] = judges["held back at random"]
    assert titles_that_only_ask(source(), values) == ["A random split flatters"]


@pytest.mark.parametrize(
    ("wanted", "title"),
    [
        ("gain.value > 0.2", "It helps"),
        ("gain.value > 0.3", "Does it help?"),
        ("gain.verdict = a loss", "Does it help?"),
    ],
)
def test_a_title_asks_where_its_claim_does_not_hold(tmp_path, wanted, title):
    gain = {"value": 0.25, "low": 0.2, "high": 0.3, "n": 5, "p_value": 0.01, "verdict": "a gain"}
    bundle = {records.RESULTS_TYPE: {"name": "demo", "results": {"gain": gain}}}
    page = {"cells": [{"outputs": [{"data": bundle}]}]}
    (tmp_path / "demo.ipynb").write_text(json.dumps(page))
    text = f"## {{{{claim demo | {wanted} | It helps | Does it help?}}}}"
    assert placeholders.fill(text, tmp_path) == f"## {title}"


# ---------------------------------------------------------------- bars and gaps


def test_a_bar_is_as_long_as_its_number():
    svg = bars.accuracies({"a": {"value": 0.25, "low": 0.2, "high": 1.1}, "b": {**HALF}})
    assert 'width="200.0"' in svg and 'width="400.0"' in svg and "M160.0 80H800.0" in svg
    assert "25\N{NO-BREAK SPACE}%</text>" in svg and "<title>Bars: a 25" in svg


def test_a_gap_says_its_verdict_in_colour_and_words():
    one = {"value": -0.1, "low": -0.2, "high": 0.0, "verdict": "a loss"}
    other = {"value": 0.1, "low": 0.05, "high": 0.2, "verdict": "a gain"}
    svg = bars.gaps({"a": one, "b": other})
    assert f'cx="{20 + 760 / 4:.1f}"' in svg and f"M{20 + 760 / 2:.1f} 58v44" in svg
    assert bars.RED[0] in svg and bars.GREEN[0] in svg and bars.GREY[0] not in svg
    assert "a \N{MINUS SIGN}10.0 points, a loss; b +10.0 points, a gain" in svg
    svg = bars.gaps({"a": {**one, "verdict": "cannot tell"}})
    assert bars.GREY[0] in svg and bars.RED[0] not in svg


def test_the_races_are_the_recorded_ones():
    kept = records.last_results("when_it_pays")["results"]
    gains = races.most_labels()
    assert gains.keys() == kept.keys()
    values = cards.recorded()["01_motivation"] | real("01_motivation")
    few = races.few_labels(values)
    headline = values["headline"]["values"]
    for name, way in (
        ("from scratch, 10 a class", "from scratch"),
        ("borrowed, 10 a class", "borrowed"),
    ):
        assert few[name]["value"] == pytest.approx(headline[way]["value"], abs=6e-4)
    assert len(few) == 3 and len(races.few_labels({**values, "borrowed_needs": []})) == 2


# ---------------------------------------------------------------- the words against the course


def unknown_to_the_lessons(text):
    """Placeholders whose figure or value no lesson makes (compared with the lessons' source)."""
    lost = []
    for kind, lesson, wanted, _form in placeholders.PLACEHOLDER.findall(text):
        path = ROOT / "lessons" / f"{lesson}.py"
        code = path.read_text(encoding="utf-8") if path.exists() else ""
        made = {"figure": f'figure_name="{wanted}"', "headline": "records.headline("}
        made["value"] = f'"{wanted.partition(".")[0]}": '
        if wanted.startswith("headline."):
            made["value"] = made["headline"]
        lost += [] if made.get(kind, "") in code else [f"{kind} {lesson} {wanted}"]
    return lost


def test_the_lessons_make_every_figure_and_value():
    assert unknown_to_the_lessons(source()) == []
    wrong = "{{figure 01_motivation a_unicorn}} {{headline 09_a}} {{value 01_motivation x.y}}"
    assert len(unknown_to_the_lessons(wrong)) == 3


def unknown_calls(text):
    """Calls on the slides that the package does not have, or not with these keyword arguments."""
    lost = []
    for call in ast.walk(ast.parse("\n".join(re.findall(r"```python\n(.*?)```", text, re.DOTALL)))):
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)):
            continue
        module = ROOT / "tl_course" / f"{call.func.value.id}.py"
        body = ast.parse(module.read_text(encoding="utf-8")).body
        functions = [part for part in body if isinstance(part, ast.FunctionDef)]
        found = [function for function in functions if function.name == call.func.attr]
        names = {arg.arg for f in found for arg in [*f.args.args, *f.args.kwonlyargs]}
        lost += [] if found and {k.arg for k in call.keywords} <= names else [ast.unparse(call)]
    return lost


def test_the_code_on_the_slides_is_the_package():
    assert unknown_calls(source()) == []
    wrong = source().replace("transfer.freeze(", "transfer.chill(").replace("from_block", "block")
    assert len(unknown_calls(wrong)) == 2


# ---------------------------------------------------------------- the deck


@pytest.fixture(scope="module")
def deck(tmp_path_factory):
    folder = tmp_path_factory.mktemp("slides")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build_slides, "BROWSERS", [])
        assert build_slides.main(tiny_course(folder / "course", source()), folder / "deck") == 0
    return folder / "deck"


def remote(text):
    """Sources in a page or style sheet that a browser would fetch from elsewhere."""
    text = re.sub(r"<a [^>]*>", "", text)  # a link leads elsewhere only when it is clicked
    begin = r"""(?:src|href|url|@import)\s*[=(]?\s*["']?"""
    return re.findall(begin + r"""((?:https?:)?//[^"')\s]+)""", text)


def unseen_pictures(page):
    """Pictures without a text for those who do not see them."""
    images = re.findall(r"<img[^>]*>", page)
    return [image for image in images if not re.search(r'alt="[^"]+"', image)]


def test_the_deck_has_every_slide_with_its_notes(deck):
    page = (deck / "index.html").read_text(encoding="utf-8")
    assert len(re.findall("<h[12]", page)) == len(slides(source()))
    assert page.count('<aside class="notes">') == len(slides(source()))
    assert page.count("<figure>") == len(re.findall(PICTURES, source())) and "{{" not in page
    assert not (deck / "lecture.pdf").exists() and "RevealNotes" in page


def test_the_deck_needs_no_network(deck):
    page = (deck / "index.html").read_text(encoding="utf-8")
    local = [path.split("?")[0] for path in re.findall(r'(?:src|href)="(_static/[^"]+)"', page)]
    assert len(local) > 5 and all((deck / path).exists() for path in local)
    styles = [deck / path for path in local if path.endswith(".css")]
    styles += [*(deck / "_static" / "revealjs" / "dist" / "theme" / "fonts").rglob("*.css")]
    for text in (page, *(path.read_text(encoding="utf-8") for path in styles)):
        assert remote(text) == []
    for bad in (
        '<script src="https://a.b/c.js">',
        "url(//a.b/c.woff)",
        '@import "http://a.b/c.css"',
    ):
        assert len(remote(page + bad)) == 1


def test_every_picture_has_an_alt_text(deck):
    page = (deck / "index.html").read_text(encoding="utf-8")
    assert "<img" in page and unseen_pictures(page) == []
    assert unseen_pictures(page + '<img src="x.png">') and unseen_pictures(page + '<img alt="">')


def test_without_a_browser_the_deck_is_complete(deck, monkeypatch):
    monkeypatch.setattr(build_slides, "BROWSERS", ["no-such-browser"])
    assert "lecture.pdf needs Chrome" in build_slides.print_pdf(deck, deck / "profile")


@pytest.mark.skipif("os.name == 'nt'", reason="the stand-in for a browser is a shell script")
@pytest.mark.parametrize("missing", [0, 1])
def test_the_pdf_has_a_page_for_each_slide(deck, tmp_path, monkeypatch, missing):
    pages = "/Type /Pages " + "/Type /Page " * (len(slides(source())) - missing)
    browser = tmp_path / "browser"
    browser.write_text(f"""#!/bin/sh
for option; do case $option in --print-to-pdf=*) echo "{pages}" > "${{option#*=}}";; esac; done
""")
    browser.chmod(0o755)
    monkeypatch.setattr(build_slides, "BROWSERS", [str(browser)])
    if missing:
        with pytest.raises(ValueError, match="19 pages for 20 slides"):
            build_slides.print_pdf(deck, tmp_path)
    else:
        assert build_slides.print_pdf(deck, tmp_path) == "Its lecture.pdf has 20 pages."
    (deck / "lecture.pdf").unlink()
