"""Gains that matter: of a small error a large share does, and hardly anything of it does not."""

from __future__ import annotations

import pytest

from chainrule.diagnosis.cases.arrangement import Remedy
from chainrule.diagnosis.experiments.experiment import Experiment
from chainrule.diagnosis.experiments.rule import USUAL, Rules, of_so_much

REMEDY = Remedy("any", "Do it.", lambda before: before)


@pytest.mark.parametrize(
    ("before", "after", "matters"),
    [
        (0.5, 0.4, True),
        (0.5, 0.45, False),
        (0.1, 0.06, True),
        (0.1, 0.08, False),
        (0.052, 0.027, True),
        (0.052, 0.04, False),
        (0.015, 0.001, True),
        (0.008, 0.0001, False),
    ],
)
def test_a_gain_matters_by_its_size_or_by_its_share(
    before: float, after: float, matters: bool
) -> None:
    spread = [1.0 + 0.002 * place for place in range(5)]
    without, treated = (tuple(one * factor for factor in spread) for one in (before, after))
    assert Experiment(REMEDY, without, treated, 10, 100).is_clear is matters


@pytest.mark.parametrize(("asked", "matters"), [((of_so_much(0.15),), True), (USUAL, False)])
def test_what_is_enough_by_itself_needs_no_share_of_a_large_error(
    asked: Rules, matters: bool
) -> None:
    without = tuple(1.2 + 0.002 * place for place in range(5))
    treated = tuple(one - 0.16 for one in without)
    assert Experiment(REMEDY, without, treated, 10, 100, asked=asked).is_clear is matters
