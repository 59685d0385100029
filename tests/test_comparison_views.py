"""What is seen of a comparison: tables, charts, the page, pictures, CSV and JSON."""

from __future__ import annotations

import csv
import io
import json
import math
import re
import sys
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from comparisons import compared, made_of

import chainrule as cr
from chainrule.comparison.curves import over_epochs, over_seconds
from chainrule.comparison.live import ShownTrials, shown_trials
from chainrule.comparison.result import Comparison
from chainrule.comparison.sentences import written_seconds
from chainrule.training.state import Progress
from chainrule.views.charts import Band, Dots, Line
from chainrule.views.comparison_charts import course_chart, spread_chart
from chainrule.views.comparison_files import (
    MOST_EPOCHS,
    comparison_as_json,
    curves_csv,
    trainings_csv,
)
from chainrule.views.comparison_grids import differences_grid, failures_grid, result_grid
from chainrule.views.svg import figure_html, figure_svg

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def found() -> Comparison:
    return compared(seeds=7, epochs=12, optimizers=["gradient_descent", "adam", "momentum"])


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


# ---- tables ----


def test_the_result_has_a_row_for_each_setting_the_best_first(found: Comparison) -> None:
    grid = result_grid(found)
    assert [row[0] for row in grid.rows] == [one.label for one in found.summaries]
    medians = [float(np.median([one.loss for one in found.of(row[0])])) for row in grid.rows]
    assert medians == sorted(medians)
    assert [row[1] for row in grid.rows] == [f"{one:.4f}" for one in medians]
    low, high = np.quantile([one.loss for one in found.of(grid.rows[0][0])], [0.25, 0.75])
    assert grid.rows[0][2] == f"{low:.4f} to {high:.4f}"
    assert grid.headings == ("", "validation loss", "middle half", "accuracy", "p", "epochs",
                             "time")  # fmt: skip
    shown = str(found)
    assert found.in_words in shown
    assert "Holm's correction for 3 pairs" in shown
    assert str(grid) in shown


def test_failures_and_goals_that_were_missed_have_columns() -> None:
    made = made_of({"a": [0.3, 0.4, 0.5], "b": [0.35, math.inf, math.inf]})
    grid = result_grid(made)
    assert grid.headings[-2:] == ("reached", "failed")
    assert grid.rows[1][:3] == ("b", "-", "-")
    assert grid.rows[1][-2:] == ("1 of 3", "2")
    assert failures_grid(made).rows == (("b", "the loss became nan in epoch 3", "2 of 3"),)


def test_differences_say_which_is_lower_and_in_how_many_seeds() -> None:
    losses = [0.5 + 0.01 * seed for seed in range(7)]
    made = made_of({"worse": [one + 0.1 for one in losses], "better": losses})
    (row,) = differences_grid(made).rows
    assert row == ("better", "worse", "7 of 7", "0.1000", "0.016", "0.016")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.00085, "0.85 ms"), (0.0123456, "12.3 ms"), (4.5678, "4.57 s"), (3210.0, "3,210 s")],
)
def test_times_are_written_in_a_unit_that_fits(seconds: float, text: str) -> None:
    assert written_seconds(seconds) == text


# ---- curves and charts ----


def test_a_curve_is_the_median_of_the_lowest_losses_so_far(found: Comparison) -> None:
    trials = found.of("adam")
    losses = np.array([one.history["validation_loss"] for one in trials])
    lowest = np.minimum.accumulate(losses, axis=1)
    curve = over_epochs(trials, "validation_loss")
    assert curve is not None
    assert curve.x.tolist() == list(range(1, 13))
    assert curve.median == pytest.approx(np.median(lowest, axis=0))
    assert curve.low == pytest.approx(np.quantile(lowest, 0.25, axis=0))
    assert (np.diff(curve.median) <= 0.0).all()


def test_a_loss_that_rises_again_does_not_lift_the_curve() -> None:
    columns = {"loss": [1.0] * 4, "validation_loss": [0.9, 0.5, 0.7, 0.4]}
    for curve in (
        over_epochs(made_of({"a": [0.4]}, columns).trials, "validation_loss"),
        over_seconds(made_of({"a": [0.4]}, columns).trials, "validation_loss"),
    ):
        assert curve is not None
        assert np.interp(3.0 if curve.x[-1] > 1 else 0.003, curve.x, curve.median) == (
            pytest.approx(0.5, abs=0.01)
        )
        assert (np.diff(curve.median) <= 0.0).all()


def test_a_curve_over_seconds_is_read_off_each_training_at_its_own_pace() -> None:
    made = made_of({"a": [0.4, 0.4]}, {"loss": [1.0] * 3, "validation_loss": [0.9, 0.7, 0.6]})
    fast, slow = made.trials
    slow.seconds[:] = [0.002, 0.004, 0.006]
    curve = over_seconds((fast, slow), "validation_loss")
    assert curve is not None
    assert curve.x[[0, -1]] == pytest.approx([0.0015, 0.0045])
    # At 3 ms the fast one has ended and the slow one is between its first two epochs.
    assert np.interp(0.003, curve.x, curve.median) == pytest.approx((0.6 + 0.8) / 2, abs=1e-3)


def test_a_training_that_ended_early_keeps_its_last_value() -> None:
    made = made_of({"a": [0.4, 0.4]}, {"loss": [1.0] * 3, "validation_loss": [0.9, 0.7, 0.6]})
    first, second = made.trials
    assert first.run is not None
    run = cr.train(first.run.setup.network, *_rows(), epochs=1, validation=0.2, progress=False)
    early = type(first)("a", 9, run, 0.4, {}, np.array([0.001]))
    held = run.history["validation_loss"][0]
    curve = over_epochs((early, second), "validation_loss")
    assert curve is not None
    assert curve.median[-1] == pytest.approx((held + 0.6) / 2)


def _rows() -> tuple[Any, Any]:
    from comparisons import X, Y

    return X, Y


def test_the_course_shows_a_line_and_a_band_for_each_setting(found: Comparison) -> None:
    chart = course_chart(found)
    assert [panel.x_label.partition(" ")[0] for panel in chart.panels] == ["epoch", "milliseconds"]
    for panel in chart.panels:
        lines = [one for one in panel.marks if isinstance(one, Line)]
        bands = [one for one in panel.marks if isinstance(one, Band)]
        assert [one.label for one in lines[:3]] == [one.label for one in found.summaries]
        assert lines[3].label.startswith("goal 0.")
        assert len(bands) == 3
        for line, band in zip(lines, bands, strict=False):
            assert line.colour == band.colour
            assert (band.low <= line.y).all()
            assert (line.y <= band.high).all()
        assert len({(one.colour, one.dashed) for one in lines}) == 4


def test_the_spread_shows_every_training(found: Comparison) -> None:
    chart = spread_chart(found)
    left = chart.panels[0]
    dots = [one for one in left.marks if isinstance(one, Dots)]
    assert left.names == tuple(one.label for one in found.summaries)
    for place, one in enumerate(dots):
        losses = [trial.loss for trial in found.of(left.names[place])]
        assert sorted(one.x) == sorted(losses)
        assert (np.abs(one.y - place) < 0.3).all()


def test_both_pictures_are_drawn_on_a_page_and_by_matplotlib(found: Comparison) -> None:
    kinds: tuple[Literal["course", "spread"], ...] = ("course", "spread")
    for what in kinds:
        axes = found.plot(what).axes
        assert len(axes) == 2
    html = figure_html(course_chart(found))
    assert html.count('<polygon class="band') == 6
    assert html.count('<polyline class="line') == 8
    assert "gradient_descent" in figure_svg(spread_chart(found))
    with pytest.raises(cr.SetupError, match="There is no plot 'corse'"):
        found.plot("corse")  # type: ignore[arg-type]


def test_losses_far_apart_have_an_axis_of_ratios() -> None:
    columns = {"loss": [1.0, 1e-6], "validation_loss": [0.8, 1e-6]}
    made = made_of({"a": [1e-6, 1e-3], "b": [2e-6, 1e-2]}, columns)
    assert course_chart(made).panels[0].log_y
    assert spread_chart(made).panels[0].log_x
    page = made.report().html
    assert "1e-6" in page
    assert "nan" not in figure_html(course_chart(made))


def test_what_leaves_the_picture_does_not_squeeze_the_others() -> None:
    columns = {"loss": [0.9, 0.5], "validation_loss": [0.8, 0.4]}
    made = made_of({"a": [0.4, 0.4]}, columns)
    low, high = course_chart(made).panels[0].y_limits or (0.0, 0.0)
    assert 0.3 < low < 0.4
    assert 0.8 < high < 0.9


# ---- the folder ----


def test_a_folder_has_page_pictures_and_tables(found: Comparison, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "one"
    found.save(folder)
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.*"))
    assert names == [
        "curves.csv", "figures/course.png", "figures/course.svg", "figures/spread.png",
        "figures/spread.svg", "report.html", "result.json", "trainings.csv",
    ]  # fmt: skip
    for name in ("course", "spread"):
        assert (folder / "figures" / f"{name}.png").read_bytes().startswith(PNG)
    with pytest.raises(cr.RunFolderError, match="something in the folder"):
        found.save(folder)
    found.save(folder, replace=True)


def test_the_page_stands_by_itself(found: Comparison) -> None:
    page = found.report().html
    assert found.in_words.split(";")[0].replace("'", "&#x27;") in page
    assert "<script" not in page
    assert not re.search(r'(src|href)="', page)
    for label in found.settings:
        assert label in page
    assert "for each seed, all settings had the same training and validation rows" in page
    assert page.count("<svg") >= 4
    text = str(found.report())
    assert max(map(len, text.splitlines())) < 130


def test_a_label_of_others_is_no_markup(tmp_path: Path) -> None:
    made = made_of({"<b>bold</b>\x1b[1m": [0.1, 0.2], "=1+1": [0.2, 0.3]})
    assert "<b>" not in made.report().html
    assert "\x1b" not in str(made)


def test_each_training_is_a_row(found: Comparison) -> None:
    rows = rows_of(trainings_csv(found))
    assert len(rows) == 21
    for row, one in zip(rows, found.trials, strict=True):
        assert (row["setting"], int(row["seed"])) == (one.label, one.seed)
        assert float(row["loss"]) == pytest.approx(one.loss)
        assert float(row["accuracy"]) == pytest.approx(one.scores["accuracy"])
        assert float(row["seconds"]) == pytest.approx(one.seconds[-1])
        assert found.goal is not None
        epoch = found.goal.epoch(one)
        assert row["epochs_to_goal"] == ("" if math.isinf(epoch) else str(int(epoch)))
        assert row["failed"] == ""
    failed = rows_of(trainings_csv(made_of({"a": [0.1, math.inf]})))
    assert failed[1]["failed"] == "the loss became nan in epoch 3"
    assert failed[1]["loss"] == failed[1]["accuracy"] == ""


def test_each_epoch_of_each_training_is_a_row(found: Comparison) -> None:
    rows = rows_of(curves_csv(found))
    assert len(rows) == 21 * 12
    one = found.trials[0]
    for epoch, row in enumerate(rows[:12]):
        assert int(row["epoch"]) == epoch + 1
        for name, column in one.history.items():
            assert float(row[name]) == pytest.approx(column[epoch])


def test_long_curves_are_thinned() -> None:
    count = 3 * MOST_EPOCHS
    columns = {name: list(np.linspace(1, 0.1, count)) for name in ("loss", "validation_loss")}
    epochs = [int(row["epoch"]) for row in rows_of(curves_csv(made_of({"a": [0.1]}, columns)))]
    assert len(epochs) <= MOST_EPOCHS
    assert (epochs[0], epochs[-1]) == (1, count)
    assert (np.diff(epochs) > 0).all()


def test_the_result_is_strict_json(found: Comparison) -> None:
    def refuse(text: str) -> None:
        raise AssertionError(text)

    document = json.loads(comparison_as_json(found), parse_constant=refuse)
    assert document["in_words"] == found.in_words
    assert [one["label"] for one in document["results"]] == [one.label for one in found.summaries]
    assert len(document["differences"]) == 3
    assert document["same_rows"] is document["same_starts"] is True
    failed = json.loads(comparison_as_json(made_of({"a": [math.inf]})), parse_constant=refuse)
    assert failed["results"][0]["median"] is None


# ---- the live table ----


def test_the_live_table_says_how_far_each_setting_is(found: Comparison) -> None:
    from rich.console import Console

    shown = ShownTrials(["gradient_descent", "adam"], 7, seen=True)
    before = shown.left
    assert before is None
    shown.ended(found.of("adam")[0])
    (observer,) = shown.observers("gradient_descent", 3)
    observer(Progress(1200, {"loss": [0.5]}, 0.1, dict))
    rows = shown.rows()
    loss = f"{found.of('adam')[0].loss:.4g}"
    assert rows[0] == ("gradient_descent", 0, "", "", "epoch 1,200: 0.5")
    assert rows[1] == ("adam", 1, loss, "", "")
    after = shown.left
    assert after is not None
    assert after >= 0.0
    printed_to = io.StringIO()
    Console(file=printed_to, width=77).print(shown.table())
    printed = printed_to.getvalue()
    assert "1 of 7" in printed
    assert "Ctrl-C keeps what has ended" in printed


def test_without_a_terminal_nothing_is_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with shown_trials(["adam"], 2, wanted=True) as shown:
        assert shown.observers("adam", 0) == []
    assert capsys.readouterr().err == ""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    with shown_trials(["adam"], 2, wanted=True) as shown:
        assert len(shown.observers("adam", 0)) == 1
    assert "0 of 2" in terminal.getvalue()
    before = len(terminal.getvalue())
    with shown_trials(["adam"], 2, wanted=False):
        pass
    assert len(terminal.getvalue()) == before
