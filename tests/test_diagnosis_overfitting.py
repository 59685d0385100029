"""Overfitting, and a rare class that is hardly ever predicted: signs, remedies, and odd cases."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from diagnosed_runs import named, rows
from sampled_or_whole import SEEDS

import chainrule as cr
from chainrule.diagnosis.ailments.imbalance import IMBALANCE
from chainrule.diagnosis.ailments.mismatched_output import MISMATCHED_OUTPUT
from chainrule.diagnosis.ailments.overfitting import OVERFITTING
from chainrule.diagnosis.ailments.uninformative_labels import UNINFORMATIVE_LABELS
from chainrule.diagnosis.cases.case import Case, case_of
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.experiments.laboratory import Laboratory
from chainrule.diagnosis.probes.classes import Classes, wrong_share
from chainrule.diagnosis.remedies.best_epoch import with_best_epoch
from chainrule.diagnosis.verdicts.finding import Finding, tried
from chainrule.randomness import normal
from chainrule.training.recording import Recording

HERE = (MISMATCHED_OUTPUT, OVERFITTING, IMBALANCE, UNINFORMATIVE_LABELS)


def trained(network: cr.Network, x: Any, y: Any, **given: Any) -> Case:
    given = {"epochs": 30, "learning_rate": 0.02, "validation": 0.4, **given}
    return case_of(cr.train(network, x, y, progress=False, **given))


def with_courses(case: Case, training: list[float], validation: list[float]) -> Examination:
    recording = Recording(history={"loss": training, "validation_loss": validation})
    return Examination(replace(case, recording=recording))


@pytest.fixture(scope="module")
def sound() -> Case:
    x, y = rows(120)
    return trained(cr.Network(cr.Dense(6, "tanh"), cr.Dense(1)), x, y)


@pytest.mark.parametrize("ailment", [OVERFITTING, IMBALANCE])
def test_the_specimens_are_named(ailment: Any) -> None:
    assert [named(ailment, seed) for seed in SEEDS] == [ailment.name] * len(SEEDS)


# ---- overfitting ----


def test_a_validation_loss_that_rises_beyond_its_noise_is_a_sign(sound: Case) -> None:
    falling = np.linspace(1.0, 0.1, 60)
    bowl = 0.5 + 0.4 * np.linspace(-1.0, 1.0, 60) ** 2
    (sign,) = OVERFITTING.signs(with_courses(sound, falling.tolist(), bowl.tolist()))
    assert sign.quantity == "validation loss"
    assert sign.measured > sign.threshold
    assert OVERFITTING.signs(with_courses(sound, falling.tolist(), falling.tolist())) == []
    rising = np.linspace(0.1, 1.0, 60)
    assert OVERFITTING.signs(with_courses(sound, rising.tolist(), bowl.tolist())) == []


def test_one_bad_epoch_and_noise_are_no_sign(sound: Case) -> None:
    falling = np.linspace(1.0, 0.1, 60)
    noisy = 0.5 + 0.1 * normal(0, "noise of a course", 60)
    assert OVERFITTING.signs(with_courses(sound, falling.tolist(), noisy.tolist())) == []
    jump = falling + 0.2
    jump[-1] = 3.0
    assert OVERFITTING.signs(with_courses(sound, falling.tolist(), jump.tolist())) == []


@pytest.mark.parametrize("validation", [0.25, 0.0])
def test_forty_rows_are_enough_to_be_seen_to_be_learned_by_heart(validation: float) -> None:
    x = normal(0, "rows of a test", 40 * 10).reshape(40, 10)
    y = x[:, 0] + normal(1, "targets of a test", 40)
    network = cr.Network(cr.Dense(150, "relu"), cr.Dense(1))
    few = trained(network, x, y, validation=validation, epochs=200, keep="last")
    found = finding_of(few)
    assert found.is_confirmed
    assert found.experiment is not None
    # Ten rows are no proof: all forty judge in turn.
    assert found.experiment.parts > 1


def test_noise_free_rows_are_not_learned_by_heart_however_few() -> None:
    x = normal(0, "rows of a test", 60 * 2).reshape(60, 2)
    network = cr.Network(cr.Dense(30, "tanh"), cr.Dense(1))
    few = trained(network, x, x[:, 0] - 0.5 * x[:, 1], validation=0.2, epochs=200, keep="last")
    assert not finding_of(few).is_confirmed


def finding_of(case: Case) -> Finding:
    examined = Examination(case)
    remedies = tuple(OVERFITTING.remedies(examined))
    finding = Finding(OVERFITTING, tuple(OVERFITTING.signs(examined)), remedies)
    return (
        tried(finding, examined, Laboratory(case, 40, seconds=30.0)) if finding.signs else finding
    )


def test_few_validation_rows_give_no_sign() -> None:
    x, y = rows(40)
    noise = normal(0, "targets", 40)
    few = trained(
        cr.Network(cr.Dense(40, "tanh"), cr.Dense(1)), x, y + noise, validation=0.1, epochs=300
    )
    assert OVERFITTING.signs(Examination(few)) == []


def test_learning_by_heart_without_validation_is_tried_on_rows_held_out() -> None:
    network = cr.Network(cr.Dense(60, "tanh"), cr.Dense(1))
    given = {"validation": 0.0, "epochs": 300}
    (few, noisy), (many, smooth) = rows(60, 8), rows(200)
    noisy = 0.5 * noisy + normal(0, "targets", 60)
    for x, target, expected in ((few, noisy, True), (many, smooth, False)):
        examined = Examination(trained(network, x, target, **given))
        assert len(OVERFITTING.signs(examined)) == 1
        assert OVERFITTING.confirm is not None
        found = OVERFITTING.confirm(
            examined, Laboratory(examined.case, 18), OVERFITTING.remedies(examined)
        )
        assert found is not None
        assert found.is_clear is expected


def test_remedies_penalise_weights_and_keep_the_best_epoch() -> None:
    x, y = rows(100)
    last = trained(cr.Network(cr.Dense(6, "tanh"), cr.Dense(1)), x, y, keep="last")
    found = {one.name: one for one in OVERFITTING.remedies(Examination(last))}
    assert found["best epoch"].change(last.arrangement).setup.keep == "best"
    both = found["best epoch, penalty of 0.2"].change(last.arrangement).setup
    variance = float(last.training.targets[0].var())
    assert both.keep == "best"
    assert both.regularisation.l2 == pytest.approx(0.2 * variance, rel=0.05)
    best = replace(last, setup=replace(last.setup, keep="best"))
    assert all("best epoch" not in one.name for one in OVERFITTING.remedies(Examination(best)))


def test_the_best_epoch_needs_rows_and_takes_a_fifth() -> None:
    x, y = rows(100)
    none = trained(cr.Network(cr.Dense(6, "tanh"), cr.Dense(1)), x, y, validation=0.0)
    changed = with_best_epoch(none.arrangement)
    assert (len(changed.training), len(changed.validation)) == (80, 20)
    known = {row.tobytes() for row in changed.training.inputs[0]}
    assert not any(row.tobytes() in known for row in changed.validation.inputs[0])


# ---- imbalance ----


def rare(apart: float) -> tuple[Any, Any]:
    x = normal(3, "rare", 800).reshape(400, 2)
    y = (np.arange(400) % 20 == 0).astype(int)
    x[:, 0] += apart * y
    return x, y


def test_a_rare_class_that_is_missed_is_a_sign_and_one_that_is_learned_is_none() -> None:
    network = cr.Network(cr.Dense(6, "tanh"), cr.Dense())
    (sign,) = IMBALANCE.signs(Examination(trained(network, *rare(0.7))))
    assert sign.where == "class 1"
    assert sign.measured < 0.3
    assert IMBALANCE.signs(Examination(trained(network, *rare(6.0)))) == []


def half_found(count: int, others: int) -> Case:
    """Return a training: class 1 has so many rows, 4 in 10 of which lie where all are of it."""
    x = 0.1 * normal(5, "half", (count + others) * 2).reshape(-1, 2)
    y = (np.arange(count + others) < count).astype(int)
    x[: round(0.4 * count), 0] += 4.0
    network = cr.Network(cr.Dense(6, "tanh"), cr.Dense())
    return trained(network, x, y, epochs=60, validation=0.0)


def test_half_of_a_very_rare_class_is_missed_and_of_one_less_rare_seven_in_ten() -> None:
    (sign,) = IMBALANCE.signs(Examination(half_found(40, 560)))
    assert 0.3 < sign.measured < 0.5
    assert sign.threshold == 0.5
    assert IMBALANCE.signs(Examination(half_found(90, 410))) == []


def test_balanced_weights_give_each_class_the_same_sum() -> None:
    case = trained(cr.Network(cr.Dense(4, "tanh"), cr.Dense()), *rare(0.7))
    remedy, whole = IMBALANCE.remedies(Examination(case))
    assert whole.change(case.arrangement).setup.keep == "last"
    changed = remedy.change(case.arrangement).training
    sums = np.bincount(changed.targets[0], weights=changed.weights)
    assert sums[0] == pytest.approx(sums[1])
    assert changed.weights.mean() == pytest.approx(1.0)


def test_shares_and_recalls_are_counted() -> None:
    case = trained(cr.Network(cr.Dense(4, "tanh"), cr.Dense()), *rare(2.0))
    found = Classes.of(case.network, case.setup, case.training)
    assert found is not None
    (x,), (y,) = case.training.inputs, case.training.targets
    said = np.asarray(case.network(x)).argmax(axis=1)
    for one in (0, 1):
        assert found.recalls[one] == np.mean(said[y == one] == one)
        assert found.shares[one] == np.mean(y == one)
    wrong = wrong_share(case.network, case.setup, case.training, y, 0.0)
    assert wrong == pytest.approx(np.mean(said != y) / np.mean(y == 1))


# ---- odd cases ----


def sequences() -> Case:
    x = normal(0, "sequences", 40 * 6 * 2).reshape(40, 6, 2)
    network = cr.Network(cr.LSTM(4), cr.Dense())
    return case_of(cr.train(network, x, (x[:, -1, 0] > 0).astype(int), epochs=2, progress=False))


def over_time() -> Case:
    x = normal(0, "sequences", 40 * 6 * 2).reshape(40, 6, 2)
    network = cr.Network(cr.LSTM(4, every_step=True), cr.Dense())
    return case_of(cr.train(network, x, (x[..., 0] > 0).astype(int), epochs=2, progress=False))


def tokens() -> Case:
    x = (np.arange(240) % 7).reshape(60, 4)
    network = cr.Network(cr.Input(4), cr.Embedding(7, 3), cr.Flatten(), cr.Dense())
    return case_of(cr.train(network, x, np.arange(60) % 3, epochs=2, progress=False))


def two_outputs() -> Case:
    x, y = rows(60)
    start = cr.Input(3)
    hidden = cr.Dense(4, "tanh")(start)
    network = cr.Network(inputs=[start], outputs=[cr.Dense(1)(hidden), cr.Dense(2)(hidden)])
    return case_of(cr.train(network, x, [y, (y > 0).astype(int)], epochs=2, progress=False))


def plain(**given: Any) -> Case:
    x, y = rows(given.pop("count", 60))
    if given.pop("constant", False):
        x = np.ones_like(x)
    return trained(cr.Network(cr.Dense(4, "tanh"), cr.Dense(1)), x, y, **given)


ODD = {
    "sequences": sequences,
    "over time": over_time,
    "tokens": tokens,
    "two outputs": two_outputs,
    "two rows": lambda: plain(count=2, validation=0.0),
    "no epoch": lambda: plain(epochs=0),
    "one epoch": lambda: plain(epochs=1),
    "constant": lambda: plain(constant=True),
    "searching": lambda: plain(optimizer="levenberg_marquardt", learning_rate=None, epochs=2),
    "overflow": lambda: plain(optimizer="gradient_descent", learning_rate=1e8),
    "own loss": lambda: plain(loss=lambda p, t: ((p - t) ** 4).mean(axis=1)),
    "one number for all": lambda: plain(loss=lambda p, t: ((p - t) ** 2).mean()),
}


@pytest.mark.parametrize("name", list(ODD))
def test_odd_cases_are_looked_at_without_an_error(name: str) -> None:
    case = ODD[name]()
    for ailment in HERE:
        examined = Examination(case)
        found = ailment.signs(examined)
        for remedy in ailment.remedies(examined):
            remedy.change(case.arrangement)
        if name in ("no epoch", "tokens", "two rows"):
            assert found == [] or ailment is MISMATCHED_OUTPUT


def test_the_last_epoch_of_a_training_that_keeps_the_best_is_that_of_one_that_keeps_the_last() -> (
    None
):
    from chainrule.diagnosis.experiments.trained import as_it_ended, outcome

    x, y = rows(60)
    case = trained(cr.Network(cr.Dense(20, "tanh"), cr.Dense(1)), x, y, keep="last")
    best = as_it_ended(outcome(with_best_epoch(case.arrangement)))
    last = outcome(case.arrangement)
    assert best.judged == last.judged
    assert best.run is not None
    assert last.run is not None
    assert (
        best.run.network.parameters["dense_1.W"] == last.run.network.parameters["dense_1.W"]
    ).all()
