"""The command line: train, resume, predict, examples.

Exit codes: 0 done; 1 an error inside chainrule; 2 wrong usage; 3 the data; 4 the settings; 5 a run
folder; 130 interrupted (what was trained so far is kept).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chainrule.errors import ChainruleError, DataError, RunFolderError, SetupError

if TYPE_CHECKING:
    from chainrule.training.run import Run

INTERRUPTED = 130
# typer's own decorated help costs a fifth of a second; plain text reads as well.
app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Train neural networks by backpropagation: run it, read it, question it.",
)

Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]


@app.callback(invoke_without_command=True)
def start(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Without a command: three commands that work at once."""
    if version:
        import chainrule

        print(f"chainrule {chainrule.__version__}")
    elif context.invoked_subcommand is None:
        print("Three commands that work at once:\n")
        print(f"    chainrule train {heart_table()} --target disease")
        print("    chainrule examples")
        print("    chainrule --help")


@app.command()
def train(
    table: Annotated[Path, typer.Argument(help="A CSV or Parquet file.")],
    target: Annotated[str, typer.Option("--target", "-t", help="The column to predict.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="The run's folder [default: a new one under runs/]."),
    ] = None,
    task: Annotated[
        str | None, typer.Option(help="classification or regression [default: by the target].")
    ] = None,
    hidden: Annotated[
        str, typer.Option(help="Widths of the hidden layers, such as 32,16; 0 for none.")
    ] = "16",
    activation: Annotated[str, typer.Option(help="Of the hidden layers.")] = "tanh",
    optimizer: Annotated[str, typer.Option(help="The training algorithm.")] = "adam",
    learning_rate: Annotated[
        float | None, typer.Option(help="[default: the optimizer's; 0.005 for adam]")
    ] = None,
    epochs: Annotated[int, typer.Option(help="At most.")] = 300,
    batch_size: Annotated[
        str, typer.Option(help="Rows in a step: a number, all, or auto (32 at most).")
    ] = "auto",
    patience: Annotated[
        int, typer.Option(help="Stop after so many epochs without a better validation loss.")
    ] = 30,
    l2: Annotated[float, typer.Option(help="Strength of the penalty on weights.")] = 1e-3,
    seed: Annotated[int, typer.Option(help="Decides the split, the start and the order.")] = 0,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Train a network on a table and print its result on rows that chose nothing."""
    from chainrule.training.tables import train_table

    folder = output or new_folder(table)
    run = train_table(
        table,
        target,
        task=task,
        hidden=_widths(hidden),
        activation=activation,
        optimizer=optimizer,
        learning_rate=learning_rate,
        epochs=epochs,
        batch_size=_batch(batch_size),
        patience=patience,
        l2=l2,
        seed=seed,
        output=folder,
        progress=not (quiet or json),
    )
    _report(run, folder, table, json=json, quiet=quiet)


@app.command()
def resume(
    folder: Annotated[Path, typer.Argument(help="The folder of a run that was cut off.")],
    data: Annotated[
        Path | None, typer.Option(help="Where the table is now, if it was moved.")
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Go on with a training that was cut off; it ends as if it had not been."""
    from chainrule.training.tables import resume_table

    run = resume_table(folder, data, progress=not (quiet or json))
    _report(run, folder, data or Path(str(run.notes["table"]["path"])), json=json, quiet=quiet)


@app.command()
def predict(
    folder: Annotated[Path, typer.Argument(help="The folder of a run.")],
    table: Annotated[Path, typer.Argument(help="A CSV or Parquet file with the same columns.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the CSV here, not to the screen.")
    ] = None,
    json: Json = False,
) -> None:
    """Predict the rows of a table: class and probabilities, or a number in the target's units."""
    from chainrule.training.records import load
    from chainrule.views.predictions import predictions_of, write_predictions

    made = predictions_of(load(folder), table)
    for warning in made.warnings:
        print(warning, file=sys.stderr)
    write_predictions(made, output, json=json)


@app.command()
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


def examples_folder() -> Path:
    """Return where the worked examples lie: in the installed package, or beside its sources."""
    inside = Path(__file__).parent / "examples"
    return inside if inside.is_dir() else Path(__file__).parents[2] / "examples"


def heart_table() -> Path:
    """Return the path of the example table, from here if it lies below."""
    found = examples_folder() / "heart_disease.csv"
    near = Path("examples/heart_disease.csv")
    return near if near.is_file() else found


def new_folder(table: Path) -> Path:
    """Return a folder under runs/ that is not there yet, named after the table."""
    number = 1
    while (found := Path("runs") / f"{table.stem}-{number}").exists():
        number += 1
    return found


def _report(run: Run, folder: Path, table: Path, *, json: bool, quiet: bool) -> None:
    """Print what a training came to, and leave with 130 if it was interrupted."""
    from chainrule.views.terminal import print_run, run_as_json

    if json:
        print(run_as_json(run, folder))
    elif not quiet:
        print_run(run, folder, table)
    if run.ended == "interrupted":
        print(
            f"Interrupted: the best of {run.recording.epochs} epochs is kept in {folder}.",
            file=sys.stderr,
        )
        raise SystemExit(INTERRUPTED)


def _widths(text: str) -> tuple[int, ...]:
    try:
        widths = tuple(int(part) for part in text.split(",") if part.strip())
    except ValueError:
        raise SetupError(
            f"--hidden {text} is not a list of widths.", "Write --hidden 32,16, for example."
        ) from None
    return () if widths == (0,) else widths


def _batch(text: str) -> int | str | None:
    if text in ("auto", "all"):
        return None if text == "all" else "auto"
    try:
        return int(text)
    except ValueError:
        raise SetupError(
            f"--batch-size {text} is not possible.", "Give a number, all, or auto."
        ) from None


EXIT_CODES: dict[type[ChainruleError], int] = {DataError: 3, RunFolderError: 5}


def main() -> None:
    """Run the command line; an error that the user can mend ends in two lines and a code."""
    try:
        app()
    except ChainruleError as error:
        print(f"chainrule: {error.cause}\n{error.remedy}".rstrip(), file=sys.stderr)
        raise SystemExit(EXIT_CODES.get(type(error), 4)) from None
    except BrokenPipeError:
        # The reader of a pipe has gone; what is left to print has nowhere to go.
        sys.stderr.close()
        raise SystemExit(0) from None


if __name__ == "__main__":
    main()
