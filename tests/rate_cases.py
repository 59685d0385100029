"""Small trainings for the ailments of the learning rate, and recordings made by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from sampled_or_whole import SEEDS

import chainrule as cr
from chainrule.diagnosis.cases.case import Case, case_of
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.verdicts.judgement import verdict_of
from chainrule.diagnosis.verdicts.verdict import Verdict


def named(specimen: Callable[[int], Any]) -> list[str]:
    """Return what the verdicts on a specimen name, seed by seed."""
    return [verdict(specimen(seed)).name for seed in SEEDS]


def mostly(names: Sequence[str], name: str) -> bool:
    return sum(one == name for one in names) >= 0.9 * len(names)


def verdict(run: Any) -> Verdict:
    return verdict_of(case_of(run))


def waves(seed: int = 0, rows: int = 240) -> tuple[Any, Any]:
    """Return rows of three numbers and a curved target of them."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(rows, 3))
    return x, np.sin(1.5 * x[:, 0]) + 0.5 * x[:, 1] * x[:, 2] + 0.1 * random.normal(size=rows)


def sides(seed: int = 0, rows: int = 240) -> tuple[Any, Any]:
    """Return rows of four numbers and their two classes."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(rows, 4))
    return x, (x[:, 0] + x[:, 1] * x[:, 2] > 0.0).astype(int)


def trained(data: tuple[Any, Any], outputs: int, **given: Any) -> Any:
    """Return a run of a network of 12 tanh units, unless ``network`` is given."""
    network = given.pop("network", None) or cr.Network(cr.Dense(12, "tanh"), cr.Dense(outputs))
    chosen: dict[str, Any] = {"progress": False, "seed": 1}
    return cr.train(network, *data, **{**chosen, **given})


def a_case(**given: Any) -> Case:
    """Return the case of a training of three epochs, to be recorded otherwise."""
    return case_of(trained(waves(rows=60), 1, **{"epochs": 3, **given}))


def recorded(
    losses: Sequence[float], shares: Sequence[float] = (), case: Case | None = None
) -> Examination:
    """Return an examination of these losses, and of updates in these shares of the weights."""
    case = a_case() if case is None else case
    recording = cr.Recording()
    for loss in losses:
        recording.epoch(loss=loss)
    for place, share in enumerate(shares):
        of_each = {"size": 0.5, "gradient": 0.1, "update": 0.5 * share}
        seen = dict.fromkeys(case.setup.network.parameters, of_each)
        recording.reading(place, place, {}, seen)
    return Examination(replace(case, recording=recording, by_our_loop=False))
