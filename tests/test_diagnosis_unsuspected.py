"""Lower rates tried without a suspicion: what no sign shows is found, and sound runs stay sound."""

from __future__ import annotations

import numpy as np
import pytest

import chainrule as cr
from chainrule.diagnosis.cases.case import Case, case_of
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.experiments.laboratory import Laboratory
from chainrule.diagnosis.verdicts.unsuspected import (
    TRAININGS,
    has_something_to_gain,
    unsuspected,
)
from chainrule.randomness import normal


def a_case(rate: float, epochs: int = 30, seed: int = 0) -> Case:
    x = normal(seed, "rows of a test", 1600).reshape(400, 4)
    y = np.sin(2.0 * x[:, 0]) + x[:, 1] * x[:, 2]
    network = cr.Network(*[cr.Dense(16, "tanh") for _ in range(4)], cr.Dense(1))
    run = cr.train(network, x, y, optimizer="adam", learning_rate=rate, epochs=epochs,
                   batch_size=16, validation=0.25, seed=seed, progress=False)  # fmt: skip
    return case_of(run)


def found_in(case: Case) -> bool:
    laboratory = Laboratory(case, TRAININGS, 60.0)
    finding = unsuspected(Examination(case), laboratory)
    if finding is None:
        return False
    experiment = finding.experiment
    assert experiment is not None
    assert finding.is_confirmed
    # What chose the remedy, and what was shown first, is no part of what is told.
    first = [one.judged for one in laboratory.untreated()]
    assert not set(first) & set(experiment.without)
    assert laboratory.trainings == TRAININGS
    return True


@pytest.mark.parametrize(("rate", "is_found"), [(0.05, True), (0.003, False)])
def test_a_rate_too_high_is_found_and_a_sound_one_is_not(rate: float, is_found: bool) -> None:
    assert found_in(a_case(rate)) is is_found


def test_nothing_is_trained_where_nothing_can_be_gained() -> None:
    case = a_case(0.003, epochs=0)
    assert not has_something_to_gain(Examination(case))
    laboratory = Laboratory(case, TRAININGS, 60.0)
    assert unsuspected(Examination(case), laboratory) is None
    assert laboratory.trainings == 0
