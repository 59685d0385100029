"""The house: floors, sizes, names, what may be imported, compiled code, what an example may do.

Each rule is a function from source text to findings, so that it is tried on a sample that breaks
it before it is trusted with the package.
"""

from __future__ import annotations

import ast
import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src" / "chainrule"
SOURCES = sorted(PACKAGE.rglob("*.py"))
COMPILED = sorted((ROOT / "src" / "native").glob("*.[ch]pp"))
BUILD_FILES = [ROOT / "CMakeLists.txt", ROOT / "src" / "native" / "CMakeLists.txt"]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
PUBLIC_NAMES = ROOT / "tests" / "public_names.txt"

# A module imports from lower floors, and from the neighbours named below.
FLOORS = {
    "errors": 0,
    "checks": 1,
    "arrays": 2,
    "symbols": 2,
    "equations": 2,
    "sliding": 2,
    "scanning": 2,
    "program": 2,
    "sliding_shapes": 2,
    "sliding_values": 2,
    "word_values": 2,
    "word_shapes": 2,
    "shapes": 1,
    "randomness": 2,
    "data": 2,
    "ops": 3,
    "optimizers": 3,
    "engines": 3,
    "network": 4,
    "testing": 4,
    "training": 5,
    "explanation": 5,
    "files": 5,
    "comparison": 6,
    "diagnosis": 6,
    "estimators": 6,
    "views": 7,
    "cli": 8,
    "command_options": 8,
    "check_command": 8,
    "compare_command": 8,
    "explain_command": 8,
    "diagnose_command": 8,
    "worksheet_command": 8,
    "__main__": 9,
    "__init__": 9,
}
NEIGHBOURS = {
    ("symbols", "word_shapes"): "a symbol carries the shape that its word gives",
    ("symbols", "equations"): "a symbol knows the recorder that it writes to (types only)",
    ("equations", "symbols"): "what is written down makes a symbol",
    ("equations", "word_shapes"): "an equation's shape is that of its word",
    ("equations", "word_values"): "equations over constants are computed at once",
    ("arrays", "symbols"): "a word met by a symbol is recorded instead of computed",
    ("arrays", "word_values"): "a word met by an array is computed",
    ("word_shapes", "scanning"): "a scan has a room of its own",
    ("word_values", "scanning"): "a scan has a room of its own",
    ("program", "equations"): "a program is made of equations",
    ("program", "word_shapes"): "a program is checked by the shapes of words",
    ("arrays", "program"): "the step of a scan is a program",
    ("arrays", "equations"): "the kinds of an array's numbers",
    ("word_shapes", "sliding_shapes"): "the words that slide have a room of their own",
    ("word_values", "sliding_values"): "the words that slide have a room of their own",
    ("sliding_values", "sliding_shapes"): "both count the places of a window",
    ("sliding", "arrays"): "more words of the alphabet",
    ("sliding", "sliding_shapes"): "the types of a window's settings",
    ("word_values", "randomness"): "the word random draws by the one generator",
    ("data", "randomness"): "splits are drawn by the one generator",
    ("training", "files"): "a run saves itself",
    ("explanation", "training"): "what is explained is a run",
    ("testing", "network"): "a search is tried on plain functions, which network/ answers for",
    ("cli", "command_options"): "options that several commands have",
    ("check_command", "command_options"): "options that several commands have",
    ("cli", "check_command"): "a command with a room of its own",
    ("compare_command", "command_options"): "options that several commands have",
    ("cli", "compare_command"): "a command with a room of its own",
    ("explain_command", "command_options"): "options that several commands have",
    ("cli", "explain_command"): "a command with a room of its own",
    ("diagnose_command", "command_options"): "options that several commands have",
    ("cli", "diagnose_command"): "a command with a room of its own",
    ("worksheet_command", "command_options"): "options that several commands have",
    ("cli", "worksheet_command"): "a command with a room of its own",
}
# Upwards only inside a function, by these modules, and for the type of what they return.
DOORS = {
    ("training/run.py", "views"): "run.plot() draws, run.report() writes, on request",
    ("training/fit.py", "views"): "a fit draws itself, on request",
    ("training/rate_range.py", "views"): "a range test draws itself, on request",
    ("training/tables/door.py", "views"): "where a run has a folder, its report is left in it",
    ("explanation/faces.py", "views"): "an explanation makes its page, on request",
    ("diagnosis/report.py", "views"): "a report prints and saves itself, on request",
    ("diagnosis/fixes/fix.py", "views"): "a fix prints itself, on request",
    ("training/train.py", "diagnosis"): "what has been trained is looked at, on a terminal",
    ("comparison/result.py", "views"): "a comparison prints, draws and saves itself, on request",
}
# The rooms of diagnosis/ and its files beside them: each imports from lower ones alone.
ROOMS_OF_DIAGNOSIS = {
    "__init__": 0,
    "budget": 0,
    "sign": 0,
    "cases": 1,
    "probes": 2,
    "wording": 3,
    "case_of_table": 4,
    "examination": 4,
    "remedies": 4,
    "experiments": 5,
    "ailment": 6,
    "ailments": 7,
    "verdicts": 8,
    "checks": 8,
    "report": 9,
    "fixes": 10,
    "door": 10,
    "end_of_training": 11,
}
ROOM_DOORS = {("diagnosis/report.py", "fixes"): "a report makes its fix, on request"}
# Here NumPy's generators draw what others are to draw again without chainrule.
REPEATABLE = {
    "data/folds.py": "the folds are those of scikit-learn for the same seed",
    "training/tables/intervals.py": "an interval is worked out again in three lines of NumPy",
}
# An engine receives a function and shapes; the alphabet is all that it knows.
ENGINES_MAY_IMPORT = {
    "errors", "arrays", "symbols", "equations", "word_shapes", "word_values", "randomness",
    "shapes", "sliding", "sliding_shapes", "sliding_values", "scanning", "program", "engines",
}  # fmt: skip

FILE_LIMIT, FILE_AIM = 400, 300
LINE_LIMIT = 100
FUNCTION_LIMIT, FUNCTION_AIM = 60, 40
EXAMPLE_LIMIT = 80
FORBIDDEN_WORDS = {
    "util", "utils", "helper", "helpers", "base", "manager", "managers", "ctx", "process", "handle",
    "handler",
}  # fmt: skip
FORBIDDEN_IMPORTS = {"pickle", "cPickle", "dill", "shelve", "marshal", "joblib", "random"}
FORBIDDEN_CALLS = {"eval", "exec", "os.system", "os.popen", "__import__"}
HEAVY = {
    "scipy", "polars", "narwhals", "sklearn", "matplotlib", "typer", "rich", "safetensors", "jax",
    "torch", "pandas", "pyarrow",
}  # fmt: skip
# What takes NaN and infinity for impossible, threads that are not ours, and this machine alone.
UNSAFE_FLAGS = (
    "-ffast-math", "-Ofast", "-ffinite-math-only", "-funsafe-math-optimizations",
    "-fassociative-math", "-ffp-contract=fast", "/fp:fast", "-fopenmp", "OpenMP", "-march=native",
)  # fmt: skip
EXAMPLES_MAY_IMPORT = {
    "__future__", "chainrule", "numpy", "matplotlib", "math", "pathlib", "sys", "typing",
    "sklearn",
}  # fmt: skip
RULE_WORDS = {
    "derivative", "derivatives", "gradient", "gradients", "grad", "backward", "update", "updates",
}  # fmt: skip


# ---------------------------------------------------------------- reading source


def words(name: str) -> set[str]:
    """Return the lower-case words of snake_case, CamelCase or dotted names."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return {word for word in re.split(r"[^a-z0-9]+", spaced.lower()) if word}


def dotted(node: ast.AST) -> str:
    """Return ``a.b.c`` for such an expression, else an empty string."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        front = dotted(node.value)
        return f"{front}.{node.attr}" if front else ""
    return ""


def imported(tree: ast.AST, package: str = "") -> Iterator[tuple[int, str]]:
    """Yield (line, dotted name) for every import, those inside functions too.

    ``package`` is the dotted package that relative imports start from.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            start = node.module or ""
            if node.level:
                parts = package.split(".")
                parts = parts[: len(parts) - node.level + 1]
                start = ".".join([*parts, start] if start else parts)
            for alias in node.names:
                yield node.lineno, f"{start}.{alias.name}"


def component(dotted_name: str) -> str | None:
    """Return the room of ``chainrule.ops.op.Op`` (``ops``); None outside the package."""
    parts = dotted_name.split(".")
    if parts[0] != "chainrule":
        return None
    return parts[1] if len(parts) > 1 and parts[1] in FLOORS else "__init__"


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return the lines of a function's body; signature and docstring are read apart from it."""
    first = function.body[0]
    begin = first.lineno
    if ast.get_docstring(function, clean=False) is not None:
        begin = (first.end_lineno or first.lineno) + 1
    return (function.end_lineno or begin) - begin + 1


# ---------------------------------------------------------------- the rules


def upward_imports(text: str, module: str) -> list[str]:
    """Return the imports of a module (``ops/op.py``) that its floor does not allow."""
    path = Path(module)
    room = path.parts[0].removesuffix(".py")
    if room not in FLOORS:
        return [f"{module}: '{room}' has no floor"]
    package = ".".join(["chainrule", *path.parent.parts])
    tree = ast.parse(text)
    asked = [*functions(tree), *(node for node in ast.walk(tree) if is_for_types(node))]
    on_request = {line for node in asked for line, _ in imported(node)}
    found = []
    for line, name in imported(tree, package):
        other = component(name)
        if other is None or other == room:
            continue
        allowed = FLOORS[other] < FLOORS[room] or (room, other) in NEIGHBOURS
        allowed |= (module, other) in DOORS and line in on_request
        if not allowed or (room == "engines" and other not in ENGINES_MAY_IMPORT):
            found.append(f"{module}:{line}: {room} imports {name}")
    return found


def upward_in_diagnosis(text: str, module: str) -> list[str]:
    """Return the imports of a module (``diagnosis/probes/work.py``) from no lower room there."""
    path = Path(module)
    if path.parts[0] != "diagnosis":
        return []
    room = path.parts[1].removesuffix(".py")
    if room not in ROOMS_OF_DIAGNOSIS:
        return [f"{module}: '{room}' has no place in the order"]
    tree = ast.parse(text)
    asked = [*functions(tree), *(node for node in ast.walk(tree) if is_for_types(node))]
    on_request = {line for node in asked for line, _ in imported(node)}
    found = []
    for line, name in imported(tree, ".".join(["chainrule", *path.parent.parts])):
        parts = name.split(".")
        if parts[:2] != ["chainrule", "diagnosis"] or len(parts) < 3 or parts[2] == room:
            continue
        place = ROOMS_OF_DIAGNOSIS.get(parts[2])
        allowed = place is not None and place < ROOMS_OF_DIAGNOSIS[room]
        allowed |= (module, parts[2]) in ROOM_DOORS and line in on_request
        if not allowed:
            found.append(f"{module}:{line}: {room} imports {name}")
    return found


def is_for_types(node: ast.AST) -> bool:
    """Say whether a piece of source is there for a type checker alone."""
    return isinstance(node, ast.If) and dotted(node.test) == "TYPE_CHECKING"


def forbidden_names(text: str, module: str) -> list[str]:
    """Return file, function and class names that hold a word which says nothing."""
    named = [module.removesuffix(".py")]
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            named.append(node.name)
    return [f"{module}: {name}" for name in named if words(name) & FORBIDDEN_WORDS]


def forbidden_calls(text: str, module: str) -> list[str]:
    """Return unsafe imports and calls, and random numbers from elsewhere than randomness.py."""
    tree = ast.parse(text)
    found = []
    for line, name in imported(tree):
        if name.split(".")[0] in FORBIDDEN_IMPORTS or name.startswith("numpy.random"):
            found.append(f"{module}:{line}: import {name}")
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = dotted(node.func)
            if name in FORBIDDEN_CALLS:
                found.append(f"{module}:{node.lineno}: {name}")
            for keyword in node.keywords:
                if keyword.arg == "allow_pickle" and ast.unparse(keyword.value) != "False":
                    found.append(f"{module}:{node.lineno}: allow_pickle")
        elif dotted(node) in {"np.random", "numpy.random"} and module not in REPEATABLE:
            found.append(f"{module}:{getattr(node, 'lineno', 0)}: {dotted(node)}")
    return found


def silenced(text: str, module: str) -> list[str]:
    """Return the comments that silence a checker or put work off."""
    pattern = re.compile(r"type:\s*ignore|noqa|pragma|mypy:|ruff:|\b(TODO|FIXME|XXX|HACK)\b")
    return [
        f"{module}:{token.start[0]}: {token.string}"
        for token in tokenize.generate_tokens(io.StringIO(text).readline)
        if token.type == tokenize.COMMENT and pattern.search(token.string)
    ]


# The compiled files that know Python.
PYTHON_SIDE = ("module.cpp", "handed_factors.hpp", "handed_programs.hpp")


def compiled_code(text: str, module: str) -> list[str]:
    """Return what the house does not want in C++: long lines, silence, OpenMP, Python inside."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        where = f"{module}:{number}"
        if len(line) > LINE_LIMIT:
            found.append(f"{where}: {len(line)} columns")
        if re.search(r"NOLINT|\b(TODO|FIXME|XXX|HACK)\b|diagnostic ignored|pragma omp", line):
            found.append(f"{where}: {line.strip()}")
        if re.match(r"#include <(omp|Python|nanobind)\b", line) and module not in PYTHON_SIDE:
            found.append(f"{where}: {line}")
    if words(module) & FORBIDDEN_WORDS:
        found.append(module)
    return found


def unsafe_flags(text: str, module: str) -> list[str]:
    """Return the flags of a build file that the compiled engine must not be built with."""
    code = re.sub(r"#.*", "", text)
    return [f"{module}: {flag}" for flag in UNSAFE_FLAGS if flag in code]


def own_rules(text: str, module: str) -> list[str]:
    """Return the derivatives, updates and loops that an example writes instead of using ours."""
    tree = ast.parse(text)
    found = []
    for line, name in imported(tree):
        if name.split(".")[0] not in EXAMPLES_MAY_IMPORT:
            found.append(f"{module}:{line}: imports {name}")
    for function in functions(tree):
        if words(function.name) & RULE_WORDS:
            found.append(f"{module}:{function.lineno}: defines {function.name}")
    for node in ast.walk(tree):
        if subtracts_gradient(node) or is_difference_quotient(node) or steps_in_a_loop(node):
            found.append(f"{module}:{getattr(node, 'lineno', 0)}: {ast.unparse(node)}")
    return found


def speaks_of_gradient(node: ast.AST) -> bool:
    named = [dotted(part).split(".")[-1] for part in ast.walk(node)]
    return any(words(name) & {"grad", "gradient", "gradients", "slope"} for name in named)


def subtracts_gradient(node: ast.AST) -> bool:
    """Whether this is ``w - rate * gradient`` or ``w -= rate * gradient``, or with plus."""
    if isinstance(node, ast.BinOp):
        right = node.right
    elif isinstance(node, ast.AugAssign):
        right = node.value
    else:
        return False
    products = [
        part
        for part in ast.walk(right)
        if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Mult)
    ]
    subtracts = isinstance(node.op, ast.Sub | ast.Add)
    return subtracts and any(speaks_of_gradient(part) for part in products)


def is_difference_quotient(node: ast.AST) -> bool:
    """Whether this is ``(f(x + h) - f(x)) / h``."""
    if not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)):
        return False
    top = node.left
    if not (isinstance(top, ast.BinOp) and isinstance(top.op, ast.Sub)):
        return False
    left, right = top.left, top.right
    both_calls = isinstance(left, ast.Call) and isinstance(right, ast.Call)
    return both_calls and ast.unparse(left.func) == ast.unparse(right.func)


def steps_in_a_loop(node: ast.AST) -> bool:
    """Whether a loop calls ``update``, ``backward`` or ``step`` itself."""
    if not isinstance(node, ast.For | ast.While):
        return False
    called = [dotted(part.func) for part in ast.walk(node) if isinstance(part, ast.Call)]
    return any(name.split(".")[-1] in {"update", "backward", "step"} for name in called)


# ---------------------------------------------------------------- the rules catch what they should


@pytest.mark.parametrize(
    ("rule", "module", "text"),
    [
        (upward_imports, "ops/op.py", "from chainrule.engines.door import run"),
        (upward_imports, "ops/op.py", "from ..training import train"),
        (upward_imports, "engines/program.py", "import chainrule.data.table"),
        (upward_imports, "errors.py", "def f():\n    from . import arrays"),
        (upward_imports, "arrays.py", "from chainrule import __version__"),
        (upward_imports, "attic/box.py", "import numpy"),
        (upward_imports, "training/run.py", "from chainrule.views import figures"),
        (upward_imports, "training/loop.py", "def plot(): from chainrule.views import figures"),
        (upward_in_diagnosis, "diagnosis/attic/box.py", ""),
        (
            upward_in_diagnosis,
            "diagnosis/cases/case.py",
            "from chainrule.diagnosis.probes.work import work_of_row",
        ),
        (upward_in_diagnosis, "diagnosis/cases/case.py", "from ..probes import work"),
        (upward_in_diagnosis, "diagnosis/sign.py", "import chainrule.diagnosis.wording"),
        (
            upward_in_diagnosis,
            "diagnosis/report.py",
            "from chainrule.diagnosis.fixes.fixing import fixed",
        ),
        (
            upward_in_diagnosis,
            "diagnosis/door.py",
            "def f(): from chainrule.diagnosis.fixes.fixing import fixed",
        ),
        (forbidden_names, "data/utils.py", ""),
        (forbidden_names, "data/table.py", "class RunManager: ..."),
        (forbidden_names, "data/table.py", "def process_rows(): ..."),
        (forbidden_calls, "arrays.py", "import pickle"),
        (forbidden_calls, "arrays.py", "from random import shuffle"),
        (forbidden_calls, "arrays.py", "eval('1')"),
        (forbidden_calls, "arrays.py", "import os\nos.system('true')"),
        (forbidden_calls, "arrays.py", "import numpy as np\nnp.random.default_rng(0)"),
        (forbidden_calls, "arrays.py", "from numpy import random"),
        (forbidden_calls, "arrays.py", "import numpy as np\nnp.load('a', allow_pickle=True)"),
        (silenced, "arrays.py", "x = 1  # type: ignore[assignment]"),
        (silenced, "arrays.py", "x = 1  # noqa"),
        (compiled_code, "order.cpp", "int x;" + " " * 95),
        (compiled_code, "order.cpp", "int x;  // NOLINT"),
        (compiled_code, "order.cpp", "// TODO: faster"),
        (compiled_code, "order.cpp", "#pragma omp parallel for"),
        (compiled_code, "order.cpp", '#pragma GCC diagnostic ignored "-Wall"'),
        (compiled_code, "order.cpp", "#include <omp.h>"),
        (compiled_code, "order.cpp", "#include <nanobind/nanobind.h>"),
        (compiled_code, "kernel_utils.hpp", ""),
        (unsafe_flags, "CMakeLists.txt", "target_compile_options(x PRIVATE -O3 -ffast-math)"),
        (unsafe_flags, "CMakeLists.txt", "find_package(OpenMP)"),
        (own_rules, "one.py", "import torch"),
        (own_rules, "one.py", "def f_derivative(x): ..."),
        (own_rules, "one.py", "def one_update(w): ..."),
        (own_rules, "one.py", "w = w - rate * gradient"),
        (own_rules, "one.py", "w -= 0.1 * run.grad_w"),
        (own_rules, "one.py", "w = w + -rate * gradients['w']"),
        (own_rules, "one.py", "slope = (f(x + h) - f(x)) / h"),
        (own_rules, "one.py", "for t in range(9):\n    w = rule.update(w)"),
    ],
)
def test_a_rule_finds_what_breaks_it(
    rule: Callable[[str, str], list[str]], module: str, text: str
) -> None:
    assert rule(text, module)


@pytest.mark.parametrize(
    ("rule", "module", "text"),
    [
        (upward_imports, "ops/op.py", "import numpy\nfrom chainrule.ops.walks import walk"),
        (upward_imports, "cli.py", "import chainrule.views.terminal"),
        (upward_imports, "training/run.py", "def plot(): from chainrule.views import figures"),
        (upward_in_diagnosis, "network/plan.py", "import chainrule.diagnosis.door"),
        (
            upward_in_diagnosis,
            "diagnosis/report.py",
            "def f(): from chainrule.diagnosis.fixes.fixing import fixed",
        ),
        (upward_in_diagnosis, "diagnosis/probes/work.py", "from ..cases import case"),
        (forbidden_names, "data/preprocessing.py", "def handled(): ..."),
        (forbidden_calls, "arrays.py", "# eval\nname = 'pickle'\nevaluated = model.eval_rows()"),
        (silenced, "arrays.py", "text = 'noqa'  # a word of the checker"),
        (compiled_code, "order.hpp", "#pragma once\n#include <vector>\n" + "x" * LINE_LIMIT),
        (compiled_code, "order.hpp", "#pragma GCC unroll 8"),
        (compiled_code, "module.cpp", "#include <nanobind/nanobind.h>"),
        (unsafe_flags, "CMakeLists.txt", "# no -ffast-math\nset(flags -O3 -ffp-contract=off)"),
        (own_rules, "one.py", "import chainrule as cr\nprint(cost(w), run.gradient - 2.1)"),
    ],
)
def test_a_rule_leaves_the_rest_alone(
    rule: Callable[[str, str], list[str]], module: str, text: str
) -> None:
    assert not rule(text, module)


# ---------------------------------------------------------------- the package


@pytest.mark.parametrize(
    "rule",
    [upward_imports, upward_in_diagnosis, forbidden_names, forbidden_calls, silenced],
)
def test_the_package_keeps_the_rule(rule: Callable[[str, str], list[str]]) -> None:
    assert SOURCES
    found = [
        finding
        for path in SOURCES
        for finding in rule(path.read_text("utf-8"), path.relative_to(PACKAGE).as_posix())
    ]
    assert not found, "\n".join(found)


def test_nothing_comes_back_by_a_door_upwards() -> None:
    doors = {f"chainrule.{module.removesuffix('.py').replace('/', '.')}" for module, _ in DOORS}
    assert all((PACKAGE / module).is_file() for module, _ in DOORS)
    found = [
        f"{path.name}:{line}: {name}"
        for path in (PACKAGE / "views").glob("*.py")
        for line, name in imported(ast.parse(path.read_text("utf-8")))
        # A run, a fit and a comparison are what is shown; what the views ask of them is in rooms
        # that know no view.
        if name.rpartition(".")[0]
        in doors
        - {"chainrule.training.run", "chainrule.training.fit", "chainrule.comparison.result"}
    ]
    assert not found, "\n".join(found)


def test_the_compiled_code_keeps_the_rules() -> None:
    assert COMPILED
    found = [one for path in COMPILED for one in compiled_code(path.read_text("utf-8"), path.name)]
    for path in BUILD_FILES:
        found += unsafe_flags(path.read_text("utf-8"), path.relative_to(ROOT).as_posix())
    assert not found, "\n".join(found)


def test_every_file_can_be_taken_in_at_a_sitting() -> None:
    # The loops that are generated are read where they come from.
    lines = {
        path.relative_to(ROOT).as_posix(): len(path.read_text("utf-8").splitlines())
        for path in [*SOURCES, *COMPILED]
    }
    above_aim = sorted(f"{count} {name}" for name, count in lines.items() if count > FILE_AIM)
    above_limit = [name for name, count in lines.items() if count > FILE_LIMIT]
    assert not above_limit, f"over {FILE_LIMIT}: {above_limit}; over {FILE_AIM}: {above_aim}"


def test_every_function_is_short() -> None:
    lengths = {
        f"{path.relative_to(ROOT).as_posix()}:{function.lineno} {function.name}": length(function)
        for path in SOURCES
        for function in functions(ast.parse(path.read_text("utf-8")))
    }
    assert lengths
    above_aim = sorted(f"{count} {name}" for name, count in lengths.items() if count > FUNCTION_AIM)
    above_limit = [name for name, count in lengths.items() if count > FUNCTION_LIMIT]
    assert not above_limit, (
        f"over {FUNCTION_LIMIT}: {above_limit}; over {FUNCTION_AIM}: {above_aim}"
    )


def test_the_public_names_are_the_frozen_list() -> None:
    import chainrule

    frozen = PUBLIC_NAMES.read_text("utf-8").split()
    assert frozen == sorted(frozen), "tests/public_names.txt is kept in order"
    assert sorted(chainrule.__all__) == frozen
    missing = [name for name in chainrule.__all__ if not hasattr(chainrule, name)]
    assert not missing
    assert set(chainrule.__all__) <= set(dir(chainrule))


def test_importing_chainrule_loads_nothing_heavy() -> None:
    program = "import sys, chainrule; print(*sorted(name.split('.')[0] for name in sys.modules))"
    shown = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    loaded = set(shown.stdout.split())
    assert "chainrule" in loaded
    assert not loaded & HEAVY


def test_every_public_name_has_a_docstring_of_one_first_sentence() -> None:
    import chainrule

    without = []
    for name in chainrule.__all__:
        if not callable(getattr(chainrule, name)):
            continue
        first = (getattr(chainrule, name).__doc__ or "").strip().split("\n\n")[0]
        if not first or not first.rstrip().endswith((".", ":", "?")):
            without.append(name)
    assert not without


# ---------------------------------------------------------------- the examples


def test_there_are_examples() -> None:
    assert EXAMPLES


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_built_on_the_library_alone(path: Path) -> None:
    text = path.read_text("utf-8")
    assert len(text.splitlines()) < EXAMPLE_LIMIT
    found = own_rules(text, path.name)
    assert not found, "\n".join(found)
    assert any(name.startswith("chainrule") for _, name in imported(ast.parse(text)))
