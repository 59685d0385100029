"""Which number of a prediction is explained: a logit, or a number in the target's unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.checks import is_whole_number
from chainrule.data.ranges import Scaling
from chainrule.errors import SetupError, nearest
from chainrule.explanation.asked_run import preparation
from chainrule.training.run import Run

Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class AskedOutput:
    """A number that is ``unit`` times the outputs, summed up, plus ``start``, and its name.

    ``prediction`` says in words what is predicted for the row.
    """

    unit: Vector
    quantity: str
    prediction: str
    start: float = 0.0

    def of(self, outputs: Vector) -> float:
        """Return the number of outputs (outputs,)."""
        return float(self.unit @ outputs) + self.start


def asked_output(run: Run, outputs: Vector, output: Any, against: Any) -> AskedOutput:
    """Return what is asked for, of the outputs (outputs,) of a row. Raises SetupError."""
    if len(run.setup.targets) > 1 or run.setup.targets[0].over_time:
        raise SetupError(
            "The network predicts more than one thing of a row, and one is explained.",
            "Explain a network with a single output.",
        )
    if run.setup.targets[0].task == "classification":
        return _logit(run, outputs, output, against)
    if against is not None:
        raise SetupError("There are no classes to be set against.", "Leave against= out.")
    return _number(run, outputs, output)


def _logit(run: Run, outputs: Vector, output: Any, against: Any) -> AskedOutput:
    labels = run.setup.targets[0].labels
    meaning = run.setup.meaning(0)
    found = int(meaning.predictions(outputs[None])[0])
    place = found if output is None else _place(labels, output)
    what = "logit" if meaning.loss.op.includes else "output"
    name = preparation(run).target.name if "preparation" in run.notes else "the target"
    prediction = f"{name} = {labels[found]}"
    unit = np.zeros(len(outputs))
    others = [one for one in range(len(labels)) if one != place]
    other = others[0] if len(labels) == 2 else None
    if against is not None:
        other = _place(labels, against)
        if other == place:
            raise SetupError(
                f"{labels[other]!r} is set against itself.", "Give another class as against=."
            )
    quantity = f"the {what} of {name} = {labels[place]}"
    if other is not None:
        quantity += f" against {labels[other]}"
    if len(outputs) == 1:
        unit[0] = 1.0 if place == 1 else -1.0
        return AskedOutput(unit, quantity, prediction)
    unit[place] = 1.0
    if other is not None:
        unit[other] = -1.0
    return AskedOutput(unit, quantity, prediction)


def _place(labels: Sequence[Any], label: Any) -> int:
    for place, known in enumerate(labels):
        if known == label or str(known) == str(label):
            return place
    raise SetupError(f"There is no class {label!r}.", nearest(str(label), map(str, labels)))


def _number(run: Run, outputs: Vector, output: Any) -> AskedOutput:
    count = len(outputs)
    if output is None and count > 1:
        raise SetupError(
            f"The network predicts {count} numbers, and one is explained.",
            f"Say which: output=0 to output={count - 1}.",
        )
    place = 0 if output is None else output
    if not is_whole_number(place) or place >= count:
        raise SetupError(
            f"There is no output {output!r}.", f"Give a whole number from 0 to {count - 1}."
        )
    unit = np.zeros(count)
    unit[place] = 1.0
    of_table = "preparation" in run.notes
    name = preparation(run).target.name if of_table else "the target"
    name += f"[{place}]" if count > 1 else ""
    loss = run.setup.meaning(0).loss
    if loss.op.includes:
        # The rest, an exponential, turns sums into products.
        said = f"{name} by {loss.op.includes[0]} of {outputs[place]:.6g}"
        return AskedOutput(unit, f"the output in front of {loss.op.includes[0]}", said)
    scale, start = _unit_of(run, int(place), count)
    value = scale * outputs[place] + start
    return AskedOutput(unit * scale, f"the predicted {name}", f"{name} = {value:.6g}", start)


def _unit_of(run: Run, place: int, count: int) -> tuple[float, float]:
    """Return how much of the target's unit an output of 1 adds, and what 0 stands for."""
    if "preparation" in run.notes:
        target = preparation(run).target
        return target.scale, target.mean
    if "scaling" in run.notes:
        ends = np.stack([np.zeros(count), np.ones(count)])
        low, high = Scaling.from_record(run.notes["scaling"]).predictions(ends)[:, place]
        return float(high - low), float(low)
    return 1.0, 0.0
