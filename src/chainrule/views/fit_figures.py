"""The four pictures of a fit: performance, training state, error histogram, regression."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import SetupError
from chainrule.training.fit import Fit, Regression
from chainrule.views.charts import Chart, Colour, Dots, Line, Panel, loss_name
from chainrule.views.figures import COLOURS, drawn

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Numbers = NDArray[np.float64]

PART_COLOURS: Mapping[str, Colour] = {"training": "first", "validation": "second", "test": "third"}
BINS = 20
MOST_DOTS = 2000
# Columns of a history that are losses and scores, and not the state of an optimizer.
NO_STATE = ("loss", "penalty", "learning_rate", "gradient")
MOST_STATES = 2
LOOKED_FOR = ("mu", "effective_parameters")


def performance_figure(fit: Fit) -> Figure:
    """Return the losses of all parts over epochs, with the best epoch marked."""
    _refuse_without_epochs(fit)
    run = fit.run
    marks: list[Line | Dots] = []
    names = {"training": "loss", "validation": "validation_loss", "test": "test_loss"}
    for part, column in names.items():
        losses = np.array(run.history.get(column, []))
        if len(losses):
            epochs = np.arange(1.0, len(losses) + 1.0)
            marks.append(Line(epochs, losses, PART_COLOURS[part], part, dashed=part == "test"))
    best = run.best_epoch
    judged = run.history.get("validation_loss", run.history["loss"])
    title = "Performance"
    if best:
        lowest = judged[best - 1]
        colour: Colour = "second" if "validation_loss" in run.history else "first"
        marks.append(Dots(np.array([float(best)]), np.array([lowest]), colour, f"epoch {best}"))
        title = f"Performance: {_best_of(fit)} {lowest:.4g} at epoch {best}"
    scaled = "" if fit.is_classification else ", targets from -1 to 1"
    label = f"{loss_name(run)}{scaled}"
    positive = all((mark.y > 0.0).all() for mark in marks)
    panel = Panel(tuple(marks), "epoch", label, whole_x=True, log_y=positive)
    return drawn(Chart(title, "", (panel,), name="performance"))


def _best_of(fit: Fit) -> str:
    return "best validation loss" if "validation_loss" in fit.run.history else "training loss"


def training_state_figure(fit: Fit) -> Figure:
    """Return the gradient, what the optimizer tells of itself, and validation checks."""
    _refuse_without_epochs(fit)
    epochs = np.arange(1.0, fit.run.recording.epochs + 1.0)
    panels: list[Panel] = []
    if "gradient" in fit.run.history:
        panels.append(_state_panel(epochs, np.array(fit.run.history["gradient"]), "gradient"))
    for name, column in _states(fit).items():
        panels.append(_state_panel(epochs, column, name.replace("_", " ")))
    checks = validation_checks(fit)
    if len(checks):
        line = Line(epochs, checks, "second")
        top = max(float(checks.max()), 1.0) * 1.08
        panels.append(Panel((line,), "", "checks", whole_x=True, y_limits=(0.0, top)))
    ended = f"Training state: {fit.run.ended}"
    limits = (0.0, epochs[-1] + 0.5)
    whole = [_with_x(one, limits, one is panels[-1]) for one in panels]
    figure = drawn(Chart(ended, "", tuple(whole), stacked=True, name="training_state"))
    figure.align_ylabels()
    return figure


def _with_x(panel: Panel, limits: tuple[float, float], last: bool) -> Panel:
    return replace(panel, x_label="epoch" if last else "", x_limits=limits)


def _state_panel(epochs: Numbers, column: Numbers, label: str) -> Panel:
    known = np.isfinite(column)
    positive = bool((column[known] > 0.0).all())
    line = Line(epochs[known], column[known], "first")
    return Panel((line,), "", label, whole_x=True, log_y=positive)


def validation_checks(fit: Fit) -> Numbers:
    """Return after each epoch how many there were since the lowest validation loss: (epochs,)."""
    lowest, since, found = np.inf, 0, []
    for loss in fit.run.history.get("validation_loss", []):
        since = 0 if loss < lowest else since + 1
        lowest = min(lowest, loss)
        found.append(float(since))
    return np.array(found)


def _states(fit: Fit) -> dict[str, Numbers]:
    """Return what an optimizer tells of itself for each epoch, such as mu."""
    named = {
        name: np.array(column)
        for name, column in fit.run.history.items()
        if name not in NO_STATE and not name.startswith(("validation_", "test_"))
    }
    order = sorted(named, key=lambda name: name not in LOOKED_FOR)
    return {name: named[name] for name in order[:MOST_STATES]}


def error_histogram_figure(fit: Fit) -> Figure:
    """Return how many rows of each part are off by how much, in ``BINS`` bins."""
    from matplotlib.ticker import MaxNLocator

    figure, axes = _plain_figure(7.0, 4.0)
    pairs = _number_pairs(fit)
    errors = {part: np.ravel(truth - output) for part, (truth, output) in pairs.items()}
    edges = np.histogram_bin_edges(np.concatenate(list(errors.values())), BINS)
    below = np.zeros(BINS)
    for part, off in errors.items():
        count, _ = np.histogram(off, edges)
        axes.bar(
            edges[:-1],
            count,
            np.diff(edges),
            below,
            align="edge",
            color=COLOURS[PART_COLOURS[part]],
            alpha=0.75,
            linewidth=0.6,
            edgecolor="white",
            label=part,
        )
        below += count
    axes.axvline(0.0, color=COLOURS["ink"], linewidth=1.2, linestyle="--", label="no error")
    axes.set_title(f"Error histogram, {BINS} bins", loc="left")
    axes.set_xlabel("error: target minus output")
    axes.set_ylabel("rows" if fit.y.ndim == 1 else "numbers")
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(frameon=False)
    _plain_axes(axes)
    return figure


def regression_figure(fit: Fit) -> Figure:
    """Return outputs over targets with the line through them and R, for each part and for all."""
    from matplotlib.figure import Figure

    pairs = _number_pairs(fit)
    every = tuple(np.concatenate([np.ravel(one[place]) for one in pairs.values()])
                  for place in (0, 1))  # fmt: skip
    low, high = (float(found(np.concatenate(every))) for found in (np.min, np.max))
    room = 0.05 * (high - low) or 1.0
    ends = np.array([low - room, high + room])
    shown: dict[str, tuple[Numbers, Numbers]] = {
        part: (np.ravel(truth), np.ravel(output)) for part, (truth, output) in pairs.items()
    }
    shown["all"] = (every[0], every[1])
    rows = (len(shown) + 1) // 2
    figure = Figure(figsize=(8.0, 4.0 * rows), layout="constrained")
    grid = figure.subplots(rows, 2, squeeze=False).reshape(-1)
    for axes, (part, (truth, output)) in zip(grid, shown.items(), strict=False):
        _regression_axes(axes, part, truth, output, ends)
    for axes in grid[len(shown) :]:
        axes.set_visible(False)
    return figure


def _regression_axes(axes: Axes, part: str, truth: Numbers, output: Numbers, ends: Numbers) -> None:
    line = Regression.of(truth, output)
    drawn_rows = np.unique(np.linspace(0, len(truth) - 1, MOST_DOTS).astype(np.int64))
    colour = COLOURS[PART_COLOURS.get(part, "ink")]
    axes.plot(
        ends, ends, color=COLOURS["grey"], linestyle="--", linewidth=1.0, label="output = target"
    )
    axes.plot(
        truth[drawn_rows], output[drawn_rows], "o", color=colour, markersize=3.5, alpha=0.45,
        markeredgewidth=0,
    )  # fmt: skip
    if np.isfinite(line.slope):
        sign = "+" if line.intercept >= 0 else "-"
        label = f"{line.slope:.3g} target {sign} {abs(line.intercept):.3g}"
        axes.plot(ends, line.slope * ends + line.intercept, color=colour, label=label)
    axes.set_title(f"{part}: R = {line.r:.4f}", loc="left")
    axes.set_xlim(*ends)
    axes.set_ylim(*ends)
    axes.set_aspect("equal")
    axes.set_xlabel("target")
    axes.set_ylabel("output")
    axes.legend(frameon=False, loc="upper left")
    _plain_axes(axes)


def _number_pairs(fit: Fit) -> dict[str, tuple[NDArray[Any], NDArray[Any]]]:
    """Return targets and outputs of each part. Raises SetupError for labels, and for NaN."""
    if fit.is_classification:
        raise SetupError(
            "Errors and regressions are of numbers, and this fit predicts labels.",
            "Look at fit.scores, or at the pictures 'performance' and 'training_state'.",
        )
    pairs = fit.pairs()
    if not all(np.isfinite(output).all() for _, output in pairs.values()):
        raise SetupError("The outputs are not all finite.", "Fit with another seed or optimizer.")
    return pairs


def _refuse_without_epochs(fit: Fit) -> None:
    if not fit.run.recording.epochs:
        raise SetupError("The fit has no epochs to draw.", "Fit for an epoch or more.")


def _plain_figure(width: float, height: float) -> tuple[Figure, Axes]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots()


def _plain_axes(axes: Axes) -> None:
    axes.grid(alpha=0.25)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


FIGURES: Mapping[str, Callable[[Fit], Figure]] = {
    "performance": performance_figure,
    "training_state": training_state_figure,
    "error_histogram": error_histogram_figure,
    "regression": regression_figure,
}
