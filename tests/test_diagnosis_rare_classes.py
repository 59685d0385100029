"""Rare classes: what is gained on few rows beside their luck, and a class that nothing tells."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

import chainrule as cr
from chainrule.diagnosis.ailments.imbalance import IMBALANCE, OF_FEW, OF_MANY
from chainrule.diagnosis.cases.case import Case, case_of
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.experiments.laboratory import Laboratory
from chainrule.diagnosis.probes.rare_classes import luck_of_rows
from chainrule.diagnosis.verdicts.finding import Finding, tried
from chainrule.randomness import normal, permutation


@pytest.mark.parametrize("rows", [4, 6, 8, 12])
def test_a_class_all_of_which_is_gained_is_about_as_sure_as_by_the_sign_test(rows: int) -> None:
    labels = np.repeat([0, 1], (500, rows))
    before = (labels == 1).astype(np.float64)
    by_signs = stats.binomtest(rows, rows).pvalue / 2.0
    luck = luck_of_rows(labels, before, np.zeros(len(labels)))
    assert by_signs / 4.0 < luck < 4.0 * by_signs


def test_nothing_gained_is_luck_and_what_others_lose_counts() -> None:
    labels = np.repeat([0, 1], (200, 10))
    missed = (labels == 1).astype(np.float64)
    assert luck_of_rows(labels, missed, missed) > 0.5
    gained = np.where(labels == 1, 0.2, 0.0)
    assert luck_of_rows(labels, missed, gained) < 0.05
    lost = gained + np.where(np.arange(210) < 160, 0.8, 0.0)
    assert luck_of_rows(labels, missed, lost) > 0.1


def test_chance_is_seldom_beyond_chance() -> None:
    """Of classes of which as many rows are gained as lost, one in twenty at most is sure."""
    labels = np.repeat([0, 1], (120, 12))
    drawn = np.random.default_rng(0)
    sure = [
        luck_of_rows(labels, *drawn.integers(0, 2, size=(2, len(labels))).astype(float)) < 0.05
        for _ in range(400)
    ]
    assert np.mean(sure) < 0.05


def heaps(seed: int, counts: tuple[int, ...], apart: tuple[float, ...]) -> tuple[Any, Any]:
    """Return rows of classes, each as far from the first as is asked."""
    labels = np.repeat(np.arange(len(counts)), counts)
    x = normal(seed, "heaps", len(labels) * 6).reshape(-1, 6)
    x[np.arange(len(labels)), labels] += np.array(apart)[labels]
    order = permutation(seed, "order of heaps", len(labels))
    return x[order], labels[order]


def case(data: tuple[Any, Any], width: int = 16, **given: Any) -> Case:
    given = {"epochs": 40, "learning_rate": 0.01, "validation": 0.25, **given}
    network = cr.Network(cr.Dense(width, "relu"), cr.Dense())
    return case_of(cr.train(network, *data, progress=False, **given))


def finding(known: Case, seconds: float = 20.0) -> Finding:
    examined = Examination(known)
    found = Finding(
        IMBALANCE, tuple(IMBALANCE.signs(examined)), tuple(IMBALANCE.remedies(examined))
    )
    return tried(found, examined, Laboratory(known, 20, seconds))


@pytest.mark.parametrize("seed", [0, 1])
def test_a_rare_class_that_nothing_tells_is_none_that_is_dead_for_its_few_rows(seed: int) -> None:
    found = finding(case(heaps(seed, (200, 200, 14), (0.0, 5.0, 0.0)), seed=seed))
    assert found.signs[0].quantity == OF_MANY
    assert found.experiment is not None
    assert not found.is_confirmed


def test_a_class_that_weights_tell_is_shown_by_rows_that_were_not_learned_from() -> None:
    found = finding(case(heaps(0, (780, 40), (0.0, 2.5)), epochs=8))
    assert found.signs[0].quantity == OF_MANY
    assert found.is_confirmed
    assert found.experiment is not None
    assert found.experiment.over_rows is not None
    assert found.experiment.over_rows < 0.5


def test_few_rows_held_out_that_are_missed_are_a_hint_and_others_judge_in_turn() -> None:
    cases = [case(heaps(seed, (380, 12), (0.0, 2.5)), seed=seed, epochs=60) for seed in range(8)]
    hinted = [
        one
        for one in cases
        if [sign.quantity for sign in IMBALANCE.signs(Examination(one))] == [OF_FEW]
    ]
    assert hinted
    experiment = finding(hinted[0]).experiment
    assert experiment is not None
    assert experiment.parts > 1
    assert not experiment.deduced
