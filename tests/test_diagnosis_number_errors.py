"""Errors of numbers: each loss by the least that a constant has in it, found by scipy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from rate_cases import verdict
from scipy.optimize import minimize_scalar
from scipy.special import xlogy

import chainrule as cr
from chainrule.diagnosis.cases.case import case_of
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.probes.number_errors import errors_by_column, unit_of

RANDOM = np.random.default_rng(3)
TRUTH = np.exp(RANDOM.normal(size=(200, 2))) * [1.0, 3.0]
SAID = TRUTH * np.exp(0.5 * RANDOM.normal(size=TRUTH.shape))


def by_hand(name: str, apart: Any) -> Any:
    size = np.abs(apart)
    if name == "huber":
        return np.where(size <= 0.7, size**2 / 2.0, 0.7 * size - 0.7**2 / 2.0)
    return size if name == "mean_absolute_error" else np.log(np.cosh(apart))


def given_loss(name: str) -> Any:
    return cr.loss(name, delta=0.7) if name == "huber" else cr.loss(name)


@pytest.mark.parametrize("name", ["mean_absolute_error", "huber", "log_cosh"])
@pytest.mark.parametrize("unit", [1.0, 0.02])
def test_a_loss_beside_the_least_of_a_constant(name: str, unit: float) -> None:
    found = errors_by_column(SAID * unit, TRUTH * unit, TRUTH * unit, given_loss(name), unit)
    for place in range(2):
        truth = TRUTH[:, place]
        least = minimize_scalar(
            lambda at, truth=truth: by_hand(name, truth - at).mean(),
            bounds=(truth.min(), truth.max()), method="bounded",
        ).fun  # fmt: skip
        due = by_hand(name, truth - SAID[:, place]).mean() / least
        assert found.errors[:, place].mean() == pytest.approx(due, rel=1e-4)


def test_counts_are_measured_by_their_deviance() -> None:
    counts = RANDOM.poisson(TRUTH).astype(float)
    found = errors_by_column(SAID, counts, counts, cr.loss("poisson"))

    def deviance(expected: Any) -> Any:
        return (xlogy(counts, counts / expected) - counts + expected).sum(axis=0)

    due = deviance(SAID) / deviance(counts.mean(axis=0))
    np.testing.assert_allclose(found.errors.mean(axis=0), due)
    assert np.isinf(errors_by_column(SAID, counts - 1.0, counts, cr.loss("poisson")).errors).any()


def test_squares_are_those_of_scikit_learn() -> None:
    from sklearn.metrics import r2_score

    due = 1.0 - r2_score(TRUTH, SAID, multioutput="raw_values")
    for unit in (1.0, 1e-300, 1e300):
        truth = TRUTH * unit
        found = errors_by_column(SAID * unit, truth, truth, cr.loss("squared_error"))
        np.testing.assert_allclose(found.errors.mean(axis=0), due)


def test_a_column_counts_for_as_little_as_it_varies_beside_the_usual_one() -> None:
    wide = np.column_stack([TRUTH, 0.01 * TRUTH[:, 0] + 5.0])
    found = errors_by_column(wide, wide, wide, cr.loss("squared_error"))
    spread = wide.var(axis=0)
    np.testing.assert_allclose(found.counts, np.minimum(1.0, spread / (0.1 * np.median(spread))))


def test_where_nothing_varies_a_wrong_number_is_not_perfect() -> None:
    truth = np.full((5, 1), 1e9)
    far = errors_by_column(np.full((5, 1), 124.0), truth, truth, cr.loss("squared_error"))
    near = errors_by_column(truth, truth, truth, cr.loss("squared_error"))
    assert far.by_row == pytest.approx(1.0, rel=1e-5)
    assert not near.by_row.any()


def test_a_unit_is_found_where_rows_were_scaled_and_not_where_some_are_left_out() -> None:
    scaled = (TRUTH - TRUTH.mean(axis=0)) / TRUTH.std(axis=0)
    np.testing.assert_allclose(unit_of(scaled, TRUTH), 1.0 / TRUTH.std(axis=0))
    assert unit_of(TRUTH[TRUTH[:, 0] < 2.0], TRUTH) == 1.0


def skewed(seed: int, loss: str, signal: float = 0.3) -> Any:
    """Return a training on numbers that are skewed by what no input knows."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(1000, 6))
    z = x @ np.array([1.0, -1.0, 0.5, 0.0, 2.0, 0.3])
    y = np.exp(signal * z + 1.3 * random.normal(size=1000))
    network = cr.Network(cr.Dense(8, "tanh"), cr.Dense(1))
    return cr.train(
        network, x, y, loss=loss, epochs=60, learning_rate=0.01, validation=0.25, progress=False
    )


@pytest.mark.parametrize("loss", ["mean_absolute_error", "huber", "log_cosh"])
@pytest.mark.parametrize("seed", [0, 1])
def test_a_network_of_medians_is_not_said_to_be_a_constant(loss: str, seed: int) -> None:
    run = skewed(seed, loss)
    case = case_of(run)
    truth = case.validation.targets[0].astype(float)
    said = np.asarray(run.predict(case.validation.inputs[0])).reshape(truth.shape)
    error = Examination(case).errors.validation
    if loss == "mean_absolute_error":
        due = np.abs(said - truth).mean() / np.abs(np.median(truth) - truth).mean()
        assert error == pytest.approx(due, rel=1e-5)
    assert error < 1.0
    assert verdict(run).name == "healthy"


@pytest.mark.parametrize("loss", ["mean_absolute_error", "huber"])
def test_a_network_that_knows_nothing_of_skewed_numbers_is_not_healthy(loss: str) -> None:
    found = verdict(skewed(0, loss, signal=0.0))
    assert found.name in ("uninformative_labels", "constant_prediction")
