"""Inputs that are no measurements: whole numbers that choose (tokens), and truth values (masks)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import DataError, SetupError
from chainrule.network.plan import Plan, PlannedStep
from chainrule.ops import Op
from chainrule.shapes import Kind

IN_WORDS: Mapping[Kind, str] = {
    "float": "numbers",
    "integer": "whole numbers that choose",
    "boolean": "truth values",
}


class ReadKinds:
    """The kind of each value of a plan in the making; an input's is what is first asked of it."""

    def __init__(self, inputs: Iterable[str]) -> None:
        self._unread = set(inputs)
        self._known: dict[str, tuple[Kind, str]] = {}

    def read(self, op: Op, values: Sequence[str], where: str) -> None:
        """Raise SetupError where an op takes values of another kind than they are."""
        if op.kind == "word":
            return
        for slot, value in zip(op.pattern.inputs, values, strict=False):
            if value in self._unread:
                self._unread.remove(value)
                self._known[value] = slot.kind, where
            known, by = self._known.get(value, ("float", ""))
            if known != slot.kind:
                raise SetupError(
                    f"{where} takes {IN_WORDS[slot.kind]} from {value}, which "
                    f"{f'{by} takes as' if by else 'are'} {IN_WORDS[known]}.",
                    f"Give {IN_WORDS[slot.kind]} as an input of its own: Input(...).",
                )

    def make(self, op: Op, values: Sequence[str]) -> None:
        """Take the kinds of what an op makes."""
        for slot, value in zip(op.pattern.outputs, values, strict=False):
            self._known[value] = slot.kind, ""


def of_its_kind(plan: Plan, name: str, array: NDArray[Any]) -> NDArray[Any]:
    """Return the rows of an input as the network reads them: whole numbers as int64.

    Raises DataError for numbers that are not whole or out of range where whole ones are due, and
    for anything but 0 and 1 where truth values are due.
    """
    kind = plan.kinds[name]
    if kind == "float":
        return array
    reader = next(one for one in plan.steps if name in one.inputs)
    if kind == "boolean":
        remedy = "Give a mask: True where an entry is real, False elsewhere."
        _refuse(array, (array == 0) | (array == 1), name, reader, "True or False", remedy)
        return array
    below = plan.choices[name]
    whole = (array == np.floor(array)) & (array >= 0) & (array < below)
    largest = array.max(initial=0.0)
    remedy = (
        f"Give Embedding({int(largest) + 1}, ...) room for all of them, or leave them out."
        if largest >= below and (array == np.floor(array)).all() and array.min() >= 0
        else f"Give whole numbers from 0 to {below - 1}, one for each token or class."
    )
    _refuse(array, whole, name, reader, f"whole numbers from 0 to {below - 1}", remedy)
    return array.astype(np.int64)


def _refuse(
    array: NDArray[Any],
    sound: NDArray[np.bool_],
    name: str,
    reader: PlannedStep,
    due: str,
    remedy: str,
) -> None:
    if sound.all():
        return
    row = int(np.flatnonzero(~sound.reshape(len(array), -1).all(axis=1))[0])
    found = array[row].reshape(-1)[~sound[row].reshape(-1)][0]
    raise DataError(
        f"The input '{name}' holds {found:g} in row {row}, and {reader.layer}, {reader.made_by}, "
        f"takes {due}.",
        remedy,
    )
