"""Rows of weight 0 say nothing: a search goes as it goes without them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import chainrule as cr

DRAW = np.random.default_rng(8)
X = DRAW.normal(size=(60, 2))
Y = np.sin(2.0 * X[:, 0]) + 0.2 * DRAW.normal(size=60)
COUNTED = np.arange(60) % 2 == 0
NETWORK = cr.Network(cr.Dense(6, "tanh"), cr.Dense(1))


def course(x: Any, y: Any, optimizer: str, **given: Any) -> dict[str, list[float]]:
    settings: dict[str, Any] = {"epochs": 8, "progress": False, **given}
    return cr.train(NETWORK, x, y, optimizer=optimizer, **settings).history


def test_they_are_no_evidence_for_bayesian_regularization() -> None:
    without = course(X[COUNTED], Y[COUNTED], "bayesian_regularization")
    given = course(X, Y, "bayesian_regularization", sample_weight=COUNTED.astype(float))
    assert len(without["loss"]) == 8
    for name in ("loss", "effective_parameters", "alpha", "beta"):
        assert given[name] == pytest.approx(without[name], rel=1e-6), name


@pytest.mark.parametrize("optimizer", ["levenberg_marquardt", "gauss_newton"])
def test_fewer_rows_that_count_than_parameters(optimizer: str) -> None:
    few = np.arange(60) < 15
    without = course(X[few], Y[few], optimizer, l2=1e-3)
    given = course(X, Y, optimizer, l2=1e-3, sample_weight=few.astype(float))
    assert given["loss"] == pytest.approx(without["loss"], rel=1e-6)
