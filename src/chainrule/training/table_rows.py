"""The rows of a table, ready for a setup."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.data.preparation import Preparation
from chainrule.data.table import Table
from chainrule.network.network import Network
from chainrule.training.preparing import Prepared, prepare
from chainrule.training.table_notes import Split


def prepared_rows(
    network: Network, table: Table, preparation: Preparation, split: Split, seed: int
) -> Prepared:
    """Return training and validation rows of a table, with the network sized for them."""
    parts = []
    for rows in (split.training, split.validation):
        part = table.select(rows)
        parts.append((preparation.inputs(part), target_values(preparation, part)))
    regression = preparation.target.task == "regression"
    return prepare(
        network,
        *parts[0],
        loss="mean_squared_error" if regression else "cross_entropy",
        validation=parts[1],
        sample_weight=None,
        class_weight=None,
        seed=seed,
    )


def target_values(preparation: Preparation, table: Table) -> NDArray[Any]:
    """Return a table's target (rows,): labels in their own type, or standardised numbers."""
    found = preparation.targets(table)
    if preparation.target.task == "regression":
        return np.asarray(found)[:, 0]
    return preparation.target.predictions(found)
