"""An activation, a loss and an optimizer from outside the package, and contestants with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from our_side import Ours
from works import RATE

import chainrule as cr
from chainrule.arrays import (
    Array,
    equal,
    exp,
    log,
    max_over,
    maximum,
    power,
    sqrt,
    sum_over,
    where,
    zeros_like,
)

squared_relu = cr.elementwise(
    "squared_relu",
    r"y = \max(x, 0)^2",
    forward=lambda x: maximum(x, 0.0) * maximum(x, 0.0),
    derivative=lambda y, x: 2.0 * maximum(x, 0.0),
    about='So and others, "Primer: searching for efficient transformers", NeurIPS 2021.',
    start="he_normal",
)


@cr.op(
    name="softened_cross_entropy",
    formula=r"y = -\sum_k t_k \ln \operatorname{softmax}(x / 2)_k",
    shapes="n k, n < k -> n",
    couples="k",
    role="loss",
)
class SoftenedCrossEntropy:
    """Cross-entropy at a temperature of 2. Hinton, Vinyals, Dean, "Distilling", 2015."""

    @staticmethod
    def forward(x: Array, label: Array) -> Array:
        half = 0.5 * x
        shifted = half - max_over(half, axis=1, keepdims=True)
        own = where(equal(label[:, None], np.arange(x.shape[1])), shifted, 0.0)
        return log(sum_over(exp(shifted), axis=1)) - sum_over(own, axis=1)

    @staticmethod
    def backward(grad_y: Array, y: Array, x: Array, label: Array) -> tuple[Array | None, ...]:
        half = 0.5 * x
        raised = exp(half - max_over(half, axis=1, keepdims=True))
        share = raised / sum_over(raised, axis=1, keepdims=True)
        hit = where(equal(label[:, None], np.arange(x.shape[1])), 1.0, 0.0)
        return 0.5 * grad_y[:, None] * (share - hit), None


def plain_loss(prediction: Any, label: Any) -> Any:
    """Cross-entropy as a plain function: its gradient follows from the words."""
    shifted = prediction - max_over(prediction, axis=1, keepdims=True)
    own = where(equal(label[:, None], np.arange(prediction.shape[1])), shifted, 0.0)
    return log(sum_over(exp(shifted), axis=1)) - sum_over(own, axis=1)


@cr.optimizer("ada_belief")
@dataclass(frozen=True)
class AdaBelief:
    """Adam with the spread of the gradient around its mean. Zhuang and others, NeurIPS 2020."""

    learning_rate: Any = RATE
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    formula: ClassVar[str] = (
        r"m \leftarrow \beta_1 m + (1 - \beta_1) \nabla, \quad "
        r"s \leftarrow \beta_2 s + (1 - \beta_2) (\nabla - m)^2, \quad "
        r"\theta \leftarrow \theta - \eta \frac{m / (1 - \beta_1^t)}"
        r"{\sqrt{s / (1 - \beta_2^t)} + \epsilon}"
    )
    needs: ClassVar[str] = "gradient"

    def initial(self, parameters: Any) -> dict[str, Any]:
        return {"mean": zeros_like(parameters), "spread": zeros_like(parameters)}

    def update(
        self, parameters: Any, gradient: Any, state: Any, rate: Any, step: Any
    ) -> tuple[Any, dict[str, Any]]:
        mean = self.beta_1 * state["mean"] + (1.0 - self.beta_1) * gradient
        around = gradient - mean
        spread = self.beta_2 * state["spread"] + (1.0 - self.beta_2) * around * around
        # As in the loop by hand: what holds for all parameters is worked out once, as a number.
        fair_rate = rate / (1.0 - power(self.beta_1, step))
        fair_root = 1.0 / sqrt(1.0 - power(self.beta_2, step))
        change = fair_rate * mean / (sqrt(spread) * fair_root + self.epsilon)
        return parameters - change, {"mean": mean, "spread": spread}


# ---- the contestants: each is our side with something in another's place ----


class OwnActivation(Ours):
    """Squared relu in the place of relu or tanh."""

    def activation(self) -> str:
        return "squared_relu"


class OwnLoss(Ours):
    """A loss that is an op of this script."""

    def more(self) -> dict[str, Any]:
        return {"loss": "softened_cross_entropy"}


class PlainLoss(Ours):
    """A loss that is a plain function."""

    def more(self) -> dict[str, Any]:
        return {"loss": plain_loss}


class OwnOptimizer(Ours):
    """AdaBelief in the place of Adam."""

    def optimizer(self) -> Any:
        return AdaBelief()


class OwnEverything(OwnActivation, OwnLoss, OwnOptimizer):
    """Activation, loss and optimizer of this script."""


class PlainDescent(Ours):
    """The least update there is."""

    def optimizer(self) -> Any:
        return cr.GradientDescent(learning_rate=RATE)
