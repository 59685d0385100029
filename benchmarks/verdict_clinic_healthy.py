"""The clinic set's healthy runs."""

from __future__ import annotations

from verdict_clinic_trainings import COMPASS, LETTERS
from verdict_runs import Subject, healthy


def subjects() -> list[Subject]:
    """Return runs that a competent person would leave as they are."""
    return [
        healthy("bearings, a layer of tanh", COMPASS),
        healthy("letters, a layer of relu", LETTERS),
    ]
