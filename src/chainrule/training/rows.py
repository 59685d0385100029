"""Rows: the arrays that a training reads, checked, split and in the training's type."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.data.splitting import split_rows
from chainrule.errors import DataError, SetupError

Arrays = tuple[NDArray[Any], ...]


@dataclass(frozen=True, eq=False)
class Rows:
    """Inputs, targets and weights, as many rows in each. Nothing of it is kept in a run."""

    inputs: Arrays
    targets: Arrays
    weights: NDArray[Any]

    def __len__(self) -> int:
        return len(self.weights)

    def part(self, chosen: NDArray[np.int64]) -> Rows:
        return Rows(
            tuple(one[chosen] for one in self.inputs),
            tuple(one[chosen] for one in self.targets),
            self.weights[chosen],
        )

    def typed(self, dtype: str) -> tuple[NDArray[Any], ...]:
        """Return inputs, targets and weights for an engine: floats in ``dtype``."""
        every = (*self.inputs, *self.targets, self.weights)
        return tuple(
            np.ascontiguousarray(one, dtype=dtype if one.dtype.kind == "f" else np.int64)
            for one in every
        )


@dataclass(frozen=True)
class Provenance:
    """Where rows came from and how they were split: what a run keeps instead of the rows."""

    rows: int
    checksum: str
    training: tuple[int, ...] = ()
    validation: tuple[int, ...] = ()
    path: str | None = None
    notes: Mapping[str, Any] = field(default_factory=dict)

    def to_record(self) -> dict[str, Any]:
        return {
            "rows": self.rows,
            "checksum": self.checksum,
            "training": list(self.training),
            "validation": list(self.validation),
            "path": self.path,
            "notes": dict(self.notes),
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Provenance:
        return cls(
            int(record["rows"]),
            str(record["checksum"]),
            tuple(int(one) for one in record["training"]),
            tuple(int(one) for one in record["validation"]),
            record["path"],
            dict(record["notes"]),
        )


def input_array(content: Any, name: str) -> NDArray[np.float64]:
    """Return rows of numbers as a float64 array of two axes or more. Raises DataError."""
    if isinstance(content, Iterator) or isinstance(content, str | os.PathLike):
        raise DataError(
            f"{name} is {type(content).__name__}, and rows that come piece by piece cannot be "
            "trained on yet.",
            "Give an array that fits into memory, or read the file with train_table().",
        )
    _refuse_larger_than_memory(content, name)
    try:
        array = np.asarray(content)
        if array.dtype.kind not in "fiub":
            array = array.astype(np.float64)
    except (TypeError, ValueError):
        raise DataError(
            f"{name} holds something that is not a number.",
            "Turn text into numbers first, or use train_table(), which does.",
        ) from None
    if array.ndim == 1:
        raise DataError(
            f"{name} has one axis of {array.shape[0]} numbers, so rows and columns are not told "
            "apart.",
            "Write X.reshape(-1, 1) for one column, X.reshape(1, -1) for one row.",
        )
    if array.ndim < 1 or array.size == 0:
        raise DataError(f"{name} is empty: {array.shape}.", "Give at least one row.")
    array = array.astype(np.float64, copy=False)
    finite = np.isfinite(array).reshape(len(array), -1).all(axis=1)
    if not finite.all():
        bad = np.flatnonzero(~finite)
        raise DataError(
            f"{name} holds NaN or infinity in {bad.size} rows, first in row {bad[0]}.",
            "Fill missing numbers in or leave those rows out; train_table() fills them in.",
        )
    return array


def _refuse_larger_than_memory(content: Any, name: str) -> None:
    size = getattr(content, "nbytes", 0)
    if not isinstance(size, int) or not hasattr(os, "sysconf"):
        return
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if size > memory:
        raise DataError(
            f"{name} takes {size / 2**30:.1f} GiB and this machine has {memory / 2**30:.1f}.",
            "Train on a part of the rows; data larger than memory cannot be trained on yet.",
        )


def checksum_of(arrays: Sequence[NDArray[Any]]) -> str:
    """Return the sha256 of shapes, types and contents, to know the same rows again."""
    total = hashlib.sha256()
    for one in arrays:
        total.update(repr((one.shape, one.dtype.str)).encode())
        total.update(np.ascontiguousarray(one).tobytes())
    return total.hexdigest()


def split_validation(
    rows: Rows, share: float, seed: int, labels: NDArray[Any] | None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the row numbers for training and for validation: seeded, stratified by label."""
    if not 0.0 <= share < 1.0:
        raise SetupError(
            f"validation={share} is no share of the rows.", "Give a number from 0 to below 1."
        )
    everything = np.arange(len(rows))
    if share == 0.0:
        return everything, everything[:0]
    training, held = split_rows(len(rows), (share,), seed, labels, purpose="validation")
    return training, held


def row_weights(
    sample_weight: Any,
    class_weight: Mapping[Any, float] | str | None,
    rows: int,
    labels: NDArray[Any] | None,
    classes: Sequence[Any],
) -> NDArray[np.float64]:
    """Return one weight for each row, of mean 1: sample weight times class weight.

    ``class_weight="balanced"`` weighs each class by rows / (classes * rows of the class).
    """
    weights = np.ones(rows)
    if sample_weight is not None:
        weights = np.asarray(sample_weight, dtype=np.float64)
        if weights.shape != (rows,) or not np.isfinite(weights).all() or (weights < 0).any():
            raise DataError(
                f"sample_weight is {weights.shape} for {rows} rows, or holds negative numbers.",
                "Give one weight from 0 for each row.",
            )
    if class_weight is not None:
        if labels is None:
            raise SetupError(
                "class_weight was given for a target of numbers.", "Use sample_weight instead."
            )
        weights = weights * _of_classes(class_weight, labels, classes)[labels]
    if weights.sum() == 0.0:
        raise DataError("All rows have the weight 0.", "Give at least one row a weight.")
    return weights / weights.mean()


def _of_classes(
    class_weight: Mapping[Any, float] | str, labels: NDArray[Any], classes: Sequence[Any]
) -> NDArray[np.float64]:
    if class_weight == "balanced":
        counts = np.bincount(labels, minlength=len(classes))
        return len(labels) / (len(classes) * np.maximum(counts, 1))
    if not isinstance(class_weight, Mapping) or set(class_weight) - set(classes):
        raise SetupError(
            f"class_weight {class_weight!r} does not name classes of the target.",
            f"Give 'balanced' or a weight for each of {tuple(classes)}.",
        )
    return np.array([float(class_weight.get(one, 1.0)) for one in classes])
