"""OPTIMIZERS: every training algorithm as one block of formula, state and update."""

from chainrule.optimizers.adaptive import Adam, AdamW
from chainrule.optimizers.descent import GradientDescent, Momentum, Nesterov
from chainrule.optimizers.optimizer import (
    BUILT_IN,
    OPTIMIZERS,
    Optimizer,
    find_optimizer,
    optimizer,
    with_rate,
)
from chainrule.optimizers.schedules import (
    CosineDecay,
    ExponentialDecay,
    InverseScaling,
    Schedule,
    StepDecay,
)

BUILT_IN.update(OPTIMIZERS)

__all__ = [
    "OPTIMIZERS",
    "Adam",
    "AdamW",
    "CosineDecay",
    "ExponentialDecay",
    "GradientDescent",
    "InverseScaling",
    "Momentum",
    "Nesterov",
    "Optimizer",
    "Schedule",
    "StepDecay",
    "find_optimizer",
    "optimizer",
    "with_rate",
]
