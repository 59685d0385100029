"""Learning rates that are neither a number nor a schedule, and what stands in their place."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import chainrule as cr

X = np.random.default_rng(0).normal(size=(20, 2))
Y = X.sum(axis=1)
NETWORK = cr.Network(cr.Dense(1))


@pytest.mark.parametrize(
    ("rate", "remedy"),
    [
        (lambda epoch: 0.1 / epoch, "a schedule such as CosineDecay"),
        ("constant", "a schedule such as CosineDecay"),
        ("adaptive", "optimizer='adaptive_rate'"),
        (np.array([0.1, 0.2]), "a number from 0"),
    ],
)
def test_the_remedy_leads_to_what_is_there(rate: Any, remedy: str) -> None:
    with pytest.raises(cr.SetupError, match="The learning rate is ") as raised:
        cr.train(NETWORK, X, Y, learning_rate=rate, epochs=1, progress=False)
    assert remedy in raised.value.remedy
    momentum = cr.Momentum(learning_rate=rate)
    with pytest.raises(cr.SetupError, match="learning_rate of momentum is ") as raised:
        cr.train(NETWORK, X, Y, optimizer=momentum, epochs=1, progress=False)
    assert remedy in raised.value.remedy


def test_the_remedies_work() -> None:
    for given in ({"learning_rate": cr.CosineDecay(0.1, 3)}, {"optimizer": "adaptive_rate"}):
        assert cr.train(NETWORK, X, Y, epochs=2, progress=False, **given).recording.epochs == 2

    def slower(progress: Any) -> None:
        progress.learning_rate = 0.1 / progress.epoch

    run = cr.train(NETWORK, X, Y, learning_rate=0.1, epochs=3, on_epoch=slower, progress=False)
    assert run.history["learning_rate"] == pytest.approx([0.1, 0.1, 0.05])


def test_a_rate_that_waits_for_a_plateau_ends_at_the_lowest() -> None:
    waiting = cr.ReduceOnPlateau(0.1, patience=1, threshold=10.0, lowest=1e-3)
    run = cr.train(NETWORK, X, Y, learning_rate=waiting, epochs=20, progress=False)
    assert min(run.history["learning_rate"]) == pytest.approx(1e-3)
