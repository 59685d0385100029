"""Other rows: parts held out in turn, and experiments that are in doubt on few rows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from diagnosed_runs import rows

import chainrule as cr
from chainrule.diagnosis.cases.arrangement import Remedy, on_setup
from chainrule.diagnosis.cases.case import Case, case_of
from chainrule.diagnosis.experiments.laboratory import Laboratory
from chainrule.diagnosis.experiments.other_rows import (
    by_turns,
    compare_by_turns,
    turns,
    turns_where_none_was_held,
)
from chainrule.diagnosis.experiments.significance import LEVEL_OF_ROWS
from chainrule.randomness import normal


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
