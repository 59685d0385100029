"""Classes that were trained on as numbers, and the same rows with a loss for classes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.diagnosis.cases.arrangement import Arrangement
from chainrule.diagnosis.probes.classes import class_numbers
from chainrule.diagnosis.remedies.network_changes import (
    with_output_width,
    without_output_activation,
)
from chainrule.network.losses import loss
from chainrule.training.metrics import check_metrics
from chainrule.training.rows import Rows
from chainrule.training.setup import Setup
from chainrule.training.targets import Target


def _labels(setup: Setup, rows: Rows) -> NDArray[np.int64] | None:
    """Return the classes that the only target's numbers stand for, None where they are numbers.

    None as well under a loss of one's own, which may take them for classes as they are.
    """
    target = setup.targets[0]
    if len(setup.targets) > 1 or target.task != "regression" or target.over_time:
        return None
    if setup.losses[0].own or setup.losses[0].op.targets != "numbers" or not len(rows):
        return None
    return class_numbers(rows.targets[0])


def first_number(rows: Rows) -> float:
    """Return the number that stands for the first class."""
    return float(rows.targets[0].min()) if rows.targets[0].shape[1] == 1 else 0.0


def all_labels(setup: Setup, *parts: Rows) -> list[NDArray[np.int64]] | None:
    """Return the classes of several parts of the rows, numbered alike."""
    filled = [one for one in parts if len(one)]
    if not filled:
        return None
    together = replace(filled[0], targets=(np.concatenate([one.targets[0] for one in filled]),))
    labels = _labels(setup, together)
    if labels is None:
        return None
    ends = np.cumsum([len(one) for one in parts])
    return [np.asarray(one) for one in np.split(labels, ends[:-1])]


def on_classes(before: Arrangement, labels: list[NDArray[np.int64]]) -> Arrangement:
    """Return the arrangement with these labels, and a loss for classes on the last layer itself."""
    setup, rows = before.setup, (before.training, before.validation)
    count = max(int(one.max()) for one in labels if len(one)) + 1
    network = without_output_activation(setup.network)
    binary = count == 2 and setup.targets[0].width == 1
    if not binary:
        network = with_output_width(network, count, setup.seed)
    name = "binary_cross_entropy" if binary else "cross_entropy"
    first = int(first_number(before.training))
    target = Target("classification", count, tuple(range(first, first + count)))
    changed = replace(
        setup,
        network=network,
        losses=(loss(name),),
        targets=(target,),
        metrics=check_metrics("accuracy", "classification"),
    )

    def encoded(part: Rows, known: NDArray[np.int64]) -> Rows:
        content: NDArray[Any] = known.astype(np.float64)[:, None] if binary else known
        return replace(part, targets=(content,))

    training, validation = (encoded(*one) for one in zip(rows, labels, strict=True))
    return replace(before, setup=changed, training=training, validation=validation)
