"""The evidence of a diagnosis: what was measured beside its thresholds, and what that says."""

from __future__ import annotations

import math
from collections.abc import Sequence

from chainrule.diagnosis.wording import first_up
from chainrule.explanation.plain_numbers import number_of
from chainrule.views.diagnosis_charts import WITH_ANOTHER, sign_chart
from chainrule.views.explanation_parts import Cell, Document, Exact, Measured, Pairs, Part, Pictured

# So many signs of one thing are told in sentences; a table has them all.
MOST_TOLD = 4
# Of as many classes the recalls are listed; of more, the lowest.
MOST_NAMED = 20


def evidence(found: Document, run: Document) -> list[Part]:
    """Return a table of numbers beside their thresholds, and what the first of them say."""
    signs = found["signs"]
    parts: list[Part] = [_sign_table(signs)]
    said: set[tuple[str, str]] = set()
    shown: set[str] = set()
    for one in signs[:MOST_TOLD]:
        parts.append(one["words"])
        explained = one["normal"], one["source"]
        if explained not in said:
            said.add(explained)
            parts.append(Pairs((("normal", one["normal"]), ("threshold from", one["source"]))))
        if not one["curve_names"]:
            chart = sign_chart(one, _epochs_of(one, found, run))
            parts += [] if chart is None else [Pictured(chart)]
        elif one["curve_of"] not in shown:
            shown.add(one["curve_of"])
            parts.append(_named_numbers(one))
    return parts


def _epochs_of(sign: Document, found: Document, run: Document) -> int:
    """Return how many epochs the training had that shows a sign."""
    experiment = found["experiment"] if sign["seen_with"] else None
    return int(run["epochs"] if experiment is None else experiment["epochs"])


def _named_numbers(sign: Document) -> Measured:
    """Return the numbers of a sign that have names, the lowest of many."""
    pairs = zip(sign["curve_names"], map(number_of, sign["curve"]), strict=True)
    known = [(name, number) for name, number in pairs if math.isfinite(number)]
    lowest = sorted(known, key=lambda pair: pair[1])[:MOST_NAMED]
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (name, Exact(number, 3)) for name, number in known if (name, number) in lowest
    )
    what, _, each = sign["curve_of"].partition(" of each ")
    told = first_up(sign["curve_of"])
    if len(rows) < len(known):
        told += f", the lowest {len(rows)} of {len(known)}"
    return Measured(told, (each or "name", what), rows)


def _sign_table(signs: Sequence[Document]) -> Measured:
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            _name_of(one),
            Exact(number_of(one["measured"]), 4),
            f"{'at most' if one['side'] == 'above' else 'at least'} "
            f"{Exact(number_of(one['threshold']), 4)}",
        )
        for one in signs
    )
    return Measured("What was measured", ("sign", "measured", "threshold"), rows)


def _name_of(sign: Document) -> str:
    """Return what was measured, where, and on which training if it was not the run."""
    names = (sign["quantity"], sign["where"], WITH_ANOTHER if sign["seen_with"] else "")
    return ", ".join(filter(None, names))
