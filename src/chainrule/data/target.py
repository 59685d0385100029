"""The column to be predicted: which task it sets, its labels or its scale, and the way back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from chainrule.data import record
from chainrule.data.columns import (
    Column,
    NumberArray,
    TextArray,
    is_number,
    missing,
    object_array,
    short_spelling,
    spelling,
)
from chainrule.data.decisions import Decision
from chainrule.data.ignoring import or_left_out
from chainrule.data.scaling import mean_and_scale, standardised
from chainrule.data.table import Table
from chainrule.errors import DataError, SetupError, nearest

Task = Literal["classification", "regression"]
LabelKind = Literal["text", "integer", "boolean"]

BOOLEANS = ("false", "true")
MOST_WHOLE_NUMBER_CLASSES = 10
MOST_CLASSES_SHOWN = 10


@dataclass(frozen=True)
class Target:
    """The column to be predicted.

    For classification ``labels`` are the classes as they are written, in the order of their
    numbers 0, 1, ...; ``label_kind`` says whether they are whole numbers in the table, or true and
    false. For regression ``labels`` is None, and ``mean`` and ``scale`` are in the target's own
    unit.
    """

    name: str
    task: Task
    labels: tuple[str, ...] | None = None
    mean: float = 0.0
    scale: float = 1.0
    label_kind: LabelKind = "text"

    def targets(
        self, column: Column, written: Mapping[str, TextArray] | None = None
    ) -> NDArray[np.int64] | NumberArray:
        """Return class numbers, int64 (rows,), or standardised numbers, float64 (rows, 1).

        ``written`` are the table's texts of columns that were read as more than digits.

        Raises ``DataError`` for a missing value, an unknown label, or text for regression.
        """
        absent = np.flatnonzero(missing(column))
        if absent.size:
            raise DataError(
                f"The target {self.name!r} is missing in row {absent[0] + 1}.",
                "Fill it in, or leave the row out.",
            )
        if self.labels is None:
            numbers = _regression_numbers(self.name, column)
            return standardised(self.name, numbers, self.mean, self.scale)[:, np.newaxis]
        positions = {label: position for position, label in enumerate(self.labels)}
        if self.label_kind != "integer":
            column = (written or {}).get(self.name, column)
        labels = _written_labels(column)
        for row, label in enumerate(labels, start=1):
            if label not in positions:
                raise DataError(
                    f"The target {self.name!r} is {label!r} in row {row}, "
                    "a class that training has not seen.",
                    nearest(label, self.labels),
                )
        return np.array([positions[label] for label in labels], dtype=np.int64)

    def predictions(self, outputs: NDArray[Any]) -> NDArray[Any]:
        """Return what outputs mean: labels of class numbers (rows,), or numbers in the unit.

        Labels come in their own type: int64 for whole numbers, bool for true and false, else
        objects ``str``.
        """
        if self.labels is None:
            # Of numbers at the edge of float64 a prediction may lie beyond it.
            with np.errstate(over="ignore"):
                return np.asarray(outputs * self.scale + self.mean)
        labels: NDArray[Any] = object_array(self.labels)
        if self.label_kind == "integer":
            labels = np.array([int(label) for label in self.labels], dtype=np.int64)
        elif self.label_kind == "boolean":
            labels = np.array([label == "true" for label in self.labels])
        return labels.take(outputs)

    def to_dict(self) -> dict[str, Any]:
        """Return the record as plain data for JSON."""
        return {
            "name": self.name,
            "task": self.task,
            "labels": None if self.labels is None else list(self.labels),
            "mean": self.mean,
            "scale": self.scale,
            "label_kind": self.label_kind,
        }


def rows_with_target(table: Table, target_name: str) -> NDArray[np.int64]:
    """Return the indices of the rows in which the target has a value.

    Raises ``DataError`` if there is no such column, or if it has no value at all.
    """
    indices = np.flatnonzero(~missing(_target_column(table, target_name)))
    if indices.size == 0:
        raise DataError(
            f"The target {target_name!r} has no value in any row.",
            "Fill it in, or choose another target.",
        )
    return indices


def decide_task(
    table: Table,
    target_name: str,
    task: str | None = None,
    numbers: NDArray[np.int64] | None = None,
    asked: str = "",
) -> Task:
    """Return the task that the target sets, or the one asked for if the target allows it.

    Text is classification. Numbers are classification if all are whole, at most 10 are different,
    and each occurs twice on average or more often (a few rows of a measurement that happens to be
    whole are not classes); else they are regression. ``numbers`` (rows,), from 0, are those of the
    table's rows in its file, where it is a part of it, and ``asked`` the rows that are left out.

    Raises ``DataError`` if the target cannot be learned: no such column, no values, only one value,
    text for regression, or a class with one row.
    """
    indices = rows_with_target(table, target_name)
    column = table.columns[target_name][indices]
    if task not in (None, "classification", "regression"):
        raise SetupError(
            f"There is no task {task!r}.", nearest(str(task), ("classification", "regression"))
        )
    if task == "regression":
        _regression_numbers(target_name, column)
    values = np.unique(column)
    if values.size == 1:
        raise DataError(
            f"The target {target_name!r} is {_written(values[0])} in every row.",
            "Choose a target that varies, or add rows in which it differs.",
        )
    if task is None:
        task = "classification" if _is_class_like(column, values) else "regression"
    if task == "regression":
        return "regression"
    classes = table.texts(target_name)[indices]
    values, counts = np.unique(classes, return_counts=True)
    lonely = np.flatnonzero(counts == 1)
    if lonely.size:
        rows = indices[np.isin(classes, values[lonely])]
        rows = (rows if numbers is None else numbers[rows]) + 1
        row = indices[np.flatnonzero(classes == values[lonely[0]])[0]]
        row = int(row if numbers is None else numbers[row]) + 1
        other = ", or take it as numbers: --task regression" if is_number(column) else ""
        raise DataError(
            f"The class {_written(values[lonely[0]])} of the target {target_name!r} has one row, "
            f"row {row}.",
            f"Add rows of that class{or_left_out(rows.tolist(), asked)}{other}.",
        )
    return "classification"


def describe_target(table: Table, target_name: str, task: Task) -> Decision:
    """Return what a target is taken for, as ``decide_task`` has decided, in words.

    Raises ``DataError`` if there is no such column, or if it has no value at all.
    """
    indices = rows_with_target(table, target_name)
    column = table.columns[target_name][indices]
    left_out = table.rows - len(indices)
    blank = f"; {left_out:,} missing, whose rows are left out" if left_out else ""
    if task == "regression":
        numbers = _regression_numbers(target_name, column)
        low, high = short_spelling(numbers.min()), short_spelling(numbers.max())
        text = f"regression, numbers from {low} to {high}{blank}"
        lonely = np.unique(numbers, return_counts=True)[1].min() == 1
        return Decision("target", "target", text, "" if lonely else "--task classification")
    classes = table.texts(target_name)[indices]
    counts = Counter(_written_labels(classes))
    ordered = sorted(counts, key=float) if is_number(classes) else sorted(counts)
    some = ", ".join(f"{label} {counts[label]:,}" for label in ordered[:MOST_CLASSES_SHOWN])
    some += ", ..." if len(ordered) > MOST_CLASSES_SHOWN else ""
    if not is_number(column):
        text = f"classification, {len(counts)} classes ({some}){blank}"
        return Decision("target", "target", text)
    whole = "whole numbers" if _are_whole(column) else "numbers"
    text = (
        f"classification, {whole} with {len(counts)} different values taken as "
        f"classes ({some}){blank}"
    )
    return Decision("target", "target", text, "--task regression")


def fit_target(
    table: Table, target_name: str, training_rows: NDArray[np.int64], task: str | None = None
) -> Target:
    """Return the target: its labels from all rows, its mean and scale from training rows alone."""
    decided = decide_task(table, target_name, task)
    column = table.columns[target_name]
    if missing(column[training_rows]).any():
        raise DataError(
            f"The target {target_name!r} is missing in some training rows.",
            "Leave out the rows without a target before the split.",
        )
    if decided == "regression":
        mean, scale = mean_and_scale(_regression_numbers(target_name, column[training_rows]))
        return Target(target_name, "regression", None, mean, scale)
    # Labels are as they are written, "5 kg"; odd texts among them count as missing.
    present = table.texts(target_name)[~missing(column)]
    if not is_number(present):
        texts = tuple(sorted(set(present.tolist())))
        two: LabelKind = "boolean" if texts == BOOLEANS else "text"
        return Target(target_name, "classification", texts, label_kind=two)
    values = np.unique(present)
    labels = tuple(spelling(value) for value in values.tolist())
    kind: LabelKind = "integer" if _are_whole(values) else "text"
    return Target(target_name, "classification", labels, label_kind=kind)


def target_from_dict(value: object) -> Target:
    """Return the target that ``to_dict`` wrote.

    Raises ``RunFolderError`` for anything that it cannot have written.
    """
    plain = record.mapping(value, "the target")
    name = record.text(plain, "name")
    if record.choice(plain, "task", ("classification", "regression")) == "regression":
        if record.entry(plain, "labels") is not None:
            raise record.damaged("a target for regression has labels")
        mean, scale = record.number(plain, "mean"), record.positive(plain, "scale")
        return Target(name, "regression", None, mean, scale)
    labels = record.texts(plain, "labels")
    if len(labels) < 2:
        raise record.damaged("'labels' has fewer than two classes")
    kind = record.choice(plain, "label_kind", ("text", "integer", "boolean"))
    if kind == "text":
        return Target(name, "classification", labels)
    if kind == "boolean":
        if labels != BOOLEANS:
            raise record.damaged("'labels' are not false and true")
        return Target(name, "classification", labels, label_kind="boolean")
    for label in labels:
        digits = label.removeprefix("-")
        short = digits.isascii() and digits.isdigit() and len(digits) <= 16
        if not short or spelling(float(label)) != label:
            raise record.damaged(f"the label {label!r} is no whole number")
    return Target(name, "classification", labels, label_kind="integer")


def strata(table: Table, target_name: str, task: Task) -> NDArray[np.int64] | None:
    """Return a class number for each row, by which to split the rows, or None for regression.

    Every row must have a target (see ``rows_with_target``).
    """
    if task == "regression":
        return None
    classes = np.unique(table.columns[target_name], return_inverse=True)[1]
    return np.asarray(classes, dtype=np.int64)


def _written_labels(column: Column) -> list[str]:
    if is_number(column):
        return [spelling(value) for value in column.tolist()]
    return [str(value) for value in column.tolist()]


def _target_column(table: Table, target_name: str) -> Column:
    if target_name not in table.columns:
        raise DataError(
            f"The table has no column {target_name!r} to be the target.",
            nearest(target_name, table.names),
        )
    return table.columns[target_name]


def _is_class_like(column: Column, values: NDArray[Any]) -> bool:
    if not is_number(column):
        return True
    few = values.size <= MOST_WHOLE_NUMBER_CLASSES and column.size >= 2 * values.size
    return few and _are_whole(values)


def _are_whole(values: NDArray[Any]) -> bool:
    # Beyond 2**53 float64 does not hold every whole number, so that labels could fall together.
    return bool(((values == np.round(values)) & (np.abs(values) < 2**53)).all())


def _regression_numbers(name: str, column: Column) -> NumberArray:
    if is_number(column):
        return column
    raise DataError(
        f"The target {name!r} is text, which regression cannot predict.",
        "Ask for classification, or choose a target of numbers.",
    )


def _written(value: object) -> str:
    return repr(value) if isinstance(value, str) else spelling(float(str(value)))
