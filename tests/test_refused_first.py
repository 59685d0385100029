"""A comparison refuses what an optimizer cannot train before it trains anything."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import chainrule as cr
import chainrule.comparison.door
import chainrule.comparison.tables
from chainrule.comparison.tables import compare_table, recipes_of
from chainrule.data.choices import Choices

DRAW = np.random.default_rng(2)
X = DRAW.normal(size=(40, 3))
Y = X @ np.array([1.0, -1.0, 0.5])
NETWORK = cr.Network(cr.Dense(3, "tanh"), cr.Dense(1))
NORMED = cr.Network(cr.Dense(3), cr.BatchNorm(), cr.Dense(1))


@pytest.fixture(autouse=True)
def nothing_is_trained(monkeypatch: pytest.MonkeyPatch) -> None:
    def trained(*_: Any) -> None:
        raise AssertionError("A training began.")

    monkeypatch.setattr(chainrule.comparison.door, "run_trials", trained)
    monkeypatch.setattr(chainrule.comparison.tables, "run_trials", trained)


@pytest.mark.parametrize(
    ("given", "cause"),
    [
        ({"network": NORMED, "optimizer": "levenberg_marquardt"}, "mixes the rows of a batch"),
        ({"l2": 0.1, "optimizer": "bayesian_regularization"}, "finds out itself how strongly"),
        ({"clip_norm": 1.0, "optimizer": "lbfgs"}, "clip_norm changes single steps"),
        ({"patience": 3}, "there are no validation rows"),
    ],
)
def test_settings(given: dict[str, Any], cause: str) -> None:
    settings = [{"optimizer": "adam"}, given]
    with pytest.raises(cr.SetupError, match=cause):
        cr.compare(NETWORK, X, Y, settings=settings, validation=0.0, progress=False)


def test_losses() -> None:
    names = ["adam", "levenberg_marquardt"]
    with pytest.raises(cr.SetupError, match="there is none for the loss huber"):
        cr.compare(NETWORK, X, Y, optimizers=names, loss="huber", progress=False)


def test_on_a_table() -> None:
    table = {**dict(zip("abc", X.T, strict=True)), "y": Y}
    recipes = recipes_of(
        {one: {"optimizer": one} for one in ("adam", "bayesian_regularization")}, hidden=(3,),
        activation="tanh", learning_rate=None, epochs=3, batch_size="auto", patience=None, l2=0.1,
        seed=0,
    )  # fmt: skip
    with pytest.raises(cr.SetupError, match="finds out itself how strongly"):
        compare_table(table, "y", Choices(), recipes, seeds=[0], progress=False)
