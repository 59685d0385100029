"""The worked examples: listed by what they show, and run."""

from __future__ import annotations

import ast
import runpy
import sys
from pathlib import Path

from chainrule.errors import DataError, nearest
from chainrule.views.picture_files import check_picture_name
from chainrule.views.places import refuse_kept


def example_files(folder: Path) -> dict[str, Path]:
    """Return name -> script, in their order. Raises DataError where there are none."""
    found = {path.stem: path for path in sorted(folder.glob("[0-9]*.py"))}
    if not found:
        raise DataError(f"There are no worked examples in {folder}.", "Install chainrule again.")
    return found


def list_examples(folder: Path) -> str:
    """Return one line for each example: its name, and the first line of its docstring."""
    files = example_files(folder)
    width = max(len(name) for name in files)
    lines = [f"{name:<{width}}  {first_line(path)}" for name, path in files.items()]
    named = next(iter(files)).partition("_")[0]
    return "\n".join([*lines, "", f"Run one by its name or number: chainrule examples {named}"])


def first_line(path: Path) -> str:
    """Return the first line of a script's docstring."""
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return text.partition("\n")[0]


def run_example(folder: Path, name: str, figure: Path | None) -> None:
    """Run the example whose number is ``name``, or whose name is, begins with or contains it.

    Raises DataError where there is not one such example, SetupError for a figure of another kind
    than PNG, SVG, or PDF, RunFolderError for one in the folder of a run.
    """
    if figure is not None:
        check_picture_name(figure)
        refuse_kept(figure, "The figure")
    files = example_files(folder)
    plain = name.removesuffix(".py").lower().replace("-", "_")
    hits = [one for one in files if one == plain]
    if plain.isdecimal():
        hits = [one for one in files if int(one.partition("_")[0]) == int(plain)]
    hits = hits or [one for one in files if one.startswith(plain)]
    hits = hits or [one for one in files if plain in one]
    if len(hits) != 1:
        what = (
            f"There is no example '{name}'." if not hits else f"'{name}' fits {len(hits)} examples."
        )
        raise DataError(what, nearest(plain, hits or files))
    path = files[hits[0]]
    before = sys.argv
    sys.argv = [str(path), *(["--figure", str(figure)] if figure else [])]
    try:
        runpy.run_path(str(path), run_name="__main__")
    finally:
        sys.argv = before
