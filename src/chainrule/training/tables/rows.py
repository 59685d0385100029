"""The rows of a table as arrays, once for each preparation: inputs and target of chosen rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.data.preparation import Preparation
from chainrule.data.table import Table
from chainrule.network.network import Network
from chainrule.training.preparing import Prepared, prepare
from chainrule.training.rows import Provenance
from chainrule.training.tables.folds import Fold
from chainrule.training.tables.plan import TablePlan
from chainrule.training.targets import Target

Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class TableRows:
    """A table and how its columns become inputs, fitted on some of its rows.

    Targets are labels in their own type, or standardised numbers.
    """

    table: Table
    preparation: Preparation

    @classmethod
    def fitted(cls, plan: TablePlan, training: Rows) -> TableRows:
        """Return the rows as these training rows, by their numbers, scale and encode them."""
        if len(training) == len(plan.used):
            return cls(plan.table, plan.preparation)
        places = np.searchsorted(plan.used, training)
        # A column that varies in all rows need not do so in those of a fold.
        found = Preparation.fit(
            plan.known, plan.target, places, plan.task, plan.kinds, may_lack_inputs=True
        )
        return cls(plan.table, found)

    def part(self, rows: Rows) -> tuple[NDArray[np.float64], NDArray[Any]]:
        """Return inputs (rows, inputs) and target (rows,) of rows that have a target."""
        chosen = self.table.select(rows)
        found = self.preparation.targets(chosen)
        if self.preparation.target.task == "regression":
            values: NDArray[Any] = found[:, 0]
        else:
            values = self.preparation.target.predictions(found)
        return self.preparation.inputs(chosen), values

    def in_fold(
        self,
        network: Network,
        fold: Fold,
        seed: int,
        class_weight: str | None = None,
        left_out: tuple[int, ...] = (),
    ) -> Prepared:
        """Return a fold's training and validation rows, with the network sized for them.

        ``class_weight`` as in ``prepare``, of the training rows; ``left_out``: the places of
        training rows that have no part in it.
        """
        learned, held = self.part(fold.training), self.part(fold.validation)
        return self._prepared(network, learned, held, seed, class_weight, left_out)

    def of_all(
        self,
        network: Network,
        rows: Rows,
        seed: int,
        class_weight: str | None = None,
        split: Provenance | None = None,
    ) -> Prepared:
        """Return rows that are all trained on, with the network sized for them.

        ``split``: the provenance of a run that held rows out of these, or left some out.
        """
        held = 0.0 if split is None else split
        return self._prepared(network, self.part(rows), held, seed, class_weight)

    def _prepared(
        self,
        network: Network,
        rows: tuple[Any, Any],
        validation: Any,
        seed: int,
        class_weight: str | None,
        left_out: tuple[int, ...] = (),
    ) -> Prepared:
        target = self.preparation.target
        regression, known = target.task == "regression", Target("regression", 1)
        if target.labels is not None:
            # Rows of a fold need not hold every class, and its networks have an output for each;
            # nor need their numbers differ, for the rows of another fold do.
            labels = tuple(target.predictions(np.arange(len(target.labels))).tolist())
            known = Target("classification", len(labels), labels)
        return prepare(
            network,
            *rows,
            loss="mean_squared_error" if regression else "cross_entropy",
            validation=validation,
            sample_weight=None,
            class_weight=class_weight,
            seed=seed,
            targets=(known,),
            left_out=left_out,
        )
