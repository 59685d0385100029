"""Which engine runs a program: the compiled one where it is there, else the reference."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from chainrule.engines import native, reference, reference_run
from chainrule.engines.cores import threads_and_why
from chainrule.engines.work import Engine
from chainrule.errors import SetupError, nearest

AUTO = "auto"

# Every engine by name. The reference defines what a program means, the others are held to it.
ENGINES: Mapping[str, Engine] = {
    "native": Engine(native.run, native.evaluate),
    "reference": Engine(reference_run.run, reference.evaluate),
}


def chosen_engine(name: object) -> str:
    """Return the engine of a name: for "auto" the compiled one, the reference where it is absent.

    Raises SetupError for a name that is not there, and for "native" where it could not be built.
    """
    if isinstance(name, str) and name == AUTO:
        if native.is_present():
            return "native"
        _say_absent()
        return "reference"
    if not isinstance(name, str) or name not in ENGINES:
        known = [AUTO, *ENGINES]
        raise SetupError(f"There is no engine {name!r}.", nearest(str(name), known))
    if name == "native" and not native.is_present():
        raise SetupError(
            f"The compiled engine is not there: {native.why_absent()}.",
            "Install chainrule where there is a C++ compiler; engine='auto' takes what is there.",
        )
    return name


def find_engine(name: str) -> Engine:
    """Return the engine of a name. Raises SetupError where it is not there."""
    return ENGINES[chosen_engine(name)]


@lru_cache(maxsize=1)
def _say_absent() -> None:
    """Say once that training will be slow, and why."""
    print(
        f"chainrule: the compiled engine is not there ({native.why_absent()}), so programs run on "
        "the reference engine, in NumPy, many times slower.",
        file=sys.stderr,
    )


@dataclass(frozen=True)
class EngineReport:
    """What is in use, and why: one line for each engine, and how many threads a step may have."""

    in_use: str
    lines: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join(self.lines)


def engine_report() -> EngineReport:
    """Return which engine is in use and why, its instruction set, and its threads."""
    if native.is_present():
        sets = native.instruction_sets()
        others = ", ".join(sets[:-1]) or "no other"
        first = f"native      in use: compiled, instruction set {sets[-1]} (also there: {others})"
        second = "reference   NumPy; what every other engine is tested against"
    else:
        first = f"native      not there: {native.why_absent()}"
        second = "reference   in use: NumPy, because there is no other"
    threads, why = threads_and_why()
    return EngineReport(
        "native" if native.is_present() else "reference",
        (first, second, f"threads     {threads} for a step that takes long enough: {why}"),
    )
