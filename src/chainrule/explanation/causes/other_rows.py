"""What other rows say: in how many of them a unit speaks, an input is not 0, a token occurs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from chainrule.explanation.routes.links import Array
from chainrule.explanation.trace import Trace
from chainrule.ops.walks import forward_walk, steps_towards

AT_ONCE = 2048


class OtherRows:
    """All rows of a table, through the network as it predicts, in float64.

    ``given`` are the inputs of the network for all rows, in the order of the plan; without them the
    rows of the trace are all there are, in the form of the trace.
    """

    def __init__(self, trace: Trace, given: Sequence[Any] | None = None) -> None:
        self.trace = trace
        self.given = None if given is None else [np.asarray(one) for one in given]
        self._known: dict[str, Array] = {}

    @cached_property
    def count(self) -> int:
        """How many rows there are."""
        return len(self.trace.rows) if self.given is None else len(self.given[0])

    def values(self, name: str) -> Array:
        """Return a value of all rows, (rows, ...)."""
        if self.given is None:
            return np.asarray(self.trace.exact.values[name])
        if name not in self._known:
            self._known[name] = self._computed(name)
        return self._known[name]

    def _computed(self, name: str) -> Array:
        plan, exact = self.trace.objective.plan, self.trace.exact.values
        inputs = dict(zip(plan.inputs, self.given or (), strict=False))
        if name in inputs:
            return inputs[name]
        fixed = {one.name: exact[one.name] for one in (*plan.parameters, *plan.state)}
        steps = steps_towards(plan.prediction_walk, [name])
        parts = []
        with np.errstate(all="ignore"):
            for first in range(0, self.count, AT_ONCE):
                rows = {key: one[first : first + AT_ONCE] for key, one in inputs.items()}
                parts.append(np.asarray(forward_walk(steps, {**fixed, **rows})[name]))
        return np.concatenate(parts)
