"""Everything that an optimizer must hold, tried on three small problems and told in words."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from chainrule.arrays import Array, matmul, mean_over, reshape, slice_of, sum_over, tanh, to_float
from chainrule.engines.door import Batches, Work, run
from chainrule.engines.reference import evaluate
from chainrule.ops.derived import backward_of_function
from chainrule.optimizers import OPTIMIZERS, CosineDecay, Optimizer, Schedule, searches
from chainrule.optimizers.optimizer import Needs
from chainrule.optimizers.steps import stepped
from chainrule.program import FloatType, Input, Program, trace
from chainrule.randomness import normal
from chainrule.testing.searching import check_searching

Problem = Callable[[Any], Any]
SIZE = 5
# Tried one after another where an optimizer does not solve a problem at its own learning rate.
RATES = (0.001, 0.01, 0.1, 1.0, 0.003, 0.03, 0.3, 0.0003)
STRETCH = 250
# The loss that an update is told, and how it goes on: down, and up again.
LOSS: Any = np.float64(2.0)
LOSSES = (1.0, 0.5, 0.8)
_XOR = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
_ONE_OF_BOTH = np.array([[0.0], [1.0], [1.0], [0.0]])


def parabola(x: Array) -> Array:
    """An elongated bowl around 3, with its minimum of 0 there."""
    far: Any = x - 3.0
    return sum_over(far * far * np.linspace(0.2, 1.0, SIZE))


def rosenbrock(x: Array) -> Array:
    """The curved valley of Rosenbrock (1960); 0 at (1, 1)."""
    first, second = slice_of(x, 0, 0, 1), slice_of(x, 0, 1, 2)
    ahead, aside = 1.0 - first, second - first * first
    return sum_over(ahead * ahead + 100.0 * (aside * aside))


def small_network(x: Array) -> Array:
    """The squared error of a 2-4-1 network of tanh units on the exclusive or."""
    hidden = tanh(
        matmul(_as_array(_XOR), reshape(slice_of(x, 0, 0, 8), (2, 4))) + slice_of(x, 0, 8, 12)
    )
    output: Any = matmul(hidden, reshape(slice_of(x, 0, 12, 16), (4, 1))) + slice_of(x, 0, 16, 17)
    missed = output - _ONE_OF_BOTH
    return mean_over(missed * missed)


def _as_array(content: Any) -> Array:
    array: Array = content
    return array


@dataclasses.dataclass(frozen=True)
class Budget:
    """A problem, where the walk starts, the value to come below, and the steps it may take."""

    name: str
    problem: Problem
    start: NDArray[np.float64]
    goal: float
    steps: int


BUDGETS = (
    Budget("a parabola", parabola, np.zeros(SIZE), 0.01, 2000),
    Budget("Rosenbrock's valley", rosenbrock, np.array([-1.2, 1.0]), 0.01, 5000),
    Budget("a small network", small_network, normal(1, "start of a small network", 17), 0.01, 3000),
)


def check_optimizer(optimizer: Optimizer | type[Optimizer]) -> list[str]:
    """Return what is wrong with an optimizer, one sentence each; empty means that it passes.

    A class stands for the optimizer with its defaults.
    Checked are: the parts of the contract; a state of numbers shaped like the parameters, or of
    single ones in float64, under the same names and in the same shapes after an update; that
    nothing given is changed; that the traced update on the reference engine is the update computed
    directly, over three steps in float64 and float32; that one learning rate for each parameter
    does what one for all does, and a rate of 0 moves nothing; and that it solves a parabola in
    2,000 steps, Rosenbrock's valley in 5,000 and a small network in 3,000 (``BUDGETS``), at its own
    learning rate, as it is or falling, or at one of ``RATES``. For one that searches, see
    ``check_searching``.
    """
    optimizer = optimizer() if isinstance(optimizer, type) else optimizer
    if searches(optimizer):
        return check_searching(optimizer)
    failures = list(_contract(optimizer))
    if failures:
        return failures
    for check in (_state, _purity, _rates, _traces, _solutions):
        try:
            failures += check(optimizer)
        except Exception as error:
            name = check.__name__.strip("_")
            failures.append(f"{type(error).__name__} ({error}) stopped the check of its {name}.")
    return [f"{optimizer.name}: {one}" for one in failures]


def assert_optimizer(optimizer: Optimizer | type[Optimizer]) -> None:
    """Raise AssertionError with all that ``check_optimizer`` finds."""
    failures = check_optimizer(optimizer)
    if failures:
        raise AssertionError("\n".join(failures))


def steps_to_solve(optimizer: Optimizer, budget: Budget) -> int | None:
    """Return after how many steps a problem's value is below its goal, None if it never is."""
    work, carried, rate = _descent(optimizer, budget)
    for first in range(0, budget.steps, STRETCH):
        last = min(first + STRETCH, budget.steps)
        made = run(work, carried, [rate], [], Batches(1, 1), first, last)
        solved = np.flatnonzero(made.records[0] < budget.goal)
        if solved.size:
            return first + int(solved[0])
        carried = made.carried
    return None


def _contract(optimizer: Any) -> Iterator[str]:
    kind: Any = type(optimizer)
    if not hasattr(kind, "__dataclass_params__") or not kind.__dataclass_params__.frozen:
        yield "It is no frozen dataclass."
    for part in ("name", "formula", "needs", "learning_rate", "initial", "update"):
        if not hasattr(optimizer, part):
            yield f"It has no {part}."
    if OPTIMIZERS.get(getattr(optimizer, "name", "")) is not kind:
        yield "Its class is not in the table: write @optimizer('name') above it."
    if getattr(optimizer, "needs", "") not in get_args(Needs):
        yield f"It needs none of {', '.join(get_args(Needs))}."
    if not getattr(optimizer, "formula", ""):
        yield "It has no formula."


def _drawn(purpose: str, dtype: str = "float64") -> NDArray[Any]:
    return normal(3, purpose, SIZE).astype(dtype)


def _names(optimizer: Optimizer) -> list[str]:
    return sorted(optimizer.initial(np.zeros(SIZE)))


def _update(optimizer: Any, rate: Any) -> tuple[Any, dict[str, Any]]:
    parameters = _drawn("parameters")
    gradient, state = _drawn("gradient"), optimizer.initial(parameters)
    return stepped(optimizer, parameters, gradient, state, rate, np.int64(1), LOSS)


def _state(optimizer: Any) -> Iterator[str]:
    begun = optimizer.initial(np.zeros(SIZE))
    after, state = _update(optimizer, 0.1)
    if set(begun) != set(state):
        yield f"update returns the state {sorted(state)}, and initial {sorted(begun)}."
    for name, content in [*begun.items(), ("parameters", after)]:
        if np.shape(content) not in ((SIZE,), () if name in begun else (SIZE,)):
            yield f"{name} is {np.shape(content)} for {SIZE} parameters."
    for name in sorted(set(begun) & set(state)):
        if np.shape(state[name]) != np.shape(begun[name]):
            yield f"{name} is {np.shape(state[name])} after an update."


def _purity(optimizer: Any) -> Iterator[str]:
    given = {name: _drawn(name) for name in ("parameters", "gradient")}
    before = {name: one.copy() for name, one in given.items()}
    for one in given.values():
        one.setflags(write=False)
    begun = optimizer.initial(given["parameters"])
    state = {name: np.abs(_drawn(name)) for name in begun}
    state = {name: one if np.shape(begun[name]) else one.max() for name, one in state.items()}
    kept = {name: one.copy() for name, one in state.items()}
    stepped(optimizer, given["parameters"], given["gradient"], state, 0.1, np.int64(2), LOSS)
    changed = [name for name, one in given.items() if not np.array_equal(one, before[name])]
    changed += [name for name, one in kept.items() if not np.array_equal(one, state[name])]
    for name in changed:
        yield f"update changes {name} in place."


def _rates(optimizer: Optimizer) -> Iterator[str]:
    one, many = _update(optimizer, 0.1)[0], _update(optimizer, np.full(SIZE, 0.1))[0]
    if not np.allclose(one, many, rtol=1e-12, atol=0.0):
        yield "One learning rate for each parameter does not do what one for all does."
    if not np.array_equal(_update(optimizer, 0.0)[0], _drawn("parameters")):
        yield "It moves the parameters at a learning rate of 0."


def _traces(optimizer: Any) -> Iterator[str]:
    for dtype, close in (("float64", 1e-12), ("float32", 1e-5)):
        program = _update_program(optimizer, "float64" if dtype == "float64" else "float32")
        names = _names(optimizer)
        parameters: Any = _drawn("parameters", dtype)
        state = optimizer.initial(parameters)
        traced = [parameters, *(np.array(state[name]) for name in names)]
        for step in (1, 2, 3):
            gradient = _drawn(f"gradient {step}", dtype)
            loss = LOSS * LOSSES[step - 1]
            parameters, state = stepped(
                optimizer, parameters, gradient, state, 0.1, np.int64(step), loss
            )
            traced = evaluate(program, [traced[0], gradient, *traced[1:], 0.1, step, float(loss)])
            due = [parameters, *(state[name] for name in names)]
            for name, found, wanted in zip(["parameters", *names], traced, due, strict=True):
                kind = dtype if np.shape(wanted) else "float64"
                same = np.allclose(found, wanted, rtol=close, atol=close)
                if np.asarray(found).dtype != kind or not same:
                    yield f"The traced update differs in {name} after step {step} in {dtype}."


def _update_program(optimizer: Optimizer, dtype: FloatType) -> Program:
    names = _names(optimizer)

    def update(parameters: Any, gradient: Any, *rest: Any) -> tuple[Any, ...]:
        *moments, rate, step, loss = rest
        state = dict(zip(names, moments, strict=True))
        after, made = stepped(optimizer, parameters, gradient, state, rate, step, loss)
        return (after, *(made[name] for name in names))

    begun = optimizer.initial(np.zeros(SIZE))
    inputs = [Input(name, (SIZE,)) for name in ("parameters", "gradient")]
    inputs += [Input(name, np.shape(begun[name])) for name in names]
    inputs += [Input("rate", ()), Input("step", (), "integer"), Input("loss", ())]
    return trace(update, inputs, ("parameters", *names), dtype)


def _solutions(optimizer: Optimizer) -> Iterable[str]:
    if optimizer.needs not in ("gradient", "loss and gradient"):
        return
    own = optimizer.learning_rate
    tried = [optimizer, *(dataclasses.replace(optimizer, learning_rate=rate) for rate in RATES)]
    for budget in BUDGETS:
        falling = () if isinstance(own, Schedule) else (_falling(optimizer, budget),)
        if all(steps_to_solve(one, budget) is None for one in (*tried, *falling)):
            yield (
                f"It does not solve {budget.name} within {budget.steps} steps, at its own learning "
                f"rate ({own}), as it falls to 0 meanwhile, or one of {RATES}."
            )


def _falling(optimizer: Optimizer, budget: Budget) -> Optimizer:
    """Return an optimizer whose own rate falls to 0 over a budget, so that it comes to rest."""
    own: Any = optimizer.learning_rate
    return dataclasses.replace(optimizer, learning_rate=CosineDecay(own, budget.steps))


def _descent(optimizer: Optimizer, budget: Budget) -> tuple[Work, list[Any], float]:
    """Return one step down as work, what it carries at the start, and the learning rate."""
    begun = optimizer.initial(budget.start)
    names, shape = sorted(begun), budget.start.shape
    given = optimizer.learning_rate

    def step(x: Any, count: Any, *rest: Any) -> tuple[Any, ...]:
        *moments, rate = rest
        if isinstance(given, Schedule):
            rate = given.rate(to_float(count)) * rate
        (slope,) = backward_of_function(budget.problem, np.ones(()), (x,))
        state, value = dict(zip(names, moments, strict=True)), budget.problem(x)
        after, made = stepped(optimizer, x, _as_array(slope), state, rate, count + 1, value)
        return (after, count + 1, *(made[name] for name in names), value)

    inputs = [Input("x", shape), Input("step", (), "integer")]
    inputs += [*(Input(name, np.shape(begun[name])) for name in names), Input("rate", ())]
    program = trace(step, inputs, ("x", "step", *names, "value"))
    carried = [budget.start, 0, *(np.array(begun[name]) for name in names)]
    rate = 1.0 if isinstance(given, Schedule) else given
    return Work(program, carried=2 + len(names), fixed=1), carried, rate
