"""The picture of a network: units in columns, connections by the sign and size of a gradient.

Colour says the sign and so do the strokes: what is above 0 is a whole blue line, what is below 0 a
dashed orange one; exact zeros are dotted, and what is no number is crossed out. Both colours have
nearly the same lightness, so that no sign looks stronger.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import SetupError
from chainrule.explanation.asked_about import asked_about
from chainrule.explanation.written import written
from chainrule.network.network import Network
from chainrule.network.plan import Plan
from chainrule.training.records import load
from chainrule.training.run import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Numbers = NDArray[np.float64]

ABOVE, BELOW, NOTHING, LOST = "#1f6fb4", "#c2570c", "#8a8a8a", "#222222"
STYLES: Mapping[str, tuple[str, Any]] = {
    "above": (ABOVE, "-"),
    "below": (BELOW, (0, (4, 2))),
    "zero": (NOTHING, (0, (1, 3))),
}
SIGNS = {"above": "+", "below": "\N{MINUS SIGN}", "zero": "0", "lost": "\N{MULTIPLICATION SIGN}"}
MOST_UNITS = 10
# Numbers stand near the ends of lines, where those of few lines do not meet.
ALONG, MOST_LABELS = 0.8, 5


@dataclass(frozen=True, eq=False)
class Column:
    """Units that stand in one column: the value's name, which of them are drawn, and how many."""

    name: str
    layer: str
    drawn: tuple[int, ...]
    count: int


@dataclass(frozen=True, eq=False)
class Connection:
    """A weight matrix between two columns, (inputs, outputs), and the gradient at it."""

    parameter: str
    start: int
    end: int
    gradient: Numbers


def network_figure(
    what: Run | Network | str | Path,
    gradients: Mapping[str, Any] | None = None,
    *,
    sample: Any = None,
    x: Any = None,
    y: Any = None,
    loss: Any = None,
    data: Any = None,
    columns: Sequence[str] = (),
    most: int = MOST_UNITS,
    title: str = "",
) -> Figure:
    """Return a network's units and weights, each weight in the sign and size of its gradient.

    ``what``: a run, the folder of one, or a network. ``sample``, ``x``, ``y``, ``loss``, ``data``
    are those of ``explain``: without ``sample`` the gradient is that of the mean loss over all
    rows. Or ``gradients``: parameter -> array, as ``gradient()`` or ``backpropagate()`` give them;
    where they hold those at what layers give, the units show theirs, summed over rows. Of wide
    layers the ``most`` units with the largest gradients are drawn. ``columns`` are the names of the
    inputs.
    Raises SetupError for a network that is not one of dense layers, and for weights without a
    gradient; DataError where there are no rows.
    """
    from matplotlib.figure import Figure

    what = load(what) if isinstance(what, str | Path) else what
    if gradients is None:
        asked = asked_about(what, sample=sample, x=x, y=y, loss=loss, data=data)
        gradients, columns = asked.trace().own.gradients, columns or asked.columns
        rows = asked.names.names
        of = rows[0] if len(rows) == 1 else f"{len(rows):,} rows"
        title = title or f"Gradient of the loss of {of} at each weight"
    network = what.network if isinstance(what, Run) else what
    found, links = _columns_and_connections(network.plan, gradients, most)
    tall = max(len(one.drawn) for one in found)
    figure = Figure(
        figsize=(2.6 * len(found) + 1.2, min(9.0, max(3.4, 0.75 * tall + 1.8))),
        layout="constrained",
    )
    axes = figure.subplots()
    places = [_places(one, tall) for one in found]
    largest = _largest([one.gradient for one in links])
    few = max(len(found[one.start].drawn) for one in links) <= MOST_LABELS
    for link in links:
        _draw_links(axes, link, found, places, largest, labels=few and tall <= 2 * MOST_LABELS)
    for place, one in enumerate(found):
        names = columns if not place and len(columns) == one.count else ()
        _draw_units(axes, place, one, places[place], _at_units(gradients, one), names)
    _legend(axes, largest)
    axes.set_title(title or "Gradient of the loss at each weight", loc="left")
    axes.set_xlim(-0.75, len(found) - 0.45)
    axes.set_ylim(tall - 0.1, -0.9)
    axes.axis("off")
    return figure


def _columns_and_connections(
    plan: Plan, gradients: Mapping[str, Any], most: int
) -> tuple[list[Column], list[Connection]]:
    """Return the columns of a network whose weights are matrices, and what joins them."""
    value_of, order = {name: name for name in plan.inputs}, list(plan.inputs)
    joined: list[tuple[str, str, str]] = []
    for step in plan.steps:
        given = [value_of[name] for name in step.inputs if name in value_of]
        learned = [plan.by_name[name] for name in step.inputs if name in plan.by_name]
        matrices = [one.name for one in learned if len(one.shape) == 2]
        if matrices and given:
            value_of[step.outputs[0]] = step.outputs[0]
            order.append(step.outputs[0])
            joined.append((matrices[0], given[0], step.outputs[0]))
        elif given:
            # What follows a column without weights, an activation, is drawn as that column.
            value_of.update((name, given[0]) for name in step.outputs)
    if not joined or any(len(plan.shapes.get(one, plan.inputs.get(one, ()))) != 1 for one in order):
        raise SetupError(
            "The picture shows units in columns, and a layer here gives no single row of units.",
            "Draw a network of dense layers.",
        )
    for name, _, _ in joined:
        if name not in gradients:
            raise SetupError(
                f"There is no gradient at {name} among those that are given.",
                "Give the gradients at all weights, or rows: x=..., y=....",
            )
    slopes = {name: np.asarray(gradients[name], dtype=np.float64) for name, _, _ in joined}
    layers = {name: step.layer for step in plan.steps for name in step.outputs}
    columns = []
    for name in order:
        width = (plan.inputs.get(name) or plan.shapes[name])[0]
        strength = np.zeros(width)
        for parameter, start, end in joined:
            if start == name:
                strength += np.abs(slopes[parameter]).sum(axis=1)
            if end == name:
                strength += np.abs(slopes[parameter]).sum(axis=0)
        kept = np.sort(np.argsort(-strength, kind="stable")[:most])
        columns.append(Column(name, layers.get(name, name), tuple(kept.tolist()), width))
    place = {name: number for number, name in enumerate(order)}
    links = [Connection(one, place[a], place[b], slopes[one]) for one, a, b in joined]
    return columns, links


def _places(column: Column, tall: int) -> Numbers:
    """Return the heights of a column's units, from the top; columns share their middle."""
    count = len(column.drawn)
    return np.arange(count, dtype=np.float64) + (tall - count) / 2.0


def _largest(parts: Sequence[Numbers]) -> float:
    every = np.concatenate([np.abs(one).reshape(-1) for one in parts])
    return float(np.max(every[np.isfinite(every)], initial=0.0))


def kind_of_gradient(number: float) -> str:
    """Return how a gradient is drawn: "above", "below", "zero", or "lost" where it is no number."""
    if not math.isfinite(number):
        return "lost"
    return "above" if number > 0 else "below" if number < 0 else "zero"


def _draw_links(
    axes: Axes,
    link: Connection,
    columns: Sequence[Column],
    places: Sequence[Numbers],
    largest: float,
    labels: bool,
) -> None:
    starts, ends = columns[link.start].drawn, columns[link.end].drawn
    for a, start in enumerate(starts):
        for b, end in enumerate(ends):
            number = float(link.gradient[start, end])
            line = ((link.start, link.end), (places[link.start][a], places[link.end][b]))
            kind = kind_of_gradient(number)
            # Roots, so that small gradients are seen beside large ones.
            share = math.sqrt(abs(number) / largest) if largest and kind != "lost" else 0.0
            colour, style = STYLES.get(kind, (LOST, "-"))
            axes.plot(
                *line,
                color=colour,
                linestyle=style,
                linewidth=0.6 + 3.4 * share,
                alpha=0.35 + 0.65 * share if kind != "lost" else 1.0,
                zorder=1 + share,
                gid=f"{link.parameter}[{start},{end}]",
            )
            x, y = (begin + ALONG * (finish - begin) for begin, finish in line)
            if kind == "lost":
                axes.plot(x, y, "x", color=LOST, markersize=8, zorder=4)
            if labels:
                _label(axes, x, y, number, colour)


def _label(axes: Axes, x: float, y: float, number: float, colour: str) -> None:
    text = f"+{written(number)}" if number > 0 else written(number)
    box = {"boxstyle": "round,pad=0.1", "facecolor": "white", "edgecolor": "none", "alpha": 0.85}
    axes.text(x, y, text, color=colour, fontsize=7.5, ha="center", va="center", bbox=box, zorder=5)


def _at_units(gradients: Mapping[str, Any], column: Column) -> Numbers | None:
    """Return the gradient at each unit of a column, summed over rows, where it is known."""
    found = gradients.get(column.name)
    return None if found is None else np.asarray(found, dtype=np.float64).sum(axis=0)


def _draw_units(
    axes: Axes,
    place: int,
    column: Column,
    heights: Numbers,
    slopes: Numbers | None,
    names: Sequence[str],
) -> None:
    for number, height in zip(column.drawn, heights.tolist(), strict=True):
        colour, sign = LOST, ""
        if slopes is not None:
            kind = kind_of_gradient(float(slopes[number]))
            colour = STYLES.get(kind, (LOST, "-"))[0]
            sign = SIGNS[kind]
        axes.plot(
            place, height, "o", markersize=19, color="white", markeredgecolor=colour, zorder=6,
            markeredgewidth=1.8,
        )  # fmt: skip
        axes.text(
            place, height, sign or str(number), color=colour, ha="center", va="center", zorder=7,
            fontsize=11 if sign else 8,
        )  # fmt: skip
        if names:
            axes.text(place - 0.13, height, names[number], ha="right", va="center", fontsize=8)
    left = column.count - len(column.drawn)
    rest = f"\nand {left:,} more" if left else ""
    text = f"{column.layer}{rest}"
    axes.text(place, float(heights[0]) - 0.42, text, ha="center", va="bottom", fontsize=9)


def _legend(axes: Axes, largest: float) -> None:
    from matplotlib.lines import Line2D

    said = {
        "above": "above 0: descent makes the weight smaller",
        "below": "below 0: descent makes it larger",
        "zero": "exactly 0",
    }
    lines = [
        Line2D([], [], color=STYLES[kind][0], linestyle=STYLES[kind][1], label=text, linewidth=2)
        for kind, text in said.items()
    ]
    axes.legend(
        handles=lines,
        loc="upper center",
        bbox_to_anchor=(0.5, 0.02),
        ncols=3,
        frameon=False,
        fontsize=8,
        title=f"widest line: {written(largest)}",
        title_fontsize=8,
    )
