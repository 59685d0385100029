"""Which arguments of ``explain`` belong to what is explained; others would change nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chainrule.errors import SetupError
from chainrule.network.network import Network

# What says how an explanation is shown, never what it is.
_SHOWN = frozenset({"width", "symbols", "most_nodes"})
_PREDICTION = frozenset({"sample", "x", "reference", "output", "data"})
_RECEIPT = frozenset({"step", "data"})
_STEP = frozenset({"step", "data", "training"})
# What is refused later, in a sentence of its own, belongs here too.
_RUN = frozenset({"sample", "x", "y", "data", "loss"})
_NETWORK = frozenset({"sample", "x", "y", "data", "loss", "dtype"})
_IN_TRAINING = _NETWORK | {"training", "seed", "step"}


def refuse_strangers(what: Any, target: str | None, given: Mapping[str, Any]) -> None:
    """Raise SetupError for an argument that changes nothing in what is explained.

    ``given``: the arguments that are not the defaults.
    """
    named, known = _belonging(what, target, given)
    for name in given:
        if name in known or name in _SHOWN:
            continue
        raise SetupError(f"{name}= is no part of explaining {named}.", _remedy(name, known))


def _belonging(
    what: Any, target: str | None, given: Mapping[str, Any]
) -> tuple[str, frozenset[str]]:
    if target is None:
        return "a prediction", _PREDICTION
    if isinstance(what, Network):
        if given.get("training"):
            return "a network in training", _IN_TRAINING
        return "a network as it predicts", _NETWORK
    if given.get("training"):
        return "the gradient of a step", _STEP
    if "step" in given:
        return "a step of a training", _RECEIPT
    return "the gradient of a run", _RUN


def _remedy(name: str, known: frozenset[str]) -> str:
    if known is _NETWORK and name in _IN_TRAINING:
        return "Say training=True as well, or leave it out."
    if name in _PREDICTION and known not in (_RECEIPT, _STEP):
        return "Leave it out, or leave the target out to explain a prediction."
    return "Leave it out."
