"""``chainrule worksheet`` and ``chainrule mark``: exercises for a class, and what went wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chainrule.command_options import Json


def worksheet(
    students: Annotated[int, typer.Option(help="Make so many sheets, 1 to 1000.")] = 30,
    seed: Annotated[int, typer.Option(help="Decides all numbers of all sheets.")] = 1,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The folder for sheets and key.")
    ] = Path("sheets"),
) -> None:
    """Make worksheets on backpropagation: every student a small network, with blanks.

    The folder has the sheets as a page to print, the key as a page and as CSV, and a CSV to fill
    in, which `chainrule mark` reads. The same seed makes the same sheets.
    """
    from chainrule.explanation.worksheets.sheets import worksheets
    from chainrule.views.plain_text import quoted
    from chainrule.views.worksheet_files import write_worksheets

    made = worksheets(students, seed)
    written = write_worksheets(made, output)
    for path, what in written.items():
        print(f"{path}: {what}")
    print("\nTo mark what comes back:")
    print("    " + quoted("chainrule", "mark", str(output / "answers.csv")))


def mark(
    answers: Annotated[
        Path, typer.Argument(help="The filled-in answers.csv: columns student, blank, answer.")
    ],
    seed: Annotated[
        int | None, typer.Option(help="That of the worksheets, if the file has no column seed.")
    ] = None,
    students: Annotated[
        int | None, typer.Option(help="So many sheets were made, if no column sheets says it.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the marks to this file, as CSV.")
    ] = None,
    json: Json = False,
) -> None:
    """Mark worksheets: for each student the first wrong number, and the rule that was broken.

    What follows rightly from a first mistake is not counted as another.
    """
    from chainrule.explanation.worksheets.answers_file import read_answers
    from chainrule.explanation.worksheets.marking import mark as marked
    from chainrule.views.marks import marks_as_csv, marks_as_json, marks_as_text
    from chainrule.views.places import refuse_kept
    from chainrule.views.report import write_file

    if output is not None:
        refuse_kept(output, "The marks", (answers,))
    found = marked(read_answers(answers, seed, students))
    if output is not None:
        write_file(output, marks_as_csv(found), "The marks")
    if json:
        print(marks_as_json(found))
    elif output is None:
        print(marks_as_text(found))
