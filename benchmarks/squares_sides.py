"""Who solves least squares for networks of one hidden layer of tanh units, each in its own Python.

An "epoch" is a block of ``BLOCK`` iterations from the first weights, so that nobody has come to an
end before it is over. What an iteration is: one Jacobian, one matrix, and the steps tried with it.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from side import Side, fastest

BLOCK = 100
# A search that has not lowered its loss by this share in so many looks at it has stalled.
STALLED_SHARE, STALLED_LOOKS = 0.01, 60


class SquaresSide(Side):
    """One way of Levenberg-Marquardt, in blocks of iterations."""

    def train(self, epochs: int) -> None:
        for _ in range(epochs):
            self.block()

    def block(self) -> None:
        """Make ``BLOCK`` iterations from the first weights."""
        raise NotImplementedError

    def weights(self) -> list[NDArray[Any]]:
        return self.last

    last: list[NDArray[Any]]

    @property
    def start(self) -> NDArray[np.float64]:
        """The first weights, flat."""
        return np.concatenate([one.ravel() for one in self.problem.weights])

    def apart(self, flat: Any) -> list[NDArray[Any]]:
        """Return flat weights as W, b, W, b."""
        found, at = [], 0
        for one in self.problem.weights:
            found.append(np.asarray(flat[at : at + one.size]).reshape(one.shape))
            at += one.size
        return found


class Ours(SquaresSide):
    """``cr.train`` as a user calls it."""

    # Rows of the first sample where a goal is to be reached; None for all rows.
    first_rows: int | None = None

    def set_up(self) -> None:
        import chainrule as cr

        self.trained = cr.train
        self.optimizer = cr.LevenbergMarquardt(first_rows=self.first_rows)
        # The plain step, as others make it.
        self.plain = cr.LevenbergMarquardt(acceleration=0.0)
        sizes = self.problem.work.sizes
        layers = [cr.Dense(size, "tanh") for size in sizes[1:-1]]
        names = [f"dense_{number}.{kind}" for number in range(1, len(sizes)) for kind in "Wb"]
        self.network = cr.Network(
            cr.Input(sizes[0]),
            *layers,
            cr.Dense(sizes[-1]),
            parameters=dict(zip(names, self.problem.weights, strict=True)),
        )

    def block(self) -> None:
        run = self.trained(
            self.network,
            self.problem.X,
            self.problem.y,
            optimizer=self.plain,
            epochs=BLOCK,
            progress=False,
        )
        if run.recording.epochs != BLOCK:
            raise RuntimeError(f"The training ended early: {run.ended}.")
        self.last = list(run.network.parameters.values())

    def solve(self, path: str, goal: float, most: float) -> dict[str, Any]:
        """Train until the loss is below the goal, and say how long that took."""
        self.problem = self.load(path)
        self.set_up()
        began = time.perf_counter()
        run = self.trained(
            self.network,
            self.problem.X,
            self.problem.y,
            optimizer=self.optimizer,
            epochs=100_000,
            target_loss=goal,
            max_seconds=most,
            progress=False,
        )
        seconds = time.perf_counter() - began
        loss = self.problem.loss(list(run.network.parameters.values()))
        return {"seconds": seconds, "loss": loss, "iterations": run.recording.epochs}


class OursGrowing(Ours):
    """The same on a sample of the rows that grows."""

    first_rows = 1000


class Equations(SquaresSide):
    """J'J of a Jacobian that is there, and one Cholesky factor: no iteration can do without."""

    def set_up(self) -> None:
        from scipy.linalg import blas, lapack

        shape = (self.problem.work.rows, len(self.start))
        self.jacobian = np.asfortranarray(np.random.default_rng(0).normal(size=shape))
        self.lines = np.ascontiguousarray(self.jacobian)
        self.made: dict[str, Callable[[], Any]] = {
            "dsyrk": lambda: blas.dsyrk(1.0, self.jacobian, trans=1, lower=1),
            "dsyrk of lines": lambda: blas.dsyrk(1.0, self.lines.T, lower=1),
            "matmul": lambda: self.jacobian.T @ self.jacobian,
            "matmul of lines": lambda: self.lines.T @ self.lines,
        }
        self.factor = partial(lapack.dpotrf, lower=1)
        self.variant = fastest({name: partial(self._blocks, name) for name in self.made})

    def _blocks(self, name: str, epochs: int) -> None:
        for _ in range(epochs * BLOCK):
            self.factor(self.made[name]())

    def train(self, epochs: int) -> None:
        self._blocks(self.variant, epochs)


class SciPy(SquaresSide):
    """``least_squares(method="lm")``, MINPACK, with the Jacobian that chainrule's engine makes."""

    def set_up(self) -> None:
        import chainrule as cr
        from chainrule.training.search_loop import SearchLoop

        ours = Ours()
        ours.problem = self.problem
        ours.set_up()
        given = {"optimizer": cr.LevenbergMarquardt(), "epochs": 0, "progress": False}
        run = cr.train(ours.network, self.problem.X, self.problem.y, **given)
        self.answers = SearchLoop(run.setup, *run.rows).answers

    def errors(self, flat: Any) -> NDArray[Any]:
        """Return the errors, times the root of 2 / n."""
        w, b, v, c = self.apart(flat)
        missed = np.tanh(self.problem.X @ w + b) @ v + c - self.problem.y
        return (missed * np.sqrt(2.0 / missed.size)).ravel()

    def block(self) -> None:
        from scipy.optimize import least_squares

        made = 0

        def jacobian(flat: Any) -> NDArray[Any]:
            nonlocal made
            made += 1
            self.last = self.apart(flat.copy())
            if made > BLOCK:
                raise StopAsyncIteration
            return self.answers.residuals(flat).jacobian

        least = 3e-16
        with contextlib.suppress(StopAsyncIteration):
            least_squares(
                self.errors, self.start, jacobian, method="lm", ftol=least, xtol=least, gtol=least
            )
            raise RuntimeError("SciPy ended early.")


class TorchLM(SquaresSide):
    """torch-levenberg-marquardt: the fastest of its ways to solve, Jacobians row by row (vmap)."""

    def set_up(self) -> None:
        import torch
        import torch_levenberg_marquardt

        self.torch, self.library = torch, torch_levenberg_marquardt
        torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
        self.X, self.y = torch.from_numpy(self.problem.X), torch.from_numpy(self.problem.y)
        self.ways = {name: {"solve_method": name} for name in ("qr", "cholesky", "solve")}
        self.variant = self.variant or fastest(
            {name: partial(self._steps, name) for name in self.ways}
        )

    def module(self, way: str) -> Any:
        """Return its training module, the network at the first weights."""
        torch, parts = self.torch, []
        for weight, bias in self.problem.layers:
            linear = torch.nn.Linear(*weight.shape, dtype=torch.float64)
            linear.weight = torch.nn.Parameter(torch.from_numpy(weight.T.copy()))
            linear.bias = torch.nn.Parameter(torch.from_numpy(bias.copy()))
            parts += [linear, torch.nn.Tanh()]
        network = torch.nn.Sequential(*parts[:-1])
        return self.library.training.LevenbergMarquardtModule(network, **self.ways[way])

    def _steps(self, way: str, steps: int) -> Any:
        module = self.module(way)
        for _ in range(steps):
            module.training_step(self.X, self.y)
        return module

    def block(self) -> None:
        self.last = self._weights(self._steps(self.variant, BLOCK))

    def _weights(self, module: Any) -> list[NDArray[Any]]:
        return [one.detach().numpy().T.copy() for one in module.model.parameters()]

    def solve(self, path: str, goal: float, most: float, batch: int) -> dict[str, Any]:
        """Train until the loss of all rows is below the goal or has stalled; 0: batches of all.

        Looking at the loss of all rows, once an epoch, is not in the seconds.
        """
        self.problem = self.load(path)
        self.X = self.torch.from_numpy(self.problem.X)
        self.y = self.torch.from_numpy(self.problem.y)
        module, seconds, steps = self.module(self.variant), 0.0, 0
        losses = [np.inf]
        while losses[-1] >= goal and seconds < most and not _stalled(losses):
            began = time.perf_counter()
            order = self.torch.randperm(len(self.X)) if batch else slice(None)
            X, y = self.X[order], self.y[order]
            size = batch or len(X)
            for start in range(0, len(X), size):
                _, _, stop, _ = module.training_step(
                    X[start : start + size], y[start : start + size]
                )
                steps += 1
            seconds += time.perf_counter() - began
            losses.append(self.problem.loss(self._weights(module)))
            if stop:
                break
        return {"seconds": seconds, "loss": losses[-1], "iterations": steps}


def _stalled(losses: list[float]) -> bool:
    """Say whether the best loss has not fallen for long."""
    if len(losses) <= STALLED_LOOKS + 1:
        return False
    before = min(losses[:-STALLED_LOOKS])
    return bool(min(losses[-STALLED_LOOKS:]) > (1.0 - STALLED_SHARE) * before)


class Optimistix(SquaresSide):
    """optimistix: a block compiled, Jacobians forward or backward, whichever is faster."""

    def set_up(self) -> None:
        import jax

        jax.config.update("jax_enable_x64", True)
        import jax.numpy as jnp
        import optimistix

        X, y = jnp.asarray(self.problem.X), jnp.asarray(self.problem.y)
        shapes = [one.shape for one in self.problem.weights]
        ends = np.cumsum([one.size for one in self.problem.weights])[:-1]
        solver = optimistix.LevenbergMarquardt(rtol=1e-15, atol=1e-15)

        def errors(flat: Any, _: Any) -> Any:
            parts = jnp.split(flat, ends)
            w, b, v, c = (one.reshape(shape) for one, shape in zip(parts, shapes, strict=True))
            missed = jnp.tanh(X @ w + b) @ v + c - y
            return (missed * np.sqrt(2.0 / missed.size)).ravel()

        def solved(way: str, flat: Any) -> Any:
            found = optimistix.least_squares(
                errors, solver, flat, options={"jac": way}, max_steps=BLOCK, throw=False
            )
            return found.value, found.stats["num_steps"]

        self.blocks = {way: jax.jit(partial(solved, way)) for way in ("fwd", "bwd")}
        self.variant = fastest({way: partial(self._blocks, way) for way in self.blocks})

    def _blocks(self, way: str, epochs: int) -> None:
        for _ in range(epochs):
            value, steps = self.blocks[way](self.start)
            if int(steps) != BLOCK:
                raise RuntimeError(f"optimistix ended after {int(steps)} steps.")
            self.last = self.apart(np.asarray(value))

    def train(self, epochs: int) -> None:
        self._blocks(self.variant, epochs)
