"""What is trained towards: a loss by name, with settings, or as a plain function."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from chainrule.errors import SetupError, ShapeError, nearest
from chainrule.ops import OPS, Op
from chainrule.ops.derived import op_from_function, record_function
from chainrule.ops.losses import LOSSES
from chainrule.word_shapes import show

TargetKind = Literal["labels", "numbers"]


@dataclass(frozen=True)
class Loss:
    """A loss op with its settings. ``each_row`` is False where it gives one number for a batch."""

    op: Op
    settings: Mapping[str, Any] = field(default_factory=dict)
    each_row: bool = True
    own: bool = False

    @property
    def name(self) -> str:
        return self.op.name

    @property
    def target(self) -> TargetKind:
        return "labels" if self.op.pattern.inputs[1].below else "numbers"

    def to_record(self) -> dict[str, Any]:
        """Return the loss as plain data; a function of one's own is known by its checksum."""
        return {
            "name": self.name,
            "settings": dict(self.settings),
            "own": self.own,
            "source": self.op.source_checksum() if not self.own else source_of(self.op.forward),
        }


def source_of(function: Callable[..., Any]) -> str:
    """Return the sha256 of a function's source."""
    try:
        text = inspect.getsource(function)
    except (OSError, TypeError):
        text = getattr(function, "__qualname__", repr(function))
    return hashlib.sha256(text.encode()).hexdigest()


def loss(name: str, **settings: float) -> Loss:
    """Return a loss by name with settings: ``loss("cross_entropy", smoothing=0.1)``.

    Raises SetupError for an unknown name or setting.
    """
    if name not in LOSSES or name not in OPS:
        raise SetupError(f"There is no loss '{name}'.", nearest(name, LOSSES))
    unknown = sorted(set(settings) - set(OPS[name].settings))
    if unknown:
        raise SetupError(
            f"The loss '{name}' has no setting '{unknown[0]}'.",
            nearest(unknown[0], OPS[name].settings),
        )
    return Loss(OPS[name], settings)


def find_loss(choice: str | Loss | Callable[..., Any], target: TargetKind, width: int) -> Loss:
    """Return a loss given by name, by itself, or as a plain function of (prediction, target).

    A plain function is tried once on symbols of ``width`` outputs: it may return one number for
    each row, or one for the batch. Raises SetupError or ShapeError where it does neither.
    """
    if isinstance(choice, Loss):
        return choice
    if isinstance(choice, str):
        return loss(choice)
    if not callable(choice):
        raise SetupError(
            f"The loss {choice!r} is neither a name nor a function.", nearest("", LOSSES)
        )
    rows = 7
    prediction = np.zeros((rows, width))
    wanted: Any = np.zeros(rows, dtype=np.int64) if target == "labels" else prediction
    made = record_function(choice, (prediction, wanted)).shapes
    if made not in (((),), ((rows,),)):
        raise ShapeError(
            f"The loss function '{_name_of(choice)}' returns {show(made[0])} for {rows} rows.",
            "Return one number for each row, or one for the batch: use .mean(axis=1) or .mean().",
        )
    each_row = made == ((rows,),)
    slot = "n < o" if target == "labels" else "n o"
    op = op_from_function(_name_of(choice), choice, f"n o, {slot} -> {'n' if each_row else ''}")
    return Loss(op, each_row=each_row, own=True)


def _name_of(function: Callable[..., Any]) -> str:
    return str(getattr(function, "__name__", "loss")).replace("<lambda>", "own_loss")
