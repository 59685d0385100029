"""The range test: rates and losses of one short training, what is suggested, and its picture."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import chainrule as cr

DRAW = np.random.default_rng(2)
X = DRAW.normal(size=(90, 3))
Y = X @ np.array([[1.0], [-2.0], [0.5]]) + 0.1 * DRAW.normal(size=(90, 1))
NETWORK = cr.Network(cr.Input(3), cr.Dense(1), seed=0)


def range_of(**given: Any) -> Any:
    given = {"optimizer": "gradient_descent", "batch_size": None, "dtype": "float64", **given}
    return cr.learning_rate_range(NETWORK, X, Y, **given)


def by_hand(rates: Any) -> list[float]:
    """Gradient descent on the squares of a linear network, a rate for every step."""
    w, b = (one.astype(np.float64) for one in NETWORK.parameters.values())
    losses = []
    for rate in rates:
        missed = X @ w + b - Y
        losses.append(float(np.mean(missed**2)))
        w = w - rate * 2.0 * X.T @ missed / len(X)
        b = b - rate * 2.0 * missed.mean(axis=0)
    return losses


def test_every_step_has_a_rate_of_its_own() -> None:
    found = range_of(lowest=1e-4, highest=0.5, steps=60)
    assert found.rates == pytest.approx(np.geomspace(1e-4, 0.5, 60))
    assert found.losses == pytest.approx(by_hand(found.rates), rel=1e-9)


def test_the_rate_is_that_of_its_place_in_the_epoch() -> None:
    """Nine steps an epoch: as many losses as steps, however the epochs fall."""
    found = range_of(lowest=1e-4, highest=0.5, steps=60, batch_size=10, shuffle=False)
    w, b = (one.astype(np.float64) for one in NETWORK.parameters.values())
    losses = []
    for step, rate in enumerate(found.rates):
        rows = slice(step % 9 * 10, step % 9 * 10 + 10)
        missed = X[rows] @ w + b - Y[rows]
        losses.append(float(np.mean(missed**2)))
        w = w - rate * 2.0 * X[rows].T @ missed / 10
        b = b - rate * 2.0 * missed.mean(axis=0)
    assert found.losses == pytest.approx(losses, rel=1e-9)


def test_the_suggestion_is_where_the_loss_falls_fastest() -> None:
    found = range_of(lowest=1e-5, highest=100.0, steps=400)
    assert not np.isfinite(found.losses).all() or found.losses[-1] > 1e3
    assert len(found.smoothed) < 400
    # Rates above this one diverge: 2 / the largest curvature.
    features = np.column_stack([X, np.ones(len(X))])
    curvature = np.linalg.eigvalsh(2.0 * features.T @ features / len(X)).max()
    assert 0.005 < found.suggestion < found.largest
    assert found.largest < 4.0 / curvature
    run = cr.train(
        NETWORK, X, Y, optimizer=cr.GradientDescent(found.suggestion), epochs=400, batch_size=None,
        progress=False,
    )  # fmt: skip
    assert run.history["loss"][-1] < 1e-2 * run.history["loss"][0]
    assert f"suggestion={found.suggestion:.2g}" in str(found)


def test_nothing_is_suggested_where_no_rate_lowers_the_loss() -> None:
    found = range_of(lowest=10.0, highest=1e4, steps=30)
    assert found.suggestion is None
    assert "falls at none" in str(found)
    found.plot()


def test_the_network_is_not_changed_and_the_test_repeats_itself() -> None:
    before = {name: one.copy() for name, one in NETWORK.parameters.items()}
    one, other = range_of(batch_size=8, seed=4), range_of(batch_size=8, seed=4)
    assert np.array_equal(one.losses, other.losses, equal_nan=True)
    assert not np.array_equal(one.losses, range_of(batch_size=8, seed=5).losses, equal_nan=True)
    for name, content in NETWORK.parameters.items():
        assert np.array_equal(content, before[name])


def test_the_picture_shows_what_was_seen() -> None:
    found = range_of(lowest=1e-5, highest=10.0, steps=200, optimizer="adam")
    (axes,) = found.plot().axes
    assert axes.get_xscale() == "log"
    lines = {str(line.get_label()): line for line in axes.lines}
    x, y = lines["smoothed"].get_data()
    assert x == pytest.approx(found.rates[: len(found.smoothed)])
    assert y == pytest.approx(found.smoothed)
    ((x,), (y,)) = lines[f"falls fastest: {found.suggestion:.2g}"].get_data()
    assert x == pytest.approx(found.suggestion)
    low, high = axes.get_ylim()
    dots = lines["loss of a step"].get_data()[1]
    assert low <= min(dots) <= max(dots) <= high


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"lowest": 0.0}, "From lowest=0.0 to highest=10.0"),
        ({"lowest": 1.0, "highest": 0.1}, "is no range of learning rates"),
        ({"highest": float("inf")}, "no range"),
        ({"steps": 5}, "steps=5"),
        ({"epochs": 3}, "epochs has no meaning"),
        ({"learning_rate": 0.1}, "learning_rate has no meaning"),
        ({"progress": False}, "progress has no meaning"),
        ({"optimizer": "irprop_plus"}, "irprop_plus finds the length of its steps itself"),
        ({"optimizer": "adm"}, "Did you mean 'adam'"),
    ],
)
def test_what_makes_no_range(given: dict[str, Any], words: str) -> None:
    with pytest.raises(cr.SetupError) as caught:
        range_of(**given)
    assert words in str(caught.value)
    assert caught.value.remedy
