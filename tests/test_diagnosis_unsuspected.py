"""Rates and lengths tried without a suspicion: what no sign shows is found, sound runs stay so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.diagnosis.ailments import AILMENTS
from chainrule.diagnosis.cases.arrangement import Arrangement
from chainrule.diagnosis.cases.case import Case, case_of
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.experiments.laboratory import Laboratory
from chainrule.diagnosis.experiments.rule import Rule
from chainrule.diagnosis.experiments.trained import Trained
from chainrule.diagnosis.experiments.two_looks import Looks
from chainrule.diagnosis.probes.relative_error import Errors
from chainrule.diagnosis.remedies.rate_changes import lower_rate
from chainrule.diagnosis.sign import Sign
from chainrule.diagnosis.verdicts.finding import Finding, in_order_of_trial
from chainrule.diagnosis.verdicts.judgement import verdict_of
from chainrule.diagnosis.verdicts.unsuspected import (
    TRAININGS,
    has_something_to_gain,
    unsuspected,
)
from chainrule.randomness import normal


def a_case(rate: Any, epochs: int = 30, seed: int = 0, **more: Any) -> Case:
    x = normal(seed, "rows of a test", 1600).reshape(400, 4)
    y = np.sin(2.0 * x[:, 0]) + x[:, 1] * x[:, 2]
    network = cr.Network(*[cr.Dense(16, "tanh") for _ in range(4)], cr.Dense(1))
    given = {"optimizer": "adam", "batch_size": 16, "validation": 0.25, **more}
    run = cr.train(network, x, y, learning_rate=rate, epochs=epochs, seed=seed, progress=False,
                   **given)  # fmt: skip
    return case_of(run)


def found_in(case: Case) -> Finding | None:
    finding = unsuspected(Examination(case), Laboratory(case, TRAININGS, 60.0))
    if finding is not None:
        assert finding.is_confirmed
        experiment = finding.experiment
        assert experiment is not None
        # The error that is told is larger than what is left with the remedy, by the sign as well.
        (sign,) = finding.signs
        assert sign.measured == median(experiment.without) > sign.threshold
    return finding


@pytest.mark.parametrize(
    ("rate", "epochs", "name"),
    [
        (0.05, 30, "rate_too_high"),
        (0.01, 60, ""),
        (3e-4, 60, "rate_too_low"),
        (0.003, 5, "rate_too_low"),
    ],
)
def test_wrong_rates_and_lengths_are_found_and_sound_ones_are_not(
    rate: float, epochs: int, name: str
) -> None:
    finding = found_in(a_case(rate, epochs))
    assert (finding.ailment.name if finding else "") == name


def test_labels_of_chance_are_not_learned_faster() -> None:
    x = normal(0, "rows of a test", 800).reshape(200, 4)
    y = normal(0, "targets of a test", 200)
    network = cr.Network(cr.Dense(30, "tanh"), cr.Dense(1))
    run = cr.train(network, x, y, optimizer="adam", learning_rate=1e-3, epochs=30, progress=False)
    # Every row is learned from: by these alone a higher rate would do better.
    assert found_in(case_of(run)) is None


# ---- two looks ----


class Drawn(Laboratory):
    """A laboratory whose trainings are drawn: errors that a test gives by name and look."""

    def __init__(self, case: Case, errors: Mapping[str, Sequence[Sequence[float]]]) -> None:
        super().__init__(case, TRAININGS, 60.0)
        self.errors = errors
        self.asked: list[tuple[str, int]] = []

    def keep_pace(self, coming: int = 0) -> None:
        """Leave all trainings as long as they are."""

    def trained(self, name: str, arrangement: Arrangement, seeds: Sequence[int]) -> list[Trained]:
        place = int(seeds[0] != self.seeds[0])
        self.asked.append((name, place))
        given = self.errors[name][place]
        return [Trained(Errors(one, one), Errors(one, one), None) for one in given]


HIGH, HALVED, FIFTH_LESS = ([1.0, 0.98, 0.96, 1.02, 1.04], [0.5] * 5, [0.8] * 5)
LUCKY = [0.5, 0.5, 0.5, 1.1, 1.2]


@pytest.mark.parametrize(
    ("share", "treated", "is_shown", "looks"),
    [
        (0.15, [HALVED, HALVED], True, 1),
        (0.15, [HIGH, HALVED], False, 1),
        (0.15, [LUCKY, HALVED], True, 2),
        (0.15, [LUCKY, LUCKY], False, 2),
        (1 / 3, [FIFTH_LESS, FIFTH_LESS], False, 2),
    ],
)
def test_one_look_is_enough_only_where_the_gain_is_beyond_doubt(
    share: float, treated: list[list[float]], is_shown: bool, looks: int
) -> None:
    case = a_case(0.003, epochs=1)
    remedy = lower_rate(case.setup, 3.0)
    laboratory = Drawn(case, {"": [HIGH, HIGH], remedy.name: treated})
    found = Looks(laboratory, lambda without, treated: True, Rule(0.01, share)).shown(remedy)
    assert (found is not None) is is_shown
    assert sum(name == remedy.name for name, _ in laboratory.asked) == looks
    if found is not None:
        assert len(found.without) == len(found.treated) == 5 * looks


def test_a_remedy_that_goes_further_is_what_is_told() -> None:
    case = a_case(0.003, epochs=1)
    near, far = lower_rate(case.setup, 3.0), lower_rate(case.setup, 10.0)
    laboratory = Drawn(case, {"": [HIGH, HIGH], near.name: [FIFTH_LESS], far.name: [[], HALVED]})
    looks = Looks(laboratory, lambda without, treated: True, Rule(0.01, 1 / 3))
    found = looks.shown(near, far)
    assert found is not None
    assert found.remedy is far
    assert found.treated == tuple(HALVED)


def test_nothing_is_trained_where_nothing_can_be_gained() -> None:
    case = a_case(0.003, epochs=0)
    assert not has_something_to_gain(Examination(case))
    laboratory = Laboratory(case, TRAININGS, 60.0)
    assert unsuspected(Examination(case), laboratory) is None
    assert laboratory.trainings == 0


def test_lower_rates_are_tried_before_higher_ones() -> None:
    much, little = (Sign("loss", size, 1.0, "above", "", "", "") for size in (99.0, 1.1))
    low = Finding(AILMENTS["rate_too_low"], (much,))
    high = Finding(AILMENTS["rate_too_high"], (little,))
    other = Finding(AILMENTS["saturation"], (little,))
    assert in_order_of_trial([low, high]) == [high, low]
    # Alone, what is clearly beyond its threshold comes first.
    assert in_order_of_trial([other, low]) == [low, other]


@pytest.mark.parametrize(("batch_size", "name"), [(None, "rate_too_low"), (32, "healthy")])
def test_few_steps_are_too_few_where_little_is_left_as_well(
    batch_size: int | None, name: str
) -> None:
    """A plane, learned by descent on all rows at once, or on 32: both leave less than a tenth."""
    x = normal(3, "rows", 400 * 4).reshape(400, 4)
    run = cr.train(
        cr.Network(cr.Dense(24, "relu"), cr.Dense(1)), x, x @ np.array([1.0, -0.7, 0.4, 0.2]),
        optimizer="gradient_descent", learning_rate=0.05, epochs=30, batch_size=batch_size,
        validation=0.2, seed=0, progress=False,
    )  # fmt: skip
    case = case_of(run)
    assert Examination(case).errors.judged < 0.1
    assert verdict_of(case).name == name


# ---------------------------------------------------------------- limits that end a training


def _limited(**limit: Any) -> Any:
    x = normal(0, "rows of a limit", 800 * 6).reshape(800, 6)
    y = np.tanh(x @ [1.0, -1.0, 0.5, 0.0, 2.0, 0.3]) + 0.1 * normal(0, "noise of a limit", 800)
    network = cr.Network(cr.Dense(16, "tanh"), cr.Dense(1))
    return cr.train(
        network, x, y, learning_rate=0.01, epochs=200, validation=0.25, progress=False, **limit
    )


def test_a_training_that_has_come_to_its_target_is_not_too_short() -> None:
    run = _limited(target_loss=0.1)
    assert run.ended == "the loss reached 0.1"
    longer = _limited()
    assert longer.history["validation_loss"][-1] < 0.5 * run.history["validation_loss"][-1]
    assert verdict_of(case_of(run)).name == "healthy"


def test_a_limit_that_ended_a_training_too_soon_is_named_and_taken_away() -> None:
    run = _limited(min_change=0.05)
    assert run.recording.epochs < 10
    report = cr.diagnose(run)
    assert report.name == "rate_too_low"
    assert report.primary is not None
    assert report.primary.remedy is not None
    assert report.primary.remedy.code == "min_change=None"
    fix = report.fix(seeds=4, progress=False)
    assert fix.run.ended == "all epochs were run"
