"""Several remedies applied one after the other, as one."""

from __future__ import annotations

from collections.abc import Sequence

from chainrule.diagnosis.cases.arrangement import Arrangement, Remedy
from chainrule.diagnosis.remedies.as_code import joined

# Between the names of remedies that are applied one after the other.
AND = " + "


def all_of(remedies: Sequence[Remedy]) -> Remedy:
    """Return remedies applied one after the other, as one."""
    if len(remedies) == 1:
        return remedies[0]

    def change(before: Arrangement) -> Arrangement:
        for one in remedies:
            before = one.change(before)
        return before

    return Remedy(
        AND.join(one.name for one in remedies),
        " ".join(one.words for one in remedies),
        change,
        joined([one.code for one in remedies if one.code]),
    )
