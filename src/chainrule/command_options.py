"""Options that several commands have: what is made of a table, and what is printed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from chainrule.data.choices import Choices

TablePath = Annotated[
    Path, typer.Argument(help="A CSV, Parquet or .mat file; - for standard input.")
]
Target = Annotated[str, typer.Option("--target", "-t", help="The column to predict.")]
Task = Annotated[
    str | None, typer.Option(help="classification or regression [default: by the target].")
]

# ---- what is made of the file ----

Drop = Annotated[
    list[str] | None, typer.Option(metavar="NAME", help="Leave a column out; repeatable.")
]
Categorical = Annotated[
    list[str] | None, typer.Option(metavar="NAME", help="Take as categories; repeatable.")
]
Numeric = Annotated[
    list[str] | None, typer.Option(metavar="NAME", help="Take as numbers; repeatable.")
]
IgnoreRows = Annotated[str, typer.Option(help="Rows to leave out: 3,17-20,missing,duplicates.")]
Group = Annotated[str | None, typer.Option(help="The column whose equal values stay in one fold.")]
Time = Annotated[
    str | None, typer.Option(help="The column in whose order rows are learned from and tested.")
]
Missing = Annotated[
    list[str] | None,
    typer.Option(metavar="TEXT", help="A text that stands for no value; repeatable."),
]
Decimal = Annotated[str | None, typer.Option(help="The decimal mark: a point (.) or a comma (,).")]
Dates = Annotated[str | None, typer.Option(help="The order of dates: dmy, mdy or ymd.")]
Header = Annotated[
    bool | None, typer.Option("--header/--no-header", help="Whether the first line has names.")
]
Delimiter = Annotated[
    str | None,
    typer.Option(help="Between the cells: one character, or comma, semicolon, tab or bar."),
]
Encoding = Annotated[str | None, typer.Option(help="The file's encoding, such as utf-8 or cp1252.")]


def choices_of(given: Mapping[str, Any]) -> Choices:
    """Return what the options of a command say of a table, from its arguments by name.

    Raises SetupError for a value that is not possible, and for options that contradict.
    """
    from chainrule.data.choices import Choices

    said = {one.name: given[one.name] for one in fields(Choices)}
    return Choices(**{name: content for name, content in said.items() if content is not None})


# ---- the network and its training ----

Hidden = Annotated[
    str, typer.Option(help="Widths of the hidden layers, such as 32,16; 0 for none.")
]
Activation = Annotated[str, typer.Option(help="The activation of the hidden layers, such as relu.")]
Optimizer = Annotated[str, typer.Option(help="The training algorithm, such as momentum.")]
LearningRate = Annotated[
    float | None,
    typer.Option(help="How far a step goes [default: the optimizer's; 0.005 for adam]."),
]
BatchSize = Annotated[
    str, typer.Option(help="Rows in a step: a number, all, or auto (32 at most).")
]
L2 = Annotated[
    float | None,
    typer.Option(
        help="Strength of the penalty on weights [default: 0.001, or none for an optimizer that "
        "finds it]."
    ),
]

# ---- what is printed ----

Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]
