"""What a report gives a fix to treat: each finding by itself, or several together."""

from __future__ import annotations

from collections.abc import Sequence

from chainrule.diagnosis.report import Report
from chainrule.diagnosis.verdicts.finding import Finding


def due(report: Report) -> tuple[list[Finding], list[Finding]]:
    """Return what is to be treated together, and what by itself: the cause first, what else is
    confirmed by its evidence."""
    primary = report.primary
    if primary is None:
        return [], []
    needed = list(report.found.needed)
    others = sorted(report.others, key=lambda one: (not one.beside, -one.strength))
    if primary.beside:
        return [primary, *needed], [one for one in others if one not in needed]
    return [], [primary, *others]


def left_of_proved(report: Report, each: Sequence[Finding], kept: Sequence[bool]) -> list[Finding]:
    """Return what the diagnosis has proved beside a cause that helps by itself, and it, where they
    were tried one by one and not all of them were kept: those that were not."""
    primary = report.primary
    if primary is None or primary.beside or not report.found.needed:
        return []
    proved = [primary, *report.found.needed]
    return [one for one, helps in zip(each, kept, strict=True) if one in proved and not helps]


def treatments(together: Sequence[Finding], each: Sequence[Finding]) -> int:
    """Return how many treatments these findings come to, that of all at once among them."""
    return len(each) + (1 + len(together) if together else 0)
