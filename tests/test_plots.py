"""Every figure is HTML with alt text and caption, opaque, small, readable; its numbers agree."""

import base64
import html
import inspect
import io
import re
import warnings
import xml.etree.ElementTree
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.colors import to_hex
from matplotlib.text import Text
from PIL import Image

from tl_course import evaluation, experiments, plots
from tl_course.engine import figures

WORDS = {"alt": "A rising curve.", "caption": "More labels help."}
rng = np.random.default_rng(0)
# neighbouring pixels agree, as in a photograph: pure noise would be larger than any picture
BLOCKS = rng.integers(0, 256, (15, 14, 14, 3)).astype("uint8")
PICTURES = np.stack([Image.fromarray(block).resize((224, 224), Image.BICUBIC) for block in BLOCKS])
MAPS = rng.random((15, 224, 224)).astype("float32")


def comparison(curves):
    """A Comparison on 20 test pictures: {way: {shots: accuracies, one a seed}}."""
    answers = [
        [[np.arange(20) < 20 * a for a in row] for row in c.values()] for c in curves.values()
    ]
    right, shots = np.array(answers), tuple(next(iter(curves.values())))
    names = tuple(curves), shots, tuple(range(right.shape[2]))
    return experiments.Comparison(
        *names, right, right.mean(axis=3), num_classes=8, source="made up"
    )


CURVES = comparison({
    "from scratch": {1: [0.2, 0.3, 0.25], 5: [0.3, 0.4, 0.35], 20: [0.5, 0.55, 0.6]},
    "head": {1: [0.4, 0.5, 0.45], 5: [0.6, 0.7, 0.65], 20: [0.8, 0.85, 0.9]},
})  # fmt: skip
NAMES = ("apple", "nectarine", "onion", "peach", "pear", "pepper", "potato", "tomato")


def estimate(value, low, high):
    return SimpleNamespace(value=value, low=low, high=high)


ROWS = {"from scratch": estimate(0.5, 0.44, 0.56), "head": estimate(0.8, 0.76, 0.85)}
BINS = {
    "confidence": np.array([np.nan, 0.3, 0.6, 0.9]),
    "accuracy": np.array([np.nan, 0.25, 0.5, 0.7]),
    "low": np.array([np.nan, 0.1, 0.4, 0.6]),
    "high": np.array([np.nan, 0.5, 0.6, 0.8]),
    "count": np.array([0, 10, 50, 90]),
}
GAINS = {
    "fine-tuned from block_11": evaluation.Difference(0.125, 0.105, 0.145, 5, 6.7e-05),
    "fine-tuned from block_3": evaluation.Difference(-0.02, -0.05, 0.01, 5, 0.2),
}
FLOW = {"pixels": "", "16 blocks,\npooling": "backbone", "features": "backbone", "dense": "head"}
FIGURES = {
    "photographs": lambda: plots.photographs(PICTURES, NAMES[:5] * 3, columns=4, **WORDS),
    "photographs, judged": lambda: plots.photographs(
        PICTURES[:4], NAMES[:4], right=[True, False, None, True], **WORDS
    ),
    "answers": lambda: plots.answers(
        [["tabby", "espresso maker"]], ["gently"], ["cat", "coffee"], right=[[True, False]], **WORDS
    ),
    "differences": lambda: plots.differences(GAINS, **WORDS),
    "differences, groups": lambda: plots.differences({"near": GAINS, "far": GAINS}, **WORDS),
    "accuracy_against_labels, panels": lambda: plots.accuracy_against_labels(
        {"160 px": CURVES, "64 px": [CURVES]}, chance=0.1, **WORDS
    ),
    "photographs, nine": lambda: plots.photographs(PICTURES[:9], columns=3, **WORDS),
    "photographs, one": lambda: plots.photographs(PICTURES[:1], ["a\ncat"], columns=1, **WORDS),
    "heat_maps": lambda: plots.heat_maps(PICTURES[:4], MAPS[:4], NAMES[:4], **WORDS),
    "heat_maps, one": lambda: plots.heat_maps(PICTURES[:1], MAPS[:1], **WORDS),
    "feature_maps": lambda: plots.feature_maps({"block_1": rng.random((7, 7, 8))}, **WORDS),
    "accuracy_against_labels": lambda: plots.accuracy_against_labels(CURVES, chance=0.1, **WORDS),
    "estimates": lambda: plots.estimates(ROWS, reference=0.125, **WORDS),
    "bars": lambda: plots.bars({"a": 4_652_008, "b": 23_564_800}, label="parameters", **WORDS),
    "bars, intervals": lambda: plots.bars(ROWS, label="accuracy (%)", per_cent=True, **WORDS),
    "confusion": lambda: plots.confusion(np.eye(8, dtype=int) * 30, NAMES, **WORDS),
    "reliability": lambda: plots.reliability(BINS, BINS, **WORDS),
    "scatter": lambda: plots.scatter(
        rng.normal(size=(80, 2)), np.arange(80) % 8, NAMES, xlabel="x", ylabel="y", **WORDS
    ),
    "lines": lambda: plots.lines(
        [1e-5, 1e-3], {"a": list(ROWS.values())}, xlabel="learning rate", ylabel="accuracy (%)",
        log_x=True, per_cent=True, mark={"the course": 1e-5}, **WORDS,
    ),
    "grid": lambda: plots.grid(
        {"block_11": GAINS, "block_3": GAINS}, xlabel="rate", ylabel="free from", **WORDS
    ),
    "flow": lambda: plots.flow(FLOW, **WORDS),
}  # fmt: skip
MAKERS = [
    function
    for name, function in inspect.getmembers(plots, inspect.isfunction)
    if function.__module__ == plots.__name__ and name[0] != "_"
    if name not in ("table", "collected", "dial")  # a dial: test_dial_values.py
]


@pytest.fixture
def shown(monkeypatch):
    """The bundles and their metadata that display received, and the figures that were drawn."""
    bundles, figures, received = [], [], []

    def display(bundle, *, raw, metadata):
        assert raw
        bundles.append(bundle)
        received.append(metadata)

    monkeypatch.setattr(plots, "display", display)
    make = plots._panels

    def remember(*arguments, **options):
        figure, axes = make(*arguments, **options)
        figures.append(figure)
        return figure, axes

    monkeypatch.setattr(plots, "_panels", remember)
    return SimpleNamespace(bundles=bundles, figures=figures, metadata=received)


def picture_of(bundle):
    encoded = re.search(r'src="data:image/(?:svg\+xml|jpeg);base64,([^"]+)"', bundle["text/html"])[
        1
    ]
    return base64.b64decode(encoded)


# ---- what every figure must be


@pytest.mark.parametrize("name", FIGURES)
def test_the_name_stays_out_of_sight(shown, name, monkeypatch):
    monkeypatch.setitem(WORDS, "figure_name", "a_name_for_programs")
    FIGURES[name]()
    assert shown.metadata == [{"figure": "a_name_for_programs"}]
    assert "a_name_for_programs" not in str(shown.bundles)


def test_a_figure_without_a_name_has_none(shown):
    FIGURES["estimates"]()
    assert shown.metadata == [None]


def test_every_public_function_is_tried_here():
    assert {function.__name__ for function in MAKERS} - {"show"} == {
        name.split(",")[0] for name in FIGURES
    }


@pytest.mark.parametrize("name", FIGURES)
def test_figure_is_html_with_alt_and_caption_opaque_and_small(shown, name):
    assert FIGURES[name]() is None
    assert len(shown.bundles) == 1
    bundle = shown.bundles[0]
    assert set(bundle) == {"text/html", "text/plain"}
    assert bundle["text/plain"] == "Figure: More labels help."
    form = r'<figure><img alt="([^"]+)" style="[^"]+" src="[^"]+"><figcaption>([^<]+)</figcaption>'
    assert re.match(form, bundle["text/html"]).groups() == tuple(WORDS.values())
    picture = picture_of(bundle)
    assert len(picture) < 150_000
    width, is_opaque = (seen_jpeg if picture[:2] == b"\xff\xd8" else seen_svg)(picture)
    assert width <= 750 and is_opaque
    text_is_readable(shown.figures[0])


def seen_jpeg(picture):
    """(width in pixels, is its upper edge light?); a JPEG has no transparency."""
    image = Image.open(io.BytesIO(picture))
    return image.width, min(image.convert("L").getpixel((x, 0)) for x in (0, image.width - 1)) > 240


def seen_svg(picture):
    """(width in pixels, is its first shape a white sheet as large as the picture?)."""
    root = xml.etree.ElementTree.fromstring(picture)
    sheet = next(root.iter("{http://www.w3.org/2000/svg}path")).attrib
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    corners = {tuple(map(float, p)) for p in re.findall(r"[ML] ([\d.]+) ([\d.]+)", sheet["d"])}
    whole = {(0, 0), (width, 0), (width, height), (0, height)}
    return width * 96 / 72, "#ffffff" in sheet["style"] and corners == whole


def text_is_readable(figure):
    """At least 9 points on the page, and nothing cut off."""
    assert figure.dpi == 96  # a web page's own inch: points in the figure are points on the page
    assert min(text.get_fontsize() for text in figure.findobj(pyplot.Text)) >= 9
    assert is_inside(figure)


def is_inside(figure):
    box, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
    margin = 0.01  # inches
    across = -margin <= box.x0 and box.x1 <= width + margin
    return across and -margin <= box.y0 and box.y1 <= height + margin


def test_control_a_cut_label_would_be_seen(shown):
    FIGURES["estimates"]()
    figure = shown.figures[0]
    figure.set_layout_engine("none")
    figure.axes[0].set_position([0.05, 0.3, 0.9, 0.6])  # what a fixed margin does to long names
    assert not is_inside(figure)


@pytest.mark.parametrize("function", MAKERS, ids=lambda function: function.__name__)
def test_alt_and_caption_must_be_given_by_name(function):
    parameters = inspect.signature(function).parameters
    for name in ("alt", "caption"):
        assert parameters[name].kind is inspect.Parameter.KEYWORD_ONLY
        assert parameters[name].default is inspect.Parameter.empty


@pytest.mark.parametrize("missing", ["alt", "caption"])
def test_an_empty_text_is_refused(shown, missing):
    with pytest.raises(ValueError, match=f"Got {missing}='  ': say in a sentence"):
        plots.bars({"a": 1}, label="count", **(WORDS | {missing: "  "}))
    assert shown.bundles == []


def test_texts_are_escaped(shown):
    words = {"alt": 'a "quoted" <b> & more', "caption": "1 < 2 & <script>alert(1)</script>"}
    plots.bars({"a": 1}, label="count", **words)
    page = shown.bundles[0]["text/html"]
    assert "<script>" not in page
    assert "<b>" not in page
    alt, caption = re.search(r'alt="([^"]*)".*<figcaption>(.*)</figcaption>', page).groups()
    assert (html.unescape(alt), html.unescape(caption)) == tuple(words.values())
    assert shown.bundles[0]["text/plain"] == f"Figure: {words['caption']}"


def test_a_program_can_collect_figures_in_place_of_a_notebook(shown):
    with plots.collected() as taken:
        plots.bars({"a": 1}, label="things", **WORDS)
    ((figure, alt, caption, image_format),) = taken
    assert (alt, caption, image_format) == (WORDS["alt"], WORDS["caption"], "svg")
    assert figure is shown.figures[0] and shown.bundles == []
    with pytest.raises(ZeroDivisionError), plots.collected():
        1 / 0  # noqa: B018
    plots.bars({"a": 1}, label="things", **WORDS)
    assert len(shown.bundles) == 1 and len(taken) == 1


def test_show_closes_a_pyplot_figure_and_paints_it_white(shown):
    figure, panel = pyplot.subplots(facecolor="none")
    panel.plot([1, 2])
    plots.show(figure, **WORDS)
    assert not pyplot.fignum_exists(figure.number)
    assert seen_svg(picture_of(shown.bundles[0]))[1]
    buffer = io.BytesIO()  # control: what a plain savefig of that figure would give
    figure.savefig(buffer, format="svg")
    assert not seen_svg(buffer.getvalue())[1]


def test_nothing_stays_open_and_the_same_figure_has_the_same_bytes(shown):
    for _ in range(2):
        plots.confusion(np.eye(3, dtype=int), NAMES[:3], **WORDS)
    assert shown.bundles[0] == shown.bundles[1]
    assert pyplot.get_fignums() == []


def test_photographs_are_jpeg_because_png_would_be_too_large(shown):
    FIGURES["photographs"]()
    assert "data:image/jpeg;" in shown.bundles[0]["text/html"]
    image = Image.open(io.BytesIO(picture_of(shown.bundles[0])))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    assert len(buffer.getvalue()) > 2 * len(picture_of(shown.bundles[0]))


def test_a_folded_figure_is_closed_until_its_words_are_clicked(shown):
    plots.photographs(PICTURES[:1], folded="Open <it>", **WORDS)
    FIGURES["photographs, one"]()
    folded, plain = (bundle["text/html"] for bundle in shown.bundles)
    assert folded.startswith("<details><summary>Open &lt;it&gt;</summary><figure><img alt=")
    assert folded.endswith("</figure></details>")
    assert "<details" not in plain


# ---- colours


def luminance(colour):
    channels = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return np.dot([0.2126, 0.7152, 0.0722], linear)


def test_colours_are_okabe_ito_and_double_coded():
    published = {"#000000", "#E69F00", "#56B4E9", "#009E73"}
    published |= {"#F0E442", "#0072B2", "#D55E00", "#CC79A7"}
    assert set(plots.COLOURS) == published
    assert len({plots._style(k)["marker"] for k in range(8)}) == 8
    assert len({plots._style(k)["linestyle"] for k in range(4)}) == 4
    looks = list(plots.LOOKS.values())
    assert len({colour for colour, _, _ in looks}) == len({m for _, m, _ in looks}) == len(looks)
    contrasts = [1.05 / (luminance(colour) + 0.05) for colour in plots.COLOURS[:3]]
    assert min(contrasts) >= 3  # WCAG 2.1, graphical objects, on white
    assert 1.05 / (luminance("#F0E442") + 0.05) < 3  # control: yellow, which therefore comes last


WAYS = [experiments.SCRATCH, experiments.PROBE, experiments.HEAD]
WAYS += [experiments.TUNED + block for block in ("block_16", "block_11", "block_3")]


def test_a_way_of_learning_looks_the_same_in_every_place():
    looks = [plots._style(0, way) for way in WAYS]
    assert looks == [plots._style(5, way) for way in WAYS]
    assert len({look["color"] for look in looks}) == len(WAYS)
    assert plots._style(3, "from block_11") == plots._style(0, "fine-tuned from block_11")
    assert plots._style(0, "a plate") != plots._style(1, "a plate"), "control: no way of learning"


def test_a_judged_picture_has_a_mark_and_a_frame():
    figure = []
    make = plots._panels
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plots, "_panels", lambda *a, **k: figure.append(make(*a, **k)) or figure[-1])
        FIGURES["photographs, judged"]()
    right, wrong, neither, _ = figure[0][1].flat
    assert [p.get_title()[:2] for p in (right, wrong)] == ["✓ ", "✗ "]
    colours = [p.spines["top"].get_edgecolor()[:3] for p in (right, wrong)]
    assert colours[0] != colours[1] and not neither.spines["top"].get_visible()


def test_differences_write_value_and_verdict_around_zero(shown):
    FIGURES["differences, groups"]()
    near, far = shown.figures[0].axes
    assert [t.get_text() for t in near.texts] == ["+12.5: a gain", "−2.0: cannot tell"]
    assert near.get_title("left") == "near" and near.get_xlim() == far.get_xlim()
    assert near.lines[0].get_xdata() == [0, 0]
    ends = sorted((s[0][0], s[1][0]) for s in segments_of(near))
    assert ends == [pytest.approx((-0.05, 0.01)), pytest.approx((0.105, 0.145))]


def test_answers_mark_what_is_right_and_what_is_wrong(shown):
    FIGURES["answers"]()
    texts = texts_of(shown.figures[0])
    assert {"✓ tabby", "✗ espresso\nmaker", "gently", "cat", "coffee"} <= set(texts)


def test_a_table_is_shown_in_two_forms(shown):
    plots.table([{"a": 1, "b": "x"}], caption="Numbers")
    (bundle,) = shown.bundles
    assert "<table" in bundle["text/html"] and bundle["text/plain"] == "Numbers\na  b\n1  x"


# ---- the numbers in the figures


def segments_of(panel):
    collections = [item for item in panel.collections if hasattr(item, "get_segments")]
    return [segment for item in collections for segment in item.get_segments() if len(segment)]


def bars_of(panel):
    """(x, low, high) of each vertical interval."""
    return sorted((s[0][0], s[0][1], s[1][1]) for s in segments_of(panel))


def test_accuracy_against_labels_draws_mean_and_t_interval(shown):
    curves = comparison({"head": {10: [0.8, 0.8, 0.8], 1: [0.4, 0.5, 0.6]}})  # in any order
    plots.accuracy_against_labels(curves, **WORDS)
    panel = shown.figures[0].axes[0]
    assert panel.lines[0].get_xdata().tolist() == [1, 10]
    assert panel.lines[0].get_ydata().tolist() == pytest.approx([0.5, 0.8])
    margin = 4.303 * 0.1 / np.sqrt(3)  # t from tables, 2 degrees of freedom
    one_shot, ten_shots = bars_of(panel)
    assert one_shot == pytest.approx((1, 0.5 - margin, 0.5 + margin), abs=1e-4)
    assert ten_shots == pytest.approx((10, 0.8, 0.8))  # seeds that agree
    normal = 1.96 * 0.1 / np.sqrt(3)  # control: too narrow for three seeds
    assert one_shot[2] != pytest.approx(0.5 + normal, abs=0.05)
    assert [t.get_text() for t in panel.get_xticklabels()] == ["1", "10"]
    assert "%" in panel.get_ylabel()


def test_accuracy_against_labels_of_one_seed_has_the_interval_over_pictures(shown):
    plots.accuracy_against_labels(comparison({"head": {1: [0.5]}}), **WORDS)
    ((_, low, high),) = bars_of(shown.figures[0].axes[0])
    assert (low, high) == pytest.approx((0.299, 0.701), abs=1e-3)  # Wilson, 10 of 20


def test_accuracy_against_labels_has_a_line_a_way_and_all_at_the_right_end(shown):
    curves = {
        "head": {"all": [0.9, 0.8], 2: [0.4, 0.5]},
        "from scratch": {"all": [0.7, 0.7], 2: [0, 0]},
    }
    plots.accuracy_against_labels(comparison(curves), chance=0.5, **WORDS)
    panel = shown.figures[0].axes[0]
    assert [t.get_text() for t in panel.get_xticklabels()] == ["2", "all"]
    head, scratch, chance = (
        line
        for line in panel.lines
        if len(line.get_ydata()) == 2 and line.get_linestyle() != "None"
    )
    assert head.get_xdata().tolist() == [2, 4] and min(scratch.get_xdata()) > 2
    assert head.get_ydata().tolist() == pytest.approx([0.45, 0.85])
    assert scratch.get_ydata().tolist() == pytest.approx([0, 0.7])
    assert chance.get_ydata()[0] == 0.5
    labels = {text.get_text(): text.get_color() for text in panel.texts}
    assert labels.keys() == {"guessing", "head", "from scratch"} and panel.get_legend() is None
    assert labels["head"] == head.get_color() == plots.LOOKS["head"][0]


@pytest.mark.parametrize("draw", ["estimates", "bars, intervals"])
def test_estimates_and_bars_show_value_and_interval_in_per_cent(shown, draw):
    FIGURES[draw]()
    panel = shown.figures[0].axes[0]
    ends = sorted((s[0][0], s[1][0]) for s in segments_of(panel))
    assert ends == [pytest.approx((0.44, 0.56)), pytest.approx((0.76, 0.85))]
    assert [t.get_text().strip().removesuffix(" %") for t in panel.texts] == ["50.0", "80.0"]
    assert panel.xaxis.get_major_formatter()(0.8) == "80"
    assert [t.get_text() for t in panel.get_yticklabels()] == list(ROWS)
    top_down = panel.get_ylim()
    assert top_down[0] > top_down[1]  # the first name is at the top


def test_bars_of_plain_numbers_have_no_interval(shown):
    FIGURES["bars"]()
    panel = shown.figures[0].axes[0]
    assert [t.get_text().strip() for t in panel.texts] == ["4,652,008", "23,564,800"]
    assert [bar.get_width() for bar in panel.patches] == [4_652_008, 23_564_800]
    assert segments_of(panel) == []


def test_confusion_writes_counts_and_shades_the_share_of_the_row(shown):
    plots.confusion([[45, 5], [12, 38]], ("endocarditis", "lasagna"), **WORDS)
    panel = shown.figures[0].axes[0]
    assert [text.get_text() for text in panel.texts] == ["45", "5", "12", "38"]
    shades = panel.images[0].get_array()
    np.testing.assert_allclose(shades, [[0.9, 0.1], [0.24, 0.76]])
    assert shades[1, 0] != pytest.approx(12 / 57)  # control: the share of the column
    assert (panel.get_ylabel(), panel.get_xlabel()) == ("true class", "predicted class")


def test_grid_writes_value_and_interval_and_colours_only_what_is_sure(shown):
    loss = evaluation.Difference(-0.25, -0.3, -0.2, 5, 0.001)
    rows = {"head": GAINS, "block_3": {**GAINS, "fine-tuned from block_3": loss}}
    plots.grid(rows, xlabel="rate", ylabel="free from", **WORDS)
    panel = shown.figures[0].axes[0]
    texts = [text.get_text() for text in panel.texts]
    assert texts[1:] == ["−2\n−5 to +1", "+12\n+10 to +14", "−25\n−30 to −20"]
    colours = [to_hex(patch.get_facecolor()) for patch in panel.patches]
    blue, orange = plots.COLOURS[5].lower(), plots.COLOURS[4].lower()
    assert colours == [blue, "#ffffff", blue, orange]
    strengths = [patch.get_alpha() for patch in panel.patches]
    assert strengths[3] == 1 and strengths[0] == pytest.approx(0.2 + 0.8 / 2)


def test_reliability_draws_bins_with_their_intervals(shown):
    plots.reliability(BINS, **WORDS)
    panel = shown.figures[0].axes[0]
    finite = [bar for bar in bars_of(panel) if np.isfinite(bar).all()]
    expected = np.stack([BINS["confidence"], BINS["low"], BINS["high"]], axis=1)[1:]
    np.testing.assert_allclose(finite, expected)
    assert [text.get_text() for text in panel.get_legend().get_texts()] == [
        "perfectly calibrated",
        "before",
    ]


def test_flow_colours_groups_alike_and_has_an_arrow_between_two_boxes(shown):
    plots.flow(FLOW, **WORDS)
    (panel,) = shown.figures[0].axes
    boxes = [text.get_bbox_patch() for text in panel.texts]
    shades = [box.get_facecolor() for box in boxes if box]
    assert shades[0] != shades[1] == shades[2] != shades[3]
    arrows = [text.arrow_patch for text in panel.texts if getattr(text, "arrow_patch", None)]
    assert len(arrows) == len(FLOW) - 1
    assert {"backbone", "head"} < {text.get_text() for text in panel.texts}


def test_lines_takes_numbers_or_estimates_and_marks_a_place(shown):
    FIGURES["lines"]()
    panel = shown.figures[0].axes[0]
    assert panel.get_xscale() == "log"
    assert [bar[1:] for bar in bars_of(panel)] == [(0.44, 0.56), (0.76, 0.85)]
    assert panel.texts[0].get_text() == "the course"
    assert panel.lines[-1].get_xdata() == [1e-5, 1e-5]
    assert panel.texts[1].get_text() == "a", "the name stands at the end of its line"
    plots.lines(range(3), {"a": [1, 2, 3]}, xlabel="step", ylabel="drift", **WORDS)
    plain = shown.figures[1].axes[0]
    assert plain.lines[0].get_ydata().tolist() == [1, 2, 3]


def test_scatter_gives_each_class_its_points_colour_and_marker(shown):
    points = np.arange(12.0).reshape(6, 2)
    plots.scatter(points, [0, 1, 0, 1, 2, 2], NAMES[:3], xlabel="x", ylabel="y", **WORDS)
    classes = shown.figures[0].axes[0].collections
    np.testing.assert_array_equal(classes[1].get_offsets(), points[[1, 3]])
    assert len({tuple(c.get_facecolor()[0]) for c in classes}) == 3
    assert len({len(c.get_paths()[0].vertices) for c in classes}) > 1


def test_heat_maps_keep_the_scale_and_show_each_picture_in_grey(shown):
    faint = np.full((1, 224, 224), 0.2)
    plots.heat_maps(PICTURES[:1], faint, **WORDS)
    above, below = shown.figures[0].axes[:2]
    np.testing.assert_array_equal(above.images[0].get_array(), PICTURES[0])
    assert below.images[0].get_array().ndim == 2
    assert below.images[1].get_clim() == (0, 1)  # a faint map must not be stretched to look sure
    with pytest.raises(ValueError, match="shorter"):
        plots.heat_maps(PICTURES[:2], MAPS[:1], **WORDS)


# ---- names are shown as written

ODD = ("$5", "_other", "a_b $x$", "日本語", r"\$", "crème")
THREE = [[estimate(0.5, 0.4, 0.6)] * 3] * len(ODD)
NAMING = {
    "photographs": lambda: plots.photographs(PICTURES[: len(ODD)], ODD, columns=6, **WORDS),
    "heat_maps": lambda: plots.heat_maps(PICTURES[: len(ODD)], MAPS[: len(ODD)], ODD, **WORDS),
    "feature_maps": lambda: plots.feature_maps(dict.fromkeys(ODD, MAPS[:6].T), **WORDS),
    "accuracy_against_labels": lambda: plots.accuracy_against_labels(
        comparison(dict.fromkeys(ODD, {1: [0.4, 0.5], 5: [0.6, 0.7]})), **WORDS
    ),
    "estimates": lambda: plots.estimates(dict.fromkeys(ODD, estimate(0.5, 0.4, 0.6)), **WORDS),
    "bars": lambda: plots.bars(dict.fromkeys(ODD, 1.0), label="parameters", **WORDS),
    "confusion": lambda: plots.confusion(np.eye(len(ODD)), ODD, **WORDS),
    "scatter": lambda: plots.scatter(
        rng.normal(size=(60, 2)), np.arange(60) % 6, ODD, xlabel="x", ylabel="y", **WORDS
    ),
    "answers": lambda: plots.answers([list(ODD)] * 6, ODD, ODD, **WORDS),
    "differences": lambda: plots.differences(
        dict.fromkeys(ODD, evaluation.Difference(0.1, 0.05, 0.2, 5, 0.01)), **WORDS
    ),
    "lines": lambda: plots.lines(
        [1, 2, 3], dict(zip(ODD, THREE, strict=True)), xlabel="x", ylabel="y",
        mark=dict.fromkeys(ODD, 2), **WORDS,
    ),
    "grid": lambda: plots.grid(
        dict.fromkeys(ODD, dict.fromkeys(ODD, GAINS["fine-tuned from block_3"])),
        xlabel="x", ylabel="y", **WORDS,
    ),
    "flow": lambda: plots.flow(dict.fromkeys(ODD, ""), **WORDS),
}  # fmt: skip


def as_drawn(text):
    """What matplotlib draws of a text object: mathematics is marked by < >."""
    drawn, is_mathematical = text._preprocess_math(text.get_text())
    return f"<{drawn}>" if is_mathematical else drawn.strip()


def texts_of(figure):
    return [as_drawn(text) for text in figure.findobj(Text)]


@pytest.mark.parametrize("name", NAMING)
def test_every_class_name_is_shown_as_written(shown, name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # "Glyph missing from font"
        NAMING[name]()
    drawn = "\n".join(texts_of(shown.figures[0]))
    assert "<" not in drawn
    for written in ODD:
        can_be_drawn = all(figures.font_of(letter) for letter in written)
        assert (written if can_be_drawn else written.encode("unicode_escape").decode()) in drawn


def test_every_figure_with_names_is_tried_here():
    others = {"show", "reliability"}
    assert {function.__name__ for function in MAKERS} - set(NAMING) == others


def test_control_matplotlib_alone_loses_such_names(shown, monkeypatch):
    monkeypatch.setattr(plots, "_name", str)
    NAMING["lines"]()
    drawn = texts_of(shown.figures[0])
    assert [text for text in drawn if text.startswith("<")]
    monkeypatch.undo()


def test_a_letter_that_another_font_holds_is_drawn_with_it(shown):
    letter = "\U0001d4d0"  # a script capital A
    fonts = {"DejaVu Sans", figures.font_of(letter)}
    if None in fonts:
        pytest.skip("no font here holds it")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plots.bars({f"a {letter}": 1.0}, label="parameters", **WORDS)
    families = [text.get_fontfamily() for text in shown.figures[0].findobj(Text)]
    assert sorted(fonts) in [sorted(family) for family in families]


def test_control_a_missing_letter_would_be_seen(monkeypatch, shown):
    monkeypatch.setattr(plots, "_name", str)
    if figures.font_of("日"):
        pytest.skip("a font here holds it")
    with pytest.warns(UserWarning, match="missing from font"):
        plots.bars({"日本語": 1.0}, label="parameters", **WORDS)
