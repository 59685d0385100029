"""What the tests of run folders share: a sample run, and runs whose every value is one number."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import chainrule.files
from chainrule.errors import RunFolderError
from chainrule.files import Stored, read_folder, write_folder

DOCUMENTS = {"setup": {"rate": 0.1, "name": "Zürich", "layers": [1, 2]}, "recording": {"loss": []}}
ARRAYS = {"parameters": {"dense_1.W": np.arange(6.0).reshape(2, 3)}, "state": {"t": np.array(3)}}
FILES = {"run.json", "setup.1.json", "recording.1.json"} | {
    "parameters.1.safetensors",
    "state.1.safetensors",
}

LENGTH = 3000
NUMBERED_FILES = {"run.json", "setup.json", "parameters.safetensors"}

_IMPORTS = f"""
import sys
from {__name__} import RunFolderError, read_folder, save
"""


def refused(action: Callable[..., object], *arguments: Any, **named: Any) -> str:
    """Return the cause of the refusal, after a look at the form of both of its sentences."""
    refusal = RunFolderError("nothing was refused")
    try:
        action(*arguments, **named)
    except RunFolderError as error:
        refusal = error
    assert refusal.cause.endswith(".")
    assert refusal.remedy.endswith(".")
    assert str(refusal).isprintable()
    return refusal.cause


def same_bits(first: np.ndarray, second: np.ndarray) -> bool:
    first = first.astype(first.dtype.newbyteorder("="))
    if (first.dtype, first.shape) != (second.dtype, second.shape):
        return False
    return first.tobytes() == second.tobytes()


def is_the_run(stored: Stored) -> bool:
    return (
        stored.documents == DOCUMENTS
        and {name: set(group) for name, group in stored.arrays.items()}
        == {name: set(group) for name, group in ARRAYS.items()}
        and all(
            same_bits(array, stored.arrays[name][key])
            for name, group in ARRAYS.items()
            for key, array in group.items()
        )
    )


def save(folder: str | Path, number: int, replace: bool = True) -> None:
    """Save a run whose every value is ``number``."""
    arrays = {"parameters": {"w": np.full(LENGTH, float(number))}}
    write_folder(folder, {"setup": {"number": number}}, arrays, replace=replace)


def saved_number(folder: Path) -> int:
    """Return the number of the run in the folder, which must be all of one piece."""
    stored = read_folder(folder)
    number: int = stored.documents["setup"]["number"]
    assert stored.arrays["parameters"]["w"].tolist() == [float(number)] * LENGTH
    return number


def refusal_of(folder: Path) -> str:
    """Save the run 2 and return why it was refused in the system's words, "" where it was not."""
    try:
        save(folder, 2)
    except RunFolderError as error:
        return error.cause.rpartition(": ")[2].rstrip(".")
    return ""


def kinds_of_files(folder: Path) -> set[str]:
    """Return the names in the folder without their generations, each of which must be alone."""
    names = [re.sub(r"\.\d+\.", ".", name) for name in os.listdir(folder)]
    assert len(set(names)) == len(names)
    return set(names)


def contents_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def start(code: str, *arguments: object) -> subprocess.Popen[str]:
    """Start a Python of its own, which has ``save`` and its arguments in ``sys.argv[1:]``."""
    paths = [Path(chainrule.files.__file__).parents[2], Path(__file__).parent]
    return subprocess.Popen(
        [sys.executable, "-c", f"{_IMPORTS}{code}", *map(str, arguments)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths))},
    )
