"""Setups as plain data, and back: what is written into a run folder and read from it."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import ChainruleError, RunFolderError, SetupError
from chainrule.files.folder import Stored, read_folder
from chainrule.network.losses import Loss, find_loss, source_of
from chainrule.network.losses import loss as built_in_loss
from chainrule.network.network import Network
from chainrule.network.plan import Plan
from chainrule.ops import OPS
from chainrule.ops.derived import op_from_function
from chainrule.ops.op import BUILT_IN, Op, enter
from chainrule.optimizers.records import optimizer_from_record, optimizer_to_record
from chainrule.training.loop import State
from chainrule.training.recording import Recording
from chainrule.training.rows import Provenance
from chainrule.training.run import Run
from chainrule.training.setup import Regularisation, Setup
from chainrule.training.stopping import Stopping
from chainrule.training.targets import Target

PLAIN = ("epochs", "batch_size", "seed", "dtype", "engine", "shuffle", "keep", "readings",
         "snapshots")


def setup_to_record(setup: Setup) -> dict[str, Any]:
    """Return a setup as plain data. Functions of one's own are kept as name and checksum."""
    return {
        "plan": setup.network.plan.to_record(),
        "losses": [
            {**one.to_record(), "labels": one.target == "labels"} for one in setup.losses
        ],
        "targets": [one.to_record() for one in setup.targets],
        "optimizer": optimizer_to_record(setup.optimizer),
        "provenance": setup.provenance.to_record(),
        "freeze": list(setup.freeze),
        "rates": dict(setup.rates),
        "regularisation": asdict(setup.regularisation),
        "stopping": setup.stopping.to_record(),
        "metrics": [
            one if isinstance(one, str) else {"function": one.__name__, "source": source_of(one)}
            for one in setup.metrics
        ],
        **{name: getattr(setup, name) for name in PLAIN},
        "machine": {
            "system": platform.platform(),
            "python": platform.python_version(),
            "numpy": np.__version__,
            "processors": os.cpu_count(),
            "threads": {
                name: os.environ[name]
                for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
                if name in os.environ
            },
        },
    }


def load(
    path: str | Path,
    *,
    ops: Sequence[Any] = (),
    loss: Callable[..., Any] | None = None,
) -> Run:
    """Return the run that was saved in a folder.

    ``ops``: ops of one's own that the network uses, as they were given to ``op`` or
    ``elementwise`` (or imported before). ``loss``: the loss function of one's own, needed only to
    train on. Raises RunFolderError where the folder is not a run, is damaged, or needs an op that
    is not there or whose source has changed.
    """
    stored = read_folder(path)
    for one in ops:
        if isinstance(one, Op) and one.name not in BUILT_IN:
            enter(one)
    try:
        return _run_from(stored, loss)
    except ChainruleError as error:
        raise RunFolderError(f"'{path}' cannot be loaded: {error.cause}", error.remedy) from error
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError) as error:
        raise RunFolderError(
            f"'{path}' is not a run that chainrule wrote ({type(error).__name__}: {error}).",
            "Restore the folder from a copy, or train again.",
        ) from error


def _run_from(stored: Stored, loss: Callable[..., Any] | None) -> Run:
    record = stored.documents["setup"]
    _check_ops(record["plan"]["ops"])
    plan = Plan.from_record(record["plan"])
    network = Network.from_plan(plan, stored.arrays["parameters"])
    setup = Setup(
        network=network,
        losses=tuple(
            _loss_from(one, plan, output, loss)
            for one, output in zip(record["losses"], plan.outputs, strict=True)
        ),
        targets=tuple(Target.from_record(one) for one in record["targets"]),
        optimizer=optimizer_from_record(record["optimizer"]),
        provenance=Provenance.from_record(record["provenance"]),
        freeze=tuple(record["freeze"]),
        rates=dict(record["rates"]),
        regularisation=Regularisation(**record["regularisation"]),
        stopping=Stopping(**record["stopping"]),
        metrics=tuple(one for one in record["metrics"] if isinstance(one, str)),
        **{name: record[name] for name in PLAIN},
    )
    recording = Recording.from_document(stored.documents["recording"], stored.arrays["snapshots"])
    progress = stored.documents["progress"]
    return Run(
        setup,
        network,
        recording,
        _state_from(progress, stored.arrays["state"]),
        str(progress["ended"]),
        bool(progress["finished"]),
        dict(stored.documents["notes"]),
    )


def _state_from(progress: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> State:
    return State(
        parameters=arrays["parameters"],
        optimizer={name: arrays[f"moment {name}"] for name in progress["moments"]},
        rate=float(progress["rate"]),
        step=int(progress["step"]),
        best=arrays.get("best"),
        best_loss=float(progress["best_loss"]),
        best_epoch=int(progress["best_epoch"]),
        losses=tuple(arrays["losses"].tolist()),
        penalties=tuple(arrays["penalties"].tolist()),
        gradient=float(progress["gradient"]),
        seconds=float(progress["seconds"]),
    )


def _check_ops(used: Mapping[str, str]) -> None:
    """Refuse a network whose own ops are not there, or are not what they were."""
    for name, checksum in used.items():
        if name in BUILT_IN:
            continue
        if name not in OPS:
            raise SetupError(
                f"The network uses the op '{name}', which is not one of chainrule's own.",
                f"Give it: load(path, ops=[{name}]).",
            )
        if OPS[name].source_checksum() != checksum:
            raise SetupError(
                f"The op '{name}' is not the one that the network was trained with: its source "
                "has changed.",
                "Give the op as it was then.",
            )


def _loss_from(
    record: Mapping[str, Any], plan: Plan, output: str, own: Callable[..., Any] | None
) -> Loss:
    """Return a loss by name; one that was a function is known again by its checksum."""
    name, settings = str(record["name"]), dict(record["settings"])
    if not record["own"]:
        return built_in_loss(name, **settings)
    if own is None:
        return _absent_loss(name, bool(record["labels"]))
    if source_of(own) != record["source"]:
        raise SetupError(
            f"The loss '{name}' is not the function that the run was trained with: its source "
            "has changed.",
            "Give the function as it was then.",
        )
    return find_loss(own, "labels" if record["labels"] else "numbers", plan.shapes[output][-1])


def _absent_loss(name: str, labels: bool) -> Loss:
    """Return what stands for a loss function that was not given: prediction needs none."""

    def absent(prediction: Any, target: Any) -> Any:
        raise SetupError(
            f"The loss '{name}' is a function of your own, which is not saved with a run.",
            f"Give it: load(path, loss={name}).",
        )

    slot = "n < o" if labels else "n o"
    return Loss(op_from_function(name, absent, f"n o, {slot} -> n"), own=True)
