"""The command line. How a command ends: views/failures.py."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ParamSpec

import typer

from chainrule.check_command import check
from chainrule.command_options import (
    L2,
    Activation,
    BatchSize,
    Categorical,
    Dates,
    Decimal,
    Delimiter,
    Drop,
    Encoding,
    Group,
    Header,
    Hidden,
    IgnoreRows,
    Json,
    LearningRate,
    Missing,
    Numeric,
    Optimizer,
    Quiet,
    TablePath,
    Target,
    Task,
    Time,
    choices_of,
)
from chainrule.compare_command import compare
from chainrule.diagnose_command import diagnose
from chainrule.explain_command import explain
from chainrule.views.failures import EXIT_CODES, prepare_streams, reported
from chainrule.views.plain_text import printable, quoted
from chainrule.worksheet_command import mark, worksheet

if TYPE_CHECKING:
    from chainrule.data.choices import Choices
    from chainrule.training.run import Run
    from chainrule.training.tables.recipe import Recipe

Arguments = ParamSpec("Arguments")

# typer's own decorated help costs a fifth of a second; plain text reads as well.
app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Train neural networks by backpropagation: run it, read it, question it.",
    epilog=EXIT_CODES,
)

Every = Annotated[
    float, typer.Option(min=0.0, help="Seconds between savings while training is under way.")
]


def ends_in_a_code(command: Callable[Arguments, None]) -> Callable[Arguments, None]:
    """Return the command with its errors turned into sentences and exit codes."""

    @wraps(command)
    def reporting(*arguments: Arguments.args, **named: Arguments.kwargs) -> None:
        with reported():
            command(*arguments, **named)

    return reporting


@app.callback(invoke_without_command=True)
@ends_in_a_code
def start(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Train neural networks by backpropagation: run it, read it, question it."""
    if version:
        print(f"chainrule {_version()}")
    elif context.invoked_subcommand is None:
        print("Three commands that work at once:\n")
        print("    " + quoted("chainrule", "train", str(heart_table()), "--target", "disease"))
        print("    chainrule examples")
        print("    chainrule --help")


@app.command()
@ends_in_a_code
def train(
    table: TablePath,
    target: Target,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="The run's folder [default: a new one under runs/]."),
    ] = None,
    task: Task = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be made of the file, and end.")
    ] = False,
    drop: Drop = None,
    categorical: Categorical = None,
    numeric: Numeric = None,
    ignore_rows: IgnoreRows = "",
    group: Group = None,
    time: Time = None,
    test: Annotated[
        Path | None, typer.Option(help="A file of its own that the result is measured on.")
    ] = None,
    missing: Missing = None,
    decimal: Decimal = None,
    dates: Dates = None,
    header: Header = None,
    delimiter: Delimiter = None,
    encoding: Encoding = None,
    hidden: Hidden = "16",
    activation: Activation = "tanh",
    optimizer: Optimizer = "adam",
    learning_rate: LearningRate = None,
    epochs: Annotated[int, typer.Option(help="Go through the rows so many times at most.")] = 300,
    batch_size: BatchSize = "auto",
    patience: Annotated[
        int, typer.Option(help="Stop after so many epochs without a better validation loss.")
    ] = 30,
    l2: L2 = None,
    class_weight: Annotated[
        str | None,
        typer.Option(help="balanced: rare classes weigh more, so that each counts as much."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Decides the folds, the starts and the order.")] = 0,
    keep_data: Annotated[
        bool, typer.Option("--keep-data", help="Keep the rows in the run's folder.")
    ] = False,
    checkpoint_every: Every = 10.0,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Train a network on a table and print its result.

    What is made of the file is printed, with the options that decide otherwise. Up to 5,000 rows
    there are five folds, of fewer than five groups as many as groups: each row is predicted by a
    network that learned from others, and whose epoch others chose. Above that about a fifth of the
    rows is. The result stands beside a constant and a linear model. Then a network is trained on
    all rows. Ctrl-C ends the folds; `chainrule resume` goes on.
    """
    given = dict(locals())
    from chainrule.training.interrupts import uninterrupted

    with uninterrupted():
        from chainrule.training.tables.door import train_as_chosen
        from chainrule.training.tables.recipe import Recipe
        from chainrule.views.commands import batch_of, widths_of
        from chainrule.views.folders import run_folder
        from chainrule.views.terminal import tell_before

    choices = choices_of(given)
    recipe = Recipe.of(
        hidden=widths_of(hidden), activation=activation, optimizer=optimizer,
        learning_rate=learning_rate, epochs=epochs, batch_size=batch_of(batch_size),
        patience=patience, l2=l2, seed=seed, class_weight=class_weight,
    )  # fmt: skip
    if dry_run:
        _print_plan(table, target, choices, recipe, test, json=json)
        return
    with run_folder(output, table) as folder:
        run = train_as_chosen(
            table, target, choices, recipe, test=test, output=folder, keep_data=keep_data,
            checkpoint_every=checkpoint_every, progress=not (quiet or json),
            on_plan=None if quiet or json else tell_before,
        )  # fmt: skip
        _report(run, folder, table, json=json, quiet=quiet)


@app.command()
@ends_in_a_code
def resume(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run.")],
    data: Annotated[
        Path | None, typer.Option(help="Where the table is now, if it was moved.")
    ] = None,
    test: Annotated[
        Path | None, typer.Option(help="Where the test table is now, if it was moved.")
    ] = None,
    checkpoint_every: Every = 10.0,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Go on with a run that was interrupted or killed.

    It ends with the same numbers as if it had not been.
    """
    from chainrule.training.interrupts import uninterrupted

    with uninterrupted():
        from chainrule.training.records import load
        from chainrule.training.tables.door import resume_table
        from chainrule.training.tables.fold_records import is_complete
        from chainrule.training.tables.notes import table_note_of
        from chainrule.views.folders import told_where

    with told_where(folder):
        had_ended = is_complete(load(folder))
        run = resume_table(
            folder,
            data,
            test=test,
            checkpoint_every=checkpoint_every,
            progress=not (quiet or json),
        )
        # What was no file, a data frame or standard input, comes back by standard input.
        table = data or Path(table_note_of(folder, run.notes).source.path or "-")
        _report(run, folder, table, json=json, quiet=quiet, had_ended=had_ended)


@app.command()
@ends_in_a_code
def predict(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run.")],
    table: Annotated[
        Path,
        typer.Argument(help="A CSV, Parquet or .mat file with the same columns; - for a pipe."),
    ] = Path("-"),
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write to this file, not to the screen.")
    ] = None,
    json: Json = False,
) -> None:
    """Predict the rows of a table, or of standard input.

    Printed are the identifiers of the rows, a class and the probability of each, or a number in the
    target's units.
    """
    from chainrule.training.interrupts import uninterrupted

    with uninterrupted():
        from chainrule.training.records import load
        from chainrule.views.places import refuse_kept, tables_of
        from chainrule.views.predictions import predictions_of, write_predictions

    run = load(folder)
    if output is not None:
        refuse_kept(output, "The predictions", (table, *tables_of(run)))
    made = predictions_of(run, table)
    for note in made.notes:
        print(printable(f"note: {note}"), file=sys.stderr)
    write_predictions(made, output, json=json)


@app.command()
@ends_in_a_code
def report(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the page to this file.")
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            help="The table that the result was measured on (that of --test, if given), for the "
            "figure of calibration or residuals."
        ),
    ] = None,
) -> None:
    """Print what a run on a table came to, or write it as a page that stands by itself."""
    from chainrule.training.interrupts import uninterrupted

    with uninterrupted():
        from chainrule.training.records import load
        from chainrule.views.report import report_of

    found = report_of(load(folder), data)
    if output is None:
        print(found)
    else:
        found.save(output)


app.command()(ends_in_a_code(check))
app.command()(ends_in_a_code(compare))
app.command()(ends_in_a_code(explain))
app.command()(ends_in_a_code(diagnose))
app.command()(ends_in_a_code(worksheet))
app.command()(ends_in_a_code(mark))


@app.command()
@ends_in_a_code
def engines() -> None:
    """Say what runs the training on this machine, and why."""
    from chainrule.engines.choosing import engine_report

    print(engine_report())


@app.command()
@ends_in_a_code
def examples(
    name: Annotated[
        str | None, typer.Argument(help="The example to run, such as xor or 07.")
    ] = None,
    figure: Annotated[
        Path | None, typer.Option(help="Save the example's figure to this file.")
    ] = None,
) -> None:
    """List the worked examples, or run one."""
    from chainrule.views.examples import list_examples, run_example

    if name is None:
        print(list_examples(examples_folder()))
    else:
        run_example(examples_folder(), name, figure)


def _version() -> str:
    from importlib import metadata

    try:
        return metadata.version("chainrule")
    except metadata.PackageNotFoundError:
        return "(not installed, of unknown version)"


def examples_folder() -> Path:
    """Return where the worked examples lie: in the installed package, or beside its sources."""
    inside = Path(__file__).parent / "examples"
    return inside if inside.is_dir() else Path(__file__).parents[2] / "examples"


def heart_table() -> Path:
    """Return the path of the example table, from here if it lies below."""
    near = Path("examples/heart_disease.csv")
    return near if near.is_file() else examples_folder() / "heart_disease.csv"


def _print_plan(
    table: Path, target: str, choices: Choices, recipe: Recipe, test: Path | None, *, json: bool
) -> None:
    """Print what would be made of a table, without any training."""
    from chainrule.training.tables.door import plan_table
    from chainrule.views.plan import plan_as_json, print_plan

    plan = plan_table(table, target, choices, recipe.seed, test)
    recipe.check_task(plan.task)
    if json:
        print(plan_as_json(plan))
    else:
        print_plan(plan, table)


def _report(
    run: Run, folder: Path, table: Path, *, json: bool, quiet: bool, had_ended: bool = False
) -> None:
    """Print what a training came to. Raises KeyboardInterrupt where it was cut short by one."""
    from chainrule.training.tables.fold_records import is_complete
    from chainrule.views.run_document import run_as_json
    from chainrule.views.terminal import print_run

    report = None
    if is_complete(run) and not quiet and not had_ended:
        from chainrule.diagnosis.end_of_training import report_at_the_end
        from chainrule.training.progress import shown_while

        try:
            with shown_while("the verdict", not json):
                report = report_at_the_end(run)
        except KeyboardInterrupt:
            # The run is complete and stands in its folder: there is nothing to go on with.
            again = quoted("chainrule", "diagnose", str(folder))
            print(f"The verdict was interrupted; it is made by: {again}", file=sys.stderr)
    if json:
        print(run_as_json(run, folder, None if report is None else report.to_dict()))
    elif not quiet:
        print_run(run, folder, table, had_ended, None if report is None else report.to_dict())
    sys.stdout.flush()
    if not is_complete(run):
        raise KeyboardInterrupt


def main() -> None:
    """Run the command line. A request to end, or a terminal that is gone, is taken like Ctrl-C."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # Under nohup a hangup is ignored, and stays so.
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:
        signal.signal(signal.SIGHUP, signal.default_int_handler)
    with reported():
        prepare_streams()
        app(prog_name="chainrule")


if __name__ == "__main__":
    main()
