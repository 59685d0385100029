"""Places where nothing may be written: over a table that is read, and in the folder of a run."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from chainrule.errors import RunFolderError
from chainrule.files import folder_state
from chainrule.training.run import Run
from chainrule.training.tables.notes import TableNote


def tables_of(run: Run) -> tuple[str, ...]:
    """Return the paths of the tables that a run learned from and was tested on.

    Raises RunFolderError where the notes are damaged.
    """
    if "table" not in run.notes:
        return ()
    note = TableNote.from_record(run.notes["table"])
    sources = (note.source, note.test)
    return tuple(one.path for one in sources if one is not None and one.path is not None)


def refuse_kept(path: Path, what: str, given: Iterable[Any] = ()) -> None:
    """Raise RunFolderError for a file that would take the place of what is to be kept.

    Those are the files in ``given``, whose other contents (None, data frames) are not looked at,
    and all that is in the folder of a run.
    """
    why = ""
    if any(_is_same(path, one) for one in given if isinstance(one, str | Path)):
        why = "a table is read from there, and would be lost"
    else:
        folder = _run_around(path)
        if folder is not None:
            why = f"it is in the folder of a run, '{folder}'"
    if why:
        raise RunFolderError(
            f"{what} could not be written to '{path}': {why}.", "Choose another place."
        )


def _is_same(path: Path, other: str | Path) -> bool:
    try:
        return os.path.samefile(path, other)
    except (OSError, ValueError):
        # One of them is not there, so that nothing is lost; or is no path.
        return False


def _run_around(path: Path) -> Path | None:
    """Return the folder of a run that a path leads into, None where there is none."""
    try:
        inside = path.resolve().parents
        return next((one for one in inside if folder_state(one) == "run"), None)
    except (OSError, ValueError, RuntimeError, RunFolderError):
        # What cannot be looked at is refused where it is written to.
        return None
