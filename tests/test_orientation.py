"""Rows against columns: samples that stand in columns are named at once, with the remedy."""

from __future__ import annotations

import re
import warnings
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import chainrule as cr
from chainrule.data.orientation import may_be_in_columns, samples_in_columns
from chainrule.errors import ShapeError

ROWS = np.random.default_rng(0).normal(size=(200, 3))
GOALS = ROWS @ np.array([[1.0, 0.5], [0.0, 1.0], [2.0, 0.0]])


def trained(x: NDArray[Any], y: NDArray[Any]) -> cr.Network:
    return cr.train(cr.Network(cr.Dense()), x, y, epochs=1, progress=False).network


@pytest.mark.parametrize(
    ("x", "y", "shapes", "remedy"),
    [
        (ROWS.T, GOALS.T, "X is 3 x 200 and y is 2 x 200", r"Give X\.T and y\.T\."),
        (ROWS.T, GOALS[:, 0], "X is 3 x 200 and y is 200 numbers", r"Give X\.T\."),
        (ROWS.T, GOALS, "X is 3 x 200 and y is 200 x 2", r"Give X\.T\."),
        (ROWS, GOALS.T[:1], "X is 200 x 3 and y is 1 x 200", r"y\.T, or y\.ravel\(\)"),
        (ROWS, GOALS.T, "X is 200 x 3 and y is 2 x 200: y has one", r"Give y\.T\."),
    ],
)
def test_samples_in_columns_are_said_at_once(x: Any, y: Any, shapes: str, remedy: str) -> None:
    for learn in (trained, lambda a, b: cr.fit_network(a, b, epochs=1, progress=False)):
        with pytest.raises(ShapeError, match=shapes) as raised:
            learn(x, y)
        assert re.search(remedy, raised.value.remedy)


def test_the_remedies_help() -> None:
    trained(ROWS.T.T, GOALS.T.T)
    assert samples_in_columns(ROWS, GOALS) is None
    assert may_be_in_columns(ROWS, GOALS) is None


def test_few_rows_of_very_many_inputs_and_outputs_are_doubted() -> None:
    with pytest.warns(UserWarning, match=r"X is 3 x 200 and y is 3 x 200: it seems.*Give X\.T"):
        trained(ROWS.T, 2.0 * ROWS.T)
    with pytest.raises(ShapeError, match="it seems"):
        cr.fit_network(ROWS.T, 2.0 * ROWS.T, progress=False)


def test_what_gives_itself_back_and_what_is_square_are_not() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        trained(ROWS.T, ROWS.T)
        trained(ROWS[:3], GOALS[:3])
    assert samples_in_columns(np.ones((5, 5)), np.ones((5, 1))) is None


def test_other_rows_that_do_not_meet_are_told_as_before() -> None:
    with pytest.raises(ShapeError, match=r"The target is \(7, 1\) for 200 rows"):
        trained(ROWS, np.arange(7.0))
