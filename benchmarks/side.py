"""What every contestant can do in its own Python: train a problem and show the weights it got."""

from __future__ import annotations

import math
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from works import Problem

TRIAL_SECONDS = 0.1


class Side(ABC):
    """One way to train; ``variant`` says which of its own ways was the fastest here."""

    problem: Problem
    variant: str = ""

    def prepare(self, path: str) -> str:
        """Take a problem, compile what is to be compiled, and return the variant chosen."""
        self.problem = self.load(path)
        self.set_up()
        self.train(1)
        return self.variant

    def load(self, path: str) -> Any:
        """Read a problem of the kind that this side trains."""
        return Problem.load(path)

    @abstractmethod
    def set_up(self) -> None:
        """Bring rows and weights into the form that this side trains on."""

    @abstractmethod
    def train(self, epochs: int) -> None:
        """Train from the first weights for so many epochs. This call is what is timed."""

    @abstractmethod
    def weights(self) -> list[NDArray[Any]]:
        """Return W, b, W, b, ... of inputs x outputs, after the last training."""

    def loss(self, epochs: int) -> float:
        """Return the loss over all rows after so many epochs."""
        self.train(epochs)
        return self.problem.loss(self.weights())

    def memory(self) -> float:
        """Return the most memory that this Python has held, in MB; NaN where nobody tells."""
        try:
            # The kernel's own high-water mark; getrusage counts the parent's before the start too.
            lines = Path("/proc/self/status").read_text().splitlines()
            marks = [line.split()[1] for line in lines if line.startswith("VmHWM")]
            return int(marks[0]) / 1024
        except (OSError, IndexError):
            pass
        try:
            import resource
        except ImportError:
            return math.nan
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most / (2**20 if sys.platform == "darwin" else 1024)


def fastest(ways: Mapping[str, Callable[[int], Any]]) -> str:
    """Return the name of the way that trains an epoch in the least time; each is compiled first.

    One that was held up by something else gets another chance.
    """
    epochs = {name: enough(train) for name, train in ways.items()}
    taken = dict.fromkeys(ways, math.inf)
    for name in [*ways, *ways]:
        taken[name] = min(taken[name], seconds(ways[name], epochs[name]) / epochs[name])
    return min(taken, key=lambda name: taken[name])


def enough(train: Callable[[int], Any]) -> int:
    """Return how many epochs fill a trial, after one that compiles."""
    train(1)
    epochs = 1
    while (passed := seconds(train, epochs)) < TRIAL_SECONDS:
        epochs *= 2 if passed > TRIAL_SECONDS / 8 else 8
    return epochs


def seconds(train: Callable[[int], Any], epochs: int) -> float:
    """Return how long a training takes."""
    began = time.perf_counter()
    train(epochs)
    return time.perf_counter() - began
