"""What the command line prints of a run: the network, the data, the result, what to do next."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chainrule.network.printing import layer_rows
from chainrule.training.run import Run

if TYPE_CHECKING:
    from rich.table import Table

HEADINGS = {
    "accuracy": "accuracy",
    "log_loss": "log loss",
    "root_mean_squared_error": "RMSE",
    "mean_absolute_error": "MAE",
    "r2": "R2",
}


def print_run(run: Run, folder: Path, table: Path) -> None:
    """Print a run on a table; colours and lines only as far as the terminal has them."""
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=False)
    note, result = run.notes["table"], run.notes["result"]
    split = {name: len(rows) for name, rows in note["split"].items()}
    console.print(
        f"{table}: {note['rows']} rows, {len(note['columns'])} columns; "
        f"{result['task']} of '{note['target']}'", markup=False,
    )
    for line in _decisions(run, split):
        console.print(line, markup=False)
    console.print()
    console.print(network_table(run))
    console.print()
    console.print(_course(run), markup=False)
    console.print()
    console.print(score_table(result["scores"], result["test_rows"]))
    console.print(result["in_words"], markup=False)
    console.print(f"\nThe run is in {folder}. Next:", markup=False)
    for command in next_commands(folder, table):
        console.print(f"    {command}", markup=False, soft_wrap=True)


def _decisions(run: Run, split: Mapping[str, int]) -> list[str]:
    """Return what was made of the rows and columns, one line for each decision."""
    preparation = run.notes["preparation"]
    lines = [
        f"rows: {split['training']} for training, {split['validation']} to choose the epoch, "
        f"{split['test']} for the result"
    ]
    if split["left_out"]:
        lines.append(f"left out: {split['left_out']} rows without a target")
    for kind in ("number", "category"):
        names = [one["name"] for one in preparation["columns"] if one["kind"] == kind]
        if names:
            word = "numbers" if kind == "number" else "categories"
            lines.append(f"{word}: {', '.join(names)}")
    missing = [one["name"] for one in preparation["columns"] if one.get("missing")]
    if missing:
        lines.append(f"missing values: {', '.join(missing)} (filled in, and marked in an input)")
    lines += [f"not used: {one['name']} ({one['reason']})" for one in preparation["dropped"]]
    return lines


def network_table(run: Run) -> Table:
    """Return the network as a table of layers, shapes and parameter counts."""
    table = _plain_table("layer", "", "output", "parameters", right=("count",))
    plan = run.network.plan
    for name, shape in plan.inputs.items():
        table.add_row(name, "input", f"n x {' x '.join(map(str, shape))}", "", "")
    for name, made_by, output, parts, count in layer_rows(plan):
        table.add_row(name, made_by, output, parts, f"{count:,}")
    table.add_row("", "", "", "", f"{run.network.parameter_count:,}", style="bold")
    return table


def score_table(scores: Sequence[Mapping[str, Any]], rows: int) -> Table:
    """Return the result on the test rows beside the simple models."""
    names = [name for name in HEADINGS if name in scores[0]]
    table = _plain_table(f"on {rows} test rows", right=tuple(HEADINGS[name] for name in names))
    for one in scores:
        style = "bold" if one["model"] == "network" else ""
        table.add_row(one["model"], *(_number(name, one[name]) for name in names), style=style)
    return table


def _number(name: str, number: float) -> str:
    return f"{number:.1%}" if name == "accuracy" else f"{number:.4g}"


def _plain_table(*left: str, right: Sequence[str] = ()) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    for heading in left:
        table.add_column(heading)
    for heading in right:
        table.add_column(heading, justify="right")
    return table


def _course(run: Run) -> str:
    """Say how the training went."""
    optimizer = run.setup.optimizer
    epochs = run.recording.epochs
    text = f"{optimizer.name}, {epochs} epochs in {run.state.seconds:.1f} s: {run.ended}."
    if epochs and run.best_epoch:
        loss = run.history["validation_loss"][run.best_epoch - 1]
        text += f" Epoch {run.best_epoch} is kept (validation loss {loss:.4f})."
    return text


def next_commands(folder: Path, table: Path) -> list[str]:
    """Return commands that work on the run."""
    return [f"chainrule predict {shlex.quote(str(folder))} {shlex.quote(str(table))}"]


def run_as_json(run: Run, folder: Path) -> str:
    """Return a run on a table as one JSON document."""
    note = run.notes["table"]
    return json.dumps(
        {
            "run": str(folder),
            "target": note["target"],
            "rows": {name: len(rows) for name, rows in note["split"].items()},
            "epochs": run.recording.epochs,
            "kept_epoch": run.best_epoch,
            "ended": run.ended,
            "seconds": round(run.state.seconds, 3),
            "parameters": run.network.parameter_count,
            **run.notes["result"],
        },
        indent=1,
    )
