"""The engines' door: run a program over batches of rows, many steps a call, or evaluate it once."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engines import reference
from chainrule.engines.program import Program
from chainrule.errors import SetupError, nearest
from chainrule.randomness import permutation
from chainrule.word_shapes import has_rows


@dataclass(frozen=True, eq=False)
class Work:
    """A program and the part that each of its inputs plays, in this order.

    ``carried`` inputs are replaced after every step by the program's first outputs; ``fixed``
    inputs stay; the rest are rows, of which every step sees one batch. Outputs beyond the carried
    ones are records, kept for every step.
    """

    program: Program
    carried: int = 0
    fixed: int = 0


@dataclass(frozen=True)
class Batches:
    """Which rows each step sees. The order of an epoch follows from seed and epoch alone."""

    rows: int
    size: int
    seed: int = 0
    shuffled: bool = False

    @property
    def steps_per_epoch(self) -> int:
        return max(1, math.ceil(self.rows / self.size))

    def of_step(self, step: int) -> slice | NDArray[np.int64]:
        """The rows of a step, counted from 0 over all epochs. The last batch may be short."""
        epoch, place = divmod(step, self.steps_per_epoch)
        part = slice(place * self.size, min((place + 1) * self.size, self.rows))
        return _order(self.rows, self.seed, epoch)[part] if self.shuffled else part

    def rows_in(self, step: int) -> int:
        place = step % self.steps_per_epoch
        return min((place + 1) * self.size, self.rows) - place * self.size


# The order of the epoch under way; an older one is not asked for again.
@lru_cache(maxsize=1)
def _order(rows: int, seed: int, epoch: int) -> NDArray[np.int64]:
    return permutation(seed, "order of rows", rows, step=epoch)


@dataclass
class Outcome:
    """Where a call of ``run`` got to: the carried values, the records, the steps done."""

    carried: list[Any]
    records: list[Any] = field(default_factory=list)
    steps_done: int = 0


@dataclass(frozen=True)
class Engine:
    """What an engine offers: many steps over batches, and one evaluation of a program."""

    run: Callable[..., Outcome]
    evaluate: Callable[[Program, Sequence[Any]], list[Any]]


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
    engine: str = "reference",
) -> Outcome:
    """Run the steps ``first`` to before ``last``, at least one, and come back after ``seconds``.

    A record of rows is joined over steps, any other is stacked. Raises SetupError for an engine
    that is not there.
    """
    if (len(carried), len(fixed)) != (work.carried, work.fixed):
        raise SetupError(
            f"The work has {work.carried} carried and {work.fixed} fixed inputs, and was given "
            f"{len(carried)} and {len(fixed)}.",
            "Give as many.",
        )
    return _engine(engine).run(work, carried, fixed, rows, batches, first, last, seconds)


def evaluate(program: Program, inputs: Sequence[Any], *, engine: str = "reference") -> list[Any]:
    """Return the outputs of a program for its inputs, once. Raises SetupError for the engine.

    All rows are given at once, as many in each input that has rows.
    """
    return _engine(engine).evaluate(program, inputs)


def _engine(name: str) -> Engine:
    if name not in ENGINES:
        raise SetupError(f"There is no engine '{name}'.", nearest(name, ENGINES))
    return ENGINES[name]


def _run_reference(
    work: Work,
    carried: Sequence[Any],
    fixed: Sequence[Any],
    rows: Sequence[NDArray[Any]],
    batches: Batches,
    first: int,
    last: int,
    seconds: float,
) -> Outcome:
    stop_at = time.monotonic() + seconds
    outcome = Outcome(list(carried))
    records: list[list[Any]] = []
    for step in range(first, last):
        chosen = batches.of_step(step)
        made = reference.evaluate(
            work.program, [*outcome.carried, *fixed, *(one[chosen] for one in rows)]
        )
        outcome.carried = made[: work.carried]
        records.append(made[work.carried :])
        outcome.steps_done += 1
        if time.monotonic() >= stop_at:
            break
    kept = work.program.outputs[work.carried :]
    for place, number in enumerate(kept):
        column = [made[place] for made in records]
        shape = work.program.values[number].shape
        outcome.records.append(np.concatenate(column) if has_rows(shape) else np.array(column))
    return outcome


ENGINES: dict[str, Engine] = {"reference": Engine(_run_reference, reference.evaluate)}
