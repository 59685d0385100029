"""A setting looks alike in all pictures, and one that failed is told where its dots would be."""

from __future__ import annotations

import math

from comparisons import made_of

from chainrule.comparison.result import Comparison
from chainrule.views.charts import Dots, Line
from chainrule.views.comparison_charts import course_chart, spread_chart
from chainrule.views.svg import figure_svg

LOW, HIGH = [0.1, 0.2, 0.3], [0.5, 0.6, 0.7]


def colours(found: Comparison) -> dict[str, set[object]]:
    """Return the looks of each setting's lines and dots."""
    looks: dict[str, set[object]] = {label: set() for label in found.settings}
    for panel in course_chart(found).panels:
        for one in panel.marks:
            if isinstance(one, Line) and one.label in looks:
                looks[one.label].add(one.colour)
    (left, *_) = spread_chart(found).panels
    dots = [one for one in left.marks if isinstance(one, Dots)]
    for name, one in zip(left.names, dots, strict=True):
        looks[name].add(one.colour)
    return looks


def test_the_colour_does_not_follow_the_rank() -> None:
    first = colours(made_of({"a": LOW, "b": HIGH, "c": LOW}))
    second = colours(made_of({"a": HIGH, "b": LOW, "c": HIGH}))
    assert first == second
    assert all(len(one) == 1 for one in first.values())
    assert len(set.union(*first.values())) == 3


def test_a_row_without_dots_says_why() -> None:
    found = made_of({"gone": [math.inf] * 3, "a": LOW, "half": [0.4, math.inf, math.inf]})
    chart = spread_chart(found)
    assert set(chart.panels[0].names) == {"a", "half: failed 2 of 3", "gone: failed"}
    assert "gone: failed" in figure_svg(chart)
    assert [text.get_text() for text in found.plot("spread").axes[0].get_yticklabels()] == list(
        chart.panels[0].names
    )
