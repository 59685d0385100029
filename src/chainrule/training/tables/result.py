"""The result of a run on a table: its scores on rows that chose nothing, beside simpler models.

The simpler models learn from the rows that the network learned from and are measured on the rows
that it is measured on, so that the network has to earn its place. In a fold, all three see the same
rows; the predictions of all folds together are measured.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.data import record
from chainrule.training.tables.intervals import Measured, Resampled
from chainrule.training.tables.measures import (
    CLASS_MEASURES,
    NUMBER_MEASURES,
    ClassPredictions,
    Predictions,
    confusion,
)

NETWORK, LINEAR, CONSTANT = "network", "linear model", "constant"
MODELS = (NETWORK, LINEAR, CONSTANT)
MEASURES = {"classification": CLASS_MEASURES, "regression": NUMBER_MEASURES}
# What a result is told by, and what the models are compared by.
MAIN = {"classification": "accuracy", "regression": "root_mean_squared_error"}
# A network of rare classes may know more than a constant and name the same class.
SKILL = {"classification": "log_loss", "regression": "root_mean_squared_error"}


@dataclass(frozen=True)
class TableResult:
    """What network, linear model and constant come to on rows that chose nothing.

    ``rows``: how many were tested; ``folds`` of ``planned`` folds had ended (0: a test file was
    given, and the network that was trained on all rows was measured on it). ``scores``: model ->
    measure -> figure and 95 % interval; ``leads``: simpler model -> by how much the network's main
    measure is larger; ``skill``: by how much its log loss, or RMSE, is larger than the constant's.
    ``confusion`` (true classes, predicted ones) and ``classes`` are empty for
    numbers.
    """

    task: str
    rows: int
    folds: int
    planned: int
    scores: Mapping[str, Mapping[str, Measured]]
    leads: Mapping[str, Measured]
    skill: Measured
    classes: tuple[str, ...] = ()
    confusion: tuple[tuple[int, ...], ...] = ()

    @classmethod
    def of(
        cls,
        models: Mapping[str, Predictions],
        *,
        classes: tuple[str, ...],
        folds: int,
        planned: int,
        seed: int,
        groups: NDArray[np.int64] | None = None,
    ) -> TableResult:
        """Return the result of predictions of the same rows, the network's first.

        ``folds``: those that had ended, whose networks predicted the rows; 0 or 1 for one network.
        """
        task = "classification" if classes else "regression"
        resampled = Resampled.of(models, seed, groups, folds)
        network = models[NETWORK]
        table = confusion(network).tolist() if isinstance(network, ClassPredictions) else []
        return cls(
            task=task,
            rows=len(network.truth),
            folds=folds,
            planned=planned,
            scores={name: resampled.score(name) for name in models},
            leads={
                name: resampled.lead(MAIN[task], NETWORK, name)
                for name in models
                if name != NETWORK
            },
            skill=resampled.lead(SKILL[task], NETWORK, CONSTANT),
            classes=classes,
            confusion=tuple(tuple(row) for row in table),
        )

    @property
    def in_words(self) -> str:
        """The figure and its interval, how the simpler models do, and what it rests on."""
        from chainrule.training.tables.sentences import in_words

        return in_words(self)

    def to_record(self) -> dict[str, Any]:
        """Return the result as plain data; its words are for those who read the file."""
        return {
            "task": self.task,
            "rows": self.rows,
            "folds": self.folds,
            "planned": self.planned,
            "scores": {
                model: {name: _to_record(one) for name, one in found.items()}
                for model, found in self.scores.items()
            },
            "leads": {model: _to_record(one) for model, one in self.leads.items()},
            "skill": _to_record(self.skill),
            "classes": list(self.classes),
            "confusion": [list(row) for row in self.confusion],
            "in_words": self.in_words,
        }

    @classmethod
    def from_record(cls, value: object) -> TableResult:
        """Return the result that ``to_record`` wrote. Raises RunFolderError for anything else."""
        plain = record.mapping(value, "'result'")
        task = record.choice(plain, "task", tuple(MEASURES))
        scores = record.mapping(record.entry(plain, "scores"), "'scores'")
        leads = record.mapping(record.entry(plain, "leads"), "'leads'")
        if set(scores) != set(MODELS) or set(leads) != set(MODELS[1:]):
            raise record.damaged("'scores' does not hold those of the three models")
        classes = record.texts(plain, "classes")
        table = [_counts(row) for row in record.items(plain, "confusion")]
        if [len(row) for row in table] != [len(classes)] * len(classes):
            raise record.damaged("'confusion' does not fit the classes")
        return cls(
            task=task,
            rows=record.whole_number(plain, "rows"),
            folds=record.whole_number(plain, "folds"),
            planned=record.whole_number(plain, "planned"),
            scores={
                model: {
                    name: _measured(record.mapping(scores[model], "scores"), name)
                    for name in MEASURES[task]
                }
                for model in MODELS
            },
            leads={model: _measured(leads, model) for model in MODELS[1:]},
            skill=_measured(plain, "skill"),
            classes=classes,
            confusion=tuple(table),
        )


def _counts(value: object) -> tuple[int, ...]:
    """Return a list of counts."""
    if not isinstance(value, list) or not all(type(one) is int and one >= 0 for one in value):
        raise record.damaged("'confusion' holds something else than counts")
    return tuple(value)


def _to_record(one: Measured) -> dict[str, float | None]:
    """Return a figure and its interval as plain data, None where there is no number."""
    return {name: number if math.isfinite(number) else None for name, number in asdict(one).items()}


def _measured(plain: dict[str, object], name: str) -> Measured:
    """Return a figure and its interval, NaN where there is no number."""
    found = record.mapping(record.entry(plain, name), name)
    numbers = [
        math.nan if record.entry(found, part) is None else record.number(found, part)
        for part in ("value", "low", "high")
    ]
    return Measured(*numbers)
