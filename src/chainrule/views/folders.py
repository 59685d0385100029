"""Where a new run goes on the disk, and what is said of it when Ctrl-C ends its training."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from chainrule.errors import RunFolderError
from chainrule.files import folder_state
from chainrule.files.disk import reason
from chainrule.views.plain_text import quoted

# The page about a run, beside what run.json names.
REPORT = "report.html"
# Its figures, each a file.
FIGURES = "figures"
# The tables of a comparison, and its result as plain data.
TRAININGS, CURVES, RESULT = "trainings.csv", "curves.csv", "result.json"
# What stands behind the name of a table in the name of a comparison's folder.
COMPARED = "-compared"


@contextlib.contextmanager
def run_folder(output: Path | None, table: Path) -> Iterator[Path]:
    """Yield the folder for a new run; one that was made here goes again if nothing came into it.

    Raises RunFolderError where no folder can be made.
    """
    folder = output or new_folder(table)
    try:
        with told_where(folder):
            yield folder
    finally:
        if output is None:
            for made in (folder, folder.parent):
                # A folder with something in it stays.
                with contextlib.suppress(OSError):
                    made.rmdir()


@contextlib.contextmanager
def comparison_folder(output: Path | None, table: Path) -> Iterator[Path]:
    """Yield the folder for a comparison; one that was made here goes again if nothing came into it.

    Raises RunFolderError where no folder can be made, or the one that is given is not empty.
    """
    if output is not None:
        refuse_full(output)
    folder = output or new_folder(table, COMPARED)
    new = (folder, folder.parent) if output is None else () if folder.exists() else (folder,)
    if output is not None:
        _make(folder)
    try:
        yield folder
    except KeyboardInterrupt as interrupt:
        told = str(interrupt) or "Training had not begun, and nothing is kept."
        raise KeyboardInterrupt(told) from None
    finally:
        for made in new:
            with contextlib.suppress(OSError):
                made.rmdir()


def _make(folder: Path) -> None:
    """Make a folder now, and not after a minute of trainings. Raises RunFolderError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunFolderError(
            f"The folder '{folder}' cannot be made: {reason(error)}.", "Choose another place."
        ) from None


def refuse_full(folder: Path) -> None:
    """Raise RunFolderError for a folder with something in it."""
    try:
        full = any(folder.iterdir())
    except FileNotFoundError:
        return
    except OSError as error:
        raise RunFolderError(
            f"The folder '{folder}' cannot be used: {reason(error)}.", "Choose another folder."
        ) from None
    if full:
        raise RunFolderError(
            f"There is something in the folder '{folder}' already.", "Choose another folder."
        )


def new_folder(table: Path, what: str = "") -> Path:
    """Make and return a folder under runs/ that was not there yet, named after the table.

    ``what`` stands behind the name.
    Raises RunFolderError where that cannot be.
    """
    number, name = 1, ("table" if str(table) == "-" else table.stem) + what
    while True:
        folder = Path("runs") / f"{name}-{number}"
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            number += 1
        except OSError as error:
            raise RunFolderError(
                f"The folder '{folder}' cannot be made: {reason(error)}.",
                "Choose another folder for the run: --output FOLDER.",
            ) from None
        else:
            return folder


@contextlib.contextmanager
def told_where(folder: Path) -> Iterator[None]:
    """Have a Ctrl-C that nothing else caught say whether there is a run to go on with."""
    try:
        yield
    except KeyboardInterrupt:
        kept = folder_state(folder) == "run"
        told = kept_in(folder) if kept else "Training had not begun, and nothing is kept."
        raise KeyboardInterrupt(told) from None


def kept_in(folder: Path) -> str:
    """Say where an interrupted run is, and how to go on with it."""
    return f"The best so far is kept in {folder}.\nGo on with: " + quoted(
        "chainrule", "resume", str(folder)
    )
