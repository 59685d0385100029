"""Make the runs that stay in tests/runs for a format version: ``python make_run_of_version.py``.

Runs that are there are never made anew: what they show is that a run folder of that time loads.
Each lies beside the rows that it was asked about and what it answered then. ``table`` of version 1
was made before tables were measured in folds; no run like it is made any more.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import chainrule as cr
from chainrule.files import FORMAT_VERSION
from chainrule.training.run import Run

HERE = Path(__file__).parent / "runs"
X = np.round(np.random.default_rng(1).normal(size=(24, 3)), 3)
LABELS = np.array(["ash", "elm", "oak"])[np.argmax(X, axis=1)]
SEQUENCES = [np.stack([X[:6], X[6:12], X[12:18], X[18:]], axis=1),
             np.arange(4) < np.array([[4], [2], [3], [4], [1], [4]])]  # fmt: skip
TAGS = np.where(SEQUENCES[1], np.where(SEQUENCES[0][..., 0] > 0, "up", "down"), "")
NUMBERS = X @ np.array([[1.0, 0.5], [-1.0, 0.0], [0.0, 2.0]])


def classes() -> Run:
    """Text labels, validation rows, Adam, readings and snapshots."""
    network = cr.Network(cr.Dense(4, "tanh"), cr.Dense())
    return cr.train(
        network, X, LABELS, epochs=6, validation=0.25, snapshots=3, readings=2, learning_rate=0.05,
        class_weight="balanced", patience=5, seed=3, progress=False,
    )  # fmt: skip


def numbers() -> Run:
    """Two inputs, a shared layer, settings of ops and losses, a schedule, float64, gone on with."""
    west, east = cr.Input(3, name="west"), cr.Input(3, name="east")
    shared = cr.Dense(3, "elu", name="shared")
    both = cr.Activation("leaky_relu", slope=0.2)(cr.Concatenate()(shared(west), shared(east)))
    network = cr.Network(inputs=[west, east], outputs=[cr.Dense(2)(both)])
    run = cr.train(
        network, [X, X[::-1]], NUMBERS, loss=cr.loss("huber", delta=0.5), epochs=3, batch_size=5,
        optimizer=cr.Momentum(cr.CosineDecay(0.05, epochs=5, warmup=1)), dtype="float64",
        l2={"*.W": 0.01}, rates={"*.b": 2.0}, clip_norm=1.0, seed=4, progress=False,
    )  # fmt: skip
    return cr.train(run, epochs=2, batch_size=None, progress=False)


def normalised() -> Run:
    """Running statistics and random numbers."""
    layers = (cr.Dense(4), cr.BatchNorm(momentum=0.3), cr.Activation("tanh"), cr.Dropout(0.2))
    return cr.train(
        cr.Network(*layers, cr.DropConnect(3, 0.1, "tanh"), cr.Dense()), X, NUMBERS, epochs=6,
        validation=0.25, dtype="float64", seed=5, progress=False,
    )  # fmt: skip


def labels_over_time() -> Run:
    """A label at each time of a sequence, a mask, gates, frozen statistics."""
    sequence, mask = cr.Input((4, 3), "sequence"), cr.Input((4,), "mask")
    read = cr.LSTM(3, every_step=True, bias="chrono")(cr.BatchNorm(over="time")(sequence), mask)
    network = cr.Network(inputs=[sequence, mask], outputs=[cr.Dense()(read)])
    return cr.train(
        network, SEQUENCES, TAGS, epochs=4, validation=0.25, freeze=["batch_norm_1.*"],
        dtype="float64", seed=6, progress=False,
    )  # fmt: skip


def folds() -> Run:
    """A table with numbers, categories and missing values, its folds and its result."""
    columns = {
        "length": [round(float(one), 2) for one in X[:, 0]],
        "leaf": [None if place % 7 == 0 else "round" if one > 0 else "long"
                 for place, one in enumerate(X[:, 1])],
        "tree": ["oak" if one > 0 else "elm" for one in X[:, 0] + X[:, 1]],
    }  # fmt: skip
    return cr.train_table(columns, "tree", hidden=(3,), epochs=8, seed=2, progress=False)


def answers(run: Run, rows: Any) -> dict[str, Any]:
    """Return what a run says to rows, as plain data."""
    found: dict[str, Any] = {"predictions": run.predict(rows).tolist()}
    if run.classes:
        found["probabilities"] = run.predict_proba(rows).tolist()
    return found


NEW_TREES = {"length": [0.5, -1.0, 0.25], "leaf": ["round", None, "long"]}
ROWS: dict[str, Any] = {
    "classes": X[:5], "numbers": [X[:5], X[5:10]], "folds": NEW_TREES, "normalised": X[:5],
    "labels_over_time": SEQUENCES,
}  # fmt: skip
MAKERS = (classes, numbers, folds, normalised, labels_over_time)


def main() -> None:
    folder = HERE / f"version_{FORMAT_VERSION}"
    for name, make in ((one.__name__, one) for one in MAKERS):
        if (folder / name).exists():
            continue
        run = replace(make(), machine={"system": "any", "processors": 2, "threads": {}})
        run.save(folder / name)
        rows = ROWS[name]
        plain = rows if isinstance(rows, dict) else [np.asarray(one).tolist() for one in rows]
        document = {"rows": plain, **answers(run, rows), "history": run.history}
        (folder / f"{name}.json").write_text(json.dumps(document, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
