"""A diagnosis of rows with weights: those of 0 count nowhere, others as much as they weigh."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.diagnosis.cases.case import case_of
from chainrule.diagnosis.cases.rows_that_count import of_rows_that_count
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.probes.number_errors import errors_by_column
from chainrule.diagnosis.probes.row_order import joined
from chainrule.network.losses import loss

DRAW = np.random.default_rng(0)
X = DRAW.normal(size=(400, 4))
SUM = X @ np.array([1.0, -1.0, 0.5, 2.0])
Y = np.tanh(SUM) + 0.1 * DRAW.normal(size=400)
# Three rows in ten are of no weight, and hold nothing that was measured.
GONE = DRAW.random(400) < 0.3
JUNK = np.where(GONE, 50.0 * DRAW.normal(size=400), Y)
COUNTED = np.where(GONE, 0.0, 1.0)


def network() -> cr.Network:
    return cr.Network(cr.Dense(16, "tanh"), cr.Dense(1))


def trained(y: Any, weights: Any, **given: Any) -> Any:
    settings = {"epochs": 60, "learning_rate": 0.02, "validation": 0.25, "progress": False}
    return cr.train(network(), X, y, sample_weight=weights, **{**settings, **given})


def weighed_share(run: Any, places: Any, y: Any, weights: Any) -> float:
    """Return the squares that are left over the variance, both by weights."""
    missed = (run.predict(X[places]).reshape(-1) - y[places]) ** 2
    middle = np.average(y[places], weights=weights[places])
    spread = np.average((y[places] - middle) ** 2, weights=weights[places])
    return float(np.average(missed, weights=weights[places]) / spread)


def test_rows_of_weight_0_count_nowhere() -> None:
    run = trained(JUNK, COUNTED)
    report = cr.diagnose(run)
    found, known = report.to_dict()["run"], run.setup.provenance
    assert report.found.name == "healthy"
    assert f"{GONE.sum()} rows of the weight 0 were left out." in report.found.notes
    assert found["rows"] + found["validation_rows"] == COUNTED.sum()
    for places, error in ((known.training, "error"), (known.validation, "validation_error")):
        expected = weighed_share(run, np.array(places), JUNK, COUNTED)
        assert found[error] == pytest.approx(expected, rel=1e-4), error
    assert cr.check(network(), X, JUNK, sample_weight=COUNTED, validation=0.25).is_sound


@pytest.mark.parametrize("validation", [0.0, 0.25])
def test_the_rows_that_are_left_keep_their_numbers_and_their_order(validation: float) -> None:
    run = trained(JUNK, COUNTED, validation=validation, epochs=1)
    case = of_rows_that_count(case_of(run))
    np.testing.assert_array_equal(case.numbers, np.setdiff1d(case.numbers, np.flatnonzero(GONE)))
    np.testing.assert_array_equal(case.training.inputs[0], X[case.numbers])
    every = joined(case)
    np.testing.assert_array_equal(every.rows().inputs[0], X[~GONE])
    np.testing.assert_array_equal(every.targets[0].reshape(-1), Y[~GONE])


def test_no_row_of_weight_0_is_named() -> None:
    labels = np.where(GONE, SUM < 0, SUM > 0).astype(int)
    run = cr.train(
        cr.Network(cr.Dense(16, "tanh"), cr.Dense(2)), X, labels, sample_weight=COUNTED,
        epochs=60, learning_rate=0.01, validation=0.25, progress=False,
    )  # fmt: skip
    assert cr.diagnose(run).found.name == "healthy"


def test_a_class_of_no_weight_stays() -> None:
    labels = np.where(X[:, 0] > 1.0, 2, (SUM > 0).astype(int))
    weights = np.where(labels == 2, 0.0, COUNTED)
    run = cr.train(
        cr.Network(cr.Dense(8, "tanh"), cr.Dense(3)), X, labels, sample_weight=weights,
        epochs=1, progress=False,
    )  # fmt: skip
    case = of_rows_that_count(case_of(run))
    left = np.flatnonzero((labels == 2) | (COUNTED > 0.0))
    np.testing.assert_array_equal(case.numbers, left)


def test_unequal_weights_count_in_the_errors() -> None:
    noise = np.where(DRAW.random(400) < 0.5, 0.1, 20.0)
    y, weights = np.tanh(SUM) + noise * DRAW.normal(size=400), 1.0 / noise**2
    run = trained(y, weights)
    errors = Examination(case_of(run)).errors
    known = run.setup.provenance
    expected = [
        weighed_share(run, np.array(one), y, weights) for one in (known.training, known.validation)
    ]
    assert [errors.training, errors.validation] == pytest.approx(expected, rel=1e-4)
    assert errors.by_row is not None
    assert np.mean(errors.by_row) == pytest.approx(errors.validation)
    assert cr.diagnose(run).found.name == "healthy"


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("mean_squared_error", {}),
        ("mean_absolute_error", {}),
        ("quantile", {"quantile": 0.8}),
        ("huber", {"delta": 0.7}),
        ("log_cosh", {}),
        ("poisson", {}),
    ],
)
def test_a_row_of_weight_3_is_three_rows(name: str, settings: dict[str, float]) -> None:
    truth = DRAW.poisson(3.0, size=(41, 2)).astype(float)
    predicted, weights = truth + 0.5 + DRAW.random((41, 2)), DRAW.integers(1, 4, 41)
    of = loss(name, **settings)
    copies = np.repeat(np.arange(41), weights)
    given = errors_by_column(predicted, truth, truth, of, weights=weights / weights.mean())
    repeated = errors_by_column(predicted[copies], truth[copies], truth[copies], of)
    np.testing.assert_allclose(given.errors[copies], repeated.errors, rtol=1e-3)
    np.testing.assert_allclose(given.counts, repeated.counts, rtol=1e-9)


def test_as_many_steps_are_made_of_the_rows_that_count_as_of_all() -> None:
    few = np.where(np.arange(400) % 10, 0.0, 1.0)
    run = trained(np.where(few, Y, 50.0), few, batch_size=30, validation=0.0, epochs=1)
    case = of_rows_that_count(case_of(run))
    assert (len(case.training), case.setup.batch_size) == (40, 3)
    assert case.steps_of_epoch == run.state.step


def test_a_row_of_weight_0_that_made_nan_is_not_left_out() -> None:
    y = np.where(np.arange(400) == 7, 1e30, Y)
    weights = np.where(np.arange(400) == 7, 0.0, 1.0)
    run = trained(y, weights, dtype="float32", validation=0.0)
    # 0 times infinity is NaN.
    assert not np.isfinite(run.history["loss"]).all()
    report = cr.diagnose(run)
    assert report.name in ("not_finite", "unscaled")
    assert "Leave out row 7" in str(report)
