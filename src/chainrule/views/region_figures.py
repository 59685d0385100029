"""What a run decides over two of its inputs: regions of classes, or the number that it predicts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import SetupError
from chainrule.training.records import load
from chainrule.training.run import Run
from chainrule.views.figures import COLOURS
from chainrule.views.region_rows import Pair, TwoInputs, two_inputs

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

POINTS = 201
NAMES = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh")
# Classes differ in marks and hatches as well as in colour.
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
HATCHES = ("", "//", "..", "\\\\", "xx", "--", "||")
CLASSES = len(NAMES)
MOST_DOTS = 2000


def regions_figure(
    run: Run | str | Path,
    x: Any = None,
    y: Any = None,
    *,
    columns: Pair | None = None,
    names: Sequence[str] = (),
    points: int = POINTS,
    data: Any = None,
) -> Figure:
    """Return which class a run predicts over two of its inputs, with rows on it.

    ``run``: a run, or the folder of one. ``x`` (rows, inputs), or a table, says how far the picture
    reaches, and its rows are drawn where ``y`` (rows,), their labels, is given, or the table has
    them; by default they are the rows that the run was trained on. ``columns`` are the two inputs,
    by number or name, of a table two columns of numbers; by default the first two. All others are
    held at the median of ``x``, for a table at the usual row of an explained prediction, which is
    said in the title. ``names`` are those of all inputs. ``data``: the table of a run again, where
    it is no longer where it was.
    Raises SetupError for a run that predicts numbers, or more than seven classes; DataError where
    there are no rows; ShapeError for rows of another width.
    """
    from matplotlib.figure import Figure

    run = load(run) if isinstance(run, str | Path) else run
    labels = _classes(run)
    two = two_inputs(run, x, y, columns, names, data)
    across, upwards = (_reach(one, points) for one in two.rows.T)
    grid = two.filled(np.stack(np.meshgrid(across, upwards), axis=-1).reshape(-1, 2))
    shares = np.asarray(run.predict_proba(grid)).reshape(len(upwards), len(across), -1)
    figure = Figure(figsize=(6.4, 5.0), layout="constrained")
    axes = figure.subplots()
    regions = _draw_regions(axes, across, upwards, shares, labels)
    _draw_rows(axes, two, labels)
    axes.set_xlabel(two.names[0])
    axes.set_ylabel(two.names[1])
    axes.set_title(f"What is predicted where{two.held}", loc="left")
    axes.legend(handles=[*regions, *axes.get_legend_handles_labels()[0]], framealpha=0.9)
    return figure


def _classes(run: Run) -> tuple[Any, ...]:
    """Return the classes of a run. Raises SetupError where there are none, or too many."""
    target = run.setup.targets[0]
    if target.task != "classification" or len(run.setup.targets) > 1:
        raise SetupError(
            "The run does not predict one class, and regions are those of classes.",
            "Draw a slice of its loss, or its predictions.",
        )
    if len(run.classes) > CLASSES:
        raise SetupError(
            f"The run knows {len(run.classes)} classes, and {CLASSES} can be told apart.",
            "Draw a run of fewer classes.",
        )
    return run.classes


def _reach(values: NDArray[Any], points: int) -> NDArray[Any]:
    low, high = float(values.min()), float(values.max())
    room = 0.12 * (high - low) or 0.5
    return np.linspace(low - room, high + room, max(3, points))


def _draw_regions(
    axes: Axes,
    across: NDArray[Any],
    upwards: NDArray[Any],
    shares: NDArray[Any],
    labels: Sequence[Any],
) -> list[Patch]:
    """Draw where each class is predicted; return what stands for each in a legend."""
    from matplotlib.patches import Patch

    found = []
    decided = shares.argmax(axis=-1)
    for number, label in enumerate(labels):
        colour = COLOURS[NAMES[number]]
        inside = np.where(decided == number, 1.0, 0.0)
        if inside.any():
            axes.contourf(
                across, upwards, inside, levels=[0.5, 1.5], colors=[colour], alpha=0.22,
                hatches=[HATCHES[number]],
            )  # fmt: skip
        text = f"predicted: {label}"
        found.append(Patch(facecolor=colour, alpha=0.35, hatch=HATCHES[number], label=text))
    others = np.sort(shares, axis=-1)
    # Where two classes are as likely as each other, and more so than all others.
    lead = np.where(decided == decided.min(), 1.0, -1.0) * (others[..., -1] - others[..., -2])
    if len(labels) == 2 and lead.min() < 0 < lead.max():
        axes.contour(across, upwards, lead, levels=[0.0], colors=[COLOURS["ink"]], linewidths=1.2)
    return found


def _draw_rows(axes: Axes, two: TwoInputs, labels: Sequence[Any]) -> None:
    rows, y = two.rows, two.labels
    if y is None:
        return
    chosen = np.linspace(0, len(rows) - 1, min(len(rows), MOST_DOTS)).round().astype(np.int64)
    for number, label in enumerate(labels):
        own = rows[chosen][y[chosen] == label]
        axes.plot(
            *own.T,
            MARKERS[number],
            color=COLOURS[NAMES[number]],
            markersize=4,
            markeredgecolor="white",
            markeredgewidth=0.4,
            label=f"is: {label}",
        )
