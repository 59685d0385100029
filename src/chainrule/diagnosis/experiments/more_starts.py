"""More starts: an experiment made longer where five of each kind leave its answer open.

Some faults befall some starts and spare others: the errors without a remedy then lie in two heaps,
and a rank test of five beside five passes over a difference that anybody would see in ten beside
ten. What may be large and is not certain is therefore looked at a second time with as many starts
again, against half the level (Bonferroni), since it had its chance before.
"""

from __future__ import annotations

from dataclasses import replace

from chainrule.diagnosis.experiments.experiment import Experiment
from chainrule.diagnosis.experiments.laboratory import SEEDS, Laboratory, over_rows_of

# Between the seeds of the first starts and those that are added.
ADDED = 3_000_000


def from_more_starts(laboratory: Laboratory, found: Experiment) -> Experiment | None:
    """Return an experiment with as many starts again beside its own.

    None where that says nothing: where what was seen is too little to matter, or may be the luck of
    the rows, where no lower errors are asked for, where it was looked at twice already, where its
    trainings were not made here, and where there is no time.
    """
    if found.shows is not None or found.looks > 1 or found.parts > 1 or found.remedy.by_hand:
        return None
    if not replace(found, looks=2).matters:
        return None
    before = laboratory.untreated(), laboratory.known(found.remedy)
    seen = tuple(tuple(map(found.judge, group)) for group in before)
    if seen != (found.without, found.treated):
        return None
    given = laboratory.case.arrangement
    changed = found.remedy.change(given)
    if not laboratory.has_time_for(SEEDS, given, changed):
        return None
    seeds = tuple(seed + ADDED for seed in laboratory.seeds)
    without = [*before[0], *laboratory.untreated(seeds)]
    treated = [*before[1], *laboratory.trained(found.remedy.name, changed, seeds)]
    return replace(
        found,
        without=tuple(map(found.judge, without)),
        treated=tuple(map(found.judge, treated)),
        over_rows=over_rows_of(found.judge, without, treated),
        looks=2,
    )
