"""The shape of the course: each rule is a function that lists violations.

Every rule is tried twice: on the course, where it finds nothing, and on a planted violation, which
it finds. A rule about lessons takes the cells of one lesson (see `cells_of`).
"""

import ast
import re
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lessons import DEEPER, LESSONS, ROOT, cells_of, code_cells, tags, text_cells
from tools import tree

PACKAGE = ROOT / "tl_course"
ARROWS = {  # each points down: what it names never points back
    ("look_alikes", "data"),
    ("photographs", "data"), ("photographs", "look_alikes"), ("photographs", "records"),
    ("checks", "transfer"), ("checks", "anatomy"), ("checks", "data"), ("checks", "records"),
    ("transfer", "anatomy"), ("transfer", "data"),
    ("transfer", "records"),  # one text a mistake, in data/mistakes.csv
    ("experiments", "anatomy"), ("experiments", "backbones"), ("experiments", "data"),
    ("experiments", "evaluation"), ("experiments", "transfer"),
}  # fmt: skip
WITHOUT_KERAS = {
    "__init__", "__main__", "data", "look_alikes", "evaluation", "photographs", "plots", "records",
}  # fmt: skip
ROOMS = {  # each folder of programs, and what it may import of the others
    "tl_course": set(), "common": set(),
    "tools": {"tl_course", "common"}, "deploy": {"tl_course", "common"},
}  # fmt: skip


def vocabulary(package=PACKAGE):
    return sorted(path for path in package.glob("*.py") if not path.name.startswith("__"))


def engine(package=PACKAGE):
    """What makes the vocabulary run: students need not read it, and it never looks up."""
    return sorted((package / "engine").glob("*.py"))


def teacher(package=PACKAGE):
    """The checks: read by those who grade, not by those who learn, so a room of their own."""
    return sorted((package / "checks").glob("*.py"))


def commands(package=PACKAGE):
    return sorted((package / "commands").glob("*.py"))


def every_program():
    return [*vocabulary(), *teacher(), *engine(), *commands(), *author_scripts()]


def author_scripts():
    rooms = (ROOT / "tools", ROOT / "common")
    return [ROOT / "noxfile.py", *(path for room in rooms for path in sorted(room.glob("*.py")))]


def imported_modules(path):
    """The dotted names that a module imports, wherever in it: "tl_course.data", "keras" ..."""
    names = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = "tl_course" if node.level else node.module
            names += [f"{base}.{alias.name}" for alias in node.names]
    return names


def function_lengths(paths):
    """{"module.function": lines from `def` to the last, docstring included}."""
    return {
        f"{path.stem}.{node.name}": node.end_lineno - node.lineno + 1
        for path in paths
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def line_count(paths):
    """Lines of code and comments; blank lines and docstrings, which are there to be read, are not.

    A docstring line is one between the first and the last line of a module's, class's or
    function's leading string.
    """
    count = 0
    for path in paths:
        text = path.read_text(encoding="utf-8")
        documented = {
            line
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
            if ast.get_docstring(node) is not None
            for line in range(node.body[0].lineno, node.body[0].end_lineno + 1)
        }
        lines = enumerate(text.splitlines(), start=1)
        count += sum(bool(line.strip()) and number not in documented for number, line in lines)
    return count


# ---------------------------------------------------------------- rules about the package


def forbidden_arrows(package):
    """Imports between modules of the course that are not in the drawing."""
    found = []
    names = {path.stem for path in vocabulary(package)} | {"checks", "commands"}
    for path in [*vocabulary(package), *teacher(package)]:
        room = "checks" if path.parent.name == "checks" else path.stem
        siblings = {n.split(".")[1] for n in imported_modules(path) if n.startswith("tl_course.")}
        allowed = {target for source, target in ARROWS if source == room} | {room}
        found += [f"{path.stem} -> {s}" for s in siblings & names - allowed]
    for path in engine(package):
        parts = [n.split(".") for n in imported_modules(path) if n.startswith("tl_course.")]
        found += [f"engine.{path.stem} -> {p[1]}" for p in parts if p[1] != "engine"]
    command_names = {path.stem for path in commands(package) if not path.stem.startswith("_")}
    for path in commands(package):
        parts = [n.split(".") for n in imported_modules(path) if n.startswith("tl_course.commands")]
        found += [f"{path.stem} -> {p[2]}" for p in parts if len(p) > 2 and p[2] in command_names]
    return found


def forbidden_rooms(root):
    """Imports from a folder into another that it should not know: "tools/a.py -> deploy"."""
    imports = {
        (path.relative_to(root).as_posix(), room, name.split(".")[0])
        for room in ROOMS
        for path in (root / room).rglob("*.py")
        for name in imported_modules(path)
    }
    strange = [i for i in imports if i[2] in ROOMS.keys() - ROOMS[i[1]] - {i[1]}]
    return sorted(f"{path} -> {other}" for path, _, other in strange)


def keras_where_it_is_not_needed(package):
    paths = [*package.glob("*.py"), *commands(package)]
    return [
        f"{path.stem} imports {name}"
        for path in paths
        if path.stem in WITHOUT_KERAS or path.parent.name == "commands"
        for name in imported_modules(path)
        if name.split(".")[0] in ("keras", "tensorflow")
    ]


def wildcard_imports(paths):
    return [
        f"{path.stem} imports {name}"
        for path in paths
        for name in imported_modules(path)
        if name.endswith(".*")
    ]


def too_long_functions(paths, *, longest=30):
    lengths = function_lengths(paths)
    return [f"{name}: {lines} lines" for name, lines in lengths.items() if lines > longest]


def too_long_files(paths, *, longest=100):
    return [path.name for path in paths if line_count([path]) > longest]


def modules_loaded_by(statement):
    code = f"import sys; {statement}; print(*sys.modules)"
    call = [sys.executable, "-c", code]
    finished = subprocess.run(call, capture_output=True, text=True, cwd=ROOT)
    return set(finished.stdout.split()), finished.stderr


@pytest.fixture
def planted(tmp_path):
    """A function that writes a module into a package elsewhere and returns that package."""

    def plant(name, text):
        path = tmp_path / "tl_course" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return tmp_path / "tl_course"

    return plant


def test_arrows_run_one_way():
    assert forbidden_arrows(PACKAGE) == []


@pytest.mark.parametrize(
    ("name", "text", "arrow"),
    [
        ("data.py", "from tl_course import plots", "data -> plots"),
        ("data.py", "import tl_course.plots", "data -> plots"),
        ("data.py", "from . import plots", "data -> plots"),
        ("data.py", "def f():\n    from tl_course.plots import bars", "data -> plots"),
        ("data.py", "from tl_course.commands import run", "data -> commands"),
        ("commands/run.py", "from tl_course.commands import doctor", "run -> doctor"),
        ("engine/fast.py", "from tl_course import plots", "engine.fast -> plots"),
        ("checks/sets.py", "from tl_course import plots", "sets -> plots"),
    ],
)
def test_a_wrong_arrow_is_found(planted, name, text, arrow):
    planted("plots.py", "")
    planted("commands/doctor.py", "from tl_course import data")
    assert forbidden_arrows(planted(name, text)) == [arrow]


def test_tools_and_deploy_do_not_know_each_other():
    assert forbidden_rooms(ROOT) == []


@pytest.mark.parametrize(
    ("name", "text", "arrow"),
    [
        ("tools/a.py", "from deploy.one_server import accounts", "tools/a.py -> deploy"),
        ("deploy/b/c.py", "def f():\n    import tools.links", "deploy/b/c.py -> tools"),
        ("common/d.py", "from tl_course import data", "common/d.py -> tl_course"),
        ("tl_course/commands/e.py", "from tools import links", "tl_course/commands/e.py -> tools"),
    ],
)
def test_a_folder_that_knows_too_much_is_found(tmp_path, name, text, arrow):
    (tmp_path / name).parent.mkdir(parents=True)
    (tmp_path / name).write_text(f"from common import pages\n{text}\n", encoding="utf-8")
    assert arrow in forbidden_rooms(tmp_path)


def test_keras_is_only_where_it_is_needed():
    assert keras_where_it_is_not_needed(PACKAGE) == []


def test_keras_in_the_data_module_is_found(planted):
    package = planted("data.py", "def f():\n    import keras.utils")
    assert keras_where_it_is_not_needed(package) == ["data imports keras.utils"]


def test_importing_the_package_loads_neither_tensorflow_nor_keras():
    light = [path.stem for path in vocabulary() if path.stem in WITHOUT_KERAS]
    modules = ["tl_course", "tl_course.__main__", *(f"tl_course.{name}" for name in light)]
    loaded, errors = modules_loaded_by(f"import {', '.join(modules)}")
    assert "tl_course" in loaded, errors
    assert not loaded & {"tensorflow", "keras"}


def test_importing_the_package_takes_no_time():
    timed = "import time; t = time.perf_counter(); import {}; print(time.perf_counter() - t)"
    package, everything = (
        min(float(_python(timed.format(name))) for _ in range(3))
        for name in ("tl_course", "tl_course.photographs")
    )
    assert package < 0.1
    assert everything > 2 * package  # control: what a greedy package would cost


def _python(code):
    run = [sys.executable, "-c", code]
    return subprocess.run(run, capture_output=True, text=True, check=True, cwd=ROOT).stdout


def test_loading_keras_would_be_seen():
    assert "keras" in modules_loaded_by("import types; sys.modules['keras'] = types")[0]


def test_there_is_no_wildcard_import():
    assert wildcard_imports([*vocabulary(), *commands(), *LESSONS]) == []


def test_a_wildcard_import_is_found(planted):
    package = planted("data.py", "from numpy import *")
    assert wildcard_imports(vocabulary(package)) == ["data imports numpy.*"]


def test_functions_are_short():
    assert too_long_functions(every_program()) == []
    assert statistics.median(function_lengths(vocabulary()).values()) < 12


def test_a_long_function_is_found(planted):
    package = planted("data.py", "def f():\n" + "    x = 1\n" * 30)
    assert too_long_functions(vocabulary(package)) == ["data.f: 31 lines"]


def test_the_vocabulary_is_small():
    assert line_count(engine()) <= 2150
    assert line_count(teacher()) <= 500
    assert line_count(vocabulary()) <= 1700


def test_lines_are_counted_without_docstrings_and_blank_lines(planted):
    text = '"""Doc\n\nmore."""\n\nx = """a\nb"""\n# why\n\n\ndef f():\n    """Doc."""\n    pass\n'
    assert line_count([planted("data.py", text) / "data.py"]) == 5


def test_commands_and_tools_are_one_screen_each():
    assert too_long_files([*commands(), *author_scripts()]) == []


def test_a_long_command_is_found(planted):
    package = planted("commands/run.py", "x = 1\n" * 101)
    assert too_long_files(commands(package)) == ["run.py"]


# ---------------------------------------------------------------- rules about the lessons


def parameters_cells(cells):
    """Departures from: one cell tagged parameters, of plain constants, PROFILE and SEED in it."""
    tagged = [cell.source for cell in cells if "parameters" in tags(cell)]
    if len(tagged) != 1:
        return [f"{len(tagged)} cells tagged parameters"]
    body = ast.parse(tagged[0]).body
    constants = [s for s in body if isinstance(s, ast.Assign) and isinstance(s.value, ast.Constant)]
    names = {statement.targets[0].id for statement in constants}
    found = ["a parameter that is no plain constant"] if len(constants) < len(body) else []
    return found + [f"no {name}" for name in ("PROFILE", "SEED") if name not in names]


def headline_cells(cells):
    count = sum("records.headline(" in source for source in code_cells(cells))
    return [] if count == 1 else [f"{count} headline cells"]


def titles_typed(cells):
    """A lesson's title or question written by hand, beside the table in data/lessons.csv."""
    first = text_cells(cells)[0].splitlines()[:3]
    return [] if first == ["# {{title}}", "", "**{{question}}**"] else first


def verdicts_spelled_out(cells):
    """Cells that judge a difference by themselves; a Difference has one `verdict`."""
    pattern = r"distinguishable|p_value <|\.low > 0 or"
    return [match for source in code_cells(cells) for match in re.findall(pattern, source)]


def figures_elsewhere(cells):
    """Figures that do not go through plots, and so have no alternative text."""
    pattern = r"\bplt\b|\bmatplotlib\b|\bdisplay\(|\.savefig\(|\.imshow\("
    return [match for source in code_cells(cells) for match in re.findall(pattern, source)]


def without_definitions(source):
    """A cell's statements but for its functions: those train nothing until they are called."""
    body = [node for node in ast.parse(source).body if not isinstance(node, ast.FunctionDef)]
    return "\n".join(ast.unparse(node) for node in body)


def says_something(source):
    """Does a cell print, or show a value such as a Difference as its last line?"""
    body = ast.parse(source).body
    shown = bool(body) and isinstance(body[-1], ast.Expr)
    is_value = shown and not isinstance(body[-1].value, ast.Call | ast.Constant)
    is_difference = shown and re.search(r"\.(difference|over_pictures)\(", ast.unparse(body[-1]))
    return bool(is_value or is_difference or re.search(r"print\(|checks\.report\(", source))


def trainings_without_verdict(cells):
    """Cells that train, with nothing printed or shown in the two code cells after them."""
    code = code_cells(cells)
    training = re.compile(r"transfer\.train\(|\.fit\(")
    trains = [i for i, source in enumerate(code) if training.search(without_definitions(source))]
    silent = [i for i in trains if not any(map(says_something, code[i + 1 : i + 3]))]
    return [code[i].splitlines()[0] for i in silent]


RULES = [
    parameters_cells, headline_cells, titles_typed, verdicts_spelled_out, figures_elsewhere,
    trainings_without_verdict,
]  # fmt: skip
LESSON = """# %% [markdown]
# # {{title}}
#
# **{{question}}**

# %%
import os

# %% [markdown]
# Predict. With a 95 % interval. [Cited](https://example.org): 15 %.

# %% tags=["parameters"]
PROFILE = "student"
SEED = 7

# %% [markdown]
# Train.

# %%
history = transfer.train(model)

# %% [markdown]
# Explain.

# %%
records.headline("82 %", {}, data=[])
print("82 %")
"""
PLANTED = [
    (parameters_cells, ' tags=["parameters"]', "", "0 cells tagged parameters"),
    (parameters_cells, "import os", '# %% tags=["parameters"]', "2 cells tagged parameters"),
    (parameters_cells, "SEED = 7", "SEED = hash(7)", "a parameter that is no plain constant"),
    (parameters_cells, "SEED = 7", "", "no SEED"),
    (headline_cells, "records.headline(", "print(", "0 headline cells"),
    (titles_typed, "{{title}}", "A title", "# A title"),
    (verdicts_spelled_out, "import os", "x = gain.distinguishable", "distinguishable"),
    (figures_elsewhere, "import os", "import matplotlib.pyplot as plt", "matplotlib"),
    (figures_elsewhere, "import os", "display(figure)", "display("),
    (trainings_without_verdict, 'print("82 %")', "x = 1", "history = transfer.train(model)"),
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("lesson", [*LESSONS, *DEEPER], ids=lambda path: path.stem)
def test_lesson_keeps(lesson, rule):
    if lesson in DEEPER and rule in (headline_cells, titles_typed):
        pytest.skip("an optional notebook has no row in the table of lessons")
    assert rule(cells_of(lesson.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_a_good_lesson_passes(rule):
    assert rule(cells_of(LESSON)) == []


@pytest.mark.parametrize(("rule", "old", "new", "found"), PLANTED)
def test_a_planted_violation_is_found(rule, old, new, found):
    assert old in LESSON
    assert found in rule(cells_of(LESSON.replace(old, new)))


def setup_cells(lessons):
    """The first code cell of each lesson: the set-up, the same in all of them."""
    return {code_cells(cells_of(path.read_text(encoding="utf-8")))[0] for path in lessons}


def test_every_lesson_has_the_same_setup_cell():
    assert len(setup_cells([*LESSONS, *DEEPER])) <= 1


def test_a_different_setup_cell_is_found(tmp_path):
    paths = [tmp_path / "01.py", tmp_path / "02.py"]
    paths[0].write_text(LESSON, encoding="utf-8")
    paths[1].write_text(LESSON.replace("import os", "import sys"), encoding="utf-8")
    assert len(setup_cells(paths)) == 2


# ---------------------------------------------------------------- rules about every committed file


def misplaced_content(paths, *, largest=1_000_000):
    """Large files, and text that holds a path of one machine or the address of a registry."""
    pattern = re.compile(
        r"(?<![\w.])/(?:work|root|home/\w+|Users/\w+)/|\b(?:pypi|pythonhosted)\.\w+/"
    )
    sizes = {path.name: path.stat().st_size for path in paths}
    found = [f"{name}: {size} bytes" for name, size in sizes.items() if size > largest]
    for path in paths:
        match = pattern.search(path.read_bytes().decode("utf-8", errors="ignore"))
        if match and path != Path(__file__):
            found.append(f"{path.name}: {match[0]}")
    return found


def test_nothing_of_this_machine_is_committed():
    assert misplaced_content([ROOT / name for name in tree.files(ROOT)]) == []


def test_a_machine_path_and_a_large_file_are_found(tmp_path):
    (tmp_path / "a.md").write_text("see /home/someone/photos")
    (tmp_path / "b.bin").write_bytes(b"0" * 1_000_001)
    (tmp_path / "c.txt").write_text("see https://pypi.example/simple")
    found = misplaced_content(sorted(tmp_path.iterdir()))
    assert found == ["b.bin: 1000001 bytes", "a.md: /home/someone/", "c.txt: pypi.example/"]
