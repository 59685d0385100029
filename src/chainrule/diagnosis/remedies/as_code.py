"""Remedies as code: lines that run, and do to X and y what a remedy does to the rows of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from chainrule.data.ranges import ROUNDING
from chainrule.diagnosis.cases.case import Case
from chainrule.diagnosis.remedies.rate_changes import plain_rate
from chainrule.training.setup import Setup


def rows_in_code(case: Case) -> str | None:
    """Return which of the rows in X are learned from, as code: "" for all, None if unknown.

    Rows that were given apart, or prepared from a table, stand under names that only the caller
    knows; of some that were left out, as those of the weight 0 are, nothing says which they are.
    """
    known = case.setup.provenance
    if case.scaled or known.held or known.left_out:
        return None
    if not known.validation:
        return ""
    return "run.setup.provenance.training" if case.by_our_loop else None


def standardising_lines(
    name: str, rows: str, cases: NDArray[np.float64], axis: str = "axis=0"
) -> str:
    """Return lines that bring an array of this name to means of 0 and deviations of 1.

    ``rows``: those whose numbers are taken, as ``rows_in_code`` says them; ``cases`` (cases,
    columns) are their numbers; ``axis``: the axes of the array that are no columns, as arguments.
    Columns that do not vary come to 0.
    """
    known, first = (name, []) if not rows else ("known", [f"known = {name}[{rows}]"])
    middle, spread = cases.mean(axis=0), cases.std(axis=0)
    if (spread > ROUNDING * np.abs(middle)).all():
        scaled = f"{name} = ({name} - {known}.mean({axis})) / {known}.std({axis})"
        return "\n".join([*first, scaled])
    least = f"{ROUNDING:g} * abs(middle)"
    return "\n".join(
        [
            *first,
            f"middle, spread = {known}.mean({axis}), {known}.std({axis})",
            f"spread = np.where(spread > {least}, spread, np.maximum(1, {least}))",
            f"{name} = ({name} - middle) / spread",
        ]
    )


def joined(codes: Sequence[str]) -> str:
    """Return the code of several remedies as one: arguments in a line, lines below one another."""
    are_arguments = not any("\n" in one or " = " in one for one in codes)
    return (", " if are_arguments else "\n").join(codes)


def penalties_in_code(setup: Setup) -> str:
    """Return penalties and decay as arguments of ``train``, an optimizer's own decay with it.

    Nothing where that has a schedule.
    """
    given = setup.regularisation
    told = [
        f"{name}={dict(one) if isinstance(one, Mapping) else one or 0}"
        for name, one in (("l1", given.l1), ("l2", given.l2), ("weight_decay", given.weight_decay))
    ]
    if hasattr(setup.optimizer, "weight_decay"):
        if plain_rate(setup) is None:
            return ""
        told.append(f"optimizer=cr.{setup.optimizer!r}")
    return ", ".join(told)
