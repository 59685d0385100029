"""Numbers of documents: as JSON can hold them, and read again.

What is not finite is text there: "NaN", "Infinity" and "-Infinity".
"""

from __future__ import annotations

import math
from typing import Any


def plain_number(number: float) -> float | str:
    """Return a number as JSON can hold it: what is not finite as text."""
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "Infinity" if number > 0 else "-Infinity"
    return float(number)


def plain_document(content: Any) -> Any:
    """Return plain data with every number as JSON can hold it."""
    if isinstance(content, dict):
        return {name: plain_document(one) for name, one in content.items()}
    if isinstance(content, list | tuple):
        return [plain_document(one) for one in content]
    return plain_number(content) if isinstance(content, float) else content


def number_of(content: float | str) -> float:
    """Return a number of a document, where what is not finite is text."""
    return float(content)


def digits(content: float | str) -> str:
    """Return a number of a document with six digits."""
    return f"{number_of(content):.6g}"
