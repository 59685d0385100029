"""What is said of a comparison: failures, ends by time, and what did not reach the goal."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from comparisons import made_of

from chainrule.training.stopping import TIME_LIMIT
from chainrule.views.comparison_grids import explained


def test_an_error_that_names_its_setting_is_a_sentence() -> None:
    found = made_of({"lbfgs": [math.inf] * 3, "adam": [0.3] * 3})
    why = "lbfgs needs more memory than there is"
    trials = [replace(one, failed=one.failed and why) for one in found.trials]
    said = replace(found, trials=tuple(trials)).in_words
    assert "lbfgs failed in 3 of 3 trainings: it needs more memory than there is." in said


@pytest.mark.parametrize("kept", [1, 2])
def test_where_time_ran_out_it_is_said_whether_the_loss_still_fell(kept: int) -> None:
    found = made_of({"slow": [0.4] * 6, "fast": [0.3] * 6})
    trials = []
    for one in found.trials:
        run = one.run
        assert run is not None
        if one.label == "slow":
            state = replace(run.state, kept_epoch=kept)
            run = replace(run, ended=f"{TIME_LIMIT} 1 s was reached", state=state)
        trials.append(replace(one, run=run))
    said = replace(found, trials=tuple(trials)).in_words
    assert "Of slow, half of the trainings or more were cut off by the time limit." in said
    early = "Most of these had their lowest validation loss in the first half of their epochs."
    assert (early in said) is (kept == 1)
    assert ("More seconds may change their place." in said) is (kept == 2)


def test_a_training_that_does_not_reach_the_goal_is_explained() -> None:
    said = explained(made_of({"a": [0.4] * 3, "b": [0.3] * 3}))
    assert "; a training that does not reach it counts as longer than any other;" in said[-1]
