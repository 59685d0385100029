"""Measures and intervals: scikit-learn's figures, SciPy's interval, and draws made again."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn import metrics

from chainrule.training.tables import intervals
from chainrule.training.tables.intervals import Resampled, draws_of, wilson
from chainrule.training.tables.measures import (
    CLASS_MEASURES,
    NUMBER_MEASURES,
    ClassPredictions,
    NumberPredictions,
    confusion,
    figures,
)


def calibration_error(truth: Any, probabilities: Any) -> float:
    """The expected calibration error as it is written in papers: bins of equal width."""
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == truth
    number = np.clip((confidence * 10).astype(int), 0, 9)
    return float(
        sum(
            np.sum(number == one)
            * abs(confidence[number == one].mean() - right[number == one].mean())
            for one in np.unique(number)
        )
        / len(truth)
    )


def of_scikit_learn(truth: Any, probabilities: Any, fold: Any) -> dict[str, float]:
    guess, classes = probabilities.argmax(axis=1), range(probabilities.shape[1])
    areas = []
    for one in np.unique(fold):
        rows = fold == one
        by_class = [
            metrics.roc_auc_score(truth[rows] == each, probabilities[rows, each])
            for each in (classes[1:] if len(classes) == 2 else classes)
            if 0 < np.sum(truth[rows] == each) < np.sum(rows)
        ]
        areas.append(np.mean(by_class) if by_class else np.nan)
    return {
        "accuracy": metrics.accuracy_score(truth, guess),
        "balanced_accuracy": metrics.balanced_accuracy_score(truth, guess),
        "auc": float(np.nanmean(areas)),
        "log_loss": metrics.log_loss(truth, probabilities, labels=list(classes)),
        "f1": metrics.f1_score(truth, guess, average="macro"),
        "calibration_error": calibration_error(truth, probabilities),
    }


def drawn_classes(rows: int, classes: int, seed: int) -> ClassPredictions:
    random = np.random.default_rng(seed)
    raw = random.gamma(0.7, size=(rows, classes)).round(2) + 0.01
    truth = random.integers(0, classes, rows)
    return ClassPredictions(truth, raw / raw.sum(axis=1, keepdims=True), np.arange(rows) % 3)


@settings(deadline=None)
@given(st.integers(12, 90), st.integers(2, 4), st.integers(0, 10**6))
def test_class_measures_are_those_of_scikit_learn(rows: int, classes: int, seed: int) -> None:
    drawn = drawn_classes(rows, classes, seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = of_scikit_learn(drawn.truth, drawn.probabilities, drawn.fold)
    found = figures(drawn)
    assert tuple(found) == CLASS_MEASURES
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-12, nan_ok=True)
    np.testing.assert_array_equal(
        confusion(drawn),
        metrics.confusion_matrix(
            drawn.truth, drawn.probabilities.argmax(axis=1), labels=range(classes)
        ),
    )


@given(st.integers(2, 60), st.integers(0, 10**6), st.sampled_from([1.0, 1e-200, 1e200]))
def test_number_measures_are_those_of_scikit_learn(rows: int, seed: int, unit: float) -> None:
    random = np.random.default_rng(seed)
    truth, guess = random.normal(3.0, 2.0, (2, rows))
    found = figures(NumberPredictions(truth * unit, guess * unit))
    assert tuple(found) == NUMBER_MEASURES
    expected = {
        "root_mean_squared_error": metrics.root_mean_squared_error(truth, guess) * unit,
        "mean_absolute_error": metrics.mean_absolute_error(truth, guess) * unit,
        "r2": metrics.r2_score(truth, guess),
    }
    assert found == pytest.approx(expected, rel=1e-7, abs=0.0)


def test_numbers_that_are_all_equal_have_no_r2() -> None:
    found = figures(NumberPredictions(np.full(5, 2.0), np.full(5, 3.0)))
    assert np.isnan(found["r2"])
    assert found["root_mean_squared_error"] == pytest.approx(1.0)


def test_a_training_that_has_diverged_has_no_figures() -> None:
    drawn = drawn_classes(20, 2, 0)
    spoiled = ClassPredictions(drawn.truth, drawn.probabilities * np.nan, drawn.fold)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scores = Resampled.of({"network": spoiled}, 0).score("network")
    assert not any(one.known for one in scores.values())


@given(st.integers(0, 200), st.integers(1, 200))
def test_the_interval_of_wilson_is_that_of_scipy(right: int, rows: int) -> None:
    right = min(right, rows)
    found = wilson(right / rows, rows)
    theirs = binomtest(right, rows).proportion_ci(method="wilson")
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=1e-9)


@pytest.mark.parametrize("groups", [None, np.arange(80) // 4])
def test_intervals_can_be_made_again_with_numpy_alone(
    groups: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intervals, "draws_of", lambda rows: 60)
    models = {"network": drawn_classes(80, 3, 4), "constant": drawn_classes(80, 3, 5)}
    resampled = Resampled.of(models, 11, groups)
    drawn = models["network"]
    units = 80 if groups is None else 20
    choices = np.random.default_rng(11).integers(0, units, (60, units))
    again: dict[str, list[float]] = {name: [] for name in CLASS_MEASURES}
    apart = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for chosen in choices:
            rows = chosen
            if groups is not None:
                rows = np.concatenate([np.flatnonzero(groups == one) for one in chosen])
            parts = drawn.truth[rows], drawn.probabilities[rows], drawn.fold[rows]
            for name, number in of_scikit_learn(*parts).items():
                again[name].append(number)
            other = models["constant"].probabilities[rows].argmax(axis=1)
            apart.append(
                np.mean(drawn.predicted[rows] == parts[0])
                - np.mean(other == models["constant"].truth[rows])
            )
    scores = resampled.score("network")
    assert np.isnan(scores["calibration_error"].low)
    for name, numbers in again.items():
        if name == "calibration_error" or (name == "accuracy" and groups is None):
            continue
        expected = np.nanpercentile(numbers, (2.5, 97.5))
        assert (scores[name].low, scores[name].high) == pytest.approx(tuple(expected), abs=1e-9)
    lead = resampled.lead("accuracy", "network", "constant")
    assert (lead.low, lead.high) == pytest.approx(tuple(np.percentile(apart, (2.5, 97.5))))


def test_draws_do_not_depend_on_how_many_are_made_together(monkeypatch: pytest.MonkeyPatch) -> None:
    models = {"network": drawn_classes(50, 2, 1)}
    whole = Resampled.of(models, 3)
    monkeypatch.setattr(intervals, "ROWS_TOGETHER", 333)
    parts = Resampled.of(models, 3)
    for name in CLASS_MEASURES:
        np.testing.assert_allclose(
            whole.drawn["network"][name], parts.drawn["network"][name], rtol=1e-12
        )


def test_large_tables_have_fewer_draws() -> None:
    assert [draws_of(rows) for rows in (10, 20_000, 40_000, 10**7)] == [1000, 1000, 500, 200]
