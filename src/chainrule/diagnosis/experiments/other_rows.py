"""Other rows: what points the way on few rows that judge is judged by others in turn.

Of a hundred rows that are held out the luck is large: a remedy that lowers the error by a sixth is
often not certain, or comes out at nothing. Rows that were trained on are held out instead, part by
part, and the same seeds trained on what is left, with and without the remedy. Two looks are two
chances to be wrong, so that the second counts at half of the levels (Bonferroni).

How many parts there are to be follows from the rows. Where time ends before the last of them,
those that have judged say what all would, within a standard error: a gain that is beyond what is
asked by more than that is a proof, and one that is nearer to it is left undecided.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
from chainrule.diagnosis.experiments.significance import (
    probability_over_rows,
    standard_error_of_all,
)
from chainrule.diagnosis.experiments.trained import Judge, Trained, error_of_kept
from chainrule.diagnosis.probes.row_order import joined
from chainrule.randomness import permutation

# Parts held out beside the rows that the case itself held out; and of the seconds that are left as
# many as other experiments can spare.
MOST_PARTS, SHARE_OF_SECONDS = 4, 0.5
# Trainings by part, and in it by seed, without a remedy and with it; those of one more part.
Groups = tuple[list[list[Trained]], list[list[Trained]]]
MadeOn = Callable[[str, Arrangement], tuple[list[Trained], list[Trained]]]


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
    return by_turns(laboratory, first, turns(laboratory.case))


def by_turns(
    laboratory: Laboratory,
    first: Experiment,
    parts: Sequence[Arrangement],
    asked: Callable[[Experiment], Experiment] = lambda found: found,
) -> Experiment:
    """Return an experiment with its errors taken over further parts of the rows as well.

    Over as many as there is time for, and undecided where that may make a difference. ``asked``
    puts into an experiment what it has to show.
    """
    remedy = first.remedy
    groups = [laboratory.untreated()], [laboratory.known(remedy)]

    def made(said: str, part: Arrangement) -> tuple[list[Trained], list[Trained]]:
        changed, seeds = remedy.change(part), laboratory.seeds
        without = laboratory.trained(said, part, seeds)
        return without, laboratory.trained(f"{remedy.name}, {said}", changed, seeds)

    planned = 1 + len(parts)
    judge_by(parts[: affordable(laboratory, parts)], groups, made)
    found = asked(over_parts(first, *groups, planned=planned))
    rest = parts[found.parts - 1 :]
    if not found.is_undecided or not laboratory.has_time_for(2 * SEEDS, *rest):
        return found
    # Without an answer the time of what has judged is lost, whatever others could do with it.
    judge_by(parts, groups, made)
    return asked(over_parts(first, *groups, planned=planned))


def judge_by(parts: Sequence[Arrangement], groups: Groups, made: MadeOn) -> None:
    """Add the trainings of those parts that have not judged, until time ends.

    ``made`` returns those of a part without a remedy and with it, by its name and rows.
    """
    for place in range(len(groups[0]) - 1, len(parts)):
        try:
            both = made(name_of_part(place), parts[place])
        except OutOfTimeError:
            break
        for group, one in zip(groups, both, strict=True):
            group.append(one)


def name_of_part(place: int) -> str:
    """Return by what name trainings are known of which a further part is held out."""
    return f"other rows {place + 1}"


def over_parts(
    first: Experiment,
    without: Sequence[Sequence[Trained]],
    treated: Sequence[Sequence[Trained]],
    planned: int,
) -> Experiment:
    """Return an experiment of one part with the trainings of all parts that have judged.

    Trainings are by part, and in it by seed. ``planned``: so many parts were to judge.
    """
    by_row = _by_rows(without, treated)
    found = replace(first, planned=planned, spread=None)
    if by_row is not None:
        share = len(without) / planned
        found = replace(found, spread=standard_error_of_all(*by_row, share))
    if len(without) == 1:
        return found
    is_tested = first.over_rows is not None
    return replace(
        found,
        without=means_over_parts(without, first.judge),
        treated=means_over_parts(treated, first.judge),
        parts=len(without),
        looks=first.looks + 1,
        over_rows=probability_over_rows(*by_row) if by_row and is_tested else None,
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


def affordable(laboratory: Laboratory, parts: Sequence[Arrangement]) -> int:
    """Return for how many parts there are seconds, as long as trainings have taken until now.

    Those that are known without the remedy take half of it, and come first.
    """
    known = sum(laboratory.knows(name_of_part(place)) for place in range(len(parts)))
    halves = laboratory.budget.affords(SEEDS * laboratory.seconds_each, SHARE_OF_SECONDS)
    return min(halves, known) + max(0, halves - known) // 2


def means_over_parts(groups: Sequence[Sequence[Trained]], judge: Judge) -> tuple[float, ...]:
    """Return the error of each seed, the mean over the parts."""
    errors = np.array([[judge(one) for one in group] for group in groups])
    return tuple(errors.mean(axis=0).tolist())


def _by_rows(
    without: Sequence[Sequence[Trained]], treated: Sequence[Sequence[Trained]]
) -> tuple[list[NDArray[np.float64]], list[NDArray[np.float64]]] | None:
    """Return the errors of both groups by seed, of each row of all parts; None where one failed."""
    known = [[_by_row(seed) for seed in zip(*groups, strict=True)] for groups in (without, treated)]
    told = [[one for one in group if one is not None] for group in known]
    if any(len(some) < len(every) for some, every in zip(told, known, strict=True)):
        return None
    return told[0], told[1]


def _by_row(parts: Sequence[Trained]) -> NDArray[np.float64] | None:
    """Return the error of each row of all parts, None where a training failed."""
    rows = [one.kept.by_row for one in parts]
    known = [one for one in rows if one is not None]
    return np.concatenate(known) if len(known) == len(rows) else None
