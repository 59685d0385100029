"""The limit of seconds of a comparison: time that its own thread works."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.comparison import trial

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(40, 3))
Y = X @ np.array([[1.0], [2.0], [-1.0]])


def counting(step: float) -> Any:
    """Return a clock that goes on by a step each time it is read."""
    ticks = itertools.count()
    return lambda: next(ticks) * step


@pytest.mark.parametrize("name", ["adam", "levenberg_marquardt"])
def test_a_training_ends_by_the_clock_of_its_thread(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # No second goes by in which the trainings could have ended by any other clock.
    monkeypatch.setattr(trial, "CLOCK", counting(1000.0))
    made = cr.compare(
        cr.Network(cr.Dense(4, "tanh"), cr.Dense(1)), X, Y, optimizers=[name, "momentum"], seeds=1,
        epochs=10**6, seconds=5000.0, progress=False,
    )  # fmt: skip
    assert all("limit of 5000 s" in one.run.ended for one in made.trials if one.run is not None)
    assert all(0 < len(one.seconds) < 10**6 for one in made.trials)
