"""Trainings of several kinds, killed at random moments and resumed: ``python killed_trainings.py``.

The arguments are a folder to work in, how many kills, and a seed. Each child trains with a
checkpoint after every step, so that most of its time goes into writing; it is killed from outside
after a random delay. A line of JSON tells what each kill left and how the resume ended.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

import chainrule as cr
import chainrule.training.loop
from chainrule.files import folder_state
from chainrule.training.run import Run

RANDOM = np.random.default_rng(8)
X = RANDOM.normal(size=(26, 3))
Y = np.array(["ash", "elm", "oak"])[np.argmax(X, axis=1)]
NUMBERS = X @ np.array([[1.0], [-2.0], [0.5]]) + 0.1 * RANDOM.normal(size=(26, 1))
QUIET = {"progress": False}


def fourth_power(prediction: Any, target: Any) -> Any:
    """A loss of one's own."""
    return ((prediction - target) ** 4).mean(axis=1)


def largest_miss(truth: Any, predicted: Any) -> float:
    """A metric of one's own."""
    return float(np.abs(truth - predicted).max())


def slower(progress: Any) -> None:
    """A hook that changes the rate."""
    if progress.epoch % 2 == 0:
        progress.learning_rate = 0.9 * progress.learning_rate


def network() -> cr.Network:
    return cr.Network(cr.Dense(4, "tanh"), cr.Dense())


APART = (X[:6], NUMBERS[:6])
# Name: target, settings of the training, and what resume() is to be given again.
KINDS: dict[str, tuple[Any, dict[str, Any], dict[str, Any]]] = {
    "classes, split, patience": (Y, {"validation": 0.2, "patience": 3, "epochs": 12}, {}),
    "schedule, frozen, float64": (
        NUMBERS,
        {
            "optimizer": cr.Momentum(cr.CosineDecay(0.02, epochs=8, warmup=1)),
            "freeze": ["dense_1.W"],
            "dtype": "float64",
            "epochs": 8,
            "snapshots": 2,
        },
        {},
    ),
    "own loss and metric, rows apart": (
        NUMBERS,
        {
            "loss": fourth_power,
            "metrics": [largest_miss, "r2"],
            "validation": APART,
            "l2": 0.01,
            "epochs": 7,
        },
        {"loss": fourth_power, "metrics": [largest_miss], "validation": APART},
    ),
    "weights, hook, a limit": (
        Y,
        {
            "class_weight": "balanced",
            "on_epoch": slower,
            "target_loss": 0.9,
            "clip_norm": 0.5,
            "epochs": 20,
        },
        {"class_weight": "balanced", "on_epoch": slower},
    ),
    "steps taken back, numbers in the memory": (
        NUMBERS,
        {"optimizer": cr.AdaptiveRate(0.5), "batch_size": None, "epochs": 60, "l2": 0.001},
        {},
    ),
    "a rate that waits for a plateau": (
        NUMBERS,
        {
            "optimizer": cr.NAdam(cr.ReduceOnPlateau(0.5, factor=0.5, patience=1, rest=1)),
            "validation": 0.3,
            "epochs": 14,
        },
        {},
    ),
}


def train(kind: str, **given: Any) -> Run:
    target, settings, _ = KINDS[kind]
    settings = {"batch_size": 4, "seed": 6, "readings": 50, **settings}
    return cr.train(network(), X, target, **settings, **given, **QUIET)


def resume(kind: str, folder: Path) -> Run:
    target, _, again = KINDS[kind]
    return cr.resume(folder, X, target, **again, **QUIET)


def bits(run: Run) -> list[Any]:
    """Return all that a run ended with, in a form that compares bit for bit."""
    arrays = {**run.network.parameters, **run.state.optimizer, "last": run.state.parameters}
    for step, named in run.recording.snapshots.items():
        arrays |= {f"{step} {name}": one for name, one in named.items()}
    return [
        {name: one.tobytes().hex() for name, one in arrays.items()},
        repr(sorted(run.recording.history.items())),
        json.dumps(run.recording.readings, sort_keys=True),
        [run.state.step, run.best_epoch, run.ended, run.finished],
    ]


def child(kind: str, folder: Path) -> int:
    """Start a training with a checkpoint after every step, and return its number."""
    number = os.fork()
    if number == 0:
        chainrule.training.loop.BREATH = 0.0
        # A kill leaves the page cache as it is, so nothing has to wait for the disk.
        os.fsync = lambda descriptor: None
        train(kind, checkpoint=folder, checkpoint_every=0.0)
        os._exit(0)
    return number


def main(work: Path, kills: int, seed: int) -> None:
    moments = random.Random(seed)
    undisturbed = {kind: bits(train(kind)) for kind in KINDS}
    lasts: dict[str, float] = {}
    for kind in KINDS:
        began = time.monotonic()
        os.waitpid(child(kind, work / f"timed {len(lasts)}"), 0)
        lasts[kind] = time.monotonic() - began
    killed = 0
    while killed < kills:
        kind = list(KINDS)[killed % len(KINDS)]
        folder = work / "run"
        shutil.rmtree(folder, ignore_errors=True)
        number = child(kind, folder)
        time.sleep(moments.uniform(0.0, lasts[kind]))
        os.kill(number, signal.SIGKILL)
        if not os.WIFSIGNALED(os.waitpid(number, 0)[1]):
            # It had ended before.
            continue
        killed += 1
        result = {**found_in(folder, kind), "same": False}
        run = resume(kind, folder) if result["state"] == "run" else train(kind, checkpoint=folder)
        result["same"] = bits(run) == undisturbed[kind] == bits(loaded(kind, folder))
        print(json.dumps(result), flush=True)


def found_in(folder: Path, kind: str) -> dict[str, Any]:
    """Return what a kill has left in a folder."""
    names = os.listdir(folder) if folder.exists() else []
    state = folder_state(folder)
    return {
        "kind": kind,
        "state": state,
        "writing": any(name.endswith((".tmp", ".lock")) for name in names),
        "step": loaded(kind, folder).state.step if state == "run" else None,
    }


def loaded(kind: str, folder: Path) -> Run:
    return cr.load(folder, loss=KINDS[kind][2].get("loss"))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
