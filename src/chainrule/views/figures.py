"""Figures with matplotlib. Each function returns a Figure and shows nothing by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.errors import SetupError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from chainrule.training.run import Run

# Blue and orange of equal lightness, told apart by colour-blind eyes too; lines differ in dashes.
TRAINING = "#1f6fb4"
VALIDATION = "#c2570c"


def loss_figure(run: Run) -> Figure:
    """Return the losses over epochs, with the epoch that was kept.

    Raises SetupError for a run of no epochs.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    if not run.recording.epochs:
        raise SetupError("The run has no epochs to draw.", "Train for an epoch or more.")
    figure = Figure(figsize=(7.0, 4.0), layout="constrained")
    axes = figure.add_subplot()
    epochs = range(1, run.recording.epochs + 1)
    # A line of one point is not seen.
    marker = "o" if len(epochs) == 1 else None
    axes.plot(epochs, run.history["loss"], color=TRAINING, marker=marker, label="training rows")
    held = run.history.get("validation_loss")
    if held:
        axes.plot(epochs, held, color=VALIDATION, linestyle="--", label="validation rows")
        kept = run.best_epoch
        if kept:
            axes.plot(kept, held[kept - 1], "o", color=VALIDATION, label=f"kept: epoch {kept}")
    name = run.setup.losses[0].name.replace("_", " ")
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_ylabel(f"loss ({name})")
    axes.set_title("Loss over epochs", loc="left")
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    return figure
