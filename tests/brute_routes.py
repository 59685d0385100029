"""All routes of a small network, one by one, by differences: an oracle for sweeps and search.

The slopes are central differences of the forward rule of each op alone; no rule of backward or
tangent, and no link, is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from chainrule.explanation.trace import Trace
from chainrule.network.plan import RANDOM

STEP = 1e-5
# Below this a slope is one that rounding makes of 0.
NOTHING = 1e-8


class Slopes:
    """Every local derivative of a trace: name -> (output, matrix (outputs, inputs)), by use."""

    def __init__(self, trace: Trace) -> None:
        self.known: dict[str, list[tuple[str, Any]]] = {}
        self.values = trace.exact.values
        for step in trace.objective.steps:
            if step.op.name == RANDOM or not step.op.differentiable:
                continue
            for place, name in enumerate(map(str, step.inputs)):
                own = step.op.input_names[place]
                fixed = own in (*step.op.noise, *step.op.state, *step.op.cuts)
                if np.asarray(self.values[name]).dtype.kind == "f" and not fixed:
                    self._enter(step, place, name)

    def _enter(self, step: Any, place: int, name: str) -> None:
        inputs = [np.asarray(self.values[one]) for one in step.inputs]
        columns: list[list[Any]] = [[] for _ in step.flowing]
        for entry in range(inputs[place].size):
            above, below = (self._made(step, inputs, place, entry, s * STEP) for s in (1, -1))
            for column, up, down in zip(columns, above, below, strict=False):
                column.append((up - down).reshape(-1) / (2 * STEP))
        for output, column in zip(step.flowing, columns, strict=True):
            self.known.setdefault(name, []).append((str(output), np.stack(column, axis=1)))

    @staticmethod
    def _made(step: Any, inputs: list[Any], place: int, entry: int, change: float) -> Any:
        moved = inputs[place].copy()
        moved.reshape(-1)[entry] += change
        given = [*inputs[:place], moved, *inputs[place + 1 :]]
        made = step.op.forward(*given, **step.settings)
        return [np.asarray(one) for one in (made if isinstance(made, tuple) else (made,))]

    def routes(self, name: str, entry: int, so_far: float = 1.0) -> Iterator[float]:
        """Yield the product of every live route from an entry to the loss."""
        if name == "loss":
            yield so_far
            return
        for output, matrix in self.known.get(name, ()):
            for target in np.flatnonzero(np.abs(matrix[:, entry]) > NOTHING):
                yield from self.routes(output, int(target), so_far * matrix[target, entry])
