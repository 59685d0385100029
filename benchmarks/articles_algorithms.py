"""Training algorithms as articles compare them: each with the values that are tried for it.

An algorithm with a learning rate is given the best of six to ten. So that nobody's constant is left
to chance, Rprop is given as many for its first step. Which is best is found on other starts, or on
other rows, than those of the result. Six values are tried for a rate, and more beyond the end where
the best of six was the last of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from chainrule.optimizers import OPTIMIZERS, IRpropMinus

BATCH = 32
DESCENT = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
ADAPTIVE = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3)
FIRST_STEPS = (0.00003, 0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
# Adadelta's rate is a factor on steps whose length it finds by itself.
FACTORS = (0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0)
LARGE, SMALL = (10.0, 30.0), (0.0001, 0.0003)
DESCENT_AND_MORE = (0.001, 0.003, *DESCENT, *LARGE)
NUMBERS = {6: "six", 7: "seven", 8: "eight", 9: "nine", 10: "ten"}
# What an optimizer needs -> by what its epochs are limited; all others make steps.
SORTS = {
    "loss": "losses",
    "line search": "searches",
    "curvature product": "searches",
    "normal equations": "matrices",
    "residuals and jacobian": "matrices",
}


@dataclass(frozen=True)
class RpropOnBatches(IRpropMinus):
    """iRprop- without the sentence that refuses mini-batches: to see what it is refused for."""

    all_rows: ClassVar[str] = ""


@dataclass(frozen=True)
class Algorithm:
    """An optimizer, the rows in its steps (None: all), and the values tried for a constant."""

    name: str
    tries: tuple[float, ...] = ()
    constant: str = "learning_rate"
    batch: int | None = None
    fixed: Mapping[str, Any] = field(default_factory=dict)
    more: str = ""
    block: type[Any] | None = None

    @property
    def label(self) -> str:
        """How it is called in tables."""
        batches = f", batches of {self.batch}" if self.batch else ""
        return f"{self.name}{self.more}{batches}"

    @property
    def sort(self) -> str:
        """By what its epochs are limited: steps, batches, searches, matrices, losses."""
        return "batches" if self.batch else SORTS.get(OPTIMIZERS[self.name].needs, "steps")

    def settings(self, value: float | None, epochs: int) -> dict[str, Any]:
        """Return the arguments of a training with one of the values, None where none is tried."""
        chosen = {} if value is None else {self.constant: value}
        block = self.block or OPTIMIZERS[self.name]
        optimizer = block(**self.fixed, **chosen)
        return {"optimizer": optimizer, "batch_size": self.batch, "epochs": epochs}


def _rate(name: str, tries: tuple[float, ...], **others: Any) -> Algorithm:
    return Algorithm(name, tries, **others)


def _rprop(name: str, **others: Any) -> Algorithm:
    return Algorithm(name, FIRST_STEPS, "first_step", **others)


# Those that take mini-batches, and those that need all rows.
ANY_ROWS = (
    _rate("gradient_descent", DESCENT_AND_MORE),
    _rate("momentum", DESCENT_AND_MORE),
    _rate("nesterov", DESCENT),
    _rate("adagrad", DESCENT),
    _rate("adadelta", FACTORS),
    _rate("rmsprop", (*SMALL, *ADAPTIVE)),
    _rate("adam", (*SMALL, *ADAPTIVE, 1.0, 3.0)),
    _rate("adamw", ADAPTIVE),
    _rate("amsgrad", ADAPTIVE),
    _rate("nadam", ADAPTIVE),
)
STEPS_ON_ALL = (
    _rate("adaptive_rate", (*DESCENT, *LARGE)),
    _rate("adaptive_rate", (*DESCENT, *LARGE), fixed={"memory": 0.0}, more=", no momentum"),
    _rate("bold_driver", DESCENT),
    *(_rprop(name) for name in ("rprop_plus", "rprop_minus", "irprop_plus", "irprop_minus")),
)
SEARCHING = tuple(
    Algorithm(name)
    for name in (
        "conjugate_gradient_fletcher_reeves", "conjugate_gradient_polak_ribiere",
        "conjugate_gradient_powell_beale", "scaled_conjugate_gradient", "one_step_secant",
        "bfgs", "lbfgs", "gauss_newton", "levenberg_marquardt", "bayesian_regularization",
        "evolution_strategy",
    )
)  # fmt: skip
RPROP_ON_BATCHES = _rprop("irprop_minus", batch=BATCH, more=" (not refused)", block=RpropOnBatches)


def on_batches(algorithms: Sequence[Algorithm]) -> tuple[Algorithm, ...]:
    """Return the same algorithms with mini-batches."""
    return tuple(Algorithm(one.name, one.tries, one.constant, BATCH) for one in algorithms)


def named(labels: Sequence[str]) -> tuple[Algorithm, ...]:
    """Return algorithms by their labels."""
    every = (*ANY_ROWS, *STEPS_ON_ALL, *SEARCHING, *on_batches(ANY_ROWS), RPROP_ON_BATCHES)
    known = {one.label: one for one in every}
    return tuple(known[label] for label in labels)


@dataclass(frozen=True)
class Extent:
    """How much is run: starts (0: each part's own), a share of the epochs, values that are tried.

    Less than everything is a trial.
    """

    starts: int = 0
    share: float = 1.0
    values: int = 0

    @property
    def is_trial(self) -> bool:
        return self.share < 1.0 or self.values > 0

    def epochs(self, most: int) -> int:
        return max(2, round(self.share * most))

    def seeds(self, own: int, first: int = 0) -> range:
        count = min(own, self.starts) if self.starts else own
        return range(first, first + count)

    def tried(self, algorithm: Algorithm) -> tuple[float | None, ...]:
        """Return the values to try for an algorithm, (None,) where there is nothing to choose."""
        return algorithm.tries[: self.values or None] or (None,)


def how_many(algorithms: Sequence[Algorithm]) -> str:
    """Say how many values are tried for those with a constant: "ten", or "six to ten"."""
    counts = {len(one.tries) for one in algorithms if one.tries}
    return " to ".join(NUMBERS[one] for one in sorted({min(counts), max(counts)}))


TRIAL_SAID = "This is a trial: its numbers say nothing."


@dataclass(frozen=True)
class Choice:
    """The value that was best for an algorithm; None where there was nothing to choose."""

    algorithm: Algorithm
    value: float | None = None

    @property
    def at_edge(self) -> bool:
        """Whether a value beyond those that were tried might be better still."""
        return self.value is not None and self.value in (
            self.algorithm.tries[0],
            self.algorithm.tries[-1],
        )

    @property
    def words(self) -> str:
        """The constant and its value; * where it is the first or last of those tried."""
        if self.value is None:
            return ""
        named = {"learning_rate": "rate", "first_step": "first step"}[self.algorithm.constant]
        return f"{named} {self.value:g}{'*' if self.at_edge else ''}"


def trial_label(algorithm: Algorithm, value: float | None) -> str:
    """Return the label of one value of an algorithm in a comparison."""
    return algorithm.label if value is None else f"{algorithm.label} at {value:g}"
