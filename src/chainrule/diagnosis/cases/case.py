"""A case: a training as it is examined, whichever loop has made it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.data.ignoring import FIRST_ROW
from chainrule.diagnosis.cases.arrangement import Arrangement
from chainrule.network.network import Network
from chainrule.training.recording import Recording
from chainrule.training.rows import Rows
from chainrule.training.run import Run
from chainrule.training.setup import Setup
from chainrule.training.stopping import has_reached_target, was_broken_off

Named = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, eq=False, kw_only=True)
class Case:
    """What was set up, on which rows, what was recorded, and where the parameters ended.

    ``setup.network`` has the parameters of the start. ``last`` are parameters and state after the
    last step, which may hold NaN; ``kept`` are those that prediction uses. ``seconds`` is how long
    it was trained. ``columns`` are the names of the inputs of a table, and ``of_table`` the numbers
    in it of all rows that the setup's provenance counts. ``scaled``: its rows were scaled before
    they came here, so that a prediction is scaled back. ``by_our_loop``: it can be trained again,
    as it was.
    ``outside``: of a table, the relative error of its folds' networks on rows that each had not
    seen, and how many rows that is.
    """

    setup: Setup
    recording: Recording
    training: Rows
    validation: Rows
    last: Named
    kept: Named
    ended: str
    seconds: float = 0.0
    columns: tuple[str, ...] = ()
    of_table: NDArray[np.int64] | None = None
    scaled: bool = False
    notes: Mapping[str, Any] = field(default_factory=dict)
    by_our_loop: bool = False
    outside: tuple[float, int] | None = None

    @property
    def first(self) -> Network:
        """The network as training began."""
        return self.setup.network

    @cached_property
    def network(self) -> Network:
        """The network that was kept."""
        return self.first.with_parameters(self.kept)

    @cached_property
    def trained(self) -> Network:
        """The network after the last step."""
        return self.first.with_parameters(self.last)

    @property
    def epochs(self) -> int:
        """How many epochs were trained."""
        return self.recording.epochs

    @property
    def steps_of_epoch(self) -> int:
        """How many steps an epoch has."""
        return math.ceil(len(self.training) / max(1, self.setup.batch_size))

    @cached_property
    def ended_sound(self) -> bool:
        """Whether all parameters and state are finite numbers after the last step."""
        return all(np.isfinite(one).all() for one in self.last.values())

    @property
    def has_reached_target(self) -> bool:
        """Whether training ended because its loss was as low as asked."""
        return has_reached_target(self.ended)

    @property
    def was_broken_off(self) -> bool:
        """Whether a limit on loss, gradient or change ended it, and more epochs were due."""
        return was_broken_off(self.ended) and self.epochs < self.setup.epochs

    @property
    def arrangement(self) -> Arrangement:
        """What the training was made of, to be changed and tried again."""
        return Arrangement(self.setup, self.training, self.validation)

    def arranged(self, one: Arrangement) -> Case:
        """Return the case with another setup and other rows, and the record that it has."""
        return replace(self, setup=one.setup, training=one.training, validation=one.validation)

    def of_training(self, run: Run, scaled: bool = False) -> Case:
        """Return the case of another training on these rows, such as one with a remedy.

        What is known of the table stays; ``outside`` is not, which was measured without the remedy.
        ``scaled``: its rows were scaled by the remedy.
        """
        made = case_of(run)
        return replace(
            made,
            columns=self.columns,
            of_table=self.of_table,
            scaled=self.scaled or made.scaled or scaled,
            notes={**self.notes, **made.notes},
        )

    @cached_property
    def numbers(self) -> NDArray[np.int64]:
        """The numbers of the training rows (rows,), from 0, in X as given or in the table."""
        numbers = self.setup.provenance.training
        return numbers if self.of_table is None else self.of_table[numbers]

    def told(self, places: NDArray[np.int64]) -> list[int]:
        """Return what people call the training rows at some places: of a table, counted from 1."""
        return self.told_numbers(self.setup.provenance.training[places])

    def told_numbers(self, numbers: NDArray[np.int64]) -> list[int]:
        """Return what people call rows by the provenance's numbers, held out or not."""
        named = numbers if self.of_table is None else self.of_table[numbers] + FIRST_ROW
        found: list[int] = named.tolist()
        return found

    @property
    def how_counted(self) -> str:
        """How rows are counted where they are named, as a sentence."""
        if self.of_table is None:
            return "Rows are those of X, counted from 0."
        return f"Rows are counted from {FIRST_ROW}, as --ignore-rows takes them."


def case_of(run: Run, rows: tuple[Rows, Rows] | None = None) -> Case:
    """Return the case of a run. ``rows``: its training and validation rows, if it holds none.

    Raises DataError for a run whose rows are neither held nor found again.
    """
    from chainrule.explanation.run_rows import numbers_in_table, rows_of_run

    training, validation = rows_of_run(run) if rows is None else rows
    setup = run.setup
    layout = setup.objective().carried
    frozen = {
        one.name: setup.network.parameters[one.name] for one in setup.objective().frozen.parameters
    }
    columns: tuple[str, ...] = ()
    if "preparation" in run.notes:
        from chainrule.data.preparation import Preparation

        columns = tuple(Preparation.from_dict(run.notes["preparation"]).input_names)
    return Case(
        setup=setup,
        recording=run.recording,
        training=training,
        validation=validation,
        last={**frozen, **layout.named_arrays(run.state.parameters)},
        kept={**run.network.parameters, **run.network.state},
        ended=run.ended,
        seconds=run.state.seconds,
        columns=columns,
        of_table=numbers_in_table(run),
        scaled=bool({"scaling", "preparation"} & set(run.notes)),
        notes=run.notes,
        by_our_loop=True,
    )
