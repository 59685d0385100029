"""Changes of how far a training goes, as remedies: other rates, clipping or none, more epochs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from chainrule.diagnosis.cases.arrangement import Arrangement, Remedy, on_setup, without_limits
from chainrule.optimizers import Adam, rate_of, with_rate
from chainrule.optimizers.schedules import Schedule
from chainrule.training.setup import Regularisation, Setup
from chainrule.training.stopping import Stopping
from chainrule.training.tables.recipe import LEARNING_RATE

# So many points of a schedule tell its highest rate within a percent.
POINTS = 400
# A choice that many recipes make for the length of a gradient.
LONGEST = 1.0
# What schedules count in epochs.
OF_EPOCHS = ("epochs", "warmup")


def has_rate(setup: Setup) -> bool:
    """Return whether the optimizer has a learning rate: those that search have none."""
    return rate_of(setup.optimizer) is not None


def plain_rate(setup: Setup) -> float | None:
    """Return the learning rate where it is one number, None for a schedule or without any."""
    rate = rate_of(setup.optimizer)
    return float(rate) if isinstance(rate, float | int) else None


def usual_rate(setup: Setup, of_table: bool = False) -> float | None:
    """Return the learning rate that the optimizer has where none is given, ``of_table``: there."""
    if of_table and type(setup.optimizer) is Adam:
        return LEARNING_RATE
    found = [one.default for one in fields(setup.optimizer) if one.name == "learning_rate"]
    return float(found[0]) if found and isinstance(found[0], float | int) else None


def scaled(setup: Setup, factor: float) -> Setup:
    """Return the setup with a learning rate times a factor, at every point of a schedule."""
    rate = plain_rate(setup)
    if rate is not None:
        # Without the last digits of a product, which are those of rounding: 0.01 is 0.01.
        product = float(f"{rate * factor:.12g}")
        return replace(setup, optimizer=with_rate(setup.optimizer, product))
    # Whatever the schedule is, each parameter's own factor is multiplied in; later patterns count.
    rates = {name: one * factor for name, one in setup.rates.items()}
    return replace(setup, rates={"*": factor, **rates})


def constant_rate(rates: Sequence[float]) -> list[Remedy]:
    """Return the remedy of a rate that stays as it was in the first epoch of these, if known."""
    if not len(rates) or not rates[0] > 0.0:
        return []
    first = float(f"{rates[0]:.3g}")

    def change(before: Setup) -> Setup:
        return replace(before, optimizer=with_rate(before.optimizer, first))

    return [
        Remedy(
            "constant rate", f"Keep the learning rate at {first:g}, that of the first epoch.",
            on_setup(change), f"learning_rate={first:g}",
        )
    ]  # fmt: skip


def lower_rate(setup: Setup, divisor: float) -> Remedy:
    """Return the remedy of a learning rate divided by a number."""
    return _changed(setup, 1.0 / divisor, f"Divide the learning rate by {divisor:g}")


def higher_rate(setup: Setup, factor: float) -> Remedy:
    """Return the remedy of a learning rate multiplied by a number."""
    return _changed(setup, factor, f"Multiply the learning rate by {factor:g}")


def longer(setup: Setup, times: int, patiently: bool = False) -> Remedy:
    """Return the remedy of three, four or sixteen times the epochs, and nothing that ends them.

    ``patiently``: patience ends the training as before.
    """
    epochs = times * max(1, setup.epochs)

    def change(before: Setup) -> Setup:
        free = before if patiently else without_limits(before)
        return replace(free, epochs=times * max(1, before.epochs))

    said = {3: "three", 4: "four", 16: "sixteen"}[times]
    words = f"Train {said} times as long, for {epochs} epochs."
    name = f"{said} times longer{' at most' if patiently else ''}"
    if patiently:
        words = (
            f"Allow {said} times as many epochs, {epochs}, so that validation ends the training."
        )
    code = f"epochs={epochs}{'' if patiently else limits_taken_away(setup)}"
    return Remedy(name, words, on_setup(change), code)


def going_on(setup: Setup) -> Remedy:
    """Return the remedy of a training that goes on to its last epoch, whatever limit ended it."""

    def change(before: Setup) -> Setup:
        return replace(before, stopping=replace(Stopping(), patience=before.stopping.patience))

    taken = limits_taken_away(replace(setup, stopping=replace(setup.stopping, patience=None)))
    return Remedy(
        "going on",
        f"Train on to the last of the {setup.epochs} epochs, without the limit that ended it.",
        on_setup(change),
        taken.removeprefix(", "),
    )


def trains_longer(remedy: Remedy, before: Arrangement) -> bool:
    """Whether a remedy gives a training more epochs."""
    return remedy.change(before).setup.epochs > before.setup.epochs


def limits_taken_away(setup: Setup) -> str:
    """Return the arguments that take away what ends a training before its last epoch."""
    names = (one.name for one in fields(Stopping))
    return "".join(f", {one}=None" for one in names if getattr(setup.stopping, one) is not None)


def rate_of_the_optimizer(setup: Setup, of_table: bool = False) -> Remedy | None:
    """Return the remedy of the optimizer's usual rate, None where it has that, or has none."""
    usual, now = usual_rate(setup, of_table), plain_rate(setup)
    if usual is None or now is None or usual == now:
        return None

    def change(before: Setup) -> Setup:
        return replace(before, optimizer=with_rate(before.optimizer, usual))

    return Remedy(
        "usual rate",
        f"Set the learning rate to {usual:g}, the usual one of {setup.optimizer.name}"
        f"{' on tables' if of_table else ''}.",
        on_setup(change),
        f"learning_rate={usual:g}",
    )


def share_of_peak(setup: Setup, epochs: int) -> float:
    """Return the highest rate of so many epochs, in shares of the highest of the whole schedule.

    1 without a schedule, or with one that has no end.
    """
    schedule = rate_of(setup.optimizer)
    length = getattr(schedule, "epochs", None)
    if not isinstance(schedule, Schedule) or length is None:
        return 1.0
    whole = np.linspace(0.0, max(float(length), epochs), POINTS)
    seen = np.linspace(0.0, epochs, POINTS)
    highest, reached = (float(np.max(_rates(schedule, at))) for at in (whole, seen))
    return reached / highest if highest > 0.0 else 1.0


def _rates(schedule: Schedule, epochs: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.array([float(schedule.rate(one)) for one in epochs.tolist()])


def whole_schedule(setup: Setup) -> Remedy | None:
    """Return the remedy of a schedule that is as long as the training; None where it is no longer.

    What is counted in epochs, its length and that of its warm-up, is shortened by one factor.
    """
    schedule = rate_of(setup.optimizer)
    length = getattr(schedule, "epochs", 0.0)
    if not isinstance(schedule, Schedule) or not length > setup.epochs > 0:
        return None
    share = setup.epochs / length
    times = {name: getattr(schedule, name) for name in OF_EPOCHS if hasattr(schedule, name)}
    fitting: Any = replace(
        cast(Any, schedule), **{name: share * one for name, one in times.items()}
    )

    def change(before: Setup) -> Setup:
        return replace(before, optimizer=with_rate(before.optimizer, fitting))

    return Remedy(
        "schedule as long as the training",
        f"Let the schedule of the learning rate last {setup.epochs} epochs, as the training does, "
        f"and not {length:g}.",
        on_setup(change),
        f"learning_rate={fitting!r}",
    )


def _changed(setup: Setup, factor: float, words: str) -> Remedy:
    rate = plain_rate(setup)
    if rate is None:
        end, code = ", at every point of its schedule.", f'rates={{"*": {factor:.3g}}}'
    else:
        end, code = f", to {rate * factor:.3g}.", f"learning_rate={rate * factor:.3g}"
    return Remedy(
        f"rate times {factor:.6g}", words + end, on_setup(lambda one: scaled(one, factor)), code
    )


def unclipped(setup: Setup) -> Setup:
    """Return the setup without clipping; itself where nothing is clipped."""
    given = setup.regularisation
    plain: Regularisation = replace(given, clip_norm=None, clip_value=None)
    return setup if given == plain else replace(setup, regularisation=plain)


def no_clipping(setup: Setup) -> Remedy | None:
    """Return the remedy of a gradient that is not clipped; None where it is not."""
    if unclipped(setup) is setup:
        return None
    return Remedy(
        "no clipping",
        "Train without clipping of the gradient.",
        on_setup(unclipped),
        "clip_norm=None, clip_value=None",
    )


def clipped(norm: float, setup: Setup) -> Remedy:
    """Return the remedy of gradients cut to a length that was seen, or to the setup's if less."""
    limit = float(f"{norm:.2g}")
    known = setup.regularisation.clip_norm
    limit = limit if known is None else min(limit, known)

    def change(before: Setup) -> Setup:
        given = before.regularisation
        most = limit if given.clip_norm is None else min(limit, given.clip_norm)
        return replace(before, regularisation=replace(given, clip_norm=most))

    return Remedy(
        "clipped", f"Cut the gradient to a length of {limit:g}, the 90th percentile of those seen.",
        on_setup(change), f"clip_norm={limit:g}",
    )  # fmt: skip


def gradient_cut() -> Remedy:
    """Return the remedy of gradients cut to the length that many recipes choose."""

    def change(setup: Setup) -> Setup:
        regularisation = replace(setup.regularisation, clip_norm=LONGEST)
        return replace(setup, regularisation=regularisation)

    words = f"Cut the gradient to the length {LONGEST:g} where it is longer."
    return Remedy("gradient cut", words, on_setup(change), f"clip_norm={LONGEST:g}")
