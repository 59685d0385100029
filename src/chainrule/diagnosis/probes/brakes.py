"""Brakes: what keeps weights and units small, and whether it is strong enough to be felt."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from chainrule.diagnosis.cases.case import Case
from chainrule.network.plan import PlannedStep
from chainrule.training.setup import Setup

# What is less than a twentieth of what is minimised cannot hold much back: by the envelope theorem
# it is the derivative of the least that can be reached, by the logarithm of the penalty's strength.
FELT = 0.05
# A choice, in the same measure: the share of the weights that decay alone takes off.
DECAYED = 0.05
# Of Hinton and others ("Improving neural networks by preventing co-adaptation", 2012): half of the
# hidden units. What drops less is felt as well where a network is narrow.
DROPPED = 0.2
DROPPING = ("dropout", "dropconnect", "dropconnect_product")
# Their kinds.
PENALTIES, DECAY, DROPOUT = "penalties", "decay", "dropout"


@dataclass(frozen=True)
class Brake:
    """One thing that keeps weights or units small: how strong it is, and the sentence of it."""

    kind: str
    quantity: str
    measured: float
    threshold: float
    words: str
    normal: str

    @property
    def is_felt(self) -> bool:
        """Whether it is strong enough to hold a training back."""
        return self.measured > self.threshold


def felt_brakes(case: Case) -> list[Brake]:
    """Return the penalties, the decay and the dropout that may hold a training back."""
    return [one for one in (_of_penalties(case), _of_decay(case), _of_dropout(case)) if one.is_felt]


def _of_penalties(case: Case) -> Brake:
    history = case.recording.history
    penalties, losses = history.get("penalty"), history.get("loss")
    share = 0.0
    if penalties is not None and losses is not None and len(penalties) and losses[-1]:
        share = float(penalties[-1]) / abs(float(losses[-1]))
    return Brake(
        PENALTIES, "penalties, of what is minimised", share if math.isfinite(share) else 0.0, FELT,
        f"Penalties on the weights are {share:.0%} of what is minimised at the end",
        "a penalty that costs little beside the loss",
    )  # fmt: skip


def _of_decay(case: Case) -> Brake:
    setup = case.setup
    given = setup.regularisation.weight_decay
    strength = max(given.values(), default=0.0) if isinstance(given, Mapping) else given
    strength += decay_of_the_optimizer(setup)
    steps = math.ceil(len(case.training) / max(1, setup.batch_size))
    rates = case.recording.history.get("learning_rate")
    way = 0.0 if rates is None else float(np.sum(rates)) * steps
    taken = 1.0 - math.exp(-strength * way)
    return Brake(
        DECAY, "share of the weights that decay takes off", taken, DECAYED,
        f"Decay alone takes {taken:.0%} off the weights in the whole training",
        "a decay that takes off little of what is learned",
    )  # fmt: skip


def _of_dropout(case: Case) -> Brake:
    share = dropped_share(case.setup)
    return Brake(
        DROPOUT, "share that dropout leaves out", share, DROPPED,
        f"Dropout leaves out {share:.0%} of a layer at every step",
        "up to a half of wide layers, less of narrow ones",
    )  # fmt: skip


def decay_of_the_optimizer(setup: Setup) -> float:
    """Return the decay that the optimizer has as its own, as AdamW does; 0 without."""
    return float(getattr(setup.optimizer, "weight_decay", 0.0))


def dropped_share(setup: Setup) -> float:
    """Return the largest share that a step of the network drops, 0 where it drops nothing."""
    steps = dropping_steps(setup)
    return max((float(one.settings.get("rate", 0.5)) for one in steps), default=0.0)


def dropping_steps(setup: Setup) -> list[PlannedStep]:
    """Return the steps of the network that leave something out."""
    steps = setup.network.plan.steps
    return [one for one in steps if one.op in DROPPING and one.settings.get("rate", 0.5)]
