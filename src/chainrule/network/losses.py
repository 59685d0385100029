"""What is trained towards: a loss by name, with settings, or as a plain function."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, Literal

from chainrule.equations import Recorder
from chainrule.errors import SetupError, ShapeError, nearest
from chainrule.ops import LOSSES, OPS, Op
from chainrule.ops.derived import op_from_function, record_function
from chainrule.word_shapes import ROWS, Shape, show

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


def loss(name: str, **settings: Any) -> Loss:
    """Return a loss by name with settings: ``loss("cross_entropy", smoothing=0.1)``.

    Raises SetupError for an unknown name or setting, or a setting that is no finite number.
    """
    if name not in LOSSES:
        raise SetupError(f"There is no loss '{name}'.", nearest(str(name), LOSSES))
    known = OPS[name].settings
    for setting, value in settings.items():
        if setting not in known:
            raise SetupError(
                f"The loss '{name}' has no setting '{setting}'.", nearest(setting, known)
            )
        if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
            raise SetupError(
                f"The setting {setting} of the loss '{name}' is {value!r}.",
                "Give a finite number.",
            )
    return Loss(OPS[name], settings)


def find_loss(choice: str | Loss | Callable[..., Any], target: TargetKind, width: int) -> Loss:
    """Return a loss given by name, by itself, or as a plain function of (prediction, target).

    A plain function is tried once on symbols: a prediction of shape (n, width), and a target of the
    same shape, or n whole numbers for labels. It may return one number for each row, or one for
    the batch. Raises SetupError or ShapeError where it does neither.
    """
    if isinstance(choice, Loss):
        return choice
    if isinstance(choice, str):
        return loss(choice)
    if not callable(choice):
        raise SetupError(
            f"The loss {choice!r} is neither a name nor a function.",
            "Give a name such as 'cross_entropy', or a function of prediction and target.",
        )
    labels = target == "labels"
    made = _tried(choice, width, labels)
    if made not in ((), (ROWS,)):
        raise ShapeError(
            f"The loss function '{_name_of(choice)}' returns {show(made)} for n rows.",
            "Return one number for each row, or one for the batch: use .mean(axis=1) or .mean().",
        )
    each_row = made == (ROWS,)
    pattern = f"n o, {'n < o' if labels else 'n o'} -> {'n' if each_row else ''}"
    op = op_from_function(_name_of(choice), choice, pattern)
    return Loss(op, each_row=each_row, own=True)


def _tried(choice: Callable[..., Any], width: int, labels: bool) -> Shape:
    """Return the shape of what a loss function makes of symbols."""
    recorder = Recorder()
    prediction = recorder.new((ROWS, width), "float")
    target = recorder.new((ROWS,), "integer") if labels else recorder.new((ROWS, width), "float")
    try:
        made = record_function(choice, (prediction, target)).shapes
    except (TypeError, ValueError, AttributeError, IndexError) as error:
        raise SetupError(
            f"The loss function '{_name_of(choice)}' cannot be traced: {error}.",
            "Write it for two arrays, prediction and target, with NumPy's elementwise functions, "
            "sum, mean and max, or those of chainrule.arrays.",
        ) from error
    if len(made) != 1:
        raise ShapeError(
            f"The loss function '{_name_of(choice)}' returns {len(made)} values.",
            "Return one number for each row, or one for the batch.",
        )
    return made[0]


def _name_of(function: Callable[..., Any]) -> str:
    return str(getattr(function, "__name__", "loss")).replace("<lambda>", "own_loss")
