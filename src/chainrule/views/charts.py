"""Charts as plain data: what is drawn, before it is known with what.

``figures.py`` draws them with matplotlib, ``svg.py`` on a page.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from chainrule.data.decisions import counted
from chainrule.errors import SetupError
from chainrule.training.run import Run
from chainrule.training.tables.fold_records import FoldRun
from chainrule.training.tables.intervals import counting, wilson
from chainrule.training.tables.measures import BINS, ClassPredictions
from chainrule.training.tables.sentences import written_number
from chainrule.views.axes import drawable
from chainrule.views.course import loss_of

Numbers = NDArray[np.float64]
# Told apart by colour-blind eyes too: "first" is blue, "second" orange, "grey" is what to compare
# with, "ink" the colour of the text.
Colour = Literal["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "grey", "ink"]

MOST_DOTS = 2000


@dataclass(frozen=True, eq=False)
class Line:
    """A line through points (n,), (n,), one point as a dot; ``label`` "" is not in the legend."""

    x: Numbers
    y: Numbers
    colour: Colour
    label: str = ""
    dashed: bool = False
    faint: bool = False


@dataclass(frozen=True, eq=False)
class Dots:
    """Points (n,), (n,); ``faint`` where many lie over each other."""

    x: Numbers
    y: Numbers
    colour: Colour
    label: str = ""
    faint: bool = False


@dataclass(frozen=True, eq=False)
class Spans:
    """Upright lines at ``x`` from ``low`` to ``high``, (n,) each."""

    x: Numbers
    low: Numbers
    high: Numbers
    colour: Colour
    label: str = ""


@dataclass(frozen=True, eq=False)
class Bars:
    """Bars from 0 to ``height`` (n,) between neighbouring ``edges`` (n + 1,)."""

    edges: Numbers
    height: Numbers
    colour: Colour
    label: str = ""


@dataclass(frozen=True, eq=False)
class Band:
    """What lies between two lines over ``x``, ``low`` and ``high``, (n,) each; in no legend."""

    x: Numbers
    low: Numbers
    high: Numbers
    colour: Colour
    label: str = ""


Mark = Line | Dots | Spans | Bars | Band


@dataclass(frozen=True, eq=False)
class Panel:
    """One pair of axes; ``height`` is its share of the chart's, limits are found where None.

    ``names`` stand at the left, the first at the top, at the places 0, 1, ...; ``log_x`` and
    ``log_y``: equal ways are equal ratios.
    """

    marks: tuple[Mark, ...]
    x_label: str
    y_label: str
    x_limits: tuple[float, float] | None = None
    y_limits: tuple[float, float] | None = None
    whole_x: bool = False
    height: float = 1.0
    log_x: bool = False
    log_y: bool = False
    names: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Chart:
    """Panels under one title, above each other if ``stacked``.

    ``words`` say what is to be seen; ``name`` is that of its file. ``shared_legend``: one legend
    for all panels, below them. ``size``: width and height of a small one's panel, on a page.
    """

    title: str
    words: str
    panels: tuple[Panel, ...]
    stacked: bool = False
    name: str = "figure"
    shared_legend: bool = False
    size: tuple[int, int] | None = None


def loss_chart(run: Run) -> Chart:
    """Return the losses over epochs, with the epoch that was kept.

    Raises SetupError for a run of no epochs.
    """
    if not run.recording.epochs:
        raise SetupError("The run has no epochs to draw.", "Train for an epoch or more.")
    loss, held = run.history["loss"], run.history.get("validation_loss")
    marks: list[Mark] = [_losses(loss, "first", "training rows")]
    words = f"The loss over {run.recording.epochs} epochs, {_from_to(loss)} on training rows"
    if held:
        marks.append(_losses(held, "second", "validation rows", dashed=True))
        words += f" and {_from_to(held)} on validation rows"
        kept = run.best_epoch
        if kept:
            label = f"kept: epoch {kept}"
            marks.append(Dots(np.array([kept]), np.array([held[kept - 1]]), "second", label))
    panel = Panel(tuple(marks), "epoch", f"loss ({loss_name(run)})", whole_x=True)
    return Chart("Loss over epochs", f"{words}.", (panel,), name="losses")


def folds_chart(run: Run, folds: Sequence[FoldRun]) -> Chart:
    """Return the losses of each fold over epochs, the epochs chosen, and the last training.

    Raises SetupError for a run without a fold that has ended.
    """
    folds = [one for one in folds if one.recording is not None and one.recording.epochs]
    if not folds:
        raise SetupError("The run has no fold to draw.", "Train for an epoch or more.")
    marks = _fold_lines(folds)
    chosen = [(one.best_epoch, loss) for one in folds if (loss := loss_of(one)) is not None]
    if chosen:
        x, y = np.array(chosen, dtype=np.float64).T
        marks.append(Dots(x, y, "second", "epoch chosen"))
    last = run.history.get("loss", []) if run.notes.get("stage") == "all" else []
    if last:
        label = f"last training, on all rows: {counted(len(last), 'epoch')}"
        marks.append(_losses(last, "ink", label))
    panel = Panel(tuple(marks), "epoch", f"loss ({loss_name(run)})", whole_x=True)
    shown = ", ".join(str(one.best_epoch) for one in folds)
    words = (
        f"The losses of {counted(len(folds), 'fold')} over epochs, lowest on validation rows at "
        f"{shown}."
    )
    return Chart("Loss over epochs in each fold", words, (panel,), name="losses")


def _fold_lines(folds: Sequence[FoldRun]) -> list[Mark]:
    marks: list[Mark] = []
    for place, one in enumerate(folds):
        labels = ("", "") if place else ("training rows of a fold", "its validation rows")
        if one.recording is not None:
            marks.append(
                _losses(one.recording.history.get("loss", []), "first", labels[0], faint=True)
            )
            marks.append(_losses(_held(one), "second", labels[1], dashed=True, faint=True))
    return marks


def _held(fold: FoldRun) -> list[float]:
    return [] if fold.recording is None else fold.recording.history.get("validation_loss", [])


def calibration_chart(truth: Any, probabilities: Any, folds: int = 1) -> Chart:
    """Return how often predictions were right, by the probability that they were given.

    ``truth`` (rows,) are class numbers, ``probabilities`` (rows, classes). Drawn is the probability
    of the class that was predicted, in the bins of the calibration error, which is how far the dots
    are off the diagonal, on average over rows. ``folds``: by how many networks the rows were
    predicted, for the intervals. Raises SetupError where no probability is a number.
    """
    known = np.asarray(probabilities, dtype=np.float64)
    finite = np.isfinite(known).all(axis=1)
    known, true = known[finite], np.asarray(truth)[finite]
    if not len(known):
        raise SetupError("There are no probabilities to draw.", "Lower the learning rate.")
    found = ClassPredictions(true, known, np.zeros_like(true))
    count = np.bincount(found.bins, minlength=BINS)
    full = np.flatnonzero(count)
    x = np.bincount(found.bins, found.confidence, BINS)[full] / count[full]
    share = np.bincount(found.bins, found.right, BINS)[full] / count[full]
    # A predicted class is never less probable than the classes are on average.
    first = min(int(BINS / found.classes), int(full[0]))
    return _calibration_panels(x, share, count[first:], folds)


def _calibration_panels(x: Numbers, share: Numbers, count: NDArray[np.int64], folds: int) -> Chart:
    rows = count[count > 0].tolist()
    pairs = zip(share.tolist(), rows, strict=True)
    ends = [wilson(one, counting(many, folds)) for one, many in pairs]
    low, high = (np.array([getattr(one, end) for one in ends]) for end in ("low", "high"))
    edges = np.linspace(1.0 - len(count) / BINS, 1.0, len(count) + 1)
    ends_of_x = float(edges[0]), 1.0
    upper = Panel(
        (
            Line(edges[[0, -1]], edges[[0, -1]], "grey", "as predicted", dashed=True),
            Spans(x, low, high, "first", "95% interval"),
            Dots(x, share, "first", "rows of a bin"),
        ),
        "",
        "share that is right",
        ends_of_x,
        (0.0, 1.0),
        height=3.0,
    )
    bars = (Bars(edges, count.astype(np.float64), "grey"),)
    lower = Panel(bars, "probability of the predicted class", "rows", ends_of_x)
    seen = "; ".join(
        f"{one:.0%} predicted, {is_so:.0%} right, {counted(many, 'row')}"
        for one, is_so, many in zip(x.tolist(), share.tolist(), rows, strict=True)
    )
    off = float(np.abs(x - share) @ count[count > 0] / count.sum())
    words = (
        f"How often the predicted class was right, in bins by its probability: {seen}. Both lie "
        f"{off:.4f} apart on average over rows, which is the calibration error."
    )
    return Chart("Calibration", words, (upper, lower), stacked=True, name="calibration")


def residual_chart(truth: Any, predicted: Any, name: str) -> Chart:
    """Return predicted against true numbers, and what is left over against the predicted ones.

    ``truth`` and ``predicted`` (rows,) are in the target's unit. Of many rows ``MOST_DOTS`` are
    drawn, evenly. Raises SetupError where nothing predicted is a number.
    """
    true, said = (np.asarray(one, dtype=np.float64) for one in (truth, predicted))
    finite = drawable(true) & drawable(said)
    true, said = true[finite], said[finite]
    if not len(true):
        raise SetupError("There are no predictions to draw.", "Lower the learning rate.")
    off = true - said
    low, high = (written_number(float(np.quantile(off, one))) for one in (0.25, 0.75))
    words = (
        f"Predicted against true {name}, and true minus predicted: half of {len(true):,} rows lie "
        f"between {low} and {high}."
    )
    if len(true) > MOST_DOTS:
        drawn = np.linspace(0, len(true) - 1, MOST_DOTS).astype(np.int64)
        true, said, off = true[drawn], said[drawn], off[drawn]
        words += f" {MOST_DOTS:,} of them are drawn."
    every = np.array([min(true.min(), said.min()), max(true.max(), said.max())])
    across = np.array([said.min(), said.max()])
    left = (Line(every, every, "grey", "as predicted", dashed=True), Dots(true, said, "first",
            faint=True))  # fmt: skip
    right = (Line(across, np.zeros(2), "grey", dashed=True), Dots(said, off, "first", faint=True))
    return Chart(
        "Residuals",
        words,
        (
            Panel(left, f"true {name}", f"predicted {name}"),
            Panel(right, f"predicted {name}", "true minus predicted"),
        ),
        name="residuals",
    )


def loss_name(run: Run) -> str:
    """Return the name of a run's loss in words."""
    return run.setup.losses[0].name.replace("_", " ")


def _losses(
    history: Sequence[float],
    colour: Colour,
    label: str,
    *,
    dashed: bool = False,
    faint: bool = False,
) -> Line:
    epochs = np.arange(1, len(history) + 1, dtype=np.float64)
    return Line(epochs, np.array(history, dtype=np.float64), colour, label, dashed, faint)


def _from_to(history: Sequence[float]) -> str:
    return f"from {history[0]:.4g} to {history[-1]:.4g}"
