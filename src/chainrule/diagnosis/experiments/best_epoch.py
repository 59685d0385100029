"""The best epoch beside the last one: both are of one training, which need not be made twice.

A training that keeps the epoch of its lowest validation loss takes the same steps as one that keeps
the last. So five trainings show what five others would, and on few rows the time that is saved goes
into other parts of them, which judge in turn.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from chainrule.diagnosis.budget import OutOfTimeError
from chainrule.diagnosis.cases.arrangement import Arrangement, Remedy
from chainrule.diagnosis.experiments.experiment import Experiment
from chainrule.diagnosis.experiments.laboratory import SEEDS, Laboratory
from chainrule.diagnosis.experiments.other_rows import name_of_part, over_parts
from chainrule.diagnosis.experiments.trained import Trained, as_it_ended

IsEnough = Callable[[Experiment], bool]
# Of fewer rows that judge one part is hardly enough.
FEW_JUDGED = 100
# Of the seconds that are left: what comes behind has the rest.
SHARE_OF_SECONDS = 0.7


def best_beside_last(
    laboratory: Laboratory, remedy: Remedy, parts: Sequence[Arrangement], is_enough: IsEnough
) -> Experiment:
    """Return the experiment of keeping the best epoch, over further parts where one is not enough.

    ``remedy`` changes nothing but which epoch is kept. ``is_enough``: whether an experiment needs
    no other rows; of one whose gain is not positive none are tried, either.
    """
    # One training tells how long others will take.
    changed = remedy.change(laboratory.case.arrangement)
    laboratory.trained(remedy.name, changed, laboratory.screening[:1])
    is_few = len(laboratory.case.validation) < FEW_JUDGED
    laboratory.keep_pace((4 if is_few else 2) * SEEDS)
    without, treated = _both_ends(laboratory, remedy, "", laboratory.case.arrangement)
    laboratory.remember("", without)
    found = laboratory.experiment(remedy, (without, treated))
    if found.gain <= 0.0 or is_enough(found):
        return found
    groups = [without], [treated]
    for place, part in enumerate(parts[: _affordable(laboratory)]):
        try:
            ends = _both_ends(laboratory, remedy, f", {name_of_part(place)}", part)
        except OutOfTimeError:
            break
        for group, end in zip(groups, ends, strict=True):
            group.append(end)
        laboratory.remember(name_of_part(place), ends[0])
    return over_parts(found, *groups, planned=1 + len(parts))


def _both_ends(
    laboratory: Laboratory, remedy: Remedy, said: str, given: Arrangement
) -> tuple[list[Trained], list[Trained]]:
    """Return the trainings as they ended, and with their best epochs."""
    made = laboratory.trained(f"{remedy.name}{said}", remedy.change(given), laboratory.seeds)
    return [as_it_ended(one) for one in made], made


def _affordable(laboratory: Laboratory) -> int:
    return laboratory.budget.affords(SEEDS * laboratory.seconds_each, SHARE_OF_SECONDS)
