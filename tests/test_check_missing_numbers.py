"""Numbers that may stand for missing ones: told as such, and not scaled together with the rest."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.diagnosis.cases.case import case_of
from chainrule.diagnosis.probes.missing_numbers import filled_in, missing_numbers

RANDOM = np.random.default_rng(6)
ROWS = RANDOM.normal(size=(240, 4))
TARGET = np.tanh(ROWS @ np.array([1.0, -1.0, 0.5, 0.2]))
GONE = RANDOM.random(ROWS.shape) < 0.1
NETWORK = cr.Network(cr.Dense(8, "tanh"), cr.Dense(1))


def concerns(x: Any) -> dict[str, Any]:
    return {one.name: one for one in cr.check(NETWORK, x, TARGET, validation=0.25).concerns}


@pytest.mark.parametrize("value", [-999.0, 9999.0, -99.0])
def test_a_number_for_missing_ones_is_named_and_not_to_be_scaled(value: float) -> None:
    found = concerns(np.where(GONE, value, ROWS))
    # A batch with them in it may well not be learned by heart.
    assert set(found) <= {"numbers that may be missing", "one batch"}
    told = found["numbers that may be missing"]
    run = cr.train(NETWORK, ROWS, TARGET, validation=0.25, epochs=1, progress=False)
    counts = GONE[run.setup.provenance.training].sum(axis=0)
    assert f"{value:g} stands in {counts.max()} rows of column {counts.argmax()}" in told.cause
    assert "in 3 more columns" in told.cause
    assert "median" in told.remedy
    assert "standard deviation" not in told.remedy


def test_other_numbers_beside_it_are_still_to_be_scaled() -> None:
    found = concerns(np.where(GONE, -999.0, ROWS * [1.0, 1.0, 1.0, 1e-4]))
    assert {"numbers that may be missing", "inputs or targets are unscaled"} <= set(found)


@pytest.mark.parametrize(
    "x",
    [
        ROWS,
        np.sign(ROWS),
        np.where(np.abs(ROWS) < 0.5, 0.0, np.sign(ROWS)),
        RANDOM.integers(0, 1000, ROWS.shape).astype(float) / 1000.0,
        np.where(np.arange(240)[:, None] == 7, -999.0, ROWS),
    ],
)
def test_codes_and_single_numbers_stand_for_nothing(x: Any) -> None:
    assert "numbers that may be missing" not in concerns(x)


def test_medians_of_the_rest_are_filled_in() -> None:
    x = np.where(GONE, -999.0, ROWS)
    run = cr.train(NETWORK, x, TARGET, epochs=1, progress=False)
    case = case_of(run)
    found = filled_in(case.training, missing_numbers(case), case.training)
    wide = np.where(GONE, np.nan, ROWS)
    due = np.where(GONE, np.nanmedian(wide, axis=0), ROWS)
    np.testing.assert_array_equal(found.inputs[0], due)
    np.testing.assert_array_equal(case.training.inputs[0], x)


def test_a_diagnosis_fills_them_in_and_does_not_scale() -> None:
    x = np.where(GONE, -999.0, ROWS)
    run = cr.train(
        NETWORK, x, TARGET, validation=0.25, epochs=60, learning_rate=0.01, progress=False
    )
    report = cr.diagnose(run, seconds=20.0)
    assert (report.name, report.found.standing) == ("unscaled", "ill")
    assert "fill in what is missing: -999 stands in" in report.verdict
    assert report.primary is not None
    assert report.primary.remedy is not None
    assert report.primary.remedy.by_hand
