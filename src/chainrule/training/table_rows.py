"""The rows of a table as arrays: inputs and target, for each part of the split."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.data.preparation import Preparation
from chainrule.data.table import Table
from chainrule.network.network import Network
from chainrule.training.preparing import Prepared, prepare
from chainrule.training.table_notes import Split


@dataclass(frozen=True, eq=False)
class TableRows:
    """A table as inputs (rows, inputs) and target (rows,), with its preparation and split.

    The target is labels in their own type, or standardised numbers; rows that the split leaves out
    have nothing of use in it.
    """

    preparation: Preparation
    split: Split
    inputs: NDArray[np.float64]
    target: NDArray[Any]

    @classmethod
    def of(cls, table: Table, preparation: Preparation, split: Split) -> TableRows:
        """Return the rows of a table. Raises DataError for values that do not fit."""
        used = np.sort(np.concatenate((split.training, split.validation, split.test)))
        found = preparation.targets(table.select(used))
        if preparation.target.task == "regression":
            values: NDArray[Any] = found[:, 0]
        else:
            values = preparation.target.predictions(found)
        target = np.zeros(table.rows, dtype=values.dtype)
        target[used] = values
        return cls(preparation, split, preparation.inputs(table), target)

    def part(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[Any]]:
        """Return inputs and target of some rows."""
        return self.inputs[rows], self.target[rows]

    def prepared(self, network: Network, seed: int) -> Prepared:
        """Return training and validation rows for a setup, with the network sized for them."""
        regression = self.preparation.target.task == "regression"
        return prepare(
            network,
            *self.part(self.split.training),
            loss="mean_squared_error" if regression else "cross_entropy",
            validation=self.part(self.split.validation),
            sample_weight=None,
            class_weight=None,
            seed=seed,
        )
