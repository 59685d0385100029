"""Optimizers that give every parameter a step size of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from chainrule.arrays import Array, power, sqrt, zeros_like
from chainrule.optimizers.optimizer import Needs, Rate, State, check_shares, optimizer


@optimizer("adam")
@dataclass(frozen=True)
class Adam:
    """Steps of about the learning rate, by running means of gradient and squared gradient.

    Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015; its constants.
    """

    name: ClassVar[str]
    learning_rate: Rate = 0.001
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    formula: ClassVar[str] = (
        r"m \leftarrow \beta_1 m + (1 - \beta_1) \nabla, \quad "
        r"v \leftarrow \beta_2 v + (1 - \beta_2) \nabla^2, \quad "
        r"\theta \leftarrow \theta - \eta \frac{m / (1 - \beta_1^t)}"
        r"{\sqrt{v / (1 - \beta_2^t)} + \epsilon}"
    )
    needs: ClassVar[Needs] = "gradient"

    def __post_init__(self) -> None:
        check_shares(self, "beta_1", "beta_2")

    def initial(self, parameters: Array) -> dict[str, Array]:
        return {"mean": zeros_like(parameters), "square": zeros_like(parameters)}

    def update(
        self, parameters: Array, gradient: Array, state: State, rate: Array, step: Array
    ) -> tuple[Array, dict[str, Array]]:
        mean = self.beta_1 * state["mean"] + (1.0 - self.beta_1) * gradient
        square = self.beta_2 * state["square"] + (1.0 - self.beta_2) * gradient * gradient
        # The corrections are single numbers, so each parameter costs one root and one division.
        fair_rate = rate / (1.0 - power(self.beta_1, step))
        fair_root = 1.0 / sqrt(1.0 - power(self.beta_2, step))
        change = fair_rate * mean / (sqrt(square) * fair_root + self.epsilon)
        return parameters - change, {"mean": mean, "square": square}


@optimizer("adamw")
@dataclass(frozen=True)
class AdamW:
    """Adam with weight decay that is kept out of its means.

    Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR 2019. The decay is
    multiplied by the learning rate and falls on every trained parameter.
    """

    name: ClassVar[str]
    learning_rate: Rate = 0.001
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    weight_decay: float = 0.01
    formula: ClassVar[str] = (
        r"\theta \leftarrow (1 - \eta \lambda)\,\theta, \text{ then a step of Adam}"
    )
    needs: ClassVar[Needs] = "gradient"

    def __post_init__(self) -> None:
        check_shares(self, "beta_1", "beta_2")

    def initial(self, parameters: Array) -> dict[str, Array]:
        return {"mean": zeros_like(parameters), "square": zeros_like(parameters)}

    def update(
        self, parameters: Array, gradient: Array, state: State, rate: Array, step: Array
    ) -> tuple[Array, dict[str, Array]]:
        decayed = parameters * (1.0 - rate * self.weight_decay)
        adam = Adam(beta_1=self.beta_1, beta_2=self.beta_2, epsilon=self.epsilon)
        return adam.update(decayed, gradient, state, rate, step)
