"""Numbers brought between -1 and 1 by the lowest and the highest of each column, and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.data import record
from chainrule.errors import DataError, ShapeError

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Ranges:
    """The lowest and the highest number of each column, which become -1 and 1.

    A column whose numbers are all equal is at 0.
    """

    low: tuple[float, ...]
    high: tuple[float, ...]

    @classmethod
    def of(cls, rows: Numbers) -> Ranges:
        """Return the ranges of rows (n, columns), finite, one or more."""
        return cls(tuple(rows.min(axis=0).tolist()), tuple(rows.max(axis=0).tolist()))

    @property
    def varying(self) -> NDArray[np.bool_]:
        """Which columns have more than one number: (columns,)."""
        return np.less(self.low, self.high)

    def _middle_and_half(self) -> tuple[Numbers, Numbers]:
        # Halves first: the whole range of very large numbers would leave that of float64.
        low, high = 0.5 * np.array(self.low), 0.5 * np.array(self.high)
        return low + high, np.where(self.varying, high - low, 1.0)

    def scaled(self, rows: Numbers) -> Numbers:
        """Return numbers (n, columns) of these ranges between -1 and 1; others lie outside."""
        middle, half = self._middle_and_half()
        found: Numbers = (rows - middle) / half
        return found

    def unscaled(self, rows: Numbers) -> Numbers:
        """Return what ``scaled`` was given: (n, columns)."""
        middle, half = self._middle_and_half()
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

    Inputs that do not vary are left out.
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
        """Return the columns that vary, between -1 and 1. Raises ShapeError for other columns."""
        width = len(self.inputs.low)
        if rows.ndim != 2 or rows.shape[1] != width:
            remedy = "X.T" if rows.ndim == 2 and rows.shape[0] == width else "as many columns"
            raise ShapeError(
                f"X is {' x '.join(map(str, rows.shape))}, and the network was trained on "
                f"{width} columns.",
                f"Give {remedy}.",
            )
        return self.inputs.scaled(rows)[:, self.inputs.varying]

    def scaled_target(self, target: Numbers) -> Numbers:
        """Return numbers (n,) or (n, outputs) between -1 and 1, in the same shape."""
        if self.target is None:
            return target
        return self.target.scaled(target.reshape(len(target), -1)).reshape(target.shape)

    def predictions(self, found: NDArray[Any]) -> Numbers:
        """Return what a network gives (n, outputs) in the target's units."""
        wide = found.astype(np.float64)
        return wide if self.target is None else self.target.unscaled(wide)

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
