"""The pages of speed.py: three tables as text, every number as CSV, and the picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pictures
from contestants import OURS, PRODUCTS
from report import aligned, write_result
from rounds import Quartiles, figures, how_timed, ratio
from speed_results import Result, Settings

# The losses of one problem, from one start and in other orders, lie no further apart than this.
SAME_PROBLEM = 0.05
FIXED_COST_BAR = 5.0


def write_results(
    path: Path,
    results: Sequence[Result],
    settings: Settings,
    missing: Sequence[str],
    title: str,
) -> None:
    """Write table, numbers and picture under this name."""
    pictures.speed(path.with_suffix(".png"), results, settings.peers)
    parts = [
        how(results, settings, missing),
        "Microseconds a step, with the number of threads that suited each peer better:\n\n"
        + times(results, settings.peers),
        "How many times as long each peer takes: the median of the rounds' ratios (and what half "
        "of them lie between), the bar, and whether the median meets it:\n\n"
        + ratios(results, settings.peers),
        "Our own side:\n\n" + own(results),
    ]
    write_result(path, title, parts, [line for one in results for line in records(one)])


def how(results: Sequence[Result], settings: Settings, missing: Sequence[str]) -> str:
    """Say how the numbers came about."""
    engines = ", ".join(sorted({one.engine for one in results}))
    threads = " and ".join(map(str, settings.threads))
    return " ".join(
        [
            how_timed(settings.rounds, settings.seconds),
            f"Peers at {threads} threads; chainrule ran on its {engines} engine with its own "
            "choice of threads.",
            *missing,
        ]
    )


def times(results: Sequence[Result], peers: Sequence[str]) -> str:
    """Return the table of microseconds."""
    names = [OURS, *peers, *(name for name in [PRODUCTS] if results[0].best(name))]
    lines = []
    for one in results:
        cells = [one.work.name]
        for name in names:
            best = one.best(name)
            cells.append("" if best is None else figures(best.median) + threads_of(best.place))
        lines.append(cells)
    return aligned(["work", *names], lines)


def threads_of(place: Any) -> str:
    """Return the threads in brackets, for peers."""
    return f" [{place.threads}]" if place.threads else ""


def ratios(results: Sequence[Result], peers: Sequence[str]) -> str:
    """Return the table of ratios and bars."""
    lines = []
    for one in results:
        cells = [one.work.name]
        for name in peers:
            best, bar = one.best(name), one.work.bars.get(name)
            if best is None:
                cells.append("")
                continue
            found = ratio(best, one.ours)
            cells.append(str(found) + judged(found, bar))
        lines.append(cells)
    return aligned(["work", *peers], lines)


def judged(found: Quartiles, bar: float | None) -> str:
    """Return the bar and whether it is met, nothing where there is none."""
    if bar is None:
        return ""
    return f", bar {bar:g}: {'met' if found.median >= bar else 'missed'}"


def own(results: Sequence[Result]) -> str:
    """Return the table of fixed cost, memory, share of the machine's rate, and losses."""
    bar = f" (bar {FIXED_COST_BAR:g})" if results[0].best(PRODUCTS) else ""
    heads = ["work", f"first call, ms{bar}", "later call, ms", "peak memory, MB"]
    heads += ["products' share"] if results[0].best(PRODUCTS) else []
    heads += ["cores", "loss", "peers' losses", "same problem"]
    lines = []
    for one in results:
        products = one.best(PRODUCTS)
        others = [loss for name, loss in one.losses.items() if name != OURS] or [float("nan")]
        first = one.fixed_cost(one.first_call)
        # Bar and share are for networks of dense layers, whose products are timed by themselves.
        judged_first = f": {'met' if first <= FIXED_COST_BAR else 'missed'}" if products else ""
        lines.append(
            [
                one.work.name,
                f"{figures(first)}{judged_first}",
                figures(one.fixed_cost(one.later_call)),
                f"{one.memory[OURS]:.0f}",
                *([f"{ratio(products, one.ours).median:.0%}"] if products else []),
                f"{Quartiles.of(one.ours.cores).median:.2f}",
                figures(one.losses[OURS], 4),
                f"{figures(min(others), 4)} to {figures(max(others), 4)}",
                "yes" if one.loss_spread <= SAME_PROBLEM else f"NO, {one.loss_spread:.0%} apart",
            ]
        )
    return aligned(heads, lines)


def records(one: Result) -> list[dict[str, Any]]:
    """Return every number of a work, a line for each contestant and number of threads."""
    lines = []
    for timings in one.timings:
        step, beside = Quartiles.of(timings.microseconds), ratio(timings, one.ours)
        place = timings.place
        bar = one.work.bars.get(place.name)
        best = one.best(place.name)
        lines.append(
            {
                "work": one.work.name,
                "dtype": one.work.dtype,
                "contestant": place.name,
                "threads": place.threads or "own choice",
                "variant": timings.variant,
                "better_threads": best is timings,
                "microseconds": step.median,
                "microseconds_low": step.low,
                "microseconds_high": step.high,
                "ratio": beside.median,
                "ratio_low": beside.low,
                "ratio_high": beside.high,
                "bar": "" if bar is None else bar,
                "met": "" if bar is None or best is not timings else beside.median >= bar,
                "cores": Quartiles.of(timings.cores).median,
                "epochs": timings.epochs,
                "shortest_timing_seconds": min(timings.seconds),
                "rounds": len(timings.microseconds),
                "peak_memory_mb": one.memory[place.label],
                "loss": one.losses.get(place.label, ""),
                "first_call_ms": one.fixed_cost(one.first_call) if place.name == OURS else "",
                "later_call_ms": one.fixed_cost(one.later_call) if place.name == OURS else "",
            }
        )
    return lines
