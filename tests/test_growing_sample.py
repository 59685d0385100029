"""Levenberg-Marquardt on a sample of the rows that grows: what it takes, tells, and comes to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import least_squares

import chainrule as cr
from chainrule.errors import SetupError
from chainrule.optimizers.searching import (
    GradientAt,
    LossAt,
    NormalEquations,
    NormalEquationsAt,
    OnSample,
    Request,
    Sizes,
    iterate_of,
)
from chainrule.testing import assert_optimizer
from chainrule.training.run import Run
from chainrule.training.search_loop import SearchLoop

ROWS = 3000
DRAW = np.random.default_rng(5)
# In order, so that the first rows alone would say nothing of the others.
X = np.linspace(-1.0, 1.0, ROWS)[:, None]
NOISY = np.sin(3.0 * X) + 0.3 * DRAW.normal(size=X.shape)
WEIGHT = np.where(DRAW.random(ROWS) < 0.2, 0.0, DRAW.uniform(0.2, 2.0, ROWS))


def network(outputs: int = 1, seed: int = 1) -> cr.Network:
    return cr.Network(cr.Input(1), cr.Dense(5, "tanh"), cr.Dense(outputs), seed=seed)


def train(first_rows: int | None = 60, y: Any = NOISY, **given: Any) -> Run:
    optimizer = cr.LevenbergMarquardt(first_rows=first_rows, **given.pop("constants", {}))
    given = {"epochs": 8, "progress": False, "seed": 3, **given}
    return cr.train(given.pop("network", network()), X, y, optimizer=optimizer, **given)


def flat(run: Run) -> NDArray[np.float64]:
    return np.concatenate([np.ravel(one) for one in run.network.parameters.values()])


def loss_by_hand(run: Run, weight: Any = None) -> float:
    missed = np.square(run.predict(X) - NOISY)[:, 0]
    return float(np.average(missed, weights=weight))


# ---- the answers ----


def loop_of(**given: Any) -> SearchLoop:
    run = train(epochs=0, **given)
    return SearchLoop(run.setup, *run.rows)


def everything(answers: Any, rows: int, at: Any) -> tuple[float, Any, Any]:
    """Return loss, gradient and matrix of the sample, each asked for by itself."""
    loss = answers.of(OnSample(LossAt(at), rows))
    _, gradient = answers.of(OnSample(GradientAt(at), rows))
    equations = answers.of(OnSample(NormalEquationsAt(at), rows))
    assert equations.loss == pytest.approx(loss, rel=1e-12)
    np.testing.assert_allclose(equations.gradient, gradient, rtol=1e-9, atol=1e-14)
    return loss, gradient, equations.matrix


def test_a_sample_answers_as_a_training_on_its_rows_does() -> None:
    loop = loop_of(sample_weight=WEIGHT, l2=0.01)
    at = loop.start().parameters
    answers = loop.answers
    assert answers.sizes.rows == np.count_nonzero(WEIGHT)
    chosen = np.flatnonzero(np.isin(X[:, 0], answers.sampled(200).rows[0][:, 0]))
    assert len(chosen) == 200
    assert (WEIGHT[chosen] > 0.0).all()
    run = cr.train(
        network(), X[chosen], NOISY[chosen], sample_weight=WEIGHT[chosen], l2=0.01, epochs=0,
        optimizer="levenberg_marquardt", progress=False,
    )  # fmt: skip
    alone = SearchLoop(run.setup, *run.rows).answers
    loss, gradient, matrix = everything(answers, 200, at)
    due = alone.of(NormalEquationsAt(at))
    assert loss == pytest.approx(due.loss, rel=1e-10)
    np.testing.assert_allclose(gradient, due.gradient, rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(matrix, due.matrix, rtol=1e-8, atol=1e-12)


def test_samples_are_drawn_from_everywhere_nested_and_other_for_other_seeds() -> None:
    answers, others = loop_of().answers, loop_of(seed=4).answers
    small, large = (set(answers.sampled(rows).rows[0][:, 0]) for rows in (100, 400))
    assert small < large
    # The mean of 100 even numbers between -1 and 1 has a standard deviation of 0.058.
    assert abs(np.mean(list(small))) < 0.25
    assert small != set(others.sampled(100).rows[0][:, 0])
    assert answers.sampled(100).rows[0].flags.c_contiguous
    assert answers.sampled(100) is answers.sampled(100)


# ---- the search ----


@pytest.mark.parametrize("first_rows", [ROWS, 10 * ROWS])
def test_with_all_rows_from_the_start_it_is_the_plain_search(first_rows: int) -> None:
    plain, found = train(None), train(first_rows)
    np.testing.assert_array_equal(flat(plain), flat(found))
    assert plain.history["loss"] == found.history["loss"]
    assert "rows" not in plain.history
    assert set(found.history["rows"]) == {float(ROWS)}


def test_rows_below_the_number_of_parameters_are_no_sample() -> None:
    few = cr.LevenbergMarquardt(first_rows=2)
    given: dict[str, Any] = {"epochs": 3, "progress": False}
    runs = [
        cr.train(network(), X[::300], NOISY[::300], optimizer=one, **given)
        for one in (few, "levenberg_marquardt")
    ]
    np.testing.assert_array_equal(*map(flat, runs))
    assert train(2, epochs=1).history["rows"] == [network().parameter_count]


@pytest.mark.parametrize("weight", [None, WEIGHT])
@pytest.mark.parametrize("damping", ["nielsen", "classic"])
def test_the_loss_is_that_of_all_rows_and_falls(damping: str, weight: Any) -> None:
    run = train(constants={"damping": damping}, sample_weight=weight, snapshots=1, keep="last")
    losses, rows = run.history["loss"], run.history["rows"]
    assert losses[-1] == pytest.approx(loss_by_hand(run, weight), rel=1e-9)
    assert (np.diff(losses) < 0.0).all()
    assert (np.diff(rows) >= 0.0).all()
    assert rows[0] < rows[-1]


@pytest.mark.parametrize(("share", "epochs"), [(1.001, 1), (0.999, 2)])
def test_the_gradient_that_ends_a_training_is_that_of_all_rows(share: float, epochs: int) -> None:
    loop = loop_of()
    _, gradient = loop.answers.of(GradientAt(loop.start().parameters))
    run = train(epochs=2, min_gradient=share * float(np.abs(gradient).max()))
    assert max(run.history["rows"]) < ROWS
    assert run.recording.epochs == epochs


def test_it_ends_where_scipy_ends_on_all_rows() -> None:
    small = cr.Network(cr.Input(1), cr.Dense(1, "tanh"), cr.Dense(1), seed=1)
    run = train(epochs=200, network=small)
    assert run.history["rows"][0] < ROWS
    assert run.history["rows"][-1] == ROWS

    def errors(at: Any) -> Any:
        w, b, v, c = at
        return (np.tanh(X * w + b) * v + c - NOISY)[:, 0]

    start = np.concatenate([np.ravel(one) for one in small.parameters.values()])
    due = least_squares(errors, start, method="lm", xtol=1e-14, ftol=1e-14)
    assert run.history["loss"][-1] == pytest.approx(2.0 * due.cost / ROWS, rel=1e-9)


def test_without_noise_a_sample_is_enough_for_the_goal_on_all_rows() -> None:
    wave = np.sinc(2.0 * X)
    run = train(100, wave, epochs=400, target_loss=1e-6, network=network(seed=2))
    assert run.ended == "the loss reached 1e-06"
    assert np.square(run.predict(X) - wave).mean() < 1e-6
    assert run.history["rows"][0] == 100.0


def test_where_the_sample_says_nothing_of_all_rows_the_same_iteration_takes_more() -> None:
    """A sample whose loss falls by steps that raise that of all rows is left at once."""

    def answer(request: Request) -> Any:
        sampled = isinstance(request, OnSample)
        asked: Any = request.request if sampled else request
        # The lowest place is 5 for a sample of fewer than 200 rows, and -1 for more.
        lowest = 5.0 if sampled and request.rows < 200 else -1.0
        far = asked.parameters - lowest
        if isinstance(asked, LossAt):
            return 0.5 * float(far @ far)
        if isinstance(asked, GradientAt):
            return 0.5 * float(far @ far), far
        if isinstance(asked, NormalEquationsAt):
            return NormalEquations(0.5 * float(far @ far), far, np.eye(2))
        return np.zeros(2)

    chosen = cr.LevenbergMarquardt(first_rows=20)
    start = np.zeros(2)
    made = iterate_of(chosen.iteration(start, chosen.initial(start), Sizes(2, None, 1000)), answer)
    assert made.readings["rows"] == 320.0
    np.testing.assert_allclose(made.parameters, -1.0, atol=1e-2)
    # Both gain the same there, so that it stays as large.
    assert made.state["rows"] == 320.0


# ---- a training like any other ----


def test_it_goes_on_after_a_stop_with_the_same_bits(tmp_path: Path) -> None:
    whole = train(epochs=7)
    begun = train(epochs=2)
    assert begun.history["rows"][-1] < ROWS
    begun.save(tmp_path / "run")
    loaded = cr.load(tmp_path / "run")
    assert loaded.setup.optimizer == cr.LevenbergMarquardt(first_rows=60)
    for found in (cr.train(begun, epochs=5), cr.train(loaded, X, NOISY, epochs=5)):
        np.testing.assert_array_equal(flat(found), flat(whole))
        assert found.history["loss"] == whole.history["loss"]
        assert found.history["rows"] == whole.history["rows"]


def test_the_seed_of_the_training_draws_the_sample() -> None:
    ones = [flat(train(seed=seed, epochs=2)) for seed in (3, 3, 4)]
    np.testing.assert_array_equal(ones[0], ones[1])
    assert not np.array_equal(ones[0], ones[2])


def test_classes_several_outputs_and_convolutions_are_trained_too() -> None:
    labels = (X[:, 0] > 0.1).astype(int) + (X[:, 0] > 0.6)
    classes = train(100, labels, network=network(3), epochs=3, loss="cross_entropy")
    assert classes.history["loss"][-1] < 0.5 * classes.history["loss"][0] + 0.2
    two = train(100, np.hstack([NOISY, -NOISY]), network=network(2), epochs=3)
    assert (np.diff(two.history["loss"]) < 0.0).all()
    images = DRAW.normal(size=(400, 1, 5, 5))
    of_image = images[:, :, 1:3, 1:3].mean(axis=(1, 2, 3))[:, None]
    convolving = cr.Network(
        cr.Input((1, 5, 5)), cr.Conv(2, 3, activation="tanh"), cr.Flatten(), cr.Dense(1), seed=0
    )
    run = cr.train(
        convolving, images, of_image, optimizer=cr.LevenbergMarquardt(first_rows=100), epochs=3,
        progress=False,
    )  # fmt: skip
    assert run.history["rows"][0] == 100.0
    assert run.history["loss"][-1] < 0.1 * of_image.var()


def test_an_explanation_is_that_of_the_network_and_none_of_a_step() -> None:
    run = train(epochs=2)
    assert run.history["rows"][-1] < ROWS
    of_run = cr.explain(run, "dense_1.W[0,1]", x=X[:5], y=NOISY[:5])
    plain = cr.explain(
        run.network, "dense_1.W[0,1]", x=X[:5], y=NOISY[:5], loss="mean_squared_error"
    )
    ours, due = (one.derivation.gradient(one.entry) for one in (of_run, plain))
    assert ours == due != 0.0
    with pytest.raises(SetupError, match="searches for its steps"):
        cr.explain(run, "dense_1.W[0,1]", step=1, training=True)


@pytest.mark.parametrize("given", [0, -3, 2.5, True, "all", np.nan])
def test_what_is_no_number_of_rows_is_refused(given: Any) -> None:
    with pytest.raises(SetupError) as caught:
        cr.LevenbergMarquardt(first_rows=given)
    said = str(caught.value)
    assert f"first_rows of LevenbergMarquardt is {given!r}." in said
    assert "Give a whole number from 1, such as 1000, or None for all rows." in said


def test_it_holds_the_contract_and_a_function_has_no_rows() -> None:
    assert_optimizer(cr.LevenbergMarquardt(first_rows=5))
    from chainrule.testing.searching import SQUARES_BUDGETS

    answers = SQUARES_BUDGETS[0].answers()
    with pytest.raises(SetupError, match="no rows"):
        answers.of(OnSample(LossAt(np.zeros(5)), 3))


def test_it_stands_in_a_comparison() -> None:
    settings = {
        "all rows": {"optimizer": cr.LevenbergMarquardt()},
        "sample": {"optimizer": cr.LevenbergMarquardt(first_rows=60)},
    }
    made = cr.compare(network(), X, NOISY, settings=settings, seeds=2, epochs=3, progress=False)
    assert "sample" in str(made)
