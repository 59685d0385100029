"""An explanation as one page that stands by itself: no script, no request, on screen and paper.

Everything is in the markup, so that it is found, printed and read aloud. Folding is the browser's
own.
"""

from __future__ import annotations

import html
import math

from chainrule.views.explanation_parts import (
    Cell,
    Chapter,
    Document,
    Exact,
    Measured,
    Part,
    Pasted,
    Pictured,
    Signed,
    Told,
    Tree,
)
from chainrule.views.explanation_style import RULES
from chainrule.views.explanation_told import told
from chainrule.views.explanation_tree import number_html, tree_html
from chainrule.views.page import STYLE, escaped
from chainrule.views.svg import figure_html

# A page says for itself that nothing may be loaded or run.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_LEGEND = (
    '<ul class="signs" aria-label="Signs"><li><span class="up">+</span> positive: as this rises, '
    'the loss rises</li><li><span class="down">\u2212</span> negative: as this rises, the loss '
    'falls</li><li><span class="still">0</span> nothing moves</li></ul>'
)
_FOLDS = "Each number opens to the terms that it is the sum of. Numbers are shown with 6 digits."


def page_of(
    document: Document, *, command: str = "", depth: int = 3, pulls: Document | None = None
) -> str:
    """Return the document of an explanation, a receipt or a prediction as a page.

    ``command`` is what made it, by default the call that the document holds; the derivation is open
    down to ``depth`` numbers; ``pulls`` are the rows that pulled in a receipt's step.
    """
    found = told(document, pulls)
    made = command or document.get("call", "")
    chapters = found.chapters
    if made:
        chapters += (Chapter("What made this page", (Pasted(made),)),)
    notes = "".join(f"<p>{escaped(one)}</p>" for one in found.notes)
    body = "\n".join(_chapter(one, place, depth) for place, one in enumerate(chapters))
    return _framed(found, f"{notes}\n{body}")


def summary_of_page(document: Document) -> str:
    """Return what is said first, and the largest terms, in markup that any viewer keeps."""
    found = told(document)
    terms = ""
    if document.get("tree"):
        rows = "".join(
            f"<tr><td>{number_html(one['product'])}</td><td>{escaped(one['through'])}</td></tr>"
            for one in document["tree"]["terms"]
        )
        terms = f"<table><tr><th>term</th><th>through</th></tr>{rows}</table>"
    return f"<p><b>{escaped(found.title)}</b></p><p>{escaped(found.lead)}</p>{terms}"


def _framed(found: Told, body: str) -> str:
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escaped(found.title)}</title>\n<style>{STYLE}{RULES}</style>\n</head>\n<body>\n"
        f'<main>\n<h1>{escaped(found.title)}</h1>\n<p class="about">{escaped(found.about)}</p>\n'
        f'<p class="lead">{escaped(found.lead)}</p>\n{body}\n</main>\n</body>\n</html>\n'
    )


def _chapter(chapter: Chapter, place: int, depth: int) -> str:
    parts = "\n".join(_part(one, depth) for one in chapter.parts)
    name = f"chapter-{place + 1}"
    return (
        f'<section{_QUIET * chapter.quiet} aria-labelledby="{name}">\n'
        f'<h2 id="{name}">{escaped(chapter.heading)}</h2>\n{parts}\n</section>'
    )


def _part(part: Part, depth: int) -> str:
    if isinstance(part, str):
        return f"<p>{escaped(part)}</p>"
    if isinstance(part, Measured):
        return _table(part)
    if isinstance(part, Tree):
        return f"{_LEGEND}<p>{_FOLDS}</p>{tree_html(part.node, depth)}"
    if isinstance(part, Pictured):
        return figure_html(part.chart)
    if isinstance(part, Pasted):
        # The lines of a formula are kept, but no letter that cannot be seen.
        lines = "\n".join(escaped(one) for one in part.text.split("\n"))
        block = f"<pre><code>{lines}</code></pre>"
        if not part.folded_as:
            return block
        return f"<details><summary>{escaped(part.folded_as)}</summary>{block}</details>"
    pairs = (f"<dt>{escaped(word)}</dt><dd>{escaped(said)}</dd>" for word, said in part.pairs)
    return f"<dl>{''.join(pairs)}</dl>"


def _table(table: Measured) -> str:
    heads = "".join(
        f'<th role="columnheader" scope="col"{"" if place < table.left else _NUMBER}>'
        f"{escaped(text)}</th>"
        for place, text in enumerate(table.headings)
    )
    size = _largest(table)
    rows = []
    for place, cells in enumerate(table.rows):
        strong = place >= len(table.rows) - table.strong
        inside = "".join(_cell(table, at, one, size, strong) for at, one in enumerate(cells))
        rows.append(f'<tr role="row"{_STRONG * strong}>{inside}</tr>')
    label = html.escape(table.caption)
    many = ' class="many"' if len(table.headings) > 3 else ""
    return (
        f'<div class="wide" tabindex="0" role="group" aria-label="{label}">'
        f'<table role="table"{many}>'
        f'<caption>{escaped(table.caption)}</caption><thead role="rowgroup"><tr role="row">{heads}'
        '</tr></thead><tbody role="rowgroup">'
        f"{''.join(rows)}</tbody></table></div>"
    )


_NUMBER, _STRONG, _QUIET = ' class="number"', ' class="strong"', ' class="quiet"'


def _largest(table: Measured) -> float:
    """Return the size that a whole bar stands for."""
    if table.bars is None:
        return 0.0
    column = [one[table.bars] for one in table.rows[: len(table.rows) - table.strong]]
    sizes = [abs(one.value) for one in column if isinstance(one, Signed)]
    return max((one for one in sizes if math.isfinite(one)), default=0.0)


def _cell(table: Measured, at: int, cell: Cell, size: float, strong: bool) -> str:
    if at == 0:
        return f'<th role="rowheader" scope="row">{escaped(str(cell))}</th>'
    # Narrow screens show each row as a list, and the heading in front of each number.
    look = f' role="cell" data-head="{html.escape(table.headings[at])}"'
    look += "" if at < table.left else _NUMBER
    if isinstance(cell, Signed):
        shown = number_html(cell.value)
        if at == table.bars and not strong:
            shown = f'<span class="pair">{_bar(cell.value, size)}{shown}</span>'
        return f"<td{look}>{shown}</td>"
    if isinstance(cell, Exact):
        return f'<td{look}><data value="{cell.value!r}">{cell}</data></td>'
    return f"<td{look}>{escaped(cell)}</td>"


def _bar(value: float, size: float) -> str:
    """Return a bar from the middle, to the right for a positive number, to the left else."""
    if not size or not math.isfinite(value) or not value:
        return '<span class="bar" aria-hidden="true"></span>'
    kind = "up" if value > 0 else "down"
    return (
        f'<span class="bar" aria-hidden="true"><i class="{kind}" '
        f'style="width: {50 * abs(value) / size:.1f}%"></i></span>'
    )
