"""More starts: where five beside five leave open what ten beside ten show."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from test_diagnosis_own_start import a_rate_for, laboratory_of, relu_at_the_end, without_relu

from chainrule.diagnosis.experiments.experiment import Experiment
from chainrule.diagnosis.experiments.laboratory import SEEDS, Laboratory
from chainrule.diagnosis.experiments.more_starts import from_more_starts
from chainrule.diagnosis.experiments.significance import LEVEL, probability_of_chance

# From its five starts a class is lost often enough to matter, and too seldom to be certain.
OPEN = 2


def question() -> tuple[Laboratory, Experiment]:
    run = relu_at_the_end(OPEN)
    laboratory = laboratory_of(run)
    return laboratory, laboratory.compare(without_relu(run))


def test_ten_beside_ten_answer_what_five_left_open() -> None:
    laboratory, first = question()
    assert first.matters
    assert first.probability >= LEVEL
    found = from_more_starts(laboratory, first)
    assert found is not None
    assert found.is_clear
    assert (len(found.without), len(found.treated)) == (2 * SEEDS, 2 * SEEDS)
    assert found.without[:SEEDS] == first.without
    assert found.probability == probability_of_chance(found.without, found.treated) < LEVEL / 2
    assert found.looks == 2


@pytest.mark.parametrize(
    "change",
    [{"looks": 2}, {"parts": 2}, {"shows": False}, {"over_rows": 0.02}],
    ids=lambda change: next(iter(change)),
)
def test_what_had_a_second_look_or_is_judged_otherwise_gets_none(change: dict[str, Any]) -> None:
    laboratory, first = question()
    before = laboratory.trainings
    assert from_more_starts(laboratory, replace(first, **change)) is None
    assert laboratory.trainings == before


def test_what_is_too_little_to_matter_is_not_looked_at_again() -> None:
    run = relu_at_the_end(OPEN)
    laboratory = laboratory_of(run)
    assert from_more_starts(laboratory, laboratory.compare([a_rate_for(run)])) is None


def test_trainings_of_another_laboratory_are_not_added_to() -> None:
    _, first = question()
    elsewhere = laboratory_of(relu_at_the_end(OPEN + 100))
    elsewhere.compare(without_relu(relu_at_the_end(OPEN + 100)))
    assert from_more_starts(elsewhere, first) is None


def test_without_time_for_all_of_them_none_is_begun() -> None:
    laboratory, first = question()
    laboratory.budget.limit = laboratory.budget.used + 1e-6
    assert from_more_starts(laboratory, first) is None
    assert not laboratory.is_out_of_time
