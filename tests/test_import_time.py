"""What importing chainrule and asking for help may load: nothing that takes its time."""

from __future__ import annotations

import subprocess
import sys

import pytest
from command_line import environment

SLOW = {
    "numpy", "scipy", "polars", "narwhals", "sklearn", "matplotlib", "rich", "safetensors", "jax",
    "torch", "pandas", "pyarrow", "asyncio", "email", "importlib.metadata",
}  # fmt: skip

LOADED = """
import contextlib, io, sys
{}
print(*sorted(sys.modules))
"""
COMMAND_LINE = """
from chainrule.cli import main
sys.argv = ["chainrule", {}]
with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()) as shown:
    main()
assert "chainrule" in shown.getvalue()
"""


def loaded_by(code: str) -> set[str]:
    """Return the modules that a Python of its own has loaded after this code."""
    shown = subprocess.run(
        [sys.executable, "-c", LOADED.format(code)],
        capture_output=True,
        text=True,
        check=True,
        env=environment(),
    )
    return set(shown.stdout.split())


def test_importing_chainrule() -> None:
    loaded = loaded_by("import chainrule")
    assert "chainrule.errors" not in loaded
    assert not loaded & (SLOW | {"typer"})


@pytest.mark.parametrize("words", ['"--help"', '"train", "--help"', ""])
def test_asking_the_command_line(words: str) -> None:
    loaded = loaded_by(COMMAND_LINE.format(words))
    assert "typer" in loaded
    assert not loaded & (SLOW - {"importlib.metadata", "email"})
    assert not {name for name in loaded if name.startswith("chainrule.training")}


def test_the_test_would_see_it() -> None:
    assert "numpy" in loaded_by("import chainrule; chainrule.Dense")
