"""Pictures of the loss around a network: a line with its tangent, a plane with the path on it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.explanation.loss_slices import (
    Direction,
    LossPlane,
    LossSlice,
    loss_plane,
    loss_slice,
)
from chainrule.explanation.run_rows import rows_of_run
from chainrule.explanation.written import written
from chainrule.network.network import Network
from chainrule.training.records import load
from chainrule.training.run import Run
from chainrule.views.axes import drawable
from chainrule.views.charts import Chart, Dots, Line, Panel
from chainrule.views.figures import COLOURS, drawn

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# How much of the picture is above and below the curve, so that a steep tangent does not flatten it.
ROOM = 0.1
LEVELS = 18
# Beyond the highest level, so that the darkest grey leaves the path to be seen.
DARKEST = 7.5


def slice_figure(
    what: Run | Network | LossSlice | str | Path, along: Direction = "", **given: Any
) -> Figure:
    """Return the loss along one weight or a direction, with the tangent where the network stands.

    ``what``: a run, the folder of one, or a network. ``along``: ``dense_1.W[2,0]``, or a direction,
    flat (parameters,) or name -> array. ``sample``, ``x``, ``y``, ``loss``, ``data`` are those of
    ``explain``: without ``sample`` the loss is the mean over all rows. ``span``: how far to each
    side; ``points``: at how many places. The tangent is what the gradient promises: where curve and
    line part, a step is too long to trust it.
    Raises SetupError for a weight that is not there, ShapeError for a direction that does not fit,
    DataError where there are no rows.
    """
    what = load(what) if isinstance(what, str | Path) else what
    one = what if isinstance(what, LossSlice) else loss_slice(what, along, **given)
    finite = drawable(one.losses)
    low, high = float(one.losses[finite].min()), float(one.losses[finite].max())
    room = ROOM * (high - low) or 0.5
    shown = (one.tangent >= low - room) & (one.tangent <= high + room)
    marks = (
        Line(one.places[finite], one.losses[finite], "first", "loss"),
        Line(
            one.places[shown],
            one.tangent[shown],
            "second",
            f"tangent: slope {written(one.slope)}",
            dashed=True,
        ),
        Dots(np.array([one.at]), np.array([one.loss]), "ink", f"here: {written(one.loss)}"),
    )
    rows = one.of or f"{one.rows:,} rows"
    panel = Panel(marks, one.name, f"loss of {rows}", y_limits=(low - room, high + room))
    words = (
        f"The loss along {one.name}: {written(one.loss)} at {written(one.at)}, with the slope "
        f"{written(one.slope)}; from {written(low)} to {written(high)} in the picture."
    )
    return drawn(Chart(f"Loss along {one.name}", words, (panel,), name="slice"))


def plane_figure(
    what: Run | LossPlane | str | Path,
    weights: tuple[str, str] | None = None,
    *,
    data: Any = None,
    **given: Any,
) -> Figure:
    """Return the loss over a plane, with the path of the training on it and how much it holds.

    ``what``: a run, or the folder of one. ``weights``: two of its weights, (``dense_1.W[0,0]``,
    ``dense_2.b[0]``); by default the plane is the one that holds most of the path. ``data``: the
    table of a run again, where it is no longer where it was. ``points``: at how many places along
    each side. Where the plane holds little of the path, the losses under its shadow are not those
    that the training had.
    Raises SetupError for weights that are not there, and where there is no path; DataError where
    there are no rows.
    """
    from matplotlib.figure import Figure

    what = load(what) if isinstance(what, str | Path) else what
    if isinstance(what, LossPlane):
        plane = what
    else:
        given = {"rows": rows_of_run(what, data), **given}
        plane = loss_plane(what, weights, **given)
    figure = Figure(figsize=(7.0, 5.0), layout="constrained")
    axes = figure.subplots()
    finite = np.where(drawable(plane.losses), plane.losses, np.nan)
    # Levels of equal ratios above the lowest loss, for a valley is flat at its bottom.
    low, high = float(np.nanmin(finite)), float(np.nanmax(finite))
    depth = np.log1p((finite - low) / (high - low) * 100.0) if high > low else finite * 0.0
    steps = np.linspace(0.0, np.log1p(100.0), LEVELS)
    filled = axes.contourf(
        plane.across, plane.upwards, depth, levels=steps, cmap="Greys", vmax=DARKEST
    )
    axes.contour(plane.across, plane.upwards, depth, levels=steps, colors="white", linewidths=0.4)
    path = plane.path
    axes.plot(*path.T, "-", color=COLOURS["first"], linewidth=1.6, label="path of the training")
    axes.plot(*path.T, ".", color=COLOURS["first"], markersize=4)
    axes.plot(*path[0], "s", color=COLOURS["first"], markersize=8, label="start")
    axes.plot(
        *path[-1], "*", color=COLOURS["second"], markersize=15, markeredgecolor="white", label="end"
    )
    bar = figure.colorbar(filled, ax=axes, label=f"loss over {plane.rows:,} rows")
    shown = steps[:: max(1, LEVELS // 6)]
    bar.set_ticks(
        shown.tolist(),
        labels=[written(low + (high - low) * float(np.expm1(one)) / 100.0) for one in shown],
    )
    axes.set_xlabel(plane.names[0])
    axes.set_ylabel(plane.names[1])
    axes.set_title(plane.sentence(), loc="left", fontsize=10.5)
    axes.legend(frameon=True, framealpha=0.9, loc="best")
    return figure
