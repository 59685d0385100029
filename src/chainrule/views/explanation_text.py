"""An explanation in a terminal: its sentences, tables, and the derivation as a tree that folds."""

from __future__ import annotations

import contextlib
import io
import sys
from typing import TYPE_CHECKING

from chainrule.explanation.formulas.derivation_formulas import factor_expression, left_over
from chainrule.explanation.formulas.expressions import held
from chainrule.explanation.plain_numbers import digits
from chainrule.views.explanation_parts import (
    Cell,
    Document,
    Measured,
    Pairs,
    Part,
    Pasted,
    Pictured,
    Signed,
    Told,
    Tree,
    signed,
    way,
)
from chainrule.views.plain_text import printable

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.text import Text
    from rich.tree import Tree as RichTree

PIPE_WIDTH = 10_000
# Readable on light and on dark.
_STYLES = {"up": "#2f86d6", "down": "#d9690f", "still": "", "none": "bold"}


def print_told(found: Told, depth: int | None = None, *, plain: bool = False) -> None:
    """Print an explanation, its derivation unfolded to ``depth`` numbers, by default to all.

    ``plain``: without colours, whatever shows it.
    """
    console = _console(plain)
    _line(console, found.title, "bold")
    _line(console, found.about, "dim")
    print()
    _line(console, found.lead)
    for one in found.notes:
        _line(console, one)
    for chapter in found.chapters:
        shown = [one for one in chapter.parts if not isinstance(one, Pasted | Pictured)]
        if not shown:
            continue
        _line(console, f"\n{chapter.heading}", "bold")
        for part in shown:
            _print(console, part, depth)
    sys.stdout.flush()


def print_first(found: Told) -> None:
    """Print what an explanation says first."""
    _line(_console(), found.lead)


def text_of(found: Told) -> str:
    """Return what is printed without a terminal, without its last line break."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        print_told(found, plain=True)
    return printed.getvalue().rstrip("\n")


def _console(plain: bool = False) -> Console:
    from rich.console import Console

    if plain:
        return Console(
            highlight=False, markup=False, emoji=False, width=PIPE_WIDTH, color_system=None,
            force_terminal=False, force_jupyter=False,
        )  # fmt: skip
    width = None if sys.stdout.isatty() else PIPE_WIDTH
    return Console(highlight=False, markup=False, emoji=False, width=width)


def _line(console: Console, text: str, style: str = "") -> None:
    first = "\n" if text.startswith("\n") else ""
    text = first + printable(text.removeprefix("\n"))
    console.print(text, style=style, soft_wrap=not console.is_terminal)


def _print(console: Console, part: Part, depth: int | None) -> None:
    if isinstance(part, str):
        _line(console, part)
    elif isinstance(part, Pairs):
        for word, said in part.pairs:
            _line(console, f"  {word}: {said}")
    elif isinstance(part, Measured):
        print()
        _rendered(console, _table(part))
    elif isinstance(part, Tree):
        _rendered(console, _tree(part.node, depth))


def _rendered(console: Console, what: RenderableType) -> None:
    """Print what rich has laid out, without blanks at the ends of lines."""
    with console.capture() as captured:
        console.print(what)
    sys.stdout.write("\n".join(one.rstrip() for one in captured.get().splitlines()) + "\n")


def _table(part: Measured) -> RenderableType:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1))
    for place, heading in enumerate(part.headings):
        if place < part.left:
            table.add_column(printable(heading), overflow="fold")
        else:
            table.add_column(printable(heading), justify="right")
    for place, cells in enumerate(part.rows):
        strong = place >= len(part.rows) - part.strong
        table.add_row(*map(_cell, cells), style="bold" if strong else "")
    return table


def _cell(cell: Cell) -> Text:
    from rich.text import Text

    if isinstance(cell, Signed):
        return Text(str(cell), _STYLES[way(cell.value)])
    return Text(printable(str(cell)))


# ---- the derivation ----


def _tree(node: Document, depth: int | None) -> RichTree:
    from rich.text import Text
    from rich.tree import Tree as RichTree

    head = Text().append(printable(f"{node['symbol']} = "), "bold")
    top = RichTree(head.append(signed(node["value"]), _STYLES[way(node["value"])]))
    _grow(top, node, depth)
    return top


def _grow(branch: RichTree, node: Document, depth: int | None) -> None:
    """Add a node's terms to a branch, each with those of the number that it goes through."""
    from rich.text import Text

    for term in node["terms"]:
        below = term["below"]
        opens = below is not None and bool(below["terms"])
        folded = opens and depth is not None and depth <= 1
        line = _term(term)
        if folded:
            line.append(f"  … {_count(below)} folded", "dim")
        grown = branch.add(line)
        if opens and not folded:
            _grow(grown, below, None if depth is None else depth - 1)
    rest = node["rest"]
    if rest["count"]:
        more = Text().append(signed(rest["sum"]), _STYLES[way(rest["sum"])])
        branch.add(more.append(f"   ({rest['count']:,} more)", "dim"))
    if left_over(node):
        branch.add(Text(f"the terms do not add up: {signed(node['residual'])} is left", "bold"))


def _count(node: Document) -> str:
    count = len(node["terms"]) + node["rest"]["count"]
    return "1 term" if count == 1 else f"{count:,} terms"


def _term(term: Document) -> Text:
    from rich.text import Text

    factors = term["factors"]
    symbols = " · ".join(held(factor_expression(one), 2) for one in map(_spelled, factors))
    numbers = " · ".join(digits(one["value"]).replace("-", "\u2212") for one in factors)
    line = Text().append(signed(term["product"]), _STYLES[way(term["product"])])
    if len(factors) == 1:
        line.append(printable(f" {symbols}"))
        return line.append(f"   ({term['op']})", "dim")
    line.append(printable(f" = {symbols} = {numbers}"))
    by = f"{term['op']}, through {term['route']}" if term["route"] else term["op"]
    return line.append(f"   ({by})", "dim")


def _spelled(factor: Document) -> Document:
    """Return a factor whose symbol is written as it is, not as the slope that it is."""
    if factor["expression"] is not None:
        return factor
    leaf = {"word": "name", "parts": [], "text": factor["symbol"]}
    return {**factor, "expression": leaf}
