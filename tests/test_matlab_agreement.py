"""``fit_network`` beside a transcription of what MATLAB documents of fitnet: the same weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from fitnet_in_numpy import Trained, mapminmax, nguyen_widrow, outputs, trainlm
from numpy.typing import NDArray
from sklearn.datasets import load_diabetes, load_linnerud, make_friedman1

import chainrule as cr
from chainrule.randomness import uniform
from chainrule.training.fit import Fit

REASONS = {
    "max_fail": "the validation loss was not better for 6 epochs",
    "epochs": "all epochs were run",
    "mu_max": "no step lowers the loss: the damping reached",
}


def diabetes() -> tuple[Any, Any]:
    found: tuple[Any, Any] = load_diabetes(return_X_y=True)
    return found


def friedman() -> tuple[Any, Any]:
    found: tuple[Any, Any] = make_friedman1(300, noise=1.0, random_state=0)
    return found


def linnerud() -> tuple[Any, Any]:
    found: tuple[Any, Any] = load_linnerud(return_X_y=True)
    return found


def drawn(seed: int, purpose: str, shape: tuple[int, ...]) -> NDArray[Any]:
    """The random numbers that both are given, from -1 to 1."""
    return -1.0 + 2.0 * uniform(seed, f"start of {purpose}", int(np.prod(shape))).reshape(shape)


def transcribed(
    fit: Fit, hidden: int, seed: int, epochs: int, mu: float, most: float, min_grad: float = 0.0
) -> Trained:
    """fitnet on the rows of a fit, with its split and its random numbers."""
    y = fit.y.reshape(len(fit.y), -1)
    learned, held = fit.parts["training"], fit.parts["validation"]
    x_ends, y_ends = ((one[learned].min(axis=0), one[learned].max(axis=0)) for one in (fit.X, y))
    x, t = mapminmax(fit.X, *x_ends), mapminmax(y, *y_ends)
    w, b = nguyen_widrow(drawn(seed, "dense_1.W", (x.shape[1], hidden)))
    v = drawn(seed, "dense_2.W", (hidden, t.shape[1]))
    c = drawn(seed, "dense_2.b", (t.shape[1],))
    validation = (x[held], t[held]) if len(held) else None
    rows = (x[learned], t[learned])
    return trainlm(
        [w, b, v, c], rows, validation, epochs=epochs, mu=mu, mu_max=most, min_grad=min_grad
    )


def agree(fit: Fit, found: Trained, tolerance: float) -> None:
    names = ("dense_1.W", "dense_1.b", "dense_2.W", "dense_2.b")
    for name, weights in zip(names, found.weights, strict=True):
        # Rounding grows from epoch to epoch, in the directions that the rows say least about.
        off = np.abs(fit.run.network.parameters[name] - weights).max()
        assert off <= tolerance * np.abs(weights).max()


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize(("data", "hidden"), [(diabetes, 5), (friedman, 10)])
def test_the_same_weights_the_same_epochs_and_the_same_end(
    data: Any, hidden: int, seed: int
) -> None:
    X, y = data()
    # jj is J'J of the sum of n squares, and the loss its mean: its matrix is 2 / n times as large.
    rows = len(y) - 2 * round(0.15 * len(y))
    factor = 2.0 / rows
    marquardt = cr.LevenbergMarquardt(damping="classic", mu=0.001 * factor, mu_max=1e10 * factor)
    fit = cr.fit_network(
        X, y, hidden=hidden, optimizer=marquardt, epochs=200, seed=seed, progress=False
    )
    assert len(fit.parts["training"]) == rows
    found = transcribed(fit, hidden, seed, 200, 0.001, 1e10)
    assert found.why == "max_fail"
    assert fit.run.ended == REASONS[found.why]
    assert (fit.run.recording.epochs, fit.run.best_epoch) == (found.epochs, found.best)
    np.testing.assert_allclose(np.array(fit.run.history["mu"]) / factor, found.mu, rtol=1e-9)
    agree(fit, found, 1e-4)


def test_it_is_so_with_mu_as_it_stands_for_the_mean_of_squares() -> None:
    X, y = diabetes()
    fit = cr.fit_network(X, y, hidden=4, seed=3, progress=False)
    rows = len(fit.parts["training"])
    found = transcribed(fit, 4, 3, 1000, 0.001 * rows / 2.0, 1e10 * rows / 2.0)
    assert fit.run.ended == REASONS[found.why]
    assert fit.run.recording.epochs == found.epochs
    agree(fit, found, 1e-4)
    low, high = y[fit.parts["training"]].min(), y[fit.parts["training"]].max()
    x_low, x_high = (one(X[fit.parts["training"]], axis=0) for one in (np.min, np.max))
    said = outputs(found.weights, mapminmax(X, x_low, x_high))[:, 0]
    due = low + (said + 1.0) / 2.0 * (high - low)
    np.testing.assert_allclose(fit.predict(X), due, rtol=1e-4)


def test_several_outputs_and_the_end_of_all_epochs() -> None:
    X, y = linnerud()
    fit = cr.fit_network(X, y, hidden=2, epochs=8, validation=0.0, test=0.0, seed=1, progress=False)
    more = y.size / 2.0
    found = transcribed(fit, 2, 1, 8, 0.001 * more, 1e10 * more)
    assert (found.why, fit.run.ended) == ("epochs", REASONS["epochs"])
    agree(fit, found, 1e-6)


def test_both_end_where_mu_is_at_its_largest() -> None:
    X, y = linnerud()
    X, y = X[:9, :1], y[:9, 0]
    marquardt = cr.LevenbergMarquardt(damping="classic", mu_max=1e2)
    fit = cr.fit_network(
        X,
        y,
        hidden=2,
        optimizer=marquardt,
        validation=0.0,
        test=0.0,
        min_gradient=None,
        progress=False,
    )
    found = transcribed(fit, 2, 0, 1000, 0.001 * 4.5, 1e2 * 4.5)
    assert found.why == "mu_max"
    assert fit.run.ended.startswith(REASONS["mu_max"])


def test_both_end_where_the_gradient_is_small() -> None:
    X, y = linnerud()
    fit = cr.fit_network(
        X, y, hidden=1, validation=0.0, test=0.0, min_gradient=0.01, seed=1, progress=False
    )
    more = y.size / 2.0
    found = transcribed(fit, 1, 1, 1000, 0.001 * more, 1e10 * more, 0.01)
    assert (found.why, fit.run.ended) == ("min_grad", "the gradient fell below 0.01")
    # The gradient is that before an epoch: the epoch is made, and here it is the last.
    assert fit.run.recording.epochs == found.epochs + 1


def test_the_comparison_would_see_another_start_or_another_damping() -> None:
    X, y = diabetes()
    fit = cr.fit_network(X, y, hidden=4, seed=3, progress=False)
    rows = len(fit.parts["training"])
    for seed, mu in ((4, 0.001), (3, 0.1)):
        other = transcribed(fit, 4, seed, 1000, mu * rows / 2.0, 1e10 * rows)
        with pytest.raises(AssertionError):
            agree(fit, other, 1e-2)
