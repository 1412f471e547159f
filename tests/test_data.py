"""Which pixels, which labels, which split?"""

import csv
import functools
import hashlib
import http.server
import io
import threading
import zipfile

import numpy as np
import pytest
import tiny
from PIL import Image

from tl_course import data, photographs, records


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
    pixels = photographs.read_photograph(tmp_path / "photo.png", image_size=20)
    assert pixels[:8].mean() > 250
    assert pixels[-8:].mean() < 5


def test_the_central_square_is_kept_and_not_squashed(tmp_path):
    wide = np.zeros((20, 60, 3), dtype="uint8")
    wide[:, 20:40] = 200
    Image.fromarray(wide).save(tmp_path / "wide.png")
    assert photographs.read_photograph(tmp_path / "wide.png", image_size=20).min() == 200


@pytest.mark.parametrize("channel", range(3), ids=["red", "green", "blue"])
def test_a_colour_is_read_into_its_own_channel(tmp_path, channel):
    colour = np.eye(3, dtype=int)[channel] * 200
    Image.new("RGB", (32, 32), tuple(colour.tolist())).save(tmp_path / "one.png")
    read = photographs.read_photograph(tmp_path / "one.png", image_size=16)
    np.testing.assert_array_equal(read, np.broadcast_to(colour, (16, 16, 3)))


def test_a_box_is_cut_out_as_the_square_around_it(tmp_path):
    picture = np.zeros((40, 60, 3), dtype="uint8")
    picture[10:20, 30:50] = 200  # 20 wide, 10 high
    Image.fromarray(picture).save(tmp_path / "box.png")
    pixels = photographs.read_photograph(tmp_path / "box.png", image_size=20, box=(30, 10, 50, 20))
    assert np.array_equal(pixels[..., 0], picture[5:25, 30:50, 0])
    at_edge = photographs.read_photograph(tmp_path / "box.png", image_size=20, box=(50, 30, 60, 40))
    assert at_edge.shape == (20, 20, 3)


def test_transparent_palette_and_grey_pictures_become_rgb(tmp_path):
    for mode in ("RGBA", "P", "L", "LA", "1"):
        Image.new(mode, (20, 20)).save(tmp_path / f"{mode}.png")
        photo = photographs.read_photograph(tmp_path / f"{mode}.png", image_size=8)
        assert photo.shape == (8, 8, 3)


def test_the_bundled_photographs_are_four():
    bundled = photographs.bundled_photographs(image_size=32)
    assert sorted(bundled) == ["astronaut", "chelsea", "coffee", "rocket"]
    assert all(pixels.shape == (32, 32, 3) for pixels in bundled.values())


def test_imagenet_has_a_thousand_classes_and_lasagna_is_none_of_them():
    names = records.imagenet_classes()
    assert len(names) == 1000
    assert names[285] == "Egyptian cat"
    assert "bell pepper" in names
    assert not [name for name in names if "lasagn" in name.lower()]


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
    assert placed == ["0.jpg"], "files before it are kept, nothing half-written"


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


# ---------------------------------------------------------------- splitting


def noise(num_per_class, num_classes=2, size=32, seed=0):
    random = np.random.default_rng(seed)
    labels = np.repeat(np.arange(num_classes), num_per_class)
    coarse = random.integers(0, 256, (len(labels), size // 4, size // 4, 3)).astype("uint8")
    images = coarse.repeat(4, axis=1).repeat(4, axis=2)
    return data.ImageSet(images, labels, tuple("abc"[:num_classes]))


def _rows(dataset):
    return {image.tobytes() for image in dataset.images}


def test_parts_are_disjoint_complete_and_stratified():
    dataset = noise(50)
    parts = data.split(dataset, (0.6, 0.2, 0.2), seed=0)
    assert [len(part) for part in parts] == [60, 20, 20]
    assert all(np.bincount(part.labels).tolist() == [len(part) // 2] * 2 for part in parts)
    assert len(set.union(*map(_rows, parts))) == 100


def test_a_split_repeats_with_its_seed():
    dataset = noise(20)
    first, again, other = (data.split(dataset, seed=seed)[0] for seed in (0, 0, 1))
    assert np.array_equal(first.images, again.images)
    assert not np.array_equal(first.images, other.images)


def test_near_duplicates_stay_on_one_side():
    dataset = noise(30)
    darker = (dataset.images * 0.9).astype("uint8")
    images = np.concatenate([dataset.images, darker])
    doubled = data.ImageSet(images, np.tile(dataset.labels, 2), dataset.class_names)
    train_set, val_set, test_set = data.split(doubled, seed=0)
    assert data.near_duplicates(train_set.images, test_set.images) == []
    assert data.near_duplicates(train_set.images, val_set.images) == []
    assert data.near_duplicates(train_set.images), "the pairs are still there"


def test_control_a_random_split_tears_near_duplicates_apart():
    dataset = noise(30)
    images = np.concatenate([dataset.images, (dataset.images * 0.9).astype("uint8")])
    order = np.random.default_rng(0).permutation(len(images))
    assert data.near_duplicates(images[order[:72]], images[order[72:]])


def test_fractions_that_do_not_sum_to_one_are_refused():
    with pytest.raises(ValueError, match="fractions are .*sum to 1"):
        data.split(noise(5), (0.5, 0.2), seed=0)


def test_few_shot_sets_are_balanced_and_nested():
    dataset = noise(20, num_classes=3)
    five, ten = (data.few_shot(dataset, shots, seed=0) for shots in (5, 10))
    assert np.bincount(five.labels).tolist() == [5, 5, 5]
    assert np.bincount(ten.labels).tolist() == [10, 10, 10]
    assert _rows(five) < _rows(ten)
    assert _rows(data.few_shot(dataset, 5, seed=1)) != _rows(five)


def test_control_independent_draws_are_not_nested():
    dataset = noise(20, num_classes=3)
    assert not _rows(data.few_shot(dataset, 5, seed=1)) < _rows(data.few_shot(dataset, 10, seed=0))


def test_more_shots_than_images_are_refused():
    with pytest.raises(ValueError, match="shots is 21: choose from 1 to 20"):
        data.few_shot(noise(20), 21, seed=0)


def test_an_image_set_takes_indices_and_masks():
    dataset = tiny.images()
    assert len(dataset.take([0, 1, 2])) == 3
    assert set(dataset.take(dataset.labels == 1).labels) == {1}


def test_manifests_are_valid_csv():
    for name in records.DATASETS:
        with open(records.data_folder() / f"{name}.csv", newline="", encoding="utf-8") as file:
            widths = {len(row) for row in csv.reader(file)}
        assert len(widths) == 1


def test_names_are_the_labels_in_words():
    dataset = data.ImageSet(np.zeros((3, 2, 2, 3), "uint8"), np.array([1, 0, 1]), ("no", "yes"))
    assert dataset.names == ["yes", "no", "yes"]
    assert dataset.take([1, 2]).names == ["no", "yes"]
