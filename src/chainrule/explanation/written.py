"""Numbers as they stand in a sentence."""

from __future__ import annotations

import math


def written(number: float | bool) -> str:
    """Return a number with about four digits, as short as it can be; a truth value as yes or no."""
    if isinstance(number, bool):
        return "yes" if number else "no"
    if not math.isfinite(number):
        return "NaN" if math.isnan(number) else "infinity" if number > 0 else "-infinity"
    text = f"{number:.4g}"
    return text.replace("e-0", "e-").replace("e+0", "e").replace("e+", "e")


def rounded_up(error: float) -> str:
    """Return a power of ten that is no less than an error."""
    if error == 0.0 or not math.isfinite(error):
        return f"{error:g}"
    return f"1e{math.ceil(math.log10(error) - 1e-12):+03d}"
