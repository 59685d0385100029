"""Loops that left NaN behind, or never moved, however many epochs they have recorded."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from trial_of_ailment import signs_of

import chainrule as cr
from chainrule.diagnosis.ailments.rate_too_low import RATE_TOO_LOW
from chainrule.views.axes import tick_texts

RANDOM = np.random.default_rng(2)
X = RANDOM.normal(size=(150, 4))
NUMBERS = X @ np.array([1.0, -1.0, 0.5, 0.0])
CLASSES = (NUMBERS > 0.0).astype(int)
TARGETS = {1: NUMBERS, 2: CLASSES}


def network(outputs: int) -> Any:
    return cr.Network(cr.Input(4), cr.Dense(6, "tanh"), cr.Dense(outputs), seed=0)


def recording(losses: Any) -> cr.Recording:
    found = cr.Recording()
    for one in losses:
        found.epoch(loss=float(one))
    return found


def changed(given: Any, factor: float) -> Any:
    return given.with_parameters({name: one * factor for name, one in given.parameters.items()})


@pytest.mark.parametrize("epochs", [1, 3, 30])
@pytest.mark.parametrize("outputs", [1, 2])
@pytest.mark.parametrize("factor", [np.nan, np.inf])
def test_a_network_that_was_left_without_numbers_is_named_so(
    epochs: int, outputs: int, factor: float
) -> None:
    start = network(outputs)
    with np.errstate(invalid="ignore"):
        left = changed(start, factor)
    losses = recording(np.linspace(1.0, 0.7, epochs))
    report = cr.diagnose(losses, left, X, TARGETS[outputs], first=start)
    assert report.name == "not_finite"


@pytest.mark.parametrize("epochs", [1, 5, 100])
@pytest.mark.parametrize("outputs", [1, 2])
def test_a_loop_that_never_moved_is_told_so_whatever_its_length(epochs: int, outputs: int) -> None:
    start = network(outputs)
    report = cr.diagnose(recording([1.3] * epochs), start, X, TARGETS[outputs], first=start)
    assert (report.found.standing, report.name) == ("ill", "rate_too_low")
    said = f"No weight has changed in {epochs} epoch"
    assert report.primary is not None
    assert any(one.words.startswith(said) for one in report.primary.signs)
    assert "update the parameters at every step" in report.verdict
    fix = report.fix(seeds=4, progress=False)
    assert fix.run is None
    assert "calls its optimizer" in fix.words


def test_a_start_that_was_given_wrongly_is_no_loop_that_never_moved() -> None:
    run = cr.train(network(1), X, NUMBERS, learning_rate=0.01, epochs=50, progress=False)
    losses, left = np.linspace(1.3, run.history["loss"][-1], 30), run.network
    report = cr.diagnose(recording(losses), left, X, NUMBERS, first=left)
    assert "No weight has changed" not in str(report)


def test_a_copy_that_was_trained_leaves_the_network_that_was_given_as_it_was() -> None:
    start = network(1)
    run = cr.train(start, X, NUMBERS, learning_rate=0.01, epochs=50, progress=False)
    losses = run.history["loss"]
    assert losses[-1] < 0.5 * losses[0]
    report = cr.diagnose(recording(losses), start, X, NUMBERS, first=start, learning_rate=0.01)
    assert "No weight has changed in 50 epochs" in str(report)


def test_losses_that_are_noisy_do_not_say_that_weights_have_moved() -> None:
    start = network(1)
    losses = 2.4 * (1.0 + 0.1 * RANDOM.normal(size=100))
    report = cr.diagnose(recording(losses), start, X, NUMBERS, first=start)
    assert "No weight has changed in 100 epochs" in str(report)


def test_a_rate_of_zero_is_too_low_after_any_number_of_epochs() -> None:
    run = cr.train(network(1), X, NUMBERS, learning_rate=0.0, epochs=5, progress=False)
    report = cr.diagnose(run)
    assert (report.found.standing, report.name) == ("ill", "rate_too_low")
    assert "No weight has changed in 5 epochs" in str(report)
    assert "No weight has changed in 5 epochs" in report.html()


@pytest.mark.parametrize(("rows", "held"), [(1, 0.0), (2, 0.5)])
def test_of_one_row_nothing_is_judged(rows: int, held: float) -> None:
    layers = (cr.Dense(6, "tanh"), cr.Dense(1))
    run = cr.train(
        cr.Network(*layers), X[:rows], NUMBERS[:rows], epochs=30, validation=held, progress=False
    )
    report = cr.diagnose(run)
    assert report.found.standing == "not proved"
    assert "one row was learned from" in report.verdict


def test_where_no_gradient_arrives_or_a_search_is_at_rest_no_rate_is_too_low() -> None:
    off = {"bias": "constant -60"}
    dead = cr.Network(cr.Input(4), cr.Dense(6, "relu", **off), cr.Dense(1, "relu", **off), seed=0)
    run = cr.train(dead, X, NUMBERS, epochs=20, progress=False)
    assert signs_of(RATE_TOO_LOW, run) == []
    plane = cr.Network(cr.Input(4), cr.Dense(1), seed=0)
    given = {"optimizer": "levenberg_marquardt", "progress": False}
    first = cr.train(plane, X, NUMBERS, epochs=100, **given)
    again = cr.train(first.network, X, NUMBERS, epochs=5, **given)
    assert signs_of(RATE_TOO_LOW, again) == []


def test_ticks_that_are_one_number_in_float64_are_written() -> None:
    assert tick_texts([1.0, 1.0, 1.0000000000000002])[0] == "1"
