"""Small wordings that every room here may use."""

from __future__ import annotations

from collections.abc import Sequence


def first_up(text: str) -> str:
    """Return a text with a capital at its front."""
    return text[:1].upper() + text[1:]


def short(number: float) -> str:
    """Return a number with three digits."""
    return f"{number:.3g}"


def listed(texts: Sequence[str]) -> str:
    """Return texts as a list in a sentence: a, b and c."""
    if len(texts) < 2:
        return "".join(texts)
    return f"{', '.join(texts[:-1])} and {texts[-1]}"


def some_of(names: Sequence[object], most: int) -> str:
    """Return at most so many names in a sentence, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(map(str, names[:most])) + more
