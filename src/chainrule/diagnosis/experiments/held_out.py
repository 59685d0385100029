"""Rows held out of a training that held out none, so that its experiments have rows to judge by."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from chainrule.diagnosis.cases.arrangement import Arrangement
from chainrule.diagnosis.cases.case import Case
from chainrule.diagnosis.experiments.laboratory import Laboratory
from chainrule.errors import DataError
from chainrule.randomness import permutation
from chainrule.training.rows import Rows, split_validation
from chainrule.training.setup import Setup

SHARE = 0.2
# Of fewer rows nothing is held out: what is left of them says little.
LEAST_ROWS = 30


def parted(count: int, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the numbers, rising, of the rows that stay and of a fifth that is held out."""
    order = permutation(seed, "rows held out by a diagnosis", count)
    held = max(1, round(SHARE * count))
    return np.sort(order[held:]), np.sort(order[:held])


def with_held_out(case: Case) -> tuple[Case, NDArray[np.int64]]:
    """Return the case with rows to judge by, and the numbers of the training rows that it keeps.

    A fifth is held out where none was; such a case is judged by its parameters after the last step,
    as it was trained.
    """
    if len(case.validation) or len(case.training) < LEAST_ROWS:
        return case, np.arange(len(case.training))
    kept, held = parted(len(case.training), case.setup.seed)
    changed = case.arranged(case.arrangement.holding_out(held))
    return replace(changed, setup=replace(changed.setup, keep="last")), kept


def with_best_epoch(before: Arrangement) -> Arrangement:
    """Return the arrangement that keeps the epoch of the lowest validation loss."""
    if not len(before.validation):
        _, held = _as_train_parts(before.training, before.setup)
        before = before.holding_out(held)
    return replace(before, setup=replace(before.setup, keep="best"))


def _as_train_parts(rows: Rows, setup: Setup) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the numbers of the rows that stay and that are held out by ``train(validation=0.2)``,
    with as many rows of each class; of any rows where a class has only one."""
    target, labels = setup.targets[0], None
    if len(setup.targets) == 1 and target.task == "classification" and not target.over_time:
        labels = rows.targets[0].reshape(-1).astype(np.int64)
    try:
        return split_validation(len(rows), SHARE, setup.seed, labels, target.labels or ())
    except DataError:
        return parted(len(rows), setup.seed)


def judging_laboratory(laboratory: Laboratory, trainings: int) -> Laboratory:
    """Return a laboratory that judges by rows which were not learned from; itself if it does."""
    case, _ = with_held_out(laboratory.case)
    return laboratory if case is laboratory.case else laboratory.on(case, trainings)
