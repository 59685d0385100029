"""A learning rate that is too high: its specimens, its signs, and what it takes to put it right."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from rate_cases import a_case, mostly, named, recorded, sides, trained, verdict, waves
from sampled_or_whole import SEEDS

import chainrule as cr
from chainrule.diagnosis.ailments.rate_too_high import RATE_TOO_HIGH
from chainrule.diagnosis.cases.case import case_of
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.remedies.rate_changes import scaled

FALLING = [2.0 * 0.9**epoch for epoch in range(40)]


def quantities(examined: Examination) -> list[str]:
    return [one.quantity for one in RATE_TOO_HIGH.signs(examined)]


def test_its_specimen_is_named() -> None:
    assert mostly(named(RATE_TOO_HIGH.specimen), "rate_too_high")


def test_other_data_widths_and_optimizers_are_named() -> None:
    def by_adam(seed: int) -> Any:
        network = cr.Network(cr.Dense(32, "relu"), cr.Dense(32, "relu"), cr.Dense(1))
        return trained(waves(seed), 1, network=network, optimizer="adam", learning_rate=0.5,
                       epochs=50, validation=0.2, seed=seed)  # fmt: skip

    def by_momentum(seed: int) -> Any:
        return trained(sides(seed), 2, optimizer="momentum", learning_rate=3.0, epochs=40,
                       validation=0.2, seed=seed)  # fmt: skip

    assert mostly(named(by_adam), "rate_too_high")
    assert mostly(named(by_momentum), "rate_too_high")


def test_an_overflow_is_its_consequence() -> None:
    found = verdict(RATE_TOO_HIGH.specimen(0))
    assert "not_finite" in [one.ailment.name for one in found.consequences]


@pytest.mark.parametrize("optimizer", ["gradient_descent", "momentum", "adam", "rmsprop"])
def test_a_rate_that_works_shows_no_sign(optimizer: str) -> None:
    rate = 0.1 if optimizer == "gradient_descent" else 0.01
    for seed in SEEDS:
        run = trained(waves(seed), 1, optimizer=optimizer, learning_rate=rate, epochs=60, seed=seed)
        assert quantities(Examination(case_of(run))) == []


# ---- signs by hand ----


def test_a_loss_that_climbed_on_its_way_or_never_fell() -> None:
    start = recorded([1.0]).at_first.loss
    there_and_back = [start, 3.0 * start, 3.0 * start, 3.0 * start, *[0.9 * start] * 12]
    assert "training loss" in quantities(recorded(there_and_back))
    one_spike = [start, 0.9 * start, 3.0 * start, *[0.9 * start] * 12]
    assert quantities(recorded(one_spike)) == []
    above = [start, *[1.2 * start] * 15]
    assert "training loss" in quantities(recorded(above))
    assert quantities(recorded([start, *[0.95 * start] * 15])) == []


def test_a_loss_above_its_start() -> None:
    start = recorded([1.0]).at_first.loss
    assert "training loss" in quantities(recorded(np.linspace(start, 3.0 * start, 20).tolist()))
    assert "training loss" not in quantities(recorded(np.linspace(start, 0.1, 20).tolist()))
    assert "training loss" in quantities(recorded([1.0, 2.0, float("nan")]))


def test_a_loss_that_was_higher_from_the_first_epoch_and_falls_has_not_risen() -> None:
    start = recorded([1.0]).at_first.loss
    assert quantities(recorded(np.linspace(9.0 * start, 3.0 * start, 20).tolist())) == []


def test_updates_beside_the_weights() -> None:
    assert quantities(recorded(FALLING, [1e-3] * 10)) == []
    assert set(quantities(recorded(FALLING, [0.3] * 10))) == {"relative update"}
    assert set(quantities(recorded(FALLING, [2.0, *[1e-3] * 9]))) == {"relative update"}
    assert quantities(recorded(FALLING, [float("nan")] * 10)) == []


def test_jumps_count_by_their_size_and_by_what_there_was_to_learn() -> None:
    jumping = [1.0 + 0.5 * (-1) ** epoch for epoch in range(40)]
    assert quantities(recorded(jumping)) == ["jumps of the loss"]
    assert quantities(recorded([1.0 + 0.01 * (-1) ** epoch for epoch in range(40)])) == []
    # Half of a loss that is nearly 0 is nothing beside where it came from.
    late = [2.0, 1.0, *(0.001 + 0.0005 * (-1) ** epoch for epoch in range(38))]
    assert quantities(recorded(late)) == []


def test_a_rate_beyond_the_curvature_counts_where_little_was_learned() -> None:
    case = a_case(optimizer="gradient_descent", learning_rate=1e-6)
    assert quantities(recorded(FALLING, case=case)) == []
    far = a_case(optimizer="gradient_descent", learning_rate=20.0)
    beyond = recorded([float("nan")], case=far)
    assert "rate over its limit of stability" in quantities(beyond)
    (sign,) = [one for one in RATE_TOO_HIGH.signs(beyond) if one.where == "at the start"]
    assert sign.measured == pytest.approx(20.0 * beyond.curvature_at_first / 2.0)


def test_what_searches_has_no_rate() -> None:
    run = trained(waves(rows=40), 1, optimizer="levenberg_marquardt", epochs=3)
    examined = Examination(case_of(run))
    assert RATE_TOO_HIGH.signs(examined) == []
    assert RATE_TOO_HIGH.remedies(examined) == []


# ---- remedies ----


def test_remedies_divide_the_rate() -> None:
    examined = recorded(FALLING, case=a_case(learning_rate=0.04))
    rates = [
        one.change(examined.case.arrangement).setup.optimizer.learning_rate
        for one in RATE_TOO_HIGH.remedies(examined)
    ]
    assert rates == pytest.approx([0.04 / 3.0, 0.004, 0.04 / 30.0, 0.0004])
    assert "Divide the learning rate by 10, to 0.004." in [
        one.words for one in RATE_TOO_HIGH.remedies(examined)
    ]


def test_far_off_the_usual_rate_and_that_of_the_curvature_are_tried() -> None:
    far = recorded(FALLING, case=a_case(learning_rate=5.0))
    assert "usual rate" in [one.name for one in RATE_TOO_HIGH.remedies(far)]
    case = a_case(optimizer="gradient_descent", learning_rate=1e6)
    examined = recorded(FALLING, case=case)
    tried = [
        one.change(case.arrangement).setup.optimizer.learning_rate * examined.curvature_at_first
        for one in RATE_TOO_HIGH.remedies(examined)
    ]
    assert any(0.5 < one < 2.0 for one in tried)


def test_schedules_and_rates_of_single_parameters_are_scaled() -> None:
    x, y = waves(rows=60)
    given: dict[str, Any] = {"optimizer": "gradient_descent", "rates": {"dense_1.*": 0.5}}
    before = trained((x, y), 1, learning_rate=cr.CosineDecay(0.1, epochs=5), epochs=5, **given)
    low = trained((x, y), 1, learning_rate=cr.CosineDecay(0.01, epochs=5), epochs=5, **given)
    from chainrule.training.carry_out import carry_out

    made = carry_out(scaled(before.setup, 0.1), before.rows, progress=False)
    assert made.history["loss"] == pytest.approx(low.history["loss"], rel=1e-5)
