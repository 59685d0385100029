"""Slopes by central differences of forward alone, in float64."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from chainrule.testing.trials import Arrays, Direction, Trial, name_of

# The difference of fourth order errs by about step^4 (smooth forward) plus rounding / step. A kink
# or a pole that happens to lie within a step spoils it, so smaller steps are tried as well.
STEPS = (1e-3, 1e-4, 1e-5)
RELATIVE_BOUND = 1e-7
ROUNDING = 200 * np.finfo(np.float64).eps


def tangent_is_the_slope(trial: Trial) -> Iterator[str]:
    """The tangent along a random direction is the slope of forward: all inputs, and each alone."""
    groups = [list(trial.moving), *([place] for place in trial.moving if len(trial.moving) > 1)]
    for places in groups:
        if not places:
            continue
        direction = trial.direction(places)
        names = ", ".join(name_of(trial.op, place) for place in places)
        for place, change in enumerate(trial.tangent(direction)):
            made = trial.outputs()[place]
            if made.dtype.kind != "f":
                continue
            claimed = np.zeros(made.shape) if change is None else np.asarray(change)
            off = disagreement(trial, direction, place, claimed)
            if off:
                yield f"the tangent along {names} is not the slope of forward: {off}."


def none_means_flat(trial: Trial) -> Iterator[str]:
    """An input for which backward gives ``None`` does not change forward."""
    for place in trial.floats:
        name = name_of(trial.op, place)
        if place in trial.moving or place in trial.still or name in trial.op.cuts:
            continue
        direction = trial.direction([place])
        for number, made in enumerate(trial.outputs()[: trial.op.flowing]):
            if made.dtype.kind != "f":
                continue
            off = disagreement(trial, direction, number, np.zeros(made.shape))
            if off:
                yield f"backward gives None for {name}, which forward depends on: {off}."


def disagreement(
    trial: Trial, direction: Direction, place: int, claimed: NDArray[np.float64]
) -> str:
    """Return where a claimed slope of an output is wrong, an empty string where it is right."""
    agrees = np.zeros(claimed.shape, dtype=bool)
    best = np.full(claimed.shape, np.nan)
    for step in STEPS:
        slope = central_difference(trial, direction, step)[place]
        bound = RELATIVE_BOUND * _largest(claimed) + ROUNDING / step * (
            _largest(trial.outputs()[place])
            + _largest(claimed) * max(_largest(one) for one in trial.inputs)
        )
        agrees |= np.abs(slope - claimed) <= bound
        best = np.where(np.isfinite(best), best, slope)
    if agrees.all():
        return ""
    worst = np.unravel_index(int(np.argmin(agrees)), claimed.shape)
    entry = f" at entry {tuple(int(one) for one in worst)}" if worst else ""
    return f"{claimed[worst]:.9g} instead of {best[worst]:.9g}{entry}"


def central_difference(trial: Trial, direction: Direction, step: float) -> Arrays:
    """Return the slope of each output along a direction, by four values of forward."""
    near = _difference(trial, direction, step)
    far = _difference(trial, direction, 2.0 * step)
    return tuple((8.0 * one - other) / (12.0 * step) for one, other in zip(near, far, strict=True))


def _difference(trial: Trial, direction: Direction, step: float) -> Arrays:
    ahead, behind = trial.moved(direction, step), trial.moved(direction, -step)
    return tuple(
        np.asarray(one, dtype=np.float64) - other for one, other in zip(ahead, behind, strict=True)
    )


def _largest(content: NDArray[np.generic]) -> float:
    return float(np.max(np.abs(content))) if content.size and content.dtype.kind != "b" else 0.0
