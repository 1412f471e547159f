"""Exercises and quizzes: each lesson has three and five of them, and none gives its answer away.

Each rule is a function that lists violations, tried on the course and on a planted violation.
"""

import ast
import re

import nbformat
import pytest

from tests.lessons import LESSONS, ROOT, cells_of, tags, text_cells
from tl_course import records
from tools import build_notebooks

KINDS = ["repeat", "transfer", "open"]


# ---------------------------------------------------------------- exercises


def exercise_frame(cells):
    """Three headings in order; two answers that are checked; one open answer."""
    text = "\n".join(text_cells(cells))
    headings = re.findall(r"^### Exercise (\d) \((\w+)\)", text, re.MULTILINE)
    found = [] if headings == list(zip("123", KINDS, strict=True)) else [f"headings {headings}"]
    answers = [cell for cell in cells if "exercise" in tags(cell)]
    found += ["an exercise without solution" for cell in answers if "### BEGIN" not in cell.source]
    checked = [cell for cell in cells if "check" in tags(cell)]
    found += ["a check that does not report" for c in checked if "checks.report(" not in c.source]
    found += ["a solution in a check" for cell in checked if "SOLUTION" in cell.source]
    if len(checked) != 2 or len(answers) < 2:
        found.append(f"{len(answers)} answers and {len(checked)} checks")
    opened = [c for c in cells if "open" in tags(c) and c.cell_type == "markdown"]
    return found + ([] if len(opened) == 1 else [f"{len(opened)} open answers"])


def names(source, context):
    nodes = ast.walk(ast.parse(source))
    found = {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, context)}
    if context is ast.Store:
        nodes = ast.walk(ast.parse(source))
        found |= {n.name for n in nodes if isinstance(n, ast.FunctionDef)}
    return found


def needed_later(cells):
    """Names that an exercise defines and that the lesson itself uses: unsolved, it would break."""
    code = [cell for cell in cells if cell.cell_type == "code"]
    mine = [cell for cell in code if tags(cell) & {"exercise", "check", "given"}]
    others = [cell for cell in code if not tags(cell) & {"exercise", "check", "given"}]
    defined = set().union(*(names(cell.source, ast.Store) for cell in mine), set())
    own = set().union(*(names(cell.source, ast.Store) for cell in others), set())
    used = set().union(*(names(cell.source, ast.Load) for cell in others), set())
    return sorted((defined - own) & used)


def overwritten(cells):
    """Names of the lesson that an exercise's own answer would change under later cells."""
    code = [cell for cell in cells if cell.cell_type == "code"]
    last = max((i for i, cell in enumerate(code) if "exercise" in tags(cell)), default=0)
    mine = [names(cell.source, ast.Store) for cell in code if "exercise" in tags(cell)]
    after = [cell for cell in code[last + 1 :] if not tags(cell) & {"exercise", "check"}]
    return sorted(set().union(*mine) & set().union(*(names(c.source, ast.Load) for c in after)))


EXERCISES = """# %% [markdown]
# **Predict: which?**

# %%
shown = 1

# %% [markdown]
# Most people guess two.
#
# ### Exercise 1 (repeat): one

# %% tags=["exercise"]
mine = None
### BEGIN SOLUTION
mine = shown + 1
### END SOLUTION

# %% tags=["check"]
checks.report(checks.claim(mine, shown))

# %% [markdown]
# ### Exercise 2 (transfer): two

# %% tags=["exercise"]
other = None
### BEGIN SOLUTION
other = shown + 2
### END SOLUTION

# %% tags=["check"]
checks.report(checks.claim(other, shown))

# %% [markdown]
# ### Exercise 3 (open): three

# %% [markdown] tags=["open"]
# ### BEGIN SOLUTION
# It depends.
# ### END SOLUTION

# %%
print(shown)
"""
RULES = [exercise_frame, needed_later, overwritten]
PLANTED = [
    (exercise_frame, "Exercise 2 (transfer)", "Exercise 2 (open)", "headings [('1', 'repeat')"),
    (exercise_frame, "### BEGIN SOLUTION\nmine = shown + 1\n### END SOLUTION", "", "an exercise"),
    (exercise_frame, "checks.report(checks.claim(mine, shown))", "print(mine)", "a check that"),
    (exercise_frame, ' tags=["check"]\nchecks.report(checks.claim(other', "\n((((other", "2 answ"),
    (exercise_frame, ' tags=["open"]', "", "0 open answers"),
    (needed_later, "print(shown)", "print(mine)", "mine"),
    (overwritten, "mine = shown + 1", "shown = mine = shown + 1", "shown"),
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_lesson_keeps(lesson, rule):
    assert rule(cells_of(lesson.read_text(encoding="utf-8"))) == []


def test_there_are_18_exercises():
    texts = [lesson.read_text(encoding="utf-8") for lesson in LESSONS]
    assert sum(text.count("# ### Exercise ") for text in texts) == 18


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_good_exercises_pass(rule):
    assert rule(cells_of(EXERCISES)) == []


@pytest.mark.parametrize(("rule", "old", "new", "expected"), PLANTED)
def test_a_planted_violation_is_found(rule, old, new, expected):
    assert old in EXERCISES
    found = rule(cells_of(EXERCISES.replace(old, new)))
    assert any(violation.startswith(expected) for violation in found), found


# ---------------------------------------------------------------- what students get


def leaked_lines(lesson, student):
    """Lines of a solution, and of nothing else in the lesson, that the student notebook holds."""
    solution = re.compile(r"(?s)### BEGIN SOLUTION\n(.*?)### END SOLUTION")
    secret = {line.strip("# \t") for part in solution.findall(lesson) for line in part.splitlines()}
    public = {line.strip("# \t") for line in solution.sub("", lesson).splitlines()}
    lines = {line.strip("# \t") for cell in student.cells for line in cell.source.splitlines()}
    return sorted(line for line in (secret - public) & lines if len(line) > 8)


def stubs(notebook):
    return sum("your answer here" in cell.source.lower() for cell in notebook.cells)


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_a_student_notebook_holds_no_solution(lesson):
    student = nbformat.read(ROOT / "notebooks" / f"{lesson.stem}.ipynb", as_version=4)
    assert leaked_lines(lesson.read_text(encoding="utf-8"), student) == []
    assert stubs(student) >= 3
    assert "SOLUTION" not in nbformat.writes(student)


def test_a_leaked_solution_is_found(tmp_path):
    path = tmp_path / "lesson.py"
    path.write_text(EXERCISES, encoding="utf-8")
    for rewrite, leaked in (
        (build_notebooks.student_text, []),
        (build_notebooks.solution_text, ["It depends.", "mine = shown + 1", "other = shown + 2"]),
    ):
        text = build_notebooks.notebook_json(path, rewrite)
        assert leaked_lines(EXERCISES, nbformat.reads(text, as_version=4)) == leaked


# ---------------------------------------------------------------- quizzes


def quiz_faults(questions):
    """Departures from: five questions, one right answer each, feedback of its own for each."""
    found = [] if len(questions) == 5 else [f"{len(questions)} questions"]
    for question in questions:
        answers, name = question["answers"], question["question"][:30]
        if sum(answer["correct"] for answer in answers) != 1 or not 3 <= len(answers) <= 4:
            found.append(f"{name}: not one right answer of three or four")
        feedback = [answer.get("feedback", "").strip() for answer in answers]
        if len(set(feedback)) < len(answers) or min(map(len, feedback)) < 20:
            found.append(f"{name}: an answer without feedback of its own")
        if [text.startswith("Yes") for text in feedback] != [a["correct"] for a in answers]:
            found.append(f"{name}: Yes is said to what is not right, or not to what is")
    longest = [max(q["answers"], key=lambda a: len(a["answer"]))["correct"] for q in questions]
    return found + (["the longest answer is right"] if sum(longest) > 3 else [])


def quiz_cells(cells, name):
    shown = [c for c in cells if c.source == f'records.quiz("{name}")']
    return [c for c in shown if tags(c) == {"quiz", "nbval-ignore-output"}]


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_closes_with_its_quiz(lesson):
    cells = cells_of(lesson.read_text(encoding="utf-8"))
    assert len(quiz_cells(cells, lesson.stem)) == 1
    assert quiz_faults(records.quiz(lesson.stem).questions) == []


def good_quiz():
    return [
        {"question": f"Why {k}?", "type": "multiple_choice", "answers": [
            {"answer": "a" * (5 - n), "correct": n == k % 3,
             "feedback": "Yes, " * (n == k % 3) + f"{n} is so because it is"}
            for n in range(3)
        ]}
        for k in range(5)
    ]  # fmt: skip


def test_a_poor_quiz_is_found():
    assert quiz_faults(good_quiz()) == []
    two_right, same, none = good_quiz(), good_quiz(), good_quiz()
    two_right[0]["answers"][1]["correct"] = True
    same[1]["answers"][0]["feedback"] = same[1]["answers"][2]["feedback"]
    none[2]["answers"][0]["feedback"] = ""
    telling = good_quiz()
    for question in telling:
        next(answer for answer in question["answers"] if answer["correct"])["answer"] = "a" * 9
    unclear = "Yes is said to what is not right, or not to what is"
    assert quiz_faults(two_right) == [
        "Why 0?: not one right answer of three or four", f"Why 0?: {unclear}"
    ]  # fmt: skip
    assert quiz_faults(same) == ["Why 1?: an answer without feedback of its own"]
    assert quiz_faults(none) == ["Why 2?: an answer without feedback of its own"]
    grudging = good_quiz()
    grudging[3]["answers"][0]["feedback"] = "This is so because it is"
    assert quiz_faults(grudging) == [f"Why 3?: {unclear}"]
    assert quiz_faults(telling) == ["the longest answer is right"]
    assert quiz_faults(good_quiz()[:4]) == ["4 questions"]


def test_an_unknown_quiz_is_refused():
    with pytest.raises(FileNotFoundError, match="No quizzes '99': choose from"):
        records.quiz("99")
