"""The pictures: one colour and one marker for each contestant, safe for colour-blind readers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib
import numpy as np
from contestants import OURS, PRODUCTS
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter
from rounds import figures, ratio

if TYPE_CHECKING:
    from speed_results import Result

# The palette of Okabe and Ito, "Color universal design", 2008.
LOOKS: dict[str, tuple[str, str]] = {
    OURS: ("#0072B2", "o"),
    "PyTorch eager": ("#D55E00", "s"),
    "PyTorch compiled": ("#E69F00", "D"),
    "scikit-learn": ("#009E73", "^"),
    "JAX scan": ("#CC79A7", "v"),
    PRODUCTS: ("#555555", "|"),
}
BLACK, GREY = "#222222", "#b8b8b8"
STYLE: dict[str, Any] = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": "#e4e4e4",
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "savefig.dpi": 150,
}


def plain(number: float, _: int | None = None) -> str:
    """Return the label of a tick: no powers of ten."""
    return f"{number:,.0f}" if number >= 1 else f"{number:g}"


def between(number: float, _: int | None = None) -> str:
    """Label the ticks between two powers of ten, where they are 2 or 5 of the lower one."""
    return plain(number) if f"{number:.0e}"[0] in "25" else ""


@contextmanager
def figure(path: Path, width: float, height: float) -> Iterator[Figure]:
    """Yield a figure and write it to a file at the end."""
    with matplotlib.rc_context(STYLE):
        drawn = Figure(figsize=(width, height), layout="constrained")
        yield drawn
        path.parent.mkdir(parents=True, exist_ok=True)
        drawn.savefig(path)


def logarithmic(axis: Any) -> None:
    """Give an axis a logarithmic scale with plain numbers."""
    axis.axes.set(**{f"{axis.axis_name}scale": "log"})
    low, high = axis.get_view_interval()
    axis.set_major_formatter(FuncFormatter(plain))
    # Over many powers of ten, labels between them would stand in each other's way.
    axis.set_minor_formatter(FuncFormatter(between) if high < 300 * low else NullFormatter())


def speed(path: Path, results: Sequence[Result], peers: Sequence[str]) -> None:
    """Draw microseconds a step, and beside them how many times as long each peer takes."""
    with figure(path, 12, 1.6 + 0.75 * len(results)) as drawn:
        left, right = drawn.subplots(1, 2, sharey=True)
        names = [OURS, *peers, *(name for name in [PRODUCTS] if results[0].best(name))]
        places = np.arange(len(results))[::-1]
        for name in names:
            colour, marker = LOOKS[name]
            best = [one.best(name) for one in results]
            medians = [np.nan if one is None else one.median for one in best]
            size = 9 if name == OURS else 15 if name == PRODUCTS else 7
            look = {"color": colour, "marker": marker, "linestyle": "", "markersize": size}
            left.plot(medians, places, label=name, markeredgewidth=1.6, **look)
        for place, name in enumerate(peers):
            offset = 0.5 * (place - (len(peers) - 1) / 2) / max(1, len(peers))
            _ahead(right, results, name, places - offset)
        left.set_yticks(places, [one.work.name.replace(", ", ",\n", 1) for one in results])
        left.set(title="One training step", xlabel="microseconds")
        right.set(title="How many times as long each peer takes", xlabel="times chainrule's")
        right.axvline(1.0, color=LOOKS[OURS][0], linewidth=1.5)
        right.plot([], [], color=BLACK, marker="|", linestyle="", markersize=11, label="bar")
        for panel in (left, right):
            logarithmic(panel.xaxis)
            panel.set_ylim(-0.6, len(results) - 0.4)
        entries = left.get_legend_handles_labels(), right.get_legend_handles_labels()
        drawn.legend(
            [*entries[0][0], entries[1][0][-1]],
            [*entries[0][1], entries[1][1][-1]],
            loc="outside lower center",
            ncols=len(names) + 1,
            frameon=False,
        )


def _ahead(panel: Axes, results: Sequence[Result], name: str, heights: Any) -> None:
    """Draw one peer's ratios with their quartiles, and the bars as upright strokes."""
    colour, marker = LOOKS[name]
    for one, height in zip(results, heights, strict=True):
        best, bar = one.best(name), one.work.bars.get(name)
        if best is None:
            continue
        found = ratio(best, one.ours)
        panel.plot([found.low, found.high], [height, height], color=colour, linewidth=1.5)
        panel.plot(found.median, height, color=colour, marker=marker, markersize=7)
        if bar is not None:
            panel.plot(bar, height, color=BLACK, marker="|", markersize=11, markeredgewidth=1.8)


@dataclass(frozen=True)
class Strip:
    """One line of a picture of rounds: its name, its numbers, and the bar for their median."""

    label: str
    numbers: Sequence[float]
    bar: float | None = None
    ours: bool = True


def strips(path: Path, title: str, axis: str, lines: Sequence[Strip]) -> None:
    """Draw every round as a dot, the medians as large ones, and the bars as upright strokes."""
    with figure(path, 8, 1.3 + 0.42 * len(lines)) as drawn:
        panel = drawn.subplots()
        for place, line in enumerate(reversed(lines)):
            colour = LOOKS[OURS if line.ours else "PyTorch eager"][0]
            median = float(np.median(line.numbers))
            heights = [place] * len(line.numbers)
            panel.plot(line.numbers, heights, ".", color=GREY, markersize=7)
            panel.plot(median, place, color=colour, marker=LOOKS[OURS][1], markersize=8)
            panel.annotate(
                figures(median), (median, place), (0, 7), textcoords="offset points", ha="center",
                fontsize=8.5, color=colour,
            )  # fmt: skip
            if line.bar is not None:
                panel.plot(
                    line.bar, place, color=BLACK, marker="|", markersize=15, markeredgewidth=2
                )
        panel.set_yticks(range(len(lines)), [line.label for line in reversed(lines)])
        panel.set(title=title, xlabel=axis, ylim=(-0.6, len(lines) - 0.3))
        # One round that something else delayed must not press all the others together.
        most = [max(np.percentile(line.numbers, 90), line.bar or 0.0) for line in lines]
        panel.set_xlim(0.0, 1.1 * max(most))


def shares(
    path: Path, title: str, due: float, doubt: float, rows: Sequence[tuple[str, str, float]]
) -> None:
    """Draw how often intervals held what is true: (table, measure, share), beside what is due."""
    # Rings around dots, so that equal shares are both seen.
    measures = dict.fromkeys(measure for _, measure, _ in rows)
    looks = dict(zip(measures, ((BLACK, 5), ("none", 10)), strict=True))
    tables = list(dict.fromkeys(table for table, _, _ in rows))
    with figure(path, 8, 1.6 + 0.5 * len(tables)) as drawn:
        panel = drawn.subplots()
        panel.axvspan(due - doubt, min(1.0, due + doubt), color=GREY, alpha=0.15, linewidth=0)
        panel.axvline(due, color=GREY, linewidth=1)
        for measure, (inside, size) in looks.items():
            points = [(share, tables.index(table)) for table, one, share in rows if one == measure]
            panel.plot(
                *zip(*points, strict=True), "o", color=BLACK, markerfacecolor=inside,
                markersize=size, label=measure,
            )  # fmt: skip
        panel.set_yticks(range(len(tables)), tables)
        panel.set(title=title, xlabel="share of 95 % intervals that hold chance")
        panel.set(ylim=(len(tables) - 0.5, -0.5), xlim=(min(0.85, *(one for *_, one in rows)), 1.0))
        drawn.legend(loc="outside lower center", ncols=2, frameon=False)


def growth(path: Path, panels: Mapping[str, Mapping[str, Mapping[int, float]]]) -> None:
    """Draw how a step's cost grows: panel -> contestant -> size -> microseconds."""
    with figure(path, 11, 8) as drawn:
        axes = list(drawn.subplots(2, 2).flat)
        for unused in axes[len(panels) :]:
            unused.remove()
        for panel, (title, contestants) in zip(axes, panels.items(), strict=False):
            for name, points in contestants.items():
                colour, marker = LOOKS[name]
                width = 2.0 if name == OURS else 1.2
                panel.plot(
                    list(points), list(points.values()), label=name, color=colour, marker=marker,
                    markersize=4.5, linewidth=width,
                )  # fmt: skip
            panel.set(title=title.capitalize(), xlabel=title.split(",")[0])
            panel.set(ylabel="microseconds a step")
            logarithmic(panel.xaxis)
            logarithmic(panel.yaxis)
        legend = axes[0].get_legend_handles_labels()
        drawn.legend(*legend, loc="outside lower center", ncols=5, frameon=False)
