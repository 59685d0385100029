"""What is said where the time was over before an experiment: that it was, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

import chainrule as cr
from chainrule.diagnosis.ailments import AILMENTS
from chainrule.randomness import normal


@pytest.mark.parametrize("name", ["constant_prediction", "not_finite", "rate_too_high"])
def test_without_time_for_an_experiment_nothing_is_proved(name: str) -> None:
    report = cr.diagnose(AILMENTS[name].specimen(0), seconds=1e-3)
    assert report.found.trainings == 0
    assert (report.name, report.primary) == ("not proved", None)
    assert "the time for experiments ran out: give more" in report.verdict
    assert AILMENTS[name].title in report.verdict
    assert "none was made" in str(report)
    fix: Any = report.fix(seeds=4, progress=False)
    assert fix.words.startswith("Nothing was tried, and nothing was changed. Not proved:")


def test_a_failure_that_experiments_do_not_explain_stays_one() -> None:
    x = normal(0, "rows of a test", 200 * 3).reshape(200, 3)
    y = (normal(1, "labels of a test", 200) > 0.0).astype(int)
    network = cr.Network(cr.Dense(4, "tanh"), cr.Dense())
    run = cr.train(network, x, y, epochs=60, validation=0.4, learning_rate=0.05, progress=False)
    report = cr.diagnose(run, seconds=30.0)
    assert report.found.trainings > 0
    assert "ran out" not in report.verdict
    assert "none was" not in str(report)
