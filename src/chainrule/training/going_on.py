"""Going on: with a run that has ended for more epochs, with one that was cut off to its end."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.errors import DataError, SetupError
from chainrule.optimizers import Schedule, find_optimizer, taking_steps, with_rate
from chainrule.optimizers.steps import why_all_rows
from chainrule.training import arguments
from chainrule.training.absent import given_again
from chainrule.training.carry_out import carry_out
from chainrule.training.metrics import Metric, check_metrics
from chainrule.training.origin import Origin
from chainrule.training.preparing import Prepared, prepare
from chainrule.training.records import load
from chainrule.training.rows import Provenance, Rows
from chainrule.training.run import Run
from chainrule.training.search_loop import loop_of
from chainrule.training.setup import Regularisation, Setup
from chainrule.training.state import Hook, State
from chainrule.training.stopping import Stopping

STOPPING = tuple(field.name for field in fields(Stopping))
REGULARISATION = tuple(field.name for field in fields(Regularisation))
HELD_MISSING = (
    "The run was trained with validation rows of its own, which are not saved.",
    "Give them again: validation=(X, y).",
)
# What may be given again when a run goes on: arguments of train() that have a place in its setup.
CHANGEABLE = (
    "optimizer", "learning_rate", "batch_size", "freeze", "rates", "metrics", "keep", "readings",
    "snapshots", "shuffle", *STOPPING, *REGULARISATION,
)  # fmt: skip
ALWAYS = (
    "network", "X", "y", "epochs", "validation", "sample_weight", "class_weight", "on_epoch",
    "checkpoint", "checkpoint_every", "progress",
)  # fmt: skip


def go_on(
    run: Run, given: Mapping[str, Any], changed: Mapping[str, Any], epochs: int
) -> tuple[Setup, tuple[Rows, Rows], State]:
    """Return setup, rows and state with which a run goes on for so many epochs.

    ``given``: the arguments of ``train``; ``changed``: those of them that a caller wrote.
    Raises SetupError for what cannot change, DataError for rows that are missing.
    """
    fixed = sorted(set(changed) - set(CHANGEABLE) - set(ALWAYS))
    fixed = [name for name in fixed if changed[name] is not None]
    if fixed:
        raise SetupError(
            f"{fixed[0]} cannot be changed when a run goes on.",
            "Train run.network anew to change it.",
        )
    if not _sound(run):
        raise SetupError(
            f"The run cannot go on from where it ended: {run.ended}.",
            "Train run.network anew, with a smaller learning rate.",
        )
    rows, provenance = _rows_again(run, given)
    setup = replace(run.setup, provenance=provenance, epochs=run.recording.epochs + epochs)
    setup = _changed(setup, changed, len(rows[0]))
    state = replace(run.state, seconds=0.0, stopped=None)
    if run.state.stopped is not None:
        # A limit that was reached is not reached at once again.
        setup = _since(setup, patience=run.recording.epochs)
    if _steps(setup) != _steps(run.setup):
        # An epoch that was under way begins again, in the new steps.
        setup = _since(setup, step=state.step, epoch=run.recording.epochs)
        state = replace(state, losses=(), penalties=(), gradient=0.0)
    if "optimizer" in changed or changed.get("learning_rate") is not None:
        setup = _since(setup, rate=run.recording.epochs)
    if "freeze" in changed or "optimizer" in changed:
        setup, state = _begun_anew(run, setup, state, rows)
    elif changed.get("learning_rate") is not None:
        rate = taking_steps(setup.optimizer).learning_rate
        state = replace(state, rate=1.0 if isinstance(rate, Schedule) else float(rate))
    if "freeze" in changed or provenance != run.setup.provenance:
        # What was kept fits other parameters, or was judged by other rows.
        setup = _since(setup, patience=run.recording.epochs)
        state = replace(state, kept=None, kept_epoch=0, best_loss=math.inf, best_epoch=0)
    return setup, rows, state


def _sound(run: Run) -> bool:
    """Whether the last epoch left finite numbers."""
    last = run.history.get("loss", [])[-1:]
    return bool(np.isfinite(run.state.parameters).all()) and all(map(math.isfinite, last))


def _steps(setup: Setup) -> tuple[int, int]:
    return setup.provenance.training_rows, setup.batch_size


def _since(setup: Setup, **counts: int) -> Setup:
    origin: Origin = replace(setup.origin, **counts)
    return replace(setup, origin=origin)


def _begun_anew(
    run: Run, setup: Setup, state: State, rows: tuple[Rows, Rows]
) -> tuple[Setup, State]:
    """Return the setup and the state with the optimizer at its start, where the run ended."""
    trained = run.setup.objective().carried.named_arrays(state.parameters)
    ended = {**run.network.parameters, **trained}
    setup = replace(setup, network=run.network.with_parameters(ended))
    setup = _since(setup, optimizer=state.step)
    fresh = loop_of(setup, *rows).start()
    return setup, replace(
        state, parameters=fresh.parameters, optimizer=fresh.optimizer, rate=fresh.rate
    )


def _changed(setup: Setup, changed: Mapping[str, Any], rows: int) -> Setup:
    """Return the setup with the given arguments of ``train`` in their places."""
    optimizer = setup.optimizer
    if "optimizer" in changed:
        optimizer = find_optimizer(changed["optimizer"])
    plain: dict[str, Any] = {
        "optimizer": with_rate(optimizer, changed.get("learning_rate")),
        "stopping": _replaced(setup.stopping, changed, STOPPING),
        "regularisation": _replaced(setup.regularisation, changed, REGULARISATION),
    }
    for name, read in _READERS.items():
        if name in changed:
            plain[name] = read(changed[name], name)
    if changed.get("metrics") is not None:
        plain["metrics"] = check_metrics(changed["metrics"], setup.targets[0].task)
    if "batch_size" in changed or why_all_rows(plain["optimizer"]):
        plain["batch_size"] = arguments.rows_in_a_step(
            changed.get("batch_size", "auto"),
            rows,
            plain["optimizer"],
            setup.network.plan.rows_needed,
        )
    return replace(setup, **plain)


_READERS: Mapping[str, Callable[[Any, str], Any]] = {
    "freeze": arguments.patterns,
    "rates": arguments.mapping,
    "keep": lambda given, name: arguments.checked(given, ("best", "last"), name),
    "readings": arguments.whole_or_auto,
    "snapshots": lambda given, name: arguments.whole(given, name, 0),
    "shuffle": arguments.flag,
}


def _replaced(content: Any, changed: Mapping[str, Any], names: Sequence[str]) -> Any:
    return replace(content, **{name: changed[name] for name in names if name in changed})


def _rows_again(run: Run, given: Mapping[str, Any]) -> tuple[tuple[Rows, Rows], Provenance]:
    """Return the rows to go on with, those of the run or those that are given.

    The same rows are split as they were before; others as ``validation`` says.
    """
    weighed = given["sample_weight"] is not None or given["class_weight"] is not None
    split = given["validation"]
    apart, no_split = isinstance(split, tuple), isinstance(split, int | float) and split == 0
    known = run.setup.provenance
    if given["X"] is None:
        if run.rows is None:
            raise DataError(
                "The run was loaded from a folder, and rows are not saved with a run.",
                "Give them again: train(run, X, y, epochs=50).",
            )
        if given["y"] is not None or weighed or not no_split:
            raise SetupError(
                "The run goes on with the rows that it has, their weights and their split.",
                "Give X and y, too, to change these.",
            )
        return run.rows, known
    if "scaling" in run.notes:
        raise SetupError(
            "The run learned from numbers between -1 and 1, and these rows are as they came.",
            "Leave X and y out, or fit a network to them anew: fit_network(X, y).",
        )

    def prepared(validation: Any) -> Prepared:
        return prepare(
            run.network,
            given["X"],
            given["y"],
            loss=list(run.setup.losses),
            validation=validation,
            sample_weight=given["sample_weight"],
            class_weight=given["class_weight"],
            seed=run.setup.seed,
            targets=run.setup.targets,
        )

    found = prepared(given["validation"])
    if found.provenance.checksum == known.checksum and not apart:
        if known.held:
            raise DataError(*HELD_MISSING)
        found = prepared(known)
    return (found.training, found.validation), found.provenance


def resume(
    path: str | Path,
    X: Any,
    y: Any,
    *,
    ops: Sequence[Any] = (),
    loss: Callable[..., Any] | None = None,
    metrics: Sequence[Metric] = (),
    validation: tuple[Any, ...] | None = None,
    sample_weight: Any = None,
    class_weight: Mapping[Any, float] | str | None = None,
    on_epoch: Hook | Sequence[Hook] = (),
    checkpoint_every: float = 10.0,
    progress: bool = True,
) -> Run:
    """Go on with a training that was cut off, from its checkpoint folder, and end it.

    ``X``, ``y``, ``validation`` given as rows, weights, and functions of one's own (``ops``,
    ``loss``, ``metrics``, ``on_epoch``) are not saved and are given again; the run ends with the
    same bits as if it had not been cut off (same machine, engine and number of threads). One that
    had ended is returned as it is. Raises DataError where the rows are not the same, SetupError for
    a function that is missing, RunFolderError for the folder.
    """
    hooks = arguments.hooks(on_epoch)
    seconds = arguments.from_zero(checkpoint_every, "checkpoint_every")
    run = load(path, ops=ops, loss=loss)
    setup = run.setup
    if setup.provenance.held and validation is None:
        raise DataError(*HELD_MISSING)
    prepared = prepare(
        setup.network,
        X,
        y,
        loss=list(setup.losses),
        validation=setup.provenance if validation is None else validation,
        left_out=setup.provenance.left_out,
        sample_weight=sample_weight,
        class_weight=class_weight,
        seed=setup.seed,
        targets=setup.targets,
    )
    if not prepared.provenance.same_rows(setup.provenance):
        raise DataError(
            f"The rows are not those that '{path}' was trained on (their checksum differs).",
            "Give the same rows, in the same order, with the same weights.",
        )
    rows = (prepared.training, prepared.validation)
    if run.finished:
        return replace(run, rows=rows)
    if len(rows[1]):
        setup = replace(setup, metrics=given_again(setup.metrics, metrics))
    return carry_out(
        setup,
        rows,
        state=run.state,
        recording=run.recording,
        hooks=hooks,
        checkpoint=path,
        checkpoint_every=seconds,
        progress=progress,
        notes=run.notes,
        resumed=True,
    )
