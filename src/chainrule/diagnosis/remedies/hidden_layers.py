"""Remedies of hidden layers that several ailments have: other activations, the usual start."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from chainrule.diagnosis.cases.arrangement import Remedy, on_setup
from chainrule.diagnosis.probes.depth import recurrences
from chainrule.diagnosis.remedies.network_changes import (
    usual_start,
    with_activation,
    with_starts,
    without_hidden,
)
from chainrule.diagnosis.wording import listed
from chainrule.network.initializers import Initializer, find_initializer
from chainrule.network.network import Network
from chainrule.network.plan import Parameter
from chainrule.training.setup import Setup


def other_activation(
    op: str, kinds: Collection[str], fresh: bool, layers: Collection[str] = ()
) -> Remedy:
    """Return the remedy of ``op`` in place of the hidden activations of these kinds.

    ``fresh``: with the start that it asks for; without it first values stay. ``layers`` are those
    that have them, where they are to be named.
    """
    replaced = sorted(set(kinds) - {op})

    def change(setup: Setup) -> Setup:
        chosen = dict.fromkeys(replaced, op)
        return replace(setup, network=with_activation(setup.network, chosen, setup.seed, fresh))

    start = ", with the start that it asks for" if fresh else ""
    where = listed(list(layers)) or "hidden layers"
    what = f"{op} in place of {listed(replaced)} in {where}{start}"
    return Remedy(what, f"Use {what}.", on_setup(change))


def without_softmax(layers: Collection[str]) -> Remedy:
    """Return the remedy of leaving hidden softmaxes out, which these layers have."""

    def change(setup: Setup) -> Setup:
        return replace(setup, network=without_hidden(setup.network, "softmax"))

    where = listed(list(layers))
    return Remedy(
        f"no softmax in {where}",
        f"Leave the softmax of {where} out. Of classes the loss makes probabilities itself, from a "
        "last layer with as many units as there are classes.",
        on_setup(change),
        "Dense(...), without 'softmax'",
    )


def started_as_usual(layers: Collection[str] | None = None) -> Remedy:
    """Return the remedy of the usual start, in these layers, or in all; what is frozen stays."""

    def change(setup: Setup) -> Setup:
        network = usual_start(setup.network, setup.seed, layers, frozen_names(setup))
        return replace(setup, network=network)

    where = "every layer" if layers is None else " and ".join(layers)
    return Remedy(
        f"usual start of {where}",
        f"Start {where} as its size and activation ask for, which is the default.",
        on_setup(change),
    )


def recurrences_as_usual() -> Remedy:
    """Return the remedy of recurrent weights at right angles; what is frozen stays."""

    def change(setup: Setup) -> Setup:
        return replace(setup, network=at_right_angles(setup))

    return Remedy(
        "recurrent weights at right angles",
        "Start recurrent weights at right angles, which keeps the length of a state and is the "
        "default.",
        on_setup(change),
    )


def at_right_angles(setup: Setup) -> Network:
    """Return the network whose recurrent weights start as they do by default."""
    plan, frozen = setup.network.plan, frozen_names(setup)
    # Behind the sequence and the first state stand the weights of entries, then those of states.
    names = {[one for one in step.inputs if one in plan.by_name][1] for step in recurrences(plan)}
    orthogonal = find_initializer("orthogonal")

    def start_of(parameter: Parameter) -> Initializer | None:
        return orthogonal if parameter.name in names - set(frozen) else None

    return with_starts(setup.network, start_of, setup.seed)


def frozen_names(setup: Setup) -> tuple[str, ...]:
    """Return the names of the parameters that are not trained."""
    return tuple(one.name for one in setup.objective().frozen.parameters)
