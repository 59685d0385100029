"""Steps of a search on a sample of the rows, which grows until it is all of them.

Far from the lowest place some of the rows say as well as all where to go. An iteration makes some
steps on the sample, then the loss of all rows says what they were worth. There is one step at
first, and twice as many each time that they were worth it, up to n / m on m of n rows: together
they look at no more rows than one step on all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

from chainrule.optimizers.searching import (
    GradientAt,
    Iterate,
    LossAt,
    OnSample,
    Request,
    SearchState,
    Sizes,
    Vector,
)

# The sample grows where all rows gain less than this share of what the sample gains.
LEAST_SHARE = 0.5
# And then it has so many times as many rows.
GROWTH = 4
ROWS, STEPS = "rows", "steps"

Result = TypeVar("Result")
Step = Callable[[Vector, SearchState, Sizes], Generator[Request, Any, Iterate]]


def on_sample(
    asking: Generator[Request, Any, Result], rows: int
) -> Generator[Request, Any, Result]:
    """Ask every request of a sample of so many rows, and return what comes of the answers."""
    try:
        request = next(asking)
        while True:
            request = asking.send((yield OnSample(request, rows)))
    except StopIteration as end:
        result: Result = end.value
        return result
    finally:
        asking.close()


def iteration_on_sample(
    step: Step, parameters: Vector, state: SearchState, sizes: Sizes, initial: SearchState
) -> Generator[Request, Any, Iterate]:
    """Make one iteration that lowers the loss of all rows, by steps on a sample where it can.

    ``step``: what makes one step from parameters (p,) and a state. ``state``: its state, and what
    ``sampling_state`` gives; ``initial``: its state at the start, for a sample on which it can go
    no further. The sample grows where all rows gain less than half of what the sample gains. Where
    they gain nothing the steps are not taken: a larger sample tries again, and all rows in the end.

    That share is what the norm test of Byrd, Chin, Nocedal and Wu, Mathematical Programming 134,
    2012, bounds: where the gradient of the sample is off by at most theta times its own length, a
    short step along it gains at least (1 - theta) times as much on all rows.
    """
    rows = int(min(max(float(state[ROWS]), sizes.parameters), sizes.rows))
    steps = int(state[STEPS])
    own = {name: one for name, one in state.items() if name not in (ROWS, STEPS)}
    loss = np.nan
    if rows < sizes.rows:
        # Its gradient is what ``min_gradient`` is held against; a step on all rows asks for it.
        loss, _ = yield GradientAt(parameters)
    while rows < sizes.rows:
        before = yield OnSample(LossAt(parameters), rows)
        made = yield from on_sample(_steps(step, steps, parameters, own, sizes, rows), rows)
        after = yield LossAt(made.parameters)
        on, own = rows, made.state if made.ended is None else dict(initial)
        if made.ended is None and loss - after >= LEAST_SHARE * (before - made.loss):
            steps = min(2 * steps, sizes.rows // rows)
        else:
            rows, steps = min(GROWTH * rows, sizes.rows), 1
        if after < loss:
            readings = {**made.readings, ROWS: float(on)}
            kept = {**own, **sampling_state(rows, steps)}
            return Iterate(made.parameters, kept, after, readings=readings)
    found = yield from step(parameters, own, sizes)
    readings = {**found.readings, ROWS: float(rows)}
    return replace(found, state={**found.state, **sampling_state(rows, 1)}, readings=readings)


def sampling_state(rows: int, steps: int = 1) -> dict[str, Vector]:
    """Return how many rows the sample has, and how many steps are made on it next, as a state."""
    return {ROWS: np.array(float(rows)), STEPS: np.array(float(steps))}


def _steps(
    step: Step, count: int, parameters: Vector, state: SearchState, sizes: Sizes, rows: int
) -> Generator[Request, Any, Iterate]:
    """Make so many steps, or fewer, where no more can be made."""
    of_sample = replace(sizes, residuals=None, rows=rows)
    made = yield from step(parameters, state, of_sample)
    for _ in range(count - 1):
        if made.ended is not None:
            break
        found = yield from step(made.parameters, made.state, of_sample)
        made = replace(found, readings=found.readings or made.readings)
    return made
