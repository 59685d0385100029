"""One learning rate that grows while the loss falls, and a step back where it rises.

Whether a step was good is known when the next one is due: its loss is that of the place where the
step led. A bad step is taken back then, and another one is made from the place before it, so that
an epoch whose loss stands out in the record is one that did not count.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from chainrule.arrays import (
    Array,
    is_finite,
    less,
    less_equal,
    logical_and,
    sign,
    where,
    zeros_like,
)
from chainrule.optimizers.constants import (
    check_above,
    check_from_zero,
    check_shares,
    check_shrinks,
)
from chainrule.optimizers.optimizer import Needs, Rate, State, optimizer
from chainrule.optimizers.steps import single


@optimizer("adaptive_rate")
@dataclass(frozen=True)
class AdaptiveRate:
    """Gradient descent with momentum whose rate grows while the loss E falls, and backs off.

    Vogl, Mangis, Rigler, Zink and Alkon, "Accelerating the convergence of the back-propagation
    method", Biological Cybernetics 59, 1988; constants and momentum as in MATLAB's traingdx, and
    with ``memory=0.0`` as in traingda. A step to a loss that is more than ``tolerance`` above the
    one before is taken back, and the next one has no momentum; the
    primes mark what was before it. c is the factor on the rate, kept in
    ``run.state.optimizer["factor"]``. For all rows, where a rate is hard to choose.
    """

    name: ClassVar[str]
    learning_rate: Rate = 0.01
    memory: float = 0.9
    grow: float = 1.05
    shrink: float = 0.7
    tolerance: float = 0.04
    formula: ClassVar[str] = (
        r"c \leftarrow c^+ c \text{ where } E < E', \quad c \leftarrow c^- c,\ \theta \leftarrow "
        r"\theta',\ \nabla \leftarrow \nabla',\ \mu = 0 \text{ for one step where } "
        r"E > (1 + \tau) E', \quad v \leftarrow \mu v - (1 - \mu)\,c\,\eta \nabla, \quad "
        r"\theta \leftarrow \theta + v"
    )
    needs: ClassVar[Needs] = "loss and gradient"

    def __post_init__(self) -> None:
        check_shares(self, "memory")
        check_above(self, 1.0, "grow")
        check_shrinks(self, "shrink")
        check_from_zero(self, "tolerance")

    def initial(self, parameters: Array) -> dict[str, Array]:
        zeros = zeros_like(parameters)
        begun = {"before": parameters + zeros, "gradient": zeros}
        if self.memory:
            begun["velocity"] = zeros + 0.0
        return begun | {"loss": single(float("inf")), "factor": single(1.0)}

    def update(
        self,
        parameters: Array,
        gradient: Array,
        state: State,
        rate: Array,
        step: Array,
        loss: Array,
    ) -> tuple[Array, dict[str, Array]]:
        before = state["loss"]
        # Also where losses are below 0, as those of likelihoods may be.
        accepted = less_equal(loss, before * (1.0 + self.tolerance * sign(before)))
        better = logical_and(less(loss, before), is_finite(before))
        change = where(accepted, where(better, self.grow, 1.0), self.shrink)
        factor = state["factor"] * change
        start = where(accepted, parameters, state["before"])
        slope = where(accepted, gradient, state["gradient"])
        made = {"before": start, "gradient": slope, "factor": factor}
        made["loss"] = where(accepted, loss, before)
        move = -(rate * factor * slope)
        if self.memory:
            moving = self.memory * state["velocity"] + (1.0 - self.memory) * move
            move = made["velocity"] = where(accepted, moving, move)
        return start + move, made


@optimizer("bold_driver")
@dataclass(frozen=True)
class BoldDriver:
    """Gradient descent whose rate grows after every step down, and halves after a step up.

    Battiti, "Accelerated backpropagation learning: two optimization methods", Complex Systems 3,
    1989; its constants. A step to a higher loss E is taken back. c is the factor on the rate, kept
    in ``run.state.optimizer["factor"]``. For all rows; the simplest rule that finds its own rate.
    """

    name: ClassVar[str]
    learning_rate: Rate = 0.01
    grow: float = 1.1
    shrink: float = 0.5
    formula: ClassVar[str] = (
        r"c \leftarrow c^+ c \text{ where } E < E', \quad c \leftarrow c^- c,\ \theta \leftarrow "
        r"\theta',\ \nabla \leftarrow \nabla' \text{ where } E > E', \quad "
        r"\theta \leftarrow \theta - c\,\eta \nabla"
    )
    needs: ClassVar[Needs] = "loss and gradient"

    def __post_init__(self) -> None:
        check_above(self, 1.0, "grow")
        check_shrinks(self, "shrink")

    def initial(self, parameters: Array) -> dict[str, Array]:
        return self._as_adaptive().initial(parameters)

    def update(
        self,
        parameters: Array,
        gradient: Array,
        state: State,
        rate: Array,
        step: Array,
        loss: Array,
    ) -> tuple[Array, dict[str, Array]]:
        return self._as_adaptive().update(parameters, gradient, state, rate, step, loss)

    def _as_adaptive(self) -> AdaptiveRate:
        return AdaptiveRate(memory=0.0, grow=self.grow, shrink=self.shrink, tolerance=0.0)
