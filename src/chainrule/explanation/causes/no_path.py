"""Why nothing leads from an entry to the loss: no use of it, no slope, a token not met."""

from __future__ import annotations

import numpy as np

from chainrule.explanation.causes.cause import Cause
from chainrule.explanation.causes.other_rows import OtherRows
from chainrule.explanation.entries import Entry
from chainrule.explanation.words import Words
from chainrule.network.plan import RANDOM
from chainrule.ops.walks import Step


def no_path_causes(words: Words, rows: OtherRows, entry: Entry) -> tuple[Cause, ...]:
    """Return why no chain of slopes, be they 0 or not, leads from the entry to the loss."""
    missing = [
        _token(words, rows, entry, step)
        for step in words.trace.objective.steps
        if step.op.name == "embedding" and str(step.inputs[1]) == entry.value
    ]
    return tuple(one for one in missing if one is not None) or (_ended(words, entry),)


def _token(words: Words, rows: OtherRows, entry: Entry, step: Step) -> Cause | None:
    """Return that the row of a table is not asked for by any row of the trace."""
    tokens, token = str(step.inputs[0]), entry.place[0]
    if (np.asarray(words.trace.exact.values[tokens]) == token).any():
        return None
    everywhere = np.asarray(rows.values(tokens)).reshape(rows.count, -1)
    there = int((everywhere == token).any(axis=1).sum())
    count = len(words.trace.rows)
    where = "the row" if count == 1 else f"the {count} rows"
    return Cause(
        "token not in the batch",
        (words.name(entry),),
        f"{words.name(entry)} belongs to number {token} of {entry.value}, and {where} of this pass "
        "hold other numbers."
        if count > 1
        else f"{words.name(entry)} belongs to number {token} of {entry.value}, which {where} of "
        "this pass does not hold.",
        f"A row with the number {token} in {tokens} would reach it; {there} of {rows.count} rows "
        "have it.",
        {"token": token, "rows": rows.count, "rows_with_it": there},
    )


def _ended(words: Words, entry: Entry) -> Cause:
    """Return where the ways from an entry end."""
    name = words.name(entry)
    reached, ends = {entry.value}, []
    for step in words.trace.objective.steps:
        read = [str(one) for one in step.inputs if str(one) in reached]
        if not read or step.op.name == RANDOM:
            continue
        cut = [one for one in read if step.op.input_names[step.inputs.index(one)] in step.op.cuts]
        if cut:
            ends.append(f"{step.outputs[0]} holds {cut[0]} on purpose, and no gradient goes back")
        elif not step.op.differentiable:
            ends.append(f"{step.op.name}, which makes {step.outputs[0]}, has no slope")
        else:
            reached.update(map(str, step.flowing))
    why = ends[0] if ends else "what is made of it is not read on the way to the loss"
    if not ends and "loss" in reached:
        why = "of what is made of it, nothing that the loss reads depends on this number"
    return Cause(
        "no path",
        (name,),
        f"No way of slopes leads from {name} to the loss: {why}.",
        "With an operation that has a slope in that place there would be one."
        if ends
        else "A layer between it and the loss would have to read it.",
    )
