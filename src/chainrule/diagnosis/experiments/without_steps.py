"""A loop that has never updated its parameters, beside one that makes the same steps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from chainrule.diagnosis.cases.arrangement import Remedy
from chainrule.diagnosis.cases.case import Case
from chainrule.diagnosis.experiments.experiment import Experiment
from chainrule.diagnosis.experiments.laboratory import Laboratory
from chainrule.diagnosis.experiments.trained import FAILED, Trained
from chainrule.diagnosis.probes.course import Course
from chainrule.diagnosis.probes.passes import pass_of, rows_within, sampled
from chainrule.diagnosis.probes.relative_error import errors_of

STEPS = "steps that are made"
# By so large a share a loss has to fall for it to say that some parameters have moved.
HAS_FALLEN = 0.1


def nothing_moved(case: Case, course: Course) -> bool:
    """Whether every parameter is after the last epoch what it was before the first.

    Losses that fall nevertheless are those of another network: of a copy that the optimizer was
    given, or of this one, where it was given as it ended for its start. It is a copy's where the
    loss of this one is that of the first epoch, and not of the last.
    """
    if not case.epochs or not all(
        (one == case.last[name]).all() or (one.astype(case.setup.dtype) == case.last[name]).all()
        for name, one in case.first.parameters.items()
    ):
        return False
    if not course.finite.size:
        return True
    begun, ended = course.first, float(np.median(course.tail(0.1, 3)))
    if not begun - ended > HAS_FALLEN * abs(begun):
        return True
    loss = pass_of(case, case.trained, sampled(case, rows_within(case))).loss
    return not abs(loss - ended) <= abs(loss - begun)


def counted_epochs(case: Case) -> str:
    """Return how many epochs were made, in words."""
    return "1 epoch" if case.epochs == 1 else f"{case.epochs} epochs"


def making_steps(case: Case) -> Remedy:
    """Return the remedy of a loop that makes no steps: only its own code can be put right."""
    return Remedy(
        STEPS,
        f"Update the parameters at every step, for none has changed in {counted_epochs(case)}. "
        "Look whether the loop calls its optimizer, whether that was given these parameters, and "
        "whether a gradient reaches them.",
        lambda before: before,
        by_hand=True,
    )


def with_steps(laboratory: Laboratory, remedy: Remedy) -> Experiment:
    """Return the experiment of trainings as the loop was described, beside their starts.

    That nothing has moved is seen and not tried; trainings show whether the steps that were to be
    made move anything.
    """
    treated = laboratory.untreated()
    laboratory.remember(remedy.name, treated)
    starts = [_before_steps(one) for one in treated]
    found = laboratory.experiment(
        remedy, (starts, treated), untreated_name="without steps", treated_name="with steps"
    )
    return found if found.is_clear else replace(found, shows=any(map(has_moved, treated)))


def _before_steps(one: Trained) -> Trained:
    """Return a training as it stood before its first step."""
    run = one.run
    if run is None or run.rows is None:
        return FAILED
    errors = errors_of(run.setup.network, run.setup, *run.rows)
    return Trained(errors, errors, run)


def has_moved(one: Trained) -> bool:
    """Whether a training has changed any parameter."""
    if one.run is None:
        return False
    before, after = one.run.setup.network.parameters, one.run.network.parameters
    return any((after[name] != first).any() for name, first in before.items())
