"""The worked examples as executed notebooks: ``python docs/make_notebooks.py [--check]``.

Without an argument every script of examples/ becomes a notebook in examples/notebooks/, and is
executed. With ``--check`` nothing is written: the notebooks must have the cells that the scripts
make, and executing them must print what they hold.

A script is cut into cells where a line begins with ``# %%``. Its docstring becomes the title; what
stands behind ``# %%``, and the comment lines right below, the text in front of a cell. The last
cell of a script saves its figure when asked; the notebook shows the figure instead.
"""

from __future__ import annotations

import ast
import json
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = sorted((ROOT / "examples").glob("[0-9]*.py"))
NOTEBOOKS = ROOT / "examples" / "notebooks"
SAVES_FIGURE = re.compile(r"^if sys\.argv")
SHOWS_FIGURE = "%matplotlib inline\ndraw()"
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
LIMIT = 200_000  # bytes
# How printed numbers are compared is said once, beside the tests.
sys.path.insert(0, str(ROOT / "tests"))


def cells_of(script: Path) -> list[tuple[str, str]]:
    """Return the cells of a script's notebook as (kind, source)."""
    text = script.read_text(encoding="utf-8")
    title = ast.get_docstring(ast.parse(text)) or script.stem
    first, *rest = re.split(r"^# %% ?", text, flags=re.MULTILINE)
    docstring = re.compile(r'\A""".*?"""\s*', flags=re.DOTALL)
    cells = [("markdown", f"# {title}\n\nMade from `examples/{script.name}`.")]
    cells.append(("code", docstring.sub("", first).strip()))
    for part in rest:
        heading, _, body = part.partition("\n")
        lines = body.split("\n")
        count = next(at for at, line in enumerate(lines) if not line.startswith("#"))
        prose = " ".join(line.removeprefix("#").strip() for line in lines[:count])
        code = "\n".join(lines[count:]).strip()
        if SAVES_FIGURE.match(code):
            cells.append(("code", SHOWS_FIGURE))
            continue
        cells.append(("markdown", f"## {heading}" + (f"\n\n{prose}" if prose else "")))
        cells.append(("code", code))
    return cells


def notebook_of(script: Path) -> dict[str, Any]:
    """Return a script's notebook, not yet executed, as plain data."""
    cells: list[dict[str, Any]] = []
    for place, (kind, source) in enumerate(cells_of(script), start=1):
        cell = {"cell_type": kind, "id": f"cell-{place}", "metadata": {}, "source": source}
        if kind == "code":
            cell |= {"execution_count": None, "outputs": []}
        cells.append(cell)
    return {"cells": cells, "metadata": METADATA, "nbformat": 4, "nbformat_minor": 5}


def executed(notebook: dict[str, Any]) -> dict[str, Any]:
    """Return a notebook with its outputs, run in a kernel of this Python in an empty folder."""
    import nbformat
    from nbclient import NotebookClient

    node = nbformat.from_dict(notebook)
    with tempfile.TemporaryDirectory() as folder:
        NotebookClient(
            node,
            timeout=300,
            record_timing=False,
            extra_arguments=["--log-level=ERROR"],
            resources={"metadata": {"path": folder}},
        ).execute()
    ran: dict[str, Any] = json.loads(nbformat.writes(node))
    ran["metadata"] = METADATA
    for cell in ran["cells"]:
        cell["source"] = joined(cell["source"])
        if cell["cell_type"] == "code":
            cell["outputs"] = in_one_piece([plain(output) for output in cell["outputs"]])
    return ran


def in_one_piece(outputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return outputs with what was printed as one text: a kernel sends it in pieces, by chance."""
    texts = [output["text"] for output in outputs if output["output_type"] == "stream"]
    rest = [output for output in outputs if output["output_type"] != "stream"]
    whole = {"name": "stdout", "output_type": "stream", "text": "".join(texts)}
    return [whole, *rest] if texts else rest


def plain(output: dict[str, Any]) -> dict[str, Any]:
    """Return an output with its texts joined. Raises ValueError for warnings and errors."""
    if output["output_type"] == "error" or output.get("name") == "stderr":
        raise ValueError(f"a cell wrote to stderr: {output}")
    if "text" in output:
        return {**output, "text": joined(output["text"])}
    return {**output, "data": {kind: joined(data) for kind, data in output["data"].items()}}


def joined(text: str | list[str]) -> str:
    return text if isinstance(text, str) else "".join(text)


def printed_by(notebook: dict[str, Any]) -> str:
    """Return what the cells of a notebook print."""
    return "".join(
        output["text"]
        for cell in notebook["cells"]
        for output in cell.get("outputs", [])
        if output["output_type"] == "stream"
    )


def pictures_in(notebook: dict[str, Any]) -> int:
    """Return the number of pictures that a notebook holds."""
    return sum(
        "image/png" in output.get("data", {})
        for cell in notebook["cells"]
        for output in cell.get("outputs", [])
    )


def written(notebook: dict[str, Any]) -> str:
    return json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def sources(notebook: dict[str, Any]) -> list[tuple[str, str]]:
    return [(cell["cell_type"], cell["source"]) for cell in notebook["cells"]]


def path_of(script: Path) -> Path:
    return NOTEBOOKS / f"{script.stem}.ipynb"


def make(script: Path) -> None:
    """Write a script's executed notebook. Raises ValueError where it is too large to keep."""
    text = written(executed(notebook_of(script)))
    if len(text) > LIMIT:
        raise ValueError(f"{path_of(script).name} has {len(text)} bytes, over {LIMIT}.")
    path_of(script).write_text(text, encoding="utf-8", newline="\n")


def out_of_step(script: Path) -> list[str]:
    """Return what differs between a script and its notebook, cells and printed numbers."""
    from printed import differences

    path = path_of(script)
    if not path.exists():
        return ["it is missing"]
    kept = json.loads(path.read_text(encoding="utf-8"))
    if sources(kept) != cells_of(script):
        return ["its cells are not those of the script"]
    ran = executed(notebook_of(script))
    found = differences(printed_by(kept), printed_by(ran))
    if pictures_in(kept) != pictures_in(ran):
        found.append("it holds another number of pictures")
    return found


def main(arguments: list[str]) -> int:
    """Make or check all notebooks; return the exit code."""
    if arguments not in ([], ["--check"]):
        print("usage: python docs/make_notebooks.py [--check]", file=sys.stderr)
        return 2
    names = {path_of(script).name for script in SCRIPTS}
    strays = [path for path in NOTEBOOKS.glob("*.ipynb") if path.name not in names]
    if not arguments:
        NOTEBOOKS.mkdir(exist_ok=True)
        for stray in strays:
            stray.unlink()
        for script in SCRIPTS:
            make(script)
            print(path_of(script).relative_to(ROOT))
        return 0
    found = [f"{path.name}: no script makes it" for path in strays]
    for script in SCRIPTS:
        found += [f"{path_of(script).name}: {one}" for one in out_of_step(script)]
    print("\n".join(found) or f"{len(SCRIPTS)} notebooks are in step with their scripts")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
