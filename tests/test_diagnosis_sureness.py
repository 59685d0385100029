"""Sureness: labels that are wrong by accident, told from classes that overlap."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.stats import binomtest

import chainrule as cr
from chainrule.diagnosis.ailments.uninformative_labels import UNINFORMATIVE_LABELS
from chainrule.diagnosis.cases.arrangement import Remedy
from chainrule.diagnosis.cases.case import case_of
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.experiments.experiment import Experiment
from chainrule.diagnosis.experiments.labels import CONTRADICTED, compare_without_doubtful
from chainrule.diagnosis.experiments.laboratory import Laboratory
from chainrule.diagnosis.probes.sureness import Sureness
from chainrule.diagnosis.verdicts.judgement import verdict_of
from chainrule.randomness import normal, uniform
from chainrule.views.diagnosis_chapters import proof


def overlapping(count: int, apart: float, seed: int = 0) -> tuple[Any, Any]:
    """Return the probabilities of two classes (rows, 2) by their law, and labels drawn by it."""
    y = (uniform(seed, "classes", count) < 0.5).astype(np.int64)
    x = normal(seed, "rows", count) + apart * (y - 0.5)
    first = 1.0 / (1.0 + np.exp(apart * x))
    return np.column_stack([first, 1.0 - first]), y


def wrong(y: Any, share: float) -> Any:
    return np.where(uniform(3, "wrong labels", len(y)) < share, 1 - y, y)


@pytest.mark.parametrize("apart", [1.5, 2.5, 4.0])
@pytest.mark.parametrize("seed", range(4))
def test_classes_that_overlap_are_not_contradicted_where_they_are_surest(
    apart: float, seed: int
) -> None:
    assert not Sureness.of(*overlapping(600, apart, seed)).is_of_labels


@pytest.mark.parametrize("share", [0.2, 0.3])
@pytest.mark.parametrize("seed", range(4))
def test_labels_that_are_wrong_by_accident_are(share: float, seed: int) -> None:
    probabilities, y = overlapping(600, 4.0, seed)
    found = Sureness.of(probabilities, wrong(y, share))
    assert found.is_of_labels
    assert found.share(0.2) == pytest.approx(share, abs=0.12)


def test_the_least_share_is_the_end_of_an_exact_interval() -> None:
    probabilities, y = overlapping(500, 4.0)
    found = Sureness.of(probabilities, wrong(y, 0.2))
    seen = int(found.contradicted[:100].sum())
    exact = binomtest(seen, 100).proportion_ci(0.95, method="exact").low
    assert found.at_least == pytest.approx(exact, rel=1e-9)
    assert Sureness.of(probabilities, probabilities.argmax(axis=1)).at_least == 0.0


def test_few_rows_and_a_predictor_that_knows_nothing_say_nothing() -> None:
    probabilities, y = overlapping(60, 4.0)
    assert not Sureness.of(probabilities, wrong(y, 0.3)).is_of_labels
    probabilities, y = overlapping(600, 0.1)
    assert not Sureness.of(probabilities, y).is_of_labels


def heaps(count: int, share: float) -> Any:
    y = np.arange(count) % 2
    x = normal(0, "heaps", count * 4).reshape(count, 4) + 2.0 * (y[:, None] - 0.5)
    network = cr.Network(cr.Dense(12, "tanh"), cr.Dense(2))
    return cr.train(
        network, x, wrong(y, share), learning_rate=0.01, epochs=30, validation=0.25, progress=False
    )


def test_wrong_labels_are_named_where_the_network_has_not_learned_them_by_heart() -> None:
    run = heaps(400, 0.25)
    found = verdict_of(case_of(run), seconds=20.0)
    assert found.name == "uninformative_labels"
    assert found.primary is not None
    experiment = found.primary.experiment
    assert experiment is not None
    assert experiment.quantity == CONTRADICTED
    assert experiment.remedy.by_hand
    assert found.primary.certainty is None
    said = experiment.to_dict()
    assert said["counted"]
    assert said["p"] is said["d"] is None
    assert verdict_of(case_of(heaps(400, 0.0)), seconds=20.0).standing == "healthy"


@pytest.mark.parametrize("counted", [True, False])
def test_what_is_counted_is_not_told_as_trainings_that_are_compared(counted: bool) -> None:
    remedy = Remedy("checked", "Look at them.", lambda before: before, by_hand=True)
    experiment = Experiment(
        remedy, (0.2,) * 5, (0.25,) * 5, 30, 300, quantity=CONTRADICTED, shows=True, counted=counted
    )
    parts = proof({"experiment": experiment.to_dict()})
    said = " ".join(one for one in parts if isinstance(one, str))
    assert ("5 trainings" in said) is not counted
    assert ("no higher" in said) is not counted
    assert "no more than chance" not in said


def test_of_rows_that_are_equal_none_is_held_to_be_wrong() -> None:
    count = 400
    y = np.arange(count) % 2
    # Few rows that differ, with other labels in a quarter of the places where they stand.
    x = np.repeat(normal(0, "few rows", 20 * 3).reshape(20, 3), count // 20, axis=0)
    x[:, 0] = np.abs(x[:, 0]) * np.where(y > 0, 1.0, -1.0)
    network = cr.Network(cr.Dense(12, "tanh"), cr.Dense(2))
    run = cr.train(
        network, x, wrong(y, 0.25), learning_rate=0.01, epochs=30, validation=0.25, progress=False
    )
    case = case_of(run)
    assert UNINFORMATIVE_LABELS.signs(Examination(case))
    found = compare_without_doubtful(Laboratory(case, 30, seconds=20.0))
    assert found is None or found.quantity != CONTRADICTED


def test_a_remedy_that_helps_stands_before_labels_that_only_people_can_put_right() -> None:
    y = np.arange(400) % 2
    x = normal(0, "heaps", 400 * 8).reshape(400, 8) + 1.5 * (y[:, None] - 0.5)
    network = cr.Network(cr.Dense(60, "tanh"), cr.Dense(2))
    run = cr.train(
        network, x, wrong(y, 0.25), learning_rate=0.02, epochs=100, validation=0.25, keep="last",
        progress=False,
    )  # fmt: skip
    found = verdict_of(case_of(run), seconds=20.0)
    assert found.name == "overfitting"
    assert "uninformative_labels" in [one.ailment.name for one in found.others]
