"""What an install needs: the libraries that are imported, the sources and flags of the engine."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src" / "chainrule"
NATIVE = ROOT / "src" / "native"
# What a library is called where it is imported, if not as where it is installed from.
IMPORTED_AS = {"scikit-learn": "sklearn"}
# What may be imported without being asked for: the package says what it does without it.
OPTIONAL = {"chainrule", "cmaes", "jax", "torch"}
# Flags that assume NaN and infinity away, or compile for the machine at hand alone.
FORBIDDEN_FLAGS = re.compile(
    r"-ffast-math|-Ofast|-funsafe-math|-ffinite-math|-fassociative-math|-fno-signed-zeros"
    r"|-march=|-mtune=native|fp:fast|openmp",
    re.IGNORECASE,
)


def table(name: str) -> dict[str, Any]:
    """Return a table of pyproject.toml."""
    found: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    for part in name.split("."):
        found = found[part]
    return found


def names_of(requirements: list[str]) -> set[str]:
    """Return what the required libraries are called where they are imported."""
    found = {re.split(r"[^\w.-]", one, maxsplit=1)[0] for one in requirements}
    return {IMPORTED_AS.get(one, one).replace("-", "_") for one in found}


def imported(text: str) -> set[str]:
    """Return the libraries that a source imports when it runs, also those within functions."""
    found: set[str] = set()
    left: list[ast.AST] = [ast.parse(text)]
    while left:
        node = left.pop()
        if isinstance(node, ast.Import):
            found.update(one.name.split(".")[0] for one in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            found.add(node.module.split(".")[0])
        elif isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            left.extend(node.orelse)
        else:
            left.extend(ast.iter_child_nodes(node))
    return found


def test_the_search_for_imports_sees_those_within_functions() -> None:
    text = """
import numpy.linalg
if TYPE_CHECKING:
    import typing_extensions
def f():
    from scipy.linalg import cython_blas
"""
    assert imported(text) == {"numpy", "scipy"}


def test_every_library_that_is_imported_is_asked_for() -> None:
    used = set().union(*(imported(path.read_text("utf-8")) for path in PACKAGE.rglob("*.py")))
    asked_for = names_of(table("project")["dependencies"])
    assert used - asked_for - OPTIONAL - set(sys.stdlib_module_names) == set()
    assert {"numpy", "polars", "threadpoolctl"} <= used


@pytest.mark.parametrize("extra", ["test", "notebooks", "docs", "benchmark"])
def test_the_tools_of_a_developer_are_all_of_them(extra: str) -> None:
    developers = table("project.optional-dependencies")["dev"]
    (all_of_them,) = [one for one in developers if "[" in one]
    assert extra in re.findall(r"[\w-]+", all_of_them)


def test_every_source_is_compiled() -> None:
    lists = "".join((folder / "CMakeLists.txt").read_text("utf-8") for folder in (ROOT, NATIVE))
    sources = {path.name for path in NATIVE.glob("*.cpp")}
    assert len(sources) > 10
    assert {one for one in sources if not re.search(rf"\b{re.escape(one)}", lists)} == set()


def test_a_forbidden_flag_is_found() -> None:
    assert FORBIDDEN_FLAGS.search("set(flags -O3 -march=native)")
    assert not FORBIDDEN_FLAGS.search("set(flags -O3 -fno-math-errno -mavx2)")


@pytest.mark.parametrize("folder", [ROOT, NATIVE], ids=["top", "native"])
def test_no_flag_assumes_nan_away_or_this_machine(folder: Path) -> None:
    lines = (folder / "CMakeLists.txt").read_text("utf-8").splitlines()
    assert [line for line in lines if FORBIDDEN_FLAGS.search(line)] == []


def test_a_failed_build_leaves_a_wheel_for_every_python() -> None:
    overrides = table("tool.scikit-build")["overrides"]
    (failed,) = [one for one in overrides if one["if"].get("failed")]
    assert failed["wheel"] == {"cmake": False, "py-api": "py3"}
