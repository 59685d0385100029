"""Where the pulls of rows come from: a step of a run, all its rows, or a network and rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.arrays import count, reshape, slice_of, zeros_like
from chainrule.data.decisions import counted
from chainrule.engines.door import evaluate
from chainrule.engines.per_row import per_row
from chainrule.errors import SetupError
from chainrule.explanation.pulls import Fight, Pull, Pulls, pulls_in_order
from chainrule.explanation.run_rows import rows_of_run, training_row_names
from chainrule.explanation.single_weights import SingleWeight, meaning_in_run, single_weight
from chainrule.explanation.trace import RowNames
from chainrule.explanation.updates.replay import Replay
from chainrule.network.backpropagation import LossChoice, gradient_program, objective_for
from chainrule.network.derivatives import per_example_program
from chainrule.network.forms import flat_values, noise_and_rows, signed_seed
from chainrule.network.network import Network
from chainrule.network.objective import Objective
from chainrule.network.wording import meaning_of
from chainrule.ops import OPS
from chainrule.program import Program, trace
from chainrule.training.rows import Rows
from chainrule.training.run import Run
from chainrule.training.step import Terms

Array = NDArray[Any]

# The gradients of single rows at one parameter are held for so many numbers at once.
NUMBERS_AT_ONCE = 4_000_000
FIGHTS = 3


@dataclass(frozen=True, eq=False)
class Batch:
    """Rows and the place in which their gradients are taken, all in float64.

    ``carried`` are the trained parameters with the state behind them.
    """

    objective: Objective
    carried: Array
    frozen: Array
    noise: tuple[int, ...]
    rows: tuple[Array, ...]
    names: RowNames
    where: str

    def __len__(self) -> int:
        return len(self.rows[0])

    def given(self, chosen: Any) -> list[Any]:
        """Return the inputs of a program for some of the rows."""
        return [self.carried, self.frozen, *self.noise, *(one[chosen] for one in self.rows)]

    @cached_property
    def gradient(self) -> Array:
        """The gradient of the batch at all trained parameters, flat."""
        program = gradient_program(self.objective, "float64")
        found: Array = evaluate(program, self.given(slice(None)))[1]
        return found

    def terms(self, weight: SingleWeight) -> Array:
        """Return what each row adds to the gradient at a weight: (rows,)."""
        program = _one_parameter(self.objective, weight)
        many = max(1, NUMBERS_AT_ONCE // weight.parameter.size)
        if self.noise:
            # The masks follow from a row's place in its batch.
            many = len(self)
        parts = [
            evaluate(program, self.given(slice(start, start + many)))[0].reshape(-1)
            for start in range(0, len(self), many)
        ]
        return np.concatenate(parts) / len(self)

    def gradients_of(self, places: Sequence[int]) -> Array:
        """Return the whole gradients of some rows: (rows, parameters)."""
        program = per_example_program(self.objective, "float64")
        if self.noise:
            return np.asarray(evaluate(program, self.given(slice(None)))[0][list(places)])
        return np.asarray(evaluate(program, self.given(list(places)))[0])


def who_pulled(
    what: Run | Network,
    target: str,
    *,
    step: int | None = None,
    x: Any = None,
    y: Any = None,
    loss: LossChoice | Sequence[LossChoice] = "half_squared_error",
    sample_weight: Any = None,
    rows: tuple[Rows, Rows] | None = None,
    names: RowNames | None = None,
) -> Pulls:
    """Return the gradient at one weight as terms of rows: who pushed it up, and who down.

    Of a run: with ``step``, counted from 0, the batch of that step, its masks and the parameters
    before it, which are found by taking the steps before it again; without, all training rows and
    the parameters that the run has kept, as it predicts. ``rows`` (training, validation): those of
    the run, see ``rows_of_run``. Of a network: rows ``x``, ``y`` with a ``loss``, as in
    ``gradient``. ``names`` are those of the rows, else they have their numbers in the table or X.
    Raises SetupError where the rows of a batch are mixed, as batch norm does in training, and for
    targets and steps that are not there; DataError where rows are missing.
    """
    if isinstance(what, Network):
        batch = batch_of_network(what, x, y, loss, sample_weight, names)
        weight = single_weight(batch.objective, target)
        return pulls_of(batch, weight, meaning_of(what.plan, weight.name), 0.0)
    batch = batch_of_run(what, rows, names) if step is None else _of_step(what, step, rows, names)
    weight = single_weight(batch.objective, target)
    penalty = _penalty(what.setup.terms(batch.objective), batch.carried, weight.flat)
    return pulls_of(batch, weight, meaning_in_run(what, weight), penalty)


def batch_of_network(
    network: Network,
    x: Any,
    y: Any,
    loss: LossChoice | Sequence[LossChoice] = "half_squared_error",
    sample_weight: Any = None,
    names: RowNames | None = None,
) -> Batch:
    """Return rows of a network as it predicts; arguments as for ``gradient``."""
    objective, given = objective_for(network, x, y, loss, sample_weight)
    many = len(given[0])
    return Batch(
        objective,
        flat_values(network, "float64"),
        np.zeros(0),
        (),
        tuple(given),
        RowNames.counted(many) if names is None else names,
        counted(many, "row"),
    )


def _of_step(run: Run, step: int, rows: tuple[Rows, Rows] | None, names: RowNames | None) -> Batch:
    replay = Replay(run, rows)
    _refuse_mixed(replay.loop.objective)
    replay.check_step(step)
    state = replay.before(step)
    places = replay.rows_of(step)
    return Batch(
        replay.loop.objective,
        state.parameters.astype(np.float64),
        replay.loop.frozen.astype(np.float64),
        (signed_seed(run.setup.seed), step) if replay.loop.seeds else (),
        tuple(one[places] for one in replay.loop.rows),
        (training_row_names(run) if names is None else names).part(places),
        replay.rows_said(step),
    )


def batch_of_run(
    run: Run, rows: tuple[Rows, Rows] | None = None, names: RowNames | None = None
) -> Batch:
    """Return all training rows of a run, with the parameters that it kept, as it predicts."""
    known = rows_of_run(run) if rows is None else rows
    objective = run.setup.objective().in_prediction
    held = {**run.network.parameters, **run.network.state}
    return Batch(
        objective,
        objective.carried.flat_array(held, "float64"),
        objective.frozen.flat_array(held, "float64"),
        (),
        known[0].typed(run.setup.dtype),
        training_row_names(run) if names is None else names,
        f"all {counted(len(known[0]), 'training row')}",
    )


def _refuse_mixed(objective: Objective) -> None:
    """Raise SetupError for a network that mixes the rows of a batch, with the layer that does."""
    if objective.fewest_rows:
        layer = next(iter(objective.fewest_rows))
        raise SetupError(
            f"{layer} mixes the rows of a batch in training, so that no row has a pull of its own.",
            "Leave step out: as it predicts, the network keeps rows apart.",
        )


def _one_parameter(objective: Objective, weight: SingleWeight) -> Program:
    """Return the program whose output is each row's own gradient at one weight: (rows, 1)."""
    name, size, inside = weight.parameter.name, weight.parameter.size, weight.inside

    def at_weight(parameters: Any, frozen: Any, *rest: Any) -> tuple[Any]:
        given = noise_and_rows(objective, rest)
        values = objective.values(parameters, frozen, **given)
        # A mean over n rows, times n: the division and its rounding come once, behind.
        slope = objective.gradients(values, at_loss=count(given["rows"][0], 0)).get(name)
        flat = reshape(zeros_like(values[name]) if slope is None else slope, (size,))
        return (slice_of(flat, 0, inside, inside + 1),)

    inputs = (*objective.parameter_inputs, *objective.noise_inputs, *objective.row_inputs)
    return per_row(trace(at_weight, inputs, ("terms",), "float64"))


def _penalty(terms: Terms, parameters: Array, entry: int) -> float:
    """Return what L1 and L2 add to the gradient at a trained parameter."""
    total = 0.0
    for strength, name in ((terms.l2, "l2_penalty"), (terms.l1, "l1_penalty")):
        if strength is not None:
            one, by = parameters[entry : entry + 1], strength[entry : entry + 1]
            made: Any = OPS[name].backward(1.0, 0.0, one, by)[0]
            total += float(made[0])
    return total


def pulls_of(batch: Batch, weight: SingleWeight, meaning: str, penalty: float) -> Pulls:
    """Return the gradient of a batch at a weight as terms of its rows, and who fights whom.

    ``meaning``: the weight in words. ``penalty``: what L1 and L2 add to the gradient. Raises
    SetupError where the rows are mixed.
    """
    terms = batch.terms(weight)
    pulls = pulls_in_order(batch.names.numbers, batch.names.names, terms)
    return Pulls(
        weight.name,
        meaning,
        batch.where,
        float(batch.gradient[weight.flat]),
        pulls,
        _fights(batch, terms, pulls),
        penalty,
    )


def _fights(batch: Batch, terms: Array, pulls: Sequence[Pull]) -> tuple[Fight, ...]:
    """Return the strongest rows of both sides in pairs, with how their whole gradients agree."""
    order = np.argsort(-np.abs(terms), kind="stable")
    # Pulls are in this order.
    ups, downs = (
        np.flatnonzero(terms[order] < 0)[:FIGHTS],
        np.flatnonzero(terms[order] > 0)[:FIGHTS],
    )
    pairs = list(zip(ups.tolist(), downs.tolist(), strict=False))
    if not pairs:
        return ()
    whole = batch.gradients_of([int(order[one]) for pair in pairs for one in pair])
    return tuple(
        Fight(pulls[up], pulls[down], _cosine(whole[2 * place], whole[2 * place + 1]))
        for place, (up, down) in enumerate(pairs)
    )


def _cosine(a: Array, b: Array) -> float:
    length = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / length if length else 0.0
