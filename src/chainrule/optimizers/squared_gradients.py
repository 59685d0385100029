"""Optimizers that divide each parameter's step by the size of its gradients so far."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from chainrule.arrays import Array, maximum, sqrt, zeros_like
from chainrule.errors import SetupError
from chainrule.optimizers.constants import check_above, check_from_zero, check_shares
from chainrule.optimizers.optimizer import Needs, Rate, State, optimizer


@optimizer("adagrad")
@dataclass(frozen=True)
class Adagrad:
    """Steps that shrink with the sum of all squared gradients of a parameter.

    Duchi, Hazan and Singer, "Adaptive subgradient methods", JMLR 12, 2011. ``first_sum`` is what
    the sum begins with. For rare inputs, whose weights still learn late; its steps only ever
    shrink, so that long trainings come to rest before their end.
    """

    name: ClassVar[str]
    learning_rate: Rate = 0.01
    epsilon: float = 1e-10
    first_sum: float = 0.0
    formula: ClassVar[str] = (
        r"v \leftarrow v + \nabla^2, \quad "
        r"\theta \leftarrow \theta - \eta \frac{\nabla}{\sqrt{v} + \epsilon}"
    )
    needs: ClassVar[Needs] = "gradient"

    def __post_init__(self) -> None:
        check_above(self, 0.0, "epsilon")
        check_from_zero(self, "first_sum")

    def initial(self, parameters: Array) -> dict[str, Array]:
        return {"sum": zeros_like(parameters) + self.first_sum}

    def update(
        self, parameters: Array, gradient: Array, state: State, rate: Array, step: Array
    ) -> tuple[Array, dict[str, Array]]:
        total = state["sum"] + gradient * gradient
        return parameters - rate * gradient / (sqrt(total) + self.epsilon), {"sum": total}


@optimizer("adadelta")
@dataclass(frozen=True)
class Adadelta:
    """Steps in the units of the parameters: by the size of the steps before them.

    Zeiler, "ADADELTA: an adaptive learning rate method", arXiv 1212.5701, 2012; its constants. The
    first steps are about the root of ``epsilon``, so that it begins slowly. ``learning_rate`` is a
    factor on all steps, which do not come to rest by themselves: a schedule that falls helps. Where
    no learning rate is to be sought and mini-batches are wanted.
    """

    name: ClassVar[str]
    learning_rate: Rate = 1.0
    decay: float = 0.95
    epsilon: float = 1e-6
    formula: ClassVar[str] = (
        r"v \leftarrow \rho v + (1 - \rho) \nabla^2, \quad "
        r"d \leftarrow \sqrt{\frac{u + \epsilon}{v + \epsilon}}\,\nabla, \quad "
        r"u \leftarrow \rho u + (1 - \rho) d^2, \quad \theta \leftarrow \theta - \eta d"
    )
    needs: ClassVar[Needs] = "gradient"

    def __post_init__(self) -> None:
        check_shares(self, "decay")
        check_above(self, 0.0, "epsilon")

    def initial(self, parameters: Array) -> dict[str, Array]:
        return {"square": zeros_like(parameters), "change": zeros_like(parameters)}

    def update(
        self, parameters: Array, gradient: Array, state: State, rate: Array, step: Array
    ) -> tuple[Array, dict[str, Array]]:
        square = self.decay * state["square"] + (1.0 - self.decay) * gradient * gradient
        # The quotient of the two roots is the root of the quotient, one root cheaper.
        change = sqrt((state["change"] + self.epsilon) / (square + self.epsilon)) * gradient
        squared = self.decay * state["change"] + (1.0 - self.decay) * change * change
        return parameters - rate * change, {"square": square, "change": squared}


@optimizer("rmsprop")
@dataclass(frozen=True)
class RMSProp:
    """Steps divided by the root of a running mean of squared gradients.

    Tieleman and Hinton, lecture 6.5 of "Neural networks for machine learning", 2012; its constants.
    ``memory`` above 0 adds momentum; ``centred`` takes the square of the mean gradient off
    (Graves, "Generating sequences with recurrent neural networks", 2013). For mini-batches and
    recurrent networks; Adam adds a mean of gradients, and corrects both means.
    """

    name: ClassVar[str]
    learning_rate: Rate = 0.001
    decay: float = 0.9
    epsilon: float = 1e-8
    memory: float = 0.0
    centred: bool = False
    formula: ClassVar[str] = (
        r"v \leftarrow \rho v + (1 - \rho) \nabla^2, \quad "
        r"\theta \leftarrow \theta - \eta \frac{\nabla}{\sqrt{v} + \epsilon}"
    )
    needs: ClassVar[Needs] = "gradient"

    def __post_init__(self) -> None:
        check_shares(self, "decay", "memory")
        check_above(self, 0.0, "epsilon")
        if not isinstance(self.centred, bool):
            raise SetupError(f"centred of RMSProp is {self.centred!r}.", "Give True or False.")

    def initial(self, parameters: Array) -> dict[str, Array]:
        names = ["square", *(["velocity"] if self.memory else [])]
        names += ["mean"] if self.centred else []
        return {name: zeros_like(parameters) for name in names}

    def update(
        self, parameters: Array, gradient: Array, state: State, rate: Array, step: Array
    ) -> tuple[Array, dict[str, Array]]:
        square = self.decay * state["square"] + (1.0 - self.decay) * gradient * gradient
        made, spread = {"square": square}, square
        if self.centred:
            mean = made["mean"] = self.decay * state["mean"] + (1.0 - self.decay) * gradient
            # Of gradients that are all the same nothing is left, which rounding may put below 0.
            spread = maximum(square - mean * mean, 0.0)
        push = gradient / (sqrt(spread) + self.epsilon)
        if self.memory:
            push = made["velocity"] = self.memory * state["velocity"] + push
        return parameters - rate * push, made
