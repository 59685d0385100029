"""chainrule as a user calls it: ``cr.train`` with its defaults, recording on."""

from __future__ import annotations

import statistics
import time
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from side import Side
from works import RATE, Work, problem

import chainrule as cr


class Ours(Side):
    """The built-in activations, losses and Adam. Subclasses put their own in their places."""

    run: Any

    def activation(self) -> str:
        """Return the name of the hidden layers' activation."""
        return self.problem.work.activation

    def optimizer(self) -> Any:
        """Return the optimizer."""
        return cr.Adam(learning_rate=RATE)

    def more(self) -> dict[str, Any]:
        """Return what else is given to ``train``."""
        return {}

    def set_up(self) -> None:
        work = self.problem.work
        names = [f"dense_{number}.{kind}" for number in range(1, len(work.sizes)) for kind in "Wb"]
        hidden = [cr.Dense(size, self.activation()) for size in work.sizes[1:-1]]
        self.network = cr.Network(
            cr.Input(work.sizes[0]),
            *hidden,
            cr.Dense(work.sizes[-1]),
            parameters=dict(zip(names, self.problem.weights, strict=True)),
        )

    def trained(self, X: NDArray[Any], y: NDArray[Any], epochs: int) -> Any:
        """Return the run of one call."""
        work = self.problem.work
        return cr.train(
            self.network,
            X,
            y,
            optimizer=self.optimizer(),
            epochs=epochs,
            batch_size=work.batch,
            dtype=work.dtype,
            progress=False,
            **self.more(),
        )

    def train(self, epochs: int) -> None:
        self.run = self.trained(self.problem.X, self.problem.y, epochs)
        if self.run.recording.epochs != epochs:
            raise RuntimeError(f"The training ended early: {self.run.ended}.")

    def weights(self) -> list[NDArray[Any]]:
        return list(self.run.network.parameters.values())

    def engine(self) -> str:
        """Return the engine that trained last."""
        return str(self.run.setup.engine)

    def fixed_cost(self, path: str, again: int = 7) -> list[float]:
        """Return the seconds of a first call for one step, and of later calls, in the middle.

        Another network is trained before, so that what is loaded once for a Python is loaded.
        """
        self._take(self.another(self.load(path).work))
        self.train(3)
        self._take(self.load(path))
        work = self.problem.work
        X, y = self.problem.X[: work.call_rows], self.problem.y[: work.call_rows]
        if work.task == "classes":
            # So few rows need not hold every class, and a network has an output for each.
            y = np.arange(work.call_rows) % self.classes()
        taken = []
        for _ in range(1 + again):
            began = time.perf_counter()
            self.trained(X, y, 1)
            taken.append(time.perf_counter() - began)
        return [taken[0], statistics.median(taken[1:])]

    def another(self, work: Any) -> Any:
        """Return a problem of the same kind with another network."""
        return problem(self._other(work))

    def classes(self) -> int:
        """Return how many classes there are."""
        return self.problem.work.sizes[-1]

    def _take(self, one: Any) -> None:
        self.problem = one
        self.set_up()

    @staticmethod
    def _other(work: Work) -> Work:
        """Return a work of the same kind and size with another network, of one input less.

        The inputs of numbers are matrices of a fixed size: there a hidden layer has one unit more.
        """
        first, *hidden, last = work.sizes
        if work.task == "numbers":
            hidden[0] += 1
        else:
            first -= 1
        return replace(work, sizes=(first, *hidden, last), rows=max(64, last))
