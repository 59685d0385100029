"""What is known of targets from other rows: a tenth is told from nothing, sorted ones by shifts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.diagnosis.ailments.constant_prediction import CONSTANT_PREDICTION, NO_BETTER
from chainrule.diagnosis.ailments.labels.following import FOLLOWING, SHIFTED
from chainrule.diagnosis.ailments.labels.shuffled import SHUFFLED
from chainrule.diagnosis.ailments.overfitting import FORGOTTEN
from chainrule.diagnosis.ailments.uninformative_labels import UNINFORMATIVE_LABELS, stories
from chainrule.diagnosis.cases.arrangement import Remedy
from chainrule.diagnosis.cases.case import Case, case_of
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.experiments.experiment import Experiment
from chainrule.diagnosis.remedies.best_epoch import BEST_EPOCH
from chainrule.randomness import normal, uniform


def case(x: Any, y: Any, width: int = 10, last: int | None = None, **given: Any) -> Case:
    network = cr.Network(cr.Dense(width, "tanh"), cr.Dense(last))
    given = {"epochs": 1, "learning_rate": 0.02, "validation": 0.25, **given}
    return case_of(cr.train(network, x, y, progress=False, **given))


@pytest.mark.parametrize("seed", range(3))
def test_a_tenth_that_is_known_is_told_from_nothing(seed: int) -> None:
    """As much is known as a straight plane knows of rows that it has not seen."""
    count, columns = 900, 8
    x = normal(seed, "rows", count * columns).reshape(count, columns)
    noise = normal(seed, "noise", count)
    for weight in (0.33, 0.0):
        y = weight * x[:, 0] + noise
        labels = Examination(case(x, y, epochs=1, seed=seed)).labels
        assert labels is not None
        known = labels.known_share
        assert known is not None
        if not weight:
            assert known == 0.0
            continue
        design = np.column_stack([np.ones(count), x])
        hat = design @ np.linalg.solve(design.T @ design, design.T)
        missed = (y - hat @ y) / (1.0 - np.diag(hat))
        assert known == pytest.approx(1.0 - np.mean(missed**2) / y.var(), abs=0.01)


def test_a_weak_relation_is_no_matter_of_labels_and_four_guesses_in_five_are() -> None:
    x = normal(1, "rows", 800 * 6).reshape(800, 6)
    weak = 0.35 * x[:, 0] + normal(1, "noise", 800)
    examined = Examination(case(x, weak, width=6, last=1, epochs=4))
    assert examined.errors.validation > 0.9
    assert UNINFORMATIVE_LABELS.signs(examined) == []
    y = np.digitize(x[:, 0], (-0.7, 0.0, 0.7))
    guess = np.floor(4 * uniform(1, "guesses", 800)).astype(np.int64)
    guessed = np.where(uniform(2, "who", 800) < 0.85, guess, y)
    assert stories(Examination(case(x, guessed, epochs=4))) == [SHUFFLED]


def test_sorted_targets_that_fit_what_drifts_are_told_by_shifts() -> None:
    count = 600
    drift = np.cumsum(normal(1, "drift", count))
    x = normal(51, "rows", count * 3).reshape(count, 3)
    x[:, 0] = 0.4 * normal(1, "own", count) + (drift - drift.mean()) / drift.std()
    others = normal(1, "others", count)
    in_order, own, by_chance = (
        Examination(case(x, y)).labels
        for y in (np.sort(others), x[:, 0] + 0.5 * normal(1, "noise", count), others)
    )
    assert in_order is not None
    assert in_order.known_share is not None
    assert in_order.known_share > 0.1
    assert in_order.as_good_when_shifted is not None
    assert in_order.as_good_when_shifted > SHIFTED
    untrained = case(x, np.sort(others), epochs=1, learning_rate=1e-9)
    assert stories(Examination(untrained)) == [FOLLOWING]
    assert own is not None
    assert own.as_good_when_shifted == 0.0
    assert by_chance is not None
    assert by_chance.as_good_when_shifted is None


def test_half_of_the_little_that_is_known_is_no_constant_prediction() -> None:
    x = normal(1, "rows", 900 * 6).reshape(900, 6)
    weak = 0.3 * x[:, 0] + normal(1, "noise", 900)
    given = {"width": 4, "last": 1, "epochs": 25, "learning_rate": 0.005, "seed": 1}
    learned = Examination(case(x, weak, **given, l2=0.3))
    # Little below a constant's error, and yet most of what can be known.
    assert learned.last_errors.training > NO_BETTER
    known = learned.labels.known_share if learned.labels else None
    assert known is not None
    assert 0.03 < known < 0.2
    assert 1.0 - learned.last_errors.validation > 0.5 * known
    assert CONSTANT_PREDICTION.signs(learned) == []
    assert CONSTANT_PREDICTION.signs(Examination(case(x, weak, **given, l2=3.0)))


@pytest.mark.parametrize(
    ("before", "after", "shows"),
    [(1.0, 0.87, True), (1.0, 0.97, False), (0.6, 0.5, False), (0.95, 0.86, True)],
)
def test_half_of_what_was_known_and_is_lost_is_learning_by_heart(
    before: float, after: float, shows: bool
) -> None:
    spread = np.array([0.0, 0.001, 0.002, 0.003, 0.004])
    remedy = Remedy(BEST_EPOCH, "", lambda given: given)
    experiment = Experiment(
        remedy,
        tuple((before + spread).tolist()),
        tuple((after + spread).tolist()),
        200,
        500,
        over_rows=1e-6,
        asked=(FORGOTTEN,),
    )
    assert experiment.is_clear is shows
    assert not replace(experiment, over_rows=0.03).is_clear
