"""Labels of rows that have no neighbours to ask, tokens among them: trainings alone can tell."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.diagnosis.ailments.uninformative_labels import ON_OTHERS, UNINFORMATIVE_LABELS
from chainrule.diagnosis.cases.case import case_of
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.verdicts.finding import in_order_of_trial, suspected
from chainrule.diagnosis.verdicts.judgement import verdict_of
from chainrule.randomness import permutation, uniform

COUNT = 600


def texts(are_shuffled: bool, seed: int = 0) -> Any:
    """Return a training on texts of ten words in forty, the first eight of which say the class."""
    x = np.floor(40 * uniform(seed, "words", COUNT * 10)).astype(np.int64).reshape(COUNT, 10)
    y = ((x < 8).sum(axis=1) >= 2).astype(np.int64)
    if are_shuffled:
        y = y[permutation(seed, "labels", COUNT)]
    network = cr.Network(
        cr.Embedding(40, 6), cr.GlobalAveragePool(over="time"), cr.Dense(12, "relu"), cr.Dense()
    )
    return cr.train(
        network, x, y, learning_rate=0.02, epochs=40, validation=0.3, keep="last", seed=seed,
        progress=False,
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
def test_shuffled_labels_of_texts_are_named(seed: int) -> None:
    case = case_of(texts(True, seed))
    assert Examination(case).labels is None
    found = verdict_of(case, seconds=20.0)
    assert found.name == "uninformative_labels"
    assert found.standing == "ill"
    assert found.primary is not None
    assert found.primary.experiment is not None
    assert found.primary.experiment.treated_name == "labels shuffled"


@pytest.mark.parametrize("seed", range(3))
def test_labels_of_texts_that_belong_to_them_are_not_doubted(seed: int) -> None:
    assert UNINFORMATIVE_LABELS.signs(Examination(case_of(texts(False, seed)))) == []


def test_what_only_the_failure_makes_doubtful_is_tried_behind_causes() -> None:
    found = suspected(Examination(case_of(texts(True))))
    (labels,) = (one for one in found if one.ailment is UNINFORMATIVE_LABELS)
    (sign,) = labels.signs
    assert sign.quantity == ON_OTHERS
    assert sign.measured >= 1.0
    # As far beyond their thresholds, so that nothing but the kind decides.
    others = [
        replace(one, signs=(replace(sign, quantity="another"),))
        for one in found
        if one is not labels and not one.ailment.is_failure
    ]
    assert others
    assert in_order_of_trial([labels, *others])[-1] is labels


def test_few_rows_held_out_say_nothing() -> None:
    case = case_of(texts(True))
    few = replace(case, validation=case.validation.part(np.arange(50)))
    assert UNINFORMATIVE_LABELS.signs(Examination(few)) == []
