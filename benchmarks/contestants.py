"""Contestants seen from the script that times them: a Python each, idle until it is called."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

HERE = Path(__file__).resolve().parent
# What says how many threads a library takes; none of it may come in from outside.
LIMITS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NPROC",
)
ONE_THREAD_OF_XLA = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

OURS, PRODUCTS = "chainrule", "products alone"
# name -> where its side stands, and what has to be installed for it
SIDES: dict[str, tuple[str, tuple[str, ...]]] = {
    OURS: ("our_side:Ours", ()),
    "PyTorch eager": ("torch_side:Eager", ("torch",)),
    "PyTorch compiled": ("torch_side:Compiled", ("torch",)),
    "scikit-learn": ("sklearn_side:ScikitLearn", ("sklearn",)),
    "JAX scan": ("jax_side:Scan", ("jax", "optax")),
    PRODUCTS: ("products_side:Products", ()),
}


@dataclass(frozen=True)
class Place:
    """A contestant and its threads; 0 leaves them to the contestant, as for a user."""

    name: str
    threads: int = 0
    side: str = ""

    @property
    def label(self) -> str:
        """Name the contestant with its threads."""
        return f"{self.name}, {self.threads} threads" if self.threads else self.name


@dataclass
class Answer:
    """What a call gave, its seconds, and how many cores it kept busy."""

    given: Any
    seconds: float
    cores: float


@dataclass(eq=False)
class Contestant:
    """A Python of its own that carries out one call after another."""

    place: Place
    python: subprocess.Popen[str]
    errors: IO[str]
    variant: str = field(default="", init=False)

    def ask(self, name: str, *arguments: Any) -> Answer:
        """Have one call carried out. Raises RuntimeError with what went wrong over there."""
        self.send(name, *arguments)
        return self.answer()

    def send(self, name: str, *arguments: Any) -> None:
        """Have a call begun; its answer is fetched later."""
        if self.python.stdin is None:
            raise RuntimeError(f"{self.place.label} cannot be spoken to")
        # One that has ended is found out, with its last words, when the answer is due.
        with suppress(BrokenPipeError):
            self.python.stdin.write(json.dumps({"name": name, "arguments": arguments}) + "\n")
            self.python.stdin.flush()

    def answer(self) -> Answer:
        """Wait for the answer to the last call."""
        line = self.python.stdout.readline() if self.python.stdout else ""
        if not line:
            self.errors.seek(0)
            raise RuntimeError(f"{self.place.label} ended:\n{self.errors.read()[-2000:]}")
        content = json.loads(line)
        if "error" in content:
            raise RuntimeError(f"{self.place.label} failed:\n{content['error']}")
        return Answer(**content)

    def prepare(self, problem: Path) -> None:
        """Have it take a problem and find its own fastest way."""
        self.variant = self.ask("prepare", str(problem)).given

    def close(self) -> None:
        """End its Python."""
        if self.python.stdin:
            with suppress(BrokenPipeError):
                self.python.stdin.close()
        try:
            self.python.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.python.kill()
            self.python.wait()
        if self.python.stdout:
            self.python.stdout.close()


def environment(threads: int) -> dict[str, str]:
    """Return the environment of a contestant that may take so many threads."""
    kept = {name: text for name, text in os.environ.items() if name not in LIMITS}
    if threads:
        kept.update(dict.fromkeys(LIMITS, str(threads)))
    if threads == 1:
        kept["XLA_FLAGS"] = ONE_THREAD_OF_XLA
    return kept


def start(place: Place, errors: IO[str]) -> Contestant:
    """Start a contestant without waiting for what it imports; its complaints go to a file."""
    python = subprocess.Popen(
        [sys.executable, "worker.py", place.side or SIDES[place.name][0]],
        cwd=HERE,
        env=environment(place.threads),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
    )
    return Contestant(place, python, errors)


@contextmanager
def all_of(places: Sequence[Place]) -> Iterator[list[Contestant]]:
    """Start contestants, wait until each has imported what it needs, and end them at the end."""
    with ExitStack() as stack:
        started = []
        for place in places:
            errors = stack.enter_context(tempfile.TemporaryFile("w+"))
            one = start(place, errors)
            stack.callback(one.close)
            started.append(one)
        for one in started:
            one.answer()
        yield started


def installed(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the contestants that can start here, and a sentence for each that cannot."""
    can, cannot = [], []
    for name in names:
        missing = [one for one in SIDES[name][1] if importlib.util.find_spec(one) is None]
        if missing:
            cannot.append(f"{name} is left out: {' and '.join(missing)} cannot be imported.")
        else:
            can.append(name)
    return can, cannot
