"""Trainings of other loops as cases: a recording that was filled by hand, and what it is of."""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from chainrule.diagnosis.cases.case import Case
from chainrule.errors import SetupError, nearest
from chainrule.network.network import Network
from chainrule.training.arguments import check_seed
from chainrule.training.carry_out import carry_out
from chainrule.training.recording import Recording
from chainrule.training.rows import Rows
from chainrule.training.setup import Setup
from chainrule.training.stopping import OVERFLOWED, Stopping
from chainrule.training.train import set_up, train

UNKNOWN_START = (
    "Where the training began is not known, so that another start was drawn: give it as first=..."
)
# So many epochs are trained to know how long one takes.
TIMED_EPOCHS = 2


def case_of_loop(
    recording: Recording,
    network: Any,
    X: Any,
    y: Any,
    /,
    *,
    first: Any = None,
    ended: str = "",
    **training: Any,
) -> tuple[Case, tuple[str, ...]]:
    """Return the case of a training that another loop has made, and what is to be said of it.

    ``network`` has the parameters that came of it, ``first`` (a network, or name -> array) those
    that it began with; ``training`` are arguments of ``train``. Raises SetupError, DataError and
    ShapeError as ``train`` does, TypeError for an argument that it has not.
    """
    if not isinstance(network, Network) or not network.has_parameters:
        raise SetupError(
            "The network that was trained is not given, or has no parameters.",
            "Call diagnose(recording, network, X, y) with the network as the training left it.",
        )
    given = _arguments(training, recording)
    start, notes = _start(network, first, check_seed(given["seed"]))
    setup, rows = set_up(network=start, X=X, y=y, **given)
    left = {**network.parameters, **network.state}
    case = Case(
        setup=setup,
        recording=recording,
        training=rows[0],
        validation=rows[1],
        last=left,
        kept=left,
        ended=ended or _ended(recording),
        seconds=_seconds(setup, rows) * max(1, recording.epochs),
    )
    return case, notes


def _arguments(training: Mapping[str, Any], recording: Recording) -> dict[str, Any]:
    """Return the arguments of ``train``, those that are not given at their defaults."""
    known = {
        name: one.default
        for name, one in inspect.signature(train).parameters.items()
        if one.kind is one.KEYWORD_ONLY
    }
    for name in training:
        if name not in known:
            raise TypeError(f"diagnose has no argument '{name}'. {nearest(name, known)}")
    return {**known, "epochs": recording.epochs, **training}


def _start(network: Network, first: Any, seed: int) -> tuple[Network, tuple[str, ...]]:
    """Return the network as the training began, and what to say where that is not known."""
    if first is None:
        drawn = {one.name: one.draw(seed) for one in network.plan.parameters}
        return network.with_parameters(drawn), (UNKNOWN_START,)
    given = {**first.parameters, **first.state} if isinstance(first, Network) else first
    if not isinstance(given, Mapping) or not given:
        raise SetupError(
            f"first is {type(first).__name__}, and says nothing of parameters.",
            "Give the network as training began, or name -> array.",
        )
    return network.with_parameters({**network.parameters, **network.state, **given}), ()


def _ended(recording: Recording) -> str:
    last = recording.history.get("loss", [])[-1:]
    if last and not math.isfinite(last[0]):
        return f"{OVERFLOWED} {last[0]} in epoch {recording.epochs}"
    return f"all {recording.epochs} epochs were trained"


def _seconds(setup: Setup, rows: tuple[Rows, Rows]) -> float:
    """Return how long an epoch takes here, by which experiments are planned."""
    tried = replace(setup, epochs=TIMED_EPOCHS, stopping=Stopping(), readings=0, snapshots=0)
    run = carry_out(tried, rows, progress=False)
    return run.state.seconds / TIMED_EPOCHS
