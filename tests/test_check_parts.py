"""Validation rows beside training rows: prepared in another way, or an honest split."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import chainrule as cr

NAME = "validation rows unlike training rows"
RANDOM = np.random.default_rng(5)
X = RANDOM.normal(size=(400, 6))
Y = np.tanh(X @ np.array([1.0, -1.0, 0.5, 0.0, 2.0, 0.3])) + 0.1 * RANDOM.normal(size=400)


def concerns(x: Any, y: Any, validation: Any, **given: Any) -> list[Any]:
    network = cr.Network(cr.Dense(8, "tanh"), cr.Dense(1))
    found = cr.check(network, x, y, validation=validation, **given)
    return [one for one in found.concerns if one.name == NAME]


@pytest.mark.parametrize("count", [10, 100])
def test_validation_rows_that_were_not_scaled_are_told(count: int) -> None:
    x = X[300 : 300 + count].copy()
    x[:, 2] = x[:, 2] * 50.0 + 2000.0
    (one,) = concerns(X[:300], Y[:300], (x, Y[300 : 300 + count]))
    assert one.cause.startswith("In the validation rows column 2 of X lies 2")
    assert "same way" in one.remedy


def test_targets_in_another_unit_are_told() -> None:
    (one,) = concerns(X[:300], Y[:300], (X[300:], Y[300:] * 100.0))
    assert "the target varies" in one.cause
    ratio = np.subtract(*np.quantile(Y[300:], [0.75, 0.25]) * 100.0)
    ratio /= np.subtract(*np.quantile(Y[:300], [0.75, 0.25]))
    assert f"varies {ratio:.3g} times" in one.cause


def test_honest_splits_of_heavy_tails_and_of_rare_things_raise_no_doubt() -> None:
    random = np.random.default_rng(1)
    for _ in range(10):
        tails = [random.standard_t(1.0, size=(400, 3)), np.exp(2.0 * random.normal(size=(400, 2)))]
        rare = random.random(size=(400, 2)) < 0.03
        x = np.column_stack([*tails, rare * random.normal(size=(400, 2)), np.ones(400)])
        assert concerns(x, x[:, 0] + Y, float(random.choice([0.03, 0.25]))) == []


def test_splits_in_time_raise_no_doubt() -> None:
    time = np.linspace(0.0, 1.0, 400)
    for seed in range(5):
        walks = np.random.default_rng(seed).normal(size=(400, 4)).cumsum(axis=0)
        x = np.column_stack([time, time**2, np.exp(3.0 * time), walks])
        assert concerns(x[:300], Y[:300], (x[300:], Y[300:])) == []


def test_a_class_of_no_weight_is_told() -> None:
    labels = (Y > 0.0).astype(int)
    network = cr.Network(cr.Dense(8, "tanh"), cr.Dense(2))
    for given in ({"class_weight": {0: 1.0, 1: 0.0}}, {"sample_weight": 1.0 - labels}):
        found = cr.check(network, X, labels, **given)
        (one,) = [one for one in found.concerns if one.name == "a class of no weight"]
        assert f"All {labels.sum()} training rows of 1 have the weight 0" in one.cause
    sound = cr.check(network, X, labels, class_weight={0: 1.0, 1: 3.0})
    assert "a class of no weight" not in str(sound)
