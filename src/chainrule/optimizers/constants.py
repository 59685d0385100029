"""What the constants of an optimizer may be, each in one sentence."""

from __future__ import annotations

from typing import Any

from chainrule.checks import is_finite_number
from chainrule.errors import SetupError


def check_shares(chosen: Any, *names: str) -> None:
    """Raise SetupError where one of these constants is not from 0 to below 1."""
    for name in names:
        given = getattr(chosen, name)
        if not (is_finite_number(given) and 0.0 <= given < 1.0):
            raise SetupError(
                f"{name} of {type(chosen).__name__} is {given!r}.",
                "Give a number from 0 to below 1.",
            )


def check_above(chosen: Any, least: float, *names: str) -> None:
    """Raise SetupError where one of these constants is not above a number."""
    for name in names:
        given = getattr(chosen, name)
        if not (is_finite_number(given) and given > least):
            raise SetupError(
                f"{name} of {type(chosen).__name__} is {given!r}.",
                f"Give a number above {least:g}.",
            )


def check_from_zero(chosen: Any, *names: str) -> None:
    """Raise SetupError where one of these constants is not a number from 0."""
    for name in names:
        given = getattr(chosen, name)
        if not (is_finite_number(given) and given >= 0.0):
            raise SetupError(
                f"{name} of {type(chosen).__name__} is {given!r}.", "Give a number from 0."
            )


def check_shrinks(chosen: Any, *names: str) -> None:
    """Raise SetupError where one of these factors is not between 0 and 1."""
    for name in names:
        given = getattr(chosen, name)
        if not (is_finite_number(given) and 0.0 < given < 1.0):
            raise SetupError(
                f"{name} of {type(chosen).__name__} is {given!r}.",
                "Give a number between 0 and 1.",
            )
