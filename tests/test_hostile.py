"""Does anything that people put into a folder stop a lesson, lie in it, or vanish from it?

Each kind of bad input is planted beside four good photographs: these must be read, and the planted
one must be used or be refused in one line that names it.
"""

import contextlib
import io
import itertools
import os
import socket
import struct
import subprocess
import sys
import tempfile
import unicodedata
import zlib
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from matplotlib import font_manager
from matplotlib.figure import Figure
from PIL import Image, ImageCms

from tl_course import data, photographs
from tl_course.engine import bare, budget, colours, computer, figures, folders, pictures, words

ROOT = Path(__file__).parents[1]
COFFEE = Image.fromarray(skimage.data.coffee()).resize((96, 64))
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
SWAPPED = SRGB.replace(b"rXYZ", b"????").replace(b"gXYZ", b"rXYZ").replace(b"????", b"gXYZ")


def encoded(picture=COFFEE, kind="JPEG", **options):
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def noise(seed, size=(48, 32)):
    pixels = np.random.default_rng(seed).integers(0, 256, (4, 6, 3))
    return Image.fromarray(pixels.astype("uint8")).resize(size)


def fill(folder, classes=("cat", "dog"), number=2):
    for first, name in enumerate(classes):
        os.makedirs(folder / name, exist_ok=True)
        for k in range(number):
            noise(100 * first + k).save(folder / name / f"{k}.jpg")
    return folder


@pytest.fixture
def folder(tmp_path):
    """Two classes of two good photographs each; nothing is said about them."""
    return fill(tmp_path / "photos")


def said(folder, capsys):
    """(ImageSet, the lines printed) of a folder."""
    capsys.readouterr()
    found = photographs.load_folder(folder, image_size=16)
    return found, capsys.readouterr().out.splitlines()


def test_control_good_photographs_are_read_without_a_word(folder, capsys):
    found, lines = said(folder, capsys)
    assert (len(found), found.class_names, lines) == (4, ("cat", "dog"), [])


# ---------------------------------------------------------------- what is no picture


def link(target):
    return lambda path: os.symlink(target, path)


def sock(path):
    with contextlib.chdir(path.parent), socket.socket(socket.AF_UNIX) as server:
        server.bind(path.name)  # a path as long as pytest's would not do


def content(of):
    return lambda path: path.write_bytes(of)


def broken_png():
    """A PNG with one bit of its pixels turned, which Pillow decodes into something else."""
    whole = encoded(kind="PNG")
    for place in range(len(whole) - 200, 0, -1):
        broken = bytearray(whole)
        broken[place] ^= 1
        with contextlib.suppress(OSError), Image.open(io.BytesIO(broken)) as picture:
            if not np.array_equal(np.asarray(picture), np.asarray(COFFEE)):
                return bytes(broken)
    raise AssertionError("no bit is like this")


def raw_file():
    """A TIFF whose first picture says that it is a preview only."""
    return encoded(kind="TIFF", tiffinfo={0x00FE: 1})


MKFIFO = getattr(os, "mkfifo", None)
NOT_NUMBERS = Image.fromarray(np.full((24, 24), np.nan, "float32"))
HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"
PLANTED = {
    "pipe.jpg": (MKFIFO, "it is a pipe, no file"),
    "socket.jpg": (sock, "it is a socket, no file"),
    "device.jpg": (link("/dev/zero"), "it is a device, no file"),
    "proc.jpg": (link("/proc/self/status"), "it is empty"),
    "circle.jpg": (link("circle.jpg"), "it is a link that leads back to itself"),
    "gone.jpg": (link("nothing"), "it is a link to a file that is not there"),
    "up": (link(".."), "it is a link to a folder inside a class"),
    "empty.jpg": (content(b""), "it is empty"),
    "text.jpg": (content(b"no picture"), "it is none of JPEG, PNG"),
    "print.jpg": (content(b"%!PS-Adobe-3.0 EPSF-3.0\n{} loop\n"), "it is none of JPEG, PNG"),
    "photo.heic": (content(HEIC), "it is HEIC: the extra `heic` reads it"),
    "head.jpg": (content(encoded()[:100]), "it is a damaged JPEG: "),
    "half.jpg": (content(encoded()[:2000]), "image file is truncated"),
    "half.webp": (content(encoded(kind="WEBP")[:1500]), "it is a damaged WEBP: "),
    "half.gif": (content(encoded(kind="GIF")[:3000]), "image file is truncated"),
    "half.tiff": (content(encoded(kind="TIFF")[:3000]), "image file is truncated"),
    "bit.png": (content(broken_png()), "it is a damaged PNG: broken PNG file"),
    "raw.nef": (content(raw_file()), "it holds a preview first, like a camera's raw file"),
    "nan.tiff": (content(encoded(NOT_NUMBERS, "TIFF")), "none of its pixels is a number"),
    ".photo.jpg": (content(encoded()), "its name begins with a dot"),
    ".IMG_1.HEIC.icloud": (content(b"x"), "its content is in iCloud only"),
}


@pytest.mark.skipif(MKFIFO is None, reason="this system has no named pipes")
@pytest.mark.parametrize("name", PLANTED)
def test_what_is_no_picture_is_refused_by_name_and_reason(folder, capsys, monkeypatch, name):
    without = [kind for kind in pictures.FORMATS if kind != "HEIF"]
    monkeypatch.setattr(pictures, "FORMATS", without)  # as where the extra is missing
    plant, reason = PLANTED[name]
    plant(folder / "cat" / name)
    found, (line,) = said(folder, capsys)
    assert len(found) == 4
    assert line.startswith(f"Left out cat/{name}: ")
    assert reason in line


def test_control_pillow_alone_reads_two_of_them_wrongly(tmp_path):
    (tmp_path / "bit.png").write_bytes(broken_png())
    with Image.open(tmp_path / "bit.png") as picture:
        assert not np.array_equal(np.asarray(picture), np.asarray(COFFEE))
    (tmp_path / "nan.tiff").write_bytes(encoded(NOT_NUMBERS, "TIFF"))
    with Image.open(tmp_path / "nan.tiff") as picture:
        assert np.asarray(picture.convert("RGB")).max() == 0


@pytest.mark.parametrize(
    "error",
    [
        SyntaxError("a chunk"), struct.error("unpack"), TypeError("a tag"), RuntimeError("x"),
        MemoryError(), subprocess.CalledProcessError(1, "gs"), RecursionError("deep"),
        zlib.error("z"), AssertionError(), UnicodeDecodeError("utf-8", b"\xff", 0, 1, "start"),
    ],
    ids=lambda error: type(error).__name__,
)  # fmt: skip
def test_whatever_a_decoder_raises_becomes_a_reason(folder, capsys, monkeypatch, error):
    read = pictures.read
    fail = {"0.jpg"}

    def decode(path, **options):
        if path.name in fail and path.parent.name == "cat":
            raise error
        return read(path, **options)

    monkeypatch.setattr(pictures, "read", decode)
    found, (line,) = said(folder, capsys)
    assert len(found) == 3
    assert line.startswith("Left out cat/0.jpg: ")
    assert (str(error) or type(error).__name__)[:20] in line


@pytest.mark.skipif("HEIF" not in pictures.FORMATS, reason="pillow-heif is not installed")
def test_heic_is_read_with_the_extra(folder, capsys):
    for name in ("photo.heic", "IMG_1.JPG"):  # whatever it is called
        (folder / "cat" / name).write_bytes(encoded(kind="HEIF", quality=90))
    whole = encoded(kind="HEIF")
    (folder / "cat" / "half.heic").write_bytes(whole[: len(whole) // 2])
    found, (line,) = said(folder, capsys)
    assert line.startswith("Left out cat/half.heic: ")
    pixels = pictures.cut(COFFEE, pictures.square_in(COFFEE.size), 16).astype(int)
    assert found.labels.tolist() == [0, 0, 0, 0, 1, 1]
    for image in found.images[2:4]:
        assert np.abs(image - pixels).mean() < 6


def test_a_jpeg_that_only_its_notes_spoil_is_used(folder, capsys):
    """Photoshop's block ends too early: Pillow refuses to open the whole picture."""
    block = b"Photoshop 3.0\x008BIM\x04\x04"
    whole = encoded(quality=95)
    spoiled = whole[:2] + b"\xff\xed" + struct.pack(">H", len(block) + 2) + block + whole[2:]
    (folder / "cat" / "spoiled.jpg").write_bytes(spoiled)
    (folder / "cat" / "whole.jpg").write_bytes(whole)
    with pytest.raises(OSError, match="cannot identify"):  # control
        Image.open(folder / "cat" / "spoiled.jpg")
    found, (line,) = said(folder, capsys)
    assert line == f"Note on cat/spoiled.jpg: {pictures.UNTURNED}"
    np.testing.assert_array_equal(found.images[2], found.images[3])


def test_a_png_with_a_wrong_checksum_in_its_exif_is_used(folder, capsys):
    exif = Image.Exif()
    exif[0x0112] = 6
    whole = bytearray(encoded(kind="PNG", exif=exif))
    whole[whole.index(b"eXIf") + 8] ^= 1
    (folder / "cat" / "spoiled.png").write_bytes(whole)
    found, (line,) = said(folder, capsys)
    assert line == f"Note on cat/spoiled.png: {pictures.UNTURNED}"
    upright = pictures.cut(COFFEE, pictures.square_in(COFFEE.size), 16)
    np.testing.assert_array_equal(found.images[2], upright)


def test_without_notes_the_pixels_are_the_same():
    for kind in ("JPEG", "PNG"):
        exif = Image.Exif()
        exif[0x010E] = "a description"
        whole = encoded(kind=kind, exif=exif, icc_profile=SWAPPED)
        stripped = bare.without_notes(io.BytesIO(whole), kind)
        assert b"a description" in whole
        assert b"a description" not in stripped
        assert bare.notes_size(io.BytesIO(whole), kind) == len(whole) - len(stripped)
        with Image.open(io.BytesIO(stripped)) as less, Image.open(io.BytesIO(whole)) as full:
            np.testing.assert_array_equal(np.asarray(less), np.asarray(full))
    with pytest.raises(ValueError, match="'GIF': choose from JPEG, PNG"):
        bare.without_notes(io.BytesIO(b""), "GIF")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
def test_files_with_more_notes_than_pictures_are_used_without(folder, capsys, monkeypatch, kind):
    """Pillow copies EXIF at each of its parts: 150 MB of it in a JPEG take minutes."""
    exif = Image.Exif()
    exif[0x010E] = "word " * 10_000
    (folder / "cat" / "wordy").write_bytes(encoded(kind=kind, exif=exif, big_tiff=True))
    assert said(folder, capsys)[1] == []  # control
    monkeypatch.setattr(budget, "AROUND", 40_000)
    found, (line,) = said(folder, capsys)
    reason = "it is a damaged TIFF: 0 MB are written around its pixels, at most 0 are read"
    assert line.startswith(f"Left out cat/wordy: {reason}" if kind == "TIFF" else "Note on")
    assert len(found) == (4 if kind == "TIFF" else 5)


# ---------------------------------------------------------------- folders


def test_files_of_the_system_are_passed_over_in_silence(folder, capsys):
    for name in (".DS_Store", "Thumbs.db", "ehthumbs.db", "desktop.ini", "._0.jpg", "Icon\r"):
        (folder / "cat" / name).write_bytes(b"x")
        (folder / name).write_bytes(b"x")
    for name in ("__MACOSX", ".git", "@eaDir", "__pycache__"):
        (folder / name).mkdir()
        (folder / name / "0.jpg").write_bytes(encoded())
    assert said(folder, capsys)[1] == []
    (folder / "cat" / "thumbs.database").write_bytes(b"x")  # control
    assert len(said(folder, capsys)[1]) == 1


def test_a_class_may_begin_with_underscores(folder, capsys):
    fill(folder, ["__other", "_other"])
    assert said(folder, capsys)[0].class_names == ("__other", "_other", "cat", "dog")


def test_a_folder_inside_a_class_and_a_loose_file_are_said(folder, capsys):
    (folder / "cat" / "deeper" / "still").mkdir(parents=True)
    for path in ("cat/deeper/1.jpg", "cat/deeper/still/2.jpg", "loose.jpg"):
        (folder / path).write_bytes(encoded())
    found, lines = said(folder, capsys)
    assert len(found) == 4
    assert lines == [
        "Left out cat/deeper/1.jpg: it lies in a folder inside a class",
        "Left out cat/deeper/still/2.jpg: it lies in a folder inside a class",
        "Left out loose.jpg: it lies in no class folder",
    ]
    listing = folders.look(folder)
    assert listing.unsorted == ["cat/deeper/1.jpg", "cat/deeper/still/2.jpg", "loose.jpg"]


def test_links_are_followed_unless_they_run_in_a_circle(folder, capsys, tmp_path):
    outside = fill(tmp_path / "elsewhere", ["bird"])
    os.symlink(folder, folder / "myself")
    os.symlink(tmp_path, folder / "above")
    os.symlink("round", folder / "round")
    os.symlink(folder / "cat" / "0.jpg", folder / "dog" / "inside.jpg")
    os.symlink(outside / "bird" / "0.jpg", folder / "dog" / "outside.jpg")
    os.symlink(outside / "bird", folder / "bird")
    found, lines = said(folder, capsys)
    assert found.class_names == ("bird", "cat", "dog")
    assert np.bincount(found.labels).tolist() == [2, 2, 4]
    assert lines == [
        "Left out above: it is a link to a folder that holds it",
        "Left out myself: it is a link to a folder that holds it",
        "Left out round: it is a link that leads back to itself",
        "Note on bird: it is a link to outside the folder",
        "Note on dog/outside.jpg: it is a link to outside the folder",
    ]


@contextlib.contextmanager
def as_somebody():
    """As a user who is not root: root may read everything."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def open_folder():
    """A folder that any user may look into; pytest's own are closed to others."""
    with tempfile.TemporaryDirectory() as root:
        os.chmod(root, 0o755)
        folder = fill(Path(root) / "photos")
        photographs.load_folder(folder, image_size=16)  # loads whatever Pillow loads late
        yield folder
        for path in [folder, *folder.iterdir()]:
            os.chmod(path, 0o755)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="Windows has other rights")
def test_what_may_not_be_read_is_refused(open_folder, capsys):
    fill(open_folder, ["closed", "listed"], 1)
    os.chmod(open_folder / "cat" / "0.jpg", 0)
    os.chmod(open_folder / "closed", 0)
    os.chmod(open_folder / "listed", 0o444)
    with as_somebody():
        found, lines = said(open_folder, capsys)
    assert len(found) == 3
    assert lines == [
        "Left out cat/0.jpg: Permission denied",
        "Left out closed: cannot be opened: Permission denied",
        "Left out listed/0.jpg: cannot be opened: Permission denied",
        "Left out the class 'closed': it has no readable photograph.",
        "Left out the class 'listed': it has no readable photograph.",
    ]
    os.chmod(open_folder, 0)
    with as_somebody(), pytest.raises(ValueError, match="cannot be opened: Permission denied"):
        photographs.load_folder(open_folder, image_size=16)


@pytest.mark.skipif(MKFIFO is None, reason="this system has no named pipes")
def test_a_folder_that_is_none_is_named_with_what_it_is(tmp_path):
    for plant, words_ in (
        (lambda path: None, "expected one with a sub-folder a class"),
        (content(b"x"), "expected one with a sub-folder a class"),
        (MKFIFO, "it is a pipe"),
        (link("folder"), "it is a link that leads back to itself"),
    ):
        path = tmp_path / "folder"
        plant(path)
        with pytest.raises(ValueError, match=f"'{path}' is no folder: {words_}"):
            photographs.load_folder(path, image_size=16)
        path.unlink(missing_ok=True)


def test_a_path_too_long_to_be_opened_is_refused(folder, capsys):
    deep, inside = folder / "cat", os.getcwd()
    os.chdir(deep)
    for _ in range(30):
        os.mkdir("d" * 200)
        os.chdir("d" * 200)
    os.chdir(inside)
    found, (line,) = said(folder, capsys)
    assert len(found) == 4
    assert "cannot be opened: File name too long" in line


def test_an_empty_class_and_a_single_one(folder, capsys):
    (folder / "bird").mkdir()
    assert said(folder, capsys)[1] == [
        "Left out the class 'bird': it has no readable photograph."
    ]
    audit = photographs.audit(folder, image_size=16, enough=1)
    assert audit.too_few == ("bird",)
    assert not any("two are needed" in line for line in audit.findings)
    for path in [*(folder / "dog").iterdir()]:
        path.unlink()
    audit = photographs.audit(folder, image_size=16, enough=1)
    assert audit.kept.class_names == ("cat",)
    assert "Classes left: 1, two are needed" in audit.findings


def test_a_class_copied_under_another_name_is_called_a_copy(folder):
    fill(folder, ["apple"], 12)
    fill(folder, ["pear", "quince"], 12)  # the first is apple again
    audit = photographs.audit(folder, image_size=32, enough=2)
    assert len(audit.across) == 12 + 4  # cat is its beginning, dog that of quince
    line = next(line for line in audit.findings if "apple and in pear" in line)
    assert line == (
        "In apple and in pear: 12 of the same pictures, such as apple/0.jpg and pear/0.jpg; is one "
        "class a copy of the other?"
    )
    assert {"apple", "pear"}.isdisjoint(audit.kept.class_names)
    assert "quince" in audit.kept.class_names


def test_one_file_in_two_classes_is_shown_without_suspicion_of_the_whole(folder):
    fill(folder, ["apple", "pear"], 12)
    Path(folder / "pear" / "same.jpg").write_bytes((folder / "apple" / "3.jpg").read_bytes())
    for name in ("cat", "dog"):
        for path in (folder / name).iterdir():
            path.unlink()
    audit = photographs.audit(folder, image_size=32)
    assert "such as apple/3.jpg and pear/same.jpg" in "\n".join(audit.findings)
    assert "copy of the other" not in "\n".join(audit.findings)
    assert np.bincount(audit.kept.labels).tolist() == [11, 12]


def test_twins_are_the_pictures_that_have_a_near_duplicate(folder):
    base = [np.asarray(noise(k, (64, 64))) for k in range(30)]
    images = np.stack([base[k % 30] for k in range(70)])
    labels = np.random.default_rng(0).integers(0, 3, 70)
    dataset = data.ImageSet(images, labels, ("a", "b", "c"))
    inside, across = data.twins(dataset)
    pairs = [(i, j) for i, j, _ in data.near_duplicates(images)]
    for found, same in ((inside, True), (across, False)):
        wanted = {pair for pair in pairs if (labels[pair[0]] == labels[pair[1]]) == same}
        assert set(found) <= wanted
        assert set(itertools.chain(*found)) == set(itertools.chain(*wanted))


def test_many_equal_pictures_do_not_make_many_pairs():
    images = np.zeros((3000, 8, 8, 3), "uint8")
    dataset = data.ImageSet(images, np.arange(3000) % 2, ("a", "b"))
    inside, across = data.twins(dataset)
    assert (len(inside), len(across)) == (2998, 2999)
    parts = data.split(dataset, (0.5, 0.5), seed=0)
    assert sorted(map(len, parts)) == [0, 3000]  # one group stays on one side
    assert len(data.near_duplicates(images[:100])) == 100 * 99 / 2  # control: the square


# ---------------------------------------------------------------- names

FORGED = {
    "cat\nLeft out nothing": r"cat\nLeft out nothing",
    "cat\x1b[2K\x1b[1Agood": r"cat\x1b[2K\x1b[1Agood",
    "\u202egnp.tac": r"\u202egnp.tac",
    "cat\u200b": r"cat\u200b",
    "cat\u200d": r"cat\u200d",
    "cat ": r"cat\x20",
    "a\\nb": r"a\\nb",
    "\x85\u2028": r"\x85\u2028",
    "日本語": "日本語",
    "$5": "$5",
    "می\u200cخواهم": "می\u200cخواهم",
    "café": "café",
}


@pytest.mark.parametrize("name", FORGED)
def test_a_name_is_shown_on_one_line_with_nothing_hidden(tmp_path, capsys, name):
    folder = fill(tmp_path / "photos", [name, "dog"])
    (folder / name / "bad\n.jpg").write_bytes(b"x")
    found, lines = said(folder, capsys)
    shown = unicodedata.normalize("NFC", FORGED[name])
    assert shown in found.class_names
    assert [line.split(": ")[0] for line in lines] == [rf"Left out {shown}/bad\n.jpg"]
    report = str(photographs.audit(folder, image_size=16))
    assert shown in report
    if name != FORGED[name]:
        assert name not in report  # control: printed as it is, it would be there


def test_bytes_that_are_no_text_are_shown_as_codes(tmp_path, capsys):
    folder = fill(tmp_path / "photos")
    try:
        os.mkdir(os.fsencode(folder) + b"/\xff\xfe")
    except OSError:
        pytest.skip("this file system takes UTF-8 only")
    noise(0).save(folder / os.fsdecode(b"\xff\xfe") / "0.jpg")
    (folder / "cat" / os.fsdecode(b"\xe9.jpg")).write_bytes(b"x")
    found, (line,) = said(folder, capsys)
    assert line.startswith(r"Left out cat/\udce9.jpg: it is none of")
    assert r"\udcff\udcfe" in found.class_names
    for text in (*found.class_names, line, str(photographs.audit(folder, image_size=16))):
        text.encode("utf-8")
    with pytest.raises(UnicodeEncodeError):  # control
        os.fsdecode(b"\xff").encode("utf-8")


def test_two_names_never_become_one_class(tmp_path, capsys):
    folder = fill(tmp_path / "photos", ["a\nb", r"a\nb", "a b", "a b ", "a\u00a0b"], 1)
    assert len(said(folder, capsys)[0].class_names) == 5


def test_many_files_with_one_reason_are_counted(folder, capsys):
    film = encoded(noise(0), "GIF", save_all=True, append_images=[noise(1)])
    for k in range(40):
        (folder / "cat" / f"{k:02}.txt").write_text("x")
        (folder / "dog" / f"{k:02}.gif").write_bytes(film)
    _, lines = said(folder, capsys)
    assert len(lines) == 2 * (words.FEW + 1)
    assert lines[words.FEW].startswith("Left out 30 more files: it is none of")
    assert lines[-1] == f"Note on 30 more files: {pictures.NOT_FIRST}"
    audit = photographs.audit(folder, image_size=16)
    assert (len(audit.refused), len(audit.notes)) == (40, 40)


def test_numbers_in_a_reason_do_not_make_it_another():
    reasons = {f"{k}.jpg": f"truncated ({k} bytes)" for k in range(25)} | {"x": "empty"}
    lines = list(words.reports("Left out", reasons))
    assert len(lines) == words.FEW + 1 + 1
    assert list(words.reports("Left out", {})) == []


PROGRAM = """
from tl_course import photographs
photographs.load_folder({folder!r}, image_size=16)
print(photographs.audit({folder!r}, image_size=16))
print("日本語 é − ✓")
"""


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_no_print_fails_whatever_the_output_can_show(tmp_path, encoding):
    folder = fill(tmp_path / "photos", ["日本語", "café"])
    (folder / "café" / "ß語.jpg").write_bytes(b"x")
    for program, fine in (
        (PROGRAM.format(folder=str(folder)), True),
        ('print("日本語 é − ✓")', encoding == "utf-8"),  # control: Python alone
    ):
        ran = subprocess.run([sys.executable, "-X", "utf8=0", "-c", program], cwd=ROOT,
                             env=os.environ | {"PYTHONIOENCODING": encoding},
                             capture_output=True)  # fmt: skip
        assert (ran.returncode == 0) == fine, ran.stderr
        if "tl_course" in program:
            shown = ran.stdout.decode(encoding)
            assert ("日本語" in shown) == (encoding == "utf-8")
            assert (r"\u65e5\u672c\u8a9e" in shown) == (encoding != "utf-8")
        else:
            assert (b"UnicodeEncodeError" in ran.stderr) == (not fine)


def test_the_list_of_commands_can_be_shown_anywhere():
    call = [sys.executable, "-m", "tl_course", "--help"]
    options = {"capture_output": True, "check": True, "cwd": ROOT}
    subprocess.run(call, env=os.environ | {"PYTHONIOENCODING": "ascii"}, **options)


# ---------------------------------------------------------------- names in figures


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("$5", r"\$5"), ("_other", "\u200a_other"), ("\u202egnp", r"\u202egnp"),
        ("a\x1b[31m", r"a\x1b[31m"), ("cat\u200b", r"cat\u200b"), ("two\nlines", "two\nlines"),
        ("é − ✓", "é − ✓"), ("a\u00a0b", "a\u00a0b"), ("\udcff", r"\udcff"),
    ],
)  # fmt: skip
def test_a_name_in_a_figure_hides_nothing(name, shown):
    assert figures.as_written(name) == shown


def test_a_letter_without_a_font_is_shown_by_its_code(monkeypatch):
    here = figures.font_of("日")
    written = figures.as_written("日")
    assert written == ("日" if here else r"\u65e5")
    if here is None:  # control: the font that has only boxes does hold it
        fonts = [font_manager.get_font(font.fname) for font in font_manager.fontManager.ttflist]
        assert any(font.get_char_index(ord("日")) for font in fonts)


def test_a_font_that_is_gone_or_damaged_stops_no_figure(monkeypatch, tmp_path):
    (tmp_path / "damaged.ttf").write_bytes(b"no font")
    entries = [
        font_manager.FontEntry(fname=str(tmp_path / name), name=name)
        for name in ("gone.ttf", "damaged.ttf")
    ]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", entries)
    figures.font_of.cache_clear()
    assert figures.font_of("日") is None
    assert figures.font_of("a") == "DejaVu Sans"
    figures.font_of.cache_clear()


def test_a_figure_with_any_name_is_drawn_without_a_warning(recwarn):
    figure = Figure()
    panel = figure.subplots()
    for k, name in enumerate([*FORGED, "_other", "\U0001f600", "नमस्ते"]):
        panel.plot([k], label=figures.as_written(name))
    panel.legend()
    page = figures.element(figure, alt="a", caption="b", image_format="svg")
    assert page.startswith("<figure>")
    assert [str(warning.message) for warning in recwarn if "lyph" in str(warning.message)] == []


# ---------------------------------------------------------------- colours


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_an_embedded_profile_is_obeyed(tmp_path, kind):
    if kind not in pictures.FORMATS:
        pytest.skip("this Pillow has no AVIF")
    options = {"lossless": True} if kind == "WEBP" else {"quality": 95}
    pixels = {}
    for name, profile in {"none": None, "srgb": SRGB, "swapped": SWAPPED, "bad": b"x" * 99}.items():
        given = {"icc_profile": profile} if profile else {}
        (tmp_path / name).write_bytes(encoded(COFFEE, kind, **options, **given))
        pixels[name], notes = pictures.read(tmp_path / name, image_size=64)
        assert notes == ((colours.DAMAGED,) if name == "bad" else ())
    np.testing.assert_array_equal(pixels["none"], pixels["srgb"])
    np.testing.assert_array_equal(pixels["none"], pixels["bad"])
    turned = pixels["swapped"].astype(int)[..., [1, 0, 2]]
    assert np.abs(turned - pixels["none"]).max() <= 3
    assert np.abs(pixels["swapped"].astype(int) - pixels["none"]).mean() > 20  # control


@pytest.mark.parametrize("mode", ["P", "RGBA", "CMYK", "L", "I;16"])
def test_a_profile_meets_every_mode(tmp_path, mode):
    grey = np.asarray(COFFEE.convert("L")).astype("uint16") * 257
    picture = Image.fromarray(grey) if mode == "I;16" else COFFEE.convert(mode)
    kind = "TIFF" if mode == "CMYK" else "PNG"
    (tmp_path / "p").write_bytes(encoded(picture, kind, icc_profile=SWAPPED))
    pixels, notes = pictures.read(tmp_path / "p", image_size=64)
    mean = pixels.reshape(-1, 3).mean(axis=0)
    assert notes == ((colours.DAMAGED,) if mode == "CMYK" else ())  # the profile speaks of RGB
    if mode in ("P", "RGBA"):
        assert mean[1] > mean[0] + 50  # coffee is red, in a swapped profile it is green
    if mode == "CMYK":
        assert mean[0] > mean[1] + 50


def test_a_profile_of_grey_does_not_take_the_colour_out(tmp_path):
    grey = SRGB[:16] + b"GRAY" + SRGB[20:]
    (tmp_path / "p.png").write_bytes(encoded(COFFEE, "PNG", icc_profile=grey))
    pixels, notes = pictures.read(tmp_path / "p.png", image_size=64)
    assert notes == (colours.DAMAGED,)
    assert pixels[..., 0].mean() > pixels[..., 1].mean() + 50


# ---------------------------------------------------------------- more than one picture in a file


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF", "AVIF", "MPO"])
def test_of_several_pictures_the_first_is_used_and_it_is_said(tmp_path, kind):
    if kind == "AVIF" and kind not in pictures.FORMATS:
        pytest.skip("this Pillow has no AVIF")
    frames = {"save_all": True, "append_images": [Image.new("RGB", COFFEE.size)] * 2}
    (tmp_path / "one").write_bytes(encoded(kind="JPEG" if kind == "MPO" else kind))
    (tmp_path / "many").write_bytes(encoded(kind=kind, **frames))
    one, quiet = pictures.read(tmp_path / "one", image_size=64)
    many, notes = pictures.read(tmp_path / "many", image_size=64)
    assert quiet == ()
    assert notes == (() if kind == "MPO" else (pictures.NOT_FIRST,))  # a phone's preview is none
    assert np.abs(one.astype(int) - many).mean() < 6
    assert many.mean() > 50  # control: the others are black


def test_a_damaged_second_picture_costs_not_the_first(tmp_path):
    whole = encoded(kind="GIF", save_all=True, append_images=[Image.new("RGB", COFFEE.size)])
    (tmp_path / "cut.gif").write_bytes(whole[:-40])
    one, _ = pictures.read(tmp_path / "cut.gif", image_size=64)
    (tmp_path / "whole.gif").write_bytes(whole)
    np.testing.assert_array_equal(one, pictures.read(tmp_path / "whole.gif", image_size=64)[0])


# ---------------------------------------------------------------- EXIF


def with_exif(block, kind="JPEG"):
    return encoded(kind=kind, exif=b"Exif\0\0" + block, quality=95)


TURN = struct.pack("<HHI4s", 0x0112, 3, 1, b"\6\0\0\0")
LETTERS = struct.pack("<HHI4s", 0x011A, 2, 4, b"abc\0")  # a resolution in letters
HEAD = b"II*\0\x08\0\0\0"
DAMAGES = {
    "a tag of another type": HEAD + b"\2\0" + TURN + LETTERS + b"\0\0\0\0",
    "more tags than there are": HEAD + b"\x09\0" + TURN,
    "no header": b"rubbish, no header at all",
    "cut off": HEAD[:6],
    "begins beyond the end": b"II*\0\xff\xff\xff\x7f\1\0" + TURN,
}


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_exif_leaves_the_pixels_unturned_with_a_line(folder, capsys, damage, kind):
    (folder / "cat" / "bad.jpg").write_bytes(with_exif(DAMAGES[damage], kind))
    found, (line,) = said(folder, capsys)
    assert line == f"Note on cat/bad.jpg: {pictures.UNTURNED}"
    upright = pictures.cut(COFFEE, pictures.square_in(COFFEE.size), 16).astype(int)
    assert np.abs(found.images[2] - upright).mean() < 5


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_control_whole_exif_turns_the_picture_without_a_line(folder, capsys, kind):
    (folder / "cat" / "good.jpg").write_bytes(with_exif(HEAD + b"\1\0" + TURN + b"\0\0\0\0", kind))
    found, lines = said(folder, capsys)
    assert lines == []
    upright = pictures.cut(COFFEE, pictures.square_in(COFFEE.size), 16).astype(int)
    assert np.abs(found.images[2] - np.rot90(upright, -1)).mean() < 5
    assert np.abs(found.images[2] - upright).mean() > 20


# ---------------------------------------------------------------- memory


def header_only(width, height):
    """A PNG that says how large it is and holds no pixels: it must be refused before decoding."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", b""), (b"IEND", b"")]
    packed = [struct.pack(">I", len(c)) + n + c + struct.pack(">I", zlib.crc32(n + c))
              for n, c in chunks]  # fmt: skip
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


def test_a_png_of_178_megapixels_is_refused_with_the_limit(folder, capsys):
    (folder / "cat" / "huge.png").write_bytes(header_only(14_000, 12_700))
    (folder / "cat" / "large.png").write_bytes(header_only(9_000, 9_000))
    _, lines = said(folder, capsys)
    assert lines[0] == (
        "Left out cat/huge.png: it has 178 megapixels, which take 733 MB to decode as PNG, and 470 "
        "are allowed: save it smaller, or as a JPEG that is not progressive"
    )
    assert "megapixels" not in lines[1]  # control: of 81 it is tried, and found empty


def test_a_file_too_large_to_be_opened_is_refused(folder, capsys, monkeypatch):
    for name in ("huge.webp", "huge.tiff"):
        (folder / "cat" / name).write_bytes(encoded(kind=name[5:].upper()))
        os.truncate(folder / "cat" / name, budget.WHOLE + 1)  # a hole: it takes no room on disk
    _, (line,) = said(folder, capsys)
    assert line == "Left out cat/huge.webp: it is a file of 150 MB: of WEBP at most 150 are read"


def test_more_pictures_than_memory_holds_are_refused_before_they_are_read(folder, monkeypatch):
    monkeypatch.setattr(computer, "free_memory", lambda: 2000)
    with pytest.raises(ValueError, match="4 pictures of 16 x 16 pixels take .* GB of memory, and"):
        photographs.load_folder(folder, image_size=16)
    monkeypatch.setattr(computer, "free_memory", lambda: 4 * 16 * 16 * 3)
    assert len(photographs.load_folder(folder, image_size=16)) == 4


MEASURE = """
import sys, pathlib
from PIL import Image
from tl_course import photographs
from tl_course.engine import pictures
def memory(kind):
    lines = pathlib.Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(kind)) * 1024
Image.new("RGB", (64, 64)).save(sys.argv[1] + ".jpg")
pictures.read(sys.argv[1] + ".jpg", image_size=64)
pathlib.Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
before = memory("VmRSS")
try:
    {work}
except ValueError as error:
    print(error)
print((memory("VmHWM") - before) // 10**6)
"""
READ = "print(*pictures.read(sys.argv[1], image_size=160)[0].reshape(-1, 3).mean(axis=0))"
RED, LARGE = (200, 30, 40), {
    # name: mode, size, options, most MB, and is it read?
    "phone.jpg": ("RGB", (16_320, 12_240), {}, 100, True),  # 200 megapixels
    "odd.jpg": ("RGB", (16_321, 12_239), {}, 100, True),
    "progressive.jpg": ("RGB", (9_000, 7_000), {"progressive": True, "subsampling": 0}, 480, True),
    "progressive large.jpg": ("RGB", (16_320, 12_240), {"progressive": True}, 50, False),
    "camera.png": ("RGB", (10_000, 9_600), {"compress_level": 1}, 480, True),
    "transparent.png": ("RGBA", (8_000, 7_000), {"compress_level": 1}, 480, True),
    "thin.png": ("RGB", (100_000, 250), {"compress_level": 1}, 480, True),
    "camera.tiff": ("RGB", (9_500, 6_300), {}, 480, True),
    "packed.tiff": ("RGB", (9_500, 6_300), {"compression": "tiff_lzw"}, 480, True),
    "large.webp": ("RGB", (4_600, 4_600), {"method": 0}, 480, True),
    "large.gif": ("P", (10_000, 9_000), {}, 480, True),
    "large.bmp": ("RGB", (10_000, 9_000), {}, 480, True),
    "large.avif": ("RGB", (5_300, 5_300), {"speed": 10}, 480, True),
}  # fmt: skip


def measured(work, path):
    """What a process of its own printed, and the megabytes that the work took in it."""
    run = [sys.executable, "-c", MEASURE.format(work=work), str(path)]
    ran = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=True)
    *lines, megabytes = ran.stdout.splitlines()
    return "\n".join(lines), int(megabytes)


MANY = 10_000 if os.environ.get("TL_COURSE_EXAMPLES") else 1_000
needs_proc = pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="Linux only")


@needs_proc
@pytest.mark.slow
@pytest.mark.parametrize("name", LARGE)
def test_no_picture_takes_more_than_its_memory(tmp_path, name):
    mode, size, options, most, is_read = LARGE[name]
    if name.endswith(".avif") and "AVIF" not in pictures.FORMATS:
        pytest.skip("this Pillow has no AVIF")
    picture = Image.new(mode, size, 0 if mode == "P" else RED)
    if mode == "P":
        picture.putpalette(RED)
    picture.save(tmp_path / name, **options)
    del picture
    printed, megabytes = measured(READ, tmp_path / name)
    if is_read:
        assert np.abs(np.array(printed.split(), float) - RED).max() < 2
    else:
        assert "are allowed" in printed
    assert megabytes <= most


@needs_proc
@pytest.mark.slow
def test_control_pillow_alone_takes_the_memory_that_the_pixels_take(tmp_path):
    Image.new("RGB", (12_000, 9_000), RED).save(tmp_path / "phone.jpg")
    _, megabytes = measured("Image.open(sys.argv[1]).convert('RGB').load()", tmp_path / "phone.jpg")
    assert megabytes > 400
    assert measured(READ, tmp_path / "phone.jpg")[1] < 60


@needs_proc
@pytest.mark.slow
def test_a_folder_takes_the_memory_of_its_pixels_once(tmp_path):
    """As many bytes as 10,000 photographs at 160 pixels: a second copy would be too much."""
    number = MANY
    for k in range(number):
        path = tmp_path / "photos" / f"class {k % 10}"
        path.mkdir(parents=True, exist_ok=True)
        (path / f"{k}.jpg").write_bytes(encoded(noise(k % 100, (200, 150))))
    (tmp_path / "photos" / "class 0" / "bad.jpg").write_bytes(b"x")
    size = round((10_000 * 160**2 / number) ** 0.5)
    work = "a = photographs.audit(sys.argv[1], image_size={}); print(len(a.kept), len(a.refused))"
    printed, megabytes = measured(work.format(size), tmp_path / "photos")
    assert printed == f"{number} 1"
    assert 768 < megabytes < 900  # beside the 100 MB of Python and the modules
    assert 2 * number * size**2 * 3 / 1e6 > 1500  # control: what one more copy would take


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("size", [(1600, 1200), (1607, 1193)])
def test_a_picture_made_smaller_in_bands_looks_as_in_full(tmp_path, monkeypatch, kind, size):
    picture = Image.fromarray(skimage.data.astronaut()).resize(size)
    exif = Image.Exif()
    exif[0x0112] = 6
    options = {"lossless": True} if kind == "WEBP" else {}
    (tmp_path / "p").write_bytes(encoded(picture, kind, exif=exif, **options))
    whole = pictures.read_photograph(tmp_path / "p", image_size=128).astype(int)
    monkeypatch.setattr(pictures, "LARGE", 1_000_000)
    monkeypatch.setattr(colours, "BAND", 50_000)
    small = pictures.read_photograph(tmp_path / "p", image_size=128)
    assert np.abs(small - whole).mean() < (2 if size[0] % 8 == 0 else 3)  # else 7 rows are cut off
    assert np.abs(small[::-1] - whole).mean() > 20  # control
    assert not np.array_equal(small, whole)  # control: the other way was taken


@pytest.mark.parametrize("mode", ["L", "P", "LA", "RGBA", "I;16", "I", "F", "CMYK"])
def test_bands_change_no_pixel(monkeypatch, mode):
    grey = np.asarray(COFFEE.convert("L")).astype("float32")
    deep = {"I;16": (grey * 257).astype("uint16"), "I": grey.astype("int32"), "F": grey - 100}
    picture = Image.fromarray(deep[mode]) if mode in deep else COFFEE.convert(mode)
    whole, _ = colours.in_rgb(picture, COFFEE.size)
    monkeypatch.setattr(colours, "BAND", 500)
    bands, _ = colours.in_rgb(picture, COFFEE.size)
    np.testing.assert_array_equal(np.asarray(bands), np.asarray(whole))
