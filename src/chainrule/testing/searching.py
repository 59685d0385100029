"""Everything that an optimizer that searches must hold, tried on three problems of squares."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from chainrule.arrays import Array, concatenate, matmul, reshape, slice_of, sum_over, tanh
from chainrule.network.function_answers import FunctionAnswers
from chainrule.optimizers import OPTIMIZERS, SearchingOptimizer
from chainrule.optimizers.optimizer import Needs
from chainrule.optimizers.searching import (
    Iterate,
    LossAt,
    NormalEquations,
    Request,
    Residuals,
    iterate_of,
)
from chainrule.randomness import normal

Vector = NDArray[np.float64]
Errors = Callable[[Any], Any]

# An iteration that asks more often than that does not come to an end.
MOST_REQUESTS = 10_000
TWO = np.sqrt(2.0)
_XOR = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
_ONE_OF_BOTH = np.array([[0.0], [1.0], [1.0], [0.0]])


def parabola_residuals(x: Array) -> Array:
    """An elongated bowl around 3."""
    far: Any = x - 3.0
    residuals: Array = far * np.sqrt(2.0 * np.linspace(0.2, 1.0, 5))
    return residuals


def rosenbrock_residuals(x: Array) -> Array:
    """The curved valley of Rosenbrock (1960); 0 at (1, 1)."""
    first, second = slice_of(x, 0, 0, 1), slice_of(x, 0, 1, 2)
    return concatenate((TWO * (1.0 - first), 10.0 * TWO * (second - first * first)), axis=0)


def small_network_residuals(x: Array) -> Array:
    """What a 2-4-1 network of tanh units misses of the exclusive or, over the root of half of 4."""
    known: Any = _XOR
    hidden = tanh(matmul(known, reshape(slice_of(x, 0, 0, 8), (2, 4))) + slice_of(x, 0, 8, 12))
    output: Any = matmul(hidden, reshape(slice_of(x, 0, 12, 16), (4, 1))) + slice_of(x, 0, 16, 17)
    missed: Array = reshape((output - _ONE_OF_BOTH) * np.sqrt(0.5), (4,))
    return missed


@dataclass(frozen=True)
class SquaresBudget:
    """A problem by its residuals, a start, the value to come below, and the iterations for it."""

    name: str
    residuals: Errors
    start: Vector
    goal: float
    iterations: int

    def answers(self) -> FunctionAnswers:
        """Return what answers requests about half the sum of the squared residuals."""

        def loss(x: Any) -> Any:
            made: Any = self.residuals(x)
            return 0.5 * sum_over(made * made)

        return FunctionAnswers(loss, self.start.shape, residuals=self.residuals)


SQUARES_BUDGETS = (
    SquaresBudget("a parabola", parabola_residuals, np.zeros(5), 0.01, 2000),
    SquaresBudget("Rosenbrock's valley", rosenbrock_residuals, np.array([-1.2, 1.0]), 0.01, 5000),
    SquaresBudget(
        "a small network",
        small_network_residuals,
        normal(1, "start of a small network", 17),
        0.01,
        3000,
    ),
)


def check_searching(optimizer: SearchingOptimizer) -> list[str]:
    """Return what is wrong with an optimizer that searches, one sentence each.

    Checked are: the parts of the contract; a state of float64 arrays that keeps its names and
    shapes; that what is given is not changed; that an iteration from the same state gives the same
    bits, and tells the loss at its end; that answers that are NaN raise nothing, and come to an
    iterate; and that it solves a parabola in 2,000 iterations, Rosenbrock's valley in 5,000 and a
    small network in 3,000 (``SQUARES_BUDGETS``), unless its ``adds_to_the_loss`` is True because
    what it minimises is more than the loss.
    """
    failures = list(_contract(optimizer))
    if failures:
        return failures
    for check in (_state, _purity, _repeats, _not_a_number, _solutions):
        try:
            failures += check(optimizer)
        except Exception as error:
            name = check.__name__.strip("_").replace("_", " ")
            failures.append(f"{type(error).__name__} ({error}) stopped the check of '{name}'.")
    return [f"{optimizer.name}: {one}" for one in failures]


def iterated(
    optimizer: SearchingOptimizer,
    answers: FunctionAnswers,
    parameters: Vector,
    state: dict[str, Vector],
    spoiled: Callable[[Any], Any] = lambda answer: answer,
) -> Iterate:
    """Return what one iteration comes to. Raises RuntimeError for one that has no end."""
    asked = count(1)

    def answer(request: Request) -> Any:
        if next(asked) > MOST_REQUESTS:
            raise RuntimeError(f"An iteration asked {MOST_REQUESTS} times, and did not end.")
        return spoiled(answers.of(request))

    with np.errstate(all="ignore"):
        return iterate_of(optimizer.iteration(parameters, state, answers.sizes), answer)


def iterations_to_solve(optimizer: SearchingOptimizer, budget: SquaresBudget) -> int | None:
    """Return after how many iterations the loss is below the goal, None if it never is."""
    answers, at = budget.answers(), budget.start
    state = optimizer.initial(at)
    for place in range(budget.iterations):
        iterate = iterated(optimizer, answers, at, state)
        if iterate.loss < budget.goal:
            return place + 1
        if iterate.ended is not None:
            return None
        at, state = iterate.parameters, iterate.state
    return None


def _contract(optimizer: Any) -> Iterator[str]:
    kind: Any = type(optimizer)
    if not hasattr(kind, "__dataclass_params__") or not kind.__dataclass_params__.frozen:
        yield "It is no frozen dataclass."
    for part in ("name", "formula", "needs", "initial", "iteration"):
        if not hasattr(optimizer, part):
            yield f"It has no {part}."
    if OPTIMIZERS.get(getattr(optimizer, "name", "")) is not kind:
        yield "Its class is not in the table: write @optimizer('name') above it."
    if getattr(optimizer, "needs", "") not in get_args(Needs)[2:]:
        yield f"It needs none of {', '.join(get_args(Needs)[2:])}."
    if not getattr(optimizer, "formula", ""):
        yield "It has no formula."


def _begun(optimizer: SearchingOptimizer) -> tuple[FunctionAnswers, Vector, dict[str, Vector]]:
    """Return the answers of a problem, and where a search stands after its first iteration."""
    budget = SQUARES_BUDGETS[2]
    answers = budget.answers()
    first = iterated(optimizer, answers, budget.start, optimizer.initial(budget.start))
    return answers, first.parameters, first.state


def _state(optimizer: SearchingOptimizer) -> Iterator[str]:
    start = SQUARES_BUDGETS[2].start
    begun, (_, after, state) = optimizer.initial(start), _begun(optimizer)
    if set(begun) != set(state):
        yield f"iteration returns the state {sorted(state)}, and initial {sorted(begun)}."
    for name in sorted(set(begun) & set(state)):
        if np.shape(begun[name]) != np.shape(state[name]):
            yield f"{name} is {np.shape(begun[name])} at first and {np.shape(state[name])} later."
    for name, content in [*begun.items(), *state.items(), ("parameters", after)]:
        if np.asarray(content).dtype != np.float64:
            yield f"{name} is of type {np.asarray(content).dtype}, not float64."
    if np.shape(after) != start.shape:
        yield f"parameters are {np.shape(after)} for {start.size} of them."


def _purity(optimizer: SearchingOptimizer) -> Iterator[str]:
    answers, parameters, state = _begun(optimizer)
    given = {name: np.array(one) for name, one in state.items()}
    at = parameters.copy()
    iterated(optimizer, answers, at, given)
    changed = [name for name, one in given.items() if not np.array_equal(one, state[name], True)]
    changed += [] if np.array_equal(at, parameters) else ["parameters"]
    for name in changed:
        yield f"iteration changes {name} in place."


def _repeats(optimizer: SearchingOptimizer) -> Iterator[str]:
    answers, at, state = _begun(optimizer)
    first, again = (iterated(optimizer, answers, at, dict(state)) for _ in range(2))
    same = np.array_equal(first.parameters, again.parameters) and first.loss == again.loss
    for name in first.state:
        same = same and np.array_equal(first.state[name], again.state[name], True)
    if not same:
        yield "Two iterations from one state differ, so that a resume would, too."
    if not np.isclose(first.loss, answers.of(LossAt(first.parameters)), rtol=1e-9, atol=1e-12):
        yield "The loss that it tells is not that at its parameters."


def _not_a_number(optimizer: SearchingOptimizer) -> Iterator[str]:
    answers, at, state = _begun(optimizer)

    def spoiled(answer: Any) -> Any:
        if isinstance(answer, tuple):
            return tuple(map(spoiled, answer))
        if isinstance(answer, NormalEquations | Residuals):
            return type(answer)(*map(spoiled, vars(answer).values()))
        return np.nan * answer

    found: Any = iterated(optimizer, answers, at, state, spoiled)
    if not isinstance(found, Iterate):
        yield "An iteration whose answers are NaN returns no Iterate."


def _solutions(optimizer: SearchingOptimizer) -> Iterator[str]:
    if getattr(optimizer, "adds_to_the_loss", False):
        return
    for budget in SQUARES_BUDGETS:
        if iterations_to_solve(optimizer, budget) is None:
            yield f"It does not solve {budget.name} within {budget.iterations} iterations."
