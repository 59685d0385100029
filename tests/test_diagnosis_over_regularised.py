"""Regularisation that is too strong: what is felt, what is not, and what is another ailment."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from rate_cases import mostly, named, verdict

import chainrule as cr
from chainrule.diagnosis.ailments.over_regularised import OVER_REGULARISED
from chainrule.diagnosis.cases.case import case_of
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.experiments.laboratory import Laboratory
from chainrule.diagnosis.verdicts.finding import Finding
from chainrule.diagnosis.verdicts.together import usable_remedies
from chainrule.randomness import normal

# What leaves a third of the error, beside a tenth or less without it.
TOO_STRONG: dict[str, dict[str, Any]] = {
    "l2": {"l2": 0.1},
    "l1": {"l1": 0.03},
    "decay": {"weight_decay": 3.0},
    "adamw": {"optimizer": cr.AdamW(learning_rate=0.01, weight_decay=3.0), "learning_rate": None},
    "some weights": {"l2": {"dense_1.W": 0.3}},
    "dropout": {"dropped": 0.8},
}
MILD: dict[str, dict[str, Any]] = {
    "none": {},
    "l2": {"l2": 1e-4},
    "l1": {"l1": 1e-5},
    "decay": {"weight_decay": 0.01},
    "dropout": {"dropped": 0.1},
}


def bent(seed: int, dropped: float = 0.0, **chosen: Any) -> Any:
    """Return a training on a bent surface in five columns."""
    x = normal(seed, "bent", 320 * 5).reshape(320, 5)
    y = np.tanh(x @ np.array([1.0, -0.7, 0.4, 0.0, 0.9])) + 0.4 * x[:, 1] * x[:, 2]
    dropping = [cr.Dropout(dropped)] if dropped else []
    network = cr.Network(cr.Dense(24, "tanh"), *dropping, cr.Dense(1))
    given = {"learning_rate": 0.01, "epochs": 60, "validation": 0.25, **chosen}
    return cr.train(network, x, y, seed=seed, progress=False, **given)


def signs_of(run: Any) -> list[Any]:
    return OVER_REGULARISED.signs(Examination(case_of(run)))


def test_its_specimen_is_named() -> None:
    assert mostly(named(OVER_REGULARISED.specimen), "over_regularised")


@pytest.mark.parametrize("what", TOO_STRONG)
def test_what_holds_a_network_back_is_named(what: str) -> None:
    found = verdict(bent(1, **TOO_STRONG[what]))
    assert found.name == "over_regularised"
    words = found.primary.remedy.words
    assert ("dropout" in words) == (what == "dropout")


@pytest.mark.parametrize("what", MILD)
def test_what_is_not_felt_has_no_sign(what: str) -> None:
    assert signs_of(bent(1, epochs=8, **MILD[what])) == []


def test_a_network_that_has_learned_needs_no_less_of_it() -> None:
    x = np.tile([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], (30, 1))
    network = cr.Network(cr.Dense(8, "tanh"), cr.Dense(2))
    run = cr.train(
        network, x, (x[:, 0] != x[:, 1]).astype(int), learning_rate=0.05, epochs=100, l2=1e-3,
        progress=False,
    )  # fmt: skip
    assert signs_of(run) == []


def test_learning_by_heart_asks_for_more_of_it() -> None:
    x = normal(0, "by heart", 60 * 30).reshape(60, 30)
    y = x[:, 0] + normal(0, "noise", 60)
    network = cr.Network(cr.Dense(40, "tanh"), cr.Dense(1))
    run = cr.train(
        network, x, y, learning_rate=0.01, epochs=60, l2=0.02, validation=0.4, keep="last",
        progress=False,
    )  # fmt: skip
    errors = Examination(case_of(run)).errors
    assert errors.validation > 2.0 * errors.training
    assert signs_of(run) == []


def test_no_better_than_a_constant_is_told_as_that() -> None:
    found = verdict(bent(1, l2=5.0, keep="last"))
    assert found.name == "constant_prediction"
    # Weights that are gone have no penalty: what it was before they went is the evidence.
    assert any("Penalties" in one.words for one in found.primary.signs)


@pytest.mark.parametrize("strength", [1.5, 2.0])
def test_what_was_kept_before_the_weights_were_gone_is_no_constant(strength: float) -> None:
    run = bent(1, l2=strength)
    examined = Examination(case_of(run))
    assert examined.last_errors.training > 0.95
    assert examined.errors.training < 0.8
    assert verdict(run).name == "over_regularised"


def test_penalties_are_those_of_the_epoch_that_was_kept() -> None:
    run = bent(1, l2=1.0)
    (sign,) = signs_of(run)
    history = run.recording.history
    kept = int(np.argmin(history["validation_loss"]))
    shares = np.array(history["penalty"]) / np.array(history["loss"])
    # By the end the weights are gone: the largest share that there was is the kept epoch's.
    assert history["penalty"][-1] < 0.05 * history["penalty"][0]
    assert kept == int(np.argmax(shares))
    assert sign.measured == pytest.approx(shares[kept], rel=1e-6)


def test_where_no_rows_were_held_out_some_are_to_judge() -> None:
    found = verdict(bent(1, l2=0.1, validation=0.0))
    assert found.name == "over_regularised"
    assert found.primary.experiment.held_out


def test_a_recording_without_penalties_shows_none() -> None:
    run = bent(1, l2=0.1)
    case = case_of(run)
    history = {name: one for name, one in case.recording.history.items() if name != "penalty"}
    bare = replace(case, recording=replace(case.recording, history=history))
    assert OVER_REGULARISED.signs(Examination(bare)) == []


@pytest.mark.parametrize("held", [0.25, 0.0], ids=["rows held out", "none"])
def test_it_is_treated_with_others_only_where_other_rows_judge(held: float) -> None:
    case = case_of(bent(1, l2=0.1, epochs=10, validation=held))
    examined = Examination(case)
    finding = Finding(OVER_REGULARISED, (), tuple(OVER_REGULARISED.remedies(examined)))
    assert bool(usable_remedies(finding, Laboratory(case, 10))) == (held > 0.0)
