"""Several targets: one of which nothing is learned is told, though the mean over all looks well."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from rate_cases import verdict
from sklearn.metrics import brier_score_loss, r2_score
from trial_of_ailment import signs_of

import chainrule as cr
from chainrule.diagnosis.ailments.constant_prediction import CONSTANT_PREDICTION
from chainrule.diagnosis.cases.case import case_of
from chainrule.diagnosis.probes.outputs_apart import no_better_than_constants
from chainrule.diagnosis.probes.relative_error import outputs_apart
from chainrule.diagnosis.verdicts.sentences import sentence_of

GIVEN: Any = {"epochs": 100, "learning_rate": 0.01, "validation": 0.25, "progress": False}


def rows(seed: int) -> Any:
    random = np.random.default_rng(seed)
    x = random.normal(size=(400, 5))
    return random, x, np.tanh(x[:, 0] - x[:, 1])


def of_two(seed: int) -> Any:
    """Return a run on numbers, and on classes that are shuffled."""
    random, x, y = rows(seed)
    classes = random.permutation((x[:, 2] > 0.0).astype(int))
    given = cr.Input(5, name="a")
    hidden = cr.Dense(16, "tanh")(given)
    network = cr.Network(inputs=[given], outputs=[cr.Dense(1)(hidden), cr.Dense(2)(hidden)])
    return cr.train(network, x, [y, classes], **GIVEN)


def of_columns(seed: int, columns: Any) -> Any:
    random, x, y = rows(seed)
    made = np.column_stack([y, *columns(random, x)])
    return cr.train(cr.Network(cr.Dense(16, "tanh"), cr.Dense(made.shape[1])), x, made, **GIVEN)


def shuffled(random: Any, x: Any) -> list[Any]:
    return [random.permutation(x[:, 3])]


def test_each_output_is_measured_as_scikit_learn_does() -> None:
    run = of_two(0)
    case = case_of(run)
    numbers, classes = outputs_apart(case.network, case.setup, case.validation)
    x, (y, labels) = case.validation.inputs[0], case.validation.targets
    said = np.asarray(run.predict(x)[0]).reshape(-1)
    assert numbers.errors.mean() == pytest.approx(1.0 - r2_score(y[:, 0], said), rel=1e-4)
    shares = np.asarray(run.predict_proba(x)[1])[:, 1]
    labels = labels.reshape(-1).astype(int)
    of_shares = np.full(len(labels), labels.mean())
    due = brier_score_loss(labels, shares) / brier_score_loss(labels, of_shares)
    assert classes.errors.mean() == pytest.approx(due, rel=1e-4)
    assert classes.constant.mean() == pytest.approx(1.0)
    assert numbers.constant.mean() == pytest.approx(1.0)


@pytest.mark.parametrize("seed", [0, 2])
def test_a_shuffled_target_beside_a_sound_one_is_not_healthy(seed: int) -> None:
    run = of_two(seed)
    (sign,) = signs_of(CONSTANT_PREDICTION, run)
    assert sign.where == "target 2"
    assert verdict(run).standing != "healthy"


@pytest.mark.parametrize("seed", [0, 1])
def test_a_shuffled_column_beside_a_sound_one_is_not_healthy(seed: int) -> None:
    found = verdict(of_columns(seed, shuffled))
    assert found.standing == "unexplained"
    assert "a constant on column 1 (from 0) of the target" in sentence_of(found)


def test_of_many_weak_columns_none_is_told_for_its_bad_luck() -> None:
    def weak(random: Any, x: Any) -> list[Any]:
        noise = random.normal(size=(400, 60)) * np.linspace(0.1, 1.5, 60)
        return list((np.tanh(x @ random.normal(size=(5, 60))) + noise).T)

    for seed in range(3):
        assert signs_of(CONSTANT_PREDICTION, of_columns(seed, weak)) == []


def test_one_target_alone_is_judged_as_a_whole() -> None:
    run = of_columns(0, lambda random, x: [])
    assert no_better_than_constants(case_of(run)) == []
