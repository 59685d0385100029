"""Weights by which every class counts as much, as remedies."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from chainrule.diagnosis.cases.arrangement import Arrangement, Remedy, weighing_one
from chainrule.diagnosis.cases.case import Case
from chainrule.training.rows import weights_of_classes

BALANCED = "class_weight='balanced'"


def balanced_classes(case: Case) -> list[Remedy]:
    """Return the remedy of classes that count as much; where it helps, also to the last epoch."""
    weighed = Remedy(
        "balanced classes",
        "Give rows of rare classes more weight, so that every class counts as much.",
        balanced,
        # Rows that are weighed already keep their weights, and what these were is not known here.
        "" if np.ptp(case.training.weights) else BALANCED,
    )
    if case.setup.keep != "best" or not len(case.validation):
        return [weighed]
    # The validation loss counts rows alike: it is often lowest before a rare class is learned.
    whole = Remedy(
        "balanced classes to the last epoch",
        "Give rows of rare classes more weight, so that every class counts as much, and keep the "
        "last epoch. The validation loss, which counts all rows alike, rises where a rare class is "
        "learned.",
        lambda before: balanced(replace(before, setup=replace(before.setup, keep="last"))),
        f"{weighed.code}, keep='last'" if weighed.code else "",
    )
    return [weighed, whole]


def balanced(before: Arrangement) -> Arrangement:
    """Return the arrangement whose classes have the same sum of weights in training."""
    labels = before.training.targets[0].reshape(-1).astype(np.int64)
    setup, weights = before.setup, before.training.weights
    if np.ptp(weights) > 0.0:
        # What was balanced already stays so.
        sums = np.bincount(labels, weights=weights, minlength=len(setup.targets[0].labels))
        factors = (weights.sum() / (len(sums) * np.maximum(sums, 1e-300)))[labels]
    else:
        counted = labels
        if setup.provenance.validation:
            # As train has it, which weighs classes before it holds rows out.
            held = before.validation.targets[0].reshape(-1).astype(np.int64)
            counted = np.concatenate([labels, held])
        factors = weights_of_classes("balanced", counted, setup.targets[0].labels)[labels]
    weighed = replace(before.training, weights=weights * factors)
    return replace(before, training=weighing_one(weighed))
