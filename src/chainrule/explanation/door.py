"""``explain``: any number of a training run or a network, unfolded to the terms that made it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, TypedDict, Unpack, overload

from chainrule.checks import is_whole_number
from chainrule.errors import DataError, SetupError
from chainrule.explanation.asked import Asked
from chainrule.explanation.asked_about import asked_about
from chainrule.explanation.asked_step import asked_of_step
from chainrule.explanation.call_text import call_text
from chainrule.explanation.derivation import MOST_NODES, WIDTH
from chainrule.explanation.explanation import EveryRow, Explanation, explained
from chainrule.explanation.prediction import Attribution, why_prediction
from chainrule.explanation.run_rows import rows_of_run
from chainrule.explanation.trace import PREDICTION, Mode
from chainrule.explanation.updates.receipts import Receipt, receipt
from chainrule.explanation.what_belongs import refuse_strangers
from chainrule.explanation.words import Words
from chainrule.network.network import Network
from chainrule.training.records import load
from chainrule.training.run import Run


class GivenRows(TypedDict, total=False):
    """What may be given beside what is explained, its target, and how it works."""

    sample: Any
    x: Any
    y: Any
    loss: Any
    data: Any
    seed: int
    reference: Any
    output: Any
    dtype: Any
    symbols: str
    width: int
    most_nodes: int


class Given(GivenRows, total=False):
    """The same, and whether it works as in training."""

    training: bool


class GivenStep(Given, total=False):
    """The same for a network, which may be explained as a step of a training sees it."""

    step: int | None


@overload
def explain(what: Any, target: None = None, **given: Unpack[Given]) -> Attribution: ...
@overload
def explain(what: Network, target: str, **given: Unpack[GivenStep]) -> Explanation: ...
@overload
def explain(
    what: Any, target: str, *, step: int, training: Literal[True], **given: Unpack[GivenRows]
) -> Explanation: ...
@overload
def explain(what: Any, target: str, *, step: int, **given: Unpack[GivenRows]) -> Receipt: ...
@overload
def explain(what: Any, target: str, **given: Unpack[Given]) -> Explanation: ...


def explain(
    what: Any,
    target: str | None = None,
    *,
    sample: Any = None,
    x: Any = None,
    y: Any = None,
    loss: Any = None,
    data: Any = None,
    step: int | None = None,
    training: bool = False,
    seed: int = 0,
    reference: Any = None,
    output: Any = None,
    dtype: Any = "float64",
    symbols: str = "own",
    width: int = WIDTH,
    most_nodes: int = MOST_NODES,
) -> Explanation | Receipt | Attribution:
    """Return why a number is what it is: a gradient, a step of a training, or a prediction.

        why = explain(run, "dense_1.W[2,0]", sample=7)
        why = explain(network, "dense_1.W[2,0]", x=[0.5, 1.0], y=[1.0])
        print(why)

    ``what``: a run, the folder of one, or a network with parameters. ``target``: a number of a
    parameter (``dense_1.W[2,0]``, or ``dense_1.W.2.0``), a unit (``dense_1[3]``), an input
    (``x[2]``, or the name of its column), or a whole array or layer (``dense_1.W``, ``dense_1``).

    ``sample``: the number of a row, or several: data rows of a table, counted from 1 as everywhere
    where a table's rows are named, and so are those of ``x`` for a run on one; rows of the X that
    a run was trained on, or of its ``x``, from 0. Without it the loss is the mean over all rows.
    ``x``, ``y``: rows of your own with their target; for a network also one row without the axis of
    rows.
    ``data``: the table of a run again, where it is no longer where it was. ``loss``: for a network,
    as in ``gradient``; by default cross-entropy for labels, else half the squared error.

    A run is explained as it predicts, in its own type and on its own engine, and in float64.
    ``training=True`` takes a network as ``step`` of a training with ``seed`` sees it, batch norm
    over the rows that are given; ``dtype`` is the type of a network's own pass. The ``width``
    largest terms of each sum stand apart, the rest as a count and a sum; ``most_nodes`` numbers are
    unfolded. ``symbols="textbook"`` writes w31, h1 and delta in networks of dense layers. Penalties
    are no part of the loss that is explained.

    ``explain(run, "dense_1.W[2,0]", step=120)`` is the receipt of a step, counted from 0: what the
    optimizer made of the gradient, and of the steps before. With ``training=True`` as well it is
    the gradient of that step: in its batch, with its masks, at the parameters before it.
    ``explain(run, sample=7)`` says what each column adds to a prediction, set against a
    ``reference`` row, for the class or the number ``output``; the row may be given as ``x``.
    Raises SetupError for a target that is not there, with the nearest names, DataError for rows
    that are not to be had.
    """
    for name, count in (("width", width), ("most_nodes", most_nodes)):
        if not is_whole_number(count, 1):
            raise SetupError(f"{name}={count!r} is no count.", "Give a whole number from 1.")
    if symbols not in ("own", "textbook"):
        raise SetupError(f"There are no symbols {symbols!r}.", "Say 'own' or 'textbook'.")
    given = _that_differ(locals())
    call = call_text(what, target, given)
    if isinstance(what, str | Path):
        what = load(what)
    if isinstance(what, Run | Network):
        refuse_strangers(what, target, given)
    if target is None:
        return replace(_prediction(what, sample, x, reference, output, data), call=call)
    if isinstance(what, Run) and step is not None and not training:
        return replace(receipt(what, target, step, rows_of_run(what, data)), call=call)
    mode = Mode("training", seed, step or 0) if training else PREDICTION
    if isinstance(what, Run) and training:
        asked = asked_of_step(what, step, data)
    else:
        rows = {"sample": sample, "x": x, "y": y, "data": data}
        asked = asked_about(what, **rows, loss=loss, dtype=dtype, mode=mode)
    words = Words(asked.trace(), asked.columns, asked.outputs, symbols, asked.prepared)
    found = explained(words, target, width, most_nodes, _every_row(what, data, asked))
    return replace(found, call=call)


def _that_differ(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was given beside what is explained and its target, and is not the default."""
    defaults: dict[str, Any] = explain.__kwdefaults__ or {}
    found = {}
    for name, default in defaults.items():
        plain = isinstance(default, str | int) and isinstance(given[name], str | int)
        if not (given[name] is default or (plain and given[name] == default)):
            found[name] = given[name]
    return found


def _prediction(
    what: Any, sample: Any, x: Any, reference: Any, output: Any, data: Any
) -> Attribution:
    """Return why a run predicts what it does for a row."""
    if not isinstance(what, Run):
        raise SetupError(
            "A network is explained by a target, and none is named.",
            "Name a number such as 'dense_1.W[0,0]'; a prediction is explained of a run.",
        )
    row = sample if x is None else x
    if row is None:
        raise SetupError(
            "Neither a target nor a row is named.",
            "Name a number, 'dense_1.W[0,0]', or the row of a prediction, sample=7.",
        )
    if isinstance(row, Sequence) and not isinstance(row, str | Mapping) and x is None:
        raise SetupError("A prediction is that of one row.", "Give one number, sample=7.")
    return why_prediction(what, row, reference, output=output, data=data)


def _every_row(what: Any, data: Any, asked: Asked) -> EveryRow:
    """Return what gives the inputs of all training rows of a run, else of all rows given."""

    def inputs() -> Sequence[Any] | None:
        given = asked.every or None
        if not isinstance(what, Run) or asked.mode != PREDICTION:
            return given
        try:
            return rows_of_run(what, data)[0].inputs
        except DataError:
            # The training rows are not to be had.
            return given

    return inputs
