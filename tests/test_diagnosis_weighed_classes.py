"""Trainings that weigh their classes: errors count rows as the training did."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.diagnosis.cases.case import Case, case_of
from chainrule.diagnosis.experiments.trained import outcome
from chainrule.diagnosis.probes.relative_error import errors_of, relative_error, weights_by_class
from chainrule.diagnosis.verdicts.judgement import verdict_of
from chainrule.randomness import normal, uniform
from chainrule.training.rows import Rows

TIMES = {0: 1, 1: 3, 2: 2}


def rare(seed: int, rows: int = 900) -> tuple[Any, Any]:
    """Return rows of which about 4 in 100 are of the class 1, which overlaps the other."""
    x = normal(seed, "rows of a rare class", rows * 4).reshape(rows, 4)
    chance = 1.0 / (1.0 + np.exp(5.0 - 1.5 * x[:, 0] - 1.5 * x[:, 1]))
    return x, (uniform(seed, "rare class", rows) < chance).astype(int)


def of_three(width: int | None = None, **given: Any) -> Case:
    """Return a case of three classes, of two of them for one unit."""
    x = normal(0, "rows of three classes", 240).reshape(80, 3)
    y = np.digitize(x[:, 0] + x[:, 1], (-0.3, 1.0)[: width or 2])
    run = cr.train(
        cr.Network(cr.Dense(5, "tanh"), cr.Dense(width)), x, y, epochs=5, validation=0.25,
        progress=False, **given,
    )  # fmt: skip
    return case_of(run)


def repeated(rows: Rows) -> Rows:
    """Return the rows, each as often as its class weighs."""
    labels = rows.targets[0].reshape(-1).astype(int)
    found = rows.part(np.repeat(np.arange(len(rows)), [TIMES[one] for one in labels.tolist()]))
    return replace(found, weights=np.ones(len(found)))


@pytest.mark.parametrize(("loss", "width"), [("cross_entropy", None), ("hinge", 1)])
def test_a_class_counts_as_if_its_rows_were_there_so_often(loss: str, width: int | None) -> None:
    """Hinge knows no probabilities, so that wrong rows are counted."""
    times = {label: times for label, times in TIMES.items() if width is None or label < 2}
    case = of_three(width, class_weight=times, loss=loss)
    weights = weights_by_class(case.setup, case.training)
    assert weights is not None
    np.testing.assert_allclose(weights / weights[0], [*times.values()])
    found = errors_of(case.network, case.setup, case.training, case.validation)
    for error, rows in ((found.training, case.training), (found.validation, case.validation)):
        often = relative_error(case.network, case.setup, repeated(rows))
        assert error == pytest.approx(often, rel=1e-6)
    assert found.by_row is not None
    assert found.by_row.mean() == pytest.approx(found.validation)


def test_rows_that_differ_within_a_class_count_alike() -> None:
    weights = np.linspace(0.5, 1.5, 80)
    for case in (of_three(), of_three(sample_weight=weights)):
        assert weights_by_class(case.setup, case.training) is None
    numbers = case_of(cr.train(cr.Network(cr.Dense(1)), *rare(0, 60), epochs=1, progress=False,
                               loss="mean_squared_error"))  # fmt: skip
    assert weights_by_class(numbers.setup, numbers.training) is None


def test_what_is_compared_is_measured_alike_where_a_remedy_weighs_classes() -> None:
    plain, weighed = of_three(), of_three(class_weight=TIMES)
    apart = outcome(weighed.arrangement)
    alike = outcome(weighed.arrangement, plain.training)
    assert apart.run is not None
    unweighed = errors_of(apart.run.network, plain.setup, plain.training, plain.validation)
    assert alike.judged == pytest.approx(unweighed.judged)
    assert alike.judged != pytest.approx(apart.judged)


@pytest.mark.parametrize("seed", [0, 1])
def test_balanced_classes_are_no_failure(seed: int) -> None:
    """By rows that count alike they are three times worse than a constant, as they are asked to."""
    x, y = rare(seed)
    network = cr.Network(cr.Dense(12, "tanh"), cr.Dense(2))
    run = cr.train(
        network, x, y, epochs=40, validation=0.25, class_weight="balanced", learning_rate=0.01,
        keep="last", progress=False, seed=seed,
    )  # fmt: skip
    case = case_of(run)
    even = replace(case.training, weights=np.ones(len(case.training)))
    assert relative_error(case.network, case.setup, even) > 1.5
    assert relative_error(case.network, case.setup, case.training) < 0.6
    assert verdict_of(case, seconds=10.0).standing == "healthy"


def test_a_class_of_no_weight_makes_no_constant_perfect() -> None:
    random = np.random.default_rng(1)
    x = random.normal(size=(400, 6))
    labels = (x[:, 0] > 0.0).astype(int)
    run = cr.train(
        cr.Network(cr.Dense(16, "tanh"), cr.Dense()), x, labels, class_weight={0: 1.0, 1: 0.0},
        epochs=60, learning_rate=0.01, progress=False,
    )  # fmt: skip
    case = case_of(run)
    shares = np.asarray(run.predict_proba(x))
    missed = np.sum((shares - np.eye(2)[labels]) ** 2, axis=1).mean()
    due = missed / (1.0 - np.sum((np.bincount(labels) / 400) ** 2))
    assert relative_error(case.network, case.setup, case.training) == pytest.approx(due, rel=1e-4)
