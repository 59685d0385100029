"""Chapters on rows and steps: who pulled a weight, and the receipt of a step."""

from __future__ import annotations

from collections.abc import Iterator

from chainrule.explanation.plain_numbers import digits, number_of
from chainrule.views.explanation_parts import (
    Cell,
    Chapter,
    Document,
    Measured,
    Pasted,
    Told,
    numbered,
    with_sign,
)

SHOWN = 8


def pulls_chapter(pulls: Document) -> Chapter:
    """Return the rows that pull a weight, the strongest of each side, and all others as sums."""
    rows: list[tuple[Cell, ...]] = []
    for side in ("up", "down"):
        named = pulls[side]["rows"][:SHOWN]
        rows += [(one["name"], side, with_sign(one["gradient"])) for one in named]
        count = pulls[side]["count"] - len(named)
        if count:
            shown = sum(number_of(one["gradient"]) for one in named)
            left = number_of(pulls[side]["sum"]) - shown
            rows.append((f"{count:,} more", side, with_sign(left)))
    if pulls["unmoved"]:
        rows.append((f"{pulls['unmoved']:,} more", "nowhere", with_sign(0.0)))
    rows.append(("together", "", with_sign(pulls["sum_of_rows"])))
    table = Measured(
        "Each row's own part of the gradient; a negative one pushes the weight up.",
        ("row", "pushes it", "part of the gradient"),
        tuple(rows),
        left=2,
        bars=2,
        strong=1,
    )
    return Chapter("Who pulled this weight", (*pulls["sentences"], table))


def told_step(receipt: Document, pulls: Document | None) -> Told:
    """Return the receipt of a step, chapter by chapter, with the rows that pulled in it."""
    return Told(
        title=f"How step {receipt['step']} moved {receipt['target']}",
        about=f"The weight {receipt['meaning']}. Steps are counted from 0.",
        lead=receipt["sentences"][0],
        notes=tuple(receipt["sentences"][1:]),
        chapters=tuple(_step_chapters(receipt, pulls)),
    )


def _step_chapters(receipt: Document, pulls: Document | None) -> Iterator[Chapter]:
    yield Chapter("From the gradient to the step", (_way(receipt),))
    yield Chapter(f"The rule of {receipt['optimizer']}, in numbers", (_rule(receipt),))
    shares = receipt["shares"]
    if shares["steps"]:
        yield Chapter("Which steps made it", (shares["sentence"], _shares(shares)))
    for name, held in receipt["held"].items():
        heading = f"What made '{name}'"
        yield Chapter(heading, (held["sentence"], *([_shares(held)] if held["steps"] else [])))
    if pulls is not None:
        yield pulls_chapter(pulls)
    yield Chapter("To paste", (Pasted(receipt["formula"], "LaTeX of the rule"),))


def _way(receipt: Document) -> Measured:
    rows: list[tuple[Cell, ...]] = [("the gradient of the loss", with_sign(receipt["plain"]))]
    if receipt["penalised"] != receipt["plain"]:
        rows.append(("with the slopes of penalties", with_sign(receipt["penalised"])))
    if receipt["gradient"] != receipt["penalised"]:
        rows.append(("after clipping", with_sign(receipt["gradient"])))
    rows += [
        ("the learning rate", numbered(receipt["rate"])),
        ("the weight before", numbered(receipt["before"])),
        ("the step", with_sign(receipt["change"])),
        ("the weight after", numbered(receipt["after"])),
    ]
    return Measured("In the order in which they came.", ("number", "value"), tuple(rows), strong=1)


def _rule(receipt: Document) -> Measured:
    rows = tuple(
        (one["name"], one["formula"], one["numbers"], _content(one["value"]))
        for one in receipt["lines"]
    )
    headings = ("what", "by", "in numbers", "value")
    return Measured("t counts the steps from 1.", headings, rows, left=3)


def _content(value: float | bool) -> Cell:
    return ("yes" if value else "no") if isinstance(value, bool) else numbered(value)


def _shares(shares: Document) -> Measured:
    """Return the largest parts of steps, the others as a sum, and what is not of a step."""
    total = number_of(shares["total"])
    largest = sorted(shares["steps"], key=lambda one: -abs(one[1]))[: 2 * SHOWN]
    rows: list[tuple[Cell, ...]] = [
        (f"step {step}", _share(share), with_sign(share * total))
        for step, share in sorted(largest, reverse=True)
    ]
    others = len(shares["steps"]) - len(largest)
    if others:
        left = sum(one[1] for one in shares["steps"]) - sum(one[1] for one in largest)
        rows.append((f"{others:,} more", _share(left), with_sign(left * total)))
    first = shares["first_step"]
    for name, key in ((f"before step {first}", "before"), ("the weight itself", "weight")):
        if shares[key]:
            share = number_of(shares[key])
            rows.append((name, _share(share), with_sign(share * total)))
    rows.append(("together, to rounding", "", with_sign(total)))
    caption = f"The parts of {digits(total)} by the step whose gradient they come from."
    return Measured(caption, ("from", "share", "part"), tuple(rows), bars=2, strong=1)


def _share(share: float) -> str:
    return f"{share:.1%}".replace("-", "\u2212")
