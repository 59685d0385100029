"""Optimizers that give every parameter a step size of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from chainrule.arrays import Array, maximum, power, sqrt, to_float, zeros_like
from chainrule.optimizers.constants import check_above, check_from_zero, check_shares
from chainrule.optimizers.optimizer import Needs, Rate, State, optimizer
from chainrule.optimizers.steps import single


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
        check_from_zero(self, "epsilon")

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
        check_from_zero(self, "epsilon", "weight_decay")

    def initial(self, parameters: Array) -> dict[str, Array]:
        return {"mean": zeros_like(parameters), "square": zeros_like(parameters)}

    def update(
        self, parameters: Array, gradient: Array, state: State, rate: Array, step: Array
    ) -> tuple[Array, dict[str, Array]]:
        decayed = parameters * (1.0 - rate * self.weight_decay)
        adam = Adam(beta_1=self.beta_1, beta_2=self.beta_2, epsilon=self.epsilon)
        return adam.update(decayed, gradient, state, rate, step)


@optimizer("amsgrad")
@dataclass(frozen=True)
class AMSGrad:
    """Adam that divides by the largest mean of squares so far: a large gradient is not forgotten.

    Reddi, Kale and Kumar, "On the convergence of Adam and beyond", ICLR 2018, with the corrections
    of Adam that its libraries keep, by which its rates still grow at first. Where Adam does not
    come to rest; else it is seldom better.
    """

    name: ClassVar[str]
    learning_rate: Rate = 0.001
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    formula: ClassVar[str] = (
        r"m \leftarrow \beta_1 m + (1 - \beta_1) \nabla, \quad "
        r"v \leftarrow \beta_2 v + (1 - \beta_2) \nabla^2, \quad u \leftarrow \max(u, v), \quad "
        r"\theta \leftarrow \theta - \eta \frac{m / (1 - \beta_1^t)}"
        r"{\sqrt{u / (1 - \beta_2^t)} + \epsilon}"
    )
    needs: ClassVar[Needs] = "gradient"

    def __post_init__(self) -> None:
        check_shares(self, "beta_1", "beta_2")
        check_above(self, 0.0, "epsilon")

    def initial(self, parameters: Array) -> dict[str, Array]:
        return {name: zeros_like(parameters) for name in ("mean", "square", "largest")}

    def update(
        self, parameters: Array, gradient: Array, state: State, rate: Array, step: Array
    ) -> tuple[Array, dict[str, Array]]:
        mean = self.beta_1 * state["mean"] + (1.0 - self.beta_1) * gradient
        square = self.beta_2 * state["square"] + (1.0 - self.beta_2) * gradient * gradient
        largest = maximum(state["largest"], square)
        fair_rate = rate / (1.0 - power(self.beta_1, step))
        fair_root = 1.0 / sqrt(1.0 - power(self.beta_2, step))
        change = fair_rate * mean / (sqrt(largest) * fair_root + self.epsilon)
        return parameters - change, {"mean": mean, "square": square, "largest": largest}


@optimizer("nadam")
@dataclass(frozen=True)
class NAdam:
    """Adam that looks ahead, as Nesterov's momentum does, with a momentum that warms up.

    Dozat, "Incorporating Nesterov momentum into Adam", ICLR workshop 2016; ``warmup`` is the decay
    of 0.96 to the power of a step. In the formula, m and v are those of Adam. For what Adam is for;
    often a little faster at the start.
    """

    name: ClassVar[str]
    learning_rate: Rate = 0.002
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    warmup: float = 0.004
    formula: ClassVar[str] = (
        r"\mu_t = \beta_1 (1 - 0.96^{0.004 t} / 2), \quad \theta \leftarrow \theta - \eta "
        r"\frac{\frac{1 - \mu_t}{1 - \mu_1 \cdots \mu_t} \nabla + "
        r"\frac{\mu_{t+1}}{1 - \mu_1 \cdots \mu_{t+1}} m}{\sqrt{v / (1 - \beta_2^t)} + \epsilon}"
    )
    needs: ClassVar[Needs] = "gradient"

    def __post_init__(self) -> None:
        check_shares(self, "beta_1", "beta_2", "warmup")
        check_above(self, 0.0, "epsilon")

    def initial(self, parameters: Array) -> dict[str, Array]:
        zeros = zeros_like(parameters)
        return {"mean": zeros, "square": zeros + 0.0, "product": single(1.0)}

    def update(
        self, parameters: Array, gradient: Array, state: State, rate: Array, step: Array
    ) -> tuple[Array, dict[str, Array]]:
        mean = self.beta_1 * state["mean"] + (1.0 - self.beta_1) * gradient
        square = self.beta_2 * state["square"] + (1.0 - self.beta_2) * gradient * gradient
        now, ahead = self._momentum(to_float(step)), self._momentum(to_float(step) + 1.0)
        product = state["product"] * now
        of_gradient = rate * ((1.0 - now) / (1.0 - product))
        of_mean = rate * (ahead / (1.0 - product * ahead))
        fair_root = 1.0 / sqrt(1.0 - power(self.beta_2, step))
        change = of_gradient * gradient + of_mean * mean
        change = change / (sqrt(square) * fair_root + self.epsilon)
        return parameters - change, {"mean": mean, "square": square, "product": product}

    def _momentum(self, step: Array) -> Array:
        return self.beta_1 * (1.0 - 0.5 * power(0.96, step * self.warmup))
