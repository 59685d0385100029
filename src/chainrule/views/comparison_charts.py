"""The charts of a comparison: the course of each setting, and the spread over its trainings."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from chainrule.comparison.curves import Curve, over_epochs, over_seconds
from chainrule.comparison.result import Comparison, Summary
from chainrule.comparison.sentences import written_seconds
from chainrule.data.decisions import counted
from chainrule.errors import SetupError, nearest
from chainrule.training.tables.sentences import written_number
from chainrule.views.charts import Band, Chart, Colour, Dots, Line, Mark, Panel, Spans

KINDS = ("course", "spread")
LINE_COLOURS: tuple[Colour, ...] = get_args(Colour)[:7]
# From this ratio of the largest to the smallest on, an axis of ratios shows more.
LOG_FROM = 15.0
# Dots of one setting lie so far up and down from its line.
APART = 0.22
MANY = 40


def comparison_chart(comparison: Comparison, what: str) -> Chart:
    """Return one of the charts. Raises SetupError for other names, and with nothing to draw."""
    if what not in KINDS:
        raise SetupError(f"There is no plot '{what}' of a comparison.", nearest(str(what), KINDS))
    return course_chart(comparison) if what == "course" else spread_chart(comparison)


def course_chart(comparison: Comparison) -> Chart:
    """Return the lowest loss so far against epochs and against seconds, with bands.

    Raises SetupError where every training failed.
    """
    summaries, column = comparison.summaries, comparison.column
    epochs = [over_epochs(comparison.of(one.label), column) for one in summaries]
    seconds = [over_seconds(comparison.of(one.label), column) for one in summaries]
    if not any(one is not None for one in epochs):
        raise _nothing_to_draw()
    loss = "training loss" if column == "loss" else "validation loss"
    factor, unit = _unit([one.x[-1] for one in seconds if one is not None])
    panels = (
        _course_panel(comparison, epochs, "epoch", loss),
        _course_panel(comparison, seconds, f"{unit} of one core", loss, factor),
    )
    title = f"{loss.capitalize()} ({_loss_name(comparison)}), the lowest so far"
    words = (
        f"The lowest {loss} so far, against epochs and against seconds: of each setting's "
        "trainings the median, and the half of them in the middle."
    )
    if any(one.failed for one in summaries):
        words += " Trainings that failed are left out."
    return Chart(title, words, panels, name="course", shared_legend=True)


def _course_panel(
    comparison: Comparison,
    curves: Sequence[Curve | None],
    across: str,
    loss: str,
    factor: float = 1.0,
) -> Panel:
    bands: list[Mark] = []
    lines: list[Mark] = []
    known: list[Curve] = []
    for summary, curve in zip(comparison.summaries, curves, strict=True):
        if curve is None:
            continue
        known.append(curve)
        colour, dashed = look_of(summary.label, comparison)
        bands.append(Band(factor * curve.x, curve.low, curve.high, colour))
        lines.append(Line(factor * curve.x, curve.median, colour, summary.label, dashed))
    ends = factor * np.array([min(one.x[0] for one in known), max(one.x[-1] for one in known)])
    goal = comparison.goal
    if goal is not None and goal.column == comparison.column:
        level = np.full(2, goal.value)
        lines.append(Line(ends, level, "grey", f"goal {goal.value:.4g}", faint=True))
    limits = _loss_limits(known)
    return Panel(
        (*bands, *lines),
        across,
        loss,
        y_limits=limits,
        log_x=_is_log(ends),
        log_y=_is_log(np.array(limits)),
    )


def _loss_limits(curves: Sequence[Curve]) -> tuple[float, float]:
    """Return between which losses the picture runs: what has left where it began is cut off."""
    low = min(float(one.low.min()) for one in curves)
    high = max(float(one.high[0]) for one in curves)
    if low > 0.0 and high / low > LOG_FROM:
        return low / 1.15, high * 1.15
    room = 0.04 * (high - low) or 0.5 * abs(high) or 0.5
    return low - room, high + room


def spread_chart(comparison: Comparison) -> Chart:
    """Return the loss of every training, and its seconds to the goal.

    Raises SetupError where every training failed.
    """
    losses = [[one.loss for one in comparison.of(each.label)] for each in comparison.summaries]
    if not any(math.isfinite(one) for several in losses for one in several):
        raise _nothing_to_draw()
    label = f"{comparison.judged} ({_loss_name(comparison)})"
    middles = [one.median for one in comparison.summaries]
    labels = [one.label for one in comparison.summaries]
    names = tuple(map(_row_name, comparison.summaries))
    colours = [look_of(one, comparison)[0] for one in labels]
    panels = [_spread_panel(names, colours, losses, middles, label)]
    goal = comparison.goal
    if goal is not None and any(one.reached for one in comparison.summaries):
        taken = [[goal.seconds(one) for one in comparison.of(each)] for each in labels]
        factor, unit = _unit([one for several in taken for one in several])
        scaled = [[factor * one for one in several] for several in taken]
        middles = [factor * one.seconds for one in comparison.summaries]
        label = f"{unit} to a {goal.in_words}"
        # The names stand at the left of both.
        panels.append(_spread_panel(("",) * len(names), colours, scaled, middles, label))
    return Chart(
        "Every training", _spread_words(comparison), tuple(panels), name="spread",
        shared_legend=True,
    )  # fmt: skip


def _spread_panel(
    names: tuple[str, ...],
    colours: Sequence[Colour],
    several: Sequence[Sequence[float]],
    middles: Sequence[float],
    label: str,
) -> Panel:
    marks: list[Mark] = []
    for place, numbers in enumerate(several):
        values = np.array(numbers, dtype=np.float64)
        # Neighbours in size stand at different heights, so that they do not hide each other.
        rank = np.argsort(np.argsort(values))
        height = place + APART * np.array([-1.0, 0.4, -0.3, 1.0])[rank % 4]
        known = np.isfinite(values)
        if known.any():
            faint = len(values) > MANY
            marks.append(Dots(values[known], height[known], colours[place], faint=faint))
    at = np.flatnonzero(np.isfinite(middles))
    low, high = at.astype(np.float64) - 0.36, at.astype(np.float64) + 0.36
    marks.append(Spans(np.array(middles)[at], low, high, "ink", "median"))
    every = np.concatenate([np.array(one, dtype=np.float64) for one in several])
    limits = len(names) - 0.5, -0.5
    return Panel(tuple(marks), label, "", y_limits=limits, log_x=_is_log(every), names=names)


def _spread_words(comparison: Comparison) -> str:
    said = []
    for one in comparison.summaries:
        text = (
            f"{one.label} {written_number(one.median)}" if math.isfinite(one.median) else one.label
        )
        if math.isfinite(one.seconds):
            text += f" after {written_seconds(one.seconds)}"
        elif comparison.goal is not None:
            text += f" (the goal in {one.reached} of {counted(one.trainings, 'training')})"
        said.append(text)
    about = "the seconds to the goal" if comparison.goal is not None else "its median"
    return (
        f"The {comparison.judged} of every training, each a dot, and {about}. Medians: "
        f"{'; '.join(said)}."
    )


def _nothing_to_draw() -> SetupError:
    return SetupError(
        "Every training failed, and there is nothing to draw.", "Lower the learning rates."
    )


def _unit(seconds: Sequence[float]) -> tuple[float, str]:
    """Return by what seconds are multiplied for an axis, and what they then are."""
    largest = max((one for one in seconds if math.isfinite(one)), default=0.0)
    return (1e3, "milliseconds") if largest < 0.5 else (1.0, "seconds")


def _row_name(one: Summary) -> str:
    """Return what a row of the spread is called: a training that failed has no dot in it."""
    if not one.failed:
        return one.label
    often = "" if one.failed == one.trainings else f" {one.failed} of {one.trainings}"
    return f"{one.label}: failed{often}"


def look_of(label: str, comparison: Comparison) -> tuple[Colour, bool]:
    """Return the colour of a setting's line, and whether it is dashed.

    They follow from its place among the settings as they were given, so that it looks alike in
    every picture, whichever is ahead.
    """
    place = list(comparison.settings).index(label)
    return LINE_COLOURS[place % len(LINE_COLOURS)], place % 2 == 1


def _is_log(numbers: NDArray[Any]) -> bool:
    known = numbers[np.isfinite(numbers)]
    return bool(known.size and known.min() > 0.0 and known.max() / known.min() > LOG_FROM)


def _loss_name(comparison: Comparison) -> str:
    run = next(one.run for one in comparison.trials if one.run is not None)
    return run.setup.losses[0].name.replace("_", " ")
