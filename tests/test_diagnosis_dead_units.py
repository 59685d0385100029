"""Dead units: which activations have them, signs, remedies, and nets that are sparse by nature."""

from __future__ import annotations

from statistics import median
from typing import Any

import numpy as np
import pytest
from trial_of_ailment import FOUND, confirmed, finding_of, signs_of

import chainrule as cr
from chainrule.diagnosis.ailments.dead_units import DEAD_UNITS
from chainrule.diagnosis.cases.case import case_of
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.probes.units import dead_shares, is_bounded, is_one_sided
from chainrule.training.run import Run

RANDOM = np.random.default_rng(6)
X = RANDOM.normal(size=(120, 4))
Y = np.tanh(X @ [1.0, -1.0, 0.5, 1.5])

LEAKY = "leaky_relu in place of relu in hidden layers"


def trained(*layers: Any, **chosen: Any) -> Run:
    return cr.train(cr.Network(*layers), X, Y, **{"epochs": 2, **chosen}, progress=False)


def test_the_specimen_is_confirmed() -> None:
    assert confirmed(DEAD_UNITS) >= FOUND


def test_units_that_begin_dead_need_no_large_gain() -> None:
    """Noise is most of what is left, so that the gain is less than 15 % of the error."""
    random = np.random.default_rng(3)
    x = random.normal(size=(500, 5))
    y = np.abs(x[:, 0]) + np.abs(x[:, 1]) + 2.0 * random.normal(size=500)
    network = cr.Network(cr.Dense(24, "relu", bias="constant -4.5"), cr.Dense(1))
    run = cr.train(
        network, x, y - y.mean(), learning_rate=0.01, epochs=40, validation=0.4, seed=0,
        progress=False,
    )  # fmt: skip
    found = finding_of(DEAD_UNITS, run)
    assert found.is_confirmed
    assert found.experiment is not None
    assert found.experiment.deduced
    assert found.experiment.gain < 0.15 * median(found.experiment.without)


def test_activations_are_told_apart_by_their_slopes() -> None:
    one_sided = {"relu", "gelu", "gelu_tanh", "silu", "mish", "softplus", "elu", "selu", "celu"}
    bounded = {"tanh", "sigmoid", "hard_sigmoid", "softsign"}
    neither = {"leaky_relu", "identity", "step"}
    every = one_sided | bounded | neither
    assert {name for name in every if is_one_sided(name)} == one_sided
    assert {name for name in every if is_bounded(name)} == bounded


@pytest.mark.parametrize(("activation", "bias"), [("relu", -9), ("gelu", -15), ("elu", -25)])
def test_units_that_never_act_are_seen(activation: str, bias: int) -> None:
    run = trained(cr.Dense(12, activation, bias=f"constant {bias}"), cr.Dense(1))
    (sign,) = signs_of(DEAD_UNITS, run)
    assert sign.where == "dense_1"
    assert sign.measured > 0.9
    assert "at the start it was 100%" in sign.words


def test_the_share_is_counted_by_hand() -> None:
    run = trained(cr.Dense(40, "relu", bias="constant -2"), cr.Dense(1))
    weights = run.setup.network.parameters
    acts = X @ weights["dense_1.W"] + weights["dense_1.b"] > 0.0
    due = float(np.mean(~acts.any(axis=0)))
    assert 0.0 < due < 1.0
    assert dead_shares(Examination(case_of(run)).at_first.units) == {"dense_1": due}


@pytest.mark.parametrize("activation", ["relu", "gelu", "silu"])
def test_sparse_nets_show_no_sign(activation: str) -> None:
    layers = [cr.Dense(32, activation), cr.Dense(32, activation), cr.Dense(1)]
    run = trained(*layers, epochs=80, learning_rate=0.01)
    assert not signs_of(DEAD_UNITS, run)


def test_an_output_is_another_matter() -> None:
    run = trained(cr.Dense(12, "tanh"), cr.Dense(1, "relu", bias="constant -20"))
    assert not signs_of(DEAD_UNITS, run)


def test_remedies_change_one_thing_each() -> None:
    run = trained(cr.Dense(12, "relu", bias="constant -9"), cr.Dense(1))
    case = case_of(run)
    found = {one.name: one for one in DEAD_UNITS.remedies(Examination(case))}
    assert list(found) == [LEAKY, "biases at 0", LEAKY.replace("leaky_relu", "elu")]
    given = case.first.parameters
    leaky = found[LEAKY].change(case.arrangement).setup.network
    assert [one.op for one in leaky.plan.steps] == ["linear", "leaky_relu", "linear"]
    for name, content in leaky.parameters.items():
        np.testing.assert_array_equal(content, given[name])
    raised = found["biases at 0"].change(case.arrangement).setup.network.parameters
    assert not raised["dense_1.b"].any()
    np.testing.assert_array_equal(raised["dense_1.W"], given["dense_1.W"])
