"""The result of a run on a table: its scores on test rows, beside a constant and a linear model.

The test rows have chosen nothing. The two simple models learn from the training rows of the network
and are measured on the same test rows, so that the network has to earn its place.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.data import record
from chainrule.data.target import Target
from chainrule.errors import RunFolderError
from chainrule.network.layers import Dense
from chainrule.network.network import Network
from chainrule.optimizers import Adam
from chainrule.training.carry_out import carry_out
from chainrule.training.metrics import METRICS
from chainrule.training.run import Run, with_notes
from chainrule.training.stopping import Stopping
from chainrule.training.table_rows import TableRows

LEARNING_RATE = 0.005
PATIENCE = 30
LINEAR_STEPS = 2000
TIE = 0.01
MODELS = ("network", "linear model", "constant")
SCORES = {
    "classification": ("right", "accuracy", "log_loss"),
    "regression": ("root_mean_squared_error", "mean_absolute_error", "r2"),
}


@dataclass(frozen=True)
class Score:
    """What one model has on the test rows: name -> number, as in ``SCORES``."""

    model: str
    numbers: Mapping[str, float]


@dataclass(frozen=True)
class TableResult:
    """The scores of the network, the linear model and the constant, in this order.

    The linear model is absent where its training was interrupted.
    """

    task: str
    test_rows: int
    scores: tuple[Score, ...]

    @property
    def complete(self) -> bool:
        """Whether every model was measured."""
        return len(self.scores) == 3

    @property
    def in_words(self) -> str:
        """How the network stands beside the better of the simple models, in one sentence."""
        network, *simple = self.scores
        if self.task == "classification":
            return _classes_in_words(network, simple, self.test_rows)
        return _numbers_in_words(network, simple)

    def to_record(self) -> dict[str, Any]:
        """Return the result as plain data."""
        return {
            "task": self.task,
            "test_rows": self.test_rows,
            "scores": [{"model": one.model, **one.numbers} for one in self.scores],
            "in_words": self.in_words,
        }

    @classmethod
    def from_record(cls, value: object) -> TableResult:
        """Return the result that ``to_record`` wrote. Raises RunFolderError for anything else."""
        plain = record.mapping(value, "'result'")
        task = record.choice(plain, "task", tuple(SCORES))
        scores = []
        for one in record.items(plain, "scores"):
            entry = record.mapping(one, "a score")
            numbers = {name: _score(entry, name) for name in SCORES[task]}
            scores.append(Score(record.choice(entry, "model", MODELS), numbers))
        if not 2 <= len(scores) <= 3:
            raise record.damaged("'scores' does not hold those of two or three models")
        return cls(task, record.whole_number(plain, "test_rows"), tuple(scores))


def _score(plain: dict[str, object], name: str) -> float:
    # A training that has diverged leaves scores that are no numbers.
    value = record.entry(plain, name)
    return value if isinstance(value, float) else record.number(plain, name)


def result_in(notes: Mapping[str, Any]) -> TableResult:
    """Return the result among the notes of a run. Raises RunFolderError where there is none."""
    if "result" not in notes:
        raise RunFolderError(
            "The run was not measured on its test rows.",
            "Go on with it: chainrule resume RUN, or resume_table(path) from Python.",
        )
    return TableResult.from_record(notes["result"])


def result_of(run: Run, rows: TableRows, progress: bool) -> TableResult:
    """Return the scores of network, linear model and constant on the test rows."""
    inputs, truth = rows.part(rows.split.test)
    models = {"network": run}
    linear = linear_model(run, rows, progress)
    if linear.finished:
        models["linear model"] = linear
    target = rows.preparation.target
    if target.task == "classification":
        training = rows.target[rows.split.training]
        shares = np.array([np.mean(training == label) for label in run.classes])
        given = {name: one.predict_proba(inputs) for name, one in models.items()}
        given["constant"] = np.tile(shares, (len(truth), 1))
        scores = {name: class_scores(truth, run.classes, one) for name, one in given.items()}
    else:
        given = {name: one.predict(inputs) for name, one in models.items()}
        given["constant"] = np.full(len(truth), target.mean)
        scores = {name: number_scores(truth, one, target) for name, one in given.items()}
    found = tuple(Score(name, numbers) for name, numbers in scores.items())
    return TableResult(target.task, len(truth), found)


def linear_model(run: Run, rows: TableRows, progress: bool) -> Run:
    """Train a network of one layer on the same rows; validation rows choose its epoch too.

    It has the run's seed, batches, penalty and epochs, but at least ``LINEAR_STEPS`` steps, and an
    optimizer of its own, so that settings that harm the network do not flatter it.
    """
    prepared = rows.prepared(Network(Dense()), run.setup.seed)
    steps_per_epoch = math.ceil(len(prepared.training) / run.setup.batch_size)
    setup = replace(
        run.setup,
        network=prepared.network,
        losses=prepared.losses,
        provenance=prepared.provenance,
        optimizer=Adam(learning_rate=LEARNING_RATE),
        epochs=max(run.setup.epochs, math.ceil(LINEAR_STEPS / steps_per_epoch)),
        stopping=Stopping(patience=PATIENCE),
        readings=0,
    )
    parts = (prepared.training, prepared.validation)
    linear = carry_out(setup, parts, progress=progress, title="linear model")
    return with_notes(linear, {"preparation": run.notes["preparation"]})


def class_scores(
    truth: NDArray[Any], classes: Sequence[Any], probabilities: NDArray[Any]
) -> dict[str, float]:
    """Return rows that are right, accuracy, and mean log loss (nats) of class probabilities."""
    place = {label: number for number, label in enumerate(classes)}
    numbers = np.array([place[one] for one in truth.tolist()])
    least = float(np.finfo(np.float64).eps)
    given = np.clip(probabilities[np.arange(len(numbers)), numbers], least, 1.0)
    right = np.argmax(probabilities, axis=1) == numbers
    return {
        "right": int(right.sum()),
        "accuracy": float(right.mean()),
        "log_loss": float(-np.log(given).mean()),
    }


def number_scores(truth: NDArray[Any], predicted: NDArray[Any], target: Target) -> dict[str, float]:
    """Return the regression metrics, in the target's units (R2 has none).

    ``truth`` is standardised, ``predicted`` is in the target's units. The metrics are measured on
    standardised numbers, because the square of a large number leaves the range of float64.
    """
    # Overflow in a training that has diverged is a finding, not a warning.
    with np.errstate(all="ignore"):
        guess = (predicted - target.mean) / target.scale
        found = {name: METRICS["regression"][name](truth, guess) for name in SCORES["regression"]}
    return {
        name: number if name == "r2" else number * target.scale for name, number in found.items()
    }


def _classes_in_words(network: Score, simple: Sequence[Score], rows: int) -> str:
    if not math.isfinite(network.numbers["log_loss"]):
        return _DIVERGED
    # Where both get as many, the simpler one is named: the constant stands last.
    best = max(reversed(simple), key=lambda one: one.numbers["right"])
    right = int(network.numbers["right"])
    lead = right - int(best.numbers["right"])
    plain = f"The network gets {right} of {rows} test rows right"
    if lead == 0:
        return f"{plain}, as many as the {best.model}: a tie."
    return f"{plain}, {abs(lead)} {'more' if lead > 0 else 'fewer'} than the {best.model}."


def _numbers_in_words(network: Score, simple: Sequence[Score]) -> str:
    name = "root_mean_squared_error"
    error = network.numbers[name]
    if not math.isfinite(error):
        return _DIVERGED
    best = min(simple, key=lambda one: _infinite_if_nan(one.numbers[name]))
    least = best.numbers[name]
    if abs(error - least) <= TIE * least:
        stand = f"within {TIE:.0%} of the {best.model}'s: a tie"
    elif error < least:
        stand = f"{1 - error / least:.0%} smaller than the {best.model}'s"
    elif error < 2 * least:
        stand = f"{error / least - 1:.0%} larger than the {best.model}'s"
    elif least > 0:
        stand = f"{_times(error / least)} the {best.model}'s"
    else:
        stand = f"larger than the {best.model}'s, which makes none"
    return f"The network's error (RMSE) is {stand}."


def _times(ratio: float) -> str:
    if ratio >= 1e6:
        return "more than a million times"
    return f"{ratio:,.{0 if ratio >= 10 else 1}f} times"


def _infinite_if_nan(number: float) -> float:
    return math.inf if math.isnan(number) else number


_DIVERGED = "The training has diverged, so the network predicts nothing: lower the learning rate."
