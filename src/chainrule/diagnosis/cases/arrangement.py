"""An arrangement: what a training is made of. A remedy turns one into another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from chainrule.data.ranges import Scaling
from chainrule.diagnosis.cases.counting import weights_by_class
from chainrule.network.network import Network
from chainrule.training.origin import Origin
from chainrule.training.rows import Provenance, Rows
from chainrule.training.setup import Setup
from chainrule.training.stopping import Stopping


@dataclass(frozen=True, eq=False)
class Arrangement:
    """A setup and its rows; ``scaling`` is how a remedy has scaled them, so as to scale back.

    The setup says which rows they are, so that its provenance and they change together: by
    ``keeping``, ``judged_by``, ``without``, ``holding_out`` and ``of_all``, and by nothing else.
    """

    setup: Setup
    training: Rows
    validation: Rows
    scaling: Scaling | None = None

    def started(self, seed: int, epochs: int) -> Arrangement:
        """Return the same with another start, order and masks, for so many epochs.

        What was drawn by the old seed is drawn anew; parameters that were given stay.
        """
        setup = self.begun_anew(seed).setup
        fresh = replace(
            setup,
            epochs=epochs,
            stopping=replace(setup.stopping, max_seconds=None),
            origin=Origin(),
            snapshots=0,
        )
        return replace(self, setup=fresh)

    def begun_anew(self, seed: int) -> Arrangement:
        """Return the same with what the old seed has drawn drawn by another; the rest stays."""
        setup = self.setup
        network = _drawn_anew(setup.network, setup.seed, seed)
        return replace(self, setup=replace(setup, network=network, seed=seed))

    def keeping(self, places: NDArray[np.int64]) -> Arrangement:
        """Return the same with the training rows at these places alone, the others left out."""
        known = self.setup.provenance.keeping(places)
        return self._with(known, self.training.part(places), self.validation)

    def judged_by(self, places: NDArray[np.int64]) -> Arrangement:
        """Return the same with the held rows at these places alone, the others left out."""
        known = self.setup.provenance.holding_back(places)
        return self._with(known, self.training, weighing_one(self.validation.part(places)))

    def without(self, numbers: NDArray[np.int64]) -> Arrangement:
        """Return the same without these rows, held out or not, by the provenance's numbers."""
        known = self.setup.provenance
        left = self.keeping(np.flatnonzero(~np.isin(known.training, numbers)))
        if not known.validation:
            return left
        return left.judged_by(np.flatnonzero(~np.isin(known.validation, numbers)))

    def holding_out(self, places: NDArray[np.int64]) -> Arrangement:
        """Return the same with the training rows at these places held out, where none were."""
        known = self.setup.provenance.holding_out(places)
        held = self.training.part(places)
        # As train has it: what weighs classes is no part of a validation loss.
        is_by_class = weights_by_class(self.setup, self.training) is not None
        held = replace(held, weights=np.ones(len(held))) if is_by_class else weighing_one(held)
        left = np.delete(np.arange(len(self.training)), places)
        return self._with(known, self.training.part(left), held)

    def of_all(self, rows: Rows) -> Arrangement:
        """Return the same with what it held out among its training rows, in their order."""
        known = replace(self.setup.provenance, validation=())
        return self._with(known, rows, rows.part(np.arange(0)))

    def _with(self, known: Provenance, training: Rows, validation: Rows) -> Arrangement:
        setup = replace(self.setup, provenance=known)
        return replace(self, setup=setup, training=weighing_one(training), validation=validation)


def _drawn_anew(network: Network, old: int, new: int) -> Network:
    """Return the network with what the old seed has drawn drawn by the new one."""
    if old == new:
        return network
    given = network.parameters
    for one in network.plan.parameters:
        if (one.draw(old) == given[one.name]).all():
            given[one.name] = one.draw(new)
    return network.with_parameters(given)


@dataclass(frozen=True, eq=False)
class Remedy:
    """What to do, in words ("divide the learning rate by 10, to 0.01"), and the doing of it.

    ``name`` tells it apart from every other, of all ailments: the laboratory keeps its trainings by
    it. ``code`` is the same as an argument of ``train`` or a line of Python, where there is one.
    ``by_hand``: a fix leaves it to people, and ``change`` is for experiments. ``left_out`` are the
    numbers, from 0, of the rows that it leaves out, in X or in the table; ``words`` name
    them as people count them. ``seed``: where it is another start and nothing else, the seed of
    that; over many starts it is no change.
    """

    name: str
    words: str
    change: Callable[[Arrangement], Arrangement]
    code: str = ""
    by_hand: bool = False
    left_out: tuple[int, ...] = ()
    seed: int | None = None


def scaled_rows(rows: Rows, scaling: Scaling) -> Rows:
    """Return rows of one input as a scaling has them, their first target scaled as well."""
    if not len(rows):
        return rows
    return replace(
        rows,
        inputs=(scaling.inputs.scaled(rows.inputs[0]),),
        targets=(scaling.scaled_target(rows.targets[0]), *rows.targets[1:]),
    )


def weighing_one(rows: Rows) -> Rows:
    """Return rows with their weights at a mean of 1."""
    mean = float(rows.weights.mean()) or 1.0
    return replace(rows, weights=rows.weights / mean)


def on_setup(change: Callable[[Setup], Setup]) -> Callable[[Arrangement], Arrangement]:
    """Return a change of an arrangement that changes its setup alone."""
    return lambda before: replace(before, setup=change(before.setup))


def without_limits(setup: Setup) -> Setup:
    """Return the setup without anything that ends it before its last epoch."""
    return replace(setup, stopping=Stopping())
