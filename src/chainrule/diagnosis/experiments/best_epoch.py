"""The best epoch beside the last one: both are of one training, which need not be made twice.

A training that keeps the epoch of its lowest validation loss takes the same steps as one that keeps
the last. So five trainings show what five others would, and on few rows the time that is saved goes
into other parts of them, which judge in turn.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from chainrule.diagnosis.cases.arrangement import Arrangement, Remedy
from chainrule.diagnosis.experiments.experiment import Experiment
from chainrule.diagnosis.experiments.laboratory import SEEDS, Laboratory
from chainrule.diagnosis.experiments.other_rows import judge_by, over_parts
from chainrule.diagnosis.experiments.trained import Trained, as_it_ended

# Of fewer rows that judge one part is hardly enough.
FEW_JUDGED = 100
# Of the seconds that are left: what comes behind has the rest.
SHARE_OF_SECONDS = 0.7


def best_beside_last(
    laboratory: Laboratory,
    remedy: Remedy,
    parts: Sequence[Arrangement],
    asked: Callable[[Experiment], Experiment],
    is_enough: Callable[[Experiment], bool],
) -> Experiment:
    """Return the experiment of keeping the best epoch, over further parts where one is not enough.

    ``remedy`` changes nothing but which epoch is kept. ``asked`` puts into an experiment what it
    has to show. ``is_enough``: whether one needs no other rows; of one whose gain is not positive
    none are tried, either.
    """
    # One training tells how long others will take.
    changed = remedy.change(laboratory.case.arrangement)
    laboratory.trained(remedy.name, changed, laboratory.screening[:1])
    is_few = len(laboratory.case.validation) < FEW_JUDGED
    laboratory.keep_pace((4 if is_few else 2) * SEEDS)
    without, treated = _both_ends(laboratory, remedy, "", laboratory.case.arrangement)
    laboratory.remember("", without)
    first = asked(laboratory.experiment(remedy, (without, treated)))
    if first.gain <= 0.0 or is_enough(first):
        return first
    groups = [without], [treated]

    def made(said: str, part: Arrangement) -> tuple[list[Trained], list[Trained]]:
        ended, best = _both_ends(laboratory, remedy, f", {said}", part)
        # What ended is what trainings without the remedy come to, for other remedies as well.
        laboratory.remember(said, ended)
        return ended, best

    planned = 1 + len(parts)
    judge_by(parts[: _affordable(laboratory)], groups, made)
    found = asked(over_parts(first, *groups, planned=planned))
    # Penalties take what time is left unless it is only the size of the gain that is in doubt.
    in_doubt = found.is_undecided and found.is_beyond_chance
    if not in_doubt or not laboratory.has_time_for(SEEDS, *parts[found.parts - 1 :]):
        return found
    judge_by(parts, groups, made)
    return asked(over_parts(first, *groups, planned=planned))


def _both_ends(
    laboratory: Laboratory, remedy: Remedy, said: str, given: Arrangement
) -> tuple[list[Trained], list[Trained]]:
    """Return the trainings as they ended, and with their best epochs."""
    made = laboratory.trained(f"{remedy.name}{said}", remedy.change(given), laboratory.seeds)
    return [as_it_ended(one) for one in made], made


def _affordable(laboratory: Laboratory) -> int:
    return laboratory.budget.affords(SEEDS * laboratory.seconds_each, SHARE_OF_SECONDS)
