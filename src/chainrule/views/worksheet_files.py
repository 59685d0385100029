"""The files of a class's worksheets: the sheets, the key as page and CSV, the CSV to fill in."""

from __future__ import annotations

import contextlib
import csv
import io
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from chainrule.errors import RunFolderError
from chainrule.explanation.worksheets.exercise import BLANKS
from chainrule.explanation.worksheets.sheets import DECIMALS, Worksheet
from chainrule.files.disk import TEMPORARY, elsewhere, reason, settle_names
from chainrule.views.folders import refuse_full
from chainrule.views.report import write_file
from chainrule.views.worksheet_page import key_page, sheets_page

COLUMNS = ("seed", "sheets", "student", "blank", "answer")


def write_worksheets(sheets: Sequence[Worksheet], folder: Path) -> dict[Path, str]:
    """Write all files into a folder that is empty or not there yet; return path -> what it is.

    A folder that was not there is there with all of them, or not at all, also after a kill. Raises
    RunFolderError where that cannot be, and then leaves nothing.
    """
    refuse_full(folder)
    count = f"{len(sheets)} sheet{'s' * (len(sheets) != 1)}"
    files = {
        "worksheets.html": (sheets_page(sheets), f"{count}, to print"),
        "answers.csv": (answers_csv(sheets, filled=False), "to fill in with what students wrote"),
        "key.html": (key_page(sheets), "the key, with formulas"),
        "key.csv": (answers_csv(sheets, filled=True), "the key as a table"),
    }
    if folder.exists():
        _write_all(folder, files)
    else:
        _write_folder(folder, files)
    return {folder / name: what for name, (_, what) in files.items()}


def _write_folder(folder: Path, files: Mapping[str, tuple[str, str]]) -> None:
    """Write files into a folder beside, which gets its name when all of them are in it."""
    beside = folder.with_name(f"{folder.name}.{os.urandom(4).hex()}{TEMPORARY}")
    # Folders on the way that were not there, the innermost first.
    made = [one for one in folder.parents if not one.exists()]
    try:
        try:
            beside.mkdir(parents=True)
            _write_all(beside, files)
            os.replace(beside, folder)
            settle_names(folder.parent)
        except OSError as error:
            raise RunFolderError(
                f"The folder '{folder}' could not be made: {reason(error)}.", elsewhere(error)
            ) from None
    except BaseException:
        for one in (beside, *made):
            with contextlib.suppress(OSError):
                one.rmdir()
        raise


def _write_all(folder: Path, files: Mapping[str, tuple[str, str]]) -> None:
    """Write all files, or leave none of them where one cannot be."""
    try:
        for name, (contents, what) in files.items():
            write_file(folder / name, contents, f"{name}, {what},")
    except BaseException:
        for name in files:
            with contextlib.suppress(OSError):
                (folder / name).unlink()
        raise


def answers_csv(sheets: Sequence[Worksheet], *, filled: bool) -> str:
    """Return one line for each blank of each student, with the key's number or without."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    made = max((one.student for one in sheets), default=0)
    for sheet in sheets:
        for blank in BLANKS:
            answer = f"{sheet.key[blank]:.{DECIMALS}f}" if filled else ""
            writer.writerow((sheet.seed, made, sheet.student, blank, answer))
    return text.getvalue()
