"""``check`` says what training would refuse, and judges one batch by what it can know."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.diagnosis.experiments import first_steps

ROWS = np.random.default_rng(8).normal(size=(200, 5))
NUMBERS = ROWS[:, 0] + ROWS[:, 1] ** 2
CLASSES = (NUMBERS > 1.0).astype(int)


def told(found: Any) -> dict[str, str]:
    return {one.name: one.cause for one in found.concerns}


def test_a_softmax_too_many_is_a_doubt_and_no_error() -> None:
    network = cr.Network(cr.Dense(8, "tanh"), cr.Dense(2, "softmax"))
    found = cr.check(network, ROWS, CLASSES)
    assert "softmax" in told(found)["refused"]
    assert found.concerns[0].is_error


def test_nothing_left_to_train_is_a_doubt_and_no_error() -> None:
    network = cr.Network(cr.Dense(8, "tanh"), cr.Dense(1))
    assert "frozen" in told(cr.check(network, ROWS, NUMBERS, freeze=("*",)))["refused"]


def test_rows_that_are_all_the_same_are_told() -> None:
    network = cr.Network(cr.Dense(8, "tanh"), cr.Dense(1))
    found = cr.check(network, np.ones_like(ROWS), NUMBERS)
    assert "200 rows" in told(found)["inputs that are the same"]


def test_weights_of_rows_do_not_keep_a_batch_from_being_learned() -> None:
    rare = (np.arange(200) < 4).astype(int)
    network = cr.Network(cr.Dense(8, "tanh"), cr.Dense())
    assert "one batch" not in told(cr.check(network, ROWS, rare, class_weight={0: 1, 1: 1000}))


@pytest.mark.parametrize("rate", [1e-3, 1e-9])
def test_a_batch_that_time_cut_off_is_not_judged(monkeypatch: Any, rate: float) -> None:
    network = cr.Network(cr.Dense(8, "tanh"), cr.Dense(1))
    assert ("one batch" in told(cr.check(network, ROWS, NUMBERS, learning_rate=rate))) == (
        rate < 1e-3
    )
    monkeypatch.setattr(first_steps, "SECONDS", 1e-6)
    assert "one batch" not in told(cr.check(network, ROWS, NUMBERS, learning_rate=rate))


REFUSED: dict[str, Any] = {
    "inputs beyond float32": (cr.Network(cr.Dense(4), cr.Dense(1)), ROWS * 1e39, NUMBERS, {}),
    "a target beyond float32": (cr.Network(cr.Dense(4), cr.Dense(1)), ROWS, NUMBERS * 1e300, {}),
    "a last step of one row": (
        cr.Network(cr.Dense(4), cr.BatchNorm(), cr.Dense(1)),
        ROWS[:121],
        NUMBERS[:121],
        {"batch_size": 40},
    ),
    "a search through chance": (
        cr.Network(cr.Dense(4), cr.Dropout(0.5), cr.Dense(1)),
        ROWS,
        NUMBERS,
        {"optimizer": "levenberg_marquardt"},
    ),
    "patience without rows": (
        cr.Network(cr.Dense(4), cr.Dense(1)), ROWS, NUMBERS, {"patience": 3},
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_what_training_refuses_at_its_first_step_has_the_same_cause_and_remedy(what: str) -> None:
    network, x, y, given = REFUSED[what]
    with pytest.raises(cr.ChainruleError) as refused:
        cr.train(network, x, y, epochs=1, progress=False, **given)
    (concern,) = cr.check(network, x, y, **given).concerns
    assert (concern.name, concern.is_error) == ("refused", True)
    assert (concern.cause, concern.remedy) == (refused.value.cause, refused.value.remedy)
