"""``compare``: optimizers, or any settings of ``train``, side by side over seeds."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from chainrule.comparison.goal import goal_of
from chainrule.comparison.live import shown_trials
from chainrule.comparison.result import Comparison, Measured
from chainrule.comparison.running import run_trials
from chainrule.comparison.settings import Ready, Setting, arguments_by_label, setting_words
from chainrule.data.decisions import counted
from chainrule.errors import SetupError
from chainrule.network.network import Network
from chainrule.optimizers import AnyOptimizer
from chainrule.training.absent import function_name
from chainrule.training.arguments import check_seed, flag, limit, whole
from chainrule.training.setup import Setup
from chainrule.training.side_by_side import at_a_time
from chainrule.training.train import set_up, train

EPOCHS = 100
# With a time limit alone there are as many epochs as time allows, up to this.
MOST_EPOCHS = 100_000
# Two names of one loss: that of two classes told apart by one output, or by two.
SAME_LOSS = {"binary_cross_entropy": "cross_entropy"}


def compare(
    network: Network | None = None,
    X: Any = None,
    y: Any = None,
    *,
    optimizers: Sequence[str | AnyOptimizer] | Mapping[str, str | AnyOptimizer] | None = None,
    settings: Sequence[Mapping[str, Any]] | Mapping[str, Mapping[str, Any]] | None = None,
    seeds: int | Sequence[int] = 10,
    epochs: int | None = None,
    seconds: float | None = None,
    goal: float | Mapping[str, float] | None = None,
    validation: float | tuple[Any, Any] = 0.2,
    progress: bool = True,
    **common: Any,
) -> Comparison:
    """Train optimizers, or any settings, side by side over seeds and return the comparison.

    ``network``, ``X``, ``y`` as in ``train``. ``optimizers``: names and optimizers such as
    ``Adam(learning_rate=0.01)``, or label -> one of them. For anything else ``settings``: mappings
    of the arguments of ``train`` that differ (``{"learning_rate": 0.1}``, ``{"network": other}``,
    ``{"l2": 0.01, "optimizer": "adam"}``), or label -> such a mapping. All other arguments
    (``common``) are those of ``train``, the same for all.

    ``seeds``: how many, from 0 on, or which. A seed decides the validation rows, the first weights
    and the order of the rows, so that for one seed all settings have the same (networks of other
    shapes have other weights). ``epochs`` (100), or ``seconds`` for each training, or both, end it;
    an optimizer that searches goes one iteration in an epoch. ``validation``: a share of the rows,
    rows (X, y), or 0.0; each training is judged by the validation loss of the network that it
    keeps, without validation rows by the loss of that network on the training rows.

    ``goal``: a loss to be reached, or ``{"accuracy": 0.9}``, ``{"loss": 0.01}`` (of training); by
    default what three quarters of the settings reach in half of their trainings. A training that
    ends in an error, or whose loss becomes NaN or infinite, counts as failed, with its reason.

    Each training has one thread; two are run side by side, where there are two cores, and all
    settings have a seed before the next seed begins. Seconds are those that the training's thread
    worked, so that other programs do not count. Ctrl-C keeps what has ended. Raises what ``train``
    raises, before any training, and SetupError for settings whose losses cannot be compared.
    """
    chosen = arguments_by_label(optimizers, settings, common)
    numbers = _seeds(seeds)
    limit(seconds, "seconds")
    most = (EPOCHS if seconds is None else MOST_EPOCHS) if epochs is None else epochs
    shared = {
        "network": network,
        "X": X,
        "y": y,
        "validation": validation,
        "epochs": whole(most, "epochs", 1),
        "max_seconds": seconds,
        "readings": 0,
        **common,
    }
    every = [
        Setting(label, setting_words(own), partial(_ready, {**shared, **own}))
        for label, own in chosen.items()
    ]
    setup, rows = _checked(every, numbers[0])
    asked = goal_of(goal, setup, rows > 0)
    with shown_trials(list(chosen), len(numbers), flag(progress, "progress")) as shown:
        trials = run_trials(every, numbers, shown)
    on: Measured = "validation" if rows else "training"
    return Comparison(
        settings={one.label: one.words for one in every},
        seeds=numbers,
        trials=trials,
        measured_on=on,
        metric=metric_shown(setup) if rows else None,
        asked=asked,
        title=f"{counted(len(every), 'setting')} compared over {counted(len(numbers), 'seed')}",
        about=_about(setup),
        at_a_time=at_a_time(),
    )


def _ready(given: Mapping[str, Any], seed: int) -> Ready:
    """Return the training of one setting with a seed. Raises what ``train`` raises."""
    bound = inspect.signature(train).bind(**given, seed=seed)
    bound.apply_defaults()
    return Ready(*set_up(**bound.arguments))


def _checked(settings: Sequence[Setting], seed: int) -> tuple[Setup, int]:
    """Try all settings with a seed; return the first one's setup and its validation rows.

    Raises what ``train`` raises, and SetupError where their losses cannot be compared.
    """
    first: tuple[Setup, int] | None = None
    for one in settings:
        ready = one.ready(seed)
        ready.refuse()
        if first is None:
            first = ready.setup, len(ready.rows[1])
        elif _losses(ready.setup) != _losses(first[0]):
            names = (one.losses[0].name for one in (first[0], ready.setup))
            raise SetupError(
                f"'{settings[0].label}' and '{one.label}' have different losses, "
                f"{' and '.join(names)}, whose numbers cannot be compared.",
                "Give all of them one loss.",
            )
    assert first is not None
    return first


def _about(setup: Setup) -> str:
    return f"{setup.targets[0].task.capitalize()}, {counted(setup.provenance.rows, 'row')}."


def _losses(setup: Setup) -> list[tuple[str, dict[str, Any]]]:
    return [(SAME_LOSS.get(one.name, one.name), dict(one.settings)) for one in setup.losses]


def metric_shown(setup: Setup) -> str | None:
    """Return the name of the first metric of a setup, None without any."""
    if not setup.metrics:
        return None
    first = setup.metrics[0]
    return first if isinstance(first, str) else function_name(first, "metric")


def _seeds(given: Any) -> tuple[int, ...]:
    """Return seeds: as many as asked for, from 0 on, or those given. Raises SetupError."""
    if isinstance(given, int | np.integer) and not isinstance(given, bool):
        return tuple(range(whole(given, "seeds", 1)))
    if isinstance(given, str) or not isinstance(given, Sequence | np.ndarray) or not len(given):
        raise SetupError(f"seeds={given!r} is not possible.", "Give a number, or a list of seeds.")
    found = tuple(check_seed(one) for one in given)
    if len(set(found)) < len(found):
        raise SetupError("A seed is given twice.", "Give each seed once.")
    return found
