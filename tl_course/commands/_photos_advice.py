"""What could be better about the photographs? Labels, pictures that are odd, and how many."""

import contextlib
import importlib.util
import io

import numpy as np

from tl_course.engine import computer

MOST = 24  # pictures listed of a kind
BELIEVED = 0.2  # probability of its label: from here on a picture is no suspect
ODD = {
    "dark": "dark", "light": "very bright", "blurry": "blurred",
    "low_information": "nearly empty", "odd_aspect_ratio": "of odd proportions",
}  # fmt: skip
MORE = {
    "a gain": "probably: more did better than fewer; what comes after was not measured",
    "a loss": "not these: more did worse than fewer",
    "cannot tell": "these pictures cannot tell: look at the interval before you take an afternoon",
}


def suspects(album, places, out_of_fold):
    """(rows, how): pictures whose label is probably wrong, the least believed first.

    Each row: file_name, label, suggested, probability of the label. By cleanlab (confident
    learning, Northcutt et al. 2021) where it is installed, else by self-confidence alone.
    """
    labels = album.labels[places]
    own = out_of_fold[np.arange(len(labels)), labels]
    other = out_of_fold.argmax(axis=1)
    if importlib.util.find_spec("cleanlab"):
        from cleanlab import filter as cleanlab

        mask, how = cleanlab.find_label_issues(labels, out_of_fold, n_jobs=1), "cleanlab"
    else:
        mask = (other != labels) & (own < BELIEVED)
        how = "self-confidence (the extra `photos` would ask cleanlab)"
    order = [k for k in np.argsort(own) if mask[k] and other[k] != labels[k]]
    names = album.class_names
    return [
        {"file_name": album.files[places[k]], "label": names[labels[k]],
         "suggested": names[other[k]], "probability_of_label": float(own[k])}
        for k in order[:MOST]
    ], how  # fmt: skip


def odd(album, root):
    """{file: what is odd about it, in words}, by cleanvision; None where it is not installed."""
    if not importlib.util.find_spec("cleanvision"):
        return None
    from cleanvision import Imagelab

    paths = {str(root / file): file for file in album.files}
    try:
        with contextlib.redirect_stdout(io.StringIO()), computer.quiet():
            lab = Imagelab(filepaths=list(paths), verbose=False)
            lab.find_issues({kind: {} for kind in ODD}, n_jobs=1, verbose=False)
    except Exception as error:  # of a picture that it reads in another way than we do
        print(f"cleanvision failed: {type(error).__name__}")
        return None
    columns = {kind: lab.issues[f"is_{kind}_issue"] for kind in ODD}
    found = {
        paths[path]: ", ".join(ODD[kind] for kind in ODD if columns[kind][path])
        for path in lab.issues.index
    }
    return {file: words for file, words in found.items() if words}


def would_more_help(comparison):
    """(Difference or None, in words): heads that learned from more, minus from fewer."""
    from tl_course import evaluation

    if comparison is None:
        return None, "too few pictures of a class to leave some out and see"
    few, more = comparison.shots[-2:]
    way = comparison.ways[0]
    both = (comparison.accuracies(way, shots) for shots in (more, few))
    step = evaluation.seeds_difference(*both)
    return step, MORE[step.verdict]
