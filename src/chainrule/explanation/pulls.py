"""Who pulled this weight: the gradient of a batch as the gradients of its rows, by name.

The gradient of a mean loss is a sum over rows. Each term is the row's own gradient, times its
weight, over the number of rows. A row whose term is negative pushes the weight up, for descent goes
against the gradient.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.data.decisions import counted
from chainrule.explanation.plain_numbers import plain_document
from chainrule.explanation.written import written

# So many rows are named on each side where a sentence is asked for.
NAMED = 3


@dataclass(frozen=True)
class Pull:
    """One row and its term of the gradient: its number, of a table from 1, and its name."""

    row: int
    name: str
    gradient: float

    @property
    def way(self) -> str:
        """Where the row pushes the weight."""
        return "up" if self.gradient < 0 else "down" if self.gradient > 0 else "nowhere"

    def to_dict(self) -> dict[str, Any]:
        """Return the pull as plain data."""
        return {"row": self.row, "name": self.name, "gradient": self.gradient, "way": self.way}


@dataclass(frozen=True)
class Fight:
    """Two rows that push a weight apart: ``cancels`` is what both terms lose to each other.

    ``alike`` is the cosine between the gradients of the two rows over all trained parameters: near
    -1 they fight everywhere, near 0 about this weight alone.
    """

    up: Pull
    down: Pull
    alike: float

    @property
    def cancels(self) -> float:
        """The smaller one of the two terms: so much of each is undone by the other."""
        return min(abs(self.up.gradient), abs(self.down.gradient))

    def sentence(self) -> str:
        """Return who fights whom, in words."""
        where = "about this weight alone"
        if self.alike < -0.5:
            where = "about most weights"
        elif self.alike > 0.5:
            where = "here, and agree about most other weights"
        return (
            f"{self.up.name} (up, {written(abs(self.up.gradient))}) and {self.down.name} (down, "
            f"{written(abs(self.down.gradient))}) fight {where}: over all of them the cosine of "
            f"their gradients is {self.alike:.2f}."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the fight as plain data."""
        return {
            "up": self.up.to_dict(),
            "down": self.down.to_dict(),
            "cancels": self.cancels,
            "alike": self.alike,
        }


@dataclass(frozen=True, eq=False)
class Pulls:
    """The gradient of a batch at one weight, and what each of its rows adds to it.

    ``gradient`` is that of the whole batch, by a program that adds rows up on its way; ``pulls``
    are the rows' own terms, the strongest first, and sum to it but for rounding (``residual``).
    ``penalty`` is what L1 and L2 add, which belongs to no row. ``where`` says which rows they are.
    """

    target: str
    meaning: str
    where: str
    gradient: float
    pulls: tuple[Pull, ...]
    fights: tuple[Fight, ...] = ()
    penalty: float = 0.0

    @property
    def up(self) -> tuple[Pull, ...]:
        """The rows that push the weight up, the strongest first."""
        return tuple(one for one in self.pulls if one.way == "up")

    @property
    def down(self) -> tuple[Pull, ...]:
        """The rows that push the weight down, the strongest first."""
        return tuple(one for one in self.pulls if one.way == "down")

    @property
    def total(self) -> float:
        """The sum of the rows' terms."""
        return math.fsum(one.gradient for one in self.pulls)

    @property
    def residual(self) -> float:
        """The gradient of the batch less the sum of its rows' terms: rounding."""
        return self.gradient - self.total

    @property
    def cancelled(self) -> float:
        """The share of all pulls that rows undo of each other, from 0 to 1."""
        size = math.fsum(abs(one.gradient) for one in self.pulls)
        return 1.0 - abs(self.total) / size if size else 0.0

    def sentence(self) -> str:
        """Return who pulled the weight where, in words."""
        way = "up" if self.gradient < 0 else "down" if self.gradient > 0 else "nowhere"
        sides = [
            f"{counted(len(rows), 'row')} {name} by {written(_together(rows))}"
            for name, rows in (("up", self.up), ("down", self.down))
            if rows
        ]
        text = (
            f"Over {self.where} the gradient at {self.target} is {written(self.gradient)}, which "
            f"pushes it {way}"
        )
        if not sides:
            return f"{text}: no row pushes it."
        text += f": {' and '.join(sides)}, so that {self.cancelled:.0%} cancels."
        return text + "".join(
            f" {name.capitalize()} most: {_listed(rows)}."
            for name, rows in (("up", self.up), ("down", self.down))
            if rows
        )

    def sentences(self) -> tuple[str, ...]:
        """Return all that is to be said: who pulled, who fights, penalties, and the sum."""
        said = [self.sentence(), *(one.sentence() for one in self.fights)]
        if self.penalty:
            way = "up" if self.penalty < 0 else "down"
            said.append(
                f"Penalties add {written(self.penalty)} to the gradient and push it {way}: "
                "they belong to no row."
            )
        said.append(
            f"The terms of the rows sum to {self.total:.9g}, the gradient of the batch is "
            f"{self.gradient:.9g}."
        )
        return tuple(said)

    def to_dict(self, most: int = 20) -> dict[str, Any]:
        """Return the pulls as plain data, of each side the strongest ``most`` and the rest."""
        document = {
            "target": self.target,
            "meaning": self.meaning,
            "where": self.where,
            "gradient": self.gradient,
            "sum_of_rows": self.total,
            "cancelled": self.cancelled,
            "penalty": self.penalty,
            "up": _side(self.up, most),
            "down": _side(self.down, most),
            "unmoved": sum(one.way == "nowhere" for one in self.pulls),
            "fights": [one.to_dict() for one in self.fights],
            "sentences": list(self.sentences()),
        }
        return dict(plain_document(document))

    def __str__(self) -> str:
        return "\n".join(self.sentences())


def pulls_in_order(numbers: Sequence[int], names: Sequence[str], terms: Any) -> tuple[Pull, ...]:
    """Return rows with their terms (rows,), the strongest first."""
    order = np.argsort(-np.abs(terms), kind="stable").tolist()
    return tuple(Pull(int(numbers[one]), names[one], float(terms[one])) for one in order)


def _together(rows: Sequence[Pull]) -> float:
    return abs(math.fsum(one.gradient for one in rows))


def _listed(rows: Sequence[Pull]) -> str:
    return ", ".join(f"{one.name} ({written(abs(one.gradient))})" for one in rows[:NAMED])


def _side(rows: Sequence[Pull], most: int) -> dict[str, Any]:
    rest = rows[most:]
    return {
        "rows": [one.to_dict() for one in rows[:most]],
        "count": len(rows),
        "sum": math.fsum(one.gradient for one in rows),
        "rest": {"count": len(rest), "sum": math.fsum(one.gradient for one in rest)},
    }
