"""A concern: what is doubtful before a training begins, and what to do about it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Concern:
    """One doubt: ``name`` of the check, the cause and the remedy in a sentence each, and numbers.

    ``is_error``: training would be refused, or is bound to fail.
    """

    name: str
    cause: str
    remedy: str
    measured: float = math.nan
    threshold: float = math.nan
    is_error: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return the concern as plain data, None for a number that there is none of."""
        known = {"measured": self.measured, "threshold": self.threshold}
        numbers = {name: one if math.isfinite(one) else None for name, one in known.items()}
        return {
            "name": self.name,
            "cause": self.cause,
            "remedy": self.remedy,
            "is_error": self.is_error,
            **numbers,
        }
