"""What is asked about: an objective with parameters and some rows, which can be traced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.checks import is_whole_number
from chainrule.errors import DataError
from chainrule.explanation.trace import PREDICTION, Mode, RowNames, Trace, trace_rows
from chainrule.network.network import Network
from chainrule.network.objective import Objective
from chainrule.program import FloatType

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Asked:
    """An objective with its parameters and rows, and how these are called.

    ``columns`` are the names of a single input's numbers, ``outputs`` those of a single output's;
    ``prepared`` says how each of the input's numbers was made of the user's own.
    ``every`` are the inputs of all rows given, of which these are some; () where nothing is known.
    """

    network: Network
    objective: Objective
    rows: Sequence[Array]
    names: RowNames
    dtype: FloatType
    engine: str
    columns: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    mode: Mode = PREDICTION
    every: tuple[Array, ...] = ()
    prepared: tuple[str, ...] = ()

    def trace(self) -> Trace:
        """Return the trace of the rows."""
        known = self.network.parameters
        state = self.network.state
        kept = [state[one.name].reshape(-1) for one in self.objective.plan.state]
        return trace_rows(
            self.objective,
            self.objective.trained.flat_array(known, "float64"),
            self.objective.frozen.flat_array(known, "float64"),
            self.rows,
            np.concatenate(kept) if kept else np.zeros(0),
            engine=self.engine,
            dtype=self.dtype,
            mode=self.mode,
            names=self.names,
        )


def with_rows(network: Network, x: Any, y: Any) -> tuple[Any, Any]:
    """Return rows as arrays that have an axis for them, which those of a single row may lack."""
    names = network.input_names
    if len(names) > 1 or network.output_count > 1 or isinstance(x, Mapping):
        return x, y
    array = np.asarray(x)
    if array.ndim == len(network.plan.inputs[names[0]]) and array.ndim:
        return array[None], np.asarray(y)[None]
    return x, y


def chosen_rows(sample: Any, count: int, what: str, first: int = 0) -> tuple[int, ...]:
    """Return the places of the rows that are asked for. Raises DataError for one not there.

    ``first``: the number of the first row, as people count them.
    """
    if sample is None:
        return tuple(range(count))
    asked = list(sample) if isinstance(sample, list | tuple | range | np.ndarray) else [sample]
    for one in asked:
        if not is_whole_number(one, first) or not one < count + first:
            raise DataError(
                f"There is no row {one!r}: {what} are {count}.",
                f"Count from {first}: give a number from {first} to {count - 1 + first}.",
            )
    if not asked:
        raise DataError("No sample is named.", f"Give the number of one, sample={first}.")
    return tuple(int(one) - first for one in asked)
