"""A learning rate that is too low, or too few epochs, told apart from a healthy early training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from rate_cases import a_case, mostly, named, recorded, sides, trained, verdict, waves
from sampled_or_whole import SEEDS

import chainrule as cr
from chainrule.diagnosis.ailments.rate_too_low import RATE_TOO_LOW
from chainrule.diagnosis.ailments.rates.cut_short import CUT_OFF
from chainrule.diagnosis.ailments.rates.schedule import BELOW_ITS_PEAK
from chainrule.diagnosis.cases.arrangement import Remedy
from chainrule.diagnosis.cases.case import case_of
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.experiments.experiment import Experiment
from chainrule.diagnosis.experiments.laboratory import Laboratory
from chainrule.diagnosis.remedies.rate_changes import (
    higher_rate,
    longer,
    share_of_peak,
    trains_longer,
    whole_schedule,
)


def quantities(examined: Examination) -> list[str]:
    return [one.quantity for one in RATE_TOO_LOW.signs(examined)]


def kinds(examined: Examination) -> list[str]:
    return [one.kind for one in RATE_TOO_LOW.signs(examined)]


def test_its_specimen_is_named() -> None:
    assert mostly(named(RATE_TOO_LOW.specimen), "rate_too_low")


@pytest.mark.parametrize(("optimizer", "rate"), [("adam", 1e-10), ("momentum", 1e-5)])
def test_other_optimizers_are_named(optimizer: str, rate: float) -> None:
    def at(seed: int) -> Any:
        return trained(waves(seed), 1, optimizer=optimizer, learning_rate=rate, epochs=60,
                       validation=0.2, seed=seed)  # fmt: skip

    assert mostly(named(at), "rate_too_low")


def test_a_training_of_a_few_steps_is_too_short() -> None:
    run = trained(sides(), 2, batch_size=None, epochs=3)
    assert verdict(run).name == "rate_too_low"


@pytest.mark.parametrize(("epochs", "name"), [(6, "rate_too_low"), (60, "healthy")])
def test_early_is_no_ailment_where_little_more_is_to_be_won(epochs: int, name: str) -> None:
    """After 6 epochs half is learned, and with more of them a third of the rest goes."""
    for seed in SEEDS:
        early = trained(
            sides(seed, 800), 2, learning_rate=0.01, epochs=epochs, validation=0.2, seed=seed
        )
        assert Examination(case_of(early)).errors.judged < 0.5
        assert verdict(early).name == name


def test_a_training_that_ends_in_the_midst_of_its_fall_is_too_short() -> None:
    """More than half is learned, and the loss was falling by a fifth of itself."""

    def short(seed: int) -> Any:
        return trained(waves(seed, 800), 1, learning_rate=0.01, epochs=7, validation=0.2,
                       seed=seed)  # fmt: skip

    for seed in (0, 1):
        run = short(seed)
        assert 0.2 < Examination(case_of(run)).errors.judged < 0.5
        assert verdict(run).name == "rate_too_low"
        longer = trained(waves(seed, 800), 1, learning_rate=0.01, epochs=140, validation=0.2,
                         seed=seed)  # fmt: skip
        assert Examination(case_of(longer)).errors.judged < 0.1


@pytest.mark.parametrize("patience", [None, 20])
def test_only_who_gives_a_patience_is_cut_off_by_the_epochs(patience: int | None) -> None:
    """More than half was learned, and the loss did not fall by much any more."""
    run = trained(waves(0, 800), 1, learning_rate=0.01, epochs=12, validation=0.2, seed=0,
                  patience=patience)  # fmt: skip
    examined = Examination(case_of(run))
    assert examined.errors.judged < 0.5
    assert examined.validation_course.lowest_at > 8
    assert (CUT_OFF in kinds(examined)) == (patience is not None)
    ended = trained(waves(0, 800), 1, learning_rate=0.01, epochs=2000, validation=0.2, seed=0,
                    patience=3)  # fmt: skip
    assert ended.recording.epochs < 2000
    assert CUT_OFF not in kinds(Examination(case_of(ended)))


def test_rows_that_are_known_by_heart_show_no_sign() -> None:
    """On other rows all of the error is left, which no higher rate and no more epochs can win."""
    random = np.random.default_rng(0)
    data = random.normal(size=(60, 20)), random.normal(size=60)
    network = cr.Network(cr.Dense(64, "relu"), cr.Dense(1))
    run = trained(data, 1, network=network, learning_rate=0.01, epochs=150, validation=0.3,
                  keep="last")  # fmt: skip
    examined = Examination(case_of(run))
    assert examined.last_errors.training < 0.01
    assert examined.errors.judged > 0.9
    assert quantities(examined) == []


def test_noise_that_no_training_can_learn_is_no_ailment_of_the_rate() -> None:
    x, _ = waves()
    y = np.random.default_rng(3).normal(size=len(x))
    run = trained((x, y), 1, learning_rate=0.003, epochs=30, validation=0.3)
    assert verdict(run).name != "rate_too_low"


# ---- signs by hand ----


def test_tiny_updates_are_a_sign_while_much_is_left() -> None:
    start = recorded([1.0]).at_first.loss
    still = [start] * 20
    assert quantities(recorded(still, [1e-6] * 20)) == ["relative update"]
    assert quantities(recorded(still, [1e-3] * 20)) == []
    # A step that rounding swallows is no more than none.
    assert quantities(recorded(still, [0.0] * 20)) == ["relative update"]
    learned = case_of(trained(waves(), 1, learning_rate=0.02, epochs=300))
    assert quantities(recorded(still, [1e-6] * 20, case=learned)) == []


def test_where_no_gradient_arrives_no_rate_makes_a_step() -> None:
    case = a_case(learning_rate=0.01)
    flat = {name: np.zeros_like(one) for name, one in case.last.items()}
    examined = recorded([2.0] * 20, [0.0] * 20, case=replace(case, last=flat))
    assert examined.at_last.gradient_size("dense_2.W") == 0.0
    assert quantities(examined) == []


def test_a_fall_is_measured_beside_its_noise() -> None:
    start = recorded([1.0]).at_first.loss
    falling = np.linspace(start, 0.7 * start, 40)
    assert quantities(recorded(falling.tolist())) == ["fall of the loss over the last third"]
    assert quantities(recorded([*falling.tolist(), *[0.7 * start] * 40])) == []
    # Noise alone seems to fall in half of all cases, which does not count.
    noise = np.random.default_rng(0).normal(size=(10, 40))
    for one in 0.8 * start + 0.1 * start * noise:
        assert quantities(recorded(one.tolist())) == []


def test_what_overflowed_was_not_too_slow() -> None:
    assert quantities(recorded([2.0, float("inf")], [1e-6])) == []


# ---- remedies ----


def test_remedies_are_higher_rates_and_more_epochs() -> None:
    examined = recorded([2.0] * 10, [1e-3] * 10, case=a_case(learning_rate=0.002))
    before = examined.case.arrangement
    setups = [one.change(before).setup for one in RATE_TOO_LOW.remedies(examined)]
    rates = [one.optimizer.learning_rate / 0.002 for one in setups]
    assert rates == pytest.approx([3.0, 10.0, 30.0, 100.0, 1.0, 1.0])
    assert [one.epochs for one in setups] == [3, 3, 3, 3, 12, 48]


def test_by_tiny_updates_the_rate_is_known() -> None:
    examined = recorded([2.0] * 10, [2e-8] * 10, case=a_case(learning_rate=2e-5))
    rates = [
        one.change(examined.case.arrangement).setup.optimizer.learning_rate
        for one in RATE_TOO_LOW.remedies(examined)
    ]
    # 5e4 times as much is an update of 0.1 % of the weights.
    assert any(one == pytest.approx(1.0) for one in rates)


def test_a_rate_of_nothing_becomes_the_usual_one() -> None:
    case = a_case(learning_rate=0.0)
    (remedy,) = RATE_TOO_LOW.remedies(recorded([2.0] * 10, [0.0] * 10, case=case))
    assert remedy.change(case.arrangement).setup.optimizer.learning_rate == cr.Adam().learning_rate


def test_patience_does_not_cut_the_longer_training_short() -> None:
    case = a_case(validation=0.2, patience=1)
    longer = RATE_TOO_LOW.remedies(recorded([2.0] * 10, case=case))[-1]
    assert longer.change(case.arrangement).setup.stopping.patience is None


@pytest.mark.parametrize("told", [{"clip_norm": 0.1}, {"learning_rate": 1e-6}, {"patience": 1}])
def test_of_its_remedies_those_of_more_epochs_train_longer(told: dict[str, Any]) -> None:
    case = a_case(validation=0.2, **told)
    given = RATE_TOO_LOW.remedies(recorded([2.0] * 10, case=case))
    are_longer = [trains_longer(one, case.arrangement) for one in given]
    assert are_longer == ["longer" in one.name for one in given]
    assert set(are_longer) == {True, False}
    assert ("no clipping" in [one.name for one in given]) == ("clip_norm" in told)


def test_what_searches_can_only_be_trained_longer() -> None:
    case = case_of(trained(waves(rows=40), 1, optimizer="lbfgs", epochs=2))
    found = [one.name for one in RATE_TOO_LOW.remedies(Examination(case))]
    assert found == ["four times longer", "sixteen times longer"]


def test_a_few_epochs_may_be_far_too_few() -> None:
    few, many = (a_case(epochs=epochs) for epochs in (2, 40))
    asked = {
        one.setup.epochs: [
            remedy.change(one.arrangement).setup.epochs
            for remedy in RATE_TOO_LOW.remedies(recorded([2.0] * one.setup.epochs, case=one))
            if "longer" in remedy.name
        ]
        for one in (few, many)
    }
    assert asked == {2: [8, 32], 40: [160]}


def test_a_schedule_that_is_gone_at_once_is_put_right_by_a_constant_rate() -> None:
    gone = cr.ExponentialDecay(0.02, factor=0.3)
    run = trained(waves(0), 1, optimizer="adam", learning_rate=gone, epochs=40, validation=0.25)
    found = verdict(run)
    assert found.name == "rate_too_low"
    assert found.primary is not None
    assert found.primary.remedy is not None
    assert found.primary.remedy.name == "constant rate"
    rate = float(found.primary.remedy.code.partition("=")[2])
    assert rate == pytest.approx(run.history["learning_rate"][0], rel=0.01)


def test_where_the_best_of_two_starts_loses_others_the_next_best_rate_is_tried(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    examined = Examination(a_case(optimizer="adam", learning_rate=1e-5))
    near, far = (higher_rate(examined.setup, factor) for factor in (10.0, 100.0))
    errors = {"": [1.0] * 5, near.name: [0.4] * 5, far.name: [0.1, 0.1, 0.1, 0.1, 10.0]}
    screened = {near.name: 0.4, far.name: 0.1}

    def compare(laboratory: Laboratory, remedies: Sequence[Remedy], **said: Any) -> Experiment:
        best = min(remedies, key=lambda one: screened[one.name])
        return Experiment(best, tuple(errors[""]), tuple(errors[best.name]), 1, 1, **said)

    monkeypatch.setattr(Laboratory, "compare", compare)
    confirm = RATE_TOO_LOW.confirm
    assert confirm is not None
    found = confirm(examined, Laboratory(examined.case, 10, 60.0), [far, near])
    assert found is not None
    assert found.is_clear
    assert found.remedy is near
    # It is the second that was looked at.
    assert found.looks == 2


# ---- schedules, and trainings of a few epochs or steps ----


def rising(seed: int, epochs: int, schedule: Any) -> Any:
    return trained(waves(seed), 1, learning_rate=schedule, epochs=epochs, validation=0.2,
                   seed=seed)  # fmt: skip


@pytest.mark.parametrize(
    ("schedule", "share"),
    [
        (cr.CosineDecay(0.02, epochs=100, warmup=80), 20 / 80),
        (cr.CosineDecay(0.02, epochs=100, warmup=10), 1.0),
        (cr.CosineDecay(0.02, epochs=100), 1.0),
        (cr.StepDecay(0.02), 1.0),
        # A cosine upwards, from 0.04 to 1 over 30 of 100 epochs: two thirds of its way.
        (cr.OneCycle(0.02, epochs=100), 0.04 + 0.96 * 0.5 * (1.0 - np.cos(np.pi * 20 / 30))),
        (0.02, 1.0),
    ],
)
def test_how_much_of_a_peak_was_reached_follows_from_the_schedule(
    schedule: Any, share: float
) -> None:
    setup = case_of(rising(0, 1, schedule)).setup
    assert share_of_peak(setup, 20) == pytest.approx(share, rel=0.01)


def test_a_training_that_ends_while_it_is_warming_up() -> None:
    for seed in SEEDS:
        run = rising(seed, 30, cr.CosineDecay(0.02, epochs=3000, warmup=1500))
        found = verdict(run)
        assert found.name == "rate_too_low"
        assert found.primary is not None
        assert BELOW_ITS_PEAK in [one.kind for one in found.primary.signs]
        assert verdict(rising(seed, 60, cr.CosineDecay(0.02, epochs=60, warmup=10))).name == (
            "healthy"
        )


def test_a_schedule_is_fitted_into_its_training() -> None:
    case = case_of(rising(0, 30, cr.CosineDecay(0.02, epochs=300, warmup=150)))
    first = RATE_TOO_LOW.remedies(Examination(case))[0]
    rate = first.change(case.arrangement).setup.optimizer.learning_rate
    assert rate == cr.CosineDecay(0.02, epochs=30.0, warmup=15.0)
    assert share_of_peak(first.change(case.arrangement).setup, 30) == pytest.approx(1.0, rel=0.01)
    assert whole_schedule(case_of(rising(0, 30, cr.CosineDecay(0.02, epochs=30))).setup) is None


def test_of_a_few_epochs_no_rest_can_be_told() -> None:
    flat = [1.0, 0.9995, 0.9994]
    case = a_case(epochs=3)
    assert "epochs" in quantities(recorded(flat, case=case))
    assert "epochs" not in quantities(recorded(flat * 3, case=case))


def test_few_iterations_of_a_search_are_too_few() -> None:
    for seed in SEEDS:
        run = trained(waves(seed), 1, optimizer="lbfgs", epochs=2, validation=0.2, seed=seed)
        assert verdict(run).name == "rate_too_low"


class Answering(Laboratory):
    """A laboratory whose every experiment comes to the same."""

    answer: Experiment

    def compare(self, *given: Any, **said: Any) -> Experiment:
        return self.answer


@pytest.mark.parametrize(
    ("over_rows", "tried", "shows"), [(0.02, 0, True), (0.02, 5, False), (0.004, 5, True)]
)
def test_rows_that_chose_among_remedies_count_for_less(
    over_rows: float, tried: int, shows: bool
) -> None:
    """Of five remedies the best on these rows has a p of its own that is five times too low."""
    given = a_case(epochs=1)
    case = replace(given, validation=given.training)
    remedy = higher_rate(case.setup, 3.0)
    laboratory = Answering(case, 20)
    laboratory.answer = Experiment(
        remedy, (0.9, 0.91, 0.92, 0.93, 0.94), (0.1, 0.11, 0.12, 0.13, 0.14), 1, 48,
        screened=tuple((str(one), 0.5) for one in range(tried)), over_rows=over_rows,
    )  # fmt: skip
    assert RATE_TOO_LOW.confirm is not None
    found = RATE_TOO_LOW.confirm(Examination(case), laboratory, [remedy])
    assert found is not None
    assert found.is_clear is shows


@pytest.mark.parametrize("is_longer", [True, False])
def test_that_epochs_cut_a_training_off_is_shown_by_more_of_them(is_longer: bool) -> None:
    """0.3 of the error goes: for another rate too little, and for more epochs enough."""
    run = trained(waves(0, 800), 1, learning_rate=0.01, epochs=12, validation=0.2, seed=0,
                  patience=20)  # fmt: skip
    case = case_of(run)
    examined = Examination(case)
    assert CUT_OFF in kinds(examined)
    remedy = longer(case.setup, 4, True) if is_longer else higher_rate(case.setup, 3.0)
    laboratory, left = Answering(case, 10, 60.0), examined.errors.judged
    laboratory.answer = Experiment(
        remedy, tuple(left * one for one in (1.0, 1.01, 1.02, 1.03, 1.04)),
        tuple(0.7 * left * one for one in (1.0, 1.01, 1.02, 1.03, 1.04)), 12, 640,
    )  # fmt: skip
    assert laboratory.answer.is_clear
    assert not laboratory.is_shortened
    assert RATE_TOO_LOW.confirm is not None
    found = RATE_TOO_LOW.confirm(examined, laboratory, [remedy])
    assert found is not None
    assert found.is_clear is is_longer
