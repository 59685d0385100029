"""The trainings of a comparison in their order: seed after seed, two side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from chainrule.comparison.live import ShownTrials
from chainrule.comparison.settings import Setting
from chainrule.comparison.trial import Trial, trial_of
from chainrule.training.interrupts import held_interrupts
from chainrule.training.side_by_side import at_a_time, side_by_side

# A command answers within a minute; reading, tracing and drawing take a part of it.
SECONDS_IN_ALL = 40.0


def seconds_each(trainings: int) -> float:
    """Return how long each of so many trainings may take if all are to end within a minute."""
    return float(f"{SECONDS_IN_ALL * at_a_time() / trainings:.2g}")


def order_of(settings: int, seeds: int) -> list[tuple[int, int]]:
    """Return the order of the trainings as places of setting and seed.

    All settings have a seed before the next seed begins, so that what slows the machine for a while
    slows them alike, and what Ctrl-C leaves is comparable. Every seed begins with another setting,
    so that none always runs beside the same one.
    """
    return [
        ((place + number) % settings, number)
        for number in range(seeds)
        for place in range(settings)
    ]


def run_trials(
    settings: Sequence[Setting], seeds: Sequence[int], shown: ShownTrials
) -> tuple[Trial, ...]:
    """Train every setting with every seed and return what came of it, in the order of settings.

    Ctrl-C keeps the trainings that had ended and drops those under way; it raises KeyboardInterrupt
    where none had. Raises the error of the trainings where all of them ended in one.
    """
    with held_interrupts() as interrupted:
        places = order_of(len(settings), len(seeds))
        jobs = [
            partial(_unless, interrupted, settings[one], seeds[number], shown)
            for one, number in places
        ]
        made = side_by_side(
            jobs,
            at_a_time(),
            interrupted,
            lambda place, trial: shown.ended(trial),
            lambda place: f"'{settings[places[place][0]].label}'",
        )
    by_place = dict(zip(places, made, strict=True))
    trials = [
        trial
        for one in range(len(settings))
        for number in range(len(seeds))
        if (trial := by_place[one, number]) is not None
    ]
    if not trials:
        raise KeyboardInterrupt("No training had ended, and nothing is kept.")
    errors = [one.error for one in trials if one.error is not None]
    if len(errors) == len(trials):
        raise errors[0]
    return tuple(trials)


def _unless(
    interrupted: Callable[[], bool], setting: Setting, seed: int, shown: ShownTrials
) -> Trial | None:
    if interrupted():
        return None
    return trial_of(setting, seed, shown.observers(setting.label, seed))
