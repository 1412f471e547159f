"""The documents keep their promises: links, glossary, plans, polls and rubrics.

Each rule is a function that lists violations, tried twice: on the course, where it finds nothing,
and on planted text, where it finds something.
"""

import json
import re

import nbformat
import pytest

from tests.lessons import LESSONS, ROOT

DOCS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
DOCS += sorted((ROOT / "deploy").rglob("README.md"))
NOTEBOOKS = sorted((ROOT / "notebooks").glob("**/[0-9]*.ipynb"))
GOLDEN = sorted((ROOT / "tests" / "golden").glob("[0-9]*.ipynb"))
ALT = r"""\balt=("[^"]*\w[^"]*"|'[^']*\w[^']*')"""
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
GUIDE = (ROOT / "docs" / "instructors.md").read_text(encoding="utf-8")
PLANS = {"50 minutes: a lecture with demos": 50, "Session 1": 80, "Session 2": 80}


# ---------------------------------------------------------------- reading Markdown


def without_code(text):
    """Markdown without its fenced blocks and code spans."""
    return re.sub(r"`[^`\n]*`", "", re.sub(r"(?ms)^```.*?^```", "", text))


def headings(text):
    unfenced = re.sub(r"(?ms)^```.*?^```", "", text)
    return [heading.strip() for heading in re.findall(r"(?m)^#{1,6} (.+)$", unfenced)]


def anchors(text):
    """The anchors that GitHub gives to the headings of a text."""
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings(text))
    return {heading.replace(" ", "-") for heading in plain}


def sections(text, level):
    """{heading: what stands below it, to the next heading of this level or above}."""
    parts = re.split(rf"(?m)^(#{{1,{level}}}) (.+)$", text)
    marks, names, bodies = parts[1::3], parts[2::3], parts[3::3]
    rows = zip(marks, names, bodies, strict=True)
    return {name.strip(): body for mark, name, body in rows if len(mark) == level}


def table(text):
    """The rows of the tables in a text, header and rule left out: a list of cells each."""
    rows = re.findall(r"(?m)^\|.+\|$", text)
    cells = [[cell.strip() for cell in row.strip("|").split(" | ")] for row in rows]
    rules = [k for k, row in enumerate(rows) if re.fullmatch(r"[|\-: ]+", row)]
    return [row for k, row in enumerate(cells) if k not in rules and k + 1 not in rules]


def text_of(path):
    """The Markdown of a document, or of a notebook's text cells."""
    if path.suffix != ".ipynb":
        return path.read_text(encoding="utf-8")
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return "\n\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")


def prose_of(lesson):
    """A lesson's text cells as one line, in lower case."""
    cells = re.split(r"(?m)^# %%", lesson.read_text(encoding="utf-8"))
    lines = "\n".join(cell for cell in cells if cell.startswith(" [markdown]"))
    return " ".join(re.sub(r"(?m)^# ?", "", lines).split()).lower()


# ---------------------------------------------------------------- the rules


def broken_links(path):
    """Links of a document or notebook to a file, or to a heading, that is not there."""
    found = []
    text = without_code(text_of(path))
    html = re.findall(r'<[^>]*\b(?:href|src)="([^"\s]+)"', text)
    for target in [*re.findall(r"\]\(([^()\s]+)\)", text), *html]:
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        other = path.parent / file if file else path
        if not other.exists() or (anchor and anchor not in anchors(text_of(other))):
            found.append(f"{path.name}: {target}")
    return found


def pictures_without_alt(text):
    """Pictures in Markdown or HTML that say nothing to a reader who cannot see them."""
    found = re.findall(r"!\[\s*\]\([^)]*\)", without_code(text))
    return found + [tag for tag in re.findall(r"<img\b[^>]*>", text) if not re.search(ALT, tag)]


def html_of(path):
    """The HTML that an executed notebook displayed."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    given = [output for cell in cells for output in cell.get("outputs", [])]
    return "".join("".join(output.get("data", {}).get("text/html", "")) for output in given)


def glossary_faults(text, *, most=30):
    terms = list(sections(text, 3))
    found = [] if 0 < len(terms) <= most else [f"{len(terms)} terms"]
    if terms != sorted(terms, key=str.lower):
        found.append("not in alphabetical order")
    if re.findall(r"(?m)^### (.+)$", text) != list(dict.fromkeys(terms)):
        found.append("a term comes twice")
    for term, entry in sections(text, 3).items():
        definition = entry.strip().split("\n\n")[0].replace("\n", " ")
        if not 1 <= len(re.findall(r"[.:?](?: |$)", definition)) <= 4 or len(definition) > 330:
            found.append(f"{term}: not one or two sentences")
        if not re.search(r"See also \[.+\]\(#.+\)", entry):
            found.append(f"{term}: leads to no other term")
    return found


def terms_not_in_their_lesson(text, folder):
    """Terms whose entry names a lesson that never says any word of the term."""
    found = []
    for term, entry in sections(text, 3).items():
        named = re.search(r"Explained in \[[^]]+\]\(\.\./notebooks/([\w/]+)\.ipynb\)", entry)
        lesson = folder / f"{named[1]}.py" if named else folder / "none"
        stems = [word[:5].lower() for word in re.split(r"[ ]", term) if len(word) > 3]
        if not lesson.exists() or not any(stem in prose_of(lesson) for stem in stems):
            found.append(term)
    return found


def minutes_that_do_not_add_up(text, plans):
    """Plans whose minutes do not fill the time, or whose clock does not follow the minutes."""
    below = sections(text, 2) | sections(text, 3)
    found = []
    for name, length in plans.items():
        clock = 0
        for start, minutes, *_ in table(below.get(name, "")):
            if start != f"{clock // 60}:{clock % 60:02d}":
                found.append(f"{name}: {start}")
            clock += int(minutes)
        found += [f"{name}: {clock} minutes"] if clock != length else []
    return found


def missing_sections(text, folder):
    """Sections that a document names, `[...](../notebooks/X.ipynb) *A*, *B*`, and X lacks."""
    pattern = r"notebooks/(\w+)\.ipynb\)((?:,? \*[^*|]+\*)+)"
    found = []
    for name, listed in re.findall(pattern, text):
        lesson = (folder / f"{name}.py").read_text(encoding="utf-8")
        there = {heading.replace("`", "") for heading in re.findall(r"(?m)^# ##+ (.+)$", lesson)}
        wanted = [section.replace("`", "") for section in re.findall(r"\*([^*]+)\*", listed)]
        found += [f"{name}: {section}" for section in wanted if section not in there]
    return found


def questions_not_in_the_lesson(text, folder):
    """Predictions in the guide's tables that the lesson does not ask in these words."""
    found = []
    for name, body in sections(sections(text, 2)["The main experiments"], 3).items():
        lesson = next(folder.glob(f"{int(name.split()[1]):02d}_*.py"))
        for first, *_ in table(body):
            question = re.search(r"\*\*(.+?)\*\*", first)
            if not question or question[1].lower() not in prose_of(lesson):
                found.append(f"{name}: {first}")
    return found


def poll_faults(text):
    """Polls without exactly one right option, without reasons, or without evidence."""
    polls = {n: b for n, b in sections(text, 3).items() if n.startswith("Poll ")}
    found = [] if 8 <= len(polls) <= 12 else [f"{len(polls)} polls"]
    for name, body in polls.items():
        reasons = [reason for _, reason in table(body)]
        if reasons.count("**right**") != 1 or len(reasons) < 3 or not all(reasons):
            found.append(f"{name}: options")
        if not re.search(r"Evidence: \[lesson \d\]\(\.\./notebooks/\w+\.ipynb\) \*", body):
            found.append(f"{name}: evidence")
    return found


def rubric_faults(text, lessons):
    """Open exercises of the lessons without a rubric of four points."""
    rubrics, found = sections(text, 3), []
    for lesson in lessons:
        source = lesson.read_text(encoding="utf-8")
        for number in re.findall(r"(?m)^# ### Exercise (\d) \(open\)", source):
            name = f"Lesson {int(lesson.stem[:2])}, exercise {number}"
            rows = table(rubrics.get(name, ""))
            if sum(int(points) for points, *_ in rows) != 4 or not all(map(all, rows)):
                found.append(name)
    return found


def unknown_messages(text, root):
    """Messages that, says the guide, come from a file, and that this file does not hold."""
    found = []
    for message, source, _ in table(sections(text, 2)["Where students get stuck"]):
        file = root / source.strip("`")
        words = re.search(r"`(.+?)`", message)[1]
        if file.is_file() and words not in file.read_text(encoding="utf-8"):
            found.append(words)
        elif not file.is_file() and source not in ("Jupyter", "Python"):
            found.append(source)
    return found


def titles_of(slides):
    """The titles of the slides, as they read where their claims hold."""
    titles = re.findall(r"(?m)^##? (.+)$", without_code(slides))
    return [re.sub(r"\{\{claim .+? \| .+? \| (.+?) \| .+?\}\}", r"\1", title) for title in titles]


def misquoted_slides(text, titles):
    """Slides that the guide names by a number and another title than theirs."""
    found = []
    for numbers, quoted in re.findall(
        r'Slides? ([\d–, and]+): ("[^|]+?")(?=[.|\n ]*(?:\||\.))', text
    ):
        ends = [part.split("–") for part in re.split(r", | and ", numbers)]
        named = [k for end in ends for k in range(int(end[0]), int(end[-1]) + 1)]
        wanted = ", ".join(f'"{titles[k - 1]}"' for k in named)
        found += [] if quoted == wanted else [f"{numbers}: {quoted}"]
    return found


def desk_faults(text, plans):
    """Times on the page for the desk that no plan has; and whether it outgrows a printed page."""
    below = sections(text, 2) | sections(text, 3)
    times = {start for name in plans for start, *_ in table(below.get(name, ""))}
    desk = below.get("One page for your desk", "")
    found = [time for time in re.findall(r"\*\*(\d:\d\d)\*\*", desk) if time not in times]
    length = len(desk.split())
    return found + ([] if 100 < length < 450 else [f"{length} words"])


def typed_results(text):
    """Percentages and split minutes outside the generated blocks: they look measured."""
    by_hand = re.sub(r"(?s)<!-- (\w+): make readme -->.*?<!-- end of \1 -->", "", text)
    return re.findall(r"\d+(?:\.\d+)? ?%|\d+\.\d+ min\w*", without_code(by_hand))


# ---------------------------------------------------------------- the course


@pytest.mark.parametrize("path", DOCS + NOTEBOOKS, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(path):
    assert broken_links(path) == []


@pytest.mark.parametrize("path", DOCS + NOTEBOOKS, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_every_picture_has_an_alt_text(path):
    assert pictures_without_alt(text_of(path)) == []


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_every_displayed_picture_has_an_alt_text(path):
    assert "<img" in html_of(path)
    assert pictures_without_alt(html_of(path)) == []


def test_glossary():
    assert glossary_faults(GLOSSARY) == []
    assert terms_not_in_their_lesson(GLOSSARY, ROOT / "lessons") == []


def test_plans_fill_their_time():
    assert minutes_that_do_not_add_up(GUIDE, PLANS) == []


def test_the_guide_quotes_the_lessons():
    assert missing_sections(GUIDE, ROOT / "lessons") == []
    assert questions_not_in_the_lesson(GUIDE, ROOT / "lessons") == []
    assert unknown_messages(GUIDE, ROOT) == []


def test_the_guide_names_slides_by_their_titles():
    titles = titles_of((ROOT / "slides" / "index.md").read_text(encoding="utf-8"))
    assert len(titles) == 20 and GUIDE.count("Slide") > 15
    assert misquoted_slides(GUIDE, titles) == []


def test_the_guide_starts_with_a_page_for_the_desk():
    assert re.findall(r"(?m)^## (.+)$", GUIDE)[0] == "One page for your desk"
    assert desk_faults(GUIDE, PLANS) == []


def test_polls():
    assert poll_faults(GUIDE) == []


def test_every_open_exercise_has_a_rubric():
    assert sum("(open)" in lesson.read_text(encoding="utf-8") for lesson in LESSONS) > 0
    assert rubric_faults(GUIDE, LESSONS) == []


def test_no_result_is_typed_by_hand():
    assert typed_results(GUIDE + GLOSSARY.replace("at 95 %", "")) == []


# ---------------------------------------------------------------- negative controls

ENTRY = "A thing.\n\n*Explained in [lesson 1](../notebooks/01_x.ipynb). See also [b](#b).*\n"


@pytest.mark.parametrize(
    "link", ["[a](nowhere.md)", "[a](#no-such-heading)", "[a](there.md#nor-this)", "![a](no.jpg)"]
)
def test_a_broken_link_is_found(tmp_path, link):
    (tmp_path / "there.md").write_text("# Some heading: 2 × 3?\n")
    good = "[a](there.md#some-heading-2--3) [b](#top) `[c](no.md)` [d](https://example.org/#x)"
    (tmp_path / "page.md").write_text(f"# Top\n{good}\n```\n[e](no.md)\n```\n{link}\n")
    assert broken_links(tmp_path / "page.md") == [f"page.md: {re.search(r'[(](.+)[)]', link)[1]}"]


def test_a_broken_link_in_html_is_found(tmp_path):
    (tmp_path / "page.md").write_text('<a href="page.md"><img alt="a" src="no.svg"></a>\n')
    assert broken_links(tmp_path / "page.md") == ["page.md: no.svg"]


def test_a_broken_link_in_a_notebook_is_found(tmp_path):
    cell = {"cell_type": "markdown", "source": ["See [next](06_gone.ipynb)\n"]}
    (tmp_path / "05_x.ipynb").write_text(json.dumps({"cells": [cell]}))
    assert broken_links(tmp_path / "05_x.ipynb") == ["05_x.ipynb: 06_gone.ipynb"]


@pytest.mark.parametrize(
    "picture", ["![](a.png)", "![ ](a.png)", '<img src="a.png">', '<img alt="" src="a.png">']
)
def test_a_picture_without_alt_text_is_found(tmp_path, picture):
    good = '![A valve](a.png) <img alt="A valve" src="a.png"> `![](a.png)`'
    output = nbformat.v4.new_output("display_data", data={"text/html": picture})
    cell = nbformat.v4.new_code_cell("x", outputs=[output])
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), tmp_path / "a.ipynb")
    assert pictures_without_alt(html_of(tmp_path / "a.ipynb") + good) == [picture]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (f"### B\n\n{ENTRY}\n### A\n\n{ENTRY}", "not in alphabetical order"),
        (f"### A\n\n{ENTRY}\n### A\n\n{ENTRY}", "a term comes twice"),
        ("".join(f"### A{k:02d}\n\n{ENTRY}\n" for k in range(31)), "31 terms"),
        ("### A\n\nA thing.\n", "A: leads to no other term"),
        ("### A\n\n" + "One. " * 6 + ENTRY, "A: not one or two sentences"),
        ("", "0 terms"),
    ],
)
def test_a_faulty_glossary_is_found(text, fault):
    assert glossary_faults(text) == [fault]


def test_a_term_that_its_lesson_does_not_use_is_found(tmp_path):
    lesson = "# %% [markdown]\n# The weights are frozen.\n# %%\nkernel = 1\n"
    (tmp_path / "01_x.py").write_text(lesson)
    text = f"### Kernel\n\n{ENTRY}\n### Weights\n\n{ENTRY}\n### Zoo\n\nNo lesson.\n"
    assert terms_not_in_their_lesson(text, tmp_path) == ["Kernel", "Zoo"]


def test_a_plan_that_does_not_add_up_is_found():
    rows = "| from | minutes | say |\n|---|---|---|\n| 0:00 | 5 | a |\n| 0:05 | 20 | b |\n"
    text = f"## Plan\n\n{rows}\n## Late\n\n{rows.replace('0:05', '0:06')}"
    assert minutes_that_do_not_add_up(text, {"Plan": 25, "Late": 25}) == ["Late: 0:06"]
    assert minutes_that_do_not_add_up(text, {"Plan": 30}) == ["Plan: 25 minutes"]
    assert minutes_that_do_not_add_up(text, {"Absent": 30}) == ["Absent: 0 minutes"]


def test_a_slide_under_another_title_is_found():
    titles = titles_of("# One\n\n## {{claim a | b.c = 1 | Two | Is it two?}}\n\n## Three?\n")
    assert titles == ["One", "Two", "Three?"]
    good = (
        '| Slides 1–2: "One", "Two". [Lesson | Slides 1 and 3: "One", "Three?" | Slide 2: "Two" |'
    )
    assert misquoted_slides(good, titles) == []
    assert misquoted_slides('| Slide 2: "One" |', titles) == ['2: "One"']
    assert misquoted_slides('| Slides 1–3: "One", "Two". x |', titles) == ['1–3: "One", "Two"']


def test_a_desk_page_that_left_its_plan_is_found():
    rows = "| from | minutes | say |\n|---|---|---|\n| 0:00 | 5 | a |\n"
    text = f"## One page for your desk\n\n**0:00** go **0:07** {'word ' * 100}\n\n## Plan\n\n{rows}"
    assert desk_faults(text, {"Plan": 5}) == ["0:07"]
    assert desk_faults(text.replace("word", "one two three four five"), {"Plan": 5})[1:] != []


def test_a_section_that_a_notebook_lacks_is_found(tmp_path):
    (tmp_path / "01_x.py").write_text("# %% [markdown]\n# ## What `fit` does\n")
    text = "[1](../notebooks/01_x.ipynb) *What `fit` does*, *Gone*"
    assert missing_sections(text, tmp_path) == ["01_x: Gone"]


def test_a_question_that_a_lesson_does_not_ask_is_found(tmp_path):
    (tmp_path / "01_x.py").write_text("# %% [markdown]\n# **Predict: how\n# many?**\n")
    rows = "| before | guess |\n|---|---|\n| **How many?** | a |\n| **How long?** | b |\n"
    text = f"## The main experiments\n\n### Lesson 1\n\n{rows}"
    assert questions_not_in_the_lesson(text, tmp_path) == ["Lesson 1: **How long?**"]


def test_a_faulty_poll_is_found():
    options = ["| option | why |", "|---|---|", "| A | **right** |", "| B | a |", "| C | b |"]
    proof = "\n\nEvidence: [lesson 1](../notebooks/01_x.ipynb) *Section*\n\n"
    good = "\n".join(options) + proof
    polls = [good] * 8
    text = "".join(f"### Poll {k}: x\n\n{body}" for k, body in enumerate(polls, 1))
    assert poll_faults(text) == []
    assert poll_faults(text.replace("**right**", "no", 1)) == ["Poll 1: x: options"]
    assert poll_faults(text.replace("Evidence", "Proof", 1)) == ["Poll 1: x: evidence"]
    assert poll_faults(f"### Poll 1: x\n\n{good}") == ["1 polls"]


def test_a_missing_or_wrong_rubric_is_found(tmp_path):
    lesson = tmp_path / "07_x.py"
    lesson.write_text("# ### Exercise 3 (open): why?\n")
    rows = "| points | by | weak |\n|---|---|---|\n" + "| 1 | a | b |\n" * 4
    assert rubric_faults(f"### Lesson 7, exercise 3\n\n{rows}", [lesson]) == []
    assert rubric_faults(rows, [lesson]) == ["Lesson 7, exercise 3"]
    three = rows.removesuffix("| 1 | a | b |\n")
    assert rubric_faults(f"### Lesson 7, exercise 3\n\n{three}", [lesson]) != []


def test_a_message_that_the_package_never_prints_is_found(tmp_path):
    (tmp_path / "a.py").write_text('raise ValueError("no such block")\n')
    rows = "| see | from | say |\n|---|---|---|\n| `no such block` | `a.py` | x |\n"
    rows += "| `Mistake` | `a.py` | x |\n| `died` | Jupyter | x |\n| `a` | `gone.py` | x |\n"
    text = f"## Where students get stuck\n\n{rows}"
    assert unknown_messages(text, tmp_path) == ["Mistake", "`gone.py`"]


@pytest.mark.parametrize("typed", ["It gained 12.5 %.", "It takes 1.8 minutes."])
def test_a_typed_result_is_found(typed):
    block = "<!-- timings: make readme -->\n9.9 %\n<!-- end of timings -->\n"
    assert len(typed_results(block + "Use `0.2 %` or 50 minutes.\n" + typed)) == 1
