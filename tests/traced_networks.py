"""Traces of networks with rows, as the tests of explanations take them."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.explanation.trace import Trace, trace_rows
from chainrule.network.backpropagation import objective_for
from chainrule.network.forms import flat_values
from chainrule.network.network import Network
from chainrule.network.objective import Objective
from chainrule.network.plan import Layout


def traced(
    network: Network,
    x: Any,
    y: Any,
    loss: Any,
    *,
    training: bool = False,
    dtype: Any = "float64",
    sample_weight: Any = None,
    frozen: tuple[str, ...] = (),
    step: int = 0,
) -> Trace:
    """Return the trace of rows through a network; ``frozen`` names parameters that stay."""
    from chainrule.explanation.trace import Mode

    objective, rows = objective_for(network, x, y, loss, sample_weight, training)
    if frozen:
        plan = objective.plan
        moving = tuple(one for one in plan.parameters if one.name not in frozen)
        still = tuple(one for one in plan.parameters if one.name in frozen)
        objective = Objective(plan, objective.losses, Layout(moving), Layout(still))
    named = network.parameters
    parameters = objective.trained.flat_array(named, "float64")
    held = objective.frozen.flat_array(named, "float64")
    carried = flat_values(network, "float64")
    state = carried[objective.plan.layout.size :]
    mode = Mode("training", 0, step) if training else Mode()
    return trace_rows(
        objective, parameters, held, rows, state, engine="reference", dtype=dtype, mode=mode
    )


def rows_of(*shape: int, seed: int = 0) -> Any:
    """Return normal numbers of a shape, the same again each time."""
    return np.random.default_rng(seed).normal(size=shape)
