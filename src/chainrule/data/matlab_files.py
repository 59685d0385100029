"""MATLAB's files (.mat): their variables as arrays, and as the columns of a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.data.decisions import Decision, option, shown
from chainrule.errors import DataError

MATLAB_SUFFIXES = (".mat",)
HDF5 = b"\x89HDF\r\n\x1a\n"


def read_mat(path: str | Path) -> dict[str, Any]:
    """Return the variables of a MATLAB file by name, each as MATLAB shows it, of two axes or more.

    MATLAB has samples in columns most often: ``read_mat("engine.mat")["x"].T`` has them in rows.
    Text is an array of ``str``, a struct a dictionary, sparse numbers are written out. Read by
    ``scipy.io.loadmat``, versions 4 to 7.

    Raises DataError for a file that is not there, is damaged, or is of version 7.3.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            head = file.read(520)
    except OSError as error:
        raise DataError(
            f"{path} cannot be read ({error.strerror}).",
            "Check its name and its rights.",
        ) from None
    if head.startswith((HDF5, b"MATLAB 7.3")) or head[512:520] == HDF5:
        raise DataError(
            f"{path} is a MATLAB file of version 7.3, which is not read here.",
            "Save it in MATLAB as version 7: save('file.mat', 'x', 't', '-v7').",
        )
    return {name: _plain(one) for name, one in _variables(path).items() if name[:2] != "__"}


def _variables(path: Path) -> dict[str, Any]:
    from scipy.io import loadmat

    try:
        found: dict[str, Any] = loadmat(str(path), appendmat=False)
    # What damaged bytes lead to is not in the hands of the reader: any error of its many parts.
    except Exception as error:
        raise DataError(
            f"{path} is not a MATLAB file, or it is damaged ({error}).", "Save it again in MATLAB."
        ) from None
    return found


def _plain(content: Any) -> Any:
    """Return numbers and text as arrays, a struct as a dictionary."""
    if hasattr(content, "toarray"):
        return content.toarray()
    if not isinstance(content, np.ndarray):
        return content
    if content.dtype.names and content.size == 1:
        fields = content.reshape(-1)[0]
        return {name: _plain(fields[name]) for name in content.dtype.names}
    if content.dtype.kind == "O" and content.size:
        cells = [_cell_text(one) for one in content.reshape(-1)]
        if all(one is not None for one in cells):
            return np.array(cells, dtype=str).reshape(content.shape)
    return content


def _cell_text(cell: Any) -> str | None:
    """Return the text of a cell, None where it holds something else."""
    if isinstance(cell, np.ndarray) and cell.dtype.kind == "U" and cell.size <= 1:
        return str(cell.reshape(-1)[0]) if cell.size else ""
    return None


def mat_columns(path: Path) -> tuple[dict[str, list[Any]], list[Decision]]:
    """Return the columns of a table that a MATLAB file holds, and what was made of it.

    The samples are what most variables have in common, along rows or along columns. A matrix
    ``x`` gives x_1, x_2, ...; what has another number of samples is left out.

    Raises DataError where the file cannot be read, or no two numbers stand in a line.
    """
    arrays, others = _arrays(read_mat(path))
    sizes = [{size for size in one.shape if size > 1} for one in arrays.values()]
    counts = Counter(size for one in sizes for size in one)
    if not counts:
        raise DataError(
            f"{path} holds no variable of several numbers.", "Save inputs and targets in it."
        )
    samples = max(counts, key=lambda size: (counts[size], size))
    columns: dict[str, list[Any]] = {}
    turned, left = [], []
    for name, content in arrays.items():
        if samples not in content.shape:
            left.append(name)
            continue
        if content.shape[0] != samples:
            turned += [name] if content.shape[0] > 1 else []
            content = content.T
        _add(columns, _named_columns(name, content))
    said = []
    if turned:
        text = f"one sample in each column of {shown(turned)}: {samples:,} samples"
        said.append(Decision("file", "file", text))
    if left:
        said.append(Decision("file", "file", f"no sample in {shown(left)}, left out"))
    if others:
        text = f"no matrix of real numbers or text in {shown(others)}, left out"
        said.append(Decision("file", "file", text))
    return columns, said


def beside_target(source: str | None, target: str, inputs: Sequence[str]) -> list[Decision]:
    """Return a hint where other columns of a target's array are among the inputs.

    ``source`` is the path of the table; of other files than MATLAB's nothing is said.
    """
    if source is None or Path(source).suffix.lower() not in MATLAB_SUFFIXES:
        return []
    name = _array_of(target)
    others = [one for one in inputs if name and one != target and _array_of(one) == name]
    if not others:
        return []
    what = "another column" if len(others) == 1 else "other columns"
    text = f"{what} of the same array by the name, taken as input: {shown(others)}"
    return [Decision(target, "hint", text, " ".join(option("--drop", one) for one in others))]


def _array_of(column: str) -> str:
    """Return the name of the matrix of which this may be a column, "" for none."""
    name, _, place = column.rpartition("_")
    return name if place.isdecimal() else ""


def _arrays(variables: Mapping[str, Any]) -> tuple[dict[str, NDArray[Any]], list[str]]:
    """Return the arrays of two axes that hold numbers or text, and the names of all else.

    Those of a struct have the names of their fields.
    """
    found: dict[str, NDArray[Any]] = {}
    others: list[str] = []
    for name, content in variables.items():
        if isinstance(content, Mapping):
            inner, left = _arrays(content)
            _add(found, inner)
            others += left
            continue
        known = isinstance(content, np.ndarray) and content.dtype.kind in "fiubU"
        # Lines of text are an array of one axis.
        array = content[:, None] if known and content.ndim == 1 else content
        if known and array.ndim == 2:
            _add(found, {name: array})
        else:
            others.append(name)
    return found, others


def _add(known: dict[str, Any], further: Mapping[str, Any]) -> None:
    """Add columns or variables. Raises DataError where two have one name."""
    for name, content in further.items():
        if name in known:
            raise DataError(
                f"Two columns of the MATLAB file would be called '{name}'.",
                "Save one of them under another name.",
            )
        known[name] = content


def _named_columns(name: str, content: NDArray[Any]) -> dict[str, list[Any]]:
    if content.shape[1] == 1:
        return {name: content[:, 0].tolist()}
    return {f"{name}_{place + 1}": one.tolist() for place, one in enumerate(content.T)}
