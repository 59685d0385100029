"""A script outside the package with an op, an optimizer, a loss and a metric of its own.

``python own_blocks.py train RUN`` tests the blocks as the package's own are tested, trains with
them and saves the run; ``load RUN`` loads it again and prints its predictions.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

import chainrule as cr
from chainrule.arrays import absolute, exp, sum_over
from chainrule.ops import OPS
from chainrule.testing import check_op, check_optimizer

gaussian = cr.elementwise(
    "gaussian",
    r"y = e^{-x^2}",
    about="A bell.",
    forward=lambda x: exp(-x * x),
    derivative=lambda y, x: -2.0 * x * y,
)


@cr.op(formula=r"y = x \odot w", shapes="n k, k -> n k", learned={"w": "constant 1"})
class scale:
    """Every feature times a weight of its own."""

    @staticmethod
    def forward(x: Any, w: Any) -> Any:
        return x * w

    @staticmethod
    def backward(grad_y: Any, y: Any, x: Any, w: Any) -> Any:
        return grad_y * w, sum_over(grad_y * x, axis=0)


@cr.optimizer("signed_descent")
@dataclass(frozen=True)
class SignedDescent:
    """A step of one length for every parameter, shorter where the signs change."""

    learning_rate: Any = 0.01
    memory: float = 0.9
    formula: ClassVar[str] = r"\theta \leftarrow \theta - \eta m"
    needs: ClassVar[str] = "gradient"

    def initial(self, parameters: Any) -> dict[str, Any]:
        return {"mean": parameters * 0.0, "size": parameters * 0.0}

    def update(
        self, parameters: Any, gradient: Any, state: Any, rate: Any, step: Any
    ) -> tuple[Any, dict[str, Any]]:
        mean = self.memory * state["mean"] + (1.0 - self.memory) * gradient
        size = self.memory * state["size"] + (1.0 - self.memory) * absolute(gradient)
        return parameters - rate * mean / (size + 1e-12), {"mean": mean, "size": size}


def fourth_power(prediction: Any, target: Any) -> Any:
    return ((prediction - target) ** 4).mean(axis=1)


def largest_miss(truth: Any, predicted: Any) -> float:
    return float(np.abs(truth - predicted).max())


RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(40, 3))
Y = np.tanh(X @ np.array([[1.0], [-1.0], [0.5]]))
GIVEN = {
    "loss": fourth_power,
    "metrics": [largest_miss],
    "validation": (X[:8], Y[:8]),
    "progress": False,
}


def network() -> cr.Network:
    return cr.Network(cr.Input(3), cr.Dense(6, "gaussian"), cr.Apply("scale"), cr.Dense(1), seed=1)


def train(path: str) -> None:
    failures = [*check_op(gaussian), *check_op(OPS["scale"])]
    failures += check_optimizer(SignedDescent())
    run = cr.train(network(), X, Y, optimizer=SignedDescent(0.02), epochs=30, seed=2, **GIVEN)
    run.save(path)
    print(json.dumps({"failures": failures, "history": run.history, **predicted(run)}))


def load(path: str) -> None:
    run = cr.load(path, ops=[gaussian], loss=fourth_power)
    more = cr.train(run, X, Y, epochs=2, **{k: v for k, v in GIVEN.items() if k != "loss"})
    print(json.dumps({"epochs": more.recording.epochs, **predicted(run)}))


def predicted(run: Any) -> dict[str, Any]:
    return {"predicted": run.predict(X[:5]).tolist(), "optimizer": repr(run.setup.optimizer)}


if __name__ == "__main__":
    {"train": train, "load": load}[sys.argv[1]](sys.argv[2])
