"""Rows and verdicts that the tests of ailments share."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.diagnosis.ailment import Ailment
from chainrule.diagnosis.cases.case import case_of
from chainrule.diagnosis.verdicts.judgement import verdict_of
from chainrule.randomness import normal


def named(ailment: Ailment, seed: int) -> str:
    """Return the name of the verdict on an ailment's specimen."""
    return verdict_of(case_of(ailment.specimen(seed))).name


def rows(count: int, columns: int = 3, seed: int = 0) -> tuple[Any, Any]:
    """Return inputs (rows, columns) and a smooth target of them (rows,), between -1 and 1."""
    x = normal(seed, "rows of a test", count * columns).reshape(count, columns)
    return x, np.tanh(x @ np.linspace(1.0, -0.5, columns))
