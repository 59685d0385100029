"""The rows of a run that holds none, given again: as they were trained on, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.data.ranges import Scaling
from chainrule.diagnosis.cases.arrangement import scaled_rows
from chainrule.errors import DataError, ShapeError
from chainrule.training.preparing import Prepared, prepare
from chainrule.training.rows import Provenance, Rows
from chainrule.training.run import Run

NO_ROWS = (
    "The run was loaded from a folder, and rows are not saved with a run.",
    "Give them again: cr.diagnose(run, X, y).",
)


def rows_given(
    run: Run, X: Any, y: Any, validation: Any, sample_weight: Any, class_weight: Any
) -> tuple[Rows, Rows]:
    """Return the training and the validation rows of a run that are in X and y.

    ``validation``: validation rows that were given apart, (X, y). Raises DataError for other rows
    than those of the run.
    """
    if isinstance(X, str | Path):
        raise DataError(
            f"X is the path '{X}', and a run on arrays is given its rows as arrays again.",
            "Read the files as you did for the training: cr.diagnose(run, X, y).",
        )
    known = run.setup.provenance
    if known.held and validation is None:
        raise DataError(
            "The run was trained with validation rows of its own, which are not saved.",
            "Give them again: validation=(X, y).",
        )

    def prepared(inputs: Any, target: Any) -> Prepared:
        return prepare(
            run.setup.network,
            inputs,
            target,
            loss=list(run.setup.losses),
            validation=known if validation is None else validation,
            sample_weight=sample_weight,
            class_weight=class_weight,
            seed=run.setup.seed,
            targets=run.setup.targets,
            left_out=known.left_out,
        )

    scaling = Scaling.from_record(run.notes["scaling"]) if "scaling" in run.notes else None
    found = prepared(X, y) if scaling is None else _prepared(prepared, scaling, X, y)
    if found is not None and found.provenance.same_rows(known):
        _check_split(found.provenance, known)
        return found.training, found.validation
    if scaling is not None:
        # A remedy has scaled the rows after they were written down.
        found = prepared(X, y)
        if found.provenance.same_rows(known):
            _check_split(found.provenance, known)
            return scaled_rows(found.training, scaling), scaled_rows(found.validation, scaling)
    raise DataError(
        "The rows are not those that the run was trained on: their checksum differs.",
        "Give the same rows, in the same order, with the same weights.",
    )


def _check_split(found: Provenance, known: Provenance) -> None:
    """Raise DataError where other rows are held out than the run has held out."""
    if found.validation == known.validation:
        return
    raise DataError(
        "The rows held out are not those that the run has held out: it would be judged by rows "
        "that it has learned from.",
        "Leave validation= out, which holds out the same rows again.",
    )


def _prepared(
    prepared: Callable[[Any, Any], Prepared], scaling: Scaling, X: Any, y: Any
) -> Prepared | None:
    """Return rows that were scaled before they were trained on; None where they do not fit."""
    inputs = scaling.scaled_inputs(np.asarray(X, dtype=np.float64))
    try:
        if scaling.target is None:
            return prepared(inputs, y)
        return prepared(inputs, scaling.scaled_target(np.asarray(y, dtype=np.float64)))
    except ShapeError:
        return None
