"""Scales: where the numbers of a chart stand on its picture, and which are written at its axes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.views.axes import (
    limits_of,
    log_limits_of,
    log_tick_texts,
    log_ticks,
    tick_texts,
    ticks,
)
from chainrule.views.charts import Bars, Dots, Line, Mark, Panel

LEFT, RIGHT, TOP, BOTTOM = 80, 14, 10, 46
# How wide a letter is, and how wide at most: what is written has room for its widest letters.
LETTER, WIDEST = 7.4, 8


def letters_in(room: float) -> int:
    """Return how many letters surely have room on a line."""
    return int(room // WIDEST)


class Scale:
    """Where numbers of a panel stand on its picture, in its units."""

    def __init__(self, panel: Panel, width: int, height: int) -> None:
        across, up = (log_limits_of if log else limits_of for log in (panel.log_x, panel.log_y))
        self.x_limits = panel.x_limits or across([_x_of(mark) for mark in panel.marks])
        if panel.whole_x and panel.x_limits is None:
            self.x_limits = (max(self.x_limits[0], 0.0), self.x_limits[1])
        self.y_limits = panel.y_limits or up([_y_of(mark) for mark in panel.marks])
        if panel.y_limits is None and any(isinstance(mark, Bars) for mark in panel.marks):
            self.y_limits = (0.0, self.y_limits[1])
        self.width, self.height = width, height
        self.log_x, self.log_y = panel.log_x, panel.log_y
        longest = max(map(len, panel.names), default=0)
        self.left = min(22 + LETTER * longest, width / 2) if longest else LEFT

    def x(self, numbers: Any) -> NDArray[np.float64]:
        """Return how far from the left edge numbers stand."""
        share = _shares(numbers, self.x_limits, self.log_x)
        return np.asarray(self.left + share * (self.width - self.left - RIGHT))

    def y(self, numbers: Any) -> NDArray[np.float64]:
        """Return how far from the upper edge numbers stand."""
        share = _shares(numbers, self.y_limits, self.log_y)
        return np.asarray(self.height - BOTTOM - share * (self.height - TOP - BOTTOM))


def _shares(numbers: Any, limits: tuple[float, float], log: bool) -> NDArray[np.float64]:
    """Return how far numbers are from the first limit (0) to the second (1)."""
    found = np.asarray(numbers, dtype=np.float64)
    low, high = limits
    if log:
        with np.errstate(divide="ignore", invalid="ignore"):
            found = np.log10(found)
        low, high = np.log10(low), np.log10(high)
    return np.asarray((found - low) / (high - low))


def ticks_of(
    limits: tuple[float, float], log: bool, whole: bool = False
) -> tuple[list[float], list[str]]:
    """Return where numbers stand at an axis, and how they are written."""
    if log:
        places = log_ticks(*limits)
        return places, log_tick_texts(places)
    places = ticks(min(limits), max(limits), whole=whole)
    return places, tick_texts(places)


def _x_of(mark: Mark) -> NDArray[Any]:
    return mark.edges if isinstance(mark, Bars) else mark.x


def _y_of(mark: Mark) -> NDArray[Any]:
    if isinstance(mark, Bars):
        return mark.height
    return mark.y if isinstance(mark, Line | Dots) else np.concatenate([mark.low, mark.high])
