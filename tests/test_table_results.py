"""The result of a table by other means: scikit-learn's splits and metrics on our predictions.

No figure here comes from chainrule's measures, intervals or folds: from a run come the predictions,
which rows each fold tested, and what was decided of its columns and of copies.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from real_tables import HEART, REAL_TABLES, RealTable
from sklearn import metrics
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    PredefinedSplit,
    StratifiedGroupKFold,
    StratifiedKFold,
)
from statsmodels.stats.proportion import proportion_confint

import chainrule as cr
from chainrule.data.preparation import Preparation
from chainrule.data.table import table_from_frame
from chainrule.training.run import Run
from chainrule.training.tables.sentences import verdict

SEED = 3
SHUFFLES = 100


@pytest.fixture(scope="module", params=REAL_TABLES, ids=lambda one: one.name)
def trained(request: pytest.FixtureRequest) -> tuple[RealTable, pd.DataFrame, Run]:
    table: RealTable = request.param
    if table.package != "here":
        pytest.importorskip(table.package)
    frame = table.frame()
    given = {"seed": SEED, "progress": False, **table.given}
    return table, frame, cr.train_table(frame, table.target, **given)


def counting(units: int, run: Run) -> int:
    """Rows that were tested in folds count for those of all folds but one."""
    return units if len(run.folds) == 1 else units - units // len(run.folds)


def rows_tested(run: Run) -> np.ndarray:
    return np.sort(np.concatenate([fold.rows.test for fold in run.folds]))


def test_the_folds_are_those_of_scikit_learn(
    trained: tuple[RealTable, pd.DataFrame, Run],
) -> None:
    table, frame, run = trained
    classes = bool(run.classes)
    group = table.given.get("group")
    if group is not None:
        groups = frame[group]
        splitter = StratifiedGroupKFold(5) if classes else GroupKFold(5)
        splits = list(splitter.split(frame, frame[table.target], groups))
    elif classes:
        splitter = StratifiedKFold(5, shuffle=True, random_state=SEED)
        splits = list(splitter.split(frame, frame[table.target]))
    else:
        splits = list(KFold(5, shuffle=True, random_state=SEED).split(frame))
    number = np.empty(len(frame), dtype=int)
    for fold, (_, test) in enumerate(splits):
        number[test] = fold
    kept_together = [one for one in run.decisions if "have a twin" in one.text]
    if kept_together:
        inputs = [one["name"] for one in run.notes["preparation"]["columns"]]
        copies = frame.groupby(inputs, dropna=False, sort=False).ngroup()
        number = pd.Series(number).groupby(copies.to_numpy()).transform("first").to_numpy()
    if len(run.folds) == 1:
        assert len(frame) > 5000
        np.testing.assert_array_equal(run.folds[0].rows.test, np.flatnonzero(number == 0))
        return
    for (_, test), fold in zip(PredefinedSplit(number).split(), run.folds, strict=True):
        np.testing.assert_array_equal(fold.rows.test, test)


def class_scores(truth: Any, shares: Any, fold: Any) -> dict[str, float]:
    guess, count = shares.argmax(axis=1), shares.shape[1]
    areas = []
    for one in np.unique(fold):
        rows = fold == one
        known = [each for each in range(count) if 0 < np.sum(truth[rows] == each) < np.sum(rows)]
        if count == 2:
            known = [each for each in known if each == 1]
        area = [metrics.roc_auc_score(truth[rows] == each, shares[rows, each]) for each in known]
        areas.append(np.mean(area) if area else np.nan)
    confidence, right = shares.max(axis=1), guess == truth
    edges = np.clip((confidence * 10).astype(int), 0, 9)
    gaps = [abs(np.sum((confidence - right)[edges == one])) for one in range(10)]
    return {
        "accuracy": metrics.accuracy_score(truth, guess),
        "balanced_accuracy": metrics.balanced_accuracy_score(truth, guess),
        "auc": float(np.nanmean(areas)),
        "log_loss": metrics.log_loss(truth, shares, labels=list(range(count))),
        "f1": metrics.f1_score(truth, guess, average="macro"),
        "calibration_error": sum(gaps) / len(truth),
    }


def number_scores(truth: Any, guess: Any) -> dict[str, float]:
    return {
        "root_mean_squared_error": metrics.root_mean_squared_error(truth, guess),
        "mean_absolute_error": metrics.mean_absolute_error(truth, guess),
        "r2": metrics.r2_score(truth, guess),
    }


def test_figure_and_interval_are_those_of_an_independent_script(
    trained: tuple[RealTable, pd.DataFrame, Run],
) -> None:
    table, frame, run = trained
    result = run.result
    assert result is not None
    rows = rows_tested(run)
    assert result.rows == len(rows)
    predicted = np.concatenate([fold.predictions for fold in run.folds])
    order = np.argsort(np.concatenate([fold.rows.test for fold in run.folds]))
    predicted = predicted[order]
    fold = np.concatenate(
        [np.full(len(one.rows.test), number) for number, one in enumerate(run.folds)]
    )[order]
    target = frame[table.target].to_numpy()[rows]
    classes = list(run.classes)
    truth = np.array([classes.index(one) for one in target.tolist()]) if classes else target

    def scores(chosen: Any) -> dict[str, float]:
        if classes:
            return class_scores(truth[chosen], predicted[chosen], fold[chosen])
        return number_scores(truth[chosen], predicted[chosen])

    found = result.scores["network"]
    figures = scores(np.arange(len(rows)))
    assert {name: one.value for name, one in found.items()} == pytest.approx(figures, rel=1e-9)
    main = "accuracy" if classes else "root_mean_squared_error"
    group = table.given.get("group")
    if classes and group is None:
        count = counting(len(rows), run)
        wilson = proportion_confint(figures["accuracy"] * count, count, method="wilson")
        assert (found[main].low, found[main].high) == pytest.approx(wilson, abs=1e-9)
    # Draws of a few measures are enough for the others' intervals, and all for small tables.
    names = [name for name in figures if name in (main, "r2", "log_loss", "balanced_accuracy")]
    units = pd.factorize(frame[group][rows], sort=True)[0] if group else np.arange(len(rows))
    count = int(units.max()) + 1
    draws = max(200, min(1000, 20_000_000 // len(rows)))
    generator = np.random.default_rng(SEED)
    members = [np.flatnonzero(units == one) for one in range(count)] if group else None
    drawn: dict[str, list[float]] = {name: [] for name in names}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(draws):
            chosen = generator.integers(0, count, counting(count, run))
            if members is not None:
                chosen = np.concatenate([members[one] for one in chosen])
            again = quick_scores(truth[chosen], predicted[chosen])
            for name in names:
                drawn[name].append(again[name])
    for name in names:
        if name == "accuracy" and group is None:
            continue
        expected = tuple(np.percentile(drawn[name], (2.5, 97.5)))
        assert (found[name].low, found[name].high) == pytest.approx(expected, rel=1e-9), name


def quick_scores(truth: Any, predicted: Any) -> dict[str, float]:
    """The same by their definitions: scikit-learn takes a millisecond for each."""
    if predicted.ndim == 1:
        missed = truth - predicted
        return {
            "root_mean_squared_error": float(np.sqrt(np.mean(missed**2))),
            "r2": 1.0 - float(np.sum(missed**2) / np.sum((truth - truth.mean()) ** 2)),
        }
    guess = predicted.argmax(axis=1)
    given = predicted[np.arange(len(truth)), truth]
    return {
        "accuracy": float(np.mean(guess == truth)),
        "balanced_accuracy": float(
            np.mean([np.mean(guess[truth == one] == one) for one in np.unique(truth)])
        ),
        "log_loss": float(-np.mean(np.log(np.clip(given, np.finfo(float).eps, 1.0)))),
    }


def test_the_linear_model_is_no_weak_rival(
    trained: tuple[RealTable, pd.DataFrame, Run],
) -> None:
    table, frame, run = trained
    assert run.result is not None
    found = run.result.scores["linear model"]
    inputs = Preparation.from_dict(run.notes["preparation"]).inputs(table_from_frame(frame))
    target = frame[table.target].to_numpy()
    losses = []
    for fold in run.folds:
        known, test = fold.rows.training, fold.rows.test
        if run.classes:
            theirs = LogisticRegression(max_iter=5000).fit(inputs[known], target[known])
            shares = theirs.predict_proba(inputs[test])
            number = [list(theirs.classes_).index(one) for one in target[test]]
            losses += (-np.log(np.clip(shares[np.arange(len(test)), number], 1e-12, 1))).tolist()
        else:
            guess = Ridge(alpha=1.0).fit(inputs[known], target[known]).predict(inputs[test])
            losses += ((guess - target[test]) ** 2).tolist()
    if run.classes:
        assert found["log_loss"].value < 1.15 * np.mean(losses) + 0.03
    else:
        assert found["root_mean_squared_error"].value < 1.1 * np.sqrt(np.mean(losses))


def test_shuffled_labels_show_no_skill() -> None:
    frame = pd.read_csv(HEART)
    random = np.random.default_rng(0)
    covered = {"balanced_accuracy": 0, "auc": 0}
    wins = 0
    for seed in range(SHUFFLES):
        shuffled = frame.assign(disease=random.permutation(frame["disease"].to_numpy()))
        result = cr.train_table(shuffled, "disease", seed=seed, progress=False).result
        assert result is not None
        wins += verdict(result, "constant") == "win"
        for name in covered:
            one = result.scores["network"][name]
            covered[name] += one.low <= 0.5 <= one.high
    for name, count in covered.items():
        assert 0.9 * SHUFFLES <= count <= 0.99 * SHUFFLES, name
    assert wins <= 0.03 * SHUFFLES
