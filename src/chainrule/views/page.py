"""A page that stands by itself: no script, nothing loaded, in light, in dark and on paper."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass

from chainrule.data.decisions import Decision
from chainrule.views.charts import Chart
from chainrule.views.grid import Grid
from chainrule.views.plain_text import printable
from chainrule.views.svg import LIGHT, figure_html, style

MOST_DECISIONS = 300
DARK = {
    "paper": "#15171b",
    "ink": "#e6e8eb",
    "soft": "#a0a7b1",
    "rule": "#3a3f47",
    "first": "#62aee8",
    "second": "#f0914d",
    "third": "#3cc4a0",
    "fourth": "#e08cc0",
    "fifth": "#cdb53a",
    "sixth": "#a996ee",
    "seventh": "#8fd3ee",
    "grey": "#98a0aa",
}
_LIGHT, _DARK = (
    "; ".join(f"--{name}: {colour}" for name, colour in one.items()) for one in (LIGHT, DARK)
)
_COLOURS = f"""
:root {{ color-scheme: light dark; --panel: #f5f6f8; {_LIGHT}; }}
@media (prefers-color-scheme: dark) {{ :root {{ --panel: #1e2127; {_DARK}; }} }}
"""
_RULES = """
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 2rem 1.25rem 4rem; background: var(--paper);
  color: var(--ink); font: 1rem/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .25rem; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 2.5rem 0 .75rem; border-bottom: 1px solid var(--rule); }
p { max-width: 46rem; margin: .5rem 0; overflow-wrap: anywhere; }
.about { color: var(--soft); margin: 0 0 1.25rem; }
.lead { font-size: 1.15rem; padding: .9rem 1.1rem; background: var(--panel); border-radius: .4rem;
  border-left: .3rem solid var(--first); max-width: none; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; margin: .75rem 0; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--soft); padding-bottom: .3rem; }
@media (min-width: 44rem) { caption { max-width: 0; white-space: nowrap; } }
th, td { padding: .25rem 1.4rem .25rem 0; text-align: left; vertical-align: top; }
th { font-weight: 600; } tbody th { font-weight: 400; }
thead th { border-bottom: 1px solid var(--ink); }
tbody td, tbody th { border-bottom: 1px solid var(--rule); overflow-wrap: break-word; }
.number { text-align: right; white-space: nowrap; } tr.strong > * { font-weight: 650; }
td.shaded { padding: .25rem .7rem; background: color-mix(in srgb, var(--first) var(--dark),
  var(--paper)); } thead .shaded { padding-right: .7rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1.25rem; max-width: 54rem; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
pre { background: var(--panel); padding: .7rem .9rem; border-radius: .4rem; margin: .4rem 0;
  white-space: pre-wrap; overflow-wrap: anywhere; font: .9rem/1.45 ui-monospace, Menlo, Consolas,
  monospace; }
figure { margin: 1rem 0 1.5rem; } figcaption { color: var(--soft); max-width: 46rem; }
.chart svg { width: 100%; height: auto; display: block; }
.stacked { max-width: 44rem; } .beside { display: flex; flex-wrap: wrap; gap: .5rem; }
.beside svg { flex: 1 1 22rem; max-width: 30rem; }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: .2rem 1.4rem; margin: .3rem 0;
  padding: 0 0 0 4.5rem; font-size: .92rem; }
.chart .key { width: 1.75rem; height: .75rem; display: inline-block; margin-right: .45rem; }
@media print { body { max-width: none; padding: 0; font-size: 10pt; } figure, tr, pre,
  .wide { break-inside: avoid; } h2 { break-after: avoid; } .wide { overflow: visible; }
  * { print-color-adjust: exact; } }
"""
STYLE = _COLOURS + _RULES + style({name: f"var(--{name})" for name in LIGHT})


@dataclass(frozen=True)
class Commands:
    """Commands to be pasted, one below the other."""

    lines: tuple[str, ...]


@dataclass(frozen=True)
class Terms:
    """Words and what there is to say of them."""

    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Captioned:
    """A grid and what it is."""

    caption: str
    grid: Grid


# Decisions are a table on a page, and lines in plain text.
Part = str | Captioned | Chart | Commands | Terms | tuple[Decision, ...]


@dataclass(frozen=True, eq=False)
class Section:
    """A heading and what stands below it."""

    heading: str
    parts: tuple[Part, ...]


def page(title: str, about: str, lead: str, sections: Sequence[Section]) -> str:
    """Return a whole page. Every text is escaped here."""
    body = "\n".join(_section(one) for one in sections)
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escaped(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
        f'<h1>{escaped(title)}</h1>\n<p class="about">{escaped(about)}</p>\n'
        f'<p class="lead">{escaped(lead)}</p>\n{body}\n</main>\n</body>\n</html>\n'
    )


def escaped(text: str) -> str:
    """Return text of others as text of a page: no markup, and no letters that cannot be seen."""
    return html.escape(printable(text))


def _section(section: Section) -> str:
    parts = "\n".join(_part(one) for one in section.parts)
    return f"<section>\n<h2>{escaped(section.heading)}</h2>\n{parts}\n</section>"


def _part(part: Part) -> str:
    if isinstance(part, str):
        return f"<p>{escaped(part)}</p>"
    if isinstance(part, Chart):
        return figure_html(part)
    if isinstance(part, Commands):
        return "".join(f"<pre><code>{escaped(line)}</code></pre>" for line in part.lines)
    if isinstance(part, Terms):
        pairs = (f"<dt>{escaped(word)}</dt><dd>{escaped(said)}</dd>" for word, said in part.pairs)
        return f"<dl>{''.join(pairs)}</dl>"
    if isinstance(part, Captioned):
        return _table(part.caption, part.grid)
    rows = tuple((one.subject, one.kind, one.in_words, one.option) for one in part[:MOST_DECISIONS])
    more = len(part) - MOST_DECISIONS
    told = f"The first {MOST_DECISIONS}, and {more:,} more" if more > 0 else "All of them"
    headings = ("of", "kind", "what was made of it", "what decides otherwise")
    return _table(f"{told}, in the order of the table.", Grid(headings, rows, left=4))


def _table(caption: str, grid: Grid) -> str:
    heads = "".join(
        f'<th scope="col"{_look(grid, place)}>{escaped(text)}</th>'
        for place, text in enumerate(grid.headings)
    )
    rows = "".join(_row(grid, place) for place in range(len(grid.rows)))
    return (
        f'<div class="wide" tabindex="0"><table><caption>{escaped(caption)}</caption>'
        f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _row(grid: Grid, number: int) -> str:
    cells = [f'<th scope="row">{escaped(grid.rows[number][0])}</th>']
    for place, text in enumerate(grid.rows[number][1:], start=1):
        dark = grid.shares[number][place] if grid.shares else 0.0
        shade = f' style="--dark: {60 * dark:.0f}%"' if dark else ""
        cells.append(f"<td{_look(grid, place)}{shade}>{escaped(text)}</td>")
    strong = ' class="strong"' if number in grid.strong else ""
    return f"<tr{strong}>{''.join(cells)}</tr>"


def _look(grid: Grid, place: int) -> str:
    if place < grid.left:
        return ""
    return ' class="number shaded"' if grid.shares else ' class="number"'
