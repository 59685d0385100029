"""PyTorch at its best: tensors made before, one gather an epoch, the fastest of its Adams.

No number is fetched inside the loop, gradients are set to None, and nothing is printed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from side import Side, fastest
from torch.nn import functional
from works import RATE

Tensors = list[torch.Tensor]
ADAMS: dict[str, dict[str, Any]] = {
    "fused": {"fused": True},
    "foreach": {"foreach": True},
    "loop": {"foreach": False},
}


class Eager(Side):
    """``nn.Sequential`` and ``torch.optim.Adam``, every word called from Python."""

    def set_up(self) -> None:
        torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
        work = self.problem.work
        self.X, self.y = torch.from_numpy(self.problem.X), torch.from_numpy(self.problem.y)
        self.cost = functional.mse_loss if work.task == "numbers" else functional.cross_entropy
        # torch.nn.Linear keeps outputs x inputs.
        self.first = [torch.from_numpy(np.ascontiguousarray(one.T)) for one in self.problem.weights]
        self.choose()

    def choose(self) -> None:
        """Find the fastest Adam for this problem."""
        self.variant = fastest({name: partial(self._trained, name) for name in ADAMS})

    def batches(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Yield the batches of an epoch: one gather in a new order, then slices of it."""
        work = self.problem.work
        if work.step_rows == work.rows:
            return iter([(self.X, self.y)])
        order = torch.randperm(work.rows)
        rows: Any = self.X[order]
        targets: Any = self.y[order]
        return zip(rows.split(work.step_rows), targets.split(work.step_rows), strict=True)

    def train(self, epochs: int) -> None:
        self._trained(self.variant, epochs)

    def _trained(self, adam: str, epochs: int) -> None:
        network = self._network()
        optimizer = torch.optim.Adam(network.parameters(), lr=RATE, **ADAMS[adam])
        cost: Callable[..., Any] = self.cost
        for _ in range(epochs):
            for rows, targets in self.batches():
                optimizer.zero_grad(set_to_none=True)
                cost(network(rows), targets).backward()
                optimizer.step()
        self.last = [one.detach() for one in network.parameters() if one.requires_grad]

    def _network(self) -> torch.nn.Sequential:
        kind = torch.nn.Tanh if self.problem.work.activation == "tanh" else torch.nn.ReLU
        parts: list[torch.nn.Module] = []
        for weight, bias in zip(self.first[0::2], self.first[1::2], strict=True):
            linear = torch.nn.Linear(weight.shape[1], weight.shape[0], dtype=weight.dtype)
            linear.weight = torch.nn.Parameter(weight.clone())
            linear.bias = torch.nn.Parameter(bias.clone())
            parts += [linear, kind()]
        return torch.nn.Sequential(*parts[:-1])

    def weights(self) -> list[NDArray[Any]]:
        return [one.numpy().T for one in self.last]


class Compiled(Eager):
    """The whole step, gradients and Adam included, compiled as one graph.

    Beside compiling the forward walk alone, or that and the optimizer's step, this took the least
    time for every network tried: it is called once a step, and its update is fused.
    """

    step: Callable[..., None]

    def choose(self) -> None:
        self.variant = "whole step"
        cost, outputs = self.cost, self.outputs()

        def loss(weights: Tensors, rows: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
            return cost(outputs(weights, rows), targets)

        gradients = torch.func.grad(loss)

        def step(
            weights: Tensors, means: Tensors, squares: Tensors, powers: Tensors, *batch: Any
        ) -> None:
            # The powers of both betas are carried: compiled, 0.9**count came out wrong.
            fair_mean, fair_square = 1 - powers[0].mul_(0.9), 1 - powers[1].mul_(0.999)
            found = gradients(weights, *batch)
            for weight, mean, square, slope in zip(weights, means, squares, found, strict=True):
                mean.mul_(0.9).add_(slope, alpha=0.1)
                square.mul_(0.999).addcmul_(slope, slope, value=0.001)
                weight.sub_(RATE * (mean / fair_mean) / ((square / fair_square).sqrt() + 1e-8))

        # One graph for full batches and one for the short last one, both of fixed sizes.
        self.step = torch.compile(step, dynamic=False, fullgraph=True)

    def outputs(self) -> Callable[[Tensors, torch.Tensor], torch.Tensor]:
        """Return the function from weights and rows to the network's outputs."""
        bend = torch.tanh if self.problem.work.activation == "tanh" else torch.relu

        def made(weights: Tensors, rows: torch.Tensor) -> torch.Tensor:
            value = rows
            for place in range(0, len(weights), 2):
                value = functional.linear(value, weights[place], weights[place + 1])
                if place + 2 < len(weights):
                    value = bend(value)
            return value

        return made

    def train(self, epochs: int) -> None:
        weights = [one.clone() for one in self.first]
        means = [torch.zeros_like(one) for one in weights]
        squares = [torch.zeros_like(one) for one in weights]
        powers = [torch.ones((), dtype=weights[0].dtype) for _ in range(2)]
        with torch.no_grad():
            for _ in range(epochs):
                for rows, targets in self.batches():
                    self.step(weights, means, squares, powers, rows, targets)
        self.last = weights
