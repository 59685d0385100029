"""The looks of a check, in the order in which they are taken."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from chainrule.diagnosis.checks.look import Look
from chainrule.diagnosis.checks.looks_at_parts import other_parts
from chainrule.diagnosis.checks.looks_at_rows import given_away, missing, rare_classes, shared
from chainrule.diagnosis.checks.looks_at_start import loss_at_start, one_batch, passing_on
from chainrule.diagnosis.checks.looks_by_signs import labels, scales, sign_of

MISSING = "numbers for missing ones"
COPIES = "rows in both parts"
PARTS = "validation rows beside training rows"
GIVEAWAYS = "columns that give the answer away"
SCALES = "scales"
LOOKS: dict[str, Look] = {
    "layers": passing_on,
    "rare classes": rare_classes,
    MISSING: missing,
    COPIES: shared,
    PARTS: other_parts,
    GIVEAWAYS: given_away,
    SCALES: scales,
    "the loss at the start": loss_at_start,
    "output": partial(sign_of, "mismatched_output"),
    "start": partial(sign_of, "bad_start"),
    "labels": labels,
    "one batch": one_batch,
}


def without(names: Sequence[str]) -> dict[str, Look]:
    """Return the looks but for some."""
    return {name: one for name, one in LOOKS.items() if name not in names}
