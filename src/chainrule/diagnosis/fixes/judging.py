"""Which rows judge a fix: those by which the diagnosis has shown the cause, part by part."""

from __future__ import annotations

from collections.abc import Sequence

from chainrule.diagnosis.cases.arrangement import Arrangement
from chainrule.diagnosis.cases.case import Case
from chainrule.diagnosis.cases.counting import weights_by_class
from chainrule.diagnosis.experiments.held_out import with_held_out
from chainrule.diagnosis.experiments.other_rows import (
    means_over_parts,
    turns,
    turns_where_none_was_held,
)
from chainrule.diagnosis.experiments.trained import Judge, Trained, error_of_kept
from chainrule.diagnosis.probes.relative_error import errors_of
from chainrule.diagnosis.report import Report
from chainrule.diagnosis.verdicts.finding import Finding

# Trainings by part of the rows that judge, and in it by seed.
Groups = Sequence[Sequence[Trained]]


def judged_on(report: Report) -> tuple[list[Arrangement], bool]:
    """Return the arrangements whose rows judge, and whether the run's own rows are not among them.

    The first is the run's own, unless the cause was shown by rows held out for it alone, as
    learning by heart is: rows that were learned from do not tell whether a remedy helps. Further
    ones hold out other parts of the rows, as many as the diagnosis has asked.
    """
    case = report.case
    experiment = None if report.primary is None else report.primary.experiment
    if experiment is None:
        return [case.arrangement], False
    further = experiment.parts - 1
    if experiment.held_out:
        parts = turns_where_none_was_held(case)[:further] if further else []
        return [with_held_out(case)[0].arrangement, *parts], True
    return [case.arrangement, *(turns(case)[:further] if further else [])], False


def fits_parts(finding: Finding, before: Arrangement, changed: Arrangement) -> bool:
    """Whether a remedy can be judged by other parts of the rows.

    So it is where the diagnosis has done so, and where the rows stay what they are: a remedy may
    know by their places which of them it leaves out, or moves.
    """
    experiment = finding.experiment
    if experiment is not None and experiment.parts > 1:
        return True
    rows, other = before.training, changed.training
    return rows.inputs is other.inputs and rows.targets is other.targets


def as_classes_weigh(case: Case) -> Judge:
    """Return the usual judge, with classes counted as a case has weighed them in its training."""
    if weights_by_class(case.setup, case.training) is None:
        return error_of_kept

    def judge(one: Trained) -> float:
        run = one.run
        if run is None or run.rows is None:
            return one.judged
        found = errors_of(run.network, run.setup, *run.rows, weighed=case.training)
        return found.judged

    return judge


def errors_by_seed(groups: Groups, judge: Judge) -> tuple[float, ...]:
    """Return the error of each seed, the mean over the parts; none without trainings."""
    if len(groups) > 1:
        return means_over_parts(groups, judge)
    return tuple(judge(one) for group in groups for one in group)
