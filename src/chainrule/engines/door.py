"""The engines' door: run a program over batches of rows, for many epochs, or evaluate it once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from chainrule.engines.choosing import AUTO, ENGINES, find_engine
from chainrule.engines.work import Batches, Engine, Epochs, Look, Outcome, Watch, Work
from chainrule.errors import SetupError
from chainrule.program import Program

__all__ = [
    "ENGINES",
    "Batches",
    "Engine",
    "Epochs",
    "Look",
    "Outcome",
    "Watch",
    "Work",
    "evaluate",
    "run",
]

# What one call with a watch may hold in memory (bytes): records of steps, outputs of evaluations.
RECORDS_LIMIT = 2**23
OUTPUTS_LIMIT = 2**26


def run(
    work: Work,
    carried: Sequence[Any],
    fixed: Sequence[Any],
    rows: Sequence[NDArray[Any]],
    batches: Batches,
    first: int,
    last: int,
    *,
    seconds: float = math.inf,
    engine: str = AUTO,
    watch: Watch | None = None,
) -> Outcome:
    """Run the steps ``first`` to before ``last``, at least one, and come back after ``seconds``.

    Steps are counted over all epochs, and a call may span many. A record of rows is joined over
    steps, any other is stacked. With a ``watch``, every epoch whose last step is run is judged on
    the way, whether or not it began in this call; the call ends after an epoch that is not sound,
    where patience is at its end, and after a whole epoch where more of them would take too much
    memory. Raises SetupError for an engine that is not there.
    """
    due = work.counts
    if (len(carried), len(fixed), len(rows)) != due:
        raise SetupError(
            f"The work has {due[0]} carried inputs, {due[1]} fixed ones and {due[2]} of rows, and "
            f"was given {len(carried)}, {len(fixed)} and {len(rows)}.",
            "Give as many.",
        )
    if watch is not None and watch.work is not None:
        asked, given = watch.work.counts, (0, 1 + len(watch.fixed), len(watch.rows))
        if given != asked:
            raise SetupError(
                f"The work of the watch has {asked[0]} carried inputs, {asked[1]} fixed ones and "
                f"{asked[2]} of rows, and was given {given[0]}, {given[1]} and {given[2]}.",
                "Give as many; the first fixed one is what the steps carry.",
            )
    if watch is not None:
        look = watch.look
        if look is not None and (
            look.work.program.inputs != work.program.inputs
            or look.work.counts != (0, due[0] + due[1], due[2])
        ):
            raise SetupError(
                "The look of a watch has other inputs than the steps.", "Trace both from the same."
            )
        limit = _epochs_at_once(work, batches, watch.work, watch.batches)
        per_epoch = batches.steps_per_epoch
        last = min(last, (first // per_epoch + limit) * per_epoch)
    return find_engine(engine).run(work, carried, fixed, rows, batches, first, last, seconds, watch)


def evaluate(program: Program, inputs: Sequence[Any], *, engine: str = AUTO) -> list[Any]:
    """Return the outputs of a program for its inputs, once. Raises SetupError for the engine.

    All rows are given at once, as many in each input that has rows.
    """
    return find_engine(engine).evaluate(program, inputs)


def _epochs_at_once(
    work: Work, batches: Batches, judging: Work | None, held: Batches | None
) -> int:
    """Return how many epochs one call may span, at least one, by what it has to remember."""
    of_a_row, of_a_step = work.record_bytes
    bytes_of_steps = of_a_row * batches.rows + of_a_step * batches.steps_per_epoch
    limit = RECORDS_LIMIT // max(1, bytes_of_steps)
    if judging is not None and held is not None:
        of_a_row, of_a_step = judging.record_bytes
        limit = min(limit, OUTPUTS_LIMIT // max(1, of_a_row * held.rows + of_a_step))
    return max(1, limit)
