"""The rule of a training's update for one number, as equations that can be evaluated and read.

The optimizer's own ``update`` is run on symbols of one parameter, with the weight decay of the
training in front of it. Nothing here knows an optimizer: what is shown follows from the rule that
trained.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.equations import Equation
from chainrule.errors import SetupError
from chainrule.program import FloatType, Input, Program, trace
from chainrule.training.step import TrainingStep
from chainrule.word_values import WORD_VALUES

Array = NDArray[Any]

WEIGHT, GRADIENT, RATE, STEP, LOSS = "weight", "gradient", "rate", "step", "loss"
# Stands before the names of the optimizer's arrays, one of which may be called "gradient".
HELD = "held "
# Words that make each entry from the entries at the same place: a rule of these can be followed
# for one parameter alone.
BY_ENTRY = frozenset(
    {
        "negative", "absolute", "sign", "floor", "exp", "expm1", "log", "log1p", "sqrt", "sin",
        "cos", "tanh", "sigmoid", "erf", "add", "subtract", "multiply", "divide", "power",
        "maximum", "minimum", "less", "less_equal", "equal", "logical_and", "logical_or",
        "logical_not", "is_finite", "where", "to_float", "broadcast_like",
    }
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class UpdateRule:
    """What happens to one parameter in a step, from its clipped gradient on.

    The inputs of ``program`` are ``weight``, ``gradient``, the optimizer's arrays (``state``, their
    names behind ``HELD``), ``rate``, ``step`` (the optimizer's own count, from 1) and ``loss``; its
    outputs the new weight and the new arrays. ``single`` are arrays of one number for all
    parameters, ``zero`` those that begin at 0.
    """

    program: Program
    state: tuple[str, ...]
    single: frozenset[str]
    zero: frozenset[str]

    @cached_property
    def outputs(self) -> dict[str, int]:
        """Name -> the number of the value that replaces it: the weight, and each array."""
        return dict(zip((WEIGHT, *self.state), self.program.outputs, strict=True))

    @cached_property
    def inputs(self) -> dict[str, int]:
        """Name -> the number of the value that is given."""
        return {one.name: number for number, one in enumerate(self.program.inputs)}

    def evaluated(self, given: Mapping[str, Array]) -> list[Array]:
        """Return every value of the rule over many steps: (steps, 1) by its number.

        ``given``: input -> its content in each step (steps,). Arrays are computed in the type of
        the training and single numbers in float64, as an engine does.
        """
        program, dtype = self.program, np.dtype(self.program.dtype)
        steps = len(next(iter(given.values())))
        values: list[Any] = [None] * len(program.values)
        for value in program.values:
            if value.constant is not None:
                values[value.number] = np.broadcast_to(value.constant.reshape(-1), (steps, 1))
        for name, number in self.inputs.items():
            column = np.asarray(given[name]).reshape(steps, 1)
            values[number] = self._settled(number, column, dtype)
        with np.errstate(all="ignore"):
            for equation in program.equations:
                made = self._made(equation, values, dtype)
                values[equation.output] = self._settled(equation.output, made, dtype)
        return values

    def _made(self, equation: Equation, values: Sequence[Any], dtype: np.dtype[Any]) -> Array:
        read = [values[number] for number in equation.inputs]
        if any(self.program.values[number].shape for number in (*equation.inputs, equation.output)):
            # A single number takes the type of the array that it meets.
            read = [one.astype(dtype) if one.dtype.kind == "f" else one for one in read]
        elif equation.word == "power":
            # One after the other, for the power of a single number has bits of its own.
            each = zip(
                *(np.broadcast_to(one, (len(read[0]), 1))[:, 0] for one in read), strict=True
            )
            return np.array([[WORD_VALUES["power"](np, *pair)] for pair in each])
        made: Array = WORD_VALUES[equation.word](np, *read, **dict(equation.settings))
        return np.broadcast_to(made, (len(read[0]), 1))

    def _settled(self, number: int, content: Array, dtype: np.dtype[Any]) -> Array:
        value = self.program.values[number]
        kinds = {"integer": np.dtype(np.int64), "boolean": np.dtype(np.bool_)}
        floats = dtype if value.shape else np.dtype(np.float64)
        return np.asarray(content, dtype=kinds.get(value.kind, floats))


def rule_of(step: TrainingStep, entry: int, dtype: FloatType) -> UpdateRule:
    """Return the rule of a training's update for the trained parameter at a place of the vector.

    Raises SetupError for an optimizer of one's own that mixes parameters.
    """
    initial = step.optimizer.initial(np.zeros(1))
    begun = {HELD + name: np.asarray(initial[name]) for name in step.state_names}
    single = frozenset(name for name in begun if not begun[name].ndim)
    rates = () if step.terms.rates is None else (1,)
    program = _traced(step, np.array([entry]), single, rates, dtype)
    both = _traced(step, np.array([entry, entry]), single, (2,) if rates else (), dtype)
    mixing = [one.word for one in both.equations if one.word not in BY_ENTRY]
    if mixing:
        raise SetupError(
            f"{step.optimizer.name} mixes parameters ('{mixing[0]}' in its update), so that the "
            "step of one of them has no equations of its own.",
            "Ask for the receipt of a run with another optimizer.",
        )
    zero = frozenset(name for name in begun if not begun[name].any())
    return UpdateRule(program, tuple(begun), single, zero)


def _traced(
    step: TrainingStep,
    entries: NDArray[np.int64],
    single: frozenset[str],
    rates: tuple[int, ...],
    dtype: FloatType,
) -> Program:
    decay = step.terms.weight_decay
    decay = None if decay is None else decay[entries]
    # The count that is given is the optimizer's own.
    origin = replace(step.origin, optimizer=1)
    alone = replace(step, terms=replace(step.terms, weight_decay=decay), origin=origin)
    size, held = (len(entries),), [HELD + name for name in step.state_names]

    def rule(weight: Any, gradient: Any, *rest: Any) -> tuple[Any, ...]:
        *state, rate, count, loss = rest
        after, made = alone.updated(weight, gradient, state, count, rate, loss)
        return (after, *made)

    inputs = [
        Input(WEIGHT, size),
        Input(GRADIENT, size),
        *(Input(name, () if name in single else size) for name in held),
        Input(RATE, rates),
        Input(STEP, (), "integer"),
        Input(LOSS, ()),
    ]
    return trace(rule, inputs, (WEIGHT, *held), dtype)
