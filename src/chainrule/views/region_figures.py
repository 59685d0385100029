"""What a run decides over two of its inputs: regions of classes, or the number that it predicts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import SetupError, ShapeError
from chainrule.training.rows import input_array
from chainrule.training.run import Run
from chainrule.views.figures import COLOURS

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
    run: Run,
    x: Any,
    y: Any = None,
    *,
    columns: tuple[int, int] = (0, 1),
    names: Sequence[str] = (),
    points: int = POINTS,
) -> Figure:
    """Return which class a run predicts over two of its inputs, with rows on it.

    ``x`` (rows, inputs) says how far the picture reaches, and its rows are drawn where ``y``
    (rows,), their labels, is given. ``columns`` are the two inputs; all others are held at the
    median of ``x``, which is said in the title. ``names`` are those of all inputs.
    Raises SetupError for a run that predicts numbers, or more than seven classes; ShapeError for
    rows of another width.
    """
    from matplotlib.figure import Figure

    labels = _classes(run)
    rows = input_array(x, "x")
    wide = rows.shape[1] if rows.ndim == 2 else 0
    if len(set(columns)) != 2 or not all(0 <= one < wide for one in columns):
        raise ShapeError(
            f"x is {rows.shape}, and columns={columns!r} are no two of its inputs.",
            f"Give two numbers from 0 to {wide - 1}." if wide > 1 else "Give (rows, inputs).",
        )
    across, upwards = (_reach(rows[:, one], points) for one in columns)
    grid = np.tile(np.median(rows, axis=0), (len(across) * len(upwards), 1))
    grid[:, list(columns)] = np.stack(np.meshgrid(across, upwards), axis=-1).reshape(-1, 2)
    shares = np.asarray(run.predict_proba(grid)).reshape(len(upwards), len(across), -1)
    figure = Figure(figsize=(6.4, 5.0), layout="constrained")
    axes = figure.subplots()
    regions = _draw_regions(axes, across, upwards, shares, labels)
    if y is not None:
        _draw_rows(axes, rows[:, list(columns)], np.asarray(y), labels)
    named = list(names) if len(names) == wide else [f"input {one}" for one in range(wide)]
    axes.set_xlabel(named[columns[0]])
    axes.set_ylabel(named[columns[1]])
    held = wide - 2
    others = f"; {held} other input{'s' * (held > 1)} at the median" if held else ""
    axes.set_title(f"What is predicted where{others}", loc="left")
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


def _draw_rows(axes: Axes, rows: NDArray[Any], y: NDArray[Any], labels: Sequence[Any]) -> None:
    if y.shape != (len(rows),):
        raise ShapeError(
            f"y is {y.shape} for {len(rows)} rows.", "Give one label for each row of x."
        )
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
