"""Changes of what keeps weights small and units apart, as remedies: more of it, less, or none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from chainrule.diagnosis.cases.arrangement import Remedy, on_setup
from chainrule.diagnosis.probes.brakes import decay_of_the_optimizer, dropping_steps
from chainrule.diagnosis.remedies.as_code import penalties_in_code
from chainrule.network.network import Network
from chainrule.network.written import with_rate
from chainrule.training.setup import Setup, Strength


def penalty(strength: float, scale: float) -> Remedy:
    """Return the remedy of an L2 penalty. ``scale``: the loss of which its strength is a share."""
    amount = float(f"{strength * scale:.2g}")

    def change(setup: Setup) -> Setup:
        return replace(setup, regularisation=replace(setup.regularisation, l2=amount))

    return Remedy(
        f"penalty of {strength:g}",
        f"Add a penalty on large weights to the loss, l2={amount:g}.",
        on_setup(change),
        f"l2={amount:g}",
    )


def no_penalties(setup: Setup) -> Remedy | None:
    """Return the remedy of no L1, L2 and decay; None where there are none."""
    changed = without_penalties(setup)
    if changed is setup:
        return None
    words = "Train without penalties and decay of the weights."
    return Remedy("no penalties", words, on_setup(without_penalties), penalties_in_code(changed))


def weaker_penalties(setup: Setup) -> Remedy | None:
    """Return the remedy of a tenth of L1, L2 and decay; None where there are none."""
    changed = with_weaker_penalties(setup)
    if changed is setup:
        return None
    return Remedy(
        "a tenth of the penalties",
        "Take a tenth of the penalties and of the decay.",
        on_setup(with_weaker_penalties),
        penalties_in_code(changed),
    )


def no_dropping(setup: Setup) -> Remedy | None:
    """Return the remedy of a network that drops nothing; None where it drops nothing."""
    if without_dropping(setup) is setup:
        return None
    return Remedy("no dropping", "Train without dropout.", on_setup(without_dropping))


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
