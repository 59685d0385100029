"""What the command line prints of a run: decisions, network, result, and what comes next."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chainrule.data.decisions import Decision
from chainrule.diagnosis.verdicts.sentences import SECONDS
from chainrule.diagnosis.wording import listed
from chainrule.network.printing import layer_rows
from chainrule.training.run import Run
from chainrule.training.tables.doubtful_columns import is_giveaway_hint
from chainrule.training.tables.fold_records import folds_of, is_complete
from chainrule.training.tables.notes import preparation_of, table_note_of
from chainrule.training.tables.result import TableResult
from chainrule.views.commands import next_commands
from chainrule.views.comparison_grids import explained, result_grid
from chainrule.views.course import how_measured, last_training
from chainrule.views.decision_lines import beside_result, decision_lines
from chainrule.views.folders import CURVES, REPORT, TRAININGS
from chainrule.views.grid import Grid
from chainrule.views.plain_text import printable, quoted
from chainrule.views.scores import CONSTANT_MEANING, LINEAR_MEANING, mistakes_grid, score_grid

if TYPE_CHECKING:
    from rich.console import Console

    from chainrule.comparison.result import Comparison
    from chainrule.training.tables.plan import TablePlan

# Without a terminal a table is as wide as it has to be.
PIPE_WIDTH = 10_000
IN_FULL = "--json shows all"


def print_run(
    run: Run,
    folder: Path,
    table: Path,
    had_ended: bool = False,
    verdict: Mapping[str, Any] | None = None,
) -> None:
    """Print a run on a table; with bold letters only as far as the terminal has them.

    ``had_ended``: nothing was trained to get it; ``verdict``: the document of its diagnosis.
    Raises RunFolderError for a run on arrays, and for notes that are damaged; then nothing is
    printed.
    """
    note = table_note_of(folder, run.notes)
    task = preparation_of(run.setup, run.notes).target.task
    result, folds = run.result, folds_of(run)
    console = _console()
    if had_ended:
        _line(console, "This run had ended already; nothing was trained.")
        print()
    size = f"{note.source.rows:,} rows, {len(note.columns):,} columns"
    _line(console, f"{table_name(table)}: {size}; {task} of '{note.target}'")
    for line in decision_lines(note.decisions, IN_FULL):
        _line(console, line)
    print()
    _grid(console, network_grid(run))
    if result is not None:
        _print_result(console, result)
        for line in beside_result(note.decisions, note.choices.group is not None):
            _line(console, line, style="bold")
    _line(console, how_measured(run, note, folds))
    _line(console, last_training(run, folds))
    if result is not None:
        _line(console, LINEAR_MEANING, style="dim")
        _line(console, CONSTANT_MEANING[result.task], style="dim")
    if verdict is not None:
        _line(console, _verdict(verdict), style="bold")
    complete = is_complete(run)
    kept = "The run is in" if complete else "What there is of the run is in"
    _line(console, f"\n{kept} {folder}. Next:")
    if verdict is not None and verdict["primary"] is not None:
        _line(console, _after_a_cause(verdict, folder))
    elif verdict is not None and verdict["standing"] == "not proved":
        more = ("--seconds", str(SECONDS))
        _line(console, f"    {quoted('chainrule', 'diagnose', str(folder), *more)}")
    for command in next_commands(run, folder, table, complete):
        _line(console, f"    {command}")
    if (folder / REPORT).is_file():
        _line(console, f"All of it, with figures, on a page: {folder / REPORT}")


def _after_a_cause(verdict: Mapping[str, Any], folder: Path) -> str:
    """Return the command that puts right what was named, or says why none does."""
    named = (verdict["primary"], *verdict["others"])
    if any(one["remedy"] and not one["by_hand"] for one in named):
        return f"    {quoted('chainrule', 'diagnose', str(folder), '--fix')}"
    shown = quoted("chainrule", "diagnose", str(folder))
    why = "what to do is for you, and no training does it"
    if not verdict["primary"]["remedy"]:
        why = "no remedy is known"
    return f"    {shown}  # the evidence; {why}"


def _verdict(verdict: Mapping[str, Any]) -> str:
    """Return the line of a verdict. That a training is healthy does not say that its table is."""
    if verdict["standing"] == "healthy":
        told = verdict["giveaways"]
        if not told:
            return "Verdict: healthy."
        return f"Verdict: healthy, but for the column{'s' * (len(told) > 1)} {listed(told)}."
    said: str = verdict["verdict"]
    return f"Verdict: {said[:1].lower()}{said[1:]}"


def print_comparison(found: Comparison, plan: TablePlan, folder: Path | None, table: Path) -> None:
    """Print a comparison on a table: what was made of the table, the result, and where it is.

    ``folder``: None where it could not be saved.
    """
    console = _console()
    size = f"{plan.table.rows:,} rows, {len(plan.table.names):,} columns"
    _line(console, f"{table_name(table)}: {size}; {plan.task} of '{plan.target}'")
    for line in decision_lines(plan.decisions, "chainrule train --dry-run shows all"):
        _line(console, line)
    print()
    _grid(console, result_grid(found))
    _line(console, found.in_words, style="bold")
    _line(console, found.about, style="dim")
    for line in explained(found):
        _line(console, line, style="dim")
    if folder is None:
        return
    _line(console, f"\nAll of it, with figures, on a page: {folder / REPORT}")
    _line(console, f"Every training, and every curve: {folder / TRAININGS}, {folder / CURVES}")


def tell_before(plan: TablePlan) -> None:
    """Tell on a terminal, before the training, of columns that give the answer away.

    Elsewhere nobody waits, and the lines on the table say it.
    """
    if sys.stderr.isatty():
        for one in filter(is_giveaway_hint, plan.decisions):
            print(printable(f"{one.subject}: {one.text}  [{one.option}]"), file=sys.stderr)


def print_check(lines: Sequence[str], plan: TablePlan, table: Path) -> None:
    """Print what is doubtful about a table, one line each."""
    console = _console()
    size = f"{plan.table.rows:,} rows, {len(plan.table.names):,} columns"
    _line(console, f"{table_name(table)}: {size}; {plan.task} of '{plan.target}'")
    for line in lines:
        _line(console, line)


def table_name(table: Path) -> str:
    """Return what a table is called at the head of what is said of it."""
    return "The table" if str(table) == "-" else str(table)


def print_decisions(decisions: Sequence[Decision], heading: str = "") -> None:
    """Print decisions, one line each, with what overrides them; before them a heading."""
    console = _console()
    if heading:
        _line(console, heading)
    for line in decision_lines(decisions, IN_FULL):
        _line(console, line)


def network_grid(run: Run) -> Grid:
    """Return the network as a grid of layers, shapes and parameter counts."""
    plan = run.network.plan
    rows: list[tuple[str, ...]] = [
        (name, "input", f"n x {' x '.join(map(str, shape))}", "", "")
        for name, shape in plan.inputs.items()
    ]
    rows += [(*texts, f"{count:,}") for *texts, count in layer_rows(plan)]
    rows.append(("", "", "", "", f"{run.network.parameter_count:,}"))
    headings = ("layer", "", "output", "parameters", "count")
    return Grid(headings, tuple(rows), left=4, strong=(len(rows) - 1,))


def _print_result(console: Console, result: TableResult) -> None:
    _grid(console, score_grid(result))
    mistakes = mistakes_grid(result)
    if mistakes is not None and mistakes.rows:
        _grid(console, mistakes)
    _line(console, result.in_words, style="bold")


def _console() -> Console:
    from rich.console import Console

    width = None if sys.stdout.isatty() else PIPE_WIDTH
    return Console(highlight=False, markup=False, emoji=False, width=width)


def _line(console: Console, text: str, style: str = "") -> None:
    """Print a sentence: wrapped at words on a terminal, and in one line without."""
    first = "\n" if text.startswith("\n") else ""
    text = first + printable(text.removeprefix("\n"))
    # A command that is to be copied must not be broken into lines.
    whole = text.startswith("    ") or not console.is_terminal
    console.print(text, style=style, soft_wrap=whole)


def _grid(console: Console, grid: Grid) -> None:
    """Print a grid and an empty line after it, without blanks at the ends of its lines."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1))
    for place, heading in enumerate(grid.headings):
        if place < grid.left:
            table.add_column(printable(heading), overflow="fold")
        else:
            table.add_column(printable(heading), justify="right")
    for place, row in enumerate(grid.rows):
        table.add_row(*map(printable, row), style="bold" if place in grid.strong else "")
    with console.capture() as captured:
        console.print(table)
    lines = "\n".join(line.rstrip() for line in captured.get().splitlines())
    sys.stdout.write(f"{lines}\n\n")
