"""The best epoch kept, as a remedy; where no rows were held out, with a fifth of them held out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from chainrule.diagnosis.cases.arrangement import Arrangement, Remedy
from chainrule.diagnosis.cases.parted import SHARE, parted
from chainrule.errors import DataError
from chainrule.training.rows import Rows, split_validation
from chainrule.training.setup import Setup

BEST_EPOCH = "best epoch"


def best_epoch(held: bool) -> Remedy:
    """Return the remedy of the epoch with the lowest validation loss.

    ``held``: whether rows are held out.
    """
    if held:
        words, code = "Keep the epoch whose validation loss is lowest.", "keep='best'"
    else:
        words = "Hold rows out, and keep the epoch whose validation loss is lowest."
        code = "validation=0.2, keep='best'"
    return Remedy(BEST_EPOCH, words, with_best_epoch, code)


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
