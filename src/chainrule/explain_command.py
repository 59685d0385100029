"""``chainrule explain``: why a gradient, a step or a prediction is what it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from chainrule.command_options import Json

if TYPE_CHECKING:
    from chainrule.explanation.faces import Faces
    from chainrule.training.run import Run

PAGE, FIGURE = "The explanation", "The figure"


def explain(
    run: Annotated[Path, typer.Argument(help="The folder of a run.")],
    target: Annotated[
        str | None,
        typer.Argument(
            help="What is explained: dense_1.W.2.0 or 'dense_1.W[2,0]', a unit, a column, a "
            "layer [default: the prediction of the sample]."
        ),
    ] = None,
    sample: Annotated[
        list[int] | None,
        typer.Option(help="A data row of the table, counted from 1; repeatable."),
    ] = None,
    step: Annotated[
        int | None, typer.Option(help="Instead: how this step of the training moved the weight.")
    ] = None,
    training: Annotated[
        bool,
        typer.Option(
            "--training", help="With --step: the gradient in the batch of that step, its masks on."
        ),
    ] = False,
    save: Annotated[Path | None, typer.Option(help="Write all of it to this page.")] = None,
    figure: Annotated[
        Path | None,
        typer.Option(
            help="Draw it into this file (.png, .svg, .pdf): the loss along a weight, else the "
            "network with the gradient at each weight."
        ),
    ] = None,
    depth: Annotated[int, typer.Option(min=1, help="Unfold so many numbers below another.")] = 3,
    width: Annotated[int, typer.Option(min=1, help="Show so many terms of each sum apart.")] = 6,
    symbols: Annotated[
        str, typer.Option(help="own, or textbook: w31, h1, delta in dense networks.")
    ] = "own",
    reference: Annotated[
        int | None,
        typer.Option(help="Set a prediction against this data row [default: a usual row]."),
    ] = None,
    output: Annotated[
        str | None, typer.Option(help="The class that is explained [default: the predicted one].")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="The run's table, if it is no longer where it was.")
    ] = None,
    json: Json = False,
) -> None:
    """Explain a gradient, a step of the training, or a prediction.

    With a target: its gradient by the chain rule, symbols beside numbers, down to the inputs, the
    three numbers that must agree, what pulls it up and down, and why it is zero where it is. With
    --step: the receipt of a step, or with --training its gradient. Without a target: what each
    column adds to the prediction.
    """
    from chainrule.explanation.door import explain as explained
    from chainrule.training.records import load
    from chainrule.views.places import tables_of

    _refuse(locals())
    opened = load(run)
    _refuse_places({PAGE: save, FIGURE: figure}, (data, *tables_of(opened)))
    one = sample[0] if sample and len(sample) == 1 else sample
    given = {"sample": one, "step": step, "reference": reference, "output": _place(output),
             "data": data}  # fmt: skip
    asked: dict[str, Any] = {name: each for name, each in given.items() if each is not None}
    asked |= {"training": True} if training else {}
    found = explained(opened, target, width=width, symbols=symbols, **asked)
    pulls = None
    if step is not None and target is not None and not training:
        pulls = _pulls(opened, target, step, data)
    if figure is not None:
        _draw(found, opened, figure, sample=one, data=data)
    _show(found, pulls, _command(locals()), save, depth, json=json)
    if figure is not None and not json:
        print(f"The figure: {figure}")


def _refuse(given: Mapping[str, Any]) -> None:
    """Raise SetupError for options that do not belong together."""
    from chainrule.errors import SetupError

    target, sample, step = given["target"], given["sample"], given["step"]
    if step is not None and sample:
        raise SetupError(
            "A step of the training has rows of its own, and a sample is given as well.",
            "Leave out --sample or --step.",
        )
    if step is not None and target is None:
        raise SetupError(
            "A step is explained for one weight, and none is named.",
            f"Name it in front of --step {step}, such as dense_1.W.0.0.",
        )
    if given["training"] and step is None:
        raise SetupError(
            "--training is for a step of the training, and none is named.",
            "Name it, such as --step 20, or leave out --training.",
        )
    if target is None and not sample:
        raise SetupError(
            "Neither a target nor a row is named.",
            "Name a number, such as dense_1.W.0.0, or the row of a prediction, such as --sample 7.",
        )
    if given["figure"] is not None:
        _refuse_figure(given)
    for name in ("reference", "output"):
        if target is not None and given[name] is not None:
            raise SetupError(
                f"--{name} is for a prediction, and '{target}' is to be explained.",
                f"Leave out --{name}, or the target.",
            )
    if target is None and len(sample) > 1:
        raise SetupError("A prediction is that of one row.", "Give --sample once.")


def _refuse_places(files: Mapping[str, Path | None], tables: Sequence[Any]) -> None:
    """Raise RunFolderError for a file that would take the place of a table or of a run's own."""
    from chainrule.views.places import refuse_kept

    for what, path in files.items():
        if path is not None:
            refuse_kept(path, what, tables)


def _refuse_figure(given: Mapping[str, Any]) -> None:
    """Raise SetupError for a figure of what has none, and for a file of another kind."""
    from chainrule.errors import SetupError
    from chainrule.views.picture_files import check_picture_name

    check_picture_name(given["figure"])
    if given["target"] is None:
        raise SetupError(
            "A prediction has no figure of its own.",
            "Name a weight or a layer, or write its page: --save why.html.",
        )
    if given["step"] is not None:
        raise SetupError(
            "A step of the training has no figure of its own.",
            "Leave out --step, or write its page: --save why.html.",
        )


def _draw(found: Faces, run: Run, figure: Path, **rows: Any) -> None:
    """Draw the loss along a weight that is trained, of anything else the network's gradients."""
    from chainrule.explanation.explanation import Explanation
    from chainrule.views.landscape_figures import slice_figure
    from chainrule.views.network_figures import network_figure
    from chainrule.views.picture_files import write_picture

    drawn = None
    entry = found.target.entry if isinstance(found, Explanation) else None
    weights = run.setup.objective().trained.starts
    if isinstance(found, Explanation) and entry is not None and entry.value in weights:
        drawn = slice_figure(run, found.target.text, **rows)
    write_picture(figure, network_figure(run, **rows) if drawn is None else drawn)


def _place(output: str | None) -> str | int | None:
    return int(output) if output is not None and output.isdecimal() else output


def _pulls(run: Run, target: str, step: int, data: Path | None) -> dict[str, Any] | None:
    """Return the rows that pulled a weight in a step, None where rows are mixed on their way."""
    from chainrule.errors import SetupError
    from chainrule.explanation.row_pulls import who_pulled
    from chainrule.explanation.run_rows import rows_of_run

    try:
        found = who_pulled(run, target, step=step, rows=rows_of_run(run, data))
    except SetupError:
        return None
    return found.to_dict()


def _show(
    found: Faces, pulls: Any, command: str, save: Path | None, depth: int, *, json: bool
) -> None:
    """Print an explanation, or write its page and print what it says first."""
    from json import dumps

    from chainrule.views.explanation_page import page_of
    from chainrule.views.explanation_text import print_first, print_told
    from chainrule.views.explanation_told import told
    from chainrule.views.report import write_file

    document = found.to_dict() | {"call": command}
    if save is not None:
        page = page_of(document, depth=depth, pulls=pulls)
        write_file(save, page, PAGE)
    if json:
        print(dumps(document, indent=2))
    elif save is not None:
        print_first(told(document, pulls))
        print(f"All of it, on a page: {save}")
    else:
        print_told(told(document, pulls), depth)


def _command(given: dict[str, Any]) -> str:
    """Return the command line that was given, as it can be pasted."""
    from chainrule.views.plain_text import quoted

    words = ["chainrule", "explain", str(given["run"])]
    if given["target"] is not None:
        words.append(given["target"])
    defaults = {"depth": 3, "width": 6, "symbols": "own"}
    for name in ("sample", "step", "save", "figure", "depth", "width", "symbols", "reference",
                 "output", "data"):  # fmt: skip
        content = given[name]
        if content is None or content == defaults.get(name):
            continue
        for one in content if isinstance(content, list) else [content]:
            words += [f"--{name}", str(one)]
    words += ["--training"] if given["training"] else []
    return quoted(*words)
