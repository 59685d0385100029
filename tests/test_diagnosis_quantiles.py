"""Quantiles: errors of networks that predict them, by the loss whose least they are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from rate_cases import verdict

import chainrule as cr
from chainrule.diagnosis.cases.case import case_of
from chainrule.diagnosis.examination import Examination
from chainrule.randomness import normal


def fan(seed: int, level: float) -> Any:
    """Return a training on a fan whose rays spread with the input."""
    x = normal(seed, "fan", 400).reshape(400, 1)
    y = (0.3 + np.exp(0.8 * x[:, 0])) * normal(seed, "rays", 400)
    loss = cr.loss("quantile", quantile=level)
    network = cr.Network(cr.Dense(16, "tanh"), cr.Dense(1))
    return cr.train(
        network, x, y, loss=loss, learning_rate=0.02, epochs=80, validation=0.25, seed=seed,
        progress=False,
    )  # fmt: skip


@pytest.mark.parametrize("level", [0.1, 0.5, 0.9])
def test_the_error_is_the_loss_beside_that_of_the_best_constant(level: float) -> None:
    run = fan(0, level)
    case = case_of(run)
    truth = case.validation.targets[0].astype(float)
    predicted = np.asarray(run.predict(case.validation.inputs[0])).reshape(truth.shape)

    def mean_loss(constant: Any) -> float:
        apart = truth - constant
        return float(np.mean(np.maximum(level * apart, (level - 1.0) * apart)))

    best = min(mean_loss(one) for one in truth.reshape(-1))
    found = Examination(case).errors.validation
    assert found == pytest.approx(mean_loss(predicted) / best, rel=0.02)


def test_a_quantile_that_spreads_is_not_said_to_be_a_constant() -> None:
    assert {verdict(fan(seed, 0.9)).name for seed in range(2)} == {"healthy"}
