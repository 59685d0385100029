"""The tables of a comparison: what each setting came to, how they differ, and what they are."""

from __future__ import annotations

import math
from statistics import median

from chainrule.comparison.differences import Difference
from chainrule.comparison.result import Comparison, Summary
from chainrule.comparison.sentences import common_reason, written_seconds
from chainrule.data.decisions import counted
from chainrule.training.tables.sentences import written_number
from chainrule.views.grid import Grid
from chainrule.views.plain_text import printable
from chainrule.views.scores import NAMES

NOTHING = "-"


def plain_text(comparison: Comparison) -> str:
    """Return the result as text: its table, what is to be said of it, and what its columns are."""
    said = [comparison.in_words, *explained(comparison)]
    told = [printable(one) for one in said]
    return "\n".join([printable(comparison.title), "", str(result_grid(comparison)), "", *told])


def result_grid(comparison: Comparison) -> Grid:
    """Return what each setting came to, the lowest median loss first."""
    summaries = comparison.summaries
    goal, several = comparison.goal is not None, len(summaries) > 1
    score = _score_name(comparison)
    headings = ["", comparison.judged, "middle half", *([score] if score else [])]
    headings += ["p"] if several else []
    headings += ["epochs", "time"] if goal else []
    # What was chosen so that half of the trainings reach it says nothing by its count.
    counts = goal and any(one.reached < one.trainings * (0.5 if _chosen(comparison) else 1.0)
                          for one in summaries)  # fmt: skip
    headings += ["reached"] if counts else []
    failed = any(one.failed for one in summaries)
    headings += ["failed"] if failed else []
    rows = []
    for one in summaries:
        row = [one.label, _number(one.median), _between(one)]
        row += [written_score(one.score, comparison.metric)] if score else []
        row += [_p_of(one.label, comparison)] if several else []
        row += [_count(one.epochs), _time(one.seconds)] if goal else []
        row += [f"{one.reached} of {one.trainings}"] if counts else []
        row += [str(one.failed) if one.failed else NOTHING] if failed else []
        rows.append(tuple(row))
    return Grid(tuple(headings), tuple(rows))


def explained(comparison: Comparison) -> list[str]:
    """Return what the columns of the result are, one sentence for each that needs it."""
    rows = {
        "test": "rows that chose nothing",
        "validation": "the validation rows, which chose the epoch that is kept",
        "training": "the training rows",
    }[comparison.measured_on]
    found = [
        f"{comparison.judged}: the median over {counted(len(comparison.seeds), 'seed')}, of the "
        f"network that is kept, on {rows}; between the ends of the middle half lie half of the "
        "trainings."
    ]
    if len(comparison.summaries) > 1:
        pairs = len(comparison.differences)
        found.append(
            "p: how often so uneven a difference from the first would come about by the seeds "
            f"alone (Wilcoxon's signed rank test, Holm's correction for {counted(pairs, 'pair')}); "
            "up to 0.05 it counts as more than the spread."
        )
    if comparison.goal is not None:
        there = sum(math.isfinite(one.epochs) for one in comparison.summaries)
        chosen = f", which {there} of {len(comparison.summaries)} reach in half of their trainings"
        found.append(
            f"epochs, time: the medians to a {comparison.goal.in_words}"
            f"{chosen if comparison.goal.chosen else ''}; a training that does not reach it "
            "counts as longer than any other; the time is that of one core."
        )
    return found


def differences_grid(comparison: Comparison) -> Grid:
    """Return how each pair of settings compares, the clearest difference first."""
    headings = ("lower", "higher", "in seeds", "by (median)", "p", "corrected")
    found = sorted(comparison.differences, key=lambda one: one.corrected)
    clear = tuple(place for place, one in enumerate(found) if one.is_clear)
    return Grid(headings, tuple(map(_difference_row, found)), left=2, strong=clear)


def _difference_row(one: Difference) -> tuple[str, ...]:
    first, second, lower, apart = one.first, one.second, one.lower, one.median
    if one.higher > one.lower:
        first, second, lower, apart = second, first, one.higher, -one.median
    return (
        first,
        second,
        f"{lower} of {one.seeds}",
        _number(apart),
        written_p(one.probability),
        written_p(one.corrected),
    )


def settings_grid(comparison: Comparison) -> Grid:
    """Return how large the network of each setting is, and how long its trainings were."""
    rows = []
    for label in comparison.settings:
        trials = [one for one in comparison.of(label) if one.run is not None]
        runs = [one.run for one in trials if one.run is not None]
        sizes = (NOTHING,) * 4
        if runs:
            sizes = (
                f"{runs[0].network.parameter_count:,}",
                f"{runs[0].setup.batch_size:,}",
                f"{median(one.epochs for one in trials):,.0f}",
                written_seconds(median(float(one.seconds[-1]) for one in trials if one.epochs)),
            )
        rows.append((label, *sizes))
    return Grid(("", "parameters", "rows in a step", "epochs", "time"), tuple(rows))


def failures_grid(comparison: Comparison) -> Grid:
    """Return the settings of which trainings failed, with the most frequent reason."""
    rows = tuple(
        (one.label, common_reason(comparison.of(one.label)), f"{one.failed} of {one.trainings}")
        for one in comparison.summaries
        if one.failed
    )
    return Grid(("", "why", "failed"), rows, left=2)


def written_score(score: float, metric: str | None) -> str:
    """Return a score as it is written: shares in per cent."""
    if math.isnan(score):
        return NOTHING
    return f"{score:.1%}" if metric in ("accuracy", "balanced_accuracy") else written_number(score)


def written_p(probability: float) -> str:
    """Return a probability with two digits, or that it is below 0.001."""
    return "< 0.001" if probability < 0.001 else f"{probability:.2g}"


def _chosen(comparison: Comparison) -> bool:
    return comparison.goal is not None and comparison.goal.chosen


def _p_of(label: str, comparison: Comparison) -> str:
    """Return the corrected probability of a setting's difference from the first."""
    pair = {comparison.summaries[0].label, label}
    found = [one for one in comparison.differences if {one.first, one.second} == pair]
    return written_p(found[0].corrected) if found else NOTHING


def _score_name(comparison: Comparison) -> str:
    metric = comparison.metric
    return "" if metric is None else NAMES.get(metric, metric.replace("_", " "))


def _between(one: Summary) -> str:
    return NOTHING if math.isinf(one.low) else f"{_number(one.low)} to {_number(one.high)}"


def _number(number: float) -> str:
    return written_number(number) if math.isfinite(number) else NOTHING


def _count(number: float) -> str:
    return f"{number:,.0f}" if math.isfinite(number) else NOTHING


def _time(seconds: float) -> str:
    return written_seconds(seconds) if math.isfinite(seconds) else NOTHING
