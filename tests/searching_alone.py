"""Functions that answer what a searching optimizer asks, by JAX in float64, without a training."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.optimizers.searching import (
    CurvatureAlong,
    GradientAt,
    Iterate,
    LossAt,
    Request,
    Sizes,
)

Vector = NDArray[np.float64]


class Plain:
    """A function of a vector; ``asked`` holds every request, ``spoil`` changes answers."""

    def __init__(self, function: Callable[[Any], Any], start: Any) -> None:
        import jax

        self.start = np.array(start, dtype=np.float64)
        self.asked: list[Request] = []
        self.spoil: Callable[[int, Any], Any] = lambda count, answer: answer
        self._value = jax.jit(function)
        self._both = jax.jit(jax.value_and_grad(function))
        self._turn = jax.jit(
            lambda at, along: jax.jvp(jax.grad(function), (at,), (along,))[1],
        )

    def fresh(self) -> Plain:
        """Return the same function, compiled already, that was not asked anything yet."""
        made = copy.copy(self)
        made.asked = []
        return made

    def answer(self, request: Request) -> Any:
        import jax

        self.asked.append(request)
        with jax.enable_x64(True):
            if isinstance(request, LossAt):
                found: Any = float(self._value(request.parameters))
            elif isinstance(request, GradientAt):
                loss, gradient = self._both(request.parameters)
                found = float(loss), np.array(gradient)
            else:
                assert isinstance(request, CurvatureAlong)
                found = np.array(self._turn(request.parameters, request.direction))
        return self.spoil(len(self.asked), found)

    def loss(self, at: Any) -> float:
        found: float = self.answer(LossAt(np.asarray(at, dtype=np.float64)))
        return found

    def gradient(self, at: Any) -> Vector:
        found: Vector = self.answer(GradientAt(np.asarray(at, dtype=np.float64)))[1]
        return found


def driven(problem: Plain, generator: Any) -> Any:
    """Return what a generator of requests returns, with the problem's answers."""
    answer = None
    while True:
        try:
            request = generator.send(answer)
        except StopIteration as ended:
            return ended.value
        answer = problem.answer(request)


def searched(
    optimizer: Any, problem: Plain, iterations: int, goal: float = -np.inf
) -> list[Iterate]:
    """Return the iterates of a search; each goes on from a copy of what the one before left."""
    parameters, state = problem.start.copy(), optimizer.initial(problem.start)
    due = {name: one.shape for name, one in state.items()}
    made: list[Iterate] = []
    for _ in range(iterations):
        given = {name: one.copy() for name, one in state.items()}
        for array in (parameters, *given.values()):
            array.setflags(write=False)
        sizes = Sizes(parameters.size)
        iterate = driven(problem, optimizer.iteration(parameters, given, sizes))
        assert {name: np.shape(one) for name, one in iterate.state.items()} == due
        for one in iterate.state.values():
            assert isinstance(one, np.ndarray)
            assert one.dtype == np.float64
        made.append(iterate)
        parameters, state = iterate.parameters.copy(), iterate.state
        if iterate.ended is not None or iterate.loss < goal:
            break
    return made


# ---- problems ----


def parabola() -> Plain:
    """An elongated bowl around 3 in five parameters, not along the axes."""
    return _parabola().fresh()


def rosenbrock() -> Plain:
    """The curved valley of Rosenbrock (1960); 0 at (1, 1)."""
    return _rosenbrock().fresh()


def small_network(rows: int = 30, seed: int = 1) -> Plain:
    """The squared error of a 2-6-1 network of tanh units, 25 parameters, on smooth targets."""
    return _small_network(rows, seed).fresh()


@cache
def _parabola() -> Plain:
    turned = np.linalg.qr(np.random.default_rng(4).normal(size=(5, 5)))[0]
    matrix = turned @ np.diag(np.linspace(0.2, 2.0, 5)) @ turned.T
    return Plain(lambda x: 0.5 * (x - 3.0) @ matrix @ (x - 3.0), np.zeros(5))


@cache
def _rosenbrock() -> Plain:
    return Plain(lambda x: (1.0 - x[0]) ** 2 + 100.0 * (x[1] - x[0] ** 2) ** 2, [-1.2, 1.0])


@cache
def _small_network(rows: int, seed: int) -> Plain:
    import jax.numpy as jnp

    random = np.random.default_rng(seed)
    x = random.uniform(-1.0, 1.0, (rows, 2))
    y = np.sin(2.0 * x[:, 0]) * x[:, 1]

    def loss(flat: Any) -> Any:
        hidden = jnp.tanh(x @ flat[:12].reshape(2, 6) + flat[12:18])
        return ((hidden @ flat[18:24] + flat[24] - y) ** 2).mean()

    return Plain(loss, random.normal(0.0, 0.7, 25))


def flat() -> Plain:
    """A function that is 1 everywhere."""
    return Plain(lambda x: 0.0 * x.sum() + 1.0, np.ones(3))


def wall() -> Plain:
    """A valley at 0.9 beside a place from which on nothing is a number."""
    import jax.numpy as jnp

    return Plain(lambda x: (-jnp.log(1.0 - x) - 10.0 * x).sum(), np.zeros(2))


def endless() -> Plain:
    """A slope without an end."""
    return Plain(lambda x: -x.sum(), np.zeros(3))
