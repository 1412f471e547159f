"""The playground in a real browser: the minute with drawings, and what it must not do."""

import argparse
import functools
import http.server
import json
import re
import threading
import time

import numpy as np
import pytest
from PIL import Image
from sklearn.linear_model import LogisticRegression

from tests.lessons import ROOT
from tl_course import backbones, data, evaluation, look_alikes, photographs, transfer
from tl_course.commands import _photos_export, _photos_guard
from tl_course.engine import computer, pictures, takeaway
from tools import build_playground

SEEN = ROOT / "build" / "e2e"  # screenshots, to be looked at
SIZE = build_playground.SIZE
SIZES = {"wide": (1280, 900), "narrow": (390, 844)}


@pytest.fixture(scope="session")
def playground():
    """The address of the playground, as it is typed now, its network as last built."""
    folder = ROOT / "build" / "playground"
    try:
        if not (folder / "course.json").exists():
            build_playground.build(folder)
    except ValueError as reason:  # no npm, or no network for it
        pytest.skip(str(reason))
    build_playground.write_page(folder)
    SEEN.mkdir(parents=True, exist_ok=True)
    handler = functools.partial(Quiet, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="session")
def backbone():
    return backbones.load_backbone("efficientnet_lite0", image_size=SIZE)


@pytest.fixture
def visit(browser, playground):
    """A function that opens the page; at the end, nothing may have left this machine."""
    asked, said, contexts = [], [], []

    def open_page(size="wide", **options):
        width, height = SIZES[size]
        viewport = {"width": width, "height": height}
        contexts.append(browser.new_context(viewport=viewport, **options))
        page = contexts[-1].new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("console", lambda line: line.type == "error" and said.append(line.text))
        page.goto(playground)
        wait_for_status(page, "Ready")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert elsewhere(asked, playground) == [] and said == []


def elsewhere(urls, home):
    return [url for url in urls if not url.startswith((home, "data:", "blob:"))]


def wait_for_status(page, text):
    page.locator("#status", has_text=text).wait_for(timeout=300_000)


def try_drawings(page):
    """Load the drawings and train, by keyboard alone; {step: seconds since the first key}."""
    seconds, start = {}, time.perf_counter()
    page.locator("#drawings").focus()
    page.keyboard.press("Enter")
    wait_for_status(page, "Now train the head")
    seconds["features"] = time.perf_counter() - start
    page.keyboard.press("Enter")  # the focus has moved on to the next step
    page.wait_for_selector("#result:not([hidden])", timeout=60_000)
    seconds["accuracy"] = time.perf_counter() - start
    wait_for_status(page, "Trained on")
    return seconds | {"learning curve": time.perf_counter() - start}


def look(page, name):
    page.screenshot(path=SEEN / f"playground_{name}.png", full_page=True)


def downloaded(page, path):
    with page.expect_download() as download:
        page.locator("#download").click()
    download.value.save_as(path)
    return data.load_features(path)


def cosines(a, b):
    return (a * b).sum(axis=1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)


def features_by_name(path):
    """{file name: features} of the table that the page let us download."""
    lines = path.read_text(encoding="utf-8").splitlines()[1:]
    rows = [line.split(",") for line in lines]
    return {row[0].strip('"'): np.array(row[3:], dtype="float32") for row in rows}


@pytest.mark.parametrize("size", SIZES)
def test_the_minute_with_drawings(visit, size, tmp_path, backbone):
    page = visit(size)
    look(page, f"{size}_1_begin")
    seconds = try_drawings(page)
    look(page, f"{size}_2_trained")
    page.locator("#new-drawing").click()
    wait_for_status(page, "A head must name")
    look(page, f"{size}_3_new")
    assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size][0]
    train_set, test_set = downloaded(page, tmp_path / "my_features.csv")
    head = LogisticRegression(max_iter=1000).fit(train_set.images, train_set.labels)
    expected = evaluation.accuracy_interval(head.predict(test_set.images) == test_set.labels)
    assert page.locator("#accuracy").text_content() == f"{100 * expected.value:.0f} %"
    words = page.locator("#interval").text_content()
    assert f"{100 * expected.low:.0f} % to {100 * expected.high:.0f} %, n = {expected.n}" in words
    wrong = round(expected.n * (1 - expected.value))
    assert page.locator("#wrong figure").count() == wrong
    alt = page.locator("#curve svg").get_attribute("aria-label")
    points = re.findall(r"(\d+): (\d+) %", alt)
    assert points[0][0] == "1" and int(points[-1][1]) > int(points[0][1])
    course = json.loads((ROOT / "build" / "playground" / "course.json").read_text())
    pictures_now = sum(map(len, course["drawings"].values()))
    assert len(train_set) + len(test_set) == pictures_now
    milliseconds = 1000 * seconds["features"] / pictures_now
    told = {"seconds": seconds, "milliseconds a picture": milliseconds, "accuracy": expected.value}
    (SEEN / f"playground_{size}.json").write_text(json.dumps(told, indent=1))


def test_a_request_elsewhere_would_be_seen():
    urls = ["http://127.0.0.1:1/a.js", "https://example.org/upload", "blob:http://127.0.0.1:1/x"]
    assert elsewhere(urls, "http://127.0.0.1:1/") == ["https://example.org/upload"]


def test_the_browser_itself_refuses_to_send_anything_elsewhere(browser, playground):
    context = browser.new_context()
    page = context.new_page()
    page.goto(playground)
    other = playground.replace("127.0.0.1", "localhost")  # answers, but is another host
    ask = "url => fetch(url, {method: 'POST', body: 'x', mode: 'no-cors'}).then(() => 1, () => 0)"
    assert page.evaluate(ask, other) == 0
    assert page.evaluate(ask, playground) == 1  # control: the page's own host may be asked
    context.close()


@pytest.fixture(scope="session")
def photos(tmp_path_factory):
    """20 photographs as files: of the course where they are here, else scikit-image's, resaved."""
    folder = tmp_path_factory.mktemp("photos")
    mirror = computer.folder_setting("MIRROR")
    found = sorted(mirror.glob("groceries/**/*.jpg"))[::40][:17] if mirror else []
    bundled = photographs.bundled_photographs(image_size=400).values()
    images = [Image.open(path) for path in found] or [
        Image.fromarray(image).resize((side, 300)) for image in bundled for side in (700, 301, 90)
    ]
    for k, image in enumerate(images):
        image.save(folder / f"photo_{k:02}.jpg", quality=90)
    for turn in (3, 6, 8):  # as a camera writes one that was held otherwise
        exif = Image.Exif()
        exif[pictures.ORIENTATION] = turn
        images[turn].save(folder / f"turned_{turn}.jpg", quality=90, exif=exif)
    return sorted(folder.iterdir())


def test_features_of_photographs_are_pythons(visit, photos, backbone, tmp_path):
    page = visit()
    half = len(photos) // 2
    first, second = page.locator("input[multiple]").all()
    first.set_input_files(photos[:half])
    wait_for_status(page, "added to first class")
    second.set_input_files(photos[half:])
    wait_for_status(page, "added to second class")
    downloaded(page, tmp_path / "features.csv")
    found = features_by_name(tmp_path / "features.csv")
    assert sorted(found) == [path.name for path in photos]
    found = np.stack([found[path.name] for path in photos])
    images = np.stack([pictures.read_photograph(path, image_size=SIZE) for path in photos])

    def alike(shown):
        return float(cosines(found, backbone.predict(shown, verbose=0)).min())

    told = {"same": alike(images), "BGR": alike(images[..., ::-1]), "scaled": alike(images / 255)}
    raw = [Image.open(path).convert("RGB") for path in photos]
    unturned = [pictures.cut(one, pictures.square_in(one.size), SIZE) for one in raw]
    told["not turned"] = alike(np.stack(unturned))
    (SEEN / "playground_features.json").write_text(json.dumps(told, indent=1))
    assert told["same"] > 0.995
    assert max(told["BGR"], told["scaled"], told["not turned"]) < 0.98  # controls


FEATURES = """async ([lists, size]) => {
  const pictures = await import("./pictures.js"), ort = await import("./ort.wasm.bundle.min.mjs");
  const load = async (name) =>
    pictures.unpacked(new Uint8Array(await (await fetch(name)).arrayBuffer()));
  const files = [await load("runtime.bin"), await load("backbone.bin")];
  const session = await pictures.openNetwork(ort, ...files);
  const ask = async (list) =>
    [...(await pictures.ask(ort, session, Float32Array.from(list), size)).features];
  const found = [];
  for (const list of lists) found.push(await ask(list));
  const started = performance.now();
  for (let k = 0; k < 20; k++) await ask(lists[0]);
  return [found, (performance.now() - started) / 20];
}"""
SHRINK = """async ([list, side, size]) =>
  [...(await import("./pictures.js")).shrink(list, side, size)]"""
HIDE = """() => { const style = document.querySelector("#train").style;
  [style.color, style.background] = ["#888888", "#999999"]; }"""


def test_the_same_pixels_give_the_same_features(visit, backbone):
    page = visit()
    images = np.random.default_rng(0).integers(0, 256, (3, SIZE, SIZE, 3), dtype="uint8")
    lists = [image.ravel().tolist() for image in images]
    found, milliseconds = page.evaluate(FEATURES, [lists, SIZE])
    expected = backbone.predict(images, verbose=0)
    told = {"least cosine": float(cosines(np.array(found), expected).min()),
            "largest difference": float(np.abs(found - expected).max()),
            "milliseconds of the network a picture": milliseconds}  # fmt: skip
    (SEEN / "playground_network.json").write_text(json.dumps(told, indent=1))
    assert told["least cosine"] > build_playground.LIMIT_16
    upside_down = backbone.predict(images[:, ::-1], verbose=0)
    assert cosines(np.array(found), upside_down).min() < build_playground.LIMIT_16  # control


def test_shrinking_is_pillows(visit):
    page = visit()
    for side in (500, 161, 90):
        image = np.random.default_rng(side).integers(0, 256, (side, side, 4), dtype="uint8")
        found = page.evaluate(SHRINK, [image.ravel().tolist(), side, SIZE])
        square = (0, 0, side)
        expected = pictures.cut(Image.fromarray(image[..., :3]), square, SIZE).astype(int)
        off = np.abs(np.reshape(found, expected.shape) - expected)
        assert off.max() <= 1 and off.mean() < 0.02


def test_classes_and_pictures_come_and_go_and_the_page_says_what_is_in_the_way(visit, photos):
    page = visit()
    train, warnings = page.locator("#train"), page.locator("#warnings")
    assert train.is_disabled() and "at least two pictures" in warnings.text_content()
    first, second = page.locator("input[multiple]").all()
    first.set_input_files(photos[:4])
    wait_for_status(page, "4 pictures added")
    second.set_input_files([*photos[4:9], photos[0], __file__])
    wait_for_status(page, "5 pictures added")
    said = page.locator("#status").text_content()
    assert f"{photos[0].name} is there already" in said and "test_playground.py cannot be" in said
    assert "fewer than 5" in warnings.text_content() and train.is_enabled()
    train.click()
    wait_for_status(page, "Trained on")
    page.get_by_label(f"Remove {photos[5].name}").click()
    assert page.locator("#result").is_hidden()  # it is no longer true
    focused = "document.activeElement.getAttribute('aria-label')"
    assert page.evaluate(focused) == f"Remove {photos[6].name}"
    names = page.get_by_label("Name of the class")
    names.nth(1).fill(names.nth(0).input_value())
    assert "the same name" in warnings.text_content() and train.is_disabled()
    names.nth(1).fill("Äpfel, rot")
    assert train.is_enabled()
    for _ in range(4):
        page.locator("#add-class").click()
    assert page.locator("#add-class").is_disabled() and page.locator("fieldset").count() == 6
    page.get_by_role("button", name="Remove class").last.click()
    assert page.locator("fieldset").count() == 5
    for _ in range(2):  # the second time they are there already
        page.locator("#drawings").click()
        wait_for_status(page, "Now train the head")
        values = [name.input_value() for name in page.get_by_label("Name of the class").all()]
        assert values[:2] == ["first class", "Äpfel, rot"] and len(values) == 4


def test_the_camera_gives_pictures_and_live_answers(visit):
    page = visit(permissions=["camera"])
    page.locator("#camera").click()
    shoot = page.get_by_role("button", name="Take a picture")
    shoot.first.wait_for()
    while not page.evaluate("document.querySelector('video').videoWidth"):
        page.wait_for_timeout(100)
    for number in (1, 2):
        for k in (0, 1):
            shoot.nth(k).click()
            wait_for_status(page, f"Picture {number} added")
            page.wait_for_timeout(1200)  # the test picture moves on
    page.locator("#train").click()
    wait_for_status(page, "Trained on")
    page.locator("#live").click()
    page.wait_for_selector("#answer table", timeout=20_000)
    look(page, "camera")
    page.locator("#live").click()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_bars_the_way(visit, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = visit("narrow", color_scheme=scheme)
    try_drawings(page)
    page.locator("#new-drawing").click()
    wait_for_status(page, "A head must name")
    look(page, f"narrow_{scheme}")
    found = axe.run(page).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []
    page.evaluate(HIDE)
    assert [one["id"] for one in axe.run(page).response["violations"]] == ["color-contrast"]


# ---------------------------------------------------------------- `photos --export web`


@pytest.fixture(scope="session")
def taught(backbone, photos):
    """A classifier of three classes, with what it knows, as `photos` hands it over."""
    names = ("endocarditis", "lasagna & <b>more</b>", "photograph")
    drawn = look_alikes.draw(12, image_size=SIZE, seed=80)
    images = np.stack([pictures.read_photograph(path, image_size=SIZE) for path in photos[:12]])
    images = np.concatenate([drawn.images, images])
    labels = np.concatenate([drawn.labels, np.full(12, 2)])
    model = transfer.add_head(backbone, 3, seed=0)
    features = transfer.extract_features(backbone, images)
    probe = LogisticRegression(max_iter=1000).fit(features, labels)
    model.get_layer("head").set_weights([probe.coef_.T, probe.intercept_])
    guard = _photos_guard.Guard(0.6, 0.35, features.astype("float16"))
    return model, data.ImageSet(images, labels, names), guard


def test_the_exported_page_answers_as_keras_from_a_file(browser, taught, photos, tmp_path):
    model, known, guard = taught
    job = argparse.Namespace(out=tmp_path, image_size=SIZE, name="Lasagna & <friends>")
    asked, expected = known.images[:4], model.predict(known.images[:4], verbose=0)
    try:
        found = _photos_export._web(guard, model, job, known, asked, expected)
    except ValueError as reason:  # no npm, or no network for it
        pytest.skip(str(reason))
    assert found["classifier.html"]["agrees"] is True
    noise = np.random.default_rng(0).integers(0, 256, (300, 400, 3), dtype="uint8")
    Image.fromarray(noise).save(tmp_path / "noise.png")
    drawn = look_alikes.draw(4, image_size=SIZE, seed=81).images
    for k, image in enumerate(drawn):
        Image.fromarray(image).save(tmp_path / f"drawing_{k}.png")
    files = [*photos, *sorted(tmp_path.glob("*.png"))]
    assert len(files) >= 20
    answers, tops = ask_page(browser, tmp_path / "classifier.html", files)
    images = np.stack([pictures.read_photograph(path, image_size=SIZE) for path in files])
    features, said = takeaway.with_features(model).predict(images, verbose=0)
    names = known.class_names
    assert tops == [names[k] for k in said.argmax(axis=1)] and len(set(tops)) == 3
    knows = guard.knows(said, _photos_guard.distances(features, guard.known))
    assert answers == _photos_guard.answers(names, said, knows)
    assert "don't know" in answers and set(answers) & set(names)
    reversed_ = model.predict(images[..., ::-1], verbose=0)  # control: BGR
    assert tops != [names[k] for k in reversed_.argmax(axis=1)]


def ask_page(browser, path, files):
    """([answer], [top class]) of a classifier's page, opened as a file, about these pictures."""
    context, asked, said = browser.new_context(), [], []
    page = context.new_page()
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("console", lambda line: line.type == "error" and said.append(line.text))
    page.goto(path.as_uri())
    wait_for_status(page, "Ready")
    page.locator("input").set_input_files(files)
    wait_for_status(page, files[-1].name)
    page.screenshot(path=SEEN / "classifier.png")
    answers, tops = ([*map(str.strip, page.locator(f"article {what}").all_text_contents())][::-1]
                     for what in ("h2", "tr:first-child th"))  # fmt: skip
    context.close()
    assert elsewhere(asked, path.as_uri()) == [] and said == []
    return answers, tops
