"""What a fix came to, as a chapter and by itself: before and after, and each remedy tried."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

import numpy as np

from chainrule.diagnosis.experiments.significance import effect
from chainrule.diagnosis.wording import first_sentence, name_and_unit
from chainrule.views.diagnosis_charts import two_groups
from chainrule.views.explanation_parts import (
    Cell,
    Chapter,
    Document,
    Exact,
    Measured,
    Part,
    Pasted,
    Pictured,
    Told,
)


def told_fix(fix: Document) -> Told:
    """Return what there is to say of a fix by itself."""
    chapter = fix_chapter(fix)
    count = len(fix["seeds"])
    about = f"{count} trainings without the remedy and {count} with it, each in full."
    if not fix["attempts"]:
        about = "No training was made."
    # The first line is said first, and each further one stands by itself.
    lead, *_ = fix["words"].split("\n")
    heading, rest = "What was tried" if fix["attempts"] else "What to do", chapter.parts[1:]
    return Told("The fix", about, lead, (), (Chapter(heading, rest),) if rest else ())


def fix_chapter(fix: Document) -> Chapter:
    """Return what a fix came to: before and after, and each remedy that was tried."""
    parts: list[Part] = [*fix["words"].split("\n")]
    if not fix["attempts"]:
        return Chapter("What the fix came to", tuple(parts))
    parts.append(_attempts(fix["attempts"]))
    if any(one["kept"] for one in fix["attempts"]):
        groups = [np.array(fix[name], dtype=np.float64) for name in ("before", "after")]
        words = f"Each training before and after the fix: the {fix['quantity']}."
        parts.append(Pictured(two_groups(groups, ("before", "after"), fix["quantity"], words)))
    if fix["code"]:
        parts.append(Pasted("\n".join(fix["code"])))
    then = _then(fix)
    return Chapter("What the fix came to", (*parts, then) if then else tuple(parts))


def _attempts(attempts: Sequence[Document]) -> Measured:
    """Return the table of what was tried, with what was measured where that is not all the same."""
    measures = [name_and_unit(one["quantity"])[0] for one in attempts]
    starts = [str(len(one["without"])) for one in attempts]
    # What is the same in all rows is said above them.
    differing = {"measure": measures, "starts": starts}
    more = {name: cells for name, cells in differing.items() if len(set(cells)) > 1}
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            first_sentence(one["remedy"]),
            "kept" if one["kept"] else "not kept",
            *(cells[place] for cells in more.values()),
            Exact(median(one["without"]), 3),
            Exact(median(one["treated"]), 3),
            Exact(one["p"], 2),
            effect(one["d"]),
        )
        for place, one in enumerate(attempts)
    )
    headings = ("remedy", "it is", *more, "before", "after", "p", "d")
    told = "measure" if "measure" in more else measures[0]
    caption = f"Every remedy that was tried: medians of the {told}"
    return Measured(caption, headings, rows, left=3 if "measure" in more else 2)


def _then(fix: Document) -> str:
    return f"The fixed run, examined again: {fix['then']}" if fix["then"] else ""
