"""The referrals' faults, by two hands that had not seen the diagnosis: of descent, and of design.

Of descent: rates, numbers, scales, plateaus, dead and saturated units. Of design: starts, outputs,
overfitting, penalties, rare classes and labels.
"""

from __future__ import annotations

import verdict_referrals_descent
import verdict_referrals_design
from verdict_runs import Subject


def faults() -> list[Subject]:
    return [*verdict_referrals_descent.faults(), *verdict_referrals_design.faults()]
