"""What a caller gives to ``train``, one argument at a time: taken as it is, or refused."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from chainrule.checks import is_finite_number
from chainrule.errors import SetupError, nearest
from chainrule.optimizers import AnyOptimizer
from chainrule.optimizers.steps import why_all_rows


def whole(number: Any, name: str, least: int) -> int:
    """Return a whole number from ``least``. Raises SetupError."""
    if isinstance(number, bool) or not isinstance(number, int | np.integer) or number < least:
        raise SetupError(
            f"{name}={number!r} is not possible.", f"Give a whole number from {least}."
        )
    return int(number)


def whole_or_auto(choice: Any, name: str) -> int | Literal["auto"]:
    """Return a whole number from 0, or "auto". Raises SetupError."""
    if isinstance(choice, str):
        checked(choice, ("auto",), name)
        return "auto"
    return whole(choice, name, 0)


def from_zero(number: Any, name: str) -> float:
    """Return a finite number from 0. Raises SetupError."""
    if not is_finite_number(number) or number < 0:
        raise SetupError(f"{name}={number!r} is not possible.", "Give a number from 0.")
    return float(number)


def limit(number: Any, name: str) -> float | None:
    """Return a finite number above 0, or ``None``. Raises SetupError."""
    if number is not None and (not is_finite_number(number) or number <= 0):
        raise SetupError(f"{name}={number!r} is no limit.", "Give a number above 0, or None.")
    return None if number is None else float(number)


def flag(choice: Any, name: str) -> bool:
    """Return True or False. Raises SetupError."""
    if not isinstance(choice, bool | np.bool_):
        raise SetupError(f"{name}={choice!r} is not possible.", "Give True or False.")
    return bool(choice)


def check_seed(seed: Any) -> int:
    """Return a seed. Raises SetupError."""
    if whole(seed, "seed", 0) >= 2**64:
        raise SetupError(f"seed={seed} is too large.", "Give a number below 2**64.")
    return int(seed)


def checked(choice: Any, known: Sequence[str], name: str) -> Any:
    """Return a choice among names. Raises SetupError with the nearest ones."""
    if not isinstance(choice, str) or choice not in known:
        raise SetupError(f"{name}={choice!r} is not known.", nearest(str(choice), known))
    return choice


def several(content: Any) -> Sequence[Any]:
    """Return a sequence of choices, one of a single choice."""
    return list(content) if isinstance(content, list | tuple) else [content]


def patterns(content: Any, name: str) -> tuple[str, ...]:
    """Return names or patterns of names. Raises SetupError."""
    found = tuple(several(content))
    if not all(isinstance(one, str) for one in found):
        raise SetupError(f"{name}={content!r} does not name parameters.", "Give names, or '*.b'.")
    return found


def mapping(content: Any, name: str) -> dict[str, Any]:
    """Return pattern -> number, empty for ``None``. Raises SetupError."""
    if content is not None and not isinstance(content, Mapping):
        raise SetupError(f"{name}={content!r} is not possible.", "Write {'dense_1.*': 0.1}.")
    return dict(content or {})


def hooks(content: Any) -> list[Callable[..., None]]:
    """Return the functions of ``on_epoch``, one or several. Raises SetupError."""
    found = list(several(content))
    wrong = [one for one in found if not callable(one)]
    if wrong:
        raise SetupError(f"on_epoch={wrong[0]!r} is no function.", "Give a function of one value.")
    return found


def folder(path: Any) -> Path | None:
    """Return the path of a checkpoint, or ``None``. Raises SetupError."""
    if path is None:
        return None
    if not isinstance(path, str | os.PathLike) or not str(path):
        raise SetupError(f"checkpoint={path!r} is no path.", "Give the path of a folder.")
    return Path(path)


def rows_in_a_step(
    batch_size: int | str | None, rows: int, optimizer: AnyOptimizer, fewest: int = 1
) -> int:
    """Return the number of rows in a step. Raises SetupError.

    By itself it is chosen so that the last step of an epoch has ``fewest`` rows, too.
    """
    reason = why_all_rows(optimizer)
    if reason:
        if batch_size not in ("auto", None) and whole(batch_size, "batch_size", 1) < rows:
            raise SetupError(
                f"{optimizer.name} {reason}, so it cannot be used with batches of {batch_size}.",
                "Leave batch_size out.",
            )
        return rows
    if batch_size is None:
        return rows
    if isinstance(batch_size, str):
        checked(batch_size, ("auto",), "batch_size")
        size = min(32, rows)
        while 0 < rows % size < fewest:
            size -= 1
        return size
    return min(whole(batch_size, "batch_size", 1), rows)
