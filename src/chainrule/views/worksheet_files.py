"""The files of a class's worksheets: the sheets, the key as page and CSV, the CSV to fill in."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from chainrule.errors import RunFolderError
from chainrule.explanation.exercise import BLANKS
from chainrule.explanation.worksheets import DECIMALS, Worksheet
from chainrule.files.disk import reason
from chainrule.views.folders import refuse_full
from chainrule.views.report import write_file
from chainrule.views.worksheet_page import key_page, sheets_page

COLUMNS = ("seed", "sheets", "student", "blank", "answer")


def write_worksheets(sheets: Sequence[Worksheet], folder: Path) -> dict[Path, str]:
    """Write all files into a folder that is empty or not there yet; return path -> what it is.

    Raises RunFolderError where that cannot be.
    """
    refuse_full(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunFolderError(
            f"The folder '{folder}' could not be made: {reason(error)}.", "Choose another place."
        ) from None
    count = f"{len(sheets)} sheet{'s' * (len(sheets) != 1)}"
    files = {
        "worksheets.html": (sheets_page(sheets), f"{count}, to print"),
        "answers.csv": (answers_csv(sheets, filled=False), "to fill in with what students wrote"),
        "key.html": (key_page(sheets), "the key, with formulas"),
        "key.csv": (answers_csv(sheets, filled=True), "the key as a table"),
    }
    for name, (contents, what) in files.items():
        write_file(folder / name, contents, f"{name}, {what},")
    return {folder / name: what for name, (_, what) in files.items()}


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
