"""Worksheets: for every student a small network of its own, which follows from the seed alone.

The numbers have few digits and are drawn until no known mistake gives a number that the right
answer, or another mistake, gives as well: so a wrong answer names the rule that was broken.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

import numpy as np

from chainrule.checks import is_seed, is_whole_number
from chainrule.errors import SetupError
from chainrule.explanation.worksheets.exercise import BLANKS, PARAMETERS, Exercise
from chainrule.explanation.worksheets.mistakes import Mistake, mistakes_in
from chainrule.explanation.worksheets.sheet_formulas import FORMULAS, number_of
from chainrule.randomness import uniform

Value = TypeVar("Value")

MOST_STUDENTS = 1000
# Answers have so many decimals. An answer counts as a number that lies no further than TOLERANCE
# from it: half a unit for its own rounding, the rest for that of the numbers before it. The right
# number and those of mistakes are further apart.
DECIMALS = 4
TOLERANCE = 3e-4
APART = 1e-3
# What is written with fewer decimals is a mistake's number only where it is exactly that; else it
# may be the right one, cut. No right number of a sheet that is cut is a mistake's.
EXACT = 0.6 * 10.0**-DECIMALS
MOST_DRAWS = 10_000

_INPUTS = (-3.0, -2.5, -2.0, -1.5, 0.4, 0.5, 1.5, 2.0, 2.5, 3.0)
_HIDDEN = tuple(sign * one / 10 for sign in (-1, 1) for one in range(2, 10))
_OUTPUT = tuple(sign * one / 10 for sign in (-1, 1) for one in range(6, 20))
_BIASES = tuple(sign * one / 10 for sign in (-1, 1) for one in range(2, 8))
_RATES = (0.5, 0.8, 1.5, 2.0)
_TARGETS = {"sigmoid": (0.1, 0.2, 0.8, 0.9), "tanh": (-0.9, -0.8, -0.6, 0.6, 0.8, 0.9)}
_CHOICES = {
    "x1": _INPUTS, "x2": _INPUTS, "rate": _RATES,
    "w11": _HIDDEN, "w12": _HIDDEN, "w21": _HIDDEN, "w22": _HIDDEN, "b1": _BIASES, "b2": _BIASES,
    "v1": _OUTPUT, "v2": _OUTPUT, "c": _BIASES,
}  # fmt: skip


@dataclass(frozen=True)
class Worksheet:
    """The sheet of one student: the exercise, and blank -> number of its key."""

    seed: int
    student: int
    exercise: Exercise
    key: dict[str, float]


@lru_cache(maxsize=2048)
def worksheet(seed: int, student: int) -> Worksheet:
    """Return the sheet of a student, counted from 1: always the same for the same seed.

    Raises SetupError for a seed or a student that there is not.
    """
    if not is_seed(seed):
        raise SetupError(f"The seed is {seed!r}.", "Give a whole number from 0 to 2**64 - 1.")
    if not is_whole_number(student) or not 1 <= student <= MOST_STUDENTS:
        raise SetupError(
            f"There is no student {student!r}.", f"Students run from 1 to {MOST_STUDENTS}."
        )
    for draw in range(MOST_DRAWS):
        exercise = _drawn(seed, student, draw)
        if _is_apart(exercise):
            return Worksheet(seed, student, exercise, exercise.answers())
    raise SetupError(
        f"No network was found for student {student} of seed {seed}.", "Choose another seed."
    )


def worksheets(students: int, seed: int) -> tuple[Worksheet, ...]:
    """Return the sheets of so many students. Raises SetupError as ``worksheet`` does."""
    if not is_whole_number(students) or not 1 <= students <= MOST_STUDENTS:
        raise SetupError(
            f"students={students!r} is not possible.",
            f"Give a whole number from 1 to {MOST_STUDENTS}.",
        )
    return tuple(worksheet(seed, student) for student in range(1, students + 1))


def _drawn(seed: int, student: int, draw: int) -> Exercise:
    draws = iter(uniform(seed, f"worksheet {student}", len(_CHOICES) + 2, draw).tolist())
    activation = _chosen(("sigmoid", "tanh"), next(draws))
    target = _chosen(_TARGETS[activation], next(draws))
    made = {name: _chosen(values, next(draws)) for name, values in _CHOICES.items()}
    parameters = {name: made[name] for name in PARAMETERS}
    return Exercise(activation, made["x1"], made["x2"], target, made["rate"], parameters)


def _chosen(values: tuple[Value, ...], draw: float) -> Value:
    return values[int(draw * len(values))]


def _is_apart(exercise: Exercise) -> bool:
    """Whether each blank's number and those of its mistakes can be told from one another."""
    known = dict(exercise.given)
    for blank in BLANKS:
        known[blank] = number_of(FORMULAS[blank], known, exercise.activation)
        # A weighted sum near 0 or far from it makes slopes that teach nothing.
        if blank.startswith("z") and not 0.2 < abs(known[blank]) < 2.5:
            return False
        wrong = [number_of(one.formula, known, exercise.activation) for one in mistakes_in(blank)]
        if np.diff(np.sort([known[blank], *wrong])).min() < APART:
            return False
        cuts = [round(known[blank], fewer) for fewer in range(2, DECIMALS)]
        if min(abs(one - cut) for one in wrong for cut in cuts) < 2 * EXACT:
            return False
    return True


def with_mistake(sheet: Worksheet, mistake: Mistake) -> dict[str, float]:
    """Return what a student would write who makes one mistake and goes on from it rightly."""
    known = dict(sheet.exercise.given)
    written = {}
    for blank in BLANKS:
        formula = mistake.formula if blank == mistake.blank else FORMULAS[blank]
        number = round(number_of(formula, known, sheet.exercise.activation), DECIMALS)
        known[blank] = written[blank] = number
    return written
