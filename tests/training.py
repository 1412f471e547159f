"""Which cells of a notebook train a network: as the tests of the golden notebooks see it."""

import ast

TRAINS = {"fit", "train", "compare"}  # keras.Model.fit, transfer.train, experiments.compare


def called(node):
    """The names of all functions called somewhere inside a piece of code."""
    calls = (inner.func for inner in ast.walk(node) if isinstance(inner, ast.Call))
    return {getattr(function, "attr", getattr(function, "id", None)) for function in calls}


def training_cells(sources):
    """The numbers of the cells that train: by a call of their own or through a function."""
    trees = [ast.parse(source) for source in sources]
    functions = {
        node.name: called(node)
        for tree in trees for node in tree.body if isinstance(node, ast.FunctionDef)
    }  # fmt: skip
    training = set(TRAINS)
    for _ in functions:  # a function may call another that trains
        training |= {name for name, calls in functions.items() if calls & training}
    runs = [
        set().union(*(called(node) for node in tree.body if not isinstance(node, ast.FunctionDef)))
        for tree in trees
    ]
    return [number for number, calls in enumerate(runs) if calls & training]
