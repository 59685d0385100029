"""Figures of runs: what is drawn is what was recorded, and nothing is shown by itself."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

import chainrule as cr

HEART = Path(__file__).parent.parent / "examples" / "heart_disease.csv"
X = np.linspace(-1.0, 1.0, 20)[:, None]


def drawn(figure: Figure) -> dict[str, tuple[list[float], list[float]]]:
    (axes,) = figure.axes
    return {
        str(line.get_label()): (list(line.get_xdata()), list(line.get_ydata()))
        for line in axes.lines
    }


def test_the_losses_of_a_run_and_the_epoch_that_was_kept() -> None:
    run = cr.train_table(HEART, "disease", epochs=12, progress=False)
    lines = drawn(run.plot())
    epochs = list(range(1, 13))
    assert lines["training rows"] == (epochs, run.history["loss"])
    held = run.history["validation_loss"]
    assert lines["validation rows"] == (epochs, held)
    kept = run.best_epoch
    assert lines[f"kept: epoch {kept}"] == ([kept], [held[kept - 1]])
    (axes,) = run.plot().axes
    assert axes.get_ylabel() == "loss (cross entropy)"
    assert axes.get_xlabel() == "epoch"


def test_a_run_without_validation_rows() -> None:
    run = cr.train(cr.Network(cr.Dense()), X, X[:, 0], epochs=3, progress=False)
    assert list(drawn(run.plot())) == ["training rows"]


def test_a_run_of_one_epoch_can_be_seen() -> None:
    run = cr.train(cr.Network(cr.Dense()), X, X[:, 0], epochs=1, progress=False)
    (axes,) = run.plot().axes
    assert axes.lines[0].get_marker() == "o"


def test_a_run_of_no_epochs_has_no_figure() -> None:
    run = cr.train(cr.Network(cr.Dense()), X, X[:, 0], epochs=0, progress=False)
    with pytest.raises(cr.SetupError, match="no epochs to draw"):
        run.plot()


def test_a_loaded_run_draws_the_same_and_nothing_is_shown(tmp_path: Path) -> None:
    run = cr.train_table(HEART, "disease", epochs=3, output=tmp_path / "run", progress=False)
    pictures = []
    for one in (run, cr.load(tmp_path / "run")):
        file = io.BytesIO()
        one.plot().savefig(file, format="png", metadata={"Software": None})
        pictures.append(file.getvalue())
    assert pictures[0] == pictures[1]
    assert pictures[0].startswith(b"\x89PNG")
    pyplot = sys.modules.get("matplotlib.pyplot")
    assert pyplot is None or pyplot.get_fignums() == []
