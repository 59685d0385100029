"""What goes through the engines' door: work, batches and a watch inwards, an outcome outwards."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import SetupError, ShapeError
from chainrule.program import Program
from chainrule.randomness import permutation
from chainrule.shapes import has_rows, rows_axis, show


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

    def __post_init__(self) -> None:
        for place in range(self.carried):
            given = self.program.values[place]
            made = self.program.values[self.program.outputs[place]]
            if (given.shape, given.kind) != (made.shape, made.kind):
                name = self.program.inputs[place].name
                raise ShapeError(
                    f"'{name}' is {given.kind} {show(given.shape)} before a step and "
                    f"{made.kind} {show(made.shape)} after it.",
                    "Return what is carried in the shape and kind in which it came.",
                )
        for one in self.program.inputs[self.carried + self.fixed :]:
            if has_rows(one.shape) and rows_axis(one.shape) != 0:
                raise ShapeError(
                    f"'{one.name}' is {show(one.shape)}, and batches are cut along the first axis.",
                    "Give rows as the first axis.",
                )

    @property
    def counts(self) -> tuple[int, int, int]:
        """How many inputs are carried, fixed, and rows."""
        return self.carried, self.fixed, len(self.program.inputs) - self.carried - self.fixed

    @cached_property
    def record_bytes(self) -> tuple[int, int]:
        """How many bytes the records take for each row and for each step, a number taken as 8."""
        taken = [0, 0]
        for number in self.program.outputs[self.carried :]:
            shape = self.program.values[number].shape
            fixed = math.prod(one for one in shape if isinstance(one, int))
            taken[0 if has_rows(shape) else 1] += 8 * fixed
        return taken[0], taken[1]


@dataclass(frozen=True)
class Batches:
    """Which rows each step sees. The order of an epoch follows from seed and epoch alone."""

    rows: int
    size: int
    seed: int = 0
    shuffled: bool = False

    @cached_property
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


# The order of the epoch under way: steps come one after another, so an older one is not asked for.
@lru_cache(maxsize=1)
def _order(rows: int, seed: int, epoch: int) -> NDArray[np.int64]:
    return permutation(seed, "order of rows", rows, step=epoch)


@dataclass(frozen=True, eq=False)
class Look:
    """A closer look at the state before the first step of some epochs.

    ``work`` carries nothing; its inputs are those of the steps, of which the rows are one batch:
    the first of that epoch in ``batches``, which cut the rows in a way of their own. None of its
    records has rows. ``epochs`` are in order; those that do not begin in the call are passed over.
    """

    work: Work
    batches: Batches
    epochs: Sequence[int]

    def __post_init__(self) -> None:
        if self.work.carried or self.work.record_bytes[0]:
            raise SetupError(
                "A look carries something, or one of its records has rows.",
                "Sum its records over the rows, and carry nothing.",
            )


@dataclass(frozen=True, eq=False)
class Watch:
    """What happens between the epochs inside a call, so that no caller is needed there.

    ``work`` evaluates ``rows``, which no step sees, in ``batches``. It carries nothing; its inputs
    are the first carried value of the steps, ``fixed``, and the rows. Its first record is one
    number for a batch, and the others hold rows. The mean of the first, each batch weighed by its
    rows, is what the epoch is judged by; without ``work`` it is that of the first record of the
    steps. ``best`` is what it has to be below to be better.

    ``keep`` says which first carried value is kept: that after the last epoch that was better, or
    after the last one that was sound (all numbers finite). ``waited`` counts the epochs since the
    best one; after an epoch in which it reaches ``patience``, the call ends. ``look`` is taken
    before the epochs that it names.
    """

    work: Work | None = None
    fixed: Sequence[Any] = ()
    rows: Sequence[NDArray[Any]] = ()
    batches: Batches | None = None
    best: float = math.inf
    keep: Literal["best", "sound"] = "sound"
    waited: int = 0
    patience: int | None = None
    look: Look | None = None


@dataclass
class Epochs:
    """What a watch saw: one entry for each epoch that ended in the call, in their order.

    ``judged`` is what each was judged by. Of an epoch that had begun before the call, only the
    steps of the call are known here, in ``judged`` without evaluation and in ``sound``; who kept
    the earlier ones has to judge that epoch himself. ``outputs`` are the further records of the
    evaluation, (epochs, rows, ...). An epoch is ``sound`` when the first record of every step and
    the first carried value at its end are finite. ``kept`` is the carried value that was kept, or
    None. ``kept_epoch`` and ``best_epoch`` are places in ``judged``, -1 where no epoch of this
    call was. ``looks`` are the records of the look, each stacked, and ``looked`` the epochs before
    which it was taken.
    """

    judged: NDArray[np.float64]
    sound: NDArray[np.bool_]
    outputs: list[NDArray[Any]]
    kept: NDArray[Any] | None
    kept_epoch: int
    best: float
    best_epoch: int
    looked: list[int] = field(default_factory=list)
    looks: list[NDArray[Any]] = field(default_factory=list)


@dataclass
class Outcome:
    """Where a call of ``run`` got to: the carried values, the records, the steps done."""

    carried: list[Any]
    records: list[Any] = field(default_factory=list)
    steps_done: int = 0
    epochs: Epochs | None = None


@dataclass(frozen=True)
class Engine:
    """What an engine offers: many steps over batches, and one evaluation of a program.

    ``run(work, carried, fixed, rows, batches, first, last, seconds, watch)`` does what the door of
    that name says, and never writes into an array that it is given; ``evaluate(program, inputs)``.
    """

    run: Callable[..., Outcome]
    evaluate: Callable[[Program, Sequence[Any]], list[Any]]
