"""``chainrule diagnose``: healthy, or what is wrong with a run, the proof, and the fix."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from chainrule.command_options import Json

if TYPE_CHECKING:
    from chainrule.diagnosis.fixes.fix import Fix
    from chainrule.diagnosis.report import Report
    from chainrule.errors import RunFolderError
    from chainrule.training.run import Run

# What stands behind the name of a run's folder in that of the fixed run.
FIXED = "-fixed"
PAGE = "The diagnosis"


def diagnose(
    run: Annotated[Path, typer.Argument(help="The folder of a run.")],
    data: Annotated[
        Path | None, typer.Option(help="The run's table, if it is no longer where it was.")
    ] = None,
    fix: Annotated[
        bool,
        typer.Option("--fix", help="Apply what helps, train again, and show before and after."),
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="The fixed run's folder [default: RUN-fixed]."),
    ] = None,
    save: Annotated[Path | None, typer.Option(help="Write all of it to this page.")] = None,
    seconds: Annotated[
        float | None,
        typer.Option(
            help="How long experiments may take [default: as long as the training, and 2 at least]."
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Say whether a run is healthy, or what is wrong with it.

    What measurements of the run make suspect is tried by experiment: trainings with one thing
    changed beside trainings with nothing changed, from several starts. Only what helps by more than
    chance is called the cause. With --fix the remedy is applied, the run is trained again over ten
    seeds, before and after, and what does not help is not kept.

    The exit code is 0 whatever the verdict, for an ill run is an answer as well; only errors have
    others. A script reads "name" of --json. (chainrule check, made to stand before a training,
    ends with 6 where something is doubtful.)
    """
    given = dict(locals())
    from chainrule.diagnosis.door import diagnose as diagnosed
    from chainrule.training.progress import shown_while
    from chainrule.views.commands import seconds_in
    from chainrule.views.folders import refuse_full
    from chainrule.views.places import refuse_kept, tables_of
    from chainrule.views.report import refuse_no_file

    # Said before the work, not after it.
    if output is not None:
        refuse_full(output)
    if save is not None:
        refuse_no_file(save, PAGE)
    limit = seconds_in(seconds)
    opened = _on_a_table(run)
    if save is not None:
        refuse_kept(save, PAGE, (data, *tables_of(opened)))
    with shown_while("examining the run", not json):
        report = diagnosed(opened, data=data, seconds=limit)
    document = report.to_dict() | {"call": _command(given)}
    folder, made_by, failed = None, "", None
    if fix:
        found = report.fix(progress=not json)
        folder, failed = _kept(found, output or _new_folder(run))
        document |= {"fix": found.to_dict() | {"run": None if folder is None else str(folder)}}
        made_by = "" if folder is None or found.run is None else _made_by(found.run)
    _show(document, save, _table(report, data), folder, made_by, json=json, failed=failed)


def _on_a_table(folder: Path) -> Run:
    """Return the run of a folder. Raises DataError for one of which the command has no rows."""
    from chainrule.errors import DataError
    from chainrule.training.records import load

    run = load(folder)
    if "preparation" not in run.notes:
        raise DataError(
            f"'{folder}' was not trained on a table, and a run keeps no rows, so that the command "
            "line has none to judge it by.",
            f"Diagnose it in Python, with its rows: cr.diagnose({str(folder)!r}, X, y).",
        )
    return run


def _kept(found: Fix, folder: Path) -> tuple[Path | None, RunFolderError | None]:
    """Save a fixed run; return its folder, None where nothing was changed, and what went wrong.

    All that was found is shown before that is raised.
    """
    from chainrule.errors import RunFolderError

    if not found.kept:
        return None, None
    try:
        found.save(folder)
    except RunFolderError as error:
        return None, error
    return folder, None


def _made_by(run: Run) -> str:
    """Return the command that trains a fixed run on a table, empty where there is none."""
    from chainrule.training.tables.notes import TableNote
    from chainrule.views.commands import train_command

    if run.result is None:
        return ""
    return train_command(run, TableNote.from_record(run.notes["table"])) or ""


def _new_folder(run: Path) -> Path:
    """Return the first folder beside a run, named after it, that is not there yet."""
    number, front = 1, run.resolve()
    while True:
        last = f"{front.name}{FIXED}" if number == 1 else f"{front.name}{FIXED}-{number}"
        folder = run.parent / last if run.name == front.name else front.parent / last
        if not folder.exists():
            return folder
        number += 1


def _table(report: Report, data: Path | None) -> str:
    """Return the path of the table that the run was trained on, empty where it has none."""
    if data is not None:
        return str(data)
    noted = {} if report.run is None else report.run.notes.get("table", {})
    return str(noted.get("source", {}).get("path") or "")


def _show(
    document: Mapping[str, Any],
    save: Path | None,
    table: str,
    folder: Path | None,
    made_by: str,
    *,
    json: bool,
    failed: RunFolderError | None = None,
) -> None:
    """Print a diagnosis, or write its page and print what it says first.

    ``failed`` is raised behind it, or what kept the page from being written.
    """
    from json import dumps

    from chainrule.errors import RunFolderError
    from chainrule.views.explanation_page import page_of
    from chainrule.views.explanation_text import print_first, print_told
    from chainrule.views.explanation_told import told
    from chainrule.views.folders import REPORT
    from chainrule.views.plain_text import quoted
    from chainrule.views.report import write_file

    if save is not None:
        try:
            write_file(save, page_of(document), PAGE)
        except RunFolderError as error:
            # What was found is told all the same.
            save, failed = None, failed or error
    if json:
        print(dumps(document, indent=2, allow_nan=False))
        if failed is not None:
            raise failed
        return
    found = told(document)
    if save is None:
        print_told(found)
    else:
        print_first(found)
        if "fix" in document:
            print(document["fix"]["words"])
        print(f"All of it, on a page: {save}")
    if folder is not None:
        if made_by:
            print(f"\nThe fixed run is the one of this command:\n    {made_by}")
        print(f"\nThe fixed run is in {folder}. Next:")
        print("    " + quoted("chainrule", "diagnose", str(folder)))
        if table:
            print("    " + quoted("chainrule", "predict", str(folder), table))
        if (folder / REPORT).is_file():
            print(f"Its result, with figures, on a page: {folder / REPORT}")
    if failed is not None:
        raise failed


def _command(given: Mapping[str, Any]) -> str:
    """Return the command line that was given, as it can be pasted."""
    from chainrule.views.plain_text import quoted

    words = ["chainrule", "diagnose", str(given["run"])]
    words += ["--fix"] if given["fix"] else []
    for name in ("data", "output", "save", "seconds"):
        if given[name] is not None:
            words += [f"--{name}", str(given[name])]
    return quoted(*words)
