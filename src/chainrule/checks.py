"""Small questions that several rooms ask of what they are given, answered once."""

from __future__ import annotations

import hashlib
import inspect
import math
import threading
from typing import Any

import numpy as np

# To find a class in its file, Python parses it, and Python 3.11 counts the depth of all threads
# that parse in one number: two at a time may end in a SystemError.
_PARSING = threading.Lock()


def is_finite_number(given: Any) -> bool:
    """Whether this is a finite number, and no truth value."""
    if isinstance(given, bool) or not isinstance(given, int | float | np.integer | np.floating):
        return False
    try:
        return math.isfinite(given)
    except OverflowError:
        # A whole number beyond the largest float.
        return False


def is_whole_number(given: Any, least: int = 0) -> bool:
    """Whether this is a whole number from ``least``, and no truth value."""
    whole = isinstance(given, int | np.integer) and not isinstance(given, bool)
    return whole and bool(given >= least)


def is_seed(given: Any) -> bool:
    """Whether this is a whole number from 0 to 2**64 - 1."""
    return is_whole_number(given) and bool(given < 2**64)


def source_checksum(*rules: Any, otherwise: str = "") -> str:
    """Return the sha256 of the source of functions or classes, to know them again.

    Where there is no source, as at a prompt, ``otherwise`` stands for it, or the first one's name.
    """
    try:
        with _PARSING:
            text = "".join(inspect.getsource(one) for one in rules)
    except (OSError, TypeError):
        text = otherwise or str(getattr(rules[0], "__qualname__", repr(rules[0])))
    return hashlib.sha256(text.encode()).hexdigest()
