"""Why a prediction is what it is: the columns of a row, and what each of them adds to the logit.

A prediction is set against that of a reference row, and the difference shared out over the columns
by integrated gradients (``straight_line``), along the straight line between the two rows as the
network reads them. The shares add up to the difference, and how nearly is said.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.arrays import broadcast_like, zeros_like
from chainrule.engines.door import evaluate
from chainrule.engines.per_row import refuse_coupled
from chainrule.explanation.asked_output import AskedOutput, asked_output
from chainrule.explanation.faces import Faces
from chainrule.explanation.given_row import (
    GivenRow,
    columns_of,
    given_row,
    refuse_whole_numbers,
    usual_row,
)
from chainrule.explanation.plain_numbers import plain_document
from chainrule.explanation.straight_line import Look, Shares, shares_along
from chainrule.network.forms import flat_values
from chainrule.network.network import Network
from chainrule.network.plan import Plan
from chainrule.ops.walks import backward_walk, forward_walk
from chainrule.program import Input, Program, trace
from chainrule.training.run import Run

Vector = NDArray[np.float64]
SHOWN = 4
# What shares leave unexplained is said where it is more than this share of their sizes.
NOTICEABLE = 1e-6
VERSION = 1


@dataclass(frozen=True)
class ColumnShare:
    """What one column adds: its value, that of the reference row, and the share.

    ``inputs`` are the shares of the inputs that the column became; they add up to ``share``.
    """

    column: str
    value: str
    reference: str
    share: float
    inputs: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Attribution(Faces):
    """A prediction shared out over the columns of its row, the largest share first.

    ``quantity`` says what is shared out, such as "the logit of disease = yes against no";
    ``value`` is that of the row and ``reference_value`` that of the ``reference`` row, both in
    float64. ``outputs`` are all outputs of the network for the row, and ``reference_outputs`` for
    the reference. ``error`` is how far the shares may be off together, by the last halving of the
    line, ``points`` how often slopes were taken on it.
    """

    row: str
    reference: str
    prediction: str
    quantity: str
    value: float
    reference_value: float
    columns: tuple[ColumnShare, ...]
    outputs: tuple[float, ...]
    reference_outputs: tuple[float, ...]
    error: float
    points: int
    call: str = ""

    @property
    def difference(self) -> float:
        """What the shares are to add up to: ``value`` - ``reference_value``."""
        return self.value - self.reference_value

    @property
    def total(self) -> float:
        """What the shares add up to."""
        return math.fsum(one.share for one in self.columns)

    @property
    def residual(self) -> float:
        """What the shares leave unexplained: ``difference`` - ``total``."""
        return self.difference - self.total

    def sentence(self) -> str:
        """Return the prediction and its largest shares in words, with their sum."""
        shown = self.columns[:SHOWN]
        parts = [
            f"{one.column} = {one.value} adds {one.share:+.4g} (it is {one.reference} there)"
            for one in shown
        ]
        rest = self.columns[SHOWN:]
        if rest:
            others = math.fsum(one.share for one in rest)
            named = "column adds" if len(rest) == 1 else f"{len(rest)} columns add"
            parts.append(f"the other {named} {others:+.4g}")
        text = (
            f"For {self.row} the network predicts {self.prediction}: {self.quantity} is "
            f"{self.value:.4g}, and {self.reference_value:.4g} for {self.reference}. What makes "
            f"the difference: {', '.join(parts)}. The shares add up to {self.total:.6g}, the "
            f"difference is {self.difference:.6g}."
        )
        return text + self._left_unexplained()

    def _left_unexplained(self) -> str:
        size = math.fsum(abs(one.share) for one in self.columns)
        if abs(self.residual) <= NOTICEABLE * (size + abs(self.difference)):
            return ""
        return (
            f" They do not explain all of it, {self.residual:.2g} is left: on the way from one row "
            "to the other the output jumps, or bends more often than was looked."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the attribution as plain data for JSON."""
        document = {
            "version": VERSION,
            "method": "integrated gradients",
            **asdict(self),
            "columns": [{**asdict(one), "inputs": dict(one.inputs)} for one in self.columns],
            "difference": self.difference,
            "total": self.total,
            "residual": self.residual,
            "sentence": self.sentence(),
        }
        return dict(plain_document(document))

    def __str__(self) -> str:
        return self.sentence()


def why_prediction(
    run: Run,
    row: Any,
    reference: Any = None,
    *,
    output: Any = None,
    against: Any = None,
    data: Any = None,
) -> Attribution:
    """Return what each column of a row adds to its prediction, set against a reference row.

    ``row`` is the number of a row of the run's table, counted from 1, or of X, from 0; or the row
    itself: a mapping of columns, a table of one row, an array. ``reference`` likewise; by default
    it has the means of the training rows, and of categories the most frequent. ``output`` is the
    class that is explained (default: the one that is predicted), or the number of an output where
    the network predicts several numbers; of two classes the logit against the other one is shared
    out, of more the class's own, or against the class ``against``. A prediction of one number is in
    the target's unit. ``data`` is the table again, where it is no longer where it was.

    Source: Sundararajan, Taly, Yan, "Axiomatic attribution for deep networks", ICML 2017.
    Raises DataError for a row that is not there, SetupError where there is nothing to ask for.
    """
    refuse_whole_numbers(run.network)
    given = given_row(run, row, data)
    other = usual_row(run, data) if reference is None else given_row(run, reference, data)
    line = _Line(run.network)
    outputs = line.outputs(np.stack([given.inputs, other.inputs]))
    asked = asked_output(run, outputs[0], output, against)
    shares = shares_along(line.looking(asked.unit), other.inputs, given.inputs)
    return _attribution(run, given, other, outputs, asked, shares)


def _attribution(
    run: Run,
    given: GivenRow,
    other: GivenRow,
    outputs: Vector,
    asked: AskedOutput,
    shares: Shares,
) -> Attribution:
    columns, place, made = columns_of(run), 0, []
    for name, inputs, said, usual in zip(
        columns.names, columns.inputs, given.values, other.values, strict=True
    ):
        parts = shares.shares[place : place + len(inputs)].tolist()
        place += len(inputs)
        by_input = tuple(zip(inputs, parts, strict=True))
        made.append(ColumnShare(name, said, usual, math.fsum(parts), by_input))
    value, reference = (asked.of(one) for one in outputs)
    return Attribution(
        given.name,
        other.name,
        asked.prediction,
        asked.quantity,
        value,
        reference,
        tuple(sorted(made, key=lambda one: -abs(one.share))),
        tuple(outputs[0].tolist()),
        tuple(outputs[1].tolist()),
        shares.error,
        shares.points,
    )


class _Line:
    """The outputs of a network and their slopes at flat rows, in float64."""

    def __init__(self, network: Network) -> None:
        self.plan = network.plan
        self.flat = flat_values(network, "float64")
        self.width = math.prod(self.plan.shapes[self.plan.outputs[0]])
        self.program = _slope_program(self.plan)

    def outputs(self, rows: Vector) -> Vector:
        """Return the first output of rows (m, inputs), flat: (m, outputs)."""
        made = evaluate(self.program, self._given(rows, np.zeros(self.width)))
        return np.asarray(made[0], dtype=np.float64).reshape(len(rows), -1)

    def looking(self, unit: Vector) -> Look:
        """Return the function from rows (m, inputs) to the outputs' sum by ``unit``, and slopes."""

        def at(rows: Vector) -> tuple[Vector, Vector]:
            output, *made = evaluate(self.program, self._given(rows, unit))
            slopes = np.concatenate([one.reshape(len(rows), -1) for one in made], axis=1)
            return output.reshape(len(rows), -1) @ unit, slopes

        return at

    def _given(self, rows: Vector, unit: Vector) -> list[Any]:
        arrays, place = [], 0
        for shape in self.plan.inputs.values():
            size = math.prod(shape)
            arrays.append(rows[:, place : place + size].reshape(len(rows), *shape))
            place += size
        return [self.flat, unit.reshape(self.plan.shapes[self.plan.outputs[0]]), *arrays]


@lru_cache(maxsize=32)
def _slope_program(plan: Plan) -> Program:
    """Return the program (parameters, unit, *inputs) -> the first output, slopes at the inputs."""
    first = plan.outputs[0]
    rows = [Input(name, plan.open_shape(name)) for name in plan.inputs]
    given = [Input("parameters", (plan.whole.size,)), Input("unit", plan.shapes[first]), *rows]

    def walk(parameters: Any, unit: Any, *inputs: Any) -> list[Any]:
        known = dict(zip(plan.inputs, inputs, strict=True))
        values: Mapping[Any, Any] = forward_walk(
            plan.prediction_walk, {**plan.whole.named(parameters), **known}
        )
        start = {first: broadcast_like(unit, values[first])}
        found = backward_walk(plan.prediction_walk, values, start)
        slopes = [
            zeros_like(values[name]) if found.get(name) is None else found[name]
            for name in plan.inputs
        ]
        return [values[first], *slopes]

    program = trace(walk, given, (first, *(f"slope at {one}" for one in plan.inputs)), "float64")
    refuse_coupled(program)
    return program
