"""Numbers that became none: where, by which operation and row, and what prevents it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from rate_cases import a_case, mostly, named, recorded, trained, verdict, waves

import chainrule as cr
from chainrule.arrays import absolute, log
from chainrule.diagnosis.ailments.not_finite import NOT_FINITE
from chainrule.diagnosis.cases.case import case_of
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.experiments.laboratory import Laboratory
from chainrule.diagnosis.probes.extreme_rows import extreme_rows
from chainrule.diagnosis.remedies.off_the_ends import off_the_ends
from chainrule.diagnosis.remedies.usual_loss import usual_loss
from chainrule.training.carry_out import carry_out


def quantities(examined: Examination) -> list[str]:
    return [one.quantity for one in NOT_FINITE.signs(examined)]


def of_logarithms(prediction: Any, target: Any) -> Any:
    return ((log(prediction) - log(target)) ** 2).mean(axis=1)


def logarithms(seed: int = 0, **given: Any) -> Any:
    """Return a run whose loss takes the logarithm of what is negative at the start."""
    x, y = waves(seed, rows=80)
    return trained((x, np.exp(y)), 1, loss=of_logarithms, epochs=20, seed=seed, **given)


def with_a_huge_row(row: int = 11, **given: Any) -> Any:
    x, y = waves()
    x[row], y[row] = 1e5 * x[row], 1e6
    network = cr.Network(cr.Dense(16, "relu"), cr.Dense(1))
    return trained((x, y), 1, network=network, optimizer="gradient_descent", epochs=20, **given)


def test_its_specimen_is_named() -> None:
    assert mostly(named(NOT_FINITE.specimen), "not_finite")


def test_one_huge_row_is_left_out() -> None:
    case = case_of(with_a_huge_row())
    examined = Examination(case)
    assert "training loss" in quantities(examined)
    assert NOT_FINITE.confirm is not None
    chosen = NOT_FINITE.remedies(examined)
    experiment = NOT_FINITE.confirm(examined, Laboratory(case, 20), chosen)
    assert experiment is not None
    assert experiment.remedy.words.startswith("Leave out row 11,")
    assert experiment.is_clear


def test_a_loss_of_ones_own_that_needs_a_positive_output() -> None:
    found = verdict(logarithms())
    assert found.name == "not_finite"
    assert found.primary is not None
    assert found.primary.remedy is not None
    assert found.primary.remedy.name == "positive output"


def test_where_nothing_helps_it_stays_unexplained() -> None:
    def undefined(prediction: Any, target: Any) -> Any:
        # One number for the batch: no row can be said to spoil it.
        return (log(-(prediction**2)) * target).mean()

    found = verdict(trained(waves(rows=40), 1, loss=undefined, epochs=5))
    assert (found.standing, found.name) == ("unexplained", "not_finite")


# ---- where it happened ----


def test_operation_and_row_are_named() -> None:
    examined = Examination(case_of(logarithms(batch_size=None)))
    assert examined.blow_up is not None
    network, rows = examined.case.first, examined.case.training
    negative = np.flatnonzero(network(rows.inputs[0])[:, 0] <= 0.0)
    assert examined.blow_up.places == (int(negative[0]),)
    assert "of_logarithms is the first operation to make NaN" in examined.blow_up.words
    assert f"row {negative[0]}" in examined.blow_up.words
    assert examined.blow_up.epoch == 1


def test_the_step_is_the_last_with_finite_parameters() -> None:
    given = {"optimizer": "gradient_descent", "learning_rate": 3.0, "batch_size": 20}
    run = trained(waves(rows=100), 1, epochs=60, **given)
    found = Examination(case_of(run)).blow_up
    assert found is not None
    assert found.step // 5 == found.epoch - 1 == run.recording.epochs - 1
    before = carry_out(replace(run.setup, epochs=found.epoch - 1), run.rows, progress=False)
    assert np.isfinite(before.state.parameters).all()


def test_a_recording_of_another_training_names_no_operation() -> None:
    examined = recorded([1.0, float("nan")])
    assert examined.blow_up is None
    assert quantities(examined) == ["training loss"]


def test_what_searches_names_no_operation() -> None:
    case = case_of(trained(waves(rows=40), 1, optimizer="lbfgs", epochs=3))
    assert recorded([1.0, float("inf")], case=case).blow_up is None


# ---- signs by hand ----


def test_finite_numbers_are_no_sign() -> None:
    assert quantities(recorded([3.0, 2.0, 1.0], [0.1, 0.2])) == []


def test_parameters_and_readings_are_looked_at_as_well() -> None:
    case = a_case()
    spoilt = {**case.last, "dense_1.W": np.full((3, 12), np.nan)}
    assert quantities(recorded([2.0, 1.0], case=replace(case, last=spoilt))) == ["parameters"]
    assert quantities(recorded([2.0, 1.0], [0.1, float("nan")])) == ["reading"]


def test_readings_whose_squares_overflow_are_no_sign() -> None:
    """One cell of 1e30 has a square beyond float32, and none of the network's numbers has."""
    x = np.random.default_rng(0).normal(size=(80, 3))
    x[7, 1] = 1e30
    run = cr.train(cr.Network(cr.Dense(4, "relu"), cr.Dense()), x, x[:, 0] > 0, epochs=5,
                   readings=1, dtype="float32", progress=False)  # fmt: skip
    deviations = [one["layers"]["dense_1"]["deviation"] for one in run.recording.readings]
    assert np.isinf(deviations).any()
    assert quantities(Examination(case_of(run))) == []


# ---- remedies ----


def test_the_gradient_is_cut_at_the_ninetieth_percentile_of_what_was_seen() -> None:
    examined = recorded([2.0, 1.0, float("nan")], [0.1] * 3)
    (clipped,) = [one for one in NOT_FINITE.remedies(examined) if one.name == "clipped"]
    before = examined.case.arrangement
    count = examined.setup.objective().trained.size
    seen = 0.1 * np.sqrt(count)
    start = np.sqrt(
        sum(
            np.sum(np.square(examined.at_first.gradients[one.name]))
            for one in examined.setup.objective().trained.parameters
        )
    )
    # Two readings up to the lowest loss; the third came after it.
    due = np.percentile([start, seen, seen], 90.0)
    limit = clipped.change(before).setup.regularisation.clip_norm
    assert limit == pytest.approx(due, rel=0.06)


def test_wider_numbers_and_fewer_rows() -> None:
    case = case_of(with_a_huge_row())
    changed = {
        one.name: one.change(case.arrangement) for one in NOT_FINITE.remedies(Examination(case))
    }
    assert changed["float64"].setup.dtype == "float64"
    left = changed["without extreme rows"].training
    assert len(left) == len(case.training) - 1
    assert np.abs(left.inputs[0]).max() < 10.0
    wide = case_of(with_a_huge_row(dtype="float64"))
    assert "float64" not in [one.name for one in NOT_FINITE.remedies(Examination(wide))]


def test_long_tails_and_columns_of_zeros_are_not_extreme() -> None:
    random = np.random.default_rng(5)
    x = np.exp(random.normal(size=(300, 3)))
    x[:, 1] = random.random(300) < 0.02
    assert len(extreme_rows(case_of(trained((x, x[:, 0] + x[:, 2]), 1, epochs=1)))) == 0
    x[7, 2] = 1e4
    assert extreme_rows(case_of(trained((x, x[:, 0]), 1, epochs=1))).tolist() == [7]


# ---- formulas that have no number at the ends of an output ----


def cross_entropy_by_hand(prediction: Any, target: Any) -> Any:
    return -(target * log(prediction) + (1.0 - target) * log(1.0 - prediction)).mean(axis=1)


def apart(seed: int, rows: int = 200) -> tuple[Any, Any]:
    """Return rows of two classes that are told apart with certainty, and 0 or 1 for them."""
    random = np.random.default_rng(seed)
    y = random.integers(0, 2, rows)
    return random.normal(size=(rows, 4)) + 4.0 * y[:, None], y[:, None].astype(float)


def sure(seed: int, rate: float, optimizer: str = "adam", **given: Any) -> Any:
    """Return a run whose sigmoid comes to 0 and 1 for rows that it is sure of."""
    network = cr.Network(cr.Dense(16, "relu"), cr.Dense(1, "sigmoid"))
    return trained(apart(seed), 1, network=network, loss=cross_entropy_by_hand, epochs=60,
                   learning_rate=rate, optimizer=optimizer, seed=seed, keep="last",
                   **given)  # fmt: skip


@pytest.mark.parametrize(("optimizer", "rate"), [("adam", 0.03), ("momentum", 0.3)])
def test_a_logarithm_of_0_is_no_matter_of_the_rate(optimizer: str, rate: float) -> None:
    """A slower training does not come to 0, either; but at the same rate nothing else is wrong."""
    found = verdict(sure(1, rate, optimizer))
    assert (found.standing, found.name) == ("ill", "not_finite")


def test_a_rate_that_is_too_high_is_named_whatever_the_formula() -> None:
    """With the ends kept away, steps of that length still lead nowhere."""
    assert verdict(sure(1, 300.0, "gradient_descent")).name == "rate_too_high"


def test_off_the_ends_a_loss_is_finite_there_and_as_before_elsewhere() -> None:
    setup = case_of(sure(0, 1e-3)).setup
    remedy = off_the_ends(setup)
    assert remedy is not None
    changed = remedy.change(case_of(sure(0, 1e-3)).arrangement).setup
    given = np.array([[0.0], [1.0], [0.3], [0.8]], dtype=np.float32)
    target = np.array([[0.0], [0.0], [1.0], [1.0]], dtype=np.float32)
    found = np.asarray(changed.losses[0].op.forward(given, target)).reshape(-1)
    assert np.isfinite(found).all()
    assert found[1] == pytest.approx(-np.log(1e-6), rel=0.01)
    assert found[2:] == pytest.approx(-np.log([0.3, 0.8]), abs=1e-5)
    # The losses of the table need none, and an output without ends has none.
    assert off_the_ends(a_case().setup) is None
    assert off_the_ends(case_of(logarithms()).setup) is None


def test_a_gradient_at_the_end_of_the_range_of_numbers_is_not_cut_at() -> None:
    """Rounded to two digits it is infinite, which is no limit."""
    examined = recorded([2.0, float("nan")])
    count = examined.setup.objective().trained.size
    examined.__dict__["at_first"] = Huge(1.796e308 / np.sqrt(count))
    assert "clipped" not in [one.name for one in NOT_FINITE.remedies(examined)]


class Huge:
    """A pass whose gradients are of one huge size."""

    def __init__(self, size: float) -> None:
        self.size = size

    def gradient_size(self, name: str) -> float:
        return self.size


# ---------------------------------------------------------------- targets that spoil a loss


def share_of_target(prediction: Any, target: Any) -> Any:
    return absolute((prediction - target) / target).mean(axis=1)


def test_a_loss_that_some_targets_spoil_is_tried_with_squares() -> None:
    x, y = waves()
    y = np.abs(y) + 0.5
    y[::9] = 0.0
    run = trained((x, y), 1, loss=share_of_target, epochs=40, learning_rate=0.02, validation=0.25)
    report = cr.diagnose(run)
    assert report.name == "not_finite"
    assert report.found.standing == "ill"
    assert report.primary.remedy.code == 'loss="mean_squared_error"'


def test_a_loss_that_predictions_alone_spoil_keeps_its_formula() -> None:
    run = logarithms()
    assert not np.isfinite(run.history["loss"]).all()
    assert usual_loss(run.setup, case_of(run).training) is None
