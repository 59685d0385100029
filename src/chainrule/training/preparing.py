"""Preparing: from what a caller gives to the network, losses and rows that a setup holds."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.data.orientation import may_be_in_columns, samples_in_columns
from chainrule.errors import DataError, SetupError, ShapeError
from chainrule.network.backpropagation import target_array
from chainrule.network.input_kinds import of_its_kind
from chainrule.network.losses import Loss, TargetKind, find_loss, loss, refuse_weights
from chainrule.network.network import Network
from chainrule.network.over_time import Weights
from chainrule.training.rows import (
    Provenance,
    Rows,
    checksum_of,
    input_array,
    row_weights,
    split_validation,
)
from chainrule.training.targets import Target, Task, find_target, target_values
from chainrule.training.targets_over_time import (
    counted,
    refuse_single_answers,
    scaled,
    those_over_time,
    weighed_by_class,
    weights_of_times,
)

LossChoice = Loss | Callable[..., Any] | None


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
    validation: float | tuple[Any, ...] | Provenance,
    sample_weight: Any,
    class_weight: Mapping[Any, float] | str | None,
    seed: int,
    targets: tuple[Target, ...] | None = None,
    left_out: tuple[int, ...] = (),
) -> Prepared:
    """Check and encode rows, size and start the network, find the losses, split.

    ``validation``: a share, rows (X, y), or the provenance of a run whose split is taken again.
    ``targets``: those of a run that goes on; by default they follow from ``y``. ``left_out``: the
    numbers of rows that have no part in it, where validation rows are given apart.
    """
    if X is None or y is None:
        raise DataError("There are no rows to train on.", "Call train(network, X, y).")
    inputs = named_inputs(network, X)
    choices = loss_choices(loss, network.output_count)
    ys = _target_values(y, network.output_count)
    if len(inputs) == len(ys) == 1:
        _refuse_samples_in_columns(next(iter(inputs.values())), ys[0])
    times, sample_weight = weights_of_times(network, inputs, ys, sample_weight)
    found = targets or tuple(
        find_target(one, task_of(choice), counted(time))
        for one, choice, time in zip(ys, choices, times, strict=True)
    )
    network = _sized(network, inputs, found, choices).started(seed)
    refuse_single_answers(network.plan, ys)
    inputs = {name: of_its_kind(network.plan, name, one) for name, one in inputs.items()}
    count = len(next(iter(inputs.values())))
    losses, encoded = _losses(network, choices, found, ys, times, count)
    numbers, classes = None, found[0].labels
    if len(found) == 1 and times[0] is not None and class_weight is not None:
        times[0] = weighed_by_class(times[0], class_weight, encoded[0], found[0])
        class_weight = None
    elif len(found) == 1 and times[0] is None and found[0].task == "classification":
        numbers = encoded[0].reshape(-1).astype(np.int64)
    weights = row_weights(sample_weight, class_weight, count, numbers, classes)
    refuse_weights(losses, weights)
    rows = Rows(tuple(inputs.values()), tuple(encoded), weights, those_over_time(times))
    checksum = checksum_of([*rows.inputs, *rows.targets, rows.weights, *rows.time_weights])
    if isinstance(validation, tuple):
        held = _held_out(network, validation, losses, found)
        known = checksum_of([*held.inputs, *held.targets, *held.time_weights])
        provenance = Provenance(count, checksum, held=known, left_out=left_out)
        return _prepared(network, losses, found, rows.part(provenance.training), held, provenance)
    if isinstance(validation, Provenance):
        chosen, left = _split_again(validation, count)
        left_out = validation.left_out
    else:
        chosen, left = split_validation(count, validation, seed, numbers, classes)
    provenance = Provenance(count, checksum, tuple(left.tolist()), left_out=left_out)
    # What weighs classes is no part of a validation loss, and how much a row is worth is.
    held = replace(rows, weights=row_weights(sample_weight, None, count, None, ())).part(left)
    return _prepared(network, losses, found, rows.part(chosen), held, provenance)


def _refuse_samples_in_columns(x: NDArray[Any], y: NDArray[Any]) -> None:
    """Raise ShapeError for samples that stand in columns; warn where they may."""
    error, doubt = samples_in_columns(x, y), may_be_in_columns(x, y)
    if error is not None:
        raise error
    if doubt is not None:
        warnings.warn(f"{doubt.cause} If so: {doubt.remedy}", stacklevel=5)


def _prepared(
    network: Network,
    losses: tuple[Loss, ...],
    targets: tuple[Target, ...],
    training: Rows,
    held: Rows,
    provenance: Provenance,
) -> Prepared:
    """Return all of it, the weights of the training rows at a mean of 1, and so those held out."""
    scale = training.weights.mean()
    if not scale > 0.0:
        raise DataError("All training rows have the weight 0.", "Give at least one row a weight.")
    training = scaled(replace(training, weights=training.weights / scale), "training")
    if len(held) and not held.weights.any():
        raise DataError(
            "All validation rows have the weight 0.",
            "Hold out a larger share, or rows of your own: validation=(X, y).",
        )
    if len(held):
        held = replace(held, weights=held.weights / held.weights.mean())
    held = scaled(held, "validation", as_mask=True)
    return Prepared(network, losses, targets, training, held, provenance)


def refuse_constant_targets(prepared: Prepared, dtype: str) -> None:
    """Raise DataError for numbers that differ, and are one in the type that is trained in.

    They would look learned to perfection: 1e-200 is 0 in float32, and 1e9 + 1 is 1e9.
    """
    for target, rows in zip(prepared.targets, prepared.training.targets, strict=True):
        if target.task != "regression" or target.over_time or len(rows) < 2:
            continue
        with np.errstate(all="ignore"):
            cast = rows.astype(dtype)
        if (cast == cast[0]).all() and (rows != rows[0]).any():
            raise DataError(
                f"In {dtype} the target is {cast.flat[0]:g} in every row, so there is nothing to "
                "learn.",
                "Subtract its mean and divide by its standard deviation, or give dtype='float64'.",
            )


def _split_again(known: Provenance, rows: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return training and validation rows as an earlier run had them."""
    if known.rows != rows:
        raise DataError(
            f"The run was trained on {known.rows} rows, and {rows} were given.",
            "Give the same rows.",
        )
    return known.training, np.array(known.validation, dtype=np.int64)


def named_inputs(network: Network, X: Any) -> dict[str, NDArray[np.float64]]:
    """Return name -> rows for each input of a network, equally many. Raises DataError."""
    names = network.input_names
    if isinstance(X, Mapping) and len(names) > 1:
        missing = [name for name in names if name not in X]
        if missing:
            raise DataError(f"The input '{missing[0]}' is not given.", f"Give {names}.")
        given = [X[name] for name in names]
    else:
        given = list(X) if len(names) > 1 and isinstance(X, list | tuple) else [X]
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


def _target_values(y: Any, outputs: int) -> list[NDArray[Any]]:
    """Return the target of each output as an array."""
    if outputs > 1 and isinstance(y, Mapping):
        raise DataError(
            "The targets of several outputs are given by name.",
            "Give a list of one target for each output, in their order.",
        )
    given = list(y) if outputs > 1 and isinstance(y, list | tuple) else [y]
    if len(given) != outputs:
        raise ShapeError(
            f"The network has {outputs} outputs and y has {len(given)} targets.",
            "Give a list of one target for each output, in their order.",
        )
    return [target_values(one) for one in given]


def loss_choices(given: Any, outputs: int) -> list[LossChoice]:
    """Return a loss for each output, None where it follows from the target. Raises SetupError."""
    choices = list(given) if isinstance(given, list | tuple) else [given] * outputs
    if len(choices) != outputs:
        raise SetupError(
            f"{len(choices)} losses were given for {outputs} outputs.",
            "Give one loss, or one for each output.",
        )
    for one in choices:
        if one is not None and not isinstance(one, str | Loss) and not callable(one):
            raise SetupError(
                f"The loss {one!r} is neither a name nor a function.",
                "Give a name such as 'cross_entropy', or a function of prediction and target.",
            )
    return [loss(one) if isinstance(one, str) else one for one in choices]


def task_of(choice: LossChoice) -> Task | None:
    """Return the task that a loss asks for, ``None`` where the target decides."""
    if not isinstance(choice, Loss) or choice.own:
        return None
    return "classification" if choice.takes_classes else "regression"


def _sized(
    network: Network,
    inputs: Mapping[str, NDArray[Any]],
    targets: Sequence[Target],
    choices: Sequence[LossChoice],
) -> Network:
    """Return the network with the data's sizes; two classes may share one output."""
    sizes = {name: one.shape[1:] for name, one in inputs.items()}
    widths = [one.width for one in targets]
    if widths == [2] and targets[0].task == "classification":
        chosen = choices[0]
        single = chosen is None and _ends_in_one(network, sizes)
        if single or (isinstance(chosen, Loss) and chosen.one_output_for_two_classes):
            widths = [1]
    return network.sized(sizes, widths)


def _ends_in_one(network: Network, sizes: Mapping[str, tuple[int, ...]]) -> bool:
    """Whether the last layer has one unit, and is no hidden layer of one unit."""
    try:
        plan = network.sized(sizes).plan
    except SetupError:
        # Its width is left to the data.
        return False
    # A sigmoid there is meant as the output, which the loss explains; others count as hidden.
    open_end = network.sized(sizes, 2).plan.outputs == plan.outputs
    return plan.shapes[plan.outputs[0]][-1:] == (1,) and (
        open_end or plan.steps[-1].op == "sigmoid"
    )


def _losses(
    network: Network,
    choices: Sequence[LossChoice],
    targets: Sequence[Target],
    ys: Sequence[NDArray[Any]],
    times: Sequence[Weights | None],
    rows: int,
) -> tuple[tuple[Loss, ...], list[NDArray[Any]]]:
    """Return the loss of each output and its target as the loss takes it."""
    losses: list[Loss] = []
    encoded: list[NDArray[Any]] = []
    outputs = network.plan.outputs
    for choice, target, y, weights, output in zip(
        choices, targets, ys, times, outputs, strict=True
    ):
        shape = network.plan.shapes[output]
        width = shape[-1]
        classes = target.task == "classification"
        if classes and width not in ((1, 2) if target.width == 2 else (target.width,)):
            raise ShapeError(
                f"The network gives {width} numbers for each {'row' if weights is None else 'time'}"
                f", and the target has {target.width} classes.",
                f"Make the last layer Dense({target.width}), or Dense() to leave it to the data.",
            )
        default = "mean_squared_error"
        if classes:
            default = "binary_cross_entropy" if width == 1 else "cross_entropy"
        labels: TargetKind = "labels" if classes and width > 1 else "numbers"
        one = find_loss(choice or default, labels, width, None if weights is None else shape[0])
        losses.append(one)
        encoded.append(target_array(target.encoded(y, counted(weights)), one, rows, shape))
    return tuple(losses), encoded


def _held_out(
    network: Network,
    validation: tuple[Any, ...],
    losses: Sequence[Loss],
    targets: Sequence[Target],
) -> Rows:
    """Return validation rows that were given as (X, y)."""
    over_time = any(one.over_time for one in targets)
    if len(validation) != 2 and not (over_time and len(validation) == 3):
        raise SetupError(
            f"validation has {len(validation)} parts.", "Give a share such as 0.2, or (X, y)."
        )
    X, y, weights = (*validation, None)[:3]
    rows = named_inputs(network, X)
    _check_validation(network, rows)
    inputs = tuple(of_its_kind(network.plan, name, one) for name, one in rows.items())
    count, ys = len(inputs[0]), _target_values(y, len(targets))
    times, _ = weights_of_times(network, rows, ys, weights)
    refuse_single_answers(network.plan, ys)
    shapes = [network.plan.shapes[output] for output in network.plan.outputs]
    arrays = tuple(
        target_array(target.encoded(one, counted(time)), loss, count, shape)
        for one, time, target, loss, shape in zip(ys, times, targets, losses, shapes, strict=True)
    )
    return Rows(inputs, arrays, np.ones(count), those_over_time(times))


def _check_validation(network: Network, inputs: Mapping[str, NDArray[Any]]) -> None:
    """Refuse validation rows of another shape than the network was made for."""
    for name, one in inputs.items():
        due = network.plan.inputs[name]
        if one.shape[1:] != due:
            raise ShapeError(
                f"The validation rows are {one.shape}, and the network expects {due} in each row.",
                "Give them the columns of X." if len(due) == 1 else "Give them the shape of X.",
            )
