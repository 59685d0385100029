"""Labels of rows of tokens: their neighbours are rows with the same words, or words in place."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.diagnosis.ailments import AILMENTS
from chainrule.diagnosis.ailments.uninformative_labels import UNINFORMATIVE_LABELS
from chainrule.diagnosis.cases.arrangement import Remedy
from chainrule.diagnosis.cases.case import case_of
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.probes.features import features_of
from chainrule.diagnosis.remedies.labels import LEFT_OUT
from chainrule.diagnosis.sign import Sign
from chainrule.diagnosis.verdicts.finding import Finding, in_order_of_trial
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
    found = verdict_of(case, seconds=20.0)
    assert found.name == "uninformative_labels"
    assert found.standing == "ill"
    assert found.primary is not None
    assert found.primary.experiment is not None
    assert found.primary.experiment.treated_name == "labels shuffled"


@pytest.mark.parametrize("seed", range(3))
def test_labels_of_texts_that_belong_to_them_are_not_doubted(seed: int) -> None:
    assert UNINFORMATIVE_LABELS.signs(Examination(case_of(texts(False, seed)))) == []


def test_words_are_counted_and_told_in_their_places() -> None:
    tokens = np.array([[0, 1, 1], [2, 0, 1], [1, 2, 0], [0, 1, 2], [9, 1, 1], [1, 0, 2]])
    found = features_of([tokens], ["integer"])
    assert found is not None
    # Token 9 stands in one row alone. Three tokens are counted; nine more columns are their places.
    assert found.shape == (6, 12)
    ones = (tokens == 1).sum(axis=1).astype(float)
    expected = (ones - ones.mean()) / ones.std()
    assert any(np.allclose(column, expected) for column in found.T)
    np.testing.assert_allclose(found.std(axis=0), 1.0)
    assert features_of([np.ones((5, 3), dtype=np.int64)], ["integer"]) is None


def test_words_say_much_of_their_class_and_nothing_of_shuffled_ones() -> None:
    known, nothing = (Examination(case_of(texts(mixed))).labels for mixed in (False, True))
    assert known is not None
    assert nothing is not None
    assert known.known_share is not None
    assert known.known_share > 0.3
    assert nothing.known_share == 0.0


def test_single_labels_are_doubted_right_behind_learning_by_heart() -> None:
    sign = Sign("one", 4.0, 1.0, "above", "", "", "")
    left_out = Remedy(LEFT_OUT, "", lambda before: before)
    checked = Remedy("labels checked", "", lambda before: before)
    names = ("overfitting", "imbalance", "rate_too_low", "unscaled")
    others = [Finding(AILMENTS[name], (sign,)) for name in names]
    doubted, all_of_them = (
        Finding(UNINFORMATIVE_LABELS, (sign,), (one,)) for one in (left_out, checked)
    )
    order = [one.ailment.name for one in in_order_of_trial([*others, doubted])]
    assert order[-3:] == ["overfitting", "uninformative_labels", "rate_too_low"]
    assert in_order_of_trial([*others, all_of_them])[0] is all_of_them
