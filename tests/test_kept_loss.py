"""The loss of what is kept: that of the network itself on its rows, not that of an epoch."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.training.runs import Runs

DRAW = np.random.default_rng(3)
X = DRAW.normal(size=(70, 3))
Y = np.tanh(X[:, 0]) * X[:, 1]
WEIGHTS = DRAW.uniform(0.0, 2.0, size=70)
PLAIN = (cr.Dense(6, "tanh"), cr.Dense(1))
SETTINGS: dict[str, dict[str, Any]] = {
    "while it learns": {"optimizer": "bold_driver"},
    "a few steps": {"optimizer": "irprop_plus", "batch_size": None},
    "after the iteration": {"optimizer": "lbfgs"},
    "dropout": {"network": cr.Network(cr.Dense(6, "tanh"), cr.Dropout(0.5), cr.Dense(1))},
    "batch norm": {"network": cr.Network(cr.Dense(6), cr.BatchNorm(), cr.Dense(1))},
    "penalty": {"l2": 0.1},
    "frozen": {"freeze": "*.b"},
}


def squares(run: Any, weights: Any = None) -> float:
    return float(np.average((run.predict(X) - Y) ** 2, weights=weights))


@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_it_is_the_mean_of_squares_of_what_the_network_predicts(weights: Any) -> None:
    found = cr.compare(
        cr.Network(*PLAIN), X, Y, settings=SETTINGS, seeds=1, epochs=5, validation=0.0,
        sample_weight=weights, progress=False,
    )  # fmt: skip
    assert len(found.trials) == len(SETTINGS)
    for one in found.trials:
        assert one.loss == pytest.approx(squares(one.run, weights), rel=2e-5), one.label
        differs = one.loss != pytest.approx(one.history["loss"][-1], rel=1e-3)
        assert differs == (one.label != "after the iteration"), one.label


def test_train_many_measures_the_same() -> None:
    each = [{"seed": 3, **one} for one in SETTINGS.values()]
    runs = cr.train_many(cr.Network(*PLAIN), X, Y, each=each, epochs=5, progress=False)
    assert runs.losses == pytest.approx([squares(run) for run in runs], rel=2e-5)
    assert runs.best is runs[int(np.argmin([squares(run) for run in runs]))]


def test_a_loss_over_many_rows_is_that_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    run = cr.train(cr.Network(*PLAIN), X, Y, epochs=3, sample_weight=WEIGHTS, progress=False)
    monkeypatch.setattr("chainrule.training.loss_on.ROWS_AT_ONCE", 16)
    assert run.training_loss == pytest.approx(squares(run, WEIGHTS), rel=2e-5)


def test_a_run_that_was_loaded_has_no_rows(tmp_path: Path) -> None:
    run = cr.train(cr.Network(*PLAIN), X, Y, epochs=3, progress=False)
    run.save(tmp_path / "run")
    loaded = cr.load(tmp_path / "run")
    assert math.isnan(loaded.training_loss)
    assert Runs([loaded]).losses.tolist() == [loaded.history["loss"][-1]]
