"""Why the encoder 12-2-12 is so seldom learned: one thing changed at a time, from the same starts.

Rprop follows the sign of a gradient, however small it is, and its steps grow to 50: the weights of
a unit can become so large that its sigmoid is flat. Some of the changes keep a unit from there, or
lead it back. Fahlman ("An empirical study of learning speed in back-propagation networks", 1988)
added 0.1 to the derivative of the sigmoid, so that units far from 0.5 go on learning.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache, partial
from typing import Any

import numpy as np
from published_problems import Rows
from report import aligned
from rounds import figures
from rprop_tasks import Learned, Task, encoder, learned, tasks

import chainrule as cr
from chainrule.arrays import sigmoid

FORM = "rprop_plus"
SIZES = (12, 2, 12)
LONGER = 20_000
# A share of the starts that is called most of them.
MANY = 0.75


def both_signs() -> Rows:
    """The rows of the encoder with inputs of -1 and 1."""
    unit = np.eye(SIZES[0])
    return 2.0 * unit - 1.0, unit


def pulled_in(wanted: Any) -> Any:
    """Return targets of 0.1 and 0.9."""
    return 0.1 + 0.8 * wanted


def right_output_miss(truth: Any, predicted: Any) -> Any:
    """How far the output that should be 1 is from it, in the worst row."""
    return (truth * (1.0 - predicted)).max()


@cache
def steeper(more: float) -> str:
    """Return the name of a sigmoid whose derivative is larger than it is by ``more``."""
    name = f"sigmoid_steeper_by_{more:g}".replace(".", "_").replace("-", "_")
    cr.elementwise(
        name,
        r"y = \frac{1}{1 + e^{-x}}",
        forward=lambda x: sigmoid(x),
        derivative=lambda y, x: y * (1.0 - y) + more,
        about="Fahlman, 1988.",
    )
    return name


def changes() -> list[Task]:
    """Return the task as it is, and with one thing changed."""
    (task,) = (one for one in tasks() if one.name == "encoder 12-2-12")

    def named(what: str, **changed: Any) -> Task:
        return replace(task, name=f"{task.name}: {what}", **changed)

    def stepping(what: str, **constants: float) -> Task:
        return named(what, settings={"optimizer": cr.RpropPlus(**constants)})

    def made(what: str, **given: Any) -> Task:
        network: Callable[[], cr.Network] = partial(encoder, SIZES, **given)
        return named(what, network=network)

    tenth, thousandth = steeper(0.1), steeper(0.001)
    return [
        named("as it is"),
        named(f"{LONGER:,} epochs", epochs=LONGER),
        stepping("first step 1", first_step=1.0),
        stepping("smallest step 1e-12", smallest_step=1e-12),
        stepping("largest step 1", largest_step=1.0),
        stepping("largest step 0.3", largest_step=0.3),
        made("weights from -0.5 to 0.5", most=0.5),
        made("weights from -0.1 to 0.1", most=0.1),
        named("targets 0.1 and 0.9", targets=pulled_in),
        named("the right output alone counts", miss=right_output_miss),
        named("inputs -1 and 1", rows=both_signs),
        named(
            "inputs -1 and 1, tanh", rows=both_signs, network=partial(encoder, SIZES, hidden="tanh")
        ),
        made("0.1 added to the derivatives", hidden=tenth, output=tenth),
        made("0.001 added to the derivatives", hidden=thousandth, output=thousandth),
        # Half of it, times each squared weight, is added to the mean over rows of the loss.
        named("weight decay 1e-6", settings={"l2": 1e-6}),
        named("weight decay 1e-7", settings={"l2": 1e-7}),
    ]


def measured_changes(starts: int, most: int) -> list[Learned]:
    """Train with every change from every start."""
    return [learned(one, FORM, start, most) for one in changes() for start in range(starts)]


def part(found: Sequence[Learned]) -> str:
    """Return the table, and what it says."""
    heads = ["12-2-12", "learned", "mean epochs", "median epochs", "largest weight where not"]
    names = list(dict.fromkeys(one.task for one in found))
    lines = [line([one for one in found if one.task == name]) for name in names]
    said = (
        f"{FORM} from the same starts, with one thing changed. Epochs are over the starts that "
        "learned it; the last column is the median over the others of their largest weight or bias "
        "after the last epoch. Rprop goes by the sign of a gradient, however small it is, so that "
        "weights can grow to where sigmoids are flat."
    )
    title = "## What makes 12-2-12 learnable"
    return "\n\n".join([title, said, aligned(heads, lines), sentence(found)])


def line(own: Sequence[Learned]) -> list[str]:
    """Return the line of one change."""
    there = [one.epochs for one in own if one.epochs]
    stuck = [one.largest for one in own if not one.epochs]
    return [
        own[0].task.partition(": ")[2],
        f"{len(there)} of {len(own)}",
        f"{np.mean(there):,.0f}" if there else "-",
        f"{np.median(there):,.0f}" if there else "-",
        figures(float(np.median(stuck))) if stuck else "-",
    ]


def sentence(found: Sequence[Learned]) -> str:
    """Say which changes let most starts learn it, and which do not."""
    counts: dict[str, list[bool]] = {}
    for one in found:
        counts.setdefault(one.task.partition(": ")[2], []).append(one.epochs > 0)
    most = [name for name, learns in counts.items() if np.mean(learns) >= MANY]
    few = [name for name, learns in counts.items() if np.mean(learns) <= 1.0 - MANY]
    return (
        f"Learned from three quarters of the starts or more: {'; '.join(most) or 'none'}. "
        f"From a quarter or fewer: {'; '.join(few) or 'none'}. Which of these the published "
        "trainings had is not known here."
    )
