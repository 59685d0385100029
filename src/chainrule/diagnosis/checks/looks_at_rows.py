"""Looks at rows: rare classes, copies in both parts, columns that say the target."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.data.giveaways import (
    FIRST_ROWS,
    GIVEN_AWAY,
    MOST_COLUMNS,
    errors_of_columns,
    looked_at,
    told,
    why_not_tried,
)
from chainrule.data.hints import FEWEST_SENTINELS
from chainrule.diagnosis.cases.arrangement import Arrangement
from chainrule.diagnosis.checks.concern import Concern
from chainrule.diagnosis.checks.look import LeftOutError
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.probes.copies import are_equal_by_chance, shared_rows
from chainrule.diagnosis.probes.missing_numbers import missing_numbers
from chainrule.diagnosis.remedies.filling_in import FILL_IN

# Of what each of equally many classes would have.
RARE = 0.2
RARE_CLASS = "a rare class"


def rare_classes(examined: Examination, arrangement: Arrangement) -> list[Concern]:
    """Return a concern for a class that has far fewer rows than the others."""
    target = examined.setup.targets[0]
    if target.task != "classification" or arrangement.training.time_weights:
        return []
    labels = arrangement.training.targets[0].reshape(-1).astype(np.int64)
    unlearned = _never_learned(labels, arrangement.training.weights, target.labels)
    if unlearned:
        return unlearned
    shares = np.bincount(labels, minlength=target.width) / len(labels)
    least = int(shares.argmin())
    even = 1.0 / target.width
    if shares[least] >= RARE * even:
        return []
    weighs = arrangement.training.weights[labels == least]
    if len(weighs) and float(weighs.mean()) > 0.5 * even / max(float(shares[least]), 1e-12):
        return []
    more = int(np.count_nonzero(shares < RARE * even)) - 1
    others = f", and {more:,} more classes are as rare" if more else ""
    return [
        Concern(
            RARE_CLASS,
            f"{_per_cent(float(shares[least]))} of the training rows are {target.labels[least]!r}, "
            f"so that a network which never predicts it is right for "
            f"{_per_cent(1.0 - float(shares[least]))} of them{others}.",
            "Weigh the classes, class_weight='balanced', and look at metrics='balanced_accuracy'.",
            float(shares[least]),
            RARE * even,
        )
    ]


def _never_learned(
    labels: NDArray[np.int64], weights: NDArray[Any], names: Sequence[Any]
) -> list[Concern]:
    """Return a concern for a class all of whose rows have the weight 0."""
    counts = np.bincount(labels, minlength=len(names))
    weighs = np.bincount(labels, weights=weights, minlength=len(names))
    found = np.flatnonzero((counts > 0) & (weighs == 0.0))
    if not len(found):
        return []
    first, more = int(found[0]), len(found) - 1
    others = f", and so have {more:,} more classes" if more else ""
    return [
        Concern(
            "a class of no weight",
            f"All {counts[first]:,} training rows of {names[first]!r} have the weight 0{others}, "
            "so that nothing is learned from them.",
            "Give the class a weight above 0, or leave its rows out.",
            0.0,
            0.0,
        )
    ]


def _per_cent(share: float) -> str:
    return f"{share:.1%}" if 0.0005 <= share <= 0.9995 or share in (0.0, 1.0) else f"{share:.3%}"


def missing(examined: Examination, arrangement: Arrangement) -> list[Concern]:
    """Return a concern where a number such as -999 may stand for missing ones."""
    found = missing_numbers(examined.case)
    if not found:
        return []
    first = max(found, key=lambda one: one.rows)
    others = len(found) - 1
    more = f", and such numbers in {others:,} more column{'s' * (others > 1)}" if others else ""
    return [
        Concern(
            "numbers that may be missing",
            f"{first.words}{more}: it may mean that there is no value.",
            FILL_IN,
            float(first.rows),
            float(FEWEST_SENTINELS),
        )
    ]


def shared(examined: Examination, arrangement: Arrangement) -> list[Concern]:
    """Return a concern for validation rows that are training rows, too; all are compared."""
    places = shared_rows(arrangement.training, arrangement.validation)
    if not len(places) or are_equal_by_chance(arrangement.training, arrangement.validation):
        return []
    share = len(places) / len(arrangement.validation)
    return [
        Concern(
            "rows in both parts",
            f"{len(places):,} of {len(arrangement.validation):,} validation rows ({share:.0%}) "
            "stand among the training rows, too, so that learning by heart looks like success.",
            "Leave copies out, or split by whom or what the rows are of.",
            share,
            0.0,
        )
    ]


def given_away(examined: Examination, arrangement: Arrangement) -> list[Concern]:
    """Return a concern for columns that say the target by themselves.

    Raises LeftOutError where there are no columns, or too few rows to tell one from luck.
    """
    rows = arrangement.training
    x = rows.inputs[0]
    if len(rows.inputs) > 1 or x.ndim != 2 or x.dtype.kind != "f" or rows.time_weights:
        raise LeftOutError("the inputs are no single table of numbers")
    reason = why_not_tried(len(rows), x.shape[1])
    if reason:
        raise LeftOutError(reason)
    setup = examined.setup
    places = looked_at(len(rows), setup.seed)
    target = rows.targets[0][places]
    if setup.targets[0].task == "classification":
        target = target.reshape(-1).astype(np.int64)
    errors = errors_of_columns(x[places], target, setup.seed)
    found = told(errors)
    if not len(found):
        return []
    best = int(found[0])
    names = examined.case.columns
    named = repr(names[best]) if names else str(best)
    more = f", and {len(found) - 1:,} more do" if len(found) > 1 else ""
    return [
        Concern(
            "a column gives the answer away",
            f"Column {named} alone predicts the target with {errors[best]:.1%} of the error of a "
            f"constant{more}{_tried(len(places), len(rows), x.shape[1])}: it may be made of the "
            "target.",
            "Leave it out unless it is known before the target is.",
            float(errors[best]),
            GIVEN_AWAY,
        )
    ]


def _tried(count: int, rows: int, columns: int) -> str:
    """Return on how many rows columns were tried, where it was not on all."""
    if columns > MOST_COLUMNS:
        said = f"{min(count, FIRST_ROWS):,} rows chose which columns to try"
        return f" ({said}, on {count:,} of {rows:,})"
    return f" (tried on {count:,} of {rows:,} rows)" if count < rows else ""
