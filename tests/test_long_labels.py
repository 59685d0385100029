"""Figures with long and many labels: all of them are seen, and none lies on another."""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

import pytest
from comparisons import compared, made_of
from matplotlib.text import Text

from chainrule.comparison.result import Comparison
from chainrule.views.figures import columns_of

Kind = Literal["course", "spread"]
LONG = "optimizer=conjugate_gradient_polak_ribiere; hidden=32,16"


def bare(text: str) -> str:
    return "".join(text.split())


def labelled(labels: list[str]) -> Comparison:
    losses = {label: [0.3 + 0.01 * place, 0.4, 0.5] for place, label in enumerate(labels)}
    return made_of(losses)


@pytest.mark.parametrize(
    "labels",
    [
        [f"{LONG}; l2=0.{place}" for place in range(12)],
        [LONG, "adam"],
        ["lbfgs", "gradient_descent", "irprop_minus", "momentum", "scaled_conjugate_gradient",
         "adam", "levenberg_marquardt"],
        [f"rate {place}" for place in range(20)],
    ],
)  # fmt: skip
@pytest.mark.parametrize("what", ["course", "spread"])
def test_every_label_is_within_the_picture(labels: list[str], what: Kind) -> None:
    figure = labelled(labels).plot(what)
    figure.draw_without_rendering()
    keys = figure.legends[0].get_texts()
    below = [axes.xaxis.label for axes in figure.axes]
    beside: list[Text] = []
    if what == "course":
        assert {one.get_text() for one in keys} >= set(labels)
    else:
        beside = list(figure.axes[0].get_yticklabels())
        assert [bare(one.get_text()) for one in beside] == [bare(one) for one in labels]
    for text in [*keys, *below, *beside]:
        box = text.get_window_extent()
        assert figure.bbox.x0 <= box.x0 < box.x1 <= figure.bbox.x1, text.get_text()
        assert figure.bbox.y0 <= box.y0 < box.y1 <= figure.bbox.y1, text.get_text()
    left, right = (one.get_window_extent() for one in below)
    assert left.x1 < right.x0
    names = sorted((one.get_window_extent() for one in beside), key=lambda one: one.y0)
    assert all(low.y1 <= high.y0 + 1.0 for low, high in pairwise(names))
    for axes in figure.axes:
        assert axes.get_window_extent().height > 0.3 * figure.bbox.height


def test_a_legend_has_as_many_columns_as_there_is_room_for() -> None:
    assert columns_of(["adam", "momentum"]) == 2
    assert columns_of(["adam"] * 9) == 4
    assert columns_of([LONG] * 3) == 1


def test_a_comparison_of_one_setting_is_drawn() -> None:
    figure = compared(settings={LONG: {}}, seeds=1, epochs=2).plot()
    assert [one.get_text() for one in figure.legends[0].get_texts()][:1] == [LONG]
