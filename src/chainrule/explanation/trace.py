"""A trace: every number of one forward and one backward pass of some rows, twice.

``own`` is in the type and on the engine that trained: the truth about zero, NaN and underflow.
``exact`` has the same rows and parameters in float64, rule by rule: what derivations are made of.
Where the two differ, the difference is that of rounding, and is said.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engines.choosing import chosen_engine
from chainrule.engines.door import evaluate
from chainrule.errors import SetupError, ShapeError
from chainrule.network.forms import noise_and_rows, noise_of, refuse_few_rows
from chainrule.network.objective import Objective
from chainrule.program import FloatType, Program, Tracing

Array = NDArray[Any]
EXACT: FloatType = "float64"


@dataclass(frozen=True)
class Mode:
    """Which form of the network a trace is of.

    "prediction": nothing is random, and running statistics are read as they are. "training": as in
    the ``step`` (counted from 0) of a training with this ``seed``: the masks are those of the step,
    and what mixes rows, as batch norm does, uses the rows of the trace.
    """

    form: str = "prediction"
    seed: int = 0
    step: int = 0

    def __post_init__(self) -> None:
        if self.form not in ("prediction", "training"):
            raise SetupError(
                f"There is no form '{self.form}' of a network.", "Say 'prediction' or 'training'."
            )

    def sentence(self, objective: Objective) -> str:
        """Return in words which form this is, for a network in which it makes a difference."""
        if objective.plan.prediction_walk is objective.plan.walk:
            return "The network works in training as it does in prediction."
        if self.form == "prediction":
            return (
                "The network as it predicts: nothing is dropped, and running statistics are read."
            )
        return (
            f"The network as step {self.step} of a training with seed {self.seed} sees it: masks "
            "are those of the step, and what mixes rows uses the rows that are given."
        )


PREDICTION = Mode()


@dataclass(frozen=True)
class RowNames:
    """Which rows a trace is of: their numbers, and a name for each.

    Rows of arrays are counted from 0, those of a table from 1, as ``ignore_rows`` takes them.
    ``contents``: for rows of a table what stands in each, as pairs of column and text.
    """

    numbers: tuple[int, ...]
    names: tuple[str, ...]
    source: str = ""
    contents: tuple[tuple[tuple[str, str], ...], ...] = ()

    @classmethod
    def counted(cls, count: int) -> RowNames:
        """Return the names of rows that have only their place."""
        return cls(tuple(range(count)), tuple(f"row {place}" for place in range(count)))

    def part(self, places: Iterable[int], source: str | None = None) -> RowNames:
        """Return the names at some places, with another source where one is given."""
        chosen = [int(one) for one in places]
        return RowNames(
            tuple(self.numbers[one] for one in chosen),
            tuple(self.names[one] for one in chosen),
            self.source if source is None else source,
        )

    def __len__(self) -> int:
        return len(self.numbers)


@dataclass(frozen=True, eq=False)
class Pass:
    """Every value and gradient of one forward and one backward pass.

    ``values``: name -> array, of inputs, parameters, state, and all that the steps make.
    ``gradients``: the gradient of the loss by the same names; what the loss has no slope towards
    has none. Rows are axis 0 of every value that is no parameter and no state; ``loss`` has no axis
    and the gradient 1.
    """

    values: Mapping[str, Array]
    gradients: Mapping[str, Array]
    loss: float
    dtype: str
    engine: str


@dataclass(frozen=True, eq=False)
class Trace:
    """One forward and one backward pass of rows through an objective, in two types.

    ``parameters`` (trained ones), ``frozen`` and ``state`` are flat float64 vectors, ``given`` the
    rows as ``objective.row_inputs`` names them. The loss is the mean over the rows of weight times
    each row's loss, without penalties.
    """

    objective: Objective
    rows: RowNames
    parameters: Array
    own: Pass
    exact: Pass
    frozen: Array = field(default_factory=lambda: np.zeros(0))
    state: Array = field(default_factory=lambda: np.zeros(0))
    given: tuple[Array, ...] = ()
    mode: Mode = PREDICTION

    @cached_property
    def row_values(self) -> frozenset[str]:
        """The names of the values whose axis 0 is rows."""
        found = {one.name for one in self.objective.row_inputs}
        for step in self.objective.steps:
            if found.isdisjoint(map(str, step.inputs)):
                continue
            found.update(str(one) for one in step.flowing if np.ndim(self.exact.values[str(one)]))
        return frozenset(found)

    @property
    def trained_names(self) -> frozenset[str]:
        """The parameters that the training moves."""
        return frozenset(one.name for one in self.objective.trained.parameters)

    def to_dict(self) -> dict[str, Any]:
        """Return the trace as plain data, in the form that docs/trace.schema.json describes."""
        from chainrule.explanation.trace_document import trace_document

        return trace_document(self)


def trace_rows(
    objective: Objective,
    parameters: Array,
    frozen: Array,
    rows: Sequence[Array],
    state: Array,
    *,
    engine: str = "auto",
    dtype: FloatType = "float64",
    mode: Mode | str = PREDICTION,
    names: RowNames | None = None,
) -> Trace:
    """Return the trace of rows: all values and gradients, in ``dtype`` on ``engine`` and exactly.

    ``parameters`` (trained), ``frozen`` and ``state`` are flat, in the order of the objective's
    layouts; ``rows`` are the arrays of ``objective.row_inputs``. Both passes are given the same
    numbers, those that ``dtype`` can hold. Raises ShapeError for rows that differ in number,
    SetupError for an engine that is not there, or where a layer needs more rows.
    """
    mode = Mode(mode) if isinstance(mode, str) else mode
    objective = objective.in_prediction if mode.form == "prediction" else objective
    count = len(rows[0])
    if any(len(one) != count for one in rows) or not count:
        raise ShapeError(
            f"The rows are {' and '.join(str(len(one)) for one in rows)} in number.",
            "Give as many in each, at least one.",
        )
    if mode.form == "training":
        refuse_few_rows(objective.fewest_rows, count)
    typed = [_typed(one, dtype) for one in rows]
    flat = [_typed(one, dtype) for one in (parameters, frozen, state)]
    noise = noise_of(objective, mode.seed, mode.step)
    engine = chosen_engine(engine)
    own = _own_pass(objective, flat, typed, noise, dtype, engine)
    wide = [_typed(one, EXACT) for one in flat]
    wide_rows = tuple(_typed(one, EXACT) for one in typed)
    exact = _exact_pass(objective, wide, wide_rows, noise)
    return Trace(
        objective,
        RowNames.counted(count) if names is None else names,
        wide[0],
        own,
        exact,
        frozen=wide[1],
        state=wide[2],
        given=wide_rows,
        mode=mode,
    )


def _typed(content: Any, dtype: str) -> Array:
    """Return an array with its floats in a type; whole numbers and truth values stay."""
    array = np.asarray(content)
    if array.dtype.kind != "f":
        return array if array.dtype.kind == "b" else array.astype(np.int64)
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(array, dtype=dtype)


def _exact_pass(
    objective: Objective, flat: Sequence[Array], rows: Sequence[Array], noise: Sequence[Any]
) -> Pass:
    parameters, frozen, state = flat
    with np.errstate(all="ignore"):
        values = objective.values(np.concatenate((parameters, state)), frozen, rows, noise)
        gradients = objective.gradients(values)
    return Pass(
        {str(name): np.asarray(one) for name, one in values.items()},
        {str(name): np.asarray(one) for name, one in gradients.items() if one is not None},
        float(values["loss"]),
        EXACT,
        "reference",
    )


def _own_pass(
    objective: Objective,
    flat: Sequence[Array],
    rows: Sequence[Array],
    noise: Sequence[Any],
    dtype: FloatType,
    engine: str,
) -> Pass:
    parameters, frozen, state = flat
    program, values, gradients = traced_pass(objective, dtype)
    given = [np.concatenate((parameters, state)), frozen, *noise, *rows]
    made = [np.asarray(one) for one in evaluate(program, given, engine=engine)]
    found = dict(zip(values, made[: len(values)], strict=True))
    slopes = dict(zip(gradients, made[len(values) :], strict=True))
    return Pass(found, slopes, float(found["loss"]), dtype, engine)


@lru_cache(maxsize=16)
def traced_pass(
    objective: Objective, dtype: FloatType
) -> tuple[Program, tuple[str, ...], tuple[str, ...]]:
    """Return the program of a whole pass, with the names of its values and of its gradients."""
    inputs = (*objective.parameter_inputs, *objective.noise_inputs, *objective.row_inputs)
    tracing = Tracing(inputs)
    parameters, frozen, *rest = tracing.symbols
    values = objective.values(parameters, frozen, **noise_and_rows(objective, rest))
    found = objective.gradients(values)
    slopes = {name: one for name, one in found.items() if one is not None}
    named = tuple(map(str, values)), tuple(map(str, slopes))
    outputs = [*(f"value {name}" for name in named[0]), *(f"gradient {name}" for name in named[1])]
    return tracing.program([*values.values(), *slopes.values()], outputs, dtype), *named
