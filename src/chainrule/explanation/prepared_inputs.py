"""How an input was made of the user's own numbers, in a sentence: a network reads them scaled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from chainrule.data.date_column import DateColumn
from chainrule.data.fields import Field, NumberColumn
from chainrule.data.ranges import Ranges

# Sentences on a gradient speak of steps of this size.
STEP = 0.01


def how_prepared(fields: Sequence[Field]) -> tuple[str, ...]:
    """Return a sentence for each input that the columns of a table became, in their order."""
    return tuple(said for field in fields for said in _of_field(field))


def _of_field(field: Field) -> Iterator[str]:
    first, *others = field.input_names
    if isinstance(field, NumberColumn):
        yield _scaled(field.name, "the value", field.mean, field.scale, "in its own unit")
    elif isinstance(field, DateColumn):
        days = f"the days since {field.first}"
        yield _scaled(field.name, days, field.mean, field.scale, "days")
    else:
        others = [first, *others]
    yield from (f"The input is 1 where {one}, else 0." for one in others)


def how_scaled(ranges: Ranges) -> tuple[str, ...]:
    """Return a sentence for each input that columns between their ranges became."""
    said = []
    for place in np.flatnonzero(ranges.varying).tolist():
        low, high = ranges.low[place], ranges.high[place]
        half = 0.5 * high - 0.5 * low
        middle = 0.5 * low + 0.5 * high
        said.append(_scaled(f"Column {place}", "the value", middle, half, "in its own unit"))
    return tuple(said)


def _scaled(name: str, what: str, middle: float, scale: float, unit: str) -> str:
    sign = "+" if middle < 0.0 else "-"
    return (
        f"{name} is prepared as ({what} {sign} {abs(middle):.6g}) / {scale:.6g}: a step of "
        f"{STEP:g} here is {STEP * scale:.4g} {unit}."
    )
