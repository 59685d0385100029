"""Verdicts on runs that are unlike others: several inputs, no epoch, a target that dwarfs all."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from trial_of_ailment import finding_of, signs_of

import chainrule as cr
from chainrule.diagnosis.ailments.uninformative_labels import UNINFORMATIVE_LABELS
from chainrule.diagnosis.ailments.unscaled import UNSCALED
from chainrule.diagnosis.cases.case import case_of
from chainrule.diagnosis.experiments.labels import compare_shuffled
from chainrule.diagnosis.experiments.laboratory import Laboratory
from chainrule.diagnosis.probes.passes import root_mean_square
from chainrule.diagnosis.remedies.labels import leaving_out
from chainrule.training.run import Run

RANDOM = np.random.default_rng(3)
X = RANDOM.normal(size=(200, 6))
Y = 2.0 * X[:, 0] + X[:, 1]


def of_two_inputs(y: Any) -> Run:
    a, b = cr.Input(3, name="a"), cr.Input(3, name="b")
    hidden = cr.Dense(12, "tanh")(cr.Concatenate()(a, b))
    network = cr.Network(inputs=[a, b], outputs=[cr.Dense(1)(hidden)])
    rows = {"a": X[:, :3], "b": X[:, 3:]}
    return cr.train(network, rows, y, validation=0.25, epochs=30, progress=False)


@pytest.mark.parametrize("given", [1e4 * Y, Y + 1e4])
def test_a_target_of_several_inputs_is_scaled_for_the_experiment_and_left_to_people(
    given: Any,
) -> None:
    found = finding_of(UNSCALED, of_two_inputs(given))
    assert found.is_confirmed
    assert found.remedy is not None
    assert found.remedy.by_hand
    assert "target" in found.remedy.words


def test_a_run_without_an_epoch_is_not_called_healthy() -> None:
    run = cr.train(cr.Network(cr.Dense(8, "tanh"), cr.Dense(1)), X, Y, epochs=0, progress=False)
    report = cr.diagnose(run)
    assert report.found.standing == "not proved"
    assert "nothing was trained" in str(report.verdict)


def test_one_row_held_out_that_dwarfs_the_others_says_nothing_about_labels() -> None:
    run = cr.train(
        cr.Network(cr.Dense(12, "tanh"), cr.Dense(1)), X, Y, validation=0.25, epochs=30,
        progress=False,
    )  # fmt: skip
    held = run.setup.provenance.validation[0]
    spoilt = Y.copy()
    spoilt[held] = 1e30
    again = cr.train(
        cr.Network(cr.Dense(12, "tanh"), cr.Dense(1)), X, spoilt, validation=0.25, epochs=30,
        progress=False,
    )  # fmt: skip
    assert held in again.setup.provenance.validation
    assert signs_of(UNINFORMATIVE_LABELS, again) == []


def test_labels_of_a_handful_of_rare_rows_are_not_doubted() -> None:
    x = np.random.default_rng(39).normal(size=(250, 12))
    rare = np.argsort(-(x[:, 0] + x[:, 6]))[:7]
    y = np.isin(np.arange(250), rare).astype(int)
    network = cr.Network(cr.Dense(16, "tanh"), cr.Dense())
    run = cr.train(network, x, y, validation=0.2, epochs=3, learning_rate=1e-5, progress=False)
    quantities = {one.quantity for one in signs_of(UNINFORMATIVE_LABELS, run)}
    assert "share of shuffled targets as similar" not in quantities


@pytest.mark.parametrize(("rate", "shows"), [(1e4, False), (0.01, True)])
def test_a_network_that_learns_nothing_proves_nothing_about_labels(
    rate: float, shows: bool
) -> None:
    network = cr.Network(cr.Dense(12, "tanh"), cr.Dense(1))
    run = cr.train(
        network, X, RANDOM.normal(size=200), validation=0.25, epochs=20, progress=False,
        optimizer="gradient_descent", learning_rate=rate, clip_norm=1.0,
    )  # fmt: skip
    case = case_of(run)
    remedy = leaving_out(case, np.array([0]))
    assert compare_shuffled(Laboratory(case, 10, seconds=60.0), remedy).shows is shows


ODD: dict[str, Any] = {
    "inputs near the end of float64": (X * 1e154, Y * 1e154, {"dtype": "float64"}),
    "inputs far beyond float32": (X * 1e200, Y, {"dtype": "float64"}),
    "a diverging rate in float64": (X, Y, {"learning_rate": 5.0, "dtype": "float64"}),
    "a rate of 1e300": (X, Y, {"learning_rate": 1e300, "dtype": "float64"}),
    "inputs near nothing": (X * 1e-300, Y, {}),
    "numbers near nothing": (X * 1e-300, Y * 1e-300, {"dtype": "float64"}),
}


# Warnings are errors in these tests.
@pytest.mark.parametrize("what", ODD)
def test_no_warning_leaves_a_diagnosis_of_numbers_that_overflow(what: str) -> None:
    x, y, given = ODD[what]
    network = cr.Network(cr.Dense(8, "tanh"), cr.Dense(1))
    named = {"optimizer": "gradient_descent", "epochs": 20, "validation": 0.2, **given}
    run = cr.train(network, x, y, progress=False, **named)
    report = cr.diagnose(run)
    assert report.verdict.partition(":")[0] in str(report)


@pytest.mark.parametrize(
    ("numbers", "due"),
    [
        ([3e280, 4e280], 5e280 / np.sqrt(2.0)),
        ([3e-300, 4e-300], 5e-300 / np.sqrt(2.0)),
        ([0.0, 0.0], 0.0),
        ([], 0.0),
        ([1.0, np.inf], np.inf),
    ],
)
def test_a_root_mean_square_is_right_where_squares_leave_the_range(
    numbers: list[float], due: float
) -> None:
    assert root_mean_square(np.array(numbers)) == pytest.approx(due, rel=1e-12)


@pytest.mark.parametrize("known", [0, 20])
def test_epochs_of_which_only_the_validation_loss_is_known_are_diagnosed(known: int) -> None:
    x = np.random.default_rng(0).normal(size=(100, 4))
    start = cr.Network(cr.Input(4), cr.Dense(6, "tanh"), cr.Dense(1), seed=0)
    run = cr.train(start, x, x[:, 0], epochs=20, progress=False)
    losses = cr.Recording()
    for epoch in range(60):
        held = {"validation_loss": 1.0 / (epoch + 1) if epoch < 30 else epoch / 30.0}
        losses.epoch(**held, **({"loss": 1.0 / (epoch + 1)} if epoch < known else {}))
    report = cr.diagnose(losses, run.network, x, x[:, 0], first=start, validation=0.25)
    assert report.verdict


def test_rows_that_are_all_the_same_lie_nowhere_by_rounding() -> None:
    x = np.repeat(X[:1, :5], 100, axis=0)
    y = Y[:100]
    run = cr.train(cr.Network(cr.Dense(6, "tanh"), cr.Dense(1)), x, y, epochs=20, progress=False)
    assert "deviations away from 0" not in str(cr.diagnose(run))
