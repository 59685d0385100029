"""A rate that is too low: updates that are tiny beside the weights, and the rates to be tried."""

from __future__ import annotations

import math

import numpy as np

from chainrule.diagnosis.cases.arrangement import Remedy
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.probes.relative_error import SOMETHING_LEFT
from chainrule.diagnosis.probes.update_band import BAND, BEST_UPDATE, NORMAL, SMALLEST_UPDATE
from chainrule.diagnosis.remedies.rate_changes import (
    has_rate,
    higher_rate,
    no_clipping,
    plain_rate,
    rate_of_the_optimizer,
    usual_rate,
)
from chainrule.diagnosis.sign import Sign, shortened
from chainrule.diagnosis.wording import OF_A_CONSTANT, share_of

FACTORS, MOST_TIMES = (3.0, 10.0, 30.0, 100.0), 1e9


def usual_updates(examined: Examination) -> dict[str, float]:
    """Return weight -> its median update over the readings, in shares of its size."""
    found = {}
    for name, shares in examined.relative_updates.items():
        known = [one for one in shares if math.isfinite(one)]
        if known:
            found[name] = float(np.median(known))
    return found


def tiny_updates(examined: Examination) -> list[Sign]:
    """Return the sign of updates that are tiny in every layer while much is left to learn."""
    updates = usual_updates(examined)
    if not has_rate(examined.setup) or not updates:
        return []
    name = max(updates, key=lambda one: updates[one])
    if updates[name] >= SMALLEST_UPDATE or not examined.errors.training > SOMETHING_LEFT:
        return []
    if not any(examined.at_last.gradient_size(one) > 0.0 for one in updates):
        # No gradient arrives, and no rate makes a step of nothing.
        return []
    return [
        Sign(
            "relative update", updates[name], SMALLEST_UPDATE, "below",
            f"A step changes no weights by more than {updates[name]:.2g} of their size ({name}), "
            f"while {share_of(examined.errors.training, OF_A_CONSTANT, 0)} is left.",
            NORMAL, BAND, where=name,
            curve=shortened(examined.relative_updates[name]),
            curve_of=f"relative update of {name} over the readings",
        )
    ]  # fmt: skip


def higher_rates(examined: Examination) -> list[Remedy]:
    """Return remedies of steps that are longer: without clipping where there is some, then rates.

    Those rates are around the usual one where that is far off, around what makes the updates what
    is best where they are tiny, and else so many times the one there is.
    """
    setup = examined.setup
    free = no_clipping(setup)
    if free is not None:
        # Where clipping makes steps short, a rate that makes up for it is thousands of times usual.
        return [free, *(higher_rate(setup, one) for one in FACTORS)]
    usual = rate_of_the_optimizer(setup, examined.is_of_table)
    below = (usual_rate(setup, examined.is_of_table) or 0.0) / (plain_rate(setup) or math.inf)
    if usual is not None and below > FACTORS[-1]:
        # So far below that multiplying it does not lead there.
        return [usual, *(higher_rate(setup, one) for one in (0.3 * below, 10.0 * below))]
    factors = _towards_the_best(examined) if examined.shown(tiny_updates) else FACTORS
    return [higher_rate(setup, float(f"{one:.1g}")) for one in factors]


def _towards_the_best(examined: Examination) -> tuple[float, ...]:
    """Return factors on the rate around the one that makes the largest updates what is best."""
    largest = max(usual_updates(examined).values())
    near = min(BEST_UPDATE / largest, MOST_TIMES) if largest > 0.0 else MOST_TIMES
    return near / 3.0, near, 3.0 * near, 10.0 * near
