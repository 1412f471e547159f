"""Does any damaged file or strange name get through? Thousands are tried, drawn by Hypothesis.

A few hundred here, so that the tests stay quick; as many as wanted with TL_COURSE_EXAMPLES=2000.
"""

import io
import os
import struct
import unicodedata

import numpy as np
import pytest
import skimage.data
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from tl_course import photographs
from tl_course.engine import pictures, words

EXAMPLES = int(os.environ.get("TL_COURSE_EXAMPLES", 60))
COFFEE = Image.fromarray(skimage.data.coffee()).resize((48, 32))
FIXED = [HealthCheck.function_scoped_fixture]  # each example writes its file anew
OPTIONS = {"deadline": None, "derandomize": True, "suppress_health_check": FIXED, "database": None}
few = settings(max_examples=EXAMPLES // 6 + 1, **OPTIONS)  # of each of six kinds of files
many = settings(max_examples=EXAMPLES, **OPTIONS)


def with_everything(kind):
    """A picture of a kind with EXIF, a profile and a second frame, so that there is more to hit."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010E], exif[0x011A] = 6, "a description", 72.0
    exif.get_ifd(0x8769)[0x9003] = "2026:11:27 12:00:00"
    options = {"exif": exif} if kind in ("JPEG", "PNG", "WEBP", "TIFF") else {}
    options |= {"save_all": True, "append_images": [COFFEE]} if kind in ("GIF", "WEBP") else {}
    options |= {"compression": "tiff_lzw"} if kind == "TIFF" else {}
    buffer = io.BytesIO()
    COFFEE.save(buffer, kind, **options)
    return buffer.getvalue()


SEEDS = {kind: with_everything(kind) for kind in ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")}
PLACES = st.one_of(st.integers(0, 120), st.integers(0, 10**6))  # headers deserve half of it
CHANGES = st.lists(
    st.tuples(st.sampled_from(["set", "cut", "insert", "delete", "repeat"]), PLACES,
              st.binary(min_size=1, max_size=6)),
    min_size=1, max_size=3,
)  # fmt: skip


def changed(content, changes):
    """The content after a few changes, each (what, where, bytes); where is taken round the end."""
    content = bytearray(content)
    for what, place, given_bytes in changes:
        k, n = place % (len(content) + 1), len(given_bytes)
        if what == "cut":
            del content[max(k, 20) :]
        elif what == "insert":
            content[k:k] = given_bytes
        elif what == "delete":
            del content[k : k + n]
        elif what == "repeat":
            content[k:k] = content[k : k + 16 * n]
        else:
            content[k : k + n] = given_bytes
    return bytes(content)


@pytest.fixture
def folder(tmp_path):
    for number, name in enumerate(["cat", "dog"]):
        (tmp_path / name).mkdir()
        COFFEE.resize((30 + number, 30)).save(tmp_path / name / "good.png")
    return tmp_path


def outcome(folder, content, capfd):
    """"read" or "refused" of one more file in a class, after looking at what was said."""
    (folder / "cat" / "tried").write_bytes(content)
    capfd.readouterr()
    found = photographs.load_folder(folder, image_size=16)
    out, errors = capfd.readouterr()
    lines = out.splitlines()
    assert found.images.dtype == np.uint8
    assert all(line.startswith(("Left out cat/tried: ", "Note on cat/tried: ")) for line in lines)
    assert all(line.isprintable() and len(line) > 22 for line in lines)
    assert len(lines) <= 1
    assert "Traceback" not in errors
    refused = any(line.startswith("Left out") for line in lines)
    assert len(found) == (2 if refused else 3)
    return "refused" if refused else "read"


@pytest.mark.parametrize("kind", SEEDS)
def test_control_the_seeds_are_read_and_nearly_nothing_of_a_file_is_refused(folder, capfd, kind):
    assert outcome(folder, SEEDS[kind], capfd) == "read"
    assert outcome(folder, SEEDS[kind][:30], capfd) == "refused"


@pytest.mark.parametrize("kind", SEEDS)
def test_a_mutated_file_is_read_or_refused_in_one_line(folder, capfd, kind, record_property):
    counts = {"read": 0, "refused": 0}

    @few
    @given(CHANGES)
    def try_one(changes):
        counts[outcome(folder, changed(SEEDS[kind], changes), capfd)] += 1

    try_one()
    record_property("counts", counts)
    print(kind, counts)


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
def test_control_pillow_alone_lets_other_errors_out():
    """A reader that catches OSError and ValueError, as most do, would have stopped."""
    random, escaped = np.random.default_rng(0), set()
    for kind in SEEDS:
        for _ in range(150):
            place, value = int(random.integers(0, 200)), random.bytes(int(random.integers(1, 6)))
            content = changed(SEEDS[kind], [("set", place, value)])
            try:
                with Image.open(io.BytesIO(content), formats=pictures.FORMATS) as picture:
                    ImageOps.exif_transpose(picture).convert("RGB")
            except (OSError, ValueError):
                pass
            except Exception as error:
                escaped.add(type(error).__name__)
    assert len(escaped) >= 2


@st.composite
def exif_blocks(draw):
    """EXIF with tags of wrong types, counts and places, or any bytes, or a good block changed."""
    if draw(st.integers(0, 3)) == 0:
        return draw(st.binary(max_size=80))
    order = draw(st.sampled_from("<>"))
    tags = draw(
        st.lists(
            st.tuples(
                st.one_of(st.sampled_from([0x0112, 0x011A, 0x010E, 0x8769, 0x8825, 0x0128]),
                          st.integers(0, 65535)),
                st.integers(0, 14), st.integers(0, 2**32 - 1) | st.integers(0, 4),
                st.binary(min_size=4, max_size=4) | st.sampled_from([b"\6\0\0\0", b"\0\6\0\0"]),
            ),
            max_size=6,
        )
    )  # fmt: skip
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", 8)
    block = head + struct.pack(f"{order}H", len(tags))
    block += b"".join(struct.pack(f"{order}HHI4s", *tag) for tag in tags) + b"\0\0\0\0"
    return changed(block, draw(CHANGES)) if draw(st.booleans()) else block


WHOLE = struct.pack("<HHI4s", 0x0112, 3, 1, b"\6\0\0\0")


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")  # a folder's reading silences these
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_mutated_exif_block_costs_no_picture(tmp_path, kind):
    """Its pixels are used as they lie, or turned as one of the eight ways allows."""
    picture = COFFEE.resize((32, 32))
    options = {"lossless": True} if kind == "WEBP" else {"quality": 95}
    picture.save(tmp_path / "plain", kind, **options)
    plain = pictures.read_photograph(tmp_path / "plain", image_size=32).astype(int)
    ways = [np.rot90(side, k) for side in (plain, plain[:, ::-1]) for k in range(4)]
    seen = set()

    @settings(max_examples=max(1, EXAMPLES // 3), **OPTIONS)
    @given(exif_blocks())
    @example(b"II*\0\x08\0\0\0\1\0" + WHOLE + b"\0\0\0\0")
    @example(b"II*\0\x08\0\0\0\x09\0" + WHOLE)
    def try_one(block):
        picture.save(tmp_path / "tried", kind, exif=b"Exif\0\0" + block, **options)
        pixels, notes = pictures.read(tmp_path / "tried", image_size=32)
        fits = [np.abs(pixels - way).mean() < 2 for way in ways]
        assert any(fits)
        assert fits[0] or notes == ()  # what is said to be unturned is
        seen.add((fits[0], notes))

    try_one()
    assert {(False, ()), (True, (pictures.UNTURNED,))} <= seen  # control: both happen


LETTERS = st.sampled_from("ab\\\n\x1b \u202e\u200d\u200cné日$_") | st.integers(0, 0x10FFFF).map(chr)
NAMES = st.lists(LETTERS, min_size=1, max_size=12).map("".join)


@many
@given(NAMES, NAMES)
@example("a\nb", "a\\nb")
@example("a ", "a\\x20")
def test_any_name_is_one_line_and_no_two_are_one(one, other):
    shown = words.one_line(one)
    visible = [letter for letter in shown if letter not in words.JOINERS]
    assert "".join(visible).isprintable()
    assert shown.strip(" ") == shown
    assert unicodedata.category(shown[0]) != "Cf"
    shown.encode("utf-8")
    assert (shown == words.one_line(other)) == (one == other)


@many
@given(st.binary(min_size=1, max_size=12))
def test_any_bytes_make_a_line(name):
    words.one_line(os.fsdecode(name)).encode("utf-8")
