"""Small wordings that every room here may use."""

from __future__ import annotations

from collections.abc import Sequence

# Times the constant prediction's error: beyond that nothing is learned from how bad a network is.
MOST_KNOWN = 10.0
# What stands behind the name of an error that ends there.
AT_MOST = f", at most {MOST_KNOWN:g}"


def first_up(text: str) -> str:
    """Return a text with a capital at its front."""
    return text[:1].upper() + text[1:]


def short(number: float) -> str:
    """Return a number with three digits."""
    return f"{number:.3g}"


def share_of(error: float, whose: str = "a constant prediction's", digits: int = 1) -> str:
    """Return a relative error as a part of a sentence: "98.3% of a constant prediction's".

    Errors are known up to ``MOST_KNOWN`` times the constant's; what is beyond is said in words.
    """
    if error >= MOST_KNOWN:
        return f"more than ten times {whose}"
    return f"{error:.{digits}%} of {whose}"


def times_of(error: float) -> str:
    """Return a relative error as a number of times, with three digits."""
    return "more than 10" if error >= MOST_KNOWN else short(error)


def listed(texts: Sequence[str]) -> str:
    """Return texts as a list in a sentence: a, b and c."""
    if len(texts) < 2:
        return "".join(texts)
    return f"{', '.join(texts[:-1])} and {texts[-1]}"


def some_of(names: Sequence[object], most: int) -> str:
    """Return at most so many names in a sentence, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(map(str, names[:most])) + more
