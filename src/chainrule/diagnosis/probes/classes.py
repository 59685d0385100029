"""Classes: how many rows each has, and how many of them a network gets right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.diagnosis.probes.relative_error import WORST
from chainrule.network.backpropagation import outputs_of
from chainrule.network.network import Network
from chainrule.training.rows import Rows
from chainrule.training.setup import Setup

Numbers = NDArray[Any]
LOOKED_AT_FIRST = 1000


@dataclass(frozen=True, eq=False)
class Classes:
    """Of each class its share of the rows, its count and its recall (NaN without a row)."""

    labels: tuple[Any, ...]
    counts: Numbers
    recalls: Numbers

    @property
    def shares(self) -> Numbers:
        """Class -> share of the rows."""
        return self.counts / max(1, int(self.counts.sum()))

    @classmethod
    def of(cls, network: Network, setup: Setup, rows: Rows) -> Classes | None:
        """Return the classes of rows, None for targets of numbers, over time, or of no rows."""
        target = setup.targets[0]
        if target.task != "classification" or target.over_time or not len(rows):
            return None
        with np.errstate(all="ignore"):
            (output, *_) = outputs_of(network, list(rows.inputs), setup.dtype)
        truth = rows.targets[0].reshape(-1).astype(np.int64)
        said = setup.meaning(0).predictions(output).reshape(-1)
        counts = np.bincount(truth, minlength=target.width)
        right = np.bincount(truth[said == truth], minlength=target.width)
        with np.errstate(all="ignore"):
            recalls = np.where(counts > 0, right / np.maximum(counts, 1), np.nan)
        return cls(target.labels, counts, recalls)


def class_numbers(targets: Numbers, most: int = 10) -> Numbers | None:
    """Return the labels (rows,) that numbers (rows, width) stand for, None where they are numbers.

    They do where each row is all 0 but for a 1, or where one column holds few whole numbers that
    follow one another from 0 or 1, each in two rows or more.
    """
    if targets.ndim != 2 or len(targets) < 2:
        return None
    if targets.shape[1] > 1:
        is_one_hot = bool(np.isin(targets, (0.0, 1.0)).all() and (targets.sum(axis=1) == 1.0).all())
        return targets.argmax(axis=1).astype(np.int64) if is_one_hot else None
    column = targets[:, 0]
    if len(np.unique(column[:LOOKED_AT_FIRST])) > most:
        # To put all of many numbers in order takes long.
        return None
    known, which, counts = np.unique(column, return_inverse=True, return_counts=True)
    follow = known[0] in (0.0, 1.0) and bool((np.diff(known) == 1.0).all())
    if not 2 <= len(known) <= most or not follow or int(counts.min()) < 2:
        return None
    return which.reshape(-1).astype(np.int64)


def wrong_share(network: Network, setup: Setup, rows: Rows, labels: Numbers, first: float) -> float:
    """Return the share of rows (of labels counted from 0) that are wrong, over the constant's.

    A network that was trained on numbers says the class whose number is nearest, the first of which
    is ``first``, or whose column is largest.
    """
    with np.errstate(all="ignore"):
        (output, *_) = outputs_of(network, list(rows.inputs), setup.dtype)
    if not np.isfinite(output).all():
        return WORST
    target = setup.targets[0]
    if target.task == "classification":
        said = setup.meaning(0).predictions(output).reshape(-1)
    elif target.width > 1:
        said = output.argmax(axis=-1)
    else:
        said = np.clip(np.rint(output[:, 0] - first), 0, labels.max())
    largest = float(np.bincount(labels).max()) / len(labels)
    return float(np.mean(said != labels)) / max(1.0 - largest, 1.0 / len(labels))
