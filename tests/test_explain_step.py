"""The gradient of a step of a run: its batch, its masks, the parameters before it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import Here, refused
from traced_networks import rows_of

import chainrule as cr
from chainrule.explanation.explanation import Explanation

TARGET = "dense_1.W[1,2]"


def trained(*layers: Any, epochs: int = 3, **settings: Any) -> cr.Run:
    """Return a run of plain descent in float64, whose steps say what their gradients were."""
    network = cr.Network(cr.Input(3), cr.Dense(4, "tanh"), *layers, cr.Dense(2))
    given = {"optimizer": cr.GradientDescent(learning_rate=0.25), "batch_size": 8, **settings}
    return cr.train(
        network, rows_of(30, 3), np.arange(30) % 2, epochs=epochs, seed=3, dtype="float64",
        progress=False, **given,
    )  # fmt: skip


def gradient_taken(made: cr.Run, step: int) -> float:
    """Return the gradient at the target that a step took, from where it began and ended."""
    after = made.recording.snapshots[step + 1]["dense_1.W"][1, 2]
    before = made.recording.snapshots[step]["dense_1.W"][1, 2]
    return float(before - after) / 0.25


def step_of(made: cr.Run, step: int) -> Explanation:
    return cr.explain(made, TARGET, step=step, training=True)


@pytest.mark.parametrize(
    "layers",
    [(), (cr.BatchNorm(),), (cr.Dropout(0.4),), (cr.BatchNorm(), cr.Dropout(0.3))],
    ids=["plain", "batch norm", "dropout", "both"],
)
def test_the_gradient_of_a_step_is_the_one_that_it_took(layers: tuple[Any, ...]) -> None:
    made = trained(*layers, batch_size=None, snapshots=1, epochs=6)
    for step in (0, 3, 4):
        why = step_of(made, step)
        assert why.checks is not None
        assert why.checks.agree
        if step:
            assert why.checks.gradient == pytest.approx(gradient_taken(made, step), abs=1e-12)
        assert len(why.trace.rows) == 30
        assert why.trace.rows.source == f"the 30 rows of step {step} (epoch {step + 1})"


def test_a_step_inside_an_epoch_has_its_own_rows() -> None:
    made = trained(cr.BatchNorm(), cr.Dropout(0.4))
    why = step_of(made, 5)
    assert len(why.trace.rows) == 8
    receipt = cr.explain(made, TARGET, step=5)
    assert why.checks is not None
    assert why.checks.agree
    assert why.checks.gradient == pytest.approx(receipt.gradient, rel=1e-9)
    assert "step 5 of a training with seed 3" in " ".join(why.notes)
    assert why.call == 'cr.explain(run, "dense_1.W[1,2]", step=5, training=True)'
    assert why.tree is not None
    routes = {term.route for node in why.tree for term in node.terms}
    assert "the mean of the batch" in routes
    other = step_of(made, 6)
    assert set(other.trace.rows.numbers).isdisjoint(why.trace.rows.numbers)


def test_what_does_not_belong_to_a_step_is_refused() -> None:
    made = trained()
    with pytest.raises(cr.SetupError, match=r"none is named.*step=20"):
        cr.explain(made, TARGET, training=True)
    with pytest.raises(cr.SetupError, match="sample= is no part of explaining the gradient of a"):
        cr.explain(made, TARGET, training=True, step=2, sample=3)
    with pytest.raises(cr.SetupError, match="has 12 steps, and step 99"):
        cr.explain(made, TARGET, training=True, step=99)
    searched = trained(optimizer=cr.BFGS(), batch_size=None)
    with pytest.raises(cr.SetupError, match="searches for its steps"):
        cr.explain(searched, TARGET, training=True, step=0)


def test_a_step_of_a_run_from_its_folder_needs_its_rows(tmp_path: Path) -> None:
    made = trained()
    made.save(tmp_path / "run")
    with pytest.raises(cr.DataError, match="rows are not saved"):
        cr.explain(str(tmp_path / "run"), TARGET, training=True, step=2)


def test_a_step_on_the_command_line(here: Here, tmp_path: Path) -> None:
    table, folder = tmp_path / "table.csv", tmp_path / "run"
    rows = [
        f"{a:.3f},{b:.3f},{c:.3f},{place % 2}" for place, (a, b, c) in enumerate(rows_of(40, 3))
    ]
    table.write_text("\n".join(["a,b,c,y", *rows, ""]), encoding="utf-8")
    cr.train_table(table, "y", epochs=3, progress=False).save(folder)
    asked = ("explain", "run", "dense_1.W.1.2")
    shown = here(*asked, "--step", 1, "--training")
    assert shown.code == 0, shown.err
    assert "The three numbers agree." in shown.out
    assert "none is named" in refused(here(*asked, "--training"), 4)
