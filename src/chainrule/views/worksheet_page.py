"""Worksheets as pages that stand by themselves: a sheet for each student, and the key."""

from __future__ import annotations

from collections.abc import Sequence

from chainrule.explanation.worksheets.exercise import BLANKS
from chainrule.explanation.worksheets.sheets import DECIMALS, Worksheet
from chainrule.views.page import STYLE, escaped
from chainrule.views.worksheet_drawing import network_drawing
from chainrule.views.worksheet_symbols import GROUPS, formula, in_numbers, number, symbol

_RULES = """
.sheet { break-after: page; } .sheet:last-of-type { break-after: auto; }
.sheet + .sheet { margin-top: 3rem; border-top: 2px solid var(--rule); }
.top { display: flex; justify-content: space-between; gap: 2rem; align-items: baseline; }
.sheet h2 { border: 0; margin: .75rem 0 .25rem; } .sheet h3 { font-size: 1rem; margin: .9rem 0 0; }
.name { flex: 1; max-width: 22rem; border-bottom: 1px solid var(--ink); }
.blanks { list-style: none; display: grid; padding: 0; margin: .3rem 0; gap: .55rem 1.5rem;
  grid-template-columns: repeat(auto-fill, minmax(14.5rem, 1fr)); }
.blanks li { display: flex; gap: .5rem; align-items: baseline; break-inside: avoid; }
.blanks code { font-size: .75rem; color: var(--soft); }
.line { flex: 1; border-bottom: 1px solid var(--ink); min-width: 4rem; }
.drawing { width: 100%; max-width: 40rem; height: auto; display: block; }
.drawing text { fill: var(--ink); font: 15px system-ui, sans-serif; }
.drawing .unit { fill: var(--paper); stroke: var(--ink); stroke-width: 1.5; }
.drawing .edge { stroke: var(--soft); stroke-width: 1.2; }
.drawing .label { paint-order: stroke; stroke: var(--paper); stroke-width: 4px; }
@page { margin: 12mm 14mm; }
@media print { h1 { display: none; } .sheet + .sheet { margin-top: 0; border-top: 0; }
  .sheet { font-size: 9.5pt; } .sheet h2 { margin: 0; } .sheet p { margin: .3rem 0; }
  .sheet h3 { margin-top: .6rem; font-size: 10.5pt; }
  .blanks { grid-template-columns: repeat(3, 1fr); gap: .5rem 1.2rem; }
  .drawing { max-width: 31rem; }
  .sheet table { margin: 0; line-height: 1.25; } .sheet .about { font-size: 8pt; } }
"""
# Activation -> what it is, and its slope by the sum and by the output.
_ACTIVATIONS = {
    "sigmoid": ("1 / (1 + e<sup>\u2212z</sup>)", "f(z) (1 \u2212 f(z))"),
    "tanh": ("tanh z", "1 \u2212 f(z)<sup>2</sup>"),
}


def sheets_page(sheets: Sequence[Worksheet]) -> str:
    """Return one page with all sheets; printed, each begins on a sheet of paper of its own."""
    return _page("Worksheets on backpropagation", "".join(_sheet(one) for one in sheets))


def key_page(sheets: Sequence[Worksheet]) -> str:
    """Return the key of all sheets as one page: every number, and the formula that gives it."""
    return _page("Key to the worksheets on backpropagation", "".join(_key(one) for one in sheets))


def _page(title: str, body: str) -> str:
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escaped(title)}</title>\n<style>{STYLE}{_RULES}</style>\n</head>\n<body>\n"
        f"<main>\n<h1>{escaped(title)}</h1>\n{body}</main>\n</body>\n</html>\n"
    )


def _sheet(sheet: Worksheet) -> str:
    exercise = sheet.exercise
    value, slope = _ACTIVATIONS[exercise.activation]
    groups = "".join(
        f'<h3>{escaped(heading)}</h3>\n<ul class="blanks">\n'
        + "".join(
            f'<li><span>{symbol(blank)} <code>{blank}</code> =</span><span class="line"></span>'
            "</li>\n"
            for blank in blanks
        )
        + "</ul>\n"
        for heading, blanks in GROUPS
    )
    return (
        f'<section class="sheet">\n<div class="top"><h2>Student {sheet.student}</h2>'
        '<p class="name">Name</p></div>\n'
        f"<p>One row goes forward through this network, and the cost comes back; then every weight "
        f"and bias takes one step of gradient descent. {symbol('w12')} leads from input 1 to "
        f"hidden unit 2. Write {DECIMALS} decimals.</p>\n{network_drawing(exercise)}\n"
        f"<p>Hidden units and output have the same activation, {exercise.activation}: "
        f"<i>f</i>(z) = {value}, with the slope <i>f</i>\u2032(z) = {slope}. A unit's weighted sum "
        f"is <i>z</i>, its output <i>f</i>(<i>z</i>). The target is {symbol('t')} = "
        f"{number(exercise.t)}, the cost <i>C</i> = \u00bd (<i>o</i> \u2212 <i>t</i>)<sup>2</sup>, "
        f"the learning rate {symbol('rate')} = {number(exercise.rate)}. All slopes are taken "
        f"before any weight changes.</p>\n{groups}"
        f'<p class="about">Seed {sheet.seed}, student {sheet.student}</p>\n</section>\n'
    )


def _key(sheet: Worksheet) -> str:
    numbers = {**sheet.exercise.given, **sheet.key}
    rows = "".join(
        f'<tr><th scope="row">{symbol(blank)} <code>{blank}</code></th><td>{formula(blank)}</td>'
        f"<td>{in_numbers(blank, numbers)}</td>"
        f'<td class="number">{_answer(sheet.key[blank])}</td></tr>\n'
        for blank in BLANKS
    )
    return (
        f'<section class="sheet">\n<h2>Student {sheet.student}, '
        f"{sheet.exercise.activation}</h2>\n"
        f'<div class="wide" tabindex="0"><table><caption>Seed {sheet.seed}, student '
        f"{sheet.student}</caption><thead><tr>"
        '<th scope="col">blank</th><th scope="col">formula</th><th scope="col">in numbers</th>'
        f'<th scope="col" class="number">answer</th></tr></thead><tbody>\n{rows}</tbody></table>'
        "</div>\n</section>\n"
    )


def _answer(value: float) -> str:
    return f"{value:.{DECIMALS}f}".replace("-", "\u2212")
