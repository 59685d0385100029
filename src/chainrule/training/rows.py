"""Rows: the arrays that a training reads, checked, split and in the training's type."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.checks import is_finite_number
from chainrule.data import record
from chainrule.data.decisions import counted
from chainrule.data.splitting import split_rows
from chainrule.errors import DataError, SetupError, ShapeError
from chainrule.training.arguments import from_zero

Arrays = tuple[NDArray[Any], ...]


@dataclass(frozen=True, eq=False)
class Rows:
    """Inputs, targets and weights, as many rows in each. Nothing of it is kept in a run.

    ``time_weights``: (rows, time) for each target over time, how much each of its times counts.
    """

    inputs: Arrays
    targets: Arrays
    weights: NDArray[Any]
    time_weights: Arrays = ()

    def __len__(self) -> int:
        return len(self.weights)

    def part(self, chosen: NDArray[np.int64]) -> Rows:
        """Return the rows of these numbers."""
        return Rows(
            tuple(one[chosen] for one in self.inputs),
            tuple(one[chosen] for one in self.targets),
            self.weights[chosen],
            tuple(one[chosen] for one in self.time_weights),
        )

    def typed(self, dtype: str) -> tuple[NDArray[Any], ...]:
        """Return inputs, targets and weights, those of times first, for an engine.

        Floats are in ``dtype``. Raises DataError for numbers that are too large for it.
        """
        every = (*self.inputs, *self.targets, *self.time_weights, self.weights)
        largest = np.finfo(dtype).max
        if any(one.size and max(one.max(), -one.min()) > largest for one in every):
            raise DataError(
                f"The rows hold numbers that are too large for {dtype}.",
                "Scale them down, or train with dtype='float64'.",
            )
        return tuple(
            np.ascontiguousarray(one, dtype=dtype if one.dtype.kind == "f" else np.int64)
            for one in every
        )


@dataclass(frozen=True)
class Provenance:
    """Which rows were trained on: what a run keeps instead of the rows.

    ``rows`` and ``checksum`` are those of X, y and the weights; ``validation`` holds the numbers,
    rising, of those that were held out; ``held`` is the checksum of validation rows that were given
    apart, else empty; ``left_out`` are the numbers, rising, of rows that had no part in it.
    """

    rows: int
    checksum: str
    validation: tuple[int, ...] = ()
    held: str = ""
    left_out: tuple[int, ...] = ()

    @property
    def training(self) -> NDArray[np.int64]:
        """The numbers, rising, of the rows that were trained on."""
        left = np.ones(self.rows, dtype=bool)
        for gone in (self.validation, self.left_out):
            left[np.array(gone, dtype=np.int64)] = False
        return np.flatnonzero(left)

    @property
    def training_rows(self) -> int:
        """The number of rows that steps are made of."""
        return self.rows - len(self.validation) - len(self.left_out)

    def keeping(self, places: NDArray[np.int64]) -> Provenance:
        """Return that of the training rows at these places; the others are left out."""
        left = np.delete(self.training, places)
        every = np.union1d(np.array(self.left_out, dtype=np.int64), left)
        return replace(self, left_out=tuple(every.tolist()))

    def judging(self, places: NDArray[np.int64]) -> Provenance:
        """Return that of the held out rows at these places; the others are left out."""
        held = np.array(self.validation, dtype=np.int64)
        every = np.union1d(np.array(self.left_out, dtype=np.int64), np.delete(held, places))
        return replace(
            self, validation=tuple(held[places].tolist()), left_out=tuple(every.tolist())
        )

    def holding_out(self, places: NDArray[np.int64]) -> Provenance:
        """Return that of a training that held out the training rows at these places as well."""
        held = np.union1d(np.array(self.validation, dtype=np.int64), self.training[places])
        return replace(self, validation=tuple(held.tolist()))

    def same_rows(self, other: Provenance) -> bool:
        """Whether both are of the same rows, the validation rows included."""
        return (self.checksum, self.held) == (other.checksum, other.held)

    def to_record(self) -> dict[str, Any]:
        """Return the provenance as plain data."""
        return asdict(self)

    @classmethod
    def from_record(cls, content: object) -> Provenance:
        """Return the provenance of a record, checked. Raises RunFolderError for any other."""
        plain = record.mapping(content, "'provenance'")
        rows = record.whole_number(plain, "rows")
        validation = record.whole_numbers(plain, "validation", rows)
        left_out = np.arange(0)
        if "left_out" in plain:
            left_out = record.whole_numbers(plain, "left_out", rows)
        if np.intersect1d(validation, left_out).size:
            raise record.damaged("a row is held out and left out")
        if len(validation) + len(left_out) >= rows:
            raise record.damaged("no row is left for training")
        checksum, held = record.text(plain, "checksum"), record.text(plain, "held")
        return cls(rows, checksum, tuple(validation.tolist()), held, tuple(left_out.tolist()))


def input_array(content: Any, name: str) -> NDArray[np.float64]:
    """Return rows of numbers as a float64 array of two axes or more. Raises DataError."""
    if isinstance(content, Iterator | str | os.PathLike):
        raise DataError(
            f"{name} is {type(content).__name__}, and rows that come piece by piece cannot be "
            "trained on yet.",
            "Give an array that fits into memory, or read the file with train_table().",
        )
    _refuse_larger_than_memory(content, name)
    array = number_array(
        content, name, "Turn text into numbers first, or use train_table(), which does."
    )
    if array.ndim == 1:
        raise DataError(
            f"{name} has one axis of {array.shape[0]} numbers, so rows and columns are not told "
            "apart.",
            "Write X.reshape(-1, 1) for one column, X.reshape(1, -1) for one row.",
        )
    if array.ndim < 1 or array.size == 0:
        raise DataError(f"{name} is empty: {array.shape}.", "Give at least one row.")
    finite = np.isfinite(array)
    if not finite.all():
        bad = np.flatnonzero(~finite.reshape(len(array), -1).all(axis=1))
        raise DataError(
            f"{name} holds NaN or infinity in {counted(bad.size, 'row')}, first in row {bad[0]}.",
            "Fill missing numbers in or leave those rows out; train_table() fills them in.",
        )
    return array


def number_array(content: Any, name: str, remedy: str) -> NDArray[np.float64]:
    """Return numbers as a float64 array. Raises DataError for rows of several lengths, and text.

    Text that spells numbers is refused, too: where some of a column does, the rest may not.
    """
    if has_masked(content):
        raise DataError(
            f"{name} is a masked array, and numbers that are masked would be trained on.",
            "Fill them in, X.filled(...), or leave those rows out.",
        )
    try:
        array = np.asarray(content)
    except (TypeError, ValueError):
        raise DataError(
            f"{name} has rows of different lengths.",
            "Give as many numbers in every row; fill short sequences up, and give a mask.",
        ) from None
    except Exception as error:
        raise DataError(
            f"{name} cannot be read as an array ({error}).", "Give a NumPy array of numbers."
        ) from error
    if array.dtype.kind == "O" and not any(isinstance(one, str | bytes) for one in array.flat):
        with contextlib.suppress(TypeError, ValueError, OverflowError):
            array = array.astype(np.float64)
    if array.dtype.kind not in "fiub":
        raise DataError(f"{name} holds something that is not a number.", remedy)
    return array.astype(np.float64, copy=False)


def has_masked(content: Any) -> bool:
    """Whether this is an array that hides some of its numbers.

    Whoever made one has loaded ``numpy.ma``, which is not loaded here just to ask.
    """
    # Another thread may be loading it just now.
    kind = getattr(sys.modules.get("numpy.ma"), "MaskedArray", None)
    return kind is not None and isinstance(content, kind) and bool(np.ma.is_masked(content))


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
        total.update(np.ascontiguousarray(one).reshape(-1).data)
    return total.hexdigest()


def split_validation(
    rows: int, share: Any, seed: int, labels: NDArray[Any] | None, classes: Sequence[Any]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the row numbers for training and for validation: seeded, stratified by label.

    Raises SetupError for what is no share, DataError where a class has one row.
    """
    if not is_finite_number(share) or not 0.0 <= share < 1.0:
        raise SetupError(
            f"validation={share!r} is no share of the rows.",
            "Give a number from 0 to below 1, or (X, y).",
        )
    everything = np.arange(rows)
    if share == 0.0:
        return everything, everything[:0]
    counts = np.bincount(labels, minlength=len(classes)) if labels is not None else np.zeros(0)
    if (counts == 1).any():
        raise DataError(
            f"The class {classes[int(np.argmax(counts == 1))]!r} has one row, which cannot be both "
            "trained on and held out.",
            "Give more rows of it, leave it out, or hold nothing out.",
        )
    training, held = split_rows(rows, (float(share),), seed, labels, purpose="validation")
    return training, held


def row_weights(
    sample_weight: Any,
    class_weight: Any,
    rows: int,
    labels: NDArray[Any] | None,
    classes: Sequence[Any],
) -> NDArray[np.float64]:
    """Return one weight for each row, of mean 1: sample weight times class weight.

    ``class_weight="balanced"`` weighs each class by rows / (classes * rows of the class).
    """
    weights = np.ones(rows)
    if sample_weight is not None:
        weights = number_array(sample_weight, "sample_weight", "Give one weight for each row.")
        if weights.shape != (rows,):
            raise ShapeError(
                f"sample_weight is {weights.shape} for {rows} rows.",
                "Give one weight for each row.",
            )
        if not np.isfinite(weights).all() or (weights < 0).any():
            raise DataError(
                "sample_weight holds a negative number, NaN or infinity.",
                "Give one weight from 0 for each row.",
            )
    if class_weight is not None:
        if labels is None:
            raise SetupError(
                "class_weight was given for a target of numbers, or for several outputs.",
                "Use sample_weight instead.",
            )
        weights = weights * weights_of_classes(class_weight, labels, classes)[labels]
    if not weights.sum() > 0.0:
        raise DataError("All rows have the weight 0.", "Give at least one row a weight.")
    return np.asarray(weights / weights.mean())


def weights_of_classes(
    class_weight: Any, labels: NDArray[Any], classes: Sequence[Any]
) -> NDArray[np.float64]:
    """Return the weight of each class. Raises SetupError for what does not name classes."""
    if isinstance(class_weight, str) and class_weight == "balanced":
        counts = np.maximum(np.bincount(labels, minlength=len(classes)), 1)
        return np.array([len(labels) / (len(classes) * one) for one in counts.tolist()])
    if not isinstance(class_weight, Mapping) or set(class_weight) - set(classes):
        raise SetupError(
            f"class_weight {class_weight!r} does not name classes of the target.",
            f"Give 'balanced' or a weight for each of {tuple(classes)}.",
        )
    found = [from_zero(class_weight.get(one, 1.0), f"class_weight[{one!r}]") for one in classes]
    return np.array(found)
