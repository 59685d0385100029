"""Targets: from the caller's labels or numbers to what a loss takes, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import DataError, RunFolderError

Task = Literal["classification", "regression"]
MANY_CLASSES = 100


@dataclass(frozen=True)
class Target:
    """What is predicted. ``labels`` are the classes in the caller's own type, in sorted order.

    ``flat``: the target came as (rows,), so predictions go back as (rows,).
    """

    task: Task
    width: int
    labels: tuple[Any, ...] = ()
    flat: bool = True

    def encoded(self, y: NDArray[Any]) -> NDArray[Any]:
        """Return label numbers (rows,), or numbers (rows, width). Raises DataError."""
        if self.task == "regression":
            numbers = _numbers(y)
            return numbers[:, None] if numbers.ndim == 1 else numbers
        place = {label: number for number, label in enumerate(self.labels)}
        strange = [one for one in y.tolist() if one not in place]
        if strange:
            raise DataError(
                f"The target holds the class {strange[0]!r}, which is not among {self.labels}.",
                "Train on rows of every class.",
            )
        return np.array([place[one] for one in y.tolist()], dtype=np.int64)

    def decoded(self, labels: NDArray[np.int64]) -> NDArray[Any]:
        """Return label numbers as the caller's own labels."""
        return np.array(self.labels)[labels]

    def to_record(self) -> dict[str, Any]:
        return {
            "task": self.task,
            "width": self.width,
            "labels": list(self.labels),
            "flat": self.flat,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Target:
        try:
            task: Task = "classification" if record["task"] == "classification" else "regression"
            return cls(task, int(record["width"]), tuple(record["labels"]), bool(record["flat"]))
        except (KeyError, TypeError, ValueError):
            raise RunFolderError(
                "The run does not say what it predicts.", "Restore the folder from a copy."
            ) from None


def find_target(y: NDArray[Any], task: Task | None) -> Target:
    """Work out what a target is. Raises DataError where it is nothing that can be learned.

    Without a task, text, truth values and whole numbers are classes, other numbers are numbers.
    """
    if y.ndim not in (1, 2) or y.size == 0:
        raise DataError(f"The target has the shape {y.shape}.", "Give one target for each row.")
    if y.ndim == 2 and y.shape[1] == 1 and y.dtype.kind not in "f":
        y = y[:, 0]
    if task is None:
        task = "classification" if y.dtype.kind in "OSUbiu" and y.ndim == 1 else "regression"
        if task == "classification" and y.dtype.kind == "O" and _all_floats(y):
            task = "regression"
        distinct = len(np.unique(y)) if y.dtype.kind in "iu" else 0
        if distinct > MANY_CLASSES:
            raise DataError(
                f"The target holds {distinct} different whole numbers, which could be classes "
                "or amounts.",
                "Say which: loss='cross_entropy' or loss='mean_squared_error'.",
            )
    if task == "regression":
        numbers = _numbers(y)
        if np.ptp(numbers) == 0.0 and len(numbers) > 1:
            raise DataError(
                f"The target is {numbers.flat[0]:g} in every row, so there is nothing to learn.",
                "Check that the right column was given as target.",
            )
        return Target("regression", 1 if y.ndim == 1 else y.shape[1], (), y.ndim == 1)
    labels = _labels(y)
    if len(labels) < 2:
        raise DataError(
            f"Every row has the class {labels[0]!r}, so there is nothing to tell apart.",
            "Give rows of two classes or more.",
        )
    return Target("classification", len(labels), labels)


def _all_floats(y: NDArray[Any]) -> bool:
    return all(isinstance(one, float) for one in y.tolist())


def _labels(y: NDArray[Any]) -> tuple[Any, ...]:
    """Return the distinct labels, sorted, as plain Python values."""
    found = y.tolist()
    if y.dtype.kind == "f" and not np.isfinite(y).all() or any(one is None for one in found):
        raise DataError("The target has rows without a class.", "Leave those rows out.")
    try:
        return tuple(sorted(set(found)))
    except TypeError:
        raise DataError(
            "The target mixes labels of several types.", "Give all labels as text or as numbers."
        ) from None


def _numbers(y: NDArray[Any]) -> NDArray[np.float64]:
    try:
        numbers = y.astype(np.float64)
    except (TypeError, ValueError):
        raise DataError(
            "The target holds text where numbers are due.",
            "Give numbers, or a loss for classes: loss='cross_entropy'.",
        ) from None
    bad = np.flatnonzero(~np.isfinite(numbers.reshape(len(numbers), -1)).all(axis=1))
    if bad.size:
        raise DataError(
            f"The target is NaN or infinite in {bad.size} rows, first in row {bad[0]}.",
            "Leave those rows out or fill them in.",
        )
    return numbers
