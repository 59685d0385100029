"""Gradient descent and its two forms with memory.

The three batch forms of gradient descent (all rows, some, one at a time) differ in ``batch_size``
of the training, not in the rule.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from chainrule.arrays import Array, zeros_like
from chainrule.optimizers.constants import check_shares
from chainrule.optimizers.optimizer import Needs, Rate, State, optimizer


@optimizer("gradient_descent")
@dataclass(frozen=True)
class GradientDescent:
    """A step against the gradient. Cauchy, 1847."""

    name: ClassVar[str]
    learning_rate: Rate = 0.01
    formula: ClassVar[str] = r"\theta \leftarrow \theta - \eta \nabla"
    needs: ClassVar[Needs] = "gradient"

    def initial(self, parameters: Array) -> dict[str, Array]:
        return {}

    def update(
        self, parameters: Array, gradient: Array, state: State, rate: Array, step: Array
    ) -> tuple[Array, dict[str, Array]]:
        return parameters - rate * gradient, {}


@optimizer("momentum")
@dataclass(frozen=True)
class Momentum:
    """A heavy ball: the step remembers the steps before it. Polyak, 1964."""

    name: ClassVar[str]
    learning_rate: Rate = 0.01
    memory: float = 0.9
    formula: ClassVar[str] = r"v \leftarrow \mu v - \eta \nabla, \quad \theta \leftarrow \theta + v"
    needs: ClassVar[Needs] = "gradient"

    def __post_init__(self) -> None:
        check_shares(self, "memory")

    def initial(self, parameters: Array) -> dict[str, Array]:
        return {"velocity": zeros_like(parameters)}

    def update(
        self, parameters: Array, gradient: Array, state: State, rate: Array, step: Array
    ) -> tuple[Array, dict[str, Array]]:
        velocity = self.memory * state["velocity"] - rate * gradient
        return parameters + velocity, {"velocity": velocity}


@optimizer("nesterov")
@dataclass(frozen=True)
class Nesterov:
    """Momentum that looks ahead. Nesterov, 1983, as written by Sutskever and others, ICML 2013."""

    name: ClassVar[str]
    learning_rate: Rate = 0.01
    memory: float = 0.9
    formula: ClassVar[str] = (
        r"v \leftarrow \mu v - \eta \nabla, \quad \theta \leftarrow \theta + \mu v - \eta \nabla"
    )
    needs: ClassVar[Needs] = "gradient"

    def __post_init__(self) -> None:
        check_shares(self, "memory")

    def initial(self, parameters: Array) -> dict[str, Array]:
        return {"velocity": zeros_like(parameters)}

    def update(
        self, parameters: Array, gradient: Array, state: State, rate: Array, step: Array
    ) -> tuple[Array, dict[str, Array]]:
        push = rate * gradient
        velocity = self.memory * state["velocity"] - push
        return parameters + self.memory * velocity - push, {"velocity": velocity}
