"""``train``: from a network and rows to a run; ``resume``: from a run that was cut off."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from chainrule.engines.door import ENGINES
from chainrule.engines.program import FloatType
from chainrule.errors import DataError, SetupError, nearest
from chainrule.network.losses import Loss
from chainrule.network.network import Network
from chainrule.optimizers import Optimizer, find_optimizer
from chainrule.training.checkpoint import Checkpoint
from chainrule.training.interrupts import uninterrupted
from chainrule.training.loop import INTERRUPTED, Hook, Loop, State
from chainrule.training.preparing import Prepared, prepare
from chainrule.training.progress import shown_progress
from chainrule.training.recording import Recording
from chainrule.training.records import load
from chainrule.training.rows import Rows
from chainrule.training.run import Run, run_of, several
from chainrule.training.setup import Metric, Regularisation, Setup, Strength
from chainrule.training.stopping import Stopping

LossChoice = str | Loss | Callable[..., Any]


def train(
    network: Network | Run,
    X: Any = None,
    y: Any = None,
    *,
    loss: LossChoice | Sequence[LossChoice] | None = None,
    optimizer: str | Optimizer = "adam",
    learning_rate: float | None = None,
    epochs: int = 100,
    batch_size: int | Literal["auto"] | None = "auto",
    validation: float | tuple[Any, Any] = 0.0,
    metrics: Sequence[Metric] | None = None,
    sample_weight: Any = None,
    class_weight: Mapping[Any, float] | str | None = None,
    target_loss: float | None = None,
    patience: int | None = None,
    min_change: float | None = None,
    min_gradient: float | None = None,
    max_seconds: float | None = None,
    seed: int = 0,
    dtype: FloatType | None = None,
    engine: str = "reference",
    shuffle: bool = True,
    freeze: Sequence[str] = (),
    rates: Mapping[str, float] | None = None,
    l1: Strength = 0.0,
    l2: Strength = 0.0,
    weight_decay: Strength = 0.0,
    clip_norm: float | None = None,
    clip_value: float | None = None,
    keep: Literal["best", "last"] = "best",
    on_epoch: Hook | Sequence[Hook] = (),
    readings: int = 50,
    snapshots: int = 0,
    checkpoint: str | Path | None = None,
    checkpoint_every: float = 10.0,
    progress: bool = True,
) -> Run:
    """Train a network on rows and return the run; the network given is not changed.

    ``network``: a Network (one that has parameters goes on from them), or a Run, which goes on
    where it ended for ``epochs`` more: its rows are used again unless given, and what is not given
    here stays as it was. ``X``: (rows, features); for several inputs a list, or name -> array.
    ``y``: labels (rows,), or numbers (rows,) or (rows, outputs); a list for several outputs.

    ``loss``: a name, ``loss(name, ...)``, or a function (prediction, target) -> one number for each
    row or one for the batch; by default ``cross_entropy`` for labels (``binary_cross_entropy`` for
    two classes and one output) and ``mean_squared_error`` for numbers. ``optimizer``: a name or an
    optimizer such as ``Adam(learning_rate=0.01)``; ``learning_rate`` replaces its rate.
    ``batch_size``: rows in a step; "auto" is min(32, rows), ``None`` all rows.
    ``validation``: a share of the rows, held out by seed and stratified by class, or (X, y).
    ``metrics``: names or functions (truth, predicted) -> number, taken on the validation rows;
    by default accuracy for classes and r2 for numbers.
    ``sample_weight`` (rows,) and ``class_weight`` ("balanced" or class -> weight) multiply; they
    are scaled to a mean of 1 over the training rows.

    Training ends after ``epochs``, or when ``target_loss``, ``min_change``, ``min_gradient``,
    ``patience`` (epochs without a better validation loss) or ``max_seconds`` says so; see
    ``Stopping``. With ``keep="best"`` the run's network has the parameters of the epoch with the
    lowest validation loss (without validation rows: the last ones).

    ``dtype``: "float32" (default) or "float64". ``freeze``: names or patterns of parameters that
    stay ("*.b"); ``rates``: pattern -> factor on the learning rate. ``l1``, ``l2``,
    ``weight_decay``: see ``Regularisation``; ``clip_norm`` and ``clip_value`` bound the gradient.
    ``on_epoch``: called after every epoch with its progress, which can ``stop()`` or set
    ``learning_rate``. ``readings``: how often layers are looked at closely, about;
    ``snapshots``: keep the parameters every so many epochs (0: never).
    ``checkpoint``: a folder that is kept up to date every ``checkpoint_every`` seconds, from which
    ``resume`` goes on. ``progress``: a live line, where there is a terminal.

    Raises DataError for rows that cannot be learned from, SetupError for settings, ShapeError for
    sizes that do not meet, RunFolderError for the checkpoint folder.
    """
    given = dict(locals())
    if isinstance(network, Run):
        return _go_on(network, given)
    if not isinstance(network, Network):
        raise SetupError(
            f"train() was given {type(network).__name__} where the network is due.",
            "Call train(network, X, y).",
        )
    chosen = with_rate(find_optimizer(optimizer), learning_rate)
    prepared = prepare(
        network, X, y, loss=loss, validation=validation, sample_weight=sample_weight,
        class_weight=class_weight, seed=check_seed(seed),
    )
    setup = Setup(
        network=prepared.network,
        losses=prepared.losses,
        targets=prepared.targets,
        optimizer=chosen,
        epochs=whole(epochs, "epochs", 0),
        batch_size=rows_in_a_step(batch_size, len(prepared.training), chosen),
        provenance=prepared.provenance,
        seed=seed,
        dtype=checked(dtype or "float32", ("float32", "float64"), "dtype"),
        engine=checked(engine, tuple(ENGINES), "engine"),
        shuffle=shuffle,
        freeze=tuple(several(freeze)),
        rates=dict(rates or {}),
        regularisation=Regularisation(l1, l2, weight_decay, clip_norm, clip_value),
        stopping=Stopping(target_loss, min_change, min_gradient, patience, max_seconds),
        metrics=_metrics(metrics, prepared),
        keep=checked(keep, ("best", "last"), "keep") if len(prepared.validation) else "last",
        readings=whole(readings, "readings", 0),
        snapshots=whole(snapshots, "snapshots", 0),
    )
    return carry_out(
        setup, (prepared.training, prepared.validation), hooks=several(on_epoch) if on_epoch else
        (), checkpoint=checkpoint, checkpoint_every=checkpoint_every, progress=progress,
    )


def carry_out(
    setup: Setup,
    rows: tuple[Rows, Rows],
    *,
    state: State | None = None,
    recording: Recording | None = None,
    hooks: Sequence[Hook] = (),
    checkpoint: str | Path | None = None,
    checkpoint_every: float = 10.0,
    progress: bool = True,
    notes: Mapping[str, Any] | None = None,
    resumed: bool = False,
) -> Run:
    """Run a setup on its rows, from the start or from a state, and return the run."""
    loop = Loop(setup, *rows)
    state = state or loop.start()
    recording = recording.copy() if recording else Recording()
    keeper = None
    if checkpoint is not None:
        keeper = Checkpoint(Path(checkpoint), loop, checkpoint_every, dict(notes or {}))
        if not resumed:
            keeper.refuse_existing()
        keeper.write(state, recording, replace=resumed)
    with shown_progress(setup, progress, done=recording.epochs) as shown:
        state, ended = loop.run(state, recording, (*shown, *hooks), keeper)
    finished = ended != INTERRUPTED
    run = run_of(
        setup, state, recording, ended, loop.named, finished=finished, notes=notes, rows=rows
    )
    if checkpoint is not None:
        with uninterrupted():
            run.save(checkpoint, replace=True)
    return run


def resume(
    path: str | Path,
    X: Any,
    y: Any,
    *,
    ops: Sequence[Any] = (),
    loss: Callable[..., Any] | None = None,
    validation: tuple[Any, Any] | None = None,
    sample_weight: Any = None,
    class_weight: Mapping[Any, float] | str | None = None,
    on_epoch: Hook | Sequence[Hook] = (),
    checkpoint_every: float = 10.0,
    progress: bool = True,
) -> Run:
    """Go on with a training that was cut off, from its checkpoint folder, and end it.

    ``X``, ``y``, ``validation`` given as rows, weights and functions are not saved and are given
    again; the run ends with the same bits as if it had not been cut off (same machine and engine).
    A run that had ended is returned as it is. Raises DataError where the rows are not the same,
    RunFolderError for the folder.
    """
    run = load(path, ops=ops, loss=loss)
    setup = run.setup
    prepared = prepare(
        setup.network, X, y, loss=list(setup.losses),
        validation=validation if validation is not None else setup.provenance,
        sample_weight=sample_weight, class_weight=class_weight, seed=setup.seed,
    )
    if prepared.provenance.checksum != setup.provenance.checksum:
        raise DataError(
            f"The rows are not those that '{path}' was trained on (their checksum differs).",
            "Give the same rows, in the same order, with the same weights.",
        )
    if run.finished:
        return replace(run, rows=(prepared.training, prepared.validation))
    # The start of the training is needed for frozen parameters only; the state has the others.
    return carry_out(
        setup, (prepared.training, prepared.validation), state=run.state,
        recording=run.recording, hooks=several(on_epoch) if on_epoch else (), checkpoint=path,
        checkpoint_every=checkpoint_every, progress=progress, notes=run.notes, resumed=True,
    )


# What a run can be gone on with: arguments of train() and where they stand in a setup.
_STOPPING = tuple(field.name for field in fields(Stopping))
_REGULARISATION = tuple(field.name for field in fields(Regularisation))
_CHANGEABLE = ("batch_size", "freeze", "rates", "keep", "readings", "snapshots", "shuffle",
               "optimizer", "learning_rate", *_STOPPING, *_REGULARISATION)
_ALWAYS = ("network", "X", "y", "epochs", "on_epoch", "checkpoint", "checkpoint_every", "progress",
           "validation", "sample_weight", "class_weight")


def _go_on(run: Run, given: Mapping[str, Any]) -> Run:
    """Train a run on: the setup with what was given changed, from the state where it ended."""
    defaults = inspect.signature(train).parameters
    changed = {
        name: content
        for name, content in given.items()
        if name not in _ALWAYS and content is not defaults[name].default
        and not _same(content, defaults[name].default)
    }
    fixed = sorted(set(changed) - set(_CHANGEABLE))
    if fixed:
        raise SetupError(
            f"{fixed[0]} cannot be changed when a run goes on.",
            "Train run.network anew to change it.",
        )
    rows = _rows_again(run, given)
    setup = _changed(run.setup, changed, len(rows[0]))
    more = whole(given["epochs"], "epochs", 0)
    setup = replace(setup, epochs=run.recording.epochs + more)
    state = replace(run.state, seconds=0.0)
    if "optimizer" in changed or "freeze" in changed:
        loop = Loop(replace(setup, network=run.network), *rows)
        state = replace(loop.start(), step=run.state.step, best_loss=run.state.best_loss,
                        best_epoch=run.state.best_epoch)
        setup = replace(setup, network=run.network)
    elif "learning_rate" in changed:
        state = replace(state, rate=float(changed["learning_rate"]))
    if "batch_size" in changed:
        per_epoch = -(-len(rows[0]) // setup.batch_size)
        state = replace(state, step=run.recording.epochs * per_epoch)
    hooks = several(given["on_epoch"]) if given["on_epoch"] else ()
    return carry_out(
        setup, rows, state=state, recording=run.recording, hooks=hooks,
        checkpoint=given["checkpoint"], checkpoint_every=given["checkpoint_every"],
        progress=given["progress"], notes=run.notes,
    )


def _same(content: Any, default: Any) -> bool:
    return type(content) is type(default) and bool(content == default)


def _changed(setup: Setup, changed: Mapping[str, Any], rows: int) -> Setup:
    """Return the setup with the given arguments of ``train`` in their places."""
    optimizer = setup.optimizer
    if "optimizer" in changed:
        optimizer = find_optimizer(changed["optimizer"])
    optimizer = with_rate(optimizer, changed.get("learning_rate"))
    stopping = {name: changed[name] for name in _STOPPING if name in changed}
    regularisation = {name: changed[name] for name in _REGULARISATION if name in changed}
    plain = {
        name: changed[name]
        for name in ("rates", "keep", "readings", "snapshots", "shuffle")
        if name in changed
    }
    if "freeze" in changed:
        plain["freeze"] = tuple(several(changed["freeze"]))
    if "batch_size" in changed:
        plain["batch_size"] = rows_in_a_step(changed["batch_size"], rows, optimizer)
    return replace(
        setup,
        optimizer=optimizer,
        stopping=replace(setup.stopping, **stopping),
        regularisation=replace(setup.regularisation, **regularisation),
        **plain,
    )


def _rows_again(run: Run, given: Mapping[str, Any]) -> tuple[Rows, Rows]:
    if given["X"] is None:
        if run.rows is None:
            raise DataError(
                "The run was loaded from a folder, and rows are not saved with a run.",
                "Give them again: train(run, X, y, epochs=50).",
            )
        return run.rows
    validation = given["validation"]
    held = validation if isinstance(validation, tuple) else run.setup.provenance
    prepared = prepare(
        run.network, given["X"], given["y"], loss=list(run.setup.losses), validation=held,
        sample_weight=given["sample_weight"], class_weight=given["class_weight"],
        seed=run.setup.seed, targets=run.setup.targets,
    )
    return prepared.training, prepared.validation


def _metrics(metrics: Sequence[Metric] | None, prepared: Prepared) -> tuple[Metric, ...]:
    if metrics is not None:
        return tuple(several(metrics))
    classes = prepared.targets[0].task == "classification"
    return ("accuracy",) if classes else ("r2",)


def with_rate(optimizer: Optimizer, rate: float | None) -> Optimizer:
    """Return an optimizer with another learning rate, or as it is. Raises SetupError."""
    if rate is not None:
        optimizer = replace(optimizer, learning_rate=rate)  # type: ignore[type-var]
    chosen = optimizer.learning_rate
    if isinstance(chosen, int | float) and not (np.isfinite(chosen) and chosen >= 0):
        raise SetupError(f"The learning rate is {chosen}.", "Give a number from 0.")
    return optimizer


def rows_in_a_step(
    batch_size: int | str | None, rows: int, optimizer: Optimizer
) -> int:
    """Return the number of rows in a step. Raises SetupError."""
    if optimizer.needs != "gradient":
        if batch_size not in ("auto", None) and batch_size != rows:
            raise SetupError(
                f"{optimizer.name} needs {optimizer.needs} of all rows at once, so it cannot be "
                f"used with batches of {batch_size}.",
                "Leave batch_size out.",
            )
        return rows
    if batch_size is None:
        return rows
    if batch_size == "auto":
        return min(32, rows)
    return min(whole(batch_size, "batch_size", 1), rows)


def whole(number: Any, name: str, least: int) -> int:
    """Return a whole number from ``least``. Raises SetupError."""
    if isinstance(number, bool) or not isinstance(number, int | np.integer) or number < least:
        raise SetupError(f"{name}={number!r} is not possible.", f"Give a whole number from {least}.")
    return int(number)


def check_seed(seed: Any) -> int:
    """Return a seed. Raises SetupError."""
    if whole(seed, "seed", 0) >= 2**64:
        raise SetupError(f"seed={seed} is too large.", "Give a number below 2**64.")
    return int(seed)


def checked(choice: Any, known: Sequence[str], name: str) -> Any:
    """Return a choice among names. Raises SetupError."""
    if choice not in known:
        raise SetupError(f"{name}={choice!r} is not known.", nearest(str(choice), known))
    return choice


@contextlib.contextmanager
def nothing_shown() -> Iterator[tuple[Hook, ...]]:
    """Show no progress."""
    yield ()
