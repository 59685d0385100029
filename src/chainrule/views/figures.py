"""Figures with matplotlib. Each function returns a Figure and shows nothing by itself."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from chainrule.training.run import Run
from chainrule.training.tables.fold_records import folds_of
from chainrule.views.axes import log_tick_texts, log_ticks
from chainrule.views.charts import (
    Band,
    Bars,
    Chart,
    Dots,
    Line,
    Mark,
    Panel,
    Spans,
    folds_chart,
    loss_chart,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Blue and orange of equal lightness, told apart by colour-blind eyes too; lines differ in dashes.
COLOURS = {
    "first": "#1f6fb4",
    "second": "#c2570c",
    "third": "#0f8a6d",
    "fourth": "#a8437f",
    "fifth": "#8a7200",
    "sixth": "#6b4fb0",
    "seventh": "#3a9bc4",
    "grey": "#777777",
    "ink": "#222222",
}

# Keys of a legend below a figure.
MOST_BESIDE = 4
# Letters across a wide figure, and how many of them a key and its gap take.
LETTERS = 112
KEY_LETTERS = 8
# Names of rows are broken where they are longer.
MOST_OF_A_NAME = 34


def loss_figure(run: Run) -> Figure:
    """Return the losses over epochs, with the epoch that was kept; of a table's run its folds'.

    Raises SetupError for a run of no epochs.
    """
    return folds_figure(run) if "folds" in run.notes else drawn(loss_chart(run))


def folds_figure(run: Run) -> Figure:
    """Return the losses of each fold of a table's run, the epochs chosen, and the last training.

    Raises SetupError for a run without a fold that has ended.
    """
    return drawn(folds_chart(run, folds_of(run)))


def drawn(chart: Chart) -> Figure:
    """Return a chart as a figure."""
    from matplotlib.figure import Figure

    panels = chart.panels
    wide = len(panels) > 1 and not chart.stacked
    tall = chart.stacked
    figure = Figure(figsize=(9.0 if wide else 7.0, 5.5 if tall else 4.0), layout="constrained")
    figure.set_figheight(figure.get_figheight() + _more_height(chart))
    if tall:
        shares = [panel.height for panel in panels]
        every = figure.subplots(len(panels), 1, height_ratios=shares, squeeze=False)[:, 0]
    else:
        every = figure.subplots(1, len(panels), squeeze=False)[0]
    for axes, panel in zip(every, panels, strict=True):
        _draw_panel(axes, panel, legend=not chart.shared_legend)
        if wide:
            axes.set_xlabel(textwrap.fill(panel.x_label, _letters_below(chart)))
    every[0].set_title(chart.title, loc="left")
    if chart.shared_legend:
        named = dict(zip(*reversed(every[0].get_legend_handles_labels()), strict=True))
        columns = columns_of(list(named))
        figure.legend(
            named.values(), named, loc="outside lower center", ncols=columns, frameon=False
        )
    return figure


def columns_of(labels: Sequence[str]) -> int:
    """Return in how many columns a legend below a figure has room for its labels."""
    for columns in range(min(len(labels), MOST_BESIDE), 1, -1):
        rows = -(-len(labels) // columns)
        longest = [max(map(len, labels[at : at + rows])) for at in range(0, len(labels), rows)]
        if sum(longest) + columns * KEY_LETTERS <= LETTERS:
            return columns
    return 1


def _more_height(chart: Chart) -> float:
    """Return how many inches more a figure takes for many names, or many rows of a legend."""
    labels = [mark.label for mark in chart.panels[0].marks if mark.label]
    names = sum(len(_lines(one)) for one in chart.panels[0].names)
    keys = -(-len(labels) // columns_of(labels)) if chart.shared_legend else 0
    return 0.2 * (max(keys - 3, 0) + max(names - 12, 0))


def _letters_below(chart: Chart) -> int:
    """Return how many letters of a label have room below each of several panels."""
    names = [line for panel in chart.panels for one in panel.names for line in _lines(one)]
    return (LETTERS - max(map(len, names), default=0)) // len(chart.panels)


def _lines(name: str) -> list[str]:
    return textwrap.wrap(name, MOST_OF_A_NAME)


def _draw_panel(axes: Axes, panel: Panel, legend: bool) -> None:
    from matplotlib.ticker import MaxNLocator

    if panel.log_x:
        axes.set_xscale("log")
    if panel.log_y:
        axes.set_yscale("log")
    for mark in panel.marks:
        _draw(axes, mark)
    axes.set_xlabel(panel.x_label)
    axes.set_ylabel(panel.y_label)
    if panel.whole_x:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    if panel.x_limits is not None:
        axes.set_xlim(*panel.x_limits)
    if panel.y_limits is not None:
        axes.set_ylim(*panel.y_limits)
    if panel.names:
        names = ["\n".join(_lines(one)) for one in panel.names]
        axes.set_yticks(range(len(names)), labels=names)
    _log_ticks(axes, panel)
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    if legend and any(mark.label for mark in panel.marks):
        # Matplotlib looks for room among lines and dots, not among spans.
        spans = any(isinstance(mark, Spans) for mark in panel.marks)
        axes.legend(frameon=False, loc="lower right" if spans else "best")


def _log_ticks(axes: Axes, panel: Panel) -> None:
    """Put the numbers at logarithmic axes where a page has them, too."""
    if panel.log_x:
        places = log_ticks(*axes.get_xlim())
        axes.set_xticks(places, labels=log_tick_texts(places))
        axes.minorticks_off()
    if panel.log_y:
        places = log_ticks(*axes.get_ylim())
        axes.set_yticks(places, labels=log_tick_texts(places))
        axes.minorticks_off()


def _draw(axes: Axes, mark: Mark) -> None:
    colour, label = COLOURS[mark.colour], mark.label or None
    if isinstance(mark, Line):
        # A line of one point is not seen.
        axes.plot(
            mark.x,
            mark.y,
            color=colour,
            label=label,
            linestyle="--" if mark.dashed else "-",
            marker="o" if len(mark.x) == 1 else None,
            alpha=0.6 if mark.faint else 1.0,
            linewidth=1.0 if mark.faint else 1.6,
        )
    elif isinstance(mark, Dots):
        axes.plot(
            mark.x,
            mark.y,
            "o",
            color=colour,
            label=label,
            clip_on=False,
            markersize=3 if mark.faint else 6,
            markeredgewidth=0 if mark.faint else 1,
            alpha=0.5 if mark.faint else 1.0,
        )
    elif isinstance(mark, Spans):
        axes.vlines(mark.x, mark.low, mark.high, color=colour, label=label or "", linewidth=1.2)
    elif isinstance(mark, Band):
        axes.fill_between(mark.x, mark.low, mark.high, color=colour, alpha=0.15, linewidth=0)
    elif isinstance(mark, Bars):
        widths = mark.edges[1:] - mark.edges[:-1]
        axes.bar(mark.edges[:-1], mark.height, widths, align="edge", color=colour, alpha=0.6)
