"""Numbers brought between -1 and 1 by the lowest and the highest of each column, and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.data import record
from chainrule.errors import DataError, ShapeError

Numbers = NDArray[np.float64]
# Four thousand roundings of float64: far above that of a mean, and of numbers that were summed up.
ROUNDING = 1e-12


def are_varying(means: NDArray[Any], deviations: NDArray[Any]) -> NDArray[np.bool_]:
    """Return which columns (columns,) have more than one number, beyond rounding.

    It is asked of the deviation beside the mean, whatever unit the numbers are in: a mean is known
    to about 1e-16 of its size, and equal numbers seem to deviate by as much.
    """
    found: NDArray[np.bool_] = deviations > ROUNDING * np.abs(means)
    return found


@dataclass(frozen=True)
class Ranges:
    """The lowest and the highest number of each column, which become -1 and 1.

    A column whose numbers are all equal is at 0. Columns are the features of (n, features) and
    (n, time, features), the channels of (n, channels, ...); a single range is one for all numbers.
    """

    low: tuple[float, ...]
    high: tuple[float, ...]

    @classmethod
    def of(cls, rows: Numbers) -> Ranges:
        """Return the ranges of rows (n, columns), finite, one or more."""
        return cls(tuple(rows.min(axis=0).tolist()), tuple(rows.max(axis=0).tolist()))

    @classmethod
    def standardising(cls, rows: Numbers) -> Ranges:
        """Return the ranges that give each column of rows (n, columns) mean 0 and deviation 1.

        A column whose numbers are all equal, beyond rounding, keeps its unit and comes to 0.
        """
        means, deviations = rows.mean(axis=0), rows.std(axis=0)
        varying = are_varying(means, deviations)
        halves = np.where(varying, deviations, np.maximum(1.0, ROUNDING * np.abs(means)))
        return cls(tuple((means - halves).tolist()), tuple((means + halves).tolist()))

    @classmethod
    def unchanged(cls, columns: int) -> Ranges:
        """Return the ranges that leave numbers as they are."""
        return cls((-1.0,) * columns, (1.0,) * columns)

    @property
    def varying(self) -> NDArray[np.bool_]:
        """Which columns have more than one number: (columns,)."""
        return np.less(self.low, self.high)

    def _middle_and_half(self) -> tuple[Numbers, Numbers]:
        # Halves first: the whole range of very large numbers would leave that of float64.
        low, high = 0.5 * np.array(self.low), 0.5 * np.array(self.high)
        return low + high, np.where(self.varying, high - low, 1.0)

    def axis(self, shape: tuple[int, ...]) -> int:
        """Return which axis of rows of a shape holds the columns."""
        width = len(self.low)
        last = len(shape) - 1
        if width == 1 or last < 2 or (last == 2 and shape[last] == width):
            return last
        return 1

    def fits(self, shape: tuple[int, ...]) -> bool:
        """Whether rows of a shape have these columns."""
        width = len(self.low)
        one_for_all = width == 1 and len(shape) > 2
        return len(shape) > 1 and (one_for_all or shape[self.axis(shape)] == width)

    def _along(self, shape: tuple[int, ...]) -> tuple[Numbers, Numbers]:
        """Return middles and halves in the shape that meets rows."""
        behind = (1,) * (len(shape) - 1 - self.axis(shape))
        middle, half = self._middle_and_half()
        return middle.reshape(-1, *behind), half.reshape(-1, *behind)

    def scaled(self, rows: Numbers) -> Numbers:
        """Return numbers of these ranges between -1 and 1, in their shape; others lie outside."""
        middle, half = self._along(rows.shape)
        found: Numbers = (rows - middle) / half
        return found

    def unscaled(self, rows: Numbers) -> Numbers:
        """Return what ``scaled`` was given."""
        middle, half = self._along(rows.shape)
        found: Numbers = rows * half + middle
        return found

    def to_record(self) -> dict[str, Any]:
        """Return the ranges as plain data."""
        return {"low": list(self.low), "high": list(self.high)}

    @classmethod
    def from_record(cls, content: object) -> Ranges:
        """Return the ranges of a record, checked. Raises RunFolderError for any other."""
        plain = record.mapping(content, "the ranges of columns")
        low, high = (
            tuple(record.number({key: one}, key) for one in record.items(plain, key))
            for key in ("low", "high")
        )
        if len(low) != len(high) or not low or np.greater(low, high).any():
            raise record.damaged("the ranges of columns do not agree")
        return cls(low, high)


@dataclass(frozen=True)
class Scaling:
    """The ranges of the inputs, and of the target where it is of numbers.

    Columns of a table (n, columns) that do not vary are left out.
    """

    inputs: Ranges
    target: Ranges | None = None

    @classmethod
    def of(cls, rows: Numbers, target: Numbers | None) -> Scaling:
        """Return the scaling of rows (n, columns) and of their target (n, outputs), or None.

        Raises DataError where no column varies.
        """
        inputs = Ranges.of(rows)
        if not inputs.varying.any():
            raise DataError(
                "No column of X varies in the training rows, so there is nothing to learn from.",
                "Give a column that does.",
            )
        return cls(inputs, None if target is None else Ranges.of(target))

    def scaled_inputs(self, rows: Numbers) -> Numbers:
        """Return the columns that vary, between -1 and 1. Raises ShapeError for other columns.

        Images and sequences keep all of theirs.
        """
        width = len(self.inputs.low)
        if not self.inputs.fits(rows.shape):
            remedy = "X.T" if rows.ndim == 2 and rows.shape[0] == width else "as many columns"
            raise ShapeError(
                f"X is {' x '.join(map(str, rows.shape))}, and the network was trained on "
                f"{width} columns.",
                f"Give {remedy}.",
            )
        scaled = self.inputs.scaled(rows)
        return scaled[:, self.inputs.varying] if rows.ndim == 2 else scaled

    def scaled_target(self, target: Numbers) -> Numbers:
        """Return numbers (n,), (n, outputs) or (n, time, outputs) scaled, in the same shape."""
        if self.target is None:
            return target
        wide = target.reshape(-1, len(self.target.low))
        return self.target.scaled(wide).reshape(target.shape)

    def predictions(self, found: NDArray[Any]) -> Numbers:
        """Return what a network gives, (n, ..., outputs), in the target's units."""
        wide = found.astype(np.float64)
        if self.target is None:
            return wide
        return self.target.unscaled(wide.reshape(-1, wide.shape[-1])).reshape(wide.shape)

    def to_record(self) -> dict[str, Any]:
        """Return the scaling as plain data."""
        target = None if self.target is None else self.target.to_record()
        return {"inputs": self.inputs.to_record(), "target": target}

    @classmethod
    def from_record(cls, content: object) -> Scaling:
        """Return the scaling of a record, checked. Raises RunFolderError for any other."""
        plain = record.mapping(content, "'scaling'")
        target = record.entry(plain, "target")
        found = None if target is None else Ranges.from_record(target)
        return cls(Ranges.from_record(record.entry(plain, "inputs")), found)
