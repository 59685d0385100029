"""How many of scikit-learn's 8x8 digits a convolutional and a dense network get right.

    python benchmarks/digits.py [--splits 3]

Five folds, stratified and shuffled: every digit is predicted by a network that has not seen it. The
number of epochs is chosen inside each fold's training rows, on a fifth of them that is held out;
then a network is trained on all of them for so long. Training rows alone are also learned from
half a pixel to each side. Networks, rates and shifts were chosen on splits of other seeds.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from contestants import OURS
from matplotlib.ticker import MaxNLocator, PercentFormatter
from numpy.typing import NDArray
from pictures import BLACK, LOOKS, figure
from report import aligned, write_result
from rounds import options
from sklearn.datasets import load_digits
from sklearn.model_selection import StratifiedKFold

import chainrule as cr
from chainrule.training.tables.intervals import Measured, counting, wilson

FOLDS = 5
FIRST_SPLIT = 0
FEWEST_SPLITS = 3
MOST_SHOWN = 24
Array = NDArray[Any]


@dataclass(frozen=True)
class Model:
    """A network, how it is trained, for at most so many epochs, and the accuracy that is due."""

    name: str
    layers: Callable[[], list[Any]]
    rate: float
    most_epochs: int
    bar: float
    batch: int = 32


MODELS = (
    Model(
        "convolutional",
        lambda: [
            cr.Conv(16, 3, activation="relu"),
            cr.MaxPool(2),
            cr.Conv(32, 3, activation="relu"),
            cr.Flatten(),
            cr.Dense(64, "relu"),
            cr.Dropout(0.5),
            cr.Dense(10),
        ],
        rate=0.002,
        most_epochs=15,
        bar=0.985,
    ),
    Model(
        "dense",
        lambda: [cr.Flatten(), cr.Dense(256, "relu"), cr.Dense(10)],
        rate=0.001,
        most_epochs=40,
        bar=0.98,
    ),
)


@dataclass
class Tested:
    """What one model said of every digit in one split, and the epochs that its folds chose."""

    model: Model
    split: int
    said: Array
    truth: Array
    epochs: list[int] = field(default_factory=list)

    @property
    def wrong(self) -> Array:
        """The rows that it gets wrong."""
        return np.flatnonzero(self.said != self.truth)

    @property
    def accuracy(self) -> Measured:
        """The share that is right, with Wilson's interval."""
        rows = len(self.truth)
        return wilson(1.0 - len(self.wrong) / rows, counting(rows, FOLDS))


def digits(rows: int) -> tuple[Array, Array]:
    """Return images (rows, 1, 8, 8) from 0 to 1 and their labels; at most so many, 0 for all."""
    known = load_digits()
    images = known.images[:, None].astype(np.float32) / 16.0
    return images[: rows or None], known.target[: rows or None]


def with_shifts(images: Array, labels: Array) -> tuple[Array, Array]:
    """Return images and labels, and each of them half a pixel up, down, left and right."""
    moved = [images]
    for axis in (2, 3):
        for step in (1, -1):
            next_to = np.roll(images, step, axis)
            edge = [slice(None)] * 4
            edge[axis] = slice(0, 1) if step == 1 else slice(-1, None)
            next_to[tuple(edge)] = 0.0
            moved.append((images + next_to) / 2)
    return np.concatenate(moved), np.tile(labels, len(moved))


def tested(model: Model, split: int, X: Array, y: Array, most_epochs: int) -> Tested:
    """Train a network for each fold and let it predict what it has not seen."""
    found = Tested(model, split, np.full(len(y), -1), y)
    for fold, (rows, unseen) in enumerate(folds(y, split)):
        seed = FOLDS * split + fold
        epochs = chosen_epochs(model, X[rows], y[rows], seed, most_epochs)
        run = trained(model, X[rows], y[rows], seed, epochs)
        found.said[unseen] = run.predict(X[unseen])
        found.epochs.append(epochs)
    return found


def chosen_epochs(model: Model, X: Array, y: Array, seed: int, most_epochs: int) -> int:
    """Return the epoch of the lowest loss on a fifth of these rows, by training on the others."""
    kept, held_out = next(iter(folds(y, seed)))
    run = trained(model, X[kept], y[kept], seed, most_epochs, (X[held_out], y[held_out]))
    return int(np.argmin(run.history["validation_loss"])) + 1


def trained(model: Model, X: Array, y: Array, seed: int, epochs: int, validation: Any = 0.0) -> Any:
    """Return the run of one training, on the rows and their shifts."""
    images, labels = with_shifts(X, y)
    return cr.train(
        cr.Network(*model.layers()),
        images,
        labels,
        optimizer=cr.Adam(learning_rate=model.rate),
        epochs=epochs,
        batch_size=model.batch,
        validation=validation,
        seed=seed,
        readings=0,
        progress=False,
    )


def folds(y: Array, seed: int) -> Any:
    """Return pairs of rows to learn from and rows to be tested on."""
    return StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(y, y)


def write_results(path: Path, found: Sequence[Tested], X: Array) -> None:
    """Write table, numbers and picture under this name."""
    title = "Handwritten digits of 8x8 pixels"
    picture(path.with_suffix(".png"), title, found, X)
    splits = len({one.split for one in found})
    said = (
        f"{len(X):,} digits, {FOLDS} folds, so that every digit is predicted by a network that has "
        "not seen it; intervals are Wilson's. Epochs are chosen inside each fold's training rows, "
        "and the network is trained again on all of them; training rows are also given half a "
        "pixel to each side. Networks and settings were chosen on splits of other seeds."
    )
    if splits < FEWEST_SPLITS:
        said += " This is a trial: a result takes more splits."
    table = aligned(
        ["network", "split", "right", "accuracy", "95 % interval", "epochs of the folds"],
        [line(one) for one in found],
    )
    verdicts = [verdict([one for one in found if one.model is model]) for model in MODELS]
    write_result(path, title, [said, table, "\n".join(verdicts)], [record(one) for one in found])


def line(one: Tested) -> list[str]:
    """Return a line of the table."""
    found, rows = one.accuracy, len(one.truth)
    right = f"{rows - len(one.wrong)} of {rows}"
    interval = f"{found.low:.1%} to {found.high:.1%}"
    epochs = ", ".join(map(str, one.epochs))
    return [one.model.name, str(one.split), right, f"{found.value:.2%}", interval, epochs]


def verdict(found: Sequence[Tested]) -> str:
    """Say whether the mean over splits meets the bar."""
    model = found[0].model
    mean = float(np.mean([one.accuracy.value for one in found]))
    met = "met" if mean >= model.bar else "missed"
    weights = sum(one.size for one in network_of(model).parameters.values())
    return (
        f"- {model.name}, {weights:,} parameters: {mean:.2%} over {len(found)} splits, "
        f"bar {model.bar:.1%}: {met}"
    )


def network_of(model: Model) -> cr.Network:
    """Return the network with its sizes."""
    return cr.Network(cr.Input((1, 8, 8)), *model.layers(), seed=0)


def record(one: Tested) -> dict[str, Any]:
    """Return a line of the CSV."""
    found = one.accuracy
    return {
        "network": one.model.name,
        "split": one.split,
        "rows": len(one.truth),
        "wrong": len(one.wrong),
        "accuracy": found.value,
        "low": found.low,
        "high": found.high,
        "bar": one.model.bar,
        "epochs": " ".join(map(str, one.epochs)),
    }


def picture(path: Path, title: str, found: Sequence[Tested], X: Array) -> None:
    """Draw accuracies with their intervals, and the digits that the first split gets wrong."""
    with figure(path, 11, 4.2) as drawn:
        left, right = drawn.subfigures(1, 2, width_ratios=(1.0, 1.1))
        accuracies(left.subplots(), title, found)
        mistakes(right, found[0], X)


def accuracies(panel: Any, title: str, found: Sequence[Tested]) -> None:
    """Draw one point for each model and split."""
    for place, one in enumerate(reversed(found)):
        colour = LOOKS[OURS if one.model is MODELS[0] else "PyTorch eager"][0]
        measured = one.accuracy
        panel.plot([measured.low, measured.high], [place, place], color=colour)
        panel.plot(measured.value, place, "o", color=colour)
        panel.plot(one.model.bar, place, color=BLACK, marker="|", markersize=15)
    labels = [f"{one.model.name}, split {one.split}" for one in reversed(found)]
    panel.set_yticks(range(len(found)), labels)
    panel.set(title=title, xlabel="share right, 95 % interval; | is the bar")
    panel.set_ylim(-0.6, len(found) - 0.4)
    panel.xaxis.set_major_locator(MaxNLocator(5))
    panel.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=1))


def mistakes(drawn: Any, one: Tested, X: Array) -> None:
    """Draw digits that are taken for others."""
    shown = one.wrong[:MOST_SHOWN]
    drawn.suptitle(
        f"{one.model.name}, split {one.split}: {len(shown)} of {len(one.wrong)} digits missed",
        fontsize=11,
    )
    panels = list(drawn.subplots(4, MOST_SHOWN // 4).flat)
    for panel in panels:
        panel.axis("off")
    for panel, row in zip(panels, shown, strict=False):
        panel.imshow(X[row, 0], cmap="gray_r")
        panel.set_title(f"{one.truth[row]} as {one.said[row]}", fontsize=8, loc="center")


def arguments(given: Sequence[str] | None) -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = options("How many handwritten digits are read.")
    parser.add_argument("--splits", type=int, default=FEWEST_SPLITS, help="how many splits")
    parser.add_argument("--rows", type=int, default=0, help="at most so many digits")
    parser.add_argument("--most-epochs", type=int, default=0, help="instead of each network's own")
    return parser.parse_args(given)


def main(given: Sequence[str] | None = None) -> None:
    asked = arguments(given)
    X, y = digits(asked.rows)
    found = []
    for model in MODELS:
        for split in range(FIRST_SPLIT, FIRST_SPLIT + asked.splits):
            print(f"{model.name}, split {split} ...", flush=True)
            found.append(tested(model, split, X, y, asked.most_epochs or model.most_epochs))
            print(*line(found[-1]), file=sys.stderr, flush=True)
    write_results(asked.results / "digits", found, X)


if __name__ == "__main__":
    main()
