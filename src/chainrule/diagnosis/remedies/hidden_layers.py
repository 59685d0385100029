"""Remedies of hidden layers that several ailments have: other activations, the usual start."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from chainrule.diagnosis.cases.arrangement import Remedy, on_setup
from chainrule.diagnosis.remedies.network_changes import usual_start, with_activation
from chainrule.diagnosis.wording import listed
from chainrule.training.setup import Setup


def other_activation(op: str, kinds: Collection[str], fresh: bool) -> Remedy:
    """Return the remedy of ``op`` in place of the hidden activations of these kinds.

    ``fresh``: with the start that it asks for; without it first values stay.
    """
    replaced = sorted(set(kinds) - {op})

    def change(setup: Setup) -> Setup:
        chosen = dict.fromkeys(replaced, op)
        return replace(setup, network=with_activation(setup.network, chosen, setup.seed, fresh))

    start = ", with the start that it asks for" if fresh else ""
    what = f"{op} in place of {listed(replaced)} in hidden layers{start}"
    return Remedy(what, f"Use {what}.", on_setup(change), f"Dense(..., '{op}')")


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
        "leave weights= and parameters= out",
    )


def frozen_names(setup: Setup) -> tuple[str, ...]:
    """Return the names of the parameters that are not trained."""
    return tuple(one.name for one in setup.objective().frozen.parameters)
