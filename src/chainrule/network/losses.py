"""What is trained towards: a loss by name, with settings, or as a plain function."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from chainrule.checks import source_checksum
from chainrule.equations import Recorder
from chainrule.errors import SetupError, ShapeError, nearest
from chainrule.ops import LOSSES, OPS, Op
from chainrule.ops.derived import op_from_function, record_function
from chainrule.shapes import ROWS, Shape, show

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

    @property
    def takes_classes(self) -> bool:
        """Whether the target is one class for each row, as a label or as 0 or 1."""
        return self.target == "labels" or self.op.targets == "classes"

    @property
    def one_output_for_two_classes(self) -> bool:
        """Whether two classes are told apart by the sign of one output."""
        return self.target == "numbers" and self.op.targets == "classes"

    def to_record(self) -> dict[str, Any]:
        """Return the loss as plain data; a function of one's own is known by its checksum."""
        return {
            "name": self.name,
            "settings": dict(self.settings),
            "own": self.own,
            "source": source_checksum(self.op.forward) if self.own else self.op.source_checksum(),
        }


def loss(name: str, **settings: Any) -> Loss:
    """Return a loss by name with settings: ``loss("cross_entropy", smoothing=0.1)``.

    Raises SetupError for an unknown name or setting, or a setting that is no finite number or
    out of its bounds.
    """
    if not isinstance(name, str):
        raise SetupError(
            f"The loss {name!r} is not a name.", "Give a name such as 'cross_entropy'."
        )
    if name not in LOSSES:
        raise SetupError(f"There is no loss '{name}'.", nearest(name, LOSSES))
    OPS[name].check_settings(settings, f"The loss '{name}'")
    return Loss(OPS[name], settings)


def find_loss(
    choice: str | Loss | Callable[..., Any],
    target: TargetKind,
    width: int,
    time: int | None = None,
) -> Loss:
    """Return a loss given by name, by itself, or as a plain function of (prediction, target).

    A plain function is tried once on symbols: a prediction of shape (n, width), and a target of the
    same shape, or n whole numbers for labels. It may return one number for each row, or one for
    the batch. Over ``time`` both have that axis behind the rows, and it returns one number for each
    time, (n, time). Raises SetupError or ShapeError where it does neither.
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
    if time is not None:
        return _over_time(choice, labels, width, time)
    made = _tried(choice, (ROWS, width), labels)
    if made not in ((), (ROWS,)):
        raise ShapeError(
            f"The loss function '{_name_of(choice)}' returns {show(made)} for n rows.",
            "Return one number for each row, or one for the batch: use .mean(axis=1) or .mean().",
        )
    each_row = made == (ROWS,)
    pattern = f"n o, {'n < o' if labels else 'n o'} -> {'n' if each_row else ''}"
    op = op_from_function(_name_of(choice), choice, pattern)
    return Loss(op, each_row=each_row, own=True)


def _over_time(choice: Callable[..., Any], labels: bool, width: int, time: int) -> Loss:
    made = _tried(choice, (ROWS, time, width), labels)
    if made != (ROWS, time):
        raise ShapeError(
            f"The loss function '{_name_of(choice)}' returns {show(made)} for n rows of {time} "
            "times.",
            "Return one number for each time: use .mean(axis=2).",
        )
    pattern = f"n t o, {'n t < o' if labels else 'n t o'} -> n t"
    return Loss(op_from_function(_name_of(choice), choice, pattern), own=True)


def refuse_weights(losses: Sequence[Loss], weights: NDArray[np.float64]) -> None:
    """Raise SetupError where rows weigh differently and a loss gives one number for all of them."""
    single = [one.name for one in losses if not one.each_row]
    if single and not np.allclose(weights, 1.0, rtol=0.0, atol=1e-12):
        raise SetupError(
            f"The loss {single[0]} gives one number for all rows, so weights of rows would be "
            "ignored.",
            "Return one number for each row: use .mean(axis=1) in place of .mean().",
        )


def _tried(choice: Callable[..., Any], shape: Shape, labels: bool) -> Shape:
    """Return the shape of what a loss function makes of symbols."""
    recorder = Recorder()
    prediction = recorder.new(shape, "float")
    target = recorder.new(shape[:-1], "integer") if labels else recorder.new(shape, "float")
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
