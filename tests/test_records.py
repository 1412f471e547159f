"""Tables and results: whole, and read as they were written."""

import csv

from tl_course import records


def test_imagenet_has_a_thousand_classes_and_lasagna_is_none_of_them():
    names = records.imagenet_classes()
    assert len(names) == 1000
    assert names[285] == "Egyptian cat"
    assert "bell pepper" in names
    assert not [name for name in names if "lasagn" in name.lower()]


def test_manifests_are_valid_csv():
    for name in records.DATASETS:
        with open(records.data_folder() / f"{name}.csv", newline="", encoding="utf-8") as file:
            widths = {len(row) for row in csv.reader(file)}
        assert len(widths) == 1


def test_recorded_results_are_kept_out_of_sight(capsys):
    bundles = []
    import IPython.display

    original, IPython.display.display = IPython.display.display, lambda b, raw: bundles.append(b)
    try:
        records.record("demo", {"accuracy": [0.5, 0.6]})
    finally:
        IPython.display.display = original
    assert bundles[0][records.RESULTS_TYPE] == {"name": "demo", "results": {"accuracy": [0.5, 0.6]}}
