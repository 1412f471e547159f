"""The paper draft, its references, CITATION.cff and the release checklist fit together."""

import re
import tomllib

import pytest
import yaml

from tests.lessons import ROOT
from tests.test_docs import typed_results
from tools import paper

PAPER = (ROOT / "docs" / "paper.md").read_text(encoding="utf-8")
BIB = (ROOT / "docs" / "paper.bib").read_text(encoding="utf-8")
RELEASE = (ROOT / "docs" / "release.md").read_text(encoding="utf-8")
CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
DOI = r"10\.\d{4,9}(\.\d+)?/[A-Za-z0-9:/_;\-.()\[\]]+"  # as in the schema of CITATION.cff 1.2.0
SECTIONS = ["Summary", "Statement of need", "Learning objectives", "Content and story",
            "Tests and evidence", "Experience of use", "Acknowledgements",
            "References"]  # fmt: skip


def entries(bib):
    """{key: its text} of a BibTeX file."""
    parts = re.split(r"(?m)^@\w+\{(\w+),$", bib)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def reference_faults(text, bib):
    """Keys cited but not listed, listed but not cited, and entries without a DOI."""
    listed, cited = entries(bib), set(re.findall(r"\[@(\w+)\]", text))
    without = [key for key, entry in listed.items() if not re.search(rf"doi += \{{{DOI}\}}", entry)]
    return sorted(cited ^ set(listed)) + without


def citation_faults(citation, version):
    """What the schema of CITATION.cff 1.2.0 asks for and is not there."""
    required = ("authors", "cff-version", "message", "title")
    found = [key for key in required if not citation.get(key)]
    known = citation.get("type") in ("software", "dataset")
    people = [*citation.get("authors", []), *citation["references"][0]["authors"]]
    named = all({"name", "family-names", "alias"} & set(person) for person in people)
    parts = {"type": known, "authors": named, "version": citation.get("version") == version,
             "doi": re.fullmatch(DOI, citation.get("doi", "")) is not None}  # fmt: skip
    return found + [part for part, good in parts.items() if not good]


def unknown_targets(text, makefile):
    """Targets that a text names and that the Makefile lacks."""
    known = set(re.findall(r"(?m)^([a-z-]+):", makefile))
    return sorted(set(re.findall(r"`make ([a-z-]+)`", text)) - known)


def test_the_paper_has_its_sections_and_says_what_was_not_tried():
    assert re.findall(r"(?m)^# (.+)$", PAPER) == SECTIONS
    assert "has not been taught to a class" in PAPER
    head = yaml.safe_load(PAPER.split("---")[1])
    assert head["bibliography"] == "paper.bib" and head["title"] and head["authors"]


def test_every_reference_is_cited_and_has_a_doi():
    assert reference_faults(PAPER, BIB) == []
    assert reference_faults(PAPER + "[@nobody1900]", BIB) == ["nobody1900"]
    assert reference_faults(PAPER, BIB.replace("doi     = {10.1073", "doi     = {see 10.1073")) == [
        "freeman2014"
    ]


def test_the_paper_quotes_what_was_recorded():
    assert typed_results(PAPER) == []
    assert paper.evidence(ROOT) in PAPER


def test_citation_cff_is_what_its_schema_asks_for():
    version = SETTINGS["project"]["version"]
    assert citation_faults(CITATION, version) == []
    assert CITATION["references"][0]["authors"][0]["family-names"] == "Souza"
    assert SETTINGS["tool"]["tl_course"]["tag"] == f"v{version}"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("message", ""),
        ("type", "course"),
        ("doi", "soon"),
        ("version", "9.9"),
        ("authors", [{"who": "we"}]),
    ],
)
def test_a_faulty_citation_is_found(key, value):
    assert citation_faults(CITATION | {key: value}, SETTINGS["project"]["version"]) == [key]


def test_the_checklist_names_targets_that_exist_and_the_placeholder():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert unknown_targets(RELEASE, makefile) == []
    assert unknown_targets("`make magic`", makefile) == ["magic"]
    assert CITATION["doi"] in RELEASE or "zenodo.0000000" not in CITATION["doi"]
