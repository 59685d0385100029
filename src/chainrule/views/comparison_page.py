"""The report of a comparison: as plain text, and as one page that stands by itself."""

from __future__ import annotations

from contextlib import suppress

from chainrule.comparison.result import Comparison
from chainrule.errors import SetupError
from chainrule.views.comparison_charts import course_chart, spread_chart
from chainrule.views.comparison_grids import (
    differences_grid,
    explained,
    failures_grid,
    result_grid,
    settings_grid,
)
from chainrule.views.page import Captioned, Part, Section, Terms
from chainrule.views.report import Report

ROWS = {
    "test": "on rows that chose nothing: neither weights nor epochs",
    "validation": "on the validation rows, which also chose the epoch, so that all losses are a "
    "little lower than on new rows",
    "training": "on the training rows, for there are no validation rows",
}


def page_of(comparison: Comparison) -> Report:
    """Return the report of a comparison."""
    result = Section(
        "Result",
        (
            Captioned("The lowest median first.", result_grid(comparison)),
            *explained(comparison),
        ),
    )
    return Report(
        title=comparison.title,
        about=comparison.about,
        lead=comparison.in_words,
        sections=(
            *_course(comparison),
            result,
            *_spread(comparison),
            *_differences(comparison),
            *_failures(comparison),
            Section(
                "What was compared",
                (
                    Terms(tuple(comparison.settings.items())),
                    Captioned(
                        "Sizes, and the medians of epochs and time.", settings_grid(comparison)
                    ),
                ),
            ),
            Section("How it was measured", (Terms(_how(comparison)),)),
        ),
    )


def _course(comparison: Comparison) -> list[Section]:
    with suppress(SetupError):
        chart = course_chart(comparison)
        return [Section(chart.title, (chart,))]
    return []


def _spread(comparison: Comparison) -> list[Section]:
    with suppress(SetupError):
        chart = spread_chart(comparison)
        return [Section(chart.title, (chart,))]
    return []


def _differences(comparison: Comparison) -> list[Section]:
    if len(comparison.summaries) < 2:
        return []
    caption = f"All pairs, by the {comparison.judged} of each seed."
    parts: tuple[Part, ...] = (
        Captioned(caption, differences_grid(comparison)),
        "A difference is more than the spread, and in bold letters, where its corrected p is up to "
        "0.05. A training that failed counts as worse than any other. With every difference in one "
        "direction, n seeds give p = 2 / 2^n and no less. What is more than the spread is so for "
        "other seeds, which are other starts, orders and splits of these rows; it need not be so "
        "for other rows, or with other settings of the same algorithms.",
    )
    return [Section("Differences", parts)]


def _failures(comparison: Comparison) -> list[Section]:
    grid = failures_grid(comparison)
    return (
        [Section("Failures", (Captioned("The most frequent reason.", grid),))] if grid.rows else []
    )


def _how(comparison: Comparison) -> tuple[tuple[str, str], ...]:
    seeds = ", ".join(map(str, comparison.seeds[:20])) + (
        ", ..." if len(comparison.seeds) > 20 else ""
    )
    done = f"{len(comparison.trials)} of {comparison.planned}"
    beside = "one at a time"
    if comparison.at_a_time > 1:
        beside = f"{comparison.at_a_time} side by side"
    cores = comparison.machine.get("processors", 1)
    return (
        ("trainings", f"{done}; {beside}, one thread each; all settings have a seed before the "
         "next seed begins, each time another one first"),
        ("seeds", seeds),
        ("splits", _same(comparison.same_rows, "the same training and validation rows")),
        ("first weights", _same(comparison.same_starts, "the same first weights, where their "
         "networks have the same shapes")),
        ("loss", f"of the network that is kept, {ROWS[comparison.measured_on]}"),
        ("time", "what the thread of a training worked, from its first step on, validation "
         "included; other programs do not count, the cache that they share does"),
        ("machine", f"{comparison.machine.get('system', '')}, {cores} cores"),
    )  # fmt: skip


def _same(holds: bool, what: str) -> str:
    if holds:
        return f"for each seed, all settings had {what}; this was checked"
    return f"the settings did not have {what} for each seed"
