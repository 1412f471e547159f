"""The tables of docs/scaling.md: arithmetic on what one picture costs, benchmarks/scaling.json."""

import json

PAGE = "docs/scaling.md"
MILLION, STUDENTS, CORES, PICTURES, PIXELS = 1_000_000, 300, 16, 1000, 160


def markdown(head, rows):
    """Return a table: its columns' names, and a list of strings a row."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def by_resolution(measured):
    """Return what one picture takes until its features are there."""
    head = ["pixels", "bytes", "core-milliseconds", "pictures a second and core",
            "nanoseconds a pixel", "features, bytes"]  # fmt: skip
    rows = [
        [
            row["image_size"], row["pixel_bytes"], f"{row['core_ms']:.1f}",
            f"{1000 / row['core_ms']:.0f}", f"{1e6 * row['core_ms'] / row['image_size'] ** 2:.0f}",
            row["feature_bytes"],
        ]
        for row in measured["features"]
    ]  # fmt: skip
    held = f"After that the process holds {measured['process_mb']:.0f} MB, TensorFlow with it."
    return f"{markdown(head, rows)}\n\n{origin(measured)} {held}"


def by_way(measured):
    """Return what one picture takes in one step of training, by what may move."""
    head = ["way", "weights that move", "core-milliseconds a step", "kept for each picture, bytes"]
    rows = [
        [row["way"], f"{row['trained_weights']:,}", f"{row['core_ms']:.2f}", row["input_bytes"]]
        for row in measured["steps"]
    ]
    size = f"At {measured['trained_size']} px, batches of {measured['batch']}"
    return f"{markdown(head, rows)}\n\n{size}, {measured['classes']} classes. {origin(measured)}"


def by_shots(measured):
    """Return the core-seconds that one cell of a study trains, by way and pictures a class."""
    cost = {row["way"]: row["core_ms"] * measured["batch"] / 1000 for row in measured["steps"]}
    tuned = [way for way in cost if way.startswith("fine-tuned")]
    rows = []
    for row in measured["schedules"]:
        head, tune, scratch = (row[step] for step in ("head", "fine-tune", "scratch"))
        seconds = [scratch * cost["from scratch"], (head + tune) * cost["head"]]
        seconds += [head * cost["head"] + tune * cost[way] for way in tuned]
        rows.append([row["shots"], f"{head} + {tune}", *(f"{value:.1f}" for value in seconds)])
    return markdown(["a class", "steps", "from scratch", "head", *tuned], rows)


def million(measured):
    """Return what a million pictures take."""
    rows = [
        [
            f"features at {row['image_size']} px", f"{MILLION * row['core_ms'] / 3.6e6:.1f}",
            f"{MILLION * row['pixel_bytes'] / 1e9:.0f}",
            f"{MILLION * row['feature_bytes'] / 1e9:.1f}",
        ]
        for row in measured["features"]
    ]  # fmt: skip
    for row in measured["steps"][1:]:
        hours = MILLION * row["core_ms"] / 3.6e6
        stored = f"{MILLION * row['input_bytes'] / 1e9:.1f}"
        rows.append([f"one epoch, {row['way']}", f"{hours:.1f}", "", stored])
    return markdown(["a million pictures", "core-hours", "pixels, GB", "computed once, GB"], rows)


def students(measured):
    """Return the sentence on a class that computes features all at once."""
    (row,) = (row for row in measured["features"] if row["image_size"] == PIXELS)
    hours = STUDENTS * PICTURES * row["core_ms"] / 3.6e6
    return (
        f"{STUDENTS} students who each compute the features of {PICTURES:,} photographs at "
        f"{PIXELS} px: {hours:.1f} core-hours, on {CORES} cores {60 * hours / CORES:.0f} minutes."
    )


def origin(measured):
    """Return where the figures come from."""
    where = f"{measured['machine']}, TensorFlow {measured['tensorflow']}, {measured['date']}"
    return f"Measured by `python -m benchmarks.scaling`: {where}."


def blocks(root):
    """Return {(page, name of a block): its text}."""
    measured = json.loads((root / "benchmarks" / "scaling.json").read_text(encoding="utf-8"))
    tables = (by_resolution, by_way, by_shots, million, students)
    return {(PAGE, table.__name__): table(measured) for table in tables}
