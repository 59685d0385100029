"""Levenberg-Marquardt, Bayesian regularization and Gauss-Newton in trainings, on both engines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from answers_by_jax import Search, Squares, classification, network_outputs, regression
from numpy.typing import NDArray

import chainrule as cr
from chainrule.optimizers.searching import BendingAlong, ResidualsAt
from chainrule.testing.searching import SQUARES_BUDGETS

pytest.importorskip("jax")

DRAW = np.random.default_rng(8)
X = DRAW.normal(size=(40, 3))
NUMBERS = np.stack([np.sin(X[:, 0]) + 0.2 * X[:, 1], X[:, 1] * X[:, 2]], axis=1)
NUMBERS += 0.1 * DRAW.normal(size=NUMBERS.shape)
LABELS = np.argmax(X + 0.5 * DRAW.normal(size=X.shape), axis=1)
SIZES = (3, 4)
ENGINES = ("native", "reference")
FORMS = {
    "default": cr.LevenbergMarquardt(),
    "classic": cr.LevenbergMarquardt(damping="classic"),
    "nielsen": cr.LevenbergMarquardt(scaling="marquardt"),
    "bayesian_regularization": cr.BayesianRegularization(),
    "gauss_newton": cr.GaussNewton(),
}


def network_of(outputs: int, seed: int = 2) -> cr.Network:
    return cr.Network(cr.Input(3), cr.Dense(4, "tanh"), cr.Dense(outputs), seed=seed)


def flat(network: cr.Network) -> NDArray[np.float64]:
    parts = [np.ravel(one) for one in network.parameters.values()]
    return np.concatenate(parts).astype(np.float64)


def trained(network: Any, y: Any, **given: Any) -> Any:
    rows = given.pop("rows", X)
    return cr.train(network, rows, y, **{"epochs": 4, "progress": False, **given})


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("form", list(FORMS))
def test_a_training_on_numbers_is_the_search_apart_from_it(form: str, engine: str) -> None:
    network = network_of(2)
    problem = regression((*SIZES, 2), X, NUMBERS)
    problem.start = flat(network)
    due = Search(FORMS[form], problem).run(4)
    run = trained(network, NUMBERS, optimizer=FORMS[form], engine=engine)
    np.testing.assert_allclose(flat(run.network), due.last.parameters, rtol=1e-6, atol=1e-9)
    assert run.history["loss"] == pytest.approx([one.loss for one in due.iterates], rel=1e-7)
    for name, number in due.last.readings.items():
        assert run.history[name][-1] == pytest.approx(number, rel=1e-6)
    for name, content in due.last.state.items():
        assert float(run.state.optimizer[name]) == pytest.approx(float(content), rel=1e-6)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("form", ["default", "classic", "nielsen", "gauss_newton"])
def test_a_training_on_classes_is_the_search_apart_from_it(form: str, engine: str) -> None:
    network = network_of(3)
    problem = classification((*SIZES, 3), X, LABELS)
    problem.start = flat(network)
    due = Search(FORMS[form], problem).run(4)
    run = trained(network, LABELS, optimizer=FORMS[form], engine=engine)
    np.testing.assert_allclose(flat(run.network), due.last.parameters, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("form", list(FORMS))
def test_fewer_residuals_than_parameters_are_trained_in_the_same_way(form: str) -> None:
    network = network_of(2)
    problem = regression((*SIZES, 2), X[:6], NUMBERS[:6])
    problem.start = flat(network)
    due = Search(FORMS[form], problem).run(3)
    assert "ResidualsAt" in problem.asked
    run = trained(network, NUMBERS[:6], rows=X[:6], optimizer=FORMS[form], epochs=3)
    np.testing.assert_allclose(flat(run.network), due.last.parameters, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("form", ["classic", "nielsen", "gauss_newton"])
def test_weights_of_rows_and_l2_are_part_of_what_is_lowered(form: str) -> None:
    weight = np.where(np.arange(40) < 20, 1.6, 0.4)
    network = network_of(2)
    start, count = flat(network), 40 * 2
    decayed = np.concatenate([np.ones(12), np.zeros(4), np.ones(8), np.zeros(2)])

    def errors(at: Any) -> Any:
        import jax.numpy as jnp

        missed = network_outputs((*SIZES, 2), at, X) - NUMBERS
        rows = (missed * np.sqrt(2.0 * weight / count)[:, None]).reshape(-1)
        return jnp.concatenate([rows, np.sqrt(0.01) * (at * decayed)[decayed > 0.0]])

    due = Search(FORMS[form], Squares(errors, start, mean=False)).run(4)
    run = trained(network, NUMBERS, optimizer=FORMS[form], sample_weight=weight, l2={"*.W": 0.01})
    np.testing.assert_allclose(flat(run.network), due.last.parameters, rtol=1e-6, atol=1e-9)


def test_how_a_plain_function_bends_is_what_its_second_derivatives_say() -> None:
    at, direction = np.array([-1.2, 1.0]), np.array([0.3, -0.7])
    answers = SQUARES_BUDGETS[1].answers()
    found = answers.of(ResidualsAt(at))
    # Of its residuals, 1 - x and 10 (y - x^2) times the root of 2, only the second bends.
    due = np.array([0.0, -20.0 * np.sqrt(2.0) * direction[0] ** 2]) @ found.jacobian
    np.testing.assert_allclose(answers.of(BendingAlong(at, direction)), due, rtol=1e-12)


@pytest.mark.parametrize("form", list(FORMS))
def test_going_on_is_one_longer_training(form: str, tmp_path: Path) -> None:
    whole = trained(network_of(2), NUMBERS, optimizer=FORMS[form], epochs=6)
    first = trained(network_of(2), NUMBERS, optimizer=FORMS[form], epochs=3)
    first.save(tmp_path / "run")
    kept = cr.load(tmp_path / "run")
    assert kept.setup.optimizer == FORMS[form]
    both = cr.train(kept, X, NUMBERS, epochs=3, progress=False)
    assert np.array_equal(flat(both.network), flat(whole.network))
    assert list(both.history["loss"]) == list(whole.history["loss"])


def test_a_linear_network_is_solved_and_the_run_says_why_it_ended() -> None:
    network = cr.Network(cr.Input(3), cr.Dense(2), seed=0)
    with_ones = np.concatenate([X, np.ones((40, 1))], axis=1)
    due, *_ = np.linalg.lstsq(with_ones, NUMBERS, rcond=None)
    for chosen in ("levenberg_marquardt", "gauss_newton"):
        run = trained(network, NUMBERS, optimizer=chosen, epochs=50)
        found = np.concatenate([one.reshape(-1, 2) for one in run.network.parameters.values()])
        np.testing.assert_allclose(found, due, rtol=1e-6, atol=1e-8)
        assert run.recording.epochs < 50
        assert "no step lowers the loss" in run.ended


def test_the_history_of_bayesian_regularization_has_its_evidence() -> None:
    run = trained(network_of(2), NUMBERS, optimizer="bayesian_regularization", epochs=60)
    gamma = np.asarray(run.history["effective_parameters"])
    assert len(gamma) == run.recording.epochs
    assert ((gamma >= 0.0) & (gamma <= 26.0)).all()
    assert gamma[-1] == float(run.state.optimizer["effective_parameters"])
    assert {"alpha", "beta"} <= set(run.history)


@pytest.mark.parametrize("form", list(FORMS))
def test_what_cannot_be_trained_is_refused_with_the_reason(form: str) -> None:
    with pytest.raises(cr.SetupError, match="all rows"):
        trained(network_of(2), NUMBERS, optimizer=FORMS[form], batch_size=8)
    with pytest.raises(cr.SetupError, match="mean_absolute_error"):
        trained(network_of(2), NUMBERS, optimizer=FORMS[form], loss="mean_absolute_error")


def test_the_evidence_is_that_of_squares_without_another_penalty() -> None:
    with pytest.raises(cr.SetupError, match="cross_entropy"):
        trained(network_of(3), LABELS, optimizer="bayesian_regularization")
    with pytest.raises(cr.SetupError, match="l2"):
        trained(network_of(2), NUMBERS, optimizer="bayesian_regularization", l2=0.1)


@pytest.mark.parametrize("form", list(FORMS))
def test_what_is_not_finite_ends_a_training_with_a_sentence(form: str) -> None:
    far = {name: one * 1e200 for name, one in network_of(2).parameters.items()}
    network = cr.Network(cr.Input(3), cr.Dense(4, "tanh"), cr.Dense(2), parameters=far)
    run = trained(network, NUMBERS, optimizer=FORMS[form])
    assert run.recording.epochs <= 1
    assert run.ended != "all epochs were run"
