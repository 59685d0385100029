"""Changes of what keeps weights small and units apart, as remedies: less of it, or none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from chainrule.diagnosis.probes.brakes import decay_of_the_optimizer, dropping_steps
from chainrule.network.network import Network
from chainrule.network.written import with_rate
from chainrule.training.setup import Setup, Strength


def without_penalties(setup: Setup) -> Setup:
    """Return the setup without L1, L2 and decay; itself where there are none."""
    return with_weaker_penalties(setup, 0.0)


def with_weaker_penalties(setup: Setup, factor: float = 0.1) -> Setup:
    """Return the setup with L1, L2 and decay times a factor; itself where there are none."""
    given = setup.regularisation
    weaker = replace(
        given,
        l1=_times(given.l1, factor),
        l2=_times(given.l2, factor),
        weight_decay=_times(given.weight_decay, factor),
    )
    decay = decay_of_the_optimizer(setup)
    if not decay and weaker == given:
        return setup
    optimizer = setup.optimizer
    if decay:
        optimizer = replace(optimizer, **{"weight_decay": decay * factor})
    return replace(setup, regularisation=weaker, optimizer=optimizer)


def _times(strength: Strength, factor: float) -> Strength:
    if isinstance(strength, Mapping):
        return {name: one * factor for name, one in strength.items()}
    return strength * factor


def without_dropping(setup: Setup) -> Setup:
    """Return the setup whose network drops nothing; itself where it drops nothing."""
    plan, dropping = setup.network.plan, dropping_steps(setup)
    if not dropping:
        return setup
    texts = {one.layer: with_rate(one.made_by, 0.0) for one in dropping}
    steps = []
    for one in plan.steps:
        settings = {**one.settings, "rate": 0.0} if one in dropping else one.settings
        text = texts.get(one.layer, one.made_by)
        steps.append(replace(one, settings=settings, made_by=text))
    known = {**setup.network.parameters, **setup.network.state}
    changed = replace(plan, steps=tuple(steps))
    return replace(setup, network=Network.from_plan(changed, known))
