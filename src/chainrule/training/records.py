"""Runs as documents and arrays, and back: what is written into a run folder and read from it.

What is read is trusted in nothing: every value is checked on the way, so that a damaged or hostile
folder ends in RunFolderError and in nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.data import record
from chainrule.errors import ChainruleError, RunFolderError
from chainrule.files.disk import DAMAGED
from chainrule.files.folder import Stored, read_folder
from chainrule.network.losses import Loss, find_loss
from chainrule.network.losses import loss as built_in_loss
from chainrule.network.network import Network
from chainrule.network.plan import Layout, Plan
from chainrule.ops.derived import op_from_function
from chainrule.ops.op import BUILT_IN, Op, enter
from chainrule.optimizers.records import AbsentOptimizer, optimizer_from_record, optimizer_to_record
from chainrule.training.absent import (
    AbsentFunction,
    absent_metric,
    function_to_record,
    source_checksum,
)
from chainrule.training.metrics import Metric, check_metrics
from chainrule.training.origin import Origin
from chainrule.training.plans import plan_from_record, plan_to_record
from chainrule.training.recording import Recording
from chainrule.training.rows import Provenance
from chainrule.training.run import Run
from chainrule.training.setup import ReadingCount, Regularisation, Setup, Strength
from chainrule.training.state import State
from chainrule.training.stopping import Stopping
from chainrule.training.targets import Target

Arrays = dict[str, NDArray[Any]]


# ---- a run as documents and arrays ----


def to_documents(run: Run) -> tuple[dict[str, Any], dict[str, Arrays]]:
    """Return a run as the documents and arrays of a run folder."""
    state = run.state
    documents = {
        "setup": setup_to_record(run.setup),
        "recording": run.recording.to_document(),
        "progress": {
            "ended": run.ended,
            "finished": run.finished,
            "stopped": state.stopped,
            "step": state.step,
            "rate": state.rate,
            "kept_epoch": state.kept_epoch,
            "best_loss": state.best_loss,
            "best_epoch": state.best_epoch,
            "gradient": state.gradient,
            "seconds": state.seconds,
        },
        "machine": dict(run.machine),
        "notes": dict(run.notes),
    }
    arrays = {
        "start": {**run.setup.network.parameters, **run.setup.network.state},
        "parameters": {**run.network.parameters, **run.network.state},
        "state": {
            "parameters": state.parameters,
            "losses": np.array(state.losses, dtype=np.float64),
            "penalties": np.array(state.penalties, dtype=np.float64),
            **({} if state.kept is None else {"kept": state.kept}),
        },
        "optimizer": dict(state.optimizer),
        "snapshots": run.recording.snapshot_arrays(),
        "note_arrays": dict(run.note_arrays),
    }
    return documents, arrays


def setup_to_record(setup: Setup) -> dict[str, Any]:
    """Return a setup as plain data. Functions of one's own are kept as name and checksum."""
    given = setup.regularisation
    return {
        "plan": plan_to_record(setup.network.plan),
        "losses": [_loss_to_record(one) for one in setup.losses],
        "targets": [one.to_record() for one in setup.targets],
        "optimizer": optimizer_to_record(setup.optimizer),
        "epochs": setup.epochs,
        "batch_size": setup.batch_size,
        "provenance": setup.provenance.to_record(),
        "seed": setup.seed,
        "dtype": setup.dtype,
        "engine": setup.engine,
        "shuffle": setup.shuffle,
        "freeze": list(setup.freeze),
        "rates": _pairs(setup.rates),
        "regularisation": {
            name: _pairs(strength) if isinstance(strength, Mapping) else strength
            for name, strength in vars(given).items()
        },
        "stopping": setup.stopping.to_record(),
        "metrics": [
            one if isinstance(one, str) else function_to_record(one, "metric")
            for one in setup.metrics
        ],
        "keep": setup.keep,
        "readings": setup.readings,
        "snapshots": setup.snapshots,
        "origin": asdict(setup.origin),
    }


def _pairs(chosen: Mapping[str, float]) -> list[list[Any]]:
    """Return pattern -> number in its order, which decides where two patterns meet."""
    return [[pattern, number] for pattern, number in chosen.items()]


def _loss_to_record(one: Loss) -> dict[str, Any]:
    return {
        "name": one.name,
        "settings": dict(one.settings),
        "own": one.own,
        "labels": one.target == "labels",
        "source": source_checksum(one.op.forward) if one.own else None,
    }


# ---- and back ----


def load(
    path: str | Path,
    *,
    ops: Sequence[Any] = (),
    loss: Callable[..., Any] | None = None,
) -> Run:
    """Return the run that was saved in a folder.

    ``ops``: ops of one's own that the network uses, as ``elementwise`` or ``multilinear`` returned
    them, or by the classes given to ``op`` (or imported before). ``loss``: the loss function of
    one's own, needed only to train on. Raises RunFolderError where the folder is not a run, is
    damaged, or needs an op that is not there or whose source has changed.
    """
    stored = read_folder(path)
    for one in ops:
        if isinstance(one, Op) and one.name not in BUILT_IN:
            enter(one)
    try:
        return _run_from(stored, loss)
    except ChainruleError as error:
        raise RunFolderError(
            f"'{path}' cannot be loaded: {error.cause}", error.remedy or DAMAGED
        ) from error


def _run_from(stored: Stored, loss: Callable[..., Any] | None) -> Run:
    documents, arrays = stored.documents, stored.arrays
    missing = [name for name in DOCUMENTS if name not in documents]
    missing += [name for name in ARRAYS if name not in arrays]
    if missing:
        raise record.damaged(f"there is no '{missing[0]}'")
    plan = plan_from_record(record.entry(record.mapping(documents["setup"], "setup"), "plan"))
    setup = setup_from_record(documents["setup"], _network(plan, arrays["start"]), loss)
    recording = Recording.from_document(documents["recording"], arrays["snapshots"])
    progress = record.mapping(documents["progress"], "progress")
    return Run(
        setup,
        _network(plan, arrays["parameters"]),
        recording,
        _state_from(setup, progress, arrays["state"], arrays["optimizer"], recording.epochs),
        record.text(progress, "ended"),
        record.flag(progress, "finished"),
        record.mapping(documents["notes"], "notes"),
        # Runs of the first days have none.
        arrays.get("note_arrays", {}),
        record.mapping(documents["machine"], "machine"),
    )


DOCUMENTS = ("setup", "recording", "progress", "machine", "notes")
ARRAYS = ("start", "parameters", "state", "optimizer", "snapshots")


def _network(plan: Plan, parameters: Arrays) -> Network:
    for one in plan.whole.parameters:
        found = parameters.get(one.name)
        if found is None or found.shape != one.shape or found.dtype.kind != "f":
            raise record.damaged(f"the values of {one.name} do not have its shape")
    return Network.from_plan(plan, parameters)


def setup_from_record(
    content: object, network: Network, loss: Callable[..., Any] | None = None
) -> Setup:
    """Return the setup of a record, checked. Raises RunFolderError or SetupError for any other."""
    plain = record.mapping(content, "setup")
    plan = network.plan
    targets = tuple(Target.from_record(one) for one in record.items(plain, "targets"))
    losses = record.items(plain, "losses")
    if not len(targets) == len(losses) == len(plan.outputs):
        raise record.damaged("losses, targets and outputs are not equally many")
    # Counts that were added later begin at 0.
    origin = asdict(Origin()) | record.mapping(record.entry(plain, "origin"), "'origin'")
    stopping = record.mapping(record.entry(plain, "stopping"), "'stopping'")
    known: Mapping[str, Any] = {"float32": "float32", "float64": "float64"}
    setup = Setup(
        network=network,
        losses=tuple(
            _loss_from(one, plan, output, loss)
            for one, output in zip(losses, plan.outputs, strict=True)
        ),
        targets=targets,
        optimizer=optimizer_from_record(record.mapping(record.entry(plain, "optimizer"), "it")),
        epochs=record.whole_number(plain, "epochs"),
        batch_size=max(record.whole_number(plain, "batch_size"), 1),
        provenance=Provenance.from_record(record.entry(plain, "provenance")),
        seed=_seed(plain),
        dtype=known[record.choice(plain, "dtype", tuple(known))],
        engine=record.text(plain, "engine"),
        shuffle=record.flag(plain, "shuffle"),
        freeze=record.texts(plain, "freeze"),
        rates=_strengths(plain, "rates"),
        regularisation=_regularisation(plain),
        stopping=Stopping(**{name: _limit(stopping, name) for name in asdict(Stopping())}),
        metrics=tuple(_metric(one, targets[0]) for one in record.items(plain, "metrics")),
        keep=record.choice(plain, "keep", ("best", "last")),
        readings=_readings(plain),
        snapshots=record.whole_number(plain, "snapshots"),
        origin=Origin(**{name: record.whole_number(origin, name) for name in asdict(Origin())}),
    )
    for one, target, output in zip(setup.losses, targets, plan.outputs, strict=True):
        _check_fit(one, target, plan.shapes[output])
    return setup


def _check_fit(loss: Loss, target: Target, shape: tuple[int, ...]) -> None:
    """Refuse a target that the outputs cannot speak of."""
    width = shape[-1]
    if len(shape) != 1 + target.over_time:
        raise record.damaged("an output and its target differ in whether they are over time")
    widths = (1, 2) if target.width == 2 and target.task == "classification" else (target.width,)
    labels = target.task == "classification" and width > 1
    if width not in widths or (loss.target == "labels") != labels:
        raise record.damaged(f"an output of {width} does not fit its target or its loss")


def _readings(plain: dict[str, object]) -> ReadingCount:
    return "auto" if plain.get("readings") == "auto" else record.whole_number(plain, "readings")


def _seed(plain: dict[str, object]) -> int:
    seed = record.entry(plain, "seed")
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**64:
        raise record.damaged("'seed' is no whole number below 2**64")
    return seed


def _limit(plain: dict[str, object], name: str) -> Any:
    found = record.entry(plain, name)
    return found if found is None or name == "patience" else record.number(plain, name)


def _strengths(plain: dict[str, object], name: str) -> dict[str, float]:
    """Return pattern -> number of the pairs under a name."""
    found: dict[str, float] = {}
    for one in record.items(plain, name):
        pair = {"pattern": None, "number": None}
        if isinstance(one, list) and len(one) == 2:
            pair = {"pattern": one[0], "number": one[1]}
        found[record.text({**pair}, "pattern")] = record.number({**pair}, "number")
    return found


def _regularisation(plain: dict[str, object]) -> Regularisation:
    given = record.mapping(record.entry(plain, "regularisation"), "'regularisation'")
    strengths: dict[str, Strength] = {
        name: _strengths(given, name)
        if isinstance(given.get(name), list)
        else record.number(given, name)
        for name in ("l1", "l2", "weight_decay")
    }
    return Regularisation(
        **strengths, clip_norm=_limit(given, "clip_norm"), clip_value=_limit(given, "clip_value")
    )


def _metric(content: object, target: Target) -> Metric:
    if isinstance(content, str):
        return check_metrics(content, target.task)[0]
    plain = record.mapping(content, "a metric")
    return absent_metric(record.text(plain, "function"), record.text(plain, "source"))


def _loss_from(content: object, plan: Plan, output: str, own: Callable[..., Any] | None) -> Loss:
    """Return a loss by name; one that was a function is known again by its checksum."""
    plain = record.mapping(content, "a loss")
    name = record.text(plain, "name")
    settings = record.mapping(record.entry(plain, "settings"), "'settings'")
    if not record.flag(plain, "own"):
        return built_in_loss(name, **settings)
    labels = record.flag(plain, "labels")
    absent = AbsentFunction(name, record.text(plain, "source"), "loss", f"load(path, loss={name})")
    if own is not None:
        absent.check(own)
        *times, width = plan.shapes[output]
        time = times[0] if times else None
        return find_loss(own, "labels" if labels else "numbers", width, time)
    rows = "n t" if len(plan.shapes[output]) > 1 else "n"
    slot = f"{rows} < o" if labels else f"{rows} o"
    return Loss(op_from_function(name, absent, f"{rows} o, {slot} -> {rows}"), own=True)


def _state_from(
    setup: Setup, progress: dict[str, object], arrays: Arrays, optimizer: Arrays, epochs: int
) -> State:
    """Return the state, its arrays held against the setup."""
    objective = setup.objective()
    layout = objective.trained
    whole = [arrays.get("parameters"), *([arrays["kept"]] if "kept" in arrays else [])]
    if any(one is None or not _fits(one, objective.carried, setup) for one in whole):
        raise record.damaged("the state does not hold one number for each trained parameter")
    _check_memory(setup, optimizer, layout)
    losses = [arrays.get(name, np.zeros((0, 0))) for name in ("losses", "penalties")]
    if any(one.ndim != 1 or one.dtype.kind != "f" for one in losses):
        raise record.damaged("the losses of the epoch under way are no numbers")
    state = State(
        parameters=arrays["parameters"],
        optimizer=optimizer,
        rate=record.number(progress, "rate"),
        step=record.whole_number(progress, "step"),
        kept=arrays.get("kept"),
        kept_epoch=record.whole_number(progress, "kept_epoch"),
        best_loss=_found(progress, "best_loss"),
        best_epoch=record.whole_number(progress, "best_epoch"),
        losses=tuple(losses[0].tolist()),
        penalties=tuple(losses[1].tolist()),
        gradient=_found(progress, "gradient"),
        stopped=None if progress.get("stopped") is None else record.text(progress, "stopped"),
        seconds=record.number(progress, "seconds"),
    )
    per_epoch = -(-setup.provenance.training_rows // setup.batch_size)
    through, place = divmod(setup.origin.place(state.step, per_epoch), per_epoch)
    if through != epochs or {len(state.losses), len(state.penalties)} != {place}:
        raise record.damaged("the recording is not that of the steps")
    if not max(state.kept_epoch, state.best_epoch, setup.origin.epoch) <= epochs:
        raise record.damaged("the epoch that is kept was not run")
    return state


def _found(progress: dict[str, object], name: str) -> float:
    """Return a measured number, which may have overflowed."""
    found = record.entry(progress, name)
    return found if isinstance(found, float) else record.number(progress, name)


def _check_memory(setup: Setup, given: Arrays, layout: Layout) -> None:
    """Refuse what the optimizer of the setup cannot go on from."""
    if isinstance(setup.optimizer, AbsentOptimizer):
        if any(one.dtype.kind != "f" for one in given.values()):
            raise record.damaged("the optimizer's memory is not made of numbers")
        return
    initial = setup.optimizer.initial(np.zeros(layout.size, dtype=setup.dtype))
    if set(initial) != set(given):
        raise record.damaged("the optimizer's memory is that of another optimizer")
    for name, one in initial.items():
        due: NDArray[Any] = np.asarray(one)
        if (given[name].shape, given[name].dtype) != (due.shape, due.dtype):
            raise record.damaged("the optimizer's memory is not that of these parameters")


def _fits(array: NDArray[Any], layout: Layout, setup: Setup) -> bool:
    return array.shape == (layout.size,) and array.dtype == np.dtype(setup.dtype)
