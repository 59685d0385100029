"""The curvature of a loss: against eigenvalues of whole matrices, and against what trainings do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from rate_cases import sides, trained, waves

import chainrule as cr
from chainrule.diagnosis.ailments.rate_too_high import RATE_TOO_HIGH
from chainrule.diagnosis.cases.case import case_of
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.probes.curvature import extent, largest_curvature, stability_limit
from chainrule.diagnosis.probes.work import work_of_row


def curvature_of(run: Any) -> float:
    case = case_of(run)
    return largest_curvature(case.setup, case.first, case.training)


def linear(**given: Any) -> Any:
    network = cr.Network(cr.Dense(1))
    return trained(waves(rows=50), 1, network=network, batch_size=None, **{"epochs": 0, **given})


def hessian_of_squares(x: Any) -> Any:
    wide = np.concatenate([x, np.ones((len(x), 1))], axis=1)
    return 2.0 / len(x) * wide.T @ wide


def test_it_is_the_largest_eigenvalue_of_a_parabola() -> None:
    due = np.linalg.eigvalsh(hessian_of_squares(waves(rows=50)[0]))[-1]
    assert curvature_of(linear()) == pytest.approx(due, rel=0.03)


def test_penalties_and_rates_of_single_parameters_count() -> None:
    whole = hessian_of_squares(waves(rows=50)[0])
    weights = np.diag([1.0, 1.0, 1.0, 0.0])
    due = np.linalg.eigvalsh(whole + 3.0 * weights)[-1]
    assert curvature_of(linear(l2=3.0)) == pytest.approx(due, rel=0.03)
    by_rate = np.diag(np.sqrt([0.1, 0.1, 0.1, 1.0]))
    due = np.linalg.eigvalsh(by_rate @ whole @ by_rate)[-1]
    assert curvature_of(linear(rates={"*.W": 0.1})) == pytest.approx(due, rel=0.03)


@pytest.mark.parametrize("loss", ["cross_entropy", "mean_squared_error"])
def test_it_is_that_of_differences_of_gradients(loss: str) -> None:
    x, y = sides(rows=40) if loss == "cross_entropy" else waves(rows=40)
    run = trained((x, y), 2 if loss == "cross_entropy" else 1, epochs=0, loss=loss)
    network = run.setup.network
    layout = run.setup.objective().trained
    flat = layout.flat_array(network.parameters, "float64")

    def gradient(at: Any) -> Any:
        there = network.with_parameters(layout.named_arrays(at))
        target = y if loss == "cross_entropy" else y[:, None]
        return layout.flat_array(cr.gradient(there, x, target, loss=loss), "float64")

    columns = [
        gradient(flat + 1e-5 * one) - gradient(flat - 1e-5 * one) for one in np.eye(len(flat))
    ]
    hessian = np.stack(columns) / 2e-5
    due = np.linalg.eigvalsh(0.5 * (hessian + hessian.T))[-1]
    assert curvature_of(run) == pytest.approx(due, rel=0.05)


def test_a_hill_has_no_valley() -> None:
    def upside_down(prediction: Any, target: Any) -> Any:
        return (-((prediction - target) ** 2)).mean(axis=1)

    # The eigenvalue of the largest size is about -2.5 there.
    assert curvature_of(linear(loss=upside_down)) == pytest.approx(0.0, abs=0.05)


@pytest.mark.parametrize("optimizer", ["gradient_descent", "momentum", "nesterov"])
def test_beyond_its_limit_a_training_diverges(optimizer: str) -> None:
    due = np.linalg.eigvalsh(hessian_of_squares(waves(rows=50)[0]))[-1]
    limit = stability_limit(linear(optimizer=optimizer).setup.optimizer)
    assert limit is not None
    losses = {
        share: linear(
            optimizer=optimizer, learning_rate=share * limit / due, epochs=400, dtype="float64"
        ).history["loss"]
        for share in (0.97, 1.03)
    }
    assert losses[0.97][-1] < losses[0.97][0]
    assert losses[1.03][-1] > 1e3 * losses[1.03][0]


def test_rules_that_are_not_of_the_gradient_alone_have_no_limit() -> None:
    assert stability_limit(cr.Adam()) is None
    assert stability_limit(cr.LevenbergMarquardt()) is None


def examined(width: int, rows: int) -> Examination:
    network = cr.Network(cr.Dense(width, "tanh"), cr.Dense(1))
    given = {"optimizer": "gradient_descent", "learning_rate": 30.0, "epochs": 3}
    return Examination(case_of(trained(waves(rows=rows), 1, network=network, **given)))


def test_it_is_the_same_at_every_call_and_of_all_rows_of_a_small_training() -> None:
    seen = examined(8, 900)
    whole = largest_curvature(seen.setup, seen.case.first, seen.case.training)
    assert {seen.curvature_at_first, examined(8, 900).curvature_at_first} == {whole}
    (sign,) = [one for one in RATE_TOO_HIGH.signs(seen) if one.where == "at the start"]
    assert " rows" not in sign.words


def test_where_it_is_not_of_all_rows_the_sentence_says_of_how_many() -> None:
    seen, again = (examined(2000, 400) for _ in range(2))
    count = seen.rows_of_curvature
    assert 16 <= count < 400
    assert seen.curvature_at_first == again.curvature_at_first
    (sign,) = [one for one in RATE_TOO_HIGH.signs(seen) if one.where == "at the start"]
    assert f" on {count} of 400 rows, allows" in sign.words


@pytest.mark.parametrize(
    ("products", "due"),
    [(10**9, (5 * 10**7, 20)), (400, (20, 20)), (160, (16, 10)), (3, (16, 6))],
)
def test_of_less_work_rows_are_left_out_before_steps(products: int, due: tuple[int, int]) -> None:
    assert extent(products) == due


@pytest.mark.parametrize(
    ("network", "due"),
    [
        (cr.Network(cr.Input(5), cr.Dense(4), cr.Dense(2), seed=0), 5 * 4 + 4 + 4 * 2 + 2),
        (cr.Network(cr.Input((7, 3)), cr.Recurrent(4), cr.Dense(2), seed=0), None),
        (cr.Network(cr.Input((3, 8, 8)), cr.Conv(4, 3), seed=0), (4 * 3 * 9 + 4) * 64),
    ],
)
def test_the_work_of_a_row_counts_times_and_places(network: cr.Network, due: int | None) -> None:
    if due is None:
        due = 7 * (3 * 4 + 4 * 4 + 4) + 4 * 2 + 2
    assert work_of_row(network.plan) == due
