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
# A choice: a penalty that has fallen to a twentieth of its first value has shrunk the weights, and
# nothing is left of it to be seen.
SHRUNK = 0.05
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
    share, when = _share_of_penalties(case)
    return Brake(
        PENALTIES, "penalties, of what is minimised", share, FELT,
        f"Penalties on the weights are {share:.0%} of what is minimised {when}",
        "a penalty that costs little beside the loss",
    )  # fmt: skip


def _share_of_penalties(case: Case) -> tuple[float, str]:
    """Return the share of the penalties in what is minimised, and when that was.

    It is that at the end, or in the epoch that was kept. Of weights that a penalty has shrunk to
    nothing it asks nothing any more: there it is the largest share that it had.
    """
    history = case.recording.history
    penalties = np.asarray(history.get("penalty", ()), dtype=np.float64)
    losses = np.asarray(history.get("loss", ()), dtype=np.float64)
    if not len(penalties) or len(penalties) != len(losses):
        return 0.0, "at the end"
    with np.errstate(all="ignore"):
        shares = penalties / np.abs(losses)
    shares = np.where(np.isfinite(shares), shares, 0.0)
    if penalties[-1] < SHRUNK * penalties[0]:
        return float(shares.max()), f"in epoch {int(shares.argmax()) + 1}"
    held = np.asarray(history.get("validation_loss", ()), dtype=np.float64)
    if case.setup.keep == "best" and len(held) == len(shares) and np.isfinite(held).any():
        kept = int(np.nanargmin(held))
        if shares[kept] > shares[-1]:
            return float(shares[kept]), f"in epoch {kept + 1}, which was kept"
    return float(shares[-1]), "at the end"


def _of_decay(case: Case) -> Brake:
    setup = case.setup
    given = setup.regularisation.weight_decay
    strength = max(given.values(), default=0.0) if isinstance(given, Mapping) else given
    strength += decay_of_the_optimizer(setup)
    rates = case.recording.history.get("learning_rate")
    way = 0.0 if rates is None else float(np.sum(rates)) * case.steps_of_epoch
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
