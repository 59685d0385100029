"""One number of a trained parameter: where it stands among all of them, and what it is in words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chainrule.errors import SetupError
from chainrule.network.objective import Objective
from chainrule.network.plan import Parameter
from chainrule.network.wording import meaning_of, parameter_and_place
from chainrule.training.run import Run


@dataclass(frozen=True)
class SingleWeight:
    """A number of a parameter: ``name`` is "dense_1.W[2,0]", ``flat`` its place in all of them."""

    parameter: Parameter
    place: tuple[int, ...]
    flat: int

    @property
    def name(self) -> str:
        """The name with its place."""
        inside = ",".join(map(str, self.place))
        return f"{self.parameter.name}[{inside}]" if self.place else self.parameter.name

    @property
    def inside(self) -> int:
        """Its place in the flat parameter."""
        shape = self.parameter.shape
        return int(np.ravel_multi_index(self.place, shape)) if self.place else 0


def single_weight(objective: Objective, target: str) -> SingleWeight:
    """Return the trained number that a text names.

    Raises SetupError for what is no parameter, for a place that is not there, for a whole array,
    and for a parameter that is frozen.
    """
    parameter, place = parameter_and_place(objective.plan, target)
    if not place and parameter.size > 1:
        inside = ",".join("0" for _ in parameter.shape)
        raise SetupError(
            f"{parameter.name} is {' x '.join(map(str, parameter.shape))} numbers, each with a "
            "story of its own.",
            f"Name one of them: {parameter.name}[{inside}].",
        )
    starts = objective.trained.starts
    if parameter.name not in starts:
        raise SetupError(
            f"{parameter.name} is frozen, so that nothing moves it.",
            "Ask for a parameter that is trained.",
        )
    place = place or (0,) * len(parameter.shape)
    one = SingleWeight(parameter, place, 0)
    return SingleWeight(parameter, place, starts[parameter.name] + one.inside)


def meaning_in_run(run: Run, weight: SingleWeight) -> str:
    """Return a weight in the words of a run: by the names of a table's columns where it has any."""
    if "preparation" in run.notes:
        return run.means(weight.name)
    return meaning_of(run.network.plan, weight.name)
