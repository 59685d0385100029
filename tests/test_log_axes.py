"""Axes on which equal ways are equal ratios: their limits, their ticks, and what is written."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule.views.axes import log_limits_of, log_tick_texts, log_ticks
from chainrule.views.charts import Band, Chart, Line, Panel
from chainrule.views.scale import Scale
from chainrule.views.svg import figure_svg


def test_limits_leave_a_little_room_in_ratios() -> None:
    low, high = log_limits_of([np.array([0.01, 0.0, -3.0, np.nan]), np.array([100.0, np.inf])])
    assert low == pytest.approx(10 ** (-2 - 0.16))
    assert high == pytest.approx(10 ** (2 + 0.16))
    assert log_limits_of([np.zeros(3)]) == (0.1, 10.0)


@pytest.mark.parametrize(
    ("low", "high", "texts"),
    [
        (0.9, 1100.0, ["1", "10", "100", "1,000"]),
        (1e-9, 1e-2, ["1e-9", "1e-7", "1e-5", "0.001"]),
        (0.9, 12.0, ["1", "2", "5", "10"]),
        (0.8, 120.0, ["1", "3", "10", "30", "100"]),
        (0.3, 0.8, ["0.3", "0.4", "0.5", "0.6", "0.7", "0.8"]),
        (5e5, 5e7, ["1e6", "3e6", "1e7", "3e7"]),
    ],
)  # fmt: skip
def test_ticks_are_round_and_few(low: float, high: float, texts: list[str]) -> None:
    places = log_ticks(low, high)
    assert log_tick_texts(places) == texts
    assert all(low * 0.999 <= one <= high * 1.001 for one in places)


def test_equal_ratios_are_equally_far_apart() -> None:
    line = Line(np.array([1.0, 10.0, 100.0]), np.array([5.0, 5.0, 5.0]), "first")
    scale = Scale(Panel((line,), "x", "y", log_x=True), 500, 300)
    steps = np.diff(scale.x([1.0, 10.0, 100.0]))
    assert steps[0] == pytest.approx(steps[1])
    assert not np.isfinite(scale.x([0.0])).any()


def test_names_have_room_at_the_left_and_run_down() -> None:
    line = Line(np.array([1.0, 2.0]), np.array([0.0, 1.0]), "first")
    panel = Panel((line,), "x", "", y_limits=(1.5, -0.5), names=("a rather long name", "b"))
    scale = Scale(panel, 660, 300)
    assert scale.left > 120
    assert scale.y([0])[0] < scale.y([1])[0]
    drawn = figure_svg(Chart("t", "w", (panel,)))
    assert "a rather long name" in drawn


def test_a_band_is_what_lies_between_two_lines() -> None:
    x = np.array([0.0, 1.0])
    band = Band(x, np.array([1.0, 2.0]), np.array([3.0, 4.0]), "third")
    scale = Scale(Panel((band,), "x", "y"), 660, 330)
    drawn = figure_svg(Chart("t", "w", (Panel((band,), "x", "y"),)))
    points = drawn.partition('<polygon class="band third" points="')[2].partition('"')[0]
    corners = [tuple(map(float, one.split(","))) for one in points.split()]
    upper, lower = scale.y([3.0, 4.0]), scale.y([2.0, 1.0])
    expected = [*zip(scale.x(x), upper, strict=True), *zip(scale.x(x[::-1]), lower, strict=True)]
    assert corners == [pytest.approx(one, abs=0.06) for one in expected]
