"""Setup: everything that decides a training, as plain data. A remedy maps a Setup to a Setup."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from chainrule.errors import SetupError, nearest
from chainrule.network.losses import Loss
from chainrule.network.network import Network, layout_of
from chainrule.network.objective import Objective
from chainrule.network.plan import Parameter, Plan
from chainrule.optimizers import AnyOptimizer
from chainrule.program import FloatType
from chainrule.training.arguments import from_zero, limit
from chainrule.training.meaning import Meaning
from chainrule.training.metrics import Metric
from chainrule.training.origin import Origin
from chainrule.training.rows import Provenance
from chainrule.training.step import Terms
from chainrule.training.stopping import Stopping
from chainrule.training.targets import Target

Strength = float | Mapping[str, float]
ReadingCount = int | Literal["auto"]


@dataclass(frozen=True)
class Regularisation:
    """Penalties on weights (parameters of two axes or more) unless names are given.

    ``l1`` and ``l2`` add ``l1 * sum |w|`` and ``l2 / 2 * sum w**2`` to the loss; ``weight_decay``
    takes ``rate * weight_decay * w`` off at every step. Each is a number, or pattern -> number.
    The gradient, penalties included, is cut to the length ``clip_norm``, then each of its numbers
    to ``clip_value``. Raises SetupError for limits that are not above 0.
    """

    l1: Strength = 0.0
    l2: Strength = 0.0
    weight_decay: Strength = 0.0
    clip_norm: float | None = None
    clip_value: float | None = None

    def __post_init__(self) -> None:
        limit(self.clip_norm, "clip_norm")
        limit(self.clip_value, "clip_value")


@dataclass(frozen=True)
class Setup:
    """A network, a loss for each output, an optimizer, and how they are brought together."""

    network: Network
    losses: tuple[Loss, ...]
    targets: tuple[Target, ...]
    optimizer: AnyOptimizer
    epochs: int
    batch_size: int
    provenance: Provenance
    engine: str
    seed: int = 0
    dtype: FloatType = "float32"
    shuffle: bool = True
    freeze: tuple[str, ...] = ()
    rates: Mapping[str, float] = field(default_factory=dict)
    regularisation: Regularisation = field(default_factory=Regularisation)
    stopping: Stopping = field(default_factory=Stopping)
    metrics: tuple[Metric, ...] = ()
    keep: str = "best"
    readings: ReadingCount = "auto"
    snapshots: int = 0
    origin: Origin = field(default_factory=Origin)

    def objective(self) -> Objective:
        """Return what is minimised: all parameters that are not frozen by name.

        A layer whose state is frozen by name, running statistics, works as it predicts.
        """
        plan = self.network.plan
        named = frozenset(names_of((*plan.parameters, *plan.state), self.freeze, "freeze"))
        trained, frozen = layout_of(plan, named)
        if not trained.parameters:
            raise SetupError("Every parameter is frozen.", "Leave at least one to be trained.")
        still = frozenset(one.name for one in plan.state if one.name in named)
        _refuse_half_still(plan, still)
        return Objective(plan, self.losses, trained, frozen, still=still)

    def meaning(self, place: int) -> Meaning:
        """Return what the numbers of an output mean."""
        output = self.network.plan.outputs[place]
        last = next(one for one in self.network.plan.steps if output in one.outputs)
        return Meaning(self.targets[place], self.losses[place], last.op)

    def terms(self, objective: Objective) -> Terms:
        """Return the per-parameter numbers of penalties, decay and rates."""
        layout = objective.trained
        given = self.regularisation

        def spread(strength: Strength, what: str) -> Any:
            chosen = strengths(layout.parameters, strength, what)
            return layout.spread(chosen) if any(chosen.values()) else None

        rates = by_pattern(layout.parameters, self.rates, "rates")
        return Terms(
            l1=spread(given.l1, "l1"),
            l2=spread(given.l2, "l2"),
            weight_decay=spread(given.weight_decay, "weight_decay"),
            rates=layout.spread(rates, otherwise=1.0) if rates else None,
            clip_norm=given.clip_norm,
            clip_value=given.clip_value,
        )


def check_start(setup: Setup) -> None:
    """Raise SetupError where a parameter is no finite number in the type of the training."""
    largest = np.finfo(setup.dtype).max
    network = setup.network
    for name, content in {**network.parameters, **network.state}.items():
        if not (content.size == 0 or -largest <= content.min() <= content.max() <= largest):
            raise SetupError(
                f"{name} holds NaN, infinity, or numbers that are too large for {setup.dtype}.",
                "Give finite numbers, or dtype='float64'.",
            )


def _refuse_half_still(plan: Plan, still: frozenset[str]) -> None:
    """Raise SetupError where a part of a layer's state is to stay and another to move."""
    for step in plan.steps:
        own = [one.name for one in plan.state if one.name in step.inputs]
        moving = [name for name in own if name not in still]
        if moving and len(moving) < len(own):
            raise SetupError(
                f"freeze stops a part of the running statistics of {step.layer}, and {moving[0]} "
                "would move on.",
                f"Freeze all of them, '{step.layer}.*', or its parameters alone.",
            )


def names_of(parameters: Sequence[Parameter], patterns: Sequence[str], what: str) -> list[str]:
    """Return the parameters whose names match a pattern such as ``*.b`` or ``dense_1.*``."""
    found: list[str] = []
    known = [one.name for one in parameters]
    for pattern in patterns:
        hits = fnmatch.filter(known, pattern)
        if not hits:
            raise SetupError(
                f"{what}: no parameter is called '{pattern}'.", nearest(pattern, known)
            )
        found += hits
    return found


def by_pattern(
    parameters: Sequence[Parameter], chosen: Mapping[str, float], what: str
) -> dict[str, float]:
    """Return name -> number from pattern -> number; a later pattern goes over an earlier one."""
    result: dict[str, float] = {}
    for pattern, number in chosen.items():
        for name in names_of(parameters, (pattern,), what):
            result[name] = from_zero(number, what)
    return result


def strengths(parameters: Sequence[Parameter], strength: Strength, what: str) -> dict[str, float]:
    """Return name -> strength: a plain number falls on weights, not on biases."""
    if isinstance(strength, Mapping):
        return by_pattern(parameters, strength, what)
    number = from_zero(strength, what)
    return {one.name: number for one in parameters if len(one.shape) > 1}
