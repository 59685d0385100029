"""Other rows: what points the way on few rows that judge is error_of_kept by others in turn.

Of a hundred rows that are held out the luck is large: a remedy that lowers the error by a sixth is
often not certain, or comes out at nothing. Rows that were trained on are held out instead, part by
part, and the same seeds trained on what is left, with and without the remedy. Two looks are two
chances to be wrong, so that the second counts at half of the levels (Bonferroni).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.diagnosis.budget import OutOfTimeError
from chainrule.diagnosis.cases.arrangement import Arrangement, Remedy
from chainrule.diagnosis.cases.case import Case
from chainrule.diagnosis.cases.parted import parted
from chainrule.diagnosis.experiments.experiment import Experiment
from chainrule.diagnosis.experiments.laboratory import SEEDS, Laboratory
from chainrule.diagnosis.experiments.rule import BY_LAW
from chainrule.diagnosis.experiments.significance import probability_over_rows
from chainrule.diagnosis.experiments.trained import Judge, Trained, error_of_kept
from chainrule.diagnosis.probes.row_order import joined
from chainrule.randomness import permutation

# Parts held out beside the rows that the case itself held out; and of the seconds that are left as
# many as other experiments can spare.
MOST_PARTS, SHARE_OF_SECONDS = 4, 0.5


def compare_by_turns(
    laboratory: Laboratory,
    remedies: Sequence[Remedy],
    judge: Judge = error_of_kept,
    by_law: bool = False,
    **said: Any,
) -> Experiment:
    """Return the experiment of the best remedy, judged by other rows in turn where it is in doubt.

    ``by_law``: that the fault harms can be deduced, so that where trainings do not show it by
    themselves they have to show only that the remedy helps. ``said``: what else is said of the
    experiment. Remedies must ask nothing but which rows an arrangement has: those that leave rows
    out by their places are not for it.
    """
    first = laboratory.compare(remedies, judge, **said)
    if by_law and not first.is_clear:
        first = replace(first, asked=BY_LAW)
    if first.is_clear or first.gain <= 0.0:
        return first
    parts = turns(laboratory.case)[: affordable(laboratory)]
    return by_turns(laboratory, first, parts) if parts else first


def by_turns(laboratory: Laboratory, first: Experiment, parts: Sequence[Arrangement]) -> Experiment:
    """Return an experiment with its errors taken over further parts of the rows as well."""
    remedy = first.remedy
    without, treated = [laboratory.untreated()], [laboratory.known(remedy)]
    for place, part in enumerate(parts):
        said = f"other rows {place + 1}"
        changed = remedy.change(part)
        try:
            more = laboratory.trained(said, part, laboratory.seeds)
            better = laboratory.trained(f"{remedy.name}, {said}", changed, laboratory.seeds)
        except OutOfTimeError:
            break
        without.append(more)
        treated.append(better)
    return over_parts(first, without, treated)


def over_parts(
    first: Experiment, without: Sequence[Sequence[Trained]], treated: Sequence[Sequence[Trained]]
) -> Experiment:
    """Return an experiment of one part with the trainings of all parts, itself where that is all.

    Trainings are by part, and in it by seed.
    """
    if len(without) == 1:
        return first
    return replace(
        first,
        without=means_over_parts(without, first.judge),
        treated=means_over_parts(treated, first.judge),
        parts=len(without),
        looks=2,
        over_rows=None if first.over_rows is None else _over_rows(without, treated),
    )


def turns(case: Case) -> list[Arrangement]:
    """Return the arrangement of a case with other parts of its rows held out, each as large.

    None where validation rows came apart from the others, or where rows weigh differently.
    """
    every = joined(case)
    if not len(every.held) or np.ptp(case.training.weights) > 0.0:
        return []
    return _in_turn(case.arrangement.of_all(every.rows()), every.training, len(every.held))


def turns_where_none_was_held(case: Case) -> list[Arrangement]:
    """Return the same for a case that held out none: beside the rows that were held out for it."""
    kept, held = parted(len(case.training), case.setup.seed)
    if np.ptp(case.training.weights) > 0.0:
        return []
    setup = replace(case.setup, keep="last")
    return _in_turn(replace(case.arrangement, setup=setup), kept, len(held))


def _in_turn(whole: Arrangement, places: NDArray[Any], count: int) -> list[Arrangement]:
    """Return arrangements that hold out so many of the rows at the places, in turn.

    Every part has about the same targets.
    """
    rows = whole.training
    shuffled = permutation(whole.setup.seed, "rows held out in turn", len(places))
    target = rows.targets[0].reshape(len(rows), -1)[places, 0]
    by_target = places[shuffled[np.argsort(target[shuffled], kind="stable")]]
    found = []
    number = min(MOST_PARTS, len(places) // count)
    for one in range(number):
        part = by_target[one::number]
        chosen = np.sort(part[np.linspace(0, len(part) - 1, count).round().astype(np.int64)])
        found.append(whole.holding_out(chosen))
    return found


def affordable(laboratory: Laboratory) -> int:
    """Return for how many parts there are seconds, as long as trainings have taken until now."""
    return laboratory.budget.affords(2 * SEEDS * laboratory.seconds_each, SHARE_OF_SECONDS)


def means_over_parts(groups: Sequence[Sequence[Trained]], judge: Judge) -> tuple[float, ...]:
    """Return the error of each seed, the mean over the parts."""
    errors = np.array([[judge(one) for one in group] for group in groups])
    return tuple(errors.mean(axis=0).tolist())


def _over_rows(
    without: Sequence[Sequence[Trained]], treated: Sequence[Sequence[Trained]]
) -> float | None:
    """Return how probable the gain is by the luck of the rows of all parts."""
    known = [[_by_row(seed) for seed in zip(*groups, strict=True)] for groups in (without, treated)]
    told = [[one for one in group if one is not None] for group in known]
    if any(len(some) < len(every) for some, every in zip(told, known, strict=True)):
        return None
    return probability_over_rows(*told)


def _by_row(parts: Sequence[Trained]) -> NDArray[np.float64] | None:
    """Return the error of each row of all parts, None where a training failed."""
    rows = [one.kept.by_row for one in parts]
    known = [one for one in rows if one is not None]
    return np.concatenate(known) if len(known) == len(rows) else None
