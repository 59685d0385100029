"""A blow-up: the first step, operation and row that made a number which is none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from chainrule.diagnosis.budget import Budget
from chainrule.diagnosis.cases.case import Case
from chainrule.errors import ChainruleError
from chainrule.explanation.causes.blow_ups import blow_ups
from chainrule.explanation.trace import Mode, RowNames, Trace, trace_rows
from chainrule.explanation.updates.replay import Replay
from chainrule.explanation.words import Words
from chainrule.training.carry_out import carry_out
from chainrule.training.origin import Origin
from chainrule.training.state import State
from chainrule.training.stopping import Stopping, has_overflowed

# Nobody waits longer for one sentence.
LONGEST = 2.0  # seconds


@dataclass(frozen=True)
class BlowUp:
    """Where it happened: ``epoch`` from 1, ``step`` from 0, and the sentence that names the rest.

    ``places`` are the rows among the training rows that the sentence is about, () where it is none.
    """

    epoch: int
    step: int
    words: str
    places: tuple[int, ...] = ()


def blow_up_of(case: Case, epoch: int, budget: Budget) -> BlowUp | None:
    """Return where a training whose loss overflowed in an epoch (from 1) did so, None if unknown.

    The epochs up to there are trained again. None where that takes too long, or where they do not
    come to the same: on another machine, by another loop, with an optimizer that searches.
    """
    cost = case.seconds / max(1, case.epochs) * epoch
    if cost > LONGEST or not budget.fits(1, cost) or case.setup.origin != Origin():
        return None
    try:
        with np.errstate(all="ignore"):
            return _found(case, epoch)
    except (ChainruleError, ArithmeticError):
        return None


def _found(case: Case, epoch: int) -> BlowUp | None:
    setup = replace(
        case.setup, epochs=epoch, stopping=Stopping(), readings=0, snapshots=max(1, epoch - 1)
    )
    rows = (case.training, case.validation)
    run = carry_out(setup, rows, progress=False)
    if not has_overflowed(run.ended) or run.recording.epochs != epoch:
        return None
    replay = Replay(run, rows)
    first = replay.start_before((epoch - 1) * replay.per_epoch)
    work = replay.loop.step.work(setup.dtype, watch_gradient=False)
    losses = replay.taken(work, first, replay.count).records[0]
    bad = np.flatnonzero(~np.isfinite(losses))
    step = first + int(bad[0]) if bad.size else replay.count - 1
    state = replay.before(step)
    # A loss that is none may come of parameters that the step before has made so.
    while step > first and not np.isfinite(state.parameters).all():
        step -= 1
        state = replay.before(step)
    places = replay.rows_of(step).tolist()
    return _said(case, epoch, step, _trace(case, state, step, places), places)


def _trace(case: Case, state: State, step: int, places: Sequence[int]) -> Trace:
    setup = case.setup
    objective = setup.objective()
    size = objective.trained.size
    numbers = tuple(case.told(np.array(places)))
    return trace_rows(
        objective,
        state.parameters[:size],
        objective.frozen.flat_array(setup.network.parameters, setup.dtype),
        case.training.part(np.array(places)).typed(setup.dtype),
        state.parameters[size:],
        engine=setup.engine,
        dtype=setup.dtype,
        mode=Mode("training", setup.seed, step),
        names=RowNames(numbers, tuple(f"row {one}" for one in numbers)),
    )


def _said(case: Case, epoch: int, step: int, trace: Trace, places: Sequence[int]) -> BlowUp:
    causes = blow_ups(Words(trace, case.columns))
    when = f"Step {step} (epoch {epoch}): "
    if not causes:
        words = "all of its values and gradients are finite, and its update left the range of "
        return BlowUp(epoch, step, when + words + f"{case.setup.dtype}.")
    (cause, *_) = causes
    row = int(cause.numbers.get("row", -1.0))
    named = tuple(
        one for one, number in zip(places, trace.rows.numbers, strict=True) if number == row
    )
    return BlowUp(epoch, step, f"{when}{cause.sentence} {cause.counterfactual}".strip(), named)
