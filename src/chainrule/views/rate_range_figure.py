"""The picture of a range test: the loss over learning rates, and the rate that is suggested."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from chainrule.views.charts import Chart, Dots, Line, Mark, Numbers, Panel
from chainrule.views.figures import drawn

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# How far above the smoothed losses single ones are shown, as a share of their height.
ROOM = 0.25


def rate_range_figure(
    rates: Numbers, losses: Numbers, smoothed: Numbers, suggestion: float | None
) -> Figure:
    """Return the loss before each step over the rate of the step, both (steps,).

    ``smoothed`` is shorter where the training was lost; what came after is not in the picture.
    """
    many = len(smoothed)
    low, high = _limits(losses[:many], smoothed)
    # What lies outside would be drawn over the edge.
    shown = (losses[:many] >= low) & (losses[:many] <= high)
    marks: list[Mark] = [
        Dots(rates[:many][shown], losses[:many][shown], "grey", "loss of a step", faint=True),
        Line(rates[:many], smoothed, "first", "smoothed"),
    ]
    if suggestion is not None:
        place = int(np.argmin(np.abs(np.log(rates[:many] / suggestion))))
        label = f"falls fastest: {suggestion:.2g}"
        marks.append(Dots(rates[[place]], smoothed[[place]], "second", label))
    panel = Panel(tuple(marks), "learning rate", "loss", y_limits=(low, high))
    figure = drawn(Chart("Loss over learning rates", "", (panel,), name="learning_rates"))
    figure.axes[0].set_xscale("log")
    return figure


def _limits(losses: Numbers, smoothed: Numbers) -> tuple[float, float]:
    """Return between which losses the picture lies: where the curve is, with room for its dots."""
    if not len(smoothed):
        return 0.0, 1.0
    low = float(min(losses.min(), smoothed.min()))
    # Where the training is lost the curve leaves the picture, or nothing else would be seen of it.
    begun = float(smoothed[0])
    high = min(float(losses.max()), begun + 0.6 * (begun - float(smoothed.min())) + 1e-12)
    high = max(high, float(np.quantile(losses[: max(5, len(losses) // 4)], 0.95)))
    room = ROOM * 0.2 * (high - low) or 1.0
    return low - room, high + room
