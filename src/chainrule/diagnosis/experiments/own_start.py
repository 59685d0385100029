"""Trainings from the run's own start, in other orders: for what befalls some starts alone.

Half of all starts may lose their relu units, or none of them, and trainings from other starts then
say little about the run at hand. From its own start, what has gone wrong goes wrong again, unless
it was the order of the rows; and with a remedy it does not.
"""

from __future__ import annotations

from dataclasses import replace
from statistics import median

from chainrule.diagnosis.cases.arrangement import Arrangement
from chainrule.diagnosis.experiments.experiment import Experiment
from chainrule.diagnosis.experiments.laboratory import Laboratory, over_rows_of
from chainrule.diagnosis.experiments.rule import LEAST_GAIN, Rule
from chainrule.diagnosis.experiments.trained import Trained
from chainrule.diagnosis.wording import short

SAME_START = "the same start"
IN_OTHER_ORDERS = "from the run's own start in other orders"
FROM_OTHER_STARTS = "from other starts"


def same_start(given: Arrangement) -> Arrangement:
    """Return the arrangement whose parameters stay as they began when the seed is another."""
    # What a seed has drawn is drawn anew by the next: under a seed that drew nothing, all stays.
    return replace(given, setup=replace(given.setup, seed=given.setup.seed + 2**31 - 1))


def trained_from_own_start(
    laboratory: Laboratory, arrangement: Arrangement, name: str = ""
) -> list[Trained]:
    """Return trainings of an arrangement from the run's own start, in orders that are new to it.

    The run's own order is left out, for it was chosen by what came of it.
    """
    seeds = tuple(seed + 1 for seed in laboratory.seeds)
    named = f"{name}, {SAME_START}" if name else SAME_START
    return laboratory.trained(named, same_start(arrangement), seeds)


def from_own_start(laboratory: Laboratory, found: Experiment) -> Experiment | None:
    """Return an experiment made once more from the run's own start, in orders that are new to it.

    None where that says nothing: where the run is no worse than from other starts, where the remedy
    draws a start of its own or is none to be tried, where nothing but the start was random, where
    it was looked at twice already, and where there is no time.
    """
    if found.shows is not None or found.held_out or found.looks > 1 or found.remedy.by_hand:
        return None
    known = laboratory.untreated()
    own, usual = found.judge(known[0]), median(map(found.judge, known))
    worse = own > usual + LEAST_GAIN
    if not worse or laboratory.is_spent:
        return None
    given = laboratory.case.arrangement
    changed = found.remedy.change(given)
    if not _keeps_start(given, changed):
        return None
    without = trained_from_own_start(laboratory, given)
    if len({found.judge(one) for one in without}) == 1:
        return None
    treated = trained_from_own_start(laboratory, changed, found.remedy.name)
    return replace(
        found,
        without=tuple(map(found.judge, without)),
        treated=tuple(map(found.judge, treated)),
        over_rows=over_rows_of(found.judge, without, treated),
        own_start=True,
        looks=2,
    )


def of_a_bad_start(laboratory: Laboratory, error: float) -> tuple[str, ...]:
    """Return the note that the run's own start came out worse than all others that were tried.

    ``error`` is the run's own. It has to be the start: trained once more from there it is as bad.

    Of five some start is the worst: it proves nothing, and yet figures of the others are not those
    of the run. None where the difference is too little to matter, or where the trainings that were
    made are shorter than the run.
    """
    made = [one.judged for one in laboratory.known()]
    if len(made) < len(laboratory.seeds) or laboratory.is_shortened:
        return ()
    again, *others = made
    if min(error, again) <= max(others) or not Rule().is_met([error], others):
        return ()
    return (
        f"The start of this run came out worse than others: its error is {short(error)}, and "
        f"{len(others)} trainings with other seeds have {short(min(others))} to "
        f"{short(max(others))}.",
    )


def _keeps_start(before: Arrangement, after: Arrangement) -> bool:
    """Whether every parameter that a change leaves in its shape has its first value still."""
    old, new = before.setup.network.parameters, after.setup.network.parameters
    return all(
        (old[name] == one).all()
        for name, one in new.items()
        if name in old and old[name].shape == one.shape
    )
