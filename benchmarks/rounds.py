"""Interleaved rounds: every contestant is timed once in each, so that what else the machine does
falls on all of them; and what is made of the rounds."""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from contestants import HERE, OURS, PRODUCTS, SIDES, Answer, Place, installed

# Threads that spin after their last work have gone to sleep by then.
PAUSE = 0.02
FEWEST_ROUNDS, SHORTEST_TIMING = 9, 0.5


class Timed(Protocol):
    """What rounds need of a contestant."""

    @property
    def place(self) -> Place: ...

    @property
    def variant(self) -> str: ...

    def ask(self, name: str, *arguments: Any) -> Answer: ...


@dataclass
class InThisPython:
    """A side as rounds take it, without a Python of its own."""

    place: Place
    side: Callable[[int], Any]
    variant: str = ""

    def ask(self, name: str, *arguments: Any) -> Answer:
        """Make so many steps, which is all that is asked for."""
        began = time.perf_counter()
        self.side(*arguments)
        return Answer(None, time.perf_counter() - began, cores=1.0)


@dataclass
class Timings:
    """The rounds of one contestant: microseconds of a step, and cores kept busy."""

    place: Place
    epochs: int
    variant: str = ""
    microseconds: list[float] = field(default_factory=list)
    cores: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        """The median of microseconds of a step."""
        return float(np.median(self.microseconds))


@dataclass(frozen=True)
class Quartiles:
    """The median and what half of the rounds lie between."""

    low: float
    median: float
    high: float

    @classmethod
    def of(cls, numbers: Sequence[float]) -> Quartiles:
        return cls(*(float(one) for one in np.percentile(numbers, (25, 50, 75))))

    def __str__(self) -> str:
        return f"{figures(self.median)} ({figures(self.low)} to {figures(self.high)})"


def figures(number: float, digits: int = 3) -> str:
    """Return a number with three figures and no exponent."""
    if not math.isfinite(number):
        return str(number)
    places = digits - 1 - math.floor(math.log10(abs(number))) if number else 0
    return f"{round(number, places):,.{max(0, places)}f}"


def calibrated(contestant: Timed, seconds: float) -> int:
    """Return a number of epochs that takes at least so long."""
    epochs, taken = 1, contestant.ask("train", 1).seconds
    while taken < seconds:
        wanted = epochs * seconds * 1.2 / max(taken, 1e-9)
        # A first short timing says little, so it is not trusted for a large leap.
        epochs = min(math.ceil(wanted), epochs * 20)
        taken = contestant.ask("train", epochs).seconds
    return epochs


def timed(contestant: Timed, found: Timings, seconds: float, steps_per_epoch: int) -> None:
    """Add one timing that lasts long enough; a shorter one is not counted."""
    while True:
        time.sleep(PAUSE)
        answer = contestant.ask("train", found.epochs)
        if answer.seconds >= seconds:
            break
        found.epochs = math.ceil(found.epochs * max(1.1, seconds * 1.15 / answer.seconds))
    found.microseconds.append(answer.seconds / (found.epochs * steps_per_epoch) * 1e6)
    found.cores.append(answer.cores)
    found.seconds.append(answer.seconds)


def measure(
    contestants: Sequence[Timed], steps_per_epoch: int, rounds: int, seconds: float
) -> list[Timings]:
    """Time every contestant in turns; each round begins with another one."""
    found = [Timings(one.place, calibrated(one, seconds), one.variant) for one in contestants]
    for number in range(rounds):
        for place in range(len(contestants)):
            place = (place + number) % len(contestants)
            timed(contestants[place], found[place], seconds, steps_per_epoch)
    return found


def better(found: Sequence[Timings], name: str) -> Timings | None:
    """Return a contestant's timings with the number of threads that suited it better."""
    own = [one for one in found if one.place.name == name]
    return min(own, key=lambda one: one.median) if own else None


def ratio(other: Timings, ours: Timings) -> Quartiles:
    """Return how many times as long the other took, round by round."""
    return Quartiles.of(np.divide(other.microseconds, ours.microseconds).tolist())


def is_trial(rounds: int, seconds: float) -> bool:
    """Whether so few or short timings are no result."""
    return rounds < FEWEST_ROUNDS or seconds < SHORTEST_TIMING


def how_timed(rounds: int, seconds: float) -> str:
    """Say in a sentence or two how the numbers were taken."""
    said = f"{rounds} interleaved rounds, each timing at least {seconds:g} s."
    if is_trial(rounds, seconds):
        said += " This is a trial: a result takes more rounds or longer timings."
    return said


def options(about: str) -> argparse.ArgumentParser:
    """Return the options that the scripts share."""
    parser = argparse.ArgumentParser(description=about, allow_abbrev=False)
    parser.add_argument("--rounds", type=int, default=FEWEST_ROUNDS, help="interleaved rounds")
    parser.add_argument(
        "--seconds", type=float, default=SHORTEST_TIMING, help="the least that a timing lasts"
    )
    parser.add_argument(
        "--threads", type=int, nargs="+", default=[1, 2], help="what each peer is tried with"
    )
    peers = [name for name in SIDES if name not in (OURS, PRODUCTS)]
    parser.add_argument("--peers", nargs="*", choices=peers, default=peers)
    parser.add_argument("--no-compile", action="store_true", help="without torch.compile")
    parser.add_argument(
        "--results", type=Path, default=HERE / "results", help="where table and picture go"
    )
    return parser


def peers_of(asked: argparse.Namespace) -> tuple[list[str], list[str]]:
    """Return the peers that were asked for and are here, and a sentence for each that is not."""
    return installed([one for one in asked.peers if not (asked.no_compile and "compiled" in one)])
