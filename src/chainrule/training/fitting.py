"""``fit_network``: three parts of the rows, numbers between -1 and 1, and one call."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ParamSpec

import numpy as np
from numpy.typing import NDArray

from chainrule.data.one_hot import one_hot_error
from chainrule.data.orientation import may_be_in_columns, samples_in_columns
from chainrule.data.ranges import Scaling
from chainrule.data.splitting import split_rows
from chainrule.engines.door import evaluate
from chainrule.errors import ChainruleError, DataError, SetupError, nearest
from chainrule.network.backpropagation import gradient_program, objective_for
from chainrule.network.initializers import initializer
from chainrule.network.layers import Dense
from chainrule.network.network import Network
from chainrule.optimizers import AnyOptimizer, LevenbergMarquardt, ScaledConjugateGradient
from chainrule.training.arguments import check_seed, from_zero
from chainrule.training.fit import PARTS, Fit
from chainrule.training.preparing import LossChoice, Prepared, loss_choices, prepare, task_of
from chainrule.training.rows import input_array
from chainrule.training.run import with_notes
from chainrule.training.setup import strengths
from chainrule.training.state import Progress
from chainrule.training.targets import Target, find_target, target_values
from chainrule.training.train import train

Places = NDArray[np.int64]
Arguments = ParamSpec("Arguments")


def _by_name(fit: Callable[Arguments, Fit]) -> Callable[Arguments, Fit]:
    """Refuse in a sentence what is given by its place, and names that are not known."""
    known = inspect.signature(fit).parameters

    @functools.wraps(fit)
    def named(*places: Arguments.args, **given: Arguments.kwargs) -> Fit:
        if len(places) > 2:
            raise SetupError(
                "fit_network() takes X and y alone without a name.",
                "Write fit_network(X, y, hidden=10), for example.",
            )
        for name in given:
            if name not in known:
                raise SetupError(f"fit_network() has no argument '{name}'.", nearest(name, known))
        return fit(*places, **given)

    return named


@_by_name
def fit_network(
    X: Any,
    y: Any,
    *,
    hidden: int | Sequence[int] = 10,
    activation: str = "tanh",
    optimizer: str | AnyOptimizer | None = None,
    loss: str | LossChoice = None,
    validation: float = 0.15,
    test: float = 0.15,
    parts: Sequence[Any] | None = None,
    epochs: int = 1000,
    patience: int | None = 6,
    min_gradient: float | None = 1e-7,
    target_loss: float | None = None,
    max_seconds: float | None = None,
    l2: float = 0.0,
    seed: int = 0,
    progress: bool = True,
) -> Fit:
    """Fit a network to rows as MATLAB's fitnet and patternnet do, with their defaults.

    ``X``: (rows, features), every row a sample; ``y``: numbers (rows,) or (rows, outputs), or
    labels (rows,). A share of the rows is for ``validation``, which ends the training after
    ``patience`` epochs without a lower loss, and one is for the ``test`` alone; ``parts`` gives
    the numbers of the rows of each instead: training, validation, test. Inputs and target numbers
    are brought between -1 and 1 by the ranges of the training rows; predictions are in the target's
    units.

    ``hidden``: the widths of the hidden layers, with ``activation``, which start as Nguyen and
    Widrow have it, evenly spaced; the output layer starts between -1 and 1. ``optimizer``:
    LevenbergMarquardt(damping="classic") for numbers, ScaledConjugateGradient() for labels.
    Every step sees all training rows.
    ``loss``, ``epochs``, ``min_gradient``, ``target_loss``, ``max_seconds``, ``l2``, ``seed`` and
    ``progress`` as in ``train``; the losses are those of scaled numbers.

    Raises ShapeError where samples stand in columns, DataError for rows that cannot be learned
    from, SetupError for settings.
    """
    rows, values = input_array(X, "X"), target_values(y)
    (choice,) = loss_choices(loss, 1)
    doubt: ChainruleError | None = one_hot_error(rows, values) if choice is None else None
    doubt = doubt or samples_in_columns(rows, values) or may_be_in_columns(rows, values)
    if doubt is not None:
        raise doubt
    seed = check_seed(seed)
    target = find_target(values, task_of(choice))
    _check_rows(rows, values)
    places = _places(target, values, parts, (validation, test), seed)
    learned = places["training"]
    numbers = target.task == "regression"
    # Numbers may have come as objects; labels stay as they are.
    values = target.encoded(values).reshape(values.shape) if numbers else values.reshape(-1)
    scaling = Scaling.of(rows[learned], _columns(values[learned]) if numbers else None)
    inputs, goals = scaling.scaled_inputs(rows), scaling.scaled_target(values)
    network = _network(hidden, activation)
    held = {part: (inputs[at], goals[at]) for part, at in places.items() if len(at)}
    seen = _Seen(_prepared(network, held, choice, seed), l2)
    run = train(
        network,
        *held["training"],
        loss=choice,
        optimizer=_optimizer(optimizer, numbers),
        epochs=epochs,
        batch_size=None,
        validation=held.get("validation", 0.0),
        patience=patience if "validation" in held else None,
        min_gradient=min_gradient,
        target_loss=target_loss,
        max_seconds=max_seconds,
        l2=l2,
        seed=seed,
        dtype="float64",
        on_epoch=seen,
        progress=progress,
    )
    for name, column in seen.columns.items():
        if column:
            run.history[name] = column
    return Fit(with_notes(run, {"scaling": scaling.to_record()}), rows, values, places)


def _check_rows(rows: NDArray[Any], values: NDArray[Any]) -> None:
    if rows.ndim != 2:
        raise DataError(
            f"X is {rows.shape}, and a fit takes a table of numbers.",
            "Use train() and a network of your own for images and sequences.",
        )
    if len(values) != len(rows):
        raise DataError(
            f"The target has {len(values)} rows, and X has {len(rows)}.",
            "Give one target for each row.",
        )


def _columns(values: NDArray[Any]) -> NDArray[Any]:
    return values.reshape(len(values), -1)


def _places(
    target: Target,
    values: NDArray[Any],
    parts: Sequence[Any] | None,
    shares: tuple[float, float],
    seed: int,
) -> dict[str, Places]:
    """Return the numbers of the rows of each part, as they are given or drawn."""
    if parts is not None:
        return _given(parts, len(values))
    for name, share in zip(PARTS[1:], shares, strict=True):
        from_zero(share, name)
    drawn = tuple(share for share in shares if share)
    everything: Places = np.arange(len(values), dtype=np.int64)
    strata = None if target.task == "regression" else target.encoded(values).reshape(-1)
    shared_out: tuple[Places, ...] = (everything,)
    try:
        if drawn:
            shared_out = split_rows(len(values), drawn, seed, strata, "parts of a fit")
    except DataError as error:
        raise _too_few_of_each(target, values) or error from None
    found = iter(shared_out)
    training = next(found)
    held = {
        name: next(found) if share else everything[:0]
        for name, share in zip(PARTS[1:], shares, strict=True)
    }
    return {"training": training, **held}


def _too_few_of_each(target: Target, values: NDArray[Any]) -> DataError | None:
    """Return why rows cannot be shared out where there are about as many labels as rows."""
    if 2 * len(target.labels) <= len(values):
        return None
    kinds, whole = len(target.labels), values.dtype.kind in "iu"
    taken = "whole numbers are taken for labels, and " if whole else ""
    return DataError(
        f"y has {kinds} different values in {len(values)} rows: {taken}each part of a fit is to "
        "have rows of every label.",
        "Give y.astype(float) if they are amounts, else more rows of each label."
        if whole
        else "Give more rows of each label.",
    )


def _given(parts: Sequence[Any], rows: int) -> dict[str, Places]:
    """Return parts that were given. Raises SetupError where a row is in none or in two."""
    remedy = "Give three lists: the rows for training, for validation, and for the test."
    if not isinstance(parts, list | tuple) or len(parts) != len(PARTS):
        raise SetupError("parts does not hold three lists of row numbers.", remedy)
    found = [np.asarray(one if np.size(one) else np.zeros(0, dtype=np.int64)) for one in parts]
    if any(one.ndim != 1 or one.dtype.kind not in "iu" for one in found):
        raise SetupError("parts holds something that is no list of row numbers.", remedy)
    every = np.concatenate(found)
    if len(np.unique(every)) != len(every) or not ((every >= 0) & (every < rows)).all():
        raise SetupError(
            f"parts has a row twice, or one that is not among the {rows} rows.",
            f"Give each row once, counted from 0 to {rows - 1}.",
        )
    if not len(found[0]):
        raise SetupError("parts leaves no row for training.", remedy)
    return {name: one.astype(np.int64) for name, one in zip(PARTS, found, strict=True)}


def _network(hidden: Any, activation: str) -> Network:
    """Return the network, its sizes left to the data, with the starts of fitnet."""
    widths = hidden if isinstance(hidden, list | tuple) else [hidden]
    edge = initializer("uniform", low=-1.0, high=1.0)
    even = "nguyen_widrow_even"
    layers = [Dense(width, activation, weights=even, bias=even) for width in widths]
    return Network(*layers, Dense(weights=edge, bias=edge))


def _optimizer(chosen: str | AnyOptimizer | None, numbers: bool) -> str | AnyOptimizer:
    if chosen is not None:
        return chosen
    return LevenbergMarquardt(damping="classic") if numbers else ScaledConjugateGradient()


def _prepared(
    network: Network, held: Mapping[str, tuple[Any, Any]], loss: Any, seed: int
) -> Prepared:
    """Return what a training would have with the test's rows in the place of the validation's."""
    return prepare(
        network,
        *held["training"],
        loss=loss,
        validation=held.get("test", 0.0),
        sample_weight=None,
        class_weight=None,
        seed=seed,
    )


class _Seen:
    """Follows a training: after each epoch the length of the gradient, and the loss of the test.

    The gradient is that of the loss with its penalty ``l2``, the loss is without it.
    """

    def __init__(self, prepared: Prepared, l2: float) -> None:
        network, losses = prepared.network, prepared.losses
        self.columns: dict[str, list[float]] = {"gradient": []}
        learned, tested = prepared.training, prepared.validation
        self.objective, self.learned = objective_for(
            network, learned.inputs[0], learned.targets[0], losses[0]
        )
        self.tested: list[NDArray[Any]] = [*tested.inputs, *tested.targets, tested.weights]
        if len(tested):
            self.columns["test_loss"] = []
        self.program = gradient_program(self.objective, "float64")
        layout = self.objective.trained
        self.l2 = layout.spread(strengths(layout.parameters, l2, "l2"))

    def __call__(self, progress: Progress) -> None:
        flat = self.objective.trained.flat_array(progress.parameters, "float64")
        # Numbers that have overflowed end the training with a sentence of its own.
        with np.errstate(all="ignore"):
            _, slope = evaluate(self.program, [flat, np.zeros(0), *self.learned])
            slope = slope + self.l2 * flat
            self.columns["gradient"].append(float(np.sqrt(slope @ slope)))
            if "test_loss" in self.columns:
                loss, _ = evaluate(self.program, [flat, np.zeros(0), *self.tested])
                self.columns["test_loss"].append(float(loss))
