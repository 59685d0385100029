"""Other rows: parts held out in turn, and experiments that are in doubt on few rows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from diagnosed_runs import rows

import chainrule as cr
from chainrule.diagnosis.ailments.overfitting import OVERFITTING
from chainrule.diagnosis.budget import Budget
from chainrule.diagnosis.cases.arrangement import Remedy, on_setup
from chainrule.diagnosis.cases.case import Case, case_of
from chainrule.diagnosis.experiments.experiment import Experiment
from chainrule.diagnosis.experiments.laboratory import Laboratory
from chainrule.diagnosis.experiments.other_rows import (
    by_turns,
    compare_by_turns,
    turns,
    turns_where_none_was_held,
)
from chainrule.diagnosis.experiments.rule import of_so_much
from chainrule.diagnosis.experiments.significance import LEVEL_OF_ROWS, standard_error_of_all
from chainrule.diagnosis.verdicts.finding import Finding
from chainrule.diagnosis.verdicts.judgement import concluded
from chainrule.diagnosis.verdicts.sentences import sentence_of
from chainrule.diagnosis.verdicts.verdict import Verdict, summary
from chainrule.randomness import normal, permutation
from chainrule.views.diagnosis_chapters import suspicion


def case(count: int, noise: float = 0.5, classes: bool = False, **given: Any) -> Case:
    x, y = rows(count, 4)
    y = y + noise * normal(0, "noise of a test", count)
    network = cr.Network(cr.Dense(6, "tanh"), cr.Dense(2 if classes else 1))
    given = {"epochs": 20, "learning_rate": 0.02, "validation": 0.2, **given}
    targets = (y > 0.3).astype(int) if classes else y
    return case_of(cr.train(network, x, targets, progress=False, **given))


def faster(times: float) -> Remedy:
    def change(setup: Any) -> Any:
        optimizer = replace(setup.optimizer, learning_rate=times * setup.optimizer.learning_rate)
        return replace(setup, optimizer=optimizer)

    return Remedy(f"rate times {times:g}", f"Multiply by {times:g}.", on_setup(change))


@pytest.mark.parametrize("validation", [0.2, 0.1, 0.0])
def test_every_row_is_held_out_once_at_most_and_all_rows_are_there(validation: float) -> None:
    given = case(100, validation=validation)
    parts = turns(given) if validation else turns_where_none_was_held(given)
    assert len(parts) == 4
    x, _ = rows(100, 4)
    held = [_numbers(x, one.validation) for one in parts]
    if validation:
        held.append(_numbers(x, given.validation))
    every = np.concatenate(held)
    assert len(np.unique(every)) == len(every)
    assert {len(one) for one in held} == {20 if validation != 0.1 else 10}
    for one, numbers in zip(parts, held, strict=False):
        left = _numbers(x, one.training)
        np.testing.assert_array_equal(np.sort(np.concatenate([left, numbers])), np.arange(100))


def _numbers(x: Any, part: Any) -> Any:
    return np.array([int(np.flatnonzero((x == row).all(axis=1))[0]) for row in part.inputs[0]])


def test_parts_have_about_the_same_classes() -> None:
    parts = turns(case(150, classes=True))
    shares = [float(one.validation.targets[0].mean()) for one in parts]
    assert np.ptp(shares) < 0.1


def test_rows_that_came_apart_or_weigh_differently_have_no_turns() -> None:
    x, y = rows(80, 4)
    network = cr.Network(cr.Dense(3, "tanh"), cr.Dense(1))
    apart = cr.train(network, x[:60], y[:60], validation=(x[60:], y[60:]), epochs=2, progress=False)
    assert turns(case_of(apart)) == []
    weighed = cr.train(
        network,
        x,
        y,
        sample_weight=np.linspace(0.5, 1.5, 80),
        validation=0.2,
        epochs=2,
        progress=False,
    )
    assert turns(case_of(weighed)) == []


def test_errors_are_means_over_the_parts_and_count_twice() -> None:
    given = case(120, learning_rate=0.0005)
    laboratory = Laboratory(given, 40, seconds=30.0)
    remedy = faster(40.0)
    first = laboratory.compare([remedy])
    parts = turns(given)
    found = by_turns(laboratory, first, parts)
    assert found.parts == 5
    own = [laboratory.untreated()] + [
        laboratory.trained(f"other rows {place + 1}", part, laboratory.seeds)
        for place, part in enumerate(parts)
    ]
    by_hand = np.mean([[one.judged for one in group] for group in own], axis=0)
    np.testing.assert_allclose(found.without, by_hand)
    assert found.over_rows is not None
    assert found.over_rows < LEVEL_OF_ROWS
    assert found.is_clear


def test_what_changes_nothing_is_not_confirmed_by_more_rows() -> None:
    given = case(120)
    laboratory = Laboratory(given, 40, seconds=30.0)
    found = by_turns(laboratory, laboratory.compare([faster(1.0)]), turns(given))
    assert not found.is_clear
    assert found.gain == 0.0


def test_what_is_certain_and_what_does_harm_has_one_look() -> None:
    slow, good = case(120, learning_rate=0.0005, noise=0.0), case(120, noise=0.0, epochs=60)
    certain = compare_by_turns(Laboratory(slow, 40, seconds=30.0), [faster(40.0)])
    assert certain.is_clear
    assert certain.parts == 1
    harmful = compare_by_turns(Laboratory(good, 40, seconds=30.0), [faster(1e-4)])
    assert not harmful.is_clear
    assert harmful.parts == 1


def of_few_parts(gain: float, parts: int = 2, **said: Any) -> Experiment:
    """An experiment of 2 of 5 parts whose five errors are lower by exactly the gain."""
    without = tuple(0.8 + 0.001 * place for place in range(5))
    treated = tuple(one - gain for one in without)
    return Experiment(
        faster(2.0), without, treated, 20, 96, parts=parts, looks=2, planned=5, spread=0.05,
        asked=(of_so_much(0.15, asks_rows=False),), **said,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("gain", "clear", "undecided"),
    [(0.21, True, False), (0.19, False, True), (0.11, False, True), (0.09, False, False)],
)
def test_what_a_standard_error_may_change_is_undecided(
    gain: float, clear: bool, undecided: bool
) -> None:
    found = of_few_parts(gain)
    assert (found.is_clear, found.is_undecided) == (clear, undecided)
    whole = of_few_parts(gain, parts=5)
    assert (whole.is_clear, whole.is_undecided) == (gain > 0.15, False)


def test_remedies_that_were_not_tried_leave_it_undecided_unless_it_is_clear() -> None:
    assert of_few_parts(-0.1, unfinished=True).is_undecided
    assert not of_few_parts(-0.1).is_undecided
    assert not of_few_parts(0.3, unfinished=True).is_undecided


def test_the_gain_of_some_parts_is_as_far_from_that_of_all_as_is_said() -> None:
    # Of rows drawn without replacement from a known whole, 95 % are to be within two of them.
    whole = normal(0, "gains of rows", 150)
    told = []
    for draw in range(400):
        chosen = whole[permutation(draw, "rows that judge", 150)[:60]]
        spread = standard_error_of_all([chosen], [np.zeros(60)], 60 / 150)
        assert spread is not None
        told.append(abs(chosen.mean() - whole.mean()) <= 2.0 * spread)
    assert 0.92 < np.mean(told) < 0.98
    assert standard_error_of_all([whole], [0.0 * whole], 1.0) == 0.0


def test_seconds_do_not_choose_between_ill_and_healthy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Laboratory, "has_time_for", lambda *_: False)
    given = case(120, learning_rate=0.003, noise=0.8)
    remedy, parts = faster(2.0), turns(given)
    whole = by_turns(*_compared(given, remedy), parts)
    assert (whole.parts, whole.planned, whole.is_undecided) == (5, 5, False)
    for count in range(4):
        laboratory, first = _compared(given, remedy)
        laboratory.budget = _Affords(count)
        found = by_turns(laboratory, first, parts)
        assert (found.parts, found.planned) == (1 + count, 5)
        assert found.is_undecided or found.is_clear == whole.is_clear


def _compared(given: Case, remedy: Remedy) -> tuple[Laboratory, Experiment]:
    laboratory = Laboratory(given, 40, seconds=30.0)
    first = laboratory.compare([remedy])
    # Half a gain is no more than what is asked, so that the bar is where the gain is.
    asked = (of_so_much(first.gain, asks_rows=False),)
    return laboratory, replace(first, asked=asked)


class _Affords(Budget):
    """Seconds for so many further parts."""

    def __init__(self, count: int) -> None:
        super().__init__(600.0, 600.0)
        self.count = count

    def affords(self, each: float, share: float) -> int:
        # A part takes trainings without the remedy and with it.
        return 2 * self.count


def _unproved(findings: list[Finding]) -> Verdict:
    return concluded(findings, {}, Laboratory(case(40), 10, seconds=1.0))


def test_what_is_undecided_is_not_proved_and_says_how_far_it_came() -> None:
    near, far = (Finding(OVERFITTING, (), (), of_few_parts(gain)) for gain in (0.19, 0.05))
    assert _unproved([near]).standing == "not proved"
    assert _unproved([far]).standing == "healthy"
    said = sentence_of(replace(_unproved([near, far]), is_out_of_time=True))
    assert said.count(OVERFITTING.title) == 1
    assert "--seconds" in said
    document = summary(_unproved([near, far]))
    told = [suspicion(one) for one in document["suspicions"]]
    assert "Time ended when 2 of 5 parts of the rows had judged" in told[0]
    assert "The experiment does not confirm it" in told[1]
    proved = of_few_parts(0.3).to_dict()
    assert (proved["parts"], proved["planned"], proved["undecided"]) == (2, 5, False)
