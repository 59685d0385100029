"""Problems that answer what a searching optimizer asks, by JAX in float64, and a loop that asks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field
from functools import lru_cache, partial
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from chainrule.optimizers.searching import (
    BendingAlong,
    GradientAt,
    Iterate,
    LossAt,
    NormalEquations,
    NormalEquationsAt,
    Request,
    Residuals,
    ResidualsAt,
    Sizes,
)

Vector = NDArray[np.float64]


@contextmanager
def float64() -> Iterator[None]:
    import jax

    with jax.enable_x64(True):
        yield


class Problem:
    """A loss of flat parameters; ``asked`` counts what it was asked for, by the request's name."""

    def __init__(self, start: Any) -> None:
        self.start = np.array(start, dtype=np.float64)
        self.asked: dict[str, int] = {}

    @property
    def sizes(self) -> Sizes:
        return Sizes(self.start.size, None)

    def answer(self, request: Request) -> Any:
        name = type(request).__name__
        self.asked[name] = self.asked.get(name, 0) + 1
        with float64(), np.errstate(all="ignore"):
            if isinstance(request, LossAt):
                return float(self.loss(request.parameters))
            if isinstance(request, GradientAt):
                whole = self.normal_equations(request.parameters)
                return whole.loss, whole.gradient
            if isinstance(request, NormalEquationsAt):
                return self.normal_equations(request.parameters)
            if isinstance(request, ResidualsAt):
                return self.residuals(request.parameters)
            if isinstance(request, BendingAlong):
                return self.bending(request.parameters, request.direction)
        raise AssertionError(f"nobody answers {name}")

    def loss(self, at: Vector) -> float:
        raise NotImplementedError

    def normal_equations(self, at: Vector) -> NormalEquations:
        raise NotImplementedError

    def residuals(self, at: Vector) -> Residuals:
        raise AssertionError("this loss has no residuals")

    def bending(self, at: Vector, direction: Vector) -> Vector:
        raise NotImplementedError


class Squares(Problem):
    """The mean of squared errors (m,), or half their sum."""

    def __init__(self, errors: Callable[[Any], Any], start: Any, *, mean: bool = True) -> None:
        import jax

        super().__init__(start)
        with float64():
            self.count = len(errors(self.start))
            factor = np.sqrt(2.0 / self.count) if mean else 1.0
            self.scaled = jax.jit(lambda at: factor * errors(at))
            self.jacobian = jax.jit(jax.jacfwd(self.scaled))
            self.second = jax.jit(partial(second_along, self.scaled))

    @property
    def sizes(self) -> Sizes:
        return Sizes(self.start.size, self.count)

    def loss(self, at: Vector) -> float:
        found = np.asarray(self.scaled(at))
        return float(0.5 * found @ found)

    def residuals(self, at: Vector) -> Residuals:
        return Residuals(self.loss(at), np.asarray(self.scaled(at)), np.asarray(self.jacobian(at)))

    def normal_equations(self, at: Vector) -> NormalEquations:
        found = self.residuals(at)
        slopes = found.jacobian
        return NormalEquations(found.loss, slopes.T @ found.residuals, slopes.T @ slopes)

    def bending(self, at: Vector, direction: Vector) -> Vector:
        found: Vector = np.asarray(self.second(at, direction)) @ np.asarray(self.jacobian(at))
        return found


def second_along(function: Callable[[Any], Any], at: Any, direction: Any) -> Any:
    """Return the second derivative of a function along a direction."""
    import jax

    def first(there: Any) -> Any:
        return jax.jvp(function, (there,), (direction,))[1]

    return jax.jvp(first, (at,), (direction,))[1]


class Entropy(Problem):
    """The mean cross-entropy of labels (n,) for logits (n, classes)."""

    def __init__(self, logits: Callable[[Any], Any], labels: Any, start: Any) -> None:
        import jax

        super().__init__(start)
        places = np.arange(len(labels))
        with float64():
            self.logits = jax.jit(logits)
            self.jacobian = jax.jit(jax.jacfwd(logits))
            self.value = jax.jit(lambda at: -jax.nn.log_softmax(logits(at))[places, labels].mean())
            self.slope = jax.jit(jax.grad(self.value))
            self.shares = jax.jit(lambda at: jax.nn.softmax(logits(at)))
            self.second = jax.jit(partial(second_along, logits))

    def loss(self, at: Vector) -> float:
        return float(self.value(at))

    def normal_equations(self, at: Vector) -> NormalEquations:
        slopes = np.asarray(self.jacobian(at))
        matrix = np.einsum("nip,nij,njq->pq", slopes, self.middle(at), slopes) / len(slopes)
        return NormalEquations(self.loss(at), np.asarray(self.slope(at)), matrix)

    def middle(self, at: Vector) -> Vector:
        """Return the second derivatives (n, classes, classes) of each row's loss at its logits."""
        shares = np.asarray(self.shares(at))
        found: Vector = shares[:, :, None] * np.eye(shares.shape[1])
        return found - shares[:, :, None] * shares[:, None]

    def bending(self, at: Vector, direction: Vector) -> Vector:
        slopes, second = np.asarray(self.jacobian(at)), np.asarray(self.second(at, direction))
        found: Vector = np.einsum("nip,nij,nj->p", slopes, self.middle(at), second) / len(slopes)
        return found


@dataclass
class Search:
    """A search, iteration by iteration; each starts from the state that the one before left."""

    optimizer: Any
    problem: Problem
    spoil: Callable[[int, Request, Any], Any] | None = None
    iterates: list[Iterate] = field(default_factory=list)
    questions: int = 0

    @property
    def last(self) -> Iterate:
        return self.iterates[-1]

    def run(self, iterations: int, goal: float = -np.inf) -> Search:
        """Iterate so often, or until the loss is below the goal, or the search ends."""
        start = self.problem.start
        if self.iterates:
            parameters, state = self.last.parameters, self.last.state
        else:
            parameters, state = start, self.optimizer.initial(start)
        for _ in range(iterations):
            found = self._iterate(parameters, state)
            self.iterates.append(found)
            parameters, state = found.parameters, found.state
            if found.ended is not None or found.loss < goal:
                break
        return self

    def _iterate(self, parameters: Vector, state: Any) -> Iterate:
        generator = self.optimizer.iteration(parameters.copy(), state, self.problem.sizes)
        before = parameters.copy()
        answer = None
        while True:
            try:
                request = generator.send(answer)
            except StopIteration as ended:
                assert np.array_equal(parameters, before), "the parameters were changed in place"
                found: Iterate = ended.value
                first = self.optimizer.initial(self.problem.start)
                assert {name: one.shape for name, one in found.state.items()} == {
                    name: one.shape for name, one in first.items()
                }
                assert all(one.dtype == np.float64 for one in found.state.values())
                return found
            answer = self.problem.answer(request)
            if self.spoil is not None:
                answer = self.spoil(self.questions, request, answer)
            self.questions += 1


def search(optimizer: Any, problem: Problem, iterations: int, goal: float = -np.inf) -> Search:
    """Return a search of so many iterations, or fewer."""
    return Search(optimizer, problem).run(iterations, goal)


# ---- problems ----

Made = TypeVar("Made", bound=Problem)


def compiled_once(make: Callable[..., Made]) -> Callable[..., Made]:
    """Have a problem that is made again share what JAX compiled, and nothing that it counts."""
    known = lru_cache(maxsize=None)(make)

    def again(*arguments: Any, **settings: Any) -> Made:
        found = copy(known(*arguments, **settings))
        found.asked = {}
        return found

    return again


@compiled_once
def parabola() -> Squares:
    """An elongated bowl around 3 in five parameters."""
    weights = np.sqrt(np.linspace(0.2, 1.0, 5))
    return Squares(lambda x: weights * (x - 3.0), np.zeros(5))


@compiled_once
def rosenbrock() -> Squares:
    """The curved valley of Rosenbrock (1960) as two residuals; the loss is 0 at (1, 1)."""
    import jax.numpy as jnp

    return Squares(
        lambda x: jnp.array([10.0 * (x[1] - x[0] ** 2), 1.0 - x[0]]), [-1.2, 1.0], mean=False
    )


def network_outputs(sizes: tuple[int, ...], flat: Any, x: Any) -> Any:
    """Return what a network of tanh layers, the last one linear, gives for rows (n, inputs)."""
    import jax.numpy as jnp

    at = 0
    for place, (before, after) in enumerate(pairwise(sizes)):
        weights = flat[at : at + before * after].reshape(before, after)
        at += before * after
        x = x @ weights + flat[at : at + after]
        at += after
        if place < len(sizes) - 2:
            x = jnp.tanh(x)
    return x


def count_of(sizes: tuple[int, ...]) -> int:
    return sum((before + 1) * after for before, after in pairwise(sizes))


def network_start(sizes: tuple[int, ...], seed: int) -> Vector:
    return np.random.default_rng(seed).normal(0.0, 0.5, count_of(sizes))


def regression(sizes: tuple[int, ...], x: Any, y: Any, seed: int = 0) -> Squares:
    """A network on numbers (n, outputs), mean squared error."""
    return Squares(
        lambda flat: (network_outputs(sizes, flat, x) - y).reshape(-1), network_start(sizes, seed)
    )


def classification(sizes: tuple[int, ...], x: Any, labels: Any, seed: int = 0) -> Entropy:
    """A network on labels (n,), cross-entropy."""
    return Entropy(lambda flat: network_outputs(sizes, flat, x), labels, network_start(sizes, seed))


XOR = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])


@compiled_once
def exclusive_or(seed: int = 1) -> Squares:
    """A 2-4-1 network on the exclusive or: 17 parameters, 4 residuals."""
    return regression((2, 4, 1), XOR, np.array([[0.0], [1.0], [1.0], [0.0]]), seed)


@compiled_once
def sine(rows: int = 100, noise: float = 0.0, seed: int = 0) -> Squares:
    """One period of a sine, a 1-5-1 network: 16 parameters."""
    x = np.linspace(-1.0, 1.0, rows)[:, None]
    y = np.sin(np.pi * x) + noise * np.random.default_rng(9).normal(size=x.shape)
    return regression((1, 5, 1), x, y, seed)


@compiled_once
def two_classes() -> Entropy:
    """Points inside and outside a circle, a 2-5-2 network, cross-entropy: 27 parameters."""
    x = np.random.default_rng(3).normal(size=(60, 2))
    return classification((2, 5, 2), x, ((x**2).sum(axis=1) > 1.2).astype(int))


@compiled_once
def one_unit() -> Squares:
    """A 2-1-1 network on its own outputs with noise: five parameters, which the rows determine."""
    random = np.random.default_rng(4)
    x = random.normal(size=(40, 2))
    y = 1.5 * np.tanh(x @ [[1.0], [-0.5]] + 0.2) - 0.3 + 0.1 * random.normal(size=(40, 1))
    return regression((2, 1, 1), x, y)


@compiled_once
def peak() -> Squares:
    """A bell with noise: height, place and width."""
    import jax.numpy as jnp

    x = np.linspace(-3.0, 3.0, 40)
    y = 2.0 * np.exp(-((x - 0.5) ** 2) / 0.8) + 0.1 * np.random.default_rng(4).normal(size=40)
    return Squares(lambda b: b[0] * jnp.exp(-((x - b[1]) ** 2) / b[2]) - y, [1.0, 0.0, 1.0])
