"""Charts as SVG, inline on a page or as files of their own: nothing is loaded for them."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from chainrule.views.axes import drawable
from chainrule.views.charts import Band, Chart, Colour, Dots, Line, Mark, Panel, Spans
from chainrule.views.plain_text import printable
from chainrule.views.scale import BOTTOM, LEFT, LETTER, RIGHT, TOP, Scale, letters_in, ticks_of

WIDE, HALF, TALL = 660, 480, 330
# Of a file: the room of its title, of a line of its legend, and around it.
HEAD, LEGEND, EDGE = 34, 24, 12
LIGHT = {
    "paper": "#fff",
    "ink": "#1b1d21",
    "soft": "#5a6069",
    "rule": "#d5d9df",
    "first": "#1f6fb4",
    "second": "#c2570c",
    "third": "#0f8a6d",
    "fourth": "#a8437f",
    "fifth": "#8a7200",
    "sixth": "#6b4fb0",
    "seventh": "#3a9bc4",
    "grey": "#777",
}
# A line is drawn through the lowest and the highest of so many stretches.
STRETCHES = 300


def style(colours: Mapping[str, str]) -> str:
    """Return how charts are drawn, for a style sheet; ``colours`` by name, as in ``LIGHT``."""
    rules = [
        f"svg text {{ fill: {colours['soft']}; font-size: 13px; }}",
        "svg .middle { text-anchor: middle; } svg .end { text-anchor: end; }",
        f"svg .grid {{ stroke: {colours['rule']}; stroke-width: .7; fill: none; }}",
        f"svg .axis {{ stroke: {colours['soft']}; fill: none; }}",
        "svg .line { fill: none; stroke-width: 1.8; stroke-linejoin: round; }",
        "svg .line.faint { stroke-width: 1.2; opacity: .65; }",
        "svg .dashed { stroke-dasharray: 5 3; }",
        "svg .dot.faint circle { opacity: .45; } svg .bar { opacity: .55; }",
        "svg .band { opacity: .14; }",
    ]
    for name in get_args(Colour):
        rules.append(f"svg .line.{name} {{ stroke: {colours[name]}; }}")
        filled = ", ".join(f"svg .{kind}.{name}" for kind in ("dot", "bar", "band"))
        rules.append(f"{filled} {{ fill: {colours[name]}; }}")
    return "\n".join(rules)


def figure_html(chart: Chart) -> str:
    """Return a chart as a figure of a page, with its legend and what is to be seen in words."""
    pictures = "".join(_picture(chart, place) for place in range(len(chart.panels)))
    keys = "".join(
        f'<li><svg viewBox="0 0 28 12" class="key" aria-hidden="true">{_key(mark)}</svg>'
        f"{_escaped(mark.label)}</li>"
        for mark in _in_legend(chart)
    )
    legend = f'<ul class="legend">{keys}</ul>' if keys else ""
    beside = "beside" if _is_wide(chart) else "stacked"
    beside += " small" if chart.size else ""
    return (
        f'<figure class="chart"><div class="{beside}">{pictures}</div>{legend}'
        f"<figcaption>{_escaped(chart.words)}</figcaption></figure>"
    )


def figure_svg(chart: Chart) -> str:
    """Return a chart as an SVG file that stands by itself, on white, with title and legend."""
    sizes = [_size(chart, place) for place in range(len(chart.panels))]
    across, down = EDGE, HEAD
    pictures = []
    for place, (width, height) in enumerate(sizes):
        where = f'x="{across}" y="{down}" width="{width}" height="{height}" '
        pictures.append(_picture(chart, place, where))
        across, down = (across + width, down) if _is_wide(chart) else (across, down + height)
    wide = max(across, EDGE + max(width for width, _ in sizes)) + EDGE
    bottom = HEAD + max(height for _, height in sizes) if _is_wide(chart) else down
    keys, tall = _legend(chart, wide, bottom)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {tall}" width="{wide}" '
        f'height="{tall}" font-family="system-ui, Helvetica, Arial, sans-serif" role="img">\n'
        f"<title>{_escaped(chart.title)}</title>\n<desc>{_escaped(chart.words)}</desc>\n"
        f'<style>{style(LIGHT)}</style>\n<rect width="{wide}" height="{tall}" fill="#fff"/>\n'
        f'<text x="{EDGE + 10}" y="22" style="font-size: 16px; fill: {LIGHT["ink"]}">'
        f"{_escaped(_short(chart.title, wide))}</text>\n"
        + "\n".join([*pictures, *keys])
        + "\n</svg>\n"
    )


def _legend(chart: Chart, wide: int, top: int) -> tuple[list[str], int]:
    """Return the legend of a file, in lines as wide as it is, and how far down it reaches."""
    keys: list[str] = []
    start = left = float(EDGE + LEFT)
    line = top + EDGE // 2
    for mark in _in_legend(chart):
        room = 56 + LETTER * len(mark.label)
        if left > start and left + room > wide:
            left, line = start, line + LEGEND
        keys.append(
            f'<g transform="translate({left:.0f} {line})">{_key(mark)}'
            f'<text x="34" y="10">{_escaped(mark.label)}</text></g>'
        )
        left += room
    return keys, line + (LEGEND if keys else 0) + EDGE // 2


def _in_legend(chart: Chart) -> list[Mark]:
    marks = {mark.label: mark for panel in chart.panels for mark in panel.marks if mark.label}
    return list(marks.values())


def _is_wide(chart: Chart) -> bool:
    return len(chart.panels) > 1 and not chart.stacked


def _size(chart: Chart, place: int) -> tuple[int, int]:
    """Return width and height of a panel's picture."""
    if chart.size is not None:
        return chart.size
    height = float(TALL - TOP - BOTTOM)
    if chart.stacked:
        total = sum(panel.height for panel in chart.panels)
        height *= 1.3 * chart.panels[place].height / total
    return HALF if _is_wide(chart) else WIDE, round(height) + TOP + BOTTOM


def _picture(chart: Chart, place: int, where: str = "") -> str:
    panel, (width, height) = chart.panels[place], _size(chart, place)
    across = panel.x_label or chart.panels[-1].x_label
    up = f": {panel.y_label} by" if panel.y_label else ", by"
    label = f"{chart.title}{up} {across}"
    scale = Scale(panel, width, height)
    marks = "".join(_mark(mark, scale) for mark in panel.marks)
    return (
        f'<svg {where}viewBox="0 0 {width} {height}" role="img" aria-label="{_escaped(label)}">'
        f"{_axes(panel, scale)}{marks}</svg>"
    )


def _axes(panel: Panel, scale: Scale) -> str:
    """Return the lines of the grid, the numbers at them, and what the axes are."""
    right, bottom = scale.width - RIGHT, scale.height - BOTTOM
    parts = []
    across, texts = ticks_of(scale.x_limits, panel.log_x, panel.whole_x)
    for place, text in zip(scale.x(across).tolist(), texts, strict=True):
        parts.append(f'<path class="grid" d="M{place:.1f} {TOP}V{bottom}"/>')
        parts.append(f'<text x="{place:.1f}" y="{bottom + 17}" class="middle">{text}</text>')
    left = scale.left
    up, texts = ticks_of(scale.y_limits, panel.log_y)
    if panel.names:
        up, texts = [float(one) for one in range(len(panel.names))], list(panel.names)
    # A low picture has room for every other number.
    every = 2 if scale.height < TALL / 2 else 1
    for place, text in zip(scale.y(up[::every]).tolist(), texts[::every], strict=True):
        shown = _escaped(_short(text, round(left)))
        parts.append(f'<path class="grid" d="M{left:.0f} {place:.1f}H{right}"/>')
        parts.append(f'<text x="{left - 8:.0f}" y="{place + 4:.1f}" class="end">{shown}</text>')
    parts.append(f'<path class="axis" d="M{left:.0f} {TOP}V{bottom}H{right}"/>')
    middle = (left + right) / 2, (TOP + bottom) / 2
    label = _short(panel.x_label, scale.width)
    # A long one would be cut off at the edge, had it its middle below that of the axis.
    furthest = max(scale.width / 2, scale.width - LETTER * len(label) / 2)
    parts.append(
        f'<text x="{min(middle[0], furthest):.1f}" y="{scale.height - 8}" class="middle">'
        f"{_escaped(label)}</text>"
    )
    parts.append(
        f'<text x="14" y="{middle[1]}" class="middle" transform="rotate(-90 14 {middle[1]})">'
        f"{_escaped(_short(panel.y_label, scale.height))}</text>"
    )
    return "".join(parts)


def _mark(mark: Mark, scale: Scale) -> str:
    look = f"{mark.colour}{' faint' if getattr(mark, 'faint', False) else ''}"
    if isinstance(mark, Line):
        return _line(mark, scale, look)
    if isinstance(mark, Dots):
        radius = 2 if mark.faint else 4
        return _dots(_points(mark, scale), radius, look)
    if isinstance(mark, Spans):
        ends = zip(*(one.tolist() for one in _span_ends(mark, scale)), strict=True)
        path = "".join(f"M{x:.1f} {low:.1f}V{high:.1f}" for x, low, high in ends)
        return f'<path class="line {look}" d="{path}"/>'
    if isinstance(mark, Band):
        return _band(mark, scale)
    edges, heights = scale.x(mark.edges), scale.y(mark.height)
    bottom = scale.height - BOTTOM
    return "".join(
        f'<rect class="bar {look}" x="{left + 1:.1f}" y="{top:.1f}" width="{right - left - 2:.1f}"'
        f' height="{bottom - top:.1f}"/>'
        for left, right, top in zip(edges, edges[1:], heights, strict=False)
    )


def _band(mark: Band, scale: Scale) -> str:
    upper = _points(Line(mark.x, mark.high, mark.colour), scale)
    lower = _points(Line(mark.x, mark.low, mark.colour), scale)
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in [*upper, *reversed(lower)])
    return f'<polygon class="band {mark.colour}" points="{path}"/>'


def _span_ends(mark: Spans, scale: Scale) -> tuple[NDArray[np.float64], ...]:
    return scale.x(mark.x), scale.y(mark.low), scale.y(mark.high)


def _line(mark: Line, scale: Scale, look: str) -> str:
    points = _points(mark, scale)
    if len(points) == 1:
        return _dots(points, 4, look)
    dashed = " dashed" if mark.dashed else ""
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline class="line {look}{dashed}" points="{path}"/>'


def _dots(points: Sequence[tuple[float, float]], radius: int, look: str) -> str:
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}"/>' for x, y in points)
    return f'<g class="dot {look}">{dots}</g>'


def _points(mark: Line | Dots, scale: Scale) -> list[tuple[float, float]]:
    """Return the points that are numbers, of many on a line those at its turns."""
    x, y = np.asarray(mark.x, dtype=np.float64), np.asarray(mark.y, dtype=np.float64)
    known = np.flatnonzero(drawable(x) & drawable(y))
    if isinstance(mark, Line) and len(known) > 2 * STRETCHES:
        parts = np.array_split(known, STRETCHES)
        lowest = [int(part[np.argmin(y[part])]) for part in parts]
        highest = [int(part[np.argmax(y[part])]) for part in parts]
        known = np.array(sorted({*lowest, *highest, int(known[0]), int(known[-1])}))
    return list(zip(scale.x(x[known]).tolist(), scale.y(y[known]).tolist(), strict=True))


def _key(mark: Mark) -> str:
    """Return what a mark looks like, for the legend, in a picture of 28 by 12."""
    if isinstance(mark, Line):
        dashed = " dashed" if mark.dashed else ""
        return f'<path class="line {mark.colour}{dashed}" d="M1 6H27"/>'
    if isinstance(mark, Spans):
        return f'<path class="line {mark.colour}" d="M14 0V12"/>'
    return f'<circle class="dot {mark.colour}" cx="14" cy="6" r="4"/>'


def _short(text: str, room: int) -> str:
    most = letters_in(room)
    return text if len(text) <= most else text[: most - 3] + "..."


def _escaped(text: str) -> str:
    return html.escape(printable(text))
