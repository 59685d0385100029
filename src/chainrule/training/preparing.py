"""Preparing: from what a caller gives to the network, losses and rows that a setup holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import DataError, SetupError, ShapeError
from chainrule.network.backpropagation import target_array
from chainrule.network.losses import Loss, find_loss
from chainrule.network.network import Network
from chainrule.training.rows import (
    Provenance,
    Rows,
    checksum_of,
    input_array,
    row_weights,
    split_validation,
)
from chainrule.training.targets import Target, Task, find_target

CLASS_LOSSES = ("cross_entropy", "binary_cross_entropy", "hinge")


@dataclass(frozen=True, eq=False)
class Prepared:
    """A sized and started network, its losses and targets, and its rows."""

    network: Network
    losses: tuple[Loss, ...]
    targets: tuple[Target, ...]
    training: Rows
    validation: Rows
    provenance: Provenance


def prepare(
    network: Network,
    X: Any,
    y: Any,
    *,
    loss: Any,
    validation: float | tuple[Any, Any] | Provenance,
    sample_weight: Any,
    class_weight: Mapping[Any, float] | str | None,
    seed: int,
    targets: tuple[Target, ...] | None = None,
) -> Prepared:
    """Check and encode rows, size and start the network, find the losses, split."""
    if X is None or y is None:
        raise DataError("train() was given no rows.", "Call train(network, X, y).")
    inputs = named_inputs(network, X)
    given = list(y) if network.output_count > 1 else [y]
    choices = _choices(loss, network.output_count)
    if len(given) != network.output_count:
        raise ShapeError(
            f"The network has {network.output_count} outputs and y has {len(given)} targets.",
            "Give a list of one target for each output.",
        )
    ys = [_target_values(one) for one in given]
    found = targets or tuple(
        find_target(one, _task_of(choice)) for one, choice in zip(ys, choices, strict=True)
    )
    network = _sized(network, inputs, found, choices).started(seed)
    losses, encoded = _losses(network, choices, found, ys, len(next(iter(inputs.values()))))
    labels = encoded[0] if found[0].task == "classification" and len(found) == 1 else None
    numbers = None if labels is None else labels.reshape(-1).astype(np.int64)
    weights = row_weights(
        sample_weight, class_weight, len(encoded[0]), numbers, found[0].labels
    )
    rows = Rows(tuple(inputs.values()), tuple(encoded), weights)
    if isinstance(validation, tuple):
        held = _held_out(network, validation, losses, found)
        training, chosen, left = rows, np.arange(len(rows)), np.arange(0)
    else:
        chosen, left = _split(rows, validation, seed, numbers)
        training, held = rows.part(chosen), rows.part(left)
    _refuse_lost_class(training, numbers, chosen, found[0])
    scale = training.weights.mean()
    training = Rows(training.inputs, training.targets, training.weights / scale)
    provenance = Provenance(
        len(rows),
        checksum_of([*rows.inputs, *rows.targets, rows.weights]),
        tuple(chosen.tolist()) if len(left) else (),
        tuple(left.tolist()),
    )
    return Prepared(network, losses, found, training, held, provenance)


def _split(
    rows: Rows, validation: float | Provenance, seed: int, labels: NDArray[np.int64] | None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return training and validation rows: by a share, or as an earlier run had them."""
    if not isinstance(validation, Provenance):
        return split_validation(rows, float(validation), seed, labels)
    held = np.array(validation.validation, dtype=np.int64)
    if validation.rows != len(rows):
        raise DataError(
            f"The run was trained on {validation.rows} rows, and {len(rows)} were given.",
            "Give the same rows.",
        )
    everything = np.arange(len(rows))
    return (np.array(validation.training) if len(held) else everything), held


def named_inputs(network: Network, X: Any) -> dict[str, NDArray[np.float64]]:
    """Return name -> rows for each input of a network, equally many. Raises DataError."""
    names = network.input_names
    if isinstance(X, Mapping) and len(names) > 1:
        missing = [name for name in names if name not in X]
        if missing:
            raise DataError(f"The input '{missing[0]}' is not given.", f"Give {names}.")
        given = [X[name] for name in names]
    else:
        given = list(X) if len(names) > 1 else [X]
    if len(given) != len(names):
        raise ShapeError(
            f"The network has {len(names)} inputs and was given {len(given)}.",
            f"Give a list of {', '.join(names)}.",
        )
    single = len(names) == 1
    arrays = {
        name: input_array(one, "X" if single else f"The input '{name}'")
        for name, one in zip(names, given, strict=True)
    }
    counts = {name: len(one) for name, one in arrays.items()}
    if len(set(counts.values())) > 1:
        raise ShapeError(
            f"The inputs have different numbers of rows: {counts}.", "Give equally many."
        )
    return arrays


def _target_values(y: Any) -> NDArray[Any]:
    try:
        return np.asarray(y)
    except ValueError:
        raise DataError(
            "The target has rows of different lengths.", "Give one number or label for each row."
        ) from None


def _choices(loss: Any, outputs: int) -> list[Any]:
    choices = list(loss) if isinstance(loss, list | tuple) else [loss] * outputs
    if len(choices) != outputs:
        raise SetupError(
            f"{len(choices)} losses were given for {outputs} outputs.",
            "Give one loss, or one for each output.",
        )
    return choices


def _task_of(choice: Any) -> Task | None:
    """Return the task that a loss asks for, ``None`` where the target decides."""
    name = choice.name if isinstance(choice, Loss) else choice
    if name is None or (callable(choice) and not isinstance(choice, Loss)):
        return None
    if isinstance(choice, Loss) and choice.own:
        return None
    return "classification" if name in CLASS_LOSSES else "regression"


def _sized(
    network: Network,
    inputs: Mapping[str, NDArray[Any]],
    targets: Sequence[Target],
    choices: Sequence[Any],
) -> Network:
    """Return the network with the data's sizes; two classes may share one output."""
    sizes = {name: one.shape[1:] for name, one in inputs.items()}
    width = targets[0].width
    if len(targets) == 1 and width == 2 and targets[0].task == "classification":
        name = choices[0].name if isinstance(choices[0], Loss) else choices[0]
        if name in ("binary_cross_entropy", "hinge"):
            width = 1
        elif name is None and _ends_in_one(network, sizes):
            width = 1
    return network.sized(sizes, width)


def _ends_in_one(network: Network, sizes: Mapping[str, tuple[int, ...]]) -> bool:
    plan = network.sized(sizes, 2).plan
    return plan.shapes[plan.outputs[0]] == (1,)


def _losses(
    network: Network,
    choices: Sequence[Any],
    targets: Sequence[Target],
    ys: Sequence[NDArray[Any]],
    rows: int,
) -> tuple[tuple[Loss, ...], list[NDArray[Any]]]:
    """Return the loss of each output and its target as the loss takes it."""
    losses: list[Loss] = []
    encoded: list[NDArray[Any]] = []
    for choice, target, y, output in zip(
        choices, targets, ys, network.plan.outputs, strict=True
    ):
        width = network.plan.shapes[output][-1]
        classes = target.task == "classification"
        if classes and width not in ((1, 2) if target.width == 2 else (target.width,)):
            raise ShapeError(
                f"The network gives {width} numbers for each row, and the target has "
                f"{target.width} classes.",
                f"Make the last layer Dense({target.width}), or Dense() to leave it to the data.",
            )
        if choice is None:
            choice = "mean_squared_error"
            if classes:
                choice = "binary_cross_entropy" if width == 1 else "cross_entropy"
        one = find_loss(choice, "labels" if classes and width > 1 else "numbers", width)
        losses.append(one)
        encoded.append(target_array(target.encoded(y), one, rows, width))
    return tuple(losses), encoded


def _held_out(
    network: Network,
    validation: tuple[Any, Any],
    losses: Sequence[Loss],
    targets: Sequence[Target],
) -> Rows:
    """Return validation rows that were given as (X, y)."""
    if len(validation) != 2:
        raise SetupError(
            f"validation has {len(validation)} parts.", "Give a share such as 0.2, or (X, y)."
        )
    X, y = validation
    inputs = tuple(named_inputs(network, X).values())
    ys = list(y) if len(targets) > 1 else [y]
    arrays = tuple(
        target_array(target.encoded(np.asarray(one)), loss, len(inputs[0]),
                     network.plan.shapes[output][-1])
        for one, target, loss, output in zip(
            ys, targets, losses, network.plan.outputs, strict=True
        )
    )
    return Rows(inputs, arrays, np.ones(len(inputs[0])))


def _refuse_lost_class(
    training: Rows, labels: NDArray[np.int64] | None, chosen: NDArray[np.int64], target: Target
) -> None:
    if labels is None or not len(training):
        return
    lost = sorted(set(range(len(target.labels))) - set(labels[chosen].tolist()))
    if lost:
        raise DataError(
            f"No row of the class {target.labels[lost[0]]!r} is left for training.",
            "Give more rows of it, or hold out fewer.",
        )


LossChoice = str | Loss | Callable[..., Any] | None
