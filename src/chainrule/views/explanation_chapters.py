"""The chapters of an explanation of a gradient, made of its document."""

from __future__ import annotations

from collections.abc import Iterator

from chainrule.explanation.formulas.derivation_formulas import tree_latex
from chainrule.explanation.plain_numbers import number_of
from chainrule.explanation.written import rounded_up
from chainrule.views.explanation_parts import (
    Cell,
    Chapter,
    Document,
    Exact,
    Measured,
    Pairs,
    Part,
    Pasted,
    Told,
    Tree,
    numbered,
    with_sign,
)
from chainrule.views.row_chapters import pulls_chapter

# So many rows of a table stand apart.
SHOWN = 24
_WHY = {
    "zero": "Why it is zero",
    "tiny": "Why it is tiny",
    "huge": "Why it is huge",
    "not finite": "Why it is no number",
    "ordinary": "Is it an ordinary number?",
}


def told_gradient(document: Document) -> Told:
    """Return the explanation of a gradient, chapter by chapter."""
    names = document["rows"]["names"]
    rows = names[0] if len(names) == 1 else f"{len(names):,} rows"
    source = document["rows"]["source"]
    name = document["target"] if document["tree"] is None else document["tree"]["name"]
    of = f" of {source}" if source and len(names) == 1 else f" ({source})" if source else ""
    return Told(
        title=f"Why the gradient at {name} is what it is",
        about=f"For {rows}{of}.",
        lead=document["sentence"],
        notes=tuple(document["notes"]),
        chapters=tuple(_chapters(document)),
    )


def _chapters(document: Document) -> Iterator[Chapter]:
    tree = document["tree"]
    if document["summary"] is not None:
        yield _summary(document["summary"])
    if tree is not None:
        yield Chapter("The chain rule, term by term", (Tree(tree),))
    if document["checks"] is not None:
        yield _checks(document["checks"])
    why = document["why"]
    if why is not None and why["verdict"] != "ordinary":
        yield _why(why)
    if document["tug_of_war"] is not None:
        yield _tug(document["tug_of_war"])
    if document.get("pulls") is not None:
        yield pulls_chapter(document["pulls"])
    if why is not None and why["verdict"] == "ordinary":
        yield _why(why)
    if document["forward"]:
        yield _forward(document["forward"])
    yield from _contents(document["rows"])
    if tree is not None:
        parts = (Pasted(tree_latex(tree), "LaTeX of the whole derivation"),)
        yield Chapter("To paste", parts)


def _checks(checks: Document) -> Chapter:
    def line(name: str, key: str, how: str) -> tuple[str, str, Exact]:
        return name, how, Exact(number_of(checks[key]), 10)

    error = number_of(checks["finite_difference_error"])
    rows = (
        line("gradient", "gradient", f"backward, {checks['dtype']}, {checks['engine']} engine"),
        line("sum of the terms", "sum_of_terms", "local derivatives by tangents, in float64"),
        line("difference", "finite_difference", f"forward alone, error below {rounded_up(error)}"),
    )
    table = Measured("Each is made in another way.", ("number", "made by", "value"), rows, left=2)
    return Chapter("Three numbers that must agree", (checks["sentence"], table))


def _why(why: Document) -> Chapter:
    parts: list[Part] = [why["sentence"]]
    pairs = [(one["kind"], ", ".join(one["where"]) or "everywhere") for one in why["causes"]]
    for place, cut in enumerate(why["cuts"]):
        name = "blocked by" if place == 0 else "and behind that by"
        shown = ", ".join(cut[:SHOWN])
        pairs.append((name, shown + (f" and {len(cut) - SHOWN} more" * (len(cut) > SHOWN))))
    if pairs:
        parts.append(Pairs(tuple(pairs)))
    return Chapter(_WHY[why["verdict"]], tuple(parts))


def _tug(tug: Document) -> Chapter:
    parts: list[Part] = [tug["sentence"]]
    strongest = tug["strongest"]
    if strongest is not None and strongest["through"]:
        parts.append(f"The strongest route: {' → '.join(strongest['through'])}.")
    for one in tug["subtotals"]:
        table = _subtotals(one)
        if table is not None:
            parts.append(table)
    return Chapter("Tug of war: what pulls up, what pulls down", tuple(parts))


def _subtotals(layer: Document) -> Measured | None:
    """Return the units of a layer that routes go through; None where there are fewer than two."""
    used = [one for one in layer["units"] if one["positive"] or one["negative"]]
    if len(used) < 2:
        return None
    rows: list[tuple[Cell, ...]] = [
        (one["unit"], with_sign(one["positive"]), with_sign(0.0 - number_of(one["negative"])),
         with_sign(one["signed"]))
        for one in used
    ]  # fmt: skip
    silent = len(layer["units"]) - len(used)
    rest = layer["rest"]
    if rest["count"] or silent:
        count = rest["count"] + silent
        rows.append((f"{count:,} more", "", "", with_sign(rest["signed"])))
    if layer["around"]:
        rows.append(("around the layer", "", "", with_sign(layer["around"])))
    rows.append(("together", "", "", with_sign(layer["total"])))
    return Measured(
        f"Through {layer['value']}",
        ("unit", "routes up", "routes down", "together"),
        tuple(rows),
        bars=3,
        strong=1,
    )


def _forward(forward: list[Document]) -> Chapter:
    rows = []
    for one in forward:
        rows.append((one["symbol"], one["words"], one["op"], made_of(one), numbered(one["value"])))
    table = Measured(
        "How the numbers that the derivation goes through were made, from the inputs to the loss.",
        ("number", "what it is", "operation", "made of", "value"),
        tuple(rows),
        left=4,
    )
    return Chapter("Forward: how its numbers were made", (table,))


def made_of(making: Document) -> str:
    """Return in numbers what a number was made of."""
    rest = making["rest"]
    if making["adds_up"]:
        parts = [f"{one['factor']:.4g} · {one['content']:.4g}" for one in making["parts"]]
        if rest["count"]:
            parts.append(f"{rest['sum']:.4g} ({rest['count']:,} more)")
        return " + ".join(parts).replace("+ -", "\u2212 ").replace("-", "\u2212")
    parts = [f"{one['symbol']} = {one['content']:.4g}" for one in making["parts"]]
    if rest["count"]:
        parts.append(f"{rest['count']:,} more")
    return ", ".join(parts)


def _contents(rows: Document) -> Iterator[Chapter]:
    for name, content in zip(rows["names"], rows["contents"], strict=False):
        pairs = tuple((column, text) for column, text in content)
        if pairs:
            yield Chapter(f"{name[:1].upper()}{name[1:]}", (Pairs(pairs),))


def _summary(summary: Document) -> Chapter:
    total = number_of(summary["sum_of_parts"])
    shown, rest = summary["parts"][:SHOWN], summary["parts"][SHOWN:]
    rows: list[tuple[Cell, ...]] = [
        (one["words"], numbered(one["squares"]), f"{_share(one['squares'], total):.1%}",
         f"{one['up']:,}", f"{one['down']:,}", f"{one['zero']:,}", one["largest"],
         with_sign(one["gradient"]))
        for one in shown
    ]  # fmt: skip
    blank = ("",) * 5
    if rest:
        left = sum(number_of(one["squares"]) for one in rest)
        share = f"{_share(left, total):.1%}"
        rows.append((f"{len(rest):,} more", numbered(left), share, *blank))
    rows.append(("together", numbered(total), "", *blank))
    headings = (
        "part", "squares of the gradient", "share", "positive", "negative", "zero", "largest at",
        "with",
    )  # fmt: skip
    table = Measured("The largest parts first.", headings, tuple(rows), strong=1)
    agree = "agree" if summary["agree"] else "do not agree"
    said = (
        f"Three sums that {agree}: by the engine {number_of(summary['squares']):.6g}, of the "
        f"parts {total:.6g}, and by differences of forward along the gradient "
        f"{number_of(summary['finite_difference']):.6g}."
    )
    return Chapter("Which units have the slope", (table, said))


def _share(part: float | str, total: float) -> float:
    return number_of(part) / total if total else 0.0
