"""Are real pictures read right, fetched whole, and a folder judged rightly?"""

import functools
import hashlib
import http.server
import io
import os
import re
import struct
import threading
import time
import unicodedata
import zipfile

import numpy as np
import pytest
import skimage.data
from PIL import Image, ImageOps

from tl_course import photographs, records
from tl_course.engine import budget, colours, computer, pictures


def photograph(seed, *, size=(48, 32), kind="JPEG"):
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1] // 8, size[0] // 8, 3))
    buffer = io.BytesIO()
    Image.fromarray(pixels.astype("uint8")).resize(size).save(buffer, kind)
    return buffer.getvalue()


# ---------------------------------------------------------------- a folder


@pytest.fixture
def folder(tmp_path):
    for number, name in enumerate(["dog", "cat", "dog", "cat"]):
        (tmp_path / name).mkdir(exist_ok=True)
        (tmp_path / name / f"{number}.jpg").write_bytes(photograph(number))
    return tmp_path


def test_a_folder_of_class_folders_becomes_an_image_set(folder):
    dataset = photographs.load_folder(folder, image_size=16)
    assert dataset.images.shape == (4, 16, 16, 3)
    assert dataset.images.dtype == np.uint8
    assert dataset.class_names == ("cat", "dog")
    assert dataset.labels.tolist() == [0, 0, 1, 1]
    assert len(dataset) == 4


def test_classes_come_in_alphabetical_order_whatever_the_disk_says(tmp_path):
    names = ["fig", "date", "kiwi", "apple", "lime", "banana", "grape", "cherry"]
    for name in names:  # so many that no order of a file system is alphabetical by luck
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.jpg").write_bytes(photograph(1))
    assert photographs.load_folder(tmp_path, image_size=16).class_names == tuple(sorted(names))


def test_every_refused_file_is_reported_with_the_reason(folder, capsys):
    (folder / "cat" / "notes.txt").write_text("no picture")
    (folder / "dog" / "half.jpg").write_bytes(photograph(9, size=(400, 400))[:3000])
    (folder / "dog" / ".DS_Store").write_bytes(b"hidden")
    dataset = photographs.load_folder(folder, image_size=16)
    assert len(dataset) == 4
    printed = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in printed] == [
        "Left out cat/notes.txt",
        "Left out dog/half.jpg",
    ]
    assert "truncated" in printed[1]


def test_a_folder_without_photographs_is_named(tmp_path):
    with pytest.raises(ValueError, match="is no folder"):
        photographs.load_folder(tmp_path / "nothing", image_size=16)
    with pytest.raises(ValueError, match="No photograph found.*<class>/<photo>.jpg"):
        photographs.load_folder(tmp_path, image_size=16)


def test_a_camera_s_rotation_is_obeyed(tmp_path):
    upright = np.zeros((40, 20, 3), dtype="uint8")
    upright[:20] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # "turn me a quarter clockwise"
    lying = Image.fromarray(np.rot90(upright, 1).copy())
    lying.save(tmp_path / "photo.png", exif=exif)
    pixels = pictures.read_photograph(tmp_path / "photo.png", image_size=20)
    assert pixels[:8].mean() > 250
    assert pixels[-8:].mean() < 5


def test_the_central_square_is_kept_and_not_squashed(tmp_path):
    wide = np.zeros((20, 60, 3), dtype="uint8")
    wide[:, 20:40] = 200
    Image.fromarray(wide).save(tmp_path / "wide.png")
    assert pictures.read_photograph(tmp_path / "wide.png", image_size=20).min() == 200


@pytest.mark.parametrize("channel", range(3), ids=["red", "green", "blue"])
def test_a_colour_is_read_into_its_own_channel(tmp_path, channel):
    colour = np.eye(3, dtype=int)[channel] * 200
    Image.new("RGB", (32, 32), tuple(colour.tolist())).save(tmp_path / "one.png")
    read = pictures.read_photograph(tmp_path / "one.png", image_size=16)
    np.testing.assert_array_equal(read, np.broadcast_to(colour, (16, 16, 3)))


def test_a_box_is_cut_out_as_the_square_around_it(tmp_path):
    picture = np.zeros((40, 60, 3), dtype="uint8")
    picture[10:20, 30:50] = 200  # 20 wide, 10 high
    Image.fromarray(picture).save(tmp_path / "box.png")
    pixels = pictures.read_photograph(tmp_path / "box.png", image_size=20, box=(30, 10, 50, 20))
    assert np.array_equal(pixels[..., 0], picture[5:25, 30:50, 0])
    at_edge = pictures.read_photograph(tmp_path / "box.png", image_size=20, box=(50, 30, 60, 40))
    assert at_edge.shape == (20, 20, 3)


def test_transparent_palette_and_grey_pictures_become_rgb(tmp_path):
    for mode in ("RGBA", "P", "L", "LA", "1"):
        Image.new(mode, (20, 20)).save(tmp_path / f"{mode}.png")
        photo = pictures.read_photograph(tmp_path / f"{mode}.png", image_size=8)
        assert photo.shape == (8, 8, 3)


def test_the_bundled_photographs_are_four():
    bundled = photographs.bundled_photographs(image_size=32)
    assert sorted(bundled) == ["astronaut", "chelsea", "coffee", "rocket"]
    assert all(pixels.shape == (32, 32, 3) for pixels in bundled.values())


# ---------------------------------------------------------------- manifests


@pytest.mark.parametrize("name", records.DATASETS)
def test_every_row_of_a_manifest_says_where_from_and_under_which_licence(name):
    rows = photographs._read_manifest(name)
    assert rows
    for row in rows:
        archive, member = photographs._archive(row)
        assert archive.startswith("https://github.com/")
        assert member
        assert len(row["sha256"]) == 64
        assert row["licence"]
        assert row["attribution"]


def test_blood_cells_are_split_by_image():
    rows = photographs._read_manifest("blood_cells")
    files = {split: {r["file"] for r in rows if r["split"] == split} for split in ("train", "test")}
    assert not files["train"] & files["test"]


def test_unknown_names_are_answered_with_the_known_ones():
    with pytest.raises(ValueError, match="'fruit': choose from .*groceries"):
        photographs.load_dataset("fruit", split="train", image_size=16)
    with pytest.raises(ValueError, match="no split 'validation': choose from .*train"):
        photographs.load_dataset("groceries", split="validation", image_size=16)


# ---------------------------------------------------------------- fetching, from a local server


@pytest.fixture
def small_manifest(monkeypatch, tmp_path):
    """Three photographs in an archive that a server on this machine hands out."""
    contents = {f"pictures/{n}.jpg": photograph(n) for n in range(3)}
    rows = [
        {"file": f"groceries/{'train' if n else 'test'}/apple/{n}.jpg", "label": "apple",
         "split": "train" if n else "test", "sha256": hashlib.sha256(content).hexdigest(),
         "url": f"https://raw.githubusercontent.com/owner/shop/abc123/{member}"}
        for n, (member, content) in enumerate(contents.items())
    ]  # fmt: skip
    served = tmp_path / "served" / "owner" / "shop" / "archive"
    served.mkdir(parents=True)
    with zipfile.ZipFile(served / "abc123.zip", "w") as archive:
        archive.writestr("shop-abc123/README.md", "not in the manifest")
        for member, content in contents.items():
            archive.writestr(f"shop-abc123/{member}", content)
    manifests = {"groceries": rows}
    monkeypatch.setattr(photographs, "_read_manifest", lambda name: manifests.get(name, []))
    monkeypatch.setattr(photographs, "GITHUB", _serve(tmp_path / "served"))
    for variable in ("TL_COURSE_MIRROR", "TL_COURSE_OFFLINE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("TL_COURSE_CACHE", str(tmp_path / "cache"))
    return rows, served / "abc123.zip"


REQUESTS = []


def _serve(folder):
    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *arguments):
            REQUESTS.append(arguments)

    handler = functools.partial(Handler, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


def test_fetching_takes_one_request_and_only_the_manifest_s_files(small_manifest, tmp_path):
    rows, _ = small_manifest
    REQUESTS.clear()
    folder = photographs.fetch("groceries")
    assert folder == tmp_path / "cache"
    assert len(REQUESTS) == 1
    files = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
    assert files == sorted(row["file"] for row in rows)
    train_set = photographs.load_dataset("groceries", split="train", image_size=8)
    assert train_set.images.shape == (2, 8, 8, 3)
    photographs.fetch("groceries")
    assert len(REQUESTS) == 1, "what is here is not fetched again"


def test_a_damaged_file_is_fetched_again(small_manifest):
    rows, _ = small_manifest
    folder = photographs.fetch("groceries")
    (folder / rows[0]["file"]).write_bytes(b"damaged")
    photographs.fetch("groceries")
    content = (folder / rows[0]["file"]).read_bytes()
    assert hashlib.sha256(content).hexdigest() == rows[0]["sha256"]


def test_a_wrong_file_in_the_archive_is_never_placed(small_manifest, tmp_path):
    rows, _ = small_manifest
    rows[1]["sha256"] = "0" * 64
    with pytest.raises(photographs.PhotographsUnavailable, match="its SHA-256 differs"):
        photographs.fetch("groceries")
    placed = [path.name for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert sorted(placed) == ["0.jpg", "2.jpg"], "the others are kept, nothing half-written"


def test_an_archive_that_is_gone_or_broken_gives_one_sentence(small_manifest):
    _, archive = small_manifest
    archive.write_bytes(b"no archive")
    with pytest.raises(photographs.PhotographsUnavailable, match="fetch groceries"):
        photographs.fetch("groceries")
    archive.unlink()
    with pytest.raises(photographs.PhotographsUnavailable, match="cannot be downloaded"):
        photographs.fetch("groceries")


def test_offline_without_mirror_says_what_to_do(small_manifest, monkeypatch):
    monkeypatch.setenv("TL_COURSE_OFFLINE", "1")
    REQUESTS.clear()
    what_to_do = "python -m tl_course fetch groceries"
    with pytest.raises(photographs.PhotographsUnavailable, match=what_to_do):
        photographs.fetch("groceries")
    assert REQUESTS == []


def test_a_complete_mirror_is_used_in_place(small_manifest, monkeypatch, tmp_path):
    mirror = photographs.fetch("groceries", folder=tmp_path / "mirror")
    monkeypatch.setenv("TL_COURSE_MIRROR", str(mirror))
    monkeypatch.setenv("TL_COURSE_OFFLINE", "1")
    assert photographs.fetch("groceries") == mirror
    assert not (tmp_path / "cache").exists()


def test_what_another_set_needs_of_the_same_archive_comes_along(small_manifest, monkeypatch):
    """Groceries and cartons lie in one archive: the second is fetched without another request."""
    rows, archive = small_manifest
    content = photograph(9)
    with zipfile.ZipFile(archive, "a") as members:
        members.writestr("shop-abc123/pictures/juice.jpg", content)
    carton = rows[0] | {"file": "cartons/train/juice.jpg", "label": "juice", "split": "train"}
    carton |= {"sha256": hashlib.sha256(content).hexdigest()}
    carton["url"] = rows[0]["url"].replace("0.jpg", "juice.jpg")
    manifests = {"groceries": rows, "cartons": [carton]}
    monkeypatch.setattr(photographs, "_read_manifest", lambda name: manifests.get(name, []))
    REQUESTS.clear()
    photographs.fetch("groceries")
    archive.unlink()
    assert (photographs.fetch("cartons") / carton["file"]).read_bytes() == content
    assert len(REQUESTS) == 1


def test_cartons_come_from_the_archive_of_groceries():
    archives = [
        {photographs._archive(row)[0] for row in photographs._read_manifest(name)}
        for name in ("groceries", "cartons", "blood_cells")
    ]
    assert archives[0] == archives[1]
    assert archives[0] != archives[2]  # control


# ---------------------------------------------------------------- kinds of pictures

GREY = np.random.default_rng(0).integers(0, 256, (24, 24)).astype("uint8")
DEEP = GREY.astype("uint16") * 257  # the same grey with 16 bits
KINDS = {
    "16 bits.png": DEEP,
    "16 bits.tiff": DEEP,
    "16 bits, big-endian.tiff": Image.frombytes("I;16B", (24, 24), DEEP.astype(">u2").tobytes()),
    "16 bits in 32.tiff": DEEP.astype("int32"),
    "8 bits in 32.tiff": GREY.astype("int32"),
    "float to 1.tiff": (GREY / 255).astype("float32"),
    "float to 255.tiff": GREY.astype("float32"),
    "float to 65535.tiff": DEEP.astype("float32"),
}


def saved(folder, name, picture, **options):
    picture = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    picture.save(folder / name, **options)
    return folder / name


@pytest.mark.parametrize("name", KINDS)
def test_deep_pictures_equal_their_8_bit_twin(tmp_path, name):
    twin = saved(tmp_path, "twin.png", GREY)
    twin = pictures.read_photograph(twin, image_size=24).astype(int)
    path = saved(tmp_path, name, KINDS[name])
    deep = pictures.read_photograph(path, image_size=24)
    assert np.abs(deep - twin).max() <= 1
    with Image.open(path) as picture:
        plain = np.asarray(picture.convert("RGB")).astype(int)
    destroyed = {"8 bits in 32.tiff", "float to 255.tiff"}.isdisjoint([name])
    assert (np.abs(plain - twin).mean() > 30) == destroyed  # control: what `convert` makes of it


def test_a_float_picture_of_any_range_goes_from_its_darkest_to_its_brightest(tmp_path):
    values = np.linspace(-3, 700_000, 576, dtype="float32").reshape(24, 24)
    values[0, 0] = np.nan
    pixels = pictures.read_photograph(saved(tmp_path, "f.tiff", values), image_size=24)
    assert (pixels.min(), pixels.max()) == (0, 255)
    assert 120 < pixels.mean() < 135


ALPHA = np.where(np.arange(24) < 12, 255, 0).astype("uint8") * np.ones((24, 1), dtype="uint8")


def transparent(mode):
    """Dark grey on the left; on the right transparent, with a hidden colour."""
    if mode in ("RGBA", "LA"):
        layers = [Image.fromarray(np.full((24, 24), 40, "uint8"))] * (len(mode) - 1)
        return Image.merge(mode, [*layers, Image.fromarray(ALPHA)]), {}
    indices = (ALPHA == 0).astype("uint8")
    picture = Image.fromarray(np.where(indices, 90, 40).astype("uint8"))
    if mode == "L":
        return picture, {"transparency": 90}
    if mode == "1":
        return Image.fromarray(indices * 255).convert("1"), {"transparency": 255}
    if mode == "I;16":
        return Image.fromarray(np.where(indices, 9_000, 40 * 257).astype("uint16")), {
            "transparency": 9_000
        }
    picture = Image.fromarray(indices, "P")
    picture.putpalette([40, 40, 40, 200, 0, 0])
    return picture, {"transparency": 1}


@pytest.mark.parametrize("mode", ["RGBA", "LA", "L", "P", "1", "I;16"])
def test_what_is_transparent_lies_on_white(tmp_path, mode):
    picture, options = transparent(mode)
    path = saved(tmp_path, "p.png", picture, **options)
    pixels = pictures.read_photograph(path, image_size=24)
    dark = 0 if mode == "1" else 40
    np.testing.assert_array_equal(pixels[:, :12], dark)
    np.testing.assert_array_equal(pixels[:, 12:], 255)


def test_control_convert_alone_lets_hidden_colours_through():
    picture, _ = transparent("RGBA")
    assert np.asarray(picture.convert("RGB"))[:, 12:].max() == 40


def test_a_palette_with_its_own_alpha_lies_on_white(tmp_path):
    picture = Image.fromarray(np.stack([np.full((24, 24), 40, "uint8")] * 3 + [ALPHA], -1))
    path = saved(tmp_path, "p.webp", picture, lossless=True)
    assert pictures.read_photograph(path, image_size=24)[:, 12:].min() == 255
    palette, _ = colours.in_rgb(picture.convert("PA"), picture.size)
    assert np.asarray(palette)[:, 12:].min() == 255
    assert np.asarray(palette)[:, :12].max() < 60


def test_a_picture_is_averaged_when_it_shrinks(tmp_path):
    """Every other column white: to take the nearest pixel would give stripes, or one colour."""
    stripes = np.tile(np.array([0, 255], "uint8"), (64, 32))
    pixels = pictures.read_photograph(saved(tmp_path, "s.png", stripes), image_size=16)
    assert np.abs(pixels[:, 1:-1].astype(int) - 127).max() <= 8
    nearest = np.asarray(Image.fromarray(stripes).resize((16, 16), Image.Resampling.NEAREST))
    assert np.abs(nearest.astype(int) - 127).min() > 100  # control


# ---------------------------------------------------------------- large JPEGs, decoded small


def large(name, size=(1600, 1200)):
    picture = Image.fromarray(getattr(skimage.data, name)()).convert("RGB").resize(size)
    grain = np.random.default_rng(0).normal(0, 6, (size[1], size[0], 1))
    return Image.fromarray((np.asarray(picture) + grain).clip(0, 255).astype("uint8"))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["coffee", "astronaut"])
def test_a_jpeg_decoded_small_looks_as_decoded_in_full(tmp_path, monkeypatch, name, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = saved(tmp_path, "large.jpg", large(name), quality=92, exif=exif)
    with Image.open(path) as picture:
        full = ImageOps.exif_transpose(picture).convert("RGB")
    scales, scale_for = [], pictures.scale_for
    record = lambda *a: scales.append(scale_for(*a)) or scales[-1]  # noqa: E731
    monkeypatch.setattr(pictures, "scale_for", record)
    for box, scale in ((None, 4), ((203, 101, 800, 650), 2)):
        quick = pictures.read_photograph(path, image_size=128, box=box).astype(int)
        whole = pictures.cut(full, pictures.square_in(full.size, box), 128)
        assert np.abs(quick - whole).mean() < 2
        assert np.abs(quick[::-1] - whole).mean() > 10  # control: another turn would be seen
        assert scales[-1] == scale


@pytest.mark.parametrize("size", [(1601, 1200), (1600, 1199)])
def test_a_side_that_the_scale_does_not_divide_is_decoded_in_full(tmp_path, size):
    path = saved(tmp_path, "odd.jpg", large("coffee", size))
    assert pictures.scale_for(size, 1199, 64) == 1
    with Image.open(path) as picture:
        whole = pictures.cut(picture.convert("RGB"), pictures.square_in(size), 64)
    np.testing.assert_array_equal(pictures.read_photograph(path, image_size=64), whole)


def test_a_picture_is_never_decoded_below_one_and_a_half_times_the_size():
    for image_size, scale in ((100, 8), (101, 4), (200, 4), (201, 2), (400, 2), (401, 1)):
        assert pictures.scale_for((1600, 1200), 1200, image_size) == scale
        assert 1200 // scale >= min(1200, 1.5 * image_size)


# ---------------------------------------------------------------- large pictures wait for memory


@pytest.mark.parametrize(("total", "at_once"), [(10**9, 2), (30_000, 1)])  # the first: control
def test_pictures_wait_until_there_is_memory_to_decode_them(folder, monkeypatch, total, at_once):
    """Each of these takes 20 kB; large ones take hundreds of megabytes beside each other's."""
    decoding, most, cut = [], [], pictures.cut

    def slowly(*arguments):
        decoding.append(1)
        time.sleep(0.05)
        most.append(len(decoding))
        decoding.pop()
        return cut(*arguments)

    monkeypatch.setattr(budget, "DECODING", budget.Budget(total))
    monkeypatch.setattr(pictures, "cut", slowly)
    monkeypatch.setattr(computer, "usable_cores", lambda: 2)
    assert len(photographs.load_folder(folder, image_size=16)) == 4
    assert max(most) == at_once


# ---------------------------------------------------------------- what cannot be read


def test_damaged_exif_costs_no_picture(tmp_path):
    good = saved(tmp_path, "good.jpg", large("coffee", (64, 48)))
    content = good.read_bytes()
    tags = [(0x0112, 3, 1, b"\6\0\0\0"), (0x011A, 2, 4, b"abc\0")]  # a resolution in letters
    packed = b"".join(struct.pack("<HHI4s", *tag) for tag in tags)
    damaged = b"Exif\0\0II*\0\x08\0\0\0\2\0" + packed + b"\0\0\0\0"
    block = b"\xff\xe1" + (len(damaged) + 2).to_bytes(2, "big") + damaged
    (tmp_path / "bad.jpg").write_bytes(content[:2] + block + content[2:])
    with Image.open(tmp_path / "bad.jpg") as picture, pytest.raises(TypeError):
        ImageOps.exif_transpose(picture)  # control: this is what Pillow makes of it
    pixels = [
        pictures.read_photograph(path, image_size=16) for path in (good, tmp_path / "bad.jpg")
    ]
    np.testing.assert_array_equal(*pixels)


@pytest.mark.parametrize("error", [SyntaxError("a chunk"), MemoryError(), NotImplementedError("x")])
def test_whatever_a_decoder_raises_is_a_reason(folder, monkeypatch, capsys, error):
    read = pictures.read

    def decode(path, **options):
        if path.name == "0.jpg":
            raise error
        return read(path, **options)

    monkeypatch.setattr(pictures, "read", decode)
    assert len(photographs.load_folder(folder, image_size=16)) == 3
    reason = str(error) or type(error).__name__
    assert capsys.readouterr().out == f"Left out dog/0.jpg: {reason}\n"


def test_a_format_that_could_start_a_program_is_refused(folder, capsys):
    Image.new("RGB", (20, 20)).save(folder / "cat" / "print.eps")
    assert len(photographs.load_folder(folder, image_size=16)) == 4
    assert "Left out cat/print.eps: it is none of JPEG, PNG" in capsys.readouterr().out


def test_a_pipe_among_the_photographs_does_not_hang(folder, capsys):
    if not hasattr(os, "mkfifo"):
        pytest.skip("this system has no named pipes")
    os.mkfifo(folder / "cat" / "pipe.jpg")
    assert len(photographs.load_folder(folder, image_size=16)) == 4
    assert capsys.readouterr().out == "Left out cat/pipe.jpg: it is a pipe, no file\n"


# ---------------------------------------------------------------- names


def test_one_name_written_in_two_ways_is_one_class(tmp_path):
    names = [unicodedata.normalize(form, "crème") for form in ("NFC", "NFD")]
    assert names[0] != names[1]
    for number, name in enumerate([*names, "bread"]):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{number}.jpg").write_bytes(photograph(number))
    dataset = photographs.load_folder(tmp_path, image_size=16)
    assert dataset.class_names == ("bread", names[0])
    assert dataset.labels.tolist() == [0, 1, 1]


def test_a_class_without_a_photograph_is_left_out_and_named(folder, capsys):
    (folder / "bird").mkdir()
    (folder / "bird" / "IMG_1.HEIC").write_bytes(b"\0\0\0\x18ftypheic")
    dataset = photographs.load_folder(folder, image_size=16)
    assert dataset.class_names == ("cat", "dog")
    assert "Left out the class 'bird': it has no" in capsys.readouterr().out


def test_threads_keep_the_order(tmp_path):
    (tmp_path / "a").mkdir()
    for number in range(30):  # the first are the slowest
        size = (900, 900) if number < 4 else (32, 32)
        saved(tmp_path / "a", f"{number:02}.png", Image.new("RGB", size, (number * 8, 0, 0)))
    dataset = photographs.load_folder(tmp_path, image_size=8)
    assert dataset.images[:, 0, 0, 0].tolist() == [8 * number for number in range(30)]


# ---------------------------------------------------------------- audit


@pytest.fixture
def spoiled(tmp_path):
    """12 apples, 11 pears, 3 others; of these 2 apples twice, 1 apple among the pears."""
    root = tmp_path / "spoiled"
    for first, (name, count) in enumerate({"apple": 12, "pear": 11, "other": 3}.items()):
        (root / name).mkdir(parents=True)
        for number in range(count):
            content = photograph(100 * first + number, size=(64, 64))
            (root / name / f"{number:02}.jpg").write_bytes(content)
    (root / "apple" / "again.jpg").write_bytes((root / "apple" / "00.jpg").read_bytes())
    (root / "pear" / "apple.jpg").write_bytes((root / "apple" / "05.jpg").read_bytes())
    (root / "pear" / "notes.jpg").write_text("no picture")
    (root / "loose.jpg").write_bytes(photograph(7))
    (root / "apple" / "deeper").mkdir()
    (root / "apple" / "deeper" / "1.jpg").write_bytes(photograph(8))
    return root


def test_an_audit_finds_what_was_planted(spoiled, capsys):
    audit = photographs.audit(spoiled, image_size=32)
    assert audit.counts == {"apple": (13, 13, 12), "other": (3, 3, 0), "pear": (13, 12, 11)}
    assert list(audit.refused) == ["pear/notes.jpg"]
    assert audit.unsorted == ["apple/deeper/1.jpg", "loose.jpg"]
    assert (audit.files[0], len(audit.files), audit.notes) == ("apple/00.jpg", 28, {})
    assert {audit.files[k] for k in audit.across[0]} == {"apple/05.jpg", "pear/apple.jpg"}
    assert audit.too_few == ("other",)
    assert [audit.found.names[k] for k in audit.inside[0]] == ["apple", "apple"]
    assert {audit.found.names[k] for k in audit.across[0]} == {"apple", "pear"}
    assert (len(audit.inside), len(audit.across)) == (1, 1)
    assert audit.kept.class_names == ("apple", "pear")
    assert np.bincount(audit.kept.labels).tolist() == [12, 11]
    assert audit.always_largest == 12 / 23
    kept = {image.tobytes() for image in audit.kept.images}
    assert all(audit.found.images[k].tobytes() not in kept for k in audit.across[0])
    assert capsys.readouterr().out == ""


def test_an_audit_reads_as_a_report_and_as_a_table(spoiled):
    (spoiled / "other").rename(spoiled / "<b>")
    audit = photographs.audit(spoiled, image_size=32)
    for text in (str(audit), audit._repr_html_()):
        assert "pear/notes.jpg" in text
        assert "Largest class: apple, 52 %" in text
    assert "pear 13 12 11" in " ".join(str(audit).split())
    page = audit._repr_html_()
    assert " pear 13 12 11 " in " ".join(re.sub("<[^>]+>", " ", page).split())
    assert ">&lt;b&gt;</td>" in page


def test_a_clean_folder_is_kept_whole(tmp_path):
    for first, name in enumerate(["cat", "dog"]):
        (tmp_path / name).mkdir()
        for number in range(3):
            content = photograph(10 * first + number, size=(64, 64))
            (tmp_path / name / f"{number}.jpg").write_bytes(content)
    audit = photographs.audit(tmp_path, image_size=32, enough=3)
    assert (audit.refused, audit.unsorted, audit.too_few) == ({}, [], ())
    np.testing.assert_array_equal(audit.kept.images, audit.found.images)
    np.testing.assert_array_equal(audit.kept.labels, [0, 0, 0, 1, 1, 1])


def test_a_folder_without_any_photograph_gets_an_audit_too(tmp_path):
    (tmp_path / "cat").mkdir()
    (tmp_path / "cat" / "a.heic").write_bytes(b"x")
    audit = photographs.audit(tmp_path, image_size=32)
    assert (audit.counts, audit.too_few) == ({"cat": (1, 0, 0)}, ("cat",))
    assert (len(audit.kept), audit.always_largest) == (0, 0)
    assert "cat/a.heic" in str(audit)
