"""Resilient propagation: the sign of the gradient says where to, a step of each parameter how far.

Where a parameter's gradient keeps its sign, its step grows; where the sign changes, a minimum was
passed and the step shrinks. How long the gradient is does not count. The four forms differ in what
they do where the sign has changed. All compare gradients of successive steps, so that every step
needs all rows: another mini-batch changes signs by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from chainrule.arrays import Array, less, maximum, minimum, sign, where, zeros_like
from chainrule.errors import SetupError
from chainrule.optimizers.constants import check_above, check_shrinks
from chainrule.optimizers.optimizer import Needs, Rate, State, optimizer
from chainrule.optimizers.steps import COMPARES_SIGNS, single

GROWTH = (
    r"\Delta \leftarrow \min(\eta^+ \Delta, \Delta_{\max}) \text{ where } s s' > 0, \quad "
    r"\Delta \leftarrow \max(\eta^- \Delta, \Delta_{\min}) \text{ where } s s' < 0"
)


@optimizer("rprop_plus")
@dataclass(frozen=True)
class RpropPlus:
    """Rprop+: where the sign of the gradient has changed, the last step is taken back.

    Riedmiller and Braun, "A direct adaptive method for faster backpropagation learning", ICNN 1993;
    its constants. In the formula, s is the sign of the gradient and s' that of the step before, 0
    after a step back. ``learning_rate`` is a factor on all steps. For smooth losses of all rows,
    where no learning rate is to be sought; ``IRpropPlus`` is seldom slower.
    """

    name: ClassVar[str]
    learning_rate: Rate = 1.0
    first_step: float = 0.1
    grow: float = 1.2
    shrink: float = 0.5
    smallest_step: float = 1e-6
    largest_step: float = 50.0
    formula: ClassVar[str] = (
        GROWTH + r", \quad d \leftarrow -d' \text{ where } s s' < 0, \text{ else } "
        r"-\eta s \Delta, \quad \theta \leftarrow \theta + d"
    )
    needs: ClassVar[Needs] = "gradient"
    all_rows: ClassVar[str] = COMPARES_SIGNS

    def __post_init__(self) -> None:
        check_steps(self)

    def initial(self, parameters: Array) -> dict[str, Array]:
        return first_state(self, parameters) | {"change": zeros_like(parameters)}

    def update(
        self, parameters: Array, gradient: Array, state: State, rate: Array, step: Array
    ) -> tuple[Array, dict[str, Array]]:
        now, turned, size = compared(self, gradient, state)
        change = where(turned, -state["change"], -(rate * now * size))
        kept = {"sign": where(turned, 0.0, now), "size": size, "change": change}
        return parameters + change, kept


@optimizer("rprop_minus")
@dataclass(frozen=True)
class RpropMinus:
    """Rprop-: where the sign of the gradient has changed, the next step is shorter, and no more.

    Riedmiller, "Advanced supervised learning in multi-layer perceptrons", 1994; named by Igel and
    Huesken, 2003. s and s' are the signs of the gradient now and before. ``learning_rate`` is a
    factor on all steps. The plainest of the four, to see what the others add.
    """

    name: ClassVar[str]
    learning_rate: Rate = 1.0
    first_step: float = 0.1
    grow: float = 1.2
    shrink: float = 0.5
    smallest_step: float = 1e-6
    largest_step: float = 50.0
    formula: ClassVar[str] = GROWTH + r", \quad \theta \leftarrow \theta - \eta s \Delta"
    needs: ClassVar[Needs] = "gradient"
    all_rows: ClassVar[str] = COMPARES_SIGNS

    def __post_init__(self) -> None:
        check_steps(self)

    def initial(self, parameters: Array) -> dict[str, Array]:
        return first_state(self, parameters)

    def update(
        self, parameters: Array, gradient: Array, state: State, rate: Array, step: Array
    ) -> tuple[Array, dict[str, Array]]:
        now, _, size = compared(self, gradient, state)
        return parameters - rate * now * size, {"sign": now, "size": size}


@optimizer("irprop_plus")
@dataclass(frozen=True)
class IRpropPlus:
    """iRprop+: a change of sign takes the last step back only if the loss E has risen as well.

    Igel and Huesken, "Empirical evaluation of the improved Rprop learning algorithms",
    Neurocomputing 50, 2003. s' is 0 after a change of sign, so that the next step keeps its length.
    ``learning_rate`` is a factor on all steps. The one of the four to try first on small networks
    with all rows, where no learning rate is to be sought.
    """

    name: ClassVar[str]
    learning_rate: Rate = 1.0
    first_step: float = 0.1
    grow: float = 1.2
    shrink: float = 0.5
    smallest_step: float = 1e-6
    largest_step: float = 50.0
    formula: ClassVar[str] = (
        GROWTH + r", \quad d \leftarrow -d' \text{ where } s s' < 0 \text{ and } E > E',\ "
        r"0 \text{ where } s s' < 0, \text{ else } -\eta s \Delta, \quad "
        r"\theta \leftarrow \theta + d"
    )
    needs: ClassVar[Needs] = "loss and gradient"

    def __post_init__(self) -> None:
        check_steps(self)

    def initial(self, parameters: Array) -> dict[str, Array]:
        begun = first_state(self, parameters)
        return begun | {"change": zeros_like(parameters), "loss": single(float("inf"))}

    def update(
        self,
        parameters: Array,
        gradient: Array,
        state: State,
        rate: Array,
        step: Array,
        loss: Array,
    ) -> tuple[Array, dict[str, Array]]:
        now, turned, size = compared(self, gradient, state)
        back = where(less(state["loss"], loss), -1.0, 0.0)
        change = where(turned, back * state["change"], -(rate * now * size))
        kept = {"sign": where(turned, 0.0, now), "size": size, "change": change, "loss": loss}
        return parameters + change, kept


@optimizer("irprop_minus")
@dataclass(frozen=True)
class IRpropMinus:
    """iRprop-: where the sign of the gradient has changed, a parameter rests for one step.

    Igel and Huesken, "Empirical evaluation of the improved Rprop learning algorithms",
    Neurocomputing 50, 2003. s' is 0 after a change of sign. ``learning_rate`` is a factor on all
    steps. It is what "rprop" finds, and what PyTorch calls so: nearly as fast as ``IRpropPlus``,
    with less memory.
    """

    name: ClassVar[str]
    learning_rate: Rate = 1.0
    first_step: float = 0.1
    grow: float = 1.2
    shrink: float = 0.5
    smallest_step: float = 1e-6
    largest_step: float = 50.0
    formula: ClassVar[str] = (
        GROWTH + r", \quad s \leftarrow 0 \text{ where } s s' < 0, \quad "
        r"\theta \leftarrow \theta - \eta s \Delta"
    )
    needs: ClassVar[Needs] = "gradient"
    all_rows: ClassVar[str] = COMPARES_SIGNS

    def __post_init__(self) -> None:
        check_steps(self)

    def initial(self, parameters: Array) -> dict[str, Array]:
        return first_state(self, parameters)

    def update(
        self, parameters: Array, gradient: Array, state: State, rate: Array, step: Array
    ) -> tuple[Array, dict[str, Array]]:
        now, turned, size = compared(self, gradient, state)
        now = where(turned, 0.0, now)
        return parameters - rate * now * size, {"sign": now, "size": size}


# ---- what the four forms share ----


def check_steps(chosen: Any) -> None:
    """Raise SetupError where the constants of a form of Rprop make no sense together."""
    check_above(chosen, 1.0, "grow")
    check_shrinks(chosen, "shrink")
    check_above(chosen, 0.0, "smallest_step", "largest_step", "first_step")
    if not chosen.smallest_step <= chosen.first_step <= chosen.largest_step:
        raise SetupError(
            f"first_step of {type(chosen).__name__} is {chosen.first_step:g}, and steps are from "
            f"{chosen.smallest_step:g} to {chosen.largest_step:g}.",
            "Give a first step between the smallest and the largest.",
        )


def first_state(chosen: Any, parameters: Array) -> dict[str, Array]:
    """Return no sign yet, and the first step of every parameter."""
    zeros = zeros_like(parameters)
    return {"sign": zeros, "size": zeros + chosen.first_step}


def compared(chosen: Any, gradient: Array, state: State) -> tuple[Array, Array, Array]:
    """Return the sign of the gradient, where it has changed, and the new sizes of the steps.

    Signs are compared, not gradients, whose product is 0 where both are very small.
    """
    now = sign(gradient)
    agreement = now * state["sign"]
    turned = less(agreement, 0.0)
    factor = where(less(0.0, agreement), chosen.grow, where(turned, chosen.shrink, 1.0))
    size = minimum(maximum(factor * state["size"], chosen.smallest_step), chosen.largest_step)
    return now, turned, size
