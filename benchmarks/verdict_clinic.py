"""The clinic's faults."""

from __future__ import annotations

from verdict_runs import Subject, Training, Ward, dense
from verdict_tables import digits


def faults() -> list[Subject]:
    """Return all specimens."""
    sound = Training(digits, dense(32), {"learning_rate": 0.003, "epochs": 12})
    return [Ward("rate_too_high").case("digits", sound, learning_rate=1.0)]
