"""Figures of runs: what is drawn is what was recorded, and nothing is shown by itself."""

from __future__ import annotations

import io
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.container import BarContainer
from matplotlib.figure import Figure
from sklearn.calibration import calibration_curve
from statsmodels.stats.proportion import proportion_confint

import chainrule as cr
from chainrule.training.tables.measures import ClassPredictions
from chainrule.views.charts import Bars, Dots, Spans, calibration_chart, residual_chart
from chainrule.views.figures import drawn as figure_of
from chainrule.views.figures import folds_figure, loss_figure
from chainrule.views.svg import figure_html
from chainrule.views.tested import what_was_tested

HEART = Path(__file__).parent.parent / "examples" / "heart_disease.csv"
X = np.linspace(-1.0, 1.0, 20)[:, None]


def drawn(figure: Figure, place: int = 0) -> dict[str, tuple[list[float], list[float]]]:
    return {
        str(line.get_label()): (list(line.get_xdata()), list(line.get_ydata()))
        for line in figure.axes[place].lines
    }


def test_the_losses_of_a_run_and_the_epoch_that_was_kept() -> None:
    run = cr.train(cr.Network(cr.Dense()), X, X[:, 0], epochs=12, validation=0.3, progress=False)
    lines = drawn(run.plot())
    epochs = list(range(1, 13))
    assert lines["training rows"] == (epochs, run.history["loss"])
    held = run.history["validation_loss"]
    assert lines["validation rows"] == (epochs, held)
    kept = run.best_epoch
    assert lines[f"kept: epoch {kept}"] == ([kept], [held[kept - 1]])
    (axes,) = run.plot().axes
    assert axes.get_ylabel() == "loss (mean squared error)"
    assert axes.get_xlabel() == "epoch"


def test_a_run_without_validation_rows() -> None:
    run = cr.train(cr.Network(cr.Dense()), X, X[:, 0], epochs=3, progress=False)
    assert list(drawn(run.plot())) == ["training rows"]


def test_a_run_of_one_epoch_can_be_seen() -> None:
    run = cr.train(cr.Network(cr.Dense()), X, X[:, 0], epochs=1, progress=False)
    (axes,) = run.plot().axes
    assert axes.lines[0].get_marker() == "o"


def test_a_run_of_no_epochs_has_no_figure() -> None:
    run = cr.train(cr.Network(cr.Dense()), X, X[:, 0], epochs=0, progress=False)
    with pytest.raises(cr.SetupError, match="no epochs to draw"):
        run.plot()
    with pytest.raises(cr.SetupError, match="no fold to draw"):
        folds_figure(run)


def test_a_run_on_a_table_draws_every_fold_and_its_last_training() -> None:
    run = cr.train_table(HEART, "disease", epochs=8, progress=False)
    figure = run.plot()
    (axes,) = figure.axes
    curves = [list(line.get_ydata()) for line in axes.lines]
    for fold in run.folds:
        assert fold.recording is not None
        assert fold.recording.history["loss"] in curves
        assert fold.recording.history["validation_loss"] in curves
    lines = drawn(figure)
    chosen = [fold.best_epoch for fold in run.folds]
    held = [fold.recording.history["validation_loss"] for fold in run.folds if fold.recording]
    lowest = [min(one) for one in held]
    assert lines["epoch chosen"] == (chosen, lowest)
    last = f"last training, on all rows: {run.recording.epochs} epochs"
    assert lines[last][1] == run.history["loss"]
    # One entry in the legend for all folds.
    assert [text.get_text() for text in axes.get_legend().get_texts()] == [
        "training rows of a fold",
        "its validation rows",
        "epoch chosen",
        last,
    ]


def test_the_calibration_of_two_classes_is_that_of_scikit_learn() -> None:
    draw = np.random.default_rng(0)
    said = draw.uniform(size=500)
    truth = (draw.uniform(size=500) < said).astype(np.int64)
    figure = figure_of(calibration_chart(truth, np.column_stack([1 - said, said])))
    confidence, right = np.maximum(said, 1 - said), (said > 0.5) == truth
    share, mean = calibration_curve(right, confidence, n_bins=10)
    x, y = drawn(figure)["rows of a bin"]
    np.testing.assert_allclose(x, mean)
    np.testing.assert_allclose(y, share)
    assert figure.axes[0].get_ylabel() == "share that is right"
    assert figure.axes[1].get_xlabel() == "probability of the predicted class"
    # Of two classes the predicted one has half of the probability or more.
    assert [axes.get_xlim() for axes in figure.axes] == [(0.5, 1.0), (0.5, 1.0)]
    assert drawn(figure)["as predicted"] == ([0.5, 1.0], [0.5, 1.0])
    counts, _ = np.histogram(confidence, bins=10, range=(0, 1))
    assert heights(figure) == counts[5:].tolist()


def heights(figure: Figure) -> list[float]:
    (bars,) = [one for one in figure.axes[1].containers if isinstance(one, BarContainer)]
    return [bar.get_height() for bar in bars]


def test_the_calibration_of_several_classes_is_that_of_the_predicted_one() -> None:
    shares = np.array([[0.7, 0.2, 0.1], [0.3, 0.62, 0.08], [0.05, 0.05, 0.9], [0.1, 0.2, 0.7]])
    truth = np.array([0, 2, 2, 1])
    figure = figure_of(calibration_chart(truth, shares))
    x, y = drawn(figure)["rows of a bin"]
    np.testing.assert_allclose(x, [0.62, 0.7, 0.9])
    assert list(y) == [0.0, 0.5, 1.0]
    assert figure.axes[0].get_xlim() == pytest.approx((0.3, 1.0))


def test_the_calibration_that_is_drawn_is_the_one_that_is_measured() -> None:
    run = cr.train_table(HEART, "disease", epochs=8, progress=False)
    assert run.result is not None
    error = run.result.scores["network"]["calibration_error"].value
    figure = run.report().figures["Calibration"]
    x, y = drawn(figure)["rows of a bin"]
    counts = np.array([one for one in heights(figure) if one])
    assert counts.sum() == run.result.rows
    found = float(counts @ np.abs(np.array(x) - np.array(y)) / counts.sum())
    assert found == pytest.approx(error, rel=1e-9)
    said = f"{error:.4f} apart on average over rows, which is the calibration error."
    assert said in " ".join(str(run.report()).split())


@pytest.mark.parametrize("folds", [1, 5])
def test_rows_of_folds_count_for_fewer_in_a_bin_as_in_the_result(folds: int) -> None:
    draw = np.random.default_rng(1)
    said = draw.uniform(size=400)
    truth = (draw.uniform(size=400) < said).astype(np.int64)
    chart = calibration_chart(truth, np.column_stack([1 - said, said]), folds)
    (spans,) = [mark for mark in chart.panels[0].marks if isinstance(mark, Spans)]
    (dots,) = [mark for mark in chart.panels[0].marks if isinstance(mark, Dots)]
    (bars,) = [mark for mark in chart.panels[1].marks if isinstance(mark, Bars)]
    rows = bars.height if folds == 1 else bars.height - bars.height // folds
    low, high = proportion_confint(dots.y * rows, rows, method="wilson")
    np.testing.assert_allclose([spans.low, spans.high], [low, high])


def test_a_report_draws_the_intervals_of_as_many_networks_as_there_were() -> None:
    run = cr.train_table(HEART, "disease", epochs=2, progress=False)
    tested = what_was_tested(run, run.folds)
    assert isinstance(tested, ClassPredictions)
    for folds, same in ((5, True), (1, False)):
        chart = calibration_chart(tested.truth, tested.probabilities, folds)
        assert (figure_html(chart) in run.report().html) == same


def test_folds_that_had_not_ended_predicted_nothing() -> None:
    run = cr.train_table(HEART, "disease", epochs=2, progress=False)
    records = [*run.notes["folds"][:2], None, None, None]
    cut = replace(run, notes={**run.notes, "folds": records})
    tested = what_was_tested(cut, cut.folds)
    assert isinstance(tested, ClassPredictions)
    assert len(tested.truth) == sum(len(one.rows.test) for one in run.folds[:2])
    for folds, same in ((2, True), (5, False)):
        chart = calibration_chart(tested.truth, tested.probabilities, folds)
        assert (figure_html(chart) in cut.report().html) == same


def test_a_probability_of_one_is_in_the_last_bin_and_no_number_is_in_none() -> None:
    shares = np.array([[0.0, 1.0], [np.nan, np.nan], [1.0, 0.0]])
    figure = figure_of(calibration_chart(np.array([1, 1, 0]), shares))
    assert drawn(figure)["rows of a bin"] == ([1.0], [1.0])
    with pytest.raises(cr.SetupError, match="no probabilities to draw"):
        figure_of(calibration_chart(np.array([1]), shares[1:2]))


def test_a_probability_just_below_a_half_is_still_on_the_chart() -> None:
    figure = figure_of(calibration_chart(np.array([1]), np.array([[0.4999999, 0.49999995]])))
    assert figure.axes[0].get_xlim() == pytest.approx((0.4, 1.0))


def test_residuals_are_true_minus_predicted() -> None:
    truth, predicted = np.array([1.0, 2.0, 4.0, 5.0]), np.array([1.5, 1.0, 4.0, np.inf])
    figure = figure_of(residual_chart(truth, predicted, "weight"))
    (first, second) = figure.axes
    assert list(first.lines[1].get_xdata()) == [1.0, 2.0, 4.0]
    assert list(first.lines[1].get_ydata()) == [1.5, 1.0, 4.0]
    assert list(second.lines[1].get_xdata()) == [1.5, 1.0, 4.0]
    assert list(second.lines[1].get_ydata()) == [-0.5, 1.0, 0.0]
    assert first.get_xlabel() == "true weight"
    with pytest.raises(cr.SetupError, match="no predictions to draw"):
        figure_of(residual_chart(truth[3:], predicted[3:], "weight"))


def test_of_many_rows_some_are_drawn_from_the_first_to_the_last() -> None:
    truth = np.arange(10_000.0)
    figure = figure_of(residual_chart(truth, truth + 1, "count"))
    x = list(figure.axes[0].lines[1].get_xdata())
    assert (len(x), x[0], x[-1]) == (2000, 0.0, 9999.0)


def test_the_figures_of_a_report_can_be_saved(tmp_path: Path) -> None:
    figures = cr.train_table(HEART, "disease", epochs=2, progress=False).report().figures
    assert list(figures) == ["Calibration", "Loss over epochs in each fold"]
    for number, one in enumerate(figures.values()):
        one.savefig(tmp_path / f"{number}.png")
        assert (tmp_path / f"{number}.png").read_bytes().startswith(b"\x89PNG")


def test_a_loaded_run_draws_the_same_and_nothing_is_shown(tmp_path: Path) -> None:
    run = cr.train_table(HEART, "disease", epochs=3, output=tmp_path / "run", progress=False)
    pictures = []
    for one in (run, cr.load(tmp_path / "run")):
        file = io.BytesIO()
        loss_figure(one).savefig(file, format="png", metadata={"Software": None})
        pictures.append(file.getvalue())
    assert pictures[0] == pictures[1]
    assert pictures[0].startswith(b"\x89PNG")
    pyplot = sys.modules.get("matplotlib.pyplot")
    assert pyplot is None or pyplot.get_fignums() == []
