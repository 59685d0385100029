"""Functions of the user's own that a run names but does not hold, and how they are given again.

A run keeps such a function's name and the checksum of its source. Prediction needs none of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chainrule import checks
from chainrule.errors import SetupError


@dataclass(frozen=True)
class AbsentFunction:
    """Stands for a function that was not given when its run was loaded; calling it is refused."""

    name: str
    source: str
    what: str
    call: str

    def __call__(self, prediction: Any, target: Any) -> Any:
        raise SetupError(
            f"The {self.what} '{self.name}' is a function of your own, which is not saved with a "
            "run.",
            f"Give it: {self.call}.",
        )

    def check(self, function: Callable[..., Any]) -> None:
        """Raise SetupError where a function is not the one that the run was trained with."""
        if checks.source_checksum(function) != self.source:
            raise SetupError(
                f"The {self.what} '{self.name}' is not the function that the run was trained with: "
                "its source has changed.",
                "Give the function as it was then.",
            )


def function_name(function: Callable[..., Any], otherwise: str) -> str:
    """Return the name of a function, or of what stands for it."""
    found = getattr(function, "name", getattr(function, "__name__", otherwise))
    return str(found).replace("<lambda>", f"own_{otherwise}")


def function_to_record(function: Callable[..., Any], otherwise: str) -> dict[str, Any]:
    """Return a function's name and the checksum of its source."""
    return {"function": function_name(function, otherwise), "source": source_checksum(function)}


def source_checksum(function: Callable[..., Any]) -> str:
    """Return the checksum of a function's source, or of the one that is absent."""
    if isinstance(function, AbsentFunction):
        return function.source
    return checks.source_checksum(function)


def absent_metric(name: str, source: str) -> AbsentFunction:
    """Return what stands for a metric of the user's own."""
    return AbsentFunction(name, source, "metric", f"resume(path, X, y, metrics=[{name}])")


def given_again(metrics: Sequence[Any], functions: Sequence[Any]) -> tuple[Any, ...]:
    """Return the metrics with functions in the places of those that are absent.

    Raises SetupError where one is missing or is another than the run was trained with.
    """
    known: Mapping[str, Any] = {function_name(one, "metric"): one for one in functions}
    found = []
    for metric in metrics:
        if isinstance(metric, AbsentFunction):
            if metric.name not in known:
                metric(None, None)
            metric.check(known[metric.name])
            found.append(known[metric.name])
        else:
            found.append(metric)
    return tuple(found)
