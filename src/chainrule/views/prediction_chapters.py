"""The chapters of a prediction that is shared out over the columns of its row."""

from __future__ import annotations

from chainrule.views.explanation_parts import (
    Cell,
    Chapter,
    Document,
    Exact,
    Measured,
    Told,
    numbered,
    with_sign,
)


def told_prediction(document: Document) -> Told:
    """Return why a prediction is what it is, chapter by chapter."""
    headings = ("column", "its value", "in the reference row", "what it adds")
    rows: list[tuple[Cell, ...]] = [
        (one["column"], one["value"], one["reference"], with_sign(one["share"]))
        for one in document["columns"]
    ]
    rows.append(("together", "", "", with_sign(document["total"])))
    shares = Measured(
        f"What each column adds to {document['quantity']}, the largest first.",
        headings,
        tuple(rows),
        left=3,
        bars=3,
        strong=1,
    )
    sums = Measured(
        "The shares against the difference that they are to make.",
        ("number", "value"),
        (
            (f"for {document['row']}", Exact(document["value"], 10)),
            (f"for {document['reference']}", Exact(document["reference_value"], 10)),
            ("difference", Exact(document["difference"], 10)),
            ("the shares together", Exact(document["total"], 10)),
            ("left unexplained", numbered(document["residual"])),
        ),
    )
    how = (
        "Shares are integrated gradients, along the straight line from the reference row to this "
        f"one, of slopes at {document['points']:,} points (Sundararajan, Taly, Yan, 2017)."
    )
    return Told(
        title=f"Why the network predicts {document['prediction']}",
        about=f"For {document['row']}, set against {document['reference']}.",
        lead=document["sentence"],
        notes=(),
        chapters=(
            Chapter("What each column adds", (shares,)),
            Chapter("Do the shares add up?", (sums, how)),
        ),
    )
