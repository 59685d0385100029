"""What the command line prints of a run: the network, the data, the result, what to do next."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chainrule.network.printing import layer_rows
from chainrule.training.run import Run
from chainrule.training.table_notes import TableNote, preparation_of, table_note_of
from chainrule.training.table_result import LEARNING_RATE, TableResult, result_in
from chainrule.training.tables import is_complete
from chainrule.views.plain_text import printable, quoted

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

HEADINGS = {
    "right": "right",
    "accuracy": "accuracy",
    "log_loss": "log loss",
    "root_mean_squared_error": "RMSE",
    "mean_absolute_error": "MAE",
    "r2": "R2",
}
LINEAR = (
    "linear model: a network of one layer, trained on the same rows "
    f"(adam, learning rate {LEARNING_RATE})"
)
CONSTANT = {
    "classification": "constant: the shares of the classes in the training rows",
    "regression": "constant: the mean of the training rows; RMSE and MAE are in the target's units",
}
# Without a terminal a table is as wide as it has to be.
PIPE_WIDTH = 10_000


def print_run(run: Run, folder: Path, table: Path) -> None:
    """Print a run on a table; with bold letters only as far as the terminal has them."""
    note = table_note_of(folder, run.notes)
    result = result_in(run.notes)
    preparation = preparation_of(run.setup, run.notes).to_dict()
    console = _console()
    _line(
        console,
        f"{table}: {note.rows} rows, {len(note.columns)} columns; {result.task} of '{note.target}'",
    )
    for line in _decisions(preparation, note):
        _line(console, line)
    _table(console, network_table(run))
    _line(console, _course(run))
    _table(console, score_table(result))
    _line(console, result.in_words)
    if not result.complete:
        _line(console, "The linear model was not measured: its training was interrupted.")
    _line(console, LINEAR, style="dim")
    _line(console, CONSTANT[result.task], style="dim")
    _line(console, f"\nThe run is in {folder}. Next:")
    for command in next_commands(run, folder, table):
        _line(console, f"    {command}")


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


def _table(console: Console, table: Table) -> None:
    """Print a table between empty lines, without blanks at the ends of its lines."""
    with console.capture() as captured:
        console.print(table)
    lines = "\n".join(line.rstrip() for line in captured.get().splitlines())
    sys.stdout.write(f"\n{lines}\n\n")


def _decisions(preparation: Mapping[str, Any], note: TableNote) -> list[str]:
    """Return what was made of the rows and columns, one line for each decision."""
    split = note.split.sizes
    lines = [
        f"rows: {split['training']} for training, {split['validation']} to choose the epoch, "
        f"{split['test']} for the result"
    ]
    if split["left_out"]:
        lines.append(f"left out: {_counted(split['left_out'], 'row')} without a target")
    for kind, word in (("number", "numbers"), ("category", "categories")):
        names = [one["name"] for one in preparation["columns"] if one["kind"] == kind]
        if names:
            lines.append(f"{word}: {', '.join(names)}")
    missing = [one["name"] for one in preparation["columns"] if one["missing"]]
    if missing:
        lines.append(f"missing values: {', '.join(missing)} (filled in, and marked in an input)")
    lines += [f"not used: {one['name']} ({one['reason']})" for one in preparation["dropped"]]
    return lines


def _counted(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def network_table(run: Run) -> Table:
    """Return the network as a table of layers, shapes and parameter counts."""
    table = _plain_table("layer", "", "output", "parameters", right=("count",))
    plan = run.network.plan
    for name, shape in plan.inputs.items():
        table.add_row(printable(name), "input", f"n x {' x '.join(map(str, shape))}", "", "")
    for *texts, count in layer_rows(plan):
        table.add_row(*(printable(str(text)) for text in texts), f"{count:,}")
    table.add_row("", "", "", "", f"{run.network.parameter_count:,}", style="bold")
    return table


def score_table(result: TableResult) -> Table:
    """Return the result on the test rows beside the simple models."""
    names = [name for name in HEADINGS if name in result.scores[0].numbers]
    heading = f"on {_counted(result.test_rows, 'test row')}"
    table = _plain_table(heading, right=tuple(HEADINGS[name] for name in names))
    for place, one in enumerate(result.scores):
        cells = (_number(name, one.numbers[name]) for name in names)
        table.add_row(one.model, *cells, style="" if place else "bold")
    return table


def _number(name: str, number: float) -> str:
    if not math.isfinite(number):
        return "-"
    if name == "right":
        return f"{number:.0f}"
    return f"{number:.1%}" if name == "accuracy" else f"{number:.4g}"


def _plain_table(*left: str, right: Sequence[str] = ()) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1))
    for heading in left:
        table.add_column(heading, overflow="fold")
    for heading in right:
        table.add_column(heading, justify="right")
    return table


def _course(run: Run) -> str:
    """Say how the training went."""
    epochs = run.recording.epochs
    taken = f"{_counted(epochs, 'epoch')} in {run.state.seconds:.1f} s"
    text = f"{run.setup.optimizer.name}, {taken}: {run.ended}."
    held = run.history.get("validation_loss", [])
    if 0 < run.best_epoch <= len(held):
        loss = held[run.best_epoch - 1]
        text += f" Epoch {run.best_epoch} is kept (validation loss {loss:.4f})."
    elif run.ended.startswith("the loss became"):
        text += (
            " No epoch is kept, so this is the network before training: lower the learning rate."
        )
    return text


def next_commands(run: Run, folder: Path, table: Path) -> list[str]:
    """Return commands that work on the run, ready to be pasted."""
    commands: list[tuple[str, ...]] = [("predict", str(folder), str(table))]
    if is_complete(run):
        commands.append((*commands[0], "--output", "predictions.csv"))
    else:
        commands.insert(0, ("resume", str(folder)))
    return [quoted("chainrule", *words) for words in commands]


def run_as_json(run: Run, folder: Path) -> str:
    """Return a run on a table as one JSON document; a number that is none stands as null."""
    note = table_note_of(folder, run.notes)
    result = result_in(run.notes).to_record()
    preparation = preparation_of(run.setup, run.notes).to_dict()
    document = {
        "run": str(folder),
        "finished": is_complete(run),
        "ended": run.ended,
        "table": {"path": note.path, "rows": note.rows, "columns": list(note.columns)},
        "target": note.target,
        "rows": note.split.sizes,
        "columns": preparation["columns"],
        "not_used": preparation["dropped"],
        "layers": [
            {"layer": name, "made_by": made_by, "output": output, "parameters": count}
            for name, made_by, output, _, count in layer_rows(run.network.plan)
        ],
        "parameters": run.network.parameter_count,
        "optimizer": run.setup.optimizer.name,
        "seed": run.setup.seed,
        "epochs": run.recording.epochs,
        "kept_epoch": run.best_epoch,
        "seconds": round(run.state.seconds, 3),
        "history": run.history,
        **result,
    }
    return json.dumps(_finite(document), indent=1, allow_nan=False)


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _finite(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
