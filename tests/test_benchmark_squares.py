"""The sides that solve least squares make the same iterations, from the same first weights."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.append(str(Path(__file__).resolve().parent.parent / "benchmarks"))

import squares_sides
from works import Problem, Work

SMALL = Work((2, 3, 1), "tanh", None, rows=40, task="numbers", dtype="float64")
# Side -> what it needs. ``Equations`` multiplies matrices alone, and has no weights.
SOLVERS = {
    "Ours": (),
    "SciPy": ("scipy",),
    "TorchLM": ("torch", "torch_levenberg_marquardt"),
    "Optimistix": ("jax", "optimistix"),
}


@pytest.fixture(scope="module")
def problem() -> Problem:
    random = np.random.default_rng(0)
    X = random.uniform(-1.0, 1.0, (SMALL.rows, 2))
    y = np.tanh(X @ random.normal(size=(2, 3))) @ random.normal(size=(3, 1))
    y = y + 0.1 * random.normal(size=y.shape)
    shapes = ((2, 3), (3,), (3, 1), (1,))
    return Problem(SMALL, X, y, tuple(0.5 * random.normal(size=shape) for shape in shapes))


def side_of(name: str, problem: Problem, monkeypatch: pytest.MonkeyPatch) -> Any:
    for needed in SOLVERS.get(name, ()):
        if importlib.util.find_spec(needed) is None:
            pytest.skip(f"needs PyTorch and what is compared with: {needed} is not installed")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    # Which of its ways is the fastest is not asked here: the first one is taken.
    monkeypatch.setattr(squares_sides, "fastest", lambda ways: next(iter(ways)))
    side = getattr(squares_sides, name)()
    side.problem = problem
    side.set_up()
    return side


def counted(name: str, side: Any) -> list[int]:
    """Return the iterations that a side makes from now on: a number for each of them, or for all.

    They are counted where each library makes its own: a Jacobian, a step, or what it tells.
    """
    made: list[int] = []
    if name == "Ours":
        trained = side.trained

        def train(*places: Any, **named: Any) -> Any:
            run = trained(*places, **named)
            made.append(run.recording.epochs)
            return run

        side.trained = train
    elif name == "SciPy":
        residuals = side.answers.residuals
        side.answers.residuals = lambda at: (made.append(1), residuals(at))[1]
    elif name == "TorchLM":
        module_of = side.module

        def module(way: str) -> Any:
            one = module_of(way)
            step = one.training_step
            one.training_step = lambda *rows: (made.append(1), step(*rows))[1]
            return one

        side.module = module
    else:
        block = side.blocks[side.variant]

        def solved(start: Any) -> Any:
            value, steps = block(start)
            made.append(int(steps))
            return value, steps

        side.blocks[side.variant] = solved
    return made


def loss_after(count: int, name: str, problem: Problem, monkeypatch: pytest.MonkeyPatch) -> float:
    monkeypatch.setattr(squares_sides, "BLOCK", count)
    side = side_of(name, problem, monkeypatch)
    made = counted(name, side)
    loss: float = side.loss(1)
    assert sum(made) == count
    # A block begins at the first weights again: two of them end where one does.
    assert side.loss(2) == pytest.approx(loss, rel=1e-9)
    return loss


@pytest.mark.parametrize("name", SOLVERS)
def test_all_make_the_same_iterations(
    name: str, problem: Problem, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their dampings differ, so that it is after some iterations that all are about as far."""
    few, more = (loss_after(count, name, problem, monkeypatch) for count in (2, 12))
    assert problem.loss(list(problem.weights)) > few > 1.2 * more
    assert more == pytest.approx(loss_after(12, "Ours", problem, monkeypatch), rel=0.15)


def test_all_ways_to_multiply_make_one_matrix(
    problem: Problem, monkeypatch: pytest.MonkeyPatch
) -> None:
    side = side_of("Equations", problem, monkeypatch)
    wanted = np.tril(side.lines.T @ side.lines)
    assert wanted.shape == (13, 13)
    for made in side.made.values():
        matrix = np.tril(made())
        np.testing.assert_allclose(matrix, wanted, rtol=1e-12, atol=1e-12)
        factor, failed = side.factor(made())
        assert failed == 0
        root = np.tril(factor)
        np.testing.assert_allclose(np.tril(root @ root.T), wanted, rtol=1e-9, atol=1e-9)
