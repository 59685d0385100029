"""Rare classes of which each part of the rows holds a few: all parts together judge.

Three rows of a class that were held out say hardly anything of it, and all that it has say it
better. So further parts are held out in turn, and what counts are the rows of all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.diagnosis.budget import OutOfTimeError
from chainrule.diagnosis.cases.arrangement import Arrangement, Remedy
from chainrule.diagnosis.experiments.experiment import Experiment
from chainrule.diagnosis.experiments.laboratory import SEEDS, Laboratory
from chainrule.diagnosis.experiments.other_rows import means_over_parts
from chainrule.diagnosis.experiments.significance import LEVEL, LEVEL_OF_ROWS
from chainrule.diagnosis.experiments.trained import Trained
from chainrule.diagnosis.probes.rare_classes import Missed, luck_of_rows
from chainrule.diagnosis.probes.relative_error import WORST, balanced_error

EVEN_CHANCE = 0.5
# Of the seconds that are left for further parts.
SHARE_OF_SECONDS = 0.8


def balanced_on_held_out(one: Trained) -> float:
    """Return the balanced error of a training on its rows that were not learned from."""
    if one.run is None or one.run.rows is None or not len(one.run.rows[1]):
        return WORST
    return balanced_error(one.run.network, one.run.setup, one.run.rows[1])


def compare_rare(
    laboratory: Laboratory,
    remedies: Sequence[Remedy],
    parts: Sequence[Arrangement],
    **said: Any,
) -> Experiment:
    """Return the experiment of the best remedy for classes that count alike.

    On the rows that were held out, and on further ``parts`` where these may be luck.
    """
    first = laboratory.compare(remedies, balanced_on_held_out, **said)
    groups = [laboratory.untreated()], [laboratory.known(first.remedy)]
    found = _beyond_luck(first, *groups)
    if found.is_clear or first.gain <= 0.0 or not parts:
        return found
    try:
        return compare_over_parts(laboratory, first.remedy, parts, looks=2, **said)
    except OutOfTimeError:
        return found


def compare_over_parts(
    laboratory: Laboratory, remedy: Remedy, parts: Sequence[Arrangement], **said: Any
) -> Experiment:
    """Return the experiment of a remedy on all parts of the rows for which there is time.

    It is clear where the errors are lower over parts and starts, and lower for classes that count
    alike by more than the luck of the rows. ``parts`` are beside the rows that were held out.
    Raises OutOfTimeError where there is time for none of them.
    """
    seeds = laboratory.seeds
    without: list[list[Trained]] = []
    treated: list[list[Trained]] = []
    for place, part in enumerate((laboratory.case.arrangement, *parts)):
        if place == 1:
            each = 2 * SEEDS * laboratory.seconds_each
            most = laboratory.budget.affords(each, SHARE_OF_SECONDS)
        if place and place > most:
            break
        where = f"other rows {place}" if place else ""
        named = f"{remedy.name}, {where}" if place else remedy.name
        try:
            group = laboratory.trained(where, part, seeds)
            better = laboratory.trained(named, remedy.change(part), seeds)
        except OutOfTimeError:
            break
        without.append(group)
        treated.append(better)
    if len(without) < 2:
        raise OutOfTimeError
    errors = [means_over_parts(group, balanced_on_held_out) for group in (without, treated)]
    found = Experiment(
        remedy, errors[0], errors[1], laboratory.epochs, laboratory.rows,
        judge=balanced_on_held_out, parts=len(without),
        planned=len(without), **said,
    )  # fmt: skip
    return _beyond_luck(found, without, treated)


def _beyond_luck(
    found: Experiment, without: Sequence[Sequence[Trained]], treated: Sequence[Sequence[Trained]]
) -> Experiment:
    """Return the experiment with how probable its gain is by the luck of the rows.

    It shows nothing where that is too much, or where a training failed. Where a law says that a
    class is missed for its few rows, it has to be more probable that weights help than that they do
    not, and what is sure by all parts needs no more of the starts.
    """
    before, after = _missed(without), _missed(treated)
    if before is None or after is None:
        return replace(found, shows=False)
    luck = luck_of_rows(before[0], before[1], after[1])
    # All parts together are no second chance of the first: they hold its rows as well.
    level = EVEN_CHANCE if found.deduced else LEVEL
    if luck >= level:
        return replace(found, over_rows=luck, shows=False)
    is_sure = found.deduced and found.parts > 1 and found.matters and luck < LEVEL_OF_ROWS
    return replace(found, over_rows=luck, shows=True if is_sure else found.shows)


def _missed(parts: Sequence[Sequence[Trained]]) -> tuple[NDArray[Any], NDArray[Any]] | None:
    """Return the labels of the rows of all parts, and how often each was missed over the starts."""
    labels, often = [], []
    for part in parts:
        seen = [
            Missed.of(one.run, one.run.rows[1])
            for one in part
            if one.run is not None and one.run.rows is not None
        ]
        if len(seen) < len(part):
            return None
        labels.append(seen[0].labels)
        often.append(np.mean([one.wrong for one in seen], axis=0))
    return np.concatenate(labels), np.concatenate(often)
