"""The practice set's healthy runs."""

from __future__ import annotations

from verdict_runs import Subject


def subjects() -> list[Subject]:
    return []
