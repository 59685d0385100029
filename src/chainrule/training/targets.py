"""Targets: from the caller's labels or numbers to what a loss takes, and back."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from chainrule.data import record
from chainrule.data.decisions import counted
from chainrule.errors import DataError, ShapeError
from chainrule.training.rows import has_masked

Task = Literal["classification", "regression"]
MANY_CLASSES = 100
LABEL_TYPES = (str, bool, int, float)


@dataclass(frozen=True)
class Target:
    """What is predicted. ``labels`` are the classes in the caller's own type, in sorted order.

    ``flat``: the target came as (rows,), so predictions go back as (rows,). ``over_time``: it has
    an axis of times behind the rows, and so have predictions.
    """

    task: Task
    width: int
    labels: tuple[Any, ...] = ()
    flat: bool = True
    over_time: bool = False

    def encoded(self, y: NDArray[Any], counted: NDArray[np.bool_] | None = None) -> NDArray[Any]:
        """Return label numbers (rows,), or numbers (rows, width). Raises DataError.

        Over time they are (rows, time) or (rows, time, width), 0 where a time is not ``counted``.
        """
        if self.over_time and counted is not None:
            _refuse_gaps(y, counted)
            found = replace(self, over_time=False).encoded(y[counted])
            whole = np.zeros((*counted.shape, *found.shape[1:]), found.dtype)
            whole[counted] = found
            return whole
        if self.task == "regression":
            numbers = _numbers(y)
            return numbers[:, None] if numbers.ndim == 1 else numbers
        if y.ndim == 2 and y.shape[1] == 1:
            y = y[:, 0]
        if y.ndim != 1:
            raise ShapeError(
                f"The target is {y.shape}, and classes are one label for each row.",
                "Give labels (rows,).",
            )
        place = {label: number for number, label in enumerate(self.labels)}
        distinct, which = _distinct(y)
        known = [isinstance(one, LABEL_TYPES) and one in place for one in distinct]
        if not all(known):
            strange = y.tolist()[int(np.argmin(np.array(known)[which]))]
            raise DataError(
                f"The target holds the class {strange!r}, which is not among {self.labels}.",
                "Train on rows of every class.",
            )
        return np.array([place[one] for one in distinct], dtype=np.int64)[which]

    def decoded(self, labels: NDArray[np.int64]) -> NDArray[Any]:
        """Return label numbers as the caller's own labels."""
        known: NDArray[Any] = np.array(self.labels)
        if list(known.tolist()) != list(self.labels):
            # NumPy's text drops NULs at its end, and its numbers have 64 bits.
            known = np.array([*self.labels, None], dtype=object)[:-1]
        decoded: NDArray[Any] = known[labels]
        return decoded

    def to_record(self) -> dict[str, Any]:
        """Return the target as plain data."""
        return {
            "task": self.task,
            "width": self.width,
            "labels": list(self.labels),
            "flat": self.flat,
            **({"over_time": True} if self.over_time else {}),
        }

    @classmethod
    def from_record(cls, content: object) -> Target:
        """Return the target of a record, checked. Raises RunFolderError for any other."""
        plain = record.mapping(content, "a target")
        known: dict[str, Task] = {"classification": "classification", "regression": "regression"}
        task = known[record.choice(plain, "task", tuple(known))]
        width, labels = record.whole_number(plain, "width"), record.items(plain, "labels")
        kinds = {isinstance(one, str) for one in labels}
        known_types = all(isinstance(one, LABEL_TYPES) and one == one for one in labels)
        if not known_types or len(kinds) > 1 or len(set(labels)) != len(labels):
            raise record.damaged("'labels' holds what is no label")
        least = 2 if task == "classification" else 1
        if width < least or len(labels) != (width if task == "classification" else 0):
            raise record.damaged("'labels' and 'width' do not agree")
        over_time = "over_time" in plain and record.flag(plain, "over_time")
        return cls(task, width, tuple(labels), record.flag(plain, "flat"), over_time)


def target_values(y: Any) -> NDArray[Any]:
    """Return a target as an array. Raises DataError for what does not come as rows."""
    if isinstance(y, Iterator | Mapping | set | frozenset):
        raise DataError(
            f"The target is {type(y).__name__}, which has no order of rows to go by.",
            "Give an array or a list.",
        )
    if has_masked(y):
        raise DataError("The target has rows that are masked.", "Leave those rows out.")
    if isinstance(y, list | tuple) and any(isinstance(one, str) for one in y):
        # NumPy would turn what stands beside text into text: a NaN into the class 'nan'.
        return np.array(y, dtype=object)
    try:
        return np.asarray(y)
    except (TypeError, ValueError):
        raise DataError(
            "The target has rows of different lengths.",
            "Give one number or label for each row, or for each time: fill short rows up, and give "
            "the network a mask.",
        ) from None
    except Exception as error:
        raise DataError(
            f"The target cannot be read as an array ({error}).", "Give a NumPy array or a list."
        ) from error


def find_target(
    y: NDArray[Any], task: Task | None, counted: NDArray[np.bool_] | None = None
) -> Target:
    """Work out what a target is. Raises DataError where it is nothing that can be learned.

    Without a task, text, truth values and whole numbers are classes, other numbers are numbers.
    ``counted`` (rows, time) is given for a target over time: which of its times are looked at.
    """
    if counted is not None:
        if task == "classification" and y.ndim == 3 and y.shape[2] > 1:
            raise DataError(
                f"The target is {y.shape}, and classes are one label for each time.",
                "Give labels: y.argmax(axis=2) where the last axis is the classes.",
            )
        _refuse_gaps(y, counted)
        return replace(find_target(y[counted], task), over_time=True)
    if y.ndim not in (1, 2) or y.size == 0:
        raise DataError(f"The target has the shape {y.shape}.", "Give one target for each row.")
    if y.ndim == 2 and y.shape[1] == 1 and y.dtype.kind not in "f":
        y = y[:, 0]
    if task is None:
        task = _task_of(y)
    return _classes_of(y) if task == "classification" else _numbers_of(y)


def _refuse_gaps(y: NDArray[Any], counted: NDArray[np.bool_]) -> None:
    """Raise DataError where a target is no number at a time that counts."""
    if y.dtype.kind == "O" and y.ndim == 2:
        finite = np.array([[not _is_absent(one) for one in row] for row in y])
    elif y.dtype.kind == "f":
        finite = np.isfinite(y)
    else:
        return
    bad = counted & ~(finite.all(axis=2) if y.ndim > 2 else finite)
    if bad.any():
        row, time = np.argwhere(bad)[0].tolist()
        said = "NaN or infinite" if y.dtype.kind == "f" else "missing"
        raise DataError(
            f"The target is {said} at {bad.sum()} times, first in row {row}, time {time}.",
            "Leave those times out: sample_weight (rows, time) with 0 there, or a mask.",
        )


def _task_of(y: NDArray[Any]) -> Task:
    if y.dtype.kind not in "OSUbiu" or y.ndim == 2:
        return "regression"
    if y.dtype.kind == "O" and all(isinstance(one, float) for one in y.tolist()):
        return "regression"
    distinct = len(np.unique(y)) if y.dtype.kind in "iu" else 0
    if distinct > MANY_CLASSES:
        raise DataError(
            f"The target holds {distinct} different whole numbers, which could be classes or "
            "amounts.",
            "Say which: loss='cross_entropy' or loss='mean_squared_error'.",
        )
    return "classification"


def _numbers_of(y: NDArray[Any]) -> Target:
    numbers = _numbers(y)
    if len(numbers) > 1 and np.ptp(numbers) == 0.0:
        raise DataError(
            f"The target is {numbers.flat[0]:g} in every row, so there is nothing to learn.",
            "Check that the right column was given as target.",
        )
    return Target("regression", 1 if y.ndim == 1 else y.shape[1], (), y.ndim == 1)


def _classes_of(y: NDArray[Any]) -> Target:
    if y.ndim == 2:
        raise DataError(
            f"The target is {y.shape}, and classes are one label for each row.",
            "Give labels: y.argmax(axis=1) where the columns are classes; for a label at each time "
            "keep every step of the sequence in front of the last Dense.",
        )
    labels = _labels(y)
    if len(labels) < 2:
        raise DataError(
            f"Every row has the class {labels[0]!r}, so there is nothing to tell apart.",
            "Give rows of two classes or more.",
        )
    return Target("classification", len(labels), labels)


def _labels(y: NDArray[Any]) -> tuple[Any, ...]:
    """Return the distinct labels, sorted, as plain Python values."""
    # Whole numbers and truth values once each; not text and floats, because NumPy has its own mind
    # about NULs and the sign of 0.
    found = (np.unique(y) if y.dtype.kind in "iub" else y).tolist()
    numbers = [one for one in found if isinstance(one, float)]
    if any(map(_is_absent, found)) or not np.isfinite(numbers).all():
        raise DataError("The target has rows without a class.", "Leave those rows out.")
    strange = [one for one in found if not isinstance(one, LABEL_TYPES)]
    if strange:
        raise DataError(
            f"The target holds labels of the type {type(strange[0]).__name__}.",
            "Give labels as text, whole numbers, or True and False.",
        )
    if len({str if isinstance(one, str) else isinstance(one, bool) for one in found}) > 1:
        raise DataError(
            "The target mixes labels of several types.", "Give all labels as text or as numbers."
        )
    return tuple(sorted(set(found)))


def _is_absent(label: Any) -> bool:
    nan = isinstance(label, float) and math.isnan(label)
    return label is None or nan or type(label).__name__ in ("NAType", "NaTType")


def _distinct(y: NDArray[Any]) -> tuple[list[Any], NDArray[np.int64] | slice]:
    """Return plain values among which are all of a target, and which of them stands in each row."""
    if y.dtype.kind not in "iub":
        return y.tolist(), slice(None)
    distinct, which = np.unique(y, return_inverse=True)
    return distinct.tolist(), which


def _numbers(y: NDArray[Any]) -> NDArray[np.float64]:
    text = y.dtype.kind == "O" and any(isinstance(one, str | bytes) for one in y.flat)
    try:
        numbers = None if text or y.dtype.kind not in "fiubO" else y.astype(np.float64)
    except (TypeError, ValueError, OverflowError):
        numbers = None
    if numbers is None:
        remedy = "Give numbers, or a loss for classes: loss='cross_entropy'"
        if y.ndim == 2 and y.shape[1] > 1:
            remedy += ", and one label for each row; for a label at each time keep every step of "
            remedy += "the sequence in front of the last Dense"
        raise DataError("The target holds something else where numbers are due.", f"{remedy}.")
    bad = np.flatnonzero(~np.isfinite(numbers.reshape(len(numbers), -1)).all(axis=1))
    if bad.size:
        raise DataError(
            f"The target is NaN or infinite in {counted(bad.size, 'row')}, first in row {bad[0]}.",
            "Leave those rows out or fill them in.",
        )
    return numbers
