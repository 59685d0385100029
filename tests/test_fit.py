"""``fit_network``: three parts of the rows, units, scores, pictures, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from sklearn.datasets import load_diabetes, load_iris

import chainrule as cr
from chainrule.data.ranges import Ranges, Scaling
from chainrule.errors import DataError, RunFolderError, SetupError, ShapeError
from chainrule.training.fit import Fit, Regression
from chainrule.views.fit_figures import BINS, validation_checks

X, Y = load_diabetes(return_X_y=True)


@pytest.fixture(scope="module")
def fit() -> Fit:
    return cr.fit_network(X, Y, hidden=4, seed=1, progress=False)


def texts(figure: Figure, place: int = 0) -> list[str]:
    axes = figure.axes[place]
    found = axes.get_legend()
    legend = [] if found is None else [one.get_text() for one in found.get_texts()]
    return [axes.get_title(loc="left"), axes.get_ylabel(), *legend]


# ---- the parts ----


def test_the_rows_are_in_three_parts(fit: Fit) -> None:
    sizes = {name: len(one) for name, one in fit.parts.items()}
    assert sizes == {"training": 310, "validation": 66, "test": 66}
    every = np.concatenate(list(fit.parts.values()))
    assert sorted(every.tolist()) == list(range(442))
    other = cr.fit_network(X, Y, hidden=1, epochs=1, seed=2, progress=False)
    assert not np.array_equal(other.parts["test"], fit.parts["test"])


def test_rows_of_the_test_choose_nothing(fit: Fit) -> None:
    changed = Y.copy()
    changed[fit.parts["test"]] += 1000.0
    again = cr.fit_network(X, changed, hidden=4, seed=1, progress=False)
    assert np.array_equal(again.predict(X), fit.predict(X))
    assert again.run.history["loss"] == fit.run.history["loss"]
    assert again.run.history["test_loss"] != fit.run.history["test_loss"]


def test_parts_can_be_given() -> None:
    parts = (range(300), range(300, 400), range(400, 442))
    fit = cr.fit_network(X, Y, hidden=2, epochs=3, parts=parts, progress=False)
    assert [one.tolist() for one in fit.parts.values()] == [list(one) for one in parts]
    assert len(fit.scores) == 3
    without = cr.fit_network(X, Y, hidden=2, epochs=3, parts=(range(442), [], []), progress=False)
    assert list(without.scores) == ["training"]
    assert "test_loss" not in without.run.history


def test_classes_are_shared_out_evenly() -> None:
    x, y = load_iris(return_X_y=True)
    fit = cr.fit_network(x, y, seed=3, progress=False)
    for part in fit.parts.values():
        counts = np.bincount(y[part])
        assert counts.max() - counts.min() <= 1
    assert fit.run.setup.optimizer.name == "scaled_conjugate_gradient"
    assert fit.scores["training"]["accuracy"] > 0.9
    assert fit.predict_proba(x).shape == (150, 3)
    assert texts(fit.plot())[1] == "cross entropy"
    with pytest.raises(SetupError, match="predicts labels"):
        fit.plot("regression")


# ---- units ----


def test_labels_in_a_column_are_labels() -> None:
    x, y = load_iris(return_X_y=True)
    fit = cr.fit_network(x, y[:, None], hidden=4, epochs=9, seed=3, progress=False)
    flat = cr.fit_network(x, y, hidden=4, epochs=9, seed=3, progress=False)
    assert fit.scores == flat.scores
    words = cr.fit_network(
        x, np.array(["a", "b", "c"])[y], hidden=4, epochs=9, seed=3, progress=False
    )
    assert words.scores == flat.scores
    assert set(words.predict(x)) <= {"a", "b", "c"}


def test_whole_numbers_are_amounts_where_the_loss_says_so() -> None:
    fit = cr.fit_network(
        X, Y.astype(int), hidden=2, epochs=5, loss="mean_squared_error", progress=False
    )
    assert str(fit).startswith("5 epochs: all epochs were run; epoch ")
    assert str(fit).count("mean squared error") == 3


def test_predictions_and_errors_are_in_the_units_of_the_target(fit: Fit) -> None:
    at = fit.parts["test"]
    off = fit.predict(X[at]) - Y[at]
    assert fit.scores["test"]["mean_squared_error"] == pytest.approx(np.mean(off**2))
    assert fit.scores["test"]["r"] == pytest.approx(np.corrcoef(fit.predict(X[at]), Y[at])[0, 1])
    assert 25.0 < np.sqrt(np.mean(off**2)) < 90.0
    # The recorded loss is that of the scaled target.
    half = np.ptp(Y[fit.parts["training"]]) / 2.0
    kept = fit.run.history["test_loss"][fit.run.best_epoch - 1]
    assert kept == pytest.approx(np.mean(off**2) / half**2)


def test_another_unit_changes_nothing(fit: Fit) -> None:
    again = cr.fit_network(1000.0 * X + 7.0, 0.01 * Y - 3.0, hidden=4, seed=1, progress=False)
    assert again.run.recording.epochs == fit.run.recording.epochs
    np.testing.assert_allclose(
        again.predict(1000.0 * X + 7.0), 0.01 * fit.predict(X) - 3.0, rtol=1e-3, atol=1e-3
    )


def test_a_saved_fit_predicts_the_same(fit: Fit, tmp_path: Path) -> None:
    fit.save(tmp_path / "fit")
    loaded = cr.load(tmp_path / "fit")
    assert np.array_equal(loaded.predict(X), fit.predict(X))
    assert loaded.history == fit.run.history


def test_it_goes_on_with_its_rows_and_not_with_others(fit: Fit) -> None:
    more = cr.train(fit.run, epochs=2, patience=None, progress=False)
    assert more.recording.epochs == fit.run.recording.epochs + 2
    assert abs(more.predict(X).mean() - Y.mean()) < 30.0
    with pytest.raises(SetupError, match="between -1 and 1"):
        cr.train(fit.run, X, Y, epochs=2, progress=False)


def test_columns_that_do_not_vary_are_left_out() -> None:
    wide = np.column_stack([X, np.full(len(X), 4.0)])
    plain = cr.fit_network(X, Y, hidden=3, epochs=5, progress=False)
    fit = cr.fit_network(wide, Y, hidden=3, epochs=5, progress=False)
    assert np.array_equal(fit.predict(wide), plain.predict(X))
    with pytest.raises(DataError, match="No column of X varies"):
        cr.fit_network(np.ones((20, 2)), np.arange(20.0), progress=False)


def test_ranges_are_those_of_scikit_learn() -> None:
    from sklearn.preprocessing import MinMaxScaler

    scaler = MinMaxScaler((-1.0, 1.0)).fit(X[:100])
    ranges = Ranges.of(X[:100])
    np.testing.assert_allclose(ranges.scaled(X), scaler.transform(X), atol=1e-14)
    np.testing.assert_allclose(ranges.unscaled(ranges.scaled(X)), X, atol=1e-15)
    huge = np.array([[-1.5e308], [1.5e308]])
    assert Ranges.of(huge).scaled(huge).tolist() == [[-1.0], [1.0]]
    with pytest.raises(RunFolderError, match="do not agree"):
        Ranges.from_record({"low": [1.0], "high": [0.0]})
    scaling = Scaling.of(X, Y[:, None])
    assert Scaling.from_record(scaling.to_record()) == scaling


# ---- optimizers ----


@pytest.mark.parametrize(
    "optimizer", ["bayesian_regularization", "irprop_minus", "lbfgs", "adaptive_rate", "adam"]
)
def test_every_kind_of_optimizer_fits_and_is_drawn(optimizer: str) -> None:
    fit = cr.fit_network(X, Y, hidden=3, optimizer=optimizer, epochs=12, progress=False)
    assert fit.run.setup.batch_size == 310
    assert len(fit.run.history["test_loss"]) == fit.run.recording.epochs
    for picture in ("performance", "training_state"):
        assert fit.plot(picture).axes


# ---- pictures ----


def test_the_performance_shows_all_parts_and_the_best_epoch(fit: Fit) -> None:
    figure = fit.plot()
    lines = {str(one.get_label()): list(one.get_ydata()) for one in figure.axes[0].lines}
    best, history = fit.run.best_epoch, fit.run.history
    assert lines["training"] == history["loss"]
    assert lines["validation"] == history["validation_loss"]
    assert lines["test"] == history["test_loss"]
    assert lines[f"epoch {best}"] == [min(history["validation_loss"])]
    assert f"at epoch {best}" in texts(figure)[0]


def test_the_training_state_shows_gradient_mu_and_checks(fit: Fit) -> None:
    figure = fit.plot("training_state")
    assert [one.get_ylabel() for one in figure.axes] == ["gradient", "mu", "checks"]
    assert list(figure.axes[1].lines[0].get_ydata()) == fit.run.history["mu"]
    assert "not better for 6 epochs" in texts(figure)[0]
    checks = validation_checks(fit)
    assert checks[-1] == 6.0
    assert checks[fit.run.best_epoch - 1] == 0.0


def test_the_gradient_is_that_of_the_loss(fit: Fit) -> None:
    learned = fit.parts["training"]
    scaling = Scaling.from_record(fit.run.notes["scaling"])
    slopes = cr.backpropagate(
        fit.run.network,
        scaling.scaled_inputs(X[learned]),
        scaling.scaled_target(Y[learned])[:, None],
        loss="mean_squared_error",
    ).gradients
    due = np.sqrt(sum(float((slopes[one] ** 2).sum()) for one in fit.run.network.parameters))
    assert fit.run.history["gradient"][fit.run.best_epoch - 1] == pytest.approx(due, rel=1e-6)
    figure = fit.plot("training_state")
    assert list(figure.axes[0].lines[0].get_ydata()) == fit.run.history["gradient"]


def test_the_error_histogram_counts_every_row_once(fit: Fit) -> None:
    (axes,) = fit.plot("error_histogram").axes
    heights = np.array([bar.get_height() for bar in axes.patches]).reshape(3, BINS)
    assert heights.sum(axis=1).tolist() == [310, 66, 66]
    off = Y - fit.predict(X)
    counts, edges = np.histogram(off, BINS)
    assert heights.sum(axis=0).tolist() == counts.tolist()
    assert axes.patches[0].get_x() == pytest.approx(edges[0])
    # They stand on each other.
    assert axes.patches[-1].get_y() == heights[:2, -1].sum()


def test_the_regression_has_r_and_the_line_of_each_part(fit: Fit) -> None:
    figure = fit.plot("regression")
    predicted = fit.predict(X)
    every = {**fit.parts, "all": np.arange(len(Y))}
    for place, (part, at) in enumerate(every.items()):
        r = np.corrcoef(predicted[at], Y[at])[0, 1]
        assert texts(figure, place)[0] == f"{part}: R = {r:.4f}"
        slope, intercept = np.polyfit(Y[at], predicted[at], 1)
        ends = figure.axes[place].lines[-1].get_xydata()
        np.testing.assert_allclose(ends[:, 1], slope * ends[:, 0] + intercept, rtol=1e-9)
    assert np.isnan(Regression.of(np.ones(3), np.arange(3.0)).r)


def test_several_outputs_are_drawn_together() -> None:
    both = np.column_stack([Y, 1000.0 * X[:, 0]])
    fit = cr.fit_network(X, both, hidden=3, epochs=5, test=0.0, progress=False)
    assert fit.predict(X).shape == both.shape
    figure = fit.plot("regression")
    assert [one.get_visible() for one in figure.axes] == [True, True, True, False]
    (axes,) = fit.plot("error_histogram").axes
    assert sum(bar.get_height() for bar in axes.patches) == both.size


# ---- what is refused ----


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"hidden": 0}, "whole number from 1"),
        ({"parts": ([0, 1], [2])}, "three lists"),
        ({"parts": ([0, 1], [1], [2])}, "a row twice"),
        ({"parts": ([0, 442], [1], [2])}, "not among the 442 rows"),
        ({"parts": ([], [1], [2])}, "no row for training"),
        ({"parts": ([0.5], [1], [2])}, "no list of row numbers"),
        ({"validation": -0.1}, "validation=-0.1"),
        ({"validation": 0.6, "test": 0.5}, "below 1"),
        ({"loss": "nothing"}, "no loss 'nothing'"),
        ({"optimizer": "nothing"}, "no optimizer 'nothing'"),
    ],
)
def test_settings_are_refused_in_a_sentence(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(SetupError, match=message):
        cr.fit_network(X, Y, progress=False, **arguments)


def test_a_picture_of_another_name_or_of_nothing(fit: Fit) -> None:
    with pytest.raises(SetupError, match=r"no picture 'regresion'.*regression"):
        fit.plot("regresion")
    nothing = cr.fit_network(X, Y, hidden=2, epochs=0, progress=False)
    assert str(nothing).splitlines()[0] == "0 epochs: all epochs were run"
    with pytest.raises(SetupError, match="no epochs to draw"):
        nothing.plot()
    with pytest.raises(ShapeError, match="10 columns"):
        fit.predict(X[:, :4])
    with pytest.raises(ShapeError, match=r"Give X\.T"):
        fit.predict(X.T)
    with pytest.raises(DataError, match="takes a table of numbers"):
        cr.fit_network(np.zeros((9, 2, 2)), np.arange(9.0), progress=False)
