"""Experiments from the run's own start: for faults that befall some starts and not others."""

from __future__ import annotations

from dataclasses import replace
from statistics import median
from typing import Any

import numpy as np
from trial_of_ailment import finding_of, signs_of

import chainrule as cr
from chainrule.diagnosis.ailments.constant_prediction import CONSTANT_PREDICTION
from chainrule.diagnosis.ailments.mismatched_output import MISMATCHED_OUTPUT
from chainrule.diagnosis.ailments.rate_too_high import RATE_TOO_HIGH
from chainrule.diagnosis.cases.arrangement import Remedy, on_setup
from chainrule.diagnosis.cases.case import case_of
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.experiments.laboratory import Laboratory
from chainrule.diagnosis.experiments.own_start import (
    from_own_start,
    of_a_bad_start,
    same_start,
)
from chainrule.diagnosis.remedies.network_changes import usual_start
from chainrule.diagnosis.report import Report
from chainrule.diagnosis.verdicts.verdict import Verdict
from chainrule.training.run import Run

RANDOM = np.random.default_rng(4)
X = RANDOM.normal(size=(240, 2)) + 3.0 * np.array([[1, 0], [-1, 1], [0, -1]])[np.arange(240) % 3]
Y = np.arange(240) % 3
# It loses a class to a logit that starts below zero for all of its rows; the four after it do not.
UNLUCKY = 11


def relu_at_the_end(seed: int, **chosen: Any) -> Run:
    network = cr.Network(cr.Dense(12, "relu"), cr.Dense(3, "relu"))
    given = {"learning_rate": 0.01, "epochs": 20, "validation": 0.25, "batch_size": 32, **chosen}
    return cr.train(network, X, Y, seed=seed, progress=False, **given)


def laboratory_of(run: Run) -> Laboratory:
    return Laboratory(case_of(run), 20, seconds=60.0)


def without_relu(run: Run) -> list[Remedy]:
    return MISMATCHED_OUTPUT.remedies(Examination(case_of(run)))


def test_a_fault_of_some_starts_is_confirmed_from_the_start_that_has_it() -> None:
    run = relu_at_the_end(UNLUCKY)
    assert not laboratory_of(run).compare(without_relu(run)).is_clear
    found = finding_of(MISMATCHED_OUTPUT, run)
    assert found.experiment is not None
    assert found.experiment.own_start
    assert found.is_confirmed
    assert "from the run's own start in other orders" in str(cr.diagnose(run, seconds=60.0))


def test_a_run_that_is_no_worse_than_others_is_not_looked_at_again() -> None:
    run = relu_at_the_end(UNLUCKY + 1)
    laboratory = laboratory_of(run)
    found = laboratory.compare([a_rate_for(run)])
    assert from_own_start(laboratory, found) is None


def a_rate_for(run: Run) -> Remedy:
    def slower(setup: Any) -> Any:
        return replace(setup, optimizer=replace(setup.optimizer, learning_rate=0.008))

    return Remedy("a little slower", "Go a little slower.", on_setup(slower))


def test_what_does_not_cure_is_not_confirmed_from_the_own_start_either() -> None:
    run = relu_at_the_end(UNLUCKY)
    laboratory = laboratory_of(run)
    again = from_own_start(laboratory, laboratory.compare([a_rate_for(run)]))
    assert again is not None
    assert not again.is_clear


def test_a_remedy_with_a_start_of_its_own_proves_nothing_about_that_of_the_run() -> None:
    def redrawn(setup: Any) -> Any:
        return replace(setup, network=usual_start(setup.network, setup.seed + 1))

    run = relu_at_the_end(UNLUCKY)
    laboratory = laboratory_of(run)
    another = Remedy("another start", "Start elsewhere.", on_setup(redrawn))
    assert from_own_start(laboratory, laboratory.compare([another])) is None


def test_where_nothing_but_the_start_is_random_there_is_nothing_to_compare() -> None:
    run = relu_at_the_end(UNLUCKY, batch_size=None, shuffle=False, epochs=60)
    laboratory = laboratory_of(run)
    assert from_own_start(laboratory, laboratory.compare(without_relu(run))) is None


def test_the_same_start_stays_under_every_seed() -> None:
    given = case_of(relu_at_the_end(UNLUCKY)).arrangement
    moved = same_start(given).started(5, epochs=1).setup
    assert moved.seed == 5
    for name, value in given.setup.network.parameters.items():
        np.testing.assert_array_equal(moved.network.parameters[name], value)


def test_what_an_output_cannot_reach_needs_no_large_gain() -> None:
    """Noise is most of what is left, so that the gain is less than 15 % of the error.

    A fix asks for no more than the diagnosis did, and keeps the remedy.
    """
    x = RANDOM.normal(size=(400, 4))
    y = np.tanh(0.5 * x @ [1.0, -1.0, 0.5, 0.5] + 2.5 * RANDOM.normal(size=400))
    network = cr.Network(cr.Dense(16, "tanh"), cr.Dense(1, "sigmoid"))
    run = cr.train(network, x, y, learning_rate=0.01, epochs=40, validation=0.25, progress=False)
    found = finding_of(MISMATCHED_OUTPUT, run)
    assert found.is_confirmed
    assert found.experiment is not None
    assert found.experiment.deduced
    assert found.experiment.gain < 0.15 * median(found.experiment.without)
    report = Report(case_of(run), Verdict("ill", found), run)
    tried = report.fix(seeds=5).attempts[0]
    assert tried.experiment.deduced
    assert tried.experiment.gain < 0.15 * median(tried.experiment.without)
    assert tried.is_kept


def test_units_that_died_in_training_are_a_sign_of_the_rate() -> None:
    network = cr.Network(cr.Dense(24, "relu"), cr.Dense(24, "relu"), cr.Dense(1))
    run = cr.train(
        network, X, X[:, 0], optimizer="gradient_descent", learning_rate=3.0, epochs=4,
        clip_norm=5.0, progress=False,
    )  # fmt: skip
    signs = {one.quantity: one for one in signs_of(RATE_TOO_HIGH, run)}
    assert 0.5 < signs["units that died in training"].measured <= 1.0


def overlapping(seed: int) -> tuple[Any, Run]:
    """Return rows of two classes that overlap, and a run whose 30 epochs are few for it.

    By the seed 0 the units begin far from the one direction that tells anything.
    """
    random = np.random.default_rng(10)
    x = random.normal(size=(600, 3))
    rows = x, (x[:, 0] + 1.2 * random.normal(size=600) > 0.0).astype(int)
    network = cr.Network(cr.Dense(8, "relu"), cr.Dense(2))
    return rows, cr.train(network, *rows, epochs=30, validation=0.3, seed=seed, progress=False)


def test_a_rate_that_is_too_low_for_the_runs_own_start_is_shown_there() -> None:
    (x, y), run = overlapping(0)
    others = [overlapping(seed)[1].history["validation_loss"][-1] for seed in (1, 2, 3)]
    assert run.history["validation_loss"][-1] > 1.1 * max(others)
    report = cr.diagnose(run, seconds=60.0)
    assert report.name == "rate_too_low"
    assert report.primary is not None
    assert report.primary.experiment is not None
    assert report.primary.experiment.own_start
    # Over all starts it gains too little to be a fault; what it was shown by, a fix asks as well.
    fix = report.fix(seeds=5, progress=False)
    assert min(fix.before) > 0.95
    assert max(fix.after) < 0.85
    assert "trainings each, from the run's own start in other orders (p" in fix.words
    (code,) = fix.code
    rate = float(code.removeprefix("learning_rate="))
    by_hand = cr.train(run.setup.network, x, y, epochs=30, validation=0.3, learning_rate=rate,
                       progress=False)  # fmt: skip
    assert fix.run is not None
    assert by_hand.history["loss"] == fix.run.history["loss"]
    kept, before = (min(one.history["validation_loss"]) for one in (by_hand, run))
    assert kept < 0.85 * before


def test_a_rate_is_not_too_low_for_a_start_that_does_as_well_as_others() -> None:
    _, run = overlapping(3)
    assert cr.diagnose(run, seconds=60.0).found.standing == "healthy"


def test_a_start_is_unlucky_beyond_the_spread_of_others_and_a_fix_begins_elsewhere() -> None:
    (x, y), run = overlapping(0)
    found = finding_of(CONSTANT_PREDICTION, run)
    assert found.is_confirmed
    assert found.remedy is not None
    assert found.experiment is not None
    # Classes that overlap leave far more than half of the error, from whatever start.
    assert min(found.experiment.without) > 1.0
    assert 0.5 < max(found.experiment.treated) < 0.85
    fix = Report(case_of(run), Verdict("ill", found), run).fix(seeds=5, progress=False)
    assert fix.code == (found.remedy.code,)
    assert "from the run's own start in other orders and from other starts" in fix.words
    assert min(fix.before) > max(fix.after)
    assert fix.run is not None
    seed = fix.run.setup.seed
    assert fix.code == (f"seed={seed}",)
    assert seed != run.setup.seed
    # The rows that were held out stay so, and the start is that of the seed alone.
    kept = run.setup.provenance.training
    held = np.delete(np.arange(len(x)), kept)
    again = cr.train(
        cr.Network(cr.Dense(8, "relu"), cr.Dense(2)), x[kept], y[kept], epochs=30,
        validation=(x[held], y[held]), seed=seed, progress=False,
    )  # fmt: skip
    np.testing.assert_allclose(again.history["loss"], fix.run.history["loss"])


def test_it_is_noted_where_the_runs_start_came_out_worse_than_all_others() -> None:
    notes = []
    for seed in (0, 3):
        run = overlapping(seed)[1]
        laboratory, error = laboratory_of(run), Examination(case_of(run)).errors.judged
        # Without trainings to compare with there is nothing to say.
        assert of_a_bad_start(laboratory, error) == ()
        laboratory.untreated()
        notes.append(of_a_bad_start(laboratory, error))
        assert of_a_bad_start(laboratory, 0.1) == ()
    (note,), none = notes
    assert none == ()
    assert note.startswith("The start of this run came out worse than others: its error is 1.04")


def test_no_start_is_unlucky_where_others_fail_as_well() -> None:
    random = np.random.default_rng(5)
    x = random.normal(size=(300, 3))
    network = cr.Network(cr.Dense(8, "relu"), cr.Dense(2))
    for seed in range(3):
        run = cr.train(
            network, x, random.integers(0, 2, 300), epochs=30, validation=0.3, seed=seed,
            progress=False,
        )  # fmt: skip
        assert not finding_of(CONSTANT_PREDICTION, run).is_confirmed
