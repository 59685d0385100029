"""Reading plain data back from a file that may be damaged or made to do harm.

Each function takes one value out of a dictionary and returns it in its type, or raises
``RunFolderError``; nothing of the file is trusted, so that no other error can come out of it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import RunFolderError


def mapping(value: object, where: str) -> dict[str, object]:
    """Return the value if it is a dictionary whose keys are text."""
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise damaged(f"{where} is no mapping of names to values")
    return value


def entry(record: dict[str, object], key: str) -> object:
    """Return the value under the key."""
    if key not in record:
        raise damaged(f"{key!r} is missing")
    return record[key]


def items(record: dict[str, object], key: str) -> list[object]:
    """Return the list under the key."""
    value = entry(record, key)
    if not isinstance(value, list | tuple):
        raise damaged(f"{key!r} is no list")
    return list(value)


def text(record: dict[str, object], key: str) -> str:
    """Return the text under the key."""
    return _as_text(entry(record, key), key)


def text_or_none(record: dict[str, object], key: str) -> str | None:
    """Return the text under the key, or None where that stands there."""
    return None if entry(record, key) is None else text(record, key)


def texts(record: dict[str, object], key: str) -> tuple[str, ...]:
    """Return the list of different texts under the key."""
    values = tuple(_as_text(value, key) for value in items(record, key))
    if len(set(values)) != len(values):
        raise damaged(f"{key!r} has a value twice")
    return values


def number(record: dict[str, object], key: str) -> float:
    """Return the finite number under the key."""
    value = entry(record, key)
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            converted = float(value)
        except OverflowError:
            converted = math.inf
        if math.isfinite(converted):
            return converted
    raise damaged(f"{key!r} is no finite number")


def whole_number(record: dict[str, object], key: str) -> int:
    """Return the whole number from 0 under the key."""
    value = entry(record, key)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**63:
        raise damaged(f"{key!r} is no whole number")
    return value


def whole_numbers(record: dict[str, object], key: str, below: int) -> NDArray[np.int64]:
    """Return the list of whole numbers, rising from 0 to less than ``below``, under the key."""
    values = items(record, key)
    if not all(type(value) is int and 0 <= value < below for value in values):
        raise damaged(f"{key!r} is no list of whole numbers below {below}")
    numbers = np.array(values, dtype=np.int64)
    if (np.diff(numbers) <= 0).any():
        raise damaged(f"{key!r} is not in rising order")
    return numbers


def positive(record: dict[str, object], key: str) -> float:
    """Return the finite number above zero under the key."""
    value = number(record, key)
    if value <= 0:
        raise damaged(f"{key!r} is not above zero")
    return value


def flag(record: dict[str, object], key: str) -> bool:
    """Return the boolean under the key."""
    value = entry(record, key)
    if not isinstance(value, bool):
        raise damaged(f"{key!r} is neither true nor false")
    return value


def choice(record: dict[str, object], key: str, known: Sequence[str]) -> str:
    """Return the text under the key if it is one of those known."""
    value = text(record, key)
    if value not in known:
        raise damaged(f"{key!r} is none of {', '.join(known)}")
    return value


def damaged(cause: str) -> RunFolderError:
    """Return the error for a record of which something is not as it was written."""
    return RunFolderError(
        f"What the run keeps is damaged: {cause}.",
        "Restore the run folder from a copy, or train again.",
    )


def _as_text(value: object, key: str) -> str:
    if not isinstance(value, str):
        raise damaged(f"{key!r} is no text")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        # Half of a surrogate pair passes JSON and breaks whatever prints or writes it later.
        raise damaged(f"{key!r} is no valid text") from None
    return value
