"""``check``: what is doubtful about a training before it begins, mostly within a second."""

from __future__ import annotations

import inspect
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.diagnosis.cases.case import Case
from chainrule.diagnosis.cases.rows_that_count import of_rows_that_count
from chainrule.diagnosis.checks.concern import Concern
from chainrule.diagnosis.checks.look import look
from chainrule.diagnosis.checks.looks import LOOKS
from chainrule.errors import ChainruleError, nearest
from chainrule.network.network import Network
from chainrule.training.recording import Recording
from chainrule.training.rows import Rows
from chainrule.training.setup import Setup
from chainrule.training.train import set_up, train

ACCEPTED = "what train accepts"


@dataclass(frozen=True)
class Check:
    """What a check came to. It prints itself; ``concerns`` are the doubts, the gravest first.

    ``left_out``: look -> why it was not taken. The network was run on ``sample`` of the ``rows``
    that are trained on, on none where a pass takes too long.
    """

    concerns: tuple[Concern, ...]
    checked: tuple[str, ...]
    seconds: float
    left_out: Mapping[str, str] = field(default_factory=dict)
    rows: int = 0
    sample: int = 0

    @property
    def is_sound(self) -> bool:
        """Whether nothing is doubtful."""
        return not self.concerns

    def to_dict(self) -> dict[str, Any]:
        """Return the check as plain data."""
        return {
            "sound": self.is_sound,
            "concerns": [one.to_dict() for one in self.concerns],
            "checked": list(self.checked),
            "left_out": dict(self.left_out),
            "rows": self.rows,
            "sample": self.sample,
            "seconds": self.seconds,
        }

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def lines(self) -> list[str]:
        """Return what was found, a line for each concern, and what was looked at."""
        said = f"Checked: {', '.join(self.checked)}."
        if 0 < self.sample < self.rows:
            said += f" The network was run on {self.sample:,} of {self.rows:,} training rows."
        lines = [f"- {one.name}: {one.cause} {one.remedy}" for one in self.concerns]
        left = [f"Not looked at: {name} ({why})." for name, why in self.left_out.items()]
        if not lines:
            part = " in what was looked at" if left else ""
            return [f"Nothing is doubtful{part}. {said}", *left]
        return [*lines, said, *left]

    __repr__ = __str__


def check(network: Network, X: Any, y: Any, **arguments: Any) -> Check:
    """Look for what makes a training fail before it begins; nothing is raised for it.

    ``network``, ``X``, ``y`` and ``arguments`` are those of ``train``. It looks at what ``train``
    would refuse; the scale of inputs and targets; the output, the loss and the targets beside each
    other; the start, and the loss there beside that of a guess; rare classes; rows that stand among
    training and validation rows; validation rows that lie elsewhere than training rows; a column
    that says the target by itself; labels that say nothing about the rows; whether one batch can be
    learned by heart, and whether that takes its inputs.
    Raises TypeError for an argument that ``train`` does not have.
    """
    began = time.monotonic()
    try:
        setup, rows = _set_up(network, X, y, arguments)
        case = case_before(setup, rows)
        found = look(case, LOOKS)
    except ChainruleError as error:
        refused = Concern("refused", error.cause, error.remedy, is_error=True)
        return Check((refused,), (ACCEPTED,), time.monotonic() - began)
    seconds = time.monotonic() - began
    checked = (ACCEPTED, *found.checked)
    concerns = (*_of_no_epoch(setup), *found.concerns)
    return Check(concerns, checked, seconds, found.left_out, len(case.training), found.rows)


def _of_no_epoch(setup: Setup) -> list[Concern]:
    """Return the concern of a training that would make no step; ``train`` accepts it."""
    if setup.epochs:
        return []
    return [
        Concern(
            "no epoch",
            "With epochs=0 nothing is trained, and the run is the network as it starts.",
            "Give a number of epochs from 1.",
            0.0,
            1.0,
        )
    ]


def _set_up(network: Any, X: Any, y: Any, given: dict[str, Any]) -> tuple[Setup, tuple[Rows, Rows]]:
    """Return what would be trained, and its rows. Raises TypeError for an unknown argument."""
    known = inspect.signature(train).parameters
    for name in given:
        if name not in known:
            raise TypeError(f"check has no argument '{name}'. {nearest(name, known)}")
    every = {
        name: one.default
        for name, one in known.items()
        if one.default is not inspect.Parameter.empty
    } | given
    others = {name: one for name, one in every.items() if name not in ("X", "y")}
    return set_up(network, X, y, **others)


def case_before(
    setup: Setup,
    rows: tuple[Rows, Rows],
    columns: tuple[str, ...] = (),
    of_table: NDArray[np.int64] | None = None,
) -> Case:
    """Return what would be trained as a case of no epochs.

    ``columns`` are the names of the inputs of a table, whose rows are scaled already, ``of_table``
    the numbers of the rows in it.
    """
    training, validation = rows
    start = {**setup.network.parameters, **setup.network.state}
    case = Case(
        setup=setup,
        recording=Recording(),
        training=training,
        validation=validation,
        last=start,
        kept=start,
        ended="nothing is trained",
        columns=columns,
        of_table=of_table,
        scaled=bool(columns),
    )
    return of_rows_that_count(case)
