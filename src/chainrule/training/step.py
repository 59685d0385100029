"""The training step as one program: forward, loss, backward, penalties, clipping, update."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.arrays import (
    Array,
    absolute,
    concatenate,
    equal,
    max_over,
    maximum,
    mean_over,
    minimum,
    slice_of,
    sqrt,
    sum_over,
    to_float,
    where,
)
from chainrule.engines.door import Work
from chainrule.network.objective import Objective
from chainrule.network.plan import SEED
from chainrule.ops import OPS
from chainrule.optimizers import Optimizer, Schedule
from chainrule.optimizers.steps import stepped
from chainrule.program import FloatType, Input, Tracing, trace
from chainrule.training.origin import Origin

# What is recorded of a layer's output and of a parameter, its gradient and its update: no more than
# the numbers need, since each word more is traced in every call of ``train``.
LAYER_RECORDS = ("mean", "variance", "highest of the negative", "highest", "share of zeros")
PARAMETER_RECORDS = ("squares", "squares of the gradient", "squares of the update")


@dataclass(frozen=True, eq=False)
class Terms:
    """What is done to the gradient besides the loss; arrays have one number for each parameter."""

    l1: NDArray[np.float64] | None = None
    l2: NDArray[np.float64] | None = None
    weight_decay: NDArray[np.float64] | None = None
    rates: NDArray[np.float64] | None = None
    clip_norm: float | None = None
    clip_value: float | None = None


@dataclass(frozen=True, eq=False)
class Advance:
    """What one step computes: every value, the penalised gradient, and what comes after.

    ``before`` and ``parameters`` are the trained parameters before and after it, ``carried`` those
    after it with the state of the network behind them; ``moments`` are the optimizer's arrays.
    """

    values: Mapping[Any, Any]
    penalty: Array
    gradient: Array
    before: Array
    parameters: Array
    carried: Array
    moments: list[Array]


@dataclass(frozen=True, eq=False)
class TrainingStep:
    """An objective, an optimizer, and the terms between them, as a function to trace.

    Its inputs are parameters with the network's state behind them, step, the optimizer's state,
    frozen parameters, learning rate, the seed where random numbers are drawn, rows.
    """

    objective: Objective
    optimizer: Optimizer
    terms: Terms
    steps_per_epoch: int
    state_names: tuple[str, ...]
    origin: Origin = field(default_factory=Origin)

    @property
    def has_penalty(self) -> bool:
        """Whether anything is added to the loss."""
        return self.terms.l1 is not None or self.terms.l2 is not None

    def penalised(self, parameters: Array, gradient: Array) -> tuple[Array, Array]:
        """Return the gradient with those of the penalties added, and the penalties' sum."""
        total: Any = 0.0
        for strength, name in ((self.terms.l2, "l2_penalty"), (self.terms.l1, "l1_penalty")):
            if strength is not None:
                penalty = OPS[name].forward(parameters, strength)
                part = OPS[name].backward(1.0, penalty, parameters, strength)[0]
                total, gradient = total + penalty, gradient + part
        return gradient, total

    def clipped(self, gradient: Array) -> Array:
        """Return the gradient cut to the asked size; its length first, then each number."""
        if self.terms.clip_norm is not None:
            # Squares of the gradient itself overflow just where clipping is needed most.
            largest = max_over(absolute(gradient))
            largest = where(equal(largest, 0.0), 1.0, largest)
            relative = gradient / largest
            length = largest * sqrt(sum_over(relative * relative))
            gradient = gradient * minimum(self.terms.clip_norm / maximum(length, largest), 1.0)
        if self.terms.clip_value is not None:
            gradient = minimum(maximum(gradient, -self.terms.clip_value), self.terms.clip_value)
        return gradient

    def rate(self, step: Array, factor: Array) -> Array:
        """Return the learning rate now: the schedule's (or ``factor`` alone) times the rates."""
        given = self.optimizer.learning_rate
        rate = factor
        if isinstance(given, Schedule):
            place = self.origin.place(step, self.steps_per_epoch)
            rate = given.rate(to_float(place) / float(self.steps_per_epoch)) * factor
        return rate if self.terms.rates is None else rate * self.terms.rates

    def updated(
        self,
        parameters: Array,
        gradient: Array,
        state: Sequence[Array],
        step: Array,
        rate: Array,
        loss: Array,
    ) -> tuple[Array, list[Array]]:
        """Return the parameters and the optimizer's state after this step.

        ``loss`` is that before it, penalties included.
        """
        if self.terms.weight_decay is not None:
            parameters = parameters - rate * self.terms.weight_decay * parameters
        named = dict(zip(self.state_names, state, strict=True))
        count = self.origin.optimizer_count(step)
        parameters, made = stepped(self.optimizer, parameters, gradient, named, rate, count, loss)
        return parameters, [made[name] for name in self.state_names]

    @property
    def seeds(self) -> tuple[Input, ...]:
        """The input of the seed, which nothing but random numbers needs."""
        return tuple(one for one in self.objective.noise_inputs if one.name == SEED)

    def advance(self, carried: Any, step: Any, *rest: Any) -> Advance:
        """Walk forward and backward over the rows, then update."""
        objective, count = self.objective, len(self.state_names)
        state, (frozen, factor), behind = rest[:count], rest[count : count + 2], rest[count + 2 :]
        seeds, rows = behind[: len(self.seeds)], behind[len(self.seeds) :]
        values = objective.values(carried, frozen, rows, (*seeds, step) if seeds else ())
        plain = objective.flat_gradient(objective.gradients(values))
        kept = bool(objective.plan.state)
        parameters = slice_of(carried, 0, 0, objective.trained.size) if kept else carried
        gradient, penalty = self.penalised(parameters, plain)
        rate = self.rate(step, factor)
        loss = values["loss"] + penalty
        after, moments = self.updated(parameters, self.clipped(gradient), state, step, rate, loss)
        whole = concatenate((after, *objective.state_after(values)), axis=0) if kept else after
        return Advance(values, penalty, gradient, parameters, after, whole, moments)

    def inputs(self) -> tuple[Input, ...]:
        begun = self.optimizer.initial(np.zeros(self.objective.trained.size))
        parameters, frozen = self.objective.parameter_inputs
        return (
            parameters,
            Input("step", (), "integer"),
            *(Input(name, np.shape(begun[name])) for name in self.state_names),
            frozen,
            Input("rate", ()),
            *self.seeds,
            *self.objective.row_inputs,
        )

    @cached_property
    def _traced(self) -> tuple[Tracing, Advance]:
        """The step on symbols, traced once for both of its forms."""
        tracing = Tracing(self.inputs())
        return tracing, self.advance(*tracing.symbols)

    def work(self, dtype: FloatType, watch_gradient: bool) -> Work:
        """Return the step as work for an engine; its records are loss, penalty, gradient."""
        carried = ("parameters", "step", *self.state_names)
        records = ("loss", "penalty", "gradient") if watch_gradient else ("loss", "penalty")
        tracing, now = self._traced
        made = [now.carried, tracing.symbols[1] + 1, *now.moments, now.values["loss"], now.penalty]
        if watch_gradient:
            made.append(max_over(absolute(now.gradient)))
        program = tracing.program(made, (*carried, *records), dtype)
        return Work(program, carried=len(carried), fixed=2 + len(self.seeds))

    def observed_work(self, dtype: FloatType) -> Work:
        """Return the step in its observed form: nothing is carried, and its records are those that
        ``Readings`` makes readings of."""
        tracing, now = self._traced
        names = [
            *(f"layer {name} {one}" for name in self.watched for one in LAYER_RECORDS),
            *(
                f"parameter {one.name} {record}"
                for one in self.objective.trained.parameters
                for record in PARAMETER_RECORDS
            ),
        ]
        program = tracing.program(self._observed(now), names, dtype)
        return Work(program, carried=0, fixed=4 + len(self.state_names) + len(self.seeds))

    @property
    def watched(self) -> tuple[str, ...]:
        """The values that readings are taken of: what each layer gives."""
        last = {one.layer: one.outputs[0] for one in self.objective.plan.steps}
        return tuple(last.values())

    def _observed(self, now: Advance) -> list[Any]:
        made: list[Any] = []
        for name in self.watched:
            value = now.values[name]
            mean = mean_over(value)
            made += [
                mean,
                mean_over((value - mean) * (value - mean)),
                max_over(-value),
                max_over(value),
                mean_over(to_float(equal(value, 0.0))),
            ]
        layout = self.objective.trained
        update: Any = now.parameters - now.before
        squares = [one * one for one in (now.before, now.gradient, update)]
        for one in layout.parameters:
            start = layout.starts[one.name]
            parts = [slice_of(square, 0, start, start + one.size) for square in squares]
            made += [sum_over(part) for part in parts]
        return made


def evaluation_work(objective: Objective, dtype: FloatType) -> Work:
    """Return the work (parameters, frozen | rows) -> loss of the batch and the outputs.

    The network predicts; ``parameters`` are those that are carried, its state behind them.
    """
    objective = objective.in_prediction

    def evaluated(parameters: Any, frozen: Any, *rows: Any) -> tuple[Any, ...]:
        values = objective.values(parameters, frozen, rows)
        return (values["loss"], *(values[name] for name in objective.plan.outputs))

    names = ("loss", *objective.plan.outputs)
    inputs = (*objective.parameter_inputs, *objective.row_inputs)
    return Work(trace(evaluated, inputs, names, dtype), carried=0, fixed=2)
